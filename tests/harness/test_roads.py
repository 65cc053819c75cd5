"""Every road against the same real server: equal replies, equal failures."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web
from roadtest.harness import Direct, EndpointError, LiteLLM, OpenAIClient

ROADS = {"litellm": LiteLLM, "openai": OpenAIClient, "direct": Direct}
ERRORS = {
    "too many": (429, "Rate limit reached", "rate_limit_exceeded"),
    "no credit": (429, "You exceeded your current quota", "insufficient_quota"),
    "unpaid": (402, "Payment required", None),
    "wrong key": (401, "Incorrect API key provided", "invalid_api_key"),
    "forbidden": (403, "You are not allowed to sample from this model", None),
    "no model": (404, "The model does not exist", "model_not_found"),
    "bad": (400, "temperature must be at most 2", "invalid_request_error"),
    "unprocessable": (422, "messages: field required", None),
    "long": (400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"),
    "crash": (500, "The server had an error", None),
    "gateway": (502, "Bad gateway", None),
    "overloaded": (503, "The engine is overloaded", None),
    "busy": (529, "Overloaded", None),
    "late upstream": (504, "Gateway timeout", None),
}
KINDS = {
    "too many": "rate_limit",
    "no credit": "quota",
    "unpaid": "quota",
    "wrong key": "auth",
    "forbidden": "auth",
    "no model": "not_found",
    "bad": "bad_request",
    "unprocessable": "bad_request",
    "long": "too_long",
    "crash": "server",
    "gateway": "server",
    "overloaded": "server",
    "busy": "server",
    "late upstream": "timeout",
    "hang": "timeout",
    "drop": "connection",
    "cut": "connection",
    "malformed": "malformed",
    "html": "malformed",
    "no choices": "malformed",
}
ANSWERS = ["plain", "long answer", "empty", "null", "refused", "filtered", "filter error", "emoji"]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


def request_said(body: dict) -> str:
    return body["messages"][-1]["content"]


class Wire:
    """A server that does what the last turn says, in OpenAI's, Anthropic's and Ollama's formats."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.headers: list[dict] = []

    async def openai(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        said = body["messages"][-1]["content"]
        if said in ERRORS:
            status, message, code = ERRORS[said]
            error = {"error": {"message": message, "type": "x", "code": code}}
            return web.json_response(error, status=status, headers={"Retry-After": "7"})
        if said == "filter error":
            error = {"error": {"message": "filtered by the content management policy", "code": "content_filter"}}
            return web.json_response(error, status=400)
        if said == "hang":
            await asyncio.sleep(20)
        if said == "drop":
            request.transport.close()
            return web.Response()
        if said in ("malformed", "html", "no choices", "cut"):
            return await self._broken(request, said, body.get("stream", False))
        message = {
            "role": "assistant",
            "content": {"null": None, "empty": "", "emoji": "é😀\u2028x"}.get(said, "Hello there"),
        }
        finish = {"long answer": "length", "filtered": "content_filter"}.get(said, "stop")
        if said in ("refused", "filtered"):
            message["content"] = None
        if said == "refused":
            message["refusal"] = "I can't help with that."
        if body.get("stream"):
            return await self._stream(request, body, message, finish)
        choices = [{"index": 0, "finish_reason": finish, "message": message}]
        return web.json_response(self._envelope(body, "chat.completion", choices) | {"usage": USAGE})

    def _envelope(self, body: dict, kind: str, choices: list) -> dict:
        return {"id": "c-1", "object": kind, "created": 0, "model": body["model"], "choices": choices}

    async def _broken(self, request: web.Request, said: str, stream: bool) -> web.StreamResponse:
        if said == "no choices":
            return web.json_response(
                {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []}
            )
        if said == "html":
            return web.Response(text="<html>welcome</html>", content_type="text/html")
        if said == "malformed":
            return web.Response(text='{"id": "x", "choices": [{"ind', content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b'{"id":')
        request.transport.close()
        return response

    async def _stream(self, request: web.Request, body: dict, message: dict, finish: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(choices: list, **more: object) -> None:
            chunk = self._envelope(body, "chat.completion.chunk", choices) | more
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

        def choice(delta: dict, why: str | None = None) -> list:
            return [{"index": 0, "delta": delta, "finish_reason": why}]

        await send(choice({"role": "assistant", "content": ""}))
        await asyncio.sleep(0.05)
        for name in ("content", "refusal"):
            for start in range(0, len(message.get(name) or ""), 4):
                await send(choice({name: message[name][start : start + 4]}))
                await asyncio.sleep(0.01)
        if request_said(body) == "half":
            return response
        await send(choice({}, finish))
        if (body.get("stream_options") or {}).get("include_usage"):
            await send([], usage=USAGE)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def anthropic(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        said = body["messages"][-1]["content"]
        said = said if isinstance(said, str) else said[0]["text"]
        if said == "too many":
            error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
            return web.json_response(error, status=429, headers={"Retry-After": "7"})
        if said == "busy":
            error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            return web.json_response(error, status=529)
        if said == "wrong key":
            error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
            return web.json_response(error, status=401)
        if said == "malformed":
            return web.Response(text='{"id": "x", "con', content_type="application/json")
        usage = {"input_tokens": 1000, "output_tokens": 500}
        whole = {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
        if not body.get("stream"):
            content = [{"type": "text", "text": "Hello there"}]
            return web.json_response(whole | {"content": content, "stop_reason": "end_turn", "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(kind: str, **data: object) -> None:
            await response.write(f"event: {kind}\ndata: {json.dumps({'type': kind} | data)}\n\n".encode())
            await asyncio.sleep(0.01)

        start = whole | {"content": [], "stop_reason": None, "usage": {"input_tokens": 1000, "output_tokens": 1}}
        await send("message_start", message=start)
        await send("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for piece in ("Hello", " there"):
            await send("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        await send("content_block_stop", index=0)
        await send(
            "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 500}
        )
        await send("message_stop")
        return response

    async def ollama(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append({})
        said = body["messages"][-1]["content"]
        if said == "no model":
            return web.json_response({"error": "model 'x' not found, try pulling it first"}, status=404)
        end = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop"}
        end |= {"prompt_eval_count": 1000, "eval_count": 500, "total_duration": 1, "eval_duration": 1}
        if not body.get("stream"):
            return web.json_response(end | {"message": {"role": "assistant", "content": "Hello there"}})
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for piece in ("Hello", " there"):
            line = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z", "done": False}
            line["message"] = {"role": "assistant", "content": piece}
            await response.write(json.dumps(line).encode() + b"\n")
            await asyncio.sleep(0.02)
        await response.write(json.dumps(end | {"message": {"role": "assistant", "content": ""}}).encode() + b"\n")
        return response

    async def application(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        said = body.get("question", "")
        if said in ERRORS:
            status, message, _ = ERRORS[said]
            return web.json_response({"detail": message}, status=status, headers={"Retry-After": "7"})
        if said == "text":
            return web.Response(text="just text")
        if said == "nothing":
            return web.json_response({"answers": []})
        return web.json_response({"answers": [{"text": f"You said {said}", "score": 0.5}], "ok": True})


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    server, ready, loop = Wire(), threading.Event(), asyncio.new_event_loop()

    async def start() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", server.openai)
        app.router.add_post("/v1/messages", server.anthropic)
        app.router.add_post("/api/chat", server.ollama)
        app.router.add_post("/ask", server.application)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.root = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        server.url = server.root + "/v1"
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(start()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield server
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def ask(endpoint, said, system="Be brief."):
    async def one():
        try:
            return await endpoint([{"role": "system", "content": system}, {"role": "user", "content": said}])
        finally:
            await endpoint.close()

    return asyncio.run(one())


def made(road, wire, **options):
    options = {"base_url": wire.url, "max_tokens": 5, "timeout": 10.0} | options
    return ROADS[road]("openai/gpt-4o-mini", **options)


def timeless(reply):
    assert reply.seconds > 0
    return dataclasses.replace(reply, seconds=0.0, first_token=None)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", ANSWERS)
def test_every_road_brings_the_same_reply(wire, said, stream):
    replies = {road: ask(made(road, wire, stream=stream), said) for road in ROADS}
    if stream and said == "refused":  # litellm loses the words of a streamed refusal
        assert replies.pop("litellm").text == ""
    assert len({timeless(reply) for reply in replies.values()}) == 1, replies
    reply = replies["direct"]
    text, finish = {
        "long answer": ("Hello there", "length"),
        "empty": ("", "stop"),
        "null": ("", "stop"),
        "refused": ("I can't help with that.", "refusal"),
        "filtered": ("", "content_filter"),
        "filter error": ("", "content_filter"),
        "emoji": ("é😀\u2028x", "stop"),
    }.get(said, ("Hello there", "stop"))
    assert (reply.text, reply.finish) == (text, finish)
    if said != "filter error":
        assert (reply.prompt_tokens, reply.completion_tokens) == (1000, 500)
        assert reply.cost == pytest.approx(1000 * 0.15e-6 + 500 * 0.6e-6)
    if stream and text:
        assert all(0.04 < one.first_token < one.seconds for one in replies.values())
    else:
        assert all(one.first_token is None for one in replies.values())


@pytest.mark.parametrize("said", KINDS)
def test_every_road_meets_the_same_failure(wire, said):
    failures = {}
    for road in ROADS:
        with pytest.raises(EndpointError) as caught:
            ask(made(road, wire, timeout=0.7 if said == "hang" else 10.0), said)
        failures[road] = (caught.value.kind, str(caught.value), caught.value.wait)
    assert len(set(failures.values())) == 1, failures
    kind, message, wait = failures["direct"]
    assert kind == KINDS[said]
    assert message.startswith(f"openai/gpt-4o-mini at {wire.url}: {kind.replace('_', ' ')}: ")
    assert wait == (7.0 if said in ERRORS else None)
    if said in ERRORS:
        assert ERRORS[said][1] in message


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("said", ["cut", "half"])
def test_a_stream_that_breaks_off_is_no_answer(wire, road, said):
    with pytest.raises(EndpointError) as caught:
        ask(made(road, wire, stream=True), said)
    assert caught.value.kind in ("connection", "malformed")


@pytest.mark.parametrize("road", ROADS)
def test_what_is_sent_is_the_same_on_every_road(wire, road):
    wire.asked.clear()
    wire.headers.clear()
    extra = {"extra_body": {"top_k": 3}, "extra_headers": {"X-Team": "7"}, "seed": 5}
    ask(made(road, wire, extra=extra), "plain \ud800 text")
    (body,), (headers,) = wire.asked, wire.headers
    assert body == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "plain ? text"}],
        "temperature": 0.0,
        "max_tokens": 5,
        "top_k": 3,
        "seed": 5,
    }
    assert headers["x-team"] == "7"


@pytest.mark.parametrize("road", ROADS)
def test_a_price_of_ones_own_goes_before_the_list(wire, road):
    reply = ask(made(road, wire, price={"input": 2.0, "output": 4.0, "call": 0.5}), "plain")
    assert reply.cost == pytest.approx(0.5 + 1000 * 2e-6 + 500 * 4e-6)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "cost"), [("anthropic/claude-haiku-4-5", 0.0035), ("ollama_chat/llama3", None)])
def test_other_wire_formats_through_litellm(wire, monkeypatch, model, cost, stream):
    monkeypatch.setenv("MY_KEY", "sk-ant-secret")
    endpoint = LiteLLM(model, base_url=wire.root, key_env="MY_KEY", max_tokens=9, stream=stream)
    reply = ask(endpoint, "plain")
    assert (reply.text, reply.finish) == ("Hello there", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (1000, 500)
    assert reply.cost == (pytest.approx(cost) if cost else None)
    assert (reply.first_token is not None) == stream


@pytest.mark.parametrize(
    ("model", "said", "kind", "words", "wait"),
    [
        ("anthropic/claude-haiku-4-5", "too many", "rate_limit", "slow down", 7.0),
        ("anthropic/claude-haiku-4-5", "busy", "server", "Overloaded", None),
        ("anthropic/claude-haiku-4-5", "wrong key", "auth", "invalid x-api-key", None),
        ("anthropic/claude-haiku-4-5", "malformed", "malformed", "not the JSON that was expected", None),
        ("ollama_chat/llama3", "no model", "not_found", "try pulling it first", None),
    ],
)
def test_failures_in_other_wire_formats(wire, monkeypatch, model, said, kind, words, wait):
    monkeypatch.setenv("MY_KEY", "sk-ant-secret")
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM(model, base_url=wire.root, key_env="MY_KEY", max_tokens=9), said)
    assert (caught.value.kind, caught.value.wait) == (kind, wait)
    assert words in str(caught.value)
    assert "sk-ant-secret" not in str(caught.value)
