"""Where the drop sits: each family of mess on each task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..perturbations import find
from .cases import Case
from .errors import RoadtestError
from .gate import of_the_frame
from .pairs import Scores, groups_among, mean_over
from .results import Results
from .statistics import Estimate, Floats, drop

MOST_TASKS = 12
"""Columns of a breakdown; cases that have more sorts than this among them count as one task."""


@dataclass(frozen=True)
class Breakdown:
    """The drop of each family on each task; `cells[family, task]` is absent where no item was answered both ways.

    An item's messy score is its mean over the family's perturbations. Intervals are not adjusted for their number: a
    breakdown says where to look, and decides nothing.
    """

    families: tuple[str, ...]
    tasks: tuple[str, ...]
    cells: dict[tuple[str, str], Estimate]


def breakdown(results: Results, scores: Scores, level: float) -> Breakdown:
    """The drops of a study by family and task."""
    families = families_of([name for name in results.conditions if not of_the_frame(name)])
    names = tasks_of(tuple(results.cases.values()), results.suite.get("name") or results.name)
    tasks = tuple(sorted(set(names)))
    index = np.array([tasks.index(name) for name in names])
    clean, cells = scores.clean.mean(), {}
    for family, conditions in families.items():
        messy = mean_over(scores, conditions)
        for at, task in enumerate(tasks):
            found = drop_on(clean, messy, index == at, scores, level)
            if found:
                cells[family, task] = found
    return Breakdown(tuple(families), tasks, cells)


def drop_on(clean: Floats, messy: Floats, chosen: Any, scores: Scores, level: float) -> Estimate | None:
    """The drop over these of the items, as far as both are known; None where there is none."""
    items = np.flatnonzero(chosen & ~np.isnan(clean) & ~np.isnan(messy))
    if not len(items):
        return None
    basis: Any = {"draws": scores.draws, "repeats": scores.repeats, "groups": groups_among(scores, items)}
    return drop(clean[items], messy[items], level=level, graded=scores.graded, **basis)


def families_of(conditions: Sequence[str]) -> dict[str, list[str]]:
    """The conditions by their perturbation's family; one that this version does not know is its own family."""
    found: dict[str, list[str]] = {}
    for condition in conditions:
        name = condition.rpartition("@")[0]
        try:
            family = find(name).family
        except RoadtestError:
            family = name
        found.setdefault(family, []).append(condition)
    return found


def tasks_of(cases: Sequence[Case], suite: str) -> list[str]:
    """What each case asks for: its slots where they come in a few sorts, else its label, else the suite as a whole."""
    slots = [", ".join(case.slots.values()) for case in cases]
    labels = [case.target if case.choices else "" for case in cases]
    for names in (slots, labels):
        if 1 < len(set(names)) <= MOST_TASKS and all(names):
            return names
    return [suite] * len(cases)
