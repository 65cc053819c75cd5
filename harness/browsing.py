"""The table of variants inside the HTML report: every one where they fit, else a sample by a rule that is stated."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from .analysis import Analysis
from .answers import ANSWERED, FAILED, NOT_ASKED, Ints
from .cases import TEXT_FIELDS
from .escaping import clipped
from .journal import record_at
from .marks import readable

MOST_ROWS = 25_000
"""Variants that a page holds at most; a browser sorts and filters so many at once."""

MOST_BYTES = 1_200_000
"""Bytes that the table may take in the page, compressed and in Base64."""

LONGEST_CELL = 2_000
"""Characters of one text in the table."""

RULE = (
    "every variant whose answer was turned from right to wrong, or came to nothing, before others; of equals those "
    "whose id has the smallest SHA-256"
)
"""How variants are chosen where not all of them fit."""

LOST, GAINED, RIGHT, WRONG, NO_ANSWER, NOT_SENT, WAITING, OTHER = (
    "right to wrong",
    "wrong to right",
    "right both times",
    "wrong both times",
    "no answer",
    "not sent",
    "not asked",
    "answer changes",
)
"""What became of a variant beside its clean text."""
STATES = (LOST, NO_ANSWER, GAINED, WRONG, RIGHT, OTHER, WAITING, NOT_SENT)
"""In the order in which they are wanted."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table as it stands in a page: `data` is Base64 of gzipped JSON, `shown` of `total` variants are in it."""

    data: str
    shown: int
    total: int

    @property
    def rule(self) -> str:
        """Which variants are in it."""
        if self.shown == self.total:
            return f"All {self.total:,} variants."
        return f"{self.shown:,} of {self.total:,} variants: {RULE}."


def table(analysis: Analysis, *, texts: bool = True) -> Table:
    """The variants of a study, with both answers; without `texts` only what became of them."""
    results, answers = analysis.results, analysis.answers
    rows = np.flatnonzero(answers.variant >= 0)
    state = states(analysis, rows)
    chosen = _wanted(analysis, rows, state)
    kept = len(chosen)
    while True:
        picked = np.sort(chosen[:kept])
        data = _packed(_content(analysis, picked, state[np.searchsorted(rows, picked)], texts))
        if len(data) <= MOST_BYTES or kept <= 1:
            return Table(data, kept, results.numbering.total - results.numbering.clean)
        kept = max(1, int(kept * 0.95 * MOST_BYTES / len(data)))


def states(analysis: Analysis, rows: Ints) -> Ints:
    """What became of each of these rows of variants, as its place in STATES."""
    answers = analysis.answers
    clean = analysis.scores.clean.mean()[answers.item[rows]]
    score, status = answers.score[rows], answers.status[rows]
    found = np.full(len(rows), STATES.index(OTHER))
    same, sent = answers.same[rows], answers.changed[rows]
    answered = sent & (status == ANSWERED) & same & ~np.isnan(clean)
    right, was = score >= 0.5, clean >= 0.5
    for condition, name in (
        (answered & was & ~right, LOST),
        (answered & ~was & right, GAINED),
        (answered & was & right, RIGHT),
        (answered & ~was & ~right, WRONG),
        (sent & (status == FAILED), NO_ANSWER),
        (sent & (status == NOT_ASKED), WAITING),
        (~sent, NOT_SENT),
    ):
        found[condition] = STATES.index(name)
    return found


def _wanted(analysis: Analysis, rows: Ints, state: Ints) -> Ints:
    """The rows in the order in which they are wanted; only as many as could ever be shown are looked at closely."""
    id_of = analysis.results.numbering.id_of
    chosen: list[int] = []
    for at in range(len(STATES)):
        members = rows[state == at].tolist()
        if len(members) + len(chosen) > MOST_ROWS or len(rows) > MOST_ROWS:
            members.sort(key=lambda row: hashlib.sha256(id_of(row).encode("utf-8", "surrogatepass")).digest())
        chosen += members[: MOST_ROWS - len(chosen)]
        if len(chosen) >= MOST_ROWS:
            break
    return np.array(chosen, dtype=np.int64)


def _content(analysis: Analysis, chosen: Ints, state: Ints, texts: bool) -> dict[str, Any]:
    """The rows as JSON: cases once, and for each variant its place, its state, its edits and its answer."""
    results, answers = analysis.results, analysis.answers
    names = (*results.conditions, *results.behaviours)
    cases, place, listed = list(results.cases.values()), dict[int, int](), list[Any]()
    said = _clean_answers(analysis, set(answers.item[chosen].tolist())) if texts else {}
    held = []
    for row, became in zip(chosen.tolist(), state.tolist(), strict=True):
        item = int(answers.item[row])
        if item not in place:
            place[item] = len(listed)
            case = cases[item]
            fields = (
                {name: clipped(readable(getattr(case, name)), LONGEST_CELL) for name in TEXT_FIELDS} if texts else {}
            )
            listed.append([case.id, fields, case.target if texts else "", said.get(item, "")])
        outcome = answers.kinds[answers.kind[row]] if answers.status[row] != NOT_ASKED else ""
        one: list[Any] = [
            place[item],
            int(answers.condition[row]),
            int(answers.draw[row]),
            became,
            outcome,
        ]
        if texts:
            variant = results.variant_at(int(answers.variant[row]))
            edits = [
                [edit.field, edit.start, edit.end, clipped(readable(edit.text), LONGEST_CELL)]
                for edit in variant.edits
                if edit.end <= LONGEST_CELL
            ]
            one += [edits, _answer(analysis, row), variant.target or "", variant.validity, variant.why]
        held.append(one)
    return {"conditions": list(names), "states": list(STATES), "cases": listed, "rows": held, "texts": texts}


def _clean_answers(analysis: Analysis, items: set[int]) -> dict[int, str]:
    """The first answer to each clean text of these items."""
    found: dict[int, str] = {}
    repeats, answers = analysis.results.repeats, analysis.answers
    for item in items:
        for row in range(item * repeats, (item + 1) * repeats):
            if answers.status[row] == ANSWERED:
                found[item] = _answer(analysis, row)
                break
    return found


def _answer(analysis: Analysis, row: int) -> str:
    at = int(analysis.answers.record[row])
    if at < 0:
        return ""
    record = record_at(analysis.results.journal, at)
    return clipped(record.reply.text if record.reply else f"{record.failure}: {record.message}", LONGEST_CELL)


def _packed(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return base64.b64encode(gzip.compress(text, compresslevel=9, mtime=0)).decode("ascii")
