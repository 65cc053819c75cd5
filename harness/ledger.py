"""The validity ledger: why the right answer of each variant can be trusted, counted by perturbation. [validity]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from .answers import VALIDITIES, Answers
from .behaviour import Reaction
from .readings import signed
from .results import Results
from .statistics import Estimate, accuracy


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger holds of one perturbation: how many of its variants are of each class, unchanged ones apart.

    `right` is the share of items whose answer follows the new right answer, where the effect is `updated`, or whose
    reply asks back, names the conflict or declines, where it is `clarify`; `reactions` counts what those replies do,
    and is empty elsewhere.
    """

    name: str
    unchanged: int
    classes: dict[str, int]
    asked: int
    right: Estimate | None
    reactions: dict[str, int]


def ledger(results: Results, answers: Answers) -> tuple[Entry, ...]:
    """An entry a perturbation, in the study's order; those after which another answer is right come last.

    A variant that every reader of the audit found valid counts as reviewed, whatever the guard had found.
    """
    reviewed = signed(results)
    found = []
    for at, name in enumerate((*results.conditions, *results.behaviours)):
        rows = answers.condition == at
        held = answers.validity[rows]
        classes = {one: int(np.sum(held == code)) for code, one in enumerate(VALIDITIES)}
        for row in reviewed:
            before = VALIDITIES[answers.validity[row]]
            if rows[row] and before in ("proved", "guarded"):
                classes[before] -= 1
                classes["reviewed"] += 1
        found.append(
            Entry(
                name=name,
                unchanged=int(np.sum(held == -1)),
                classes=classes,
                asked=int(np.sum(rows & answers.answered)),
                right=_followed(answers, rows & ~answers.same & answers.answered),
                reactions={
                    kind: count
                    for kind, count in answers.outcomes(rows & ~answers.same & answers.answered).items()
                    if kind in get_args(Reaction)
                },
            )
        )
    return tuple(found)


def _followed(answers: Answers, rows: np.ndarray) -> Estimate | None:
    if not np.any(rows):
        return None
    items = answers.item[rows]
    count = np.bincount(items)
    mean = np.bincount(items, weights=answers.score[rows])[count > 0] / count[count > 0]
    return accuracy(mean[:, None])
