"""What must hold for a GO: a margin for every perturbation, or clauses such as `typos@3: drop <= 3pp`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from .errors import StudyError, did_you_mean

Measure = Literal["drop", "relative drop", "accuracy", "certified"]

MEASURES: dict[Measure, tuple[str, str]] = {
    "drop": ("<=", "clean minus messy accuracy, in points"),
    "relative drop": ("<=", "the share of the clean accuracy that is lost"),
    "accuracy": (">=", "messy accuracy"),
    "certified": (">=", "the severity up to which every rung is GO"),
}
"""What a clause can bound, from which side, and what it is."""

EVERY, MEAN = "*", "mean"
"""Subjects besides the names of perturbations: each of them for itself, and their mean as one claim."""

FORMATS = frozenset({"choice_order", "choice_labels", "template_cues", "template_gaps", "example_order"})
"""The perturbations of the study's own frame. They are not what users do: `*`, `mean` and a margin leave them out."""


def of_the_frame(condition: str) -> bool:
    """Whether a condition (`choice_order@3`, or a stack with it) changes the study's own frame."""
    return not FORMATS.isdisjoint(condition.rpartition("@")[0].split("+"))


_CONDITION = re.compile(r"(?P<measure>[a-z ]+?)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>\d+(?:\.\d+)?\s*(?:pp|%|points?)?)")


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on one subject: a perturbation with severity, one without (each severity), `*` or `mean`.

    `bound` is a fraction, or a severity for `certified`.
    """

    subject: str
    measure: Measure
    bound: float

    def __str__(self) -> str:
        sign = MEASURES[self.measure][0]
        shown = f"{self.bound:g}" if self.measure == "certified" else f"{self.bound * 100:g}"
        unit = {"drop": "pp", "certified": ""}.get(self.measure, "%")
        return f"{self.subject}: {self.measure} {sign} {shown}{unit}"


def clauses(text: str) -> tuple[Clause, ...]:
    """The conditions of one line: `SUBJECT: MEASURE <= BOUND [and MEASURE >= BOUND ...]`.

    Raises StudyError, naming the part that cannot be read.
    """
    subject, colon, conditions = text.rpartition(":")
    subject = subject.strip()
    if not colon or not subject or not conditions.strip():
        raise StudyError(f"claim {text!r} must read 'SUBJECT: MEASURE <= BOUND', as in 'typos@3: drop <= 3pp'")
    return tuple(_clause(subject, part.strip(), text) for part in re.split(r"\band\b", conditions))


def _clause(subject: str, part: str, text: str) -> Clause:
    match = _CONDITION.fullmatch(part)
    if not match:
        raise StudyError(f"claim {text!r}: {part!r} must read 'MEASURE <= BOUND', as in 'drop <= 3pp'")
    measure = " ".join(match["measure"].split())
    if measure not in MEASURES:
        raise StudyError(f"claim {text!r}: no measure called {measure!r}{did_you_mean(measure, MEASURES)}")
    sign = MEASURES[measure][0]
    if match["sign"][0] != sign[0]:
        raise StudyError(f"claim {text!r}: {measure} is bounded with {sign}, not {match['sign']}")
    if measure == "certified":
        if subject in (EVERY, MEAN) or "@" in subject or match["bound"].strip() not in {"1", "2", "3", "4", "5"}:
            raise StudyError(f"claim {text!r}: certified wants a perturbation and a severity, 'typos: certified >= 3'")
        return Clause(subject, "certified", float(match["bound"]))
    bound = match["bound"].strip()
    value = points(float(bound) if re.fullmatch(r"\d+(?:\.\d+)?", bound) else bound)
    if not 0 < value < 1:
        raise StudyError(f"claim {text!r}: {bound} must lie between 0 and 1 (0.05, '5pp' and '5%' are the same)")
    return Clause(subject, measure, value)


@dataclass(frozen=True, slots=True)
class Gate:
    """What must hold for a GO, and how sure that must be.

    `margin` is the drop that every perturbation may have (a fraction); `claims` are clauses for some or all of them,
    which go before it; without either nothing is judged, and the verdict is INCONCLUSIVE.
    `level` is the confidence of the two-sided intervals. `looks` is how often the study may stop
    early (1 = only at the end, 0 = whenever, by a rule that holds at any time). `target` is "population" where the
    items stand for what users ask, "suite" where the claim is about these items alone. `invalid` is the share of
    variants that is assumed to be invalid at most; without it and without an audit the verdict is marked raw.
    """

    margin: float | None = None
    level: float = 0.95
    claims: tuple[str, ...] = ()
    looks: int = 10
    target: str = "population"
    invalid: float | None = None

    def __post_init__(self) -> None:
        if self.margin is not None and not 0 < self.margin < 1:
            raise StudyError(f"[gate] margin must lie between 0 and 1 (0.05 or '5pp' is 5 points), not {self.margin}")
        if not 0.5 < self.level < 1:
            raise StudyError(f"[gate] level must lie between 0.5 and 1, not {self.level}")
        if not 0 <= self.looks <= 50:
            raise StudyError(f"[gate] looks must be 1 to 50, or 0 for a look at any time, not {self.looks}")
        if self.target not in ("population", "suite"):
            raise StudyError(f"[gate] target must be 'population' or 'suite', not {self.target!r}")
        if self.invalid is not None and not 0 <= self.invalid < 0.5:
            raise StudyError(f"[gate] invalid must be a share below a half, not {self.invalid}")
        seen = set()
        for clause in self.clauses:
            if (clause.subject, clause.measure) in seen:
                raise StudyError(f"[gate] bounds the {clause.measure} of {clause.subject!r} twice; one of them must go")
            seen.add((clause.subject, clause.measure))
            if clause.measure == "relative drop" and (self.anytime or self.invalid is not None):
                raise StudyError(
                    f"claim {str(clause)!r} needs planned looks, target = 'population' and no `invalid`; bound the drop"
                )

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All conditions; the margin is `*: drop <= margin`. Raises StudyError for a claim that cannot be read."""
        every = (Clause(EVERY, "drop", self.margin),) if self.margin is not None else ()
        return (*every, *(clause for text in self.claims for clause in clauses(text)))

    @property
    def anytime(self) -> bool:
        """Whether verdicts come from a rule that holds whenever it is asked."""
        return self.looks == 0 or self.target == "suite"

    def conditions(self, names: Sequence[str]) -> dict[str, tuple[Clause, ...]]:
        """What must hold for each of these subjects (`typos@3`, ...), for `mean`, and for certified families.

        The clause that names a subject most closely counts, measure by measure. Subjects without a condition are left
        out, and so is what changes the frame where no clause names it. Raises StudyError for a claim on a perturbation
        that is not among them.
        """
        families = {name.rpartition("@")[0] for name in names}
        known = {*names, *families, EVERY, MEAN}
        for clause in self.clauses:
            if clause.subject not in known:
                near = did_you_mean(clause.subject, known)
                raise StudyError(f"claim {str(clause)!r}: the study has no perturbation {clause.subject!r}{near}")
        found: dict[str, tuple[Clause, ...]] = {}
        for name in names:
            closest: dict[str, Clause] = {}
            for subject in (*(() if of_the_frame(name) else (EVERY,)), name.rpartition("@")[0], name):
                closest |= {
                    clause.measure: clause
                    for clause in self.clauses
                    if clause.subject == subject and clause.measure != "certified"
                }
            if closest:
                found[name] = tuple(Clause(name, clause.measure, clause.bound) for clause in closest.values())
        mean = {clause.measure: clause for clause in self.clauses if clause.subject == MEAN}
        if mean and names and all(map(of_the_frame, names)):
            raise StudyError("claim 'mean: ...': the study has only changes of its own frame, which no mean is over")
        if mean:
            found[MEAN] = tuple(mean.values())
        for clause in self.clauses:
            if clause.measure == "certified":
                rungs = [name for name in names if name.rpartition("@")[0] == clause.subject]
                highest = max(int(name.rpartition("@")[2]) for name in rungs)
                if highest < clause.bound:
                    raise StudyError(f"claim {str(clause)!r}: the study measures it only up to severity {highest}")
                if not all(any(c.measure == "drop" for c in found.get(name, ())) for name in rungs):
                    example = f"'{clause.subject}: drop <= 5pp'"
                    raise StudyError(f"claim {str(clause)!r} needs a drop that its rungs may have, as in {example}")
                found[clause.subject] = (clause,)
        return found


def with_claims(gate: Gate, claims: Iterable[str]) -> Gate:
    """The gate with these clauses alone: they replace its margin and its own."""
    return Gate(
        **{f.name: getattr(gate, f.name) for f in fields(Gate) if f.name not in ("margin", "claims")},
        claims=tuple(claims),
    )


def gate_from_dict(data: Mapping[str, object]) -> Gate:
    """The gate as a results folder keeps it. Raises TypeError for an unknown key."""
    values = dict(data)
    values["claims"] = tuple(values.get("claims", ()))  # type: ignore[arg-type]
    return Gate(**values)  # type: ignore[arg-type]


def points(value: object, key: str = "margin") -> float:
    """A margin as a fraction: 0.05, '5pp' and '5%' are all five points. Raises StudyError for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:pp|%|points?)\s*", str(value))
    if not match:
        raise StudyError(f"{key} = {value!r} must be a fraction such as 0.05, or points such as '5pp'")
    return float(match[1]) / 100
