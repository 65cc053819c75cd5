from __future__ import annotations

import math

import numpy as np
import pytest
from roadtest.harness.calibration import audited_study
from roadtest.harness.statistics import mean_of
from roadtest.harness.validity import (
    Cells,
    audited_drop,
    invalid_share,
    judged_drop,
    kappa,
    prediction_powered_mean,
    rogan_gladen,
    true_share,
    unaudited_bounds,
)


def test_rogan_gladen_and_lang_reiczigel_golden():
    """epiR and Lang and Reiczigel (2014)."""
    assert rogan_gladen(23 / 150, 0.96, 0.89) == pytest.approx(0.050980, abs=1e-6)
    assert true_share(23, 150, (0.96, 50), (0.89, 100)) == pytest.approx((0.050980, 0, 0.147544), abs=1e-6)
    assert true_share(4, 30, (0.90, 50), (0.95, 50)) == pytest.approx((0.098039, 0, 0.298729), abs=1e-6)


def test_rogan_gladen_of_the_wilson_limit_golden():
    from roadtest.harness.statistics import wilson

    assert rogan_gladen(wilson(23 / 150, 150)[1], 0.96, 0.89) == pytest.approx(0.128917, abs=1e-6)


def test_an_auditor_hardly_better_than_a_coin_is_refused():
    with pytest.raises(ValueError, match="tells too little"):
        rogan_gladen(0.2, 0.7, 0.7)


def test_ppi_golden():
    human = [0, 0, 1, 0, 0, 0, 1, 0, -1, 0]
    judge = [0, 0, 1, 0, 1, 0, 1, 0, 0, 0]
    others = [0] * 25 + [1] * 12 + [-1] * 3
    assert prediction_powered_mean(human, judge, others) == pytest.approx((0.025, -0.279327, 0.329327), abs=1e-6)
    tuned = judged_drop(human, judge, others)
    assert tuned.low < tuned.value < tuned.high
    assert tuned.items == 50


def test_a_judge_that_says_nothing_is_not_trusted():
    rng = np.random.default_rng(0)
    human = rng.choice([0.0, 1.0], size=80)
    noise = rng.choice([0.0, 1.0], size=280)
    estimate = judged_drop(human, noise[:80], noise[80:])
    plain = mean_of(human)
    assert estimate.high - estimate.low == pytest.approx(plain.high - plain.low, rel=0.06)


def test_an_audit_takes_out_what_invalid_variants_add():
    rng = np.random.default_rng(5)
    truth = 0.9 * 0.1
    found, raw, covered, shares = [], [], [], []
    for _ in range(600):
        one, naive = audited_study(rng)
        estimate = audited_drop(one)
        found.append(estimate.value)
        raw.append(naive)
        covered.append(estimate.low <= truth <= estimate.high)
        shares.append(invalid_share(one).value)
    assert np.mean(raw) - truth == pytest.approx(0.065, abs=0.01), "invalid variants look like a drop"
    assert np.mean(found) == pytest.approx(truth, abs=3 * np.std(found) / math.sqrt(len(found)))
    assert np.mean(covered) >= 0.93
    assert np.mean(shares) == pytest.approx(0.08, abs=0.005)


def test_a_full_audit_leaves_the_valid_variants_alone():
    rng = np.random.default_rng(6)
    c = np.ones(200)
    valid = rng.random(200) > 0.1
    y = np.where(valid, rng.random(200) > 0.2, 0.0)
    estimate = audited_drop(Cells(np.arange(200), c, y, valid.astype(float)))
    assert estimate.value == pytest.approx(float(np.mean(1 - y[valid])))


def test_a_cell_that_nobody_audited_is_taken_both_ways():
    rng = np.random.default_rng(7)
    one, _ = audited_study(rng)
    known = audited_drop(one)
    blind = np.where((one.clean == 1) & (one.messy == 0), np.nan, one.valid)
    unknown = audited_drop(Cells(one.item, one.clean, one.messy, blind))
    assert unknown.low < 0.01 < known.low + 0.05
    assert unknown.high > known.high


def test_repeats_and_draws_stand_in_both_cells():
    item = np.repeat(np.arange(50), 2)
    clean = np.repeat(np.tile([1.0, 0.5], 25), 2)
    messy = np.tile([1.0, 0.0], 50)
    estimate = audited_drop(Cells(item, clean, messy, np.ones(100)))
    assert estimate.value == pytest.approx(float(np.mean(clean - messy)))
    plain = mean_of((clean - messy).reshape(50, 2).mean(axis=1))
    assert (estimate.low, estimate.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_a_known_bad_auditor_is_corrected_for():
    rng = np.random.default_rng(8)
    one, _ = audited_study(rng, items=4000, audited=2000)
    misses = np.where((one.valid == 0) & (rng.random(4000) < 0.2), 1.0, one.valid)
    blurred = Cells(one.item, one.clean, one.messy, misses)
    assert audited_drop(blurred, auditor=(0.8, 1.0)).value == pytest.approx(audited_drop(one).value, abs=0.015)
    assert audited_drop(blurred).value > audited_drop(one).value


def test_bounds_without_an_audit_hold_every_audit():
    rng = np.random.default_rng(9)
    for _ in range(200):
        n = int(rng.integers(20, 80))
        d = rng.choice([1, 0, 0, 0, -1], size=n)
        low, high = unaudited_bounds(float(np.sum(d == 1)), float(np.sum(d == -1)), n, 0.1)
        kept = rng.permutation(n)[int(rng.integers(0, math.floor(0.1 * n) + 1)) :]
        assert low - 1e-12 <= float(np.mean(d[kept])) <= high + 1e-12
        worst = np.sort(d)[math.floor(0.1 * n) :]
        assert float(np.mean(worst)) <= high + 1e-12
    assert unaudited_bounds(5, 5, 10, 0.0) == (0.0, 0.0)


def test_kappa():
    assert kappa([1, 1, 0, 0], [1, 1, 0, 0]) == 1.0
    assert kappa([1, 1, 0, 0], [1, 0, 1, 0]) == 0.0
    assert math.isnan(kappa([1, 1], [1, 1]))
