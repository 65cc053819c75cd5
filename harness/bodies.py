"""The bodies of calls to a model: what a request says, and what is left of an answer that is broken on purpose."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")
"""Where a server-sent event ends, as a pattern that splits behind it."""

_STREAM = re.compile(rb"\s*(?:data|event|id|retry|):")  # a server-sent event, or a comment between events
_PAYLOAD = re.compile(rb"^((?:data:)?[ \t]*)(\{.*\})", re.MULTILINE)
_ANSWER = frozenset("choices message content content_block delta text response output candidates".split())
_TEXT = frozenset("content text delta response output".split())  # keys of _ANSWER, and below them, that hold a text


def broken(kind: str, content: bytes) -> bytes:
    """What is sent of an answer that is cut, truncated or without its text; all of it where nothing can be broken."""
    events = _events(content)
    if kind != "null":
        if events:
            return b"".join(events[: min(len(events) - 1, (len(events) + 1) // 2)])
        return content[: len(content) // 2]
    if events:
        return b"".join(_PAYLOAD.sub(_nulled_payload, event) for event in events)
    try:
        data = json.loads(content)
        nulled = _nulled(data)
        if nulled == data and (texts := list(_texts(data))):
            nulled = _without(data, max(texts, key=len))
    except (ValueError, RecursionError):
        return content
    return content if nulled == data else json.dumps(nulled).encode("ascii")


def _events(content: bytes) -> list[bytes]:
    """The events of a stream with their ends, be they server-sent or one JSON a line; empty where it is no stream."""
    if _STREAM.match(content):
        return [event for event in EVENT_END.split(content) if event]
    lines = [line for line in content.splitlines(keepends=True) if line.strip()]
    with contextlib.suppress(ValueError, RecursionError):
        if len(lines) > 1 and isinstance(json.loads(lines[0]), dict):
            return lines
    return []


def _nulled_payload(match: re.Match[bytes]) -> bytes:
    """One line of a stream with null for its text."""
    with contextlib.suppress(ValueError, RecursionError):
        data = json.loads(match[2])
        if (nulled := _nulled(data)) != data:
            return match[1] + json.dumps(nulled).encode("ascii")
    return match[0]


def _nulled(data: Any) -> Any:
    """The answer with null for its text, where OpenAI, Anthropic, Ollama and Gemini have it."""
    if not isinstance(data, dict):
        return data
    return {name: _emptied(name, value) if name in _ANSWER else value for name, value in data.items()}


def _emptied(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _emptied(inner, below) for inner, below in value.items()}
    if isinstance(value, list) and name != "content":
        return [_emptied("", below) for below in value]
    return None if name in _TEXT else value


def _texts(data: Any) -> Iterator[str]:
    """Every string value in a JSON."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for below in data.values() if isinstance(data, dict) else data:
            yield from _texts(below)


def _without(data: Any, text: str) -> Any:
    """A JSON with null where this string was."""
    if isinstance(data, dict):
        return {name: _without(below, text) for name, below in data.items()}
    if isinstance(data, list):
        return [_without(below, text) for below in data]
    return None if data == text else data


def said(body: bytes) -> list[str]:
    """The texts in a request: of its messages (`input` in OpenAI's Responses), else its prompt, else the whole body."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return [body.decode("utf-8", "replace")]
    messages = data.get("messages", data.get("input")) if isinstance(data, dict) else None
    if isinstance(messages, str):
        messages = [{"content": messages}]
    found: list[str] = []
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        found += [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if not found and isinstance(data, dict) and isinstance(data.get("prompt"), str):
        found = [data["prompt"]]
    return found or [body.decode("utf-8", "replace")]
