"""From a results folder to estimates and decisions: a pure function of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .answers import CLEAN, FAILED, NOT_ASKED, VALIDITIES, Answers, Flags, explain, read_answers
from .attribution import Met, met
from .breakdown import Breakdown, breakdown
from .business import Business
from .calls import grouping
from .cases import Variant
from .gate import EVERY, Gate, gate_from_dict, of_the_frame
from .judging import Condition, Evidence, Judged, Judgement, all_of, judge
from .ledger import Entry, ledger
from .pairs import Pairs, Scores, paired, scores_of
from .policy import Decision, Verdict, percent
from .power import smallest_detectable_drop
from .readings import gathered
from .repetition import agreement, excess_worst_of, self_disagreement, worst_of
from .results import Results
from .schedule import blocks
from .settling import Need, Open, PerCall
from .severity import Ladder, area, breaking_point, broken_from, certified, trend, uneven
from .significance import benjamini_hochberg, no_effect
from .statistics import Estimate, Floats, accuracy, drop, mean_of, relative_drop
from .usage import Usage, throughput, usage

CEILING, FLOOR = 0.98, 0.2
"""Clean accuracies from which a suite says little: nothing left to gain, or nothing left to lose."""

EXAMPLES = 5
"""Flips shown for each perturbation."""

_SCREENED = 10  # perturbations from which their p-values are adjusted as a screen


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

    Everything is over the items that it changed, up to the last look; `rejected` counts the variants that the guard
    kept from being sent, `unchanged` the pairs that it left as they
    were, `missing` the failed calls, `waiting` those not asked. `drop` is the plain one; a condition may rest on a
    corrected one. `lost` and `gained` are flips, `excess` those beyond the noise floor, `worst` and `excess_worst` what
    is left when every draw must be right, `agreement` how far draws agree. `no_effect` is the p-value of "mess does
    nothing", None where too few items differ to tell; `screened` the same adjusted over all perturbations. `worst_case`
    and `best_case` are the drop if every failed call had gone against or for the system. `needs` says what would settle
    it. None stands for what these answers cannot give.
    """

    name: str
    perturbation: str
    severity: int
    decision: Decision | None
    conditions: tuple[Condition, ...]
    drop: Estimate | None
    relative: Estimate | None
    clean: Estimate | None
    messy: Estimate | None
    lost: Estimate | None
    gained: Estimate | None
    excess: Estimate | None
    worst: Estimate | None
    excess_worst: Estimate | None
    agreement: Estimate | None
    no_effect: float | None
    screened: float | None
    detectable: float | None
    corrected: Estimate | None
    invalid: Estimate | None
    worst_case: Estimate | None
    best_case: Estimate | None
    unchanged: int
    rejected: int
    missing: int
    waiting: int
    looks: tuple[float, ...]
    planned_looks: int
    outcomes: dict[str, int]
    tokens: tuple[float, float]
    seconds: float
    cost: float | None
    flipped: int
    flips: tuple[Flip, ...]
    needs: tuple[Need, ...]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything a report says about a results folder.

    `claims` has an entry for each perturbation and severity, `others` for claims on more than one of them (`mean`, a
    certified severity) with `other_needs` by their names, `ladders` for perturbations at several severities.
    `family` counts the conditions that were adjusted for. `throughput` is in answers a second, `chaos` what
    calls that met a chaos proxy's injections came to. `answers` and `scores` are what all of it was computed from, with
    `scorer`; `business` says what a wrong answer costs.
    """

    results: Results
    gate: Gate
    claims: tuple[Claim, ...]
    others: tuple[Judged, ...]
    other_needs: dict[str, tuple[Need, ...]]
    ladders: dict[str, Ladder]
    overall: Decision
    family: int
    clean: Estimate | None
    noise_floor: Estimate | None
    clean_agreement: Estimate | None
    outcomes: dict[str, int]
    warnings: tuple[str, ...]
    validity: str
    ledger: tuple[Entry, ...]
    calls: int
    planned: int
    spared: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    per_call: PerCall
    usage: tuple[Usage, ...]
    throughput: float | None
    chaos: tuple[Met, ...]
    answers: Answers
    scores: Scores
    scorer: str
    business: Business | None

    @property
    def of_users(self) -> tuple[Claim, ...]:
        """The claims on what users do."""
        return tuple(claim for claim in self.claims if not of_the_frame(claim.name))

    @property
    def of_the_frame(self) -> tuple[Claim, ...]:
        """The claims on the study's own frame, which are shown apart."""
        return tuple(claim for claim in self.claims if of_the_frame(claim.name))

    @cached_property
    def breakdown(self) -> Breakdown:
        """Where the drop sits; computed when first asked for."""
        return breakdown(self.results, self.scores, self.gate.level)


def analyse(
    results: Results,
    *,
    gate: Gate | None = None,
    scorer: str = "",
    answers: Answers | None = None,
    business: Business | None = None,
) -> Analysis:
    """Scores the journal and decides. Another gate, scorer or statement of costs than the study's costs nothing.

    `answers` are the graded answers where they have been read already.

    Raises ResultsError for a record that belongs to no planned call, and StudyError for a gate that names perturbations
    which the study has not.
    """
    gate = gate or results.gate
    answers = answers or read_answers(results, scorer)
    scores = study_scores(results, answers, gate)
    evidence = gathered(results, answers, scores)
    judgement = judge(scores, gate, evidence)
    claims = _screened(
        [_claim(name, answers, scores, judgement, evidence, results, gate, scorer) for name in scores.messy]
    )
    per_call = _per_call(answers, answers.changed)
    cost = float(np.nansum(answers.cost)) if np.any(~np.isnan(answers.cost)) else None
    clean = _clean_accuracy(scores, gate)
    floor = _noise_floor(scores, gate.level)
    planned = int(answers.changed.sum())
    waiting = int((answers.changed & (answers.status == NOT_ASKED)).sum())
    return Analysis(
        results=results,
        gate=gate,
        claims=claims,
        others=tuple(one for one in judgement.claims if one.name not in scores.messy),
        other_needs={
            one.name: _needs(one, scores, gate, per_call, judgement.family)
            for one in judgement.claims
            if one.name not in scores.messy
        },
        ladders=_ladders(claims, scores, gate),
        overall=judgement.overall,
        family=judgement.family,
        clean=clean,
        noise_floor=floor,
        clean_agreement=_agreement(answers, answers.condition == CLEAN, gate.level),
        outcomes=answers.outcomes(np.ones(len(answers.item), dtype=bool)),
        warnings=tuple(_warnings(clean, floor, results, answers, gate)),
        validity=_validity(claims, gate),
        ledger=ledger(results, answers),
        calls=int((answers.answered & answers.asked).sum()),
        planned=planned,
        spared=0 if judgement.overall.verdict is Verdict.INCONCLUSIVE else waiting,
        prompt_tokens=int(np.nansum(answers.prompt_tokens[answers.asked])),
        completion_tokens=int(np.nansum(answers.completion_tokens[answers.asked])),
        cost=cost,
        per_call=per_call,
        usage=usage(answers, (*results.conditions, *results.behaviours)),
        throughput=throughput(answers),
        chaos=met(results, answers),
        answers=answers,
        scores=scores,
        scorer=scorer or results.scorer,
        business=business or results.business,
    )


def study_scores(results: Results, answers: Answers, gate: Gate) -> Scores:
    """The scores of a results folder under a gate, which says at how many looks they are seen."""
    groups = grouping(tuple(results.cases.values()), gate)
    return scores_of(
        answers,
        results.conditions,
        groups,
        blocks(groups, 0 if gate.anytime else gate.looks),
        repeats=results.repeats,
        draws=results.draws,
        extended=len(results.extents) > 1 or loosened(results, gate),
    )


def loosened(results: Results, gate: Gate) -> bool:
    """Whether a gate plans fewer looks than one under which answers have been seen: then looks were not planned."""
    before = [results.gate, *(gate_from_dict(change["gate"]) for change in results.gate_changes)]
    if gate.anytime:
        return False
    return any(was.anytime or was.looks > gate.looks for was in before)


def failures(results: Results, answers: Answers) -> dict[str, list[int]]:
    """For each condition the rows of answers that mess turned wrong where every clean repeat was right."""
    scores = study_scores(results, answers, results.gate)
    return {
        name: _flip_rows(answers, scores, (answers.condition == at) & answers.changed)
        for at, name in enumerate(scores.messy)
    }


def look(results: Results) -> Judgement:
    """The verdicts alone, for a replay that asks whether it may stop."""
    answers = read_answers(results)
    scores = study_scores(results, answers, results.gate)
    return judge(scores, results.gate, gathered(results, answers, scores))


# --- one claim ----------------------------------------------------------------------------------------------------


def _claim(
    name: str,
    answers: Answers,
    scores: Scores,
    judgement: Judgement,
    evidence: Mapping[str, Evidence],
    results: Results,
    gate: Gate,
    scorer: str,
) -> Claim:
    judged = next((one for one in judgement.claims if one.name == name), None)
    pairs = judged.pairs if judged and judged.pairs else paired(scores, name, gate)
    rows = answers.condition == list(scores.messy).index(name)
    asked = rows & answers.changed
    flips = _flip_rows(answers, scores, asked)
    perturbation, _, severity = name.rpartition("@")
    drop_condition = next((one for one in judged.conditions if one.clause.measure == "drop"), None) if judged else None
    plain = drop_condition.estimate if drop_condition and name not in evidence and not _altered(scores, gate) else None
    measured = _measured(pairs, scores, plain) if len(pairs.items) else {}
    per_call = _per_call(answers, asked)
    return Claim(
        name=name,
        perturbation=perturbation,
        severity=int(severity),
        decision=judged.decision if judged else None,
        conditions=judged.conditions if judged else (),
        **{key: measured.get(key) for key in _MEASURED},
        agreement=_agreement(answers, asked, pairs.level),
        screened=None,
        corrected=drop_condition.estimate if drop_condition and name in evidence else None,
        invalid=evidence[name].invalid if name in evidence else None,
        worst_case=_imputed(scores, name, gate, (1.0, 0.0)) if pairs.missing else None,
        best_case=_imputed(scores, name, gate, (0.0, 1.0)) if pairs.missing else None,
        unchanged=int((rows & (answers.validity == -1)).sum()),
        rejected=int((rows & (answers.validity == VALIDITIES.index("rejected"))).sum()),
        missing=int((asked & (answers.status == FAILED)).sum()),
        waiting=int((asked & (answers.status == NOT_ASKED)).sum()),
        looks=pairs.fractions,
        planned_looks=pairs.planned,
        outcomes=answers.outcomes(asked),
        tokens=(per_call.prompt_tokens or 0.0, per_call.completion_tokens or 0.0),
        seconds=per_call.seconds or 0.0,
        cost=float(np.nansum(answers.cost[asked])) if np.any(~np.isnan(answers.cost[asked])) else None,
        flipped=len(flips),
        flips=tuple(_flip(results, answers, row, scorer) for row in flips[:EXAMPLES]),
        needs=_needs(judged, scores, gate, per_call, judgement.family) if judged else (),
    )


def _needs(judged: Judged, scores: Scores, gate: Gate, per_call: PerCall, family: int) -> tuple[Need, ...]:
    """What would settle a claim that is open, condition by condition; nothing where it is not."""
    if judged.decision.verdict is not Verdict.INCONCLUSIVE or judged.pairs is None:
        return ()
    return tuple(
        need
        for one in judged.conditions
        if one.estimate and one.decision.verdict is not Verdict.GO
        for need in Open(one.clause, one.estimate, scores, judged.pairs, gate, per_call, family).needs()
    )


def _imputed(scores: Scores, name: str, gate: Gate, values: tuple[float, float]) -> Estimate:
    """The drop if failed calls were worth these clean and messy scores."""
    p = paired(scores, name, gate, values)
    basis: Any = {"draws": scores.draws, "repeats": scores.repeats}
    return drop(p.clean, p.messy, level=p.level, groups=p.groups, graded=scores.graded, interim=p.interim, **basis)


_MEASURED = "drop relative clean messy lost gained excess worst excess_worst no_effect detectable".split()


def _altered(scores: Scores, gate: Gate) -> bool:
    """Whether verdicts rest on another interval of the drop than the plain one."""
    return gate.anytime or scores.extended or gate.invalid is not None


def _measured(pairs: Pairs, scores: Scores, plain: Estimate | None) -> dict[str, Any]:
    """The quantities of a claim with the intervals of docs/statistics.md; `plain` is the drop where it is known."""
    c, p, level, groups = pairs.clean, pairs.messy, pairs.level, pairs.groups
    basis: Any = {"draws": scores.draws, "repeats": scores.repeats}
    plain = plain or drop(c, p, level=level, groups=groups, graded=scores.graded, interim=pairs.interim, **basis)
    found: dict[str, Any] = {
        "drop": plain,
        "relative": relative_drop(c, p, level=level, groups=groups, graded=scores.graded, **basis),
        "clean": accuracy(c, level=level, groups=groups, **basis),
        "messy": accuracy(p, level=level, groups=groups, **basis),
        "lost": mean_of(c * (1 - p), level=level, share=True, groups=groups, **basis),
        "gained": mean_of((1 - c) * p, level=level, share=True, groups=groups, **basis),
        "no_effect": no_effect(c, p) if groups is None else None,
        "detectable": smallest_detectable_drop(plain),
    }
    repeated = scores.clean.answered[pairs.items] >= 2
    if scores.repeats >= 2 and np.all(repeated):
        noise = _noise(scores, pairs.items)
        found["excess"] = mean_of(c * (1 - p) + (1 - c) * p - noise, level=level, groups=groups, **basis)
    arm, k = scores.messy.get(pairs.name), scores.draws
    if arm is not None and k >= 2 and not scores.graded:
        right, of = arm.total[pairs.items], arm.answered[pairs.items]
        whole = of >= k
        if np.all(whole):
            found["worst"] = worst_of(right, of, k, level=level, groups=groups)
            clean_right, repeats = scores.clean.total[pairs.items], scores.clean.answered[pairs.items]
            if np.all(repeats >= k):
                found["excess_worst"] = excess_worst_of(clean_right, repeats, right, of, k, level=level, groups=groups)
    return found


def _noise(scores: Scores, items: Any) -> Floats:
    arm = scores.clean
    return self_disagreement(arm.total[items], arm.squares[items], arm.answered[items])


def _noise_floor(scores: Scores, level: float) -> Estimate | None:
    """None where no item has two clean answers."""
    items = np.flatnonzero(scores.clean.answered >= 2)
    if not len(items):
        return None
    return mean_of(_noise(scores, items), level=level, share=True, repeats=scores.repeats)


def _agreement(answers: Answers, rows: Flags, level: float) -> Estimate | None:
    """How often two answers to the same thing say the same; None where no item has two."""
    at = rows & answers.answered
    if not np.any(at):
        return None
    pairs, _ = agreement(answers.item[at], answers.said[at])
    return mean_of(pairs, level=level, share=True) if len(pairs) else None


def _clean_accuracy(scores: Scores, gate: Gate) -> Estimate | None:
    means = scores.clean.mean()
    known = ~np.isnan(means)
    groups = scores.groups[known] if scores.groups is not None and gate.target != "suite" else None
    if not np.any(known):
        return None
    return accuracy(means[known], level=gate.level, groups=groups, repeats=scores.repeats)


def _per_call(answers: Answers, rows: Flags) -> PerCall:
    def mean(column: Floats) -> float | None:
        known = column[rows & answers.answered]
        known = known[~np.isnan(known)]
        return float(np.mean(known)) if len(known) else None

    return PerCall(
        mean(answers.prompt_tokens), mean(answers.completion_tokens), mean(answers.cost), mean(answers.seconds)
    )


def _flip_rows(answers: Answers, scores: Scores, asked: Flags) -> list[int]:
    """Rows of answers that are wrong where the clean text was answered right every time."""
    sure = (scores.clean.mean() == 1.0) & (scores.clean.failed == 0)
    rows = np.flatnonzero(asked & answers.same & answers.answered & (answers.score == 0))
    return [int(row) for row in rows[sure[answers.item[rows]]]]


def _flip(results: Results, answers: Answers, row: int, scorer: str) -> Flip:
    clean_row = int(answers.item[row]) * results.repeats
    while answers.record[clean_row] < 0:
        clean_row += 1
    clean_answer, _ = explain(results, answers, clean_row, scorer)
    messy_answer, why = explain(results, answers, row, scorer)
    return Flip(results.variant_at(int(answers.variant[row])), clean_answer, messy_answer, why)


def _screened(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """With ten perturbations or more, the p-values of "no effect" adjusted for their number: a screen, not a gate."""
    users = [claim for claim in claims if not of_the_frame(claim.name)]
    tested = [claim for claim in users if claim.no_effect is not None]
    if len(users) < _SCREENED:
        return tuple(claims)
    adjusted = dict(
        zip((c.name for c in tested), benjamini_hochberg([c.no_effect or 0.0 for c in tested]), strict=True)
    )
    return tuple(replace(claim, screened=adjusted.get(claim.name)) for claim in claims)


# --- ladders ------------------------------------------------------------------------------------------------------


def _ladders(claims: Sequence[Claim], scores: Scores, gate: Gate) -> dict[str, Ladder]:
    """For each perturbation at two severities or more, what its rungs say together, on the items that all changed."""
    found = {}
    for name in dict.fromkeys(claim.perturbation for claim in claims):
        rungs = sorted((c for c in claims if c.perturbation == name), key=lambda c: c.severity)
        if len(rungs) < 2:
            continue
        severities = tuple(rung.severity for rung in rungs)
        # each rung at its full level: rungs are tested in fixed order, so no adjustment is due
        verdicts = [
            all_of([c.decision for c in rung.conditions]).verdict if rung.conditions else None for rung in rungs
        ]
        ladder = Ladder(
            severities,
            certified(severities, [verdict is Verdict.GO for verdict in verdicts]),
            broken_from(severities, [verdict is Verdict.NO_GO for verdict in verdicts]),
        )
        drops = np.stack([scores.clean.mean() - scores.messy[rung.name].mean() for rung in rungs], axis=1)
        drops = drops[~np.any(np.isnan(drops), axis=1)]
        margins = [c.clause.bound for rung in rungs for c in rung.conditions if c.clause.measure == "drop"]
        if len(drops) >= 2:
            ladder = replace(
                ladder,
                area=area(drops, severities, level=gate.level),
                trend=trend(drops, severities, level=gate.level),
                breaking_point=breaking_point(drops, severities, min(margins), level=gate.level) if margins else None,
                uneven=uneven(drops),
            )
        found[name] = ladder
    return found


# --- what a reader should know ------------------------------------------------------------------------------------


def _validity(claims: Sequence[Claim], gate: Gate) -> str:
    audited = [claim.name for claim in claims if claim.corrected is not None]
    if audited:
        return f"corrected by people's readings for {', '.join(audited)}; raw for the others"
    if gate.invalid is not None:
        return f"not audited; intervals are widened for {gate.invalid:.0%} invalid variants at most"
    return "raw: guarded by protected spans, not audited by a person"


def _warnings(
    clean: Estimate | None, floor: Estimate | None, results: Results, answers: Answers, gate: Gate
) -> list[str]:
    found = []
    if clean and clean.value >= CEILING:
        found.append(f"clean accuracy {_shown(clean)} is at the ceiling: an easy suite hides a fall")
    if clean and clean.value <= FLOOR:
        found.append(f"clean accuracy {_shown(clean)} is at the floor: there is nothing left to lose")
    if floor is None:
        found.append("noise floor not measured (it needs repeats = 2 or more); flips are gross")
    elif floor.value == 0:
        alike = "no clean answer changed between repeats"
        found.append(
            f"{alike} at temperature {results.temperature:g}: something caches answers, and the noise floor is not "
            "what users will meet"
            if results.temperature
            else f"{alike}: the endpoint is deterministic, or something caches its answers"
        )
    if not np.all(answers.same):
        found.append("variants whose right answer changes are left out of the drop")
    for change in results.gate_changes:
        was = asdict(gate_from_dict(change["gate"]))
        words = ", ".join(f"{key} {was[key]}" for key, value in asdict(results.gate).items() if was[key] != value)
        if words:
            found.append(f"the gate was changed when {change['answers']} answers were there; it had been {words}")
    if loosened(results, gate):
        found.append("fewer looks are planned than before answers were seen: verdicts come from a rule for any time")
    if len(results.extents) > 1:
        sizes = " to ".join(str(size) for size in results.extents)
        found.append(f"the study was extended from {sizes} items: its verdicts come from a rule that holds at any time")
    if gate.claims and not any(clause.subject == EVERY for clause in gate.clauses):
        found.append("perturbations without a claim are measured and decide nothing")
    return found


def _shown(estimate: Estimate) -> str:
    limits = f"[{percent(estimate.low, down=True)}, {percent(estimate.high, up=True)}]"
    return f"{percent(estimate.value)} {limits}% over {estimate.items} items"
