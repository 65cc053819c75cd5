"""Golden numbers: see docs/statistics.md for where each comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness.statistics import (
    accuracy,
    drop,
    drop_p_value,
    effective,
    fewest_items_for_go,
    holm,
    linearised_bonett_price,
    noise_floor,
    scas_lower,
    t_of,
    tango,
    wilson,
)

CLOSE = {"abs": 1e-4}


@pytest.mark.parametrize(
    ("cells", "level", "limits", "tolerance"),
    [  # a, b, e, d of the paired table
        ((4, 9, 3, 16), 0.95, (-0.027, 0.390), 5e-4),
        ((43, 0, 1, 0), 0.90, (-0.096, 0.037), 5e-4),
        ((43, 0, 1, 0), 0.95, (-0.1181, 0.0594), 1e-4),
        ((53, 16, 8, 9), 0.95, (-0.020, 0.207), 5e-4),
        ((1, 1, 7, 12), 0.95, (-0.5172, -0.0260), 1e-4),
        ((59, 6, 16, 80), 0.95, (-0.1240, -0.0054), 1e-4),
        ((14, 5, 0, 22), 0.95, (0.0258, 0.2554), 1e-4),
        ((0, 3, 0, 0), 0.95, (-0.1230, 1), 1e-4),
        ((0, 0, 3, 0), 0.95, (-1, 0.1230), 1e-4),
        ((20, 0, 0, 0), 0.95, (-0.1611, 0.1611), 1e-4),
        ((36, 12, 2, 0), 0.95, (0.0611, 0.3447), 1e-4),
    ],
)
def test_tango_golden(cells, level, limits, tolerance):
    _, b, e, _ = cells
    assert [float(x) for x in tango(b, e, sum(cells), level)] == pytest.approx(limits, abs=tolerance)


def test_tango_agrees_with_propcis_under_its_opposite_sign():
    low, high = tango(20, 40, 160)
    assert pytest.approx((float(low), float(high)), **CLOSE) == (-0.2181, -0.0309)


def test_scas_golden():
    assert float(scas_lower(1, 7, 21)) == pytest.approx(-0.528113, abs=1e-5)
    assert float(scas_lower(0, 0, 20)) == pytest.approx(-0.139642, abs=1e-5)


CLEAN = [1.0] * 10 + [0.0] * 2
RIGHT_OF_THREE = np.array([3, 3, 3, 3, 2, 2, 1, 0, 3, 3, 1, 0]) / 3


def test_clustered_reference_vector():
    eff = effective(CLEAN, RIGHT_OF_THREE)
    assert eff.deff == pytest.approx(0.794872, abs=1e-6)
    assert eff.n == pytest.approx(15.096774, abs=1e-6)
    low, high = tango(eff.b, eff.e, eff.n)
    assert (float(low), float(high)) == pytest.approx((-0.100267, 0.427818), abs=1e-6)
    assert float(scas_lower(eff.b, eff.e, eff.n)) == pytest.approx(-0.110791, abs=1e-6)
    estimate = drop(CLEAN, RIGHT_OF_THREE, draws=3)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((1 / 6, -0.110791, 0.427818), abs=1e-6)
    assert (estimate.items, estimate.draws, estimate.discordant) == (12, 3, 5)
    bonett_price = linearised_bonett_price(np.array(CLEAN) - RIGHT_OF_THREE)
    assert (bonett_price.low, bonett_price.high) == pytest.approx((-0.118757, 0.404471), abs=1e-6)


def test_reference_vector_with_two_clean_repeats():
    right = np.array([2, 2, 2, 2, 2, 1, 2, 1, 2, 2, 0, 1])
    estimate = drop(right / 2, RIGHT_OF_THREE)
    assert estimate.value == pytest.approx(0.125)
    assert estimate.high == pytest.approx(0.367431, abs=1e-6)
    eff = effective(right / 2, RIGHT_OF_THREE)
    assert float(tango(eff.b, eff.e, eff.n)[0]) == pytest.approx(-0.121019, abs=1e-6)
    assert noise_floor(right, 2).value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("right", "n", "limits"), [(15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611)), (1, 29, (0.0061, 0.1718))]
)
def test_wilson_golden(right, n, limits):
    assert wilson(right / n, n) == pytest.approx(limits, **CLOSE)
    estimate = accuracy([1.0] * right + [0.0] * (n - right))
    assert (estimate.low, estimate.high) == pytest.approx(limits, **CLOSE)


def test_fewest_items_golden():
    assert [fewest_items_for_go(m) for m in (0.01, 0.02, 0.03, 0.05, 0.10)] == [381, 189, 125, 73, 35]
    assert [fewest_items_for_go(m, 0.90) for m in (0.01, 0.02, 0.03, 0.05, 0.10)] == [268, 133, 88, 52, 25]
    n = fewest_items_for_go(0.05)
    assert drop(np.ones(n), np.ones(n)).high < 0.05 <= drop(np.ones(n - 1), np.ones(n - 1)).high


def test_holm_golden():
    """Benjamini & Hochberg (1995), their 15 p-values."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert holm(p)[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.1140])
    assert holm(p[::-1]) == holm(p)[::-1]


def test_students_t():
    assert t_of(0.95, 8) == pytest.approx(2.306004, abs=1e-6)


RATES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1 / 3, 2 / 3, 1.0])), min_size=1, max_size=30
)


@settings(deadline=None)
@given(RATES)
def test_invariants_of_the_drop(pairs):
    c, p = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    estimate = drop(c, p)
    assert -1 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value - 1e-9 <= estimate.high <= 1
    assert estimate.low < estimate.high, "never of zero width"
    order = np.random.default_rng(0).permutation(len(c))
    shuffled = drop(c[order], p[order])
    assert (shuffled.low, shuffled.high) == pytest.approx((estimate.low, estimate.high), abs=1e-9)
    wider = drop(c, p, level=0.99)
    assert wider.low <= estimate.low + 1e-9
    assert estimate.high <= wider.high + 1e-9
    eff, swapped = effective(c, p), effective(p, c)
    one, other = tango(eff.b, eff.e, eff.n), tango(swapped.b, swapped.e, swapped.n)
    assert (float(one[0]), float(one[1])) == pytest.approx((-float(other[1]), -float(other[0])), abs=1e-7)


@settings(deadline=None)
@given(RATES, st.data())
def test_one_more_perturbed_failure_never_lowers_the_upper_limit(pairs, data):
    c, p = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    right = [i for i, value in enumerate(p) if value > 0.3]
    if right:
        worse = p.copy()
        worse[data.draw(st.sampled_from(right))] -= 1 / 3
        assert drop(c, worse).high >= drop(c, p).high - 1e-9


def test_without_a_single_flip_the_interval_has_its_closed_form():
    n, z2 = 50, 1.959963984540054**2
    estimate = drop(np.ones(n), np.ones(n))
    assert estimate.high == pytest.approx(z2 / (n + z2), abs=1e-9)


def test_duplicated_items_shrink_the_interval_and_groups_undo_that():
    rng = np.random.default_rng(3)
    c = (rng.random(60) < 0.9).astype(float)
    p = np.where(rng.random(60) < 0.15, 0.0, c)
    once, twice = drop(c, p), drop(np.tile(c, 4), np.tile(p, 4))
    assert twice.high - twice.low < 0.6 * (once.high - once.low)
    grouped = drop(np.tile(c, 4), np.tile(p, 4), groups=np.tile(np.arange(60), 4))
    assert grouped.groups == 60
    assert grouped.high - grouped.low > 0.85 * (once.high - once.low)


def test_the_p_value_inverts_the_interval():
    c, p = np.ones(200), np.array([0.0] * 30 + [1.0] * 170)
    value = drop_p_value(c, p, 0.05)
    assert drop(c, p, level=1 - 2 * value * 1.001).low > 0.05 > drop(c, p, level=1 - 2 * value * 0.999).low
    assert drop_p_value(c, np.ones(200), 0.05) == 0.5


@pytest.mark.parametrize(
    ("n", "k", "clean", "fall", "rho", "lam", "reference"),
    [(50, 1, 0.9, 0.1, 0.95, 0.95, 0.963), (100, 3, 0.9, 0.1, 0.95, 0.95, 0.960), (50, 5, 0.9, 0.0, 0.3, 0.9, 0.957)],
)
def test_coverage_by_simulation(n, k, clean, fall, rho, lam, reference):
    """The gate's interval covers the truth as often as measured before; pooled draws do not (negative control)."""
    from scipy.stats import norm

    rng, runs = np.random.default_rng(7), 4000
    z, w = rng.standard_normal((2, runs, n))
    pc = norm.cdf((norm.ppf(clean) - np.sqrt(rho) * z) / np.sqrt(1 - rho))
    pp = norm.cdf((norm.ppf(clean - fall) - np.sqrt(rho) * (lam * z + np.sqrt(1 - lam**2) * w)) / np.sqrt(1 - rho))
    c, p = (rng.random((runs, n)) < pc).astype(float), rng.binomial(k, pp) / k
    effs = [effective(c[i], p[i]) for i in range(runs)]
    b, e, size = (np.array([getattr(eff, name) for eff in effs]) for name in ("b", "e", "n"))
    low, high = tango(b, e, size)
    low = np.minimum(low, scas_lower(b, e, size))
    covered = np.mean((low <= fall) & (fall <= high))
    assert covered == pytest.approx(reference, abs=0.012)
    assert np.mean(high < fall) <= 0.035, "a GO at the margin"
    if k > 1:
        raw_b, raw_e = (c * (1 - p)).sum(1) * k, ((1 - c) * p).sum(1) * k
        pooled = tango(raw_b, raw_e, np.full(runs, n * k))
        assert np.mean((pooled[0] <= fall) & (fall <= pooled[1])) < 0.93, "the generator clusters draws in items"
