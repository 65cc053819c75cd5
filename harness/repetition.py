"""What several answers to the same thing tell: noise floor, worst of k, agreement."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .statistics import Estimate, Floats, mean_of


def self_disagreement(total: ArrayLike, squares: ArrayLike, repeats: ArrayLike) -> Floats:
    """For each item, the expected gross flip between two of its clean answers. [noise floor]

    `total` and `squares` are the sums of its `repeats` scores (two or more) and of their squares: twice the unbiased
    variance, which for right and wrong answers is 2a(R - a) / (R(R - 1)).
    """
    s, q, r = (np.asarray(x, dtype=float) for x in (total, squares, repeats))
    return np.asarray(np.maximum(2 * (q - s**2 / r) / (r - 1), 0))


def noise_floor(right: ArrayLike, repeats: int, *, level: float = 0.95) -> Estimate:
    """The share of answers that flip between two clean runs: how much the endpoint differs from itself. [noise floor]

    `right` holds, for each item, how many of its `repeats` (at least 2) clean answers were right. Raises ValueError for
    fewer repeats.
    """
    if repeats < 2:
        raise ValueError("a noise floor needs at least two clean answers an item")
    a = np.asarray(right, dtype=float)
    return mean_of(self_disagreement(a, a, repeats), level=level, share=True, repeats=repeats)


def all_right(right: ArrayLike, of: ArrayLike, k: int) -> Floats:
    """For each item, the chance that k of its answers, drawn without replacement, are all right. [worst of k]

    C(right, k) / C(of, k), unbiased for the k-th power of the item's own accuracy; NaN where it has fewer than k.
    """
    s, m = np.asarray(right, dtype=float), np.asarray(of, dtype=float)
    value = np.ones(np.broadcast_shapes(s.shape, m.shape))
    for i in range(k):
        with np.errstate(divide="ignore", invalid="ignore"):
            value = value * np.maximum(s - i, 0) / (m - i)
    return np.asarray(np.where(m >= k, value, np.nan))


def worst_of(
    right: ArrayLike, of: ArrayLike, k: int, *, level: float = 0.95, groups: ArrayLike | None = None
) -> Estimate:
    """The share of items whose answers would be right under each of k draws. [worst of k]

    Includes the endpoint's own noise: read it beside the same of k clean answers, or use `excess_worst_of`.
    """
    return mean_of(all_right(right, of, k), level=level, share=True, groups=groups, draws=k)


def excess_worst_of(
    clean_right: ArrayLike,
    repeats: ArrayLike,
    right: ArrayLike,
    of: ArrayLike,
    k: int,
    *,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Estimate:
    """How much rarer k messy answers are all right than k clean ones: 0 where mess does nothing. [worst of k]"""
    difference = all_right(clean_right, repeats, k) - all_right(right, of, k)
    return mean_of(difference, level=level, groups=groups, draws=k, repeats=k)


def agreement(items: ArrayLike, answers: ArrayLike) -> tuple[Floats, Floats]:
    """For each item, how far its answers agree with each other, right or wrong. [consistency]

    `items` and `answers` are one code an answer. Returns, over the items with at least two answers in rising order,
    the share of pairs of answers that are equal, and whether all are.
    """
    item, answer = np.asarray(items), np.asarray(answers)
    order = np.lexsort((answer, item))
    item, answer = item[order], answer[order]
    first = np.r_[True, (item[1:] != item[:-1]) | (answer[1:] != answer[:-1])] if len(item) else np.zeros(0, bool)
    run_item, run_size = item[first], np.diff(np.r_[np.flatnonzero(first), len(item)])
    _, index = np.unique(run_item, return_inverse=True)
    size = np.bincount(index, weights=run_size)
    equal = np.bincount(index, weights=run_size * (run_size - 1))
    several = size >= 2
    pairs = equal[several] / (size[several] * (size[several] - 1))
    return pairs, (np.bincount(index)[several] == 1).astype(float)
