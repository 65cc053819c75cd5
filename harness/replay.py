"""Asks what a plan still lacks and journals every answer before counting it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .brakes import Brakes
from .calls import Plan, Request
from .errors import CaseError, EndpointError, ResultsError, StudyError
from .journal import Journal, Record, located_records, record_at
from .pacing import Halted, Pace
from .replies import Endpoint, Reply
from .retrying import Retrying
from .systems import System

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
    engine: Engine | None = None,
) -> Outcome:
    """Makes the calls of the plan that the journal has no reply for.

    `concurrency` is the most calls in flight (0 = as the study says); with 1 the calls are made one at a time in the
    order of the plan. `rule` is asked between one look and the next which conditions need not be asked any further;
    when all are known nothing more is paid for. `recorded` answers in the endpoint's place, and an `engine` makes the
    calls elsewhere. Ctrl-C lets the calls in flight finish, ends waits, journals and stops; a second one stops at once.
    A failure that every call would meet, many failures in a row, a share of them above the study's limit, and a spent
    budget stop it too. Stopping never loses an answer: the same call goes on from there. Raises ResultsError where the
    journal cannot be written, or holds what the plan has not.
    """
    if concurrency < 0:
        raise StudyError(f"concurrency must be at least 1 (0 = as the study says), not {concurrency}")
    study = plan.study
    engine = engine or Local(study.system, endpoint, concurrency or study.system.concurrency, recorded)
    brakes = Brakes(endpoint.name, study.budget, study.system.failures)
    with Journal(journal) as open_journal:
        state = _State(plan, journal, brakes)
        session = Session(plan, state, open_journal, watch, brakes)
        try:
            spared = run_to_end(_work_through(session, engine, state, rule))
        finally:
            session.writer.drain()
    if session.broken:
        raise session.broken
    failed = len(plan.order) - state.answered - spared
    return Outcome(state.answered, failed, brakes.stopped, spared, brakes.spent)


Value = TypeVar("Value")


def run_to_end(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Runs to the end; where a loop is running already (a notebook), in a thread beside it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1, thread_name_prefix="roadtest replay") as beside:
        return beside.submit(asyncio.run, coroutine).result()


class _State:
    """What the journal holds of a plan: which calls have their answer, and where those are that others may share."""

    def __init__(self, plan: Plan, journal: Path, brakes: Brakes) -> None:
        self.journal = journal
        self.done = bytearray(plan.numbering.total)
        self.answered = 0
        self.shared: dict[int, int] = {}
        for begin, record in located_records(journal):
            number = plan.numbering.number_of(record.id)
            if number is None:
                raise ResultsError(f"{journal}: has a record {record.id!r} of no planned call of this study")
            if record.reply is None:
                continue
            self.take(number)
            brakes.paid(record.reply.cost, bool(record.of))
            twins = plan.twins_of(number)
            if twins is not None:
                self.shared.setdefault(twins, begin)

    def take(self, number: int) -> None:
        """Counts an answer that is on the disk."""
        self.answered += not self.done[number]
        self.done[number] = 1


class Store(Protocol):
    """Where records are kept for good."""

    def append(self, *records: Record) -> None:
        """Returns when they are safe; raises ResultsError where they cannot be."""
        ...


class Writer:
    """Brings records to the disk, those that come together with one wait for it."""

    def __init__(self, journal: Store) -> None:
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


class Stops:
    """Whether further calls may be begun; `stopping` is set once they may not."""

    def __init__(self, brakes: Brakes) -> None:
        self.brakes = brakes
        self.stopping = asyncio.Event()

    def stop(self, why: str) -> None:
        """Begins no further call and ends every wait."""
        self.brakes.stop(why)
        self.stopping.set()

    def may_begin(self) -> bool:
        """Whether a further call may be begun; where it may not, every wait is ended."""
        if self.brakes.before():
            self.stopping.set()
        return not self.stopping.is_set()


class Session(Stops):
    """One replay under way: what an engine needs to ask calls and to keep what comes of them."""

    def __init__(self, plan: Plan, state: _State, journal: Journal, watch: Watcher, brakes: Brakes) -> None:
        super().__init__(brakes)
        self.plan = plan
        self.broken: ResultsError | None = None
        self.writer = Writer(journal)
        self._state = state
        self._watch = watch

    def known(self, group: Sequence[int]) -> Record | None:
        """The answer that a group of calls that read the same has in the journal already."""
        twins = self.plan.twins_of(group[0])
        begin = self._state.shared.get(twins) if twins is not None else None
        return None if begin is None else record_at(self._state.journal, begin)

    async def keep(self, group: Sequence[int], record: Record) -> None:
        """Journals what came of a call, for all that read the same, then counts it and tells of it."""
        of = record.of or record.id
        ids = map(self.plan.numbering.id_of, group)
        records = [record if one == record.id else replace(record, id=one, of=of) for one in ids]
        try:
            await self.writer.write(records)
        except ResultsError as error:  # the others finish and are kept if the disk takes them
            self.broken = self.broken or error
            self.stop(str(error))
            return
        for number, one in zip(group, records, strict=True):
            if one.reply is not None:
                self._state.take(number)
            try:
                self._watch(one)
            except Exception:  # a progress bar that died must not end a paid run
                self._watch = lambda record: None


class Engine(Protocol):
    """What makes the calls of a replay."""

    async def work_through(self, session: Session, groups: Iterator[list[int]]) -> None:
        """Asks the first of each of these groups of calls that read the same, and keeps what comes of it."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


class Local:
    """The engine of one process: so many calls in flight at most, at the pace that the endpoint keeps."""

    def __init__(self, system: System, endpoint: Endpoint, concurrency: int, recorded: Ask | None = None) -> None:
        self._system = system
        self._endpoint = endpoint
        self._concurrency = concurrency
        self._recorded = recorded
        self._ask: Ask | None = None

    async def work_through(self, session: Session, groups: Iterator[list[int]]) -> None:
        """The very first call goes alone, so that a wrong key costs one call."""
        if self._ask is None:
            tries = asking(self._system, self._endpoint, self._concurrency, session)
            self._ask = self._recorded or (lambda request: tries(request.messages))
            for group in groups:
                if await self._answer(session, group):
                    break
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._concurrency):
                workers.create_task(self._work(session, groups))

    async def close(self) -> None:
        """Closes the endpoint's connections, if it keeps any."""
        close = getattr(self._endpoint, "close", None)
        if close:
            await close()

    async def _work(self, session: Session, groups: Iterator[list[int]]) -> None:
        while not session.brakes.stopped:
            group = next(groups, None)
            if group is None:
                return
            await self._answer(session, group)

    async def _answer(self, session: Session, group: list[int]) -> bool:
        """Shares the answer that is known, or asks; whether it asked."""
        known = session.known(group)
        if known is not None:
            await session.keep(group, known)
            return False
        if not session.may_begin():
            return True
        assert self._ask is not None
        try:
            request = session.plan.request(group[0])
            record = await asked(request.id, self._ask(request), self._endpoint.name)
        except Halted:
            return True
        except CaseError as error:  # a picture that cannot be drawn on this machine
            record = Record(session.plan.numbering.id_of(group[0]), now(), None, "raised", str(error))
        session.brakes.take(record.failure, record.message, record.reply.cost if record.reply else None)
        session.may_begin()  # what came may be a reason to stop, and whoever waits should know at once
        await session.keep(group, record)
        return True


def asking(system: System, endpoint: Endpoint, concurrency: int, stops: Stops) -> Retrying:
    """How one call is made: at the pace of the endpoint, within its limits, with further tries where they help."""
    pace = Pace(concurrency, system.limits(), stops.stopping, may_begin=stops.may_begin)
    most_tokens = system.max_tokens if system.model else 0
    return Retrying(endpoint, system.retries, pace=pace, stopping=stops.stopping, most_tokens=most_tokens)


async def asked(request_id: str, call: Awaitable[Reply], name: str) -> Record:
    """The record of one call to a system of this name, whatever comes of it. Raises Halted where it was not begun."""
    try:
        reply = await call
        if not isinstance(reply, Reply):
            raise TypeError(f"it returned {type(reply).__name__}, expected a Reply")
    except Halted:
        raise
    except Exception as error:
        if not isinstance(error, EndpointError):  # an endpoint of the user's own
            error = EndpointError("raised", f"{name} raised {type(error).__name__}: {error}")
        return Record(request_id, now(), None, error.kind, str(error))
    return Record(request_id, now(), reply)


async def _work_through(session: Session, engine: Engine, state: _State, rule: Rule) -> int:
    """Works through what is not done, look by look; the number of calls left out because the rule knew their answer."""
    plan, settled, spared = session.plan, set[str](), 0
    conditions = {plan.condition_of(number) for number in plan.order} - {"clean"}
    try:
        with interruptible(session):
            for look, planned in groupby(plan.order, key=plan.look_of):
                todo = [number for number in planned if not state.done[number]]
                if look and todo and not session.brakes.stopped and not settled >= conditions:
                    settled |= set(rule())
                # without any perturbation the clean calls are what is wanted; with none that is sent they tell nothing
                everything = bool(plan.study.perturbations) and settled >= conditions
                needed = [n for n in todo if not everything and plan.condition_of(n) not in settled]
                spared += len(todo) - len(needed)
                if needed and not session.brakes.stopped:
                    await engine.work_through(session, _groups(plan, needed))
    finally:
        await engine.close()
    return spared


def _groups(plan: Plan, needed: Sequence[int]) -> Iterator[list[int]]:
    """What is asked by one call: most numbers alone, and those together that read the same."""
    twins: dict[int, list[int]] = {}
    for number in needed:
        leader = plan.twins_of(number)
        if leader is not None:
            twins.setdefault(leader, []).append(number)
    for number in needed:
        leader = plan.twins_of(number)
        if leader is None:
            yield [number]
        elif leader in twins:
            yield twins.pop(leader)


@contextlib.contextmanager
def interruptible(stops: Stops) -> Iterator[None]:
    """Ctrl-C begins no further call, and a second one ends those in flight."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stops.stop("interrupted; the calls in flight were finished and kept")
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


def now() -> str:
    """UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
