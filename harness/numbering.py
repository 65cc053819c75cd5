"""The calls of a study by number: clean ones first, then variants, case by case, perturbation by perturbation."""

from __future__ import annotations

from collections.abc import Sequence

CLEAN_NAME = "clean"
"""What stands in a request's id where a perturbation with its severity stands for the others."""


class Numbering:
    """Turns ids of requests into numbers and back, without a table of them.

    There are `repeats` clean calls of each case, and `draws` variants of each case by each of `conditions`, whether
    they are asked or not. An id reads `<case>/<condition>#<count>`.
    """

    def __init__(self, cases: Sequence[str], conditions: Sequence[str], repeats: int, draws: int) -> None:
        self.cases = cases
        self.conditions = conditions
        self.repeats = repeats
        self.draws = draws
        self.clean = len(cases) * repeats
        self.a_case = len(conditions) * draws
        self.total = self.clean + len(cases) * self.a_case
        self._case_at = {case: at for at, case in enumerate(cases)}
        self._condition_at = {CLEAN_NAME: -1} | {name: at for at, name in enumerate(conditions)}

    def case_of(self, number: int) -> int:
        """The place of its case."""
        return number // self.repeats if number < self.clean else (number - self.clean) // self.a_case

    def condition_of(self, number: int) -> int:
        """The place of its condition; -1 for a clean call."""
        return -1 if number < self.clean else (number - self.clean) // self.draws % len(self.conditions)

    def count_of(self, number: int) -> int:
        """Which repeat of a clean call it is, or which draw of a variant, from 0."""
        return number % self.repeats if number < self.clean else (number - self.clean) % self.draws

    def id_of(self, number: int) -> str:
        """The id of the call of this number."""
        condition = self.condition_of(number)
        name = CLEAN_NAME if condition < 0 else self.conditions[condition]
        return f"{self.cases[self.case_of(number)]}/{name}#{self.count_of(number)}"

    def number_of(self, request_id: str) -> int | None:
        """The number of the call with this id; None where the study has none. Cases and conditions may hold slashes."""
        head, _, count = request_id.rpartition("#")
        slash = head.rfind("/")
        while slash > 0 and count.isdecimal():
            case, condition = self._case_at.get(head[:slash]), self._condition_at.get(head[slash + 1 :])
            if case is not None and condition is not None:
                at = int(count)
                if condition < 0:
                    return case * self.repeats + at if at < self.repeats else None
                return self.clean + case * self.a_case + condition * self.draws + at if at < self.draws else None
            slash = head.rfind("/", 0, slash)
        return None
