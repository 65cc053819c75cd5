"""The results folder: what was asked, of which variants, and every answer."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .cases import Case, Edit, Variant
from .errors import CaseError, ResultsError
from .journal import RECORDS, Record, final_records
from .study import Gate, Plan

STUDY, CASES, VARIANTS = "study.json", "cases.jsonl", "variants.jsonl"


@dataclass(frozen=True)
class Results:
    """A results folder, read: everything that a report needs, without a network.

    `records` holds, for each request id, the record that counts. Variants that changed nothing have no record.
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
    cases: dict[str, Case]
    variants: tuple[Variant, ...]
    records: dict[str, Record]
    versions: dict[str, str]

    def clean_record(self, case_id: str, repeat: int) -> Record | None:
        """The record of one clean call."""
        return self.records.get(f"{case_id}/clean#{repeat}")


def prepare(plan: Plan, folder: Path) -> Path:
    """Writes what the plan asks into the folder, or checks that the folder holds this very plan; gives the journal.

    Raises ResultsError, naming what differs, where the folder holds another study.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = folder / STUDY
        if known.exists():
            _check_same(plan, _read_json(known), folder)
        elif (folder / RECORDS).exists():
            raise ResultsError(
                f"{folder}: holds answers ({RECORDS}) of a study that is gone ({STUDY}); use another folder"
            )
        else:
            _write(folder / CASES, (_line(case.to_dict()) for case in plan.cases))
            _write(folder / VARIANTS, (_line(variant.to_dict()) for variant in plan.variants))
        # last, so that the folder is whole; and each time, because gate and scorer may change without a new call
        _write(known, [json.dumps(_description(plan), indent=2, ensure_ascii=True) + "\n"])
    except OSError as error:
        raise ResultsError(f"{folder}: cannot be written: {error.strerror}") from error
    return folder / RECORDS


def read_results(folder: Path) -> Results:
    """The results in a folder. Raises ResultsError where it is not one or a file in it is damaged."""
    if not (folder / STUDY).is_file():
        raise ResultsError(f"{folder}: not a results folder (no {STUDY} in it); `roadtest run STUDY` prints the folder")
    data = _read_json(folder / STUDY)
    try:
        cases = {case.id: case for case in (Case.from_dict(row) for row in _read_lines(folder / CASES))}
        variants = tuple(
            Variant(
                case=cases[row["case"]],
                perturbation=row["perturbation"],
                severity=row["severity"],
                draw=row["draw"],
                edits=tuple(Edit(**edit) for edit in row["edits"]),
                effect=row["effect"],
                target=row["target"],
            )
            for row in _read_lines(folder / VARIANTS)
        )
        study = data["study"]
        return Results(
            folder=folder,
            name=study["name"],
            fingerprint=data["fingerprint"],
            manifest=data["manifest"],
            scorer=data["scorer"],
            gate=Gate(**study["gate"]),
            repeats=study["repeats"],
            draws=study["draws"],
            seed=study["seed"],
            system=data["system"],
            cases=cases,
            variants=variants,
            records=final_records(folder / RECORDS),
            versions=data["versions"],
        )
    except (KeyError, TypeError, CaseError) as error:
        raise ResultsError(f"{folder}: {STUDY}, {CASES} or {VARIANTS} is damaged ({error})") from error


def _description(plan: Plan) -> dict[str, Any]:
    return {
        "fingerprint": plan.fingerprint,
        "manifest": plan.manifest,
        "system": plan.asked["endpoint"]["model"] or plan.asked["endpoint"]["callable"],
        "scorer": plan.scorer,
        "study": plan.study.to_dict(),
        "asked": plan.asked,
        "suite": {"name": plan.suite.name, "title": plan.suite.title, "licence": plan.suite.licence},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """The versions of what made the results."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("roadtest", "litellm", "openai", "nlpaug", "xllamacpp"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _check_same(plan: Plan, data: dict[str, Any], folder: Path) -> None:
    if data.get("fingerprint") == plan.fingerprint:
        return
    was, now = data.get("asked", {}), plan.asked
    changed = [key for key in now if json.loads(json.dumps(now[key])) != was.get(key)]
    raise ResultsError(
        f"{folder} holds another study (it differs in {', '.join(changed) or 'its fingerprint'}); "
        "give this one a folder of its own with --into"
    )


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, sort_keys=True) + "\n"


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
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as file:
            for at, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ResultsError(f"{path}, line {at}: not JSON ({error})") from error
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror}") from error
