"""The gate tried on systems with a known truth, and the simulation that they come from."""

from __future__ import annotations

import numpy as np
import pytest
from roadtest.harness import load_study, plan
from roadtest.harness.policy import Verdict
from roadtest.harness.selftest import controls, selftest
from roadtest.harness.simulation import Design, full_grid

TOP = "suite = 'intent'\nitems = 200\nperturbations = ['typos@4', 'telegraphic@5']"


def test_the_simulation_has_the_truth_that_it_says():
    rng = np.random.default_rng(0)
    for regime in ("low", "high", "fragile"):
        c, p = Design(200, draws=3, repeats=2, clean=0.9, drop=0.1, regime=regime).sample(rng, 2000)
        assert c.mean() == pytest.approx(0.9, abs=0.004)
        assert (c - p).mean() == pytest.approx(0.1, abs=0.004)
    noisy, _ = Design(400, repeats=5, regime="low").right(rng)
    steady, _ = Design(400, repeats=5, regime="high").right(rng)
    assert np.mean((noisy % 5) > 0) > 3 * np.mean((steady % 5) > 0)
    assert len(full_grid()) == 432


def test_controls_plant_what_the_gate_forbids(write_study):
    found = controls(plan(load_study(write_study(TOP, gate='margin = "5pp"\nclaims = ["telegraphic@5: drop <= 8pp"]'))))
    assert [control.drops for control in found] == [
        {"typos@4": 0.0, "telegraphic@5": 0.0},
        {"typos@4": 0.05, "telegraphic@5": 0.0},  # both change every item; the first is the victim
        {"typos@4": pytest.approx(0.15), "telegraphic@5": 0.0},
    ]
    mean = controls(plan(load_study(write_study(TOP, gate='claims = ["mean: drop <= 3pp"]'))))
    assert mean[1].drops == {"typos@4": 0.03, "telegraphic@5": 0.03}


@pytest.mark.parametrize("gate", ['margin = "10pp"', 'margin = "10pp"\nlooks = 1'])
def test_a_sound_gate_raises_few_alarms_and_finds_defects(write_study, gate):
    same, edge, defect = selftest(plan(load_study(write_study(TOP, gate=gate))), runs=60)
    assert same.verdicts[Verdict.NO_GO] <= 3
    assert same.verdicts[Verdict.GO] >= 40
    assert edge.verdicts[Verdict.GO] <= 6
    assert defect.verdicts[Verdict.NO_GO] >= 35
    assert defect.verdicts[Verdict.GO] == 0
    rate = defect.rate(Verdict.NO_GO)
    assert rate.low < rate.value < rate.high
    if "looks" in gate:
        assert same.calls == defect.calls == 1.0
    else:
        assert same.calls < 0.85, "stops when it knows"


def test_a_gate_that_cannot_pass_shows_it(write_study):
    top = TOP.replace("200", "40")
    same, _, _ = selftest(plan(load_study(write_study(top))), runs=20)
    assert same.verdicts[Verdict.GO] == 0, "40 items cannot give a GO at 5 points"


def test_a_selftest_is_repeatable_and_reports_progress(write_study):
    study = plan(load_study(write_study(TOP)))
    ticks = []
    first = selftest(study, runs=5, watch=lambda: ticks.append(1))
    assert len(ticks) == 15
    assert selftest(study, runs=5) == first
