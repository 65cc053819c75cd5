"""Where things are in a text: words, sentences, and the spans that carry the answer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..harness.cases import Case, Edit


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` up to `end`, which read `text`."""

    start: int
    end: int
    text: str


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")


def words(text: str, at_least: int = 1) -> Iterator[Span]:
    """The words of letters (and apostrophes inside) with `at_least` so many characters."""
    for match in _WORD.finditer(text):
        if match.end() - match.start() >= at_least:
            yield Span(match.start(), match.end(), match[0])


def sentence_ends(text: str) -> list[int]:
    """The places right behind each sentence's closing mark, the end of the text last."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    last = len(text.rstrip())
    return ends if ends and ends[-1] == last else [*ends, last]


# --- spans that carry the answer ----------------------------------------------------------------------------------

_UNIT = (
    r"dollars?|euros?|pounds?|cents?|pence|francs?|yen|eur|usd|gbp|chf|percent|per cent|km|kg|mg|ml|cm|mm|kwh|mb|gb|"
    r"miles?|metres?|meters?|litres?|liters?|grams?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|am|pm|g|l|m"
)
_NUMBER_WORD = (
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen|"
    r"half|halves|quarter|thirds?|twice|double|triple|once|first|fourth|fifth|sixth|tenth"
)
_CALENDAR = (
    r"january|february|march(?=\s+\d|\s*$)|april|june|july|august|september|october|november|december|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|today|tomorrow|yesterday|tonight|noon|midnight"
)
_NEGATION = r"not|no|never|none|nothing|nobody|nowhere|neither|nor|without|cannot|except|unless|\w+n['’]t"
_QUANTIFIER = (
    r"all|each|every|both|any|some|few|fewer|fewest|less|least|more|most|many|much|only|per|than|another|other"
)

_PROTECTED = (
    re.compile(r"\S*\d\S*(?:\s+(?:" + _UNIT + r")\b)?", re.IGNORECASE),  # numbers, money, dates, times, codes, e-mails
    re.compile(r"\S+@\S+|\w+://\S+|\bwww\.\S+"),
    re.compile(r"[$€£¥₹%#§]"),
    re.compile(rf"\b(?:{_NUMBER_WORD}|{_CALENDAR}|{_NEGATION}|{_QUANTIFIER})\b", re.IGNORECASE),
    re.compile(
        r"\b(?:May|March|Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
    ),
)
_OPENING, _CLOSING = "\"'“‘([{<*_~", "\"'”’)]}>*_~.,;:!?…"
_SMALL = frozenset("the a an of in on at to is it by for and or my".split())


def protected_spans(case: Case, field: str = "text") -> tuple[Span, ...]:
    """The spans of one field that no edit may touch, in order and apart from each other.

    They are: runs with a digit (numbers, money, dates, times, codes, addresses) with the unit behind them, number
    words, days and months, negations, quantifiers, currency signs, the choices, the answers and, where an answer does
    not stand there as a whole, its words; and what the case itself names in `protect`. Spans set apart by blanks alone
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
    for phrase in (*case.choices, *case.protect):
        found += _occurrences(text, phrase)
    return tuple(Span(start, end, text[start:end]) for start, end in _joined(text, found))


def _occurrences(text: str, phrase: str) -> Iterator[tuple[int, int]]:
    """Where a phrase stands as whole words, whatever its letter case and the blanks inside it."""
    parts = phrase.split()
    if not parts:
        return
    pattern = r"\s+".join(re.escape(part) for part in parts)
    before = r"(?<!\w)" if phrase.strip()[0].isalnum() else ""
    after = r"(?!\w)" if phrase.strip()[-1].isalnum() else ""
    for match in re.finditer(before + pattern + after, text, re.IGNORECASE):
        yield match.span()


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


_SAFE_BEFORE = frozenset("\"'“‘([{:;>*|—")
_SAFE_AFTER = frozenset("\"'”’)]}:;<*|—.,!?…")


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
        if self._makes_one(edit):
            return True
        at = max(bisect_right(self._starts, edit.start) - 1, 0)
        while at < len(self._spans) and self._spans[at].start <= edit.end:
            if self._hurt(edit, self._spans[at]):
                return True
            at += 1
        return False

    def _makes_one(self, edit: Edit) -> bool:
        """Whether what is changed becomes something that would be protected: there, three; hot, not; I, 1."""
        if edit.start == edit.end and any(character.isspace() for character in edit.text):
            return False  # whole words that are put in are meant
        start, end = edit.start, edit.end
        while start > 0 and not self._text[start - 1].isspace() and edit.start - start < 40:
            start -= 1
        while end < len(self._text) and not self._text[end].isspace() and end - edit.end < 40:
            end += 1
        before, after = self._text[start:end], self._text[start : edit.start] + edit.text + self._text[edit.end : end]
        return any(len(p.findall(after)) > len(p.findall(before)) for p in _PROTECTED)

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
