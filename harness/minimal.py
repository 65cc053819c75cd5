"""Minimal failures: for the worst flips of a results folder, the fewest edits that still turn the answer wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any

from ..perturbations.guard import findings
from .analysis import Analysis, failures
from .answers import read_answers
from .asking import Asker
from .brakes import Brakes
from .cases import TEXT_FIELDS, Case, Variant
from .errors import ResultsError, StudyError, did_you_mean
from .frames import Frame
from .journal import Journal, Record
from .pacing import Halted
from .redaction import Redacted, Redactor
from .replay import Watcher, interruptible, run_to_end
from .replies import Endpoint, Reply
from .results import Results, read_asked, write_lines
from .scorers import find_scorer, score
from .seeds import digest
from .shrinking import Groups, Shrunk, flip_rate, shrink

MINIMAL, SHRINK = "minimal.jsonl", "shrink.jsonl"
"""The minimal failures of a results folder, and the journal of the calls that found them."""

UNKNOWN_NOISE = 0.05
"""The share of flips by chance that is assumed where clean text was asked only once."""

ABOUT = 25
"""Calls that one failure takes, roughly: two dozen edits, and ten answers to check what was found."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """The fewest edits of a variant that still turn its answer wrong, and how sure that is.

    `variant` holds these edits alone, `of` counts the edit groups that the whole variant has. `right` is what should
    be answered, `said` what the scorer read in the wrong answer, or why it could read nothing.
    """

    variant: Variant
    of: int
    shrunk: Shrunk
    right: str
    said: str
    answer: str

    @property
    def confirmed(self) -> bool:
        """Whether it failed again and again where the clean text did not."""
        return self.shrunk.status == "confirmed"

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of one line of `minimal.jsonl`."""
        own = {"of": self.of, "right": self.right, "said": self.said, "answer": self.answer}
        return self.variant.to_dict() | own | {"shrunk": asdict(self.shrunk)}


@dataclass(frozen=True, slots=True)
class Shrinking:
    """What shrinking several failures came to: `spent` US dollars on new calls, `stopped` says why it ended early."""

    found: tuple[Minimal, ...]
    calls: int
    spent: float
    stopped: str = ""


def worst_failures(results: Results, analysis: Analysis, count: int) -> list[Variant]:
    """The variants whose failures are worth most to understand: no two of one item as long as there are others.

    They are taken in turn from the perturbations, those with the largest drop first, from answers that were right on
    every clean repeat and wrong under mess.
    """
    answers = read_answers(results)
    drops = {claim.name: claim.drop.value for claim in analysis.claims if claim.drop}
    flips = failures(results, answers)
    turns = [flips[name] for name in sorted(flips, key=lambda name: -drops.get(name, 0.0))]
    rows = [row for turn in zip_longest(*turns) for row in turn if row is not None]
    chosen: list[int] = []
    seen: set[int] = set()
    for again in (False, True):
        for row in rows:
            item = int(answers.item[row])
            if len(chosen) < count and row not in chosen and (again or item not in seen):
                chosen.append(row)
                seen.add(item)
    return [results.variant_at(int(answers.variant[row])) for row in chosen]


def find_failures(results: Results, ids: Sequence[str]) -> list[Variant]:
    """The variants of these ids, which must be failures. Raises StudyError, naming the nearest one, for another id."""
    answers = read_answers(results)
    flips = {
        results.numbering.id_of(row): int(answers.variant[row])
        for rows in failures(results, answers).values()
        for row in rows
    }
    for one in ids:
        if one not in flips:
            raise StudyError(
                f"{one!r} is no failure of {results.folder} (right on every clean repeat, wrong under mess)"
                f"{did_you_mean(one, flips)}"
            )
    return [results.variant_at(flips[one]) for one in ids]


def noise_of(analysis: Analysis) -> float:
    """The share of answers that flip by chance, from the noise floor."""
    return flip_rate(analysis.noise_floor.value) if analysis.noise_floor else UNKNOWN_NOISE


def shrink_failures(
    results: Results,
    chosen: Sequence[Variant],
    endpoint: Endpoint | None = None,
    *,
    noise: float,
    repeats: int = 5,
    budget: float = 0.0,
    spent: float = 0.0,
    concurrency: int = 0,
    watch: Watcher = lambda record: None,
    told: Callable[[Minimal], None] = lambda minimal: None,
) -> Shrinking:
    """Shrinks these failures at once, and writes what is found beside what was found before.

    `endpoint` stands in for the one of the study. `budget` (0 = none) and what was `spent` of it are in US dollars.
    Every answer is journaled in the folder, so that a search that was stopped goes on where it was.
    """
    asked = read_asked(results.folder)
    if endpoint is None:
        endpoint = asked.system.endpoint(asked.folder)
        if results.redacted:  # the values of the suite are not known here: all tokens come without a number
            endpoint = Redacted(endpoint, Redactor({}))
    brakes = Brakes(endpoint.name, budget, asked.system.failures)
    brakes.paid(spent)
    calls: list[Record] = []

    def count(record: Record) -> None:
        calls.append(record)
        watch(record)

    with Journal(results.folder / SHRINK) as journal:
        asker = Asker(asked.system, endpoint, journal, brakes, concurrency=concurrency, watch=count)
        most = concurrency or asked.system.concurrency
        width = max(1, min(3, most // max(1, len(chosen))))

        async def work() -> list[Minimal]:
            async def one(variant: Variant) -> Minimal:
                found = await _shrunk(results, variant, asker, asked.frame, noise, repeats, width)
                told(found)
                return found

            try:  # every search ends before an error is told, so that no answer under way is lost
                with interruptible(asker):
                    found = await asyncio.gather(*map(one, chosen), return_exceptions=True)
            finally:
                await asker.close()
            for result in found:
                if isinstance(result, BaseException):
                    raise result
            return [result for result in found if isinstance(result, Minimal)]

        try:
            found = run_to_end(work())
        finally:
            asker.drain()
    if asker.broken:
        raise asker.broken
    known = {one.variant.id: one for one in (*read_minimal(results), *found)}
    write_lines(results.folder / MINIMAL, (one.to_dict() for one in known.values()))
    paid = sum(record.paid for record in calls)
    return Shrinking(tuple(found), len(calls), paid, brakes.stopped)


async def _shrunk(
    results: Results, variant: Variant, asker: Asker, frame: Frame, noise: float, repeats: int, width: int
) -> Minimal:
    scorer = find_scorer(results.scorer)
    wrong: dict[Groups, Reply] = {}

    async def ask(groups: Groups, time: int) -> bool | None:
        some = variant.subset(groups)
        name = digest(*(getattr(some.messy, field) for field in TEXT_FIELDS)).hex()[:16] if groups else "clean"
        try:
            record = await asker(
                f"{variant.id if groups else variant.case.id}!{name}#{time}", frame.messages(some.messy)
            )
        except Halted:
            return None
        if record.reply is None:
            return None
        failed = not score(scorer, _as_sent(some), record.reply).value
        if failed:
            wrong.setdefault(groups, record.reply)
        return failed

    objections = frozenset(findings(variant.case, variant.messy))

    def allowed(groups: Groups) -> bool:
        if variant.validity == "proved":
            return True
        some = variant.subset(groups)
        return some.changed and objections.issuperset(findings(variant.case, some.messy))

    found = await shrink(variant.groups, ask, noise=noise, repeats=repeats, width=width, allowed=allowed)
    kept = variant.subset(found.groups)
    if variant.validity == "reviewed" and len(found.groups) < len(variant.groups):
        kept = replace(kept, validity="guarded")  # a person signed the whole
    reply = wrong.get(frozenset(found.groups), Reply(""))
    grade = score(scorer, _as_sent(kept), reply)
    said = grade.answer if grade.value is not None and grade.answer else grade.why
    return Minimal(kept, len(variant.groups), found, variant.case.target, said, reply.text)


def _as_sent(variant: Variant) -> Case:
    """The case with the layout that it was sent in, which can give the choices other names."""
    return replace(variant.case, layout=variant.messy.layout)


def read_minimal(results: Results) -> tuple[Minimal, ...]:
    """The minimal failures in a results folder, if there are any. Raises ResultsError for a damaged file."""
    path = results.folder / MINIMAL
    if not path.exists():
        return ()
    found = []
    for at, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            row = json.loads(line)
            shrunk = Shrunk(**{**row["shrunk"], "groups": tuple(row["shrunk"]["groups"])})
            texts = {key: str(row[key]) for key in ("right", "said", "answer")}
            found.append(Minimal(results.variant_from(row), int(row["of"]), shrunk, **texts))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ResultsError(
                f"{path}, line {at}: is damaged ({error!r}); remove the file and shrink again"
            ) from error
    return tuple(found)
