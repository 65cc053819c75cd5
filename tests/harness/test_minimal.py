"""Shrinking the failures of a results folder: by command and by itself, what it costs, what it reports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import Case, ResultsError, Scripted, StudyError, Variant, analyse, load_study, read_results
from roadtest.harness.cases import edits_between
from roadtest.harness.defects import defects, described, not_confirmed
from roadtest.harness.minimal import (
    MINIMAL,
    SHRINK,
    Minimal,
    find_failures,
    noise_of,
    read_minimal,
    shrink_failures,
    worst_failures,
)
from roadtest.harness.report import markdown, terminal
from roadtest.harness.report_json import as_json
from roadtest.harness.run import run_study
from roadtest.harness.shrinking import Shrunk

CASES = load_suite("intent").cases
RIGHT = {case.text: case.target for case in CASES}


def brittle(text):
    """Right, until the longest word of the ticket is not what it was."""
    words = set(text.split())
    clean = max(RIGHT, key=lambda known: len(words & set(known.split())) / len(set(known.split())))
    longest, target = max(clean.split(), key=len).strip(".,?!\"'"), RIGHT[clean]
    return target if longest in text else "login" if target != "login" else "refund"


@pytest.fixture
def done(write_study, tmp_path):
    """A results folder with failures, and the study behind it."""
    top = "suite = 'intent'\nitems = 40\nperturbations = ['typos@5']\nscorer = 'label'\n[frame]\ntemplate = '{text}'"
    study = load_study(write_study(top.replace("scorer", "shrink = 0\nscorer"), gate='margin = "5pp"\nlooks = 1'))
    run_study(study, Scripted(brittle), into=tmp_path / "r")
    return read_results(tmp_path / "r")


def shrunk(results, count=6, endpoint=None, **options):
    analysis = analyse(results)
    chosen = worst_failures(results, analysis, count)
    return shrink_failures(results, chosen, endpoint or Scripted(brittle), noise=noise_of(analysis), **options)


def test_the_one_word_that_matters_is_found_and_named(done):
    found = shrunk(done)
    assert len(found.found) == 6
    for one in found.found:
        assert one.confirmed
        longest = max(one.variant.case.text.split(), key=len)
        assert len(one.shrunk.groups) == 1
        assert one.shrunk.wrong == one.shrunk.asked == 5
        assert one.shrunk.clean_wrong == 0
        assert longest.strip(".,?!\"'") in described(one)
        assert brittle(one.variant.text) != one.variant.case.target
    assert len({one.variant.case.id for one in found.found}) == 6


def test_the_same_again_costs_nothing(done):
    first = shrunk(done)
    endpoint = Scripted(brittle)
    again = shrunk(done, endpoint=endpoint)
    assert endpoint.calls == []
    assert again.found == first.found
    assert read_minimal(done) == first.found


def test_the_report_lists_defects(done):
    assert "defects" not in terminal(analyse(done))
    shrunk(done)
    analysis = analyse(done)
    text = terminal(analysis)
    assert "defects (6 of the worst failures shrunk to the fewest edits that cause them):" in text
    assert text.count("wrong 5 of 5 times, clean 0 of 5") == 6
    page = markdown(analysis)
    assert "## Defects" in page
    assert "now: " in page
    data = as_json(analysis)["defects"]
    assert sum(len(defect["failures"]) for defect in data) == 6
    assert all(one["wrong"] == [5, 5] for defect in data for one in defect["failures"])
    json.dumps(data)


def test_the_budget_holds_and_the_search_goes_on_where_it_was(write_study, tmp_path, loopback):
    loopback.answer = lambda messages: brittle(messages[-1]["content"])
    endpoint = (
        f'model = "openai/x"\nbase_url = "{loopback.url}"\nroad = "direct"\nconcurrency = 1\nprice = {{call = 0.01}}'
    )
    top = "suite = 'intent'\nitems = 12\nperturbations = ['typos@5']\nscorer = 'label'\nshrink = 0"
    study = load_study(write_study(top + "\n[frame]\ntemplate = '{text}'", endpoint, 'margin = "5pp"\nlooks = 1'))
    run_study(study, into=tmp_path / "r")
    results, before = read_results(tmp_path / "r"), len(loopback.asked)
    first = shrunk(results, 2, study.system.endpoint(Path()), budget=0.05)
    assert len(loopback.asked) - before == 5
    assert first.calls == 5
    assert first.spent == pytest.approx(0.05)
    assert "budget" in first.stopped
    assert {one.shrunk.status for one in first.found} == {"unfinished"}
    second = shrunk(results, 2, study.system.endpoint(Path()))
    assert second.stopped == ""
    assert all(one.confirmed for one in second.found)
    total = sum(one.shrunk.calls + one.shrunk.checks for one in second.found)
    assert len(loopback.asked) - before <= total, "nothing was paid twice"


def test_a_call_that_fails_leaves_the_search_unfinished(done):
    turns = iter(range(1000))

    def failing(text):
        return RuntimeError("away") if next(turns) % 3 == 2 else brittle(text)

    found = shrunk(done, 2, endpoint=Scripted(failing))
    assert any(one.shrunk.status == "unfinished" for one in found.found)
    assert all(one.confirmed for one in shrunk(done, 2).found)


def test_failures_are_found_by_their_ids(done):
    one = worst_failures(done, analyse(done), 1)[0]
    assert find_failures(done, [one.id]) == [one]
    with pytest.raises(StudyError, match=re.escape(f"did you mean {one.id!r}")):
        find_failures(done, [one.id.replace("typos", "tipos")])


def test_a_damaged_file_of_failures_is_told_with_its_line(done):
    shrunk(done, 2)
    path = done.folder / MINIMAL
    path.write_text(path.read_text().splitlines()[0] + "\n{broken\n")
    with pytest.raises(ResultsError, match=r"minimal\.jsonl, line 2: is damaged"):
        read_minimal(done)


def test_a_run_shrinks_its_worst_failures_by_itself_and_counts_what_that_costs(write_study, tmp_path):
    top = "suite = 'intent'\nitems = 30\nperturbations = ['typos@5']\nscorer = 'label'\nshrink = 2"
    study = load_study(write_study(top + "\n[frame]\ntemplate = '{text}'", gate='margin = "5pp"\nlooks = 1'))
    endpoint = Scripted(brittle)
    analysis, _ = run_study(study, endpoint, into=tmp_path / "r")
    found = read_minimal(analysis.results)
    assert len(found) == 2
    shrinking = (tmp_path / "r" / SHRINK).read_text().count("\n")
    assert len(endpoint.calls) == analysis.calls + shrinking
    assert "## Defects" in (tmp_path / "r" / "report.md").read_text()


# --- clusters -----------------------------------------------------------------------------------------------------


def minimal(name, clean, messy, right="refund", said="billing", status="confirmed"):
    case = Case(name, clean, right, choices=("refund", "billing", "login"))
    variant = Variant(case, "any", 3, edits=edits_between(clean, messy))
    return Minimal(variant, 9, Shrunk((0,), status, 5, 5, 0, 5, 7, 10), right, said, said)


def test_defects_are_clusters_by_words_then_by_answers_then_by_kind():
    found = [
        minimal("a", "my refund please", "my refnud please"),
        minimal("b", "where is the refund", "where is the refudn", said="login"),
        minimal("c", "I cannot log in", "I cannot lgo in", right="login", said="refund"),
        minimal("d", "the password is gone", "the pasword is gone", right="login", said="refund"),
        minimal("e", "the bill is odd", "the bil is odd", right="billing", said="login"),
        minimal("f", "so what now?", "so what now", right="login", said="nothing"),
        minimal("g", "so what now?", "so what", status="chance"),
    ]
    clusters = defects(found)
    assert [(defect.name, [one.variant.case.id for one in defect.failures]) for defect in clusters] == [
        ("misspelling of 'refund'", ["a", "b"]),
        ("misspelling: login answered as refund", ["c", "d"]),
        ("misspelling", ["e"]),
        ("punctuation", ["f"]),
    ]
    assert described(found[5]).endswith(": login not answered (1 of 9 edits; wrong 5 of 5 times, clean 0 of 5)")
    assert not_confirmed(found) == [
        "1 did not fail again, or no more than the clean text does: chance, not mess",
    ]


# --- the command --------------------------------------------------------------------------------------------------

APP = """
import sys, time
sys.path.insert(0, {here!r})
from test_minimal_system import brittle
def answer(messages):
    time.sleep({pause})
    return brittle(messages[-1]["content"])
"""


@pytest.fixture
def project(tmp_path, write_study):
    source = Path(__file__).read_text(encoding="utf-8")
    body = source[source.index("def brittle") : source.index("@pytest.fixture\ndef done")]
    (tmp_path / "test_minimal_system.py").write_text(
        "from roadtest.datasets import load_suite\n"
        "RIGHT = {case.text: case.target for case in load_suite('intent').cases}\n" + body
    )
    (tmp_path / "app.py").write_text(APP.format(here=str(tmp_path), pause=0))
    top = "suite = 'intent'\nitems = 30\nperturbations = ['typos@5']\nscorer = 'label'\nshrink = 0"
    write_study(top + "\n[frame]\ntemplate = '{text}'", gate='margin = "5pp"\nlooks = 1')
    assert roadtest("run", "study.toml", "--into", "r", cwd=tmp_path).returncode == 0
    return tmp_path


def roadtest(*arguments, cwd):
    return subprocess.run(
        [Path(sys.executable).with_name("roadtest"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_shows_defects_and_rewrites_the_report(project):
    run = roadtest("shrink", "r", "--worst", "4", cwd=project)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("defects (4 of the worst failures")
    assert "wrong 5 of 5 times, clean 0 of 5" in run.stdout
    assert "4/4" in run.stderr
    assert "## Defects" in (project / "r/report.md").read_text()
    name = json.loads((project / "r" / MINIMAL).read_text().splitlines()[0])["id"]
    one = roadtest("shrink", "r", name, cwd=project)
    assert one.returncode == 0
    assert name.partition("/")[0] in one.stdout


def test_an_unknown_variant_is_told(project):
    run = roadtest("shrink", "r", "nosuch/typos@5#0", cwd=project)
    assert run.returncode == 2
    assert run.stderr.startswith("roadtest: 'nosuch/typos@5#0' is no failure of r")


def test_ctrl_c_keeps_the_answers_and_the_command_goes_on(project):
    (project / "app.py").write_text(APP.format(here=str(project), pause=0.2))
    command = [Path(sys.executable).with_name("roadtest"), "shrink", "r", "--worst", "4", "--concurrency", "1"]
    process = subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    journal = project / "r" / SHRINK
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (journal.exists() and journal.read_text().count("\n") >= 3):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "interrupted" in said
    assert "the same command goes on from there" in said
    before = journal.read_bytes()
    (project / "app.py").write_text(APP.format(here=str(project), pause=0))
    run = roadtest("shrink", "r", "--worst", "4", cwd=project)
    assert run.returncode == 0, run.stderr
    assert journal.read_bytes().startswith(before)
    ids = [json.loads(line)["id"] for line in journal.read_text().splitlines()]
    assert len(ids) == len(set(ids)), "nothing was asked twice"
