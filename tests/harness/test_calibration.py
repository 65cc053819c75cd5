"""The error rates of what decides, measured again with fixed seeds; `make simulate` measures all of them."""

from __future__ import annotations

import pytest
from roadtest.harness import calibration as measure
from roadtest.harness.gate import Gate
from roadtest.harness.simulation import Design

# items, draws, clean, drop, regime: coverage of the gate's interval (GO miss, NO-GO miss), of Tango's both limits
# (the same), of cluster t (the same), of pooled and unpaired pairs; measured before with 40,000 studies each
CELLS = [
    ((20, 1, 0.9, 0.02, "low"), (0.977, 0.977, 0.955)),
    ((20, 3, 0.98, 0.1, "high"), (0.997, 0.995, 0.874)),
    ((50, 1, 0.9, 0.1, "high"), (0.963, 0.963, 0.906)),
    ((50, 3, 0.6, 0.02, "low"), (0.954, 0.953, 0.949)),
    ((50, 5, 0.9, 0.0, "low"), (0.957, 0.956, 0.936)),
    ((100, 1, 0.98, 0.02, "high"), (0.987, 0.972, 0.909)),
    ((100, 3, 0.9, 0.05, "fragile"), (0.966, 0.966, 0.877)),
    ((100, 5, 0.98, 0.02, "low"), (0.956, 0.939, 0.930)),
    ((100, 3, 0.9, 0.1, "high"), (0.960, 0.954, 0.939)),
    ((300, 1, 0.9, 0.05, "fragile"), (0.954, 0.954, 0.925)),
    ((300, 3, 0.98, 0.02, "high"), (0.964, 0.958, 0.937)),
    ((300, 5, 0.9, 0.25, "low"), (0.953, 0.953, 0.951)),
]


@pytest.mark.parametrize(("cell", "reference"), CELLS)
def test_the_gates_interval_covers_the_truth_as_often_as_before(cell, reference):
    n, k, clean, drop, regime = cell
    found = measure.coverage(Design(n, k, clean=clean, drop=drop, regime=regime), 10_000)
    for name, expected in zip(("gate", "Tango", "cluster t"), reference, strict=True):
        assert found[name].covered == pytest.approx(expected, abs=0.008), name
    assert found["gate"].go_miss <= 0.035
    assert found["gate"].no_go_miss <= 0.05
    if k > 1:
        assert found["pooled"].covered < 0.93, "the generator clusters draws in items"


LOOKS = [
    (Design(n, k, clean=0.9, drop=m, regime=regime), m)
    for n, m in ((300, 0.05), (1000, 0.03))
    for regime, k in (("low", 1), ("high", 1), ("fragile", 3))
]


@pytest.mark.parametrize(("design", "margin"), LOOKS, ids=str)
def test_looking_early_keeps_the_error_rates(design, margin):
    found = measure.looked(design, margin, Gate(margin).looks, 2000)
    assert found.go <= 0.037
    assert found.no_go <= 0.045
    five = measure.looked(design, margin, 5, 2000)
    assert five.go <= 0.037
    assert five.no_go <= 0.045
    assert measure.peeking(design, margin, 20, 1000).go > 0.10, "looking again at a fixed interval (negative control)"


@pytest.mark.parametrize("suite", [False, True])
def test_evidence_at_any_time_keeps_the_error_rates(suite):
    runs = 400
    noise = 3 * (0.025 * 0.975 / runs) ** 0.5
    for design, margin in LOOKS[:3]:
        found = measure.at_any_time(design, margin, runs, suite=suite)
        assert found.go <= 0.025 + noise
        assert found.no_go <= 0.025 + noise


def test_looking_early_saves_items_where_the_answer_is_clear():
    same = measure.looked(Design(1000, clean=0.9, drop=0.0), 0.05, 10, 500)
    assert same.go > 0.98
    assert same.used < 0.6
    broken = measure.looked(Design(300, clean=0.9, drop=0.25), 0.05, 10, 500)
    assert broken.no_go == 1.0
    assert broken.used < 0.45


def test_relative_drops_cover():
    for design in (Design(100, 3, clean=0.9, drop=0.1), Design(50, 1, clean=0.98, drop=0.02, regime="low")):
        found = measure.relative_coverage(design, 800)
        assert found.covered >= 0.93
        assert found.go_miss <= 0.045


def test_graded_scores_cover():
    for affected in (0.02, 0.1, 0.5):
        found = measure.graded_coverage(100, affected, 0.4, 400)
        assert found.covered >= 0.92
        assert found.go_miss <= 0.06


def test_groups_cover_and_ignoring_them_does_not():
    found = measure.grouped_coverage(20, 10, 0.1, 0.5, 500)
    assert found["groups"].covered >= 0.92
    assert found["ignored"].covered < 0.9


def test_judges_are_corrected_and_are_biased_alone():
    found = measure.judged_coverage(60, 500, 0.08, 1000)
    assert found["PPI++"].covered >= 0.94
    assert found["judge alone"].covered < 0.5
