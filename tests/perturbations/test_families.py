"""What is particular to single perturbations."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.datasets import load_suite
from roadtest.harness import Case, CaseError, Edit, StudyError
from roadtest.harness.seeds import stream
from roadtest.perturbations import asr_channel, find, ocr_channel, parse, perturbation, stack
from roadtest.perturbations.speech import spoken
from roadtest.perturbations.spelling_channel import blocks, misspelt
from roadtest.perturbations.text import Protection, protected_spans, sentence_ends
from roadtest.perturbations.values import decoy


def text_of(name, text, severity=5, seed=0, target="?"):
    return find(name).variant(Case("1", text, target), severity, seed).text


def test_casing_lowers_words_but_not_codes():
    assert text_of("casing", "Hello from PARIS, order ORD-20931.") == "hello from paris, order ORD-20931."


def test_telegraphic_drops_grammar_and_keeps_facts():
    text = "I would not like the refund, and we have paid for all of the 3 chairs."
    assert text_of("telegraphic", text) == "I would not like refund, and we paid for all of 3 chairs."


def test_telegraphic_leaves_a_sentence_its_last_word():
    assert text_of("telegraphic", "I want the lamp back, please. What am I to do?") == "I want lamp back. What I to do?"


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
        other = decoy(value, stream(draw, value))
        assert other != value
        if value.isascii() and not any(c.isalpha() for c in value):
            assert re.sub(r"\d", "0", other) == re.sub(r"\d", "0", value)


def test_decoy_days_have_the_right_ending():
    decoys = {decoy("April 2nd", stream(draw)) for draw in range(200)}
    days = {match[0] for one in decoys if (match := re.search(r"\d+\w\w", one))}
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
        perturbation("bad", rates=rates, source="a test")(find("casing").propose)


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


# --- typing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clean", "noisy", "expected"),
    [
        ("receive", "recieve", [(3, 5, "ie")]),
        ("the", "teh", [(1, 3, "eh")]),
        ("address", "adress", [(1, 2, "")]),
        ("misspell", "mispell", [(2, 3, "")]),
        ("definitely", "definately", [(5, 6, "a")]),
        ("abc", "abc", []),
    ],
)
def test_block_edits_turn_one_word_into_the_other(clean, noisy, expected):
    found = blocks(clean, noisy)
    assert len(found) == len(expected)
    word = clean
    for start, end, text in reversed(found):
        word = word[:start] + text + word[end:]
    assert word == noisy


@settings(max_examples=200, deadline=None)
@given(clean=st.text("abcde", min_size=1, max_size=9), noisy=st.text("abcde", max_size=9))
def test_block_edits_rebuild_any_word(clean, noisy):
    word = clean
    for start, end, text in reversed(blocks(clean, noisy)):
        word = word[:start] + text + word[end:]
    assert word == noisy


def test_misspellings_vary_with_the_number_and_are_mostly_attested():
    made = [misspelt("definitely", i / 200) for i in range(200)]
    assert "definitely" not in made
    assert len(set(made)) > 15
    assert made.count("definately") > 5
    assert misspelt("definitely", 0.3) == misspelt("definitely", 0.3)


def test_misspelling_keeps_letter_case():
    texts = [text_of("misspelling", "Received RECEIVED received", seed=seed) for seed in range(30)]
    for text in texts:
        first, second, third = text.split(" ")[:3] if text.count(" ") == 2 else ("Ab", "AB", "ab")
        assert first[0].isupper()
        assert second.isupper()
        assert third.islower()


def test_a_word_by_word_perturbation_never_makes_a_choice_of_another():
    case = Case("1", "please send the cart to the card desk", "card", choices=("card", "cart", "care"))
    for seed in range(80):
        words = re.findall(r"[a-z]+", find("keyboard").variant(case, 5, seed).text)
        assert words.count("card") == 1
        assert words.count("cart") == 1
        assert "care" not in words


def test_at_least_one_site_is_hit_at_every_severity():
    for name in ("typos", "keyboard", "missing_spaces", "hesitations", "casing"):
        for seed in range(30):
            assert find(name).variant(Case("1", "Where is My lost parcel now", "?"), 1, seed).changed


# --- stacks -------------------------------------------------------------------------------------------------------


def test_a_stack_writes_what_it_puts_in_in_the_letter_case_of_the_whole():
    text = "Please send my missing parcel to the neighbour"
    for seed in range(20):
        assert text_of("keyboard+caps_lock", text, seed=seed).isupper()
        assert text_of("caps_lock+keyboard", text, seed=seed).isupper()


def test_a_stack_is_parsed_with_its_severity_and_named_whole():
    found, severity = parse("typos + casing@4")
    assert (found.name, severity) == ("typos+casing", 4)
    variant = found.variant(Case("1", "Where is My parcel and My money", "?"), 4, 0)
    assert variant.condition == "typos+casing@4"
    assert variant.validity == "guarded"
    assert stack([find("casing"), find("email_thread")]).variant(Case("1", "Hi There", "?"), 5, 0).validity == "proved"


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("typos+typos", "names one perturbation twice"),
        ("changed_mind+missing_value", "only one part of a stack may change the right answer"),
        ("typos+typo", "no perturbation called 'typo'; did you mean 'typos'?"),
    ],
)
def test_stacks_that_make_no_sense_are_refused(clause, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        parse(clause)


# --- what changes the right answer --------------------------------------------------------------------------------


def test_changed_mind_makes_another_value_the_answer():
    case = Case("1", "Please refund order 48213 to my card.", "48213")
    variant = find("changed_mind").variant(case, 3, 0)
    assert (variant.effect, variant.validity) == ("updated", "behaviour-changed")
    assert variant.target not in (None, "48213")
    assert variant.target in variant.text
    assert variant.messy.target == variant.target
    assert variant.subset([]).messy == case


def test_two_values_and_missing_ones_leave_nothing_to_answer():
    case = Case("1", "Please refund order 48213 to my card, it is late.", "48213")
    both = find("two_values").variant(case, 3, 0)
    assert both.effect == "clarify"
    assert len(re.findall(r"\d+", both.text)) == 2
    for name in ("missing_value", "truncated"):
        gone = find(name).variant(case, 3, 0)
        assert gone.effect == "clarify"
        assert "48213" not in gone.text


def test_what_turns_an_answer_leaves_classes_and_sums_alone():
    for name in ("changed_mind", "two_values", "missing_value", "truncated"):
        for case in (
            Case("1", "The lift is broken", "repair", choices=("repair", "bill")),
            Case("2", "I had 12 eggs and lost 5", "7"),
        ):
            variant = find(name).variant(case, 5, 0)
            assert not variant.changed
            assert variant.effect == "same"


def test_false_premise_names_a_wrong_choice_and_the_text_decides():
    case = Case("1", "The lift is broken again", "repair", choices=("repair", "bill", "praise"))
    text = find("false_premise").variant(case, 1, 0).text
    assert text.endswith(case.text)
    assert "bill" in text or "praise" in text


# --- speech, pasted, people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (48, "forty eight"),
        (305, "three hundred five"),
        (2014, "two thousand fourteen"),
    ],
)
def test_numbers_as_they_are_said(number, said):
    assert spoken(number) == said


def test_spoken_numbers_leave_answers_and_codes():
    assert text_of("spoken_numbers", "I paid for 12 chairs, order 48213, and 0049", target="48213") == (
        "I paid for twelve chairs, order 48213, and 0049"
    )
    assert text_of("spoken_numbers", "I had 12 eggs", target="12") == "I had 12 eggs"


def test_the_rates_in_the_code_are_those_of_the_fitted_tables():
    assert find("ocr").rates == pytest.approx(ocr_channel.rates(), abs=5e-4)
    assert find("asr").rates == pytest.approx(asr_channel.rates(), abs=5e-4)


def test_pronouns_are_swapped_for_one_gender_only():
    assert text_of("pronoun_swap", "My husband says he lost his card, tell him") == (
        "My wife says she lost her card, tell her"
    )
    assert text_of("pronoun_swap", "She gave her card to her son") == "She gave her card to her son"
    assert text_of("pronoun_swap", "She gave her card to me, ask her") == "He gave his card to me, ask him"


def test_names_are_swapped_everywhere_but_not_where_they_are_the_answer():
    swapped = text_of("name_swap", "Anna called. Please call Anna back.")
    assert "Anna" not in swapped
    assert len(set(re.findall(r"(\w+)(?: called| back)", swapped))) == 1
    assert text_of("name_swap", "Anna called.", target="Anna") == "Anna called."


def test_html_and_line_wraps_keep_the_words():
    text = "The technician promised to come back with a spare part before the weekend begins"
    bare = re.sub(r"<[^>]+>|&nbsp;", " ", text_of("html_leftovers", text))
    assert bare.split() == text.split()
    wrapped = text_of("line_wraps", text)
    assert "\n" in wrapped
    assert wrapped.replace("-\n", "").split() == text.split()


def test_mojibake_is_utf_8_read_as_windows_1252():
    assert text_of("mojibake", "café", seed=1) in ("cafÃ©", "caf\ufffd")


def test_an_aside_does_not_fall_into_a_name_a_list_or_a_quotation():
    ends = sentence_ends('Mrs. Hill said "Stop. Now." to Dr. Ray at 5 a.m. today. Then 1. sit 2. stay.')
    text = 'Mrs. Hill said "Stop. Now." to Dr. Ray at 5 a.m. today. Then 1. sit 2. stay.'
    assert [text[:end].split()[-1] for end in ends] == ["today.", "stay."]


# --- bridges ------------------------------------------------------------------------------------------------------


def test_a_function_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "my_mess.py").write_text(
        "import random\n"
        "def shout(text):\n    'Words are shouted.'\n    return text.replace('parcel', 'PARCEL')\n"
        "def wrong(text):\n    return text.replace('not', '')\n"
        "def broken(text):\n    return 1 / 0\n"
        "def number(text):\n    return 5\n"
        "def lucky(text):\n    return text + random.choice('ab')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    case = Case("1", "Where is my parcel, I do not know", "?")
    shout = find("python:my_mess:shout")
    assert shout.summary == "Words are shouted."
    assert shout.variant(case, 5, 0).text == "Where is my PARCEL, I do not know"
    assert not find("python:my_mess:wrong").variant(case, 5, 0).changed, "a negation is protected"
    assert find("python:my_mess:lucky").variant(case, 5, 3) == find("python:my_mess:lucky").variant(case, 5, 3)
    for name, message in (("broken", "failed on"), ("number", "must give a string"), ("none", "no attribute")):
        with pytest.raises(StudyError, match=message):
            find(f"python:my_mess:{name}").variant(case, 5, 0)
    with pytest.raises(StudyError, match="write python:module:function"):
        find("python:my_mess")


def test_what_foreign_code_gets_wrong_is_rejected_and_says_why(tmp_path, monkeypatch):
    (tmp_path / "bad_mess.py").write_text("def swap(text):\n    return text.replace('cheap', 'expensive')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    variant = find("python:bad_mess:swap").variant(Case("1", "I want a cheap room", "?"), 5, 0)
    assert variant.validity == "rejected"
    assert "cheap" in variant.why
    assert not variant.sent


def test_only_accepted_paraphrases_of_the_same_text_count(tmp_path):
    file = tmp_path / "p.jsonl"
    rows = [
        {"case": "1", "clean": "Where is it?", "text": "Any news of it?", "review": "accepted"},
        {"case": "2", "clean": "Where is it?", "text": "Any news?", "review": ""},
        {"case": "3", "clean": "Another text", "text": "Any news?", "review": "accepted"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = find(f"paraphrase:{file}")
    made = [found.variant(Case(name, "Where is it?", "?"), 3, 0) for name in "123"]
    assert [variant.text for variant in made] == ["Any news of it?", "Where is it?", "Where is it?"]
    assert [variant.validity for variant in made] == ["reviewed", "proved", "proved"], "unchanged"


def test_a_broken_file_of_paraphrases_is_named(tmp_path):
    file = tmp_path / "p.jsonl"
    file.write_text('{"case": "1", "clean": "a", "text": "b", "review": "accepted"}\n{"case": 2}\n')
    with pytest.raises(StudyError, match=r"p\.jsonl, line 2"):
        find(f"paraphrase:{file}")
    with pytest.raises(StudyError, match="No such file"):
        find(f"paraphrase:{tmp_path}/none.jsonl")
