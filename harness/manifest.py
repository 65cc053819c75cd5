"""The manifest of a results folder: what was asked of which system, when, by what, and a seal on every file of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from .answers import Answers
from .behaviour import JUDGE, JUDGED
from .chaos import CHAOS
from .errors import ResultsError
from .journal import RECORDS, START, holds, link_of
from .load import LOAD
from .minimal import MINIMAL, SHRINK
from .readings import AUDIT, LABELS
from .results import CASES, STUDY, VARIANTS, Results, write_json

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
"""The manifest of a results folder, and the signature that its owner may put beside it."""

SEALED = (STUDY, CASES, VARIANTS, MINIMAL, AUDIT, LABELS, CHAOS, LOAD, JUDGED)
"""Files of which the manifest holds the SHA-256, as far as they are there. Reports and tables are made from them."""

JOURNALS = (RECORDS, SHRINK, JUDGE)
"""Files whose lines are linked; the manifest holds how many there are and the last link."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: `problems` name what was altered, is missing or stands elsewhere, `notes` what to know."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    records: int

    @property
    def holds(self) -> bool:
        """Whether nothing was altered."""
        return not self.problems


def seal(results: Results, answers: Answers) -> Path:
    """Writes `manifest.json` for what a results folder holds now. A signature of another content is taken away.

    Raises ResultsError where a journal was altered after it was written: nothing altered is ever sealed anew.
    """
    folder = results.folder
    before = read_manifest(folder) if (folder / MANIFEST).exists() else {}
    broken = [problem for name in JOURNALS for problem in _Chain(folder / name, before).problems]
    if broken:
        raise ResultsError(f"{broken[0]}: it was altered after it was written, and is not sealed")
    made = manifest(results, answers)
    if made != before:
        (folder / SIGNATURE).unlink(missing_ok=True)
        write_json(folder / MANIFEST, made)
    return folder / MANIFEST


def manifest(results: Results, answers: Answers) -> dict[str, Any]:
    """What the manifest of a results folder says, as JSON: the same again as long as nothing changes."""
    folder, at = results.folder, answers.at[~np.isnan(answers.at)]
    return {
        "format": 1,
        "name": results.name,
        "fingerprint": results.fingerprint,
        "variants": results.manifest,
        "perturbations": _perturbations(results),
        "suite": results.suite,
        "seed": results.seed,
        "system": results.system,
        "models": [
            {"model": model, "system_fingerprint": fingerprint, "answers": count}
            for (model, fingerprint), count in sorted(answers.models.items())
        ],
        "first_answer": _iso(float(at.min())) if len(at) else None,
        "last_answer": _iso(float(at.max())) if len(at) else None,
        "versions": results.versions,
        "git": results.git,
        "files": {name: file_digest(folder / name) for name in SEALED if (folder / name).exists()},
        "journals": {
            name: {"records": chain.records, "head": chain.head}
            for name in JOURNALS
            if (chain := _Chain(folder / name, {})).records or (folder / name).exists()
        },
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a results folder. Raises ResultsError where there is none, or where it is damaged."""
    path = folder / MANIFEST
    try:
        data: Any = json.loads(path.read_bytes())
        if not (isinstance(data["journals"], dict) and isinstance(data["files"], dict)):
            raise TypeError("no files or journals")
    except FileNotFoundError as error:
        raise ResultsError(f"{path}: is not there; the run that seals it has not finished") from error
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsError(f"{path}: is damaged ({type(error).__name__}: {error})") from error
    found: dict[str, Any] = data
    return found


def verify(folder: Path) -> Verification:
    """Compares a results folder with its manifest: every file by its hash, every record by its link and its place.

    A record that was altered, taken out, put in or exchanged is found without exception, as long as the manifest is
    the one that was sealed: keep its hash elsewhere, or sign it. Raises ResultsError for a folder without a manifest.
    """
    if not folder.is_dir():
        raise ResultsError(f"{folder}: is not a results folder")
    known = read_manifest(folder)
    problems, notes = list[str](), list[str]()
    for name, digest in known["files"].items():
        path = folder / name
        if not path.exists():
            problems.append(f"{path}: is missing")
        elif file_digest(path) != digest:
            problems.append(f"{path}: was altered after it was sealed")
    notes += [
        f"{folder / name} came after the seal; `roadtest run` on the same study seals it too"
        for name in SEALED
        if name not in known["files"] and (folder / name).exists()
    ]
    records = 0
    for name in JOURNALS:
        chain = _Chain(folder / name, known)
        problems += chain.problems
        records += chain.records
        if chain.unsealed:
            notes.append(
                f"{folder / name}: {chain.unsealed} records came after the seal (a run that did not finish); they are "
                "linked, but that none is missing at the end cannot be told"
            )
    if not problems:
        problems += _strangers(folder, known)
    return Verification(tuple(problems), tuple(notes), records)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Chain:
    """One pass over a journal: `problems` by line, the number of records, the last link, and how many are unsealed."""

    path: Path
    known: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    records: int = 0
    head: str = START
    unsealed: int = 0

    def __post_init__(self) -> None:
        sealed = self.known.get("journals", {}).get(self.path.name, {"records": 0, "head": START})
        at_seal = START
        for number, line in enumerate(self._lines(), start=1):
            if not holds(line, self.head):
                self.problems.append(f"{self.path}, line {number}: is not what was written there")
            self.head = link_of(line) or hashlib.sha256(line).hexdigest()
            self.records = number
            if number == sealed["records"]:
                at_seal = self.head
        if self.records < sealed["records"]:
            self.problems.append(f"{self.path}: has {self.records} records, {sealed['records']} were sealed")
        elif at_seal != sealed["head"] and not self.problems:
            self.problems.append(f"{self.path}, line {sealed['records']}: is not the record that was sealed there")
        self.unsealed = max(self.records - sealed["records"], 0) if self.known else 0

    def _lines(self) -> Iterator[bytes]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # what is half written was never counted
                    yield line


def _perturbations(results: Results) -> dict[str, str]:
    """For each perturbation with its severity the SHA-256 of what it made of all cases: equal on every machine."""
    hashes = {name: hashlib.sha256() for name in results.asked}
    numbering = results.numbering
    with (results.folder / VARIANTS).open("rb") as file:
        for at, line in enumerate(file):
            hashes[results.asked[numbering.condition_of(numbering.clean + at)]].update(line)
    return {name: one.hexdigest() for name, one in hashes.items()}


def _strangers(folder: Path, known: dict[str, Any]) -> Iterator[str]:
    """Whether the manifest belongs to the study beside it, and the variants to both."""
    study = json.loads((folder / STUDY).read_bytes())
    for key, name in (("fingerprint", "fingerprint"), ("manifest", "variants")):
        if study.get(key) != known.get(name):
            yield f"{folder / MANIFEST}: its {name} is not that of {STUDY}"
    made, separator = hashlib.sha256(b"["), b""
    with (folder / VARIANTS).open("rb") as file:
        for line in file:
            row = json.loads(line)
            row.pop("changed")
            made.update(separator + json.dumps(json.dumps(row, sort_keys=True), ensure_ascii=True).encode("ascii"))
            separator = b","
    made.update(b"]")
    if made.hexdigest() != known.get("variants"):
        yield f"{folder / VARIANTS}: does not hold the variants that the study made"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
