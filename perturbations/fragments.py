"""Messages that are shorter than a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation
from .text import words

# Closed-class words that carry grammar, not facts: articles, auxiliaries, subject pronouns, politeness, fillers.
# Prepositions, negations, quantifiers, comparisons and question words stay, because they can carry the answer.
_FUNCTION_WORDS = frozenset(
    """a an the am is are was were be been being have has had having do does did will would shall could can
    i we you he she it they i'm i've i'd i'll we're we've we'd we'll you're you've it's that's there's there this
    that these those please kindly just really very so then also and my our your""".split()
)


@perturbation(
    "telegraphic",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    source="rates are steps of the share of function words dropped, chosen by hand",
)
def telegraphic(text: str, rng: Random) -> Iterator[Proposal]:
    """Function words are dropped: "where parcel, ordered last week"."""
    for word in words(text):
        draw = rng.random()
        if word.text.replace("’", "'").lower() not in _FUNCTION_WORDS:
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
