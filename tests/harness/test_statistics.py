"""Golden numbers: see docs/statistics.md for where each comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from roadtest.harness import statistics
from roadtest.harness.alternatives import (
    agresti_min,
    bonett_price_ratio,
    cluster_t,
    durkalski,
    mover_ratio,
    newcombe,
    obuchowski,
    wald,
)
from roadtest.harness.repetition import agreement, all_right, excess_worst_of, noise_floor, self_disagreement, worst_of
from roadtest.harness.statistics import (
    accuracy,
    clopper_pearson,
    drop,
    effective,
    graded_drop,
    mean_of,
    relative_drop,
    scas_lower,
    t_of,
    tang,
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
    bonett_price = mean_of(np.array(CLEAN) - RIGHT_OF_THREE)
    assert (bonett_price.low, bonett_price.high) == pytest.approx((-0.118757, 0.404471), abs=1e-6)
    relative = relative_drop(CLEAN, RIGHT_OF_THREE)
    assert (relative.value, relative.low, relative.high) == pytest.approx((0.2, -0.154657, 0.487503), abs=1e-6)
    assert worst_of(3 * RIGHT_OF_THREE, 3, 2).value == pytest.approx(0.555556, abs=1e-6)
    assert worst_of(3 * RIGHT_OF_THREE, 3, 3).value == pytest.approx(0.5)
    low, high = cluster_t(np.array(CLEAN), RIGHT_OF_THREE)
    assert (float(low), float(high)) == pytest.approx((-0.063573, 0.396907), abs=1e-6)


@pytest.mark.parametrize(("stabiliser", "limits"), [(0, (-0.059039, 0.395497)), (1, (-0.086225, 0.417012))])
def test_reference_vector_with_another_stabiliser(stabiliser, limits, monkeypatch):
    monkeypatch.setattr(statistics, "_STABILISER", stabiliser)
    eff = effective(CLEAN, RIGHT_OF_THREE)
    assert tuple(map(float, tango(eff.b, eff.e, eff.n))) == pytest.approx(limits, abs=1e-6)


def test_reference_vector_with_two_clean_repeats():
    right = np.array([2, 2, 2, 2, 2, 1, 2, 1, 2, 2, 0, 1])
    c = right / 2
    estimate = drop(c, RIGHT_OF_THREE)
    assert estimate.value == pytest.approx(0.125)
    assert estimate.high == pytest.approx(0.367431, abs=1e-6)
    eff = effective(c, RIGHT_OF_THREE)
    assert float(tango(eff.b, eff.e, eff.n)[0]) == pytest.approx(-0.121019, abs=1e-6)
    floor = noise_floor(right, 2)
    assert floor.value == pytest.approx(0.25)
    lost, gained = c * (1 - RIGHT_OF_THREE), (1 - c) * RIGHT_OF_THREE
    assert (lost.mean(), gained.mean()) == pytest.approx((0.180556, 0.055556), abs=1e-6)
    excess = mean_of(lost + gained - self_disagreement(right, right, 2))
    assert excess.value == pytest.approx(-0.013889, abs=1e-6)
    assert excess.low < 0 < excess.high


@pytest.mark.parametrize(
    ("cells", "limits"),
    [  # Newcombe (1998), Table III, method 10
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((20, 12, 2, 16), (0.0562, 0.3292)),
        ((18, 12, 2, 18), (0.0562, 0.3290)),
        ((36, 14, 0, 0), (0.1528, 0.4167)),
        ((35, 14, 0, 1), (0.1461, 0.4175)),
        ((18, 14, 0, 18), (0.1441, 0.3963)),
        ((2, 97, 1, 0), (0.8721, 0.9854)),
        ((1, 97, 1, 1), (0.8737, 0.9850)),
        ((0, 29, 1, 0), (0.6666, 0.9882)),
        ((2, 98, 0, 0), (0.9178, 0.9945)),
        ((1, 98, 0, 1), (0.9171, 0.9916)),
        ((0, 30, 0, 0), (0.8395, 1)),
        ((54, 0, 0, 0), (-0.0664, 0.0664)),
        ((53, 0, 0, 1), (-0.0729, 0.0729)),
        ((30, 0, 0, 24), (-0.0358, 0.0358)),
        ((29, 0, 0, 25), (-0.0354, 0.0354)),
        ((28, 0, 0, 26), (-0.0352, 0.0352)),
        ((27, 0, 0, 27), (-0.0351, 0.0351)),
        ((1, 1, 7, 12), (-0.5069, -0.0256)),
        ((59, 6, 16, 80), (-0.1186, -0.0046)),
        ((14, 5, 0, 22), (0.0115, 0.2265)),
    ],
)
def test_newcombe_golden(cells, limits):
    assert newcombe(*cells) == pytest.approx(limits, **CLOSE)


def test_other_differences_golden():
    d = np.array([1.0] + [-1.0] * 7 + [0.0] * 13)
    assert (mean_of(d).low, mean_of(d).high) == pytest.approx((-0.5084, -0.0134), **CLOSE)
    d = np.array([1.0] * 6 + [-1.0] * 16 + [0.0] * 139)
    assert (mean_of(d).low, mean_of(d).high) == pytest.approx((-0.1195, -0.0032), **CLOSE)
    assert tuple(map(float, agresti_min(6, 16, 161))) == pytest.approx((-0.1182, -0.0045), **CLOSE)
    assert tuple(map(float, wald(6, 16, 161))) == pytest.approx((-0.1184, -0.0058), **CLOSE)


@pytest.mark.parametrize(
    ("cells", "level", "limits", "tolerance"),
    [  # ratio of the first accuracy to the second
        ((59, 6, 16, 80), 0.95, (0.747579, 0.987615), 1e-6),
        ((1, 1, 7, 12), 0.95, (0.0653, 0.9069), 1e-4),
        ((43, 0, 1, 0), 0.95, (0.8819, 1.0646), 1e-4),
        ((53, 16, 8, 9), 0.95, (0.9740, 1.3308), 1e-4),
        ((446, 5, 16, 690), 0.90, (0.958, 0.992), 5e-4),
    ],
)
def test_tang_golden(cells, level, limits, tolerance):
    a, b, e, _ = cells
    assert tuple(map(float, tang(a, e, b, sum(cells), level))) == pytest.approx(limits, abs=tolerance)


def test_other_ratios_golden():
    assert bonett_price_ratio(59, 6, 16) == pytest.approx((0.7579, 0.9910), **CLOSE)
    assert mover_ratio(59, 6, 16, 80) == pytest.approx((0.7592, 0.9866), **CLOSE)


def test_relative_drop_where_there_is_none():
    assert relative_drop(np.zeros(30), np.zeros(30)) is None
    assert relative_drop(np.ones(30), np.zeros(30)).value == 1.0
    assert relative_drop([0.5, 0.7], [0.5, 0.2], graded=True) is None


@pytest.mark.parametrize(
    ("right", "n", "limits"), [(15, 148, (0.0578, 0.1617)), (0, 20, (0, 0.1684)), (1, 29, (0.0009, 0.1776))]
)
def test_clopper_pearson_golden(right, n, limits):
    assert clopper_pearson(right, n) == pytest.approx(limits, **CLOSE)


def test_odds_ratio_of_discordant_pairs_golden():
    """Armitage and Berry's pairs as StatsDirect prints them: exact limits of b / e."""
    low, high = clopper_pearson(12, 14)
    assert (low / (1 - low), high / (1 - high)) == pytest.approx((1.335744, 55.197091), abs=1e-4)


def test_clustered_pairs_golden():
    """Obuchowski's (1998) thyroid data as Durkalski et al. (2003) print them."""
    sizes = [3, 3, 3, 1, 3, 4, 3, 2, 2, 1, 3, 2, 3, 2, 2, 3, 3, 3, 2, 1, 2]
    b = [0] * 8 + [1] + [0] * 12
    e = [2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0]
    assert obuchowski(b, e) == pytest.approx(2.857143, abs=1e-6)
    assert durkalski(b, e, sizes) == pytest.approx(2.315068, abs=1e-6)


@pytest.mark.parametrize(
    ("right", "n", "limits"), [(15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611)), (1, 29, (0.0061, 0.1718))]
)
def test_wilson_golden(right, n, limits):
    assert wilson(right / n, n) == pytest.approx(limits, **CLOSE)
    estimate = accuracy([1.0] * right + [0.0] * (n - right))
    assert (estimate.low, estimate.high) == pytest.approx(limits, **CLOSE)


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
    """But where mess turns nearly everything from wrong to right, far from any margin."""
    c, p = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    right = [i for i, value in enumerate(p) if value > 0.3]
    assume(right)
    assume(float(np.mean(c - p)) > -0.5)
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


@settings(deadline=None)
@given(RATES)
def test_duplicated_draws_tell_nothing_new(pairs):
    c, p = (np.repeat([pair[at] for pair in pairs], 1) for at in (0, 1))
    once, twice = drop(c, p), drop(c, np.mean([p, p], axis=0))
    assert (once.low, once.high) == pytest.approx((twice.low, twice.high), abs=1e-9)


@settings(deadline=None)
@given(RATES)
def test_nothing_is_nan_and_every_interval_holds_its_value(pairs):
    c, p = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    found = [drop(c, p), graded_drop(c - p), accuracy(c), mean_of(c * (1 - p), share=True), relative_drop(c, p)]
    for estimate in found:
        if estimate is not None:
            assert np.all(np.isfinite([estimate.value, estimate.low, estimate.high]))
            assert estimate.low - 1e-9 <= estimate.high


def test_more_items_at_the_same_rates_never_widen_the_upper_limit():
    highs = [float(tango(0.04 * n, 0.01 * n, n)[1]) for n in (50, 100, 200, 400, 1000)]
    assert highs == sorted(highs, reverse=True)


def test_graded_scores_use_the_bootstrap_only_where_enough_items_differ():
    rng = np.random.default_rng(5)
    few = np.where(np.arange(100) < 8, 0.5, 0.0)
    assert "Bonett-Price" in graded_drop(few).method
    many = rng.beta(2, 5, size=200) - rng.beta(2, 6, size=200)
    estimate = graded_drop(many)
    assert "bootstrap" in estimate.method
    plain = mean_of(many)
    assert estimate.high - estimate.low == pytest.approx(plain.high - plain.low, rel=0.15)
    again = graded_drop(many)
    assert (again.low, again.high) == (estimate.low, estimate.high), "seeded"
    extreme = graded_drop(many, level=0.99999)
    assert extreme.high - extreme.low > 1.8 * (estimate.high - estimate.low), "a quantile that no resample holds"


def test_worst_of_k_and_its_matched_baseline():
    assert all_right([3, 2, 1], 3, 2).tolist() == pytest.approx([1, 1 / 3, 0])
    assert np.isnan(all_right([1], 1, 2)).all()
    right = np.random.default_rng(1).binomial(3, 0.9, size=400)
    same = np.random.default_rng(2).binomial(3, 0.9, size=400)
    naive = worst_of(right, 3, 3)
    assert naive.high < 0.85, "noise alone makes the naive worst of k fall"
    matched = excess_worst_of(right, 3, same, 3, 3)
    assert matched.low < 0 < matched.high


def test_agreement_counts_what_was_said_not_whether_it_is_right():
    items, said = [0, 0, 0, 1, 1, 2], [7, 7, 8, 5, 5, 1]
    pairs, whole = agreement(items, said)
    assert pairs.tolist() == pytest.approx([1 / 3, 1.0]), "an item with one answer says nothing"
    assert whole.tolist() == [0.0, 1.0]


def test_groups_widen_every_interval():
    rng = np.random.default_rng(3)
    base = np.repeat(rng.random(30) < 0.8, 10).astype(float)
    groups = np.repeat(np.arange(30), 10)
    fallen = np.where(np.repeat(rng.random(30) < 0.2, 10), 0.0, base)
    for plain, grouped in (
        (accuracy(base), accuracy(base, groups=groups)),
        (drop(base, fallen), drop(base, fallen, groups=groups)),
        (mean_of(base - fallen), mean_of(base - fallen, groups=groups)),
        (relative_drop(base, fallen), relative_drop(base, fallen, groups=groups)),
    ):
        assert grouped.high - grouped.low > 1.5 * (plain.high - plain.low)
        assert grouped.groups == 30


def test_the_items_mean_drop_is_what_a_clustered_regression_finds():
    """Independence estimating equations of answer on arm, clustered by item: the same drop and standard error."""
    rng = np.random.default_rng(9)
    n, k = 60, 3
    answers = np.concatenate([rng.binomial(1, 0.9, (n, k)), rng.binomial(1, 0.8, (n, k))], axis=1).astype(float)
    arm = np.tile(np.r_[np.zeros(k), np.ones(k)], n)
    design = np.stack([np.ones_like(arm), arm], axis=1)
    y = answers.ravel()
    bread = np.linalg.inv(design.T @ design)
    slope = bread @ design.T @ y
    scores = (design * (y - design @ slope)[:, None]).reshape(n, 2 * k, 2).sum(axis=1)
    error = float(np.sqrt((bread @ scores.T @ scores @ bread)[1, 1]))
    d = answers[:, :k].mean(axis=1) - answers[:, k:].mean(axis=1)
    assert -slope[1] == pytest.approx(d.mean(), abs=1e-12)
    assert error == pytest.approx(np.sqrt(np.sum((d - d.mean()) ** 2)) / n, abs=1e-12)
