"""The journal: one record a line, on the disk before it is counted, each line linked to the one before it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .errors import CaseError, ResultsError
from .replies import Reply

RECORDS = "records.jsonl"
"""The name of the journal in a results folder."""

START = "0" * 64
"""What the first line of a journal is linked to."""

_BLOCK = 1 << 16  # bytes read at once in search of the last whole line
_LINK = b', "chain": "'
_LINKED = len(_LINK) + 64 + len(b'"}\n')  # bytes by which a line grows


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one planned call: a reply, or the kind of failure and its message.

    `id` is the request's; `at` is the UTC time of the end, ISO 8601. `of` is the id of the request that was asked where
    this one reads the same and shares its answer, which was paid once. A failed call is asked again on resume.
    """

    id: str
    at: str
    reply: Reply | None = None
    failure: str = ""
    message: str = ""
    of: str = ""

    @property
    def paid(self) -> float:
        """US dollars that this record stands for; 0 where nothing was paid, or nobody knows."""
        return (self.reply.cost or 0.0) if self.reply is not None and not self.of else 0.0

    def to_line(self) -> bytes:
        """One line of JSON in ASCII, line end included, so that no answer can break the file."""
        data: dict[str, Any] = {name: getattr(self, name) for name in _RECORD}
        if self.reply is not None:
            data["reply"] = {name: getattr(self.reply, name) for name in _REPLY}
        return json.dumps(data, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Record:
        """The record of one line. Raises ValueError, TypeError or KeyError for a line that is not one."""
        data: dict[str, Any] = json.loads(line)
        reply = data.pop("reply")
        data.pop("chain", None)
        if not isinstance(data["id"], str):
            raise TypeError(f"id is {data['id']!r}")
        return cls(reply=None if reply is None else reply_from_dict(reply), **data)


_RECORD = tuple(f.name for f in fields(Record))
_REPLY = tuple(f.name for f in fields(Reply))


def reply_from_dict(data: dict[str, Any]) -> Reply:
    """The reply in a JSON object; what another version wrote besides is left out. Raises CaseError or TypeError."""
    return Reply(**{key: value for key, value in data.items() if key in _REPLY})


def linked(line: bytes, before: str) -> bytes:
    """A line of JSON with one more key, `chain`: the SHA-256 of the `chain` before it and of the line itself."""
    body = line.removesuffix(b"}\n")
    return body + _LINK + hashlib.sha256(before.encode() + body).hexdigest().encode() + b'"}\n'


def link_of(line: bytes) -> str:
    """The `chain` of a line; empty where it has none."""
    link = line[-_LINKED:]
    return link[len(_LINK) : -3].decode("ascii", "replace") if link.startswith(_LINK) and link.endswith(b'"}\n') else ""


def holds(line: bytes, before: str) -> bool:
    """Whether a line is what was written after the line whose `chain` is `before`, byte for byte."""
    return bool(link_of(line)) and linked(line[:-_LINKED] + b"}\n", before) == line


class Journal:
    """An append-only file of records, held by one process at a time.

    Each line carries a hash of itself and of the line before, so that a later change, loss or exchange of lines shows.
    A line that a killed process left half written is cut off when the journal is opened: it was never counted.
    Raises ResultsError where another process holds it, or where a whole line cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: FileIO | None = None
        self._chain = START

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{self.path}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise ResultsError(
                f"{self.path}: another process is writing this journal; wait for it or stop it"
            ) from error
        try:
            self._cut_torn_line()
            self._file = self.path.open("ab", buffering=0)
        except OSError as error:
            self._lock.release()
            raise ResultsError(f"{self.path}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()
        self._lock.release()

    def append(self, *records: Record) -> None:
        """Writes records and waits until the disk has them. Raises ResultsError where it cannot (a full disk)."""
        assert self._file is not None, "the journal is not open"
        lines, chain, end = [], self._chain, self._file.tell()
        for record in records:
            lines.append(linked(record.to_line(), chain))
            chain = link_of(lines[-1])
        try:
            whole = b"".join(lines)
            if self._file.write(whole) != len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
            self._chain = chain
        except OSError as error:
            with contextlib.suppress(OSError):  # what was half written must not melt into the next record
                self._file.truncate(end)
            raise ResultsError(
                f"{self.path}: cannot be written: {error.strerror}; what it holds is safe, and the same command "
                "goes on from there"
            ) from error

    def _cut_torn_line(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                begin = max(0, end - _BLOCK)
                file.seek(begin)
                whole = file.read(end - begin).rfind(b"\n") + 1
                if whole:
                    end = begin + whole
                    break
                end = begin
            if end < size:
                file.truncate(end)
            file.seek(max(0, end - _LINKED))
            self._chain = link_of(file.read(_LINKED)) or START


def read_records(path: Path) -> Iterator[Record]:
    """The records of a journal, in the order in which they came. A torn last line is passed over.

    Raises ResultsError, naming file and line, for any other line that is not a record.
    """
    return (record for _, record in located_records(path))


def located_records(path: Path) -> Iterator[tuple[int, Record]]:
    """The records with the byte at which each begins; see `read_records` and `record_at`."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        begin = 0
        for at, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield begin, Record.from_line(line)
            except (ValueError, TypeError, KeyError, AttributeError, CaseError) as error:
                raise ResultsError(f"{path}, line {at}: not a record ({type(error).__name__}: {error})") from error
            begin += len(line)


def record_at(path: Path, begin: int) -> Record:
    """The record that begins at this byte of a journal."""
    with path.open("rb") as file:
        file.seek(begin)
        return Record.from_line(file.readline())


def contents(path: Path) -> list[bytes]:
    """What a journal says in the end, sorted: a line for each final record, without what clocks and chance decide.

    Left out are times, and how many tries an answer took. Two runs of one plan against a system that gives equal
    answers have equal contents, whatever machine asked them in whatever order.
    """
    found = []
    for record in final_records(path).values():
        reply = record.reply and replace(record.reply, seconds=0.0, first_token=None, attempts=1)
        found.append(replace(record, at="", reply=reply).to_line())
    return sorted(found)


def final_records(path: Path) -> dict[str, Record]:
    """The record that counts for each request: its first reply, else its last failure."""
    final: dict[str, Record] = {}
    for record in read_records(path):
        if record.id not in final or final[record.id].reply is None:
            final[record.id] = record
    return final
