"""What an edit did, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.datasets import load_suite
from roadtest.harness import Case, Edit, Variant, edits_between
from roadtest.harness.causes import KINDS, causes, in_words
from roadtest.perturbations import PERTURBATIONS


def described(clean, messy, group=None):
    edits = edits_between(clean, messy)
    if group is not None:
        edits = tuple(Edit(e.start, e.end, e.text, group) for e in edits)
    return causes(Variant(Case("1", clean, "x"), "any", 3, edits=edits))


@pytest.mark.parametrize(
    ("clean", "messy", "kind", "phrase"),
    [
        ("The parcel was not received.", "The parcel was.", "dropped", "dropping the words 'not received'"),
        ("Cancel my order now", "Cancel order now", "dropped", "dropping the word 'my'"),
        ("It costs 3.5 euros", "It costs 3,5 euros", "number", "comma for the decimal point in '3.5'"),
        ("It costs 1000 euros", "It costs 1,000 euros", "number", "writing '1000' as '1,000'"),
        ("I want a refund", "I want a refnud", "spelling", "misspelling 'refund' as 'refnud'"),
        ("I want a refund", "I want a REFUND", "case", "writing 'refund' as 'REFUND'"),
        ("my credit card is lost", "my creditcard is lost", "blanks", "running together 'credit card'"),
        ("my department is lost", "my depart ment is lost", "blanks", "breaking up 'department'"),
        ("one two", "one\ntwo", "blanks", "other blanks in 'one two'"),
        ("Where is it?", "Where is it", "marks", "dropping '?'"),
        ("Where is it", "Where is it lol", "added", "adding 'lol'"),
        ("pay my bill", "рay my bill", "characters", "unusual characters in 'pay' (now 'рay')"),
        ("the café is", "the cafe is", "characters", "unusual characters in 'café' (now 'cafe')"),
        ("call the bank", "call the moon", "replaced", "'moon' for 'bank'"),
    ],
)
def test_kinds_and_phrases(clean, messy, kind, phrase):
    (found,) = described(clean, messy)
    assert found.kind == kind
    assert found.phrase == phrase


def test_the_words_that_were_hit_are_named_whole_and_in_small_letters():
    (found,) = described("I want a Refund now", "I want a Refnud now")
    assert found.words == "refund"


def test_several_edits_of_one_group_are_one_cause():
    (found,) = described("Please Tell Me", "please tell me", group=0)
    assert (found.kind, found.phrase) == ("case", "small letters in 3 places")
    (moved,) = causes(
        Variant(
            Case("1", "first then second", "x"),
            "any",
            3,
            edits=(Edit(0, 5, "second", 0), Edit(11, 17, "first", 0)),
        )
    )
    assert (moved.kind, moved.phrase) == ("order", "moving 'first second'")


def test_phrases_are_joined_as_people_do():
    found = described("I want my refund for the blue shoes", "I want my refnud for the bleu shoess")
    assert in_words(found) == (
        "misspelling 'refund' as 'refnud', misspelling 'blue' as 'bleu' and misspelling 'shoes' as 'shoess'"
    )
    assert in_words(()) == ""


def test_long_texts_are_cut():
    (found,) = described("Help me", "Help me " + "word " * 500)
    assert len(found.phrase) < 100


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_described(clean, messy):
    for cause in described(clean, messy):
        assert cause.kind in KINDS
        assert cause.phrase


@pytest.mark.parametrize("name", sorted(PERTURBATIONS))
def test_every_perturbation_can_be_described(name):
    for case in load_suite("intent").cases[:6]:
        variant = PERTURBATIONS[name].variant(case, 3, 0)
        found = causes(variant)
        assert len(found) == len(variant.groups)
        assert all(cause.kind in KINDS and cause.phrase for cause in found)
