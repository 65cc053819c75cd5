"""What is particular to single perturbations."""

from __future__ import annotations

import re

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import Case, CaseError, Edit, StudyError
from roadtest.harness.seeds import stream
from roadtest.perturbations import find, parse, perturbation
from roadtest.perturbations.contradictions import _decoy
from roadtest.perturbations.text import Protection, protected_spans


def text_of(name, text, severity=5, seed=0, target="?"):
    return find(name).variant(Case("1", text, target), severity, seed).text


def test_casing_lowers_words_but_not_codes():
    assert text_of("casing", "Hello from PARIS, order ORD-20931.") == "hello from paris, order ORD-20931."


def test_telegraphic_drops_grammar_and_keeps_facts():
    text = "I would not like the refund, and we have paid for all of the 3 chairs."
    assert text_of("telegraphic", text) == "I not like refund, paid for all of 3 chairs."


def test_telegraphic_leaves_a_sentence_its_last_word():
    assert text_of("telegraphic", "I want the lamp back, please. What am I to do?") == "want lamp back. What to do?"


def test_self_correction_says_the_right_value_last_and_a_wrong_one_of_its_shape_first():
    for case in load_suite("extraction").cases[:60]:
        variant = find("self_correction").variant(case, 1, seed=3)
        if not variant.changed:
            continue
        (edit,) = variant.edits
        decoy = edit.text.partition(",")[0]
        assert variant.case.target not in edit.text
        assert re.sub(r"\d", "0", decoy) != ""
        assert case.text[edit.start :].startswith(case.target) or case.target in case.text


@pytest.mark.parametrize(
    "value", ["48213", "ORD-20931", "$49.99", "3 March", "March 3rd", "Tuesday", "14/09/2025", "10"]
)
def test_a_decoy_has_the_shape_of_its_value_and_differs(value):
    for draw in range(20):
        decoy = _decoy(value, stream(draw, value))
        assert decoy != value
        if value.isascii() and not any(c.isalpha() for c in value):
            assert re.sub(r"\d", "0", decoy) == re.sub(r"\d", "0", value)


def test_decoy_days_have_the_right_ending():
    decoys = {_decoy("April 2nd", stream(draw)) for draw in range(200)}
    days = {match[0] for decoy in decoys if (match := re.search(r"\d+\w\w", decoy))}
    assert {"21st", "22nd", "23rd", "24th", "11th", "12th", "13th"} <= days
    assert not days & {"21th", "22th", "11st", "12nd", "21nd"}


def test_email_thread_adds_one_part_a_severity_and_no_digit():
    text = "Where is order 48213?"
    lengths = [len(text_of("email_thread", text, severity)) for severity in range(6)]
    assert lengths == sorted(set(lengths))
    assert re.findall(r"\d+", text_of("email_thread", text)) == ["48213"]


def test_small_talk_always_says_something_and_never_a_number():
    for seed in range(10):
        out = text_of("small_talk", "Where is order 48213?", severity=1, seed=seed)
        assert out != "Where is order 48213?"
        assert re.findall(r"\d+", out) == ["48213"]


def test_nlpaug_output_becomes_protected_edits():
    text = "Where is my parcel with order 48213? I don't have any tracking number."
    out = text_of("nlpaug:KeyboardAug", text)
    assert out != text
    assert "48213" in out
    assert "don't" in out


def test_nlpaug_loses_no_line_breaks():
    assert text_of("nlpaug:KeyboardAug", "one line\n\nanother  line", severity=5).count("\n") == 2


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("typo", "no perturbation called 'typo'; did you mean 'typos'? (`roadtest list` shows all)"),
        ("typos@6", "'typos@6': severity must be a whole number from 1 to 5, as in 'typos@3'"),
        ("typos@", "severity must be a whole number"),
        ("nlpaug:KeybordAug", "no nlpaug augmenter called 'KeybordAug'; did you mean 'KeyboardAug'"),
    ],
)
def test_an_unknown_clause_is_named(clause, message):
    with pytest.raises(StudyError) as caught:
        parse(clause)
    assert message in str(caught.value)


def test_parse_gives_the_default_severity():
    assert parse("typos")[1] == 3
    assert parse("typos@1")[1] == 1


def test_a_perturbation_of_ones_own():
    @perturbation("shout", rates=(0.2, 0.4, 0.6, 0.8, 1.0), source="a test")
    def shout(text, rng):
        """Words are shouted."""
        for match in re.finditer(r"\w+", text):
            yield rng.random(), Edit(match.start(), match.end(), match[0].upper())

    assert shout.variant(Case("1", "give me order a1b", "a1b"), 5, seed=0).text == "GIVE ME ORDER a1b"
    assert (shout.family, shout.summary) == ("test_families", "Words are shouted.")


@pytest.mark.parametrize("rates", [(0.1,) * 4, (0.5, 0.4, 0.6, 0.7, 0.8), (0, 0, 0, 0, 1.5)])
def test_rates_must_be_five_that_do_not_fall(rates):
    with pytest.raises(CaseError, match="rates must"):
        perturbation("bad", rates=rates, source="a test")(find("typos").propose)


def test_edits_of_a_group_stay_together_and_overlaps_go_by_draw():
    @perturbation("pairs", rates=(0.2, 0.4, 0.6, 0.8, 1.0), source="a test")
    def pairs(text, rng):
        """Edits in pairs."""
        yield 0.3, Edit(0, 2, "AA")
        yield 0.1, [Edit(1, 3, "BB"), Edit(5, 6, "C")]

    case = Case("1", "abcdefgh", "?")
    assert pairs.variant(case, 1, 0).text == "aBBdeCgh"
    assert pairs.variant(case, 2, 0).text == "aBBdeCgh"


@pytest.mark.parametrize("name", ["typos", "nlpaug:OcrAug", "nlpaug:RandomCharAug", "nlpaug:KeyboardAug"])
def test_no_word_becomes_a_number_or_a_negation(name):
    text = "there is a hot note on the tan table, go on, I will lift it so they can see"
    for seed in range(150):
        messy = text_of(name, text, seed=seed)
        assert not re.search(r"\b(three|not|ten|two|one|\d+)\b", messy), messy


def test_nothing_melts_into_a_number_behind_a_mark():
    text = "It came at 13 and left"
    protection = Protection(text, protected_spans(Case("1", text, "")))
    for put in (":00", ".50", ",000", "-7"):
        assert protection.refuses(Edit(13, 13, put)), put
    assert protection.refuses(Edit(11, 11, "2:"))
    assert not protection.refuses(Edit(13, 13, ", sorry"))
    assert not protection.refuses(Edit(13, 13, "."))


def test_a_minus_and_a_range_keep_their_dash():
    assert text_of("punctuation", "What is 12 - 5? Open 3 – 5 pm") == "What is 12 - 5? Open 3 – 5 pm"
