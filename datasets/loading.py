"""Reads suites: cases in JSONL, with a card that says what they are and how they are asked."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..harness.cases import Case
from ..harness.errors import CaseError, StudyError, did_you_mean
from ..harness.frames import Frame
from ..harness.marks import CLOSE, OPEN

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Suite:
    """A clean benchmark: its cases, the frame they are asked in, and the name of the scorer that reads the answers.

    `sha256` is that of the JSONL file. A file of the user's own has no card: its frame is the bare text and its
    scorer is empty, to be named by the study.
    """

    name: str
    cases: tuple[Case, ...]
    sha256: str
    frame: Frame = field(default_factory=Frame)
    scorer: str = ""
    title: str = ""
    licence: str = ""


def suite_names() -> list[str]:
    """The built-in suites."""
    return sorted(path.stem for path in _HERE.glob("*.jsonl"))


def load_suite(name: str, folder: Path | None = None) -> Suite:
    """A built-in suite by name, or a JSONL file by path, relative paths counted from `folder`.

    Raises StudyError for an unknown name, and CaseError with file and line for a line that is not a case.
    """
    if name in suite_names():
        path = _HERE / f"{name}.jsonl"
        card = read_card(path.with_suffix(".md"))
        frame = card.get("frame", {})
        return Suite(
            name,
            read_cases(path),
            _sha256(path),
            Frame(
                system=frame.get("system", ""),
                template=frame.get("template", "{text}"),
                examples=tuple((example["user"], example["assistant"]) for example in frame.get("examples", ())),
            ),
            scorer=card["scorer"],
            title=card["title"],
            licence=card["licence"],
        )
    path = (folder or Path()) / name
    if not path.is_file():
        if path.suffix in (".jsonl", ".json") or "/" in name:
            raise StudyError(f"no file {path}: suite must be a JSONL file or one of {', '.join(suite_names())}")
        raise StudyError(
            f"no suite called {name!r}{did_you_mean(name, suite_names())} (built in: {', '.join(suite_names())}; "
            "or the path of a JSONL file)"
        )
    return Suite(path.stem, read_cases(path), _sha256(path))


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a JSONL file in UTF-8, one JSON object a line; blank lines are passed over.

    Raises CaseError, naming file and line, for a line that is not JSON or not a case, for a duplicate id, for text that
    cannot be sent as UTF-8, and for a file without any case.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        broken = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CaseError(f"{path}, line {broken}: not UTF-8 ({error.reason})") from error
    cases: dict[str, Case] = {}
    lines: dict[str, int] = {}
    for at, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            case = Case.from_dict(json.loads(line, parse_constant=_no_constant))
            check_sendable(case)
        except json.JSONDecodeError as error:
            raise CaseError(f"{path}, line {at}: not JSON: {error.msg} (column {error.colno})") from error
        except RecursionError as error:
            raise CaseError(f"{path}, line {at}: nested too deeply") from error
        except CaseError as error:
            raise CaseError(f"{path}, line {at}: {error}") from error
        if case.id in cases:
            raise CaseError(f"{path}, line {at}: the id {case.id!r} was used in line {lines[case.id]} already")
        cases[case.id], lines[case.id] = case, at
    if not cases:
        raise CaseError(f"{path}: no cases in it; expected one JSON object a line with id, text and target")
    return tuple(cases.values())


def read_card(path: Path) -> dict[str, Any]:
    """The head of a dataset card: the TOML between its two `+++` lines."""
    _, head, _ = path.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(head)


def check_sendable(case: Case) -> None:
    """Raises CaseError, naming the field, for text that cannot be sent as UTF-8, or could be read as a mark.

    Failures that were kept as regression cases (`provenance` says when) hold the marks of their mess.
    """
    for name, value in case.to_dict().items():
        try:
            written = json.dumps(value, ensure_ascii=False).encode("utf-8").decode()
            if (OPEN in written or CLOSE in written) and "kept" not in case.provenance:
                raise CaseError(f"{name} holds U+FDD0 or U+FDD1, which are no characters, and which marks are made of")
        except UnicodeEncodeError as error:
            raise CaseError(f"{name} holds a lone surrogate, which cannot be sent as UTF-8 ({error.reason})") from error


def _no_constant(name: str) -> None:
    raise CaseError(f"{name} is not a value a case can hold")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
