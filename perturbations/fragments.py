"""Messages that are less than a sentence, or sentences in disorder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from .guard import guard
from .perturbation import Proposal, Restating, Turning, perturbation
from .text import protected_spans, sentence_ends, sites, words
from .words import FUNCTION_WORDS

_BY_HAND = "rates are steps of the share of sites, chosen by hand"
# Closed-class words that carry grammar, not facts. Pronouns, modal verbs, prepositions, negations, quantifiers and
# question words stay, because they can carry the answer; so does a word in capitals ("IT", "plan A").
_GRAMMAR = frozenset(
    """a an the am is are was were be been being have has had having do does did please kindly just really very so
    then also i'm i've i'd i'll we're we've we'd we'll you're you've it's that's there's""".split()
)


@perturbation("telegraphic", rates=(0.2, 0.4, 0.6, 0.8, 1.0), measure="function words", source=_BY_HAND)
def telegraphic(text: str, rng: Random) -> Iterator[Proposal]:
    """Function words are dropped: "where parcel, ordered last week"."""
    for word in words(text):
        draw = rng.random()
        if word.text.replace("’", "'").lower() not in _GRAMMAR or (word.text.isupper() and len(word.text) > 1):
            continue
        if word.text == "A" and word.start > 0 and text[word.start - 1] == " " and text[word.start - 2] not in ".!?":
            continue
        after, before = word.end, word.start
        while after < len(text) and text[after] in " \t":
            after += 1
        while before > 0 and text[before - 1] in " \t":
            before -= 1
        if after == word.end:  # "what to do?", "as it is." need their last word; a closing ", please" does not
            if word.text.lower() == "please" and text[before - 1 : before] == ",":
                yield draw, Edit(before - 1, word.end, "")
            continue
        # the word goes with the blank behind it, or with the one before it where what follows is protected
        yield draw, Edit(word.start, after, "")
        if before < word.start:
            yield draw, Edit(before, word.end, "")


# Function words that carry who, where, when or how: people keep them in a search box
_SEARCHED_WITHOUT = FUNCTION_WORDS - frozenset(
    """to from of in on at by for with what who which when where how why need want and or but if up down off out
    over i you he she they him her them me us we my your his their our""".split()
)


@perturbation("keyword_query", rates=(0.5, 0.65, 0.8, 0.9, 1.0), measure="function words and marks", source=_BY_HAND)
def keyword_query(text: str, rng: Random) -> Iterator[Proposal]:
    """What is typed into a search box: the words that matter, in order, without grammar or marks."""
    for word in words(text):
        draw = rng.random()
        if word.text.lower() in _SEARCHED_WITHOUT and not (word.text.isupper() and len(word.text) > 1):
            end = word.end
            while end < len(text) and text[end] in " ,":
                end += 1
            if end > word.end:
                yield draw, Edit(word.start, end, "")
    for mark in re.finditer(r"(?<=\w)[.,;:!?]+(?=\s|$)", text):
        yield rng.random(), Edit(mark.start(), mark.end(), "")


_CONTENT = re.compile(r"[^.!?\n]+[.!?]*")
_HANGS_ON = re.compile(
    r"\b(?:it|its|they|them|their|he|she|him|her|his|this|that|these|those|then|so|therefore|however|first|second|after|"
    r"before|next|finally|later|another|other|both|same|such|there|former|latter)\b",
    re.IGNORECASE,
)


@perturbation(
    "clause_order",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="neighbouring sentences",
    source=_BY_HAND,
    check=guard,
)
def clause_order(case: Case, rng: Random) -> Iterator[Proposal]:
    """Sentences come out of order: the question first, then what it is about."""
    text, spans, start = case.text, [], 0
    for end in sentence_ends(text):
        while start < end and text[start].isspace():
            start += 1
        if start < end:
            spans.append((start, end))
        start = end
    for (a, b), (c, d) in zip(spans[::2], spans[1::2], strict=False):
        draw = rng.random()
        first, second = text[a:b], text[c:d]
        # a sentence that points back, orders events or holds several instructions needs its place
        if _HANGS_ON.search(second) or _HANGS_ON.search(first) or not second.rstrip().endswith("?"):
            continue
        yield draw, Restating((Edit(a, d, text[c:d] + text[b:c] + text[a:b]),))


@perturbation(
    "half_sentence",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="opening phrases",
    source="the openings are everyday English; " + _BY_HAND,
)
def half_sentence(text: str, rng: Random) -> Iterator[Proposal]:
    """The polite opening is missing, so that the message starts in the middle: "to cancel my order"."""
    for match in _OPENINGS.finditer(text):
        yield rng.random(), Edit(match.start(), match.end(), "")


_OPENINGS = re.compile(
    r"(?:(?<=^)|(?<=[.!?\n] ))(?:(?:hello|hi|hey|dear \w+|good morning|good afternoon|good evening)[,.!]*\s+|"
    r"(?:could|would|can) you (?:please |kindly )?(?:tell me |let me know |explain )?|(?:i would|i'd) like (?:you )?|"
    r"i (?:was|am) wondering (?:if|whether) |please |i (?:just )?want(?:ed)? to know |do you know |"
    r"i (?:have|'ve) (?:got )?|"
    r"i am |i'm |there is |there are |it is |it's |the |a |my |what is |we (?:have|are) )",
    re.IGNORECASE,
)

_CUT = ("", "...", " -", " and", " so", " but i", " because", " also")


@perturbation(
    "mid_thought",
    rates=(1.0, 1.0, 1.0, 1.0, 1.0),
    measure="messages",
    source="the endings are everyday English; a message either ends so or not, so that the severities are one",
    proof="text is put behind the message, without a fact",
)
def mid_thought(text: str, rng: Random) -> Iterator[Proposal]:
    """The message is sent before it is finished: it ends in the middle of a further thought."""
    last = sentence_ends(text)[-1]
    if last:
        tail = rng.choice(
            (" and also", " oh and", " I was going to", " so I", " because my", " what I mean is", " and if")
        )
        yield -1.0, Edit(last, last, tail)


@perturbation(
    "missing_context",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="nouns that a pronoun could stand for",
    source=_BY_HAND,
)
def missing_context(case: Case, rng: Random) -> Iterator[Proposal]:
    """What was said once is "it" from then on: a noun phrase that comes again is replaced by a pronoun."""
    seen: set[str] = set()
    free = {(word.start, word.end) for word in sites(case).words}
    for match in re.finditer(r"\b(?:the|my|our|your|this) ([a-z]{3,})\b(?! [a-z]+ (?:is|was))", case.text):
        noun = match[1]
        draw = rng.random()
        if noun in seen and (match.start(1), match.end(1)) in free and not noun.endswith("s"):
            yield draw, Edit(match.start(), match.end(), "it")
        seen.add(noun)


@perturbation(
    "truncated",
    effect="clarify",
    rates=(1.0, 1.0, 1.0, 1.0, 1.0),
    measure="messages",
    source="where people press send too early is not known: just before the wanted value",
)
def truncated(case: Case, rng: Random) -> Iterator[Proposal]:
    """The message breaks off before the value that is asked for: the right answer is to ask."""
    found = _mentions(case)
    before = case.text[: found[0][0]].rstrip() if found else ""
    if before:
        start = len(before)
        yield -1.0, Turning((Edit(start, len(case.text), rng.choice(_CUT)),))


@perturbation(
    "missing_value",
    effect="clarify",
    rates=(1.0, 1.0, 1.0, 1.0, 1.0),
    measure="messages",
    source="the placeholders are what people leave when they forget to fill something in, written down by hand",
)
def missing_value(case: Case, rng: Random) -> Iterator[Proposal]:
    """The value that is asked for is not there, wherever it stood: the right answer is to ask."""
    found = _mentions(case)
    if found:
        instead = rng.choice(("", "???", "...", "[number]", "xxx", "___", "that one"))
        yield -1.0, Turning(tuple(Edit(start, end, instead) for start, end in found))


def _mentions(case: Case) -> list[tuple[int, int]]:
    """Where an answer that is a value of the text stands; nothing for classes and for answers to be worked out."""
    if case.choices or case.context or not case.target.strip():
        return []
    low, target = case.text.lower(), case.target.lower()
    found, at = [], low.find(target)
    while at >= 0:
        found.append((at, at + len(target)))
        at = low.find(target, at + len(target))
    whole = [span for span in found if any(s.start <= span[0] and span[1] <= s.end for s in protected_spans(case))]
    return whole if len(low) == len(case.text) else []
