"""Personal data is gone before anything is asked or written, and what is asked stays answerable."""

from __future__ import annotations

import json
import pickle
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Case, CaseError, EndpointError, Scripted, StudyError, load_study, plan, run_study
from roadtest.harness.cli import main
from roadtest.harness.redaction import TOKEN, Redactor, known_values

EMAIL, OTHER, PHONE = "anna.berg@example.co.uk", "otto@example.org", "+44 20 7946 0958"
CARD, IBAN, ADDRESS = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "192.168.17.4"
CASES = [
    Case("mail", f"Please write to {EMAIL} or call {PHONE}, my order is 48213.", EMAIL),
    Case("card", f"You charged {CARD} and not {IBAN}. I wrote from {EMAIL.upper()} before.", "48213", aliases=(IBAN,)),
    Case("none", "Order 48213 of 3 March cost $84.95; where is it?", "48213", protect=(OTHER,)),
]


@pytest.fixture
def redactor():
    return Redactor(known_values(CASES))


def test_every_kind_is_replaced_and_the_rest_stays(redactor):
    mail, card, none = map(redactor.case, CASES)
    assert mail.text == "Please write to [EMAIL_1] or call [PHONE_1], my order is 48213."
    assert mail.target == "[EMAIL_1]"
    assert card.text == "You charged [CARD_1] and not [IBAN_1]. I wrote from [EMAIL_1] before."
    assert card.aliases == ("[IBAN_1]",)
    assert none.text == CASES[2].text
    assert none.protect == ("[EMAIL_2]",)
    assert redactor.text(f"seen from {ADDRESS}") == "seen from [IP]"


def test_a_value_is_the_same_however_it_is_written(redactor):
    assert redactor.text("ring +442079460958") == "ring [PHONE_1]"
    assert redactor.text("DE89370400440532013000") == "[IBAN_1]"
    assert redactor.text("never-seen@example.com") == "[EMAIL]", "what the suite has not gets no number"


@given(st.lists(st.sampled_from([EMAIL, OTHER, PHONE, CARD, IBAN, "48213", "hello", "3 March"]), max_size=6))
def test_what_is_redacted_stays_redacted(parts):
    redactor = Redactor(known_values(CASES))
    text = redactor.text(", ".join(parts))
    assert not any(value in text for value in (EMAIL, OTHER, PHONE, CARD, IBAN))
    assert redactor.text(text) == text
    assert text.count("48213") == parts.count("48213")


def test_an_answer_inside_a_value_is_an_error_that_names_the_case(redactor):
    with pytest.raises(CaseError, match=r"case 'part': its answer is a part of personal data"):
        Redactor(known_values(CASES)).case(Case("part", f"What is the domain of {EMAIL}?", "example.co.uk"))


def test_tokens_say_nothing_about_values_and_do_not_depend_on_the_machine():
    assert known_values(CASES) == known_values(list(CASES))
    assert set(known_values(CASES).values()) == {"[EMAIL_1]", "[PHONE_1]", "[CARD_1]", "[IBAN_1]", "[EMAIL_2]"}


@pytest.fixture
def study(tmp_path):
    rows = [
        {
            "id": f"m{at}",
            "text": f"Write to user{at}@example.org about order {40_000 + at}.",
            "target": f"user{at}@example.org",
        }
        for at in range(24)
    ]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "study.toml").write_text(
        'suite = "cases.jsonl"\nscorer = "contains"\nperturbations = ["typos@5", "small_talk@2"]\nshrink = 1\n'
        'redact = true\n[endpoint]\ncallable = "app:answer"\n[gate]\nmargin = "5pp"\nlooks = 1\n'
    )
    return load_study(tmp_path / "study.toml")


def test_nothing_personal_is_asked_or_reaches_the_disk(study, tmp_path):
    asked = []

    def answer(text):
        asked.append(text)
        token = TOKEN.search(text)[0]
        if len(asked) % 10 == 0:
            raise EndpointError("too_long", "cannot send to secret@example.org")
        return f"{token} (copy to boss@example.net)"

    analysis, outcome = run_study(study, Scripted(answer), into=tmp_path / "r")
    assert outcome.failed > 0
    assert not any("@" in text for text in asked)
    for path in (tmp_path / "r").iterdir():
        content = path.read_bytes()
        assert b"@example" not in content, path.name
    assert analysis.clean.value == 1, "the redacted answer is still the right one"
    records = (tmp_path / "r" / "records.jsonl").read_text()
    assert "copy to [EMAIL]" in records
    assert "cannot send to [EMAIL]" in records
    variants = (tmp_path / "r" / "variants.jsonl").read_text()
    assert all(TOKEN.search(json.loads(line)["text"]) for line in variants.splitlines()), "tokens survive typos"
    assert "replaced before anything was asked" in (tmp_path / "r" / "report.md").read_text()


def test_the_option_redacts_too_and_is_another_study(study, tmp_path, monkeypatch):
    path = tmp_path / "study.toml"
    path.write_text(path.read_text().replace("redact = true\n", ""))
    (tmp_path / "app.py").write_text("def answer(turns):\n    return turns[-1]['content']\n")
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    done = runner.invoke(main, ["run", "study.toml", "--redact", "--into", "out"])
    assert done.exit_code == 0, done.output
    assert "user3@example.org" not in (tmp_path / "out/records.jsonl").read_text()
    raw = plan(load_study(path))
    assert raw.fingerprint != plan(study).fingerprint
    assert raw.manifest != plan(study).manifest


def test_it_goes_to_another_machine(redactor):
    assert pickle.loads(pickle.dumps(redactor)).text(EMAIL) == "[EMAIL_1]"


def test_without_presidio_it_says_what_to_install(monkeypatch):
    from roadtest.harness import redaction

    redaction._finder.cache_clear()
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(StudyError, match=r"pip install 'roadtest\[redact\]'"):
        known_values(CASES)
