"""Intervals for paired accuracies: the item is the unit, draws and repeats are averaged inside it first.

All functions take one number an item. Words in brackets name the method's section in docs/statistics.md, which gives
formulas, sources and what was measured. Neighbours: `repetition` (noise floor, worst of k), `significance` (tests,
multiplicity), `power` (sample sizes), `sequential` (looks), `severity` (ladders), `validity` (audits, judges).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .seeds import digest

Floats = NDArray[np.float64]

FEWEST_DISCORDANT = 15.0
"""Below so many items that differ (effectively) a bootstrap has too few values to resample. [intervals, 5]"""

RESAMPLES = 2000
"""Of a bootstrap."""

_BISECTIONS = 50  # to 2e-15
_STABILISER = 2.0  # the smallest whole number that keeps the upper limit monotone and coverage above .92


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity with its interval, and what it rests on.

    `value`, `low` and `high` are fractions (0.05 = 5 points). `items` is the number of items, `draws` the most
    perturbed answers an item has, `repeats` the most clean ones, `groups` the number of groups of dependent items (0 =
    every item for itself). `deff` says by what factor averaging inside items changed the variance, `discordant` how
    many items differ, `variance` what a single pair contributes (V1/n; 0 where the method has no such thing).
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
    variance: float = 0.0


class Basis(TypedDict, total=False):
    """What an estimate may be told about where its numbers come from; see `Estimate`."""

    draws: int
    repeats: int


def z_of(level: float) -> float:
    """The two-sided normal quantile of a level: 1.96 for 0.95."""
    return -NormalDist().inv_cdf((1 - level) / 2)


def level_of(z: float) -> float:
    """The level whose two-sided normal quantile is z: 0.95 for 1.96. Below 1 even for a z that no number can tell."""
    return 1 - 2 * NormalDist().cdf(-min(z, 8.0))


def _quantiles(level: ArrayLike) -> Floats:
    levels = np.asarray(level, dtype=float)
    return np.array([z_of(float(one)) for one in levels.ravel()]).reshape(levels.shape)


def t_of(level: float, degrees: int) -> float:
    """The two-sided quantile of Student's t for a level; infinite without a degree of freedom."""
    from scipy.special import stdtrit  # loads a third of a second slower than numpy, and only groups need it

    return -float(stdtrit(degrees, (1 - level) / 2)) if degrees >= 1 else math.inf


# --- score intervals for pairs ------------------------------------------------------------------------------------


def tango(b: ArrayLike, e: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> tuple[Floats, Floats]:
    """Tango's (1998) score interval for the difference (b - e) / n of two paired proportions. [intervals, 1]

    `b` counts pairs right only when clean, `e` those right only when perturbed, of `n`; all may be fractions, and all
    four are broadcast. Returns the limits, each in [-1, 1].
    """
    b, e, n, z = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (b, e, n)), _quantiles(level))
    difference = (b - e) / n

    def score(delta: Floats) -> Floats:
        q = _nuisance(b, e, n, delta)
        variance = n * (2 * q + delta * (1 - delta))
        return _standardised(b - e - n * delta, variance)

    low = _solve(score, z, np.full_like(difference, -1.0), difference)
    high = _solve(score, -z, difference, np.full_like(difference, 1.0))
    return np.where(difference <= -1, -1.0, low), np.where(difference >= 1, 1.0, high)


def scas_lower(b: ArrayLike, e: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> Floats:
    """The lower limit of the skewness-corrected score interval for paired proportions (Laud 2017). [intervals, 2]

    Takes what `tango` takes.
    """
    b, e, n, z = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (b, e, n)), _quantiles(level))
    difference = (b - e) / n

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


def tang(x11: ArrayLike, b: ArrayLike, e: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Tang et al.'s (2003) score interval for the ratio (x11 + e) / (x11 + b) of paired proportions. [intervals, 4]

    `x11` counts pairs right both times, `b` and `e` as for `tango`. Returns limits in [0, 50]; a limit at either end
    means that the data do not bound the ratio there.
    """
    x11, b, e, n = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (x11, b, e, n)))
    z, x1, x0, any_right = z_of(level), x11 + e, x11 + b, x11 + e + b

    def score(log_ratio: Floats) -> Floats:
        ratio = np.exp(log_ratio)
        a2, a1 = n * (1 + ratio), x0 * ratio**2 - (x1 + 2 * b)
        a0 = b * (1 - ratio) * any_right / n
        q = (np.sqrt(np.maximum(0, a1**2 - 4 * a2 * a0)) - a1) / (2 * a2)
        return _standardised(x1 - ratio * x0, n * (1 + ratio) * q + any_right * (ratio - 1))

    bottom, top = np.full(x11.shape, math.log(1e-9)), np.full(x11.shape, math.log(_LARGEST_RATIO))
    return np.exp(_solve(score, z, bottom, top)), np.exp(_solve(score, -z, bottom, top))


_LARGEST_RATIO = 50.0


def _nuisance(b: Floats, e: Floats, n: Floats, delta: Floats) -> Floats:
    """The constrained maximum-likelihood estimate of P(right only when perturbed) at a trial difference."""
    a1 = -b - e + (2 * n - b + e) * delta
    root = np.sqrt(np.maximum(0, a1**2 + 8 * n * e * delta * (1 - delta)))
    return np.maximum((root - a1) / (4 * n), np.maximum(0, -delta))


def _standardised(distance: Floats, variance: Floats) -> Floats:
    """distance / sqrt(variance), infinite on the side of the distance where there is no variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, distance / np.sqrt(variance), np.where(distance > 0, np.inf, -np.inf))


def _solve(score: Callable[[Floats], Floats], target: Floats | float, low: Floats, high: Floats) -> Floats:
    """Where a falling score meets a target between two bounds, by bisection; vectorised."""
    low, high = low.astype(float).copy(), high.astype(float).copy()
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = score(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


# --- from items to the size that independent single pairs would have -----------------------------------------------


@dataclass(frozen=True, slots=True)
class Effective:
    """Counts of a paired comparison after its design effect: what `tango` is given; 0-dimensional or one a study.

    `variance` is V1/n, what a single pair contributes to the variance of the drop. `degrees` is the number of groups of
    dependent items less one, -1 without groups.
    """

    b: Floats
    e: Floats
    n: Floats
    deff: Floats
    variance: Floats
    degrees: Floats

    def limits(self, level: ArrayLike = 0.95, interim: ArrayLike = False) -> tuple[Floats, Floats]:
        """The interval that the gate uses: Tango's with the lower of its and SCAS's lower limits.

        At an `interim` look the upper limit is the lower of both too: there Tango's asks for more items without a flip
        than the error needs, and SCAS's, which at the last look would pass too often, does not. [looks] With groups,
        counts and number shrink by (z / t)^2 for their degrees of freedom.
        """
        share = np.ones(())
        if np.any(self.degrees >= 0):
            z, degrees = np.broadcast_arrays(_quantiles(level), self.degrees)
            pairs = zip(z.ravel(), degrees.ravel(), strict=True)
            t = [t_of(level_of(float(a)), int(g)) if g >= 0 else a for a, g in pairs]
            share = np.maximum((z / np.reshape(t, z.shape)) ** 2, 1e-9)  # one group alone says next to nothing
        b, e, n = self.b * share, self.e * share, self.n * share
        low, high = tango(b, e, n, level)
        if np.any(interim):
            high = np.where(interim, np.minimum(high, -scas_lower(e, b, n, level)), high)
        return np.minimum(low, scas_lower(b, e, n, level)), high


LAST_LOOK = "clustered Tango, lower limit min with SCAS"
INTERIM_LOOK = "clustered Tango and SCAS, the lower of both limits (interim look)"
"""The methods of the drop's interval when everything was asked, and before."""


def effective(clean: ArrayLike, messy: ArrayLike, groups: ArrayLike | None = None) -> Effective:
    """Discordant counts and item number, shrunk to the size that independent single pairs would have. [intervals, 1]

    `clean` and `messy` hold each item's mean score along the last axis; `groups` its group, where items depend on each
    other (then one study at a time). Averaging inside an item can only reduce the variance, so without groups the
    design effect is at most 1.
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    n, d = c.shape[-1], c - p
    b, e = np.sum(c * (1 - p), axis=-1), np.sum((1 - c) * p, axis=-1)
    mean = (b - e) / n
    single = np.maximum((b + e) - n * mean**2, 0.0)
    if groups is None:
        between, degrees = np.sum(d**2, axis=-1) - n * mean**2, -1
        deff = np.clip((between + _STABILISER) / (single + _STABILISER), 1e-3, 1.0)
    else:
        sums = _group_sums(d - mean, groups)
        degrees = len(sums) - 1
        between = len(sums) / max(degrees, 1) * np.sum(sums**2)
        deff = np.maximum(1e-3, (between + _STABILISER) / (single + _STABILISER))
    return Effective(b / deff, e / deff, n / deff, deff, single / n, np.broadcast_to(float(degrees), np.shape(deff)))


def _group_sums(values: Floats, groups: ArrayLike) -> Floats:
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    return np.bincount(index, weights=values).astype(float)


def _count_groups(groups: ArrayLike | None) -> int:
    return len(np.unique(np.asarray(groups))) if groups is not None else 0


# --- the drop -----------------------------------------------------------------------------------------------------


def drop(
    clean: ArrayLike,
    messy: ArrayLike,
    *,
    level: float = 0.95,
    groups: ArrayLike | None = None,
    graded: bool = False,
    interim: bool = False,
    **basis: Unpack[Basis],
) -> Estimate:
    """The absolute drop in accuracy, clean minus messy, with the interval the gate uses. [intervals, 1, 2 and 5]

    For answers that are right or wrong it is clustered Tango's with the lower of Tango's and SCAS's lower limits, and
    of the upper ones too at an `interim` look (see `Effective.limits`); for `graded` scores in [0, 1] see
    `graded_drop`. Positive is worse.
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    if graded:
        return graded_drop(c - p, level=level, groups=groups, **basis)
    eff = effective(c, p, groups)
    low, high = eff.limits(level, interim)
    return Estimate(
        value=float(np.mean(c - p)),
        low=float(low),
        high=float(high),
        level=level,
        method=INTERIM_LOOK if interim else LAST_LOOK,
        items=len(c),
        groups=_count_groups(groups),
        deff=float(eff.deff),
        discordant=int(np.sum(c != p)),
        variance=float(eff.variance),
        **basis,
    )


def graded_drop(
    differences: ArrayLike, *, level: float = 0.95, groups: ArrayLike | None = None, **basis: Unpack[Basis]
) -> Estimate:
    """The mean difference of scores in [0, 1], one an item: bootstrap-t and pseudo-items together. [intervals, 5]

    The wider limit of the studentised bootstrap and of the linearised Bonett-Price interval on each side: the first
    follows skewed differences, the second allows for rare large ones that this sample happens to lack. With fewer than
    15 effectively differing items it is the second alone.
    """
    d = np.asarray(differences, dtype=float)
    pseudo = mean_of(d, level=level, groups=groups, **basis)
    squares = float(np.sum(d**2))
    kappa = squares**2 / float(np.sum(d**4)) if squares else 0.0
    found: dict[str, Any] = {"discordant": int(np.sum(d != 0)), "variance": float(np.var(d))}
    units = _units(d - float(np.mean(d)), groups)
    if kappa < FEWEST_DISCORDANT or len(units) < 3:
        return replace(pseudo, **found)
    low, high = _bootstrap_t(float(np.mean(d)), units, level)
    return replace(
        pseudo,
        low=max(-1.0, min(low, pseudo.low)),
        high=min(1.0, max(high, pseudo.high)),
        method="studentised bootstrap over items, joined with linearised Bonett-Price",
        **found,
    )


def _units(influence: Floats, groups: ArrayLike | None) -> Floats:
    """Influence values of independent units: items, or groups, scaled so that their mean stays the estimate's."""
    if groups is None:
        return influence
    sums = _group_sums(influence, groups)
    return sums * len(sums) / len(influence)


def _bootstrap_t(value: float, units: Floats, level: float) -> tuple[float, float]:
    """Limits of value + mean of units, from resamples studentised by their own standard error. [intervals, 5]"""
    n = len(units)
    rng = np.random.default_rng(int.from_bytes(digest("bootstrap")[:8]))
    kinds, counts = np.unique(units, return_counts=True)
    ratios: list[Floats] = []
    for size in _chunks(RESAMPLES, n):
        if len(kinds) < n / 4:  # units that are alike are drawn together, which is the same and faster
            drawn = rng.multinomial(n, counts / n, size=size)
            means, squares = drawn @ kinds / n, drawn @ kinds**2 / n
        else:
            sample = units[rng.integers(n, size=(size, n))]
            means, squares = sample.mean(axis=1), np.einsum("ij,ij->i", sample, sample) / n
        spread = np.sqrt(np.maximum(squares - means**2, 0))
        kept = spread > 0
        ratios.append((means[kept] - float(np.mean(units))) / (spread[kept] / math.sqrt(n)))
    tail = (1 - level) / 2
    bottom, top = np.quantile(np.concatenate(ratios), [tail, 1 - tail])
    error = float(np.std(units)) / math.sqrt(n)
    return value - float(top) * error, value - float(bottom) * error


def _chunks(total: int, width: int, cells: int = 4_000_000) -> list[int]:
    """Row counts of blocks that hold at most so many cells."""
    rows = max(1, min(total, cells // max(width, 1)))
    return [rows] * (total // rows) + ([total % rows] if total % rows else [])


def relative_drop(
    clean: ArrayLike,
    messy: ArrayLike,
    *,
    level: float = 0.95,
    groups: ArrayLike | None = None,
    graded: bool = False,
    **basis: Unpack[Basis],
) -> Estimate | None:
    """The share of the clean accuracy that is lost, 1 - messy / clean (PromptRobust's PDR). [intervals, 4]

    A ratio of sums with clustered Tang's interval; negative where mess helps. None where no clean answer was right,
    and for graded scores. A limit of -49 or 1 means that the data do not bound it.
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    if graded or not c.sum():
        return None
    eff = effective(c, p, groups)
    share = max((z_of(level) / t_of(level, int(eff.degrees))) ** 2, 1e-9) if groups is not None else 1.0
    x11 = float(np.sum(c * p)) / eff.deff
    low, high = tang(x11 * share, eff.b * share, eff.e * share, eff.n * share, level)
    return Estimate(
        value=1 - float(p.sum() / c.sum()),
        low=1 - float(high),
        high=1 - float(low),
        level=level,
        method="clustered Tang",
        items=len(c),
        groups=_count_groups(groups),
        deff=float(eff.deff),
        discordant=int(np.sum(c != p)),
        **basis,
    )


# --- everything that is a mean, or nearly one ---------------------------------------------------------------------


def linearised_bonett_price(
    value: float,
    influence: ArrayLike,
    *,
    level: float = 0.95,
    share: bool = False,
    scale: float = 1.0,
    groups: ArrayLike | None = None,
    extra: float = 0.0,
    **basis: Unpack[Basis],
) -> Estimate:
    """Any estimate that is nearly a mean, by its items' influence values and two pseudo-items. [intervals, 3]

    `influence` holds one number an item, summing to 0, such that the estimate is nearly its true value plus their mean.
    `share` is True for quantities in [0, 1] (pseudo-items 1 and 0), False for differences in [-scale, scale] (scale and
    -scale). `extra` is the variance of further independent parts. For k = 1 and a plain mean of -1, 0, 1 this is Bonett
    and Price (2012).
    """
    items = len(np.asarray(influence))
    units = _units(np.asarray(influence, dtype=float), groups) / scale
    n, mean = len(units), value / scale
    extra_sum, extra_squares = (1.0, 1.0) if share else (0.0, 2.0)
    total = n + 2
    middle = (n * mean + extra_sum) / total
    spread = (float(np.sum(units**2)) + n * mean**2 + extra_squares) / total - middle**2
    quantile = z_of(level) if groups is None else t_of(level, n - 1)
    half = quantile * math.sqrt(spread / total + extra / scale**2)
    floor = 0.0 if share else -1.0
    return Estimate(
        value,
        scale * max(floor, middle - half),
        scale * min(1.0, middle + half),
        level,
        "linearised Bonett-Price",
        items,
        groups=n if groups is not None else 0,
        **basis,
    )


def mean_of(
    values: ArrayLike,
    *,
    level: float = 0.95,
    share: bool = False,
    scale: float = 1.0,
    groups: ArrayLike | None = None,
    **basis: Unpack[Basis],
) -> Estimate:
    """The mean of one number an item with its linearised Bonett-Price interval. [intervals, 3]"""
    x = np.asarray(values, dtype=float)
    mean = float(np.mean(x))
    return linearised_bonett_price(mean, x - mean, level=level, share=share, scale=scale, groups=groups, **basis)


def accuracy(
    values: ArrayLike, *, level: float = 0.95, groups: ArrayLike | None = None, **basis: Unpack[Basis]
) -> Estimate:
    """The mean of one score an item, with clustered Wilson's interval. [intervals, 6]"""
    x = np.asarray(values, dtype=float)
    n, mean = len(x), float(np.mean(x))
    single = n * mean * (1 - mean)
    if groups is None:
        deff = float(np.clip((np.sum((x - mean) ** 2) + 0.5) / (single + 0.5), 1e-3, 1))
    else:
        sums = _group_sums(x - mean, groups)
        count = len(sums)
        between = count / max(count - 1, 1) * float(np.sum(sums**2))
        deff = max(1e-3, (between + 0.5) / (single + 0.5)) * (t_of(level, count - 1) / z_of(level)) ** 2
        deff = min(deff, 1e9)  # one group alone says next to nothing
    low, high = wilson(mean, n / deff, level)
    return Estimate(mean, low, high, level, "clustered Wilson", n, groups=_count_groups(groups), deff=deff, **basis)


def wilson(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) score interval for a share of n trials; n may be a fraction."""
    z2 = z_of(level) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(max(0.0, share * (1 - share)) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def clopper_pearson(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's (1934) interval, which covers at least as often as it says. [intervals, 6]"""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(right, n - right + 1, tail)) if right else 0.0
    high = float(betaincinv(right + 1, n - right, 1 - tail)) if right < n else 1.0
    return low, high
