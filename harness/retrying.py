"""Further tries where they help: transient failures, with waits that are random, capped, and as long as asked for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .errors import EndpointError
from .frames import Message, weight
from .pacing import LONGEST_WAIT, Pace
from .replies import Endpoint, Reply

FIRST_WAIT = 0.5
"""Seconds: the mean of the first random wait is half of it; each further one may last twice as long."""


class Retrying:
    """An endpoint that keeps a pace and tries transient failures again.

    A wait lasts as long as the endpoint asked for (Retry-After) and up to a tenth more, so that calls that were turned
    away together do not come back together; else it is drawn from 0 to a bound that doubles from FIRST_WAIT. None lasts
    longer than `longest_wait` seconds. `most_tokens` is what an answer may take at most, for limits on tokens.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        retries: int = 3,
        longest_wait: float = LONGEST_WAIT,
        pace: Pace | None = None,
        stopping: asyncio.Event | None = None,
        most_tokens: int = 0,
    ) -> None:
        self._endpoint = endpoint
        self._retries = retries
        self._longest_wait = longest_wait
        self._stopping = stopping or asyncio.Event()
        self._pace = pace
        self._most_tokens = most_tokens

    @property
    def name(self) -> str:
        """The name of the endpoint inside."""
        return self._endpoint.name

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The answer of the first try that brings one; the last try's EndpointError where none does."""
        try:
            return await self._try(messages)  # nearly every call: without what it takes to try again
        except EndpointError as error:
            return await self._again(messages, error)

    async def _again(self, messages: Sequence[Message], first: EndpointError) -> Reply:
        from tenacity import AsyncRetrying, retry_if_exception

        tries = AsyncRetrying(
            retry=retry_if_exception(_transient), stop=self._enough, wait=self._wait, sleep=self._sleep, reraise=True
        )
        attempts = 0
        async for attempt in tries:
            with attempt:
                attempts += 1
                if attempts == 1:
                    raise first
                return replace(await self._try(messages), attempts=attempts)
        raise AssertionError("unreachable: the last failed try is raised again")

    async def _try(self, messages: Sequence[Message]) -> Reply:
        if self._pace is None:
            return await self._endpoint(messages)
        expected = sum(map(weight, messages)) + self._most_tokens
        async with self._pace.slot({"requests": 1, "tokens": expected}):
            reply = await self._endpoint(messages)
        if reply.prompt_tokens is not None:
            self._pace.correct({"tokens": reply.prompt_tokens + (reply.completion_tokens or 0) - expected})
        return reply

    def _enough(self, state: Any) -> bool:
        return self._stopping.is_set() or state.attempt_number > self._retries

    def _wait(self, state: Any) -> float:
        error = state.outcome.exception()
        asked_for = error.wait if isinstance(error, EndpointError) else None
        if asked_for is not None:
            return min(asked_for * random.uniform(1.0, 1.1), self._longest_wait)
        return random.uniform(0, min(FIRST_WAIT * 2 ** (state.attempt_number - 1), self._longest_wait))

    async def _sleep(self, seconds: float) -> None:
        """Waits so long, or until the replay is being stopped."""
        if seconds > 0 and not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), seconds)
            except TimeoutError:
                return


def _transient(error: BaseException) -> bool:
    return isinstance(error, EndpointError) and error.kind in EndpointError.TRANSIENT
