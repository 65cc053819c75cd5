"""Every claim of a gate judged on the scores that are there: conditions, looks, adjustment, and all together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Unpack

import numpy as np

from .gate import MEAN, Clause, Gate
from .pairs import Pairs, Scores, paired
from .policy import Decision, Verdict, combine, decide, decide_floor, shown, with_missing
from .sequential import anytime_limits, boundaries
from .severity import certified
from .statistics import (
    INTERIM_LOOK,
    LAST_LOOK,
    Basis,
    Effective,
    Estimate,
    accuracy,
    drop,
    effective,
    level_of,
    relative_drop,
)
from .validity import FEWEST_LABELLED, SUSPICIOUS_SHARE, unaudited_bounds


@dataclass(frozen=True)
class Evidence:
    """What is known of a claim's validity besides its answers; see `validity`.

    `drop` is the corrected drop at a level (None = the answers' own counts), `invalid` the share of variants that the
    audit found invalid, `blocked` says why no correction can be trusted. `labelled` counts items with human labels.
    """

    drop: Callable[[Pairs], Estimate] | None = None
    invalid: Estimate | None = None
    blocked: str = ""
    labelled: int = 0


@dataclass(frozen=True)
class Condition:
    """One bound on one quantity of a claim, and whether it holds."""

    clause: Clause
    estimate: Estimate | None
    decision: Decision


@dataclass(frozen=True)
class Judged:
    """A claim's pairs, conditions and decision. `holds` says that its NO-GO survives Holm's adjustment.

    `counts` is False for the rungs of a ladder that is judged as a whole: they are shown, and count through it.
    """

    name: str
    pairs: Pairs | None
    conditions: tuple[Condition, ...]
    decision: Decision
    holds: bool = False
    counts: bool = True


@dataclass(frozen=True)
class Judgement:
    """Every claim judged, and the decision over all.

    `measured` names everything that the study asks, claims or not; `family` counts the conditions that Holm's
    adjustment went over.
    """

    claims: tuple[Judged, ...]
    overall: Decision
    measured: frozenset[str]
    family: int

    def settled(self, each: bool = False) -> set[str]:
        """What need not be asked any further: its answer, or the whole answer, is known.

        With `each` one claim that is broken does not answer the others.
        """
        if each:
            counting = {claim.name for claim in self.claims if claim.counts}
            known = {claim.name for claim in self.claims if claim.holds or claim.decision.verdict is Verdict.GO}
            if MEAN in counting:
                known = known if known >= counting else set()
            return set(self.measured) if known >= counting else known
        if self.overall.verdict is not Verdict.INCONCLUSIVE:
            return set(self.measured)
        if any(claim.name == MEAN for claim in self.claims):
            return set()
        return {claim.name for claim in self.claims if claim.decision.verdict is Verdict.GO}


def judge(scores: Scores, gate: Gate, evidence: Mapping[str, Evidence] | None = None) -> Judgement:
    """Judges every condition of the gate on these scores. A pure function; nothing is asked."""
    evidence = evidence or {}
    wanted = gate.conditions(list(scores.messy))
    ladders = {name: clauses[0] for name, clauses in wanted.items() if clauses[0].measure == "certified"}
    pairs = {name: paired(scores, name, gate) for name in wanted if name not in ladders}
    first = {
        name: _Claim(scores, gate, pairs[name], clauses, evidence.get(name, Evidence()))
        for name, clauses in wanted.items()
        if name not in ladders
    }
    limits = _drop_estimates(list(first.values()))
    claims = {name: claim.judged(limits.get(name)) for name, claim in first.items()}
    rungs = {rung: ladder for ladder in ladders for rung in claims if _of(rung, ladder)}
    named = {clause.subject for clause in gate.clauses}  # a rung with a clause of its own counts by itself too
    claims = {name: replace(claim, counts=name not in rungs or name in named) for name, claim in claims.items()}
    tops = {
        ladder: _top(clause, [_severity(r) for r in rungs if rungs[r] == ladder]) for ladder, clause in ladders.items()
    }
    tested = [name for name, claim in claims.items() if claim.counts or _severity(name) <= tops[rungs[name]]]
    rejected = _holm({name: first[name] for name in tested}, claims, gate)
    family = sum(len(first[name].clauses) for name in tested)
    claims |= {name: _adjusted(claims[name], name in rejected, family) for name in tested}
    for ladder, clause in ladders.items():
        claims[ladder] = _ladder(ladder, clause, [claims[name] for name in rungs if rungs[name] == ladder])
    counting = [claim for claim in claims.values() if claim.counts]
    overall = combine([c.name for c in counting], [c.decision for c in counting], [c.holds for c in counting], family)
    return Judgement(tuple(claims.values()), overall, frozenset(scores.messy), family)


def _of(rung: str, ladder: str) -> bool:
    return rung != MEAN and rung.rpartition("@")[0] == ladder


def _top(clause: Clause, severities: Sequence[int]) -> int:
    """The lowest measured severity that reaches what a clause asks to be certified."""
    return min((severity for severity in severities if severity >= clause.bound), default=max(severities))


def _severity(name: str) -> int:
    return int(name.rpartition("@")[2])


@dataclass(frozen=True)
class _Claim:
    """A claim on its way to a decision."""

    scores: Scores
    gate: Gate
    pairs: Pairs
    clauses: tuple[Clause, ...]
    evidence: Evidence
    effective: Effective | None = field(init=False)

    def __post_init__(self) -> None:
        plain = not self.scores.graded and not self.anytime and self.evidence.drop is None and len(self.pairs.items)
        p = self.pairs
        object.__setattr__(self, "effective", effective(p.clean, p.messy, p.groups) if plain else None)

    @property
    def anytime(self) -> bool:
        return self.gate.anytime or self.scores.extended

    @property
    def basis(self) -> Basis:
        return {"draws": self.scores.draws, "repeats": self.scores.repeats}

    def drop(self, level: float) -> Estimate:
        """The drop with the interval that its verdict rests on, at any level."""
        p = replace(self.pairs, level=level)
        if self.evidence.drop is not None:
            return self.evidence.drop(p)
        if self.anytime:
            of = p.reach if self.gate.target == "suite" else 0
            return anytime_drop(p, level, of, graded=self.scores.graded, **self.basis)
        graded, interim = self.scores.graded, p.interim
        return drop(p.clean, p.messy, level=level, groups=p.groups, graded=graded, interim=interim, **self.basis)

    def estimate(self, clause: Clause, level: float) -> Estimate | None:
        """The quantity that a clause bounds."""
        p, basis = self.pairs, self.basis
        if clause.measure == "accuracy":
            if self.anytime:
                of = p.reach if self.gate.target == "suite" else 0
                low, high = anytime_limits(1 - p.messy, level, of, p.groups, p.largest_group)
                plain = accuracy(p.messy, level=level, groups=p.groups, **basis)
                return replace(plain, low=max(0.0, 1 - high), high=min(1.0, 1 - low), method=ANYTIME)
            return accuracy(p.messy, level=level, groups=p.groups, **basis)
        if clause.measure == "relative drop":
            if self.anytime:
                return None
            return relative_drop(
                p.clean,
                p.messy,
                level=level,
                groups=p.groups,
                graded=self.scores.graded,
                **basis,
            )
        return self.widened(self.drop(level))

    def widened(self, estimate: Estimate) -> Estimate:
        """The interval wide enough for the share of invalid variants that the gate assumes, where none was audited."""
        if self.gate.invalid is None or self.evidence.invalid is not None:
            return estimate
        p = self.pairs
        size = float(len(p.items))
        lost, gained = float(np.sum(p.clean * (1 - p.messy))), float(np.sum((1 - p.clean) * p.messy))
        lowest, highest = unaudited_bounds(lost, gained, size, self.gate.invalid)
        return replace(
            estimate,
            low=max(-1.0, estimate.low - (estimate.value - lowest)),
            high=min(1.0, estimate.high + (highest - estimate.value)),
            method=f"{estimate.method}, widened for {self.gate.invalid:.0%} invalid variants",
        )

    def judged(self, found: Estimate | None) -> Judged:
        """The claim decided; `found` is the drop where it was estimated together with the others'."""
        p = self.pairs
        if not p.reach:
            return self._open("it changed none of the items, or their right answers with them")
        if not len(p.items):
            return self._open("none of its calls has an answer yet")
        conditions = []
        for clause in self.clauses:
            estimate = self.widened(found) if clause.measure == "drop" and found else self.estimate(clause, p.level)
            conditions.append(Condition(clause, estimate, self.decision(clause, estimate)))
        return Judged(p.name, p, tuple(conditions), all_of([one.decision for one in conditions]))

    def _open(self, reason: str) -> Judged:
        decision = Decision(Verdict.INCONCLUSIVE, reason)
        return Judged(
            self.pairs.name, self.pairs, tuple(Condition(one, None, decision) for one in self.clauses), decision
        )

    def decision(self, clause: Clause, estimate: Estimate | None) -> Decision:
        """Whether a condition holds, with everything that can forbid to say so."""
        p = self.pairs
        if estimate is None:
            return Decision(
                Verdict.INCONCLUSIVE,
                f"the {clause.measure} can only be judged at looks that were planned, on answers that are right or "
                "wrong",
            )
        if self.evidence.drop is not None and clause.measure == "relative drop":
            return Decision(Verdict.INCONCLUSIVE, "people's readings correct the drop, not the relative drop")
        if self.evidence.drop is not None and self.anytime:
            return Decision(
                Verdict.INCONCLUSIVE,
                "a drop that people's readings correct can only be judged at looks that were planned",
            )
        if self.evidence.blocked:
            return Decision(Verdict.INCONCLUSIVE, self.evidence.blocked)
        if self.evidence.invalid and self.evidence.invalid.value > SUSPICIOUS_SHARE:
            return Decision(
                Verdict.INCONCLUSIVE,
                f"the audit found {shown(self.evidence.invalid)}% of {self.evidence.invalid.items} variants "
                "invalid: the perturbation needs repair",
            )
        if 0 < self.evidence.labelled < FEWEST_LABELLED:
            return Decision(
                Verdict.INCONCLUSIVE,
                f"{self.evidence.labelled} items have human labels; {FEWEST_LABELLED} are needed to correct the judge",
            )
        if not p.fractions:
            return Decision(Verdict.INCONCLUSIVE, f"{len(p.items)} of {p.reach} items are asked: not yet at a look")
        decision = self._against(clause, estimate)
        if not p.finished and not self.anytime:
            decision = replace(decision, reason=f"{decision.reason} (at look {len(p.fractions)} of {p.planned})")
        if p.missing:
            worst, best = (self._imputed(clause, values) for values in ((1.0, 0.0), (0.0, 1.0)))
            decision = with_missing(decision, worst, best, p.missing)
        return decision

    def _against(self, clause: Clause, estimate: Estimate) -> Decision:
        if clause.measure == "accuracy":
            return decide_floor(estimate, clause.bound)
        return decide(estimate, clause.bound, clause.measure, "points" if clause.measure == "drop" else "%")

    def _imputed(self, clause: Clause, values: tuple[float, float]) -> Decision:
        """What the decision would be if failed calls were worth these clean and messy scores."""
        filled = replace(self, pairs=paired(self.scores, self.pairs.name, self.gate, values), evidence=Evidence())
        estimate = filled.estimate(clause, self.pairs.level)
        if self.evidence.drop is not None and clause.measure == "drop":  # as far as it moves the drop as it was scored
            shift = float(
                np.mean(filled.pairs.clean - filled.pairs.messy) - np.mean(self.pairs.clean - self.pairs.messy)
            )
            corrected = self.drop(self.pairs.level)
            moved = {name: getattr(corrected, name) + shift for name in ("value", "low", "high")}
            estimate = replace(corrected, **moved)
        assert estimate is not None
        return self._against(clause, estimate)

    def rejects(self, clause: Clause, error: float) -> bool:
        """Whether a condition is broken even at this one-sided error, spread over the looks that were taken."""
        p = self.pairs
        level = 1 - 2 * error
        if not self.anytime and p.fractions and p.fractions != (1.0,):
            level = level_of(boundaries(p.fractions, error)[-1])
        estimate = self.estimate(clause, level)
        if estimate is None:
            return False
        return estimate.high < clause.bound if clause.measure == "accuracy" else estimate.low > clause.bound


ANYTIME = "confidence sequence of an e-process"


def anytime_drop(pairs: Pairs, level: float, of: int = 0, *, graded: bool = False, **basis: Unpack[Basis]) -> Estimate:
    """The drop with limits that hold at every moment at once; `of` items in all where the claim is about them alone."""
    low, high = anytime_limits(pairs.clean - pairs.messy, level, of, pairs.groups, pairs.largest_group)
    plain = drop(pairs.clean, pairs.messy, groups=pairs.groups, graded=graded, **basis)
    method = ANYTIME + (", without replacement" if of else "")
    return replace(plain, low=low, high=high, level=level, method=method)


def _drop_estimates(claims: Sequence[_Claim]) -> dict[str, Estimate]:
    """The drops of all claims that have one by the score interval, in one sweep."""
    plain = [claim for claim in claims if claim.effective is not None]
    if not plain:
        return {}
    effs = [claim.effective for claim in plain if claim.effective is not None]
    together = Effective(*(np.array([getattr(eff, name) for eff in effs]) for name in Effective.__slots__))
    low, high = together.limits(
        np.array([claim.pairs.level for claim in plain]), np.array([claim.pairs.interim for claim in plain])
    )
    return {
        claim.pairs.name: Estimate(
            value=float(np.mean(claim.pairs.clean - claim.pairs.messy)),
            low=float(low[at]),
            high=float(high[at]),
            level=claim.pairs.level,
            method=INTERIM_LOOK if claim.pairs.interim else LAST_LOOK,
            items=len(claim.pairs.items),
            draws=claim.scores.draws,
            repeats=claim.scores.repeats,
            groups=len(np.unique(claim.pairs.groups)) if claim.pairs.groups is not None else 0,
            deff=float(effs[at].deff),
            discordant=int(np.sum(claim.pairs.clean != claim.pairs.messy)),
            variance=float(effs[at].variance),
        )
        for at, claim in enumerate(plain)
    }


def all_of(decisions: Sequence[Decision]) -> Decision:
    """Conditions of one claim: all must hold; one that is broken breaks it."""
    for verdict in (Verdict.NO_GO, Verdict.INCONCLUSIVE):
        found = [decision.reason for decision in decisions if decision.verdict is verdict]
        if found:
            return Decision(verdict, "; ".join(found))
    return Decision(Verdict.GO, "; ".join(decision.reason for decision in decisions))


def _holm(claims: Mapping[str, _Claim], judged: Mapping[str, Judged], gate: Gate) -> set[str]:
    """The claims whose NO-GO survives Holm's (1979) step-down over all conditions of the gate.

    Steps through rising errors: whatever is rejected at error / (hypotheses left) makes the next step easier.
    """
    error = (1 - gate.level) / 2
    conditions = [(name, clause) for name, claim in claims.items() for clause in claim.clauses]
    broken = [
        (name, one.clause)
        for name in claims
        for one in judged[name].conditions
        if one.decision.verdict is Verdict.NO_GO
    ]
    rejected: set[tuple[str, Clause]] = set()
    while True:
        share = error / max(len(conditions) - len(rejected), 1)
        more = {
            (name, clause)
            for name, clause in broken
            if (name, clause) not in rejected and claims[name].rejects(clause, share)
        }
        if not more:
            return {name for name, _ in rejected}
        rejected |= more


def _adjusted(claim: Judged, rejected: bool, family: int) -> Judged:
    if claim.decision.verdict is not Verdict.NO_GO or rejected:
        return replace(claim, holds=rejected)
    reason = f"{claim.decision.reason}, but not after Holm's adjustment over {family} conditions"
    return replace(claim, decision=Decision(Verdict.INCONCLUSIVE, reason))


def _ladder(name: str, clause: Clause, rungs: Sequence[Judged]) -> Judged:
    """A family's certified severity against the one that is asked for; rungs are tested in fixed order."""
    rungs = sorted(rungs, key=lambda rung: _severity(rung.name))
    severities = [_severity(rung.name) for rung in rungs]
    best = certified(severities, [rung.decision.verdict is Verdict.GO for rung in rungs])
    below = [rung for rung in rungs if _severity(rung.name) <= _top(clause, severities)]
    broken = [rung for rung in below if rung.holds]
    if broken:
        decision = Decision(Verdict.NO_GO, f"{broken[0].name}: {broken[0].decision.reason}")
    elif best >= clause.bound:
        decision = Decision(Verdict.GO, f"every severity up to {best} is GO")
    else:
        first = next((r for r in below if r.decision.verdict is not Verdict.GO), None)
        reason = (
            f"{first.name}: {first.decision.reason}" if first else "no severity up to the one asked for is measured"
        )
        decision = Decision(Verdict.INCONCLUSIVE, f"certified up to severity {best}; {reason}")
    return Judged(name, None, (Condition(clause, None, decision),), decision, holds=bool(broken))
