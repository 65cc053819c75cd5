"""What the bot promises about questions that people write."""

import pytest
from bot import answer, field_of
from hypothesis import given
from roadtest.harness.strategies import messy

ASKED = {"cases": "../orders.jsonl", "scorer": "exact", "frame": "{context}\n\nQuestion: {text}"}


def test_chatty_people(roadtest):
    report = roadtest(answer, perturbations=["introduction@1", "worry@2"], **ASKED)
    report.require("introduction@1: drop <= 15pp", "worry@2: drop <= 15pp")


@pytest.mark.roadtest(perturbations=["punctuation@4"], margin="8pp", **ASKED)
def test_without_marks(messages):
    """The test is the system: with `messages` it gets the chat turns as a model would."""
    return answer(messages)


@given(messy("What is the total of my order, please?", kinds=["casing", "punctuation"]))
def test_the_total_is_asked_for_however_it_is_written(text):
    assert field_of(text) == "total"
