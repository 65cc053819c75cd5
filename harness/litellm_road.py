"""The default road: any model that litellm reaches."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .errors import CaseError, EndpointError
from .failures import said_in
from .frames import Message
from .models import Model, Streamed
from .replies import Reply


@dataclass(eq=False)
class LiteLLM(Model):
    """Any model that litellm reaches, by its model string, such as `openai/gpt-4o-mini`.

    Without `key_env` litellm looks for a key where it always does.
    """

    async def _prepare(self) -> None:
        if "litellm" not in sys.modules:
            await asyncio.to_thread(quiet_litellm)

    async def _ask(self, messages: list[Message], started: float) -> Reply:
        litellm = quiet_litellm()
        options: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "timeout": self.timeout,
            "num_retries": 0,
            "max_retries": 0,
            "api_base": self.base_url,
            "api_key": self._key() or self._any_key(),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            **({"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}),
            **self.extra,
        }
        given = {name: value for name, value in options.items() if value is not None}
        try:
            with _unlogged():
                response = await litellm.acompletion(**given)
                if self.stream:
                    return await self._streamed(response, started)
        except (TimeoutError, EndpointError):
            raise
        except Exception as error:  # litellm raises its own tree and, for some providers, the provider's
            raise self._failure(error) from error
        try:
            return _reply(response)
        except (LookupError, TypeError, AttributeError, CaseError) as error:
            raise self._asked.malformed() from error

    async def _streamed(self, response: Any, started: float) -> Reply:
        streamed = Streamed(started)
        async for chunk in response:
            streamed.take(_plain_chunk(chunk))
        reply = streamed.reply()
        # litellm ends every stream with a reason to stop, its own where the server gave none
        if reply is None or getattr(response, "received_finish_reason", "") is None:
            raise self._asked.malformed()
        return reply

    def _any_key(self) -> str | None:
        """An OpenAI-compatible server of one's own seldom wants a key, but its client library insists on some text."""
        own = self.base_url and self.model.startswith("openai/") and not os.environ.get("OPENAI_API_KEY")
        return "no-key" if own else None

    def _failure(self, error: Exception) -> EndpointError:
        kinds = {cls.__name__ for cls in type(error).__mro__}
        causes = _causes(error)
        said = str(error)
        if "LLM Provider NOT provided" in said:
            said = f"litellm knows no provider for the model {self.model!r}; write it as 'provider/model'"
            return EndpointError("not_found", said)
        if "Missing credentials" in said:  # litellm calls a key that is not there an internal server error
            return self._asked.failed("auth", _plain(said))
        answered = "HTTPStatusError" in causes or getattr(error, "body", None) is not None
        if not answered:
            if "JSONDecodeError" in causes or "JSONDecodeError" in kinds or _NO_ANSWER.search(said):
                return self._asked.malformed()
            if "Timeout" in kinds:
                return self._asked.timed_out(self.timeout)
            if any(_BROKEN.search(name) for name in causes | kinds):
                return self._asked.unreachable()
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status >= 400:
            body = getattr(error, "body", None)
            headers = getattr(error, "litellm_response_headers", None) or getattr(
                getattr(error, "response", None), "headers", {}
            )
            told, code = said_in(body) if body else (_plain(said), "")
            extra = " ".join(kinds & {"ContextWindowExceededError", "ContentPolicyViolationError"})
            code = {
                "ContextWindowExceededError": "context_length_exceeded",
                "ContentPolicyViolationError": "content_policy_violation",
            }.get(extra, code)
            return self._asked.refused(status, told, code, dict(headers or {}))
        return self._asked.failed("raised", f"{type(error).__name__}: {_plain(said)}")


_NO_ANSWER = re.compile(
    r"Stream ended before a finish_reason|Empty or invalid response|Expecting value|Unterminated string"
    r"|[Ii]nvalid JSON|Unable to (parse|get json)"
)
_BROKEN = re.compile(r"Connect|ReadError|WriteError|Disconnected|Payload|RemoteProtocol|IncompleteRead|ContentLength")


def quiet_litellm() -> ModuleType:
    """litellm, imported when first used, with its price list read locally and its telemetry and chatter off.

    Importing it takes seconds, loads 2,600 modules and would fetch a price list from the internet.
    """
    found = sys.modules.get("litellm")
    if found is not None and getattr(found, "telemetry", None) is False and hasattr(found, "acompletion"):
        return found
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")  # else it loads a .env file of the working folder
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    litellm = importlib.import_module("litellm")
    for setting, value in (("telemetry", False), ("suppress_debug_info", True)):
        setattr(litellm, setting, value)
    return litellm


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Calls whose answers litellm does not prepare for its logging callbacks, of which there are none here.

    That takes it a tenth of a call. Where its mark for such calls is not to be had, it prepares them.
    """
    try:
        from litellm._internal_context import is_internal_call
    except ImportError:
        yield
        return
    token = is_internal_call.set(True)
    try:
        yield
    finally:
        is_internal_call.reset(token)


def _reply(response: Any) -> Reply:
    choice, usage = response.choices[0], getattr(response, "usage", None)
    text = choice.message.content
    own = getattr(choice.message, "provider_specific_fields", None) or {}  # where versions before 1.110 keep it
    refusal = getattr(choice.message, "refusal", None) or own.get("refusal")
    dollars = response._hidden_params.get("response_cost")
    return Reply(
        text or refusal or "",
        "refusal" if refusal and not text else choice.finish_reason or "stop",
        response.model or "",
        getattr(usage, "prompt_tokens", None),
        getattr(usage, "completion_tokens", None),
        float(dollars) if dollars else None,  # a price of nothing means that litellm knows none
        fingerprint=getattr(response, "system_fingerprint", None) or "",
    )


def _plain_chunk(chunk: Any) -> dict[str, Any]:
    usage = getattr(chunk, "usage", None)
    return {
        "model": getattr(chunk, "model", ""),
        "system_fingerprint": getattr(chunk, "system_fingerprint", None),
        "usage": {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
        if usage
        else None,
        "choices": [
            {
                "delta": {
                    "content": choice.delta.content,
                    "refusal": getattr(choice.delta, "refusal", None)
                    or (getattr(choice.delta, "provider_specific_fields", None) or {}).get("refusal"),
                },
                "finish_reason": choice.finish_reason,
            }
            for choice in chunk.choices
        ],
    }


def _plain(said: str) -> str:
    """The provider's own words, without what litellm puts before them."""
    return re.sub(r"^litellm\.\w+: (?:.*?\w+Exception(?: -|:) |(?:\w+: )*)", "", said, flags=re.DOTALL)


def _causes(error: BaseException) -> set[str]:
    """The class names of what led to an error."""
    found: set[str] = set()
    cause = error.__cause__ or error.__context__
    while cause is not None and len(found) < 12:
        found.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return found
