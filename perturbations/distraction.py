"""Sentences that have nothing to do with the question."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation
from .text import sentence_ends

_ADDED = "whole sentences are put between whole sentences; none holds a number, date, name or request of its own"

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
_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


@perturbation(
    "small_talk",
    rates=_STEPS,
    measure="sentence ends",
    source="the sentences are ours; rates are steps of the share of sentence ends that get one, chosen by hand",
    proof=_ADDED,
)
def small_talk(text: str, rng: Random) -> Iterator[Proposal]:
    """Irrelevant sentences stand before, between and after the real ones."""
    places = [0, *sentence_ends(text)]
    asides = rng.sample(_ASIDES, len(_ASIDES))
    for place, aside in zip(places, asides, strict=False):
        yield rng.random(), Edit(place, place, f"{aside} " if place == 0 else f" {aside}")


_CHAT = (
    "Hello there!",
    "Hi, how are you today?",
    "Hey, hope you are well.",
    "Good to find somebody here.",
    "Is this a person or a machine, just out of interest?",
    "Anyway, thanks for being there.",
    "The weather is awful here, I hope yours is better.",
    "I never know how to begin these things.",
    "Right, to the point.",
    "So, here goes.",
)


@perturbation(
    "chit_chat",
    rates=(0.15, 0.3, 0.45, 0.7, 1.0),
    measure="remarks",
    source="the remarks are ours; rates are steps of how many come first, chosen by hand",
    proof=_ADDED,
)
def chit_chat(text: str, rng: Random) -> Iterator[Proposal]:
    """Greetings and chat come first, and the matter last."""
    for remark in rng.sample(_CHAT[:-2], 6):
        yield rng.random(), Edit(0, 0, f"{remark} ")


_RAMBLE = (
    "So I was sitting in the kitchen thinking about what to do with the rest of the afternoon.",
    "My aunt always says that it is best to write things down before they slip your mind.",
    "She used to keep a notebook next to the telephone for that, which nobody was allowed to touch.",
    "Then the cat jumped on the table and I lost my thread, as usual.",
    "I suppose that happens to everybody now and then, or perhaps it is just me.",
    "Where was I, oh yes.",
    "It reminds me of the time we painted the hallway and ran out of paint near the door.",
    "My brother found that very funny and still brings it up at family dinners.",
    "Back then we would simply have gone down to the shop on the corner and asked.",
    "The shop is a hairdresser's now, and a good one from what people say.",
    "Not that it has anything to do with this, but it came to mind.",
    "I do go on, I know.",
)


@perturbation(
    "ramble",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="sentences of the story",
    source="the story is ours; severity is how much of it is told",
    proof=_ADDED,
)
def ramble(text: str, rng: Random) -> Iterator[Proposal]:
    """A long story is told before the matter is reached."""
    behind = rng.random() < 0.25
    place = sentence_ends(text)[-1] if behind else 0
    for sentence in _RAMBLE:
        yield rng.random(), Edit(place, place, f" {sentence}" if behind else f"{sentence} ")


_REQUESTS = (
    "Also, do you have a newsletter?",
    "By the way, is the website easier on a tablet?",
    "And separately, where can I find your opening hours?",
    "Oh, and how do I change the language of the page?",
    "One more thing: can I pick my own username?",
    "While I am here: is there an app for this?",
)


@perturbation(
    "second_request",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="requests",
    source="the requests are ours",
)
def second_request(text: str, rng: Random) -> Iterator[Proposal]:
    """A second, unrelated and smaller request comes behind the real one."""
    last = sentence_ends(text)[-1]
    for request in rng.sample(_REQUESTS, 3):
        yield rng.random(), Edit(last, last, f" {request}")
