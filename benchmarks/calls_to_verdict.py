"""Calls to a verdict: the gate with its looks over the fixed design, beside the bound of Wald's sequential test.

    python benchmarks/calls_to_verdict.py [RUNS]

Simulated studies, clean accuracy .9. Two readings of "the fixed design at the same error rates":

1. budgets: both may use the same items. Same margin and level; power is printed, the looks lose a little.
2. planned: each is as large as it must be for a GO in 90 % of studies without a drop. Same margin, level and power.

Errors are checked with the drop on the margin. The bound is the least expected number of items that any sequential test
with these errors could use: Wald's (1947) inequality with the smallest Kullback-Leibler divergence between what is true
and any distribution of item drops whose mean is the margin.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from roadtest.harness.calibration import looked, rng_for
from roadtest.harness.gate import Gate
from roadtest.harness.simulation import Design
from roadtest.harness.statistics import effective

LOOKS, ERROR, POWER, BROKEN = Gate(0.05).looks, 0.025, 0.9, 0.25
NO_DROP_BOUND, BROKEN_BOUND = 0.75, 0.45
DESIGNS = [
    (Design(n, k, clean=0.9, regime=regime), m)
    for n, m in ((300, 0.05), (300, 0.10), (1000, 0.03), (1000, 0.05))
    for regime, k in (("low", 1), ("low", 3), ("high", 1), ("high", 3), ("fragile", 3))
]


def divergence(design: Design, margin: float) -> float:
    """The smallest Kullback-Leibler divergence from the true drops of items to drops whose mean is the margin."""
    c, p = replace(design, items=200_000).sample(rng_for("divergence", str(design)))
    drops, counts = np.unique(np.round((c - p)[0], 9), return_counts=True)
    sign = 1.0 if design.drop < margin else -1.0
    bets = np.linspace(0, 1, 4001)[:-1] / (1 - sign * margin)
    return float(np.max(np.log1p(bets[:, None] * sign * (margin - drops)[None, :]) @ (counts / counts.sum())))


def least_items(design: Design, margin: float, power: float) -> float:
    """Wald's bound on the expected number of items of a test with these errors."""
    if power <= ERROR:
        return math.nan
    power = min(power, 0.9999)
    information = power * math.log(power / ERROR) + (1 - power) * math.log((1 - power) / (1 - ERROR))
    return information / divergence(design, margin)


def fixed_power(design: Design, margin: float, runs: int) -> float:
    """How often the gate without looks says GO."""
    c, p = design.sample(rng_for("fixed", str(design)), runs)
    return float(np.mean(effective(c, p).limits()[1] < margin))


def planned_items(design: Design, margin: float, runs: int, looks: int) -> int:
    """The fewest items with which a GO comes in 90 % of studies without a drop."""
    low, high = 20, 20
    while high < 40_000 and _power(replace(design, items=high), margin, runs, looks) < POWER:
        low, high = high, 2 * high
    while high - low > max(2, high // 100):
        middle = (low + high) // 2
        enough = _power(replace(design, items=middle), margin, runs, looks) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _power(design: Design, margin: float, runs: int, looks: int) -> float:
    return fixed_power(design, margin, runs) if looks == 1 else looked(design, margin, looks, runs).go


def budget_row(cell: tuple[Design, float, int]) -> dict[str, float]:
    design, margin, runs = cell
    same, broken, edge = (looked(replace(design, drop=d), margin, LOOKS, runs) for d in (0.0, BROKEN, margin))
    return {
        "power": same.go,
        "fixed power": fixed_power(design, margin, runs),
        "no drop": same.used,
        "broken": broken.used,
        "bound": least_items(design, margin, same.go) / design.items,
        "bound broken": least_items(replace(design, drop=BROKEN), margin, broken.no_go) / design.items,
        "false GO": edge.go,
        "false NO-GO": edge.no_go,
    }


def planned_row(cell: tuple[Design, float, int]) -> dict[str, float]:
    design, margin, runs = cell
    fixed = planned_items(design, margin, runs, 1)
    most = planned_items(design, margin, runs, LOOKS)
    sized = replace(design, items=most)
    same, broken, edge = (looked(replace(sized, drop=d), margin, LOOKS, runs) for d in (0.0, BROKEN, margin))
    return {
        "fixed items": fixed,
        "largest": most / fixed,
        "no drop": same.used * most / fixed,
        "broken": broken.used * most / fixed,
        "bound": least_items(sized, margin, POWER) / fixed,
        "false GO": edge.go,
        "false NO-GO": edge.no_go,
    }


def errors(row: dict[str, float]) -> str:
    return f"{row['false GO']:.3f}, {row['false NO-GO']:.3f}"


def main(runs: int) -> int:
    cells = [(design, margin, runs) for design, margin in DESIGNS]
    unplanned = {(margin, design.regime, design.draws): (design, margin, runs) for design, margin in DESIGNS}
    with ProcessPoolExecutor() as workers:
        budgets = list(workers.map(budget_row, cells))
        planned = list(workers.map(planned_row, unplanned.values()))
    print(
        f"{LOOKS} looks, {runs} studies a figure, calls as a share of the fixed design's\n\n1. the same budget of items"
    )
    print(f"{'items margin regime  k':26} power (fixed)  no drop (bound)  25 points (bound)  false GO, NO-GO")
    for (design, margin, _), row in zip(cells, budgets, strict=True):
        name = f"{design.items:>5} {margin:>6.2f} {design.regime:8} {design.draws}"
        print(
            f"{name}     {row['power']:.2f} ({row['fixed power']:.2f})      {row['no drop']:.2f} ({row['bound']:.2f})"
            f"       {row['broken']:.2f} ({row['bound broken']:.2f})        {errors(row)}"
        )
    print("\n2. planned for a GO in 90 % of studies without a drop")
    print(f"{'margin regime  k':20} fixed items  at most   no drop (bound)  25 points  false GO, NO-GO")
    for (design, margin, _), row in zip(unplanned.values(), planned, strict=True):
        name = f"{margin:>6.2f} {design.regime:8} {design.draws}"
        print(
            f"{name}    {row['fixed items']:>8.0f}  {row['largest']:>8.2f}      "
            f"{row['no drop']:.2f} ({row['bound']:.2f})"
            f"       {row['broken']:.2f}       {errors(row)}"
        )
    settled = [row for row in budgets if row["power"] >= POWER]
    print()
    for name, rows in (
        (f"{len(budgets)} budgets", budgets),
        (f"{len(settled)} budgets with power {POWER:.0%} or more", settled),
        (f"{len(planned)} planned designs", planned),
    ):
        for truth, bound in (("no drop", NO_DROP_BOUND), ("broken", BROKEN_BOUND)):
            used = [row[truth] for row in rows]
            called = "no drop" if truth == "no drop" else "25 points"
            kept = f"{sum(x <= bound for x in used)} of {len(used)} at most {bound}"
            print(f"{name}, {called}: mean {np.mean(used):.2f}, largest {max(used):.2f}, {kept}")
    worst_go = max(row["false GO"] for row in budgets + planned)
    worst_no_go = max(row["false NO-GO"] for row in budgets + planned)
    print(f"largest false GO {worst_go:.3f}, false NO-GO {worst_no_go:.3f} with the drop on the margin")
    return int(worst_go > 0.037 or worst_no_go > 0.045)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
