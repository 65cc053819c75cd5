"""The built-in suites: complete, well-formed, documented, and right where code can tell."""

from __future__ import annotations

import hashlib
import operator
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from roadtest.datasets import load_suite, suite_names
from roadtest.datasets.loading import read_card
from roadtest.harness import Reply, find_scorer
from roadtest.perturbations.derivation import derive, query_of
from roadtest.perturbations.record_text import read

FOLDER = Path(__file__).parent.parent.parent / "datasets"
SUITES = ["arithmetic", "extraction", "intent", "reading", "records", "sentiment"]


def test_the_suites():
    assert suite_names() == SUITES


@pytest.mark.parametrize("name", SUITES)
def test_suite_and_card(name):
    suite, card = load_suite(name), read_card(FOLDER / f"{name}.md")
    assert len(suite.cases) >= 200
    assert len({case.text for case in suite.cases}) == len(suite.cases)
    assert card["items"] == len(suite.cases)
    assert card["sha256"] == hashlib.sha256((FOLDER / f"{name}.jsonl").read_bytes()).hexdigest() == suite.sha256
    assert card["licence"] in ("CC0-1.0", "CC-BY-4.0")
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    for heading in ("## How it was made", "## Second pass", "## Known limits"):
        assert heading in text


@pytest.mark.parametrize("name", SUITES)
def test_the_target_itself_is_graded_right_and_another_items_is_not(name):
    suite = load_suite(name)
    grade = find_scorer(suite.scorer)
    for case, other in zip(suite.cases, suite.cases[1:], strict=False):
        for answer in case.answers:
            assert grade(case, Reply(answer)).value == 1
        if other.target not in case.answers:
            assert grade(case, Reply(other.target)).value != 1


@pytest.mark.parametrize("name", SUITES)
def test_examples_are_no_test_items(name):
    suite = load_suite(name)
    shown = " ".join(text for example in suite.frame.examples for text in example)
    assert not [case.id for case in suite.cases if case.text in shown]
    for case in suite.cases[:3]:
        assert suite.frame.messages(case)


def test_openings_vary():
    for name in SUITES:
        openings = Counter(" ".join(case.text.split()[:4]).lower() for case in load_suite(name).cases)
        assert openings.most_common(1)[0][1] <= 3, openings.most_common(3)


def test_arithmetic_sums_give_their_targets_and_use_the_numbers_of_the_text():
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    for case in load_suite("arithmetic").cases:
        left, sign, right = case.slots["sum"].split()
        assert signs[sign](Decimal(left), Decimal(right)) == Decimal(case.target), case.id
        numbers = {Decimal(n.replace(",", "")) for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", case.text)}
        assert {Decimal(left), Decimal(right)} <= numbers, case.id
        assert Decimal(case.target) not in numbers, case.id


def test_extraction_targets_stand_in_the_text_once():
    fields = Counter()
    for case in load_suite("extraction").cases:
        assert case.text.count(case.target) == 1, case.id
        fields[case.slots["field"]] += 1
    assert set(fields) == {"order number", "date", "amount"}
    assert min(fields.values()) >= 60


def test_classes_are_balanced():
    for name, classes in (("intent", 7), ("sentiment", 2)):
        suite = load_suite(name)
        counts = Counter(case.target for case in suite.cases)
        assert len(counts) == classes
        assert max(counts.values()) - min(counts.values()) <= 2
        assert {case.choices for case in suite.cases} == {suite.cases[0].choices}


def test_reading_answers_stand_in_their_passage_and_not_in_the_question():
    suite = load_suite("reading")
    assert len({case.context for case in suite.cases}) == len(suite.cases)
    for case in suite.cases:
        assert case.target in case.context, case.id
        assert case.target.lower() not in case.text.lower(), case.id


def test_records_give_their_answers_by_code_and_hold_all_formats():
    formats, tasks = Counter(), Counter()
    for case in load_suite("records").cases:
        query = query_of(case)
        assert query is not None, case.id
        derived = derive(case.context, query)
        assert derived.kind == "answer", (case.id, derived)
        assert derived.value in case.answers, (case.id, derived)
        formats[read(case.context).format] += 1
        tasks[query.task] += 1
        assert len(read(case.context).records) >= 5
    assert formats == dict.fromkeys(["json", "jsonl", "csv", "markdown", "prose"], 48)
    assert tasks["select"] >= 200
    assert min(tasks["count"], tasks["sum"]) >= 12


def test_records_come_out_of_their_script_byte_for_byte():
    script = FOLDER.parent / "benchmarks" / "make_records.py"
    run = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
