"""Asks what a plan still lacks and journals every answer before counting it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from .endpoints import Retrying
from .errors import EndpointError, ResultsError, StudyError
from .journal import Journal, Record, final_records
from .replies import Endpoint, Reply
from .study import Plan, Request

FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the endpoint is taken to be down, and the replay stops resumably."""

Watcher = Callable[[Record], None]
"""Is told of each record once it is on the disk."""


Rule = Callable[[], Collection[str]]
"""Is asked at each look at the results: the names of the conditions whose answer is known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a replay ended: all answered, or stopped early for a reason that a person can read.

    `spared` counts the calls that were not made because the answer was known without them.
    """

    answered: int
    failed: int
    stopped: str = ""
    spared: int = 0

    @property
    def complete(self) -> bool:
        """Whether every planned call has a reply."""
        return not self.stopped and not self.failed


def replay(
    plan: Plan,
    endpoint: Endpoint,
    journal: Path,
    *,
    watch: Watcher = lambda record: None,
    concurrency: int = 0,
    rule: Rule = lambda: (),
) -> Outcome:
    """Makes the calls of the plan that the journal has no reply for.

    `concurrency` is the number of calls in flight (0 = as the study says); with 1 the calls are made one at a time in
    the order of the plan. `rule` is asked between one look and the next which conditions need not be asked any further;
    when all are known nothing more is paid for. Ctrl-C lets the calls in flight finish, journals them and stops; a
    second one stops at once. A failure that every call would meet, and many failures in a row, stop it too. Stopping
    never loses an answer: the same call goes on from there. Raises ResultsError where the journal cannot be written.
    """
    if concurrency < 0:
        raise StudyError(f"concurrency must be at least 1 (0 = as the study says), not {concurrency}")
    with Journal(journal) as open_journal:
        done = {key for key, record in final_records(journal).items() if record.reply is not None}
        runner = _Replay(Retrying(endpoint, plan.study.system.retries), open_journal, watch, rule)
        asyncio.run(runner.run(plan.requests, done, concurrency or plan.study.system.concurrency))
    if runner.broken:
        raise runner.broken
    answered = len(done) + runner.answered
    return Outcome(answered, len(plan.requests) - answered - runner.spared, runner.stopped, runner.spared)


class _Replay:
    def __init__(self, endpoint: Endpoint, journal: Journal, watch: Watcher, rule: Rule) -> None:
        self._endpoint = endpoint
        self._journal = journal
        self._watch = watch
        self._rule = rule
        self._in_a_row = 0
        self.answered = self.tried = self.spared = 0
        self.stopped = ""
        self.broken: ResultsError | None = None

    async def run(self, requests: Sequence[Request], done: set[str], concurrency: int) -> None:
        """Works through what is not done, look by look, and leaves out what the rule says is known."""
        settled: set[str] = set()
        conditions = {request.condition for request in requests} - {"clean"}
        with self._interruptible():
            for look, planned in groupby(requests, key=lambda request: request.look):
                todo = [request for request in planned if request.id not in done]
                if look and todo and not self.stopped and not settled >= conditions:
                    settled |= set(self._rule())
                everything = settled >= conditions
                needed = [request for request in todo if not everything and request.condition not in settled]
                self.spared += len(todo) - len(needed)
                if not self.stopped:
                    await self._ask_all(needed, concurrency)

    async def _ask_all(self, todo: list[Request], concurrency: int) -> None:
        """Asks these, so many at once; the very first call goes alone, so that a wrong key costs one call."""
        queue = iter(todo)
        if not self.tried:
            for request in queue:
                await self._ask(request)
                break
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, len(todo))):
                workers.create_task(self._work(queue))

    async def _work(self, queue: Iterator[Request]) -> None:
        while not self.stopped:
            request = next(queue, None)
            if request is None:
                return
            await self._ask(request)

    async def _ask(self, request: Request) -> None:
        self.tried += 1
        try:
            reply = await self._endpoint(request.messages)
            if not isinstance(reply, Reply):
                raise TypeError(f"it returned {type(reply).__name__}, expected a Reply")
        except Exception as error:
            if not isinstance(error, EndpointError):  # an endpoint of the user's own
                error = EndpointError("raised", f"{self._endpoint.name} raised {type(error).__name__}: {error}")
            self._note_failure(error)
            record = Record(request.id, _now(), None, error.kind, str(error))
        else:
            self.answered += 1
            self._in_a_row = 0
            record = Record(request.id, _now(), reply)
        try:
            self._journal.append(record)
        except ResultsError as error:  # the others finish and are kept if the disk takes them
            self.broken = self.broken or error
            self.stopped = self.stopped or str(error)
            return
        try:
            self._watch(record)
        except Exception:  # a progress bar that died must not end a paid run
            self._watch = lambda record: None

    def _note_failure(self, error: EndpointError) -> None:
        self._in_a_row += 1
        nothing_yet = error.kind == "connection" and not self.answered and self._in_a_row == 1
        if error.kind in EndpointError.FATAL or nothing_yet or self._in_a_row >= FAILURES_IN_A_ROW:
            self.stopped = self.stopped or str(error)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self.stopped = "interrupted; the calls in flight were finished and kept"
            loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C stops at once

        installed = True
        try:
            loop.add_signal_handler(signal.SIGINT, stop)
        except (NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread
            installed = False
        try:
            yield
        finally:
            if installed:
                loop.remove_signal_handler(signal.SIGINT)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
