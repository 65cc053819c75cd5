from __future__ import annotations

import pytest
from roadtest.harness import Case, Edit
from roadtest.perturbations.text import Protection, protected_spans, sentence_ends, words


def spans(text, **fields):
    return [span.text for span in protected_spans(Case("1", text, fields.pop("target", "?"), **fields))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Order 48213 came.", ["48213"]),
        ("It was ORD-20931, I think.", ["ORD-20931"]),
        ("I paid $49.99 (or 35 dollars).", ["$49.99", "35 dollars"]),
        ("due 3 March, not later", ["3 March", "not"]),
        ("the 21st of June", ["21st", "June"]),
        ("on 2026-02-17 at 10:30 am.", ["2026-02-17", "10:30 am"]),
        ("write to a.b@example.org!", ["a.b@example.org"]),
        ("I don't have any, never had", ["don't", "any", "never"]),
        ("twelve eggs and half a dozen rolls", ["twelve", "half", "dozen"]),
        ("I may march on", ["may"]),
        ("in May or March", ["May", "March"]),
        ("", []),
    ],
)
def test_numbers_dates_money_codes_and_negations_are_protected(text, expected):
    assert spans(text) == expected


def test_answers_choices_and_declared_strings_are_protected():
    assert spans("My Refund is late", target="refund", choices=("refund", "login")) == ["Refund"]
    assert spans("the login page", target="refund", choices=("refund", "login")) == ["login"]
    assert spans("ask the Copper Kettle people", target="Copper  kettle") == ["Copper Kettle"]
    assert spans("a kettle of copper", target="the copper kettle") == ["kettle", "copper"]
    assert spans("keep this exact phrase", protect=("exact phrase",)) == ["exact phrase"]
    assert spans("refunded", target="refund") == []


@pytest.mark.parametrize(
    ("edit", "refused"),
    [
        (Edit(7, 8, ""), True),  # inside the number
        (Edit(5, 6, ""), True),  # the blank before it: would join
        (Edit(6, 6, "x"), True),  # would melt into it
        (Edit(6, 6, "77120, sorry, "), False),
        (Edit(11, 11, "0"), True),
        (Edit(11, 11, ", thanks"), False),
        (Edit(11, 12, "..."), False),
        (Edit(11, 12, ""), True),
        (Edit(0, 5, "ordr"), False),
        (Edit(0, 12, "gone"), True),
    ],
)
def test_an_edit_may_neither_touch_a_span_nor_melt_into_it(edit, refused):
    case = Case("1", "order 48213. thanks", "48213")
    assert Protection(case.text, protected_spans(case)).refuses(edit) is refused


def test_words_and_sentences():
    assert [word.text for word in words("It's naïve, 3 e-mails don’t", at_least=3)] == [
        "It's",
        "naïve",
        "mails",
        "don’t",
    ]
    assert sentence_ends("One. Two!  Three") == [4, 9, 16]
    assert sentence_ends("") == [0]
