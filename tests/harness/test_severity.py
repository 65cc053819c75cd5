from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness.severity import area, breaking_point, broken_from, certified, rising, trend, uneven
from scipy.optimize import isotonic_regression

FIVE = (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("go", "best"),
    [([True] * 5, 5), ([True, True, False, True, True], 2), ([False, True, True, True, True], 0), ([False] * 5, 0)],
)
def test_certified_stops_at_the_first_rung_that_is_not_go(go, best):
    assert certified(FIVE, go) == best


@pytest.mark.parametrize(
    ("no_go", "lowest"),
    [([True] * 5, 1), ([False, True, False, True, True], 4), ([True, True, True, True, False], None)],
)
def test_broken_from_is_counted_from_the_top(no_go, lowest):
    assert broken_from(FIVE, no_go) == lowest


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=7))
def test_rising_agrees_with_scipy(values):
    assert rising(values) == pytest.approx(isotonic_regression(values).x, abs=1e-9)


def test_area_and_trend_of_a_straight_ladder():
    drops = np.tile(0.1 * np.arange(1, 6), (50, 1))
    assert area(drops, FIVE).value == pytest.approx(0.25), "half of the drop at the top"
    assert trend(drops, FIVE).value == pytest.approx(0.1)
    assert area(drops[:, [1, 3]], (2, 4)).value == pytest.approx(0.2)
    assert trend(drops, FIVE).low < 0.1 < trend(drops, FIVE).high


def test_the_breaking_point_lies_between_rungs():
    drops = np.tile([0.0, 0.02, 0.06, 0.1, 0.2], (400, 1)) + np.random.default_rng(0).normal(0, 0.05, (400, 5))
    value, low, high = breaking_point(drops, FIVE, 0.05)
    assert 2 < low < value < high < 3.2
    assert value == pytest.approx(2.75, abs=0.15)
    assert breaking_point(np.zeros((30, 5)), FIVE, 0.05) == (math.inf, math.inf, math.inf)
    assert breaking_point(np.ones((30, 5)), FIVE, 0.05)[0] == pytest.approx(0.05)


def test_a_ladder_that_falls_is_called_uneven():
    rng = np.random.default_rng(1)
    up = (rng.random((300, 5)) < np.linspace(0.05, 0.4, 5)).astype(float)
    assert not uneven(up)
    assert uneven(up[:, ::-1])
