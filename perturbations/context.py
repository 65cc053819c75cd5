"""Records and documents as production has them: duplicated, outdated, out of order, full of nulls, in a legacy format.

All of it are edits on the `context` of a case. Where records decide the answer it is derived again from the dirty ones,
by code (`derivation`), and a variant whose answer is not what its effect says is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from random import Random

from ..harness.cases import Case, Edit
from .derivation import UNITS, Query, agrees, canonical, counting, query_of, rederived, relevant
from .perturbation import Proposal, Restating, Turning, perturbation
from .record_text import (
    OTHER_NAMES,
    Field,
    Record,
    Records,
    as_fixed_width,
    as_xml,
    canonical_name,
    read,
)
from .values import decoy

_ALWAYS = (1.0, 1.0, 1.0, 1.0, 1.0)
_SHARE = (0.15, 0.3, 0.5, 0.75, 1.0)
_STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)
_BY_HAND = "how often systems do this is not known: the rates are steps, chosen by hand"
_ONCE = "a context has it or not, so that the severities are one"
_DERIVED = "the answer is derived again from the dirty records by code and is the same"


@dataclass(frozen=True)
class _Site:
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
        values = {_text(record, self.query.field) for record in self.found.records}
        return sorted(value for value in values if value)

    @cached_property
    def newest(self) -> tuple[int, ...]:
        """The records asked about that count, without older versions."""
        return counting(self.found, self.query)


def _site(case: Case) -> _Site | None:
    query = query_of(case)
    found = read(case.context) if query else None
    if query is None or found is None:
        return None
    return _Site(found, query, tuple(number for number, _ in relevant(found, query)), case.choices)


def _text(record: Record, name: str) -> str | None:
    field = record.field(name)
    return field.value if field else None


def _context(start: int, end: int, text: str) -> Edit:
    return Edit(start, end, text, field="context")


def _behind(found: Records, number: int, text: str) -> Edit:
    """A record put in behind another one."""
    end = found.records[number].end
    return _context(end, end, found.separator + text)


def _removed(found: Records, number: int) -> Edit:
    """A record taken out, with what parts it from its neighbour."""
    records = found.records
    if number + 1 < len(records):
        return _context(records[number].start, records[number + 1].start, "")
    return _context(records[number - 1].end if number else records[0].start, records[number].end, "")


# --- records too many, or in another order ------------------------------------------------------------------------


@perturbation(
    "duplicate_records",
    rates=_SHARE,
    measure="records",
    source=f"retries and joins deliver a record twice; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def duplicate_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records come twice, word for word."""
    site = _site(case)
    if site:
        for record in site.found.records:
            draw, behind = rng.random(), rng.randrange(len(site.found.records))
            yield draw, Restating((_behind(site.found, behind, site.found.of(record)),))


@perturbation(
    "out_of_order",
    rates=_STEPS,
    measure="pairs of neighbouring records",
    source=f"parallel writers and merged pages shuffle a log; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def out_of_order(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records stand in another order than they happened: neighbours trade places."""
    site = _site(case)
    if site:
        records = site.found.records
        for first in rng.sample(range(len(records) - 1), len(records) - 1):
            one, two = records[first], records[first + 1]
            between = case.context[one.end : two.start]
            swapped = f"{site.found.of(two)}{between}{site.found.of(one)}"
            yield rng.random(), Restating((_context(one.start, two.end, swapped),))


@perturbation(
    "late_records",
    rates=_STEPS,
    measure="records",
    source=f"queues deliver late what happened early; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def late_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records arrive late: they stand at the end of the log, whatever time they bear."""
    site = _site(case)
    if site:
        last = len(site.found.records) - 1
        for number in range(last):
            record = site.found.of(site.found.records[number])
            yield rng.random(), Restating((_removed(site.found, number), _behind(site.found, last, record)))


def _another(site: _Site, number: int, rng: Random) -> tuple[Field, str] | None:
    """The field of a record that is asked for, and another value that it might have had."""
    field = site.found.records[number].field(site.query.field)
    if field is None or field.value is None or canonical_name(field.name) == canonical_name(site.query.key):
        return None  # a record with another key is about another thing
    made = decoy(field.value, rng)
    if made != field.value and not site.choices:
        return field, made
    others = [
        other
        for other in site.choices or site.asked
        if not agrees(other, field.value) and site.found.fits(field, other)
    ]
    return (field, rng.choice(others)) if others else None


def _version(site: _Site, number: int, days: int, rng: Random) -> str | None:
    """A record as it was, or will be, so many days off, with another value of the field that is asked for."""
    record, other = site.found.records[number], _another(site, number, rng)
    time = record.field(site.query.latest) if site.query.latest and site.query.key else None
    if other is None or time is None or time.value is None or time.name == other[0].name:
        return None
    moved = _moved(time.value, days)
    return site.found.changed(record, {other[0].name: other[1], time.name: moved}) if moved else None


def _moved(time: str, days: int) -> str | None:
    """An ISO date, with or without a time behind it, so many days later."""
    match = re.match(r"\d{4}-\d{2}-\d{2}", time)
    if match is None:
        return None
    try:
        return f"{date.fromisoformat(match[0]) + timedelta(days)}{time[match.end() :]}"
    except (ValueError, OverflowError):
        return None


@perturbation(
    "outdated_record",
    rates=_SHARE,
    measure="records, and the one that is asked about",
    source=f"stores that only append, and caches, keep what was; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def outdated_record(case: Case, rng: Random) -> Iterator[Proposal]:
    """Beside a record stands an older one about the same thing, which says something else: the newest counts."""
    site = _site(case)
    if site and site.query.task == "select":
        for number in range(len(site.found.records)):
            draw, behind = rng.random(), rng.randrange(len(site.found.records))
            old = _version(site, number, -rng.randint(3, 40), rng)
            if old:
                yield -1.0 if number in site.newest else draw, Restating((_behind(site.found, behind, old),))


@perturbation(
    "newer_record",
    effect="updated",
    rates=_ALWAYS,
    measure="contexts with a record that has a time",
    source=f"what is asked about changed after the benchmark was written; {_ONCE}",
    check=rederived,
)
def newer_record(case: Case, rng: Random) -> Iterator[Proposal]:
    """A newer record about the same thing says something else, which is now the answer."""
    site = _site(case)
    if site and site.query.task == "select" and len(site.newest) == 1:
        number, behind = site.newest[0], rng.randrange(len(site.found.records))
        new = _version(site, number, rng.randint(1, 20), rng)
        if new:
            made = read(f"{_head(site.found)}{new}")
            value = _text(made.records[0], site.query.field) if made else None
            if value:
                target = value if case.choices else _in_form(value, case.target)
                yield -1.0, Turning((_behind(site.found, behind, new),), target=target)


def _in_form(value: str, target: str) -> str:
    """A value in the form in which the benchmark wants its answer: an amount with two decimals and without currency."""
    known = canonical(value)
    plain = re.fullmatch(r"-?\d+\.\d{2}", target) and re.fullmatch(r"-?\d+(?:\.\d+)?", known)
    return f"{Decimal(known):.2f}" if plain else value


def _head(found: Records) -> str:
    """What stands before the first record: the header of a table, so that one record can be read on its own."""
    return found.text[: found.records[0].start] if found.format in ("csv", "markdown", "fixed") else ""


@perturbation(
    "silo_conflict",
    effect="clarify",
    rates=_ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"two systems of one company that do not agree; {_ONCE}",
    check=rederived,
)
def silo_conflict(case: Case, rng: Random) -> Iterator[Proposal]:
    """Another system says something else about the same thing at the same time: the right answer is to say so."""
    site = _site(case)
    if site and site.query.task == "select" and len(site.newest) == 1:
        number, behind = site.newest[0], rng.randrange(len(site.found.records))
        other = _another(site, number, rng)
        if other:
            field, value = other
            rival = site.found.changed(site.found.records[number], {field.name: value})
            yield -1.0, Turning((_behind(site.found, behind, rival),))


# --- values and fields that are not there --------------------------------------------------------------------------


def _spare(site: _Site) -> list[Field]:
    """The values that do not decide the answer, in order; a table's come once for each record."""
    return [
        field
        for number, record in enumerate(site.found.records)
        for field in record.fields
        if field.value is not None and not site.decides(number, field)
    ]


@perturbation(
    "api_nulls",
    rates=(0.1, 0.2, 0.35, 0.6, 0.9),
    measure="values that do not decide the answer",
    source=f"an API that fails puts nulls where values were; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def api_nulls(case: Case, rng: Random) -> Iterator[Proposal]:
    """Values that the answer does not need are null."""
    site = _site(case)
    if site:
        for field in _spare(site):
            draw = rng.random()
            null = site.found.written(field, None)
            if site.found.format in ("csv", "markdown", "prose"):
                null = rng.choice(("NULL", "N/A", null or "null"))
            yield draw, Restating((_context(field.start, field.end, null),))


@perturbation(
    "null_answer",
    effect="clarify",
    rates=_ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"an API that fails puts nulls where values were; {_ONCE}",
    check=rederived,
)
def null_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The very value that is asked for is null: the right answer is to say so."""
    site = _site(case)
    if site:
        names_it = canonical_name(site.query.field) == canonical_name(site.query.key)
        numbers = site.about if names_it else site.newest  # an older version has the same key
        fields = [site.found.records[number].field(site.query.field) for number in numbers]
        known = [field for field in fields if field and field.value is not None]
        if known and site.query.task == "count":
            return  # what is counted is what identifies a record
        chosen = known if site.query.task == "select" else rng.sample(known, min(1, len(known)))
        if chosen:
            yield -1.0, Turning(tuple(_context(f.start, f.end, site.found.written(f, None)) for f in chosen))


@perturbation(
    "missing_fields",
    rates=(0.1, 0.2, 0.35, 0.6, 0.9),
    measure="values that do not decide the answer",
    source=f"older clients do not send all fields; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def missing_fields(case: Case, rng: Random) -> Iterator[Proposal]:
    """Fields that the answer does not need are missing from some records; in a table their cells are empty."""
    site = _site(case)
    if site:
        for number, record in enumerate(site.found.records):
            for at, field in enumerate(record.fields):
                draw = rng.random()
                if field.value is not None and not site.decides(number, field):
                    yield draw, Restating((_without_field(site.found, record, at),))


def _without_field(found: Records, record: Record, at: int) -> Edit:
    """A field taken out with its name and what parts it from its neighbour; in a table its value alone."""
    field = record.fields[at]
    if found.format in ("csv", "markdown", "fixed"):
        return _context(field.start, field.end, " " * (field.end - field.start) if found.format == "fixed" else "")
    return _context(*_whole(found, record, at), "")


def _whole(found: Records, record: Record, at: int) -> tuple[int, int]:
    field = record.fields[at]
    if found.format == "prose":  # "Status: shipped." with the blank before it
        return field.name_start - 1, field.end + 1
    quote = 1  # around the name
    if found.format == "xml":
        return field.name_start - quote, found.text.index(">", field.end) + 1
    if at + 1 < len(record.fields):
        return field.name_start - quote, record.fields[at + 1].name_start - quote
    return (record.fields[at - 1].end if at else field.name_start - quote), field.end


@perturbation(
    "missing_answer",
    effect="clarify",
    rates=_ALWAYS,
    measure="contexts with the record that is asked about",
    source=f"a page of results that was not fetched; {_ONCE}",
    check=rederived,
)
def missing_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The record that is asked about is not there: the right answer is to say so."""
    site = _site(case)
    if site and site.query.task == "select" and len(site.about) < len(site.found.records):
        yield -1.0, Turning(tuple(_without(site.found, site.about)))


def _without(found: Records, numbers: Sequence[int]) -> Iterator[Edit]:
    """Runs of records taken out; what parts the rest stays whole."""
    kept = [number for number in range(len(found.records)) if number not in numbers]
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    for first, last in runs:
        if last + 1 < len(found.records):
            yield _context(found.records[first].start, found.records[last + 1].start, "")
        else:
            yield _context(found.records[kept[-1]].end, found.records[last].end, "")


@perturbation(
    "truncated_records",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="what follows the last record that is needed",
    source=f"answers that are cut at a length limit; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def truncated_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """The context breaks off in the middle of a record, behind the last one that the answer needs."""
    site = _site(case)
    if site and site.query.task == "select":
        records = site.found.records
        after = range(max(site.about) + 1, len(records))
        # one cut further to the front after the other; together they are one cut
        until = len(case.context)
        for step, number in enumerate(reversed(after)):
            record = records[number]
            cut = record.start + max(1, int((record.end - record.start) * rng.uniform(0.3, 0.8)))
            yield (-1.0 if step == 0 else step / max(len(after), 1)), Restating((_context(cut, until, ""),))
            until = cut


@perturbation(
    "truncated_answer",
    effect="clarify",
    rates=_ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"answers that are cut at a length limit; {_ONCE}",
    check=rederived,
)
def truncated_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The context breaks off before the value that is asked for: the right answer is to say so."""
    site = _site(case)
    if site and site.query.task == "select":
        fields = [site.found.records[number].field(site.query.field) for number in site.about]
        known = [field for field in fields if field]
        if known:
            start = min(field.start for field in known)
            yield -1.0, Turning((_context(start, len(case.context), ""),))


# --- other names and formats --------------------------------------------------------------------------------------


@perturbation(
    "renamed_fields",
    rates=_STEPS,
    measure="field names",
    source=f"the other names are those of common systems, written down by hand; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def renamed_fields(case: Case, rng: Random) -> Iterator[Proposal]:
    """Fields are called as another system calls them: order_no, orderId, payable_by; one name for each, everywhere."""
    site = _site(case)
    if site is None:
        return
    for name in dict.fromkeys(field.name for record in site.found.records for field in record.fields):
        draw, new = rng.random(), _other_name(name, site.found, rng)
        places = [
            field
            for record in site.found.records
            for field in record.fields
            if field.name == name and not (site.found.format == "prose" and field is record.fields[0])
        ]
        fits = any(site.found.fits(field, new) for field in places)
        edits = dict.fromkeys(edit for field in places for edit in _renamed(site.found, field, new))
        if new != name and fits and edits:
            yield draw, Restating(tuple(edits))


def _renamed(found: Records, field: Field, new: str) -> Iterator[Edit]:
    """Another name in the place of a field's; in XML in its closing tag too, in a column of the same width."""
    start, end = field.name_start, field.name_end
    if found.format == "fixed":
        blanks = re.compile(r" *").match(found.text, end, end + max(len(new) - (end - start), 0))
        yield _context(start, blanks.end() if blanks else end, new.ljust(end - start))
        return
    if found.text[start:end] != field.name:  # written with escapes
        return
    yield _context(start, end, new)
    closing = f"</{field.name}>"
    if found.format == "xml" and found.text.startswith(closing, field.end):
        yield _context(field.end + 2, field.end + 2 + len(field.name), new)


def _other_name(name: str, found: Records, rng: Random) -> str:
    known = list(OTHER_NAMES.get(canonical_name(name), ()))
    if found.format == "prose":
        others = [_words(other).capitalize() for other in known]
    else:
        parts = re.split(r"[\W_]+", name)
        camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
        others = [*known, name.upper(), camel, "".join(part.capitalize() for part in parts)]
    taken = {field.name for record in found.records for field in record.fields}
    if any(other != name and canonical_name(other) == canonical_name(name) for other in taken):
        return name  # what tells two of a kind apart is their names
    free = [other for other in others if other not in taken and canonical_name(other) == canonical_name(name)]
    return rng.choice(free) if free else name


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower()


def _rewritten(case: Case, rng: Random, write: Callable[[str, Random], str | None]) -> Iterator[Proposal]:
    """Values in another form, each a site of its own; the value that is asked for stays as it is to be answered."""
    site = _site(case)
    if site is None:
        return
    asked = canonical_name(site.query.field) if site.query.task == "select" else ""
    for number, record in enumerate(site.found.records):
        for field in record.fields:
            draw = rng.random()
            new = write(field.value, rng) if field.value else None
            if new is None or (canonical_name(field.name) == asked and number in site.about):
                continue
            if agrees(new, field.value) and new != field.value and site.found.fits(field, new):
                yield draw, Restating((_context(field.start, field.end, site.found.written(field, new)),))


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _legacy_date(value: str, rng: Random) -> str | None:
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})([ T]\d{2}:\d{2}.*)?", value)
    if match is None or not 1 <= int(match[2]) <= 12:
        return None
    year, month, day, time = match[1], match[2], match[3], match[4] or ""
    word = _MONTHS[int(month) - 1]
    forms = [f"{day}.{month}.{year}{time}", f"{int(day)} {word} {year}{time}", f"{day}-{word.upper()}-{year}{time}"]
    return rng.choice(forms)


@perturbation(
    "legacy_dates",
    rates=_STEPS,
    measure="dates",
    source=f"the forms are those of older systems; none can be read in two ways; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def legacy_dates(case: Case, rng: Random) -> Iterator[Proposal]:
    """Dates stand in the forms of older systems, mixed with the others: 04.03.2026, 4 Mar 2026, 04-MAR-2026."""
    yield from _rewritten(case, rng, _legacy_date)


def _decimal_comma(value: str, rng: Random) -> str | None:
    match = re.fullmatch(r"(-?\d+)\.(\d{1,2})((?: [A-Z]{3})?)", value)
    if match is None:
        return None
    whole = match[1]
    grouped = f"{int(whole):,}".replace(",", ".") if len(whole) > 3 else whole
    return f"{grouped},{match[2].ljust(2, '0')}{match[3]}"


@perturbation(
    "decimal_commas",
    rates=_STEPS,
    measure="amounts",
    source=f"exports of European systems; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def decimal_commas(case: Case, rng: Random) -> Iterator[Proposal]:
    """Amounts stand with a decimal comma: 1.249,90."""
    yield from _rewritten(case, rng, _decimal_comma)


def _legacy_unit(value: str, rng: Random) -> str | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(kg|km)", value)
    if match is None:
        return None
    factor, base = UNITS[match[2]]
    number = (Decimal(match[1]) * factor).normalize()
    return f"{number:f} {base}"


@perturbation(
    "legacy_units",
    rates=_STEPS,
    measure="weights and distances",
    source=f"one system weighs in grams, another in kilograms; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def legacy_units(case: Case, rng: Random) -> Iterator[Proposal]:
    """Weights and distances stand in another unit: 2400 g."""
    yield from _rewritten(case, rng, _legacy_unit)


def _mojibake(value: str, rng: Random) -> str | None:
    read = value.encode("utf-8", errors="replace")  # half a surrogate pair is no character
    try:
        broken = read.decode("cp1252")
    except UnicodeDecodeError:
        broken = read.decode("latin-1")
    return broken if broken != value and broken.isprintable() else None


@perturbation(
    "mixed_encodings",
    rates=_STEPS,
    measure="values with accents, and the mark at the beginning",
    source=f"UTF-8 that was read as Windows-1252 on the way, and byte order marks; {_BY_HAND}",
    proof=_DERIVED,
    check=rederived,
)
def mixed_encodings(case: Case, rng: Random) -> Iterator[Proposal]:
    """Some values went through the wrong encoding ("ZoÃ«"), and a byte order mark stands before the first."""
    site = _site(case)
    if site:
        if not case.context.startswith("\ufeff"):
            yield -1.0, Restating((_context(0, 0, "\ufeff"),))
        yield from _rewritten(case, rng, _mojibake)


@perturbation(
    "fixed_width",
    rates=_ALWAYS,
    measure="contexts with records",
    source=f"what mainframes print; {_ONCE}",
    proof=_DERIVED,
    check=rederived,
)
def fixed_width(case: Case, rng: Random) -> Iterator[Proposal]:
    """The records come as a table of fixed width."""
    site = _site(case)
    if site:
        yield -1.0, Restating((_context(*_block(site.found), as_fixed_width(site.found)),))


def _block(found: Records) -> tuple[int, int]:
    """Where the records stand with their header or brackets: between the blank lines before and after them."""
    before = list(_BLANK_LINE.finditer(found.text, 0, found.records[0].start))
    after = _BLANK_LINE.search(found.text, found.records[-1].end)
    return before[-1].end() if before else 0, after.start() if after else len(found.text)


_BLANK_LINE = re.compile(r"(?:\r?\n[ \t]*)(?:\r?\n[ \t]*)+")


@perturbation(
    "xml_records",
    rates=_ALWAYS,
    measure="contexts with records",
    source=f"what older interfaces send; {_ONCE}",
    proof=_DERIVED,
    check=rederived,
)
def xml_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """The records come as XML."""
    site = _site(case)
    if site:
        kind = re.sub(r"^\d+|\W+", "", site.query.key).lower() or "record"
        name = "row" if any(canonical_name(f.name) == kind for f in site.found.records[0].fields) else kind
        yield -1.0, Restating((_context(*_block(site.found), as_xml(site.found, name)),))


# --- documents ----------------------------------------------------------------------------------------------------

# Ours: whole documents about nothing in particular, without numbers, dates, names of people or places
_DOCUMENTS = """\
How to clean the coffee machine
Empty the tray, rinse the tank and run the cleaning programme with fresh water. Dry the outside with a soft cloth
and leave the lid open.

House style for presentations
Keep slides short, write in full sentences where it helps, and use the colours of the template. Pictures need a
source.

Quiet room
The quiet room is for work that needs silence. Please take phone calls outside and leave the desk as you would like
to find it.

Recycling at the office
Paper goes into the blue bin, glass into the green one, and batteries into the box beside the printer. When in
doubt, ask at the front desk.

Working from a train
Wireless networks on trains come and go. Save often, switch large downloads off, and use a privacy screen when
sensitive things are open.

Plants in the hallway
The large plants are watered by the caretaker. Please do not move them into the draught, and tell us when leaves
turn yellow.

Feedback culture
Say what you saw, say what it did to you, and say what you would like instead. Thank people who tell you something
unpleasant.

Keyboard shortcuts
Copy, cut and paste work as everywhere. The search field opens from any page, and the help text knows the rest.

Lost property
Things that are found are kept at the front desk for a while and then given to charity. Describe what you lost as
well as you can.

Bicycle shed
The shed is open to everybody with a badge. Lock your bicycle to the rack and leave the space by the door free.
""".strip().split("\n\n")


_COMMON = frozenset(
    """with when from that this what have where your they them then than into like well please thank thanks would could
    should will about there which other some just know tell before after while more most very also only were been back
    still here""".split()
)


def _documents(case: Case, rng: Random) -> list[str]:
    """Documents that share no word of weight with the question and its answers, in random order."""
    if not case.context.strip():
        return []
    known = _weighty(" ".join((case.text, *case.answers)))
    free = [one for one in _DOCUMENTS if known.isdisjoint(_weighty(one))]
    return rng.sample(free, len(free))


def _weighty(text: str) -> set[str]:
    """The words of a text that say what it is about, by their first five letters: `bicycle` and `bicycles` are one."""
    return {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text.lower()) if word not in _COMMON}


@perturbation(
    "irrelevant_documents",
    rates=_STEPS,
    measure="five documents",
    source="the documents are ours; severity is the number of documents that a search brought up besides, by hand",
    proof="whole documents about something else, without a number, date or name, are put around the context",
    check=rederived,
)
def irrelevant_documents(case: Case, rng: Random) -> Iterator[Proposal]:
    """The search brought up documents that have nothing to do with the question, before and after the one that has."""
    end = len(case.context)
    for share, document in zip((0.1, 0.3, 0.5, 0.7, 0.9), _documents(case, rng), strict=False):
        before = rng.random() < 0.5
        edit = _context(0, 0, f"{document}\n\n") if before else _context(end, end, f"\n\n{document}")
        yield share, Restating((edit,))


@perturbation(
    "needed_last",
    rates=_STEPS,
    measure="ten documents",
    source="the documents are ours; severity is how many stand before the needed one, two for each step, by hand",
    proof="whole documents about something else, without a number, date or name, are put before the context",
    check=rederived,
)
def needed_last(case: Case, rng: Random) -> Iterator[Proposal]:
    """The document that is needed comes last, behind many others."""
    for number, document in enumerate(_documents(case, rng)):
        yield (number // 2) / 5 + 0.1, Restating((_context(0, 0, f"{document}\n\n"),))
