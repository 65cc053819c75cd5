"""The engine of several machines: the same plan on a Ray cluster, its answers brought back to one journal.

Workers ask shards of items and keep every answer in a store that all can reach, before it counts; whoever started the
run brings them from there to the journal. A worker that dies is replaced, and its successor asks only what the store
lacks.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .brakes import Brakes
from .calls import Plan
from .errors import ResultsError, StudyError
from .frames import Message
from .journal import Record
from .limits import Limits
from .pacing import Halted, Pace
from .redaction import Redacted, Redactor
from .replay import Session, Writer, asked
from .replies import Endpoint
from .retrying import Retrying
from .systems import System

POLL = 0.3
"""Seconds between two looks of the driver into the store."""

Call = tuple[str, tuple[Message, ...]]
"""A request as it travels: its id and its turns."""


class OnRay:
    """Makes the calls of a replay on a Ray cluster.

    `workers` is the number of shards of items, each with its share of the calls in flight. `store` is a folder or any
    fsspec URL that all machines reach. `address` is the cluster's, as Ray takes it; empty joins the one that is running
    here, or starts one on this machine. One rate limit and one budget hold for all workers. Raises StudyError where Ray
    is not installed.
    """

    def __init__(self, plan: Plan, store: str, *, workers: int = 2, concurrency: int = 0, address: str = "") -> None:
        self._plan = plan
        self._store = f"{store.rstrip('/')}/{plan.fingerprint}"
        self._workers = workers
        self._each = max(1, (concurrency or plan.study.system.concurrency) // workers)
        self._address = address
        self._seen: set[str] = set()
        self._gate: Any = None
        self._actors: list[Any] = []

    async def work_through(self, session: Session, groups: Iterator[list[int]]) -> None:
        """Asks the groups on the cluster, and keeps what comes of them; what the store has already is not asked."""
        shards: list[list[Call]] = [[] for _ in range(self._workers)]
        of: dict[str, list[int]] = {}
        for group in groups:
            known = session.known(group)
            if known is not None:
                await session.keep(group, known)
                continue
            request = self._plan.request(group[0])
            of[request.id] = group
            shards[self._plan.numbering.case_of(group[0]) % self._workers].append((request.id, request.messages))
        await self._collect(session, of, failures=False)  # of an earlier run, which are to be asked again
        shards = [[call for call in shard if call[0] in of] for shard in shards]
        if not any(shards) or session.brakes.before():
            return
        gate = self._gatekeeper(session)
        runs = [asyncio.create_task(self._shard(at, shard)) for at, shard in enumerate(shards) if shard]
        work = asyncio.gather(*runs)
        while not work.done():
            await asyncio.wait([work], timeout=POLL)
            await self._collect(session, of)
            if session.brakes.stopped:
                await gate.stop.remote(session.brakes.stopped)
        await work
        await self._collect(session, of)
        session.brakes.stop(await gate.stopped.remote())

    async def close(self) -> None:
        """Lets the workers go."""
        import ray

        for actor in [*self._actors, self._gate]:
            if actor is not None:
                ray.kill(actor)

    async def _shard(self, at: int, calls: list[Call]) -> None:
        """Has one shard asked to its end, by as many workers in turn as it takes."""
        import ray

        for _ in range(MOST_DEATHS):
            worker = (
                ray.remote(Worker)
                .options(max_concurrency=4)
                .remote(
                    self._plan.study.system,
                    str(self._plan.study.folder.resolve()),
                    self._gate,
                    self._each,
                    self._place(at),
                    self._plan.redactor,
                )
            )
            self._actors.append(worker)
            try:
                await worker.ask.remote(calls)
                return
            except ray.exceptions.RayActorError:
                continue  # the machine or the process died; its successor finds in the store what it had
        raise ResultsError(f"{self._place(at)}: {MOST_DEATHS} workers died, one after the other; see Ray's log")

    def _place(self, at: int) -> str:
        return f"{self._store}/shard-{at:04d}"

    def _gatekeeper(self, session: Session) -> Any:
        """The actor that limits and brakes live in, on this machine, which outlives every worker."""
        if self._gate is not None:
            return self._gate
        ray = joined(self._address)
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        brakes = session.brakes
        self._gate = (
            ray.remote(Gatekeeper)
            .options(scheduling_strategy=here, num_cpus=0, max_concurrency=1)
            .remote(self._plan.study.system, brakes)
        )
        return self._gate

    async def _collect(self, session: Session, of: dict[str, list[int]], failures: bool = True) -> None:
        """Brings what is new in the store to the journal."""
        for record in await asyncio.to_thread(lambda: list(stored(self._store, self._seen))):
            answered = record.reply is not None
            group = of.pop(record.id, None) if answered else of.get(record.id) if failures else None
            if group is not None:
                if record.reply is not None:
                    session.brakes.paid(record.reply.cost)
                await session.keep(group, record)


MOST_DEATHS = 20
"""Workers of one shard that may die before the run gives up."""


def joined(address: str = "") -> Any:
    """Ray, joined to its cluster. Raises StudyError where it is not installed, or the cluster is not to be reached."""
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise StudyError("--engine ray needs Ray: pip install 'roadtest[ray]'") from error
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports home
        try:
            ray.init(address=address or None, log_to_driver=False, include_dashboard=False if not address else None)
        except ConnectionError as error:
            raise StudyError(f"no Ray cluster at {address!r}: {error}") from error
    return ray


class Gatekeeper:
    """The one place of a cluster where budget, failures and rate limits are counted."""

    def __init__(self, system: System, brakes: Brakes) -> None:
        self._brakes = brakes
        self._limits: Limits | None = system.limits()

    def before(self) -> str:
        """Why the next call should not be made; "" where it may be."""
        return self._brakes.before()

    def after(self, failure: str, message: str, cost: float | None) -> None:
        """Counts what came of a call."""
        self._brakes.take(failure, message, cost)

    def reserve(self, amounts: Mapping[str, float]) -> float:
        """Takes these amounts of the limits and gives the seconds to wait."""
        return self._limits.reserve(amounts) if self._limits else 0.0

    def correct(self, amounts: Mapping[str, float]) -> None:
        """Takes so much more, or gives back."""
        if self._limits:
            self._limits.correct(amounts)

    def stop(self, why: str) -> None:
        """No further call."""
        self._brakes.stop(why)

    def stopped(self) -> str:
        """Why no further call is made; "" where they are."""
        return self._brakes.stopped


class _RemoteLimits:
    """The limits of a gatekeeper, as a pace takes them."""

    def __init__(self, gate: Any) -> None:
        self._gate = gate

    def reserve(self, amounts: Mapping[str, float]) -> float:
        import ray

        return float(ray.get(self._gate.reserve.remote(dict(amounts))))

    def correct(self, amounts: Mapping[str, float]) -> None:
        self._gate.correct.remote(dict(amounts))


class Worker:
    """Asks one shard and keeps its answers in the store, each before it is counted."""

    def __init__(
        self, system: System, folder: str, gate: Any, concurrency: int, place: str, redactor: Redactor | None = None
    ) -> None:
        self._system = system
        self._redactor = redactor
        self._folder = Path(folder)
        self._gate = gate
        self._concurrency = concurrency
        self._place = place

    async def ask(self, calls: list[Call]) -> None:
        """Asks what the store has no answer to, until all is asked or the gatekeeper says that it is enough."""
        done = {record.id for record in stored(self._place, set()) if record.reply is not None}
        self._writer = Writer(_Segments(self._place))
        self._stopping = asyncio.Event()
        endpoint: Endpoint = self._system.endpoint(self._folder)
        if self._redactor:
            endpoint = Redacted(endpoint, self._redactor)
        limited = self._system.requests_per_minute or self._system.tokens_per_minute
        pace = Pace(
            self._concurrency,
            _RemoteLimits(self._gate) if limited else None,
            self._stopping,
            may_begin=lambda: not self._stopping.is_set(),
        )
        most_tokens = self._system.max_tokens if self._system.model else 0
        tries = Retrying(endpoint, self._system.retries, pace=pace, stopping=self._stopping, most_tokens=most_tokens)
        queue = iter([call for call in calls if call[0] not in done])
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self._concurrency):
                    workers.create_task(self._work(queue, tries))
        finally:
            close = getattr(endpoint, "close", None)
            if close:
                await close()

    async def _work(self, queue: Iterator[Call], tries: Retrying) -> None:
        for request_id, messages in queue:
            if await self._gate.before.remote():
                self._stopping.set()
                return
            try:
                record = await asked(request_id, tries(messages), tries.name)
            except Halted:
                return
            reply = record.reply
            await self._writer.write([record])
            await self._gate.after.remote(record.failure, record.message, reply.cost if reply else None)


class _Segments:
    """A store of records: files that are written once and never again, because object stores cannot append."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._name = uuid.uuid4().hex[:12]
        self._count = itertools.count()

    def append(self, *records: Record) -> None:
        """Writes these records as the next file."""
        put(
            f"{self._place}/{self._name}-{next(self._count):08d}.jsonl",
            b"".join(record.to_line() for record in records),
        )


def put(url: str, content: bytes) -> None:
    """Writes a whole file or none, and returns when it is safe. Raises ResultsError where it cannot be written."""
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(url)
        if "file" not in _protocols(files):
            files.pipe_file(path, content)
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        draft = Path(path + ".part")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ResultsError(f"{url}: cannot be written: {error.strerror or error}") from error


def stored(url: str, seen: set[str]) -> Iterator[Record]:
    """The records below a folder of a store, in the order of their files; those of files already seen are left out."""
    import fsspec

    files, path = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    try:
        names: Sequence[str] = sorted(name for name in files.find(path) if name.endswith(".jsonl"))
    except FileNotFoundError:
        return
    for name in names:
        if name in seen:
            continue
        seen.add(name)
        for at, line in enumerate(files.cat_file(name).splitlines(), start=1):
            try:
                yield Record.from_line(line)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ResultsError(f"{name}, line {at}: not a record ({error})") from error


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)
