"""Effects planted in a real HTTP server, found from end to end; and how often they are found, without the server."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from roadtest.harness import Gate, Verdict, analyse, load_study, plan, read_results, run_study
from roadtest.harness.analysis import _measured
from roadtest.harness.judging import judge
from roadtest.harness.pairs import Arm, Scores, paired
from roadtest.harness.power import verdict_probability
from roadtest.harness.seeds import stream
from roadtest.harness.severity import certified
from roadtest.harness.simulation import CORRELATIONS, Design, chance


class Planted:
    """What answers the loopback server: right or wrong by latent difficulty, a drop a condition, and temperature."""

    def __init__(self, planned, drops, regime="high", clean=0.9, cached=False):
        self.rho, self.shared = CORRELATIONS[regime]
        self.drops, self.clean, self.cached = drops, clean, cached
        self.known = {}
        for request in planned.requests:
            self.known.setdefault(request.messages[-1]["content"], (request.case, request.condition))
        self.times = {}

    def __call__(self, messages):
        text = messages[-1]["content"]
        case, condition = self.known[text]
        luck = stream(1, "planted", case.id)
        ease, other = luck.gauss(0, 1), luck.gauss(0, 1)
        level, latent = self.clean, ease
        if condition != "clean":
            level -= self.drops.get(condition, 0.0)
            latent = self.shared * ease + (1 - self.shared**2) ** 0.5 * other
        turn = self.times[text] = self.times.get(text, -1) + 1
        roll = stream(2, case.id, condition, 0 if self.cached else turn)
        right = roll.random() < float(chance(level, self.rho, np.array(latent)))
        return case.target if right else "-1"


def studied(write_study, loopback, tmp_path, top, gate, drops, temperature=0.7, **planted):
    endpoint = (
        f'model = "openai/planted"\nbase_url = "{loopback.url}"\nkey_env = "PLANTED"\ntemperature = {temperature}\n'
        "concurrency = 8"
    )
    study = load_study(write_study(top, endpoint, gate))
    loopback.answer = Planted(plan(study), drops, **planted)
    return run_study(study, into=tmp_path / "r")


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("PLANTED", "sk-planted")


def test_no_effect_is_not_found_in_a_noisy_endpoint(write_study, loopback, tmp_path):
    top = "suite = 'arithmetic'\nitems = 100\nperturbations = ['small_talk@3']\ndraws = 2\nrepeats = 2"
    analysis, outcome = studied(write_study, loopback, tmp_path, top, 'margin = "5pp"\nlooks = 1', {}, regime="low")
    assert outcome.complete
    assert len(loopback.asked) == analysis.calls
    (claim,) = analysis.claims
    assert claim.decision.verdict is not Verdict.NO_GO
    assert claim.drop.low < 0 < claim.drop.high
    assert claim.excess.low < 0 < claim.excess.high
    assert claim.excess_worst.low < 0 < claim.excess_worst.high
    assert analysis.noise_floor.low > 0.02, "the endpoint differs from itself, and that is measured"
    assert claim.no_effect is None or claim.no_effect > 0.01


def test_a_planted_drop_is_found_early(write_study, loopback, tmp_path):
    top = "suite = 'arithmetic'\nitems = 220\nperturbations = ['casing@5', 'small_talk@3']\nrepeats = 1"
    analysis, outcome = studied(write_study, loopback, tmp_path, top, 'margin = "5pp"', {"casing@5": 0.30})
    assert analysis.overall.verdict is Verdict.NO_GO
    assert "casing@5" in analysis.overall.reason
    assert outcome.spared > 0.2 * analysis.planned
    assert len(loopback.asked) == analysis.calls
    casing, small_talk = analysis.claims
    assert casing.drop.low <= 0.30 <= casing.drop.high
    assert small_talk.drop.low <= 0.0 <= small_talk.drop.high


def test_a_drop_on_the_margin_is_not_waved_through(write_study, loopback, tmp_path):
    top = "suite = 'arithmetic'\nitems = 220\nperturbations = ['small_talk@3']\nrepeats = 1"
    analysis, _ = studied(write_study, loopback, tmp_path, top, 'margin = "10pp"', {"small_talk@3": 0.10})
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    assert analysis.claims[0].needs
    assert analysis.claims[0].drop.low <= 0.10 <= analysis.claims[0].drop.high


def test_invalid_variants_are_taken_out_by_an_audit(write_study, loopback, tmp_path):
    top = "suite = 'arithmetic'\nitems = 220\nperturbations = ['small_talk@3']\nrepeats = 1"
    study_gate = 'margin = "5pp"\nlooks = 1'
    invalid = {}

    class SometimesInvalid(Planted):
        def __call__(self, messages):
            case, condition = self.known[messages[-1]["content"]]
            if condition != "clean" and stream(3, case.id).random() < 0.08:
                invalid[case.id] = True
                return "-1"
            return super().__call__(messages)

    endpoint = f'model = "openai/planted"\nbase_url = "{loopback.url}"\nkey_env = "PLANTED"\nconcurrency = 8'
    study = load_study(write_study(top, endpoint, study_gate))
    loopback.answer = SometimesInvalid(plan(study), {})
    analysis, _ = run_study(study, into=tmp_path / "r")
    raw = analysis.claims[0].drop
    assert raw.value == pytest.approx(0.9 * len(invalid) / 220, abs=0.035), "invalid variants look like a drop"
    assert raw.value > 0.04
    lines = [
        json.dumps({"id": variant.id, "valid": variant.case.id not in invalid, "by": "ann"})
        for variant in analysis.results.variants
        if variant.changed
    ]
    (tmp_path / "r" / "audit.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corrected = analyse(read_results(tmp_path / "r")).claims[0].corrected
    assert corrected.low < 0 < corrected.high
    assert abs(corrected.value) < 0.03


def test_a_ladder_never_certifies_the_rung_that_breaks(write_study, loopback, tmp_path):
    rungs = "['small_talk@1', 'small_talk@2', 'small_talk@3', 'small_talk@4', 'small_talk@5']"
    top = f"suite = 'arithmetic'\nitems = 120\nperturbations = {rungs}\nrepeats = 1"
    drops = {f"small_talk@{s}": d for s, d in zip(range(1, 6), (0.0, 0.0, 0.01, 0.35, 0.5), strict=True)}
    analysis, _ = studied(write_study, loopback, tmp_path, top, 'margin = "10pp"\nlooks = 1', drops)
    ladder = analysis.ladders["small_talk"]
    assert ladder.certified < 4
    assert ladder.broken == 4
    assert 2.5 < ladder.breaking_point[0] < 4
    assert ladder.trend.low > 0
    assert not ladder.uneven


def test_identical_repeats_of_a_sampling_endpoint_are_called_out(write_study, loopback, tmp_path):
    top = "suite = 'arithmetic'\nitems = 40\nperturbations = ['small_talk@3']\nrepeats = 2"
    gate = 'margin = "5pp"\nlooks = 1'
    cached, _ = studied(write_study, loopback, tmp_path, top, gate, {}, regime="low", cached=True)
    assert cached.noise_floor.value == 0
    assert any("at temperature 0.7: something caches answers" in warning for warning in cached.warnings)
    fresh, _ = studied(write_study, loopback, tmp_path / "fresh", top, gate, {}, regime="low")
    assert not any("caches" in warning for warning in fresh.warnings)


# --- how often: the same decisions without the server --------------------------------------------------------------


def scores(design, rng, names=("a@1",)):
    clean, messy = design.right(rng)
    items, nothing = design.items, np.zeros(design.items, dtype=np.int64)

    def arm(right, asked):
        return Arm(right, right, np.full(items, asked), nothing, nothing)

    return Scores(
        clean=arm(clean[0], design.repeats),
        messy={name: arm(messy[0], design.draws) for name in names},
        changed={name: np.ones(items, dtype=bool) for name in names},
        groups=None,
        looks=nothing,
        repeats=design.repeats,
        draws=design.draws,
    )


def verdicts(design, gate, runs, seed):
    rng = np.random.default_rng(seed)
    found = [judge(scores(design, rng), gate).overall.verdict for _ in range(runs)]
    return {verdict: found.count(verdict) / runs for verdict in Verdict}


def test_without_an_effect_intervals_hold_zero_and_power_is_as_planned():
    rng, gate = np.random.default_rng(4), Gate(0.05, looks=1)
    noisy = Design(150, draws=2, repeats=2, regime="low")
    held = {"drop": [], "excess": [], "excess_worst": []}
    for _ in range(400):
        one = scores(noisy, rng)
        measured = _measured(paired(one, "a@1", gate), one, None)
        for name, found in held.items():
            found.append(measured[name].low <= 0 <= measured[name].high)
    for name, found in held.items():
        assert np.mean(found) >= 0.93, name
    single = Design(300, regime="high")
    rate = verdicts(single, gate, 400, 5)
    c, p = single.sample(np.random.default_rng(6), 2000)
    lost, gained = float(np.mean(c * (1 - p))), float(np.mean((1 - c) * p))
    middle = (lost + gained) / 2
    assert rate[Verdict.GO] == pytest.approx(verdict_probability(300, middle, middle, 0.05)[0], abs=0.06)
    assert rate[Verdict.NO_GO] <= 0.045


def test_planted_drops_are_found_as_often_as_they_should():
    gate = Gate(0.05, looks=1)
    assert verdicts(Design(300, drop=0.10, regime="high"), gate, 400, 7)[Verdict.NO_GO] >= 0.78
    edge = verdicts(Design(300, drop=0.05, regime="high"), gate, 400, 8)
    assert edge[Verdict.GO] <= 0.045
    assert edge[Verdict.NO_GO] <= 0.06


def test_the_fourth_rung_is_hardly_ever_certified():
    rng, gate, runs = np.random.default_rng(9), Gate(0.05, looks=1), 300
    wrong = 0
    for _ in range(runs):
        go = []
        for drop in (0.005, 0.015, 0.03, 0.08, 0.2):
            one = scores(Design(300, drop=drop, regime="high"), rng)
            go.append(judge(one, gate).overall.verdict is Verdict.GO)
        wrong += certified((1, 2, 3, 4, 5), go) >= 4
    assert wrong / runs <= 0.03


def test_many_harmless_claims_raise_no_more_alarms_than_one():
    """Holm's family: each of eight perturbations on its margin, and the chance that any of them is called NO-GO."""
    names = tuple(f"p{i}@1" for i in range(8))
    rng, gate, runs = np.random.default_rng(10), Gate(0.05, looks=1), 300
    alarms = alone = 0
    for _ in range(runs):
        each = [scores(Design(200, drop=0.05, regime="high"), rng, (name,)) for name in names]
        together = replace(
            each[0],
            messy={name: one.messy[name] for name, one in zip(names, each, strict=True)},
            changed={name: one.changed[name] for name, one in zip(names, each, strict=True)},
        )
        # in `together` all share one clean arm: the drop of each still is the margin
        single = [judge(one, gate).overall.verdict is Verdict.NO_GO for one in each]
        alone += any(single)
        alarms += judge(together, gate).overall.verdict is Verdict.NO_GO
    assert alone / runs > 0.08, "unadjusted, eight claims raise many alarms (negative control)"
    assert alarms / runs <= 0.045


def test_failed_calls_never_turn_into_a_go():
    """Failures that hit messy answers which would have been wrong: 6 % of them, and the verdict stays open."""
    rng, gate = np.random.default_rng(11), Gate(0.05, looks=1)
    found = []
    for _ in range(100):
        one = scores(Design(300, drop=0.06, regime="high"), rng)
        arm = one.messy["a@1"]
        hidden = (arm.total == 0) & (rng.random(300) < 0.6)
        messy = replace(arm, answered=np.where(hidden, 0, 1), failed=hidden.astype(np.int64))
        found.append(judge(replace(one, messy={"a@1": messy}), gate).overall.verdict)
    assert Verdict.GO not in found
