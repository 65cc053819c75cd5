"""Intervals for paired accuracies: the item is the unit, draws and repeats are averaged inside it first.

All functions take one number an item. Numbers in brackets name the method's section in docs/statistics.md, which gives
formulas, sources and what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FEWEST_ITEMS = 20
"""Below so many items intervals are shown but no GO is given."""

FEWEST_GROUPS = 8
"""Below so many groups of dependent items no verdict is given."""

_BISECTIONS = 60
_STABILISER = 2.0  # the smallest whole number that keeps the upper limit monotone and coverage above .92


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity with its interval, and what it rests on.

    `value`, `low` and `high` are fractions (0.05 = 5 points). `items` is the number of items, `draws` the most
    perturbed answers an item has, `repeats` the most clean ones. `deff` says by what factor averaging inside items
    changed the variance, `discordant` how many items differ.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    items: int
    draws: int = 1
    repeats: int = 1
    groups: int = 0
    deff: float = 1.0
    discordant: int = 0


def z_of(level: float) -> float:
    """The two-sided normal quantile of a level: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def tango(b: ArrayLike, e: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Tango's (1998) score interval for the difference (b - e) / n of two paired proportions. [intervals, 1]

    `b` counts pairs right only when clean, `e` those right only when perturbed, of `n`; all may be fractions and are
    broadcast. Returns the limits, each in [-1, 1].
    """
    b, e, n = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (b, e, n)))
    z, difference = z_of(level), (b - e) / n

    def score(delta: Floats) -> Floats:
        q = _nuisance(b, e, n, delta)
        variance = n * (2 * q + delta * (1 - delta))
        return _standardised(b - e - n * delta, variance)

    low = _solve(score, z, np.full_like(difference, -1.0), difference)
    high = _solve(score, -z, difference, np.full_like(difference, 1.0))
    return np.where(difference <= -1, -1.0, low), np.where(difference >= 1, 1.0, high)


def scas_lower(b: ArrayLike, e: ArrayLike, n: ArrayLike, level: float = 0.95) -> Floats:
    """The lower limit of the skewness-corrected score interval for paired proportions (Laud 2017). [intervals, 2]

    Takes what `tango` takes.
    """
    b, e, n = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (b, e, n)))
    z, difference = z_of(level), (b - e) / n

    def score(theta: Floats) -> Floats:
        q = _nuisance(b, e, n, theta)
        p = q + theta
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (2 * q + theta * (1 - theta)) / (n - 1)
            third = (p * (1 - theta) ** 3 + q * (-1 - theta) ** 3 + (1 - p - q) * (-theta) ** 3) / n**2
            plain = _standardised(difference - theta, variance)
            skew = third / (6 * variance**1.5)
            corrected = (-1 + np.sqrt(np.maximum(0, 1 + 4 * skew * (plain + skew)))) / (2 * skew)
        return np.where((variance <= 0) | (np.abs(skew) < 1e-12), plain, corrected)

    low = _solve(score, z, np.full_like(difference, -1.0), difference)
    return np.where(difference <= -1, -1.0, low)


def _nuisance(b: Floats, e: Floats, n: Floats, delta: Floats) -> Floats:
    """The constrained maximum-likelihood estimate of P(right only when perturbed) at a trial difference."""
    a1 = -b - e + (2 * n - b + e) * delta
    root = np.sqrt(np.maximum(0, a1**2 + 8 * n * e * delta * (1 - delta)))
    return np.maximum((root - a1) / (4 * n), np.maximum(0, -delta))


def _standardised(distance: Floats, variance: Floats) -> Floats:
    """distance / sqrt(variance), infinite on the side of the distance where there is no variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, distance / np.sqrt(variance), np.where(distance > 0, np.inf, -np.inf))


def _solve(score: Callable[[Floats], Floats], target: float, low: Floats, high: Floats) -> Floats:
    """Where a falling score meets a target between two bounds, by bisection; vectorised."""
    low, high = low.astype(float).copy(), high.astype(float).copy()
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = score(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Effective:
    """Counts of a paired comparison after its design effect: what `tango` is given."""

    b: float
    e: float
    n: float
    deff: float


def effective(clean: ArrayLike, messy: ArrayLike, groups: ArrayLike | None = None, level: float = 0.95) -> Effective:
    """Discordant counts and item number, shrunk to the size that independent single pairs would have. [intervals, 1]

    `clean` and `messy` hold each item's mean score; `groups` its group, where items depend on each other. Averaging
    inside an item can only reduce the variance, so without groups the design effect is at most 1. With groups the
    number is reduced further by (z / t)^2 for the G - 1 degrees of freedom.
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    n, d = len(c), np.asarray(clean, dtype=float) - np.asarray(messy, dtype=float)
    b, e = float(np.sum(c * (1 - p))), float(np.sum((1 - c) * p))
    mean = (b - e) / n
    single = (b + e) - n * mean**2
    if groups is None:
        between, cap = float(np.sum(d**2)) - n * mean**2, 1.0
    else:
        _, index = np.unique(np.asarray(groups), return_inverse=True)
        sizes = np.bincount(index)
        count = len(sizes)
        sums = np.bincount(index, weights=d)
        between = count / max(count - 1, 1) * float(np.sum((sums - sizes * mean) ** 2))
        cap = math.inf
    deff = min(cap, max(1e-3, (between + _STABILISER) / (single + _STABILISER)))
    size = n / deff
    if groups is not None:
        size *= (z_of(level) / t_of(level, len(set(np.asarray(groups).tolist())) - 1)) ** 2
        deff = n / size
    return Effective(b / deff, e / deff, size, deff)


def t_of(level: float, degrees: int) -> float:
    """The two-sided quantile of Student's t for a level; infinite without a degree of freedom."""
    from scipy.special import stdtrit  # loads a third of a second slower than numpy, and only groups need it

    return float(stdtrit(degrees, 0.5 + level / 2)) if degrees >= 1 else math.inf


def drop(
    clean: ArrayLike,
    messy: ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 1,
    repeats: int = 1,
    groups: ArrayLike | None = None,
) -> Estimate:
    """The absolute drop in accuracy, clean minus messy, with the interval the gate uses. [intervals, 1 and 2]

    The interval is clustered Tango's with the lower of Tango's and SCAS's lower limits. Positive is worse.
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    eff = effective(c, p, groups, level)
    low, high = tango(eff.b, eff.e, eff.n, level)
    low = np.minimum(low, scas_lower(eff.b, eff.e, eff.n, level))
    return Estimate(
        value=float(np.mean(c - p)),
        low=float(low),
        high=float(high),
        level=level,
        method="clustered Tango, lower limit min with SCAS",
        items=len(c),
        draws=draws,
        repeats=repeats,
        groups=len(set(np.asarray(groups).tolist())) if groups is not None else 0,
        deff=eff.deff,
        discordant=int(np.sum(c != p)),
    )


def linearised_bonett_price(values: ArrayLike, *, level: float = 0.95, unit: bool = False, **rest: int) -> Estimate:
    """The mean of one number an item, with Bonett and Price's (2012) two pseudo-items added. [intervals, 3]

    `unit` is True for quantities in [0, 1] (pseudo-items 1 and 0), False for differences in [-1, 1] (1 and -1).
    """
    x = np.asarray(values, dtype=float)
    n, mean = len(x), float(np.mean(x))
    extra_sum, extra_squares = (1.0, 1.0) if unit else (0.0, 2.0)
    total = n + 2
    middle = (n * mean + extra_sum) / total
    variance = (float(np.sum((x - mean) ** 2)) + n * mean**2 + extra_squares) / total - middle**2
    half = z_of(level) * math.sqrt(variance / total)
    floor = 0.0 if unit else -1.0
    return Estimate(
        mean, max(floor, middle - half), min(1.0, middle + half), level, "linearised Bonett-Price", n, **rest
    )


def accuracy(values: ArrayLike, *, level: float = 0.95, **rest: int) -> Estimate:
    """The mean of one score an item, with clustered Wilson's interval. [intervals, 4]"""
    x = np.asarray(values, dtype=float)
    n, mean = len(x), float(np.mean(x))
    deff = float(np.clip((np.sum((x - mean) ** 2) + 0.5) / (n * mean * (1 - mean) + 0.5), 1e-3, 1))
    low, high = wilson(mean, n / deff, level)
    return Estimate(mean, low, high, level, "clustered Wilson", n, deff=deff, **rest)


def wilson(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) score interval for a share of n trials; n may be a fraction."""
    z2 = z_of(level) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def noise_floor(right: ArrayLike, repeats: int, *, level: float = 0.95) -> Estimate:
    """The share of answers that flip between two clean runs: how much the endpoint differs from itself. [noise floor]

    `right` holds, for each item, how many of its `repeats` (at least 2) clean answers were right. Raises ValueError for
    fewer repeats.
    """
    if repeats < 2:
        raise ValueError("a noise floor needs at least two clean answers an item")
    a = np.asarray(right, dtype=float)
    flips = 2 * a * (repeats - a) / (repeats * (repeats - 1))
    return linearised_bonett_price(flips, level=level, unit=True, repeats=repeats)


def fewest_items_for_go(margin: float, level: float = 0.95) -> int:
    """The smallest number of items for which no flip at all would give a GO at this margin. [gate]"""
    z2 = z_of(level) ** 2
    return math.floor(z2 * (1 - margin) / margin) + 1


def drop_p_value(clean: ArrayLike, messy: ArrayLike, margin: float, groups: ArrayLike | None = None) -> float:
    """One-sided p-value of "the drop is at most the margin": the smallest one-sided error whose lower limit exceeds it.

    Found by inverting the interval of `drop`; to about 1e-6. [multiplicity]
    """
    low, high = 1e-9, 0.4999
    if drop(clean, messy, level=1 - 2 * high, groups=groups).low <= margin:
        return 0.5
    for _ in range(40):
        middle = math.sqrt(low * high)
        if drop(clean, messy, level=1 - 2 * middle, groups=groups).low > margin:
            high = middle
        else:
            low = middle
    return high


def holm(p_values: list[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
