"""When a variant's right answer may be gone, or a judge may be wrong. [validity] and [judges] in docs/statistics.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .statistics import Basis, Estimate, Floats, linearised_bonett_price, wilson, z_of

SUSPICIOUS_SHARE = 0.10
"""With more invalid variants than this a perturbation needs repair; its drop is shown but not gated."""

FEWEST_LABELLED = 60
"""Items with human labels below which a judge-corrected drop is shown but not gated."""

FEWEST_KAPPA = 0.6
"""Agreement of two auditors below which their audit corrects nothing."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Variants by whether the clean and the messy answer were right, with an audit of some of them.

    One entry a variant: its item (a code from 0), the item's mean clean score, its own score (0 or 1), and whether the
    audit found its right answer unchanged (1), changed (0), or did not look (NaN). An item with several clean answers
    stands in both clean cells, by their share.
    """

    item: NDArray[np.intp]
    clean: Floats
    messy: Floats
    valid: Floats

    def weights(self) -> Floats:
        """The weight of each variant in the four cells (clean right, messy right): 10, 11, 00, 01."""
        c, y = self.clean, self.messy
        return np.stack([c * (1 - y), c * y, (1 - c) * (1 - y), (1 - c) * y])


_DIFFERENCE = np.array([1.0, 0.0, 0.0, -1.0])  # of the cells 10, 11, 00, 01


def audited_drop(
    cells: Cells, *, level: float = 0.95, auditor: tuple[float, float] = (1.0, 1.0), **basis: Unpack[Basis]
) -> Estimate:
    """The drop over the variants that are valid, from an audit of a random sample in each cell. [validity]

    Every cell's variants are weighted by the share that the audit found valid; the interval carries what the audit
    leaves open. A cell that was not audited is taken as all valid and as all invalid, and the interval spans both.
    `auditor` is the auditor's chance to see an invalid and to see a valid variant (sensitivity, specificity), 1 where
    the audit is taken for the truth. Raises ValueError for an auditor hardly better than a coin, and where nothing
    valid is left.
    """
    weight = cells.weights()
    seen = ~np.isnan(cells.valid)
    held = np.nansum(weight, axis=1)
    looked = weight[:, seen].sum(axis=1)
    invalid = (weight[:, seen] * (1 - cells.valid[seen])).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = invalid / looked
    kept = 1 - np.array([rogan_gladen(q, *auditor) if looked[h] else 0.0 for h, q in enumerate(share)])
    unknown = [h for h in range(4) if held[h] > 0 and not looked[h]]
    found = []
    for choice in product((1.0, 0.0), repeat=len(unknown)):
        guess = kept.copy()
        guess[unknown] = choice
        if float(guess @ held) > 0:
            found.append(_with_weights(cells, weight, guess, seen, held, looked, level, basis))
    if not found:
        raise ValueError("the audit left no valid variant")
    return replace(found[0], low=min(one.low for one in found), high=max(one.high for one in found))


def _with_weights(
    cells: Cells,
    weight: Floats,
    kept: Floats,
    seen: NDArray[np.bool_],
    held: Floats,
    looked: Floats,
    level: float,
    basis: Basis,
) -> Estimate:
    total = float(kept @ held)
    value = float(kept * _DIFFERENCE @ held) / total
    off = (_DIFFERENCE - value)[:, None]
    share = kept[:, None] * weight * off
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(looked > 0, held / looked, 0.0)[:, None]
    residual = np.where(seen, np.nan_to_num(cells.valid), 0.0)[None, :] - kept[:, None]
    share = share + np.where(seen[None, :], factor * residual * weight * off, 0.0)
    items, index = np.unique(cells.item, return_inverse=True)
    influence = np.bincount(index, weights=share.sum(axis=0)) * len(items) / total
    estimate = linearised_bonett_price(value, influence, level=level, **basis)
    return replace(estimate, method="audit-corrected, linearised Bonett-Price")


def invalid_share(cells: Cells, *, level: float = 0.95) -> Estimate:
    """The share of variants that the audit takes for invalid, cells weighing by their size; Wilson's interval."""
    weight, seen = cells.weights(), ~np.isnan(cells.valid)
    held, looked = weight.sum(axis=1), weight[:, seen].sum(axis=1)
    invalid = (weight[:, seen] * (1 - cells.valid[seen])).sum(axis=1)
    known = looked > 0
    share = float(np.sum(held[known] * invalid[known] / looked[known]) / np.sum(held[known]))
    low, high = wilson(share, int(seen.sum()), level)
    return Estimate(share, low, high, level, "audit, Wilson", int(seen.sum()))


def rogan_gladen(share: float, sensitivity: float, specificity: float) -> float:
    """The true share behind an apparent one, for a test with these error rates (Rogan and Gladen 1978).

    Clipped to [0, 1]. Raises ValueError where sensitivity + specificity - 1 is below a half.
    """
    informed = sensitivity + specificity - 1
    if informed < 0.5:
        raise ValueError(f"an auditor with sensitivity {sensitivity} and specificity {specificity} tells too little")
    return min(1.0, max(0.0, (share + specificity - 1) / informed))


def true_share(
    positive: int,
    n: int,
    sensitivity: tuple[float, int],
    specificity: tuple[float, int],
    *,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """The true share with its interval, where the test's own error rates were measured too (Lang and Reiczigel 2014).

    `sensitivity` and `specificity` come with the number of known cases they were measured on. Returns value, low, high.
    """
    z2 = z_of(level) ** 2
    (se, n_se), (sp, n_sp) = sensitivity, specificity
    value = rogan_gladen(positive / n, se, sp)
    total = n + z2
    p = (positive + z2 / 2) / total
    se, n_se = (n_se * se + 1) / (n_se + 2), n_se + 2
    sp, n_sp = (n_sp * sp + 1) / (n_sp + 2), n_sp + 2
    middle = (p + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    variance = (p * (1 - p) / total + middle**2 * of_se + (1 - middle) ** 2 * of_sp) / (se + sp - 1) ** 2
    shift = 2 * z2 * (middle * of_se - (1 - middle) * of_sp)
    half = math.sqrt(z2 * variance)
    return value, min(1.0, max(0.0, middle + shift - half)), min(1.0, max(0.0, middle + shift + half))


def unaudited_bounds(
    lost: float, gained: float, variants: float, ceiling: float = SUSPICIOUS_SHARE
) -> tuple[float, float]:
    """How low and how high the drop could be if up to this share of the variants were invalid. [validity]

    `lost` and `gained` count the variants whose answer went from right to wrong and back.
    """
    x = math.floor(ceiling * variants)
    if x >= variants:
        return -1.0, 1.0

    def most(down: float, up: float) -> float:
        out = min(x, up)
        return max((down - up + out) / (variants - out), (down - up + out) / (variants - x))

    return -most(gained, lost), most(lost, gained)


def kappa(one: Sequence[object], other: Sequence[object]) -> float:
    """Cohen's (1960) kappa of two readers' labels: agreement beyond chance, 1 at best; NaN where nothing can differ."""
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    labels = {*one, *other}
    chance = sum(list(one).count(label) * list(other).count(label) for label in labels) / n**2
    return (agreed - chance) / (1 - chance) if chance < 1 else math.nan


def judged_drop(
    human: ArrayLike, judge: ArrayLike, judge_only: ArrayLike, *, level: float = 0.95, weight: float | None = None
) -> Estimate:
    """The drop that humans would find, from a judge on all items and humans on some (PPI++). [judges]

    `human` and `judge` hold the drops of the same labelled items, labelled on both arms; `judge_only` the judge's drops
    of the others. `weight` is the trust in the judge, chosen from the data where None. Two pseudo-items are added.
    """
    y, f, u = (np.asarray(x, dtype=float) for x in (human, judge, judge_only))
    if weight is None:
        spread = float(np.var(np.r_[f, u], ddof=1)) if len(f) + len(u) > 1 else 0.0
        shared = float(np.cov(y, f, ddof=1)[0, 1]) if len(y) > 1 else 0.0
        ratio = len(y) / len(u) if len(u) else math.inf
        weight = min(1.0, max(0.0, shared / ((1 + ratio) * spread))) if spread and len(u) else 0.0
    rest = y - weight * f
    total = len(y) + 2
    v = (float(np.sum(rest**2)) + 2) / total - (float(np.sum(rest)) / total) ** 2
    of_judge = weight**2 * float(np.var(u, ddof=1)) / len(u) if len(u) > 1 else 0.0
    value = (weight * float(np.mean(u)) if len(u) else 0.0) + float(np.mean(rest))
    half = z_of(level) * math.sqrt(of_judge + v / total)
    return Estimate(
        value,
        max(-1.0, value - half),
        min(1.0, value + half),
        level,
        f"PPI++ (trust in the judge {weight:.2f}), two pseudo-items",
        len(y) + len(u),
    )


def prediction_powered_mean(
    human: ArrayLike, judge: ArrayLike, judge_only: ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Plain prediction-powered inference with full trust and no pseudo-items, as published; a reference for tests."""
    y, f, u = (np.asarray(x, dtype=float) for x in (human, judge, judge_only))
    value = float(np.mean(u) + np.mean(y - f))
    half = z_of(level) * math.sqrt(float(np.var(u)) / len(u) + float(np.var(y - f)) / len(y))
    return value, value - half, value + half
