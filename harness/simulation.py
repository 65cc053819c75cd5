"""Simulated studies with a known truth: items of latent difficulty, answered clean and messy. [simulation]

What the calibration, the self-test and the benchmarks draw from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .statistics import Floats

Regime = Literal["low", "high", "fragile"]
"""How alike answers to one item are: `low` (a noisy endpoint), `high` (nearly deterministic), `fragile` (deterministic,
and mess breaks some items for good)."""

CORRELATIONS: dict[str, tuple[float, float]] = {"low": (0.3, 0.9), "high": (0.95, 0.95)}
"""Latent correlation of answers to one item, and of its clean with its messy difficulty."""


@dataclass(frozen=True, slots=True)
class Design:
    """A study to simulate: its size, and the truth about the system."""

    items: int
    draws: int = 1
    repeats: int = 1
    clean: float = 0.9
    drop: float = 0.0
    regime: Regime = "high"

    def sample(self, rng: np.random.Generator, runs: int = 1) -> tuple[Floats, Floats]:
        """Mean clean and mean messy scores, one row a run and one column an item."""
        clean, messy = self.right(rng, runs)
        return np.asarray(clean / self.repeats, dtype=np.float64), np.asarray(messy / self.draws, dtype=np.float64)

    def right(self, rng: np.random.Generator, runs: int = 1) -> tuple[Floats, Floats]:
        """How many of the clean and of the messy answers are right, one row a run and one column an item.

        Difficulties are probit-normal with these margins exactly, so that the drop is what it says.
        """
        shape = (runs, self.items)
        if self.regime == "fragile":
            knows = rng.random(shape) < self.clean
            survives = rng.random(shape) >= self.drop / self.clean
            return self.repeats * knows.astype(float), self.draws * (knows & survives).astype(float)
        rho, shared = CORRELATIONS[self.regime]
        ease = rng.standard_normal(shape)
        other = shared * ease + math.sqrt(1 - shared**2) * rng.standard_normal(shape)
        clean = rng.binomial(self.repeats, chance(self.clean, rho, ease))
        messy = rng.binomial(self.draws, chance(self.clean - self.drop, rho, other))
        return clean.astype(float), messy.astype(float)


def chance(margin: float, rho: float, ease: Floats) -> Floats:
    """The items' own chances of a right answer, whose mean is `margin`."""
    from scipy.special import ndtr, ndtri

    if margin <= 0 or margin >= 1:
        return np.full_like(ease, min(max(margin, 0.0), 1.0))
    return np.asarray(ndtr((ndtri(margin) - math.sqrt(rho) * ease) / math.sqrt(1 - rho)))


def full_grid() -> list[Design]:
    """The 432 designs over which the interval of the drop is calibrated."""
    return [
        Design(items=n, draws=k, clean=clean, drop=drop, regime=regime)
        for n in (20, 50, 100, 300)
        for k in (1, 3, 5)
        for clean in (0.6, 0.9, 0.98)
        for drop in (0.0, 0.02, 0.1, 0.25)
        for regime in ("low", "high", "fragile")
    ]
