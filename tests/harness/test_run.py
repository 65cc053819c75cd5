"""From a study to a report: analysis, results folder and report together."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import (
    EndpointError,
    Reply,
    ResultsError,
    Scripted,
    StudyError,
    Verdict,
    analyse,
    load_study,
    markdown,
    plan,
    read_results,
    run_study,
    terminal,
)
from roadtest.harness.escaping import fence, inline, plain
from roadtest.harness.gate import Gate

ANSWERS = {case.text: case.target for case in load_suite("arithmetic").cases}


def right_on_clean(text):
    """Answers clean texts right and everything else wrong."""
    return ANSWERS.get(text, "-1")


def right_always(text):
    words = set(text.lower().split())
    return ANSWERS[text if text in ANSWERS else max(ANSWERS, key=lambda known: len(words & set(known.lower().split())))]


TOP = "suite = 'arithmetic'\nitems = 80\nperturbations = ['casing@5', 'small_talk@2']"


@pytest.fixture
def study(write_study):
    """Without early stopping."""
    return load_study(write_study(TOP, gate='margin = "5pp"\nlooks = 1'))


def run(study, script, folder):
    return run_study(study, Scripted(script, name="scripted"), into=folder)


def test_no_fall_is_go_and_says_on_what_it_rests(study, tmp_path):
    analysis, outcome = run(study, right_always, tmp_path / "r")
    assert outcome.complete
    assert analysis.overall.verdict is Verdict.GO
    for claim in analysis.claims:
        assert claim.drop.value == 0
        assert claim.drop.items + claim.unchanged == 80
        assert claim.drop.repeats == 2
    assert any("ceiling" in warning for warning in analysis.warnings)
    assert any("deterministic" in warning for warning in analysis.warnings)


def test_a_total_fall_is_no_go_with_examples(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.NO_GO
    (casing, _) = analysis.claims
    assert casing.drop.value == 1
    assert (casing.lost.value, casing.gained.value) == (1, 0)
    assert casing.flipped == casing.drop.items
    assert len(casing.flips) == 5
    assert casing.flips[0].messy_answer == "-1"


def test_one_fall_among_claims_is_enough(study, tmp_path):
    def script(text):
        return "-1" if text == text.lower() else right_always(text)

    analysis, _ = run(study, script, tmp_path / "r")
    assert [claim.decision.verdict for claim in analysis.claims] == [Verdict.NO_GO, Verdict.GO]
    assert analysis.overall.verdict is Verdict.NO_GO
    assert "casing@5" in analysis.overall.reason


def test_failures_are_neither_wrong_nor_dropped_silently(study, tmp_path):
    turns = iter(range(10**6))
    retry_free = replace(study, system=study.system.__class__(callable="a:b", retries=0))
    analysis, outcome = run(
        retry_free,
        lambda text: EndpointError("server", "x") if next(turns) % 10 == 3 else right_always(text),
        tmp_path / "r",
    )
    assert outcome.failed > 0
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    assert all("brought no answer" in claim.decision.reason for claim in analysis.claims)
    assert all(claim.drop.value == 0 for claim in analysis.claims), "what came back was right"
    assert analysis.outcomes["failed: server"] == outcome.failed
    casing = analysis.claims[0]
    assert casing.best_case.value < casing.drop.value == 0 < casing.worst_case.value
    assert "calls brought no answer; the drop would be" in terminal(analysis)


def test_unparsable_and_truncated_answers_count_as_wrong_and_are_told_apart(study, tmp_path):
    class Odd:
        name = "odd"

        async def __call__(self, messages):
            text = messages[-1]["content"]
            if text in ANSWERS:
                return Reply(ANSWERS[text])
            return Reply("no idea") if text == text.lower() else Reply("The sum of", finish="length")

    analysis, _ = run_study(study, Odd(), into=tmp_path / "r")
    casing, small_talk = analysis.claims
    assert set(casing.outcomes) == {"unparsable", "truncated"}, "a protected capital stays one"
    assert set(small_talk.outcomes) == {"truncated"}
    assert casing.drop.value == 1


def test_a_noisy_endpoint_has_a_noise_floor(study, tmp_path):
    turns = iter(range(10**6))
    analysis, _ = run(study, lambda text: "-1" if next(turns) % 4 == 0 else right_always(text), tmp_path / "r")
    assert 0.2 < analysis.noise_floor.value < 0.6
    assert analysis.noise_floor.low < analysis.noise_floor.value < analysis.noise_floor.high


def test_another_margin_or_scorer_costs_no_call(study, tmp_path):
    run(study, right_on_clean, tmp_path / "r")
    results = read_results(tmp_path / "r")
    assert analyse(results, gate=Gate(0.99, looks=1)).gate.margin == 0.99
    assert analyse(results, scorer="contains").clean.value == 1


def test_a_changed_gate_counts_at_once_and_costs_no_call(study, tmp_path):
    run(study, right_always, tmp_path / "r")
    silent = Scripted([])
    analysis, _ = run_study(replace(study, gate=Gate(0.001, looks=1)), silent, into=tmp_path / "r")
    assert analysis.gate.margin == 0.001
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    assert silent.calls == []


def test_a_known_answer_is_not_paid_for_any_further(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "200")))
    analysis, outcome = run(study, right_on_clean, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.NO_GO
    assert outcome.complete
    assert outcome.spared > 0.7 * analysis.planned, "a total fall shows at the first look"
    assert analysis.spared == outcome.spared == analysis.planned - analysis.calls
    assert analysis.claims[0].looks[-1] < 0.3
    assert "were not needed, the answer was known" in terminal(analysis)
    again, outcome = run(study, lambda text: AssertionError("asked again"), tmp_path / "r")
    assert outcome.spared == analysis.spared
    assert again.calls == analysis.calls
    everything = load_study(write_study(TOP.replace("80", "200"), gate='margin = "5pp"\nlooks = 1'))
    whole, _ = run(everything, right_on_clean, tmp_path / "whole")
    assert whole.calls == whole.planned


def test_a_claim_that_is_go_is_not_asked_on_while_others_are_open(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "200")))
    asked = []

    def script(text):
        asked.append(text)
        lower = text == text.lower()
        return "-1" if lower and len(text) % 17 == 0 else right_always(text)

    analysis, outcome = run(study, script, tmp_path / "r")
    casing, small_talk = analysis.claims
    assert small_talk.decision.verdict is Verdict.GO
    assert small_talk.waiting > 0
    assert casing.waiting < small_talk.waiting
    assert outcome.spared >= small_talk.waiting
    assert len(asked) == analysis.calls


def test_an_interrupted_study_goes_by_its_last_complete_look(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "200") + "\nrepeats = 1"))
    turns = iter(range(10**6))

    def script(text):
        return EndpointError("auth", "gone") if next(turns) >= 150 else right_always(text)

    analysis, outcome = run(study, script, tmp_path / "r")
    assert "gone" in outcome.stopped
    (casing, small_talk) = analysis.claims
    assert casing.drop.items == small_talk.drop.items == 40, "two looks of twenty items; the rest waits"
    assert casing.looks == (0.1, 0.2)
    assert casing.drop.level > 0.9999


def test_before_the_first_look_there_is_no_verdict(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "200")))
    turns = iter(range(10**6))

    def script(text):
        return EndpointError("auth", "gone") if next(turns) >= 60 else right_on_clean(text)

    analysis, _ = run(study, script, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    assert "not yet at a look" in analysis.claims[0].decision.reason
    assert 0 < analysis.claims[0].drop.items < 20


def test_an_extended_study_keeps_its_answers_and_changes_its_rule(study, tmp_path):
    small, _ = run(study, right_always, tmp_path / "r")
    assert small.calls == 320
    larger = replace(study, items=220)
    with pytest.raises(ResultsError, match=r"holds this study with 80 items; `--extend` adds to it"):
        run(larger, right_always, tmp_path / "r")
    asked = Scripted(right_always)
    analysis, outcome = run_study(larger, asked, into=tmp_path / "r", extend=True)
    assert len(asked.calls) == outcome.answered - 320 > 0
    assert analysis.results.extents == (80, 220)
    assert any("extended from 80 to 220 items" in warning for warning in analysis.warnings)
    assert all("e-process" in claim.conditions[0].estimate.method for claim in analysis.claims)
    assert analysis.overall.verdict is Verdict.GO
    fixed = analyse(analysis.results).claims[0].drop
    assert fixed.high < analysis.claims[0].conditions[0].estimate.high, "looking at any time has its price"
    again, outcome = run_study(larger, Scripted([]), into=tmp_path / "r")
    assert again.calls == analysis.calls


def test_only_the_same_study_can_be_extended(study, tmp_path):
    run(study, right_always, tmp_path / "r")
    with pytest.raises(ResultsError, match=r"items was 80 and is 90, seed was 0 and is 4, the variants .* changed"):
        run_study(replace(study, items=90, seed=4), Scripted([]), into=tmp_path / "r", extend=True)
    with pytest.raises(ResultsError, match="there is no study in it to extend"):
        run_study(study, Scripted([]), into=tmp_path / "empty", extend=True)


def test_groups_that_were_looked_at_cannot_grow(write_study, tmp_path):
    path = write_study("suite = 'mine.jsonl'\nscorer = 'exact'\nitems = 30\nperturbations = ['casing@5']")
    rows = [{"id": f"c{i}", "text": f"Say {i} Please", "target": "x", "group": f"g{i % 20}"} for i in range(60)]
    path.with_name("mine.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    study = load_study(path)
    run_study(study, Scripted(lambda text: "x"), into=tmp_path / "r")
    with pytest.raises(ResultsError, match="groups that were looked at cannot grow"):
        run_study(replace(study, items=60), Scripted([]), into=tmp_path / "r", extend=True)


def test_a_gate_that_was_changed_after_answers_says_so(study, tmp_path):
    run(study, right_on_clean, tmp_path / "r")
    analysis, _ = run(replace(study, gate=Gate(0.9, looks=1)), right_on_clean, tmp_path / "r")
    assert any(
        "the gate was changed when 320 answers were there; it had been margin 0.05" in w for w in analysis.warnings
    )


def test_fewer_looks_after_answers_were_seen_are_not_planned(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "73")))
    first, _ = run(study, right_always, tmp_path / "r")
    assert first.overall.verdict is Verdict.INCONCLUSIVE, "they would do at one look, not at ten"
    loose, _ = run(replace(study, gate=Gate(0.05, looks=1)), right_always, tmp_path / "r")
    assert loose.overall.verdict is Verdict.INCONCLUSIVE
    assert any("had been looks 10" in warning for warning in loose.warnings)
    assert any("fewer looks are planned than before" in warning for warning in loose.warnings)
    assert analyse(first.results, gate=Gate(0.05, looks=1)).overall.verdict is Verdict.INCONCLUSIVE


def test_a_suite_claim_is_known_when_the_suite_is_asked(write_study, tmp_path):
    gate = 'margin = "5pp"\ntarget = "suite"'
    with pytest.raises(StudyError, match="a claim about the whole suite"):
        plan(load_study(write_study(TOP, gate=gate)))
    study = load_study(write_study(TOP.replace("items = 80\n", ""), gate=gate))

    def script(text):
        return "-1" if text == text.lower() and len(text) % 40 == 0 else right_always(text)

    analysis, outcome = run(study, script, tmp_path / "r")
    assert analysis.overall.verdict is not Verdict.INCONCLUSIVE
    casing = analysis.claims[0].conditions[0].estimate
    assert "without replacement" in casing.method
    assert outcome.complete


def test_what_would_settle_it_comes_with_every_inconclusive(study, tmp_path):
    def script(text):
        return "-1" if text == text.lower() and len(text) % 20 == 0 else right_always(text)

    analysis, _ = run(study, script, tmp_path / "r")
    open_claims = [claim for claim in analysis.claims if claim.decision.verdict is Verdict.INCONCLUSIVE]
    assert open_claims
    for claim in open_claims:
        assert claim.needs
        for need in claim.needs:
            assert need.measure == "drop"
            assert need.items > claim.drop.items
            assert need.calls == need.items * (2 + need.draws)
            assert need.extended >= need.items
    if analysis.overall.verdict is Verdict.INCONCLUSIVE:
        assert "if the drop is 0.0 points" in terminal(analysis)


def test_an_audit_corrects_the_drop_and_unknown_ids_are_named(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    ids = [v.id for v in analysis.results.variants if v.condition == "casing@5"]
    lines = [json.dumps({"id": key, "valid": at % 20 != 0, "by": "ann"}) for at, key in enumerate(ids)]
    (tmp_path / "r" / "audit.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    audited = analyse(read_results(tmp_path / "r"))
    casing, small_talk = audited.claims
    assert casing.invalid.value == pytest.approx(0.05)
    assert casing.corrected.method.startswith("audit-corrected")
    assert small_talk.corrected is None
    assert "corrected by people's readings for casing@5" in audited.validity
    half = [json.dumps({"id": key, "valid": at % 4 != 0, "by": "ann"}) for at, key in enumerate(ids)]
    (tmp_path / "r" / "audit.jsonl").write_text("\n".join(half) + "\n", encoding="utf-8")
    assert "needs repair" in analyse(read_results(tmp_path / "r")).claims[0].decision.reason
    other = [json.dumps({"id": key, "valid": at % 3 != 0, "by": "bob"}) for at, key in enumerate(ids)]
    (tmp_path / "r" / "audit.jsonl").write_text("\n".join(half + other) + "\n", encoding="utf-8")
    assert "agree too little" in analyse(read_results(tmp_path / "r")).claims[0].decision.reason
    for line, message in (
        (b'{"id": "nobody", "valid": true}', "never asked"),
        (b'{"id": 3}', "line 1: expected"),
        (b'{"id": 3, "valid": NaN}', "line 1: expected"),
        (b"\n[1]", "line 2: expected"),
        (b"\xff", "line 1: expected"),
    ):
        (tmp_path / "r" / "audit.jsonl").write_bytes(line + b"\n")
        with pytest.raises(ResultsError, match=message):
            analyse(read_results(tmp_path / "r"))


def test_human_labels_correct_a_judge(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    cases = list(analysis.results.cases)
    rows = []
    for case_id in cases[:70]:  # people find that the messy answers were right after all
        rows.append({"id": f"{case_id}/clean#0", "score": 1.0, "by": "ann"})
        rows.append({"id": f"{case_id}/casing@5#0", "score": 1.0, "by": "ann"})
    (tmp_path / "r" / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    corrected = analyse(read_results(tmp_path / "r")).claims[0]
    assert corrected.drop.value == 1.0
    assert corrected.corrected.value < 0.05
    assert corrected.corrected.method.startswith("PPI++")
    (tmp_path / "r" / "labels.jsonl").write_text("\n".join(map(json.dumps, rows[:40])) + "\n", encoding="utf-8")
    assert "60 are needed to correct the judge" in analyse(read_results(tmp_path / "r")).claims[0].decision.reason


def test_an_assumed_share_of_invalid_variants_widens_the_interval(study, tmp_path):
    def script(text):
        return "-1" if text == text.lower() and len(text) % 11 == 0 else right_always(text)

    plain, _ = run(study, script, tmp_path / "r")
    wider = analyse(plain.results, gate=Gate(0.05, looks=1, invalid=0.1))
    before, after = plain.claims[0].conditions[0].estimate, wider.claims[0].conditions[0].estimate
    assert after.low < before.low
    assert after.high > before.high
    assert "not audited; intervals are widened for 10%" in wider.validity


def test_draws_give_worst_of_k_beside_its_matched_baseline(write_study, tmp_path):
    top = "suite = 'arithmetic'\nitems = 60\nperturbations = ['typos@5']\ndraws = 3\nrepeats = 3"
    study = load_study(write_study(top, gate='margin = "10pp"\nlooks = 1'))
    luck = random.Random(3)
    analysis, _ = run(study, lambda text: "-1" if luck.random() < 0.12 else right_always(text), tmp_path / "r")
    (typos,) = analysis.claims
    assert typos.drop.draws == 3
    assert typos.worst.value < 0.85
    assert typos.excess_worst.low < 0 < typos.excess_worst.high, "noise alone, and the baseline has it too"
    assert 0.6 < typos.agreement.value < 0.95
    assert analysis.clean_agreement.value < 0.95
    assert "all draws right %" in terminal(analysis)
    assert "draws agree %" in terminal(analysis)
    assert "clean repeats agree in what they say" in terminal(analysis)


def test_a_ladder_is_read_as_one(write_study, tmp_path):
    three = [f"whitespace@{severity}" for severity in (3, 4, 5)]
    top = f"suite = 'arithmetic'\nitems = 200\nperturbations = {three}\nrepeats = 1"
    study = load_study(write_study(top, gate='margin = "5pp"\nlooks = 1\nclaims = ["whitespace: certified >= 4"]'))
    variants = plan(study).variants
    changed: dict[str, int] = {}
    for variant in variants:  # what two severities share is the lower one's
        changed.setdefault(variant.text, variant.severity)
    clean = {text: text for text in ANSWERS} | {v.text: v.case.text for v in variants}

    def script(text):
        return "-1" if changed.get(text) == 5 and len(text) % 3 else ANSWERS[clean[text]]

    analysis, _ = run(study, script, tmp_path / "r")
    ladder = analysis.ladders["whitespace"]
    assert ladder.severities == (3, 4, 5)
    assert ladder.broken == 5
    assert ladder.breaking_point[0] > 4
    assert ladder.trend.low > 0
    (certified,) = analysis.others
    assert str(certified.conditions[0].clause) == "whitespace: certified >= 4"
    assert [claim.decision.verdict for claim in analysis.claims] == [Verdict.GO, Verdict.GO, Verdict.NO_GO]
    assert analysis.overall.verdict is Verdict.GO, "severity 5 is not asked for"
    assert analysis.overall.reason == "whitespace: every severity up to 4 is GO"


def test_the_mean_over_all_mess_is_a_claim_of_its_own(write_study, tmp_path):
    study = load_study(write_study(TOP.replace("80", "200"), gate='claims = ["mean: drop <= 5pp"]'))
    analysis, _ = run(study, right_always, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.GO
    assert [claim.decision for claim in analysis.claims] == [None, None]
    assert "no claim" in terminal(analysis)
    assert "mean: drop <= 5pp" in terminal(analysis)
    assert any("measured and decide nothing" in warning for warning in analysis.warnings)


def test_a_cached_endpoint_is_called_out(write_study, tmp_path):
    endpoint = 'model = "openai/x"\ntemperature = 0.7'
    study = load_study(write_study(TOP, endpoint, gate='margin = "5pp"\nlooks = 1'))
    analysis, _ = run(study, right_always, tmp_path / "r")
    assert any("at temperature 0.7: something caches answers" in warning for warning in analysis.warnings)


def test_a_stand_in_endpoint_needs_a_folder_of_its_own(study):
    with pytest.raises(StudyError, match="needs a results folder of its own"):
        run_study(study, Scripted([]))


def test_answers_without_their_study_are_not_adopted(study, tmp_path):
    run(study, right_always, tmp_path / "r")
    (tmp_path / "r" / "study.json").unlink()
    with pytest.raises(ResultsError, match="of a study that is gone"):
        run(study, right_always, tmp_path / "r")


def test_results_can_be_read_back_exactly(study, tmp_path):
    run(study, right_on_clean, tmp_path / "r")
    planned, results = plan(study), read_results(tmp_path / "r")
    assert results.variants == planned.variants
    assert tuple(results.cases.values()) == planned.cases
    assert (results.fingerprint, results.manifest) == (planned.fingerprint, planned.manifest)


def test_another_study_is_not_mixed_in(study, tmp_path):
    run(study, right_on_clean, tmp_path / "r")
    with pytest.raises(ResultsError, match=r"holds another study; seed was 0 and is 9, the variants"):
        run(replace(study, seed=9), right_on_clean, tmp_path / "r")


def test_damaged_results_are_named(study, tmp_path):
    with pytest.raises(ResultsError, match="not a results folder"):
        read_results(tmp_path)
    run(study, right_on_clean, tmp_path / "r")
    stray = (tmp_path / "r" / "records.jsonl").read_text().splitlines()[0].replace('"id": "arith', '"id": "nobody-')
    with (tmp_path / "r" / "records.jsonl").open("a") as file:
        file.write(stray + "\n")
    with pytest.raises(ResultsError, match=r"has a record 'nobody-.*' of no planned call"):
        analyse(read_results(tmp_path / "r"))
    for content in (b"{}\n", b"\xff\n", b"null\n"):
        (tmp_path / "r" / "variants.jsonl").write_bytes(content)
        with pytest.raises(ResultsError, match=r"is damaged|not JSON"):
            analyse(read_results(tmp_path / "r"))
    for content in ("null", "[]", "{"):
        (tmp_path / "r" / "study.json").write_text(content)
        with pytest.raises(ResultsError, match=r"expected a JSON object|cannot be read"):
            read_results(tmp_path / "r")


def test_no_number_without_interval_items_and_draws(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    text = terminal(analysis)
    assert text.startswith("NO-GO: ")
    for column in ("items", "k", "clean %", "messy %", "drop, points [95% interval]", "unchanged", "verdict"):
        assert column in text
    assert re.search(r"clean accuracy 100\.0 \[\d+\.\d, 100\.0\]% over 80 items, 2 answers each", text)
    assert re.search(r"noise floor: 0\.0 \[", text)


def test_markdown_and_json_say_the_same(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    data = json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))
    text = (tmp_path / "r" / "report.md").read_text(encoding="utf-8")
    assert data["verdict"] == "NO-GO" == str(analysis.overall.verdict)
    assert data["claims"][0]["drop"]["value"] == 1.0
    assert text == markdown(analysis)
    assert "| casing@5" in text
    assert data["manifest"][:16] in text


NASTY = "```\n<script>alert(1)</script>\n# head\x1b[31m\u202e\ud800 | [x](http://evil)"


def test_answers_can_do_nothing_to_the_report(study, tmp_path):
    def script(text):
        return ANSWERS.get(text, NASTY + " 7")

    _, outcome = run(study, script, tmp_path / "r")
    assert outcome.complete
    text = (tmp_path / "r" / "report.md").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    fence_open = None
    for line in text.splitlines():
        match = re.match(r"(`{3,})(\w*)$", line)
        if match and fence_open is None:
            fence_open = match[1]
        elif match and line == fence_open:
            fence_open = None
        elif "<script>" in line:
            assert fence_open == "````", "an answer stands only inside a fence it cannot close"
    assert fence_open is None


def test_escapes():
    assert plain("a\x1b[0m\u200bb\ud800") == "a\\u001b[0m\\u200bb\\ud800"
    assert inline("a|b <i>*x*\n# y") == "a\\|b \\<i\\>\\*x\\* \\# y"
    assert fence("```` x") == ["`````text", "```` x", "`````"]


def test_every_kind_of_open_claim_says_what_would_settle_it(write_study, tmp_path):
    claims = ["casing@5: accuracy >= 97%", "small_talk@2: relative drop <= 2%", "mean: drop <= 1pp"]
    study = load_study(write_study(TOP, gate=f"claims = {claims}\nlooks = 1"))

    def script(text):
        return "-1" if text == text.lower() and len(text) % 40 == 0 else right_always(text)

    analysis, _ = run(study, script, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    casing, small_talk = analysis.claims
    assert casing.needs[0].measure == "accuracy"
    assert small_talk.needs[0].measure == "relative drop"
    (mean,) = analysis.others
    needs = analysis.other_needs[mean.name]
    assert needs[0].calls == needs[0].items * (2 + 2), "two clean answers and both perturbations"
    text = terminal(analysis)
    for words in ("if the accuracy is", "if the relative drop is", "mean: drop <= 1pp: 80 items cannot give a GO"):
        assert words in text
