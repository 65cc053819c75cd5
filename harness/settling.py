"""What would settle a claim that is open: items, draws, calls, tokens and price. [sample size]"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .gate import MEAN, Clause, Gate, of_the_frame
from .pairs import Pairs, Scores
from .power import CLOSE, design_effect, fewest_items_for_go, items_for_floor, items_needed
from .sequential import anytime_items, level_at
from .statistics import Estimate


@dataclass(frozen=True, slots=True)
class PerCall:
    """What a call takes: tokens in and out, US dollars and seconds; None where nothing is known of it."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    cost: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What would settle a condition with a chance of 80 %, if its `measure` truly were `truth`.

    `towards` is the verdict it would come to, `draws` the variants an item, `items` the items that the perturbation
    must change, of `suite_items` in the study; `extended` is the number it would take to go on from these answers by
    the rule that holds at any time (None where that is not known, or never settles it). Calls, tokens and dollars are
    those of a study of this claim alone. `affordable` is False where the truth would be so close to the bound that the
    number is only there to show it.
    """

    measure: str
    towards: str
    truth: float
    draws: int
    items: int
    suite_items: int
    extended: int | None
    calls: int
    tokens: int | None
    cost: float | None
    affordable: bool = True


@dataclass(frozen=True)
class Open:
    """A condition that is open: its bound, what is known, and what its calls take.

    `family` counts the conditions of the gate: a NO-GO must survive their adjustment, so it is planned at the error
    that it may get least.
    """

    clause: Clause
    estimate: Estimate
    scores: Scores
    pairs: Pairs
    gate: Gate
    per_call: PerCall
    family: int = 1

    def needs(self) -> tuple[Need, ...]:
        """At this many draws an item and, where several draws tell what more would add, at twice as many."""
        if self.clause.measure == "certified" or not len(self.pairs.items):
            return ()
        found = []
        for towards, truth in self._goals():
            for draws in (self.scores.draws, 2 * self.scores.draws)[: 2 if self._draw_variance else 1]:
                items, extended = self._items(towards, truth, draws)
                found.append(self._need(towards, truth, draws, items, extended))
        return tuple(found)

    @property
    def anytime(self) -> bool:
        """Whether the condition is judged by a rule that holds at any time."""
        return self.gate.anytime or self.scores.extended

    @property
    def _close(self) -> bool:
        return abs(self.clause.bound - self.estimate.value) < CLOSE * (self.estimate.high - self.estimate.low) / 2

    def _goals(self) -> Iterator[tuple[str, float]]:
        """The verdicts that could come, and what would have to be true: nothing lost, or what was seen."""
        bound, value = self.clause.bound, self.estimate.value
        if self.clause.measure == "accuracy":
            if value != bound:
                yield ("GO" if value > bound else "NO-GO"), value
            return
        yield "GO", 0.0
        if 0 < value < bound:
            yield "GO", value
        elif value > bound:
            yield "NO-GO", value

    def _level(self, towards: str) -> tuple[float, float]:
        """The level that all looks together hold, and the one that the last of them has."""
        whole = self.gate.level if towards == "GO" else 1 - (1 - self.gate.level) / self.family
        planned = self.pairs.planned
        if self.anytime or planned <= 1:
            return whole, whole
        return whole, level_at(tuple((i + 1) / planned for i in range(planned)), whole)

    def _items(self, towards: str, truth: float, draws: int) -> tuple[int, int | None]:
        """Changed items of a fresh study, and of this one extended."""
        whole, level = self._level(towards)
        deff = design_effect(self._draw_variance, self.estimate.variance, self.scores.draws, draws)
        deff = max(deff, self.estimate.deff if self.estimate.groups else 0.0)
        if self.clause.measure == "accuracy":
            return math.ceil(items_for_floor(truth, self.clause.bound, level=level) * deff), None
        # a relative drop is a drop against that share of the clean accuracy
        scale = float(np.mean(self.pairs.clean)) if self.clause.measure == "relative drop" else 1.0
        margin, drop = self.clause.bound * scale, truth * scale
        least = fewest_items_for_go(margin, level) if towards == "GO" else 1
        items = max(least, math.ceil(items_needed(max(self._flips, drop), drop, margin, level=level) * deff))
        longer = anytime_items(self._flips, drop, margin, (1 - whole) / 2)
        extended = max(items, math.ceil(longer * deff)) if longer else None
        return (extended or items) if self.anytime else items, extended

    @property
    def _flips(self) -> float:
        """The share of pairs that flip either way; one pseudo-flip, because none seen does not mean none there."""
        c, p = self.pairs.clean, self.pairs.messy
        return max(float(np.mean(c * (1 - p) + (1 - c) * p)), 1 / (len(c) + 2))

    @property
    def _draw_variance(self) -> float:
        """The mean variance of draws inside an item; 0 with one draw, which says nothing of a second."""
        arm = self.scores.messy.get(self.pairs.name)
        within = arm.variance[self.pairs.items] if arm else np.zeros(0)
        return float(np.nanmean(within)) if np.any(~np.isnan(within)) else 0.0

    def _need(self, towards: str, truth: float, draws: int, items: int, extended: int | None) -> Need:
        variants = draws * (sum(not of_the_frame(name) for name in self.scores.messy) if self.pairs.name == MEAN else 1)
        calls = items * (self.scores.repeats + variants)
        known = self.per_call.prompt_tokens
        tokens = round(calls * (known + (self.per_call.completion_tokens or 0))) if known is not None else None
        return Need(
            measure=self.clause.measure,
            towards=towards,
            truth=truth,
            draws=draws,
            items=items,
            suite_items=math.ceil(items * len(self.scores.looks) / max(self.pairs.reach, 1)),
            extended=extended,
            calls=calls,
            tokens=tokens,
            cost=calls * self.per_call.cost if self.per_call.cost is not None else None,
            affordable=not (self._close and truth == self.estimate.value),
        )
