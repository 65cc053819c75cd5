from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Direct, EndpointError, ResultsError, StudyError, load_study, run_study
from roadtest.harness.attribution import Injection, attributed, read
from roadtest.harness.chaos import KINDS, Chaos, broken, parse_rates, running, said, serve

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello there"}]}


def through(chaos, journal, use):
    """Runs the proxy while `use(url)` does."""

    async def scenario():
        async with running(chaos, journal) as url:
            return await use(url)

    return asyncio.run(scenario())


def only(upstream, kind, **more):
    return Chaos(upstream, {kind: 1.0}, **more)


def lines(journal):
    return [json.loads(line) for line in journal.read_text().splitlines()]


def posted(chaos, journal, body=HELLO, headers=None):
    """Status, headers and body that a plain client gets."""
    import aiohttp

    async def use(url):
        async with (
            aiohttp.ClientSession() as session,
            session.post(url + "/chat/completions", json=body, headers=headers) as answer,
        ):
            return answer.status, dict(answer.headers), await answer.read()

    return through(chaos, journal, use)


def asked(chaos, journal, stream=False):
    """What a road of ours makes of it."""

    async def use(url):
        road = Direct("openai/m", base_url=url, timeout=5.0, stream=stream)
        try:
            return await road(HELLO["messages"])
        finally:
            await road.close()

    return through(chaos, journal, use)


def test_what_is_not_broken_passes_as_it_is(loopback, tmp_path):
    loopback.key = "sk-secret-77"
    headers = {"Authorization": f"Bearer {loopback.key}", "X-Team": "7"}
    status, _, content = posted(Chaos(loopback.url, {"cut": 0.0}), tmp_path / "c.jsonl", headers=headers)
    assert status == 200
    assert json.loads(content)["choices"][0]["message"]["content"] == "hello there"
    assert loopback.headers[0]["x-team"] == "7"
    (line,) = lines(tmp_path / "c.jsonl")
    assert (line["injected"], line["status"], line["said"], line["turn"]) == ("", 200, ["hello there"], 0)
    assert line["path"] == "/v1/chat/completions"
    assert line["at"] <= line["until"]
    assert "sk-secret-77" not in (tmp_path / "c.jsonl").read_text()


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("503", 503)])
def test_errors_are_injected_without_asking_the_model(loopback, tmp_path, kind, status):
    got, headers, content = posted(only(loopback.url, kind, retry_after=3), tmp_path / "c.jsonl")
    assert got == status
    assert headers.get("Retry-After") == ("3" if kind == "429" else None)
    assert "(injected)" in json.loads(content)["error"]["message"]
    assert loopback.asked == []
    assert lines(tmp_path / "c.jsonl")[0]["injected"] == kind


@pytest.mark.parametrize(
    ("kind", "failure"), [("cut", "connection"), ("truncated", "malformed"), ("timeout", "connection")]
)
def test_broken_answers_are_failures_to_a_client_that_looks(loopback, tmp_path, kind, failure):
    with pytest.raises(EndpointError) as caught:
        asked(only(loopback.url, kind, hold=0.2), tmp_path / "c.jsonl")
    assert caught.value.kind == failure
    assert lines(tmp_path / "c.jsonl")[0]["injected"] == kind
    assert len(loopback.asked) == (kind != "timeout")


def test_null_and_slow_answers_arrive(loopback, tmp_path):
    assert asked(only(loopback.url, "null"), tmp_path / "c.jsonl").text == ""
    slow = asked(only(loopback.url, "slow", pause=0.3), tmp_path / "c.jsonl")
    assert slow.text == "hello there"
    assert slow.seconds >= 0.3


STREAM = (
    b"".join(
        b'data: {"choices": [{"index": 0, "delta": {"content": "%d"}, "finish_reason": null}]}\n\n' % at
        for at in range(8)
    )
    + b"data: [DONE]\n\n"
)


def test_streams_are_broken_by_their_events():
    half = broken("truncated", STREAM)
    assert STREAM.startswith(half)
    assert half.endswith(b"\n\n")
    assert half.count(b"data:") == 5
    nulled = broken("null", STREAM)
    assert nulled.count(b'"content": null') == 8
    assert nulled.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"role": "assistant", "content": "x"}}], "usage": {"total_tokens": 3}},
        {"message": {"role": "assistant", "content": "x"}, "done": True},
        {"type": "message", "content": [{"type": "text", "text": "x"}]},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}},
    ],
)
def test_the_text_of_every_format_can_be_null(answer):
    nulled = json.loads(broken("null", json.dumps(answer).encode()))
    assert '"x"' not in json.dumps(nulled)
    assert "null" in json.dumps(nulled)
    assert nulled.keys() == answer.keys()


def test_an_upstream_that_refuses_is_told(tmp_path):
    status, _, content = posted(Chaos("http://127.0.0.1:9/v1", {"slow": 0.0}), tmp_path / "c.jsonl")
    assert status == 502
    assert "http://127.0.0.1:9 cannot be reached" in json.loads(content)["error"]["message"]


@given(st.integers(0, 2**31), st.binary(max_size=30), st.integers(0, 50))
def test_what_a_request_meets_depends_on_itself_alone(seed, body, turn):
    chaos = Chaos("http://x", {"429": 0.3, "cut": 0.3}, seed=seed)
    assert chaos.kind("POST", "/p", body, turn) == chaos.kind("POST", "/p", body, turn) in ("", "429", "cut")


def test_rates_are_kept_and_a_further_try_draws_anew():
    rates = {"429": 0.1, "500": 0.05, "cut": 0.02}
    chaos, size = Chaos("http://x", rates, seed=4), 4000
    met = Counter(chaos.kind("POST", "/p", b"%d" % (at // 2), at % 2) for at in range(size))
    for kind, rate in rates.items():
        assert abs(met[kind] - rate * size) < 4 * (rate * (1 - rate) * size) ** 0.5
    again = sum(chaos.kind("POST", "/p", b"%d" % at, 0) == chaos.kind("POST", "/p", b"%d" % at, 1) for at in range(500))
    assert 250 < again < 450, "neither always the same nor never"


def test_rates_are_read():
    assert parse_rates("429=3%, cut=0.005") == {"429": 0.03, "cut": 0.005}
    assert set(parse_rates(",".join(f"{kind}=1%" for kind in KINDS))) == set(KINDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cuts=3%", "nothing called 'cuts' can be injected; did you mean 'cut'?"),
        ("cut", "must read KIND=SHARE"),
        ("cut=x", "must read KIND=SHARE"),
        ("cut=nan", "must be a share from 0 to 1"),
        ("cut=-0.1", "must be a share from 0 to 1"),
        ("cut=60%,slow=60%", "the rates add up to 120%"),
        ("", "name at least one rate"),
    ],
)
def test_broken_rates_are_told(text, message):
    with pytest.raises(StudyError) as caught:
        parse_rates(text)
    assert message in str(caught.value)


def test_an_upstream_must_be_an_address():
    with pytest.raises(StudyError, match="upstream must be an address"):
        Chaos("localhost:8000", {"cut": 0.1})


def test_the_texts_of_a_request():
    parts = [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "c"}}]
    assert said(json.dumps({"messages": [{"content": "a"}, {"content": parts}]}).encode()) == ["a", "b"]
    assert said(b'{"prompt": "p"}') == ["p"]
    assert said(b"not json \xff") == ["not json \ufffd"]
    assert said(b'{"messages": [3]}') == ['{"messages": [3]}']


def test_a_command_runs_behind_it(loopback, tmp_path):
    code = (
        "import os, sys, urllib.request as r, json\n"
        "assert os.environ['OPENAI_BASE_URL'] == os.environ['ROADTEST_CHAOS_URL']\n"
        f"body = {json.dumps(json.dumps(HELLO))}.encode()\n"
        "url = os.environ['ROADTEST_CHAOS_URL'] + '/chat/completions'\n"
        "a = r.Request(url, body, {'Content-Type': 'application/json'})\n"
        "assert json.load(r.urlopen(a))['choices'][0]['message']['content'] == 'hello there'\n"
        "sys.exit(7)"
    )
    told, journal = [], tmp_path / "deep" / "c.jsonl"
    chaos = Chaos(loopback.url, {"cut": 0.0})
    assert serve(chaos, journal, command=[sys.executable, "-c", code], announce=told.append) == 7
    assert told[0].endswith("/v1")
    assert len(lines(journal)) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "roadtest chaos"]


# --- attribution --------------------------------------------------------------------------------------------------


def test_a_call_met_what_was_injected_into_its_text_while_it_was_under_way():
    sent = [(1, "where is it", 100.0, 101.0), (2, "cancel", 100.5, 102.0), (3, "where is it", 300.0, 301.0)]
    injections = [
        Injection("429", 100.2, 100.2, ("Answer: where is it?",)),
        Injection("cut", 101.5, 101.6, ("cancel please",)),
        Injection("cut", 150.0, 150.1, ("cancel please",)),
        Injection("null", 300.5, 300.6, ("something else",)),
        Injection("", 300.5, 300.6, ("where is it",)),
    ]
    found, nobody = attributed(injections, sent)
    assert found == {1: {"429"}, 2: {"cut"}}
    assert {kind: count for kind, count in nobody.items() if count} == {"cut": 1, "null": 1}


def test_attribution_of_ten_thousand_calls_is_quick_enough_to_run_with_every_report():
    sent = [(at, f"text {at:06d}", at / 50, at / 50 + 1.0) for at in range(10_000)]
    injections = [Injection("429", at / 50 + 0.5, at / 50 + 0.5, (f"see text {at:06d}",)) for at in range(10_000)]
    found, nobody = attributed(injections, sent)
    assert found == {at: {"429"} for at in range(10_000)}
    assert nobody["429"] == 0


def test_a_torn_line_is_passed_over_and_a_broken_one_is_named(tmp_path):
    line = (
        b'{"at": "2026-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:01+00:00", "injected": "cut", "said": ["x"]}\n'
    )
    (tmp_path / "c.jsonl").write_bytes(line + b'{"at": "20')
    assert [one.kind for one in read(tmp_path / "c.jsonl")] == ["cut"]
    (tmp_path / "c.jsonl").write_bytes(line + b'{"at": 3}\n' + line)
    with pytest.raises(ResultsError, match=r"c.jsonl, line 2: not a request of a chaos proxy"):
        list(read(tmp_path / "c.jsonl"))


APPLICATION = """
import json, os, urllib.request

def ask(text):
    body = {{"model": "m", "messages": [{{"role": "user", "content": "Please answer. " + text}}]}}
    request = urllib.request.Request({url!r} + "/chat/completions", json.dumps(body).encode(),
                                     {{"Content-Type": "application/json"}})
    return json.load(urllib.request.urlopen(request, timeout=10))["choices"][0]["message"]["content"]

def answer(messages):
    text = messages[-1]["content"]
    try:
        return ask(text)
    except Exception:
        return "sorry, something went wrong"  # an integration layer that gives up at once, and says so as an answer
"""


def test_a_study_shows_what_became_of_the_calls_that_met_chaos(loopback, write_study, tmp_path):
    targets = {}
    loopback.answer = lambda messages: targets[messages[-1]["content"].removeprefix("Please answer. ")]
    folder = tmp_path / "r"

    async def use(url):
        (tmp_path / "shop_app.py").write_text(APPLICATION.format(url=url))
        study = load_study(write_study("suite = 'arithmetic'\nitems = 40", 'callable = "shop_app:answer"'))
        from roadtest.harness import plan

        for request in plan(study).requests:
            targets[request.messages[-1]["content"]] = request.case.target
        return await asyncio.to_thread(run_study, study, None, into=folder)

    chaos = Chaos(loopback.url, {"429": 0.15, "truncated": 0.1}, seed=3)
    analysis, outcome = through(chaos, folder / "chaos.jsonl", use)
    assert outcome.complete
    untouched, *broken_ones = analysis.chaos
    assert (untouched.kind, untouched.right, untouched.failed) == ("", 1.0, 0)
    assert {one.kind for one in broken_ones} == {"429", "truncated"}
    for one in broken_ones:
        assert one.injected >= 5
        assert one.unattributed == 0
        assert one.calls >= one.injected
        assert one.right < 0.5
    report = (folder / "report.md").read_text()
    assert "## Chaos" in report
    assert f"{broken_ones[0].injected} x 429 injected" in report.replace("\\", "")
    assert json.loads((folder / "report.json").read_text())["chaos"][0]["kind"] == ""
