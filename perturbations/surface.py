"""How the text looks: letter case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation
from .text import words

# a dash beside a number may be a minus or a range, and stays
_MARK = re.compile(r"(?<=\w)[.,;:!?]+(?=\s|$)|(?<=[^\d\s]\s)[-–—](?=\s[^\d\s])|(?<=\w)['’](?=\w)")


@perturbation(
    "casing",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    source="rates are steps of the share of capitals that go missing, chosen by hand",
)
def casing(text: str, rng: Random) -> Iterator[Proposal]:
    """Capital letters go missing, as when nobody presses shift."""
    for word in words(text):
        draw = rng.random()
        if word.text != word.text.lower() and len(word.text.lower()) == len(word.text):
            yield draw, Edit(word.start, word.end, word.text.lower())


@perturbation(
    "punctuation",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    source="rates are steps of the share of marks that are hit, chosen by hand; a sixth run away instead of going",
)
def punctuation(text: str, rng: Random) -> Iterator[Proposal]:
    """Punctuation and apostrophes are left out, or run away at the end of a sentence."""
    for mark in _MARK.finditer(text):
        draw, runaway, length = rng.random(), rng.random() < 1 / 6, rng.randrange(2, 5)
        if runaway and mark[0] in (".", "!", "?"):
            yield draw, Edit(mark.start(), mark.end(), mark[0] * length)
        else:
            yield draw, Edit(mark.start(), mark.end(), "")
