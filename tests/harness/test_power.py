from __future__ import annotations

import numpy as np
import pytest
from roadtest.harness.power import (
    best_draws,
    connor,
    design_effect,
    fewest_items_for_go,
    items_for_floor,
    items_needed,
    mcnemar_power,
    smallest_detectable_drop,
    verdict_probability,
)
from roadtest.harness.statistics import drop, wilson


def test_fewest_items_golden():
    assert [fewest_items_for_go(m) for m in (0.01, 0.02, 0.03, 0.05, 0.10)] == [381, 189, 125, 73, 35]
    assert [fewest_items_for_go(m, 0.90) for m in (0.01, 0.02, 0.03, 0.05, 0.10)] == [268, 133, 88, 52, 25]
    n = fewest_items_for_go(0.05)
    assert drop(np.ones(n), np.ones(n)).high < 0.05 <= drop(np.ones(n - 1), np.ones(n - 1)).high


@pytest.mark.parametrize(
    ("margin", "true_drop", "p01", "n", "power"),
    [
        (0.05, 0, 0.01, 140, 0.822),
        (0.05, 0, 0.03, 241, 0.832),
        (0.05, 0.01, 0.02, 322, 0.816),
        (0.10, 0, 0.03, 80, 0.827),
        (0.10, 0.02, 0.03, 136, 0.829),
        (0.10, 0.05, 0.03, 392, 0.808),
        (0.03, 0, 0.01, 293, 0.834),
    ],
)
def test_the_planned_number_has_the_power_it_promises(margin, true_drop, p01, n, power):
    assert items_needed(2 * p01 + true_drop, true_drop, margin) == n
    exact = verdict_probability(n, p01 + true_drop, p01, margin)[0]
    assert exact == pytest.approx(power, abs=0.0015)
    assert 0.78 <= exact <= 0.86
    normal = (1.959964 + 0.841621) ** 2 * (2 * p01 + true_drop - true_drop**2) / (margin - true_drop) ** 2
    assert verdict_probability(int(np.ceil(normal)), p01 + true_drop, p01, margin)[0] < 0.75, "the plain formula lies"


def test_a_drop_on_the_margin_is_never_settled():
    with pytest.raises(ValueError, match="exactly the margin"):
        items_needed(0.1, 0.05, 0.05)
    assert items_needed(0.1, 0.1, 0.05) < items_needed(0.1, 0.06, 0.05)


def test_connor_and_exact_mcnemar_power_golden():
    assert connor(0.45, 0.05) == pytest.approx(22.01, abs=0.005)
    power, error = mcnemar_power(50, 0.08, 0.32)
    assert power == pytest.approx(0.839357, abs=2e-6)
    assert error == pytest.approx(0.032578, abs=1e-6)


def test_smallest_detectable_drop_is_detected_as_often_as_it_says():
    rng = np.random.default_rng(3)
    n, psi = 400, 0.1
    detectable = smallest_detectable_drop(drop(*_pairs(rng, n, psi / 2, psi / 2)))
    found = [drop(*_pairs(rng, n, (psi + detectable) / 2, (psi - detectable) / 2)).low > 0 for _ in range(300)]
    assert 0.7 < np.mean(found) < 0.9


def _pairs(rng, n, lost, gained):
    """Clean and messy scores of single pairs, right both times but for these shares."""
    u = rng.random(n)
    return ((u < lost) | (u >= lost + gained)).astype(float), (u >= lost).astype(float)


@pytest.mark.parametrize(("share", "floor"), [(0.9, 0.8), (0.97, 0.9), (0.6, 0.8)])
def test_a_floor_is_cleared_as_often_as_it_says(share, floor):
    n = items_for_floor(share, floor)
    right = np.random.default_rng(0).binomial(n, share, size=4000)
    limits = np.array([wilson(r / n, n) for r in range(n + 1)])
    settled = (limits[right, 0] > floor) if share > floor else (limits[right, 1] < floor)
    assert 0.75 < np.mean(settled) < 0.87
    with pytest.raises(ValueError, match="exactly the floor"):
        items_for_floor(0.8, 0.8)


def test_more_draws_help_only_as_far_as_draws_differ():
    assert design_effect(0.0, 0.1, 3, 10) == 1.0, "every draw breaks the same items"
    assert design_effect(0.05, 0.1, 3, 1) == 1.0
    assert design_effect(0.05, 0.1, 3, 6) == pytest.approx(1 - 0.5 * 5 / 6)
    assert design_effect(0.05, 0.1, 1, 6) == 1.0, "one draw an item says nothing of a second"
    assert best_draws(0.05, 0.1, 3, 1) == pytest.approx(3**0.5)
    assert best_draws(0.0, 0.1, 3, 1) == 1.0


MARGINS = {  # n, margin: largest P(GO) and P(NO-GO) at the margin
    (50, 0.05): (0.027, 0.028),
    (50, 0.10): (0.026, 0.031),
    (100, 0.03): (0.026, 0.025),
    (100, 0.05): (0.025, 0.033),
    (100, 0.10): (0.026, 0.025),
    (200, 0.05): (0.025, 0.026),
    (300, 0.03): (0.025, 0.025),
    (300, 0.05): (0.025, 0.029),
}


@pytest.mark.parametrize(("n", "margin"), MARGINS)
def test_the_gates_exact_errors_at_the_margin(n, margin):
    """Over all shares of wrong-to-right flips: no simulation. Wald's interval fails the same bound."""
    shares = [0.0, *np.geomspace(0.001, 0.3, 16)]
    found = [verdict_probability(n, share + margin, share, margin) for share in shares if 2 * share + margin <= 1]
    go, no_go = (max(one[at] for one in found) for at in (0, 1))
    assert go <= 0.028
    assert no_go <= 0.034
    assert go == pytest.approx(MARGINS[n, margin][0], abs=0.001)
    assert no_go == pytest.approx(MARGINS[n, margin][1], abs=0.001)


def test_walds_interval_fails_the_bound_that_the_gate_holds():
    from roadtest.harness.alternatives import wald
    from roadtest.harness.power import all_outcomes

    n, margin = 100, 0.03
    by_wald, by_point = [], []
    for share in (0.0, 0.001, 0.01, 0.1):
        b, e, chance = all_outcomes(n, share + margin, share)
        by_wald.append(float(chance[wald(b, e, n)[1] < margin].sum()))
        by_point.append(float(chance[(b - e) / n <= margin].sum()))
    assert max(by_wald) > 0.1
    assert max(by_point) > 0.6, "a point estimate against a threshold"
