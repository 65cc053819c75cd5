"""Records and documents as production has them: duplicated, outdated, out of order, full of nulls, in disagreement.

All of it are edits on the `context` of a case. Where records decide the answer it is derived again from the dirty ones,
by code (`derivation`), and a variant whose answer is not what its effect says is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from ..harness.cases import Case, Edit
from .derivation import agrees, canonical, rederived
from .perturbation import ALWAYS, STEPS, Proposal, Restating, Turning, perturbation
from .record_edits import BY_HAND, DERIVED, ONCE, Site, in_context, put_behind, site_of, taken_out, text_of
from .record_text import (
    Field,
    Record,
    Records,
    canonical_name,
    read,
)
from .values import decoy

_SHARE = (0.15, 0.3, 0.5, 0.75, 1.0)


# --- records too many, or in another order ------------------------------------------------------------------------


@perturbation(
    "duplicate_records",
    rates=_SHARE,
    measure="records",
    source=f"retries and joins deliver a record twice; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def duplicate_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records come twice, word for word."""
    site = site_of(case)
    if site:
        for record in site.found.records:
            draw, behind = rng.random(), rng.randrange(len(site.found.records))
            yield draw, Restating((put_behind(site.found, behind, site.found.of(record)),))


@perturbation(
    "out_of_order",
    rates=STEPS,
    measure="pairs of neighbouring records",
    source=f"parallel writers and merged pages shuffle a log; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def out_of_order(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records stand in another order than they happened: neighbours trade places."""
    site = site_of(case)
    if site:
        records = site.found.records
        for first in rng.sample(range(len(records) - 1), len(records) - 1):
            one, two = records[first], records[first + 1]
            between = case.context[one.end : two.start]
            swapped = f"{site.found.of(two)}{between}{site.found.of(one)}"
            yield rng.random(), Restating((in_context(one.start, two.end, swapped),))


@perturbation(
    "late_records",
    rates=STEPS,
    measure="records",
    source=f"queues deliver late what happened early; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def late_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """Records arrive late: they stand at the end of the log, whatever time they bear."""
    site = site_of(case)
    if site:
        last = len(site.found.records) - 1
        for number in range(last):
            record = site.found.of(site.found.records[number])
            yield rng.random(), Restating((taken_out(site.found, number), put_behind(site.found, last, record)))


def _another(site: Site, number: int, rng: Random) -> tuple[Field, str] | None:
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


def _version(site: Site, number: int, days: int, rng: Random) -> str | None:
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
    source=f"stores that only append, and caches, keep what was; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def outdated_record(case: Case, rng: Random) -> Iterator[Proposal]:
    """Beside a record stands an older one about the same thing, which says something else: the newest counts."""
    site = site_of(case)
    if site and site.query.task == "select":
        for number in range(len(site.found.records)):
            draw, behind = rng.random(), rng.randrange(len(site.found.records))
            old = _version(site, number, -rng.randint(3, 40), rng)
            if old:
                yield -1.0 if number in site.newest else draw, Restating((put_behind(site.found, behind, old),))


@perturbation(
    "newer_record",
    effect="updated",
    rates=ALWAYS,
    measure="contexts with a record that has a time",
    source=f"what is asked about changed after the benchmark was written; {ONCE}",
    check=rederived,
)
def newer_record(case: Case, rng: Random) -> Iterator[Proposal]:
    """A newer record about the same thing says something else, which is now the answer."""
    site = site_of(case)
    if site and site.query.task == "select" and len(site.newest) == 1:
        number, behind = site.newest[0], rng.randrange(len(site.found.records))
        new = _version(site, number, rng.randint(1, 20), rng)
        if new:
            made = read(f"{_head(site.found)}{new}")
            value = text_of(made.records[0], site.query.field) if made else None
            if value:
                target = value if case.choices else _in_form(value, case.target)
                yield -1.0, Turning((put_behind(site.found, behind, new),), target=target)


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
    rates=ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"two systems of one company that do not agree; {ONCE}",
    check=rederived,
)
def silo_conflict(case: Case, rng: Random) -> Iterator[Proposal]:
    """Another system says something else about the same thing at the same time: the right answer is to say so."""
    site = site_of(case)
    if site and site.query.task == "select" and len(site.newest) == 1:
        number, behind = site.newest[0], rng.randrange(len(site.found.records))
        other = _another(site, number, rng)
        if other:
            field, value = other
            rival = site.found.changed(site.found.records[number], {field.name: value})
            yield -1.0, Turning((put_behind(site.found, behind, rival),))


# --- values and fields that are not there --------------------------------------------------------------------------


def _spare(site: Site) -> list[Field]:
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
    source=f"an API that fails puts nulls where values were; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def api_nulls(case: Case, rng: Random) -> Iterator[Proposal]:
    """Values that the answer does not need are null."""
    site = site_of(case)
    if site:
        for field in _spare(site):
            draw = rng.random()
            null = site.found.written(field, None)
            if site.found.format in ("csv", "markdown", "prose"):
                null = rng.choice(("NULL", "N/A", null or "null"))
            yield draw, Restating((in_context(field.start, field.end, null),))


@perturbation(
    "null_answer",
    effect="clarify",
    rates=ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"an API that fails puts nulls where values were; {ONCE}",
    check=rederived,
)
def null_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The very value that is asked for is null: the right answer is to say so."""
    site = site_of(case)
    if site:
        names_it = canonical_name(site.query.field) == canonical_name(site.query.key)
        numbers = site.about if names_it else site.newest  # an older version has the same key
        fields = [site.found.records[number].field(site.query.field) for number in numbers]
        known = [field for field in fields if field and field.value is not None]
        if known and site.query.task == "count":
            return  # what is counted is what identifies a record
        chosen = known if site.query.task == "select" else rng.sample(known, min(1, len(known)))
        if chosen:
            yield -1.0, Turning(tuple(in_context(f.start, f.end, site.found.written(f, None)) for f in chosen))


@perturbation(
    "missing_fields",
    rates=(0.1, 0.2, 0.35, 0.6, 0.9),
    measure="values that do not decide the answer",
    source=f"older clients do not send all fields; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def missing_fields(case: Case, rng: Random) -> Iterator[Proposal]:
    """Fields that the answer does not need are missing from some records; in a table their cells are empty."""
    site = site_of(case)
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
        return in_context(field.start, field.end, " " * (field.end - field.start) if found.format == "fixed" else "")
    return in_context(*_whole(found, record, at), "")


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
    rates=ALWAYS,
    measure="contexts with the record that is asked about",
    source=f"a page of results that was not fetched; {ONCE}",
    check=rederived,
)
def missing_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The record that is asked about is not there: the right answer is to say so."""
    site = site_of(case)
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
            yield in_context(found.records[first].start, found.records[last + 1].start, "")
        else:
            yield in_context(found.records[kept[-1]].end, found.records[last].end, "")


@perturbation(
    "truncated_records",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    measure="what follows the last record that is needed",
    source=f"answers that are cut at a length limit; {BY_HAND}",
    proof=DERIVED,
    check=rederived,
)
def truncated_records(case: Case, rng: Random) -> Iterator[Proposal]:
    """The context breaks off in the middle of a record, behind the last one that the answer needs."""
    site = site_of(case)
    if site and site.query.task == "select":
        records = site.found.records
        after = range(max(site.about) + 1, len(records))
        # one cut further to the front after the other; together they are one cut
        until = len(case.context)
        for step, number in enumerate(reversed(after)):
            record = records[number]
            cut = record.start + max(1, int((record.end - record.start) * rng.uniform(0.3, 0.8)))
            yield (-1.0 if step == 0 else step / max(len(after), 1)), Restating((in_context(cut, until, ""),))
            until = cut


@perturbation(
    "truncated_answer",
    effect="clarify",
    rates=ALWAYS,
    measure="contexts with the value that is asked for",
    source=f"answers that are cut at a length limit; {ONCE}",
    check=rederived,
)
def truncated_answer(case: Case, rng: Random) -> Iterator[Proposal]:
    """The context breaks off before the value that is asked for: the right answer is to say so."""
    site = site_of(case)
    if site and site.query.task == "select":
        fields = [site.found.records[number].field(site.query.field) for number in site.about]
        known = [field for field in fields if field]
        if known:
            start = min(field.start for field in known)
            yield -1.0, Turning((in_context(start, len(case.context), ""),))


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
    rates=STEPS,
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
        edit = in_context(0, 0, f"{document}\n\n") if before else in_context(end, end, f"\n\n{document}")
        yield share, Restating((edit,))


@perturbation(
    "needed_last",
    rates=STEPS,
    measure="ten documents",
    source="the documents are ours; severity is how many stand before the needed one, two for each step, by hand",
    proof="whole documents about something else, without a number, date or name, are put before the context",
    check=rederived,
)
def needed_last(case: Case, rng: Random) -> Iterator[Proposal]:
    """The document that is needed comes last, behind many others."""
    for number, document in enumerate(_documents(case, rng)):
        yield (number // 2) / 5 + 0.1, Restating((in_context(0, 0, f"{document}\n\n"),))
