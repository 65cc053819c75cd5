"""How people misspell: a noisy channel of block edits, fitted to real misspellings and tilted towards attested ones.

A misspelling is one block edit of a word (up to three letters become up to three others), rarely two. How likely an
edit is depends on the letters around it and its place in the word, backing off where such contexts were rarely seen
(Brill & Moore 2000, "An improved error model for noisy channel spelling correction", is the idea). A log-linear tilt
then weighs in what a table of edits cannot know: how English the result looks, and how often it is really written
(word frequencies of `wordfreq`, which hold common misspellings as well). `benchmarks/fit_spelling.py` fits both.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from .tables import rows

LONGEST_BLOCK = 3
LONGEST_WORD = 32
"""Longer runs of letters are left alone: they are hardly words, and the time is quadratic."""
_CANDIDATES = 72
# how much a context's parent weighs, in occurrences of the parent's own error; from context to context
_TRUST = (8.0, 6.0, 6.0, 4.0)

Context = tuple[str, ...]
Block = tuple[int, int, str]
"""The letters from start to end of a word become these."""


def blocks(clean: str, noisy: str) -> list[Block]:
    """The block edits that turn one word into another: optimal string alignment, edits that touch joined."""
    ahead, beside = len(clean), len(noisy)

    def swapped(i: int, j: int) -> bool:
        return i > 1 and j > 1 and clean[i - 2] != clean[i - 1] and clean[i - 2 : i] == noisy[j - 1] + noisy[j - 2]

    cost = [[i + j for j in range(beside + 1)] for i in range(ahead + 1)]
    for i in range(1, ahead + 1):
        for j in range(1, beside + 1):
            best = min(cost[i - 1][j], cost[i][j - 1]) + 1
            best = min(best, cost[i - 1][j - 1] + (clean[i - 1] != noisy[j - 1]))
            cost[i][j] = min(best, cost[i - 2][j - 2] + 1) if swapped(i, j) else best
    single: list[Block] = []
    i, j = ahead, beside
    while i or j:
        here = cost[i][j]
        if i and j and clean[i - 1] == noisy[j - 1] and here == cost[i - 1][j - 1]:
            i, j = i - 1, j - 1
        elif swapped(i, j) and here == cost[i - 2][j - 2] + 1:
            i, j = i - 2, j - 2
            single.append((i, i + 2, noisy[j : j + 2]))
        elif j and here == cost[i][j - 1] + 1:
            j -= 1
            single.append((i, i, noisy[j]))
        elif i and here == cost[i - 1][j] + 1:
            i -= 1
            single.append((i, i + 1, ""))
        else:
            i, j = i - 1, j - 1
            single.append((i, i + 1, noisy[j]))
    joined: list[Block] = []
    for start, end, text in reversed(single):
        if joined and joined[-1][1] == start:
            first, _, before = joined[-1]
            if end - first <= LONGEST_BLOCK and len(before + text) <= LONGEST_BLOCK:
                joined[-1] = (first, end, before + text)
                continue
        joined.append((start, end, text))
    return joined


def contexts(word: str, start: int, size: int) -> Iterator[Context]:
    """What surrounds a block, from the block alone to the letter before and two behind: each backs off to the last."""
    padded = f"^{word}$"
    block, left, right = word[start : start + size], padded[start], padded[start + size + 1]
    place = "F" if start == 0 else "S" if start == 1 else "L" if start + size >= len(word) else "M"
    yield (block,)
    yield (block, place)
    yield (block, left, place)
    yield (block, left, right, "")
    yield (block, left, padded[start + size + 1 : start + size + 3], "", "")


class Channel:
    """Counts of edits in contexts: `seen[context]` is how often the context occurred and what became of it."""

    def __init__(self, seen: Mapping[Context, tuple[float, Mapping[str, float]]], several: Mapping[int, float]) -> None:
        self.seen = seen
        self.several = several

    def edits(self, word: str) -> list[tuple[float, Block]]:
        """Every block edit of the word that was seen anywhere, with its rate in its context."""
        found: list[tuple[float, Block]] = []
        for size in range(LONGEST_BLOCK + 1):
            for start in range(len(word) - size + 1):
                nearest, *wider = contexts(word, start, size)
                known = self.seen.get(nearest)
                if known is None:
                    continue
                times, turned = known
                rates = {text: count / times for text, count in turned.items()}
                for context, trust in zip(wider, _TRUST, strict=True):
                    known = self.seen.get(context)
                    if known is not None:
                        times, turned = known
                        prior = trust / max(sum(rates.values()), 1e-6)
                        rates = {
                            text: (turned.get(text, 0.0) + prior * rate) / (times + prior)
                            for text, rate in rates.items()
                        }
                found += [(rate, (start, start + size, text)) for text, rate in rates.items()]
        return found


@cache
def fitted() -> Channel:
    """The channel of `fitted/spelling.tsv`."""
    seen: dict[Context, tuple[float, dict[str, float]]] = {}
    several: dict[int, float] = {}
    for kind, *fields in rows("spelling"):
        if kind == "edits":
            context, times, *turned = fields
            seen[tuple(context.split("|"))] = (
                float(times),
                {text: float(count) for text, _, count in (pair.rpartition(":") for pair in turned)},
            )
        elif kind == "several":
            several[int(fields[0])] = float(fields[1])
    return Channel(seen, several)


# --- what the tilt looks at ---------------------------------------------------------------------------------------

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_KEY = {key: (row, column + 0.4 * row) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
_VOWELS = frozenset("aeiouy")
FEATURES = (
    *("vowel for vowel", "key beside", "other letter", "apostrophe"),
    *("doubled", "put in", "single of double", "vowel lost", "consonant lost", "swapped", "larger block"),
    *("first letter", "second letter", "last letter"),
    *("looks English", "odd letters", "known", "frequency", "power"),
)
"""The features of a misspelling, in the order of the tilt; "power" is the channel's own log rate."""


def beside(one: str, other: str) -> bool:
    """Whether two letters lie side by side on a US QWERTY keyboard (each row is set off to the right)."""
    if one == other or one not in _KEY or other not in _KEY:
        return False
    (row, column), (other_row, other_column) = _KEY[one], _KEY[other]
    return abs(row - other_row) <= 1 and abs(column - other_column) <= 1.15


@cache
def _frequencies() -> Mapping[str, float]:
    import wordfreq

    return wordfreq.get_frequency_dict("en", "best")


def zipf(word: str) -> float:
    """How often a word is written: log10 of its occurrences in a thousand million words; 0 for one never seen."""
    frequency = _frequencies().get(word)
    return math.log10(frequency) + 9 if frequency else 0.0


@cache
def _letters() -> dict[str, dict[str, float]]:
    """Log-probabilities of a letter after the two before it, over the 30,000 most frequent English words."""
    import wordfreq

    counts: dict[str, dict[str, float]] = {}
    singles: dict[str, float] = {}
    for word in wordfreq.top_n_list("en", 30_000):
        if word.isalpha() and word.isascii():
            padded = f"^^{word}$"
            for end in range(2, len(padded)):
                after = counts.setdefault(padded[end - 2 : end], {})
                after[padded[end]] = after.get(padded[end], 0.0) + 1
                singles[padded[end]] = singles.get(padded[end], 0.0) + 1
    total = sum(singles.values())
    logs: dict[str, dict[str, float]] = {"": {letter: math.log(n / total) for letter, n in singles.items()}}
    for before, after in counts.items():
        times, kinds = sum(after.values()), len(after)
        logs[before] = {
            letter: math.log((after.get(letter, 0.0) + kinds * singles[letter] / total) / (times + kinds))
            for letter in singles
        }
    return logs


_UNSEEN = -9.0


def _looks(word: str) -> tuple[float, float]:
    """The sum and the least of the log-probabilities of a word's letters."""
    letters, padded = _letters(), f"^^{word}$"
    single, total, least = letters[""], 0.0, 0.0
    for end in range(2, len(padded)):
        one = letters.get(padded[end - 2 : end], single).get(padded[end], _UNSEEN)
        total += one
        least = min(least, one)
    return total, least


def features(word: str, block: Block, rate: float, looks: tuple[float, float] | None = None) -> list[float]:
    """The FEATURES of the misspelling that a block edit makes."""
    start, end, text = block
    found = [0.0] * len(FEATURES)
    old, before, after = word[start:end], word[start - 1 : start], word[end : end + 1]
    if "'" in old + text:
        kind = 3
    elif len(old) == len(text) == 2 and old == text[::-1]:
        kind = 9
    elif len(old) + len(text) > 2 or (len(old) == 1 and len(text) == 1 and old == text):
        kind = 10
    elif old and text:
        kind = 0 if {old, text} <= _VOWELS else 1 if beside(old, text) else 2
    elif text:
        kind = 4 if text in (before, after) else 5
    else:
        kind = 6 if old in (before, after) else 7 if old in _VOWELS else 8
    found[kind] = 1.0
    found[11], found[12], found[13] = float(start == 0), float(start == 1), float(end >= len(word))
    made = word[:start] + text + word[end:]
    (total, least), (old_total, old_least) = _looks(made), looks or _looks(word)
    found[14] = max(-2.0, min(1.0, (total - old_total) / 4))
    found[15] = max(-2.0, least - old_least) / 3
    often = zipf(made)
    found[16], found[17] = float(often >= 2.5), min(often, 6.0) / 3
    found[18] = math.log(rate)
    return found


@cache
def _tilt() -> tuple[float, ...]:
    weights = {fields[1]: float(fields[2]) for fields in rows("spelling") if fields[0] == "tilt"}
    return tuple(weights[name] for name in FEATURES)


# --- misspelling a word -------------------------------------------------------------------------------------------


class Choices(NamedTuple):
    """What may become of a word: block edits, attested misspellings, other words; with running totals."""

    blocks: tuple[Block, ...]
    totals: tuple[float, ...]
    attested: tuple[str, ...]
    attested_totals: tuple[float, ...]
    words: tuple[Block, ...]
    words_totals: tuple[float, ...]


def likeliest(channel: Channel, word: str) -> list[tuple[float, Block]]:
    """The likeliest edits of a word, one for each result, rarest edits left out; the largest rate first."""
    best: dict[str, tuple[float, Block]] = {}
    for rate, (start, end, text) in channel.edits(word):
        made = word[:start] + text + word[end:]
        if made and made != word:
            so_far = best.get(made)
            total = rate + (so_far[0] if so_far else 0.0)
            best[made] = (total, so_far[1] if so_far else (start, end, text))
    return sorted(best.values(), reverse=True)[:_CANDIDATES]


@lru_cache(maxsize=4096)
def choices(word: str) -> Choices:
    """The misspellings of a lower-case word."""
    tilt, looks = _tilt(), _looks(word)
    weights: dict[Block, float] = {}
    by_result: dict[str, float] = {}
    found = likeliest(fitted(), word)
    for rate, block in found:
        value = math.exp(sum(a * b for a, b in zip(tilt, features(word, block, rate, looks), strict=True)))
        weights[block] = value
        by_result[word[: block[0]] + block[2] + word[block[1] :]] = value
    total = sum(weights.values())
    attested = [other for other in _attested().get(word, ()) if other != word]
    least = 1e-5
    likely = [max(by_result.get(other, 0.0) / total if total else 0.0, least) ** _ATTESTED_POWER for other in attested]
    others = {
        block: rate**0.5 for rate, block in found if zipf(word[: block[0]] + block[2] + word[block[1] :]) >= _WORD
    }
    return Choices(
        tuple(weights),
        tuple(accumulate(weights.values())),
        tuple(attested),
        tuple(accumulate(likely)),
        tuple(others),
        tuple(accumulate(others.values())),
    )


_WORD = 4.5
"""A result at least this frequent (zipf) is another word, not a misspelling of this one."""
_ATTESTED_POWER = 0.25
"""How far the channel decides among the attested misspellings of a word: 0 not at all, 1 alone."""
ATTESTED = 0.7
"""The share of misspellings taken from the list of attested ones, for words that stand in it."""


@cache
def _attested() -> Mapping[str, tuple[str, ...]]:
    """Misspellings by word: the list that nlpaug installs (MIT licence), read there and never shipped here."""
    from importlib.util import find_spec

    known: dict[str, set[str]] = {}
    found = find_spec("nlpaug")  # its folder, without the seconds that importing it takes
    assert found is not None
    assert found.origin is not None
    listed = Path(found.origin).parent / "res" / "word" / "spelling" / "spelling_en.txt"
    for line in listed.read_text(encoding="utf-8").splitlines():
        word, *wrong = line.lower().split()
        known.setdefault(word, set()).update(other for other in wrong if other.replace("'", "").isalpha())
    return {word: tuple(sorted(wrong)) for word, wrong in known.items()}


def _pick(totals: tuple[float, ...], share: float) -> int:
    return bisect_left(totals, share * totals[-1])


def misspelt(word: str, random: float, attested: float = ATTESTED, other_word: float = 0.0) -> str:
    """One misspelling of a lower-case word, chosen by one uniform number in [0, 1).

    `attested` is the share taken from the attested misspellings of a word that has any, `other_word` the share that
    become another word. The word itself where nothing is known to become of it.
    """
    if not 2 <= len(word) <= LONGEST_WORD:
        return word
    known = choices(word)
    if other_word and known.words:
        if random < other_word:
            start, end, text = known.words[_pick(known.words_totals, random / other_word)]
            return word[:start] + text + word[end:]
        random = (random - other_word) / (1 - other_word)
    if known.attested:
        if random < attested:
            return known.attested[_pick(known.attested_totals, random / attested)]
        random = (random - attested) / (1 - attested)
    if not known.blocks:
        return word
    again = fitted().several.get(min(len(word), 12), 0.0)
    twice = random < again
    random = random / again if twice else (random - again) / (1 - again)
    first = known.blocks[_pick(known.totals, random)]
    made = [first]
    if twice:  # the digits of the number that the first choice did not use choose the second
        second = known.blocks[_pick(known.totals, random * 7919 % 1)]
        if second[1] < first[0] or second[0] > first[1]:
            made.append(second)
    for start, end, text in sorted(made, reverse=True):
        word = word[:start] + text + word[end:]
    return word
