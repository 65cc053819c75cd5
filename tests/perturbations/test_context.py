"""Perturbations of records, on generated sets, checked by a second derivation that shares no code with the first."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from random import Random
from xml.etree import ElementTree

import pytest
from roadtest.harness import Case, CaseError
from roadtest.perturbations import PERTURBATIONS, SEVERITIES, find
from roadtest.perturbations.derivation import agrees, derive, query_of

CONTEXT = [name for name, one in PERTURBATIONS.items() if one.family == "context"]
EFFECT = {name: PERTURBATIONS[name].effect for name in CONTEXT}
SETS = 1_000
STACKS = [
    "duplicate_records+outdated_record",
    "outdated_record+duplicate_records",
    "xml_records+api_nulls",
    "api_nulls+xml_records",
    "xml_records+duplicate_records",
    "fixed_width+mixed_encodings",
    "mixed_encodings+fixed_width",
    "api_nulls+legacy_dates+late_records",
    "late_records+truncated_records",
    "truncated_records+outdated_record",
    "renamed_fields+missing_fields+duplicate_records",
    "decimal_commas+legacy_units+legacy_dates+mixed_encodings+out_of_order",
    "needed_last+irrelevant_documents+api_nulls",
    "newer_record+duplicate_records",
    "xml_records+newer_record",
    "newer_record+outdated_record+legacy_dates",
    "silo_conflict+renamed_fields",
    "null_answer+duplicate_records",
    "missing_answer+late_records",
    "truncated_answer+duplicate_records",
    "typos+api_nulls",
]


# --- sets of records ----------------------------------------------------------------------------------------------

LAYOUTS = {
    "orders": "order customer item status amount ordered carrier city updated".split(),
    "invoices": "invoice customer amount issued due_date status city updated".split(),
    "events": "event order time status place carrier weight".split(),
    "shipments": "shipment order customer weight distance carrier city status updated".split(),
}
NAMES = [
    *("Zoë Müller|Věra Hájková|Małgorzata Wójcik|José Ibáñez|Åsa Sjöberg|Íñigo Barrón|Kärt Põld|Gökçe Yıldız").split("|"),
    *("Ewa Dąbrowska|Renée Béranger|Søren Ørsted|Ruth Ellison|Theo Barlow|Yuki Tanabe|Boris Hartmann").split("|"),
    *("Seán O'Brien|Grant and Sons|Ada Quill, Jr.|Liz 'Bo' Lee|Anne-Marie d'Arc|Noor Bakker").split("|"),
]
POOLS = {
    "item": 'desk lamp/salt and pepper mill/chair, oak/12" monitor/crème brûlée torch/tea (green)/A|B switch'.split("/"),
    "status": "processing|packed|shipped|on hold|out for delivery|at the depot|open|paid|overdue".split("|"),
    "carrier": "Norpost|Marlin Express|Fennbox|Güterlinie|Kestrel & Co|Larkline|Bluewing".split("|"),
    "city": "Łódź|Münster|St. Gallen|Leeds|Málaga|Besançon|Tromsø|Kiel|'s-Hertogenbosch".split("|"),
    "place": "Aachen hub|Metz|Łódź depot|Dock 7|St. Pölten|Arnhem|Poznań".split("|"),
}
WHEN = ("ordered", "updated", "issued", "due_date", "time")
MEASURED = ("weight", "distance")


@dataclass(frozen=True)
class Question:
    """What is asked of a set, in the terms of the second derivation."""

    task: str
    field: str
    where: tuple[tuple[str, str], ...]
    key: str
    latest: str

    @property
    def query(self) -> dict[str, str]:
        where = " and ".join(f"{name} = {value}" for name, value in self.where)
        found = {self.task: self.field, "where": where, "key": self.key, "latest": self.latest}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Set:
    """Records with a question and its case. `form` is how they are written."""

    form: str
    question: Question
    case: Case


Row = dict[str, str | None]


@lru_cache(maxsize=4096)
def made(name: str, forms: Sequence[str] = ("json", "jsonl", "csv", "markdown", "prose")) -> Set:
    """A set of records: a pure function of its name."""
    rng = Random(f"records {name}")
    while True:
        kind, form = rng.choice(list(LAYOUTS)), rng.choice(forms)
        rows, question = drawn(rng, kind)
        fields = chosen(rng, kind, question)
        rows = [{field: row[field] for field in fields} for row in rows]
        for row in rows:
            for field in fields:
                if field not in needed(question) | {fields[0]} and rng.random() < 0.06:
                    row[field] = None
        right = answer([{name: same(name, value) for name, value in row.items()} for row in rows], question)
        asked = {row[question.field] for row in rows if right == same(question.field, row[question.field])}
        if right is None or (question.task == "select" and len(asked) != 1):
            continue
        context = written(rng, kind, form, fields, rows)
        target = next(iter(asked)) if question.task == "select" else right if question.task == "count" else f"{right:.2f}"
        text = f"My question is about {question.where[0][1]}. What do the records say?"
        return Set(form, question, Case(name, text, str(target), context=context, query=question.query))


def needed(question: Question) -> set[str]:
    names = {question.field, question.key, question.latest, *(name for name, _ in question.where)}
    return names - {""}


def drawn(rng: Random, kind: str) -> tuple[list[Row], Question]:
    count = rng.randint(2, 9)
    style = rng.choice(("{}", "KL-{}", "{}", "A{}"))
    numbers = [style.format(number) for number in rng.sample(range(1000, 99_999), 2 * count)]
    people = rng.sample(NAMES, count)
    if rng.random() < 0.4:  # somebody has several
        people[: rng.randint(1, count)] = [people[0]] * rng.randint(1, count)
        people = (people * count)[:count]
    start = datetime(2026, 1, 5, 8)
    stamp = rng.choice(("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"))
    rows: list[Row] = []
    for at in range(count):
        day = start + timedelta(days=rng.randint(0, 120))
        row: Row = {name: rng.choice(pool) for name, pool in POOLS.items()}
        row |= {"customer": people[at], "weight": f"{rng.randint(4, 290) / 10:g} kg", "distance": f"{rng.randint(2, 900)} km"}
        row |= {"amount": f"{rng.randint(5, 1900)}.{rng.choice(('00', '90', '05', '25', '99'))}"}
        row |= {"ordered": f"{day:%Y-%m-%d}", "issued": f"{day:%Y-%m-%d}"}
        row |= {name: f"{day + timedelta(days=rng.randint(1, 40)):%Y-%m-%d}" for name in ("updated", "due_date")}
        row |= {"time": (start + timedelta(minutes=rng.randint(0, 9000), seconds=rng.randint(0, 59))).strftime(stamp)}
        row |= {name: numbers[at] for name in ("event", "invoice", "shipment")} | {"order": numbers[count + at]}
        rows.append(row)
    if kind == "events":
        orders = numbers[: rng.randint(1, max(1, count // 2))]
        for row in rows:
            row["order"] = rng.choice(orders)
        return rows, Question("select", rng.choice("status place carrier".split()), (("order", str(rows[0]["order"])),), "order", "time")
    key = LAYOUTS[kind][0]
    if rng.random() < 0.3:  # older versions stand there already
        for row in rng.sample(rows, rng.randint(1, count)):
            if len(rows) < 9:
                old = {"status": rng.choice(POOLS["status"]), "city": rng.choice(POOLS["city"])}
                when = datetime.fromisoformat(str(row["updated"])) - timedelta(days=rng.randint(1, 30))
                rows.insert(rng.randint(0, len(rows)), row | old | {"updated": f"{when:%Y-%m-%d}"})
    if rng.random() < 0.1:
        rows.insert(rng.randint(0, len(rows)), dict(rng.choice(rows)))
    return rows[:9], asked(rng, kind, key, rng.choice(rows[:9]))


def asked(rng: Random, kind: str, key: str, about: Row) -> Question:
    task = rng.choice(("select", "select", "select", "count", "sum"))
    latest = "updated" if rng.random() < 0.85 else ""
    person, status = ("customer", str(about["customer"])), ("status", str(about["status"]))
    if task == "count" or (task == "sum" and "amount" not in LAYOUTS[kind]):
        return Question("count", key, (person, status) if rng.random() < 0.5 else (person,), key, latest)
    if task == "sum":
        return Question("sum", "amount", (person, status) if rng.random() < 0.3 else (person,), key, latest)
    by = rng.choice((key, key, "customer"))
    open_to = [name for name in LAYOUTS[kind] if name not in (by, "customer", "order", "updated")]
    where = [(by, str(about[by]))]
    if rng.random() < 0.15 and by == key:
        where.append(person)
    return Question("select", rng.choice(open_to), tuple(where), key if rng.random() < 0.9 else "", latest)


def chosen(rng: Random, kind: str, question: Question) -> list[str]:
    """Four to eight fields: the one that names a record first, and those that are needed."""
    first, *others = LAYOUTS[kind]
    kept = {first} | needed(question)
    spare = [name for name in others if name not in kept]
    kept |= set(rng.sample(spare, min(len(spare), max(0, rng.randint(4, 8) - len(kept)))))
    rest = [name for name in others if name in kept]
    return [first, *(rng.sample(rest, len(rest)) if rng.random() < 0.4 else rest)]


# --- writing them -------------------------------------------------------------------------------------------------


def written(rng: Random, kind: str, form: str, fields: Sequence[str], rows: Sequence[Row]) -> str:
    words = form == "markdown" and rng.random() < 0.3
    camel = form in ("json", "jsonl", "xml") and rng.random() < 0.3
    names = {name: called(name, words, camel) for name in fields}
    text = WRITERS[form](rng, kind, form, names, rows)
    if rng.random() < 0.12:
        text = f"These are the {kind} as we have them, all of them.\n\n{text}\n\nNothing else, as far as we know.\n"
    return text.replace("\n", "\r\n") if rng.random() < 0.1 else text


def called(name: str, words: bool, camel: bool) -> str:
    if words:
        return name.replace("_", " ").capitalize()
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest) if camel else name


def as_json(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    figures, plain = rng.random() < 0.5, rng.random() < 0.5
    lines, omitted = [], rng.random() < 0.5
    for row in rows:
        made: dict[str, object] = {}
        for name, called in names.items():
            value = row[name]
            if value is None and omitted:
                continue
            made[called] = float(value) if figures and name == "amount" and value is not None else value
        if form == "json" and len(rows) % 3 == 0:
            lines.append(json.dumps(made, ensure_ascii=plain, indent=2))
        else:
            lines.append(json.dumps(made, ensure_ascii=plain))
    return "[\n  " + ",\n  ".join(lines) + "\n]" if form == "json" else "\n".join(lines)


def as_csv(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    sheet, quoting = io.StringIO(), rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    sheet.write(",".join(names.values()) + "\n")
    csv.writer(sheet, lineterminator="\n", quoting=quoting).writerows(list(row.values()) for row in rows)
    return sheet.getvalue().rstrip("\n") if rng.random() < 0.7 else sheet.getvalue()


def as_markdown(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(names.values()) + " |", "|" + "---|" * len(names)]
    for row in rows:
        lines.append("| " + " | ".join((value or "").replace("|", "\\|") for value in row.values()) + " |")
    return "\n".join(lines)


def as_prose(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    paragraphs, first = [], next(iter(names))
    for row in rows:
        sentences = [f"{kind[:-1].capitalize()} {row[first]}."]
        for name in list(names)[1:]:
            money = " EUR" if name == "amount" and row[name] else ""
            sentences.append(f"{called(name, True, False)}: {row[name] or 'null'}{money}.")
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def as_xml(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    top = ElementTree.Element(kind)
    for row in rows:
        one = ElementTree.SubElement(top, "row")
        for name, called in names.items():
            ElementTree.SubElement(one, called).text = row[name]
    ElementTree.indent(top) if rng.random() < 0.5 else None
    return ElementTree.tostring(top, encoding="unicode", short_empty_elements=False)


def as_fixed(rng: Random, kind: str, form: str, names: Mapping[str, str], rows: Sequence[Row]) -> str:
    lines = [[name.upper() for name in names], *([value or "" for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) + rng.randint(0, 6) for column in zip(*lines, strict=True)]
    lines.insert(1, ["=" * width for width in widths])
    bare = rng.random() < 0.5
    padded = [" ".join(map(str.ljust, line, widths)) for line in lines]
    return "\n".join(line.rstrip() if bare else line for line in padded)


WRITERS = {"json": as_json, "jsonl": as_json, "csv": as_csv, "markdown": as_markdown, "prose": as_prose}
WRITERS |= {"xml": as_xml, "fixed": as_fixed}


# --- the second derivation ----------------------------------------------------------------------------------------

CALLED = {
    "order": "orderno ordernumber orderid",
    "customer": "customername client custname",
    "item": "product article",
    "status": "state orderstatus",
    "amount": "total amt",
    "ordered": "orderdate orderedat",
    "updated": "lastupdate modified updatedat",
    "carrier": "shipper courier",
    "city": "town",
    "invoice": "invoiceno invoiceid invnumber",
    "issued": "issuedate issuedon",
    "due_date": "duedate due payableby",
    "event": "eventid evt",
    "time": "timestamp occurredat",
    "place": "location",
    "shipment": "shipmentid consignment",
    "weight": "grossweight wt",
    "distance": "",
}
KNOWN_AS = {spelt: name for name, others in CALLED.items() for spelt in (name, *others.split())}


def known_as(name: str) -> str:
    plain = "".join(character for character in name.lower() if character.isalnum())
    return KNOWN_AS.get(plain, "")


Value = str | Decimal | datetime | None


@lru_cache(maxsize=100_000)
def same(name: str, value: str | None) -> Value:
    """A value as all its spellings mean it."""
    if value is None or value.strip().lower() in ("", "null", "n/a"):
        return None
    value = unbroken(value.strip())
    if name in WHEN:
        return moment(value)
    if name == "amount":
        return number(value.removesuffix(" EUR"))
    if name in MEASURED:
        figure, _, unit = value.partition(" ")
        return number(figure) * {"kg": 1000, "g": 1, "km": 1000, "m": 1}[unit]
    return value


def read_as(name: str, value: str | None, whole: bool) -> Value:
    try:
        return same(name, value)
    except (ArithmeticError, AssertionError, KeyError):
        if whole:
            raise
        return value  # cut off in its middle


def unbroken(value: str) -> str:
    try:
        return value.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return value


def number(figure: str) -> Decimal:
    return Decimal(figure.replace(".", "").replace(",", ".") if "," in figure else figure)


def moment(value: str) -> datetime:
    for day in ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y"):
        for clock in ("", " %H:%M", "T%H:%M:%SZ", " %H:%M:%S"):
            try:
                return datetime.strptime(value, day + clock)
            except ValueError:
                continue
    raise AssertionError(f"no date: {value!r}")


def rows_of(context: str, form: str, whole: bool) -> list[dict[str, Value]]:
    """The records by the usual parsers; where the context is `whole`, it must be well-formed."""
    text = context.replace("\ufeff", "").replace("\r\n", "\n")
    if "<records>" in text:
        form = "xml"
    elif "\n=" in text:
        form = "fixed"
    found = {"json": from_json, "jsonl": from_json, "csv": from_csv, "markdown": from_markdown}.get(
        form, {"prose": from_prose, "xml": from_xml, "fixed": from_fixed}.get(form)
    )
    assert found is not None
    if whole and form == "json":
        json.loads(text[text.index("[") : text.rindex("]") + 1])
    rows = []
    for row in found(text):
        rows.append({known_as(name): read_as(known_as(name), value, whole) for name, value in row})
    assert all("" not in row for row in rows), "a field has an unknown name"
    return rows


Written = list[tuple[str, str | None]]


def from_json(text: str) -> Iterator[Written]:
    at = text.find("{")
    while at >= 0:
        try:
            row, end = json.JSONDecoder().raw_decode(text, at)
        except ValueError:  # cut off
            assert "{" not in text[at + 1 :], text
            return
        yield [(name, None if value is None else str(value)) for name, value in row.items()]
        at = text.find("{", end)


def from_csv(text: str) -> Iterator[Written]:
    lines = text.split("\n")
    header = next(at for at, line in enumerate(lines) if line.count(",") > 1 and all(map(known_as, line.split(","))))
    end = next((at for at in range(header, len(lines)) if not lines[at]), len(lines))
    names, *rows = csv.reader(lines[header:end])
    for row in rows:
        if len(row) == len(names):
            yield list(zip(names, row, strict=True))


def from_markdown(text: str) -> Iterator[Written]:
    rows = []
    for line in text.split("\n"):
        cells = [cell.replace("\0", "|").strip() for cell in line.replace("\\|", "\0").split("|")]
        if len(cells) > 2 and not cells[0] and not cells[-1]:
            rows.append(cells[1:-1])
    names, _, *others = rows
    for row in others:
        if len(row) == len(names):
            yield list(zip(names, row, strict=True))


def from_prose(text: str) -> Iterator[Written]:
    for paragraph in text.split("\n\n"):
        first, *sentences = paragraph.strip().removesuffix(".").split(". ")
        kind, _, named = first.partition(" ")
        if kind not in ("Order", "Invoice", "Event", "Shipment") or not sentences:
            continue
        row: Written = [(kind, named)]
        for at, sentence in enumerate(sentences):
            name, colon, value = sentence.partition(": ")
            last = at == len(sentences) - 1 and not paragraph.rstrip().endswith(".")
            if colon and not last:
                row.append((name, value))
            elif not last:
                row[-1] = (row[-1][0], f"{row[-1][1]}. {sentence}")
        yield row


def from_xml(text: str) -> Iterator[Written]:
    end = text.find(">", text.rfind("</"))
    parser = ElementTree.XMLPullParser(["end"])  # which takes a text that breaks off
    parser.feed(text[text.index("<") : end + 1 if end >= 0 else len(text)])
    for _, element in parser.read_events():
        if len(element) and not any(map(len, element)):
            yield [(field.tag, field.text) for field in element]


def from_fixed(text: str) -> Iterator[Written]:
    lines = text.split("\n")
    rule = next(at for at, line in enumerate(lines) if line.startswith("="))
    ends, at = [], 0
    for column in lines[rule].split(" "):
        ends.append((at, at + len(column)))
        at += len(column) + 1
    for line in lines[rule + 1 :]:
        if not line.strip():
            return
        yield [(lines[rule - 1][a:b], line[a:b]) for a, b in ends]


def answer(rows: Sequence[Mapping[str, Value]], question: Question) -> Value:
    """What the records say, None where they do not, or contradict each other."""
    unique: list[Mapping[str, Value]] = []
    for row in rows:
        if row not in unique:
            unique.append(row)
    if question.key and question.latest:
        unique = [row for row in unique if current(row, unique, question)]
    held = [row for row in unique if all(row.get(name) == same(name, value) for name, value in question.where)]
    values = [row.get(question.field) for row in held]
    if not held or None in values:
        return "0" if question.task == "count" and not held else None
    if question.task == "select":
        return values[0] if len(set(values)) == 1 else None
    if question.task == "count":
        return str(len(set(values)))
    amounts: dict[Value, set[Value]] = {}
    for row in held:
        amounts.setdefault(row[question.key], set()).add(row[question.field])
    return sum(min(found) for found in amounts.values()) if all(len(found) == 1 for found in amounts.values()) else None


def current(row: Mapping[str, Value], rows: Sequence[Mapping[str, Value]], question: Question) -> bool:
    """Whether no other version of a record is newer."""
    times = [other.get(question.latest) for other in rows if other.get(question.key) == row.get(question.key)]
    return not all(isinstance(time, datetime) for time in times) or row[question.latest] == max(times)


def says(found: Set, variant) -> Value:
    whole = "truncated" not in variant.perturbation
    return answer(rows_of(variant.messy.context, found.form, whole), found.question)


def meant(found: Set, target: str) -> Value:
    if found.question.task == "select":
        return same(found.question.field, target)
    return target if found.question.task == "count" else Decimal(target)


# --- the property -------------------------------------------------------------------------------------------------


def check(found: Set, variant) -> None:
    """Both derivations say of the variant what its effect promises."""
    query = query_of(found.case)
    assert query is not None, "the clean records give the target"
    first, second = derive(variant.messy.context, query), says(found, variant)
    if variant.effect == "clarify":
        assert first.kind in ("gone", "conflict")
        assert second is None
        return
    target = variant.target if variant.effect == "updated" else found.case.target
    assert first.kind == "answer", first
    assert agrees(first.value, target)
    assert second == meant(found, target)
    if variant.effect == "updated":
        assert second != meant(found, found.case.target)


def explained(found: Set, variant) -> str:
    return f"{variant.id} {found.question}\n{found.case.context}\n--\n{variant.messy.context}\n{variant.why}"
