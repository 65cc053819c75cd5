"""A loopback proxy between an application and its model endpoint that breaks a set share of the answers.

It is the application's own retries, parsing and fallbacks that are tested: the study asks the application, and the
application's calls to its model go through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
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

from .bodies import EVENT_END, broken, said
from .children import while_serving
from .errors import ResultsError, StudyError, did_you_mean
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
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    "upgrade host content-length accept-encoding content-encoding".split()
)
_EDITED = frozenset({"cut", "truncated", "null"})  # these need the whole answer before they send any of it
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
        with contextlib.suppress(ValueError):  # of brackets that do not close
            parts = urlsplit(self.upstream)
            if parts.scheme in ("http", "https") and parts.netloc:
                return
        raise StudyError(f"upstream must be an address such as http://127.0.0.1:8000/v1, not {self.upstream!r}")

    def kind(self, method: str, path: str, body: bytes, turn: int) -> str:
        """What this request meets when it comes for the so-manyth time (from 0); "" where it is passed on as it is."""
        (drawn,) = uniforms(1, self.seed, "chaos", method, path, digest(body.decode("latin-1")).hex(), turn)
        for kind in KINDS:  # in this order, however the rates were written
            if drawn < self.rates.get(kind, 0.0):
                return kind
            drawn -= self.rates.get(kind, 0.0)
        return ""


def parse_rates(text: str) -> dict[str, float]:
    """Rates written as `429=3%, cut=0.005`. Raises StudyError for an unknown kind, and for what is no share."""
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, equals, rate = (piece.strip() for piece in part.partition("="))
        if kind not in KINDS:
            raise StudyError(f"nothing called {kind!r} can be injected{did_you_mean(kind, KINDS)} ({', '.join(KINDS)})")
        if kind in found:
            raise StudyError(f"{kind} has two rates; give it one")
        try:
            share = float(rate.removesuffix("%")) / (100 if rate.endswith("%") else 1)
        except ValueError as error:
            raise StudyError(f"{part!r} must read KIND=SHARE, as in 429=3%") from error
        if not equals or not 0 <= share <= 1:
            raise StudyError(f"{kind} = {rate!r} must be a share from 0 to 1, or 0% to 100%")
        found[kind] = share
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
        jar = aiohttp.DummyCookieJar()  # cookies are the application's own affair
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=jar,
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        ) as session:
            app = web.Application(client_max_size=1 << 30)
            app.router.add_route("*", "/{path:.*}", _Proxy(chaos, session, log).handle)
            # A client that gives up ends its request at once: here, in the journal, and at the model.
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
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
            loop.close()
            ready.set()

    thread = threading.Thread(target=work, name="roadtest chaos", daemon=True)
    thread.start()
    ready.wait()
    if raised:
        raise raised[0]
    try:
        yield told[0]
    finally:
        with contextlib.suppress(RuntimeError):  # of a loop that is closed already
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)


class _Log:
    """The proxy's journal: a line a request, on the disk before the request's answer ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists():  # a killed proxy's half line must not melt into the next
                os.truncate(self._path, self._path.read_bytes().rfind(b"\n") + 1)
            self._file = self._path.open("ab", buffering=0)
        except OSError as error:
            raise ResultsError(f"{self._path}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: Mapping[str, Any]) -> None:
        content, end = json.dumps(line, ensure_ascii=True).encode("ascii") + b"\n", self._file.tell()
        try:
            if self._file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise ResultsError(f"{self._path}: cannot be written: {error.strerror}") from error


@dataclass
class _Line:
    """What the journal will say of one request; written once, when its answer is about to end or its client is gone."""

    log: _Log
    began: str
    path: str
    turn: int
    kind: str
    said: list[str]
    status: int = 0
    written: bool = False

    def write(self) -> None:
        if self.written:
            return
        self.written = True
        told = {"at": self.began, "until": _now(), "path": self.path, "turn": self.turn}
        self.log.write({**told, "injected": self.kind, "status": self.status, "said": self.said})


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
        began, body = _now(), await request.read()
        key = digest(request.method, request.path_qs, body.decode("latin-1"))
        turn = self._turns[key]
        self._turns[key] += 1
        kind = self._chaos.kind(request.method, request.path_qs, body, turn)
        line = _Line(self._log, began, request.path, turn, kind, said(body))
        try:
            if kind in _UNASKED:
                return await self._refused(request, line)
            return await self._passed_on(request, body, line)
        finally:
            line.write()

    async def _refused(self, request: Any, line: _Line) -> Any:
        from aiohttp import web

        if line.kind == "timeout":
            await asyncio.sleep(self._chaos.hold)
            line.write()
            return _closed(request, web.Response())
        line.status = int(line.kind)
        headers = {"Retry-After": f"{self._chaos.retry_after:g}"} if line.kind == "429" else {}
        return _error(line.status, _SAID[line.kind], "injected", headers)

    async def _passed_on(self, request: Any, body: bytes, line: _Line) -> Any:
        import aiohttp
        from yarl import URL

        headers = _kept(request.headers)
        headers["Accept-Encoding"] = "identity"
        target = request.raw_path if request.raw_path.startswith("/") else request.path_qs
        url = URL(self._origin + target, encoded=True)
        try:
            async with self._session.request(
                request.method, url, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                if line.kind in _EDITED:
                    return await self._edited(request, answer, line)
                return await self._streamed(request, answer, line)
        except (aiohttp.ClientError, OSError) as error:
            away = isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL)
            line.kind, line.status = "", 502  # nothing was injected: there was no answer to break
            told = f"{self._origin} {'cannot be reached' if away else 'broke off its answer'}: {error}"
            return _error(502, told, "upstream", {})

    async def _streamed(self, request: Any, answer: Any, line: _Line) -> Any:
        """The answer as it comes, with pauses where it is to be slow."""
        import aiohttp
        from aiohttp import web

        response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
        left = None if "Content-Encoding" in answer.headers else answer.content_length
        response.content_length = left
        line.status = answer.status
        try:
            await response.prepare(request)
            async for come in answer.content.iter_any():
                for piece in EVENT_END.split(come) if line.kind == "slow" else [come]:
                    if line.kind == "slow" and piece:
                        await asyncio.sleep(self._chaos.pause)
                    left = left and left - len(piece)
                    if left == 0:  # with this piece, the client has all that it waits for
                        line.write()
                    await response.write(piece)
        except (aiohttp.ClientError, OSError):  # one side broke off: the other finds an answer without an end
            line.write()
            return _closed(request, response)
        line.write()
        await response.write_eof()
        return response

    async def _edited(self, request: Any, answer: Any, line: _Line) -> Any:
        """The answer, once it is whole, cut, truncated or without its text; as it is where it has nothing to break."""
        from aiohttp import web

        content = await answer.read()
        sent = content if line.kind == "null" and not answer.ok else broken(line.kind, content)
        if sent == content:
            line.kind = ""
        response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
        response.content_length = len(content) if line.kind == "cut" else len(sent)
        line.status = answer.status
        line.write()
        with contextlib.suppress(OSError):  # the client is gone
            await response.prepare(request)
            await response.write(sent)
            if line.kind != "cut":
                await response.write_eof()
        return _closed(request, response) if line.kind == "cut" else response


def _kept(headers: Any) -> Any:
    """The headers that go further: all but those of one hop, those it names, and those of lengths and encodings."""
    from multidict import CIMultiDict

    named = {name.strip().lower() for value in headers.getall("Connection", ()) for name in value.split(",")}
    dropped = _HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def _closed(request: Any, response: Any) -> Any:
    """The response of a request whose connection ends here, whatever the client still waits for."""
    if request.transport is not None:
        request.transport.close()
    return response


def _error(status: int, message: str, kind: str, headers: Mapping[str, str]) -> Any:
    from aiohttp import web

    return web.json_response(
        {"error": {"message": message, "type": kind, "code": None}}, status=status, headers=dict(headers)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
