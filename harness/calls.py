"""The calls that a study plans: what is asked, in which order, and what need not be asked."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, overload

from ..datasets import Suite, load_suite
from .cases import TEXT_FIELDS, Case, Variant
from .errors import StudyError
from .frames import Frame, Message
from .gate import Gate
from .numbering import CLEAN_NAME, Numbering
from .redaction import Redactor, known_values
from .schedule import blocks
from .seeds import digest, stream
from .study import Study, load_studies, load_study

KEPT = 50_000
"""Variants up to which a plan keeps them; those of a larger one are made again whenever they are needed."""

Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True, slots=True)
class Request:
    """One planned call: `variant` is None for a clean one, `repeat` counts the asks of the same thing from 0.

    `look` counts the looks at the results that come before it.
    """

    id: str
    case: Case
    messages: tuple[Message, ...]
    variant: Variant | None = None
    repeat: int = 0
    look: int = 0

    @property
    def condition(self) -> str:
        """`clean`, or the variant's perturbation with its severity."""
        return self.variant.condition if self.variant else CLEAN_NAME


class Made(Sequence[Value]):
    """A sequence whose values are made when they are asked for, so that a million of them take no room."""

    def __init__(self, size: int, make: Callable[[int], Value]) -> None:
        self._size = size
        self._make = make

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Value: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Value]: ...
    def __getitem__(self, at: int | slice) -> Value | Sequence[Value]:
        if isinstance(at, slice):
            return [self._make(i) for i in range(*at.indices(self._size))]
        if not -self._size <= at < self._size:
            raise IndexError(at)
        return self._make(at % self._size)

    def __iter__(self) -> Iterator[Value]:
        return map(self._make, range(self._size))


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over all variants finds: their manifest, which are sent, and which read the same."""

    manifest: str
    unchanged: int
    sent: bytearray
    twins: dict[int, int]
    """For each variant that reads like another one of its case, the number of the first that does."""


@dataclass(frozen=True)
class Plan:
    """Every call of a study, in the order in which it is made, and every variant, unchanged ones included."""

    study: Study
    suite: Suite
    frame: Frame
    scorer: str
    cases: tuple[Case, ...]
    redactor: Redactor | None = None

    @cached_property
    def variants(self) -> Sequence[Variant]:
        """Every variant: case by case, perturbation by perturbation, draw by draw."""
        clauses, cases, draws, seed = self.study.clauses, self.cases, self.study.draws, self.study.seed

        def make(at: int) -> Variant:
            perturbation, severity = clauses[at // draws % len(clauses)]
            return perturbation.variant(cases[at // (draws * len(clauses))], severity, seed, at % draws)

        made = Made(len(clauses) * len(cases) * draws, make)
        return made if len(made) > KEPT else tuple(made)

    @cached_property
    def looks(self) -> tuple[int, ...]:
        """For each case, the look (from 0) before which it is asked."""
        return blocks(
            grouping(self.cases, self.study.gate), self.study.gate.looks if not self.study.gate.anytime else 0
        )

    @cached_property
    def survey(self) -> Survey:
        """One pass over all variants."""
        manifest, separator, unchanged = hashlib.sha256(b"["), b"", 0
        sent, digests = bytearray(len(self.variants)), array("Q")
        for at, variant in enumerate(self.variants):
            manifest.update(separator + _quoted(variant))
            separator, changed = b",", self.changes(variant)
            unchanged += not changed
            sent[at] = changed and variant.validity != "rejected"
            digests.append(_digest(variant) if sent[at] else 0)
        manifest.update(b"]")
        return Survey(manifest.hexdigest(), unchanged, sent, self._twins(sent, digests))

    def changes(self, variant: Variant) -> bool:
        """Whether a variant changes anything that is sent; another layout of the frame need not."""
        if any(edit.field != "layout" for edit in variant.edits) or not variant.edits:
            return variant.changed
        return self.frame.messages(variant.messy) != self.frame.messages(variant.case)

    def sends(self, variant: Variant) -> bool:
        """Whether a variant is asked: it changes something, and was not rejected."""
        return variant.validity != "rejected" and self.changes(variant)

    def _twins(self, sent: bytearray, digests: array[int]) -> dict[int, int]:
        """Only inside a case: two items that read the same stay independent of each other."""
        found: dict[int, int] = {}
        step = self.numbering.a_case
        for start in range(0, len(sent), step or 1):
            first: dict[int, int] = {}
            for at in range(start, start + step):
                if sent[at]:
                    leader = first.setdefault(digests[at], at)
                    if leader != at:
                        found[at] = found[leader] = leader
        return found

    @cached_property
    def order(self) -> Sequence[int]:
        """The numbers of all calls in the order in which they are made.

        Clean ones are numbered first, then variants. They are mixed in seeded random order between one look at the
        results and the next, so that drift is not mistaken for mess. Variants that leave the case as it was, or were
        rejected, are not asked.
        """
        clean = self.numbering.clean
        numbers = [*range(clean), *(clean + at for at, sent in enumerate(self.survey.sent) if sent)]
        stream(self.study.seed, "order").shuffle(numbers)
        numbers.sort(key=self.look_of)
        return array("q", numbers)

    @cached_property
    def numbering(self) -> Numbering:
        """The numbers of all calls, those included that are not asked."""
        return Numbering([case.id for case in self.cases], self._names, self.study.repeats, self.study.draws)

    def look_of(self, number: int) -> int:
        """The look before which a call is made."""
        return self.looks[self.numbering.case_of(number)]

    def condition_of(self, number: int) -> str:
        """`clean`, or the perturbation with its severity."""
        condition = self.numbering.condition_of(number)
        return CLEAN_NAME if condition < 0 else self._names[condition]

    def twins_of(self, number: int) -> int | None:
        """What is the same for all calls that read the same; None for a call like no other."""
        return self.survey.twins.get(number - self.numbering.clean)

    def request(self, number: int) -> Request:
        """The call of this number."""
        numbering = self.numbering
        case, look, variant = self.cases[numbering.case_of(number)], self.look_of(number), number - numbering.clean
        if variant < 0:
            name = numbering.id_of(number)
            return Request(name, case, self.frame.messages(case), None, numbering.count_of(number), look)
        made = self.variants[variant]
        return Request(made.id, case, self.frame.messages(made.messy), made, 0, look)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(f"{p.name}@{severity}" for p, severity in self.study.clauses)

    @cached_property
    def requests(self) -> Sequence[Request]:
        """Clean, repeated and perturbed calls in the order in which they are made."""
        return Made(len(self.order), lambda at: self.request(self.order[at]))

    @property
    def shared(self) -> int:
        """The number of planned answers that come from a call for another one that reads the same."""
        return sum(at != leader for at, leader in self.survey.twins.items())

    @property
    def manifest(self) -> str:
        """SHA-256 of all variants with their edits: the same on every machine."""
        return self.survey.manifest

    def manifest_of(self, items: int) -> str:
        """The manifest of the same study with only the first so many items."""
        kept = {case.id for case in self.cases[:items]}
        manifest, separator = hashlib.sha256(b"["), b""
        for variant in self.variants:
            if variant.case.id in kept:
                manifest.update(separator + _quoted(variant))
                separator = b","
        manifest.update(b"]")
        return manifest.hexdigest()

    @cached_property
    def asked(self) -> dict[str, Any]:
        """Everything that decides what is asked, by name."""
        study = self.study
        return {
            "suite": self.suite.sha256,
            "items": study.items,
            "perturbations": list(self._names),
            "draws": study.draws,
            "repeats": study.repeats,
            "seed": study.seed,
            "frame": asdict(self.frame),
            "endpoint": study.system.identity(study.folder),
            "variants": self.manifest,
            **({"redact": True} if study.redact else {}),
        }

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change when anything does that decides what is asked."""
        return digest(json.dumps(self.asked, sort_keys=True)).hex()[:12]


def _quoted(variant: Variant) -> bytes:
    """A variant as one line of JSON, itself as a JSON string: so the manifest is `seeds.digest` of all lines."""
    return json.dumps(json.dumps(variant.to_dict(), sort_keys=True), ensure_ascii=True).encode("ascii")


def _digest(variant: Variant) -> int:
    """64 bits of what a person sends; what the study puts around it is the same for all variants of a case."""
    messy = variant.messy
    said = "\0".join(getattr(messy, name) for name in TEXT_FIELDS)
    return int.from_bytes(hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def grouping(cases: Sequence[Case], gate: Gate) -> tuple[str, ...]:
    """The group of dependent items of each case; every case is its own where the claim is about the suite alone."""
    return tuple(case.id if gate.target == "suite" else case.group or case.id for case in cases)


def plan(study: Study) -> Plan:
    """The calls that a study makes. Spends nothing; raises StudyError or CaseError for what could not be run."""
    suite = load_suite(study.suite, study.folder)
    scorer = study.scorer or suite.scorer
    if not scorer:
        raise StudyError(f"suite {suite.name!r} names no scorer; add one, as in scorer = 'exact'")
    if study.items > len(suite.cases):
        raise StudyError(f"items = {study.items}, but suite {suite.name!r} has {len(suite.cases)}")
    study.check_sends(study.system.takes, "put '{messages}' in the body in place of '{text}'")
    redactor = Redactor(known_values(suite.cases)) if study.redact else None
    cases = list(suite.cases)
    stream(study.seed, "items").shuffle(cases)
    chosen = tuple(cases[: study.items or None])
    if redactor:
        chosen = tuple(map(redactor.case, chosen))
    if study.gate.target == "suite" and len(chosen) < len(suite.cases):
        raise StudyError("target = 'suite' is a claim about the whole suite; leave items out, or make it 'population'")
    if "{text}" not in (study.frame or suite.frame).template:
        raise StudyError("[frame] template must hold {text}, or the mess would never be sent")
    if scorer == "label" and not all(case.choices for case in chosen):
        raise StudyError(
            f"scorer = 'label' needs choices in every case; {next(c.id for c in chosen if not c.choices)!r} has none"
        )
    return Plan(study, suite, study.frame or suite.frame, scorer, chosen, redactor)


def plans(path: Path, system: str = "", **changes: Any) -> dict[str, Plan]:
    """The plans of a study file by system (all, or this one), with changes that are not empty in place of what it says.

    Raises StudyError as `load_study` and `plan` do.
    """
    studies = {system: load_study(path, system)} if system else load_studies(path)
    given = {name: value for name, value in changes.items() if value}
    return {name: plan(replace(study, **given)) for name, study in studies.items()}
