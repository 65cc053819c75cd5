from __future__ import annotations

import numpy as np
import pytest
from roadtest.harness import Decision, Verdict, decide, drop
from roadtest.harness.policy import combine, percent, with_missing

GO, NO_GO, OPEN = (Decision(verdict, "because") for verdict in Verdict)


def fallen(n, wrong, **rest):
    return drop(np.ones(n), np.array([0.0] * wrong + [1.0] * (n - wrong)), **rest)


@pytest.mark.parametrize(
    ("estimate", "verdict", "reason"),
    [
        (
            fallen(200, 0),
            "GO",
            "the drop is below the margin: 0.0 [-1.9, 1.9] against a margin of 5.0 points (200 items, k 1)",
        ),
        (fallen(200, 40), "NO-GO", "the drop is above the margin: 20.0 ["),
        (fallen(200, 10), "INCONCLUSIVE", "5.0 [2.5, 9.0] against a margin of 5.0 points (200 items, k 1, 10 differ)"),
        (
            fallen(72, 0),
            "INCONCLUSIVE",
            "72 items cannot give a GO at this margin even without a single flip, 73 could",
        ),
        (fallen(73, 0), "GO", "below the margin"),
        (fallen(15, 12), "NO-GO", "above the margin"),
        (
            fallen(60, 0, groups=[i % 6 for i in range(60)]),
            "INCONCLUSIVE",
            "only 6 groups of dependent items; 8 are needed",
        ),
    ],
)
def test_decide(estimate, verdict, reason):
    decision = decide(estimate, 0.05)
    assert decision.verdict == verdict
    assert reason in decision.reason


def test_touching_the_margin_is_not_go():
    estimate = fallen(200, 0)
    assert decide(estimate, estimate.high).verdict is Verdict.INCONCLUSIVE
    assert decide(estimate, estimate.high + 1e-9).verdict is Verdict.GO


def test_exit_codes():
    assert {verdict.value: verdict.exit_code for verdict in Verdict} == {"GO": 0, "NO-GO": 1, "INCONCLUSIVE": 3}


def test_missing_answers_that_could_change_the_verdict_make_it_inconclusive():
    assert with_missing(GO, GO, GO, 0.01) == GO
    assert "at most 2% may" in with_missing(GO, GO, GO, 0.021).reason
    changed = with_missing(GO, OPEN, GO, 0.01)
    assert changed.verdict is Verdict.INCONCLUSIVE
    assert "GO if all were right, INCONCLUSIVE if all were wrong" in changed.reason


def test_all_must_go_and_one_that_survives_adjustment_stops():
    assert combine(["a", "b"], [GO, GO], [False, False]).verdict is Verdict.GO
    assert combine(["a", "b"], [GO, OPEN], [False, False]).reason == "not settled: b"
    assert combine(["a", "b"], [NO_GO, OPEN], [True, False]).verdict is Verdict.NO_GO
    assert combine(["a"], [NO_GO], [False]).verdict is Verdict.INCONCLUSIVE
    assert combine([], [], []).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("value", "plain", "down", "up"),
    [
        (0.05, "5.0", "5.0", "5.0"),
        (0.0512, "5.1", "5.1", "5.2"),
        (-0.0512, "-5.1", "-5.2", "-5.1"),
        (-0.0001, "0.0", "-0.1", "0.0"),
    ],
)
def test_limits_are_rounded_outward(value, plain, down, up):
    assert (percent(value), percent(value, down=True), percent(value, up=True)) == (plain, down, up)
