"""Measures the error rates of everything that decides, and writes docs/calibration.md: `make simulate`.

Fails where a bound is broken, or where a wrong method passes a test that it must fail.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from roadtest.harness import calibration as measure
from roadtest.harness.gate import Gate
from roadtest.harness.simulation import Design, full_grid
from tqdm import tqdm

PAGE = Path(__file__).parent.parent / "docs" / "calibration.md"
OTHERS = ("Tango", "cluster t", "pooled", "unpaired")

SEQUENTIAL = [
    (Design(n, k, clean=0.9, drop=m, regime=regime), m)
    for n, m in ((300, 0.05), (300, 0.10), (1000, 0.03), (1000, 0.05))
    for regime, k in (("low", 1), ("low", 3), ("high", 1), ("high", 3), ("fragile", 3))
]
"""Four sizes with their margins, five regimes: the truth lies on the margin."""


INTRODUCTION = (
    "Written by `make simulate` (`benchmarks/calibrate.py`); seeds are fixed, so it comes out the same everywhere. "
    "Every study here is simulated, with a known truth ([how](statistics.md#simulation)). Intervals are 95 %: each "
    "side may miss in 2.5 % of studies. *GO miss* means that the true drop lies above the interval (a false GO is "
    "near), *NO-GO miss* that it lies below."
)
COVERAGE = (
    "432 designs: items 20 to 300, draws 1, 3, 5, clean accuracy .6, .9, .98, drop 0, .02, .1, .25, three regimes; "
    "4,000 studies each (standard error at most .004). Mean / minimum coverage over the 36 designs of a row."
)
EXACT = (
    "Single pairs whose true drop is the margin: the largest chance of GO and of NO-GO over 17 shares of flips from "
    "wrong to right (0 to .3), by enumeration, not simulation. Both should be .025."
)
LOOKS = (
    "The true drop lies on the margin, clean accuracy .9: the chance of a false GO / a false NO-GO. 4,000 studies a "
    "design for looks and peeking, 600 for the rules that hold at any time, which are asked after every item."
)


def grid_cell(design: Design) -> dict[str, measure.Coverage]:
    return measure.coverage(design, 4000)


def sequential_cell(cell: tuple[Design, float]) -> dict[str, measure.Sequence]:
    design, margin = cell
    return {
        "planned looks": measure.looked(design, margin, Gate(margin).looks, 4000),
        "five looks": measure.looked(design, margin, 5, 4000),
        "at any time": measure.at_any_time(design, margin, 600),
        "this suite": measure.at_any_time(design, margin, 600, suite=True),
        "peeking every 20": measure.peeking(design, margin, 20, 4000),
    }


def graded_cell(design: tuple[int, float, float]) -> measure.Coverage:
    return measure.graded_coverage(*design, runs=600)


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def share(value: float) -> str:
    return f"{value:.3f}"


def main() -> int:
    began = time.perf_counter()
    failed: list[str] = []

    def check(holds: bool, what: str) -> str:
        if not holds:
            failed.append(what)
        return f"- {'holds' if holds else '**BROKEN**'}: {what}"

    lines = [
        "# Calibration",
        "",
        INTRODUCTION,
        "",
    ]
    with ProcessPoolExecutor() as workers:
        designs = full_grid()
        cells = list(
            tqdm(workers.map(grid_cell, designs, chunksize=4), total=len(designs), desc="coverage", mininterval=5)
        )
        lines += coverage_part(designs, cells, check)
        lines += exact_part(check)
        found = list(tqdm(workers.map(sequential_cell, SEQUENTIAL), total=len(SEQUENTIAL), desc="looks", mininterval=5))
        lines += sequential_part(found, check)
        graded = [(n, a, f) for n in (20, 50, 100, 300) for a in (0.02, 0.1, 0.3, 0.6, 0.9) for f in (0.1, 0.4, 0.7)]
        scores = list(tqdm(workers.map(graded_cell, graded), total=len(graded), desc="graded", mininterval=5))
        lines += other_part(scores, check)
    print("\n".join(lines))
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8", newline="\n")
    print(f"wrote {PAGE} in {time.perf_counter() - began:.0f} s")
    for what in failed:
        print(f"BROKEN: {what}", file=sys.stderr)
    return int(bool(failed))


def coverage_part(designs, cells, check):  # type: ignore[no-untyped-def]
    ours = [cell["gate"] for cell in cells]
    lines = [
        "## The interval of the drop",
        "",
        COVERAGE,
        "",
    ]
    rows = []
    for n in (20, 50, 100, 300):
        for k in (1, 3, 5):
            here = [cell for design, cell in zip(designs, cells, strict=True) if (design.items, design.draws) == (n, k)]
            row = [str(n), str(k)]
            for name in ("gate", *OTHERS):
                shares = [cell[name].covered for cell in here]
                row.append(f"{sum(shares) / len(shares):.3f} / {min(shares):.3f}")
            row.append(share(max(cell["gate"].go_miss for cell in here)))
            row.append(share(max(cell["gate"].no_go_miss for cell in here)))
            rows.append(row)
    lines += table(["items", "draws", "**gate**", *OTHERS, "gate: worst GO miss", "worst NO-GO miss"], rows)
    lowest, mean = min(one.covered for one in ours), sum(one.covered for one in ours) / len(ours)
    go, no_go = max(one.go_miss for one in ours), max(one.no_go_miss for one in ours)
    clustered = [cell["pooled"].covered for d, cell in zip(designs, cells, strict=True) if d.draws > 1 and d.drop > 0]
    return [
        *lines,
        check(lowest >= 0.92, f"smallest coverage {lowest:.3f} is at least .92"),
        check(0.955 <= mean <= 0.98, f"mean coverage {mean:.3f} lies in [.955, .98]"),
        check(go <= 0.035, f"worst GO miss {go:.3f} is at most .035"),
        check(no_go <= 0.05, f"worst NO-GO miss {no_go:.3f} is at most .05"),
        check(
            sum(clustered) / len(clustered) < 0.85,
            f"pairs pooled as if draws were items cover only {sum(clustered) / len(clustered):.3f} (negative control)",
        ),
        "",
    ]


def exact_part(check):  # type: ignore[no-untyped-def]
    lines = [
        "## The gate at the margin, exactly",
        "",
        EXACT,
        "",
    ]
    rows, worst_go, worst_no_go, walds, points = [], 0.0, 0.0, [], []
    for n in (50, 100, 200, 300):
        for margin in (0.03, 0.05, 0.10):
            found = measure.exact_errors(n, margin)
            rows.append([str(n), f"{margin:.2f}", *(f"{go:.3f} / {no_go:.3f}" for go, no_go in found.values())])
            worst_go, worst_no_go = max(worst_go, found["gate"][0]), max(worst_no_go, found["gate"][1])
            walds.append(found["Wald"][0])
            points.append(found["point estimate"][0])
    lines += table(["items", "margin", "**gate** GO / NO-GO", "Wald", "point estimate"], rows)
    return [
        *lines,
        check(worst_go <= 0.028, f"largest P(GO at the margin) {worst_go:.4f} is at most .028"),
        check(worst_no_go <= 0.034, f"largest P(NO-GO at the margin) {worst_no_go:.4f} is at most .034"),
        check(max(walds) > 0.05, f"Wald's interval says GO in {max(walds):.3f} (negative control)"),
        check(
            min(points) > 0.5,
            f"a point estimate against a threshold says GO in {min(points):.3f} or more (negative control)",
        ),
        "",
    ]


def sequential_part(found, check):  # type: ignore[no-untyped-def]
    names = list(found[0])
    lines = [
        "## Looking before the end",
        "",
        LOOKS,
        "",
    ]
    rows = [
        [str(design.items), f"{margin:.2f}", design.regime, str(design.draws)]
        + [f"{cell[name].go:.3f} / {cell[name].no_go:.3f}" for name in names]
        for (design, margin), cell in zip(SEQUENTIAL, found, strict=True)
    ]
    lines += table(["items", "margin", "regime", "draws", *names], rows)

    def worst(name: str, side: str) -> float:
        return float(max(getattr(cell[name], side) for cell in found))

    noise = 3 * (0.025 * 0.975 / 600) ** 0.5
    return [
        *lines,
        check(
            worst("planned looks", "go") <= 0.037, f"planned looks: false GO {worst('planned looks', 'go'):.3f} <= .037"
        ),
        check(
            worst("planned looks", "no_go") <= 0.045,
            f"planned looks: worst false NO-GO {worst('planned looks', 'no_go'):.3f} <= .045",
        ),
        *(
            check(
                worst(name, side) <= 0.025 + noise,
                f"{name}: false {side.upper().replace('_', '-')} {worst(name, side):.3f} <= .025 and simulation error",
            )
            for name in ("at any time", "this suite")
            for side in ("go", "no_go")
        ),
        check(
            worst("peeking every 20", "go") > 0.10,
            f"peeking every 20 items says GO in {worst('peeking every 20', 'go'):.3f} (negative control)",
        ),
        "",
    ]


def other_part(scores, check):  # type: ignore[no-untyped-def]
    relative = [
        measure.relative_coverage(Design(n, k, clean=c, drop=d, regime=r), 1000)
        for n, k in ((50, 1), (100, 3), (300, 1))
        for c, d in ((0.6, 0.02), (0.9, 0.1), (0.98, 0.02))
        for r in ("low", "high", "fragile")
    ]
    grouped = {g: measure.grouped_coverage(g, 10, 0.1, 0.5, 2000) for g in (10, 20, 50)}
    judged = {n: measure.judged_coverage(n, 500, 0.08, 4000) for n in (60, 150)}
    nothing = [
        measure.without_effect(Design(n, clean=clean, regime=regime), 1500)
        for n in (50, 150)
        for clean in (0.6, 0.9)
        for regime in ("low", "high")
    ]
    audited = {share: measure.audited_coverage(300, share, 2000) for share in (0.03, 0.08)}
    lines = ["## The other quantities", ""]
    rows = [
        ["relative drop, 27 designs", *_summary(relative), "1,000"],
        ["graded scores, 60 designs", *_summary(scores), "600"],
        *([f"{name}, 8 designs", *_summary([one[name] for one in nothing]), "1,500"] for name in nothing[0]),
        *([f"audit, {i:.0%} invalid variants", *_summary([one["audited"]]), "2,000"] for i, one in audited.items()),
        *([f"the same, not audited ({i:.0%})", *_summary([one["raw"]]), "2,000"] for i, one in audited.items()),
        *([f"{g} groups of 10 dependent items", *_summary([one["groups"]]), "2,000"] for g, one in grouped.items()),
        *([f"the same, groups ignored ({g})", *_summary([one["ignored"]]), "2,000"] for g, one in grouped.items()),
        *(
            [f"judge, {n} of 500 items labelled: PPI++", *_summary([one["PPI++"]]), "4,000"]
            for n, one in judged.items()
        ),
        *([f"the same, judge alone ({n})", *_summary([one["judge alone"]]), "4,000"] for n, one in judged.items()),
    ]
    lines += table(["quantity", "mean coverage", "smallest", "worst GO miss", "worst NO-GO miss", "studies each"], rows)
    return [
        *lines,
        check(min(one.covered for one in relative) >= 0.92, "relative drop: every design covers .92 or more"),
        check(min(one.covered for one in scores) >= 0.92, "graded scores: every design covers .92 or more"),
        check(
            min(cell.covered for one in nothing for cell in one.values()) >= 0.92,
            "excess flips, excess worst of k, area: every design covers .92 or more",
        ),
        check(min(one["audited"].covered for one in audited.values()) >= 0.93, "audits: .93 or more"),
        check(audited[0.08]["raw"].covered < 0.5, "8 % invalid variants, not audited: below .5 (control)"),
        check(min(one["groups"].covered for one in grouped.values()) >= 0.93, "groups: .93 or more"),
        check(
            max(one["ignored"].covered for one in grouped.values()) < 0.90,
            "groups ignored: below .90 (negative control)",
        ),
        check(min(one["PPI++"].covered for one in judged.values()) >= 0.94, "judges: .94 or more"),
        check(
            max(one["judge alone"].covered for one in judged.values()) < 0.5, "judge alone: below .5 (negative control)"
        ),
        "",
    ]


def _summary(found: list[measure.Coverage]) -> list[str]:
    shares = [one.covered for one in found]
    return [
        share(sum(shares) / len(shares)),
        share(min(shares)),
        share(max(one.go_miss for one in found)),
        share(max(one.no_go_miss for one in found)),
    ]


if __name__ == "__main__":
    sys.exit(main())
