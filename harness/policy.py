"""The decision: an estimate and a margin become GO, NO-GO or INCONCLUSIVE, with the reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .statistics import FEWEST_GROUPS, FEWEST_ITEMS, Estimate, fewest_items_for_go

MISSING_SHARE = 0.02
"""With more than this share of an arm's calls unanswered there is no verdict."""


class Verdict(StrEnum):
    """What the evidence says about a claim."""

    GO = "GO"
    NO_GO = "NO-GO"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def exit_code(self) -> int:
        """0, 1 and 3; 2 is wrong usage."""
        return {Verdict.GO: 0, Verdict.NO_GO: 1, Verdict.INCONCLUSIVE: 3}[self]


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and the sentence that explains it."""

    verdict: Verdict
    reason: str


def decide(estimate: Estimate, margin: float) -> Decision:
    """GO where the whole interval of the drop lies below the margin, NO-GO where it lies above, else INCONCLUSIVE.

    Unrounded limits are compared, and touching the margin is not GO. With fewer than 20 items there is no GO, and with
    fewer than 8 groups of dependent items no verdict.
    """
    interval = f"[{percent(estimate.low, down=True)}, {percent(estimate.high, up=True)}]"
    against = f"{percent(estimate.value)} {interval} against a margin of {percent(margin)} points"
    if estimate.groups and estimate.groups < FEWEST_GROUPS:
        return Decision(
            Verdict.INCONCLUSIVE, f"only {estimate.groups} groups of dependent items; {FEWEST_GROUPS} are needed"
        )
    if estimate.low > margin:
        return Decision(Verdict.NO_GO, f"the drop is above the margin: {against}")
    least = max(FEWEST_ITEMS, fewest_items_for_go(margin, estimate.level))
    if estimate.items < least:
        return Decision(
            Verdict.INCONCLUSIVE,
            f"{estimate.items} items cannot give a GO at this margin even without a single flip; {least} could",
        )
    if estimate.high < margin:
        return Decision(Verdict.GO, f"the drop is below the margin: {against}")
    return Decision(Verdict.INCONCLUSIVE, f"the interval reaches across the margin: {against}")


def with_missing(decision: Decision, worst: Decision, best: Decision, missing: float) -> Decision:
    """The decision unless unanswered calls could have changed it.

    `missing` is the largest share of unanswered calls in an arm; `worst` and `best` are the decisions with them counted
    against and for the system.
    """
    if missing > MISSING_SHARE:
        return Decision(Verdict.INCONCLUSIVE, f"{missing:.1%} of an arm's calls brought no answer (at most 2% may)")
    if {worst.verdict, best.verdict} != {decision.verdict}:
        return Decision(
            Verdict.INCONCLUSIVE,
            f"unanswered calls could change it: {best.verdict} if all were right, {worst.verdict} if all were wrong",
        )
    return decision


def combine(names: Sequence[str], decisions: Sequence[Decision], adjusted: Sequence[bool]) -> Decision:
    """The decision over all claims: GO if every one is GO; NO-GO if one is so even after Holm's adjustment.

    `adjusted[i]` says whether claim i's NO-GO survives the adjustment.
    """
    broken = [name for name, decision, holds in zip(names, decisions, adjusted, strict=True) if holds]
    if broken:
        return Decision(Verdict.NO_GO, f"{_listed(broken)} above the margin (Holm-adjusted over {len(names)} claims)")
    if names and all(decision.verdict is Verdict.GO for decision in decisions):
        return Decision(
            Verdict.GO, f"every one of {len(names)} claims is GO" if len(names) > 1 else decisions[0].reason
        )
    unsettled = [name for name, decision in zip(names, decisions, strict=True) if decision.verdict is not Verdict.GO]
    return Decision(Verdict.INCONCLUSIVE, f"not settled: {_listed(unsettled)}" if names else "nothing was measured")


def percent(value: float, *, down: bool = False, up: bool = False) -> str:
    """Points with one decimal and a sign where negative; limits are rounded outward (`down`, `up`)."""
    tenths = value * 1000
    if down:
        tenths = math.floor(tenths + 1e-9)
    elif up:
        tenths = math.ceil(tenths - 1e-9)
    else:
        tenths = round(tenths)
    return f"{tenths / 10 + 0.0:.1f}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
