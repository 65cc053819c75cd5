"""Where things are in a text: words, sentences, and the spans that carry the answer."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from ..harness.cases import Case, Edit
from ..harness.marks import OPEN, unmarked


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` up to `end`, which read `text`."""

    start: int
    end: int
    text: str


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|No|Nos|vs|etc|approx|dept|Inc|Ltd|Co|e\.g|i\.e|a\.m|p\.m)|\b[A-Za-z]|(?<!\S)\d+)$",
    re.IGNORECASE,
)
_OPEN_QUOTE = {"“": "”", "‘": "’", "«": "»", "(": ")", "[": "]"}
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")


def words(text: str, at_least: int = 1) -> Iterator[Span]:
    """The words of letters (and apostrophes inside) with `at_least` so many characters."""
    return (word for word in _words(text) if word.end - word.start >= at_least)


@lru_cache(maxsize=64)  # the text of a case, while one perturbation after the other goes through it
def _words(text: str) -> tuple[Span, ...]:
    return tuple(Span(match.start(), match.end(), match[0]) for match in _WORD.finditer(text))


def recased(text: str, rng: Random, style: Callable[[str], str], at_least: int = 1) -> Iterator[tuple[float, Edit]]:
    """A draw and an edit for each word whose letter case a style changes, its length left as it is."""
    for word in words(text, at_least):
        draw, new = rng.random(), style(word.text)
        if new != word.text and len(new) == len(word.text):
            yield draw, Edit(word.start, word.end, new)


def sentence_ends(text: str) -> list[int]:
    """The places right behind each sentence's closing mark, the end of the text last.

    A full stop behind an abbreviation, an initial or a bare number ("Mrs.", "J.", "1.") closes nothing, and neither
    does a mark inside quotation marks or brackets.
    """
    inside = _quoted(text)
    ends = []
    for match in _SENTENCE_END.finditer(text):
        stop = match[0].startswith(".") and not match[0].startswith("..")
        short = stop and _ABBREVIATION.search(text, max(match.start() - 8, 0), match.start())
        if short and match.end() < len(text.rstrip()):
            continue
        goes_on = text[match.end() : match.end() + 2].strip()[:1].islower()
        if not any(start < match.end() < end or (goes_on and match.end() == end) for start, end in inside):
            ends.append(match.end())
    last = len(text.rstrip())
    return ends if ends and ends[-1] == last else [*ends, last]


def _quoted(text: str) -> list[tuple[int, int]]:
    """Where something stands between quotation marks or brackets that are closed again."""
    found: list[tuple[int, int]] = []
    awaited = ""
    start = 0
    for at, character in enumerate(text):
        if awaited:
            if character == awaited:
                found.append((start, at + 1))
                awaited = ""
        elif character == '"' or (character in _OPEN_QUOTE and (character != "‘" or at == 0 or text[at - 1].isspace())):
            start, awaited = at, _OPEN_QUOTE.get(character, '"')
    return found


# --- spans that carry the answer ----------------------------------------------------------------------------------

_UNIT = (
    r"dollars?|euros?|pounds?|cents?|pence|francs?|yen|yuan|rupees?|eur|usd|gbp|chf|jpy|inr|cad|aud|percent|per cent|"
    r"km/h|mph|kph|km|kg|mg|mcg|µg|ml|cm|mm|kwh|mwh|kw|mw|kb|mb|gb|tb|mbps|lbs?|oz|ft|in|inch(?:es)?|feet|foot|yards?|"
    r"miles?|met(?:re|er)s?|lit(?:re|er)s?|(?:kilo|milli|micro)?grams?|kilos?|tons?|tonnes?|"
    r"(?:kilo|centi|milli)met(?:re|er)s?|millilit(?:re|er)s?|gallons?|pints?|cups?|tablespoons?|teaspoons?|tbsp|tsp|"
    r"degrees?|celsius|fahrenheit|volts?|amps?|watts?|"
    r"min|mins|sec|secs|hrs?|seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|am|pm|a\.m|p\.m|g|l|m|k"
)
_NUMBER_WORD = (
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|trillion|"
    r"dozen|half|halves|quarters?|thirds?|twice|double|triple|once|first|second|fourth|fifth|sixth|seventh|eighth|"
    r"ninth|tenth|eleventh|twelfth|last|next|plus|minus|times"
)
_CALENDAR = (
    r"january|february|march(?=\s+\d|\s*$)|april|june|july|august|september|october|november|december|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|today|tomorrow|yesterday|tonight|noon|midnight"
)
_NEGATION = (
    r"not|no|never|none|nothing|nobody|nowhere|neither|nor|without|cannot|except|unless|\w{1,12}n['’]t|dont|doesnt|didnt|"
    r"isnt|wasnt|arent|werent|wont|cant|couldnt|shouldnt|wouldnt|havent|hasnt|hadnt|aint|mustnt|neednt"
)
_QUANTIFIER = (
    r"all|each|every|both|any|some|few|fewer|fewest|less|least|more|most|many|much|only|per|than|another|other"
)
_MODAL = r"must|may|might|should|can"

_PROTECTED = (
    # numbers, money, dates, times, codes, e-mails, with the unit behind them
    re.compile(
        r"(?<!\S)[^\s\d]{0,60}\d\S*(?:\s+(?:" + _UNIT + r")\b)?|(?<=\S)\d\S*(?:\s+(?:" + _UNIT + r")\b)?", re.IGNORECASE
    ),
    re.compile(rf"\b(?:{_NUMBER_WORD})\s+(?:{_UNIT})\b", re.IGNORECASE),
    re.compile(r"(?<!\S)[^\s@]{1,80}@\S+|(?<!\S)@\w+|\w{1,20}://\S+|\bwww\.\S+"),
    re.compile(r"\b[\w-]{1,60}\.(?:com|org|net|io|co|uk|de|fr|eu|gov|edu|example)\b(?:/\S*)?", re.IGNORECASE),
    re.compile(r"[$€£¥₹%#§]"),
    re.compile(rf"\b(?:{_NUMBER_WORD}|{_CALENDAR}|{_NEGATION}|{_QUANTIFIER}|{_MODAL})\b", re.IGNORECASE),
    re.compile(
        r"\b(?:May|March|Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
        r"|\b(?:[IVX]{2,5}|USD|EUR|GBP|CHF|JPY|[A-Z]{2,5}-[A-Z]{1,8})\b"  # Roman numbers, currencies, codes of letters
    ),
)
_SPECIAL = re.compile(rf"(?:{_NUMBER_WORD}|{_CALENDAR}|{_NEGATION}|{_QUANTIFIER}|{_UNIT}|{_MODAL})", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def special(word: str) -> bool:
    """Whether a word is a number, a day or month, a unit, a negation, a quantifier or a modal verb."""
    return _SPECIAL.fullmatch(word) is not None


_OPENING, _CLOSING = "\"'“‘([{<*_~", "\"'”’)]}>*_~.,;:!?…"
_SMALL = frozenset("the a an of in on at to is it by for and or my".split())


def protected_spans(case: Case, field: str = "text") -> tuple[Span, ...]:
    """The spans of one field that no edit may touch, in order and apart from each other.

    They are: runs with a digit (numbers, money, dates, times, codes, addresses) with the unit behind them, addresses
    and names of the web, number words, days and months, negations, quantifiers, modal verbs, currency signs, the
    choices, the answers and, where an answer does not stand there as a whole, its words; and what the case itself names
    in `protect`. Spans set apart by blanks alone
    are joined, so that "3 March" stays one. Matching of answers and choices ignores letter case.
    """
    text: str = getattr(case, field)
    found: list[tuple[int, int]] = []
    for pattern in _PROTECTED:
        for match in pattern.finditer(text):
            start, end = match.span()
            while start < end and text[start] in _OPENING:
                start += 1
            while end > start and text[end - 1] in _CLOSING:
                end -= 1
            found.append((start, end))
    for answer in case.answers:
        whole = list(_occurrences(text, answer))
        found += whole
        if not whole:
            for word in words(answer, at_least=3):
                if word.text.casefold() not in _SMALL:
                    found += _occurrences(text, word.text)
    for phrase in case.choices:
        found += _occurrences(text, phrase)
    for phrase in case.protect:
        found += _occurrences(text, phrase, inside_words=True)
    return tuple(Span(start, end, text[start:end]) for start, end in _joined(text, found))


def _occurrences(text: str, phrase: str, inside_words: bool = False) -> Iterator[tuple[int, int]]:
    """Where a phrase stands as whole words (a plural counts), whatever its letter case, blanks and normal form.

    In scripts that put no blanks between words it counts wherever it stands.
    """
    parts = phrase.split()
    if not parts:
        return
    first, last = parts[0][0], parts[-1][-1]
    before = r"(?<!\w)" if first.isalnum() and not inside_words and not _unspaced(first) else ""
    after = r"(?:['’]?s)?(?!\w)" if last.isalnum() and not inside_words and not _unspaced(last) else ""
    forms = dict.fromkeys(unicodedata.normalize(form, " ".join(parts)) for form in ("NFC", "NFD"))
    pattern = "|".join(r"\s+".join(re.escape(part) for part in form.split()) for form in (" ".join(parts), *forms))
    for match in re.finditer(f"{before}(?:{pattern}){after}", text, re.IGNORECASE):
        yield match.span()


def _unspaced(character: str) -> bool:
    """Whether a character is of a script without blanks between words: Chinese, Japanese, Thai, Lao, Khmer."""
    return "\u0e00" <= character <= "\u0eff" or "\u1780" <= character <= "\u17ff" or character >= "\u2e80"


def _joined(text: str, found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in sorted(span for span in found if span[0] < span[1]):
        if current and (start <= current[1] or not text[current[1] : start].strip()):
            current = (current[0], max(current[1], end))
        else:
            if current:
                yield current
            current = (start, end)
    if current:
        yield current


@dataclass(frozen=True, slots=True)
class Sites:
    """What a field of a case offers to edits: its protection, and the words apart from every protected span."""

    protection: Protection
    words: tuple[Span, ...]


def sites(case: Case, field: str = "text") -> Sites:
    """The sites of a field; worked out once for a case, however many variants are made of it."""
    return _sites(case, field)


@lru_cache(maxsize=2048)
def _sites(case: Case, field: str) -> Sites:
    text: str = getattr(case, field)
    spans = protected_spans(case, field)
    free, at = [], 0
    for word in words(text):
        while at < len(spans) and spans[at].end < word.start:
            at += 1
        if at == len(spans) or spans[at].start > word.end:
            free.append(word)
    return Sites(Protection(text, spans), tuple(free))


_SAFE_BEFORE = frozenset("\"'“‘([{:;>*|—")
_SAFE_AFTER = frozenset("\"'”’)]}:;<*|—.,!?…")


_AROUND = 40  # characters of a run without blanks that are looked at on each side of an edit
_PART = re.compile(r"[^\W_]+(?:['’.,:/@-][^\W_]+)*")


def _values(text: str) -> int:
    """How many numbers, negations and the like a few words hold."""
    count = len(re.findall(r"[$€£¥₹]\s?\d|\d\s?[%€$£]", text))
    for part in _PART.findall(text):
        letters = sum(character.isalpha() for character in part)
        has_digit = any(character.isdigit() for character in part)
        count += special(part) or (has_digit and letters == 0) or any(mark in part for mark in "@/")
    return count


class Protection:
    """Answers whether an edit would touch a protected span, or melt into one ("48213" into "x48213").

    An edit may stand right beside a span only if what it puts there is a blank or a harmless mark. A plain deletion
    right beside a span is refused, because together with another one it could join the span to a word.
    """

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._text = text
        self._spans = spans
        self._starts = [span.start for span in spans]

    def refuses(self, edit: Edit) -> bool:
        """Whether the edit must not be made: it would touch a span, or make a number or a negation of another word."""
        if OPEN in edit.text:  # a mark ends what stands before it
            edit = replace(edit, text=unmarked(edit.text))
        if self._makes_one(edit):
            return True
        at = max(bisect_right(self._starts, edit.start) - 1, 0)
        while at < len(self._spans) and self._spans[at].start <= edit.end:
            if self._hurt(edit, self._spans[at]):
                return True
            at += 1
        return False

    def _makes_one(self, edit: Edit) -> bool:
        """Whether what is changed becomes a number, a negation or the like: there, three; hot, not; a, 8.

        A digit inside a word ("1he") makes no number of it, and a currency sign counts only beside a digit.
        """
        if edit.start == edit.end and any(character.isspace() for character in edit.text):
            return False  # whole words that are put in are meant
        start, end = edit.start, edit.end
        while start > 0 and not self._text[start - 1].isspace() and edit.start - start < _AROUND:
            start -= 1
        while end < len(self._text) and not self._text[end].isspace() and end - edit.end < _AROUND:
            end += 1
        before, after = self._text[start:end], self._text[start : edit.start] + edit.text + self._text[edit.end : end]
        return _values(after) > _values(before)

    def _melts(self, edit: Edit, span: Span) -> bool:
        """Whether a mark that would be harmless joins more to the span: ":00" behind "13", or "2:" before it."""
        if edit.start == span.end and edit.text:
            behind = (edit.text + self._text[edit.end : edit.end + 1]).lstrip("".join(_SAFE_AFTER))
            return not edit.text[0].isspace() and behind[:1].isalnum()
        if edit.end == span.start and edit.text:
            ahead = (self._text[max(edit.start - 1, 0) : edit.start] + edit.text).rstrip("".join(_SAFE_BEFORE))
            return not edit.text[-1].isspace() and ahead[-1:].isalnum()
        return False

    def _hurt(self, edit: Edit, span: Span) -> bool:
        if edit.start < span.end and edit.end > span.start:
            return True
        if self._melts(edit, span):
            return True
        if edit.end == span.start and (edit.start < edit.end or edit.text):
            return not edit.text or not (
                edit.text[-1].isspace()
                or edit.text[-1] in _SAFE_BEFORE
                or (edit.start < edit.end and edit.text[-1] == self._text[edit.end - 1])
            )
        if edit.start == span.end and (edit.start < edit.end or edit.text):
            return not edit.text or not (
                edit.text[0].isspace()
                or edit.text[0] in _SAFE_AFTER
                or (edit.start < edit.end and edit.text[0] == self._text[edit.start])
            )
        return False


def like(old: str, new: str) -> str:
    """`new` in the letter case of `old`: all capitals, a capital first, or as it comes."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    if old[:1].isupper():
        return new[:1].upper() + new[1:]
    return new
