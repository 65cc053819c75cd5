"""The guard: does a messy text still ask for the same answer as the clean one?

It reads both texts word by word, after undoing what only changes the look (letter case, blanks, look-alike letters,
broken encodings, markup), and names each loss or change of meaning that it finds: a number, unit, date, negation,
quantifier or name that is gone, new or another; a word that became another word; words in another order; text that
went missing. It errs on the side of rejecting: a variant that is lost costs one item, a wrong one costs the figure.
It knows English; in other languages it sees numbers, marks and spelling.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import pairwise

from ..harness.cases import Case, Variant
from ..harness.marks import unmarked
from .spelling_channel import zipf
from .text import special
from .words import ABBREVIATIONS, AMERICAN, ANTONYMS, CONTRACTIONS, CUES, FUNCTION_WORDS, LOOKALIKES, SPOKEN_FORMS

_REAL = 3.3
"""A word at least this frequent (zipf) is a word; common misspellings ("teh", 3.0) lie below."""
_UNKNOWN = 1.5
"""A word rarer than this (zipf) is no word or name that others write."""
_LONGEST = 2_000
"""Words; beyond, texts are compared by their counts of words alone, since alignment takes quadratic time."""

_TOKEN = re.compile(
    r"[^\s@]+@[^\s@]+\.\w+"  # addresses
    r"|(?:\w+://|www\.)\S+"
    r"|[$€£¥₹]"
    r"|[A-Za-z]*[-#]?\d[\w.,:/%°-]*"  # numbers and codes
    r"|[^\W\d_]+(?:['’`-][^\W\d_]+)*"
    r"|%"
)
_NAME = re.compile(r"[A-Z][a-z]+")
_ORDER = re.compile(
    r"\b(?:firstly|secondly|thirdly|then|afterwards|finally|lastly|until|step)\b"
    r"|(?:^|[.!?;]\s+|\n)(?:first|second|third|next|last|after|before)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str  # folded: lower case, no accents, no apostrophes, numbers in figures
    raw: str  # folded, as it was written
    name: bool  # a capital inside a sentence, or a code of capitals
    fact: bool  # a number, unit, date, negation, quantifier, modal verb, currency or address


def guard(variant: Variant) -> tuple[str, ...]:
    """What changed the meaning of a variant, for `Perturbation.check`. Where another answer is right it has no say."""
    return () if variant.effect != "same" else findings(variant.case, variant.messy)


def findings(case: Case, messy: Case) -> tuple[str, ...]:
    """What changed the meaning of a case; empty where the guard accepts the messy text."""
    found = []
    for field in ("text", "context"):
        was, now = getattr(case, field), getattr(messy, field)
        if was != now:
            found += list(_compared(was, now, case))
    return tuple(dict.fromkeys(found))


def _compared(was: str, now: str, case: Case) -> Iterator[str]:
    old, new = list(_words(was)), list(_words(now))
    if len(old) > _LONGEST or len(new) > _LONGEST:
        yield from _by_count(old, new)
        return
    new = _same_blanks(old, new)
    twice = _repeated(old, new)
    if twice is not None:
        new = twice
    gaps, moved = _aligned(old, new)
    if moved:
        yield from _moved(old, new, was, now, moved)
        return
    for before, after, following, leading in gaps:
        yield from _gap(before, after, following, leading)
    yield from _target(case, old, new)


# --- reading a text -----------------------------------------------------------------------------------------------

_MARKUP = re.compile(
    r"<[/!]?[A-Za-z][^<>]{0,200}>|[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}|^\s{0,3}#{1,6}\s|^\s*>+\s?", re.MULTILINE
)
_HYPHEN = re.compile(r"(?<=[a-z])-\s*\n\s*(?=[a-z])")
_ENTITY = re.compile(r"&(?:[a-z]+|#\d+);", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[_Word, ...]:
    text = _plain(text)
    found: list[_Word] = []
    at, shouted = 0, text.isupper()
    for match in _TOKEN.finditer(text):
        between = text[at : match.start()]
        starts = not found or any(mark in between for mark in '.!?:\n>|•"“')
        token = match[0].rstrip(".,:/-") or match[0]
        at = match.end()
        name = bool(_NAME.fullmatch(token)) and not starts and token not in ("I", "The", "And", "But", "Please", "Hi")
        code = not shouted and token.isupper() and 2 <= len(token) <= 5 and token.isalpha()
        expanded = CONTRACTIONS.get(token.lower().replace("`", "'"), token)
        for number, part in enumerate(expanded.split()):
            folded = _folded(part)
            if folded:
                found.append(_Word(folded, folded, name or (code and number == 0), _is_fact(folded, found)))
    return tuple(_valued(found))


# Units and months that are everyday words as well: facts only behind a number
_DOUBLE_MEANING = frozenset("am in m g l k ft oz min sec cup cups may can march second last next times pound".split())


def _is_fact(text: str, before: Sequence[_Word]) -> bool:
    if text in _DOUBLE_MEANING:
        counted = bool(before) and (before[-1].text[:1].isdigit() or before[-1].text in _ONES)
        return counted or text in ("may", "last", "next", "second")
    return special(text) or any(c.isdigit() or c in "@.:$€£¥₹%" for c in text)


_ONES = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}


def _valued(found: Sequence[_Word]) -> Iterator[_Word]:
    """The words, with each number said in words as its figures: "twenty four" is 24."""
    at = 0
    while at < len(found):
        total = part = 0
        start = at
        while at < len(found):
            text = found[at].text
            if text in _ONES:
                if at > start and found[at - 1].text not in (*_TENS, *_SCALES):
                    break
                part += _ONES[text]
            elif text in _TENS:
                if at > start and found[at - 1].text not in _SCALES:
                    break
                part += _TENS[text]
            elif text in _SCALES and at > start:
                part = max(part, 1) * _SCALES[text]
                if text != "hundred":
                    total, part = total + part, 0
            else:
                break
            at += 1
        if at > start:
            yield _Word(str(total + part), "".join(word.raw for word in found[start:at]), False, True)
        else:
            yield found[at]
            at += 1


def _plain(text: str) -> str:
    """A text without what only changes its look."""
    import ftfy

    text = unmarked(text)
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = ftfy.fix_encoding(text)
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn") or c == "\u0301")
        text = unicodedata.normalize("NFKC", text).translate(LOOKALIKES)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    return _HYPHEN.sub("", _MARKUP.sub(" ", text)).replace("’", "'").replace("‘", "'")


def _folded(token: str) -> str:
    token = token.lower()
    if not token.isascii():
        token = "".join(c for c in unicodedata.normalize("NFD", token) if not unicodedata.combining(c))
    if token in ABBREVIATIONS:  # gr8, b4
        token = ABBREVIATIONS[token]
    if any(c.isdigit() for c in token) or "@" in token or token.startswith("www.") or "://" in token:
        return token
    token = token.replace("'", "").replace("-", "").replace("`", "")
    token = ABBREVIATIONS.get(token, token)
    token = SPOKEN_FORMS.get(token, token)
    return AMERICAN.get(token, token)


# --- aligning -----------------------------------------------------------------------------------------------------

_Gap = tuple[Sequence[_Word], Sequence[_Word], Sequence[_Word], Sequence[_Word]]


def _same_blanks(old: Sequence[_Word], new: Sequence[_Word]) -> list[_Word]:
    """The new words with blanks where the old ones have them: "tothe" is two words, "depart ment" one."""
    known = {word.raw: word for word in old}
    pairs = {one.raw + other.raw: (one, other) for one, other in pairwise(old)}
    out: list[_Word] = []
    at = 0
    while at < len(new):
        word = new[at]
        ahead = new[at + 1] if at + 1 < len(new) else None
        joined = known.get(word.raw + ahead.raw) if ahead else None
        if word.raw not in known and word.raw in pairs:
            out += pairs[word.raw]
        elif joined and ahead and not (word.raw in known and ahead.raw in known):
            out.append(joined)
            at += 1
        else:
            out.append(word)
        at += 1
    return out


def _repeated(old: list[_Word], new: list[_Word]) -> list[_Word] | None:
    """One copy, where the messy text is the same thing twice."""
    half = len(new) // 2
    if len(old) >= 2 and abs(half - len(old)) <= 2 and len(new) >= 2 * len(old) - 1:
        first, second = [w.text for w in new[: len(old)]], [w.text for w in new[-len(old) :]]
        if first == second and first == [w.text for w in old]:
            return new[: len(old)]
    return None


def _aligned(old: Sequence[_Word], new: Sequence[_Word]) -> tuple[list[_Gap], list[str]]:
    """The stretches that differ, each with the words that follow and lead it, and the words that moved elsewhere."""
    matcher = SequenceMatcher(None, [w.text for w in old], _as_in(old, new), autojunk=False)
    gaps: list[_Gap] = []
    gone, come = Counter[str](), Counter[str]()
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            gaps.append((old[i:j], new[k:m], new[m : m + 4], new[max(k - 3, 0) : k]))
            gone.update(w.text for w in old[i:j] if w.text not in FUNCTION_WORDS and not w.fact)
            come.update(w.text for w in new[k:m] if w.text not in FUNCTION_WORDS and not w.fact)
    moved = [text for text in gone if text in come and gone[text] <= come[text]]
    return gaps, moved


def _as_in(old: Sequence[_Word], new: Sequence[_Word]) -> list[str]:
    """The new words, a misspelt old word in its own spelling, so that places can be compared."""
    known, there = {w.text for w in old}, {w.text for w in new}
    missing = [w for w in dict.fromkeys(old) if w.text not in there]
    texts = []
    for word in new:
        mate = None
        if word.text not in known:
            mate = next((w for w in missing if _same_word(w, word)), None)
        texts.append(mate.text if mate else word.text)
    return texts


def _gap(
    old: Sequence[_Word], new: Sequence[_Word], following: Sequence[_Word], leading: Sequence[_Word]
) -> Iterator[str]:
    """What one stretch of changed words means."""
    if _alike("".join(w.text for w in old), "".join(w.text for w in new)) and not _any_special((*old, *new)):
        return
    lost, come = _unpaired(old, new)
    corrected = _corrected(come, [] if lost else following)
    for word in lost:
        if word.fact or word.name:
            yield f"{word.text!r} is gone"
        elif word.text not in FUNCTION_WORDS:
            yield f"the word {word.text!r} is gone"
    if not corrected:
        for mate in come:
            if mate.fact and not _polite(mate, (*leading, *new, *following)):
                yield f"{mate.text!r} is new"


def _unpaired(old: Sequence[_Word], new: Sequence[_Word]) -> tuple[list[_Word], list[_Word]]:
    """The old words that none of the new ones is alike, in order, and the new words that are left over."""
    lost: list[_Word] = []
    come: list[_Word] = []
    at = 0
    for word in old:
        mate = next((k for k in range(at, len(new)) if word.text == new[k].text or _same_word(word, new[k])), None)
        size = 1
        if mate is None:
            mate = next((k for k in range(at, len(new) - 1) if _split(word, new[k], new[k + 1])), None)
            size = 2
        if mate is None:
            lost.append(word)
        else:
            come += new[at:mate]
            at = mate + size
    return lost, [*come, *new[at:]]


def _split(word: _Word, first: _Word, second: _Word) -> bool:
    """Whether two words are one that a blank fell into."""
    if word.raw == first.raw + second.raw:
        return True
    return _alike(word.text, first.text + second.text) and not _any_special((word, first, second))


def _same_word(old: _Word, new: _Word) -> bool:
    if not old.fact and _misread(old.text, new.text):
        return True
    if new.fact:
        return False
    if old.fact:  # a unit or quantifier misspelt into no word at all; never a number in figures
        plain = old.text.isalpha() and len(old.text) >= 4 and old.text[0] == new.text[0]
        return plain and zipf(new.text) < _REAL and _alike(old.text, new.text)
    if old.name:  # a slip in a long name; a name of somebody else is written by others as well
        return (
            len(old.text) >= 6
            and zipf(new.text) < _UNKNOWN
            and _squeezed(old.text)[:1] == new.text[:1]
            and _slip(old.text, new.text)
        )
    return _alike(old.text, new.text)


def _slip(old: str, new: str) -> bool:
    import jellyfish

    return jellyfish.damerau_levenshtein_distance(old, new) <= 1


def _any_special(words: Iterable[_Word]) -> bool:
    return any(word.fact or word.name for word in words)


_POLITE = frozenset("can could would may might should".split())


def _polite(word: _Word, around: Sequence[_Word]) -> bool:
    """Whether a word that was put in is part of a set phrase: can you, may I, no worries, any help, one more thing."""
    texts = " ".join(w.text for w in around)
    if word.text in _POLITE:
        return re.search(rf"\b{word.text} (?:you|u|i|we|someone|anyone)\b", texts) is not None
    return any(word.text in phrase.split() and phrase in texts for phrase in _SET_PHRASES)


_SET_PHRASES = (
    "no worries", "no rush", "no problem", "any help", "any chance", "thanks any", "not sure if", "one more thing",
    "first of all", "last night", "at last", "any idea", "long day today", "not urgent", "right now", "many thanks",
    "1 more thing", "as soon as", "more or less", "so much", "very much", "every day", "all the best", "some help",
    "all good", "all day",
)  # fmt: skip


def _corrected(come: Sequence[_Word], following: Sequence[_Word]) -> bool:
    """Whether what was put in is a slip that is put right at once: it ends in a cue, before the right words."""
    texts = [w.text for w in come]
    for size in (3, 2, 1):
        for at in range(1, len(texts) - size + 1):  # something wrong was said before the cue
            if " ".join(texts[at : at + size]) in CUES:
                behind = texts[at + size :]
                return not any(any(c.isdigit() for c in text) for text in behind) and bool(following or behind)
    return False


def _moved(old: Sequence[_Word], new: Sequence[_Word], was: str, now: str, moved: Sequence[str]) -> Iterator[str]:
    """Whether a new order of words is harmless: whole sentences that do not hang on each other trade places."""
    lost = Counter(w.text for w in old)
    lost.subtract(w.text for w in new)
    for text, count in lost.items():
        if count > 0 and text not in FUNCTION_WORDS:
            yield f"the word {text!r} is gone"
        elif count < 0 and any(w.fact for w in new if w.text == text):
            yield f"{text!r} is new"
    before, after = _sentences(was), _sentences(now)
    whole = len(before) > 1 and Counter(before) == Counter(after)
    if whole and not _ORDER.search(was) and not _instructions(before):
        return
    yield f"the order changed: {', '.join(sorted(moved)[:4])}"


def _sentences(text: str) -> list[tuple[str, ...]]:
    parts = re.split(r"(?<=[.!?])\s+|\n+", _plain(text).strip())
    return [tuple(w.text for w in _words(part)) for part in parts if _words(part)]


_PERSONAL = frozenset("i we my our the it there this that he she they a an is are do does did can could".split())
_ASKING = frozenset("what which who whom whose when where why how hello hi hey thanks thank please".split())


def _instructions(sentences: Sequence[tuple[str, ...]]) -> bool:
    """Whether two or more sentences begin like commands, whose order counts."""
    commands = [s for s in sentences if s[0] not in _PERSONAL and s[0] not in _ASKING and s[0] not in FUNCTION_WORDS]
    return len(commands) > 1


def _target(case: Case, old: Sequence[_Word], new: Sequence[_Word]) -> Iterator[str]:
    """Whether an answer that stood in the clean text still stands in the messy one."""
    was, now = " ".join(w.text for w in old), " ".join(w.text for w in new)
    answer = " ".join(w.text for w in _words(case.target))
    if answer and f" {answer} " in f" {was} " and f" {answer} " not in f" {now} ":
        yield f"the answer {case.target!r} is gone"


def _by_count(old: Sequence[_Word], new: Sequence[_Word]) -> Iterator[str]:
    before, after = Counter(w.text for w in old if w.fact), Counter(w.text for w in new if w.fact)
    for text in dict.fromkeys((*before, *after)):
        if before[text] > after[text]:
            yield f"{text!r} is gone"
        elif before[text] < after[text]:
            yield f"{text!r} is new"


# --- when two words are one ---------------------------------------------------------------------------------------

_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de", "anti", "counter", "over", "under", "re", "pre")


@lru_cache(maxsize=65_536)
def _alike(old: str, new: str) -> bool:
    """Whether one word may be the other, misspelt, misheard, inflected or written by another custom."""
    import jellyfish

    if old == new:
        return True
    if not old or not new or _opposite(old, new) or _opposite(_stem(old), _stem(new)):
        return False
    distance = jellyfish.damerau_levenshtein_distance
    if any(distance(other, new) < distance(old, new) for other in _opposites().get(old, ())):
        return False  # the opposite, misspelt
    if _shape(old) == _shape(new):
        return True
    if any(c.isdigit() for c in old + new) and not _misread(old, new):
        return False
    if _squeezed(old) == _squeezed(new):
        return True
    long, short = (old, new) if len(old) > len(new) else (new, old)
    both_real = zipf(old) >= _REAL and zipf(new) >= _REAL
    for prefix in _PREFIXES:
        if long == prefix + short and zipf(long) >= 2 and zipf(short) >= 2:
            return False
    if _stem(old) == _stem(new):
        return True
    if both_real:
        return (jellyfish.metaphone(old) == jellyfish.metaphone(new) and old[:1] == new[:1]) or _said(old) == _said(new)
    limit = 1 if len(old) <= 3 else max(2, round(0.4 * len(old)))
    if jellyfish.damerau_levenshtein_distance(old, new) <= limit:
        return True
    return _said(old) == _said(new) or (len(old) > 4 and _bones(old) == _bones(new))


@cache
def _opposites() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one, other in sorted(ANTONYMS):
        found[one] = (*found.get(one, ()), other)
        found[other] = (*found.get(other, ()), one)
    return found


def _opposite(old: str, new: str) -> bool:
    return (old, new) in ANTONYMS or (new, old) in ANTONYMS


def _shape(word: str) -> str:
    """A word with letters that scanners take for each other made one: rn and m, cl and d, vv and w."""
    return word.replace("rn", "m").replace("cl", "d").replace("vv", "w").replace("ii", "n")


def _misread(old: str, new: str) -> bool:
    """Whether digits stand for letters (0 for o, 1 for l) in a word without digits of its own."""
    if any(c.isdigit() for c in old):
        return False
    return _squeezed(new.translate(str.maketrans("0134578", "oleastb"))) == _squeezed(old)


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _said(word: str) -> str:
    import jellyfish

    return jellyfish.metaphone(word.replace("'", "")) if word.isascii() else word


def _bones(word: str) -> str:
    return word[:1] + re.sub(r"[aeiouy]", "", word[1:])


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ied", "es", "ed", "er", "ly", "s", "d"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e").removesuffix("y")
    return word.rstrip("e").removesuffix("y")
