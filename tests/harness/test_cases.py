from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Case, CaseError, Edit, Variant, apply_edits, edits_between
from roadtest.harness.marks import conversation

TEXTS = st.text(max_size=60)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits that do not overlap, each in a group of one or shared with the next."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    groups = draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    inserted = draw(st.lists(st.text(max_size=5), min_size=len(pairs), max_size=len(pairs)))
    return text, [
        Edit(start, end, new, group) for (start, end), new, group in zip(pairs, inserted, groups, strict=True)
    ]


@given(texts_with_edits())
def test_edits_replace_exactly_their_spans(made):
    text, edits = made
    out = apply_edits(text, edits)
    assert len(out) == len(text) + sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
    kept = text
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end))[::-1]:
        kept = kept[: edit.start] + edit.text + kept[edit.end :]
    assert out == kept


@given(texts_with_edits(), st.sets(st.integers(0, 3)))
def test_any_subset_of_groups_is_a_variant(made, groups):
    text, edits = made
    variant = Variant(Case("1", text, "x"), "p", 3, edits=tuple(edits))
    subset = variant.subset(groups)
    assert set(subset.groups) == groups & set(variant.groups)
    assert subset.text == apply_edits(text, [edit for edit in edits if edit.group in groups])
    assert variant.subset(variant.groups) == variant
    assert variant.subset([]).messy == variant.case
    assert not variant.subset([]).changed


@given(TEXTS, TEXTS)
def test_edits_between_lead_from_old_to_new(old, new):
    edits = edits_between(old, new)
    assert apply_edits(old, edits) == new
    assert bool(edits) == (old != new)
    assert len({edit.group for edit in edits}) == len(edits)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(edits, 2))


WORDY = st.lists(st.sampled_from(["order", "48213", "the", "parcel", " ", ",", "\n", "é"]), max_size=30).map("".join)


@given(WORDY, WORDY)
def test_edits_between_hold_on_texts_that_share_tokens(old, new):
    assert apply_edits(old, edits_between(old, new)) == new


def test_edits_between_touch_only_the_words_that_changed():
    old, new = "Where is my order 48213, please?", "Where si my ordr 48213, please?"
    assert [(old[e.start : e.end], e.text) for e in edits_between(old, new)] == [("is", "si"), ("e", "")]


def shown(old, new):
    return [(old[edit.start : edit.end], edit.text) for edit in edits_between(old, new)]


def test_blanks_that_came_or_went_stand_alone():
    assert shown("my parcel with order", "my par cel wi th order") == [("", " "), ("", " ")]
    assert shown("my parcel with order", "myparcel withorder") == [(" ", ""), (" ", "")]


def test_words_are_paired_only_where_they_are_alike():
    assert shown("send the parcel today", "snd teh parcl today") == [("e", ""), ("he", "eh"), ("e", "")]
    assert shown("a big red box", "a large crimson box") == [("big red", "large crimson")]
    assert shown("the very big box", "the huge box") == [("very big", "huge")]


def test_overlapping_edits_are_refused():
    with pytest.raises(CaseError, match="overlap at character 2"):
        apply_edits("hello", [Edit(0, 3, "x"), Edit(2, 4, "y")])
    with pytest.raises(CaseError, match="past the text's 5 characters"):
        apply_edits("hello", [Edit(4, 9, "")])


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Edit(0, 3, ""), Edit(3, 5, ""), False),
        (Edit(0, 3, ""), Edit(2, 5, ""), True),
        (Edit(2, 2, "a"), Edit(2, 2, "b"), False),
        (Edit(0, 4, ""), Edit(2, 2, "b"), True),
        (Edit(0, 4, "", field="text"), Edit(0, 4, "", field="context"), False),
    ],
)
def test_overlap_is_symmetric_and_spares_edges_and_other_fields(one, other, overlap):
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_insertions_at_one_place_keep_their_order():
    assert apply_edits("ab", [Edit(1, 1, "1"), Edit(1, 1, "2")]) == "a12b"


def test_a_variant_changes_the_fields_it_names_and_no_others():
    case = Case("1", "what is it", "x", context="a passage", choices=("x", "y"))
    variant = Variant(case, "p", 1, edits=(Edit(0, 4, "wot"), Edit(0, 1, "A", field="context")))
    assert (variant.messy.text, variant.messy.context, variant.messy.choices) == ("wot is it", "A passage", ("x", "y"))
    assert variant.id == "1/p@1#0"


def test_an_updated_answer_replaces_target_and_aliases():
    case = Case("1", "order 1", "1", aliases=("one",))
    variant = Variant(case, "p", 1, edits=(Edit(6, 7, "2"),), effect="updated", target="2")
    assert variant.messy.answers == ("2",)
    with pytest.raises(CaseError, match="carries a target exactly when"):
        Variant(case, "p", 1, target="2")


@given(st.builds(Case, id=st.text(min_size=1).filter(str.strip), text=TEXTS, target=TEXTS, context=TEXTS))
def test_cases_survive_json(case):
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected a JSON object with id, text and target, found list"),
        ({"id": "1", "text": "x"}, "the field 'target' is missing"),
        (
            {"id": "1", "text": "x", "target": "y", "choise": []},
            "no case field called 'choise'; did you mean 'choices'",
        ),
        ({"id": "1", "text": "x", "target": "y", "choices": ["a", "b"]}, "target 'y' is not among the choices a, b"),
        ({"id": " ", "text": "x", "target": "y"}, "id must not be empty"),
        ({"id": 1, "text": "x", "target": "y"}, "id must be a string, not int"),
        ({"id": "1", "text": "x", "target": "y", "choices": "ab"}, "choices must be a list of strings"),
        ({"id": "1", "text": "x", "target": "y", "slots": {"field": 3}}, "slots must map names to strings"),
    ],
)
def test_a_broken_case_is_named(data, message):
    with pytest.raises(CaseError) as caught:
        Case.from_dict(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"severity": 3.0}, "whole numbers"),
        ({"severity": True}, "whole numbers"),
        ({"severity": 1, "validity": "fine"}, "validity must be one of"),
        ({"severity": 1, "effect": "updated"}, "carries a target exactly when"),
    ],
)
def test_a_variant_that_cannot_be_is_refused(fields, message):
    with pytest.raises(CaseError, match=message):
        Variant(Case("1", "text", "x"), "typos", **fields)


def test_a_subset_without_what_turned_the_answer_has_the_clean_answer_again():
    edits = (Edit(0, 0, "Hi. ", 0), Edit(4, 4, " no, other", 1))
    variant = Variant(Case("1", "text", "x"), "a", 1, 0, edits, "updated", "other", (1,), validity="behaviour-changed")
    assert variant.subset([1]).target == "other"
    plain = variant.subset([0])
    assert (plain.effect, plain.target, plain.validity, plain.text) == ("same", None, "guarded", "Hi. text")


def test_rejected_and_unchanged_variants_are_not_sent():
    case, edit = Case("1", "text", "x"), (Edit(0, 1, "T"),)
    assert Variant(case, "a", 1, 0, edit).sent
    assert not Variant(case, "a", 1, 0, edit, validity="rejected", why="it changed").sent
    assert not Variant(case, "a", 1).sent


def test_a_history_is_a_list_of_turns_in_json_and_a_marked_text_inside():
    data = {
        "id": "1",
        "text": "And now?",
        "target": "y",
        "history": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        "query": {"select": "status"},
    }
    case = Case.from_dict(data)
    assert case.to_dict() == data
    assert Case.from_dict(case.to_dict()) == case
    assert hash(case)
    plain = Variant(case, "p", 1, edits=(Edit(0, 0, conversation([("user", "Before")]), field="history"),))
    assert [turn["content"] for turn in plain.messy.to_dict()["history"]] == ["Before", "Hi", "Hello"]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ([{"role": "system", "content": "x"}], "must be 'user' or 'assistant', not 'system'"),
        ([{"role": "user"}], "objects with role and content"),
        (["hello"], "objects with role and content"),
        ([{"role": "user", "content": " "}], "without content"),
        ([{"role": "user", "content": 3}], "must be strings"),
        (3, "history must be a string"),
    ],
)
def test_a_broken_history_is_named(history, message):
    with pytest.raises(CaseError, match=message):
        Case.from_dict({"id": "1", "text": "x", "target": "y", "history": history})
