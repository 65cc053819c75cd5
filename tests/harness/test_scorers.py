from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import SCORERS, Case, Reply, StudyError, find_scorer
from roadtest.harness.scorers import normalised


def score(name, answer, target, **fields):
    return find_scorer(name)(Case("1", "?", target, **fields), Reply(answer))


@pytest.mark.parametrize(
    ("name", "answer", "target", "fields", "value"),
    [
        ("exact", " **48213.** ", "48213", {}, 1),
        ("exact", "The order is 48213", "48213", {}, 0),
        ("exact", "six weeks", "6 weeks", {"aliases": ("six weeks",)}, 1),
        ("exact", "  ", "48213", {}, None),
        ("label", "Refund.", "refund", {"choices": ("refund", "login")}, 1),
        ("label", "I think it is login", "refund", {"choices": ("refund", "login")}, 0),
        ("label", "refund or login", "refund", {"choices": ("refund", "login")}, 1),
        ("label", "either refund or login", "refund", {"choices": ("refund", "login")}, None),
        ("label", "refunding", "refund", {"choices": ("refund", "login")}, None),
        ("label", "pre-order", "pre-order", {"choices": ("order", "pre-order")}, 1),
        ("label", "", "refund", {"choices": ("refund", "login")}, None),
        ("number", "14 - 3 = 11", "11", {}, 1),
        ("number", "$1,250.00", "1250", {}, 1),
        ("number", "That makes −4.50 euros", "-4.5", {}, 1),
        ("number", "eleven", "11", {}, None),
        ("number", "111", "11", {}, 0),
        ("number", "5.", "5", {}, 1),
        ("contains", "I'd say the north gate, sir", "north gate", {}, 1),
        ("contains", "northgate", "north gate", {}, 0),
        ("token_f1", "the north gate", "north gate", {}, 1),
        ("token_f1", "gate", "north gate", {}, pytest.approx(2 / 3)),
        ("token_f1", "south", "north gate", {}, 0),
        ("token_f1", "...", "north gate", {}, None),
    ],
)
def test_scores(name, answer, target, fields, value):
    assert score(name, answer, target, **fields).value == value


@given(st.sampled_from(sorted(SCORERS)), st.text(max_size=80), st.text(max_size=10))
def test_any_answer_gets_a_value_in_range_or_none_with_a_reason(name, answer, target):
    got = score(name, answer, target, choices=(target, "other") if target != "other" else (target,))
    assert got.value is None or 0 <= got.value <= 1
    assert got.why


@given(st.text(min_size=1).filter(lambda text: normalised(text)))
def test_the_target_itself_is_right(target):
    assert score("exact", target, target).value == 1


def test_an_unknown_scorer_is_named():
    with pytest.raises(StudyError, match="no scorer called 'exakt'; did you mean 'exact'"):
        find_scorer("exakt")
