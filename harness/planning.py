"""What a study takes and what it could show: calls, tokens, price and time before a call is made.

Everything here is arithmetic on a plan; nothing is asked.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .answers import Flags, Ints
from .calls import Plan, grouping
from .calls import plan as planned
from .frames import PICTURE_TOKENS, Message, pictured, said
from .gate import Gate
from .litellm_road import quiet_litellm
from .power import (
    FLIPS_UNKNOWN,
    POWER,
    fewest_items_for_go,
    items_needed,
    smallest_detectable_drop,
    verdict_probability,
)
from .prices import listed
from .schedule import blocks
from .sequential import anytime_items, level_at
from .settling import PerCall
from .statistics import Estimate, scas_lower
from .systems import System


@dataclass(frozen=True, slots=True)
class ClaimForecast:
    """What a claim could show: with `items` changed items of which `fewest` are needed for a GO at all.

    `detectable` is the smallest drop that is found with 80 %, `go_chance` the chance of a GO if mess did nothing beyond
    `flips` (the share of pairs that flip either way), `needed` the items for a chance of 80 %.
    """

    name: str
    margin: float
    items: int
    fewest: int
    detectable: float
    go_chance: float
    needed: int
    flips: float
    looks: tuple[float, ...]

    @property
    def possible(self) -> bool:
        """Whether a GO is possible at all."""
        return self.items >= self.fewest


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a study costs and what it can show, before a call is made.

    `prompt_tokens` and `completion_tokens` span what is expected at least and at most, `cost` likewise (None where no
    price is listed), `seconds` is the wall time. `assumed` says what these rest on. `advice` is the cheapest change
    that would make a GO possible, or likely; empty where none is due.
    """

    calls: int
    prompt_tokens: int
    completion_tokens: tuple[int, int]
    cost: tuple[float, float] | None
    seconds: float
    assumed: str
    claims: tuple[ClaimForecast, ...]
    advice: str


SECONDS_UNKNOWN = 1.0
"""What a call is taken to last where none has been made."""

_COUNTED = 200  # requests whose tokens are counted; the others are taken to be like them


def forecast(plan: Plan, seen: PerCall | None = None, flips: Mapping[str, float] | None = None) -> Forecast:
    """What a plan costs and can show. `seen` is what calls to this system took, `flips` the share of pairs that flip.

    Counts tokens with litellm's own tokenizer file and prices them by its own table: nothing leaves the machine.
    """
    study, gate = plan.study, plan.study.gate
    calls = len(plan.order) - plan.shared
    if seen and seen.prompt_tokens is not None:
        prompt = round(seen.prompt_tokens * calls)
        completion = (round((seen.completion_tokens or 0) * calls),) * 2
        assumed = "tokens and seconds a call as in the answers that are there"
    else:
        prompt, shortest = _tokens(plan)
        completion = (shortest, study.system.max_tokens * calls)
        assumed = (
            f"tokens by OpenAI's cl100k tokenizer on {min(_COUNTED, calls)} of the requests, answers from the length "
            f"of the target to max_tokens, {SECONDS_UNKNOWN:g} s a call"
        )
    seconds = ((seen.seconds if seen else None) or SECONDS_UNKNOWN) * calls / study.system.concurrency
    cost = _price(study.system, calls, prompt, completion)
    if seen and seen.cost is not None:
        cost = (seen.cost * calls,) * 2
    names = [f"{p.name}@{severity}" for p, severity in study.clauses if p.effect == "same"]
    look = {case.id: at for case, at in zip(plan.cases, plan.looks, strict=True)}
    touched: dict[str, set[str]] = {name: set() for name in names}
    for variant in plan.variants:
        if variant.condition in touched and plan.sends(variant) and variant.effect == "same":
            touched[variant.condition].add(variant.case.id)
    claims = []
    conditions = gate.conditions(names)
    for name, clauses in conditions.items():
        for clause in clauses:
            if clause.measure == "drop" and name in touched:
                shares = _fractions(np.array([look[case_id] for case_id in touched[name]], dtype=np.int64))
                pilot, size = (flips or {}).get(name), len(touched[name])
                claims.append(forecast_claim(name, clause.bound, size, study.draws, shares, gate, pilot))
    assumed += "; " + (
        "flips as in the answers that are there"
        if flips
        else f"{FLIPS_UNKNOWN:.0%} of answers flipping one way or the other"
    )
    unjudged = _unjudged(names) if names and gate.margin is not None and not conditions else ""
    recommended = unjudged or advice(
        claims,
        gate,
        items=len(plan.cases),
        suite_items=len(plan.suite.cases),
        calls=calls,
        cost=cost[0] if cost else None,
        enough=lambda short: _enough(plan, short),
    )
    return Forecast(calls, prompt, completion, cost, seconds, assumed, tuple(claims), recommended)


def _unjudged(names: Sequence[str]) -> str:
    """What to do where a margin is set, and covers none of these conditions."""
    example = names[0].rpartition("@")[0]
    return (
        f"nothing is judged: all of {', '.join(names)} change the frame, which the margin does not cover; "
        f"name what is to be judged, as in claims = ['{example}: drop <= 5pp']"
    )


def _tokens(plan: Plan) -> tuple[int, int]:
    """Tokens of all prompts, and of all answers if each were its target."""
    quiet_litellm()
    from litellm.utils import encoding

    def count(text: str) -> int:
        return len(encoding.encode(text.encode("utf-8", "replace").decode(), disallowed_special=()))

    def count_of(message: Message) -> int:
        return count(said(message)) + PICTURE_TOKENS * pictured(message)

    requests = plan.requests[:_COUNTED]
    prompt = sum(count_of(m) + 4 for request in requests for m in request.messages)
    answer = sum(count(request.case.target) + 1 for request in requests)
    scale = len(plan.requests) / max(len(requests), 1)
    return round(prompt * scale), round(answer * scale)


def _price(system: System, calls: int, prompt: int, completion: tuple[int, int]) -> tuple[float, float] | None:
    """US dollars by the study's own price, else by litellm's list; None for a system without either."""
    price = system.price or (listed(system.model) if system.model else None)
    if not price:
        return None
    fixed = calls * price.get("call", 0.0) + prompt * price.get("input", 0.0) / 1e6
    low, high = (fixed + tokens * price.get("output", 0.0) / 1e6 for tokens in completion)
    return low, high


def fewest_at_looks(margin: float, level: float, fractions: Sequence[float]) -> int:
    """The smallest number of items with which a GO is possible at one of these looks, without a single flip. [gate]"""
    taken = [tuple(fractions[: at + 1]) for at in range(len(fractions) - 1)]
    at_end = fewest_items_for_go(margin, level_at(tuple(fractions), level) if fractions else level)
    if not taken:
        return at_end
    levels = np.array([level_at(one, level) for one in taken])
    shares = np.array([one[-1] for one in taken])

    def passes(items: int) -> bool:
        size = np.maximum(np.floor(shares * items), 2.0)
        nothing = np.zeros(len(size))
        return bool(np.any(-scas_lower(nothing, nothing, size, levels) < margin))

    return min(at_end, 2 + bisect_left(range(2, at_end), True, key=passes))


def forecast_claim(
    name: str, margin: float, items: int, draws: int, planned_looks: Sequence[float], gate: Gate, flips: float | None
) -> ClaimForecast:
    """What a claim on so many changed items could show; `flips` is what a pilot saw, None where there was none."""
    psi = FLIPS_UNKNOWN if flips is None else flips
    level = gate.level if gate.anytime or not planned_looks else level_at(tuple(planned_looks), gate.level)
    pilot = Estimate(0.0, -1.0, 1.0, level, "planned", max(items, 1), draws=draws, variance=psi)
    fewest = _fewest(margin, gate, planned_looks)
    possible = items >= fewest
    go_chance = verdict_probability(items, psi / 2, psi / 2, margin, level=level)[0] if possible else 0.0
    return ClaimForecast(
        name=name,
        margin=margin,
        items=items,
        fewest=fewest,
        detectable=smallest_detectable_drop(pilot),
        go_chance=go_chance,
        needed=(anytime_items(psi, 0.0, margin, (1 - gate.level) / 2) if gate.anytime else None)
        or items_needed(psi, 0.0, margin, level=level),
        flips=psi,
        looks=tuple(planned_looks),
    )


def advice(
    claims: Sequence[ClaimForecast],
    gate: Gate,
    *,
    items: int,
    suite_items: int,
    calls: int,
    cost: float | None,
    enough: Callable[[Sequence[ClaimForecast]], int],
) -> str:
    """The cheapest change that would make a GO possible, or likely where it is possible already; empty if none is due.

    Tried in the order of what they cost: fewer looks (nothing), more items (calls), a wider margin (a weaker claim).
    `enough` gives the number of items with which all of some claims could be GO, 0 where the suite has too few.
    """
    short = [claim for claim in claims if not claim.possible]
    if not short:
        weak = [claim for claim in claims if claim.go_chance < POWER]
        if not weak:
            return ""
        worst = min(weak, key=lambda claim: claim.go_chance)
        wanted = math.ceil(max(claim.needed / max(claim.items, 1) for claim in weak) * items)
        return (
            f"a GO is possible, but with {worst.flips:.0%} of answers flipping by chance {worst.name} gets one in "
            f"{worst.go_chance:.0%} of studies; {_items(wanted, items, suite_items, calls, cost)} for 80%"
        )
    names = ", ".join(claim.name for claim in short)
    single = {claim.name: fewest_items_for_go(claim.margin, gate.level) for claim in short}
    if not gate.anytime and gate.looks > 1 and all(claim.items >= single[claim.name] for claim in short):
        return f"{names}: no GO is possible with {gate.looks} looks; looks = 1 makes it possible and costs no call more"
    if not all(claim.items for claim in short):
        nothing = ", ".join(claim.name for claim in short if not claim.items)
        return f"{nothing}: changes none of the items; leave it out, or choose a higher severity"
    wanted = enough(short)
    if wanted:
        return f"{names}: no GO is possible; {_items(wanted, items, suite_items, calls, cost)} would make it possible"

    def bearable(tenths: int) -> bool:
        return all(_fewest(tenths / 1000, gate, claim.looks) <= claim.items for claim in short)

    tenths = 1 + bisect_left(range(1, 999), True, key=bearable)
    return (
        f"{names}: no GO is possible, and the suite's {suite_items} items are too few to make it so; "
        f"a margin of {tenths / 10:.1f}pp is the smallest that this study could pass"
    )


def _enough(plan: Plan, claims: Sequence[ClaimForecast]) -> int:
    """The smallest number of the suite's items with which each of these claims could be GO; 0 where there is none."""
    whole = planned(replace(plan.study, items=0))
    at = {case.id: i for i, case in enumerate(whole.cases)}
    wanted = 0
    for claim in claims:
        changed = np.zeros(len(at), dtype=bool)
        for variant in whole.variants:
            if variant.condition == claim.name and whole.sends(variant) and variant.effect == "same":
                changed[at[variant.case.id]] = True
        reached = np.flatnonzero(np.cumsum(changed) >= min(claim.fewest, claim.items + 1))
        if not len(reached) or not _possible(whole, claim, changed, len(at)):
            return 0
        least = int(reached[0]) + 1
        possible = partial(_possible, whole, claim, changed)
        wanted = max(wanted, least + bisect_left(range(least, len(at)), True, key=possible))
    return wanted


def _possible(whole: Plan, claim: ClaimForecast, changed: Flags, items: int) -> bool:
    """Whether a GO on this claim is possible with so many items of the whole suite, of which these are changed."""
    gate, changed = whole.study.gate, changed[:items]
    looks = np.asarray(blocks(grouping(whole.cases[:items], gate), 0 if gate.anytime else gate.looks))
    return int(changed.sum()) >= _fewest(claim.margin, gate, _fractions(looks[changed]))


def _fractions(looks: Ints) -> tuple[float, ...]:
    """The rising shares of a claim's items at the looks at which it has new ones."""
    sizes = np.bincount(looks)
    return tuple(round(float(x), 9) for x in np.cumsum(sizes)[sizes > 0] / max(len(looks), 1))


def _fewest(margin: float, gate: Gate, fractions: Sequence[float]) -> int:
    if gate.anytime:
        return fewest_items_for_go(margin, gate.level)
    return fewest_at_looks(margin, gate.level, fractions)


def _items(wanted: int, items: int, suite_items: int, calls: int, cost: float | None) -> str:
    more = round(calls * (wanted - items) / max(items, 1))
    price = f", about ${cost * (wanted - items) / max(items, 1):.2f}" if cost else ""
    have = "" if wanted <= suite_items else f"; the suite has {suite_items}"
    return f"items = {wanted} ({more:,} calls more{price}{have})"
