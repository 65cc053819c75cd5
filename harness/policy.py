"""The decision: an estimate and a bound become GO, NO-GO or INCONCLUSIVE, with the reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .power import CLOSE, fewest_items_for_go
from .statistics import INTERIM_LOOK, Estimate

MISSING_SHARE = 0.02
"""With more than this share of an arm's calls unanswered there is no verdict."""

FEWEST_ITEMS = 20
"""Below so many items intervals are shown but no GO is given."""

FEWEST_GROUPS = 8
"""Below so many groups of dependent items no verdict is given."""


MOST_NAMED = 6
"""Claims that a reason names one by one."""


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


# --- one quantity against one bound -------------------------------------------------------------------------------


def decide(estimate: Estimate, margin: float, what: str = "drop", unit: str = "points") -> Decision:
    """GO where the whole interval of the drop lies below the margin, NO-GO where it lies above, else INCONCLUSIVE.

    Unrounded limits are compared, and touching the margin is not GO. With fewer than 20 items there is no GO, and with
    fewer than 8 groups of dependent items no verdict.
    """
    against = f"{shown(estimate)} against a margin of {percent(margin)} {unit} {_basis(estimate)}"
    if estimate.groups and estimate.groups < FEWEST_GROUPS:
        return Decision(
            Verdict.INCONCLUSIVE, f"only {estimate.groups} groups of dependent items; {FEWEST_GROUPS} are needed"
        )
    if estimate.low > margin:
        return Decision(Verdict.NO_GO, f"the {what} is above the margin: {against}")
    least = max(FEWEST_ITEMS, fewest_items_for_go(margin, estimate.level) if estimate.method != INTERIM_LOOK else 0)
    if estimate.items < least:
        return Decision(
            Verdict.INCONCLUSIVE,
            f"{estimate.items} items cannot give a GO at this margin even without a single flip, {least} could",
        )
    if estimate.high < margin:
        return Decision(Verdict.GO, f"the {what} is below the margin: {against}")
    half = (estimate.high - estimate.low) / 2
    close = abs(margin - estimate.value) < CLOSE * half < CLOSE * margin
    rider = "; it is so close to the margin that no affordable number of items will settle it" if close else ""
    return Decision(Verdict.INCONCLUSIVE, f"the interval reaches across the margin: {against}{rider}")


def decide_floor(estimate: Estimate, floor: float) -> Decision:
    """GO where the whole interval of an accuracy lies above the floor, NO-GO where it lies below."""
    against = f"{shown(estimate)} against a floor of {percent(floor)}% {_basis(estimate)}"
    if estimate.groups and estimate.groups < FEWEST_GROUPS:
        return Decision(
            Verdict.INCONCLUSIVE, f"only {estimate.groups} groups of dependent items; {FEWEST_GROUPS} are needed"
        )
    if estimate.high < floor:
        return Decision(Verdict.NO_GO, f"the accuracy is below the floor: {against}")
    if estimate.items < FEWEST_ITEMS:
        return Decision(Verdict.INCONCLUSIVE, f"{estimate.items} items are too few for a GO; {FEWEST_ITEMS} are needed")
    if estimate.low > floor:
        return Decision(Verdict.GO, f"the accuracy is above the floor: {against}")
    return Decision(Verdict.INCONCLUSIVE, f"the interval reaches across the floor: {against}")


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


def combine(names: Sequence[str], decisions: Sequence[Decision], adjusted: Sequence[bool], family: int = 0) -> Decision:
    """The decision over all claims: GO if every one is GO; NO-GO if one is so even after Holm's adjustment.

    `adjusted[i]` says whether claim i's NO-GO survives the adjustment over `family` conditions (0 = one a claim).
    """
    broken = [name for name, holds in zip(names, adjusted, strict=True) if holds]
    if broken:
        if len(names) == 1:
            return Decision(Verdict.NO_GO, f"{names[0]}: {decisions[0].reason}")
        verb = "does" if len(broken) == 1 else "do"
        reason = f"{_listed(broken)} {verb} not hold (Holm-adjusted over {family or len(names)} conditions)"
        return Decision(Verdict.NO_GO, reason)
    if names and all(decision.verdict is Verdict.GO for decision in decisions):
        return Decision(
            Verdict.GO,
            f"every one of {len(names)} claims is GO" if len(names) > 1 else f"{names[0]}: {decisions[0].reason}",
        )
    unsettled = [name for name, decision in zip(names, decisions, strict=True) if decision.verdict is not Verdict.GO]
    return Decision(Verdict.INCONCLUSIVE, f"not settled: {_listed(unsettled)}" if names else "no claim was made")


def _listed(names: Sequence[str]) -> str:
    """Names with commas; of many the first few, and how many more."""
    few = names if len(names) <= MOST_NAMED + 1 else names[:MOST_NAMED]
    more = f" and {len(names) - len(few)} more" if len(few) < len(names) else ""
    return ", ".join(few) + more


# --- how numbers are written --------------------------------------------------------------------------------------


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


def shown(estimate: Estimate) -> str:
    """`12.5 [8.1, 17.2]` in points, limits rounded outward."""
    return f"{percent(estimate.value)} [{percent(estimate.low, down=True)}, {percent(estimate.high, up=True)}]"


def _basis(estimate: Estimate) -> str:
    """What an estimate rests on, in brackets."""
    differ = f", {estimate.discordant} differ" if estimate.discordant else ""
    effect = f", deff {estimate.deff:.2f}" if estimate.deff != 1 else ""
    return f"({estimate.items} items, k {estimate.draws}{differ}{effect})"
