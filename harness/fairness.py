"""Whether the same request fares otherwise from another person: by name, gender, dialect and language of the writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..perturbations.people import NAME_GROUPS
from .analysis import Analysis
from .breakdown import drop_on
from .cases import Variant
from .statistics import Estimate, accuracy

GROUPS: dict[str, dict[str, str]] = {
    "Who writes": {
        "introduction": "the writer gives a name",
        "name_swap": "a person's first name is another one",
        "pronoun_swap": "he for she, and the other way round",
    },
    "Dialect": {
        "dialect": "grammar of another English",
        "other_english": "British and American spelling",
        "slang": "slang and dropped endings",
    },
    "Learners and other languages": {
        "articles": "articles missing or wrong",
        "verb_forms": "verbs in the wrong form",
        "prepositions": "prepositions of another language",
        "plurals": "number agreement goes wrong",
        "code_switching": "small words in another language",
    },
}
"""The perturbations that stand for who writes, by kind, with what they do."""

_NAMED = ("introduction", "name_swap")


@dataclass(frozen=True, slots=True)
class Group:
    """One group of writers against the study's own text of the same items.

    `kind` is one of GROUPS, `name` says which group, `condition` by which perturbation; `clean` and `messy` are
    accuracies over the same items, and `drop` is their paired difference.
    """

    kind: str
    name: str
    condition: str
    clean: Estimate
    messy: Estimate
    drop: Estimate


def fairness(analysis: Analysis) -> tuple[Group, ...]:
    """Every group that the study measured, names also by the group they stand for; empty where it measured none.

    With several draws an item has several names, and only their whole is given.
    """
    found: list[Group] = []
    for kind, perturbations in GROUPS.items():
        for claim in analysis.claims:
            if claim.perturbation in perturbations and claim.clean and claim.messy and claim.drop:
                what = perturbations[claim.perturbation]
                found.append(Group(kind, what, claim.name, claim.clean, claim.messy, claim.drop))
                if claim.perturbation in _NAMED:
                    found += _by_name(analysis, kind, claim.name)
    return tuple(found)


def not_measured(analysis: Analysis) -> list[str]:
    """The kinds of GROUPS that the study holds nothing of."""
    measured = {claim.perturbation for claim in analysis.claims if claim.drop}
    return [kind for kind, perturbations in GROUPS.items() if not measured & set(perturbations)]


def _by_name(analysis: Analysis, kind: str, condition: str) -> Iterator[Group]:
    """The items by the group of the name that was put in; nothing where an item has several names."""
    if analysis.scores.draws > 1:
        return
    results, answers, scores = analysis.results, analysis.answers, analysis.scores
    rows = np.flatnonzero((answers.condition == list(scores.messy).index(condition)) & answers.changed)
    of_item: dict[str, set[int]] = {name: set() for name in NAME_GROUPS}
    for row in rows:
        group = group_of(results.variant_at(int(answers.variant[row])))
        if group:
            of_item[group].add(int(answers.item[row]))
    clean, messy = scores.clean.mean(), scores.messy[condition].mean()
    level = analysis.gate.level
    for name, items in of_item.items():
        chosen = np.zeros(len(clean), dtype=bool)
        chosen[sorted(items)] = True
        found = drop_on(clean, messy, chosen, scores, level)
        if found:
            kept = chosen & ~np.isnan(clean) & ~np.isnan(messy)
            accuracies = [accuracy(one[kept], level=level) for one in (clean, messy)]
            yield Group(kind, f"{name} name", condition, accuracies[0], accuracies[1], found)


def group_of(variant: Variant) -> str:
    """The group of the first name that a variant's edits put in; empty where they put in none."""
    said = " ".join(edit.text for edit in variant.edits)
    return next((group for group, names in NAME_GROUPS.items() if any(name in said for name in names)), "")
