"""Ladders: one perturbation at rising severities on the same items. [severity] in docs/statistics.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .seeds import digest
from .statistics import Estimate, Floats, mean_of

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the rungs of a ladder say together.

    `certified` is the highest severity up to which every rung is GO (0 = none), `broken` the lowest from which every
    rung is NO-GO (None = none). `area` is the mean drop over the severity axis, `trend` the drop a step of severity
    adds. `breaking_point` is the severity at which the smoothed drop crosses the margin, with a bootstrap interval;
    infinite where it never does. `uneven` says that the drop falls with severity by more than chance allows.
    """

    severities: tuple[int, ...]
    certified: int
    broken: int | None
    area: Estimate | None = None
    trend: Estimate | None = None
    breaking_point: tuple[float, float, float] | None = None
    uneven: bool = False


def certified(severities: Sequence[int], go: Sequence[bool]) -> int:
    """The highest severity up to which every rung is GO, in rising order; 0 where the first is not.

    Rungs are tested in fixed order and the first that fails ends it, so no correction is needed. [severity]
    """
    best = 0
    for severity, passed in zip(severities, go, strict=True):
        if not passed:
            break
        best = severity
    return best


def broken_from(severities: Sequence[int], no_go: Sequence[bool]) -> int | None:
    """The lowest severity from which every rung up to the top is NO-GO; None where the top one is not. [severity]"""
    lowest = None
    for severity, failed in zip(reversed(severities), reversed(no_go), strict=True):
        if not failed:
            break
        lowest = severity
    return lowest


def area(drops: ArrayLike, severities: Sequence[int], *, level: float = 0.95) -> Estimate:
    """The mean drop over the severity axis from 0 (where there is none) to the highest rung, by the trapezoid rule.

    `drops` has a row an item and a column a rung.
    """
    s = np.array([0.0, *severities])
    weights = np.r_[s[2:] - s[:-2], s[-1] - s[-2]] / 2 / s[-1]
    return mean_of(np.asarray(drops, dtype=float) @ weights, level=level)


def trend(drops: ArrayLike, severities: Sequence[int], *, level: float = 0.95) -> Estimate:
    """What a step of severity adds to the drop, by least squares over two rungs or more."""
    s = np.asarray(severities, dtype=float)
    weights = (s - s.mean()) / np.sum((s - s.mean()) ** 2)
    return mean_of(np.asarray(drops, dtype=float) @ weights, level=level, scale=float(np.sum(np.abs(weights))))


def rising(means: ArrayLike) -> Floats:
    """The closest sequence along the last axis that never falls (isotonic regression of equal weights).

    By its min-max form: the largest, over starts up to here, of the smallest, over ends from here, of the mean between.
    """
    x = np.asarray(means, dtype=float)
    rungs = x.shape[-1]
    total = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(x, axis=-1)], axis=-1)
    columns = []
    for at in range(rungs):
        starts = [
            np.min([(total[..., end + 1] - total[..., start]) / (end + 1 - start) for end in range(at, rungs)], axis=0)
            for start in range(at + 1)
        ]
        columns.append(np.max(starts, axis=0))
    return np.stack(columns, axis=-1)


def breaking_point(
    drops: ArrayLike, severities: Sequence[int], margin: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """The severity at which the smoothed drop crosses the margin, and its bootstrap interval over items.

    Linear between rungs and from no drop at severity 0; infinite where it never crosses. Descriptive: the certified
    severity is the one that is tested.
    """
    d = np.asarray(drops, dtype=float)
    rng = np.random.default_rng(int.from_bytes(digest("breaking point")[:8]))
    resampled = np.stack([d[rng.integers(len(d), size=len(d))].mean(axis=0) for _ in range(RESAMPLES)])
    points = np.sort(_crossings(resampled, severities, margin))
    tail = (1 - level) / 2
    low, high = points[math.floor(tail * RESAMPLES)], points[math.ceil((1 - tail) * RESAMPLES) - 1]
    return float(_crossings(d.mean(axis=0)[None, :], severities, margin)[0]), float(low), float(high)


def _crossings(means: Floats, severities: Sequence[int], margin: float) -> Floats:
    fitted = np.maximum(rising(means), 0)
    s = np.array([0.0, *severities])
    values = np.concatenate([np.zeros((len(fitted), 1)), fitted], axis=1)
    above = values >= margin
    first = np.argmax(above, axis=1)
    rows = np.arange(len(values))
    left, right = values[rows, first - 1], values[rows, first]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (margin - left) / (right - left)
    return np.where(above.any(axis=1), s[first - 1] + share * (s[first] - s[first - 1]), np.inf)


def uneven(drops: ArrayLike) -> bool:
    """Whether smoothing the ladder into a rising one moves a rung by more than two standard errors."""
    d = np.asarray(drops, dtype=float)
    means, errors = d.mean(axis=0), d.std(axis=0) / math.sqrt(len(d))
    return bool(np.any(np.abs(rising(means) - means) > 2 * np.maximum(errors, 1 / len(d))))
