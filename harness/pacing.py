"""How many calls are in flight: more while the endpoint keeps up, half as many when it says that it does not."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from .errors import EndpointError
from .limits import Limits

START = 4.0
"""Calls in flight at the beginning."""

SLOW, TOO_SLOW = 2.0, 4.0
"""Times the quickest latency: from the one on no further call is added, from the other on one in ten is taken away."""

LONGEST_WAIT = 60.0
"""Seconds: no retry waits longer, whatever an endpoint asks for."""

_THROTTLES = frozenset({"rate_limit", "timeout", "server"})
_SMOOTH = 0.05  # weight of the newest call in the smoothed latency
_FADES = 1.001  # by which the quickest latency is forgotten, a call, as an endpoint changes in the course of a day


class Halted(Exception):  # noqa: N818 - no error of the call, which was never begun
    """A call that was not begun, because the replay was stopped while it waited for its turn."""


class Pace:
    """Lets at most so many calls fly at once: additive increase, multiplicative decrease (Chiu and Jain, 1989).

    The window begins at START, grows by one call a round of answers while all of it is used and answers come as quickly
    as ever, is halved, once a round, by a 429, an overload (5xx) or a timeout, and never leaves 1 to `most`. A pause
    that an endpoint asks for (Retry-After) holds up the call that was told so; when two are told so with no answer
    between them, it holds up every call. `limits` are requests and tokens a minute besides. `stopping` ends every wait
    when it is set. `may_begin` is asked right before a call begins; one that may not raises Halted.
    """

    def __init__(
        self,
        most: int,
        limits: Limits | None = None,
        stopping: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._may_begin = may_begin
        self.most = most
        self.window = min(START, most)
        self.in_flight = 0
        self.throttled = 0
        self._limits = limits
        self._stopping = stopping or asyncio.Event()
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._resume_at = self._shrunk_at = 0.0
        self._told_to_wait = False
        self._latency = self._quickest = 0.0

    @asynccontextmanager
    async def slot(self, amounts: Mapping[str, float]) -> AsyncIterator[None]:
        """A place among the calls in flight, when the limits have room for these amounts; and what came of the call."""
        while self.in_flight >= int(self.window):
            freed = asyncio.get_running_loop().create_future()
            self._waiting.append(freed)
            try:
                await freed
            except asyncio.CancelledError:
                if freed.done() and not freed.cancelled():
                    self._wake()  # the place goes to the next
                raise
        self.in_flight += 1
        try:
            if self._limits:
                await self.pause(self._limits.reserve(amounts))
            while (held_up := self._resume_at - self._clock()) > 0 and not self._stopping.is_set():
                await self.pause(held_up)
            if not self._may_begin():
                raise Halted
            full, began = self.in_flight >= int(self.window), self._clock()
            try:
                yield
            except EndpointError as error:
                if error.kind in _THROTTLES:
                    self._throttle(began, error.wait)
                raise
            self._succeed(self._clock() - began, full)
        finally:
            self.in_flight -= 1
            self._wake()

    async def pause(self, seconds: float) -> None:
        """Waits so long, or until the replay is being stopped."""
        if seconds <= 0 or self._stopping.is_set():
            return
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def correct(self, amounts: Mapping[str, float]) -> None:
        """What a call used beyond what was reserved for it."""
        if self._limits:
            self._limits.correct(amounts)

    def _succeed(self, seconds: float, full: bool) -> None:
        self._told_to_wait = False
        self._latency = seconds if not self._latency else self._latency + _SMOOTH * (seconds - self._latency)
        self._quickest = min(self._latency, self._quickest * _FADES) if self._quickest else self._latency
        if self._latency > TOO_SLOW * self._quickest and self.window > START:
            self._shrink(self._clock() - seconds, 0.9, START)
        elif full and self._latency <= SLOW * self._quickest:
            self.window = min(self.most, self.window + 1 / self.window)

    def _throttle(self, began: float, wait: float | None) -> None:
        self.throttled += 1
        if wait and self._told_to_wait:
            self._resume_at = max(self._resume_at, self._clock() + min(wait, LONGEST_WAIT))
        self._told_to_wait = self._told_to_wait or bool(wait)
        self._shrink(began, 0.5, 1.0)

    def _shrink(self, began: float, by: float, least: float) -> None:
        """Once a round: calls that began before the last time were too many for the same reason."""
        if began > self._shrunk_at:
            self._shrunk_at = self._clock()
            self.window = max(least, self.window * by)

    def _wake(self) -> None:
        free = int(self.window) - self.in_flight
        while free > 0 and self._waiting:
            freed = self._waiting.popleft()
            if not freed.done():
                freed.set_result(None)
                free -= 1
