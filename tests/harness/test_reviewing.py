"""Audits and paraphrases as a reader meets them at the terminal."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from roadtest.harness import Scripted, Study, System, analyse, plan, read_results, run_study, terminal, verify
from roadtest.harness.answers import read_answers
from roadtest.harness.auditing import QUOTA, sample
from roadtest.harness.cli import main
from roadtest.harness.gate import Gate
from roadtest.harness.paraphrasing import review, rows, unread
from roadtest.harness.planning import forecast
from roadtest.harness.report import markdown
from roadtest.harness.report_json import as_json
from roadtest.harness.selftest import controls


@pytest.fixture
def results(tmp_path):
    study = Study(
        name="audit",
        suite="extraction",
        perturbations=("typos@3", "changed_mind@3", "missing_value@3", "casing@5"),
        system=System(callable="tests:stand_in"),
        gate=Gate(margin=0.05, looks=1),
        items=30,
    )
    wrong = iter(range(10_000))
    folder = tmp_path / "results"
    run_study(study, Scripted(lambda text: "nothing" if next(wrong) % 3 else "48213"), into=folder)
    return folder


def test_an_audit_is_kept_resumed_and_corrects_the_report(results):
    runner = CliRunner()
    first = runner.invoke(main, ["audit", str(results), "--by", "ann", "--size", "4"], input="y\nn\ns\nq\n")
    assert first.exit_code == 0, first.output
    assert "2 kept in" in first.output
    assert "right answer:" in first.output
    lines = [json.loads(line) for line in (results / "audit.jsonl").read_text().splitlines()]
    assert [line["valid"] for line in lines] == [True, False]
    assert {line["by"] for line in lines} == {"ann"}
    assert all(line["at"].endswith("+00:00") and line["edits"] for line in lines)
    again = runner.invoke(main, ["audit", str(results), "--by", "ann", "--size", "4"], input="q\n")
    assert "2 variants to read" in again.output
    other = runner.invoke(main, ["audit", str(results), "--by", "bob", "--size", "4"], input="q\n")
    assert "4 variants to read" in other.output
    analysis = analyse(read_results(results))
    assert sum(entry.classes["reviewed"] for entry in analysis.ledger) == 1
    assert any(claim.invalid for claim in analysis.claims)
    assert verify(results).holds
    assert not verify(results).notes, "what was read is sealed"


def test_an_audit_of_a_perturbation_that_is_not_there_names_those_that_are(results):
    done = CliRunner().invoke(main, ["audit", str(results), "--only", "typo"])
    assert done.exit_code == 2
    assert "did you mean 'typos'?" in done.output


def test_the_sample_is_stratified_and_any_first_part_is_balanced(results):
    held = read_results(results)
    answers = read_answers(held)
    chosen = sample(held, answers)
    assert len(set(chosen)) == len(chosen)
    assert all(answers.changed[row] and answers.same[row] for row in chosen)
    assert len(chosen) <= 2 * sum(QUOTA.values())
    assert sample(held, answers, 5) == chosen[:5]
    assert {int(answers.condition[row]) for row in chosen[:8]} == {0, 1}
    only = sample(held, answers, None, "casing")
    assert {held.conditions[answers.condition[row]] for row in only} == {"casing@5"}


def test_what_changes_the_right_answer_counts_apart(results):
    analysis = analyse(read_results(results))
    assert [claim.name for claim in analysis.claims] == ["typos@3", "casing@5"]
    ledger = {entry.name: entry for entry in analysis.ledger}
    assert ledger["changed_mind@3"].classes["behaviour-changed"] > 0
    assert ledger["changed_mind@3"].right.value == 0
    assert ledger["missing_value@3"].right.value == 0, "whoever always answers never asks back"
    assert ledger["casing@5"].classes["proved"] > 0
    for text in (terminal(analysis), markdown(analysis)):
        assert "changes what is right, so that it has no drop" in text
    assert "## Validity of the variants" in markdown(analysis)
    found = as_json(analysis)["ledger"]
    assert [entry["name"] for entry in found] == ["typos@3", "casing@5", "changed_mind@3", "missing_value@3"]


def test_rejected_variants_are_counted_and_never_sent(tmp_path, monkeypatch):
    (tmp_path / "rude.py").write_text(
        "def cut(text):\n    return text.replace('order', 'chair').replace('card', 'roof')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = []
    study = Study(
        name="rejected",
        suite="extraction",
        perturbations=("python:rude:cut@5",),
        system=System(callable="tests:stand_in"),
        gate=Gate(margin=0.05, looks=1),
        items=40,
    )

    def answer(text):
        seen.append(text)
        return "x"

    analysis, _ = run_study(study, Scripted(answer), into=tmp_path / "results")
    (entry,) = analysis.ledger
    assert entry.classes["rejected"] > 0
    assert entry.asked == 0
    assert analysis.claims[0].rejected == entry.classes["rejected"]
    assert seen == [], "with nothing to compare to, clean calls would tell nothing"


def test_paraphrases_are_reviewed_before_they_count(tmp_path):
    file = tmp_path / "p.jsonl"
    written = [
        {"case": "a", "clean": "Where is it?", "text": "Any news of it?", "review": "", "by": ""},
        {"case": "b", "clean": "Not now", "text": "Now", "review": "refused", "by": "guard"},
        {"case": "c", "clean": "Hello you", "text": "Hi you", "review": "", "by": ""},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in written))
    done = CliRunner().invoke(main, ["paraphrase", "extraction", str(file), "--by", "ann"], input="y\nq\n")
    assert done.exit_code == 0, done.output
    assert "1 wait for review" in done.output
    assert [row["review"] for row in rows(file)] == ["accepted", "refused", ""]
    review(file, "c", accepted=False, reader="bob")
    assert list(unread(file)) == []


def test_a_model_paraphrases_over_http_and_the_guard_refuses_what_changed(tmp_path, loopback):
    file = tmp_path / "p.jsonl"
    loopback.answer = lambda messages: "A poem about the sea"
    command = [
        "paraphrase",
        "extraction",
        str(file),
        "--model",
        "openai/test",
        "--base-url",
        loopback.url,
        "--items",
        "3",
    ]
    done = CliRunner().invoke(main, command, env={"OPENAI_API_KEY": "none"})
    assert done.exit_code == 0, done.output
    assert "3 new in" in done.output
    assert len(rows(file)) == 3
    assert all(row["review"] == "refused" and row["why"] for row in rows(file)), "an answer is no paraphrase"
    again = CliRunner().invoke(main, command, env={"OPENAI_API_KEY": "none"})
    assert "0 new in" in again.output


@pytest.mark.parametrize(
    ("name", "said"), [("changed_mind@3", "(now right: "), ("missing_value@3", "(now right: to ask)")]
)
def test_preview_says_what_becomes_of_the_right_answer(name, said):
    done = CliRunner().invoke(main, ["preview", name, "--suite", "extraction"])
    assert done.exit_code == 0
    assert said in done.output


def test_a_reader_who_stops_reading_is_no_mistake():
    command = f"{sys.executable} -c 'from roadtest.harness.cli import main; main()' list | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("Perturbations")


def test_a_study_with_a_stack_that_turns_answers_is_planned_tried_and_run(tmp_path):
    study = Study(
        name="turning",
        suite="extraction",
        perturbations=("changed_mind+typos@3", "casing@5"),
        system=System(callable="tests:stand_in"),
        gate=Gate(margin=0.2, looks=1),
        items=25,
    )
    planned = plan(study)
    assert [claim.name for claim in forecast(planned).claims] == ["casing@5"]
    assert all("changed_mind" not in name for control in controls(planned) for name in control.drops)
    analysis, _ = run_study(study, Scripted(lambda text: "48213"), into=tmp_path / "results")
    assert [claim.name for claim in analysis.claims] == ["casing@5"]
    (turned,) = [entry for entry in analysis.ledger if entry.name == "changed_mind+typos@3"]
    assert turned.classes["behaviour-changed"] > 0
    assert turned.asked == sum(turned.classes.values())
