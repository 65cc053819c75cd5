"""What is particular to pictures of a text."""

from __future__ import annotations

import pytest
from roadtest.harness import Case, Frame, StudyError, load_study, plan
from roadtest.harness.marks import pictures, unmarked
from roadtest.harness.pictures import Look, draw
from roadtest.perturbations import PERTURBATIONS, find

NAMES = [name for name, one in PERTURBATIONS.items() if one.family == "screenshots"]
CASE = Case("1", "Hello, where is order 48213? I paid 149.90 € for it.", "48213")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_holds_the_whole_text_and_gets_worse(name):
    looks = []
    for severity in range(1, 6):
        variant = find(name).variant(CASE, severity, seed=3)
        (picture,) = pictures(variant.text)
        assert picture.text == CASE.text == unmarked(variant.text)
        looks.append(Look(**dict(picture.look)))
    assert len({(one.kind, one.theme, one.device, one.seed) for one in looks}) == 1
    assert (looks[0].blur, looks[0].jpeg, looks[0].scale) == (0, 0, 1)
    assert looks[4].jpeg
    assert looks[4].rotate
    assert draw(CASE.text, looks[4]).png != draw(CASE.text, looks[0]).png


@pytest.mark.parametrize("name", NAMES)
def test_phones_and_desktops_light_and_dark_all_come(name):
    found = [dict(pictures(find(name).variant(CASE, 1, 0, draw).text)[0].look) for draw in range(30)]
    looks = {look[part] for look in found for part in ("theme", "device")}
    assert looks == {"light", "dark", "phone", "desktop"}


@pytest.mark.parametrize("text", ["", "   ", "مرحبا", "ok 👍", "\ud800", "漢字"])
def test_what_cannot_be_drawn_stays_as_it_is(text):
    assert not find("chat_screenshot").variant(Case("1", text, "x"), 3, 0).changed


def test_a_stack_whose_text_cannot_be_drawn_any_more_is_rejected():
    variants = [find("emoji+chat_screenshot").variant(CASE, 5, 0, draw) for draw in range(6)]
    rejected = [one for one in variants if one.validity == "rejected"]
    assert rejected
    assert all("cannot be drawn" in one.why and not one.sent for one in rejected)
    drawn = find("typos+chat_screenshot").variant(CASE, 5, 0)
    assert drawn.sent
    assert pictures(drawn.text)[0].text != CASE.text, "the typos are in the picture"


def test_any_subset_of_what_happened_to_a_picture_is_a_variant():
    variant = find("chat_screenshot").variant(CASE, 5, 0)
    first, *rest = variant.groups
    (less,) = pictures(variant.subset((first, rest[0])).text)
    assert len(less.look) == 5
    assert Frame().messages(variant.subset(rest).messy) == Frame().messages(CASE), "damage without a picture is nothing"


def test_a_system_that_takes_one_text_is_sent_no_picture(write_study):
    url = 'url = "http://127.0.0.1:9/ask"\nbody = {question = "{text}"}'
    with pytest.raises(StudyError, match="form_screenshot@3 sends pictures"):
        plan(load_study(write_study("perturbations = ['form_screenshot@3']", url)))
