"""What wrong answers cost: the traffic and the prices that turn a drop into money a month."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .errors import StudyError


@dataclass(frozen=True, slots=True)
class Business:
    """What the owner of a system says of its use; nobody else can.

    `requests` is the traffic a month, `messy` the share of it that is written like the study's mess (1 = all), `wrong`
    the cost of an answer that is wrong, `escalation` that of a request that gets no usable answer and goes to a person,
    both in US dollars. Raises StudyError for a number that makes no sense.
    """

    requests: float
    wrong: float = 0.0
    escalation: float = 0.0
    messy: float = 1.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value: Any = getattr(self, one.name)
            if value < 0:
                raise StudyError(f"[business] {one.name} must not be negative, as {value} is")
        if self.messy > 1:
            raise StudyError(f"[business] messy is a share of the traffic, from 0 to 1, not {self.messy}")
        if not self.requests:
            raise StudyError("[business] requests must be more than 0: the traffic a month")
        if not self.wrong and not self.escalation:
            raise StudyError("[business] needs the cost of a wrong answer, of an escalation, or both, in US dollars")
