"""Slips of the fingers and gaps in spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from random import Random

from ..harness.cases import Edit
from .perturbation import Perturbation, Proposal, perturbation, word_by_word
from .spelling_channel import beside, misspelt, zipf
from .text import like, words
from .words import twins

# Words of UD English EWT's sentences of eight words or more that have any error: the median sentence and the 75th,
# 90th, 97th and 99th percentile (benchmarks/fit_levels.py); 6.6 % of sentences have one.
_TYPOS = (0.067, 0.1, 0.133, 0.2, 0.25)
_TYPOS_SOURCE = (
    "rates: words in error in web sentences that have any (6.6 %), median to 99th percentile, fitted to UD English "
    "EWT, CC BY-SA 4.0"
)
_CHANNEL = (
    "channel fitted to ad-freiburg/tokenization-repair (Apache-2.0), codespell (CC BY-SA 3.0), Wikipedia's list (CC "
    "BY-SA), UD English EWT (CC BY-SA 4.0); attested misspellings from the list that nlpaug installs"
)
_BY_HAND = "rates are steps of the share of sites, chosen by hand"


# How much likelier than the average word of UD English EWT's sentences a word is in error, by its length, with an
# apostrophe, and very frequent: rounded from what benchmarks/fit_levels.py prints. The weight of twins and the shares
# that become another word, run into the next or get a plural's apostrophe were set by hand on the same sentences.
_BY_LENGTH = (0.1, 0.1, 0.25, 0.45, 0.6, 0.9, 1.0, 1.1, 1.4, 2.2, 2.6, 1.5)
_APOSTROPHE = 22.0
_TWIN = 2.5
_COMMON = 0.2
_OTHER_WORD = (0.0, 0.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.15, 0.1)
_JOINED = 0.14
_PLURAL = 0.2


@lru_cache(maxsize=16_384)
def _risk(word: str) -> float:
    if "'" in word or "’" in word:
        return _APOSTROPHE
    low = word.lower()
    if low in _SLIPS:
        return _TWIN
    by_length = _BY_LENGTH[min(len(word), len(_BY_LENGTH) - 1)]
    return by_length * _COMMON if zipf(low) >= 7 else by_length


@word_by_word("typos", rates=_TYPOS, weigh=_risk, source=f"{_CHANNEL}; {_TYPOS_SOURCE}")
def typos(word: str, u: float) -> str:
    """What is left in typed text: misspellings, slips, lost apostrophes, other words, words run together."""
    low = word.lower()
    if "'" in word or "’" in word:
        return word.replace("'", "").replace("’", "") if u < 0.95 else like(word, misspelt(low, (u - 0.95) / 0.05))
    twin = _SLIPS.get(low)
    if twin:
        if u < 0.8:
            return like(word, twin)
        u = (u - 0.8) / 0.2
    if u < _JOINED:
        return ""
    u = (u - _JOINED) / (1 - _JOINED)
    if low.endswith("s") and len(low) > 3 and u < _PLURAL:
        return f"{word[:-1]}'s"
    u = (u - _PLURAL) / (1 - _PLURAL) if len(low) > 3 and low.endswith("s") else u
    other = _OTHER_WORD[min(len(low), len(_OTHER_WORD) - 1)]
    return like(word, misspelt(low, u, other_word=other)) if len(word) > 1 else word


# Twins that are taken for each other when typing; the frequent ones of UD English EWT that every style guide lists.
_SLIPS = {
    "your": "you", "its": "it's", "their": "there", "there": "their", "too": "to", "were": "where", "where": "were",
    "whose": "who's", "knew": "new", "lose": "loose", "whether": "wether", "has": "have", "loose": "lose",
    "breathe": "breath", "choose": "chose", "advice": "advise", "hear": "here", "effect": "affect", "past": "passed",
}  # fmt: skip


@word_by_word("misspelling", rates=_TYPOS, at_least=3, source=f"{_CHANNEL}; {_TYPOS_SOURCE}")
def misspelling(word: str, u: float) -> str:
    """Words are misspelt as people misspell them, by edits in context and by attested misspellings."""
    return like(word, misspelt(word.lower(), u))


@word_by_word(
    "real_words",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="words that have such a twin",
    source="the pairs are the ones every style guide lists, written down by hand; " + _BY_HAND,
)
def real_words(word: str, u: float) -> str:
    """A word becomes another real word that sounds or looks like it: their and there, your and you're."""
    mates = twins(word.lower())
    return like(word, mates[int(u * len(mates))]) if mates else word


@word_by_word(
    "apostrophes",
    rates=(0.25, 0.5, 0.75, 0.9, 1.0),
    measure="words with an apostrophe",
    source="a habit: of the 1.4 % of sentences in UD English EWT (CC BY-SA 4.0) that lose one, the median loses all",
)
def apostrophes(word: str, u: float) -> str:
    """Apostrophes are left out or put in the wrong place: im, its for it's."""
    if "'" not in word and "’" not in word:
        return word
    bare = word.replace("'", "").replace("’", "")
    return bare if u < 0.9 or len(bare) < 4 else f"{bare[:-1]}`{bare[-1]}"


# --- keyboards ----------------------------------------------------------------------------------------------------

# Rows of letters as they lie on the keys (public facts of the layouts); each row is set about half a key to the right.
_LAYOUTS = {
    "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "qwertz": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
    "dvorak": ("   pyfgcrl", "aoeuidhtns", " qjkxbmwvz"),
    "йцукен": ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
}


@cache
def _keys(layout: str) -> Mapping[str, str]:
    """The letters beside each letter of a layout."""
    rows = _LAYOUTS[layout]
    found: dict[str, str] = {}
    for row, letters in enumerate(rows):
        for at, letter in enumerate(letters):
            near = [letters[i] for i in (at - 1, at + 1) if 0 <= i < len(letters)]
            near += [rows[row - 1][i] for i in (at, at + 1) if row > 0 and i < len(rows[row - 1])]
            near += [rows[row + 1][i] for i in (at - 1, at) if row < 2 and 0 <= i < len(rows[row + 1])]
            found[letter] = "".join(near).replace(" ", "")
    return found


def _slip(word: str, u: float, layout: str) -> str:
    """One slip: the key beside (half of the slips), both keys, a letter left out, doubled, or two swapped."""
    keys = _keys(layout)
    places = [at for at, letter in enumerate(word) if keys.get(letter.lower())]
    if not places:
        return word
    kind, u = int(u * 20), u * 20 % 1
    at = places[int(u * len(places))]
    u = u * len(places) % 1
    letter = word[at]
    if kind < 10:
        near = keys[letter.lower()]
        return word[:at] + like(letter, near[int(u * len(near))]) + word[at + 1 :]
    if kind < 13:
        near = keys[letter.lower()]
        return word[: at + 1] + near[int(u * len(near))] + word[at + 1 :]
    if kind < 16:
        return word[:at] + word[at + 1 :]
    if kind < 18:
        return word[:at] + letter + word[at:]
    if at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :]


def _keyboard(name: str, layout: str, what: str) -> Perturbation:
    def slip(word: str, u: float) -> str:
        return _slip(word, u, layout)

    slip.__doc__ = f"Fingers slip on a {what} keyboard: the key beside, both keys, one missed, doubled or swapped."
    source = f"public facts of the layout; the mix of slips is chosen by hand; {_TYPOS_SOURCE}"
    return word_by_word(name, rates=_TYPOS, at_least=3, source=source)(slip)


keyboard = _keyboard("keyboard", "qwerty", "US QWERTY")
keyboard_qwertz = _keyboard("keyboard_qwertz", "qwertz", "German QWERTZ")
keyboard_azerty = _keyboard("keyboard_azerty", "azerty", "French AZERTY")
keyboard_dvorak = _keyboard("keyboard_dvorak", "dvorak", "Dvorak")
keyboard_cyrillic = _keyboard("keyboard_cyrillic", "йцукен", "Russian ЙЦУКЕН")


@perturbation(
    "phone_keyboard",
    rates=_TYPOS,
    measure="words",
    source="the space bar of a phone lies below c v b n m, and thumbs hit the key beside (public facts); "
    + _TYPOS_SOURCE,
)
def phone_keyboard(text: str, rng: Random) -> Iterator[Proposal]:
    """Thumbs on glass: the key beside, n or b for a blank, a blank inside a word, a full stop for a blank."""
    for word in words(text):
        draw, kind, u = rng.random(), rng.random(), rng.random()
        gap = text[word.end : word.end + 2]
        if kind < 0.25:
            if gap[:1] == " " and gap[1:].isalpha():
                yield draw, Edit(word.end, word.end + 1, "nbv."[int(u * 4)] if u < 0.75 else "")
        elif kind < 0.35:
            inside = [at for at in range(1, len(word.text) - 1) if word.text[at] in "cvbnm"]
            if inside:
                at = word.start + inside[int(u * len(inside))]
                yield draw, Edit(at, at + 1, " ")
        elif len(word.text) > 2:
            new = _slip(word.text, u / 2, "qwerty")
            yield draw, Edit(word.start, word.end, new)


@word_by_word(
    "autocorrect",
    rates=(0.03, 0.06, 0.1, 0.15, 0.2),
    at_least=4,
    measure="words",
    source="the nearest more frequent word by one key or letter, frequencies of wordfreq; " + _BY_HAND,
)
def autocorrect(word: str, u: float) -> str:
    """The phone puts a more common word in the place of the one that was meant: forward for format."""
    known = _neighbours(word.lower())
    return like(word, known[int(u * len(known))]) if known and word.islower() else word


@lru_cache(maxsize=4096)
def _neighbours(word: str) -> tuple[str, ...]:
    """The most frequent words one letter away, at most three, of those that people write often (zipf 4 and more)."""
    found = set()
    for at in range(len(word)):
        found.add(word[:at] + word[at + 1 :])
        for letter in "abcdefghijklmnopqrstuvwxyz":
            if beside(word[at], letter):
                found.add(word[:at] + letter + word[at + 1 :])
            found.add(word[:at] + letter + word[at:])
    found.discard(word)
    known = sorted((other for other in found if len(other) > 2 and zipf(other) >= 4), key=lambda w: (-zipf(w), w))
    return tuple(known[:3])


_STUCK = 5


@perturbation("stuck_key", rates=(0.02, 0.05, 0.1, 0.2, 0.4), measure="words", source="rates chosen by hand")
def stuck_key(text: str, rng: Random) -> Iterator[Proposal]:
    """One key of the keyboard sticks: its letter comes twice to six times."""
    letters = sorted({letter for letter in text.lower() if letter.isalpha()})
    if not letters:
        return
    stuck = rng.choice(letters)
    for word in words(text):
        for at, letter in enumerate(word.text):
            if letter.lower() == stuck:
                draw, times = rng.random(), rng.randrange(1, _STUCK)
                yield draw, Edit(word.start + at, word.start + at, letter * times)


@word_by_word("doubled_letters", rates=_TYPOS, at_least=3, source=_TYPOS_SOURCE)
def doubled_letters(word: str, u: float) -> str:
    """A letter is typed twice, or a double letter once: untill, adress."""
    doubles = [at for at in range(1, len(word)) if word[at] == word[at - 1]]
    if doubles and u < 0.5:
        at = doubles[int(u * 2 * len(doubles))]
        return word[:at] + word[at + 1 :]
    at = 1 + int(u * (len(word) - 1))
    return word[:at] + word[at - 1].lower() + word[at:]


@word_by_word("dropped_letters", rates=_TYPOS, at_least=4, source=_TYPOS_SOURCE)
def dropped_letters(word: str, u: float) -> str:
    """A letter is left out: delivry, accnt."""
    at = 1 + int(u * (len(word) - 1))
    return word[:at] + word[at + 1 :]


@word_by_word("swapped_letters", rates=_TYPOS, at_least=4, source=_TYPOS_SOURCE)
def swapped_letters(word: str, u: float) -> str:
    """Two letters trade places: teh, recieve."""
    at = int(u * (len(word) - 1))
    return word[:at] + like(word[at : at + 2], word[at + 1] + word[at]) + word[at + 2 :]


# --- blanks -------------------------------------------------------------------------------------------------------

_GAP = re.compile(r"(?<=[^\W\d_])([,;]? )(?=[^\W\d_])")
# Gaps between words in the sentences of UD English EWT that have such an error, as for typos (fit_levels.py)
_BLANKS = (0.11, 0.15, 0.18, 0.23, 0.25)
_BLANKS_SOURCE = "gaps hit in web sentences that have any (0.8 %), fitted to UD English EWT, CC BY-SA 4.0"


@perturbation("missing_spaces", rates=_BLANKS, measure="gaps between words", source=_BLANKS_SOURCE)
def missing_spaces(text: str, rng: Random) -> Iterator[Proposal]:
    """Blanks between words are left out: alot, thankyou."""
    for gap in _GAP.finditer(text):
        draw = rng.random()
        yield draw, Edit(gap.start(), gap.end(), gap[1].rstrip())


@word_by_word("split_words", rates=_BLANKS, at_least=5, source=_BLANKS_SOURCE)
def split_words(word: str, u: float) -> str:
    """A blank falls into a word: pay ment, every where."""
    at = 2 + int(u * (len(word) - 3))
    return f"{word[:at]} {word[at:]}"
