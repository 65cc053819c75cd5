"""A study: everything that decides what is asked, and the plan of calls that follows from it."""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ..datasets import Suite, load_suite
from ..perturbations import Perturbation, parse
from .cases import Case, Frame, Variant
from .endpoints import LiteLLM, load_callable
from .errors import StudyError, did_you_mean
from .gate import Gate, points
from .replies import Endpoint, Message
from .schedule import blocks
from .scorers import find_scorer
from .seeds import digest, stream


@dataclass(frozen=True, slots=True)
class System:
    """The system under test and how it is called: a litellm `model`, or a `callable` written `module:function`.

    `base_url`, `key_env`, `temperature`, `max_tokens` and `extra` are for models. `timeout` is in seconds, `retries`
    the further tries after a transient failure, `concurrency` the calls in flight at once. `${NAME}` in `model` and
    `base_url` is read from the environment.
    """

    model: str = ""
    callable: str = ""
    base_url: str = ""
    key_env: str = ""
    temperature: float = 0.0
    max_tokens: int = 256
    timeout: float = 60.0
    retries: int = 3
    concurrency: int = 4
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if bool(self.model) == bool(self.callable):
            raise StudyError("[endpoint] needs either model = 'provider/name' or callable = 'module:function'")
        try:
            json.dumps(dict(self.extra), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StudyError(f"[endpoint] extra must hold what JSON can hold: {error}") from error
        for place in (self.extra, self.extra.get("extra_headers", {}), self.extra.get("headers", {})):
            for name in place if isinstance(place, Mapping) else ():
                if re.search(r"(?i)(^|[_-])(key|token|secret|authorization|password)$", name):
                    raise StudyError(f"[endpoint] extra holds {name!r}: keys do not belong in a study; name a key_env")
        for name, least in (("timeout", 0.001), ("retries", 0), ("concurrency", 1), ("max_tokens", 1)):
            if getattr(self, name) < least:
                raise StudyError(f"[endpoint] {name} must be at least {least:g}, not {getattr(self, name)}")

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the answers: not how fast it is asked, nor through which port."""
        return {
            "model": expand(self.model, "model"),
            "callable": self.callable,
            "base_url": self.base_url,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "extra": dict(self.extra),
        }

    def endpoint(self, folder: Path) -> Endpoint:
        """The endpoint these settings name; modules of callables are looked for in `folder` first."""
        if self.callable:
            return load_callable(self.callable, folder)
        return LiteLLM(
            model=expand(self.model, "model"),
            base_url=expand(self.base_url, "base_url") or None,
            key_env=self.key_env or None,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            timeout=self.timeout,
            extra=dict(self.extra),
        )


@dataclass(frozen=True)
class Study:
    """One study = one TOML file. Raises StudyError for values that cannot be run.

    `suite` is a built-in suite or the path of a JSONL file. `items` of its cases are drawn at random (0 = all; a larger
    number keeps the smaller draw). Each of `perturbations` (`name@severity`) is applied `draws` times to each case, and
    each clean case is asked `repeats` times, which measures the noise floor. `frame` and `scorer` override the suite's.
    """

    name: str
    suite: str
    perturbations: tuple[str, ...]
    system: System
    gate: Gate
    items: int = 0
    draws: int = 1
    repeats: int = 2
    seed: int = 0
    frame: Frame | None = None
    scorer: str = ""
    folder: Path = field(default_factory=Path, compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]{1,100}", self.name):
            raise StudyError(
                f"name {self.name!r} must be letters, digits, '-', '_', '.' (100 at most: it names the results folder)"
            )
        if not self.perturbations:
            raise StudyError("perturbations must name at least one, as in ['typos@3'] (`roadtest list` shows all)")
        for name, least in (("items", 0), ("draws", 1), ("repeats", 1)):
            if getattr(self, name) < least:
                raise StudyError(f"{name} must be at least {least}, not {getattr(self, name)}")
        clauses = [f"{p.name}@{severity}" for p, severity in self.clauses]
        if len(set(clauses)) < len(clauses):
            raise StudyError(f"perturbations names {next(c for c in clauses if clauses.count(c) > 1)!r} twice")
        if self.scorer:
            find_scorer(self.scorer)
        self.gate.conditions(clauses)

    @property
    def clauses(self) -> tuple[tuple[Perturbation, int], ...]:
        """The perturbations with their severities. Raises StudyError for an unknown name."""
        return tuple(parse(clause) for clause in self.perturbations)

    def to_dict(self) -> dict[str, Any]:
        """The study as JSON, for the results folder."""
        plain = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("folder", "system", "gate", "frame")
        }
        return plain | {
            "endpoint": asdict(self.system),
            "gate": asdict(self.gate),
            "frame": asdict(self.frame) if self.frame else None,
        }


@dataclass(frozen=True)
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
        return self.variant.condition if self.variant else "clean"


@dataclass(frozen=True)
class Plan:
    """Every call of a study, in the order in which it is made, and every variant, unchanged ones included."""

    study: Study
    suite: Suite
    frame: Frame
    scorer: str
    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]

    @cached_property
    def looks(self) -> tuple[int, ...]:
        """For each case, the look (from 0) before which it is asked."""
        return blocks(
            grouping(self.cases, self.study.gate), self.study.gate.looks if not self.study.gate.anytime else 0
        )

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """Clean, repeated and perturbed calls, in seeded random order between one look at the results and the next.

        Mixed, so that drift is not mistaken for mess. Variants that leave the case as it was, or were rejected, are
        not asked.
        """
        look = {case.id: at for case, at in zip(self.cases, self.looks, strict=True)}
        requests = [
            Request(f"{case.id}/clean#{repeat}", case, self.frame.messages(case), None, repeat, look[case.id])
            for case in self.cases
            for repeat in range(self.study.repeats)
        ]
        requests += [
            Request(variant.id, variant.case, self.frame.messages(variant.messy), variant, 0, look[variant.case.id])
            for variant in self.variants
            if variant.sent
        ]
        stream(self.study.seed, "order").shuffle(requests)
        requests.sort(key=lambda request: request.look)
        return tuple(requests)

    @cached_property
    def manifest(self) -> str:
        """SHA-256 of all variants with their edits: the same on every machine."""
        return self.manifest_of(len(self.cases))

    def manifest_of(self, items: int) -> str:
        """The manifest of the same study with only the first so many items."""
        kept = {case.id for case in self.cases[:items]}
        lines = (json.dumps(v.to_dict(), sort_keys=True) for v in self.variants if v.case.id in kept)
        return digest(*lines).hex()

    @cached_property
    def asked(self) -> dict[str, Any]:
        """Everything that decides what is asked, by name."""
        study = self.study
        return {
            "suite": self.suite.sha256,
            "items": study.items,
            "perturbations": [f"{p.name}@{severity}" for p, severity in study.clauses],
            "draws": study.draws,
            "repeats": study.repeats,
            "seed": study.seed,
            "frame": asdict(self.frame),
            "endpoint": study.system.identity,
            "variants": self.manifest,
        }

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change when anything does that decides what is asked."""
        return digest(json.dumps(self.asked, sort_keys=True)).hex()[:12]


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
    cases = list(suite.cases)
    stream(study.seed, "items").shuffle(cases)
    chosen = tuple(cases[: study.items or None])
    if study.gate.target == "suite" and len(chosen) < len(suite.cases):
        raise StudyError("target = 'suite' is a claim about the whole suite; leave items out, or make it 'population'")
    if "{text}" not in (study.frame or suite.frame).template:
        raise StudyError("[frame] template must hold {text}, or the mess would never be sent")
    if scorer == "label" and not all(case.choices for case in chosen):
        raise StudyError(
            f"scorer = 'label' needs choices in every case; {next(c.id for c in chosen if not c.choices)!r} has none"
        )
    variants = tuple(
        perturbation.variant(case, severity, study.seed, draw)
        for perturbation, severity in study.clauses
        for case in chosen
        for draw in range(study.draws)
    )
    return Plan(study, suite, study.frame or suite.frame, scorer, chosen, variants)


# --- TOML ---------------------------------------------------------------------------------------------------------


def load_study(path: Path) -> Study:
    """The study in a TOML file. Raises StudyError, naming the file, for what is broken, unknown or of a wrong type."""
    data = _toml(path)
    try:
        return study_from_dict(data, folder=path.parent, default_name=path.stem)
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 ({error.reason})") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: not TOML: {error}") from error


def load_gate(path: Path) -> Gate:
    """The [gate] table of a TOML file, which may hold other tables too. Raises StudyError, naming the file."""
    try:
        return _gate(_table(_toml(path), "gate"))
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from error


def study_from_dict(data: Mapping[str, Any], folder: Path | None = None, default_name: str = "study") -> Study:
    """A study from the tables of a TOML file. Raises StudyError for an unknown key or a value of a wrong type."""
    rest = dict(data)
    tables = {name: _table(rest, name) for name in ("endpoint", "gate", "frame")}
    if "suite" not in rest or "perturbations" not in rest:
        raise StudyError(
            "suite and perturbations must be given, as in suite = 'arithmetic', perturbations = ['typos@3']"
        )
    if tables["endpoint"] is None:
        raise StudyError("[endpoint] is missing, as in model = 'openai/gpt-4o-mini'")
    frame = tables["frame"]
    return Study(
        **(
            {"name": default_name}
            | _checked(Study, rest, "", skip=("system", "gate", "frame", "folder"))
            | {
                "system": System(**_checked(System, tables["endpoint"], "[endpoint] ")),
                "gate": _gate(tables["gate"]),
                "frame": _frame(frame) if frame is not None else None,
                "folder": folder or Path(),
            }
        )
    )


def _gate(table: Mapping[str, Any] | None) -> Gate:
    gate = dict(table or {})
    for key in {"margin", "invalid"} & set(gate):
        gate[key] = points(gate[key], key)
    return Gate(**_checked(Gate, gate, "[gate] "))


def expand(text: str, key: str) -> str:
    """`text` with each `${NAME}` read from the environment. Raises StudyError for one that is not set."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in os.environ:
            hint = "; `roadtest model serve -- COMMAND` sets it for COMMAND" if place[1].startswith("ROADTEST_") else ""
            raise StudyError(f"[endpoint] {key} needs the environment variable {place[1]}, which is not set{hint}")
        return os.environ[place[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)


def _table(rest: dict[str, Any], name: str) -> dict[str, Any] | None:
    table = rest.pop(name, None)
    if table is not None and not isinstance(table, dict):
        raise StudyError(f"{name} must be a table, as in [{name}], not {table!r}")
    return table


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a string"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "tuple[str, ...]": ((list,), "a list of strings"),
    "float | None": ((int, float), "a number"),
    "Mapping[str, Any]": ((dict,), "a table"),
}
"""What a key of a study may hold, by the declared type of its field, and what an error calls that."""


def _checked(cls: Any, table: Mapping[str, Any], where: str, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The table as arguments of a dataclass, each of the type that its field declares."""
    known = {f.name: str(f.type) for f in fields(cls) if f.name not in skip}
    arguments: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            known_names = [*known, *(("endpoint", "gate", "frame") if not where else ())]
            raise StudyError(
                f"{where}no key called {key!r}{did_you_mean(key, known_names)} (known: {', '.join(known_names)})"
            )
        types, called = _TYPES[known[key]]
        listed, accepted = isinstance(value, list), isinstance(value, types) and not isinstance(value, bool)
        if isinstance(value, float) and not math.isfinite(value):
            raise StudyError(f"{where}{key} must be a finite number, not {value}")
        if not accepted:
            raise StudyError(f"{where}{key} must be {called}, not {value!r}")
        if listed and not all(isinstance(item, str) for item in value):
            raise StudyError(f"{where}{key} must be {called}, not {value!r}")
        arguments[key] = tuple(value) if listed else value
    return arguments


def _frame(table: Mapping[str, Any]) -> Frame:
    known = [f.name for f in fields(Frame)]
    for key in table:
        if key not in known:
            raise StudyError(f"[frame] no key called {key!r}{did_you_mean(key, known)} (known: {', '.join(known)})")
    listed: Any = table.get("examples", ())
    try:
        examples = tuple((str(example["user"]), str(example["assistant"])) for example in listed)
    except (TypeError, KeyError) as error:
        raise StudyError("[frame] examples must be tables with user and assistant") from error
    system, template = table.get("system", ""), table.get("template", "{text}")
    if not isinstance(system, str) or not isinstance(template, str):
        raise StudyError("[frame] system and template must be strings")
    return Frame(system, template, examples)
