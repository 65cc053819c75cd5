"""From a study to a report: analysis, results folder and report together."""

from __future__ import annotations

import json
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
from roadtest.harness.report import fence, inline, plain
from roadtest.harness.study import Gate

ANSWERS = {case.text: case.target for case in load_suite("arithmetic").cases}


def right_on_clean(text):
    """Answers clean texts right and everything else wrong."""
    return ANSWERS.get(text, "-1")


def right_always(text):
    words = set(text.lower().split())
    return ANSWERS[text if text in ANSWERS else max(ANSWERS, key=lambda known: len(words & set(known.lower().split())))]


@pytest.fixture
def study(write_study):
    return load_study(write_study("suite = 'arithmetic'\nitems = 80\nperturbations = ['casing@5', 'small_talk@2']"))


def run(study, script, folder):
    return run_study(study, Scripted(script, name="scripted"), into=folder)


def test_no_fall_is_go_and_says_on_what_it_rests(study, tmp_path):
    analysis, outcome = run(study, right_always, tmp_path / "r")
    assert outcome.complete
    assert analysis.overall.verdict is Verdict.GO
    for claim in analysis.claims:
        assert claim.estimate.value == 0
        assert claim.estimate.items + claim.unchanged == 80
        assert claim.estimate.repeats == 2
    assert any("ceiling" in warning for warning in analysis.warnings)
    assert any("deterministic" in warning for warning in analysis.warnings)


def test_a_total_fall_is_no_go_with_examples(study, tmp_path):
    analysis, _ = run(study, right_on_clean, tmp_path / "r")
    assert analysis.overall.verdict is Verdict.NO_GO
    (casing, _) = analysis.claims
    assert casing.estimate.value == 1
    assert (casing.lost, casing.gained) == (1, 0)
    assert len(casing.flips) == casing.estimate.items
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
    assert all(claim.estimate.value == 0 for claim in analysis.claims), "what came back was right"
    assert analysis.outcomes["failed: server"] == outcome.failed


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
    assert casing.estimate.value == 1


def test_a_noisy_endpoint_has_a_noise_floor(study, tmp_path):
    turns = iter(range(10**6))
    analysis, _ = run(study, lambda text: "-1" if next(turns) % 4 == 0 else right_always(text), tmp_path / "r")
    assert 0.2 < analysis.noise_floor.value < 0.6
    assert analysis.noise_floor.low < analysis.noise_floor.value < analysis.noise_floor.high


def test_another_margin_or_scorer_costs_no_call(study, tmp_path):
    run(study, right_on_clean, tmp_path / "r")
    results = read_results(tmp_path / "r")
    assert analyse(results, gate=Gate(0.99)).gate.margin == 0.99
    assert analyse(results, scorer="contains").clean.value == 1


def test_a_changed_gate_counts_at_once_and_costs_no_call(study, tmp_path):
    run(study, right_always, tmp_path / "r")
    silent = Scripted([])
    analysis, _ = run_study(replace(study, gate=Gate(0.001)), silent, into=tmp_path / "r")
    assert analysis.gate.margin == 0.001
    assert analysis.overall.verdict is Verdict.INCONCLUSIVE
    assert silent.calls == []


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
    with pytest.raises(ResultsError, match=r"holds another study \(it differs in seed, variants\)|differs in seed"):
        run(replace(study, seed=9), right_on_clean, tmp_path / "r")


def test_damaged_results_are_named(study, tmp_path):
    with pytest.raises(ResultsError, match="not a results folder"):
        read_results(tmp_path)
    run(study, right_on_clean, tmp_path / "r")
    stray = (tmp_path / "r" / "records.jsonl").read_text().splitlines()[0].replace('"id": "arith', '"id": "nobody-')
    with (tmp_path / "r" / "records.jsonl").open("a") as file:
        file.write(stray + "\n")
    with pytest.raises(ResultsError, match=r"the journal has a record 'nobody-.*' of no case of this study"):
        analyse(read_results(tmp_path / "r"))
    for content in (b"{}\n", b"\xff\n", b"null\n"):
        (tmp_path / "r" / "variants.jsonl").write_bytes(content)
        with pytest.raises(ResultsError, match=r"is damaged|not JSON"):
            read_results(tmp_path / "r")
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
