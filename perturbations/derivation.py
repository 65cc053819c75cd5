"""The answer that follows from records, by code: what a dirty context still says, no longer says, or says twice.

A case's `query` is an object of strings:

- `select`: the field whose value is the answer; or `count`: the field whose different values are counted; or `sum`: the
  field whose values are added;
- `where`: `field = value`, joined by ` and `: which records count;
- `key` (optional): the field that says what a record is about;
- `latest` (optional): the field by which the newest of several records about the same thing counts.

Records that are the same in every field count once; of records with one key only the newest counts, by `latest`; then
`where` applies. A value that is not there, or several that exclude each other, are no answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

from ..harness.cases import Case, Variant
from ..harness.errors import CaseError
from .record_text import Record, Records, canonical_name, named_as, read

Kind = Literal["answer", "gone", "conflict"]


@dataclass(frozen=True, slots=True)
class Derived:
    """What records say: an answer with its value, that it is gone, or that they conflict; `why` names the reason."""

    kind: Kind
    value: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """How an answer follows from records; see the top of this file. Raises CaseError for what is no query."""

    task: Literal["select", "count", "sum"]
    field: str
    where: tuple[tuple[str, str], ...]
    key: str = ""
    latest: str = ""

    @property
    def needed(self) -> frozenset[str]:
        """The canonical names of the fields that decide the answer."""
        names = (self.field, self.key, self.latest, *(name for name, _ in self.where))
        return frozenset(canonical_name(name) for name in names if name)


def parsed(query: Mapping[str, str]) -> Query:
    """The query of a case. Raises CaseError for an unknown key, for more or less than one task, and a bad `where`."""
    tasks = [task for task in ("select", "count", "sum") if query.get(task, "").strip()]
    unknown = set(query) - {"select", "count", "sum", "where", "key", "latest"}
    if unknown or len(tasks) != 1:
        problem = f"has no key called {min(unknown)!r}" if unknown else "needs one of select, count and sum"
        raise CaseError(f"query {dict(query)!r} {problem} (known: select, count, sum, where, key, latest)")
    task: Literal["select", "count", "sum"] = tasks[0]  # type: ignore[assignment]
    where = tuple(_conditions(query.get("where", "")))
    return Query(task, query[task], where, query.get("key", ""), query.get("latest", ""))


_AND = re.compile(r"\s+and\s+(?=(?:(?!\sand\s)[^=])+=)")  # the last one before an equals sign


def _conditions(where: str) -> Iterator[tuple[str, str]]:
    for condition in _AND.split(where.strip()) if where.strip() else ():
        name, _, value = (part.strip() for part in condition.partition("="))
        if not name or not value:
            raise CaseError(f"query: where = {where!r} must read 'field = value', joined by ' and '")
        yield name, value


def query_of(case: Case) -> Query | None:
    """The case's own query, or the one that is plain to see: its text names one record, whose one field is the answer.

    None for a case without records, and where its query does not give its target.
    """
    return _query_of(case)


@lru_cache(maxsize=1024)
def _query_of(case: Case) -> Query | None:
    query = parsed(case.query) if case.query else None
    found = read(case.context) if case.context else None
    if found is None:
        return None
    query = query or _seen(case, found)
    if query is None:
        return None
    derived = derive(case.context, query)
    return query if derived.kind == "answer" and agrees(derived.value, case.target) else None


_RECKONED = re.compile(r"\bhow (?:many|much)\b|\b(?:total|sum|altogether|average|count)\b", re.IGNORECASE)


def _seen(case: Case, found: Records) -> Query | None:
    if _RECKONED.search(case.text) or (len(case.target) < 4 and not case.target.isalpha()):
        return None  # that a field holds the same number may be chance
    named = [
        (record, field)
        for record in found.records
        for field in record.fields
        if field.value and len(field.value) >= 4 and _mentions(case.text, field.value)
    ]
    records = {record.start: record for record, _ in named}
    answers = [field for record in records.values() for field in record.fields if agrees(field.value, case.target)]
    if len(records) != 1 or len(answers) != 1:
        return None
    record, key = named[0]
    latest = next((field.name for field in record.fields if canonical_name(field.name) in ("updated", "time")), "")
    return Query("select", answers[0].name, ((key.name, key.value or ""),), key.name, latest)


def _mentions(text: str, value: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


# --- deriving -----------------------------------------------------------------------------------------------------

_Row = Mapping[str, str | None]


def derive(context: str, query: Query) -> Derived:
    """What the records of a text say. A pure function of both."""
    found = read(context)
    if found is None:
        return Derived("gone", why="no record can be read")
    rows = [_row(record) for record in found.records]
    unique = list(
        {tuple(sorted((name, canonical(value)) for name, value in row.items())): row for row in rows}.values()
    )
    current = _newest(unique, query)
    held = [row for row in current if _holds(row, query)]
    if query.task == "select":
        return _selected(held, query)
    open_ended = [
        row
        for row in current
        if any(_of(row, name) is None for name, _ in query.where)
        and all(_of(row, name) is None or agrees(_of(row, name), value) for name, value in query.where)
    ]
    if open_ended:
        return Derived("gone", why=f"a record has no {query.where[0][0]}")
    unclear = _unclear(current, query)
    if unclear:
        return Derived("conflict", why=f"it is open which record of {query.key} {unclear} counts")
    return _counted(held, query) if query.task == "count" else _added(held, query)


def _unclear(current: Sequence[_Row], query: Query) -> str:
    """A key of which one version meets `where` and another does not, where none of the two is newer."""
    met: dict[str, bool] = {}
    for row in current if query.key and query.latest else ():
        key = canonical(_of(row, query.key))
        if key and met.setdefault(key, _holds(row, query)) != _holds(row, query):
            return key
    return ""


def counting(found: Records, query: Query) -> tuple[int, ...]:
    """The numbers of the records that the answer is taken from: those asked about, without older versions."""
    rows = [_row(record) for record in found.records]
    current = {id(row) for row in _newest(rows, query)}
    return tuple(number for number, row in enumerate(rows) if id(row) in current and _holds(row, query))


def _row(record: Record) -> dict[str, str | None]:
    return {name: field.value for name, field in record.named.items()}


def _of(row: _Row, name: str) -> str | None:
    return named_as(row, name)


def _holds(row: _Row, query: Query) -> bool:
    return all(agrees(_of(row, name), value) for name, value in query.where)


def _newest(rows: Sequence[_Row], query: Query) -> list[_Row]:
    """Of the records with one key those that are newest; all of them where that cannot be said."""
    if not query.key or not query.latest:
        return list(rows)
    groups: dict[object, list[_Row]] = {}
    for number, row in enumerate(rows):
        key = _of(row, query.key)
        groups.setdefault(number if key is None else canonical(key), []).append(row)
    kept: list[_Row] = []
    for members in groups.values():
        times = [_time(canonical(_of(row, query.latest))) for row in members]
        kinds = {kind for kind, _ in times}
        if len(members) == 1 or "" in kinds or not (len(kinds) == 1 or kinds == {"day", "minute"}):
            kept += members
            continue
        if len(kinds) == 2:  # a day holds all its minutes
            times = [("day", str(time)[:10]) for _, time in times]
        newest = max(time for _, time in times)
        kept += [row for row, (_, time) in zip(members, times, strict=True) if time == newest]
    return kept


def _time(value: str) -> tuple[str, Any]:
    """How a value says when, and a form that sorts: a day, a minute (or second), a moment with a zone, or a number."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return "day", value
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?", value):
        return "minute", value
    if _decimal(value):
        return "number", Decimal(value)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        return "", value
    return ("moment", moment.astimezone(UTC)) if moment.tzinfo else ("", value)


def _selected(held: Sequence[_Row], query: Query) -> Derived:
    if not held:
        return Derived("gone", why="no record is the one that is asked about")
    values = [_of(row, query.field) for row in held]
    known = {canonical(value): value for value in values if value is not None}
    if len(known) > 1:
        return Derived("conflict", why=f"{query.field} is {' and '.join(map(str, known.values()))}")
    if not known:  # a null beside the value says nothing against it
        return Derived("gone", why=f"{query.field} is not there")
    return Derived("answer", str(next(iter(known.values()))))


def _counted(held: Sequence[_Row], query: Query) -> Derived:
    values = [_of(row, query.field) for row in held]
    if any(value is None for value in values):
        return Derived("gone", why=f"a record has no {query.field}")
    return Derived("answer", str(len({canonical(value) for value in values})))


def _added(held: Sequence[_Row], query: Query) -> Derived:
    by_key: dict[object, set[str]] = {}
    for number, row in enumerate(held):
        value = _of(row, query.field)
        if value is None:
            return Derived("gone", why=f"a record has no {query.field}")
        key = _of(row, query.key) if query.key else None
        by_key.setdefault(number if key is None else canonical(key), set()).add(canonical(value))
    if not held:
        return Derived("gone", why="no record is one of those that are asked about")
    if any(len(values) > 1 for values in by_key.values()):
        return Derived("conflict", why=f"one record has two values of {query.field}")
    try:
        total = sum((Decimal(next(iter(values))) for values in by_key.values()), Decimal(0))
    except InvalidOperation:
        total = Decimal("nan")
    if not total.is_finite():
        return Derived("gone", why=f"a value of {query.field} is no number")
    return Derived("answer", f"{total:.2f}")


# --- values -------------------------------------------------------------------------------------------------------

_MONTHS = "january february march april may june july august september october november december".split()
_TIME = r"(?:[ t](?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?z?)?"
_DATES = tuple(
    re.compile(pattern + _TIME, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[ -](?P<word>[a-z]{3,9})[ -](?P<year>\d{4})",
        r"(?P<word>[a-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4})",
    )
)
_AMOUNT = re.compile(r"(?:eur|usd|gbp|chf|[€$£])?\s*(-?[\d.,]+)\s*(?:eur|usd|gbp|chf|[€$£])?")
_MEASURE = re.compile(r"(-?[\d.,]+)\s*([a-z]{1,2})")
UNITS = {
    "kg": (Decimal(1000), "g"),
    "g": (Decimal(1), "g"),
    "km": (Decimal(1000), "m"),
    "m": (Decimal(1), "m"),
    "cm": (Decimal("0.01"), "m"),
}
"""Units that are written for each other: how much of which base unit one of them is."""


@lru_cache(maxsize=16_384)
def canonical(value: str | None) -> str:
    """One form for all ways to write a value: ISO dates, plain decimals, weights in grams, accents mended.

    An empty string stands for no value. A date that can be read in two ways stays as it is.
    """
    if value is None:
        return ""
    text = " ".join(_mended(value.strip()).split()).casefold()
    for pattern in _DATES:
        match = pattern.fullmatch(text)
        if match:
            return _iso(match) or text
    amount = _AMOUNT.fullmatch(text)
    if amount:
        return _decimal(amount[1]) or text
    measure = _MEASURE.fullmatch(text)
    if measure and measure[2] in UNITS:
        number, (factor, base) = _decimal(measure[1]), UNITS[measure[2]]
        if number:
            return f"{_plain(Decimal(number) * factor)} {base}"
    return text


def _mended(value: str) -> str:
    if value.isascii():
        return value
    import ftfy

    return unicodedata.normalize("NFC", ftfy.fix_encoding(value))


def _iso(match: re.Match[str]) -> str:
    parts = match.groupdict()
    word = parts.get("word")
    months = [at for at, month in enumerate(_MONTHS, start=1) if word and month.startswith(word)]
    if word and not months:
        return ""
    try:
        day = date(int(parts["year"]), months[0] if word else int(parts["month"]), int(parts["day"]))
    except ValueError:
        return ""
    if parts["hour"] is None:
        return day.isoformat()
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return ""
    return f"{day.isoformat()} {hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def _decimal(text: str) -> str:
    """The number as a plain decimal; empty where it is none, or could be two. 1.234,50 and 1,234.50 are the same."""
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+,\d+", text) or re.fullmatch(r"-?\d+,\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", text):
        return ""
    return _plain(Decimal(text))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"  # exact: the number of a parcel may be longer than what a Decimal calculates with
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def agrees(one: str | None, other: str | None) -> bool:
    """Whether two ways to write a value mean the same; nothing agrees with a value that is not there."""
    return one is not None and other is not None and canonical(one) == canonical(other)


# --- the check ----------------------------------------------------------------------------------------------------


def rederived(variant: Variant) -> tuple[str, ...]:
    """What is wrong with the right answer of a variant with dirty records, by deriving it again from them.

    `same` must still give the target, `updated` the new one, `clarify` none. A case whose answer no query gives is left
    to other checks.
    """
    query = query_of(variant.case)
    if query is None or variant.messy.context == variant.case.context:
        return ()
    now = derive(variant.messy.context, query)
    if variant.effect == "clarify":
        return (f"the records still say {now.value}",) if now.kind == "answer" else ()
    wanted = variant.target if variant.target is not None else variant.case.target
    if now.kind == "answer" and agrees(now.value, wanted):
        return ()
    return (f"the records say {now.value or now.why} in place of {wanted}",)


def relevant(found: Records, query: Query) -> Iterator[tuple[int, Record]]:
    """The records, with their numbers, that are about what is asked; older versions of them as well."""
    rows = [_row(record) for record in found.records]
    keys = {canonical(_of(row, query.key)) for row in rows if _holds(row, query)} if query.key else set()
    for number, row in enumerate(rows):
        if _holds(row, query) or (query.key and canonical(_of(row, query.key)) in keys):
            yield number, found.records[number]
