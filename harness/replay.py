"""Asks what a plan still lacks and journals every answer before counting it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from .calls import Plan, Request
from .errors import EndpointError, ResultsError, StudyError
from .journal import Journal, Record, located_records, record_at
from .pacing import Pace
from .replies import Endpoint, Reply
from .retrying import Retrying

FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the endpoint is taken to be down, and the replay stops resumably."""

FEWEST_TRIED, SURELY = 20, 3.0
"""Calls from which on the share of failed ones can stop a replay, and the standard deviations by which it must exceed
the study's limit: a few early failures may be bad luck."""

Watcher = Callable[[Record], None]
"""Is told of each record once it is on the disk."""

Rule = Callable[[], Collection[str]]
"""Is asked at each look at the results: the names of the conditions whose answer is known."""

Ask = Callable[[Request], Awaitable[Reply]]
"""One planned call, with its pace, tries and waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a replay ended: all answered, or stopped early for a reason that a person can read.

    `spared` counts the calls that were not made because the answer was known without them, `spent` the US dollars of
    all answers in the journal as far as their price is known.
    """

    answered: int
    failed: int
    stopped: str = ""
    spared: int = 0
    spent: float = 0.0

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
    recorded: Ask | None = None,
) -> Outcome:
    """Makes the calls of the plan that the journal has no reply for.

    `concurrency` is the most calls in flight (0 = as the study says); with 1 the calls are made one at a time in the
    order of the plan. `rule` is asked between one look and the next which conditions need not be asked any further;
    when all are known nothing more is paid for. `recorded` answers in the endpoint's place. Ctrl-C lets the calls in
    flight finish, ends waits, journals and stops; a second one stops at once. A failure that every call would meet,
    many failures in a row, a share of them above the study's limit, and a spent budget stop it too. Stopping never
    loses an answer: the same call goes on from there. Raises ResultsError where the journal cannot be written, or
    holds what the plan has not.
    """
    if concurrency < 0:
        raise StudyError(f"concurrency must be at least 1 (0 = as the study says), not {concurrency}")
    with Journal(journal) as open_journal:
        state = _State(plan, journal)
        runner = _Replay(plan, state, open_journal, watch, rule)
        try:
            _run(runner.run(endpoint, concurrency or plan.study.system.concurrency, recorded))
        finally:
            runner.writer.drain()
    if runner.broken:
        raise runner.broken
    failed = len(plan.order) - state.answered - runner.spared
    return Outcome(state.answered, failed, runner.stopped, runner.spared, state.spent)


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs to the end; where a loop is running already (a notebook), in a thread beside it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(coroutine)
        return
    raised: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, name="roadtest replay")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


class _State:
    """What the journal holds of a plan: which calls have their answer, and what was paid."""

    def __init__(self, plan: Plan, journal: Path) -> None:
        self.journal = journal
        self.done = bytearray(len(plan.cases) * plan.study.repeats + len(plan.survey.sent))
        self.answered = 0
        self.spent = 0.0
        self.priced = True
        self.shared: dict[int, int] = {}
        for begin, record in located_records(journal):
            number = plan.number_of(record.id)
            if number is None:
                raise ResultsError(f"{journal}: has a record {record.id!r} of no planned call of this study")
            if record.reply is None:
                continue
            self.take(number, record)
            twins = plan.twins_of(number)
            if twins is not None:
                self.shared.setdefault(twins, begin)

    def take(self, number: int, record: Record) -> None:
        """Counts an answer that is on the disk."""
        assert record.reply is not None
        self.spent += record.paid
        self.priced = self.priced and record.reply.cost is not None
        self.answered += not self.done[number]
        self.done[number] = 1


class _Writer:
    """Brings records to the disk, those that come together with one wait for it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pending: list[tuple[Sequence[Record], asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def write(self, records: Sequence[Record]) -> None:
        """Returns when the disk has them. Raises ResultsError where it cannot."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((records, written))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await written

    async def _flush(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            records = [record for records, _ in batch for record in records]
            error: Exception | None = None
            try:
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._journal.append, *records))
            except Exception as raised:  # it is told to whoever waits
                error = raised
            for _, written in batch:
                if not written.done():
                    written.set_result(None) if error is None else written.set_exception(error)
        self._flushing = None

    def drain(self) -> None:
        """Writes what a stop at once left behind."""
        batch, self._pending = self._pending, []
        if batch:
            self._journal.append(*(record for records, _ in batch for record in records))


class _Replay:
    def __init__(self, plan: Plan, state: _State, journal: Journal, watch: Watcher, rule: Rule) -> None:
        self._plan = plan
        self._state = state
        self._watch = watch
        self._rule = rule
        self._in_a_row = self._tried = self._answered = 0
        self._failures: Counter[str] = Counter()
        self.writer = _Writer(journal)
        self.spared = 0
        self.stopped = ""
        self.broken: ResultsError | None = None

    async def run(self, endpoint: Endpoint, concurrency: int, recorded: Ask | None) -> None:
        """Works through what is not done, look by look, and leaves out what the rule says is known."""
        self._stopping = asyncio.Event()
        self._ask = recorded or self._asking(endpoint, concurrency)
        self._name = endpoint.name
        settled: set[str] = set()
        plan, done = self._plan, self._state.done
        conditions = {plan.condition_of(number) for number in plan.order} - {"clean"}
        try:
            with self._interruptible():
                for look, planned in groupby(plan.order, key=plan.look_of):
                    todo = [number for number in planned if not done[number]]
                    if look and todo and not self.stopped and not settled >= conditions:
                        settled |= set(self._rule())
                    everything = settled >= conditions
                    needed = [n for n in todo if not everything and plan.condition_of(n) not in settled]
                    self.spared += len(todo) - len(needed)
                    if not self.stopped:
                        await self._work_through(needed, concurrency)
        finally:
            close = getattr(endpoint, "close", None)
            if close:
                await close()

    def _asking(self, endpoint: Endpoint, concurrency: int) -> Ask:
        system = self._plan.study.system
        pace = Pace(concurrency, system.limits(), self._stopping)
        most_tokens = 0 if system.callable or system.url else system.max_tokens
        tries = Retrying(endpoint, system.retries, pace=pace, stopping=self._stopping, most_tokens=most_tokens)
        return lambda request: tries(request.messages)

    async def _work_through(self, needed: Sequence[int], concurrency: int) -> None:
        """Asks these, so many at once; the very first call goes alone, so that a wrong key costs one call."""
        groups = self._groups(needed)
        for group in groups if not self._tried else ():
            await self._answer(group)
            if self._tried:
                break
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, len(needed))):
                workers.create_task(self._work(groups))

    def _groups(self, needed: Sequence[int]) -> Iterator[list[int]]:
        """What is asked by one call: most numbers alone, and those together that read the same."""
        twins: dict[int, list[int]] = {}
        for number in needed:
            leader = self._plan.twins_of(number)
            if leader is not None:
                twins.setdefault(leader, []).append(number)
        for number in needed:
            leader = self._plan.twins_of(number)
            if leader is None:
                yield [number]
            elif leader in twins:
                yield twins.pop(leader)

    async def _work(self, groups: Iterator[list[int]]) -> None:
        while not self.stopped:
            group = next(groups, None)
            if group is None:
                return
            await self._answer(group)

    async def _answer(self, group: list[int]) -> None:
        """Asks the first of these, unless another one like them has been asked before, and shares the answer."""
        requests = [self._plan.request(number) for number in group]
        twins = self._plan.twins_of(group[0])
        known = self._state.shared.get(twins) if twins is not None else None
        if known is not None:
            record = record_at(self._state.journal, known)
            await self._keep(group, [replace(record, id=one.id, of=record.of or record.id) for one in requests])
            return
        if self._over_budget():
            return
        record = await self._asked(requests[0])
        await self._keep(group, [record, *(replace(record, id=one.id, of=record.id) for one in requests[1:])])

    async def _asked(self, request: Request) -> Record:
        """The record of one call."""
        self._tried += 1
        try:
            reply = await self._ask(request)
            if not isinstance(reply, Reply):
                raise TypeError(f"it returned {type(reply).__name__}, expected a Reply")
        except Exception as error:
            if not isinstance(error, EndpointError):  # an endpoint of the user's own
                error = EndpointError("raised", f"{self._name} raised {type(error).__name__}: {error}")
            self._note_failure(error)
            return Record(request.id, _now(), None, error.kind, str(error))
        self._answered += 1
        self._in_a_row = 0
        return Record(request.id, _now(), reply)

    async def _keep(self, group: Sequence[int], records: Sequence[Record]) -> None:
        """Journals what came of a call, then counts it and tells of it."""
        try:
            await self.writer.write(records)
        except ResultsError as error:  # the others finish and are kept if the disk takes them
            self.broken = self.broken or error
            self._stop(str(error))
            return
        for number, record in zip(group, records, strict=True):
            if record.reply is not None:
                self._state.take(number, record)
            try:
                self._watch(record)
            except Exception:  # a progress bar that died must not end a paid run
                self._watch = lambda record: None

    def _over_budget(self) -> bool:
        """Stops where the budget is spent, or could not be kept because nobody knows what a call costs."""
        budget = self._plan.study.budget
        if budget and not self._state.priced:
            self._stop(
                f"the budget of ${budget:g} cannot be kept: there is no listed price for {self._name}; give one, as in "
                "[endpoint] price = {input = 0.15, output = 0.6} (US dollars for a million tokens) or {call = 0.01}"
            )
        elif budget and self._state.spent >= budget:
            self._stop(f"the budget of ${budget:g} is spent (${self._state.spent:.4f}); raise it to go on")
        return bool(self.stopped)

    def _note_failure(self, error: EndpointError) -> None:
        self._in_a_row += 1
        self._failures[error.kind] += 1
        failed, limit = self._failures.total(), self._plan.study.system.failures
        nothing_yet = error.kind == "connection" and not self._answered and self._in_a_row == 1
        if error.kind in EndpointError.FATAL or nothing_yet or self._in_a_row >= FAILURES_IN_A_ROW:
            self._stop(str(error))
        elif self._tried >= FEWEST_TRIED and failed > limit * self._tried + SURELY * math.sqrt(
            limit * (1 - limit) * self._tried
        ):
            kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in self._failures.most_common())
            self._stop(
                f"{failed} of {self._tried} calls brought no answer ({kinds}), more than the {limit:.0%} of [endpoint] "
                f"failures; the last one: {error}"
            )

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        self._stopping.set()

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self.stopped = "interrupted; the calls in flight were finished and kept"
            self._stopping.set()
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
