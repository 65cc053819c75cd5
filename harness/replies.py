"""What comes back from a system under test, and what a scorer makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .cases import Case
from .errors import CaseError
from .frames import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, with what it took.

    `finish` says why it stopped, in OpenAI's words (`stop`, `length`, `content_filter`, `refusal`, ...). Tokens are
    counts, `cost` is in US dollars, each None where the endpoint does not say. `seconds` is the wall time of the last
    attempt, `first_token` the part of it until the first token came, None where the answer was not streamed.
    `fingerprint` is what the endpoint says of its own configuration (OpenAI's `system_fingerprint`), "" where it says
    nothing. Raises CaseError for a field of another type.
    """

    text: str
    finish: str = "stop"
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    seconds: float = 0.0
    first_token: float | None = None
    attempts: int = 1
    fingerprint: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "finish", "model", "fingerprint"):
            value: Any = getattr(self, name)
            if not isinstance(value, str):
                raise CaseError(f"a reply's {name} must be text, not {type(value).__name__}")
        for name, kinds in (("prompt_tokens", (int,)), ("completion_tokens", (int,)), ("cost", (int, float))):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, kinds) and math.isfinite(value) and value >= 0):
                raise CaseError(f"a reply's {name} must be a number of at least 0 or None, not {value!r}")

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut off by a length limit."""
        return self.finish == "length"


class Endpoint(Protocol):
    """A system under test: it has a name and answers chat turns. It raises EndpointError where it cannot."""

    @property
    def name(self) -> str:
        """What the report calls the system."""
        ...

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The answer to these turns."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth: `value` in [0, 1], or None where it could not be graded; `why` says how it was read.

    `answer` is what was read out of it, so that two replies that say the same can be told from two that do not.
    """

    value: float | None
    why: str = ""
    answer: str = ""


Scorer = Callable[[Case, Reply], Score]
"""Grades one reply against one case; pure, so that a journal can be scored again at no cost."""
