"""A whole application behind HTTP as a system under test: a URL, a JSON body with places in it, and a JSONPath."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .direct_road import session
from .errors import StudyError
from .failures import said_in
from .frames import Message, said
from .models import Model, PerLoop
from .replies import Reply


@dataclass(eq=False)
class Application(Model):
    """An application that is asked by POSTing JSON to `model`, which is its URL.

    In `body`, `{text}` stands for the last user turn and `{system}` for the system turn, inside any string; a string
    that is just `{messages}` becomes the list of all turns. `answer` is the JSONPath (RFC 9535) of the answer in what
    comes back: text, or another value that is written as JSON, null being no text; without it the whole body is the
    answer. The key, if there is one, is sent as a bearer token, and `extra_headers` of `extra` are sent too. Raises
    StudyError for a JSONPath that is none, and for a body without a place for the text.
    """

    body: Mapping[str, Any] | None = None
    answer: str = ""

    def __post_init__(self) -> None:
        self._sessions: PerLoop[Any] = PerLoop()
        written = json.dumps(self.body)
        if "{text}" not in written and '"{messages}"' not in written:
            raise StudyError("[endpoint] body must hold {text} or '{messages}', or the mess would never be sent")
        self._path = _compiled(self.answer) if self.answer else None

    async def close(self) -> None:
        """Closes its connections."""
        await self._sessions.close()

    async def _ask(self, messages: list[Message], started: float) -> Reply:
        import aiohttp

        key = self._key()
        headers = {"Content-Type": "application/json", **self.extra.get("extra_headers", {})}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        content = json.dumps(filled(self.body, messages)).encode("ascii")
        try:
            async with self._sessions.get(session).post(self.model, data=content, headers=headers) as response:
                got = (await response.read()).decode("utf-8", "replace")
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._asked.unreachable() from error
        try:
            said: Any = json.loads(got)
        except ValueError:
            said = got
        if response.status >= 400:
            raise self._asked.refused(response.status, *said_in(said), response.headers)
        if self._path is None:
            return Reply(got)
        if said is got:
            raise self._asked.malformed()
        found = self._path(said)
        if not found:
            raise self._asked.failed("malformed", f"the answer has nothing at {self.answer}")
        texts = [
            one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found if one is not None
        ]
        return Reply("\n".join(texts))


def filled(body: Any, messages: Sequence[Message]) -> Any:
    """The body with the turns in their places."""
    if isinstance(body, Mapping):
        return {key: filled(value, messages) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [filled(value, messages) for value in body]
    if not isinstance(body, str):
        return body
    if body == "{messages}":
        return [dict(message) for message in messages]
    text = next((said(m) for m in reversed(messages) if m["role"] == "user"), "")
    system = next((said(m) for m in messages if m["role"] == "system"), "")
    parts = body.split("{text}")  # what a person wrote may hold {system} itself, and is never searched for places
    return text.join(part.replace("{system}", system) for part in parts)


def _compiled(path: str) -> Any:
    import jsonpath

    try:
        compiled = jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        raise StudyError(f"[endpoint] answer = {path!r} is no JSONPath, such as '$.answer.text': {error}") from error
    return compiled.findall
