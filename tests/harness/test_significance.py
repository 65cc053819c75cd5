from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness.significance import (
    benjamini_hochberg,
    drop_p_value,
    holm,
    mcnemar,
    no_effect,
    posterior_above,
    sign_flip,
)
from roadtest.harness.statistics import drop
from scipy.stats import chi2, permutation_test

BENJAMINI_HOCHBERG_1995 = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


@pytest.mark.parametrize(
    ("b", "e", "mid", "exact"),
    [
        (1, 7, 0.039063, 0.070313),
        (6, 16, 0.034690, 0.052479),
        (9, 3, 0.092285, 0.145996),
        (16, 8, 0.107752, 0.151590),
        (12, 2, 0.007385, 0.012939),
        (0, 5, 0.03125, 0.0625),
        (0, 0, 1, 1),
    ],
)
def test_mcnemar_golden(b, e, mid, exact):
    assert mcnemar(b, e) == pytest.approx(mid, abs=1e-6)
    assert mcnemar(b, e, mid=False) == pytest.approx(exact, abs=1e-6)


def test_asymptotic_mcnemar_golden():
    statistic = (6 - 16) ** 2 / (6 + 16)
    assert statistic == pytest.approx(4.5455, abs=1e-4)
    assert float(chi2.sf(statistic, 1)) == pytest.approx(0.033006, abs=1e-6)


def test_sign_flip_is_exact_for_few_and_agrees_with_scipy():
    d = np.array([1, 0.5, 0.5, -0.5, 1, 1, 0, 0, 0.5, 1])
    reference = permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(d) == pytest.approx(reference.pvalue)
    many = np.random.default_rng(0).choice([1, 0.5, 0, -0.5, -1], p=[0.2, 0.1, 0.5, 0.1, 0.1], size=300)
    reference = permutation_test((many,), np.sum, permutation_type="samples", n_resamples=9999, rng=1)
    assert sign_flip(many) == pytest.approx(reference.pvalue, abs=0.01)
    assert sign_flip(np.zeros(9)) == 1.0
    assert sign_flip(many) == sign_flip(many[::-1])


def test_too_few_flips_are_untestable_not_no_effect():
    c, p = np.ones(50), np.ones(50)
    p[:5] = 0
    assert no_effect(c, p) is None
    p[5] = 0
    assert no_effect(c, p) == pytest.approx(0.015625)
    assert no_effect(c / 2, p / 2) == pytest.approx(0.03125), "means of draws: sign flips"


def test_holm_and_benjamini_hochberg_golden():
    p = BENJAMINI_HOCHBERG_1995
    assert holm(p)[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.1140])
    assert sum(value <= 0.05 for value in holm(p)) == 3
    assert benjamini_hochberg(p)[:5] == pytest.approx([0.0015, 0.0030, 0.0095, 0.0356, 0.0603], abs=1e-4)
    assert sum(value <= 0.05 for value in benjamini_hochberg(p)) == 4
    assert benjamini_hochberg([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p):
    adjusted = holm(p)
    assert all(after >= min(before, 1) for before, after in zip(p, adjusted, strict=True))
    assert holm(p[::-1]) == adjusted[::-1]
    order = sorted(range(len(p)), key=p.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_the_p_value_inverts_the_interval():
    c, p = np.ones(200), np.array([0.0] * 30 + [1.0] * 170)
    value = drop_p_value(c, p, 0.05)
    assert drop(c, p, level=1 - 2 * value * 1.001).low > 0.05 > drop(c, p, level=1 - 2 * value * 0.999).low
    assert drop_p_value(c, np.ones(200), 0.05) == 0.5
    assert drop_p_value(c, np.zeros(200), 0.05) == pytest.approx(1e-9)


def test_posterior_is_a_probability_that_rises_with_the_drop():
    chances = [posterior_above(b, 2, 200, 0.05) for b in (2, 8, 12, 20, 40)]
    assert chances == sorted(chances)
    assert chances[0] < 0.01 < 0.99 < chances[-1]
