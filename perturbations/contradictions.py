"""People who correct themselves in the middle of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from .perturbation import Proposal, perturbation

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CALENDAR = "|".join((*_MONTHS, *_DAYS))
# A value: a number with what hangs on to it (code, money, date in figures), a date in words, or a day.
_VALUE = re.compile(
    rf"\b(?:(?:{'|'.join(_DAYS)}),? )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{'|'.join(_MONTHS)})\b(?: \d{{4}})?"
    rf"|\b(?:{'|'.join(_MONTHS)}) \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?"
    rf"|[$€£]?\b[A-Za-z]{{0,4}}-?\d[\d.,:/-]*(?<=\d)[A-Za-z]?\b|\b(?:{_CALENDAR})\b"
)
_CUES = ("sorry", "no wait", "I mean", "no", "sorry, I mean", "or rather", "scratch that", "correction")


@perturbation(
    "self_correction",
    rates=(0.0, 0.25, 0.5, 0.75, 1.0),
    source="the cue phrases are everyday English, chosen by hand and not yet weighted by a corpus",
)
def self_correction(case: Case, rng: Random) -> Iterator[Proposal]:
    """A wrong value of the same type is said first and put right at once: "order 77120, sorry, 48213"."""
    values = [match for match in _VALUE.finditer(case.text) if not _inside_word(case.text, match)]
    taken = {value[0] for value in values} | set(case.answers) | set(case.choices)
    bearing = [i for i, value in enumerate(values) if any(answer in value[0] for answer in case.answers)]
    always = bearing[0] if bearing else rng.randrange(len(values)) if values else None
    for i, value in enumerate(values):
        draw, cue, decoy = rng.random(), rng.choice(_CUES), _decoy(value[0], rng)
        if decoy not in taken:
            taken.add(decoy)
            yield (-1.0 if i == always else draw), Edit(value.start(), value.start(), f"{decoy}, {cue}, ")


def _inside_word(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(match.start() - 1, 0) : match.start()], text[match.end() : match.end() + 1]
    return bool(before.strip().strip("\"'(“‘[#")) or after.isalnum() or after in tuple("-/@")


def _decoy(value: str, rng: Random) -> str:
    """A value of the same shape: one or two digits differ, or another day or month; never a leading zero."""
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
