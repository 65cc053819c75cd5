"""How a case and its frame become messages."""

from __future__ import annotations

import base64
import json
import re

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import Case, CaseError, Frame, Reply, Variant, find_scorer
from roadtest.harness.cases import Edit
from roadtest.harness.frames import named, old_name, pictured, said, weight
from roadtest.harness.marks import ASSISTANT, PICTURE_END, USER, mark
from roadtest.harness.scorers import score
from roadtest.perturbations import find, parse

CHOICES = ("delivery", "refund", "cancel")
LISTED = Frame(
    "Route it:\ndelivery: where it is\nrefund: wants money, not delivery\ncancel: wants to end it\nName the queue.",
    "Ticket: {text}\n\nQueue:",
    (("Ticket: I want my money.\n\nQueue:", "refund"), ("Ticket: Where is it?\n\nQueue:", "delivery")),
)
CASE = Case("1", "Please end it.", "cancel", choices=CHOICES)


def laid_out(*pairs, frame=LISTED, case=CASE):
    marks = "".join(mark(name, value) for name, value in zip(pairs[::2], pairs[1::2], strict=True))
    return frame.messages(Case(case.id, case.text, case.target, choices=case.choices, layout=marks))


def test_a_frame_fills_its_places_and_leaves_other_braces_alone():
    frame = Frame("Answer {json}.", 'Copy {field} of {text} as {"a": 1}', (("q", "a"),))
    case = Case("1", "{field} {0} ${x}", "y", slots={"field": "date"})
    assert frame.messages(case) == (
        {"role": "system", "content": "Answer {json}."},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": 'Copy date of {field} {0} ${x} as {"a": 1}'},
    )
    with pytest.raises(CaseError, match=r"a place \{fields\}, but case '1' has only choices, context, text"):
        Frame(template="{fields}").messages(Case("1", "x", "y"))


def test_a_slot_must_not_stand_in_for_the_messy_text():
    case = Case("c-1", "messy", "x", slots={"text": "clean"})
    with pytest.raises(CaseError, match="slot called 'text'"):
        Frame("", "{text}").messages(case)


def test_marks_in_the_text_end_messages_and_the_template_goes_with_the_first_and_the_last():
    text = f"Hello.{USER}Where is{ASSISTANT}Go on.{USER} my parcel? "
    assert Frame("S", "Q: {text}\nA:").messages(Case("1", text, "x")) == (
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q: Hello."},
        {"role": "user", "content": "Where is"},
        {"role": "assistant", "content": "Go on."},
        {"role": "user", "content": "my parcel? \nA:"},
    )
    spaced = Frame("", " Q: {text}\nA: ")
    first, *_, last = spaced.messages(Case("1", text, "x"))
    assert (first["content"][:2], last["content"][-4:]) == (" Q", "\nA: "), "the template's own blanks stay"


def test_the_history_of_a_case_comes_behind_the_examples_and_before_the_text():
    case = Case(
        "1", "And now?", "x", history=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]
    )
    assert [said(one) for one in Frame("", "{text}!", (("q", "a"),)).messages(case)] == [
        "q",
        "a",
        "Hi",
        "Yes",
        "And now?!",
    ]


def test_a_picture_is_a_part_of_its_message():
    text = f"{mark('picture', 'chat dark phone 3')}{mark('scale', '0.5')}Where is 48213?{PICTURE_END}"
    (message,) = Frame("", "Ticket: {text}\nQueue:").messages(Case("1", text, "x"))
    kinds = [part["type"] for part in message["content"]]
    assert kinds == ["text", "image_url", "text"]
    assert base64.b64decode(message["content"][1]["image_url"]["url"].partition(",")[2]).startswith(b"\x89PNG")
    assert said(message) == "Ticket:\n[picture]\nQueue:"
    assert pictured(message) == 1
    assert weight(message) > 700
    assert weight({"role": "user", "content": "x" * 40}) == 10


def test_each_message_of_a_split_picture_is_a_picture():
    text = f"{mark('picture', 'chat light phone 1')}Hello there.{ASSISTANT}Yes?{USER}Where is it?{PICTURE_END}"
    first, between, last = Frame().messages(Case("1", text, "x"))
    assert (pictured(first), pictured(between), pictured(last)) == (1, 0, 1)


def test_marks_for_a_picture_without_one_do_nothing():
    assert Frame().messages(Case("1", f"{mark('blur', '0.5')}Hi.{PICTURE_END}", "x")) == (
        {"role": "user", "content": "Hi."},
    )


def test_choices_trade_places_line_by_line_with_what_describes_them():
    system = laid_out("choices", "2,0,1")[0]["content"]
    assert system.split("\n")[1:4] == [
        "cancel: wants to end it",
        "delivery: where it is",
        "refund: wants money, not delivery",
    ]


def test_choices_in_a_sentence_trade_places_only_where_they_are_a_list():
    case = Case("1", "Fine.", "positive", choices=("positive", "negative"))
    listed = Frame('Is it "positive" or "negative"?')
    assert laid_out("choices", "1,0", frame=listed, case=case)[0]["content"] == 'Is it "negative" or "positive"?'
    said_of_each = Frame("If yes, it is positive, if no, it is negative.")
    assert laid_out("choices", "1,0", frame=said_of_each, case=case)[0]["content"] == said_of_each.system


def test_new_labels_stand_beside_the_old_ones_and_in_the_examples():
    system, _, first, _, second, _ = laid_out("choices", "2,0,1", "labels", "letters")
    assert system["content"].split("\n")[1:4] == [
        "A (cancel): wants to end it",
        "B (delivery): where it is",
        "C (refund): wants money, not delivery",
    ]
    assert system["content"].endswith("Answer with the letter alone.")
    assert (first["content"], second["content"]) == ("C", "B")
    place = Frame("", "{text} One of: {choices}")
    assert laid_out("labels", "numbers", frame=place)[-1]["content"].endswith(
        "One of: 1 (delivery), 2 (refund), 3 (cancel)"
    )


@pytest.mark.parametrize(
    ("reply", "value"), [("A", 1.0), ("a)", 1.0), ("B", 0.0), ("cancel", 1.0), ("delivery", 0.0), ("A (cancel)", 1.0)]
)
def test_an_answer_by_the_new_label_or_the_old_one_counts(reply, value):
    laid = Case("1", "x", "cancel", choices=CHOICES, layout=mark("choices", "2,0,1") + mark("labels", "letters"))
    assert named(laid) == {"A": "cancel", "B": "delivery", "C": "refund"}
    assert score(find_scorer("label"), laid, Reply(reply)).value == value


@pytest.mark.parametrize("scorer", ["exact", "contains", "label"])
def test_every_scorer_sees_the_choice_behind_a_new_name(scorer):
    laid = Case("1", "x", "cancel", choices=CHOICES, layout=mark("labels", "letters"))
    assert [score(find_scorer(scorer), laid, Reply(text)).value for text in ("C", "A", "cancel")] == [1.0, 0.0, 1.0]


def test_a_letter_inside_a_sentence_is_no_name():
    laid = Case("1", "x", "delivery", choices=CHOICES, layout=mark("labels", "letters"))
    assert old_name(laid, "This is a question about a parcel.") is None
    assert old_name(laid, "The answer is B.") == "refund"
    assert old_name(laid, "It is delivery (A).") == "delivery"
    assert old_name(laid, "b") == "refund"


@pytest.mark.parametrize("choices", [("A", "B", "C", "D"), ("0", "1"), ("1", "2", "3"), ("plan a", "plan b")])
def test_choices_that_read_like_the_new_names_get_none_of_these(choices):
    for seed in range(20):
        laid = find("choice_labels").variant(Case("1", "x", choices[0], choices=choices), 3, seed).messy
        assert set(named(laid)).isdisjoint(word.upper() for choice in choices for word in choice.split())


def test_a_list_whose_lines_go_on_or_whose_places_are_spoken_of_stays():
    going_on = Frame("delivery: where it is,\n  when it comes\nrefund: wants money,\n  now\ncancel: wants to end it")
    assert laid_out("choices", "2,0,1", frame=going_on)[0]["content"] == going_on.system
    places = Frame("One of delivery, refund or cancel. If several fit, take the first of them.")
    assert laid_out("choices", "2,0,1", frame=places)[0]["content"] == places.system
    mentioned = Frame(
        "You work in the refund office.\ndelivery: where it is\nrefund: wants money\ncancel: wants to end it"
    )
    assert laid_out("labels", "letters", frame=mentioned)[0]["content"].startswith(
        "You work in the refund office.\nA (delivery): where it is\nB (refund): wants money\nC (cancel)"
    )


def test_a_frame_that_does_not_list_the_choices_gives_them_no_labels():
    frame = Frame("Route it.", "{text}")
    assert laid_out("labels", "letters", frame=frame) == frame.messages(CASE)


@pytest.mark.parametrize(
    ("name", "value", "turn"),
    [
        ("cues", "capitals", "TICKET: Please end it.\n\nQUEUE:"),
        ("cues", "brackets,lower", "[Ticket] Please end it.\n\n[Queue]"),
        ("cues", "line", "Ticket:\nPlease end it.\n\nQueue:\n"),
        ("gaps", "bar", "Ticket: Please end it. | Queue:"),
        ("gaps", "blank,line", "Ticket: Please end it.\nQueue:"),
    ],
)
def test_cue_words_and_gaps_change_in_the_template_and_in_the_examples(name, value, turn):
    messages = laid_out(name, value)
    assert messages[-1]["content"] == turn
    assert messages[1]["content"] == messages[-1]["content"].replace("Please end it.", "I want my money.")


def test_examples_come_in_another_order_and_stay_whole():
    orders = {tuple(one["content"] for one in laid_out("examples", str(seed))[1:5]) for seed in range(20)}
    assert len(orders) == 1, "never the old order"
    assert all(set(zip(order[::2], order[1::2], strict=True)) == set(LISTED.examples) for order in orders)


@pytest.mark.parametrize("suite", ["intent", "sentiment", "reading", "extraction", "arithmetic", "records"])
@pytest.mark.parametrize("name", ["choice_order", "choice_labels", "template_cues", "template_gaps", "example_order"])
def test_what_a_layout_changes_in_the_built_in_suites_keeps_every_word_of_the_case(suite, name):
    loaded = load_suite(suite)
    case = loaded.cases[0]
    variant = find(name).variant(case, 3, seed=4)
    clean, messy = loaded.frame.messages(case), loaded.frame.messages(variant.messy)
    assert len(clean) == len(messy)
    assert case.text in said(messy[-1])
    if name in ("template_cues", "template_gaps"):
        words = [re.sub(r"\W+", " ", said(messages[-1])).casefold().split() for messages in (clean, messy)]
        assert words[0] == words[1]


def test_a_variant_of_the_layout_alone_reads_like_its_case():
    variant = Variant(CASE, "choice_order", 1, edits=(Edit(0, 0, mark("choices", "2,1,0"), field="layout"),))
    assert variant.changed
    assert variant.text == CASE.text
    with pytest.raises(CaseError, match="no text field called 'lay'"):
        Edit(0, 0, "x", field="lay")


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("extraction", "sharded@3"),
        ("extraction", "conflicting_history@3"),
        ("sentiment", "wrong_before@1"),
        ("intent", "choice_order+choice_labels@3"),
        ("records", "outdated_record+chat_screenshot@3"),
    ],
)
def test_a_messy_case_that_is_kept_as_json_is_sent_as_it_was(suite, name):
    """As `roadtest keep` writes it down for regression tests."""
    loaded, (perturbation, severity) = load_suite(suite), parse(name)
    sent = [perturbation.variant(case, severity, 0) for case in loaded.cases[:20]]
    for variant in (one for one in sent if one.sent):
        kept = Case.from_dict(json.loads(json.dumps(variant.messy.to_dict())))
        assert loaded.frame.messages(kept) == loaded.frame.messages(variant.messy)
