"""The mess: one family a file, all of it made of edits."""

from __future__ import annotations

from ..harness.errors import StudyError, did_you_mean
from .bridges import bridge, nlpaug_names
from .contradictions import self_correction
from .distraction import small_talk
from .fragments import telegraphic
from .pasted import email_thread
from .perturbation import SEVERITIES, Perturbation, perturbation
from .surface import casing, punctuation
from .typing import typos

__all__ = ["DEFAULT_SEVERITY", "PERTURBATIONS", "SEVERITIES", "Perturbation", "find", "parse", "perturbation"]

PERTURBATIONS: dict[str, Perturbation] = {
    p.name: p for p in (typos, casing, punctuation, telegraphic, self_correction, email_thread, small_talk)
}
"""Our own perturbations by name. To contribute one: write its function in a family file and add its name here."""

DEFAULT_SEVERITY = 3


def find(name: str) -> Perturbation:
    """The perturbation of this name, `nlpaug:<augmenter>` included. Raises StudyError with the nearest name."""
    if name in PERTURBATIONS:
        return PERTURBATIONS[name]
    if name.startswith("nlpaug:"):
        return bridge(name)
    known = [*PERTURBATIONS, *nlpaug_names()]
    raise StudyError(f"no perturbation called {name!r}{did_you_mean(name, known)} (`roadtest list` shows all)")


def parse(clause: str) -> tuple[Perturbation, int]:
    """The perturbation and severity of `typos@3` or `typos` (severity 3).

    Raises StudyError for an unknown name or a severity outside 1 to 5.
    """
    name, at, level = clause.partition("@")
    if at and level not in {str(severity) for severity in SEVERITIES}:
        raise StudyError(f"{clause!r}: severity must be a whole number from 1 to {SEVERITIES[-1]}, as in '{name}@3'")
    return find(name.strip()), int(level) if at else DEFAULT_SEVERITY
