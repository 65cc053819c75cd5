"""What kind of failure a call met: one reading of status, code and words for every road to a model."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import EndpointError

NEXT_STEP = {
    "auth": "check the key and the variable that holds it (key_env)",
    "quota": "the account has no credit left; top it up and run the same command again",
    "not_found": "check the model's name and the base_url",
    "connection": "is the server running, and is base_url right?",
    "bad_request": "check the model's name and its options",
    "timeout": "a larger timeout, or fewer calls in flight, may help",
    "malformed": "what answered is not the API that the study names, or a proxy in between breaks answers",
}
"""What a person can do about a kind of failure."""

FILTERED = "content_filter"
"""The `finish` of an answer that a filter of the provider's kept back, whether with an HTTP 200 or an error."""

_STATUSES = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "server",  # two calls got into each other's way: worth another try
    413: "too_long",
    425: "server",
    429: "rate_limit",
    504: "timeout",
}
_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|context window|prompt is too long|too many tokens"
)
_FILTER = re.compile(r"content_filter|content_policy_violation|content management policy|ResponsibleAIPolicyViolation")
_NO_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance is too low")
_LONGEST = 240  # characters of the provider's words


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a call went, for messages: `where` names model and address, `key_env` the variable with the key."""

    where: str
    key_env: str | None = None

    def refused(
        self, status: int, said: str, code: str = "", headers: Mapping[str, str] | None = None
    ) -> EndpointError:
        """The failure behind an HTTP status of 400 or more, the provider's message, its error code and headers.

        Its kind is `content_filter` where a filter kept the answer back, which is an answer and no failure.
        """
        kind = _STATUSES.get(status) or ("server" if status >= 500 else "bad_request")
        words = f"{code} {said}"
        if kind in ("rate_limit", "bad_request", "auth") and _NO_QUOTA.search(words):  # waiting does not help
            kind = "quota"
        elif kind == "bad_request" and _TOO_LONG.search(words):
            kind = "too_long"
        elif kind == "bad_request" and _FILTER.search(words):
            kind = FILTERED
        return self.failed(kind, said or f"HTTP {status}", wait_asked_for(headers or {}))

    def failed(self, kind: str, said: str, wait: float | None = None) -> EndpointError:
        """A failure of this kind, with what was said and the next step to take."""
        step = f"; {NEXT_STEP[kind]}" if kind in NEXT_STEP else ""
        line = " ".join(self._masked(said).split())  # masked first, or half a key could be left at the end
        line = line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
        return EndpointError(kind, f"{self._masked(self.where)}: {kind.replace('_', ' ')}: {line}{step}", wait)

    def timed_out(self, seconds: float) -> EndpointError:
        """No answer in time."""
        return self.failed("timeout", f"no answer within {seconds:g} s")

    def unreachable(self) -> EndpointError:
        """No connection, or one that broke off before the answer was whole."""
        return self.failed("connection", "no connection, or it broke off before the answer was whole")

    def malformed(self) -> EndpointError:
        """An HTTP 200 whose body is not the answer that was promised."""
        return self.failed("malformed", "the answer is not the JSON that was expected, or not all of it")

    def _masked(self, text: str) -> str:
        """The text without the key, or any other secret of the environment, should it hold one."""
        for name, secret in os.environ.items():
            if len(secret) >= 6 and (name == self.key_env or name.endswith(("_KEY", "_TOKEN", "_SECRET"))):
                text = text.replace(secret, "***")
        return text


def said_in(body: Any) -> tuple[str, str]:
    """The message and the code in the JSON body of an error, in the shapes that providers use; else the body itself."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, Mapping):
        said = error.get("message") or error.get("detail") or ""
        code = error.get("code") or error.get("type") or ""
        return (said if isinstance(said, str) and said else str(dict(error))), str(code)
    return str(error or ""), ""


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or an HTTP date, RFC 9110 10.2.3); None without."""
    lower = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(lower[name]) / unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        at = parsedate_to_datetime(lower.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
