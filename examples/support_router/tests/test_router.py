"""What the router promises, and how it bears the way people write."""

import pytest
from hypothesis import given
from roadtest.harness.strategies import messy
from router import route


def test_phone_typing(roadtest):
    """On the 224 tickets of a built-in suite, which it has never seen."""
    report = roadtest(
        route,
        cases="intent",
        perturbations=["phone_keyboard@2", "missing_spaces@2"],
        scorer="label",
        frame="{text}",
    )
    report.require("phone_keyboard@2: drop <= 15pp", "missing_spaces@2: drop <= 10pp")


@pytest.mark.roadtest(
    cases="../tickets.jsonl", perturbations=["emoji@2", "politeness@1"], margin="15pp", scorer="label"
)
def test_friendly_people(text):
    """The test is the system; each perturbation is a test of its own."""
    return route(text)


@pytest.mark.xfail(strict=True, reason="a quoted thread says more about itself than the ticket does: strip it first")
def test_forwarded_mail(roadtest):
    roadtest(route, cases="intent", perturbations=["email_thread@3"], scorer="label", frame="{text}", margin="5pp")


@given(messy("I forgot my password and cannot log in to my account", kinds=["casing", "punctuation", "typos@1"]))
def test_a_clear_ticket_is_clear_however_it_is_written(text):
    assert route(text) == "login"
