"""When a replay stops by itself: a spent budget, a failure that every call would meet, too many failures."""

from __future__ import annotations

import math
from collections import Counter

from .errors import EndpointError

FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the endpoint is taken to be down."""

FEWEST_TRIED, SURELY = 20, 3.0
"""Calls from which on the share of failed ones can stop a replay, and the standard deviations by which it must exceed
the study's limit: a few early failures may be bad luck."""


class Brakes:
    """Counts what calls bring and cost, and says why no further one should be made.

    `budget` is in US dollars (0 = none), of which `spent` counts from earlier runs on; `priced` is False once an answer
    came whose price nobody knows. `failures` is the share of failed calls that a study bears, in (0, 1].
    """

    def __init__(self, name: str, budget: float, failures: float) -> None:
        self.name = name
        self.budget = budget
        self.limit = failures
        self.spent = 0.0
        self.priced = True
        self.stopped = ""
        self._tried = self._answered = self._in_a_row = 0
        self._failures: Counter[str] = Counter()

    def paid(self, cost: float | None, shared: bool = False) -> None:
        """Counts the price of an answer; one that is shared was paid before."""
        if not shared:
            self.spent += cost or 0.0
            self.priced = self.priced and cost is not None

    def before(self) -> str:
        """Why the next call should not be made; "" where it may be."""
        if self.budget and not self.priced:
            self.stop(
                f"the budget of ${self.budget:g} cannot be kept: there is no listed price for {self.name}; give one, "
                "as in [endpoint] price = {input = 0.15, output = 0.6} (US dollars for a million tokens), {call = 0.01}"
            )
        elif self.budget and self.spent >= self.budget * (1 - 1e-9):  # ten times $0.01 is a little less than $0.10
            self.stop(f"the budget of ${self.budget:g} is spent (${self.spent:.4f}); raise it to go on")
        return self.stopped

    def take(self, failure: str, message: str, cost: float | None) -> None:
        """Counts a call: an answer at this price or, after all tries, none, for this kind of failure."""
        self._tried += 1
        if failure:
            self._failed(failure, message)
            return
        self._answered += 1
        self._in_a_row = 0
        self.paid(cost)

    def _failed(self, kind: str, message: str) -> None:
        self._in_a_row += 1
        self._failures[kind] += 1
        failed = self._failures.total()
        nothing_yet = kind == "connection" and not self._answered and self._in_a_row == 1
        unlucky = self.limit * self._tried + SURELY * math.sqrt(self.limit * (1 - self.limit) * self._tried)
        if kind in EndpointError.FATAL or nothing_yet or self._in_a_row >= FAILURES_IN_A_ROW:
            self.stop(message)
        elif self._tried >= FEWEST_TRIED and failed > unlucky:
            kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in self._failures.most_common())
            self.stop(
                f"{failed} of {self._tried} calls brought no answer ({kinds}), more than the {self.limit:.0%} of "
                f"[endpoint] failures; the last one: {message}"
            )

    def stop(self, why: str) -> None:
        """No further call, for this reason; the first one stands."""
        self.stopped = self.stopped or why
