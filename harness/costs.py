"""What a drop costs a month, by the traffic and the prices that the owner of the system stated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .analysis import Analysis
from .answers import CLEAN, FAILED, Answers, Flags, item_means
from .business import Business
from .gate import of_the_frame
from .pairs import groups_among
from .statistics import Estimate, Floats, mean_of

ESCALATED = ("refusal", "content filter", "truncated", "unparsable")
"""Outcomes of answers that nobody can use, so that a person takes over; calls that fail count as well."""


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """US dollars a month: `drop` is what mess adds to `clean`, all with intervals over items.

    `wrong` and `escalated` are the shares of messy requests that end so beyond those of clean ones. `calls` is what the
    messy calls themselves cost a month, `call` a single one; None where no price is known.
    """

    drop: Estimate
    clean: Estimate
    wrong: Estimate
    escalated: Estimate
    call: float | None
    calls: float | None


def monthly_cost(analysis: Analysis, business: Business) -> MonthlyCost | None:
    """The expected monthly cost of the drop; None where no item was asked both ways.

    An answer that is wrong costs `business.wrong` (one that is partly right the missing part of it), one that nobody
    can use `business.escalation`. Each item's cost is the mean over the perturbations that changed it, each taken to be
    as frequent as the others; the difference to its clean cost is taken item by item, then multiplied by the messy
    traffic. Intervals are those of a mean over items. [intervals, 3]
    """
    answers, scores, level = analysis.answers, analysis.scores, analysis.gate.level
    escalated = _escalated(answers)
    usable = answers.answered & ~escalated
    wrong = np.where(usable, 1 - answers.score, 0.0)
    users = np.isin(answers.condition, [at for at, name in enumerate(scores.messy) if not of_the_frame(name)])
    clean, messy = answers.condition == CLEAN, users & answers.changed & answers.same
    values = (wrong, escalated.astype(float))
    asked = answers.answered | (answers.status == FAILED)
    shares = [tuple(item_means(answers, value, arm & asked) for arm in (clean, messy)) for value in values]
    both = ~np.isnan(shares[0][0]) & ~np.isnan(shares[0][1])
    if not np.any(both):
        return None
    (wrong_clean, wrong_messy), (up_clean, up_messy) = [(one[both], other[both]) for one, other in shares]
    groups = groups_among(scores, np.flatnonzero(both))
    price = max(business.wrong, business.escalation)  # the most that one request can cost
    traffic = business.requests * business.messy

    def dollars(wrongs: Floats, ups: Floats, times: float, *, share: bool = False) -> Estimate:
        each = wrongs * business.wrong + ups * business.escalation
        return _times(mean_of(each / price, level=level, share=share, groups=groups), price * times)

    def share(values: Floats) -> Estimate:
        return mean_of(values, level=level, groups=groups)

    paid = answers.cost[messy & answers.answered & answers.asked]
    known = paid[~np.isnan(paid)]
    call = float(known.mean()) if len(known) else None
    return MonthlyCost(
        drop=dollars(wrong_messy - wrong_clean, up_messy - up_clean, traffic),
        clean=dollars(wrong_clean, up_clean, business.requests, share=True),
        wrong=share(wrong_messy - wrong_clean),
        escalated=share(up_messy - up_clean),
        call=call,
        calls=None if call is None else call * traffic,
    )


def _escalated(answers: Answers) -> Flags:
    codes = [at for at, kind in enumerate(answers.kinds) if kind in ESCALATED]
    return np.asarray((answers.answered & np.isin(answers.kind, codes)) | (answers.status == FAILED))


def _times(estimate: Estimate, factor: float) -> Estimate:
    return replace(
        estimate, value=estimate.value * factor, low=estimate.low * factor, high=estimate.high * factor, variance=0.0
    )
