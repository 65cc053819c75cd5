"""Records in a text: where each record, its field names and its values stand, in the formats that systems are given.

Read are flat records as JSON (a list of objects, or objects inside one), JSON Lines, CSV, Markdown tables, XML, tables
of fixed width, and prose of the form `Order 48213. Customer: Zoë Müller. Status: shipped.` The text may be damaged or
stand among other text: what is no whole record is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from itertools import pairwise

NULLS = frozenset(["", "null", "none", "n/a", "na", "nan", "-", "--", "\\n", "#n/a", "undefined"])
"""How systems write that a value is not there (lower case)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a record, as it reads (`value`, None where it is not there) and where it is written.

    `start` and `end` are the characters of the value with its quotation marks, `name_start` and `name_end` those of the
    name, which in a table stands in the header.
    """

    name: str
    value: str | None
    start: int
    end: int
    name_start: int
    name_end: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the characters it takes, without what parts it from the next one, and its fields in order."""

    start: int
    end: int
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of this name, whatever the style it is written in; None where there is none."""
        wanted = canonical_name(name)
        return next((one for one in self.fields if canonical_name(one.name) == wanted), None)


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a text. `format` is json, jsonl, csv, markdown, xml, fixed or prose."""

    format: str
    text: str
    records: tuple[Record, ...]

    @property
    def separator(self) -> str:
        """What stands between two records."""
        if len(self.records) > 1:
            return self.text[self.records[0].end : self.records[1].start]
        return {"json": ",\n  ", "prose": "\n\n"}.get(self.format, "\n")

    def of(self, record: Record) -> str:
        """A record as it is written."""
        return self.text[record.start : record.end]

    def changed(self, record: Record, values: dict[str, str | None]) -> str:
        """A record as it would be written with these values, by field name; other fields stay as they are."""
        pieces, at = [], record.start
        for field in sorted(record.fields, key=lambda field: field.start):
            if field.name in values:
                pieces += [self.text[at : field.start], self.written(field, values[field.name])]
                at = field.end
        return "".join([*pieces, self.text[at : record.end]])

    def written(self, field: Field, value: str | None) -> str:
        """A value as it is written in the place of a field's; None is a value that is not there."""
        was = self.text[field.start : field.end]
        if self.format in ("json", "jsonl"):
            if value is None:
                return "null"
            number = not was.startswith('"') and _NUMBER.fullmatch(value)
            return value if number else json.dumps(value, ensure_ascii=False)
        if self.format == "csv":
            return _csv_value(value)
        if self.format == "xml":
            return escape(value or "", quote=False)
        if self.format == "fixed":
            return (value or "").ljust(len(was))
        return value if value is not None else "null" if self.format == "prose" else ""


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


def _csv_value(value: str | None) -> str:
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if re.search(r'[",\n]', value) else value


@lru_cache(maxsize=256)
def read(text: str) -> Records | None:
    """The records of a text; None where it holds none that can be read."""
    for name, reader in _READERS.items():
        found = tuple(reader(text))
        if found:
            return Records("jsonl" if name == "json" and _in_lines(text, found) else name, text, found)
    return None


def _in_lines(text: str, found: Sequence[Record]) -> bool:
    between = {text[a.end : b.start].strip(" \t\r") for a, b in pairwise(found)}
    return "[" not in text[: found[0].start] and between <= {"\n"}


# --- formats ------------------------------------------------------------------------------------------------------

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_OBJECT = re.compile(rf"\{{(?:[^{{}}\"\[\]]|{_STRING})*\}}")
_MEMBER = re.compile(rf"(?P<name>{_STRING})\s*:\s*(?P<value>{_STRING}|-?\d[\d.eE+-]*|true|false|null)")


def _json(text: str) -> Iterator[Record]:
    if "{" not in text:
        return
    for match in _OBJECT.finditer(text):
        fields = []
        for member in _MEMBER.finditer(text, match.start(), match.end()):
            try:
                name, value = json.loads(member["name"]), json.loads(member["value"])
            except ValueError:
                continue
            written = value if isinstance(value, str) else member["value"]
            known = None if value is None else _known(written)
            name_start, name_end = member.span("name")
            fields.append(Field(name, known, *member.span("value"), name_start + 1, name_end - 1))
        if fields:
            yield Record(match.start(), match.end(), tuple(fields))


def _known(value: str) -> str | None:
    """The value without blanks around it, None for what stands for none."""
    plain = value.strip().strip("\ufeff").strip()
    return None if plain.lower() in NULLS else plain


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


_CSV_VALUE = re.compile(r'"(?:[^"]|"")*"|[^,"\n]*')
_CSV_HEADER = re.compile(r"\ufeff?[A-Za-z_][\w ]*(?:,[A-Za-z_][\w ]*){2,}\r?")


def _csv(text: str) -> Iterator[Record]:
    header: list[tuple[str, int, int]] = []
    for at, line in _lines(text):
        if not header:
            if _CSV_HEADER.fullmatch(line):
                header = [(name.strip("\ufeff\r "), a, b) for name, a, b in _cells(line.rstrip("\r"), at)]
            continue
        cells = list(_cells(line.rstrip("\r"), at)) if line.strip() else []
        if len(cells) != len(header):
            if cells and "," not in line:  # the table has ended
                return
            continue
        yield Record(at, at + len(line.rstrip("\r")), _row(header, cells))


def _cells(line: str, at: int) -> Iterator[tuple[str, int, int]]:
    place = 0
    while True:
        match = _CSV_VALUE.match(line, place)
        assert match is not None
        raw = match[0]
        value = raw[1:-1].replace('""', '"') if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw
        yield value, at + match.start(), at + match.end()
        if match.end() >= len(line) or line[match.end()] != ",":
            return
        place = match.end() + 1


def _row(header: Sequence[tuple[str, int, int]], cells: Sequence[tuple[str, int, int]]) -> tuple[Field, ...]:
    return tuple(
        Field(name, _known(value), start, end, name_start, name_end)
        for (name, name_start, name_end), (value, start, end) in zip(header, cells, strict=True)
    )


def _markdown(text: str) -> Iterator[Record]:
    header: list[tuple[str, int, int]] = []
    for at, line in _lines(text):
        bare = line.strip().lstrip("\ufeff")
        if not (bare.startswith("|") and bare.endswith("|") and len(bare) > 1):
            header = [] if bare else header
            continue
        if re.fullmatch(r"[|:\- ]+", bare):
            continue
        cells = list(_between_bars(line, at))
        if not header:
            header = cells
        elif len(cells) == len(header):
            yield Record(at, at + len(line), _row(header, cells))


def _between_bars(line: str, at: int) -> Iterator[tuple[str, int, int]]:
    bars = [place for place, character in enumerate(line) if character == "|"]
    for left, right in pairwise(bars):
        cell = line[left + 1 : right]
        start = left + 1 + len(cell) - len(cell.lstrip()) if cell.strip() else left + 1 + len(cell) // 2
        yield cell.strip(), at + start, at + start + len(cell.strip())


_XML_RECORD = re.compile(
    r"<(?P<kind>[A-Za-z_]\w*)>\s*(?P<fields>(?:<[A-Za-z_]\w*>[^<]*</[A-Za-z_]\w*>\s*)+)</(?P=kind)>"
)
_XML_FIELD = re.compile(r"<(?P<name>[A-Za-z_]\w*)>(?P<value>[^<]*)</(?P=name)>")


def _xml(text: str) -> Iterator[Record]:
    if "</" not in text:
        return
    for match in _XML_RECORD.finditer(text):
        yield Record(
            match.start(),
            match.end(),
            tuple(
                Field(one["name"], _known(unescape(one["value"])), *one.span("value"), *one.span("name"))
                for one in _XML_FIELD.finditer(text, *match.span("fields"))
            ),
        )


_RULE = re.compile(r"=+(?: +=+)+")


def _fixed(text: str) -> Iterator[Record]:
    columns: list[tuple[int, int]] = []
    header: list[tuple[str, int, int]] = []
    before, before_at = "", 0
    for at, line in _lines(text):
        if _RULE.fullmatch(line.rstrip()):
            columns = [match.span() for match in re.finditer(r"=+", line)]
            header = [(before[a:b].strip(), before_at + a, before_at + b) for a, b in columns]
        elif columns:
            if not line.strip():
                return
            cells = [(line[a:b], at + a, at + b) for a, b in columns]
            yield Record(at, at + len(line), _row(header, cells))
        before, before_at = line, at


_SENTENCE = re.compile(r"(?P<name>[A-Z][\w ]{0,30}?): (?P<value>.*?)\.(?= [A-Z][\w ]{0,30}?: |\s*$)")
_OPENING = re.compile(r"\ufeff?(?P<kind>[A-Z]\w*) (?P<id>[\w-]*\d[\w-]*)\.(?= |$)")


def _prose(text: str) -> Iterator[Record]:
    for at, line in _lines(text):
        opening = _OPENING.match(line)
        if not opening:
            continue
        key = Field(opening["kind"], opening["id"], *_moved(opening, "id", at), *_moved(opening, "kind", at))
        fields = [
            Field(one["name"], _known(one["value"]), *_moved(one, "value", at), *_moved(one, "name", at))
            for one in _SENTENCE.finditer(line, opening.end() + 1)
        ]
        if fields:
            yield Record(at, at + len(line.rstrip()), (key, *fields))


def _moved(match: re.Match[str], group: str, by: int) -> tuple[int, int]:
    return match.start(group) + by, match.end(group) + by


_READERS = {"json": _json, "xml": _xml, "markdown": _markdown, "fixed": _fixed, "csv": _csv, "prose": _prose}


# --- writing in another format ------------------------------------------------------------------------------------


def as_fixed_width(found: Records) -> str:
    """The records as a table of fixed width, under a header and a rule of equals signs."""
    names = _all_names(found)
    rows = [[_value(record, name) for name in names] for record in found.records]
    widths = [max(len(name), *(len(row[at]) for row in rows)) for at, name in enumerate(names)]

    def line(cells: Sequence[str]) -> str:
        return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

    return "\n".join(
        [line([name.upper() for name in names]), line(["=" * width for width in widths]), *map(line, rows)]
    )


def as_xml(found: Records, kind: str = "record") -> str:
    """The records as XML, one element a record."""
    lines = ["<records>"]
    for record in found.records:
        inner = "".join(
            f"<{_tag(field.name)}>{escape(field.value or '', quote=False)}</{_tag(field.name)}>"
            for field in record.fields
        )
        lines.append(f"  <{kind}>{inner}</{kind}>")
    return "\n".join([*lines, "</records>"])


def _all_names(found: Records) -> list[str]:
    return list(dict.fromkeys(_tag(field.name) for record in found.records for field in record.fields))


def _value(record: Record, name: str) -> str:
    field = record.field(name)
    return (field.value or "") if field else ""


def _tag(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip()).lower()


# --- names --------------------------------------------------------------------------------------------------------

OTHER_NAMES = {
    "order": ("order_no", "order_number", "orderId"),
    "customer": ("customer_name", "client", "cust_name"),
    "item": ("product", "article"),
    "status": ("state", "order_status"),
    "amount": ("total", "amt"),
    "currency": ("curr", "ccy"),
    "ordered": ("order_date", "ordered_at"),
    "updated": ("last_update", "modified", "updated_at"),
    "carrier": ("shipper", "courier"),
    "city": ("town",),
    "invoice": ("invoice_no", "invoiceId", "inv_number"),
    "issued": ("issue_date", "issued_on"),
    "due": ("due_date", "payable_by"),
    "event": ("event_id", "evt"),
    "time": ("timestamp", "occurred_at"),
    "place": ("location",),
    "shipment": ("shipment_id", "consignment"),
    "weight": ("gross_weight", "wt"),
    "booking": ("booking_no", "reservation"),
    "guest": ("guest_name",),
    "room": ("room_no",),
    "arrival": ("arrival_date", "check_in"),
    "nights": ("number_of_nights", "nts"),
}
"""What fields of business records are called elsewhere; written down by hand."""

_CANONICAL = {
    re.sub(r"[\W_]+", "", other).lower(): name for name, others in OTHER_NAMES.items() for other in (name, *others)
}


def canonical_name(name: str) -> str:
    """One name for all ways to write a field's: `due_date`, `dueDate`, `Due date` and `payable_by` are one."""
    plain = re.sub(r"[\W_]+", "", name).lower()
    return _CANONICAL.get(plain, plain)
