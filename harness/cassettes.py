"""Cassettes: the answers of a run in a file of their own, to be given again without an endpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from .calls import Plan, Request
from .errors import CaseError, EndpointError, ResultsError
from .frames import said
from .journal import located_records, reply_from_dict
from .marks import pictures
from .replies import Reply
from .seeds import digest


class Cassette:
    """Answers by what was asked: the settings that decide answers, the chat turns, and which repeat of them it is.

    A request that is not there is an EndpointError of kind `missing`, which stops a replay: nothing is ever asked in
    its place. Raises ResultsError, with file and line, for a file that is no cassette.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path = path
        self._identity = _identity(plan)
        self._replies = dict(_read(path))

    async def __call__(self, request: Request) -> Reply:
        """The recorded answer to a planned call."""
        reply = self._replies.get(_key(self._identity, request))
        if reply is None:
            asked = " ".join(said(request.messages[-1]).split())
            raise EndpointError(
                "missing",
                f"{self.path} has no answer to {request.id} ({asked[:80]!r}); the study or "
                f"the system changed since it was recorded: record it again with --record {self.path}",
            )
        return reply


def record(plan: Plan, journal: Path, path: Path) -> int:
    """Writes all answers of a journal to a cassette, sorted, and gives their number.

    Only replies and digests of what was asked are written: no key, no header, no address. Raises ResultsError where
    the file cannot be written.
    """
    identity = _identity(plan)
    lines: dict[str, str] = {}
    for _, one in located_records(journal):
        number = plan.numbering.number_of(one.id)
        if one.reply is None or number is None:
            continue
        key = _key(identity, plan.request(number))
        lines.setdefault(key, json.dumps({"key": key, "id": one.id, "reply": asdict(one.reply)}, sort_keys=True) + "\n")
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(lines[key] for key in sorted(lines))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written: {error.strerror}") from error
    return len(lines)


def _identity(plan: Plan) -> str:
    return digest(json.dumps(plan.asked["endpoint"], sort_keys=True)).hex()


def _key(identity: str, request: Request) -> str:
    turns = [part for message in request.messages for part in (message["role"], said(message))]
    if request.variant is not None:  # what a picture shows and how, not its bytes, which change with Pillow's version
        turns += [repr(picture) for picture in pictures(request.variant.text)]
    return digest(identity, request.repeat, "clean" if request.variant is None else "messy", *turns).hex()


def _read(path: Path) -> Iterator[tuple[str, Reply]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"{path}: cannot be read: {error.strerror}; `roadtest run STUDY --record {path}` makes it"
        ) from error
    for at, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield str(row["key"]), reply_from_dict(row["reply"])
        except (ValueError, KeyError, TypeError, AttributeError, CaseError) as error:
            raise ResultsError(f"{path}, line {at}: not an answer of a cassette ({error})") from error
