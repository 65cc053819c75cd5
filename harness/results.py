"""The results folder: what was asked, of which variants, and every answer."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .business import Business
from .calls import Plan
from .cases import Case, Edit, Variant
from .errors import CaseError, ResultsError
from .frames import Frame
from .gate import Gate, gate_from_dict
from .journal import RECORDS, Record, final_records, read_records
from .numbering import Numbering
from .systems import System

STUDY, CASES, VARIANTS = "study.json", "cases.jsonl", "variants.jsonl"

_GIT_SECONDS = 5


@dataclass(frozen=True)
class Results:
    """A results folder: everything that a report needs, without a network.

    `asked` names the perturbations with their severities, in the study's order: `conditions` those after which the
    clean answer is still right, `behaviours` those after which another answer is right, which are reported apart and
    never mixed into a drop. `extents` are the numbers of items
    it was run with, one after the other: more than one where it was extended after a look at its results.
    `gate_changes` holds the gates it had before, each with the number of answers there were when it was replaced.
    `suite` has its name, title, licence and SHA-256, `git` the commit that the study's folder was at. `redacted` says
    that personal data was replaced before anything was asked or written.
    """

    folder: Path
    name: str
    fingerprint: str
    manifest: str
    scorer: str
    gate: Gate
    repeats: int
    draws: int
    seed: int
    system: str
    temperature: float | None
    asked: tuple[str, ...]
    conditions: tuple[str, ...]
    behaviours: tuple[str, ...]
    extents: tuple[int, ...]
    gate_changes: tuple[dict[str, Any], ...]
    cases: dict[str, Case]
    versions: dict[str, str]
    suite: dict[str, str]
    git: dict[str, Any] | None
    business: Business | None
    redacted: bool

    @cached_property
    def numbering(self) -> Numbering:
        """The numbers of its calls, by which variants and answers are kept in order."""
        return Numbering(list(self.cases), self.asked, self.repeats, self.draws)

    @property
    def journal(self) -> Path:
        """The journal of its answers."""
        return self.folder / RECORDS

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Every variant, unchanged ones included; read when first asked for."""
        return tuple(self.variant_from(row) for row in _read_lines(self.folder / VARIANTS))

    @cached_property
    def records(self) -> dict[str, Record]:
        """For each request id the record that counts; read when first asked for."""
        return final_records(self.journal)

    def variant_rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The lines of `variants.jsonl` as they are, each with the byte at which it begins."""
        return _located_lines(self.folder / VARIANTS)

    def variant_at(self, begin: int) -> Variant:
        """The variant whose line begins at this byte."""
        with (self.folder / VARIANTS).open("rb") as file:
            file.seek(begin)
            return self.variant_from(json.loads(file.readline()))

    def variant_from(self, row: dict[str, Any]) -> Variant:
        """The variant of one line of `variants.jsonl`. Raises ResultsError for what is none."""
        try:
            return Variant(
                case=self.cases[row["case"]],
                perturbation=row["perturbation"],
                severity=row["severity"],
                draw=row["draw"],
                edits=tuple(Edit(**edit) for edit in row["edits"]),
                effect=row["effect"],
                target=row["target"],
                decisive=tuple(row.get("decisive", ())),
                validity=row["validity"],
                why=row.get("why", ""),
            )
        except (KeyError, TypeError, CaseError) as error:
            raise damaged(self.folder, error) from error


def damaged(folder: Path, error: Exception) -> ResultsError:
    """The error for a folder whose own files do not hold what they should."""
    return ResultsError(f"{folder}: {STUDY}, {CASES} or {VARIANTS} is damaged ({error!r})")


def prepare(plan: Plan, folder: Path, *, extend: bool = False) -> Path:
    """Writes what the plan asks into the folder, or checks that the folder holds this very plan; gives the journal.

    With `extend` the folder may hold the same study with fewer items: its answers count, and from then on its verdict
    comes from a rule that holds whenever it is asked. Raises ResultsError, naming what differs, where the folder holds
    another study.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = folder / STUDY
        before: dict[str, Any] = {}
        if known.exists():
            before = _read_json(known)
            _check_same(plan, before, folder, extend)
        elif (folder / RECORDS).exists():
            raise ResultsError(
                f"{folder}: holds answers ({RECORDS}) of a study that is gone ({STUDY}); use another folder"
            )
        elif extend:
            raise ResultsError(f"{folder}: there is no study in it to extend")
        if before.get("fingerprint") != plan.fingerprint:
            write_lines(folder / CASES, (case.to_dict() for case in plan.cases))
            write_lines(folder / VARIANTS, (v.to_dict() | {"changed": plan.changes(v)} for v in plan.variants))
        # last, so that the folder is whole; and each time, because gate and scorer may change without a new call
        write_json(known, _description(plan, before, folder))
    except OSError as error:
        raise ResultsError(f"{folder}: cannot be written: {error.strerror}") from error
    return folder / RECORDS


def read_results(folder: Path, cases: Sequence[Case] = ()) -> Results:
    """The results in a folder; `cases` are its cases where they are at hand, which spares reading them again.

    Raises ResultsError where it is not one or a file in it is damaged.
    """
    if not (folder / STUDY).is_file():
        raise ResultsError(f"{folder}: not a results folder (no {STUDY} in it); `roadtest run STUDY` prints the folder")
    data = _read_json(folder / STUDY)
    try:
        study = data["study"]
        return Results(
            folder=folder,
            name=study["name"],
            fingerprint=data["fingerprint"],
            manifest=data["manifest"],
            scorer=data["scorer"],
            gate=gate_from_dict(study["gate"]),
            repeats=study["repeats"],
            draws=study["draws"],
            seed=study["seed"],
            system=data["system"],
            temperature=study["endpoint"]["temperature"] if study["endpoint"]["model"] else None,
            asked=tuple(data["asked"]["perturbations"]),
            conditions=tuple(n for n in data["asked"]["perturbations"] if data["effects"][n] == "same"),
            behaviours=tuple(n for n in data["asked"]["perturbations"] if data["effects"][n] != "same"),
            extents=tuple(data["extents"]),
            gate_changes=tuple(data["gate_changes"]),
            cases={case.id: case for case in cases or map(Case.from_dict, _read_lines(folder / CASES))},
            versions=data["versions"],
            suite=data.get("suite") or {},
            git=data.get("git"),
            business=Business(**study["business"]) if study.get("business") else None,
            redacted=bool(study.get("redact")),
        )
    except (KeyError, TypeError, CaseError) as error:
        raise damaged(folder, error) from error


@dataclass(frozen=True, slots=True)
class Asked:
    """Which system a results folder asked, in which frame; `folder` is where its modules are looked for."""

    system: System
    frame: Frame
    budget: float
    folder: Path


def read_asked(folder: Path) -> Asked:
    """How the calls of a results folder were made, for further ones. Raises ResultsError where that is damaged."""
    data = _read_json(folder / STUDY)
    try:
        frame = data["asked"]["frame"]
        examples = tuple((user, assistant) for user, assistant in frame["examples"])
        return Asked(
            System(**data["study"]["endpoint"]),
            Frame(frame["system"], frame["template"], examples),
            data["study"]["budget"],
            folder / data["folder"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder, error) from error


def _description(plan: Plan, before: dict[str, Any], folder: Path) -> dict[str, Any]:
    extents = [size for size in before.get("extents", []) if size != len(plan.cases)]
    gates = list(before.get("gate_changes", []))
    gate = json.loads(json.dumps(asdict(plan.study.gate)))
    changed = bool(before) and before["study"]["gate"] != gate
    answers = len({record.id for record in read_records(folder / RECORDS)}) if changed else 0
    if answers:
        gates.append({"gate": before["study"]["gate"], "answers": answers})
    return {
        "extents": [*extents, len(plan.cases)],
        "gate_changes": gates,
        "fingerprint": plan.fingerprint,
        "manifest": plan.manifest,
        "system": plan.asked["endpoint"]["model"] or plan.study.system.name,
        "scorer": plan.scorer,
        "study": plan.study.to_dict(),
        "asked": plan.asked,
        "folder": _relative(plan.study.folder, folder),
        "effects": {f"{p.name}@{severity}": p.effect for p, severity in plan.study.clauses},
        "suite": {
            "name": plan.suite.name,
            "title": plan.suite.title,
            "licence": plan.suite.licence,
            "sha256": plan.suite.sha256,
        },
        "versions": versions(),
        "git": commit_of(plan.study.folder),
    }


def _relative(path: Path, start: Path) -> str:
    """The way from one folder to another, as it stands whatever the working folder."""
    try:
        return Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return path.resolve().as_posix()


def commit_of(folder: Path) -> dict[str, Any] | None:
    """The git commit that a folder is at and whether anything in it was changed since; None outside a repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=True)  # noqa: S603
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain", "--", "."))}
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None


def versions() -> dict[str, str]:
    """The versions of what made the results."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("roadtest", "litellm", "openai", "nlpaug", "wordfreq", "pillow", "matplotlib", "xllamacpp"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _check_same(plan: Plan, data: dict[str, Any], folder: Path, extend: bool) -> None:
    if data.get("fingerprint") == plan.fingerprint:
        return
    was, now = data.get("asked", {}), json.loads(json.dumps(plan.asked))
    changed = [key for key in now if now[key] != was.get(key)]
    items = max(data.get("extents", [0]))
    grown = set(changed) == {"items", "variants"} and 0 < items < len(plan.cases)
    if grown and was["variants"] == plan.manifest_of(items):
        if extend and len({case.group or case.id for case in plan.cases}) < len(plan.cases):
            raise ResultsError(
                f"{folder}: its items depend on each other in groups, and groups that were looked at cannot grow; "
                "run the larger study in a folder of its own"
            )
        if extend:
            return
        raise ResultsError(
            f"{folder} holds this study with {items} items; `--extend` adds to it and pays for the new items only"
        )
    raise ResultsError(
        f"{folder} holds another study; {_difference(was, now) or 'its fingerprint differs'}. Give this one a "
        "folder of its own with --into"
    )


def _difference(was: Any, now: Any, name: str = "") -> str:
    """What differs, by name, with both values: `endpoint.temperature was 0.0 and is 0.7`."""
    if isinstance(was, dict) and isinstance(now, dict):
        keys = [key for key in (*was, *(key for key in now if key not in was)) if was.get(key) != now.get(key)]
        told = [_difference(was.get(key), now.get(key), f"{name}.{key}" if name else key) for key in keys]
        return ", ".join(one for one in told if one)
    if name in _HASHED:
        return f"{_HASHED[name]} changed"
    before, after = (json.dumps(value, ensure_ascii=False) for value in (was, now))
    return f"{name} was {_short(before)} and is {_short(after)}"


_HASHED = {
    "variants": "the variants (by another version of a perturbation, or of the suite)",
    "suite": "the suite's file",
    "endpoint.code": "the code of the callable",
}


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def write_json(path: Path, data: Any) -> None:
    """One JSON document, indented, in ASCII; the file is there whole or not at all."""
    _write(path, [json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n"])


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """JSON objects, one a line, in ASCII; the file is there whole or not at all."""
    _write(path, (json.dumps(row, ensure_ascii=True, sort_keys=True) + "\n" for row in rows))


def _write(path: Path, lines: Iterable[str]) -> None:
    """The lines under another name first, so that a half-written file never carries the real one."""
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: cannot be read ({error})") from error
    if not isinstance(data, dict):
        raise ResultsError(f"{path}: expected a JSON object, found {type(data).__name__}")
    return data


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    return (row for _, row in _located_lines(path))


def _located_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    begin = 0
    try:
        with path.open("rb") as file:
            for at, line in enumerate(file, start=1):
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise ResultsError(f"{path}, line {at}: not JSON ({error})") from error
                if not isinstance(row, dict):
                    raise ResultsError(f"{path}, line {at}: is damaged (not a JSON object)")
                yield begin, row
                begin += len(line)
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror}") from error
