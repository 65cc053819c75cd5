"""A loopback proxy between an application and its model endpoint that breaks a set share of the answers.

It is the application's own retries, parsing and fallbacks that are tested: the study asks the application, and the
application's calls to its model go through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from .children import while_serving
from .errors import ResultsError, StudyError, did_you_mean
from .gate import points
from .seeds import digest, uniforms

CHAOS = "chaos.jsonl"
"""The name of a proxy's journal in a results folder."""

KINDS = {
    "429": "too many requests, with Retry-After",
    "500": "an internal server error",
    "503": "the service is overloaded",
    "timeout": "no answer for a long time, then the connection closes",
    "slow": "the answer drips in",
    "cut": "the connection breaks off in the middle of the answer",
    "truncated": "half of the JSON, or of the stream, with a clean end",
    "null": "the answer's text is null",
}
"""What can be injected."""

_UNASKED = frozenset({"429", "500", "503", "timeout"})  # these never reach the model, and cost nothing
_HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade host "
    "content-length accept-encoding content-encoding".split()
)
_SAID = {
    "429": "Rate limit reached (injected)",
    "500": "Internal server error (injected)",
    "503": "Overloaded (injected)",
}


@dataclass(frozen=True)
class Chaos:
    """Which share of requests meets what. `hold` is how long a `timeout` lasts, `pause` how long a `slow` answer rests
    between pieces, `retry_after` what a 429 asks for, all in seconds.

    What a request meets depends on the seed, on what it says, and on how often the same was said before: not on the
    order in which different requests come, so that two runs of one study meet the same. Raises StudyError for an
    upstream that is no HTTP address.
    """

    upstream: str
    rates: Mapping[str, float]
    seed: int = 0
    hold: float = 30.0
    pause: float = 0.2
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.upstream)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise StudyError(f"upstream must be an address such as http://127.0.0.1:8000/v1, not {self.upstream!r}")

    def kind(self, method: str, path: str, body: bytes, turn: int) -> str:
        """What this request meets when it comes for the so-manyth time (from 0); "" where it is passed on as it is."""
        (drawn,) = uniforms(1, self.seed, "chaos", method, path, digest(body.decode("latin-1")).hex(), turn)
        for kind, rate in self.rates.items():
            if drawn < rate:
                return kind
            drawn -= rate
        return ""


def parse_rates(text: str) -> dict[str, float]:
    """Rates written as `429=3%, cut=0.005`. Raises StudyError for an unknown kind, and for what is no share."""
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, equals, rate = (piece.strip() for piece in part.partition("="))
        if kind not in KINDS:
            raise StudyError(f"nothing called {kind!r} can be injected{did_you_mean(kind, KINDS)} ({', '.join(KINDS)})")
        try:
            found[kind] = float(rate) if not rate.endswith("%") else points(rate, kind)
        except ValueError as error:
            raise StudyError(f"{part!r} must read KIND=SHARE, as in 429=3%") from error
        if not equals or not math.isfinite(found[kind]) or not 0 <= found[kind] <= 1:
            raise StudyError(f"{kind} = {rate!r} must be a share from 0 to 1, or 0% to 100%")
    if not found:
        raise StudyError(f"name at least one rate, as in 429=3% ({', '.join(KINDS)})")
    if sum(found.values()) > 1 + 1e-9:
        raise StudyError(f"the rates add up to {sum(found.values()):.0%}; they must leave 100% in all")
    return found


@asynccontextmanager
async def running(chaos: Chaos, journal: Path, port: int = 0) -> AsyncIterator[str]:
    """Runs the proxy on 127.0.0.1 and gives the address that stands for the upstream's.

    Raises ResultsError where the journal cannot be written, or the port is taken.
    """
    import aiohttp
    from aiohttp import web

    with _Log(journal) as log:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=True) as session:
            app = web.Application(client_max_size=1 << 30)
            app.router.add_route("*", "/{path:.*}", _Proxy(chaos, session, log).handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", port)
                try:
                    await site.start()
                except OSError as error:
                    raise ResultsError(f"port {port} on 127.0.0.1 is taken ({error.strerror}); use --port") from error
                taken = runner.addresses[0][1]
                yield f"http://127.0.0.1:{taken}{urlsplit(chaos.upstream).path.rstrip('/')}"
            finally:
                await runner.cleanup()


def serve(
    chaos: Chaos,
    journal: Path,
    *,
    port: int = 0,
    command: Sequence[str] = (),
    announce: Callable[[str], None] = lambda url: None,
) -> int:
    """Runs the proxy until Ctrl-C, or while a command runs; gives the command's exit code.

    The command finds the address in ROADTEST_CHAOS_URL, and in OPENAI_BASE_URL, which OpenAI's clients obey.
    """
    with _beside(chaos, journal, port) as url:
        announce(url)
        return while_serving(command, {"ROADTEST_CHAOS_URL": url, "OPENAI_BASE_URL": url})


@contextlib.contextmanager
def _beside(chaos: Chaos, journal: Path, port: int) -> Iterator[str]:
    """The proxy in a thread of its own, because this one waits for signals and the command."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    told: list[str] = []
    raised: list[BaseException] = []

    async def run() -> None:
        async with running(chaos, journal, port) as url:
            told.append(url)
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            loop.run_until_complete(run())
        except BaseException as error:
            raised.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="roadtest chaos", daemon=True)
    thread.start()
    ready.wait()
    if raised:
        raise raised[0]
    try:
        yield told[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


class _Log:
    """The proxy's journal: a line a request, on the disk before the request's answer ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        except OSError as error:
            raise ResultsError(f"{self._path}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=True).encode("ascii") + b"\n")
        os.fsync(self._file.fileno())


class _Proxy:
    def __init__(self, chaos: Chaos, session: Any, log: _Log) -> None:
        self._chaos = chaos
        self._session = session
        self._log = log
        self._turns: Counter[bytes] = Counter()
        parts = urlsplit(chaos.upstream)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    async def handle(self, request: Any) -> Any:
        """Answers one request: injects, or passes on."""
        from aiohttp import web

        began, body = _now(), await request.read()
        key = digest(request.method, request.path_qs, body.decode("latin-1"))
        turn = self._turns[key]
        self._turns[key] += 1
        kind = self._chaos.kind(request.method, request.path_qs, body, turn)
        line = {"at": began, "path": request.path, "turn": turn, "injected": kind, "said": said(body)}

        def note(status: int) -> None:
            self._log.write({**line, "until": _now(), "status": status})

        if kind == "timeout":
            await asyncio.sleep(self._chaos.hold)
            note(0)
            request.transport.close()
            return web.Response()
        if kind in _UNASKED:
            note(int(kind))
            headers = {"Retry-After": f"{self._chaos.retry_after:g}"} if kind == "429" else {}
            error = {"message": _SAID[kind], "type": "injected", "code": None}
            return web.json_response({"error": error}, status=int(kind), headers=headers)
        return await self._passed_on(request, body, kind, note)

    async def _passed_on(self, request: Any, body: bytes, kind: str, note: Callable[[int], None]) -> Any:
        import aiohttp
        from aiohttp import web

        headers = {n: v for n, v in request.headers.items() if n.lower() not in _HOP_BY_HOP}
        headers["Accept-Encoding"] = "identity"
        url = self._origin + request.path_qs
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                kept = {n: v for n, v in answer.headers.items() if n.lower() not in _HOP_BY_HOP}
                response = web.StreamResponse(status=answer.status, headers=kept)
                if kind in ("cut", "truncated", "null"):
                    content = broken(kind, await answer.read())
                    response.content_length = len(content) * (2 if kind == "cut" else 1)
                    await response.prepare(request)
                    await response.write(content)
                else:
                    await response.prepare(request)
                    async for piece in answer.content.iter_any():
                        if kind == "slow":
                            await asyncio.sleep(self._chaos.pause)
                        await response.write(piece)
        except (aiohttp.ClientError, OSError) as error:
            note(502)
            told = {"message": f"{self._origin} cannot be reached: {error}", "type": "upstream", "code": None}
            return web.json_response({"error": told}, status=502)
        note(answer.status)
        if kind == "cut":
            request.transport.close()
            return response
        await response.write_eof()
        return response


def broken(kind: str, content: bytes) -> bytes:
    """What is sent of an answer that is cut, truncated or without its text."""
    events = content.split(b"\n\n") if content.lstrip().startswith((b"data:", b"event:")) else None
    if kind != "null":
        if events:
            return b"".join(event + b"\n\n" for event in events[: max(1, len(events) // 2)])
        return content[: max(1, len(content) // 2)]
    if events:
        return b"\n\n".join(_nulled_event(event) for event in events)
    try:
        data = json.loads(content)
    except ValueError:
        return content
    return json.dumps(_nulled(data)).encode("ascii")


def _nulled_event(event: bytes) -> bytes:
    lines = []
    for line in event.split(b"\n"):
        if line.startswith(b"data:") and not line.endswith(b"[DONE]"):
            with contextlib.suppress(ValueError):
                line = b"data: " + json.dumps(_nulled(json.loads(line[5:]))).encode("ascii")
        lines.append(line)
    return b"\n".join(lines)


def _nulled(data: Any) -> Any:
    """The answer with null for its text, where OpenAI, Anthropic and Ollama have it."""
    if not isinstance(data, dict):
        return data
    found = dict(data)
    if isinstance(data.get("choices"), list):
        found["choices"] = [_without_content(choice) for choice in data["choices"]]
    elif isinstance(data.get("message"), dict):
        found["message"] = {**data["message"], "content": None}
    elif isinstance(data.get("content"), list | str):
        found["content"] = None
    elif isinstance(data.get("delta"), dict) and "text" in data["delta"]:
        found["delta"] = {**data["delta"], "text": None}
    return found


def _without_content(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    return {
        **choice,
        **{
            name: {**choice[name], "content": None}
            for name in ("message", "delta")
            if isinstance(choice.get(name), dict) and "content" in choice[name]
        },
    }


def said(body: bytes) -> list[str]:
    """The texts in a request: of its messages, else its prompt, else the whole body."""
    try:
        data = json.loads(body)
    except ValueError:
        return [body.decode("utf-8", "replace")]
    messages = data.get("messages") if isinstance(data, dict) else None
    found: list[str] = []
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        found += [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if not found and isinstance(data, dict) and isinstance(data.get("prompt"), str):
        found = [data["prompt"]]
    return found or [body.decode("utf-8", "replace")]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
