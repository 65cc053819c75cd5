"""The gate tried on simulated systems with a known truth, on the user's own items. Nothing is asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .answers import Flags, Ints
from .calls import Plan, grouping
from .gate import MEAN
from .judging import judge
from .pairs import Arm, Scores
from .policy import Verdict
from .schedule import group_ranks
from .seeds import digest
from .simulation import CORRELATIONS, chance
from .statistics import Estimate, Floats, wilson


@dataclass(frozen=True, slots=True)
class Control:
    """One truth to try the gate on: the drop that is planted in each condition (fractions), and what would be wrong.

    `wrong` is the verdict that this truth forbids, `right` the one that is hoped for; either may be None.
    """

    name: str
    drops: dict[str, float]
    wrong: Verdict | None
    right: Verdict | None


@dataclass(frozen=True, slots=True)
class Trial:
    """How often the gate gave each verdict on one control, over so many simulated studies.

    `calls` is the mean share of the planned calls that was used.
    """

    control: Control
    runs: int
    verdicts: dict[Verdict, int]
    calls: float

    def rate(self, verdict: Verdict) -> Estimate:
        """The share of studies with this verdict, with Wilson's interval."""
        share = self.verdicts[verdict] / self.runs
        low, high = wilson(share, self.runs)
        return Estimate(share, low, high, 0.95, "Wilson", self.runs)


def controls(plan: Plan) -> tuple[Control, ...]:
    """A/A, a drop that is exactly the margin in one condition, and a defect of ten points more than that."""
    names = [f"{p.name}@{severity}" for p, severity in plan.study.clauses if p.effect == "same"]
    wanted = plan.study.gate.conditions(names)
    margins = {name: clause.bound for name, clauses in wanted.items() for clause in clauses if clause.measure == "drop"}
    none = dict.fromkeys(names, 0.0)
    found = [Control("A/A: mess does nothing", none, Verdict.NO_GO, Verdict.GO)]
    judged = [name for name in names if name in margins] or ([MEAN] if MEAN in margins else [])
    if not judged:
        return tuple(found)
    reach = dict.fromkeys(names, 0)
    for variant in plan.variants:
        if variant.condition in reach:
            reach[variant.condition] += plan.sends(variant)
    victim = max(judged, key=lambda name: reach.get(name, 0))
    margin = margins[victim]
    where = "every perturbation" if victim == MEAN else victim

    def planted(size: float) -> dict[str, float]:
        return dict.fromkeys(names, size) if victim == MEAN else none | {victim: size}

    found.append(Control(f"{where} falls by exactly its margin", planted(margin), Verdict.GO, None))
    found.append(
        Control(f"{where} falls by {100 * (margin + 0.1):.0f} points", planted(margin + 0.1), Verdict.GO, Verdict.NO_GO)
    )
    return tuple(found)


def selftest(
    plan: Plan,
    *,
    runs: int = 200,
    clean: float = 0.9,
    regime: str = "high",
    watch: Callable[[], None] = lambda: None,
) -> tuple[Trial, ...]:
    """Tries the study's own gate, looks and all, on simulated systems of this clean accuracy.

    `regime` is "high" for a nearly deterministic endpoint and "low" for a noisy one. The items, which of them each
    perturbation changes, groups, draws and repeats are the study's; the code that decides is the code that decides
    about real answers. `watch` is called after each simulated study.
    """
    frame = _Frame.of(plan)
    trials = []
    for control in controls(plan):
        rng = np.random.default_rng(int.from_bytes(digest("selftest", control.name, plan.study.seed)[:8]))
        counts = dict.fromkeys(Verdict, 0)
        used = 0.0
        for _ in range(runs):
            verdict, share = frame.run(frame.sample(rng, control.drops, clean, regime))
            counts[verdict] += 1
            used += share
            watch()
        trials.append(Trial(control, runs, counts, used / runs))
    return tuple(trials)


@dataclass(frozen=True)
class _Frame:
    """What of a plan matters to its statistics."""

    plan: Plan
    changed: dict[str, Ints]
    groups: Ints | None
    looks: Ints

    @classmethod
    def of(cls, plan: Plan) -> _Frame:
        at = {case.id: i for i, case in enumerate(plan.cases)}
        changed = {
            f"{p.name}@{severity}": np.zeros(len(at), dtype=np.int64)
            for p, severity in plan.study.clauses
            if p.effect == "same"
        }
        for variant in plan.variants:
            if variant.condition in changed:
                changed[variant.condition][at[variant.case.id]] += plan.sends(variant) and variant.effect == "same"
        ranks = group_ranks(grouping(plan.cases, plan.study.gate))
        return cls(
            plan,
            changed,
            np.asarray(ranks, dtype=np.int64) if ranks else None,
            np.asarray(plan.looks, dtype=np.int64),
        )

    def sample(self, rng: np.random.Generator, drops: dict[str, float], clean: float, regime: str) -> Scores:
        """Scores of a study in which everything was asked."""
        rho, shared = CORRELATIONS[regime]
        size, repeats = len(self.looks), self.plan.study.repeats
        ease = rng.standard_normal(size)
        if self.groups is not None:  # items of a group are half as alike as answers to one item
            ease = (ease + rng.standard_normal(self.groups.max() + 1)[self.groups]) / math.sqrt(2)
        asked = np.full(size, repeats)
        messy = {}
        for name, draws in self.changed.items():
            other = shared * ease + math.sqrt(1 - shared**2) * rng.standard_normal(size)
            right = rng.binomial(draws, chance(clean - drops[name], rho, other))
            messy[name] = _arm(right.astype(float), draws)
        return Scores(
            clean=_arm(rng.binomial(repeats, chance(clean, rho, ease)).astype(float), asked),
            messy=messy,
            changed={name: draws > 0 for name, draws in self.changed.items()},
            groups=self.groups,
            looks=self.looks,
            repeats=repeats,
            draws=self.plan.study.draws,
        )

    def run(self, scores: Scores) -> tuple[Verdict, float]:
        """The verdict and the share of calls used, with the looks and the stopping of a replay."""
        gate = self.plan.study.gate
        kept = {name: np.zeros(len(self.looks), dtype=bool) for name in scores.messy}
        settled: set[str] = set()
        verdict, seen = Verdict.INCONCLUSIVE, self.looks < 0
        for look in range(scores.last_look):
            seen = self.looks <= look
            for name in kept:
                if name not in settled:
                    kept[name] |= self.looks == look
            judgement = judge(_so_far(scores, seen, kept), gate)
            verdict = judgement.overall.verdict
            settled |= judgement.settled()
            if settled >= set(scores.messy):
                break
        calls = float(scores.clean.answered[seen].sum()) + sum(
            float(scores.messy[name].answered[kept[name]].sum()) for name in kept
        )
        planned = float(scores.clean.answered.sum()) + sum(float(arm.answered.sum()) for arm in scores.messy.values())
        return verdict, calls / planned


def _arm(right: Floats, asked: Ints) -> Arm:
    nothing = np.zeros(len(right), dtype=np.int64)
    return Arm(right, right, asked, nothing, nothing)


def _so_far(scores: Scores, seen: Flags, kept: dict[str, Flags]) -> Scores:
    """The scores as they stand when only these items were asked, clean and in each condition."""

    def masked(arm: Arm, here: Flags) -> Arm:
        return replace(
            arm,
            total=np.where(here, arm.total, 0.0),
            squares=np.where(here, arm.squares, 0.0),
            answered=np.where(here, arm.answered, 0),
            waiting=np.where(here, 0, arm.answered),
        )

    return replace(
        scores,
        clean=masked(scores.clean, seen),
        messy={name: masked(arm, kept[name]) for name, arm in scores.messy.items()},
    )
