"""How many items: sample sizes, exact power, the smallest drop that can be seen. Everything here is arithmetic.

Terms: `psi` is the share of pairs that flip either way, `true_drop` the drop that is planned for, `margin` the one to
be held. [sample size] in docs/statistics.md.
"""

from __future__ import annotations

import math

import numpy as np

from .statistics import Estimate, Floats, scas_lower, tango, z_of

POWER = 0.8
"""The chance of a verdict that studies are planned for."""

CLOSE = 0.25
"""Of half an interval's width: nearer to the bound than that, no affordable number of items settles it."""

FLIPS_UNKNOWN = 0.10
"""The share of flips that is planned with where there is no pilot."""


def fewest_items_for_go(margin: float, level: float = 0.95) -> int:
    """The smallest number of items for which no flip at all would give a GO at this margin. [gate]"""
    z2 = z_of(level) ** 2
    return math.floor(z2 * (1 - margin) / margin) + 1


def items_needed(psi: float, true_drop: float, margin: float, *, level: float = 0.95, power: float = POWER) -> int:
    """Items of single pairs for a verdict with this power: GO where true_drop < margin, NO-GO where it is above.

    The variance under the margin is the score interval's own, so that the power is what it says; planning with the
    plain variance twice (as Connor 1987 does) asks for too few. Raises ValueError where true_drop equals the margin:
    nothing settles that.
    """
    if true_drop == margin:
        raise ValueError("no number of items settles a drop that is exactly the margin")
    psi = max(psi, abs(true_drop))
    spread = psi - true_drop**2
    p01 = (psi - true_drop) / 2
    a1, a0 = -psi + (2 - true_drop) * margin, -p01 * margin * (1 - margin)
    q = (math.sqrt(a1**2 - 8 * a0) - a1) / 4
    under_margin = 2 * q + margin * (1 - margin)
    z_error, z_power = z_of(level), z_of(2 * power - 1)
    size = (z_error * math.sqrt(under_margin) + z_power * math.sqrt(spread)) ** 2 / (margin - true_drop) ** 2
    least = fewest_items_for_go(margin, level) if true_drop < margin else 1
    return max(least, math.ceil(size))


def items_for_floor(share: float, floor: float, *, level: float = 0.95, power: float = POWER) -> int:
    """Items of single answers whose accuracy interval clears a floor with this power, if the accuracy is `share`.

    The normal formula for one proportion with the floor's own variance, as Wilson's interval has it. Raises ValueError
    where the accuracy is the floor.
    """
    if share == floor:
        raise ValueError("no number of items settles an accuracy that is exactly the floor")
    z_error, z_power = z_of(level), z_of(2 * power - 1)
    spread = z_error * math.sqrt(floor * (1 - floor)) + z_power * math.sqrt(share * (1 - share))
    return math.ceil((spread / (share - floor)) ** 2)


def connor(p10: float, p01: float, *, level: float = 0.95, power: float = POWER) -> float:
    """Connor's (1987) number of pairs to detect any drop at all, p10 - p01, two-sided; unrounded."""
    psi, difference = p10 + p01, p10 - p01
    z_error, z_power = z_of(level), z_of(2 * power - 1)
    return ((z_error * math.sqrt(psi) + z_power * math.sqrt(psi - difference**2)) / difference) ** 2


def smallest_detectable_drop(estimate: Estimate, power: float = POWER) -> float:
    """The drop from zero that a study with this variance, design effect and size finds with this power."""
    spread = estimate.variance * estimate.deff / estimate.items
    return (z_of(estimate.level) + z_of(2 * power - 1)) * math.sqrt(max(spread, 0.0))


def verdict_probability(n: int, p10: float, p01: float, margin: float, *, level: float = 0.95) -> tuple[float, float]:
    """P(GO) and P(NO-GO) of the gate for n independent single pairs, by exact enumeration of the flips. [gate]

    `p10` and `p01` are the chances of right to wrong and of wrong to right.
    """
    b, e, chance = all_outcomes(n, p10, p01)
    high = tango(b, e, float(n), level)[1]
    low = np.minimum(tango(b, e, float(n), level)[0], scas_lower(b, e, float(n), level))
    return float(np.sum(chance[high < margin])), float(np.sum(chance[low > margin]))


def all_outcomes(n: int, p10: float, p01: float, tail: float = 1e-12) -> tuple[Floats, Floats, Floats]:
    """Every pair of flip counts that is not all but impossible, with its trinomial probability."""
    from scipy.stats import binom

    psi = p10 + p01
    total = np.arange(n + 1)
    likely = total[binom.pmf(total, n, psi) > tail / n]
    b = np.concatenate([np.arange(m + 1) for m in likely]) if len(likely) else np.zeros(1)
    m = np.repeat(likely, likely + 1)
    share = p10 / psi if psi else 0.0
    chance = binom.pmf(m, n, psi) * binom.pmf(b, m, share)
    return b.astype(float), (m - b).astype(float), chance


def mcnemar_power(n: int, p10: float, p01: float, error: float = 0.05) -> tuple[float, float]:
    """Exact power and true error of the one-sided exact conditional McNemar test that p01 exceeds p10."""
    from scipy.stats import binom

    def rejection(ten: float, one: float) -> float:
        psi = ten + one
        total = np.arange(n + 1)
        critical = binom.isf(error, total, 0.5) + 1  # the fewest e of m with P(E >= e) <= error
        return float(np.sum(binom.pmf(total, n, psi) * binom.sf(critical - 1, total, one / psi)))

    return rejection(p10, p01), rejection((p10 + p01) / 2, (p10 + p01) / 2)


def design_effect(draw_variance: float, variance: float, draws: int, planned: int) -> float:
    """The design effect at another number of draws, from the mean variance of draws inside an item. [sample size]

    `variance` is V1/n of a single pair. 1 where nothing is known of the draws (one draw an item).
    """
    if draws < 2 or variance <= 0:
        return 1.0
    return min(1.0, max(1e-3, 1 - draw_variance / variance * (1 - 1 / planned)))


def best_draws(draw_variance: float, variance: float, cost_of_item: float, cost_of_draw: float) -> float:
    """The number of draws an item that gives the narrowest interval for the money, unrounded, at least 1.

    `cost_of_item` includes the item's clean answers. From the variance of a drop, items (v - s) / n and draws
    s / (n k).
    """
    rest = variance - draw_variance
    if rest <= 0 or draw_variance <= 0:
        return 1.0
    return max(1.0, math.sqrt(draw_variance / rest * cost_of_item / cost_of_draw))
