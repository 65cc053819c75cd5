"""Regression cases: kept by one command, and asked by pytest from then on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from roadtest.datasets import read_cases
from roadtest.harness import Case, CaseError, Scripted, StudyError, load_study, read_results
from roadtest.harness.keeping import keep_failures, keep_incident
from roadtest.harness.run import run_study


def roadtest(*arguments, cwd, stdin=None):
    return subprocess.run(
        [Path(sys.executable).with_name("roadtest"), *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.fixture
def results(write_study, tmp_path):
    """Results whose two worst failures were shrunk: one capital letter is all that it takes."""
    top = "suite = 'arithmetic'\nitems = 30\nperturbations = ['casing@5']\nshrink = 2"
    study = load_study(write_study(top, gate='margin = "5pp"\nlooks = 1'))
    answers = {case.text.lower(): case.target for case in _arithmetic()}
    run_study(
        study,
        Scripted(lambda text: answers.get(text.lower(), "?") if text[0].isupper() else "-1"),
        into=tmp_path / "r",
    )
    return tmp_path / "r"


def _arithmetic():
    from roadtest.datasets import load_suite

    return load_suite("arithmetic").cases


def test_a_minimal_failure_is_kept_with_its_provenance(results, tmp_path):
    path = tmp_path / "tests" / "router.regressions.jsonl"
    added, there = keep_failures(results, (), path)
    assert len(added) == 2
    assert there == []
    for case in read_cases(path):
        found = dict(case.provenance)
        assert case.text == found["clean"][0].lower() + found["clean"][1:], "the fewest edits, and no others"
        assert found["from"] == "minimal failure"
        assert found["cause"].startswith("writing '")
        assert found["study"].startswith("study ")
        assert found["answered"] == "-1"
        assert set(found) == {"from", "study", "system", "cause", "clean", "answered", "kept"}
        assert case.target in {one.target for one in _arithmetic()}


def test_what_is_there_is_not_kept_twice(results, tmp_path):
    path = tmp_path / "kept.jsonl"
    keep_failures(results, (), path)
    before = path.read_bytes()
    added, there = keep_failures(results, (), path)
    assert added == []
    assert len(there) == 2
    assert path.read_bytes() == before


def test_a_failure_that_was_not_shrunk_is_kept_as_it_was_sent(results, tmp_path):
    from roadtest.harness import analyse
    from roadtest.harness.minimal import worst_failures

    read = read_results(results)
    last = worst_failures(read, analyse(read), 5)[-1]
    added, _ = keep_failures(results, [last.id], tmp_path / "kept.jsonl")
    assert added[0].text == last.text
    assert added[0].provenance["from"] == "failure"


def test_a_file_without_a_line_end_at_its_end_is_added_to_all_the_same(results, tmp_path):
    path = tmp_path / "kept.jsonl"
    path.write_text('{"id": "a", "text": "x", "target": "y"}')
    keep_failures(results, (), path)
    assert len(read_cases(path)) == 3


def test_ids_that_are_no_failures_and_results_without_any_are_told(results, tmp_path):
    with pytest.raises(StudyError, match="is no failure of"):
        keep_failures(results, ["nosuch"], tmp_path / "kept.jsonl")
    (results / "minimal.jsonl").unlink()
    with pytest.raises(StudyError, match="has no confirmed minimal failure; `roadtest shrink"):
        keep_failures(results, (), tmp_path / "kept.jsonl")
    assert not (tmp_path / "kept.jsonl").exists()


def test_an_incident_is_kept_once(tmp_path):
    case = Case("i1", "wo ist mein 📦??", "delivery", provenance={"from": "incident"})
    assert keep_incident(case, tmp_path / "kept.jsonl")
    assert not keep_incident(case, tmp_path / "kept.jsonl")
    assert read_cases(tmp_path / "kept.jsonl") == (case,)


def test_text_that_cannot_be_sent_is_refused(tmp_path):
    with pytest.raises(CaseError, match="i1: text holds a lone surrogate"):
        keep_incident(Case("i1", "\ud800", "x"), tmp_path / "kept.jsonl")
    assert not (tmp_path / "kept.jsonl").exists()


def test_the_commands(results, tmp_path):
    kept = roadtest("keep", "r", "--to", "kept.jsonl", cwd=tmp_path)
    assert kept.returncode == 0, kept.stderr
    assert kept.stdout.count("kept ") == 2
    options = ["--to", "kept.jsonl", "--target", "delivery", "--choice", "delivery", "--choice", "refund"]
    said = roadtest("incident", *options, "--note", "ticket 4711", cwd=tmp_path, stdin="wheres my pakage")
    assert said.returncode == 0, said.stderr
    last = json.loads((tmp_path / "kept.jsonl").read_text().splitlines()[-1])
    assert last["text"] == "wheres my pakage"
    assert last["provenance"]["note"] == "ticket 4711"
    assert last["choices"] == ["delivery", "refund"]
    again = roadtest("incident", *options, "--text", "wheres my pakage", cwd=tmp_path)
    assert again.stdout == f"{last['id']} is there already\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "x", "--text", " "], "there is no text"),
        (["--target", "x", "--choice", "y", "--text", "t"], "target 'x' is not among the choices y"),
        (["--target", "x", "--text", "t", "--context", "nosuch.txt"], "nosuch.txt: cannot be read"),
        (["--text", "t"], "Missing option '--target'"),
    ],
)
def test_a_wrong_incident_is_told_in_one_line(tmp_path, options, words):
    run = roadtest("incident", "--to", "kept.jsonl", *options, cwd=tmp_path)
    assert run.returncode == 2
    assert words in run.stderr
    assert not (tmp_path / "kept.jsonl").exists()
