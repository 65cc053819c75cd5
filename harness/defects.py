"""Minimal failures of several items that have one cause in common: a list of defects instead of a table of drops."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .causes import KINDS, LONGEST, Cause, causes, in_words
from .minimal import Minimal

STATUSES = {
    "chance": "did not fail again, or no more than the clean text does: chance, not mess",
    "undecided": "failed more often than the clean text, but too seldom to be sure",
    "unfinished": "were not shrunk to the end; the same command goes on",
}
"""What the states of failures that are not confirmed mean."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Confirmed minimal failures with one cause: the kinds of change, the words if they share them, and the answers.

    `turned` reads "refund answered as billing" where the answers are labels that several items share, else "".
    """

    kinds: tuple[str, ...]
    words: str
    turned: str
    failures: tuple[Minimal, ...]

    @property
    def name(self) -> str:
        """In words, such as "misspelling of 'refund': refund answered as billing"."""
        what = " with ".join(KINDS[kind] for kind in self.kinds)
        return f"{what}{f' of {self.words!r}' if self.words else ''}{f': {self.turned}' if self.turned else ''}"


def defects(found: Sequence[Minimal]) -> tuple[Defect, ...]:
    """Clusters of confirmed failures, the largest first.

    Failures of several items that hit the same words in the same way are one defect; of the rest, those of several
    items by the same kinds of change with the same right and wrong answer; of the rest, those by the same kinds.
    """
    keys: list[tuple[Minimal, tuple[tuple[str, ...], str, str], tuple[tuple[str, ...], str, str]]] = []
    for one in found:
        if one.confirmed:
            why = causes(one.variant)
            keys.append((one, (_kinds(why), _words(why), ""), (_kinds(why), "", _turned(one))))
    items: defaultdict[tuple[tuple[str, ...], str, str], set[str]] = defaultdict(set)
    for one, *both in keys:
        for key in both:
            items[key].add(one.variant.case.id)
    clusters: defaultdict[tuple[tuple[str, ...], str, str], list[Minimal]] = defaultdict(list)
    for one, *both in keys:
        shared = [key for key in both if any(key[1:]) and len(items[key]) > 1]
        clusters[shared[0] if shared else (both[0][0], "", "")].append(one)
    made = [Defect(*key, failures=tuple(members)) for key, members in clusters.items()]
    return tuple(sorted(made, key=lambda defect: (-len(defect.failures), defect.name)))


def described(one: Minimal) -> str:
    """What turned one answer wrong, in words, with the figures behind it."""
    shrunk, why = one.shrunk, in_words(causes(one.variant))
    turned = _turned(one)
    why += f": {turned}" if turned else ""
    edits = f"{len(shrunk.groups)} of {one.of} edit{'s' if one.of > 1 else ''}"
    wrong = f"wrong {shrunk.wrong} of {shrunk.asked} times, clean {shrunk.clean_wrong} of {shrunk.clean_asked}"
    return f"{why} ({edits}; {wrong})"


def not_confirmed(found: Sequence[Minimal]) -> list[str]:
    """A line for each reason why a failure is in no defect."""
    counts: Counter[str] = Counter(one.shrunk.status for one in found if not one.confirmed)
    return [f"{counts[status]} {meaning}" for status, meaning in STATUSES.items() if counts[status]]


def rows(found: Sequence[Minimal]) -> list[dict[str, str]]:
    """The table of defects: a row a failure, under the name of its defect."""
    return [
        {
            "defect": defect.name,
            "item": one.variant.case.id,
            "by": one.variant.condition,
            "cause": described(one),
            "right": _short(one.right),
            "said": _short(one.said),
        }
        for defect in defects(found)
        for one in defect.failures
    ]


def as_json(found: Sequence[Minimal]) -> list[dict[str, Any]]:
    """The defects for machines; causes quote a few words of the texts, and nothing else does."""
    return [
        {
            "name": defect.name,
            "kinds": list(defect.kinds),
            "failures": [
                {
                    "variant": one.variant.id,
                    "cause": in_words(causes(one.variant)),
                    "groups": list(one.shrunk.groups),
                    "of": one.of,
                    "wrong": [one.shrunk.wrong, one.shrunk.asked],
                    "clean_wrong": [one.shrunk.clean_wrong, one.shrunk.clean_asked],
                    "calls": one.shrunk.calls,
                    "checks": one.shrunk.checks,
                }
                for one in defect.failures
            ],
        }
        for defect in defects(found)
    ]


def _kinds(why: Sequence[Cause]) -> tuple[str, ...]:
    return tuple(sorted({cause.kind for cause in why}, key=list(KINDS).index))


def _words(why: Sequence[Cause]) -> str:
    return " ".join(cause.words for cause in why if cause.words)


def _turned(one: Minimal) -> str:
    if not one.variant.case.choices:
        return ""
    return (
        f"{one.right} answered as {one.said}" if one.said in one.variant.case.choices else f"{one.right} not answered"
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
