"""A model as a system under test: what every road to it shares."""

from __future__ import annotations

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from .errors import EndpointError
from .failures import FILTERED, Asked
from .frames import Message
from .prices import Price, cost, listed
from .replies import Reply

Client = TypeVar("Client")


class PerLoop(Generic[Client]):
    """A client for each event loop that asks for one, because a connection belongs to the loop that opened it."""

    def __init__(self) -> None:
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Client] = WeakKeyDictionary()

    def get(self, make: Callable[[], Client]) -> Client:
        """The client of the running loop, made when first asked for."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = make()
        return client

    async def close(self) -> None:
        """Closes the connections of the running loop."""
        client: Any = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            closed = client.close()
            if isinstance(closed, Awaitable):
                await closed


@dataclass(eq=False)
class Model(ABC):
    """A model by its model string, asked over a road that a subclass is.

    `key_env` names the environment variable that holds the key; without it the provider's usual one. `timeout` is in
    seconds. With `stream` the answer is streamed, which measures the time to its first token. `extra` goes to the call
    as it is (`extra_body`, `reasoning_effort`, ...). `price` goes before the price list. Every road gives the same
    Reply, and the same EndpointError, for the same bytes of the server.
    """

    model: str
    base_url: str | None = None
    key_env: str | None = None
    temperature: float | None = 0.0
    max_tokens: int | None = None
    timeout: float = 60.0
    stream: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    price: Price | None = None

    @property
    def name(self) -> str:
        """The model string."""
        return self.model

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """One call, without retries. Raises EndpointError with the kind of failure."""
        await self._prepare()
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.timeout):
                reply = await self._ask([_utf8(message) for message in messages], started)
        except EndpointError as error:
            if error.kind == FILTERED:
                return Reply("", FILTERED, model=self.model, seconds=time.perf_counter() - started)
            raise
        except TimeoutError as error:
            raise self._asked.timed_out(self.timeout) from error
        dollars = self._cost(reply)
        object.__setattr__(reply, "seconds", time.perf_counter() - started)  # just made here, and nobody else's yet
        object.__setattr__(reply, "cost", dollars)
        return reply

    async def close(self) -> None:  # noqa: B027 - litellm keeps its own
        """Closes the connections that it keeps open; it opens new ones when it is asked again."""

    async def _prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """What takes long the first time, and is no part of a call: it does not count against the timeout."""

    @abstractmethod
    async def _ask(self, messages: list[Message], started: float) -> Reply:
        """The reply to these turns; raises EndpointError. `started` is by time.perf_counter."""

    @property
    def _asked(self) -> Asked:
        return Asked(self.model + (f" at {self.base_url}" if self.base_url else ""), self.key_env)

    def _key(self, usual: str = "") -> str | None:
        if self.key_env:
            key = os.environ.get(self.key_env)
            if not key:
                raise EndpointError("auth", f"the environment variable {self.key_env} is not set; it must hold the key")
            return key
        return os.environ.get(usual) or None

    def _cost(self, reply: Reply) -> float | None:
        """By the study's price, else what the road found out, else by the price list.

        The list is asked for the model that answered, then for the one that was asked.
        """
        if reply.cost is not None and not self.price:
            return reply.cost
        price = self.price or listed(reply.model) or listed(self.model)
        return cost(price, reply.prompt_tokens, reply.completion_tokens)


@dataclass(slots=True)
class Streamed:
    """An answer while its pieces come in."""

    started: float
    text: str = ""
    finish: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token: float | None = None
    fingerprint: str = ""
    _refused: bool = False
    _parts: list[str] = field(default_factory=list)

    def take(self, chunk: Mapping[str, Any]) -> None:
        """One `chat.completion.chunk`. Raises LookupError, TypeError or AttributeError for what is none."""
        self.model = chunk.get("model") or self.model
        self.fingerprint = chunk.get("system_fingerprint") or self.fingerprint
        usage = chunk.get("usage")
        if usage:
            self.prompt_tokens, self.completion_tokens = usage.get("prompt_tokens"), usage.get("completion_tokens")
        for choice in chunk["choices"][:1]:
            delta = choice.get("delta") or {}
            piece = delta.get("content") or delta.get("refusal")
            if piece:
                if self.first_token is None:
                    self.first_token = time.perf_counter() - self.started
                self._refused = self._refused or not delta.get("content")
                self._parts.append(piece)
            self.finish = choice.get("finish_reason") or self.finish

    def reply(self) -> Reply | None:
        """The whole answer; None where the stream ended before the answer did."""
        if not self.finish:
            return None
        return Reply(
            "".join(self._parts),
            "refusal" if self._refused else self.finish,
            self.model,
            self.prompt_tokens,
            self.completion_tokens,
            first_token=self.first_token,
            fingerprint=self.fingerprint,
        )


def completion(body: Mapping[str, Any]) -> Reply:
    """The reply in a `chat.completion`. Raises LookupError, TypeError, AttributeError or CaseError for what is none."""
    choice = body["choices"][0]
    message, usage = choice["message"], body.get("usage") or {}
    refusal = message.get("refusal")
    return Reply(
        message.get("content") or refusal or "",
        "refusal" if refusal and not message.get("content") else choice.get("finish_reason") or "stop",
        body.get("model") or "",
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        fingerprint=body.get("system_fingerprint") or "",
    )


def _utf8(message: Message) -> Message:
    """The turn with lone surrogates replaced, which no wire format can carry."""
    content = message["content"]
    if not isinstance(content, str):
        parts = [part | {"text": _sendable(part["text"])} if part.get("type") == "text" else part for part in content]
        return {**message, "content": parts}
    sendable = _sendable(content)
    return message if sendable is content else {**message, "content": sendable}


def _sendable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
