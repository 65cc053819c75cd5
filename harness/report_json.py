"""The report for machines: fractions, unrounded; no texts of cases or answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .analysis import Analysis, Claim, loosened
from .costs import monthly_cost
from .defects import as_json as defects_json
from .fairness import fairness
from .gate import of_the_frame
from .governance import governance
from .judging import Condition, Judged
from .minimal import read_minimal
from .questions import cannot_see, five_questions
from .sequential import boundaries
from .severity import Ladder
from .significance import posterior_above
from .statistics import INTERIM_LOOK, LAST_LOOK, Estimate
from .summary import provenance
from .usage import as_json as usage_json

SCHEMA = "report.schema.json"
"""The JSON Schema of what `as_json` gives, beside this file."""

FORMAT = 1
"""The number of the format: it changes when what was there before changes."""


def as_json(analysis: Analysis, *, texts: bool = True) -> dict[str, Any]:
    """The report as one object, valid by `report.schema.json`. NaN and infinity are null.

    Causes of failures quote a few words of the texts; without `texts` they are left out.
    """
    results = analysis.results
    return {
        "format": FORMAT,
        "name": results.name,
        "fingerprint": results.fingerprint,
        "manifest": results.manifest,
        "system": results.system,
        "seed": results.seed,
        "verdict": analysis.overall.verdict,
        "reason": analysis.overall.reason,
        "questions": [{"question": question, "answer": answer} for question, answer in five_questions(analysis)],
        "cannot_see": cannot_see(analysis),
        "gate": asdict(analysis.gate) | {"claims": list(analysis.gate.claims)},
        "scorer": analysis.scorer,
        "clean": _estimate(analysis.clean),
        "clean_agreement": _estimate(analysis.clean_agreement),
        "noise_floor": _estimate(analysis.noise_floor),
        "claims": [_claim_json(claim, analysis) for claim in analysis.claims],
        "others": [_other_json(one, analysis) for one in analysis.others],
        "ladders": {name: _ladder_json(ladder) for name, ladder in analysis.ladders.items()},
        "breakdown": _breakdown_json(analysis),
        "outcomes": analysis.outcomes,
        "warnings": list(analysis.warnings),
        "validity": analysis.validity,
        "ledger": [
            {
                "name": e.name,
                "unchanged": e.unchanged,
                **e.classes,
                "asked": e.asked,
                "right": _estimate(e.right),
                "reactions": e.reactions,
            }
            for e in analysis.ledger
        ],
        "calls": analysis.calls,
        "planned": analysis.planned,
        "spared": analysis.spared,
        "prompt_tokens": analysis.prompt_tokens,
        "completion_tokens": analysis.completion_tokens,
        "cost_usd": analysis.cost,
        "monthly_cost": _cost_json(analysis),
        "usage": usage_json(analysis.usage),
        "throughput": analysis.throughput,
        "chaos": [asdict(one) for one in analysis.chaos],
        "fairness": [
            asdict(one) | {name: _estimate(getattr(one, name)) for name in ("clean", "messy", "drop")}
            for one in fairness(analysis)
        ],
        "governance": [asdict(one) for one in governance(analysis)],
        "defects": defects_json(read_minimal(results)) if texts else [],
        "provenance": [{"name": name, "value": value} for name, value in provenance(analysis)],
        "versions": results.versions,
    }


def _breakdown_json(analysis: Analysis) -> list[dict[str, Any]]:
    found = analysis.breakdown
    return [{"family": family, "task": task, "drop": _estimate(cell)} for (family, task), cell in found.cells.items()]


def _cost_json(analysis: Analysis) -> dict[str, Any] | None:
    """What the drop costs a month, in US dollars, beside what its owner stated."""
    business = analysis.business
    found = monthly_cost(analysis, business) if business else None
    if business is None or found is None:
        return None
    estimates = {name: _estimate(getattr(found, name)) for name in ("drop", "clean", "wrong", "escalated")}
    return {"stated": asdict(business), **estimates, "call": found.call, "calls": found.calls}


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return asdict(estimate) if estimate else None


def _finite(value: float) -> float | None:
    return value if abs(value) < 1e300 and value == value else None


def _ladder_json(ladder: Ladder) -> dict[str, Any]:
    data = asdict(ladder)
    if ladder.breaking_point:
        data["breaking_point"] = [_finite(value) for value in ladder.breaking_point]
    return data


_SIMPLE = (
    "drop relative clean messy lost gained excess worst excess_worst agreement corrected invalid worst_case best_case"
).split()


def _claim_json(claim: Claim, analysis: Analysis) -> dict[str, Any]:
    return {
        "claim": claim.name,
        "perturbation": claim.perturbation,
        "severity": claim.severity,
        "mess": "frame" if of_the_frame(claim.name) else "users",
        "verdict": claim.decision.verdict if claim.decision else None,
        "reason": claim.decision.reason if claim.decision else "no claim",
        "conditions": [_condition_json(one, claim, analysis) for one in claim.conditions],
        **{name: _estimate(getattr(claim, name)) for name in _SIMPLE},
        "no_effect_p": claim.no_effect,
        "no_effect_p_screened": claim.screened,
        "unchanged": claim.unchanged,
        "rejected": claim.rejected,
        "missing": claim.missing,
        "not_asked": claim.waiting,
        "outcomes": claim.outcomes,
        "mean_tokens": list(claim.tokens),
        "mean_seconds": claim.seconds,
        "cost_usd": claim.cost,
        "flips": claim.flipped,
    }


def _condition_json(condition: Condition, claim: Claim, analysis: Analysis) -> dict[str, Any]:
    """One condition with everything that a statistician asks about it."""
    found = condition.estimate
    data: dict[str, Any] = {
        "clause": str(condition.clause),
        "estimand": condition.clause.measure,
        "margin": condition.clause.bound,
        "verdict": condition.decision.verdict,
        "reason": condition.decision.reason,
        "seed": analysis.results.seed,
        "target": analysis.gate.target,
        "missing": claim.missing,
        "mdd": claim.detectable,
        "noise_floor": analysis.noise_floor.value if analysis.noise_floor else None,
        "validity": {
            "audited": claim.invalid.items if claim.invalid else 0,
            "q": claim.invalid.value if claim.invalid else None,
            "drop": "corrected" if claim.corrected else "raw",
        },
        "looks": _looks_json(claim, analysis),
        "multiplicity": {"family": analysis.family, "adjustment": "Holm"},
        "required": [asdict(need) for need in claim.needs if need.measure == condition.clause.measure],
    }
    if found:
        low, _, high = found.method.partition(", lower limit ")
        data |= {
            "n_items": found.items,
            "n_groups": found.groups,
            "k": found.draws,
            "R": found.repeats,
            "n_calls": sum(claim.outcomes.values()),
            "discordant_items": found.discordant,
            "b": claim.lost.value * claim.lost.items if claim.lost else None,
            "e": claim.gained.value * claim.gained.items if claim.gained else None,
            "deff": found.deff,
            "n_eff": found.items / found.deff,
            "estimate": found.value,
            "ci_low": found.low,
            "ci_high": found.high,
            "level": found.level,
            "method": found.method,
            "side_methods": {"low": high or low, "high": low},
            "posterior_above_margin": _posterior(condition, claim),
        }
    return data


def _posterior(condition: Condition, claim: Claim) -> float | None:
    """P(drop > margin) as a reading aid; None where answers are not right or wrong."""
    if condition.clause.measure != "drop" or not claim.drop or claim.drop.method not in (LAST_LOOK, INTERIM_LOOK):
        return None
    assert claim.lost is not None
    assert claim.gained is not None
    n = claim.drop.items / claim.drop.deff
    return posterior_above(claim.lost.value * n, claim.gained.value * n, n, condition.clause.bound)


def _looks_json(claim: Claim, analysis: Analysis) -> dict[str, Any]:
    fixed = analysis.gate.anytime or len(analysis.results.extents) > 1 or loosened(analysis.results, analysis.gate)
    bounds = () if fixed or not claim.looks else boundaries(claim.looks, (1 - analysis.gate.level) / 2)
    return {"planned": claim.planned_looks, "taken": list(claim.looks), "boundary": list(bounds)}


def _other_json(one: Judged, analysis: Analysis) -> dict[str, Any]:
    return {
        "claim": str(one.conditions[0].clause),
        "verdict": one.decision.verdict,
        "reason": one.decision.reason,
        "estimate": _estimate(one.conditions[0].estimate),
        "required": [asdict(need) for need in analysis.other_needs[one.name]],
    }
