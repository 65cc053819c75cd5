"""The systems under test: any model through litellm, any Python callable, or a script."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import EndpointError, StudyError
from .replies import Endpoint, Message, Reply

System = Callable[[str], Any] | Callable[[Sequence[Message]], Any]


@dataclass(frozen=True)
class LiteLLM:
    """Any model that litellm reaches, by its model string.

    `key_env` names the environment variable that holds the key; without it litellm looks where it always does.
    `extra` goes to the call as it is (`extra_body`, `reasoning_effort`, ...). `timeout` is in seconds.
    """

    model: str
    base_url: str | None = None
    key_env: str | None = None
    temperature: float | None = 0.0
    max_tokens: int | None = None
    timeout: float = 60.0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model string."""
        return self.model

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """One call, without retries of litellm's own. Raises EndpointError with the kind of failure."""
        litellm = await asyncio.to_thread(quiet_litellm)
        options: dict[str, Any] = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "timeout": self.timeout,
            "num_retries": 0,
            "max_retries": 0,
            "api_base": self.base_url,
            "api_key": self._key(),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        options = {name: value for name, value in options.items() if value is not None} | self.extra
        started = time.perf_counter()
        try:
            response = await litellm.acompletion(**options)
        except Exception as error:  # litellm raises its own tree and, for some providers, the provider's
            raise _endpoint_error(error, self) from error
        return _reply(litellm, response, time.perf_counter() - started)

    def _key(self) -> str | None:
        if self.key_env:
            key = os.environ.get(self.key_env)
            if not key:
                raise EndpointError("auth", f"the environment variable {self.key_env} is not set; it must hold the key")
            return key
        # an OpenAI-compatible server of one's own seldom wants a key, but its client library insists on some text
        if self.base_url and self.model.startswith("openai/") and not os.environ.get("OPENAI_API_KEY"):
            return "no-key"
        return None


def quiet_litellm() -> ModuleType:
    """litellm, imported when first used, with its price list read locally and its telemetry and chatter off.

    Importing it takes seconds, loads 2,600 modules and would fetch a price list from the internet.
    """
    if "litellm" not in sys.modules:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ.setdefault("LITELLM_MODE", "PRODUCTION")  # else it loads a .env file of the working folder
        os.environ.setdefault("LITELLM_LOG", "ERROR")
    litellm = importlib.import_module("litellm")
    for setting, value in (("telemetry", False), ("suppress_debug_info", True)):
        setattr(litellm, setting, value)
    return litellm


def _reply(litellm: ModuleType, response: Any, seconds: float) -> Reply:
    choice, usage = response.choices[0], getattr(response, "usage", None)
    try:
        cost = float(litellm.completion_cost(completion_response=response))
    except Exception:  # a model without a listed price
        cost = None
    return Reply(
        text=choice.message.content or "",
        finish=choice.finish_reason or "stop",
        model=response.model or "",
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        cost=cost,
        seconds=seconds,
    )


# The class names of litellm's exceptions (documented in its exception mapping), most special first.
_KINDS = {
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "RateLimitError": "rate_limit",
    "Timeout": "timeout",
    "NotFoundError": "not_found",
    "APIConnectionError": "connection",
    "ServiceUnavailableError": "server",
    "InternalServerError": "server",
    "BadGatewayError": "server",
    "ContextWindowExceededError": "bad_request",
    "ContentPolicyViolationError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "BadRequestError": "bad_request",
    "APIError": "server",
}
_STATUSES = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    400: "bad_request",
    422: "bad_request",
    429: "rate_limit",
}
_NEXT_STEP = {
    "auth": "check the key and the variable that holds it (key_env)",
    "quota": "the account has no credit left; top it up and run the same command again",
    "not_found": "check the model's name and the base_url",
    "connection": "is the server running, and is base_url right?",
    "bad_request": "check the model's name and its options",
}


def _endpoint_error(error: Exception, endpoint: LiteLLM) -> EndpointError:
    names = [cls.__name__ for cls in type(error).__mro__]
    kind = next((kind for name, kind in _KINDS.items() if name in names), "raised")
    if names[0] == "APIError":  # what litellm makes of statuses it has no class for
        kind = _STATUSES.get(getattr(error, "status_code", 0), kind)
    if "Missing credentials" in str(error):  # litellm calls a key that is not there an internal server error
        kind = "auth"
    if re.search("insufficient_quota|exceeded your current quota", str(error)):  # a 429, but waiting does not help
        kind = "quota"
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 10:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if kind == "server" and any("Connect" in name for name in causes):
        kind = "connection"  # litellm calls a refused connection an internal server error
    if kind == "bad_request" and "LLM Provider NOT provided" in str(error):
        return EndpointError(
            "not_found", f"litellm knows no provider for the model {endpoint.model!r}; write it as 'provider/model'"
        )
    where = endpoint.model + (f" at {endpoint.base_url}" if endpoint.base_url else "")
    said = _one_line(str(error), endpoint)
    step = f"; {_NEXT_STEP[kind]}" if kind in _NEXT_STEP else ""
    return EndpointError(kind, f"{where}: {kind.replace('_', ' ')}: {said}{step}")


def _one_line(text: str, endpoint: LiteLLM) -> str:
    """The provider's words on one line, without the key should they repeat it."""
    for name, secret in os.environ.items():
        if len(secret) >= 6 and (name == endpoint.key_env or name.endswith(("_KEY", "_TOKEN", "_SECRET"))):
            text = text.replace(secret, "***")
    line = " ".join(text.split())
    return line if len(line) <= 240 else line[:237] + "..."


@dataclass(frozen=True)
class PythonCallable:
    """Any Python function as a system: it takes the chat turns and returns text or a Reply, sync or async.

    A sync function runs in a thread of its own, so that it does not hold up the others.
    """

    function: Callable[..., Any]
    label: str = ""

    @property
    def name(self) -> str:
        """The label, else the function's own name."""
        return self.label or getattr(self.function, "__qualname__", type(self.function).__name__)

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The function's answer. What it raises becomes an EndpointError of kind `raised`."""
        started = time.perf_counter()
        try:
            if inspect.iscoroutinefunction(self.function):
                answer = await self.function(messages)
            else:
                answer = await asyncio.to_thread(self._call, messages)
                if isinstance(answer, Awaitable):
                    answer = await answer
        except EndpointError:
            raise
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # the replay is being stopped
            said = " ".join(f"{type(error).__name__}: {error}".split())[:240]
            raise EndpointError("raised", f"{self.name} raised {said}") from error
        seconds = time.perf_counter() - started
        if isinstance(answer, Reply):
            return replace(answer, seconds=seconds)
        if not isinstance(answer, str):
            raise EndpointError("raised", f"{self.name} returned {type(answer).__name__}, expected text or a Reply")
        return Reply(answer, model=self.name, seconds=seconds)

    def _call(self, messages: Sequence[Message]) -> Any:
        """The function's answer; what no future can carry or what would end the process becomes a RuntimeError."""
        try:
            return self.function(messages)
        except (StopIteration, SystemExit, asyncio.CancelledError) as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error


class Scripted:
    """An endpoint for tests: answers come from a function of the last user turn, or from a list in turn.

    A scripted answer that is an exception is raised. `calls` keeps what was asked.

    >>> import asyncio
    >>> echo = Scripted(lambda text: text.upper())
    >>> asyncio.run(echo([{"role": "user", "content": "hi"}])).text
    'HI'
    """

    def __init__(self, script: Callable[[str], str | Exception] | Sequence[str | Exception], name: str = "scripted"):
        self.name = name
        self.calls: list[tuple[Message, ...]] = []
        self._script = script

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The scripted answer to the last turn."""
        turn = len(self.calls)
        self.calls.append(tuple(messages))
        if callable(self._script):
            answer = self._script(messages[-1]["content"])
        elif turn < len(self._script):
            answer = self._script[turn]
        else:
            raise EndpointError("raised", f"{self.name} has {len(self._script)} answers and was asked once more")
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer, model=self.name)


def load_callable(path: str, folder: Path) -> PythonCallable:
    """The function behind `module:function`, looked for from `folder` first. Raises StudyError where there is none."""
    module_name, colon, function_name = path.partition(":")
    if not (module_name and colon and function_name):
        raise StudyError(f"callable = {path!r} must read 'module:function'")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # it stays: the module may import its neighbours later
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise StudyError(
            f"callable = {path!r}: importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise StudyError(f"callable = {path!r}: {module_name} has no function called {function_name!r}")
    return PythonCallable(function, label=path)


class Retrying:
    """An endpoint that tries transient failures again, with random exponential waits between tries."""

    def __init__(self, endpoint: Endpoint, retries: int = 3, longest_wait: float = 30.0) -> None:
        self._endpoint = endpoint
        self._retries = retries
        self._longest_wait = longest_wait

    @property
    def name(self) -> str:
        """The name of the endpoint inside."""
        return self._endpoint.name

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The answer of the first try that brings one; the last try's EndpointError where none does."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        def transient(error: BaseException) -> bool:
            return isinstance(error, EndpointError) and error.kind in EndpointError.TRANSIENT

        tries = AsyncRetrying(
            retry=retry_if_exception(transient),
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_random_exponential(multiplier=0.5, max=self._longest_wait),
            reraise=True,
        )
        attempts = 0
        async for attempt in tries:
            with attempt:
                attempts += 1
                return replace(await self._endpoint(messages), attempts=attempts)
        raise AssertionError("unreachable: the last failed try is raised again")
