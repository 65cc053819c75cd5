from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Direct, EndpointError, ResultsError, StudyError, load_study, run_study
from roadtest.harness.attribution import Injection, attributed, read
from roadtest.harness.bodies import broken, said
from roadtest.harness.chaos import KINDS, Chaos, parse_rates, running, serve

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
    for stream in (STREAM, b": connected\n\n" + STREAM, STREAM.replace(b"\n", b"\r\n")):
        half = broken("truncated", stream)
        assert stream.startswith(half)
        assert half.endswith(stream[-2:])
        assert half.count(b"data:") in (4, 5)
        nulled = broken("null", stream)
        assert nulled.count(b'"content": null') == 8
        assert nulled.endswith(b"data: [DONE]" + stream.rpartition(b"]")[2])
    assert broken("truncated", STREAM[:40] + b"\n\n") == b"", "of one event, none is left"


def test_streams_of_one_json_a_line_are_broken_by_their_lines():
    stream = b"".join(b'{"message": {"content": "%d"}, "done": false}\n' % at for at in range(6))
    assert broken("truncated", stream) == stream[: len(stream) // 2]
    assert broken("null", stream).count(b'"content": null') == 6


@pytest.mark.parametrize(
    "event", [b'{"choices": [], "id": "a long one"}', b'{"type": "message_stop"}', b"[DONE]", b"{"]
)
def test_events_without_a_text_stay_as_they_are(event):
    stream = b"event: x\ndata: " + event + b"\n\n"
    assert broken("null", stream) == stream


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"role": "assistant", "content": "x"}}], "usage": {"total_tokens": 3}},
        {"message": {"role": "assistant", "content": "x"}, "done": True},
        {"type": "message", "content": [{"type": "text", "text": "x"}]},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}},
        {"type": "response.output_text.delta", "item_id": "msg_68a1", "delta": "x"},
        {"id": "resp_68a1", "output": [{"content": [{"type": "output_text", "text": "x"}]}]},
        {"candidates": [{"content": {"parts": [{"text": "x"}]}}], "responseId": "68a1"},
        {"choices": [{"text": "x", "index": 0}], "id": "cmpl-1"},
        {"response": "x", "done_reason": "stop"},
    ],
)
def test_the_text_of_every_format_can_be_null(answer):
    nulled = json.loads(broken("null", json.dumps(answer).encode()))
    assert '"x"' not in json.dumps(nulled)
    assert "null" in json.dumps(nulled)
    assert nulled.keys() == answer.keys()


def test_of_an_unknown_json_the_longest_text_is_null():
    answer = {"id": "7", "result": [{"words": "it left on Monday", "lang": "en"}]}
    assert json.loads(broken("null", json.dumps(answer).encode()))["result"] == [{"words": None, "lang": "en"}]


@pytest.mark.parametrize("content", [b"", b"plain words", b'{"n": 3}', b"[" * 100_000])
def test_what_has_no_text_stays_as_it_is(content):
    assert broken("null", content) == content


@given(st.binary(max_size=200), st.sampled_from(["cut", "truncated"]))
def test_what_is_cut_is_the_beginning_of_the_answer(content, kind):
    left = broken(kind, content)
    assert content.startswith(left)
    assert len(left) < len(content) or not content


def test_an_upstream_that_refuses_is_told(tmp_path):
    status, _, content = posted(Chaos("http://127.0.0.1:9/v1", {"slow": 0.0}), tmp_path / "c.jsonl")
    assert status == 502
    assert "http://127.0.0.1:9 cannot be reached" in json.loads(content)["error"]["message"]
    assert posted(only("http://127.0.0.1:9/v1", "cut"), tmp_path / "d.jsonl")[0] == 502
    assert (lines(tmp_path / "d.jsonl")[0]["injected"], lines(tmp_path / "d.jsonl")[0]["status"]) == ("", 502)


# --- a real client and a real model server that streams -------------------------------------------------------------


def between(handler, rates, journal, use, **more):
    """Runs an upstream of ours and the proxy before it while `use(url, client)` does, which has ten seconds."""
    import aiohttp
    from aiohttp import web

    async def scenario():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        upstream = web.AppRunner(app, shutdown_timeout=0.1)
        await upstream.setup()
        await web.TCPSite(upstream, "127.0.0.1", 0).start()
        chaos = Chaos(f"http://127.0.0.1:{upstream.addresses[0][1]}/v1", rates, **more)
        jar = aiohttp.DummyCookieJar()
        try:
            async with running(chaos, journal) as url, aiohttp.ClientSession(cookie_jar=jar) as client:
                return await asyncio.wait_for(use(url, client), 10)
        finally:
            await upstream.cleanup()

    return asyncio.run(scenario())


async def chat(request):
    """Chat completions as OpenAI gives them: the last message word by word, streamed where that is asked for."""
    from aiohttp import web

    asked = await request.json()
    said, head = asked["messages"][-1]["content"], {"id": "1", "created": 0, "model": "m"}
    if not asked.get("stream"):
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({**head, "object": "chat.completion", "choices": [choice]})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for word in said.split():
        choice = {"index": 0, "finish_reason": None, "delta": {"content": word}}
        event = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


def completed(kind, journal, stream, **more):
    """What OpenAI's own client makes of an answer: the pieces of its text and the name of the error, if any."""
    import openai

    async def use(url, _):
        async with openai.AsyncOpenAI(base_url=url, api_key="sk-secret-77", max_retries=0) as client:
            said = [{"role": "user", "content": "one two three four five six seven"}]
            pieces = []
            try:
                answer = await client.chat.completions.create(model="m", messages=said, stream=stream)
                if not stream:
                    return [answer.choices[0].message.content], ""
                async for chunk in answer:
                    pieces.append(chunk.choices[0].delta.content)  # noqa: PERF401 - what came before an error counts
            except Exception as error:
                return pieces, type(error).__name__
            return pieces, ""

    found = between(chat, {kind: 1.0}, journal, use, **more)
    (line,) = lines(journal)
    assert line["injected"] == kind
    assert "sk-secret" not in journal.read_text()
    return found


WORDS = "one two three four five six seven".split()


@pytest.mark.parametrize(
    ("kind", "pieces", "error"),
    [
        ("429", [], "RateLimitError"),
        ("500", [], "InternalServerError"),
        ("503", [], "InternalServerError"),
        ("timeout", [], "APIConnectionError"),
        ("slow", [" ".join(WORDS)], ""),
        ("cut", [], "APIConnectionError"),
        ("truncated", [], "JSONDecodeError"),
        ("null", [None], ""),
    ],
)
def test_what_openai_s_client_sees_of_each_kind(tmp_path, kind, pieces, error):
    assert completed(kind, tmp_path / "c.jsonl", stream=False, hold=0.1, pause=0.05) == (pieces, error)


# its versions up to 2 let the HTTP library's own error through
BROKEN_OFF = "RemoteProtocolError" if int(version("openai").partition(".")[0]) < 3 else "APIConnectionError"


@pytest.mark.parametrize(
    ("kind", "pieces", "error"),
    [
        ("429", [], "RateLimitError"),
        ("timeout", [], "APIConnectionError"),
        ("slow", WORDS, ""),
        ("cut", WORDS[:4], BROKEN_OFF),
        ("truncated", WORDS[:4], ""),
        ("null", [None] * 7, ""),
    ],
)
def test_what_openai_s_client_sees_of_each_kind_in_a_stream(tmp_path, kind, pieces, error):
    began = time.monotonic()
    assert completed(kind, tmp_path / "c.jsonl", stream=True, hold=0.1, pause=0.05) == (pieces, error)
    assert kind != "slow" or time.monotonic() - began >= 8 * 0.05, "a pause before each event"


def test_a_stream_is_passed_on_as_it_comes(tmp_path):
    seen = asyncio.Event()

    async def upstream(request):
        from aiohttp import web

        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await seen.wait()  # never comes where the proxy waits for the end
        await response.write(b"data: 2\n\n")
        return response

    async def use(url, client):
        async with client.post(url, json=HELLO) as answer:
            first = await answer.content.readany()
            seen.set()
            return first, await answer.content.read()

    found = between(upstream, {}, tmp_path / "c.jsonl", use)
    assert found == (b"data: 1\n\n", b"data: 2\n\n")


def test_a_request_and_its_answer_are_what_they_were(tmp_path):
    from yarl import URL

    met = []

    async def upstream(request):
        from aiohttp import web

        met.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        response = web.Response(status=302, body=b"moved", headers={"Location": "/elsewhere", "X-Kept": "yes"})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def use(url, client):
        headers = {"X-Kept": "yes", "Connection": "X-Hop", "X-Hop": "no", "Accept-Encoding": "gzip"}
        target = URL(url + "/a%2Fb?q=%2B+%7E&q=2", encoded=True)
        for _ in range(2):
            async with client.put(target, data=b"\x00\xff", headers=headers, allow_redirects=False) as answer:
                found = answer.status, answer.headers.copy(), await answer.read()
        return found

    status, headers, content = between(upstream, {}, tmp_path / "c.jsonl", use)
    assert (status, content) == (302, b"moved")
    assert (headers["Location"], headers["X-Kept"], headers["Content-Length"]) == ("/elsewhere", "yes", "5")
    assert headers.getall("Set-Cookie") == ["a=1", "b=2"]
    for method, path, sent, body in met:
        assert (method, path, body) == ("PUT", "/v1/a%2Fb?q=%2B+%7E&q=2", b"\x00\xff")
        assert (sent["X-Kept"], sent["Accept-Encoding"]) == ("yes", "identity")
        assert not sent.keys() & {"X-Hop", "Cookie"}, "a cookie would be one that the proxy remembered"


def test_an_upstream_that_breaks_off_breaks_off_for_the_client(tmp_path):
    import aiohttp

    async def upstream(request):
        from aiohttp import web

        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await asyncio.sleep(0.05)
        request.transport.close()
        return response

    async def use(url, client):
        async with client.post(url, json=HELLO) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    between(upstream, {}, tmp_path / "c.jsonl", use)
    assert [(line["injected"], line["status"]) for line in lines(tmp_path / "c.jsonl")] == [("", 200)]


def test_an_error_of_the_model_s_own_is_no_injection(tmp_path):
    async def upstream(request):
        from aiohttp import web

        return web.json_response({"error": {"message": "no such model"}}, status=404)

    async def use(url, client):
        async with client.post(url, json=HELLO) as answer:
            return answer.status, await answer.json()

    assert between(upstream, {"null": 1.0}, tmp_path / "c.jsonl", use) == (404, {"error": {"message": "no such model"}})
    assert [(line["injected"], line["status"]) for line in lines(tmp_path / "c.jsonl")] == [("", 404)]


@pytest.mark.parametrize("stays", [True, False])
def test_a_request_that_nobody_waits_for_is_in_the_journal(tmp_path, stays):
    import aiohttp

    async def use(url, client):
        asking = asyncio.create_task(client.post(url, json=HELLO))
        await asyncio.sleep(0.2)
        if stays:  # and the proxy stops
            return asking
        asking.cancel()
        await asyncio.sleep(0.2)
        assert len(lines(tmp_path / "c.jsonl")) == 1, "at once, not when the hold is over"
        return asking

    asking = between(chat, {"timeout": 1.0}, tmp_path / "c.jsonl", use, hold=60.0)
    assert asking.cancelled() or isinstance(asking.exception(), aiohttp.ClientError)
    (line,) = lines(tmp_path / "c.jsonl")
    assert (line["injected"], line["status"]) == ("timeout", 0)


def test_the_line_is_on_the_disk_when_the_answer_ends(tmp_path):
    journal, rates = tmp_path / "c.jsonl", {"429": 0.2, "cut": 0.2, "truncated": 0.2, "null": 0.2}

    async def use(url, client):
        import aiohttp

        for at in range(60):
            body = {"messages": [{"role": "user", "content": f"text {at}"}], "stream": at % 2 == 0}
            async with client.post(url, json=body) as answer:
                with contextlib.suppress(aiohttp.ClientPayloadError):
                    await answer.read()
                assert len(lines(journal)) == at + 1

    between(chat, rates, journal, use)
    assert {line["injected"] for line in lines(journal)} == {"", *rates}


def test_what_is_met_does_not_depend_on_the_order_of_different_requests(tmp_path):
    def met(name, order, seed=5):
        async def use(url, client):
            async def ask(at):
                async with client.post(url, json={"messages": [{"content": f"text {at}"}]}) as answer:
                    await answer.read()

            for tries in range(3):
                await asyncio.gather(*map(ask, order if tries else order[::-1]))

        between(chat, {"429": 0.2, "500": 0.1, "null": 0.2}, tmp_path / name, use, seed=seed)
        found = {(line["said"][0], line["turn"]): line["injected"] for line in lines(tmp_path / name)}
        assert len(found) == 60
        return found

    first = met("a", list(range(20)))
    assert met("b", list(range(20))[::-1]) == met("c", [*range(7, 20), *range(7)]) == first
    assert met("d", list(range(20)), seed=6) != first
    turns = [tuple(first[f"text {at}", turn] for turn in range(3)) for at in range(20)]
    assert any(len(set(kinds)) > 1 for kinds in turns), "a further try draws anew"


def test_a_killed_proxy_s_half_line_is_cut_off_when_the_next_one_starts(tmp_path):
    journal = tmp_path / "c.jsonl"
    posted(only("http://127.0.0.1:9", "500"), journal)
    with journal.open("ab") as file:
        file.write(b'{"at": "20')
    posted(only("http://127.0.0.1:9", "503"), journal)
    assert [one.kind for one in read(journal)] == ["500", "503"]


def test_a_journal_or_port_that_cannot_be_had_is_told(tmp_path):
    with pytest.raises(ResultsError, match="cannot be written"):
        serve(only("http://127.0.0.1:9", "500"), tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ResultsError, match="is taken"):
            serve(only("http://127.0.0.1:9", "500"), tmp_path / "c.jsonl", port=taken.getsockname()[1])


# --- what is met ----------------------------------------------------------------------------------------------------


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
    other = Chaos("http://x", dict(reversed(rates.items())), seed=4)
    assert all(other.kind("POST", "/p", b"%d" % at, 0) == chaos.kind("POST", "/p", b"%d" % at, 0) for at in range(500))


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
        ("cut=nan%", "must be a share from 0 to 1"),
        ("cut=-0.1", "must be a share from 0 to 1"),
        ("cut=-1%", "must be a share from 0 to 1"),
        ("cut=1%, cut=2%", "cut has two rates"),
        ("cut=60%,slow=60%", "the rates add up to 120%"),
        ("", "name at least one rate"),
    ],
)
def test_broken_rates_are_told(text, message):
    with pytest.raises(StudyError) as caught:
        parse_rates(text)
    assert message in str(caught.value)


def test_an_upstream_must_be_an_address():
    for upstream in ("localhost:8000", "ftp://x", "http://", "http://[::1"):
        with pytest.raises(StudyError, match="upstream must be an address"):
            Chaos(upstream, {"cut": 0.1})


def test_the_texts_of_a_request():
    parts = [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "c"}}]
    assert said(json.dumps({"messages": [{"content": "a"}, {"content": parts}]}).encode()) == ["a", "b"]
    assert said(b'{"prompt": "p"}') == ["p"]
    assert said(b'{"input": "i"}') == said(b'{"input": [{"content": [{"type": "input_text", "text": "i"}]}]}') == ["i"]
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
