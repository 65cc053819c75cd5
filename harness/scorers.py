"""Reads an answer and grades it against the target."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from .behaviour import ASKED, CONFLICT, DECLINED, Reaction
from .cases import Case
from .errors import StudyError, did_you_mean
from .frames import old_name
from .reactions import reaction
from .replies import Reply, Score, Scorer

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "“”‘’…–—", " "))


def normalised(text: str) -> str:
    """Text for comparison: NFKC, lower case, blanks folded, and marks and quotes around it taken off."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.strip(" .,;:!?\"'“”‘’`*_")


def exact(case: Case, reply: Reply) -> Score:
    """The whole answer is the target or an alias, after `normalised`. An empty answer is unparsable."""
    answer = normalised(reply.text)
    if not answer:
        return Score(None, "unparsable: empty answer")
    right = answer in {normalised(known) for known in case.answers}
    return Score(float(right), "equals the target" if right else "differs from the target", answer)


def label(case: Case, reply: Reply) -> Score:
    """The answer names exactly one of the choices, as a whole word, and it is the target.

    None of them, or more than one, is unparsable; but an answer that *begins* with a choice counts as that choice.
    """
    answer = normalised(reply.text)
    named = [choice for choice in case.choices if _stands_in(normalised(choice), answer)]
    first = [choice for choice in named if re.match(re.escape(normalised(choice)) + r"(?!\w)", answer)]
    if first:
        named = [max(first, key=len)]
    if len(named) != 1:
        return Score(None, "unparsable: names " + (" and ".join(named) if named else "none of the choices"))
    return Score(float(named[0] == case.target), f"names {named[0]}", named[0])


def number(case: Case, reply: Reply) -> Score:
    """The last number of the answer equals the target as a decimal: 1,250.0 is 1250. No number is unparsable."""
    found = re.findall(r"[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", reply.text)
    if not found:
        return Score(None, "unparsable: no number")
    value, wanted = _decimal(found[-1]), {_decimal(known) for known in case.answers}
    return Score(float(value in wanted), f"reads {value}", str(value))


def contains(case: Case, reply: Reply) -> Score:
    """The target or an alias stands somewhere in the answer as whole words, after `normalised`."""
    answer = normalised(reply.text)
    if not answer:
        return Score(None, "unparsable: empty answer")
    right = any(_stands_in(normalised(known), answer) for known in case.answers)
    return Score(float(right), "holds the target" if right else "does not hold the target", answer)


def token_f1(case: Case, reply: Reply) -> Score:
    """The best F1 of shared words with the target or an alias, articles and marks left out (as SQuAD scores do).

    Source of the measure: Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1.
    """
    answer = _bag(reply.text)
    if not answer:
        return Score(None, "unparsable: empty answer")
    best = max(_f1(answer, _bag(known)) for known in case.answers)
    return Score(best, f"token F1 {best:.2f}", normalised(reply.text))


def clarify(case: Case, reply: Reply) -> Score:
    """The reply asks back, names a conflict, or declines: for cases that cannot be answered as they are."""
    return _behaved(reply, (ASKED, CONFLICT, DECLINED))


def abstain(case: Case, reply: Reply) -> Score:
    """The reply names a conflict or declines, and asks nothing: for cases that nobody can answer."""
    return _behaved(reply, (CONFLICT, DECLINED))


def _behaved(reply: Reply, right: tuple[Reaction, ...]) -> Score:
    if not reply.text.strip():
        return Score(None, "unparsable: empty answer")
    found, words = reaction(reply.text)
    return Score(float(found in right), f"{found}: {words!r}" if words else found, found)


SCORERS: dict[str, Scorer] = {
    "exact": exact,
    "label": label,
    "number": number,
    "contains": contains,
    "token_f1": token_f1,
    "clarify": clarify,
    "abstain": abstain,
}
"""The scorers by the name a study gives."""


def find_scorer(name: str) -> Scorer:
    """The scorer of this name. Raises StudyError with the nearest name."""
    if name not in SCORERS:
        raise StudyError(f"no scorer called {name!r}{did_you_mean(name, SCORERS)} (known: {', '.join(SCORERS)})")
    return SCORERS[name]


def score(scorer: Scorer, case: Case, reply: Reply) -> Score:
    """The grade of a reply to a case as it was sent: a new name of a choice counts as the choice."""
    old = old_name(case, reply.text) if case.layout else None
    return scorer(case, reply if old is None else replace(reply, text=old))


def _stands_in(phrase: str, answer: str) -> bool:
    return bool(phrase) and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", answer) is not None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[^\d.−-]", "", text).replace("−", "-"))
    except InvalidOperation:
        return None


def _bag(text: str) -> Counter[str]:
    return Counter(_ARTICLES.sub(" ", normalised(text).translate(_PUNCTUATION)).split())


def _f1(answer: Counter[str], known: Counter[str]) -> float:
    shared = sum((answer & known).values())
    return 2 * shared / (answer.total() + known.total()) if shared else 0.0
