"""What calls take, condition by condition: tokens, dollars, seconds, tries and failures, and how mess inflates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .answers import CLEAN, FAILED, Answers, Flags, item_means
from .statistics import Floats

FEWEST = {50: 1, 95: 20, 99: 100}
"""Answers that a percentile needs: with fewer it would be the maximum under another name."""

PAUSE = 60.0
"""Seconds without an answer after which a run is taken to have rested; they do not count into its throughput."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the calls of one condition took; `name` is `clean`, a perturbation with its severity, or `all`.

    `calls` brought an answer of their own, `shared` took another one's, `failed` brought none; `tries` is the mean
    number of tries of the answered ones. Tokens are means a call; `seconds` and `first_token` are percentiles by their
    number (50, 95, 99), as far as there are enough calls. `inflation` gives tokens in, tokens out and seconds as ratios
    to the clean calls of the same items. `cost` is in US dollars. None, or nothing, where it is not known.
    """

    name: str
    calls: int
    shared: int
    failed: int
    tries: float | None
    prompt_tokens: float | None
    completion_tokens: float | None
    cost: float | None
    seconds: dict[int, float]
    first_token: dict[int, float]
    inflation: dict[str, float]


def usage(answers: Answers, conditions: Sequence[str]) -> tuple[Usage, ...]:
    """What clean calls took, each of these conditions, and all calls together."""
    clean = answers.condition == CLEAN
    means = _by_item(answers, clean)
    found = [_usage("clean", answers, clean, None)]
    found += [_usage(name, answers, answers.condition == at, means) for at, name in enumerate(conditions)]
    return (*found, _usage("all", answers, np.ones(len(clean), dtype=bool), None))


def throughput(answers: Answers) -> float | None:
    """Answers a second while calls were made, rests left out; None with fewer than two."""
    at = np.sort(answers.at[answers.answered & answers.asked])
    gaps = np.diff(at)
    busy = float(gaps[gaps < PAUSE].sum())
    return int((gaps < PAUSE).sum()) / busy if busy > 0 else None


def rows(found: Sequence[Usage]) -> list[dict[str, str]]:
    """The table of a report."""
    return [
        {
            "condition": one.name,
            "calls": f"{one.calls:,}" + (f" (+{one.shared:,} shared)" if one.shared else ""),
            "failed": f"{one.failed:,}",
            "tries": _number(one.tries, ".2f"),
            "tokens in": _times(one.prompt_tokens, one.inflation.get("prompt_tokens")),
            "tokens out": _times(one.completion_tokens, one.inflation.get("completion_tokens")),
            "US$": _number(one.cost, ".4f"),
            "s p50": _times(one.seconds.get(50), one.inflation.get("seconds"), ".3f"),
            "s p95": _number(one.seconds.get(95), ".3f"),
            "s p99": _number(one.seconds.get(99), ".3f"),
            "first token p50": _number(one.first_token.get(50), ".3f"),
            "first token p95": _number(one.first_token.get(95), ".3f"),
        }
        for one in found
    ]


_MEASURED = ("prompt_tokens", "completion_tokens", "seconds")


def _usage(name: str, answers: Answers, rows: Flags, clean: dict[str, Floats] | None) -> Usage:
    rows = rows & answers.changed
    paid = rows & answers.answered & answers.asked
    cost = answers.cost[paid]
    return Usage(
        name=name,
        calls=int(paid.sum()),
        shared=int((rows & answers.answered & ~answers.asked).sum()),
        failed=int((rows & (answers.status == FAILED)).sum()),
        tries=_mean(answers.attempts[paid].astype(float)),
        prompt_tokens=_mean(answers.prompt_tokens[paid]),
        completion_tokens=_mean(answers.completion_tokens[paid]),
        cost=float(np.nansum(cost)) if np.any(~np.isnan(cost)) else None,
        seconds=_percentiles(answers.seconds[paid]),
        first_token=_percentiles(answers.first_token[paid]),
        inflation=_inflation(answers, rows, clean) if clean else {},
    )


def _inflation(answers: Answers, rows: Flags, clean: dict[str, Floats]) -> dict[str, float]:
    """Ratios of sums over the items that have both, so that long answers weigh as much as they take."""
    messy, found = _by_item(answers, rows), {}
    for name in _MEASURED:
        both = ~np.isnan(messy[name]) & ~np.isnan(clean[name])
        before = float(clean[name][both].sum())
        if before > 0:
            found[name] = float(messy[name][both].sum()) / before
    return found


def _by_item(answers: Answers, rows: Flags) -> dict[str, Floats]:
    """The mean a call of each item; NaN where nothing is known of it."""
    columns: dict[str, Floats] = {name: getattr(answers, name) for name in _MEASURED}
    return {
        name: item_means(answers, column, rows & answers.answered & ~np.isnan(column))
        for name, column in columns.items()
    }


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _percentiles(values: Floats) -> dict[int, float]:
    known = values[~np.isnan(values)]
    return {at: float(np.percentile(known, at)) for at, least in FEWEST.items() if len(known) >= least}


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _times(value: float | None, ratio: float | None, form: str = ",.0f") -> str:
    return _number(value, form) + ("" if ratio is None or value is None else f" ({ratio:.2f}x)")


def as_json(found: Sequence[Usage]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "condition": one.name,
            "calls": one.calls,
            "shared": one.shared,
            "failed": one.failed,
            "tries": one.tries,
            "prompt_tokens": one.prompt_tokens,
            "completion_tokens": one.completion_tokens,
            "cost_usd": one.cost,
            "seconds": {f"p{at}": value for at, value in one.seconds.items()},
            "first_token": {f"p{at}": value for at, value in one.first_token.items()},
            "inflation": one.inflation,
        }
        for one in found
    ]
