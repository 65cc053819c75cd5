"""Requests and tokens a minute, kept together by all processes of a machine that ask one endpoint."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

BURST = 1.0
"""Seconds' worth of a limit that may be used at once: providers count in windows of a second and more."""


class Limits(Protocol):
    """Rate limits that are shared by everyone who asks."""

    def reserve(self, amounts: Mapping[str, float]) -> float:
        """Takes these amounts (`requests`, `tokens`) and gives the seconds to wait before they may be used."""
        ...

    def correct(self, amounts: Mapping[str, float]) -> None:
        """Takes so much more, or gives back what is negative, when a call is known to have used other than reserved."""
        ...


def next_free(free: float, now: float, amount: float, per_minute: float) -> tuple[float, float]:
    """When a limit is free again after taking an amount, and the seconds to wait for it.

    The generic cell rate algorithm (ITU-T I.371, virtual scheduling), in which a limit is one number: the time at which
    all that was taken has been worked off. An amount larger than a burst waits for what was taken before it only.
    """
    before = max(free, now)
    return before + amount * 60.0 / per_minute, max(0.0, before - now - BURST)


class SharedLimits:
    """Limits in a small SQLite file, so that processes that know nothing of each other keep them together.

    `per_minute` names the limits. The file holds a time for each limit and nothing else; times are those of the
    system's clock. pyrate-limiter keeps such a file too, but with a row for every token.
    """

    def __init__(
        self, path: Path, endpoint: str, per_minute: Mapping[str, float], clock: Callable[[], float] = time.time
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._endpoint = endpoint
        self._per_minute = dict(per_minute)
        self._clock = clock
        with closing(self._open()) as file:
            file.execute("CREATE TABLE IF NOT EXISTS limits (name TEXT PRIMARY KEY, free REAL NOT NULL)")

    def reserve(self, amounts: Mapping[str, float]) -> float:
        """Takes these amounts and gives the seconds to wait; the longest wait of all limits."""
        return self._take(amounts, at_least=0.0)

    def correct(self, amounts: Mapping[str, float]) -> None:
        """Takes so much more, or gives back."""
        self._take(amounts, at_least=None)

    def _take(self, amounts: Mapping[str, float], at_least: float | None) -> float:
        now, longest = self._clock(), 0.0
        with closing(self._open()) as file:
            file.execute("BEGIN IMMEDIATE")
            for name, amount in amounts.items():
                if name not in self._per_minute:
                    continue
                key = f"{self._endpoint}/{name}"
                row = file.execute("SELECT free FROM limits WHERE name = ?", (key,)).fetchone()
                free = row[0] if row and row[0] < now + 3600 else 0.0  # a clock that was set back holds nobody up
                if at_least is None:
                    free += amount * 60.0 / self._per_minute[name]
                else:
                    free, wait = next_free(free, now, amount, self._per_minute[name])
                    longest = max(longest, wait)
                file.execute("INSERT OR REPLACE INTO limits VALUES (?, ?)", (key, free))
            file.execute("COMMIT")
        return longest

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, timeout=30.0, isolation_level=None)
        file.execute("PRAGMA synchronous = OFF")  # what a power cut loses here is a second's worth of waiting
        return file
