"""What reaches the model through a microphone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from . import asr_channel
from .guard import guard
from .perturbation import Proposal, Restating, perturbation, word_by_word
from .text import like, recased, sentence_ends, words
from .words import twins

_BY_HAND = "rates are steps of the share of sites, chosen by hand"
_ASR_RATES = (0.2322, 0.3533, 0.5388, 0.7238, 0.8904)
_ASR = "fitted to NoiseQA (Ravichander et al. 2021), MIT"


@perturbation(
    "asr",
    rates=_ASR_RATES,
    measure="words misheard",
    source=f"what is misheard and how much, median to 99th percentile of transcripts with an error: {_ASR}",
)
def asr(text: str, rng: Random) -> Iterator[Proposal]:
    """A speech recogniser's transcript: no marks, small letters, words misheard."""
    yield from asr_channel.proposals(text, rng)


@perturbation(
    "dictation",
    rates=(0.6, 0.7, 0.8, 0.9, 1.0),
    measure="marks and capitals",
    source="what dictation leaves out: transcripts of NoiseQA (MIT) hold next to no marks; " + _BY_HAND,
    proof="only letter case and marks change",
)
def dictation(text: str, rng: Random) -> Iterator[Proposal]:
    """Dictated without saying the marks: no punctuation, no capitals."""
    for mark in re.finditer(r"(?<=\w)[.,;:!?]+(?=\s|$)", text):
        yield rng.random(), Edit(mark.start(), mark.end(), "")
    yield from recased(text, rng, str.lower)


_SAID = {".": " period", ",": " comma", "?": " question mark", "!": " exclamation mark", ":": " colon"}


@perturbation(
    "spoken_punctuation",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="marks",
    source="the names of the marks that dictation understands; " + _BY_HAND,
)
def spoken_punctuation(text: str, rng: Random) -> Iterator[Proposal]:
    """Marks are written out as they were said: "thank you comma"."""
    for mark in re.finditer(r"(?<=[^\W\d_])[.,?!:](?=\s|$)", text):
        yield rng.random(), Edit(mark.start(), mark.end(), _SAID[mark[0]])


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def spoken(number: int) -> str:
    """A whole number below a thousand million in English words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{spoken(number // size)} {name}" + (f" {spoken(rest)}" if rest else "")
    raise AssertionError(number)


@perturbation(
    "spoken_numbers",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="whole numbers that are no answer",
    source="English number names; " + _BY_HAND,
    check=guard,
)
def spoken_numbers(case: Case, rng: Random) -> Iterator[Proposal]:
    """Numbers come as words: "twelve eggs". Codes, and numbers that are the answer, stay."""
    kept = (*case.answers, *case.choices, *case.protect)
    for match in re.finditer(r"(?<![\w.,:/$€£#-])\d{1,4}(?![\w.,:/%-]*\d|\w|%)", case.text):
        draw = rng.random()
        if not match[0].startswith("0") and not any(match[0] in known for known in kept):
            yield draw, Restating((Edit(match.start(), match.end(), spoken(int(match[0]))),))


_FILLERS = ("um", "uh", "er", "like", "you know", "I mean", "well", "so")


@perturbation(
    "hesitations",
    rates=(0.04, 0.07, 0.11, 0.16, 0.22),
    measure="gaps between words",
    source="fillers of everyday speech, about six in a hundred words (Bortfeld et al. 2001, Language and Speech 44); "
    "the spread over speakers is chosen by hand",
    proof="hesitations are put between words",
)
def hesitations(text: str, rng: Random) -> Iterator[Proposal]:
    """Um, uh, you know: hesitations between words."""
    for gap in re.finditer(r"(?<=[^\W\d_])(?= [^\W\d_])", text):
        draw, filler, comma = rng.random(), rng.choice(_FILLERS), rng.random() < 0.5
        yield draw, Edit(gap.start(), gap.start(), f", {filler}," if comma else f" {filler}")


@perturbation(
    "restarts",
    rates=(0.03, 0.05, 0.08, 0.12, 0.2),
    measure="words",
    source="repetitions of one to three words in speech (Shriberg 1994, Preliminaries to a Theory of Speech "
    "Disfluencies); rates chosen by hand",
)
def restarts(text: str, rng: Random) -> Iterator[Proposal]:
    """Words are said again: "I want I want to", "the the"."""
    known = list(words(text))
    for at, word in enumerate(known):
        draw, size = rng.random(), rng.choice((1, 1, 1, 2, 2, 3))
        last = known[min(at + size, len(known)) - 1]
        said = text[word.start : last.end]
        if re.fullmatch(r"[^\W\d_]+(?:['’][^\W\d_]+)*(?: [^\W\d_]+(?:['’][^\W\d_]+)*)*", said):
            yield draw, Edit(word.start, word.start, f"{said} ")


@word_by_word(
    "homophones",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="words that have a homophone",
    source="the pairs are the ones every style guide lists, written down by hand; " + _BY_HAND,
)
def homophones(word: str, u: float) -> str:
    """A word that sounds the same is written down: their for there, know for now."""
    known = twins(word.lower())
    return like(word, known[int(u * len(known))]) if known else word


@perturbation(
    "voice_command",
    rates=(1.0, 1.0, 1.0, 1.0, 1.0),
    measure="messages",
    source="how people talk to assistants; the phrases are ours",
    proof="words are put around the message, without a fact",
)
def voice_command(text: str, rng: Random) -> Iterator[Proposal]:
    """Talk to the device is written down too: "hey computer", "send"."""
    start, end = rng.choice(("hey computer ", "okay ", "hello assistant ", "new message ")), sentence_ends(text)[-1]
    yield -1.0, Edit(0, 0, start)
    if rng.random() < 0.6 and end:
        yield -1.0, Edit(end, end, rng.choice((" send", " send message", " that's it", " stop")))
