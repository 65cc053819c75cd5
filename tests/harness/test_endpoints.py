from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from roadtest.harness import EndpointError, LiteLLM, PythonCallable, Reply, Retrying, Scripted, StudyError
from roadtest.harness.endpoints import load_callable

HELLO = [{"role": "system", "content": "Echo."}, {"role": "user", "content": "hello"}]


def ask(endpoint, messages=HELLO):
    return asyncio.run(endpoint(messages))


def test_litellm_brings_text_tokens_and_finish_over_http(loopback):
    loopback.answer = lambda messages: messages[-1]["content"].upper()
    reply = ask(LiteLLM("openai/some-model", base_url=loopback.url, max_tokens=5))
    assert (reply.text, reply.finish, reply.prompt_tokens, reply.completion_tokens) == ("HELLO", "stop", 10, 2)
    assert reply.cost is None, "a model without a listed price costs an unknown amount, not zero"
    assert reply.seconds > 0
    assert loopback.asked == [HELLO]


def test_the_key_comes_from_the_variable_that_the_study_names(loopback, monkeypatch):
    loopback.key = "sk-secret-123456"
    monkeypatch.setenv("MY_KEY", loopback.key)
    assert ask(LiteLLM("openai/m", base_url=loopback.url, key_env="MY_KEY")).text == "hello"


def test_a_listed_model_has_a_price(loopback):
    reply = ask(LiteLLM("openai/gpt-4o-mini", base_url=loopback.url))
    assert reply.cost == pytest.approx(10 * 0.15e-6 + 2 * 0.6e-6, rel=0.5)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "auth"),
        (403, "auth"),
        (404, "not_found"),
        (400, "bad_request"),
        (429, "rate_limit"),
        (402, "quota"),
        (500, "server"),
        (503, "server"),
    ],
)
def test_http_failures_keep_their_kind(loopback, status, kind):
    loopback.answer = lambda messages: (status, {"error": {"message": "no luck today", "type": "x", "code": None}})
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/m", base_url=loopback.url))
    assert caught.value.kind == kind
    assert "no luck today" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(loopback.asked) == 1, "retries are ours alone"


def test_a_refused_connection_says_where_and_what_to_do():
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/m", base_url="http://127.0.0.1:9/v1"))
    assert caught.value.kind == "connection"
    assert "http://127.0.0.1:9/v1" in str(caught.value)
    assert "is the server running" in str(caught.value)


def test_a_slow_answer_is_a_timeout(loopback):
    loopback.delay = 1.5
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/m", base_url=loopback.url, timeout=0.3))
    assert caught.value.kind == "timeout"


def test_a_wrong_key_is_named_by_its_variable_and_never_shown(loopback, monkeypatch):
    loopback.key = "right"
    monkeypatch.setenv("MY_KEY", "sk-wrong-abcdef")
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/m", base_url=loopback.url, key_env="MY_KEY"))
    assert caught.value.kind == "auth"
    assert "sk-wrong-abcdef" not in str(caught.value)
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(EndpointError, match="the environment variable MY_KEY is not set"):
        ask(LiteLLM("openai/m", base_url=loopback.url, key_env="MY_KEY"))


def test_a_key_that_is_not_there_is_an_auth_failure_at_once():
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/gpt-4o-mini"))
    assert caught.value.kind == "auth"


def test_spent_quota_is_no_rate_limit(loopback):
    body = {
        "error": {
            "message": "You exceeded your current quota",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        }
    }
    loopback.answer = lambda messages: (429, body)
    with pytest.raises(EndpointError) as caught:
        ask(LiteLLM("openai/m", base_url=loopback.url))
    assert caught.value.kind == "quota"


def test_a_model_without_a_provider_is_explained():
    with pytest.raises(EndpointError, match="write it as 'provider/model'"):
        ask(LiteLLM("no-such-model-anywhere"))


async def _async_app(messages):
    await asyncio.sleep(0)
    return messages[-1]["content"] + "!"


@pytest.mark.parametrize(
    "function", [lambda messages: messages[-1]["content"] + "!", _async_app, lambda messages: Reply("hello!")]
)
def test_any_callable_is_an_endpoint(function):
    assert ask(PythonCallable(function)).text == "hello!"


def test_what_a_callable_raises_or_returns_wrongly_is_told():
    def broken(messages):
        raise ValueError("bad\nluck")

    with pytest.raises(EndpointError, match="broken raised ValueError: bad luck"):
        ask(PythonCallable(broken))
    with pytest.raises(EndpointError, match="returned int, expected text or a Reply"):
        ask(PythonCallable(lambda messages: 3, label="app"))


@pytest.mark.parametrize("raised", [StopIteration("x"), SystemExit(3), asyncio.CancelledError("x")])
def test_nothing_a_callable_raises_can_hang_or_end_the_run(raised):
    def sync(messages):
        raise raised

    async def asynchronous(messages):
        raise raised

    for function in (sync, asynchronous):
        with pytest.raises(EndpointError) as caught:
            ask(PythonCallable(function))
        assert caught.value.kind == "raised"


@pytest.mark.parametrize(
    "fields", [{"text": 3}, {"text": "x", "cost": float("nan")}, {"text": "x", "prompt_tokens": "7"}]
)
def test_a_reply_of_wrong_types_is_told(fields):
    with pytest.raises(EndpointError, match="a reply's"):
        ask(PythonCallable(lambda messages: Reply(**fields)))


def test_sync_callables_do_not_block_each_other():
    import threading

    barrier = threading.Barrier(4, timeout=10)

    def meet(messages):
        barrier.wait()
        return "ok"

    async def all_four():
        return await asyncio.gather(*(PythonCallable(meet)(HELLO) for _ in range(4)))

    assert [reply.text for reply in asyncio.run(all_four())] == ["ok"] * 4


def test_retrying_repeats_what_may_pass_and_nothing_else():
    passing = Scripted([EndpointError("rate_limit", "slow down"), EndpointError("server", "oops"), "fine"])
    reply = ask(Retrying(passing, retries=3, longest_wait=0.01))
    assert (reply.text, reply.attempts) == ("fine", 3)

    fatal = Scripted([EndpointError("auth", "no"), "never asked"])
    with pytest.raises(EndpointError, match="no"):
        ask(Retrying(fatal, longest_wait=0.01))
    assert len(fatal.calls) == 1

    down = Scripted(lambda text: EndpointError("connection", "refused"))
    with pytest.raises(EndpointError, match="refused"):
        ask(Retrying(down, retries=2, longest_wait=0.01))
    assert len(down.calls) == 3


def test_scripted_answers_run_out_loudly():
    endpoint = Scripted(["one"])
    assert ask(endpoint).text == "one"
    with pytest.raises(EndpointError, match="has 1 answers and was asked once more"):
        ask(endpoint)


def test_load_callable_finds_the_users_module_and_explains_failures(tmp_path):
    (tmp_path / "my_app.py").write_text("def answer(messages):\n    return 'hi'\n")
    (tmp_path / "my_broken_app.py").write_text("1/0\n")
    assert ask(load_callable("my_app:answer", tmp_path)).text == "hi"
    for path, message in [
        ("my_app", "must read 'module:function'"),
        ("my_app:nothing", "has no function called 'nothing'"),
        ("my_broken_app:answer", "ZeroDivisionError"),
        ("my_absent_app:answer", "ModuleNotFoundError"),
    ]:
        with pytest.raises(StudyError, match=message):
            load_callable(path, tmp_path)


def test_asking_through_litellm_connects_only_to_the_named_endpoint(loopback):
    """Every connect() of the process is recorded, from before litellm is imported."""
    code = """
import asyncio, os, socket, sys
seen = []
def hook(event, args):
    if event == "socket.connect":
        seen.append(args[1])
    elif event == "socket.getaddrinfo":
        seen.append(args[:2])
sys.addaudithook(hook)
from roadtest.harness import LiteLLM
reply = asyncio.run(LiteLLM("openai/m", base_url=sys.argv[1])([{"role": "user", "content": "hi"}]))
assert reply.text == "hi"
port = int(sys.argv[1].split(":")[2].split("/")[0])
others = [a for a in seen if a not in (("127.0.0.1", port), ("127.0.0.1", str(port)), (b"127.0.0.1", port))]
print(others)
"""
    run = subprocess.run([sys.executable, "-c", code, loopback.url], capture_output=True, text=True, check=False)
    assert run.stdout == "[]\n", run.stdout + run.stderr
    assert run.stderr == "", "litellm is kept quiet"


def test_a_callable_that_is_late_is_a_timeout_sync_or_async():
    def slow(messages):
        time.sleep(5)
        return "late"

    async def slow_too(messages):
        await asyncio.sleep(5)
        return "late"

    for function in (slow, slow_too):
        started = time.monotonic()
        with pytest.raises(EndpointError, match=r"timeout: no answer within 0\.2 s") as caught:
            ask(PythonCallable(function, "app:slow", timeout=0.2))
        assert caught.value.kind == "timeout"
        assert time.monotonic() - started < 3, (
            "a thread that is late keeps nobody waiting, not even the end of the loop"
        )


def test_a_timeout_of_the_callables_own_is_what_it_raised():
    async def own(messages):
        raise TimeoutError("the database took too long")

    with pytest.raises(EndpointError, match="TimeoutError: the database took too long") as caught:
        ask(PythonCallable(own, timeout=5.0))
    assert caught.value.kind == "raised"
