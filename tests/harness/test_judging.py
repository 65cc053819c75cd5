"""From answers to pairs, and from pairs to decisions: looks, failed calls, groups, means, Holm, readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness import Gate
from roadtest.harness.gate import MEAN
from roadtest.harness.judging import Evidence, judge
from roadtest.harness.pairs import Arm, Scores, mean_over, paired
from roadtest.harness.policy import Verdict
from roadtest.harness.schedule import ANYTIME_LOOKS, blocks, group_ranks
from roadtest.harness.sequential import level_at

GATE = Gate(0.05, looks=4)


def arm(right, asked=1, failed=0, waiting=0):
    right = np.asarray(right, dtype=float)
    asked, failed, waiting = (np.broadcast_to(x, right.shape).astype(np.int64) for x in (asked, failed, waiting))
    return Arm(right, right, asked, failed, waiting)


def scores(messy, clean=None, looks=4, groups=None, **rest):
    size = len(next(iter(messy.values())).total)
    return Scores(
        clean=clean or arm(np.ones(size)),
        messy=messy,
        changed={name: (one.answered + one.failed + one.waiting) > 0 for name, one in messy.items()},
        groups=groups,
        looks=np.array(blocks([str(i) for i in range(size)], looks)),
        repeats=1,
        draws=1,
        **rest,
    )


def test_a_claim_goes_by_its_last_complete_look():
    size = 80
    waiting = (np.arange(size) >= 45).astype(int)
    found = paired(scores({"a@1": arm(np.ones(size), 1 - waiting, 0, waiting)}), "a@1", GATE)
    assert found.fractions == (0.25, 0.5)
    assert len(found.items) == 40, "five items of the third look wait for it"
    assert found.level == level_at((0.25, 0.5))
    assert (found.reach, found.planned, found.finished) == (80, 4, False)


def test_looks_count_the_items_that_a_perturbation_changed():
    size = 80
    changed = np.arange(size) >= 40
    one = arm(np.ones(size) * changed, changed, 0, 0)
    found = paired(scores({"a@1": one}), "a@1", GATE)
    assert found.fractions == (0.5, 1.0), "the first two looks have none of its items"
    assert found.finished


def test_failed_calls_are_missing_and_can_be_imputed():
    size = 80
    failed = (np.arange(size) < 2).astype(int)
    one = scores({"a@1": arm(np.ones(size) - failed, 1 - failed, failed)})
    found = paired(one, "a@1", GATE)
    assert len(found.items) == 78
    assert found.missing == pytest.approx(2 / 80)
    worst = paired(one, "a@1", GATE, (1.0, 0.0))
    assert len(worst.items) == 80
    assert float(np.sum(worst.clean - worst.messy)) == 2


def test_the_mean_weighs_every_perturbation_of_an_item_the_same():
    one = arm(np.array([1.0, 0.0, 1.0]))
    other = arm(np.array([0.0, 0.0, 0.0]), np.array([1, 1, 0]))
    both = scores({"a@1": one, "b@1": other}, looks=1)
    assert mean_over(both).tolist() == [0.5, 0.0, 1.0]
    assert paired(both, MEAN, Gate(claims=("mean: drop <= 5pp",), looks=1)).messy.tolist() == [0.5, 0.0, 1.0]


def test_groups_matter_for_users_and_not_for_the_suite():
    groups = np.arange(80) // 8
    one = scores({"a@1": arm(np.ones(80))}, groups=groups)
    assert len(np.unique(paired(one, "a@1", GATE).groups)) == 10
    assert paired(one, "a@1", replace(GATE, target="suite")).groups is None


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(0, 12))
def test_blocks_keep_groups_together_and_rise(groups, looks):
    names = [str(group) for group in groups]
    found = blocks(names, looks)
    assert len(found) == len(names)
    assert sorted(set(found)) == list(range(max(found) + 1))
    assert max(found) < (looks or ANYTIME_LOOKS)
    for name in set(names):
        assert len({at for at, other in zip(found, names, strict=True) if other == name}) == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_a_wider_margin_never_loses_a_go(seed, margin, other):
    rng = np.random.default_rng(seed)
    one = scores({"a@1": arm((rng.random(120) < 0.9).astype(float))})
    narrow, wide = sorted((margin, other))
    if judge(one, Gate(narrow, looks=4)).overall.verdict is Verdict.GO:
        assert judge(one, Gate(wide, looks=4)).overall.verdict is Verdict.GO


def test_an_interim_look_asks_for_more_than_the_last():
    right = np.ones(400)
    right[::20] = 0
    whole = judge(scores({"a@1": arm(right)}, looks=1), Gate(0.01, looks=1)).claims[0].conditions[0].estimate
    waiting = (np.arange(400) >= 200).astype(int)
    half = judge(scores({"a@1": arm(right * (1 - waiting), 1 - waiting, 0, waiting)}), Gate(0.01, looks=4))
    interim = half.claims[0].conditions[0].estimate
    assert interim.high - interim.low > 1.7 * (whole.high - whole.low)


def test_holm_over_conditions_and_claims():
    rng = np.random.default_rng(2)
    sure = arm((rng.random(300) < 0.7).astype(float))
    barely = np.ones(300)
    barely[:26] = 0
    fine = {f"c{i}@1": arm(np.ones(300)) for i in range(8)}
    one = judge(scores({"b@1": arm(barely)}, looks=1), Gate(0.055, looks=1))
    assert one.overall.verdict is Verdict.NO_GO
    many = judge(scores({"b@1": arm(barely), **fine}, looks=1), Gate(0.055, looks=1))
    assert many.overall.verdict is Verdict.INCONCLUSIVE
    assert "not after Holm's adjustment over 9 conditions" in many.claims[0].decision.reason
    broken = judge(scores({"a@1": sure, "b@1": arm(barely), **fine}, looks=1), Gate(0.055, looks=1))
    assert broken.overall.reason == "a@1 does not hold (Holm-adjusted over 10 conditions)"


def test_conditions_of_a_claim_must_all_hold():
    right = np.ones(300)
    right[:9] = 0
    one = scores({"a@1": arm(right)}, clean=arm(right), looks=1)
    fine = judge(one, Gate(claims=("a@1: drop <= 5pp and accuracy >= 90%",), looks=1))
    assert fine.overall.verdict is Verdict.GO
    low = judge(one, Gate(claims=("a@1: drop <= 5pp and accuracy >= 99%",), looks=1))
    assert low.overall.verdict is Verdict.NO_GO
    assert "the accuracy is below the floor" in low.overall.reason
    relative = judge(one, Gate(claims=("a@1: relative drop <= 5%",), looks=1))
    assert relative.overall.verdict is Verdict.GO


def test_what_is_settled_need_not_be_asked():
    fallen = np.ones(200)
    fallen[:100] = 0
    both = {"a@1": arm(np.ones(200)), "b@1": arm(np.where(np.arange(200) % 20 == 0, 0.0, 1.0))}
    found = judge(scores(both, looks=1), Gate(0.05, looks=1))
    assert found.settled() == {"a@1"}
    assert judge(scores(both | {"c@1": arm(fallen)}, looks=1), Gate(0.05, looks=1)).settled() == {"a@1", "b@1", "c@1"}


def test_when_all_is_known_nothing_is_asked_on_claims_or_not():
    both = {"a@1": arm(np.ones(200)), "b@1": arm(np.zeros(200))}
    mean = judge(scores(both, looks=1), Gate(claims=("mean: drop <= 5pp",), looks=1))
    assert mean.overall.verdict is Verdict.NO_GO
    assert mean.settled() == {"a@1", "b@1"}
    one = judge(scores(both, looks=1), Gate(claims=("a@1: drop <= 5pp",), looks=1))
    assert one.overall.verdict is Verdict.GO
    assert one.settled() == {"a@1", "b@1"}, "b has no claim, and the answer is known"
    open_ = judge(scores(both, looks=1), Gate(claims=("mean: drop <= 51pp", "b@1: drop <= 99.9pp"), looks=1))
    assert open_.settled() in (set(), {"a@1", "b@1"})


def audited(value, width=0.01):
    from roadtest.harness.statistics import Estimate

    def corrected(pairs):
        return Estimate(value, value - width, value + width, pairs.level, "audit-corrected", len(pairs.items))

    return {"a@1": Evidence(drop=corrected, invalid=Estimate(0.05, 0.0, 0.1, 0.95, "audit", 100))}


def test_a_corrected_drop_decides_in_place_of_the_raw_one():
    right = np.ones(200)
    right[:30] = 0
    one = scores({"a@1": arm(right)}, looks=1)
    assert judge(one, Gate(0.05, looks=1)).overall.verdict is Verdict.NO_GO
    assert judge(one, Gate(0.05, looks=1), audited(0.02)).overall.verdict is Verdict.GO


def test_a_corrected_drop_needs_planned_looks_and_minds_failed_calls():
    one = scores({"a@1": arm(np.ones(200))}, looks=1)
    late = judge(replace(one, extended=True), Gate(0.05, looks=1), audited(0.0))
    assert late.overall.verdict is Verdict.INCONCLUSIVE
    assert "looks that were planned" in late.claims[0].decision.reason
    failed = (np.arange(200) < 3).astype(int)
    missing = scores({"a@1": arm(1 - failed, 1 - failed, failed)}, looks=1)
    assert judge(missing, Gate(0.05, looks=1), audited(0.0)).overall.verdict is Verdict.GO
    edge = judge(missing, Gate(0.05, looks=1), audited(0.03))
    assert edge.overall.verdict is Verdict.INCONCLUSIVE
    assert "unanswered calls could change it" in edge.claims[0].decision.reason


def test_anytime_rules_judge_drops_and_floors_but_no_ratios():
    one = scores({"a@1": arm(np.ones(400))}, looks=1)
    gate = Gate(claims=("a@1: drop <= 5pp and accuracy >= 80%",), looks=0)
    assert judge(one, gate).overall.verdict is Verdict.GO
    ratio = judge(replace(one, extended=True), Gate(claims=("a@1: relative drop <= 5%",), looks=1))
    assert "the relative drop can only be judged at looks that were planned" in ratio.claims[0].decision.reason


@pytest.mark.parametrize("size", [0, 1, 2])
def test_next_to_no_items_are_no_evidence(size):
    one = scores({"a@1": arm(np.ones(size))}, looks=1) if size else None
    if one is None:
        one = scores({"a@1": arm(np.ones(1), 0, 0, 0)}, looks=1)
    for gate in (Gate(0.05), Gate(0.05, looks=0), Gate(0.05, target="suite"), Gate(claims=("mean: drop <= 5pp",))):
        assert judge(one, gate).overall.verdict is Verdict.INCONCLUSIVE


def test_when_every_call_failed_there_is_no_verdict():
    one = scores({"a@1": arm(np.zeros(100), 0, 1, 0)}, looks=1)
    found = judge(one, Gate(0.05, looks=1))
    assert found.overall.verdict is Verdict.INCONCLUSIVE
    assert found.claims[0].decision.reason == "none of its calls has an answer yet"


def test_groups_come_in_an_order_that_has_nothing_to_do_with_their_sizes():
    """Large groups without a drop and single items with one: an early look must not see the large ones first."""
    rng = np.random.default_rng(0)
    names = np.array([f"large{i // 20}" for i in range(400)] + [f"single{i}" for i in range(400)])
    early = []
    for _ in range(40):
        shuffled = np.array([f"{name}/{rng.integers(10**6)}" for name in np.unique(names)])
        renamed = dict(zip(np.unique(names), shuffled, strict=True))
        order = rng.permutation(800)
        groups = [renamed[name] for name in names[order]]
        looks = np.array(blocks(groups, 10))
        early.append(np.mean([name.startswith("large") for name in names[order][looks <= 4]]))
    assert np.mean(early) == pytest.approx(0.5, abs=0.08)


def test_unequal_groups_keep_the_error_rate_at_planned_looks():
    rng, gate, go = np.random.default_rng(1), Gate(0.05, looks=10), 0
    names = np.array([f"large{i // 20}" for i in range(400)] + [f"single{i}" for i in range(400)])
    for run in range(60):
        order = rng.permutation(800)
        groups = [f"{name}-{run}" for name in names[order]]
        messy = np.where(np.char.startswith(names[order], "single") & (rng.random(800) < 0.1), 0.0, 1.0)
        ranks = group_ranks(groups)
        one = replace(scores({"a@1": arm(messy)}, groups=np.array(ranks)), looks=np.array(blocks(groups, 10)))
        last = None
        for look in range(one.last_look):
            seen = one.looks <= look
            part = arm(messy * seen, seen, 0, ~seen)
            last = judge(replace(one, messy={"a@1": part}), gate).overall.verdict
            if last is not Verdict.INCONCLUSIVE:
                break
        go += last is Verdict.GO
    assert go <= 6, "the drop over all items is the margin"


def test_a_certified_severity_needs_every_measured_rung_up_to_it():
    both = {"t@1": arm(np.ones(200)), "t@5": arm(np.zeros(200))}
    found = judge(scores(both, looks=1), Gate(0.05, claims=("t: certified >= 3",), looks=1))
    assert found.overall.verdict is Verdict.NO_GO
    one = judge(scores(both, looks=1), Gate(0.05, claims=("t: certified >= 1",), looks=1))
    assert one.overall.verdict is Verdict.GO
    named = judge(scores(both, looks=1), Gate(0.05, claims=("t: certified >= 1", "t@5: drop <= 10pp"), looks=1))
    assert named.overall.verdict is Verdict.NO_GO, "a rung with a clause of its own counts"


def test_one_group_alone_says_next_to_nothing():
    one = scores({"a@1": arm(np.ones(100))}, groups=np.zeros(100, dtype=np.int64), looks=1)
    found = judge(one, Gate(claims=("a@1: drop <= 5pp and accuracy >= 50%",), looks=1))
    assert found.overall.verdict is Verdict.INCONCLUSIVE
    for condition in found.claims[0].conditions:
        assert condition.estimate.low < 0.01
        assert condition.estimate.high > 0.99


def test_the_fewest_items_hold_for_graded_scores_too():
    one = scores({"a@1": arm(np.ones(60))}, looks=1, graded=True)
    found = judge(one, Gate(0.05, looks=1))
    assert "60 items cannot give a GO" in found.claims[0].decision.reason


def test_failures_of_one_perturbation_are_not_diluted_by_the_others():
    failed = (np.arange(300) < 15).astype(int)
    many = {f"p{i}@1": arm(np.ones(300)) for i in range(5)} | {"q@1": arm(np.ones(300) - failed, 1 - failed, failed)}
    found = judge(scores(many, looks=1), Gate(claims=("mean: drop <= 5pp",), looks=1))
    assert found.overall.verdict is Verdict.INCONCLUSIVE
    assert "brought no answer" in found.claims[0].decision.reason
