"""From answers to pairs: each item's clean and messy score for one claim, as far as its last look."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .answers import ANSWERED, CLEAN, FAILED, NOT_ASKED, Answers, Flags, Ints
from .gate import MEAN, Gate, of_the_frame
from .schedule import group_ranks
from .sequential import level_at
from .statistics import Floats


@dataclass(frozen=True)
class Arm:
    """What came back in one condition, one entry an item: sums of scores and of their squares, and counts of calls."""

    total: Floats
    squares: Floats
    answered: Ints
    failed: Ints
    waiting: Ints

    def mean(self, imputed: float | None = None) -> Floats:
        """Each item's mean score; NaN without an answer. Failed calls count as `imputed` where that is given."""
        total = self.total if imputed is None else self.total + imputed * self.failed
        count = self.answered if imputed is None else self.answered + self.failed
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(count > 0, total / count, np.nan)

    @property
    def variance(self) -> Floats:
        """The unbiased variance of each item's answers among themselves; NaN with fewer than two."""
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = (self.squares - self.total**2 / self.answered) / (self.answered - 1)
        return np.where(self.answered >= 2, np.maximum(spread, 0), np.nan)


@dataclass(frozen=True)
class Scores:
    """The scores of a study by item and condition; items stand in the order in which they are asked.

    `changed` says for each condition which items it changed, `groups` which items depend on each other (None = none),
    `looks` before which look an item is asked. `graded` is True where scores lie between right and wrong.
    """

    clean: Arm
    messy: Mapping[str, Arm]
    changed: Mapping[str, Flags]
    groups: Ints | None
    looks: Ints
    repeats: int
    draws: int
    graded: bool = False
    extended: bool = False

    @cached_property
    def last_look(self) -> int:
        """The number of looks, the end included."""
        return int(self.looks.max()) + 1 if len(self.looks) else 1


def scores_of(
    answers: Answers,
    conditions: Sequence[str],
    groups: Sequence[str],
    looks: Sequence[int],
    *,
    repeats: int,
    draws: int,
    extended: bool = False,
) -> Scores:
    """The answers summed by item and condition. `groups` and `looks` have an entry an item."""
    size = len(groups)
    order = np.argsort(answers.condition, kind="stable")
    ends = np.searchsorted(answers.condition[order], np.arange(CLEAN, len(conditions) + 1))
    rows = {name: order[ends[at + 1] : ends[at + 2]] for at, name in enumerate(conditions)}
    kept = {name: at[answers.changed[at] & answers.same[at]] for name, at in rows.items()}
    ranks = group_ranks(groups)
    scored = answers.score[answers.answered]
    return Scores(
        clean=_arm(answers, order[: ends[1]], size),
        messy={name: _arm(answers, at, size) for name, at in kept.items()},
        changed={name: np.bincount(answers.item[at], minlength=size) > 0 for name, at in kept.items()},
        groups=np.asarray(ranks, dtype=np.int64) if ranks else None,
        looks=np.asarray(looks, dtype=np.int64),
        repeats=repeats,
        draws=draws,
        graded=bool(np.any((scored != 0) & (scored != 1))),
        extended=extended,
    )


def _arm(answers: Answers, rows: Ints, size: int) -> Arm:
    item, status, score = answers.item[rows], answers.status[rows], answers.score[rows]

    def count(which: int) -> Ints:
        return np.bincount(item[status == which], minlength=size)

    return Arm(
        total=np.bincount(item, weights=score, minlength=size).astype(float),
        squares=np.bincount(item, weights=score**2, minlength=size).astype(float),
        answered=count(ANSWERED),
        failed=count(FAILED),
        waiting=count(NOT_ASKED),
    )


@dataclass(frozen=True)
class Pairs:
    """The items that a claim rests on, at its last complete look: mean clean and mean messy scores.

    `level` is the level its interval must have so that all looks together hold the gate's. `fractions` are the shares
    of its items that were asked at the looks taken; without one there is no verdict yet. `planned` counts all looks
    that it has. `missing` is the largest share of an arm's calls that failed. `reach` is the number of items that the
    claim has when everything is asked, `largest_group` the most of them that depend on each other.
    """

    name: str
    items: Ints
    clean: Floats
    messy: Floats
    groups: Ints | None
    level: float
    fractions: tuple[float, ...]
    planned: int
    missing: float
    reach: int
    largest_group: int = 1

    @property
    def finished(self) -> bool:
        """Whether everything that the claim plans was asked."""
        return len(self.fractions) == self.planned

    @property
    def interim(self) -> bool:
        """Whether this is a look before the end."""
        return bool(self.fractions) and not self.finished


def paired(scores: Scores, name: str, gate: Gate, imputed: tuple[float | None, float | None] = (None, None)) -> Pairs:
    """The pairs of one condition, or of the mean over all of them. `imputed` is what failed calls count as.

    Items up to the last look before which every call was made; before the first such look, those asked so far.
    """
    names = [one for one in scores.messy if not of_the_frame(one)] if name == MEAN else [name]
    arms = [scores.messy[one] for one in names]
    changed = np.any([scores.changed[one] for one in names], axis=0)
    waiting = changed & np.any([arm.waiting > 0 for arm in (scores.clean, *arms)], axis=0)
    at_look = np.bincount(scores.looks[changed], minlength=scores.last_look)
    open_at = np.bincount(scores.looks[waiting], minlength=scores.last_look)
    done = int(np.argmax(open_at > 0)) if np.any(open_at) else scores.last_look
    fractions = _fractions(at_look, done)
    asked = changed & ~waiting & ((scores.looks < done) if fractions else True)
    clean, messy = scores.clean.mean(imputed[0]), _mean([arm.mean(imputed[1]) for arm in arms])
    items = np.flatnonzero(asked & ~np.isnan(clean) & ~np.isnan(messy))
    groups = scores.groups[items] if scores.groups is not None and gate.target != "suite" else None
    anytime = gate.anytime or scores.extended
    return Pairs(
        name=name,
        items=items,
        clean=clean[items],
        messy=messy[items],
        groups=groups if groups is not None and len(np.unique(groups)) < len(groups) else None,
        level=gate.level if anytime or not fractions else level_at(fractions, gate.level),
        fractions=fractions,
        planned=len(_fractions(at_look, scores.last_look)),
        missing=max(_failed(arm, asked) for arm in (scores.clean, *arms)),
        reach=int(changed.sum()),
        largest_group=_largest(scores.groups, changed) if groups is not None else 1,
    )


def groups_among(scores: Scores, items: Ints) -> Ints | None:
    """The groups of these items; None where all of them are independent, or all depend on each other."""
    if scores.groups is None:
        return None
    groups = scores.groups[items]
    return None if len(np.unique(groups)) in (1, len(groups)) else groups


def mean_over(scores: Scores, conditions: Collection[str] = ()) -> Floats:
    """Each item's mean messy score over these conditions that changed it; NaN where none has an answer.

    Without any named it is over all of the users' mess.
    """
    wanted = conditions or [name for name in scores.messy if not of_the_frame(name)] or list(scores.messy)
    return _mean([arm.mean() for name, arm in scores.messy.items() if name in wanted])


def _mean(columns: Sequence[Floats]) -> Floats:
    """Each item's mean over the conditions that it has a score in; NaN where there is none."""
    if len(columns) == 1:
        return columns[0]
    known = np.sum([~np.isnan(column) for column in columns], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(columns, axis=0) / np.where(known > 0, known, np.nan))


def _largest(groups: Ints | None, items: Flags) -> int:
    """The most of these items that depend on each other."""
    return int(np.bincount(groups[items]).max()) if groups is not None and np.any(items) else 1


def _failed(arm: Arm, items: Flags) -> float:
    """The share of an arm's calls of these items that failed."""
    failed = int(arm.failed[items].sum())
    return failed / max(failed + int(arm.answered[items].sum()), 1)


def _fractions(at_look: Ints, done: int) -> tuple[float, ...]:
    """The rising shares of a claim's items that were asked at each look taken, in which it has new items."""
    sizes = at_look[:done]
    shares = np.cumsum(sizes)[sizes > 0] / max(int(at_look.sum()), 1)
    return tuple(round(float(share), 9) for share in shares)
