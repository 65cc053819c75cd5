"""Sentences that have nothing to do with the question."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation
from .text import sentence_ends

# Ours; without numbers, dates, praise or blame, and without a request, so that no answer can change.
_ASIDES = (
    "I am typing this on the train.",
    "My sister usually does these things for the family.",
    "The dog wants to go out while I write this.",
    "I hope this is the right place to ask.",
    "It is my lunch break.",
    "The neighbours are moving their piano as I write.",
    "I borrowed my son's laptop for this.",
    "We are in the middle of moving house.",
    "My tea is getting cold, but anyway.",
    "I don't write messages like this very often.",
    "A friend told me to get in touch.",
    "The radio is on in the background.",
    "I am writing from the kitchen table.",
    "You know how it is with these things.",
    "I had to look for my glasses before I could write this.",
    "My handwriting is worse than my typing.",
)


@perturbation(
    "small_talk",
    rates=(0.0, 0.25, 0.5, 0.75, 1.0),
    source="the sentences are ours; rates are steps of the share of sentence ends that get one, chosen by hand",
)
def small_talk(text: str, rng: Random) -> Iterator[Proposal]:
    """Irrelevant sentences stand before, between and after the real ones."""
    places = [0, *sentence_ends(text)]
    asides = rng.sample(_ASIDES, len(_ASIDES))
    always = rng.randrange(len(places))
    for i, (place, aside) in enumerate(zip(places, asides, strict=False)):
        draw = -1.0 if i == always % len(asides) else rng.random()
        yield draw, Edit(place, place, f"{aside} " if place == 0 else f" {aside}")
