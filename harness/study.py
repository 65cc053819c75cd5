"""A study: everything that decides what is asked, as one TOML file says it."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..perturbations import Perturbation, expand, parse
from .business import Business
from .errors import StudyError, did_you_mean
from .frames import Frame
from .gate import Gate, points
from .scorers import find_scorer
from .seeds import digest
from .systems import System


@dataclass(frozen=True)
class Study:
    """One study = one TOML file. Raises StudyError for values that cannot be run.

    `suite` is a built-in suite or the path of a JSONL file. `items` of its cases are drawn at random (0 = all; a larger
    number keeps the smaller draw). Each of `perturbations` (`name@severity`; a family's name
    stands for all of its members that leave the right answer as it is) is applied `draws` times to each case, and
    each clean case is asked `repeats` times, which measures the noise floor. `frame` and `scorer` override the suite's.
    `budget` is in US dollars (0 = none): no call is begun once the calls of this study have cost so much. The worst
    `shrink` failures are shrunk to the fewest edits that cause them (0 = none), at some 25 calls each. `regressions`
    is a JSONL file of single cases that the pytest plugin asks as they are. With `redact` personal data is replaced
    before anything is asked or written. `business` says what a wrong answer costs.
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
    budget: float = 0.0
    shrink: int = 3
    regressions: str = ""
    redact: bool = False
    business: Business | None = None
    frame: Frame | None = None
    scorer: str = ""
    folder: Path = field(default_factory=Path, compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]{1,100}", self.name):
            raise StudyError(
                f"name {self.name!r} must be letters, digits, '-', '_', '.' (100 at most: it names the results folder)"
            )
        object.__setattr__(self, "perturbations", expand(self.perturbations))
        for name, least in (("items", 0), ("draws", 1), ("repeats", 1), ("budget", 0), ("shrink", 0)):
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

    def check_sends(self, takes: Collection[str], cure: str) -> None:
        """Raises StudyError, with a cure, for a perturbation that sends what the system does not take."""
        for one, severity in self.clauses:
            for what in sorted(one.sends - set(takes)):
                told = "several messages" if what == "turns" else "pictures"
                raise StudyError(f"{one.name}@{severity} sends {told}, and the system takes one text: {cure}")

    def to_dict(self) -> dict[str, Any]:
        """The study as JSON, for the results folder."""
        plain = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in ("folder", "system", "gate", "frame", "business")
        }
        return plain | {
            "endpoint": asdict(self.system),
            "gate": asdict(self.gate),
            "frame": asdict(self.frame) if self.frame else None,
            "business": asdict(self.business) if self.business else None,
        }


def name_of(text: str) -> str:
    """A test id or a path (`tests/test_it::test_study`) as the name of a study; unlike texts give unlike names."""
    name = text.replace("::", ".").replace("/", "-")
    if re.fullmatch(r"\w+(?:(?:/|::)\w+)*", text) and len(name) <= 100:
        return name
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80]
    return f"{stem}-{digest(text).hex()[:6]}"


# --- TOML ---------------------------------------------------------------------------------------------------------


def load_study(path: Path, system: str = "") -> Study:
    """The study in a TOML file; where it names several systems, the one about `system`.

    Raises StudyError, naming the file, for what is broken, unknown or of a wrong type.
    """
    studies = load_studies(path)
    if len(studies) > 1 or system:
        if system not in studies:
            known = ", ".join(studies)
            raise StudyError(f"{path}: it has the systems {known}; name one of them{did_you_mean(system, studies)}")
        return studies[system]
    return next(iter(studies.values()))


def load_studies(path: Path) -> dict[str, Study]:
    """The studies in a TOML file by their system: one of each [endpoints.NAME], or one for its [endpoint], under "".

    They differ in nothing but the system, so that their results can be compared pair by pair.
    """
    data = _toml(path)
    try:
        several = data.pop("endpoints", None)
        if several is None:
            return {"": study_from_dict(data, folder=path.parent, default_name=path.stem)}
        if "endpoint" in data or not isinstance(several, dict) or not several:
            raise StudyError("give either one [endpoint] or several [endpoints.NAME]")
        return {
            name: study_from_dict(
                {**data, "endpoint": table, "name": f"{data.get('name', path.stem)}-{name}"}, folder=path.parent
            )
            for name, table in several.items()
        }
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


def load_policy(path: Path) -> tuple[Gate, Business | None]:
    """The [gate] and [business] tables of a TOML file, which may hold others too. Raises StudyError, naming it."""
    try:
        data = _toml(path)
        return _gate(_table(data, "gate")), _business(_table(data, "business"))
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from error


def study_from_dict(data: Mapping[str, Any], folder: Path | None = None, default_name: str = "study") -> Study:
    """A study from the tables of a TOML file. Raises StudyError for an unknown key or a value of a wrong type."""
    rest = dict(data)
    tables = {name: _table(rest, name) for name in ("endpoint", "gate", "frame", "business")}
    if "suite" not in rest or "perturbations" not in rest:
        raise StudyError(
            "suite and perturbations must be given, as in suite = 'arithmetic', perturbations = ['typos@3']"
        )
    if not rest["perturbations"]:
        raise StudyError("perturbations must name at least one, as in ['typos@3'] (`roadtest list` shows all)")
    if tables["endpoint"] is None:
        raise StudyError("[endpoint] is missing, as in model = 'openai/gpt-4o-mini'")
    frame, endpoint = tables["frame"], dict(tables["endpoint"])
    if isinstance(endpoint.get("failures"), str):
        endpoint["failures"] = points(endpoint["failures"], "[endpoint] failures")
    return Study(
        **(
            {"name": default_name}
            | _checked(Study, rest, "", skip=("system", "gate", "frame", "business", "folder"))
            | {
                "system": System(**_checked(System, endpoint, "[endpoint] ")),
                "gate": _gate(tables["gate"]),
                "frame": _frame(frame) if frame is not None else None,
                "business": _business(tables["business"]),
                "folder": folder or Path(),
            }
        )
    )


def _gate(table: Mapping[str, Any] | None) -> Gate:
    gate = dict(table or {})
    for key in {"margin", "invalid"} & set(gate):
        gate[key] = points(gate[key], key)
    if "margin" not in gate and not gate.get("claims"):
        raise StudyError(
            "[gate] margin must be stated, as in margin = '5pp': nobody else can say what drop you can bear"
        )
    return Gate(**_checked(Gate, gate, "[gate] "))


def _business(table: Mapping[str, Any] | None) -> Business | None:
    if table is None:
        return None
    if "requests" not in table:
        raise StudyError("[business] requests is missing: the traffic a month, as in requests = 50_000")
    return Business(**_checked(Business, table, "[business] "))


def _table(rest: dict[str, Any], name: str) -> dict[str, Any] | None:
    table = rest.pop(name, None)
    if table is not None and not isinstance(table, dict):
        raise StudyError(f"{name} must be a table, as in [{name}], not {table!r}")
    return table


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a string"),
    "int": ((int,), "a whole number"),
    "bool": ((bool,), "true or false"),
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
            known_names = [*known, *(("endpoint", "endpoints", "gate", "frame", "business") if not where else ())]
            raise StudyError(
                f"{where}no key called {key!r}{did_you_mean(key, known_names)} (known: {', '.join(known_names)})"
            )
        types, called = _TYPES[known[key]]
        listed, accepted = (
            isinstance(value, list),
            isinstance(value, types) and isinstance(value, bool) == (bool in types),
        )
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
