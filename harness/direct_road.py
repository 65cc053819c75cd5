"""The direct road to OpenAI-compatible servers: one HTTP request a call, and nothing in between.

For servers of one's own (vLLM, llama.cpp, gateways) that answer faster than a client library can ask.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from .errors import CaseError
from .failures import said_in
from .frames import Message
from .models import Model, PerLoop, Streamed, completion
from .openai_road import wire_name
from .replies import Reply

OPENAI = "https://api.openai.com/v1"
"""The server that is meant where none is named."""


@dataclass(eq=False)
class Direct(Model):
    """A model of an OpenAI-compatible server, asked by aiohttp, the HTTP client that litellm brings.

    A provider before the model's name (`openai/...`) is taken off. Without `key_env` the key is in OPENAI_API_KEY.
    Of `extra`, `extra_body` is merged into the request, `extra_headers` are sent, and everything else is in the body.
    """

    def __post_init__(self) -> None:
        self._sessions: PerLoop[Any] = PerLoop()
        extra = dict(self.extra)
        headers = dict(extra.pop("extra_headers", {}))
        body = {**extra, **extra.pop("extra_body", {})}
        body.pop("extra_body", None)
        self._headers = {str(name): str(value) for name, value in headers.items()}
        self._options: dict[str, Any] = {"model": wire_name(self.model), "messages": []}
        for name, value in (("temperature", self.temperature), ("max_tokens", self.max_tokens)):
            if value is not None:
                self._options[name] = value
        if self.stream:
            self._options |= {"stream": True, "stream_options": {"include_usage": True}}
        self._options |= body
        self._url = (self.base_url or OPENAI).rstrip("/") + "/chat/completions"

    async def close(self) -> None:
        """Closes its connections."""
        await self._sessions.close()

    async def _ask(self, messages: list[Message], started: float) -> Reply:
        import aiohttp

        key = self._key("OPENAI_API_KEY")
        headers = {"Content-Type": "application/json", **self._headers}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        body = json.dumps({**self._options, "messages": messages}).encode("ascii")
        try:
            async with self._sessions.get(session).post(self._url, data=body, headers=headers) as response:
                if response.status >= 400:
                    said, code = said_in(_json(await response.read()))
                    raise self._asked.refused(response.status, said, code, response.headers)
                if self.stream:
                    reply = await self._streamed(response, started)
                else:
                    reply = completion(json.loads(await response.read()))
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._asked.unreachable() from error
        except (ValueError, LookupError, TypeError, AttributeError, CaseError) as error:
            raise self._asked.malformed() from error
        return reply

    async def _streamed(self, response: Any, started: float) -> Reply:
        streamed = Streamed(started)
        async for data in events(response.content):
            chunk = json.loads(data)
            if "error" in chunk:
                said, code = said_in(chunk)
                raise self._asked.refused(500, said, code)
            streamed.take(chunk)
        reply = streamed.reply()
        if reply is None:
            raise self._asked.malformed()
        return reply


def session() -> Any:
    """An aiohttp session that opens as many connections as there are calls in flight, and obeys no proxy variables."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))


async def events(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of server-sent events, up to `[DONE]` (HTML standard 9.2, as OpenAI uses it: one line an event)."""
    async for line in lines:
        name, colon, value = line.rstrip(b"\r\n").partition(b":")
        if colon and name == b"data":
            value = value.removeprefix(b" ")
            if value == b"[DONE]":
                return
            yield value


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
