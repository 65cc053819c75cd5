"""How often the statistics err: simulated studies with a known truth, judged by our methods and others'.

The tests run a part of this with fixed seeds; `make simulate` runs all of it and writes docs/calibration.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .alternatives import cluster_t, pooled, unpaired, wald
from .power import all_outcomes
from .repetition import excess_worst_of, self_disagreement
from .seeds import digest
from .sequential import boundaries, log_evidence
from .severity import area
from .simulation import CORRELATIONS, Design, chance
from .statistics import Floats, effective, graded_drop, level_of, mean_of, relative_drop, scas_lower, tango
from .validity import Cells, audited_drop, judged_drop


def rng_for(*path: str | int) -> np.random.Generator:
    """A random stream for an experiment of this name."""
    return np.random.default_rng(int.from_bytes(digest("calibration", *path)[:8]))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals hold the truth, and on which side they miss it.

    `go_miss`: the truth lies above (a false GO is near); `no_go_miss`: it lies below. `width` is their mean width.
    """

    covered: float
    go_miss: float
    no_go_miss: float
    width: float = 0.0


def covered(low: Floats, high: Floats, truth: float) -> Coverage:
    """The coverage of many intervals for one truth."""
    low, high = np.asarray(low), np.asarray(high)
    above, below = float(np.mean(high < truth)), float(np.mean(low > truth))
    return Coverage(1 - above - below, above, below, float(np.mean(high - low)))


def coverage(design: Design, runs: int) -> dict[str, Coverage]:
    """The gate's interval on one design, beside Tango's alone and what others use."""
    c, p = design.sample(rng_for("coverage", str(design)), runs)
    eff = effective(c, p)
    both = tango(eff.b, eff.e, eff.n)
    limits = {
        "gate": (np.minimum(both[0], scas_lower(eff.b, eff.e, eff.n)), both[1]),
        "Tango": both,
        "cluster t": cluster_t(c, p),
        "pooled": pooled(c, p, design.draws),
        "unpaired": unpaired(c, p, design.draws),
    }
    return {name: covered(low, high, design.drop) for name, (low, high) in limits.items()}


MARGIN_SHARES = (0.0, *(float(x) for x in np.geomspace(0.001, 0.3, 16)))
"""Shares of wrong-to-right flips over which the gate's exact errors are maximised."""


def exact_errors(n: int, margin: float) -> dict[str, tuple[float, float]]:
    """The largest P(GO) and P(NO-GO) at the margin over the shares of flips: ours, Wald's, and a point estimate's."""
    worst: dict[str, list[float]] = {"gate": [0.0, 0.0], "Wald": [0.0, 0.0], "point estimate": [0.0, 0.0]}
    for share in MARGIN_SHARES:
        if 2 * share + margin > 1:
            continue
        b, e, chance = all_outcomes(n, share + margin, share)
        low, high = tango(b, e, float(n))
        found = {
            "gate": (np.minimum(low, scas_lower(b, e, float(n))), high),
            "Wald": wald(b, e, float(n)),
            "point estimate": ((b - e) / n, (b - e) / n),
        }
        for name, (bottom, top) in found.items():
            # a point estimate on the margin passes in the tools that use one
            passes = top <= margin if name == "point estimate" else top < margin
            worst[name][0] = max(worst[name][0], float(chance[passes].sum()))
            worst[name][1] = max(worst[name][1], float(chance[bottom > margin].sum()))
    return {name: (go, no_go) for name, (go, no_go) in worst.items()}


# --- looks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sequence:
    """How often a rule said GO and NO-GO, and the mean share of the items that it used."""

    go: float
    no_go: float
    used: float


def looked(design: Design, margin: float, looks: int, runs: int, error: float = 0.025) -> Sequence:
    """The gate with so many evenly spaced planned looks."""
    c, p = design.sample(rng_for("looks", str(design)), runs)
    shares = tuple((at + 1) / looks for at in range(looks))
    verdict, used = np.zeros(runs), np.full(runs, 1.0)
    for share, z in zip(shares, boundaries(shares, error), strict=True):
        seen = round(share * design.items)
        low, high = effective(c[:, :seen], p[:, :seen]).limits(level_of(z), interim=share < 1)
        open_ = verdict == 0
        for found, which in ((open_ & (high < margin), 1), (open_ & (low > margin), -1)):
            verdict[found], used[found] = which, seen / design.items
    return Sequence(float(np.mean(verdict == 1)), float(np.mean(verdict == -1)), float(np.mean(used)))


def at_any_time(design: Design, margin: float, runs: int, *, suite: bool = False, error: float = 0.025) -> Sequence:
    """The e-process, asked after every item. With `suite` the claim is about each run's own items.

    Then the margin is set on the run's true drop, so that every verdict is one of a truth on the margin.
    """
    c, p = design.sample(rng_for("anytime", str(design)), runs)
    need, results = math.log(1 / error), []
    for d in c - p:
        # of the suite: on the margin from above, where GO is false, and from below, where NO-GO is
        edge = float(np.mean(d)) if suite else margin
        of = design.items if suite else 0
        go = _first(log_evidence(d, edge - 1e-9 if suite else edge, against="margin or more", of=of), need)
        no_go = _first(log_evidence(d, edge + 1e-9 if suite else edge, against="margin or less", of=of), need)
        results.append((go, no_go))
    first = np.array(results, dtype=float)
    n = design.items
    used = np.minimum(first.min(axis=1), n)
    return Sequence(
        float(np.mean((first[:, 0] < n) & (first[:, 0] <= first[:, 1]))),
        float(np.mean((first[:, 1] < n) & (first[:, 1] < first[:, 0]))),
        float(np.mean(used)) / n,
    )


def _first(evidence: Floats, need: float) -> float:
    """How many items it took to reach this evidence; infinite where it never did."""
    reached = np.flatnonzero(evidence >= need)
    return float(reached[0] + 1) if len(reached) else math.inf


def peeking(design: Design, margin: float, every: int, runs: int) -> Sequence:
    """A fixed interval (Student's t over items) looked at again and again: what is forbidden, and why."""
    c, p = design.sample(rng_for("peeking", str(design)), runs)
    d = c - p
    go, no_go = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    for seen in range(every, design.items + 1, every):
        low, high = cluster_t(d[:, :seen], np.zeros_like(d[:, :seen]))
        go |= (high < margin) & ~no_go
        no_go |= (low > margin) & ~go
    return Sequence(float(go.mean()), float(no_go.mean()), 1.0)


# --- the other quantities -----------------------------------------------------------------------------------------


def relative_coverage(design: Design, runs: int) -> Coverage:
    """The interval of the relative drop."""
    c, p = design.sample(rng_for("relative", str(design)), runs)
    found = [relative_drop(a, b) for a, b in zip(c, p, strict=True)]
    low = np.array([one.low if one else -math.inf for one in found])
    high = np.array([one.high if one else math.inf for one in found])
    return covered(low, high, design.drop / design.clean)


def graded_coverage(items: int, affected: float, fall: float, runs: int) -> Coverage:
    """The interval of graded scores: a share of the items loses a beta-distributed part of the score."""
    rng = rng_for("graded", items, str(affected))
    size = (runs, items)
    d = np.where(rng.random(size) < affected, rng.beta(2, 2 * (1 - fall) / fall, size), 0.0)
    d += np.where(rng.random(size) < 0.5, rng.normal(0, 0.02, size), 0.0)
    found = [graded_drop(np.clip(row, -1, 1)) for row in d]
    return covered(np.array([one.low for one in found]), np.array([one.high for one in found]), affected * fall)


def grouped_coverage(groups: int, size: int, drop: float, shared: float, runs: int) -> dict[str, Coverage]:
    """The gate's interval where items of a group break together, with the groups and as if there were none."""
    rng = rng_for("groups", groups, size)
    index = np.repeat(np.arange(groups), size)
    together, alone = [], []
    for _ in range(runs):
        ease = math.sqrt(shared) * rng.standard_normal(groups)[index]
        own = math.sqrt(1 - shared) * rng.standard_normal(groups * size)
        breaks = (ease + own) < _quantile(drop / 0.9)
        c = (rng.random(groups * size) < 0.9).astype(float)
        p = c * ~breaks
        together.append(effective(c, p, index).limits())
        alone.append(effective(c, p).limits())
    return {
        name: covered(np.array([float(x) for x, _ in found]), np.array([float(x) for _, x in found]), drop)
        for name, found in (("groups", together), ("ignored", alone))
    }


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


def without_effect(design: Design, runs: int) -> dict[str, Coverage]:
    """Quantities that are 0 where mess does nothing: flips beyond the noise floor, excess worst of k, area of a ladder.

    Three draws and three repeats an item, of the same difficulty: mess that makes some items harder and others easier
    by as much would flip answers, and is no such mess. The rungs of the ladder are alike.
    """
    rng = rng_for("without effect", str(design))
    rho, _ = CORRELATIONS[design.regime]
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs):
        own = chance(design.clean, rho, rng.standard_normal(design.items))
        a, s = rng.binomial(3, own).astype(float), rng.binomial(3, own).astype(float)
        c, p = a / 3, s / 3
        noise = self_disagreement(a, a, 3)
        drops = np.repeat((c - p)[:, None], 3, axis=1)
        for name, one in (
            ("excess flips", mean_of(c * (1 - p) + (1 - c) * p - noise)),
            ("excess worst of 3", excess_worst_of(a, 3, s, 3, 3)),
            ("area under the ladder", area(drops, (1, 2, 3))),
        ):
            found.setdefault(name, []).append((one.low, one.high))
    return {
        name: covered(np.array([x for x, _ in limits]), np.array([x for _, x in limits]), 0.0)
        for name, limits in found.items()
    }


def audited_study(
    rng: np.random.Generator, items: int = 300, fall: float = 0.1, invalid: float = 0.08, audited: int = 160
) -> tuple[Cells, float]:
    """Variants of which some are invalid and then always answered wrong, with an audit of a part; and the raw drop."""
    c = (rng.random(items) < 0.9).astype(float)
    valid = rng.random(items) >= invalid
    y = np.where(valid, c * (rng.random(items) >= fall), 0.0)
    said = np.full(items, np.nan)
    for cell in ((1, 0), (1, 1), (0, 0), (0, 1)):
        here = np.flatnonzero((c == cell[0]) & (y == cell[1]))
        size = min(len(here), {(1, 0): 60, (1, 1): audited - 100}.get(cell, 20))
        seen = rng.choice(here, size=size, replace=False)
        said[seen] = valid[seen]
    return Cells(np.arange(items), c, y, said), float(np.mean(c - y))


def audited_coverage(items: int, invalid: float, runs: int) -> dict[str, Coverage]:
    """The drop of the valid variants behind an audit, and what is got without one."""
    rng, fall = rng_for("audit", items, str(invalid)), 0.1
    corrected, raw = [], []
    for _ in range(runs):
        cells, _ = audited_study(rng, items, fall, invalid)
        one = audited_drop(cells)
        corrected.append((one.low, one.high))
        low, high = effective(cells.clean, cells.messy).limits()
        raw.append((float(low), float(high)))
    return {
        name: covered(np.array([x for x, _ in limits]), np.array([x for _, x in limits]), 0.9 * fall)
        for name, limits in (("audited", corrected), ("raw", raw))
    }


def judged_coverage(labelled: int, items: int, drop: float, runs: int) -> dict[str, Coverage]:
    """The drop behind a judge that is more lenient with messy answers: PPI++ and the judge alone."""
    rng = rng_for("judge", labelled)
    ours, judge_only = [], []
    for _ in range(runs):
        c = rng.random(items) < 0.9
        p = c & (rng.random(items) >= drop / 0.9)
        judge_c = np.where(c, rng.random(items) < 0.97, rng.random(items) < 0.05)
        judge_p = np.where(p, rng.random(items) < 0.97, rng.random(items) < 0.30)
        human, judge = c.astype(float) - p, judge_c.astype(float) - judge_p
        seen = np.zeros(items, dtype=bool)
        seen[rng.choice(items, labelled, replace=False)] = True
        one = judged_drop(human[seen], judge[seen], judge[~seen])
        ours.append((one.low, one.high))
        low, high = cluster_t(judge[None, :], np.zeros((1, items)))
        judge_only.append((float(low[0]), float(high[0])))
    return {
        name: covered(np.array([x for x, _ in found]), np.array([x for _, x in found]), drop)
        for name, found in (("PPI++", ours), ("judge alone", judge_only))
    }
