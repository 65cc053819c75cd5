"""Which calls of a study met which injections of a chaos proxy, and what became of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from .answers import ANSWERED, CLEAN, NOT_ASKED, Answers
from .cases import Variant
from .chaos import CHAOS
from .errors import ResultsError
from .pacing import LONGEST_WAIT
from .results import Results

Sent = tuple[int, str, float, float]
"""A call as the study made it: its row, the text that was sent, and from when to when, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Met:
    """What became of the calls that met one kind of injection; `kind` is "" for those that met none.

    `injected` counts the injections, `unattributed` those of which no call of the study is known to have met them.
    `right` is the mean score of the answers, None without one; `failed` counts the calls that brought none.
    """

    kind: str
    injected: int
    unattributed: int
    calls: int
    answered: int
    failed: int
    right: float | None


def met(results: Results, answers: Answers) -> tuple[Met, ...]:
    """What the proxy's journal in a results folder says of the study; empty where there is none.

    A call that met several kinds counts for each. Raises ResultsError, with file and line, for a broken journal.
    """
    path = results.folder / CHAOS
    if not path.exists():
        return ()
    injections = list(read(path))
    of_call, unattributed = attributed(injections, _sent(results, answers))
    injected = Counter(one.kind for one in injections if one.kind)
    rows: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(answers.status != NOT_ASKED):
        for kind in of_call.get(int(row), {""}):
            rows[kind].append(int(row))
    return tuple(
        _met(kind, injected[kind], unattributed[kind], np.array(rows[kind], dtype=np.int64), answers)
        for kind in ("", *sorted(injected))
    )


@dataclass(frozen=True, slots=True)
class Injection:
    """One request that came through the proxy: what it met, from when to when, and what it said."""

    kind: str
    began: float
    ended: float
    said: tuple[str, ...]


def read(path: Path) -> Iterator[Injection]:
    """The requests in a proxy's journal; a torn last line is passed over."""
    with path.open("rb") as file:
        for at, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
                times = [datetime.fromisoformat(row[name]).timestamp() for name in ("at", "until")]
                yield Injection(row["injected"], times[0], times[1], tuple(map(str, row["said"])))
            except (ValueError, KeyError, TypeError) as error:
                raise ResultsError(f"{path}, line {at}: not a request of a chaos proxy ({error})") from error


def attributed(injections: Iterable[Injection], sent: Iterable[Sent]) -> tuple[dict[int, set[str]], Counter[str]]:
    """For each row the kinds that it met, and how many of each kind nobody met.

    A call met an injection when it was under way at the same time and its text stands in what the application said.
    Where several calls qualify, each of them is taken to have met it.
    """
    by_second: dict[int, list[Sent]] = defaultdict(list)
    for call in sent:
        for second in range(int(call[2]), int(call[3]) + 1):
            by_second[second].append(call)
    found: dict[int, set[str]] = defaultdict(set)
    nobody: Counter[str] = Counter()
    for one in injections:
        if not one.kind:
            continue
        near = {call for second in range(int(one.began), int(one.ended) + 1) for call in by_second.get(second, ())}
        rows = [
            row
            for row, text, began, ended in near
            if began <= one.ended and ended >= one.began and text and any(text in part for part in one.said)
        ]
        for row in rows:
            found[row].add(one.kind)
        nobody[one.kind] += not rows
    return dict(found), nobody


def rows(found: Iterable[Met]) -> list[dict[str, Any]]:
    """The table of a report."""
    return [
        {
            "injected": one.kind or "nothing",
            "times": f"{one.injected:,}" if one.kind else "-",
            "calls that met it": f"{one.calls:,}",
            "answered": f"{one.answered:,}",
            "failed": f"{one.failed:,}",
            "right": "-" if one.right is None else f"{100 * one.right:.1f}%",
            "met by no known call": f"{one.unattributed:,}" if one.kind else "-",
        }
        for one in found
    ]


def _met(kind: str, injected: int, unattributed: int, rows: Any, answers: Answers) -> Met:
    answered = rows[answers.status[rows] == ANSWERED]
    judged = answered[answers.same[answered]]
    right = float(answers.score[judged].mean()) if len(judged) else None
    return Met(kind, injected, unattributed, len(rows), len(answered), len(rows) - len(answered), right)


def _sent(results: Results, answers: Answers) -> Iterator[Sent]:
    """The calls that were made, with times as wide as their tries may have taken."""
    cases = list(results.cases.values())
    for row in np.flatnonzero((answers.status != NOT_ASKED) & answers.asked):
        text = cases[answers.item[row]].text
        if answers.condition[row] != CLEAN:
            variant: Variant = results.variant_at(int(answers.variant[row]))
            text = variant.text
        ended, seconds = float(answers.at[row]), float(np.nan_to_num(answers.seconds[row]))
        more = max(int(answers.attempts[row]) - 1, 0) if answers.status[row] == ANSWERED else 1
        yield int(row), text, ended - seconds - more * (seconds + LONGEST_WAIT) - 0.01, ended + 0.01
