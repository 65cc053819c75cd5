"""Offers messy traffic to an endpoint at rising arrival rates, until it no longer keeps up."""

from __future__ import annotations

import asyncio
import json
import math
import os
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

from .errors import EndpointError, ResultsError, StudyError
from .frames import Message
from .replies import Endpoint, Reply
from .seeds import stream

LOAD = "load.json"
"""The file of a results folder that holds its load test."""

FEWEST = 20
"""So many calls at least make a step: the fewest of which a p95 is not the maximum. At 1 a second it takes 20 s."""

NEEDED = {0.5: 1, 0.95: 20, 0.99: 100}
"""So many answers a percentile needs: with fewer its nearest rank would be the maximum under another name."""

KEPT = 0.9
"""A step that answers less than this share of what it should have answered by its end is overloaded.

A queue that grows by a tenth of the arrivals has no end; below that, the tail of a window of some seconds and a queue
cannot be told apart. What should have been answered is counted at the latencies of the first step.
"""

NOISE = 3.0
"""And by so many standard deviations less than that, of what a tail of slow answers does to a count.

With 2, of 100 climbs of four 10 s steps that were never overloaded (simulated, latencies lognormal around 2 s, sigma
0.8) 3 ended in a knee, with 3 none.
"""

SLOWER = 3.0
"""A p95 latency of more than so many times that of the first step is overload.

Random arrivals queue below the capacity already. By simulation (fixed service times) three times is met by one worker
at half its capacity, by four between 0.8 and 0.9 of it and by sixteen beyond 0.9; there every further call costs much.
"""

SLOWER_BY = 0.05
"""Seconds that p95 must have grown by as well: nobody waits for less, and a busy machine delays a call by as much."""

SHARE = 0.05
"""More than this share of calls failed, or slower than p95 may be, is overload: the share that p95 leaves out."""

CONFIDENCE = 0.95
"""How sure it must be that a share is above `SHARE`: of 20 calls 4 must fail, of 100 calls 10, of 1000 calls 63."""

LATE = 0.01
"""Seconds that the generator may be late: what a timer and a busy scheduler take. See also `LATE_SHARE`."""

LATE_SHARE = 0.1
"""It may also be late by this share of the median latency, which is less than steps differ by anyway."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one arrival rate brought.

    `rate` is what was to be offered per second, `seconds` the window in which its `calls` arrived. Latencies and times
    to the first token (`p50` to `first_token_p99`, of answered calls only) are seconds from the scheduled arrival, so
    that waiting for a stalled endpoint is not left out; None where there are too few (`NEEDED`) or nothing is
    streamed. `throughput` is answers per second, of those that came until the window and the usual (median) latency
    were over. `failures` counts failed calls by the kind of EndpointError. `late` says how far behind its schedule the
    generator itself was (p99, or the maximum of fewer than 100 calls, in seconds); `in_flight` is the most calls at
    once. `cost` is in US dollars. `overloaded` says why the endpoint did not keep up; empty where it did.
    """

    rate: float
    seconds: float
    calls: int
    answered: int
    failures: Mapping[str, int]
    p50: float | None
    p95: float | None
    p99: float | None
    first_token_p50: float | None
    first_token_p95: float | None
    first_token_p99: float | None
    throughput: float
    late: float
    in_flight: int
    cost: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    overloaded: str = ""

    @property
    def arrived(self) -> float:
        """Calls per second that did arrive: chance makes them more or fewer than `rate`."""
        return self.calls / self.seconds

    @property
    def failed(self) -> float:
        """The share of calls that failed, in [0, 1]."""
        return sum(self.failures.values()) / self.calls

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """The step that `Load.to_dict` wrote. Raises ValueError for a field that is missing or of another type."""
        found = _checked(cls, data)
        if (
            not all(type(one) is int and one >= 0 for one in found["failures"].values())
            or min(found["calls"], found["seconds"]) <= 0
        ):
            raise ValueError("a step must have calls, seconds and counted failures")
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Load:
    """A load test of one endpoint.

    `knee` is the highest rate, in calls per second, that the endpoint kept up with; None where no rate was too high or
    none low enough. `why` says it in a sentence. `bottleneck` says where the measuring machine was the limit, empty
    where it was not. `stopped` holds the reason where it ended early (an error that every call would meet, the
    budget); `interrupted` is whether a person ended it. `calls` and `cost` (US dollars) count every call made, with
    those outside of `steps`.
    """

    system: str
    seed: int
    steps: tuple[Step, ...]
    knee: float | None
    why: str
    bottleneck: str = ""
    stopped: str = ""
    interrupted: bool = False
    calls: int = 0
    cost: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Load:
        """The load test that `to_dict` wrote. Raises ValueError for a field that is missing or of another type."""
        found = _checked(cls, data)
        return cls(**found | {"steps": tuple(Step.from_dict(step) for step in found["steps"])})


def load(
    endpoint: Endpoint,
    messages: Sequence[Sequence[Message]],
    *,
    rates: Sequence[float] = (),
    seconds: float = 10.0,
    seed: int = 0,
    most_calls: int = 2000,
    in_flight: int = 256,
    timeout: float = 60.0,
    watch: Callable[[Step], None] = lambda step: None,
    budget: float | None = None,
) -> Load:
    """Offers these messages to an endpoint at rising rates, and finds the highest that it keeps up with.

    Arrivals are open-loop and random (`arrivals`): they do not wait for answers, as people do not. `rates` are calls
    per second; without them they double from 1, and one more rate between the last that it kept up with and the first
    that it did not is tried. A step lasts `seconds`, and longer until `FEWEST` calls have arrived; `timeout` is the
    seconds from its arrival after which a call is given up, and so the most that a step takes after its window. With
    `in_flight` calls under way further arrivals wait, which counts as their latency. `most_calls` bounds all calls
    together: a step that would take more is not begun. `budget` is in US dollars and is kept as long as no call costs
    more than the dearest one before. A call of its own comes first and before the last step, so that neither what is
    loaded on first use nor a queue left behind spoils a step. `watch` is told of each step.

    The endpoint should not retry by itself: a retry hides a failure and adds traffic. Ctrl-C and an error of a `FATAL`
    kind end it with the steps measured so far. Raises StudyError for wrong arguments.
    """
    steps = sorted({float(rate) for rate in rates})
    for name, value in {
        "rates": min(steps, default=1.0),
        "seconds": seconds,
        "timeout": timeout,
        "budget": budget,
    }.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise StudyError(f"{name} must be above 0, not {value!r}")
    if not math.isfinite(sum(steps)):
        raise StudyError(f"rates must be finite, not {tuple(rates)!r}")
    if in_flight < 1:
        raise StudyError(f"in_flight must be at least 1, not {in_flight}")
    if most_calls <= FEWEST:
        raise StudyError(f"most_calls must be at least {FEWEST + 1}, one step and the call before it, not {most_calls}")
    if not messages:
        raise StudyError("there is nothing to ask: expected at least one message")
    ladder = _Ladder(endpoint, messages, seconds, seed, most_calls, in_flight, timeout, watch, budget)
    try:
        asyncio.run(ladder.climb(steps))
    except KeyboardInterrupt:
        ladder.interrupted = True
    return ladder.found()


def arrivals(rate: float, seconds: float, seed: int = 0) -> Iterator[float]:
    """When calls arrive, in seconds from the start: a Poisson process of `rate` per second.

    It ends with the first arrival after `seconds`, which is left out, but not before `FEWEST` have come. It depends on
    rate and seed alone: a longer window begins with the same arrivals.
    """
    random = stream(seed, "arrivals", repr(float(rate)))
    at, count = random.expovariate(rate), 0
    while at < seconds or count < FEWEST:
        yield at
        count += 1
        at += random.expovariate(rate)


class _Stop(Exception):  # noqa: N818 - not an error but the end of the climb
    """No further call is worth making."""


@dataclass(slots=True)
class _Call:
    due: float
    """Scheduled arrival, in seconds from the start of the step."""
    messages: Sequence[Message]
    late: float = 0.0
    latency: float = 0.0
    reply: Reply | None = None
    kind: str = ""
    said: str = ""

    @property
    def first_token(self) -> float | None:
        """Seconds from the scheduled arrival to the first token."""
        if self.reply is None or self.reply.first_token is None:
            return None
        return self.latency - max(0.0, (self.reply.seconds or self.latency) - self.reply.first_token)


class _Ladder:
    """Climbs from rate to rate; keeps what it has found, however it ends."""

    def __init__(
        self,
        endpoint: Endpoint,
        messages: Sequence[Sequence[Message]],
        seconds: float,
        seed: int,
        most_calls: int,
        limit: int,
        timeout: float,
        watch: Callable[[Step], None],
        budget: float | None,
    ) -> None:
        self._endpoint = endpoint
        self._messages = _passes(messages, seed)
        self._seconds = seconds
        self._seed = seed
        self._most_calls = most_calls
        self._limit = limit
        self._timeout = timeout
        self._watch = watch
        self._budget = budget
        self._usual: list[float] = []  # the latencies of the first step, in rising order
        self._pause = 0.0  # what the endpoint asked to be left alone for
        self._flying = self._most_flying = 0
        self._spent = self._dearest = 0.0
        self._made = 0
        self._cost: float | None = None
        self._short = ""
        self.steps: list[Step] = []
        self.stopped = ""
        self.interrupted = False

    def found(self) -> Load:
        """What is known by now."""
        knee, why = _conclusion(self.steps)
        why += self._short
        if self.stopped:
            why += f"; it was stopped: {self.stopped}"
        elif self.interrupted:
            why += "; it was interrupted"
        return Load(
            system=self._endpoint.name,
            seed=self._seed,
            steps=tuple(self.steps),
            knee=knee,
            why=why,
            bottleneck=_bottleneck(self.steps, self._limit),
            stopped=self.stopped,
            interrupted=self.interrupted,
            calls=self._made,
            cost=self._cost,
        )

    async def climb(self, rates: Sequence[float]) -> None:
        """Measures rate after rate until one is too high; without `rates` then one more between the last two."""
        try:
            await self._ask_alone()
            for rate in rates or (2.0**power for power in range(64)):
                await self._measure(rate)
                if self.steps[-1].overloaded:
                    break
            if not rates and len(self.steps) > 1 and self.steps[-1].overloaded:
                await self._ask_alone()
                await self._measure(float(f"{math.sqrt(self.steps[-2].rate * self.steps[-1].rate):.3g}"))
        except _Stop:
            pass
        except asyncio.CancelledError:  # Ctrl-C, as asyncio.run hands it on
            self.interrupted = True
        finally:
            close = getattr(self._endpoint, "close", None)
            if close:
                await close()

    async def _ask_alone(self) -> None:
        """One call that no step counts: it loads what is loaded on first use, or waits until an old queue is done."""
        await asyncio.sleep(min(self._pause, self._timeout))
        if self._made >= self._most_calls or not self._affordable(1):
            raise _Stop
        call = _Call(0.0, next(self._messages))
        await self._ask(call, asyncio.get_running_loop().time())
        if call.kind == "connection" and not self.steps:  # nobody is there
            self.stopped = call.said
            raise _Stop

    async def _measure(self, rate: float) -> None:
        """Adds the step of this rate. Raises _Stop where it cannot be measured to its end."""
        left = self._most_calls - self._made
        due = list(islice(arrivals(rate, self._seconds, self._seed), left + 1))
        if len(due) > left:
            about = max(FEWEST, round(rate * self._seconds))
            self._short = (
                f"; {rate:g} a second was not tried: it would take about {about:,} calls, and of "
                f"{self._most_calls:,} {left:,} are left"
            )
            raise _Stop
        calls = await self._offer(due)
        if self.stopped:
            raise _Stop
        step = _step(rate, max(self._seconds, due[-1]), calls, self._usual, self._most_flying)
        self._usual = self._usual or sorted(call.latency for call in calls if call.reply)
        self.steps.append(step)
        try:
            self._watch(step)
        except Exception:  # a progress bar that died must not end a paid run
            self._watch = lambda step: None

    async def _offer(self, due: Iterable[float]) -> list[_Call]:
        """Makes a call at each of these times, whatever became of those before, and waits for their ends."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        calls: list[_Call] = []
        waiting: deque[_Call] = deque()
        self._flying = self._most_flying = 0

        async def serve(call: _Call) -> None:
            call.late = loop.time() - start - call.due
            await self._ask(call, start)
            while waiting and self._affordable(self._flying):
                await self._ask(waiting.popleft(), start)
            self._flying -= 1

        try:
            async with asyncio.TaskGroup() as group:
                for at in due:
                    await asyncio.sleep(max(0.0, start + at - loop.time()))
                    if not self._affordable(self._flying + 1):
                        break
                    calls.append(call := _Call(at, next(self._messages)))
                    if self._flying < self._limit:
                        self._flying += 1
                        self._most_flying = max(self._most_flying, self._flying)
                        group.create_task(serve(call))
                    else:
                        call.late = loop.time() - start - at
                        waiting.append(call)
        except* _Stop:
            pass  # `stopped` says why
        return calls

    async def _ask(self, call: _Call, start: float) -> None:
        """Makes one call and notes what became of it. Raises _Stop where every call would end like it."""
        loop = asyncio.get_running_loop()
        deadline = start + call.due + self._timeout
        if loop.time() >= deadline:  # it waited too long to be made at all
            call.kind = "timeout"
            return
        self._made += 1
        try:
            async with asyncio.timeout_at(deadline):
                reply = await self._endpoint(call.messages)
            if not isinstance(reply, Reply):
                raise TypeError(f"it returned {type(reply).__name__}, expected a Reply")
        except TimeoutError:
            call.kind, call.said = "timeout", f"no answer within {self._timeout:g} s"
            self._spent += self._dearest  # it may have to be paid for
        except EndpointError as error:
            call.kind, call.said = error.kind, str(error)
            self._pause = max(self._pause, error.wait or 0.0)
            if error.kind in EndpointError.FATAL:
                self.stopped = self.stopped or str(error)
                raise _Stop from error
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # it is being stopped
            call.kind, call.said = "raised", f"{self._endpoint.name} raised {type(error).__name__}: {error}"
        else:
            call.reply, call.latency = reply, loop.time() - start - call.due
            self._pay(reply.cost)

    def _pay(self, cost: float | None) -> None:
        if cost is not None:
            self._cost = (self._cost or 0.0) + cost
            self._spent += cost
            self._dearest = max(self._dearest, cost)
        elif self._budget is not None:
            self.stopped = self.stopped or (
                f"{self._endpoint.name} does not say what a call costs, so a budget of ${self._budget:g} cannot be kept"
            )
            raise _Stop

    def _affordable(self, flying: int) -> bool:
        """Whether the budget is enough for so many calls whose price is not known yet; where not, no more are made."""
        if self._budget is not None and self._spent + flying * self._dearest > self._budget:
            self.stopped = self.stopped or f"the budget of ${self._budget:g} is spent"
        return not self.stopped


def _passes(messages: Sequence[Sequence[Message]], seed: int) -> Iterator[Sequence[Message]]:
    """The messages in a random order, again and again: none comes a second time before all have come once."""
    order = list(range(len(messages)))
    random = stream(seed, "load messages")
    while True:
        random.shuffle(order)
        yield from (messages[at] for at in order)


def _percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of values in rising order, in microsecond steps; None where they are too few."""
    if len(values) < NEEDED[share]:
        return None
    return round(values[math.ceil(round(share * len(values), 9)) - 1], 6)


def _by_chance(calls: int) -> int:
    """The most of so many independent calls, each one with a chance of `SHARE`, that are met with `CONFIDENCE`."""
    total, count = 0.0, -1
    while total < CONFIDENCE:
        count += 1
        ways = math.lgamma(calls + 1) - math.lgamma(count + 1) - math.lgamma(calls - count + 1)
        total += math.exp(ways + count * math.log(SHARE) + (calls - count) * math.log1p(-SHARE))
    return count


def _step(rate: float, seconds: float, calls: Sequence[_Call], usual: Sequence[float], in_flight: int) -> Step:
    """The step of these calls. `usual` are the latencies of the first step in rising order, empty for itself."""
    answered = [call for call in calls if call.reply]
    latencies = sorted(call.latency for call in answered)
    tokens = sorted(call.first_token for call in answered if call.first_token is not None)
    late = sorted(call.late for call in calls)
    in_time, overloaded = _judged(seconds, calls, latencies, usual)
    replies = [call.reply for call in answered if call.reply]
    costs = [reply.cost for reply in replies if reply.cost is not None]
    prompts = [reply.prompt_tokens for reply in replies if reply.prompt_tokens is not None]
    completions = [reply.completion_tokens for reply in replies if reply.completion_tokens is not None]
    return Step(
        rate=rate,
        seconds=round(float(seconds), 6),
        calls=len(calls),
        answered=len(answered),
        failures=dict(sorted(Counter(call.kind for call in calls if not call.reply).items())),
        p50=_percentile(latencies, 0.5),
        p95=_percentile(latencies, 0.95),
        p99=_percentile(latencies, 0.99),
        first_token_p50=_percentile(tokens, 0.5),
        first_token_p95=_percentile(tokens, 0.95),
        first_token_p99=_percentile(tokens, 0.99),
        throughput=round(in_time / seconds, 6),
        late=round(max(0.0, late[math.ceil(0.99 * len(late)) - 1]), 6),
        in_flight=in_flight,
        cost=math.fsum(costs) if costs else None,
        prompt_tokens=sum(prompts) if prompts else None,
        completion_tokens=sum(completions) if completions else None,
        overloaded=overloaded,
    )


def _judged(
    seconds: float, calls: Sequence[_Call], latencies: Sequence[float], usual: Sequence[float]
) -> tuple[int, str]:
    """How many answers came in time, and why this step is overloaded (empty where it is not).

    In time is until the window and the usual median latency are over. What should have come by then is not every call:
    of those that arrived last, the usual latencies say how many. The first step, having none to be compared with, is
    held against those of its own earlier half, which a growing queue has slowed down less.
    """
    failed = Counter(call.kind for call in calls if not call.reply)
    reason = ""
    if failed.total() > _by_chance(len(calls)):
        kinds = ", ".join(f"{kind} {count}" for kind, count in failed.most_common())
        said = next((f"; the first said: {' '.join(call.said.split())[:200]}" for call in calls if call.said), "")
        reason = f"{failed.total() / len(calls):.0%} of calls failed ({kinds}{said})"
    earlier = calls[: (len(calls) + 1) // 2]
    like = usual or sorted(call.latency for call in earlier if call.reply)
    if not like:  # nothing was answered, and that is reason enough
        return 0, reason
    end = seconds + like[(len(like) - 1) // 2]
    in_time = sum(call.reply is not None and call.due + call.latency <= end for call in calls)
    due = [call.due for call in calls]
    by_latency = [bisect_right(due, end - latency) for latency in like]  # in time if every call took this long
    expected = math.fsum(by_latency) / len(like)
    chances = [bisect_right(like, end - at) / len(like) for at in due]
    variance = math.fsum(chance * (1 - chance) for chance in chances)  # of the tail itself, and of what is known of it
    variance += math.fsum((count - expected) ** 2 for count in by_latency) / len(like) ** 2
    if not reason and usual:
        before = usual[math.ceil(0.95 * len(usual)) - 1]
        limit = max(SLOWER * before, before + SLOWER_BY)
        slow = len(latencies) - bisect_right(latencies, limit)
        if slow > _by_chance(len(latencies)):
            now = latencies[math.ceil(0.95 * len(latencies)) - 1]
            reason = f"p95 latency rose from {before:.3f} s at the first rate to {now:.3f} s"
    if not reason and in_time < KEPT * expected - NOISE * math.sqrt(variance):
        reason = f"{in_time} calls were answered in time, {in_time / expected:.0%} of what arrived"
    return in_time, reason


def _conclusion(steps: Sequence[Step]) -> tuple[float | None, str]:
    """The knee, and a sentence that says it."""
    kept = max((step.rate for step in steps if not step.overloaded), default=None)
    over = min((step for step in steps if step.overloaded), key=lambda step: step.rate, default=None)
    if kept is None:
        if over is None:
            return None, "no rate was measured"
        return None, f"it did not keep up with the lowest rate offered, {over.rate:g} a second: {over.overloaded}"
    if over is None:
        return None, f"it kept up with every rate offered, up to {kept:g} a second"
    return kept, f"it kept up with {kept:g} calls a second, and not with {over.rate:g}: {over.overloaded}"


def _bottleneck(steps: Sequence[Step], limit: int) -> str:
    """Where the measuring machine, not the endpoint, was the limit; empty where it was not."""
    for step in sorted(steps, key=lambda step: step.rate):
        if step.late > max(LATE, LATE_SHARE * (step.p50 or 0.0)):
            return (
                f"at {step.rate:g} a second this machine began calls {step.late:.3f} s late: what it measured from "
                "there on is its own limit as well; measure from another machine or several"
            )
        usual = steps[0].p50 or 0.0
        if step.in_flight >= limit and step.rate * usual > 0.8 * limit:  # so many are under way without any queue
            return f"at {step.rate:g} a second all {limit} calls allowed in flight were under way; allow more"
    return ""


def load_text(load: Load, tablefmt: str = "simple") -> str:
    """The steps as a table, in rising order, and the sentence about the knee. `tablefmt` is tabulate's."""
    from tabulate import tabulate

    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    streamed = any(step.first_token_p50 is not None for step in load.steps)
    priced = any(step.cost is not None for step in load.steps)
    rows = []
    for step in sorted(load.steps, key=lambda step: step.rate):
        row = {"rate/s": f"{step.rate:g}", "calls": f"{step.calls:,}", "arrived/s": f"{step.arrived:.2f}"}
        row["answered/s"] = f"{step.throughput:.2f}"
        kinds = ", ".join(f"{kind} {count}" for kind, count in step.failures.items())
        row["failed"] = f"{step.failed:.1%} ({kinds})" if kinds else "0%"
        row |= {"p50 s": shown(step.p50), "p95 s": shown(step.p95), "p99 s": shown(step.p99)}
        if streamed:
            row["first token p50"] = shown(step.first_token_p50)
            row["first token p95"] = shown(step.first_token_p95)
            row["first token p99"] = shown(step.first_token_p99)
        row |= {"late s": shown(step.late), "in flight": f"{step.in_flight:,}"}
        if priced:
            row["cost $"] = "-" if step.cost is None else f"{step.cost:.4f}"
        rows.append(row | {"kept up": "no" if step.overloaded else "yes"})
    lines = [tabulate(rows, headers="keys", tablefmt=tablefmt, disable_numparse=True), ""] if rows else []
    lines.append(f"knee: {f'{load.knee:g} calls a second' if load.knee else 'not found'}; {' '.join(load.why.split())}")
    return "\n".join([*lines, f"note: {load.bottleneck}"] if load.bottleneck else lines)


def write(load: Load, folder: Path) -> Path:
    """Writes `load.json` into this folder, whole or not at all, and gives its path. Raises ResultsError."""
    path = folder / LOAD
    draft = path.with_name(path.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(load.to_dict(), indent=2, ensure_ascii=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def read_load(folder: Path) -> Load | None:
    """The load test of a results folder, None where there is none. Raises ResultsError where its file is damaged."""
    path = folder / LOAD
    try:
        return Load.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: cannot be read ({error}); remove it or run the load test again") from error


_TYPES: Mapping[str, tuple[type, ...]] = {
    "float": (float, int),
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "Mapping[str, int]": (dict,),
    "tuple[Step, ...]": (list, tuple),
}


def _checked(kind: type[Step | Load], data: object) -> dict[str, Any]:
    """The values of a dataclass's fields. Raises ValueError where one is missing or not of its type."""
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, found {type(data).__name__}")  # noqa: TRY004 - one error for the reader
    found = {}
    for field in fields(kind):
        expected, *other = str(field.type).split(" | ")
        value = data.get(field.name)
        if not (value is None and other and field.name in data) and not (
            isinstance(value, _TYPES[expected]) and (expected == "bool" or not isinstance(value, bool))
        ):
            raise ValueError(f"{field.name} must be {field.type}, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{field.name} must be finite, not {value!r}")
        found[field.name] = value
    return found
