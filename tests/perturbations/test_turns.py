"""What is particular to requests that are not one message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.datasets import load_suite
from roadtest.harness import Case, Frame, StudyError, System, load_study, plan
from roadtest.harness.marks import turns, unmarked
from roadtest.perturbations import PERTURBATIONS, find

CASE = Case(
    "1",
    "Hello, I ordered a lamp two weeks ago. My order number is 48213, and it should have come on 3 March. "
    "Can you tell me where the parcel is?",
    "48213",
)
SUITES = ["extraction", "intent", "sentiment", "records"]


def said(case, role="user"):
    return [turn.parts[0] for turn in turns(case.history + case.text) if turn.role == role]


@pytest.mark.parametrize("severity", range(1, 6))
def test_a_severity_is_a_number_of_further_messages(severity):
    whole = find("several_messages").variant(CASE, severity, seed=3)
    assert len(said(whole.messy)) == severity + 1
    assert " ".join(said(whole.messy)) == CASE.text, "every word stays, in its order"
    shards = find("sharded").variant(CASE, severity, seed=3)
    first, *rest = said(shards.messy)
    assert first == "Can you tell me where the parcel is?", "what is wanted comes first"
    assert len(rest) == severity
    assert " ".join([*rest, first]) == CASE.text
    assert len(said(shards.messy, "assistant")) == severity


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", ["several_messages", "sharded"])
def test_no_message_tears_a_value_or_a_word_apart(suite, name):
    for case in load_suite(suite).cases[:40]:
        pieces = said(find(name).variant(case, 5, seed=1).messy)
        assert sorted(" ".join(pieces).split()) == sorted(case.text.split())
        if case.target in case.text:
            assert any(case.target in piece for piece in pieces)


def test_a_request_that_is_said_again_cannot_be_stacked_with_one_that_changes_it():
    for changing in ("missing_value", "changed_mind", "late_correction", "contradicting_turn"):
        for again in ("impatient_repeat", "wrong_before", "corrected_turn", "topic_switch", "conflicting_history"):
            with pytest.raises(StudyError, match=f"{again} says the clean request again"):
                find(f"{changing}+{again}")


def test_a_question_that_points_back_keeps_its_place():
    assert not find("sharded").variant(Case("1", "My lamp is broken. What do I do then?", "x"), 1, 0).changed
    middle = Case("1", "Hello there. Where is order 48213 now? I ordered it two weeks ago.", "x")
    assert said(find("sharded").variant(middle, 2, 0).messy) == [
        "Where is order 48213 now?",
        "Hello there.",
        "I ordered it two weeks ago.",
    ]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.integers(1, 5), st.integers(0, 99))
def test_several_messages_hold_what_one_message_held(text, severity, seed):
    variant = find("several_messages").variant(Case("1", text, "x"), severity, seed)
    assert unmarked(variant.text).split() == text.split()


def test_a_correction_in_a_later_message_is_the_clean_answer_or_the_new_one():
    mended = find("corrected_turn").variant(CASE, 3, seed=0)
    first, last = said(mended.messy)
    assert "48213" not in first
    assert "48213" in last
    assert (mended.effect, mended.validity) == ("same", "guarded")
    changed = find("late_correction").variant(CASE, 3, seed=0)
    assert changed.effect == "updated"
    assert changed.target in said(changed.messy)[-1]
    assert changed.target not in said(changed.messy)[0]
    doubted = find("contradicting_turn").variant(CASE, 3, seed=0)
    assert (doubted.effect, doubted.target, len(said(doubted.messy))) == ("clarify", None, 2)


def test_the_history_says_something_else_and_the_last_message_counts():
    variant = find("conflicting_history").variant(CASE, 3, seed=0)
    (before,) = [turn.parts[0] for turn in turns(variant.messy.history) if turn.role == "user"]
    assert "48213" not in before or "3 March" not in before
    assert CASE.text in variant.text
    case = Case("1", "The soup was cold.", "negative", choices=("positive", "negative"))
    wrong = find("wrong_before").variant(case, 3, seed=0)
    assert [turn.parts[0] for turn in turns(wrong.messy.history)] == ["The soup was cold.", "positive"]
    assert wrong.text.endswith("The soup was cold.")


def test_a_topic_switch_comes_back_and_repeats_are_whole():
    switched = find("topic_switch").variant(CASE, 5, seed=2)
    users, replies = said(switched.messy), said(switched.messy, "assistant")
    assert users[0] == CASE.text
    assert len(replies) == 6, "the wait, and an answer to each of five other questions"
    assert "Hello, I ordered a lamp two" in users[-1], "the way back quotes how the request began"
    repeated = find("impatient_repeat").variant(CASE, 3, seed=2)
    assert said(repeated.messy).count(CASE.text) == 4
    assert said(repeated.messy)[-1] == CASE.text
    talked = find("stale_history").variant(CASE, 4, seed=2)
    assert (talked.text, len(turns(talked.messy.history))) == (CASE.text, 8)


def test_nothing_between_the_messages_holds_a_value_or_an_answer():
    from roadtest.perturbations import turns as family
    from roadtest.perturbations.values import values

    sentences = [*family._ACKNOWLEDGED, *family._WAITS, *family._RETURNS, *family._IMPATIENT, *family._NOTED]
    sentences += [text for both in family._OTHER_TOPICS for text in both]
    assert not [text for text in sentences if values(text)]


def test_a_system_that_takes_one_text_is_not_sent_several(write_study):
    url = 'url = "http://127.0.0.1:9/ask"\nbody = {question = "{text}"}'
    study = load_study(write_study("perturbations = ['sharded@3']", url))
    with pytest.raises(StudyError, match="sharded@3 sends several messages, and the system takes one text: put"):
        plan(study)
    turned = 'url = "http://127.0.0.1:9/ask"\nbody = {turns = "{messages}"}'
    assert plan(load_study(write_study("perturbations = ['sharded@3']", turned))).order
    assert System(model="openai/x").takes == {"turns", "pictures"}
    assert all(one.sends == {"turns"} for one in PERTURBATIONS.values() if one.family == "turns")


def test_the_messages_of_a_stack_are_drawn_on_one_text():
    variant = find("sharded+typos").variant(CASE, 3, seed=1)
    messages = Frame("", "{text}").messages(variant.messy)
    assert [one["role"] for one in messages] == ["user", "assistant"] * 3 + ["user"]
    assert variant.subset(()).text == CASE.text
