"""The guard on pairs of clean and messy texts that were written for it, harmless ones and meaning-changing ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness import Case
from roadtest.perturbations.guard import findings

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]


def found(clean, messy, **fields):
    return findings(Case("1", clean, fields.pop("target", "?"), **fields), Case("1", messy, "?"))


def test_the_pairs_are_enough_and_of_many_kinds():
    assert len(PAIRS) >= 150
    assert len({pair["id"] for pair in PAIRS}) == len(PAIRS)
    assert len({pair["kind"] for pair in PAIRS}) >= 30
    assert min(Counter(pair["same"] for pair in PAIRS).values()) >= 75


@pytest.mark.parametrize("same", [True, False])
def test_both_kinds_of_pairs_are_told_apart(same):
    pairs = [pair for pair in PAIRS if pair["same"] is same]
    wrong = [pair["id"] for pair in pairs if (not found(pair["clean"], pair["messy"])) is not same]
    assert len(wrong) <= 0.05 * len(pairs), wrong


@pytest.mark.parametrize(
    ("clean", "messy"),
    [  # outputs of other tools, which they take for the same meaning
        ("a good movie", "a near motion-picture show"),
        ("It cost € 20 in all", "It cost 2 949.13 Yen in all"),
        ("It cost £ 20 in all", "It cost 211.28 yuan in all"),
        ("The idea was unthinkable", "The idea was imaginable"),
        ("The order 48213 is late", "VGhlIG9yZGVyIDQ4MjEzIGlzIGxhdGU="),
        ("It is 5 miles from here", "It is 8.05 km from here"),
        ("He is not at home", "He is at home"),
        ("First read it, then sign it", "First sign it, then read it"),
        ("Sara called Tom", "Tom called Sara"),
    ],
)
def test_what_other_tools_get_wrong_is_caught(clean, messy):
    assert found(clean, messy)


def test_it_says_what_changed():
    assert found("Take 5 mg now", "Take 5 g now") == ("'mg' is gone", "'g' is new")
    assert found("I do not want it", "I do want it") == ("'not' is gone",)
    assert found("The lamp is broken", "The is broken") == ("the word 'lamp' is gone",)
    assert "the answer 'red lamp' is gone" in found("I want the red lamp", "I want the read lump", target="red lamp")


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_text_is_itself(text):
    assert found(text, text) == ()
    assert isinstance(found(text, text[::-1]), tuple)


def test_long_texts_are_compared_by_their_facts():
    text = "the lamp is broken again and again " * 800 + "order 48213"
    assert found(text, text + " please") == ()
    assert found(text, text.replace("48213", "48214")) == ("'48213' is gone", "'48214' is new")
