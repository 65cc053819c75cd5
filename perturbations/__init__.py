"""The mess: one family a file, all of it made of edits."""

from __future__ import annotations

from collections.abc import Iterable

from ..harness.errors import CaseError, StudyError, did_you_mean
from . import (
    context,
    contradictions,
    distraction,
    formats,
    fragments,
    legacy,
    pasted,
    people,
    screenshots,
    speech,
    surface,
    turns,
    typing,
)
from .bridges import bridge, nlpaug_names
from .perturbation import SEVERITIES, Perturbation, perturbation, stack, word_by_word

__all__ = [
    "DEFAULT_SEVERITY",
    "PERTURBATIONS",
    "SEVERITIES",
    "Perturbation",
    "expand",
    "find",
    "parse",
    "perturbation",
    "stack",
    "word_by_word",
]

FAMILIES = (
    *(typing, surface, fragments, contradictions, pasted, speech, people, distraction),
    *(turns, screenshots, context, legacy, formats),
)
PERTURBATIONS: dict[str, Perturbation] = {
    found.name: found for family in FAMILIES for found in vars(family).values() if isinstance(found, Perturbation)
}
"""Our own perturbations by name, in the order of the families. One that is written in a family's file is in it."""

DEFAULT_SEVERITY = 3
_BRIDGES = ("nlpaug:", "python:", "paraphrase:")


def find(name: str) -> Perturbation:
    """The perturbation of this name; `a+b` stacks several, and foreign ones have a prefix.

    `nlpaug:KeyboardAug` is an augmenter of nlpaug, `python:module:function` a function of yours from text to text,
    `paraphrase:FILE` a file of accepted paraphrases. Raises StudyError with the nearest name.
    """
    if name in PERTURBATIONS:
        return PERTURBATIONS[name]
    parts = [part.strip() for part in name.split("+")]
    if len(parts) > 1:
        try:
            return stack([find(part) for part in parts])
        except CaseError as problem:
            raise StudyError(str(problem)) from None
    if name.startswith(_BRIDGES):
        return bridge(name)
    known = [*PERTURBATIONS, *nlpaug_names()]
    raise StudyError(f"no perturbation called {name!r}{did_you_mean(name, known)} (`roadtest list` shows all)")


def expand(clauses: Iterable[str]) -> tuple[str, ...]:
    """The clauses, with each family (`fragments@3`) as its perturbations that leave the right answer as it is."""
    found: list[str] = []
    for clause in clauses:
        family, at, level = clause.partition("@")
        members = [name for name, one in PERTURBATIONS.items() if one.family == family and one.effect == "same"]
        found += [f"{name}{at}{level}" for name in members] if members and family not in PERTURBATIONS else [clause]
    return tuple(found)


def parse(clause: str) -> tuple[Perturbation, int]:
    """The perturbation and severity of `typos@3` or `typos` (severity 3).

    Raises StudyError for an unknown name or a severity outside 1 to 5.
    """
    name, at, level = clause.rpartition("@") if "@" in clause else (clause, "", "")
    if at and level not in {str(severity) for severity in SEVERITIES}:
        raise StudyError(f"{clause!r}: severity must be a whole number from 1 to {SEVERITIES[-1]}, as in '{name}@3'")
    return find(name.strip()), int(level) if at else DEFAULT_SEVERITY
