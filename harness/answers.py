"""Every answer of a results folder as columns of numbers: one row a planned call."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from .behaviour import ANSWERED as ANSWERED_ANYWAY
from .behaviour import Reaction, judged
from .cases import Case, Validity
from .errors import CaseError, ResultsError
from .failures import FILTERED
from .journal import Record, located_records
from .reactions import reaction
from .replies import Reply, Score, Scorer
from .results import Results, damaged
from .scorers import find_scorer, score
from .statistics import Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NOT_ASKED, FAILED, ANSWERED = 0, 1, 2
"""What became of a planned call."""

CLEAN = -1
"""The condition code of clean answers."""

_REMEMBERED = 200  # characters of an answer up to which its score is kept for the next time it comes
_MOST_REMEMBERED = 100_000

VALIDITIES: tuple[str, ...] = get_args(Validity)
"""The classes of `Answers.validity`, by their index."""


@dataclass(frozen=True)
class Answers:
    """One row a planned call, clean ones first, then the variants in the order of the study.

    `item` counts the cases in the study's order, `condition` the study's conditions (-1 = clean), `changed` says
    whether the variant differs from its case and was not rejected, `same` whether the case's right answer still holds,
    `validity` the class of the variant in VALIDITIES (-1 for clean calls and unchanged variants). `status` is
    NOT_ASKED, FAILED or ANSWERED. `score` is in [0, 1], 0 for an answer that could not be graded; `kind` is its index
    in `kinds` (right, wrong, unparsable, ..., or the kind of failure). `said` is equal for answers that say the same.
    Tokens, dollars and seconds are NaN where they are not known, and so is `at`, the time of the end in seconds since
    1970. `asked` is False for an answer that was paid for by
    another row that reads the same; its dollars are NaN. `record` and `variant` are the bytes at which the lines begin.
    `models` counts the paid answers by the model that the endpoint says it was, and its fingerprint.
    """

    item: Ints
    condition: Ints
    draw: Ints
    changed: Flags
    same: Flags
    validity: Ints
    status: Ints
    score: Floats
    kind: Ints
    kinds: tuple[str, ...]
    said: Ints
    prompt_tokens: Floats
    completion_tokens: Floats
    cost: Floats
    seconds: Floats
    first_token: Floats
    attempts: Ints
    at: Floats
    asked: Flags
    record: Ints
    variant: Ints
    models: dict[tuple[str, str], int]

    @property
    def answered(self) -> Flags:
        """Which rows have an answer."""
        return np.asarray(self.status == ANSWERED)

    def outcomes(self, rows: Flags) -> dict[str, int]:
        """How often each thing happened among these rows: right, wrong, unparsable, truncated, kinds of failure."""
        counts = np.bincount(self.kind[rows & (self.status != NOT_ASKED)], minlength=len(self.kinds))
        found = {kind: int(count) for kind, count in zip(self.kinds, counts, strict=True) if count}
        return dict(sorted(found.items(), key=lambda one: -one[1]))


def item_means(answers: Answers, values: Floats, rows: Flags) -> Floats:
    """The mean of one number a row over each item's rows of these; NaN where it has none."""
    size = int(answers.item.max()) + 1 if len(answers.item) else 0
    count = np.bincount(answers.item[rows], minlength=size)
    total = np.bincount(answers.item[rows], weights=values[rows], minlength=size)
    return np.asarray(total / np.where(count > 0, count, np.nan))


def read_answers(results: Results, scorer: str = "") -> Answers:
    """Reads and grades the journal, one record at a time. Another scorer than the study's costs nothing.

    Raises ResultsError for a record of no planned call, and where a file is damaged.
    """
    rows = _Rows(results)
    grade = _Grader(find_scorer(scorer or results.scorer), list(results.cases.values()))
    for begin, record in located_records(results.journal):
        rows.take(begin, record, grade)
    return rows.answers()


class _Rows:
    """The columns while they are filled: a row a call, by the numbers of the study."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._numbering = numbering = results.numbering
        size, numbers = numbering.total, np.arange(numbering.total)
        code = {name: at for at, name in enumerate((*results.conditions, *results.behaviours))}
        codes = np.array([*(code[name] for name in numbering.conditions), CLEAN], dtype=np.int16)
        clean, variants = numbers[: numbering.clean], numbers[numbering.clean :] - numbering.clean
        items = [clean // numbering.repeats, variants // max(numbering.a_case, 1)]
        self.item: Ints = np.concatenate(items).astype(np.int32)
        asked_for = variants // numbering.draws % max(len(numbering.conditions), 1)
        self.condition: Ints = codes[np.concatenate([np.full(len(clean), -1), asked_for])]
        counts = [clean % numbering.repeats, variants % numbering.draws]
        self.draw: Ints = np.concatenate(counts).astype(np.int16)
        del numbers, clean, variants, items, asked_for, counts
        self.changed, self.same, self.asked = (np.ones(size, dtype=bool) for _ in range(3))
        self.validity: Any = np.full(size, -1, dtype=np.int8)
        self.status, self.kind, self.attempts = (np.zeros(size, dtype=np.int16) for _ in range(3))
        self.said = np.zeros(size, dtype=np.int64)
        self.record, self.variant = (np.full(size, -1, dtype=np.int64) for _ in range(2))
        self.score = np.zeros(size)
        self.prompt_tokens, self.completion_tokens, self.cost = (np.full(size, np.nan) for _ in range(3))
        self.seconds, self.first_token, self.at = (np.full(size, np.nan) for _ in range(3))
        self._kinds: dict[str, int] = {}
        self._models: Counter[tuple[str, str]] = Counter()
        self._turned: dict[int, str | None] = {}  # row: the new right answer, None where it is to ask
        self._laid: dict[int, str] = {}  # row: another layout of the frame
        self._judged = judged(results.folder)
        self._read_variants()

    def _read_variants(self) -> None:
        number = self._numbering.clean
        try:
            for begin, row in self._results.variant_rows():
                if number >= self._numbering.total or row["id"] != self._numbering.id_of(number):
                    raise ValueError(f"{row['id']!r} is not where it should be")
                self.changed[number] = row["changed"] and row["validity"] != "rejected"
                self.same[number] = row["effect"] == "same"
                if row["changed"]:
                    self.validity[number] = VALIDITIES.index(row["validity"])
                if row["effect"] != "same":
                    self._turned[number] = row["target"]
                if any(edit["field"] == "layout" for edit in row["edits"]):
                    self._laid[number] = self._results.variant_from(row).messy.layout
                self.variant[number] = begin
                number += 1
            if number < self._numbering.total:
                raise ValueError(f"{self._numbering.id_of(number)!r} and what follows is not there")
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self._results.folder, error) from error

    def take(self, begin: int, record: Record, grade: _Grader) -> None:
        """Fills the row of a record; the first reply counts, else the last failure."""
        row = self._numbering.number_of(record.id)
        if row is None:
            raise ResultsError(f"{self._results.journal}: has a record {record.id!r} of no planned call of this study")
        if self.status[row] == ANSWERED:
            return
        reply, self.record[row] = record.reply, begin
        self.asked[row], self.at[row] = not record.of, _seconds(record.at)
        if reply is None:
            self.status[row] = FAILED
            self.kind[row] = self._kind(f"failed: {record.failure}")
            return
        if row in self._turned:
            given = self._judged.get(record.id)
            value, kind, self.said[row] = grade.turned(int(self.item[row]), self._turned[row], reply, given)
        elif row in self._laid:
            value, kind, self.said[row] = grade.laid_out(int(self.item[row]), self._laid[row], reply)
        else:
            value, kind, self.said[row] = grade(int(self.item[row]), reply)
        self.status[row], self.score[row], self.kind[row] = ANSWERED, value, self._kind(kind)
        self.seconds[row], self.attempts[row] = reply.seconds, reply.attempts
        if not record.of:
            self._models[reply.model, reply.fingerprint] += 1
        for column, known in (
            (self.prompt_tokens, reply.prompt_tokens),
            (self.completion_tokens, reply.completion_tokens),
            (self.cost, None if record.of else reply.cost),
            (self.first_token, reply.first_token),
        ):
            if known is not None:
                column[row] = known

    def _kind(self, name: str) -> int:
        return self._kinds.setdefault(name, len(self._kinds))

    def answers(self) -> Answers:
        names = (
            "item condition draw changed same validity status score kind said prompt_tokens completion_tokens cost "
            "seconds first_token attempts at asked record variant"
        )
        return Answers(
            **{name: getattr(self, name) for name in names.split()}, kinds=tuple(self._kinds), models=dict(self._models)
        )


class _Grader:
    """A scorer that remembers: short answers to one item repeat, and a scorer is a pure function."""

    def __init__(self, scorer: Scorer, cases: Sequence[Case]) -> None:
        self._scorer = scorer
        self._cases = cases
        self._known: dict[tuple[int, str], tuple[float, str, int]] = {}

    def __call__(self, item: int, reply: Reply) -> tuple[float, str, int]:
        """Score, kind of outcome, and a code of what was said."""
        plain = reply.finish == "stop" and len(reply.text) <= _REMEMBERED
        found = self._known.get((item, reply.text)) if plain else None
        if found is None:
            found = _graded(self._scorer(self._cases[item], reply), reply)
            if plain:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[item, reply.text] = found
        return found

    def laid_out(self, item: int, layout: str, reply: Reply) -> tuple[float, str, int]:
        """The grade where the choices may have had other names."""
        return _graded(score(self._scorer, replace(self._cases[item], layout=layout), reply), reply)

    def turned(self, item: int, target: str | None, reply: Reply, judged: Reaction | None) -> tuple[float, str, int]:
        """The grade where another answer is right; where none is, what the reply does, as a judge or the rules say."""
        if target is None:
            found = judged or reaction(reply.text)[0]
            return float(found != ANSWERED_ANYWAY), found, hash(reply.text)
        return _graded(self._scorer(replace(self._cases[item], target=target, aliases=()), reply), reply)


def _seconds(at: str) -> float:
    """Seconds since 1970 of an ISO 8601 time; NaN for another text."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return math.nan


_REFUSAL = re.compile(
    r"\W*(?:(?:i['’]?m|i am) (?:very |really )?(?:sorry|afraid|unable|not able)|sorry\b|as an ai\b|unfortunately, i"
    r"|i (?:can['’]?t|cannot|can not|won['’]?t)\b)"
    r".{0,120}?\b(?:help|assist|comply|provide|answer|do that|fulfil|support|process|share)",
    re.IGNORECASE | re.DOTALL,
)
"""How models refuse in words; only an answer that is not right is looked at."""


def _graded(score: Score, reply: Reply) -> tuple[float, str, int]:
    """An answer that could not be graded counts as wrong, under a name of its own."""
    said = hash(score.answer or score.why)
    if score.value is not None and not 0 <= score.value <= 1:
        raise CaseError(f"a score must lie between 0 and 1, not {score.value!r}")
    if not score.value:
        if reply.finish == FILTERED:
            return 0.0, "content filter", said
        if reply.finish == "refusal" or _REFUSAL.match(reply.text):
            return 0.0, "refusal", said
        if reply.truncated:
            return 0.0, "truncated", said
    if score.value is None:
        return 0.0, "unparsable", said
    return score.value, {0.0: "wrong", 1.0: "right"}.get(score.value, "partly right"), said


def explain(results: Results, answers: Answers, row: int, scorer: str = "") -> tuple[str, str]:
    """The text of a row's answer, and how it was read."""
    from .journal import record_at

    record = record_at(results.journal, int(answers.record[row]))
    assert record.reply is not None
    case = list(results.cases.values())[int(answers.item[row])]
    if int(answers.variant[row]) >= 0:
        case = replace(case, layout=results.variant_at(int(answers.variant[row])).messy.layout)
    return record.reply.text, score(find_scorer(scorer or results.scorer), case, record.reply).why
