"""Hypothesis strategies: what they give, and that a failing example shrinks to the edits that matter."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from roadtest.datasets import load_suite
from roadtest.harness import Case, StudyError
from roadtest.harness.strategies import Conversation, Messy, conversation, expensive, messy

ORDER = "Please cancel order 48213 for me, I no longer need the blue shoes."


@given(messy(ORDER, kinds=["typos", "fragments"]))
def test_numbers_stay_and_the_text_is_a_string(text):
    assert isinstance(text, str)
    assert "48213" in text
    assert text.clean == ORDER
    assert text == text.variant.text


@given(messy("Tell Ada Lovelace that Zog is here", kinds="typos@5", protect=["Zog"]))
def test_what_is_protected_stays(text):
    assert "Zog" in text


@given(st.sampled_from(load_suite("reading").cases[:20]).flatmap(messy))
def test_a_case_keeps_its_answer(text):
    assert text.variant.effect == "same"
    assert text.variant.messy.target == text.variant.case.target


def test_a_failing_example_shrinks_to_one_edit():
    text = find(messy(ORDER, kinds=["typos", "casing"]), lambda text: "cancel" not in text.lower())
    assert len(text.variant.groups) == 1
    assert str(text).split()[2:] == ORDER.split()[2:]


def test_where_nothing_matters_it_shrinks_to_the_clean_text():
    text = find(messy(ORDER), lambda text: True)
    assert str(text) == ORDER
    assert repr(text) == f"{ORDER!r} (clean)"


def test_two_edits_that_only_fail_together_are_both_kept():
    def fails(text):
        return "cancel" not in text and "shoes" not in text

    text = find(messy(ORDER, kinds=["typos@5"]), fails, settings=settings(max_examples=20_000))
    assert len(text.variant.groups) == 2


def test_the_example_reads_well():
    text = find(messy("Cancel order 48213", kinds=["typos"]), lambda text: "Cancel" not in text)
    assert repr(text).startswith(repr(str(text)))
    assert "Cancel' as '" in repr(text)
    assert repr(text).endswith("clean: 'Cancel order 48213')")


def test_a_case_may_be_given_and_families_too():
    case = Case("1", ORDER, "cancelled", context="order 48213: shoes")
    kinds = {
        find(
            messy(case, kinds=["fragments"]), lambda text, want=want: text.variant.perturbation == want
        ).variant.perturbation
        for want in ("telegraphic", "keyword_query")
    }
    assert kinds == {"telegraphic", "keyword_query"}


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["tipos"], "did you mean 'typos'"),
        ([], "kinds must name at least one"),
        (["typos@9"], "severity must be a whole number from 1 to 5"),
        (["changed_mind"], "makes another answer right"),
        (["sharded@3"], "changes more than one text"),
        (["api_nulls"], "changes more than one text"),
    ],
)
def test_kinds_that_cannot_be(kinds, words):
    with pytest.raises(StudyError, match=words):
        messy(ORDER, kinds)


def test_expensive_endpoints_get_few_examples_that_repeat_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    seen = []

    @expensive(10)
    @given(messy(ORDER, kinds=["typos"]))
    def asks(text):
        seen.append(str(text))

    asks()
    first, seen[:] = list(seen), []
    asks()
    assert seen == first
    assert 1 < len(seen) <= 10
    assert settings(expensive()).max_examples == 25
    assert HealthCheck.too_slow in expensive().suppress_health_check


class Bot(Conversation):
    """Forgets the order once it has been greeted and the message is not spelt as it should be."""

    messages = MappingProxyType(
        {"greet": "Hello there, how are you?", "cancel": "Please cancel my order for the blue shoes."}
    )
    kinds = ("typos",)

    def __init__(self):
        super().__init__()
        self.greeted = False

    def check(self, name, text):
        if name == "greet":
            self.greeted = True
        assert not (self.greeted and name == "cancel" and "cancel" not in text)


def test_a_conversation_shrinks_to_the_fewest_and_cleanest_messages(capsys):
    machine = conversation(Bot)
    test = machine.TestCase()
    test.settings = settings(max_examples=400, database=None, derandomize=True)
    with pytest.raises(AssertionError) as caught:
        test.runTest()
    steps = [note for note in caught.value.__notes__ if ".say_" in note]
    said = [line for note in steps for line in note.splitlines() if ".say_" in line]
    assert len(said) == 2
    assert said[0].startswith("state.say_greet(")
    assert said[0].endswith("(clean))")
    assert "misspelling 'cancel'" in said[1]


def test_messy_is_a_string_that_knows_its_edits():
    variant = find(messy(ORDER, kinds=["casing@5"]), lambda text: text != ORDER).variant
    assert Messy(variant).upper() == ORDER.upper()
