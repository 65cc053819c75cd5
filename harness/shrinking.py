"""The fewest edits that still turn a right answer wrong: a search over edit groups, and a check that it was no luck.

The search knows nothing of texts: it asks whether a set of groups fails. It keeps a set that was seen to fail and
halves its way to the first prefix that does, so that each edit that matters takes about log2(n) questions; nothing is
assumed of how edits work together. Where answers vary from call to call, each question is put until one answer leads
by a margin, as in a gambler's ruin (Wald 1945), and what was found is asked again, side by side with the clean text.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

Value = TypeVar("Value")

Groups = frozenset[int]
"""Some of the edit groups of a variant; none of them is the clean text."""

Ask = Callable[[Groups, int], Awaitable[bool | None]]
"""Whether the answer to the case with these groups is wrong, asked for the n-th time (from 0); None for no answer."""

Status = Literal["confirmed", "chance", "undecided", "unfinished"]
"""What the check said. `chance`: it does not fail again, or not more than the clean text does. `undecided`: it fails
more often than the clean text, but too seldom to be sure. `unfinished`: the calls ended, so that it may not be the
smallest."""

ERROR = 0.005
"""The chance that one question is answered falsely by the noise; sets the margin of the vote."""

SURE = 0.01
"""The p-value (one-sided, Fisher's exact test) from which a minimal failure counts as confirmed."""

ROUNDS = 3
"""How often the repeats are made, at most, until it is clear."""

MOST = 400
"""Calls from which on the search for one failure is given up."""

_MOST_VOTES = 15


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest set of groups found to fail, and how sure that is.

    `wrong` of `asked` answers to it were wrong in the check, and `clean_wrong` of `clean_asked` to the clean text.
    `calls` were made for the search and `checks` for the check.
    """

    groups: tuple[int, ...]
    status: Status
    wrong: int = 0
    asked: int = 0
    clean_wrong: int = 0
    clean_asked: int = 0
    calls: int = 0
    checks: int = 0


async def shrink(
    groups: Sequence[int],
    ask: Ask,
    *,
    noise: float = 0.0,
    repeats: int = 5,
    width: int = 1,
    allowed: Callable[[Groups], bool] = lambda groups: True,
) -> Shrunk:
    """The smallest failing subset of the groups, of which all together failed once, and whether it fails reliably.

    `noise` is the share of answers that flip by chance, in [0, 0.5). The check asks the set and the clean text
    `repeats` times, and up to three times as often while it is not clear. `width` questions are asked at once. A subset
    that is not `allowed` counts as one that does not fail, without a call.
    """
    questions = _Questions(ask, allowed, known=None if noise else frozenset(groups))
    margin = votes(noise)
    best: tuple[int, ...] = tuple(groups)
    found: tuple[int, ...] | None = None
    try:
        if not await questions.fails(frozenset(groups), margin):
            return Shrunk(best, "chance", calls=questions.calls)
        for extra in range(3):
            found = await _smallest(groups, questions, margin + extra, width)
            best = questions.best
            if found is None:  # votes contradict each other: ask for a clearer lead
                continue
            search = questions.calls
            check = await _checked(frozenset(found), questions, repeats)
            doubt = 1 - check[1] / check[2]  # it fails less reliably than the noise floor said: vote by what was seen
            if check[0] == "confirmed" and doubt > noise and len(found) > 1:
                smaller = await _pruned(found, questions, votes(doubt))
                if smaller != found:
                    found, search = smaller, questions.calls
                    check = await _checked(frozenset(found), questions, repeats)
            status: Status = check[0]
            if status == "confirmed" or extra == 2 or not noise:
                return Shrunk(found, status, *check[1:], calls=search, checks=questions.calls - search)
    except _EndedError:
        return Shrunk(questions.best or best, "unfinished", calls=questions.calls)
    return Shrunk(best, "undecided", calls=questions.calls)


def votes(noise: float) -> int:
    """The lead at which a question counts as answered: 1 without noise, else the smallest with an error below ERROR.

    With a share q of flips the wrong answer wins a lead of m with probability 1 / (1 + ((1 - q) / q)^m).
    """
    if noise <= 0:
        return 1
    odds = (1 - min(noise, 0.4)) / min(noise, 0.4)
    return max(1, math.ceil(math.log((1 - ERROR) / ERROR) / math.log(odds)))


def flip_rate(disagreement: float) -> float:
    """The share q of answers that flip, from how often two answers disagree: 2 q (1 - q)."""
    return (1 - math.sqrt(max(0.0, 1 - 2 * disagreement))) / 2


def more_often(wrong: int, asked: int, other_wrong: int, other_asked: int) -> float:
    """The p-value of Fisher's exact test that the first of two samples is wrong more often, one-sided."""
    total, most = wrong + other_wrong, min(asked, wrong + other_wrong)
    ways = sum(math.comb(asked, k) * math.comb(other_asked, total - k) for k in range(wrong, most + 1))
    return ways / math.comb(asked + other_asked, total)


class _EndedError(Exception):
    """No further answer can be had."""


async def _all(*awaited: Awaitable[Value]) -> list[Value]:
    """Waits for all of them even where one fails: an answer that is under way is paid for, and must be kept."""
    found = await asyncio.gather(*awaited, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found  # type: ignore[return-value]


class _Questions:
    """Puts a question until one answer leads, and remembers every answer."""

    def __init__(self, ask: Ask, allowed: Callable[[Groups], bool], known: Groups | None) -> None:
        self._ask = ask
        self._allowed = allowed
        self._answers: dict[Groups, list[bool]] = {}
        self._given = known
        self._numbers: dict[Groups, int] = {}
        self.calls = 0
        self.best: tuple[int, ...] = ()

    async def fails(self, groups: Groups, margin: int) -> bool:
        """Whether this set fails, by a lead of `margin` answers."""
        if not groups or (groups != self._given and not self._allowed(groups)):
            return False
        if groups == self._given and margin == 1:
            return self._failed(groups)
        answers = self._answers.setdefault(groups, [])
        while True:
            lead = 2 * sum(answers) - len(answers)
            if abs(lead) >= margin or (len(answers) >= _MOST_VOTES and lead):
                return self._failed(groups) if lead > 0 else False
            answers += await self.ask(groups, max(1, margin - abs(lead)))

    def _failed(self, groups: Groups) -> bool:
        if not self.best or len(groups) <= len(self.best):
            self.best = tuple(sorted(groups))
        return True

    async def ask(self, groups: Groups, times: int) -> list[bool]:
        """That many new answers, asked at once."""
        if self.calls + times > MOST:
            raise _EndedError
        start = self._numbers.get(groups, 0)
        self._numbers[groups] = start + times
        self.calls += times
        found = await _all(*(self._ask(groups, start + at) for at in range(times)))
        answers = [one for one in found if one is not None]
        if len(answers) < times:
            raise _EndedError
        return answers


async def _smallest(groups: Sequence[int], questions: _Questions, margin: int, width: int) -> tuple[int, ...] | None:
    """A set that fails and none of whose members can be left out; None where the answers contradict each other."""
    found: list[int] = []
    rest = list(groups)
    while not await questions.fails(frozenset(found), margin):
        if not rest:
            return None
        passes, fails = 0, len(rest)  # the prefixes of `rest` known to pass and to fail, with what was found
        while fails - passes > 1:
            cuts = _cuts(passes, fails, width)
            answers = await _all(*(questions.fails(frozenset((*found, *rest[:cut])), margin) for cut in cuts))
            hit = next((cut for cut, failed in zip(cuts, answers, strict=True) if failed), None)
            passes = max((cut for cut in cuts if hit is None or cut < hit), default=passes)
            fails = hit or fails
        if fails == len(rest) > 1 and found and not await questions.fails(frozenset((*found, *rest)), margin + 1):
            return None  # what was taken to fail as a whole does not
        found.append(rest[fails - 1])
        rest = rest[: fails - 1]
    return await _pruned(found, questions, margin)


async def _pruned(found: Sequence[int], questions: _Questions, margin: int) -> tuple[int, ...]:
    """What is left when each member that is not needed has gone, one after the other."""
    left = list(found)
    for group in found:
        fewer = frozenset(left) - {group}
        if fewer and await questions.fails(fewer, margin):
            left.remove(group)
    return tuple(sorted(left))


def _cuts(passes: int, fails: int, width: int) -> list[int]:
    """Up to `width` places between two, evenly spread."""
    parts = min(width, fails - passes - 1) + 1
    return [passes + (fails - passes) * at // parts for at in range(1, parts)]


async def _checked(groups: Groups, questions: _Questions, repeats: int) -> tuple[Status, int, int, int, int]:
    """The verdict on new answers to the set and to the clean text, half and half."""
    messy: list[bool] = []
    clean: list[bool] = []
    counts = (0, 0, 0, 0)
    for _ in range(ROUNDS):
        one, other = await _all(questions.ask(groups, repeats), questions.ask(frozenset(), repeats))
        messy, clean = messy + one, clean + other
        counts = sum(messy), len(messy), sum(clean), len(clean)
        if more_often(*counts) <= SURE:
            return "confirmed", *counts
        if sum(messy) <= sum(clean) or 2 * sum(messy) < len(messy):
            return "chance", *counts
    return "undecided", *counts
