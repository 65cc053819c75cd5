"""Marks: turns and pictures inside a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import CaseError
from roadtest.harness.escaping import plain
from roadtest.harness.marks import (
    ASSISTANT,
    CLOSE,
    OPEN,
    PICTURE_END,
    USER,
    Picture,
    Turn,
    conversation,
    layout,
    mark,
    pictures,
    readable,
    turns,
    unmarked,
)

PLAIN = st.text(st.characters(exclude_characters=OPEN + CLOSE), min_size=1, max_size=20).filter(str.strip)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), PLAIN), min_size=1, max_size=6))
def test_a_conversation_reads_back(history):
    assert turns(conversation(history)) == tuple(Turn(role, (content,)) for role, content in history)


@given(st.text(max_size=60))
def test_a_text_without_marks_is_one_turn_and_stays_as_it_is(text):
    if OPEN in text:
        return
    assert turns(text) == ((Turn("user", (text,)),) if text.strip() else ())
    assert unmarked(text) == text
    assert readable(text).replace("‹", "").replace("›", "") == text.replace(CLOSE, "").replace("‹", "").replace("›", "")


@given(
    st.lists(
        st.sampled_from([USER, ASSISTANT, PICTURE_END, OPEN, CLOSE, "user", "Hi", " ", mark("blur", "9")]), max_size=9
    )
)
def test_any_jumble_of_marks_can_be_read(parts):
    for turn in turns("".join(parts)):
        assert turn.role in ("user", "assistant")
        assert turn.parts


def test_a_picture_holds_its_text_and_the_last_of_each_wear():
    worn = mark("blur", "0.4") + mark("blur", "9") + mark("jpeg", "50")
    text = f"{mark('picture', 'form dark desktop 12')}{worn}Hi!{PICTURE_END} you"
    (turn,) = turns(text)
    look = (("kind", "form"), ("theme", "dark"), ("device", "desktop"), ("seed", 12), ("blur", 3.0), ("jpeg", 50))
    assert turn.parts == (Picture("Hi!", look), " you")
    assert pictures(text) == (turn.parts[0],)


def test_empty_messages_are_left_out():
    assert [turn.parts for turn in turns(f"{USER}Hi{USER} {ASSISTANT}{USER}you")] == [("Hi",), ("you",)]


def test_a_layout_gives_the_last_value_of_each_mark():
    assert layout(mark("cues", "dash") + mark("choices", "1,0") + mark("cues", "lower")) == {
        "cues": "lower",
        "choices": "1,0",
    }
    assert layout("") == {}


def test_what_a_person_sees():
    assert plain(f"Hi{USER}you") == "Hi‹user›you"
    assert unmarked(f"Hi{USER}you{mark('blur', '0.1')}") == "Hi\nyou"


def test_a_mark_with_a_number_that_is_none_is_named():
    with pytest.raises(CaseError, match="a mark 'blur' needs a number"):
        turns(f"{mark('picture', 'chat light phone 1')}{mark('blur', 'much')}Hi")
