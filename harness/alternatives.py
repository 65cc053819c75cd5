"""Intervals and tests that others use and this gate does not: what calibration compares with, never what decides.

Paired tables are (a, b, e, d): both right, right only in the first arm, only in the second, neither.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .statistics import Floats, t_of, wilson, z_of

Limits = tuple[Floats, Floats]


# --- drops from means of items, one study a row -------------------------------------------------------------------


def unpaired(clean: Floats, messy: Floats, draws: int, level: float = 0.95) -> Limits:
    """Two accuracies compared as if of different items, n clean and n k messy answers (what most tools print)."""
    n = clean.shape[-1]
    c, p = clean.mean(axis=-1), messy.mean(axis=-1)
    error = np.sqrt(c * (1 - c) / n + p * (1 - p) / (n * draws))
    return c - p - z_of(level) * error, c - p + z_of(level) * error


def pooled(clean: Floats, messy: Floats, draws: int, level: float = 0.95) -> Limits:
    """All n k pairs taken as independent, with the plain paired variance."""
    n = clean.shape[-1] * draws
    b, e = (clean * (1 - messy)).mean(axis=-1), ((1 - clean) * messy).mean(axis=-1)
    error = np.sqrt(np.maximum(b + e - (b - e) ** 2, 0) / n)
    return b - e - z_of(level) * error, b - e + z_of(level) * error


def cluster_t(clean: Floats, messy: Floats, level: float = 0.95) -> Limits:
    """Student's t over the items' mean differences."""
    d = np.asarray(clean) - np.asarray(messy)
    n = d.shape[-1]
    error = t_of(level, n - 1) * d.std(axis=-1, ddof=1) / math.sqrt(n)
    return d.mean(axis=-1) - error, d.mean(axis=-1) + error


def percentile_bootstrap(
    clean: Floats, messy: Floats, rng: np.random.Generator, level: float = 0.95, resamples: int = 1000
) -> tuple[float, float]:
    """Percentiles of the drop over resampled items, for one study."""
    d = np.asarray(clean) - np.asarray(messy)
    drawn = rng.multinomial(len(d), np.full(len(d), 1 / len(d)), size=resamples)
    low, high = np.quantile(drawn @ d / len(d), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


# --- one paired table ---------------------------------------------------------------------------------------------


def wald(b: ArrayLike, e: ArrayLike, n: ArrayLike, level: float = 0.95) -> Limits:
    """The textbook interval for (b - e) / n."""
    b, e, n = (np.asarray(x, dtype=float) for x in (b, e, n))
    half = z_of(level) * np.sqrt(np.maximum(b + e - (b - e) ** 2 / n, 0)) / n
    return (b - e) / n - half, (b - e) / n + half


def agresti_min(b: float, e: float, n: float, level: float = 0.95) -> Limits:
    """Wald's interval after half a pair is added to each cell (Agresti and Min 2005)."""
    return wald(b + 0.5, e + 0.5, n + 2, level)


def newcombe(a: float, b: float, e: float, d: float, level: float = 0.95) -> tuple[float, float]:
    """Newcombe's (1998) method 10: Wilson limits of both accuracies, joined with their continuity-corrected phi."""
    n = a + b + e + d
    first, second = (a + b) / n, (a + e) / n
    (l1, u1), (l2, u2) = wilson(first, n, level), wilson(second, n, level)
    cross = a * d - b * e
    cross = max(cross - n / 2, 0) if cross > 0 else cross
    margins = (a + b) * (e + d) * (a + e) * (b + d)
    phi = cross / math.sqrt(margins) if margins else 0.0
    difference = first - second
    down = (first - l1) ** 2 - 2 * phi * (first - l1) * (u2 - second) + (u2 - second) ** 2
    up = (u1 - first) ** 2 - 2 * phi * (u1 - first) * (second - l2) + (second - l2) ** 2
    return difference - math.sqrt(max(down, 0)), difference + math.sqrt(max(up, 0))


def bonett_price_ratio(a: float, b: float, e: float, level: float = 0.95) -> tuple[float, float]:
    """Bonett and Price's (2006) hybrid interval for the ratio (a + b) / (a + e)."""
    n, first, second = a + b + e, a + b, a + e
    one = math.sqrt((1 - (first + 1) / (n + 2)) / (first + 1))
    other = math.sqrt((1 - (second + 1) / (n + 2)) / (second + 1))
    z = z_of(level) * math.sqrt((b + e + 2) / ((first + 1) * (second + 1))) / (one + other)

    def limits(right: float) -> tuple[float, float]:
        half = z * math.sqrt(z**2 + 4 * right * (1 - right / n))
        return (2 * right + z**2 - half) / (2 * (n + z**2)), (2 * right + z**2 + half) / (2 * (n + z**2))

    (l1, u1), (l2, u2) = limits(first), limits(second)
    return l1 / u2, u1 / l2


def mover_ratio(a: float, b: float, e: float, d: float, level: float = 0.95) -> tuple[float, float]:
    """The ratio (a + b) / (a + e) from Wilson limits of both accuracies and their correlation (MOVER)."""
    n = a + b + e + d
    first, second = (a + b) / n, (a + e) / n
    (l1, u1), (l2, u2) = wilson(first, n, level), wilson(second, n, level)
    margins = (a + b) * (e + d) * (a + e) * (b + d)
    phi = (a * d - b * e) / math.sqrt(margins) if margins else 0.0
    both = first * second
    down = both - (first - l1) * (u2 - second) * phi
    up = both - (u1 - first) * (second - l2) * phi
    low = (down - math.sqrt(down**2 - l1 * (2 * first - l1) * u2 * (2 * second - u2))) / (u2 * (2 * second - u2))
    high = (up + math.sqrt(up**2 - u1 * (2 * first - u1) * l2 * (2 * second - l2))) / (l2 * (2 * second - l2))
    return low, high


def obuchowski(b: ArrayLike, e: ArrayLike) -> float:
    """Obuchowski's (1998) chi-square of clustered pairs, from each cluster's discordant counts."""
    d = np.asarray(b, dtype=float) - np.asarray(e, dtype=float)
    return float(d.sum() ** 2 / (len(d) / (len(d) - 1) * np.sum(d**2)))


def durkalski(b: ArrayLike, e: ArrayLike, sizes: ArrayLike) -> float:
    """Durkalski et al.'s (2003) chi-square of clustered pairs, every cluster weighing the same."""
    d = (np.asarray(b, dtype=float) - np.asarray(e, dtype=float)) / np.asarray(sizes, dtype=float)
    return float(d.sum() ** 2 / np.sum(d**2))
