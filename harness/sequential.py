"""Looking before the end: when a study may stop early, and what an interval means then.

Three rules, none of which can be fooled by looking often: planned looks that spend the error bit by bit, e-processes
that hold at any time, and their form for drawing without replacement, where the claim is about the suite itself.
[looks] in docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .statistics import Floats, level_of

Spending = Literal["obrien_fleming", "pocock"]

_GRID = 501  # points of the numerical integration
_NORMAL = NormalDist()
_SHARES = np.geomspace(0.005, 0.99, 40)  # of the largest bet that cannot lose everything
_FASTEST = 0.99


def spent(fraction: float, error: float, spending: Spending = "obrien_fleming") -> float:
    """The one-sided error that may be spent up to this fraction of the study (Lan and DeMets 1983). [looks]"""
    t = min(fraction, 1.0)
    if spending == "pocock":
        return error * math.log(1 + (math.e - 1) * t)
    return 2 * _NORMAL.cdf(_NORMAL.inv_cdf(error / 2) / math.sqrt(t)) if t > 0 else 0.0


@lru_cache(maxsize=512)
def boundaries(
    fractions: tuple[float, ...], error: float = 0.025, spending: Spending = "obrien_fleming"
) -> tuple[float, ...]:
    """Critical z at each look, for one side; fractions rise and end at 1 at most. [looks]

    Armitage, McPherson and Rowe's recursion: the density of the running sum on the paths that have not crossed yet,
    carried from look to look by numerical integration. Raises ValueError for fractions that do not rise.
    """
    if not fractions or any(b <= a for a, b in zip((0.0, *fractions), fractions, strict=False)) or fractions[-1] > 1:
        raise ValueError(f"looks must be rising fractions of the study, in (0, 1], not {fractions}")
    found: list[float] = []
    grid, density = np.zeros(1), np.ones(1)
    before, used = 0.0, 0.0
    for t in fractions:
        step = math.sqrt(t - before)
        allowed = max(spent(t, error, spending) - used, 0.0)
        bound = _crossing(grid, density, step, allowed, math.sqrt(t))
        found.append(bound)
        used += allowed
        ends = bound * math.sqrt(t)
        fresh = np.linspace(-8.0 * math.sqrt(t), min(ends, 8.0 * math.sqrt(t)), _GRID)
        kernel = np.exp(-(((fresh[:, None] - grid[None, :]) / step) ** 2) / 2) / (step * math.sqrt(2 * math.pi))
        density = kernel @ (density * _weights(grid))
        grid, before = fresh, t
    return tuple(found)


def _weights(grid: Floats) -> Floats:
    """Simpson's weights of an evenly spaced grid; 1 for a single point."""
    if len(grid) == 1:
        return np.ones(1)
    weights = np.full(len(grid), 2.0)
    weights[1::2] = 4.0
    weights[0] = weights[-1] = 1.0
    return np.asarray(weights * (grid[1] - grid[0]) / 3)


def _crossing(grid: Floats, density: Floats, step: float, allowed: float, root: float) -> float:
    """The z whose exceedance, from the paths still running, has this probability; 9 where nothing may be spent."""
    from scipy.special import ndtr

    mass = density * _weights(grid)
    low, high = -9.0, 9.0
    for _ in range(60):
        middle = (low + high) / 2
        beyond = float(np.sum(mass * ndtr(-(middle * root - grid) / step)))
        low, high = (middle, high) if beyond > allowed else (low, middle)
    return (low + high) / 2


def level_at(fractions: Sequence[float], level: float = 0.95, spending: Spending = "obrien_fleming") -> float:
    """The level of the two-sided interval at the last of these looks, so that all of them together hold `level`."""
    if tuple(fractions) == (1.0,):
        return level
    z = boundaries(tuple(round(t, 9) for t in fractions), (1 - level) / 2, spending)[-1]
    return level_of(z)


# --- at any time --------------------------------------------------------------------------------------------------


def log_evidence(
    differences: ArrayLike,
    margin: float,
    *,
    against: Literal["margin or more", "margin or less"],
    of: int = 0,
    groups: ArrayLike | None = None,
    largest: int = 0,
) -> Floats:
    """The logarithm of the e-process after each item. [looks]

    `differences` are the items' drops in [-1, 1], in the random order in which they came. Against "margin or more" it
    grows where the drop is smaller (for GO), against "margin or less" where it is larger (for NO-GO). Values above
    log(1 / error) reject at that error whenever they are first seen (Ville's inequality). `of` is the size of the suite
    where the claim is about its items alone: then they are drawn without replacement (Waudby-Smith and Ramdas). With
    `groups` of dependent items (ranks that say in which order they come) a whole group is one step, weighing by its
    size; `largest` is the size of the largest group that is planned.
    """
    d = np.asarray(differences, dtype=float)
    weight = np.ones(len(d))
    if groups is not None and not of:
        d, weight = _steps(d, groups, largest)
    sign = 1.0 if against == "margin or more" else -1.0
    held, certain = _held(d, margin, of)
    widest = max(1 - sign * margin, 1e-9)
    bets = np.broadcast_to(_SHARES[None, :] / widest, (len(d), len(_SHARES)))
    if of:
        bets = np.minimum(bets, _FASTEST / np.maximum(1 - sign * held, 1e-12)[:, None])
    gains = sign * (held * weight - d)
    paths = np.cumsum(np.log(np.maximum(1 + bets * gains[:, None], 1e-300)), axis=0)
    peak = paths.max(axis=1)
    total = peak + np.log(np.mean(np.exp(paths - peak[:, None]), axis=1))
    if of:  # the items that are left cannot make the margin true, or cannot make it false
        impossible = np.maximum.accumulate(certain > 0) if sign > 0 else np.maximum.accumulate(certain < 0)
        total = np.where(impossible, np.inf, total)
    return np.asarray(total)


def _steps(d: Floats, groups: ArrayLike, largest: int) -> tuple[Floats, Floats]:
    """Sums and sizes of groups in order of their ranks, over the size of the largest one that is planned."""
    _, index, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    scale = max(largest, int(sizes.max()))
    return np.bincount(index, weights=d) / scale, sizes / scale


def _held(d: Floats, margin: float, of: int) -> tuple[Floats, Floats]:
    """The mean that the next item has if the margin is true, and +1 or -1 where that cannot be."""
    if not of:
        return np.full(len(d), margin), np.zeros(len(d))
    before = np.r_[0.0, np.cumsum(d)[:-1]]
    left = of - np.arange(len(d))
    held = (of * margin - before) / left
    after = of * margin - np.cumsum(d)
    rest = left - 1
    certain = np.where(after > rest + 1e-12, 1.0, np.where(after < -rest - 1e-12, -1.0, 0.0))
    if len(d) == of:  # everything is known
        certain[-1] = np.sign(round(after[-1], 12))
    return np.clip(held, -1, 1), certain


def anytime_limits(
    differences: ArrayLike, level: float = 0.95, of: int = 0, groups: ArrayLike | None = None, largest: int = 0
) -> tuple[float, float]:
    """The confidence sequence at this moment: the drops that neither e-process rejects. [looks]

    Holds at every moment at once. Found by bisection, since the evidence is monotone in the margin.
    """
    d = np.asarray(differences, dtype=float)
    if not len(d):
        return -1.0, 1.0
    need, inside = math.log(2 / (1 - level)), float(np.mean(d))
    if of:  # what the items that are left can still make of it
        inside = (float(np.sum(d)) + (of - len(d)) * float(np.clip(inside, -1, 1))) / of

    def rejected(margin: float, against: Literal["margin or more", "margin or less"]) -> bool:
        evidence = log_evidence(d, margin, against=against, of=of, groups=groups, largest=largest)
        return bool(np.max(evidence) >= need)

    def limit(end: float, against: Literal["margin or more", "margin or less"]) -> float:
        kept, gone = inside, end
        for _ in range(20):  # to 2e-6
            middle = (kept + gone) / 2
            kept, gone = (kept, middle) if rejected(middle, against) else (middle, gone)
        return gone

    return limit(-1.0, "margin or less"), limit(1.0, "margin or more")


def anytime_items(flips: float, true_drop: float, margin: float, error: float) -> int | None:
    """About how many items the e-process needs for a verdict: log(1 / error) and its spread over the growth an item.

    `flips` is the share of pairs that flip either way, whose difference is `true_drop`. None where even the smallest
    bet loses, because the drop is too close to the margin.
    """
    psi = max(flips, abs(true_drop))
    lost, gained = (psi + true_drop) / 2, (psi - true_drop) / 2
    sign = 1.0 if true_drop < margin else -1.0
    bets = _SHARES / (1 - sign * margin)
    logs = [np.log1p(np.maximum(bets * sign * (margin - d), -0.999999)) for d in (1.0, -1.0, 0.0)]
    chances = (lost, gained, 1 - psi)
    growth = np.sum([chance * log for chance, log in zip(chances, logs, strict=True)], axis=0)
    best = int(np.argmax(growth))
    gain = float(growth[best])
    if gain <= 0:
        return None
    spread = math.sqrt(max(sum(p * log[best] ** 2 for p, log in zip(chances, logs, strict=True)) - gain**2, 0.0))
    need = math.log(1 / error) + math.log(len(_SHARES) / 8)  # the mixture pays for bets that are far from the best one
    root = (0.84 * spread + math.sqrt((0.84 * spread) ** 2 + 4 * gain * need)) / (2 * gain)
    return math.ceil(root**2)
