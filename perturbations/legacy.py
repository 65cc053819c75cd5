"""The same records as an older or another system writes them: other names, dates, units, encodings and layouts.

No fact changes. The answer is derived again from what came out, by code, as in the family `context`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random

from ..harness.cases import Case, Edit
from .derivation import UNITS, agrees, rederived
from .perturbation import ALWAYS, STEPS, Proposal, Restating, perturbation
from .record_edits import BY_HAND, DERIVED, ONCE, in_context, site_of
from .record_text import OTHER_NAMES, Field, Records, as_fixed_width, as_xml, canonical_name


@perturbation(
    "renamed_fields",
    rates=STEPS,
    measure="field names",
    source=f"the other names are those of common systems, written down by hand; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def renamed_fields(case: Case, rng: Random) -> Iterator[Proposal]:
    """Fields are called as another system calls them: order_no, orderId, payable_by; one name for each, everywhere."""
    site = site_of(case)
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
        yield in_context(start, blanks.end() if blanks else end, new.ljust(end - start))
        return
    if found.text[start:end] != field.name:  # written with escapes
        return
    yield in_context(start, end, new)
    closing = f"</{field.name}>"
    if found.format == "xml" and found.text.startswith(closing, field.end):
        yield in_context(field.end + 2, field.end + 2 + len(field.name), new)


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
    site = site_of(case)
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
                yield draw, Restating((in_context(field.start, field.end, site.found.written(field, new)),))


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
    rates=STEPS,
    measure="dates",
    source=f"the forms are those of older systems; none can be read in two ways; {BY_HAND}",
    proof=DERIVED,
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
    rates=STEPS,
    measure="amounts",
    source=f"exports of European systems; {BY_HAND}",
    proof=DERIVED,
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
    rates=STEPS,
    measure="weights and distances",
    source=f"one system weighs in grams, another in kilograms; {BY_HAND}",
    proof=DERIVED,
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
    rates=STEPS,
    measure="values with accents, and the mark at the beginning",
    source=f"UTF-8 that was read as Windows-1252 on the way, and byte order marks; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def mixed_encodings(case: Case, rng: Random) -> Iterator[Proposal]:
    """Some values went through the wrong encoding ("ZoÃ«"), and a byte order mark stands before the first."""
    site = site_of(case)
    if site:
        if not case.context.startswith("\ufeff"):
            yield -1.0, Restating((in_context(0, 0, "\ufeff"),))
        yield from _rewritten(case, rng, _mojibake)


@perturbation(
    "fixed_width",
    rates=ALWAYS,
    measure="contexts with records",
    source=f"what mainframes print; {ONCE}",
    proof=DERIVED,
    check=rederived,
)
def fixed_width(case: Case, rng: Random) -> Iterator[Proposal]:
    """The records come as a table of fixed width."""
    site = site_of(case)
    if site:
        yield -1.0, Restating((in_context(*_block(site.found), as_fixed_width(site.found)),))


def _block(found: Records) -> tuple[int, int]:
    """Where the records stand with their header or brackets: between the blank lines before and after them."""
    before = list(_BLANK_LINE.finditer(found.text, 0, found.records[0].start))
    after = _BLANK_LINE.search(found.text, found.records[-1].end)
    return before[-1].end() if before else 0, after.start() if after else len(found.text)


_BLANK_LINE = re.compile(r"(?:\r?\n[ \t]*)(?:\r?\n[ \t]*)+")


@perturbation(
    "xml_records",
    rates=ALWAYS,
    measure="contexts with records",
    source=f"what older interfaces send; {ONCE}",
    proof=DERIVED,
    check=rederived,
)
def xml_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """The records come as XML."""
    site = site_of(case)
    if site:
        kind = re.sub(r"^\d+|\W+", "", site.query.key).lower() or "record"
        name = "row" if any(canonical_name(f.name) == kind for f in site.found.records[0].fields) else kind
        yield -1.0, Restating((in_context(*_block(site.found), as_xml(site.found, name)),))
