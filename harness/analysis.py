"""From a results folder to estimates and decisions: a pure function of the journal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .cases import Variant
from .errors import ResultsError
from .journal import Record
from .policy import Decision, Verdict, combine, decide, percent, with_missing
from .replies import Score, Scorer
from .results import Results
from .scorers import find_scorer
from .statistics import Estimate, Floats, accuracy, drop, drop_p_value, holm, noise_floor
from .study import Gate

CEILING, FLOOR = 0.98, 0.2
"""Clean accuracies from which a suite says little: nothing left to gain, or nothing left to lose."""


@dataclass(frozen=True)
class Flip:
    """An answer that was right on the clean text and wrong on the messy one."""

    variant: Variant
    clean_answer: str
    messy_answer: str
    why: str


@dataclass(frozen=True)
class Claim:
    """What was measured for one perturbation at one severity, and the decision about it.

    Accuracies and drop are over the items that it changed; `unchanged` counts the pairs that it left as they were,
    `missing` those without an answer. `lost` and `gained` are mean flips: right to wrong, and wrong to right.
    """

    name: str
    family: str
    estimate: Estimate | None
    clean: Estimate | None
    messy: Estimate | None
    decision: Decision
    unchanged: int
    missing: int
    lost: float
    gained: float
    outcomes: dict[str, int]
    flips: tuple[Flip, ...]


@dataclass(frozen=True)
class Analysis:
    """Everything a report says about a results folder."""

    results: Results
    gate: Gate
    claims: tuple[Claim, ...]
    overall: Decision
    clean: Estimate | None
    noise_floor: Estimate | None
    outcomes: dict[str, int]
    warnings: tuple[str, ...]
    calls: int
    planned: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class _Arm:
    """One item's answers in one condition: scores of those that came, and how many did not."""

    scores: tuple[float, ...]
    missing: int

    def mean(self, imputed: float | None = None) -> float | None:
        """The mean score, with missing answers counted as `imputed` where that is given."""
        values = self.scores if imputed is None else (*self.scores, *[imputed] * self.missing)
        return sum(values) / len(values) if values else None


def analyse(results: Results, *, gate: Gate | None = None, scorer: str = "") -> Analysis:
    """Scores the journal and decides. Another gate or scorer than the study's costs nothing.

    Raises ResultsError for a record that belongs to no case of the study.
    """
    gate = gate or results.gate
    grade = find_scorer(scorer or results.scorer)
    stray = next((key for key in results.records if key.rpartition("/")[0] not in results.cases), None)
    if stray is not None:
        raise ResultsError(f"{results.folder}: the journal has a record {stray!r} of no case of this study")
    scored = {
        key: _graded(grade, results, key, record) for key, record in results.records.items() if record.reply is not None
    }
    repeats = range(results.repeats)
    clean = {
        case_id: _arm([scored.get(f"{case_id}/clean#{repeat}") for repeat in repeats]) for case_id in results.cases
    }
    by_claim: dict[str, list[Variant]] = defaultdict(list)
    for variant in results.variants:
        by_claim[f"{variant.perturbation}@{variant.severity}"].append(variant)
    measured = [_claim(name, variants, clean, scored, results, gate) for name, variants in by_claim.items()]
    claims = _adjusted(measured)
    replies = [record.reply for record in results.records.values() if record.reply is not None]
    costs = [reply.cost for reply in replies if reply.cost is not None]
    planned = len(results.cases) * results.repeats + sum(variant.changed for variant in results.variants)
    clean_means = [mean for arm in clean.values() if (mean := arm.mean()) is not None]
    clean_estimate = accuracy(clean_means, level=gate.level, repeats=results.repeats) if clean_means else None
    floor = _noise_floor(clean, results.repeats, gate.level)
    overall = combine(
        [claim.name for claim, _ in claims],
        [claim.decision for claim, _ in claims],
        [holds for _, holds in claims],
    )
    return Analysis(
        results=results,
        gate=gate,
        claims=tuple(claim for claim, _ in claims),
        overall=overall,
        clean=clean_estimate,
        noise_floor=floor,
        outcomes=_outcomes(list(results.records.values()), scored),
        warnings=tuple(_warnings(clean_estimate, floor, results)),
        calls=len(replies),
        planned=planned,
        prompt_tokens=sum(reply.prompt_tokens or 0 for reply in replies),
        completion_tokens=sum(reply.completion_tokens or 0 for reply in replies),
        cost=sum(costs) if costs else None,
    )


def _graded(grade: Scorer, results: Results, request_id: str, record: Record) -> Score:
    assert record.reply is not None
    case = results.cases[request_id.rpartition("/")[0]]
    return grade(case, record.reply)


def _arm(scores: Sequence[Score | None]) -> _Arm:
    """An answer that could not be graded counts as wrong; one that did not come is missing."""
    came = tuple(score.value or 0.0 for score in scores if score is not None)
    return _Arm(came, len(scores) - len(came))


def _claim(
    name: str,
    variants: Sequence[Variant],
    clean: dict[str, _Arm],
    scored: dict[str, Score],
    results: Results,
    gate: Gate,
) -> tuple[Claim, float]:
    """The claim, and the one-sided p-value of "the drop is at most the margin"."""
    by_case: dict[str, list[Variant]] = defaultdict(list)
    for variant in variants:
        if variant.changed and variant.effect == "same":
            by_case[variant.case.id].append(variant)
    messy = {case_id: _arm([scored.get(variant.id) for variant in drawn]) for case_id, drawn in by_case.items()}
    records = [results.records.get(variant.id) for drawn in by_case.values() for variant in drawn]
    claim = Claim(
        name=name,
        family=variants[0].perturbation,
        estimate=None,
        clean=None,
        messy=None,
        decision=Decision(Verdict.INCONCLUSIVE, "it changed none of the items"),
        unchanged=sum(not variant.changed for variant in variants),
        missing=sum(arm.missing for arm in messy.values()),
        lost=0.0,
        gained=0.0,
        outcomes=_outcomes([record for record in records if record], scored),
        flips=tuple(_flips(by_case, clean, scored, results)),
    )
    if not by_case:
        return claim, 0.5
    pairs = _pairs(clean, messy, results)
    if not len(pairs.clean):
        return replace(claim, decision=Decision(Verdict.INCONCLUSIVE, "none of its calls has an answer yet")), 0.5
    c, p = pairs.clean, pairs.messy
    estimate = pairs.drop(results, gate)
    decision = decide(estimate, gate.margin)
    unanswered = sum(clean[case_id].missing for case_id in by_case)
    share = max(claim.missing / len(records), unanswered / (len(by_case) * results.repeats))
    if share:
        worst, best = (
            decide(_pairs(clean, messy, results, imputed).drop(results, gate), gate.margin)
            for imputed in ((1.0, 0.0), (0.0, 1.0))
        )
        decision = with_missing(decision, worst, best, share)
    claim = replace(
        claim,
        estimate=estimate,
        clean=accuracy(c, level=gate.level, repeats=results.repeats),
        messy=accuracy(p, level=gate.level, draws=results.draws),
        decision=decision,
        lost=float(np.mean(c * (1 - p))),
        gained=float(np.mean((1 - c) * p)),
    )
    return claim, drop_p_value(c, p, gate.margin, pairs.groups)


@dataclass(frozen=True)
class _Pairs:
    """Mean clean and messy scores of the items that have both, and their groups where items depend on each other."""

    clean: Floats
    messy: Floats
    groups: list[str] | None

    def drop(self, results: Results, gate: Gate) -> Estimate:
        return drop(
            self.clean,
            self.messy,
            level=gate.level,
            draws=results.draws,
            repeats=results.repeats,
            groups=self.groups,
        )


def _pairs(
    clean: dict[str, _Arm],
    messy: dict[str, _Arm],
    results: Results,
    imputed: tuple[float | None, float | None] = (None, None),
) -> _Pairs:
    """`imputed` is what a missing clean and a missing messy answer count as; None leaves them out."""
    kept = [
        (c, p, results.cases[case_id].group or case_id)
        for case_id, arm in messy.items()
        if (c := clean[case_id].mean(imputed[0])) is not None and (p := arm.mean(imputed[1])) is not None
    ]
    groups = [group for _, _, group in kept]
    return _Pairs(
        np.array([c for c, _, _ in kept]),
        np.array([p for _, p, _ in kept]),
        groups if len(set(groups)) < len(groups) else None,
    )


def _adjusted(measured: Sequence[tuple[Claim, float]]) -> list[tuple[Claim, bool]]:
    """Claims, and whether their NO-GO stands after Holm's adjustment; where it does not, they become INCONCLUSIVE."""
    if not measured:
        return []
    adjusted = holm([p for _, p in measured])
    out = []
    for (claim, _), p in zip(measured, adjusted, strict=True):
        no_go = claim.decision.verdict is Verdict.NO_GO
        assert claim.estimate is not None or not no_go
        level = claim.estimate.level if claim.estimate else 0.95
        holds = no_go and p <= (1 - level) / 2
        if no_go and not holds:
            reason = f"above the margin on its own, but not after Holm's adjustment over {len(measured)} claims"
            claim = replace(claim, decision=Decision(Verdict.INCONCLUSIVE, reason))
        out.append((claim, holds))
    return out


def _flips(
    by_case: dict[str, list[Variant]], clean: dict[str, _Arm], scored: dict[str, Score], results: Results
) -> list[Flip]:
    """Answers that were right every time on the clean text and are wrong on the messy one."""
    flips = []
    for case_id, variants in by_case.items():
        first = results.clean_record(case_id, 0)
        if first is None or first.reply is None or clean[case_id].mean() != 1.0:
            continue
        for variant in variants:
            score, record = scored.get(variant.id), results.records.get(variant.id)
            if score is not None and record is not None and record.reply is not None and not score.value:
                flips.append(Flip(variant, first.reply.text, record.reply.text, score.why))
    return flips


def _noise_floor(clean: dict[str, _Arm], repeats: int, level: float) -> Estimate | None:
    """None with one clean answer an item, or where scores are not right-or-wrong."""
    whole = [arm.scores for arm in clean.values() if not arm.missing]
    if repeats < 2 or not whole or any(score not in (0.0, 1.0) for scores in whole for score in scores):
        return None
    return noise_floor([sum(scores) for scores in whole], repeats, level=level)


def _outcomes(records: Sequence[Record], scored: dict[str, Score]) -> dict[str, int]:
    """How often each thing happened: right, wrong, unparsable, truncated, and the kinds of failure."""
    counts: Counter[str] = Counter()
    for record in records:
        if record.reply is None:
            counts[f"failed: {record.failure}"] += 1
            continue
        score = scored[record.id]
        if record.reply.truncated and not score.value:
            counts["truncated"] += 1
        elif score.value is None:
            counts["unparsable"] += 1
        else:
            counts["right" if score.value == 1 else "wrong" if score.value == 0 else "partly right"] += 1
    return dict(counts.most_common())


def _warnings(clean: Estimate | None, floor: Estimate | None, results: Results) -> list[str]:
    found = []
    if clean and clean.value >= CEILING:
        found.append(f"clean accuracy {percent(clean.value)}% is at the ceiling: an easy suite hides a fall")
    if clean and clean.value <= FLOOR:
        found.append(f"clean accuracy {percent(clean.value)}% is at the floor: there is nothing left to lose")
    if floor is None:
        found.append(
            "noise floor not measured (it needs repeats = 2 or more and right-or-wrong scores); flips are gross"
        )
    elif floor.value == 0:
        found.append(
            "no clean answer changed between repeats: the endpoint is deterministic, or something caches its answers"
        )
    if any(variant.effect != "same" for variant in results.variants):
        found.append("variants whose right answer changes are left out of the drop")
    return found
