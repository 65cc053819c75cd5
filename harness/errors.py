"""Mistakes that a person can mend, each told in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RoadtestError(Exception):
    """Something the user can mend: the message names what was expected, the value, and the next step."""


class CaseError(RoadtestError):
    """A case, edit or dataset line that cannot be used."""


class StudyError(RoadtestError):
    """A study that cannot be run as it is written."""


class ResultsError(RoadtestError):
    """A results folder that cannot be read or continued."""


class EndpointError(RoadtestError):
    """A call that brought no answer.

    `kind` is one of `KINDS`. `TRANSIENT` kinds are worth another try, after `wait` seconds where the endpoint asked for
    a pause (Retry-After); `FATAL` kinds would fail for every call.
    """

    KINDS = frozenset(
        "timeout rate_limit server malformed connection auth quota bad_request not_found too_long missing "
        "raised offline".split()
    )
    TRANSIENT = frozenset({"timeout", "rate_limit", "server", "malformed", "connection"})
    FATAL = frozenset({"auth", "quota", "bad_request", "not_found", "missing", "offline"})

    def __init__(self, kind: str, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'typos'?` for the nearest known name, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
