"""What a perturbation is: a generator of proposals, made into variants that are nested, protected and repeatable."""

from __future__ import annotations

import inspect
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from ..harness.cases import TEXT_FIELDS, Case, Edit, Effect, Variant, ordered
from ..harness.errors import CaseError
from ..harness.seeds import stream
from .text import Protection, protected_spans

SEVERITIES = range(1, 6)
"""The severities of every perturbation; 0 is the original."""

Proposal = tuple[float, Edit | Sequence[Edit]]
"""A uniform draw in [0, 1) and the edit of one site, or the edits that only make sense together."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One kind of mess.

    `propose(text, rng)` yields a `Proposal` for each site; a generator whose first parameter is called `case` gets the
    whole case. The proposals whose draw lies below `rates[severity - 1]` are kept, so severities are nested. `effect`
    is what the right answer does; `source` is the evidence behind rates and tables. Severity is the only knob.
    """

    name: str
    family: str
    rates: tuple[float, ...]
    effect: Effect
    source: str
    summary: str
    propose: Callable[..., Iterable[Proposal]]
    takes_case: bool = False

    def __post_init__(self) -> None:
        if len(self.rates) != len(SEVERITIES) or list(self.rates) != sorted(self.rates):
            raise CaseError(f"{self.name}: rates must be {len(SEVERITIES)} numbers that do not fall, not {self.rates}")
        if not all(0 <= rate <= 1 for rate in self.rates):
            raise CaseError(f"{self.name}: rates must lie in [0, 1], not {self.rates}")

    def variant(self, case: Case, severity: int, seed: int, draw: int = 0) -> Variant:
        """The case with this much of this mess: a pure function of the arguments.

        The edits of a severity are among those of the next one. Edits that would touch a protected span are never
        made, and where two proposals overlap the one with the lower draw stands. Raises CaseError for a severity
        outside 0 to 5.
        """
        if severity not in (0, *SEVERITIES):
            raise CaseError(f"severity must be a whole number from 0 to {SEVERITIES[-1]}, not {severity!r}")
        kept: tuple[Edit, ...] = ()
        if severity:
            rng = stream(seed, case.id, self.name, draw)
            kept = ordered(list(_kept(case, self._proposals(case, rng), self.rates[severity - 1])))
        return Variant(case, self.name, severity, draw, kept, self.effect)

    def _proposals(self, case: Case, rng: Random) -> Iterator[tuple[float, tuple[Edit, ...]]]:
        for group, (draw, proposed) in enumerate(self.propose(case if self.takes_case else case.text, rng)):
            edits = (proposed,) if isinstance(proposed, Edit) else tuple(proposed)
            yield draw, tuple(replace(edit, group=group) for edit in edits)


def _kept(case: Case, proposals: Iterable[tuple[float, tuple[Edit, ...]]], rate: float) -> Iterator[Edit]:
    """The proposals below the rate that are neither protected nor in each other's way, in order of their draws.

    Going by draw makes severities nested: those kept below a lower rate are the first of those below a higher one.
    """
    guards = {
        field: Protection(getattr(case, field), protected_spans(case, field))
        for field in TEXT_FIELDS
        if getattr(case, field)
    }
    taken: dict[str, list[tuple[int, int]]] = {field: [] for field in TEXT_FIELDS}
    for _, edits in sorted((p for p in proposals if p[0] < rate), key=lambda proposal: proposal[0]):
        effective = [edit for edit in edits if getattr(case, edit.field)[edit.start : edit.end] != edit.text]
        if not effective or any(edit.field in guards and guards[edit.field].refuses(edit) for edit in effective):
            continue
        if any(_clashes(taken[edit.field], edit) for edit in effective):
            continue
        for edit in effective:
            insort(taken[edit.field], (edit.start, edit.end))
        yield from effective


def _clashes(taken: list[tuple[int, int]], edit: Edit) -> bool:
    at = bisect_left(taken, (edit.start, edit.end))
    if at < len(taken) and taken[at][0] < edit.end:
        return True
    return at > 0 and taken[at - 1][1] > edit.start


def perturbation(
    name: str, *, rates: Sequence[float], effect: Effect = "same", source: str
) -> Callable[[Callable[..., Iterable[Proposal]]], Perturbation]:
    """A decorator that makes a generator function into a Perturbation.

    Its family is the file it stands in and its summary the first line of its docstring.
    """

    def make(propose: Callable[..., Iterable[Proposal]]) -> Perturbation:
        first, *_ = inspect.signature(propose).parameters
        return Perturbation(
            name=name,
            family=propose.__module__.rpartition(".")[2],
            rates=tuple(rates),
            effect=effect,
            source=source,
            summary=_summary(propose),
            propose=propose,
            takes_case=first == "case",
        )

    return make


def _summary(function: Any) -> str:
    doc = inspect.getdoc(function)
    if not doc:
        raise CaseError(f"{function.__name__} needs a docstring: its first line is what `roadtest list` shows")
    return doc.splitlines()[0]
