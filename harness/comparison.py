"""Two systems or more on the same variants: who is better, by how much, and whether that depends on the mess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .analysis import study_scores
from .answers import Answers, Ints, read_answers
from .breakdown import families_of
from .errors import ResultsError
from .gate import of_the_frame
from .pairs import Scores, mean_over
from .results import Results
from .seeds import digest
from .significance import drop_p_value, holm
from .statistics import Estimate, Floats, accuracy, drop, mean_of

RESAMPLES = 2000

CLEAN_TEXT, OVER_ALL = "clean", "all mess"
"""Names of the two rows that are not one perturbation's."""


@dataclass(frozen=True, slots=True)
class Duel:
    """How two systems differ in one condition, on the items that both answered.

    `difference` is the first's accuracy less the second's; `better` the chance, over resampled items, that the first
    is ahead; `p` of "no difference", adjusted by Holm over all duels of the condition. `drops` is the first's drop less
    the second's (None on clean text).
    """

    first: str
    second: str
    difference: Estimate
    better: float
    p: float
    drops: Estimate | None


@dataclass(frozen=True)
class Standing:
    """One condition, family, or all mess: every system's accuracy, the chance that each is the best, and all duels."""

    condition: str
    accuracy: dict[str, Estimate]
    best: dict[str, float]
    duels: tuple[Duel, ...]

    @property
    def winner(self) -> str:
        """The system that is most often the best."""
        return max(self.best, key=self.best.__getitem__)


@dataclass(frozen=True, slots=True)
class Economy:
    """What a system's messy answers take, and how many right ones that buys.

    `dollars` and `seconds` are means a call, `right_a_dollar` and `right_a_second` the accuracy over all mess divided
    by them (by one call after the other). None where no price is known, or no call was made.
    """

    dollars: float | None
    seconds: float | None
    right_a_dollar: float | None
    right_a_second: float | None


@dataclass(frozen=True, slots=True)
class Stability:
    """Whether the ranking on clean text holds under mess, over resampled items.

    `winner` is the share of resamples in which who leads on clean text leads under mess too, alone or with others,
    `order` that in which no pair is turned round, `tau` the mean Kendall's tau-a between both orders, from -1 (turned
    round) to 1 (the same); a tie counts as 0.
    """

    winner: float
    order: float
    tau: float


@dataclass(frozen=True)
class Comparison:
    """Systems side by side: on clean text, under each perturbation, and over all mess."""

    systems: tuple[str, ...]
    standings: tuple[Standing, ...]
    level: float
    economy: dict[str, Economy]
    stability: Stability | None
    about: tuple[tuple[str, str], ...]

    @property
    def changes(self) -> tuple[Standing, ...]:
        """Conditions in which another system than on clean text is most likely the best."""
        clean = self.standings[0].winner
        return tuple(standing for standing in self.standings[1:] if standing.winner != clean)


def compare(folders: Sequence[Results], *, level: float = 0.95, scorer: str = "") -> Comparison:
    """Compares results folders that asked the same variants of different systems.

    Raises ResultsError where they asked different variants, or fewer than two were given.
    """
    if len(folders) < 2:
        raise ResultsError("a comparison needs two results folders or more")
    first = folders[0]
    for other in folders[1:]:
        if other.manifest != first.manifest or list(other.cases) != list(first.cases):
            raise ResultsError(
                f"{other.folder} asked other variants than {first.folder}: only the same can be compared"
            )
    names = _names(folders)
    answers = [read_answers(results, scorer) for results in folders]
    scores = [study_scores(*both, both[0].gate) for both in zip(folders, answers, strict=True)]
    groups = scores[0].groups
    clean = [one.clean.mean() for one in scores]
    standings = [_standing(CLEAN_TEXT, names, clean, None, groups, scores, level)]
    for condition in first.conditions:
        messy = [one.messy[condition].mean() for one in scores]
        standings.append(_standing(condition, names, messy, clean, groups, scores, level))
    for family, conditions in _families(first.conditions).items():
        messy = [mean_over(one, conditions) for one in scores]
        standings.append(_standing(f"{family} family", names, messy, clean, groups, scores, level))
    if len(first.conditions) > 1:
        messy = [mean_over(one) for one in scores]
        standings.append(_standing(OVER_ALL, names, messy, clean, groups, scores, level))
    messy = [mean_over(one) for one in scores] if first.conditions else []
    return Comparison(
        names,
        tuple(one for one in standings if one is not None),
        level,
        {name: _economy(one, mean, first) for name, one, mean in zip(names, answers, messy, strict=False)},
        _stability(clean, messy, groups) if messy else None,
        (("variants", f"SHA-256 {first.manifest}"), *zip(names, (str(one.folder) for one in folders), strict=True)),
    )


def _economy(answers: Answers, messy: Floats, results: Results) -> Economy:
    users = [at for at, name in enumerate(results.conditions) if not of_the_frame(name)]
    rows = np.isin(answers.condition, users) & answers.answered & answers.asked & answers.same
    right = float(np.nanmean(messy)) if np.any(~np.isnan(messy)) else None

    def mean(column: Floats) -> float | None:
        known = column[rows & ~np.isnan(column)]
        return float(known.mean()) if len(known) else None

    def bought(price: float | None) -> float | None:
        return right / price if right is not None and price else None

    dollars, seconds = mean(answers.cost), mean(answers.seconds)
    return Economy(dollars, seconds, bought(dollars), bought(seconds))


def _stability(clean: Sequence[Floats], messy: Sequence[Floats], groups: Ints | None) -> Stability | None:
    kept = np.flatnonzero(~np.any(np.isnan([*clean, *messy]), axis=0))
    if not len(kept):
        return None
    inside = groups[kept] if groups is not None and len(np.unique(groups[kept])) < len(kept) else None
    before, after = (_resampled(np.array([one[kept] for one in arm]), inside) for arm in (clean, messy))
    tops = [means == means.max(axis=0) for means in (before, after)]
    signs = [
        np.array([np.sign(means[i] - means[j]) for i, j in combinations(range(len(means)), 2)])
        for means in (before, after)
    ]
    return Stability(
        winner=float(np.mean((tops[0] & tops[1]).sum(axis=0) / tops[0].sum(axis=0))),
        order=float(np.mean(np.all(signs[0] * signs[1] >= 0, axis=0))),
        tau=float(np.mean(signs[0] * signs[1])),
    )


def _families(conditions: Sequence[str]) -> dict[str, list[str]]:
    """The families of perturbations with several conditions that are not all there is."""
    found = families_of([name for name in conditions if not of_the_frame(name)])
    return {family: names for family, names in found.items() if 1 < len(names) < len(conditions)}


def _names(folders: Sequence[Results]) -> tuple[str, ...]:
    """Names of the systems; of the folders where two systems are called the same."""
    systems = [results.system for results in folders]
    if len(set(systems)) < len(systems):
        systems = [f"{results.system} ({results.folder.name})" for results in folders]
    again = [systems[:at].count(name) for at, name in enumerate(systems)]
    return tuple(f"{name} [{times + 1}]" if times else name for name, times in zip(systems, again, strict=True))


def _standing(
    condition: str,
    names: Sequence[str],
    values: Sequence[Floats],
    clean: Sequence[Floats] | None,
    groups: Ints | None,
    scores: Sequence[Scores],
    level: float,
) -> Standing | None:
    columns = [*values, *(clean or ())]
    kept = np.flatnonzero(~np.any(np.isnan(columns), axis=0))
    if not len(kept):
        return None
    table = np.array([value[kept] for value in values])
    inside = groups[kept] if groups is not None and len(np.unique(groups[kept])) < len(kept) else None
    graded = any(one.graded for one in scores)
    means = _resampled(table, inside)
    top = means == means.max(axis=0)
    best = (top / top.sum(axis=0)).mean(axis=1)
    pairs = list(combinations(range(len(names)), 2))
    p_values = [
        min(
            1.0,
            2
            * min(
                drop_p_value(table[i], table[j], 0.0, inside, graded=graded),
                drop_p_value(table[j], table[i], 0.0, inside, graded=graded),
            ),
        )
        for i, j in pairs
    ]
    duels = tuple(
        Duel(
            names[i],
            names[j],
            drop(table[i], table[j], level=level, groups=inside, graded=graded),
            float(np.mean((means[i] > means[j]) + 0.5 * (means[i] == means[j]))),
            p,
            _drops(clean, values, i, j, kept, inside, level),
        )
        for (i, j), p in zip(pairs, holm(p_values), strict=True)
    )
    return Standing(
        condition,
        {name: accuracy(row, level=level, groups=inside) for name, row in zip(names, table, strict=True)},
        {name: float(chance) for name, chance in zip(names, best, strict=True)},
        duels,
    )


def _drops(
    clean: Sequence[Floats] | None,
    values: Sequence[Floats],
    i: int,
    j: int,
    kept: Ints,
    groups: Ints | None,
    level: float,
) -> Estimate | None:
    """The difference between two systems' drops; its range is -2 to 2."""
    if clean is None:
        return None
    difference = (clean[i] - values[i] - clean[j] + values[j])[kept]
    return mean_of(difference, level=level, scale=2.0, groups=groups)


def _resampled(table: Floats, groups: Ints | None) -> Floats:
    """Means of every system over resampled items, or over resampled groups of dependent items."""
    rng = np.random.default_rng(int.from_bytes(digest("comparison")[:8]))
    sums, sizes = table, np.ones(table.shape[1])
    if groups is not None:
        _, index = np.unique(groups, return_inverse=True)
        sizes = np.bincount(index).astype(float)
        sums = np.stack([np.bincount(index, weights=row) for row in table])
    n = sums.shape[1]
    means = np.empty((len(table), RESAMPLES))
    for at in range(RESAMPLES):
        drawn = rng.integers(n, size=n)
        means[:, at] = sums[:, drawn].sum(axis=1) / sizes[drawn].sum()
    return means
