"""What the families that change records share: where a case's records stand, what decides its answer, and edits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..harness.cases import Case, Edit
from .derivation import Query, counting, query_of, relevant
from .record_text import Field, Record, Records, canonical_name, read

BY_HAND = "how often systems do this is not known: the rates are steps, chosen by hand"
ONCE = "a context has it or not, so that the severities are one"
DERIVED = "the answer is derived again from the dirty records by code and is the same"


@dataclass(frozen=True)
class Site:
    """The records of a case with what decides its answer: `about` are the numbers of the records asked about."""

    found: Records
    query: Query
    about: tuple[int, ...]
    choices: tuple[str, ...]

    def decides(self, number: int, field: Field) -> bool:
        """Whether the answer may hang on this field of this record; what opens a record of prose makes it one."""
        name = canonical_name(field.name)
        if self.found.format == "prose" and field is self.found.records[number].fields[0]:
            return True
        if self.query.task == "sum" and not self.query.key:  # what tells two records apart keeps both in the sum
            return True
        if self.query.task == "select" and name == canonical_name(self.query.field) and number not in self.about:
            return False
        return name in self.query.needed

    @cached_property
    def asked(self) -> list[str]:
        """The different values of the field that is asked for, in all records."""
        values = {text_of(record, self.query.field) for record in self.found.records}
        return sorted(value for value in values if value)

    @cached_property
    def newest(self) -> tuple[int, ...]:
        """The records asked about that count, without older versions."""
        return counting(self.found, self.query)


def site_of(case: Case) -> Site | None:
    """Where the answer stands in a case's records; None where it has none, or they do not decide the answer."""
    query = query_of(case)
    found = read(case.context) if query else None
    if query is None or found is None:
        return None
    return Site(found, query, tuple(number for number, _ in relevant(found, query)), case.choices)


def text_of(record: Record, name: str) -> str | None:
    """The value of a record's field of this name, None where it lacks it."""
    field = record.field(name)
    return field.value if field else None


def in_context(start: int, end: int, text: str) -> Edit:
    """An edit of the `context`: its characters from `start` to `end` become `text`."""
    return Edit(start, end, text, field="context")


def put_behind(found: Records, number: int, text: str) -> Edit:
    """A record put in behind another one."""
    end = found.records[number].end
    return in_context(end, end, found.separator + text)


def taken_out(found: Records, number: int) -> Edit:
    """A record taken out, with what parts it from its neighbour."""
    records = found.records
    if number + 1 < len(records):
        return in_context(records[number].start, records[number + 1].start, "")
    return in_context(records[number - 1].end if number else records[0].start, records[number].end, "")
