"""What every perturbation promises, tested on all of them with arbitrary Unicode."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.datasets import load_suite, suite_names
from roadtest.harness import Case, CaseError
from roadtest.harness.cases import TEXT_FIELDS, apply_edits
from roadtest.perturbations import PERTURBATIONS, SEVERITIES, find
from roadtest.perturbations.bridges import nlpaug_names
from roadtest.perturbations.text import protected_spans

OWN = [name for name in PERTURBATIONS if name != "screenshot_ocr"]  # which starts a program; see test_screenshot.py
STACKS = ["typos+casing", "email_thread+misspelling+caps_lock", "changed_mind+typos", "ocr+line_wraps"]
STACKS += ["sharded+typos", "chat_screenshot+typos", "several_messages+chat_screenshot", "choice_order+choice_labels"]
STACKS += ["outdated_record+duplicate_records", "xml_records+typos", "api_nulls+legacy_dates+late_records"]
ALL = [*OWN, *nlpaug_names(), *STACKS]
# say protected values in another place or form
RESTATING = {"clause_order", "spoken_numbers", "sharded", "corrected_turn"}
TURNING = {name for name in ALL if find(name).effect != "same"}
# Those that find something to change in most texts; the others need what only some texts have
OFTEN = [
    *("typos misspelling keyboard phone_keyboard stuck_key doubled_letters dropped_letters swapped_letters").split(),
    *("missing_spaces split_words casing caps_lock punctuation runaway_punctuation whitespace invisible").split(),
    *("lookalikes emoji elongation telegraphic keyword_query mid_thought conflicting_request false_start").split(),
    *("ocr email_thread interface_chrome chat_transcript html_leftovers markdown_leftovers pasted_twice asr").split(),
    *("dictation spoken_punctuation hesitations restarts voice_command politeness").split(),
    *("over_explaining introduction small_talk chit_chat ramble second_request").split(),
    *("typos+casing", "email_thread+misspelling+caps_lock", "ocr+line_wraps"),
    *("nlpaug:KeyboardAug", "nlpaug:OcrAug", "nlpaug:RandomCharAug"),
    *("several_messages", "topic_switch", "impatient_repeat", "stale_history"),
    *("chat_screenshot", "email_screenshot", "form_screenshot", "template_cues", "template_gaps", "example_order"),
]
WHOLE = {"casing", "caps_lock", "punctuation"}  # one draw leaves as little as another where all sites go
ANY_CHARACTER = st.characters()  # lone surrogates, right-to-left and emoji included
NATURAL = st.lists(
    st.sampled_from(
        [
            "The",
            "order",
            "48213",
            "isn't",
            "not",
            "here",
            "on",
            "3 March",
            ",",
            ".",
            "!",
            "$5.20",
            "I",
            "would",
            "the",
            "A-7x",
            "é",
            "😀",
            "شكرا",
            "\n",
            "May",
            "delivery",
            "please",
            "Monday",
            "half",
            "—",
            "'",
        ]
    ),
    max_size=25,
).map(" ".join)
CASES = st.builds(
    Case,
    id=st.text(min_size=1, max_size=5).filter(str.strip),
    text=st.one_of(st.text(ANY_CHARACTER, max_size=80), NATURAL),
    target=st.sampled_from(["48213", "delivery", "3 March", "", "x"]),
)


def test_there_are_fourteen_families_and_each_has_several():
    families: dict[str, int] = {}
    for name in [*PERTURBATIONS, *nlpaug_names()]:
        families[find(name).family] = families.get(find(name).family, 0) + 1
    assert len(families) == 14
    assert min(families.values()) >= 3
    assert len(PERTURBATIONS) >= 45
    assert all(found.source and found.summary and found.measure for found in PERTURBATIONS.values())


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=15, deadline=None)
@given(case=CASES, seed=st.integers(0, 2**32), draw=st.integers(0, 3))
def test_contract(name, case, seed, draw):
    found = find(name)
    python_state, numpy_state = random.getstate(), np.random.get_state()[1].tolist()
    variants = [found.variant(case, severity, seed, draw) for severity in (0, *SEVERITIES)]
    assert random.getstate() == python_state, "global random state was touched"
    assert np.random.get_state()[1].tolist() == numpy_state, "numpy's global random state was touched"

    assert variants[0].messy == case, "severity 0 is the case itself"
    assert [found.variant(case, v.severity, seed, draw) for v in variants] == variants, "deterministic"
    for lower, higher in itertools.pairwise(variants):
        if name in STACKS:  # a stack may write what it puts in at a place in other letter case
            assert {(e.start, e.group) for e in lower.edits} <= {(e.start, e.group) for e in higher.edits}
        else:
            assert set(lower.edits) <= set(higher.edits), "severities are nested"
    messiest = variants[-1]
    for variant in (messiest, messiest.subset(messiest.groups[::2])):
        for field in TEXT_FIELDS:
            edits = [edit for edit in variant.edits if edit.field == field]
            assert apply_edits(getattr(case, field), edits) == getattr(variant.messy, field), "edits do not overlap"
        if variant.effect == "same" and variant.validity != "rejected":
            _check_protected(case, variant.text, name)
        assert (variant.case.id, variant.case.target) == (case.id, case.target)
        assert variant.changed or variant.effect == "same"
    _check_class(name, messiest)


def _check_class(name, variant):
    """The class in the ledger is what the perturbation promises."""
    found = find(name)
    if variant.effect != "same":
        assert variant.validity == "behaviour-changed"
        assert (variant.target is not None) == (variant.effect == "updated")
        assert set(variant.decisive) <= set(variant.groups)
        assert variant.subset([]).effect == "same"
    elif variant.validity == "rejected":
        assert found.check or found.parts
        assert variant.why
    elif found.proof:
        assert variant.validity == "proved"


def _check_protected(case, messy, name=""):
    """Every protected span stands in the messy text, in order, and nothing melted into it."""
    if RESTATING & set(name.split("+")):
        return
    at = 0
    for span in protected_spans(case):
        found = messy.find(span.text, at)
        assert found >= 0, f"{span.text!r} is gone"
        at = found + len(span.text)


@pytest.mark.parametrize("name", [*OWN, *STACKS])
@pytest.mark.parametrize(
    "text", ["", "x", " ", "a b", "word " * 20_000, "مرحبا كيف حالك؟ طلب 48213", "👩‍👩‍👧 ok 👍🏽", "\ud800 broken"]
)
def test_awkward_texts(name, text):
    variant = find(name).variant(Case("1", text, "48213"), 5, seed=0)
    if variant.effect == "same" and variant.validity != "rejected":
        _check_protected(variant.case, variant.text, name)


@pytest.mark.parametrize("name", ALL)
def test_on_the_built_in_suites_it_changes_texts_and_never_the_answer(name):
    for suite in suite_names():
        cases = load_suite(suite).cases[:25]
        variants = [find(name).variant(case, 5, seed=1) for case in cases]
        if name in OFTEN:
            assert sum(variant.changed for variant in variants) > 0.5 * len(cases)
        for variant in variants:
            if variant.effect != "same" or not variant.sent:
                continue
            _check_protected(variant.case, variant.text, name)
            if variant.case.target in variant.case.text:
                assert variant.case.target in variant.text


@pytest.mark.parametrize("name", [name for name in ALL if name not in OFTEN])
def test_on_some_built_in_suite_it_finds_what_to_change(name):
    changed = 0
    for suite in suite_names():
        changed += sum(find(name).variant(case, 5, seed=1).changed for case in load_suite(suite).cases)
    assert changed >= (0 if name == "keyboard_cyrillic" else 5), changed


@pytest.mark.parametrize("name", ["email_thread", *(name for name in OFTEN if name not in WHOLE)])
def test_two_draws_differ(name):
    case = load_suite("extraction").cases[3]
    messy = [find(name).variant(case, severity, 0, draw).messy for draw in range(8) for severity in (1, 2)]
    assert len({(one.text, one.history, one.layout) for one in messy}) > 2


@pytest.mark.parametrize("name", ALL)
def test_severity_0_to_5_and_nothing_else(name):
    with pytest.raises(CaseError, match="from 0 to 5, not 6"):
        find(name).variant(Case("1", "some text", "x"), 6, seed=0)


MANIFEST = """
import json, sys
from roadtest.datasets import load_suite
from roadtest.perturbations import find
cases = list(load_suite("extraction").cases[:20])
if sys.argv[1] == "backwards":
    cases.reverse()
variants = [find(name).variant(case, 4, 7).to_dict() for case in cases for name in json.loads(sys.argv[2])]
print(json.dumps(sorted(variants, key=lambda v: v["id"])))
"""


def test_the_same_variants_under_another_order_and_hash_seed():
    names = json.dumps(ALL)
    runs = {
        subprocess.run(
            [sys.executable, "-c", MANIFEST, order, names],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for order, seed in (("forwards", "0"), ("backwards", "1"))
    }
    assert len(runs) == 1
    assert len(json.loads(runs.pop())) == 20 * len(ALL)


@pytest.mark.parametrize("which", ["golden", "docs", "reference"])
def test_samples_and_catalogue_are_what_was_reviewed(which):
    script = Path(__file__).parent.parent / "regenerate.py"
    run = subprocess.run(
        [sys.executable, script, which, "--check"], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, f"run `make {which}` and read the difference:\n{run.stdout}{run.stderr}"
