"""Tests of "no effect at all" (never the gate), and what many claims at once do to an error rate.

Every p-value is in [0, 1] and two-sided unless it says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .seeds import digest
from .statistics import Floats, drop

PERMUTATIONS = 9_999
"""Sign flips drawn where there are too many to try them all."""

_EXACT_UP_TO = 12  # items that differ: 4,096 sign patterns
_FEWEST_DISCORDANT = 6  # five pairs that all fell have a two-sided p of .0625: nothing could be significant


def mcnemar(b: int, e: int, *, mid: bool = True) -> float:
    """McNemar's test on b and e discordant pairs; `mid` for the mid-p form, else exact conditional. [no effect]

    1 without a discordant pair. Fagerland et al. 2013, BMC Med Res Methodol 13:91, recommend the mid-p form.
    """
    from scipy.special import bdtr  # scipy.stats has the same, and takes a second to load

    if b + e == 0:
        return 1.0
    fewer = min(b, e)
    exact = 2 * float(bdtr(fewer, b + e, 0.5))
    return min(1.0, exact - float(math.comb(b + e, fewer) / 2 ** (b + e)) * (1 if mid else 0))


def sign_flip(differences: ArrayLike) -> float:
    """Permutation test of "the differences are symmetric about 0", by flipping their signs. [no effect]

    All patterns are tried for up to 12 items that differ, else 9,999 are drawn and p = (count + 1) / 10,000. Items that
    differ equally are flipped together as a binomial count, which is the same and faster.
    """
    d = np.abs(np.asarray(differences, dtype=float))
    observed = abs(float(np.sum(differences)))
    size = d[d > 0]
    if not len(size):
        return 1.0
    slack = 1e-9 * max(1.0, observed)
    if len(size) <= _EXACT_UP_TO:
        signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * len(size))).reshape(len(size), -1)
        return float(np.mean(np.abs(size @ signs) >= observed - slack))
    rng = np.random.default_rng(int.from_bytes(digest("sign_flip")[:8]))
    kinds, counts = np.unique(size, return_counts=True)
    sums = np.zeros(PERMUTATIONS)
    for kind, count in zip(kinds, counts, strict=True):
        sums += kind * (2 * rng.binomial(count, 0.5, size=PERMUTATIONS) - count)
    return (int(np.sum(np.abs(sums) >= observed - slack)) + 1) / (PERMUTATIONS + 1)


def no_effect(clean: ArrayLike, messy: ArrayLike) -> float | None:
    """The p-value of "mess changes nothing": McNemar's mid-p for single right-or-wrong pairs, else sign flips.

    None where fewer than 6 items differ: no outcome could be significant, and "untestable" is the word. [no effect]
    """
    c, p = np.asarray(clean, dtype=float), np.asarray(messy, dtype=float)
    if int(np.sum(c != p)) < _FEWEST_DISCORDANT:
        return None
    if np.all((c == 0) | (c == 1)) and np.all((p == 0) | (p == 1)):
        return mcnemar(int(np.sum(c > p)), int(np.sum(p > c)))
    return sign_flip(c - p)


def drop_p_value(
    clean: ArrayLike, messy: ArrayLike, margin: float, groups: ArrayLike | None = None, *, graded: bool = False
) -> float:
    """One-sided p-value of "the drop is at most the margin": the smallest one-sided error whose lower limit exceeds it.

    Found by inverting the interval of `drop`, to about 1e-6 of itself; at least 1e-9 and at most 0.5. [multiplicity]
    """

    def low(error: float) -> float:
        return drop(clean, messy, level=1 - 2 * error, groups=groups, graded=graded).low

    return inverted(lambda error: low(error) > margin)


def inverted(rejects: object, steps: int = 30) -> float:
    """The smallest one-sided error in [1e-9, 0.5] at which a claim is rejected, by bisection on its logarithm.

    `rejects(error)` must be monotone; 0.5 where it rejects at none.
    """
    assert callable(rejects)
    low, high = math.log(1e-9), math.log(0.4999)
    if not rejects(math.exp(high)):
        return 0.5
    if rejects(math.exp(low)):
        return math.exp(low)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if rejects(math.exp(middle)) else (middle, high)
    return math.exp(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the order given. [multiplicity]"""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's (1995) adjusted p-values, in the order given: for screens, not for gates."""
    from scipy.stats import false_discovery_control

    return [float(p) for p in false_discovery_control(p_values)] if p_values else []


def posterior_above(b: float, e: float, n: float, margin: float, draws: int = 4000) -> float:
    """P(drop > margin) under a Dirichlet posterior, as a reading aid beside the gate. [bayes]

    `b`, `e`, `n` are effective counts as `tango` takes them; prior (1, 1, 2).
    """
    rng = np.random.default_rng(int.from_bytes(digest("posterior")[:8]))
    sample: Floats = rng.dirichlet((1 + b, 1 + e, 2 + max(n - b - e, 0)), size=draws)
    return float(np.mean(sample[:, 0] - sample[:, 1] > margin))
