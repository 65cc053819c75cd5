from __future__ import annotations

import asyncio
import json

import pytest
from roadtest.harness import EndpointError, ResultsError, Scripted, load_study, plan, run_study
from roadtest.harness.cassettes import Cassette, record
from roadtest.harness.replay import replay

LINES = "suite = 'arithmetic'\nitems = 12\nrepeats = 3"


@pytest.fixture
def planned(write_study):
    return plan(load_study(write_study(LINES, 'model = "openai/m"\nkey_env = "THE_KEY"')))


def noisy():
    """Another answer each time, so that repeats cannot be mistaken for each other."""
    turns = iter(range(10**6))
    return Scripted(lambda text: f"{text[:5]} {next(turns)}")


def test_a_recorded_run_is_replayed_answer_by_answer_without_an_endpoint(planned, tmp_path):
    before, _ = run_study(planned, noisy(), into=tmp_path / "a", record=tmp_path / "tape.jsonl")
    silent = Scripted([])
    after, outcome = run_study(planned, silent, into=tmp_path / "b", cassette=tmp_path / "tape.jsonl")
    assert outcome.complete
    assert silent.calls == []
    replies = [{key: one.reply for key, one in a.results.records.items()} for a in (before, after)]
    assert replies[0] == replies[1]
    assert before.claims[0].drop == after.claims[0].drop


def test_a_missing_request_is_an_error_that_names_it(planned, write_study, tmp_path):
    replay(planned, noisy(), tmp_path / "j")
    record(planned, tmp_path / "j", tmp_path / "tape.jsonl")
    warmer = plan(load_study(write_study(LINES, 'model = "openai/m"\nkey_env = "THE_KEY"\ntemperature = 1.0')))
    request = warmer.requests[0]
    with pytest.raises(EndpointError) as caught:
        asyncio.run(Cassette(tmp_path / "tape.jsonl", warmer)(request))
    assert caught.value.kind == "missing"
    assert f"has no answer to {request.id}" in str(caught.value)
    assert "record it again with --record" in str(caught.value)
    outcome = replay(warmer, Scripted([]), tmp_path / "k", recorded=Cassette(tmp_path / "tape.jsonl", warmer))
    assert "has no answer to" in outcome.stopped
    assert outcome.answered == 0


def test_nothing_but_answers_and_digests_is_in_it(planned, loopback, write_study, tmp_path, monkeypatch):
    loopback.key = "sk-very-secret-42"
    monkeypatch.setenv("THE_KEY", loopback.key)
    endpoint = f'model = "openai/m"\nbase_url = "{loopback.url}"\nkey_env = "THE_KEY"\nroad = "direct"'
    study = plan(load_study(write_study(LINES, endpoint)))
    run_study(study, into=tmp_path / "a", record=tmp_path / "deep" / "tape.jsonl")
    content = (tmp_path / "deep" / "tape.jsonl").read_text()
    assert len(content.splitlines()) == len(study.order)
    assert "sk-very-secret-42" not in content
    assert "127.0.0.1" not in content
    assert {key for line in content.splitlines() for key in json.loads(line)} == {"id", "key", "reply"}


def test_it_is_the_same_file_whatever_the_order_of_the_answers(planned, tmp_path):
    for name, at_once in (("a", 1), ("b", 8)):
        replay(planned, Scripted(lambda text: text.upper()), tmp_path / name, concurrency=at_once)
        record(planned, tmp_path / name, tmp_path / f"{name}.jsonl")
    one, other = ((tmp_path / f"{name}.jsonl").read_text() for name in "ab")
    assert [json.loads(line)["key"] for line in one.splitlines()] == [
        json.loads(line)["key"] for line in other.splitlines()
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "tape.jsonl: cannot be read: No such file or directory; `roadtest run STUDY --record"),
        (b'{"key": "k"}\n', "tape.jsonl, line 1: not an answer of a cassette ('reply')"),
        (b'{"key": "k", "reply": {"text": 3}}\n', "line 1: not an answer of a cassette (a reply's text must be text"),
        (b"\xff\n", "line 1: not an answer of a cassette"),
        (b"\n[]\n", "line 2: not an answer of a cassette"),
    ],
)
def test_a_broken_cassette_is_told_with_file_and_line(planned, tmp_path, content, message):
    path = tmp_path / "tape.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultsError) as caught:
        Cassette(path, planned)
    assert message in str(caught.value)


def test_failures_are_not_recorded(planned, tmp_path):
    turns = iter(range(10**6))
    endpoint = Scripted(lambda text: EndpointError("raised", "oops") if next(turns) == 3 else "1")
    outcome = replay(planned, endpoint, tmp_path / "j")
    assert record(planned, tmp_path / "j", tmp_path / "tape.jsonl") == outcome.answered == len(planned.order) - 1
