from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness.sequential import (
    anytime_items,
    anytime_limits,
    boundaries,
    level_at,
    log_evidence,
    spent,
)
from roadtest.harness.statistics import z_of

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def test_boundaries_golden():
    """R's rpact 3.3.4."""
    assert boundaries(FIVE) == pytest.approx((4.876885, 3.357012, 2.680280, 2.289817, 2.031032), abs=1e-5)
    pocock = (2.437977, 2.426814, 2.410194, 2.396645, 2.385985)
    assert boundaries(FIVE, 0.025, "pocock") == pytest.approx(pocock, abs=2e-5)
    assert boundaries((0.3, 0.6, 1.0)) == pytest.approx((3.928573, 2.669972, 1.981024), abs=1e-5)
    assert boundaries((1.0,)) == pytest.approx((z_of(0.95),), abs=1e-6)


@pytest.mark.parametrize("fractions", [(), (0.5, 0.5), (0.6, 0.4), (0.0, 1.0), (0.5, 1.1)])
def test_looks_must_rise_to_the_end(fractions):
    with pytest.raises(ValueError, match="rising fractions"):
        boundaries(fractions)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=8, unique=True), st.sampled_from([0.025, 0.005, 0.05]))
def test_all_looks_together_spend_the_error(at, error):
    """Simulated: the chance that Brownian motion crosses at any look is what was spent."""
    fractions = tuple(sorted(x / 20 for x in at))
    rng = np.random.default_rng(1)
    steps = np.diff([0.0, *fractions])
    paths = np.cumsum(rng.standard_normal((40_000, len(steps))) * np.sqrt(steps), axis=1) / np.sqrt(fractions)
    crossed = np.mean(np.any(paths > np.array(boundaries(fractions, error)), axis=1))
    assert crossed == pytest.approx(spent(fractions[-1], error), abs=0.004)


def test_the_level_of_one_look_is_the_gates():
    assert level_at((1.0,)) == 0.95
    assert level_at(FIVE) == pytest.approx(1 - 2 * 0.0211, abs=5e-4)
    assert level_at((0.02,)) < 1.0, "a z that no number can tell from infinity is still a level"


DROPS = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.0, 0.5, 1.0]), min_size=1, max_size=60)


@settings(deadline=None, max_examples=40)
@given(DROPS, st.integers(0, 30))
def test_what_the_evidence_rejects_lies_outside_the_limits(drops, more):
    of = len(drops) + more if more else 0
    low, high = anytime_limits(drops, of=of)
    assert -1 <= low <= high <= 1
    need = math.log(40)
    for margin in (-0.5, -0.1, 0.03, 0.3, 0.8):
        rejected = np.max(log_evidence(drops, margin, against="margin or more", of=of)) >= need
        if abs(margin - high) > 1e-4:
            assert rejected == (margin > high)


def test_a_suite_that_was_asked_to_the_end_is_known():
    drops = np.array([1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0] * 5)
    low, high = anytime_limits(drops, of=50)
    assert low == pytest.approx(0.15, abs=1e-4)
    assert high == pytest.approx(0.15, abs=1e-4)
    wide = anytime_limits(drops[:40], of=50)
    assert wide[0] < 0.15 < wide[1]


def test_dependent_items_are_one_step():
    rng = np.random.default_rng(2)
    drops = np.repeat((rng.random(40) < 0.5).astype(float), 5)
    alone, together = anytime_limits(drops), anytime_limits(drops, groups=np.repeat(np.arange(40), 5))
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])
    single = anytime_limits(drops[::5], groups=np.arange(40))
    assert together == pytest.approx(single, abs=1e-5), "five copies of an item are one item"


@pytest.mark.parametrize(("flips", "true_drop", "margin"), [(0.05, 0, 0.05), (0.1, 0, 0.05), (0.3, 0.25, 0.05)])
def test_the_number_of_items_for_a_verdict_at_any_time(flips, true_drop, margin):
    n = anytime_items(flips, true_drop, margin, 0.025)
    rng = np.random.default_rng(0)
    against = "margin or more" if true_drop < margin else "margin or less"
    u = rng.random((200, n))
    drops = np.where(u < (flips + true_drop) / 2, 1.0, np.where(u < flips, -1.0, 0.0))
    settled = [np.max(log_evidence(row, margin, against=against)) >= math.log(40) for row in drops]
    assert 0.72 < np.mean(settled) < 0.95
