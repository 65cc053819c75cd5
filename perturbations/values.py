"""Values of a text (numbers, codes, amounts, dates, days), and others of the same shape to be mistaken for them."""

from __future__ import annotations

import re
from random import Random

from ..harness.cases import Case

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
# "May" and "March" are months only beside a number, or behind a word that a month follows
_PLAIN_MONTHS = "|".join(month for month in _MONTHS if month not in ("May", "March"))
# A value: a number with what hangs on to it (code, money, date in figures), a date in words, or a day.
_VALUE = re.compile(
    rf"\b(?:(?:{'|'.join(_DAYS)}),? )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{'|'.join(_MONTHS)})\b(?: \d{{4}})?"
    rf"|\b(?:{'|'.join(_MONTHS)}) \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?"
    rf"|[$€£]?\b[A-Za-z]{{0,4}}-?\d[\d.,:/-]*(?<=\d)[A-Za-z]?\b"
    rf"|\b(?:{_PLAIN_MONTHS}|{'|'.join(_DAYS)})\b|(?<=\b[Ii]n )(?:May|March)\b|(?<=\bof )(?:May|March)\b"
)


def values(text: str) -> list[re.Match[str]]:
    """The values of a text: numbers, codes, amounts, dates, days; not parts of words, nor of longer numbers."""
    return [match for match in _VALUE.finditer(text) if not _inside(text, match)]


def _inside(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(match.start() - 1, 0) : match.start()], text[match.end() : match.end() + 1]
    if bool(before.strip().strip("\"'(“‘[#")) or after.isalnum() or after in tuple("-/@%"):
        return True
    # "020 7946 0018" is one number, and half of it is no value
    return bool(re.search(r"[\d)] $", text[max(match.start() - 2, 0) : match.start()])) or bool(
        re.match(r" \(?\d", text[match.end() : match.end() + 3])
    )


def asked_for(case: Case) -> re.Match[str] | None:
    """The value of the text that is the answer, where there is exactly one."""
    if case.choices or case.context:
        return None
    found = [value for value in values(case.text) if value[0].lower() == case.target.lower()]
    return found[0] if len(found) == 1 else None


def other(case: Case, value: str, rng: Random) -> str | None:
    """Another value of the same shape, which the case does not hold; None where there is none."""
    for _ in range(8):
        made = decoy(value, rng)
        if made != value and made not in case.text and made not in case.answers:
            return made
    return None


def rivals(case: Case, rng: Random) -> tuple[re.Match[str], str] | None:
    """The value that is asked for, and another of its shape."""
    value = asked_for(case)
    new = other(case, value[0], rng) if value else None
    return (value, new) if value and new else None


_PLACES = "Lisbon Turin Oslo Quito Perth Bergen Lyon Kraków Malmö Leeds".split()


def wrong_answer(case: Case, rng: Random) -> str | None:
    """A wrong answer: another of the choices, or another value or place; None where there is none."""
    others = [choice for choice in case.choices if choice != case.target]
    if others:
        return rng.choice(others)
    if case.choices or not case.target:
        return None
    match = _VALUE.fullmatch(case.target)
    if match:
        return other(case, case.target, rng)
    known = f"{case.text} {case.context}"
    place = rng.choice(_PLACES)
    return place if case.context and case.target[0].isupper() and place not in known else None


def decoy(value: str, rng: Random) -> str:
    """A value of the same shape that could be real: one or two digits differ, or another day or month."""
    for _ in range(12):
        made = _changed(value, rng)
        if made != value and _possible(made):
            return made
    return value


def _possible(value: str) -> bool:
    """Whether a time is one of the clock and a date in figures one of the calendar."""
    clock = re.fullmatch(r"(\d{1,2})[:.](\d{2})(?::(\d{2}))?", value)
    if clock and ":" in value:
        return int(clock[1]) < 24 and int(clock[2]) < 60 and int(clock[3] or 0) < 60
    parts = re.fullmatch(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{2,4})", value)
    if parts:
        first, second, last = int(parts[1]), int(parts[3]), int(parts[4])
        if len(parts[1]) == 4:
            return 1900 <= first < 2100 and 1 <= second <= 12 and 1 <= last <= 28
        return 1 <= first <= 28 and 1 <= second <= 12 and (last < 100 or 1900 <= last < 2100)
    year = re.fullmatch(r"\d{4}", value)
    return not year or value[0] != "0"


def _changed(value: str, rng: Random) -> str:
    digits = [i for i, character in enumerate(value) if character.isdigit()]
    names = [name for name in (*_MONTHS, *_DAYS) if name in value]
    if names and (not digits or rng.random() < 0.5):
        others = [name for name in (_MONTHS if names[-1] in _MONTHS else _DAYS) if name != names[-1]]
        return value.replace(names[-1], rng.choice(others))
    if names:  # a day of the month stays one, with its own ending
        day = re.search(r"(\d{1,2})(st|nd|rd|th)?", value)
        assert day is not None
        other = rng.choice([number for number in range(4, 29) if str(number) != day[1]])
        ending = {1: "st", 2: "nd", 3: "rd"}.get(other % 10 if other > 20 else 0, "th") if day[2] else ""
        return f"{value[: day.start()]}{other}{ending}{value[day.end() :]}"
    wrong = list(value)
    for i in rng.sample(digits, min(len(digits), rng.choice((1, 2)))):
        first = i == 0 or not value[i - 1].isdigit()
        wrong[i] = rng.choice([d for d in ("123456789" if first else "0123456789") if d != value[i]])
    return "".join(wrong)
