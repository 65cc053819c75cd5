"""Records in a text: where each record, its field names and its values stand, in the formats that systems are given.

Read are flat records as JSON (a list of objects, or objects inside one), JSON Lines, CSV, Markdown tables, XML, tables
of fixed width, and prose of the form `Order 48213. Customer: Zoë Müller. Status: shipped.` The text may be damaged or
stand among other text: what is no whole record is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from itertools import pairwise
from typing import TypeVar

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

    @property
    def named(self) -> dict[str, Field]:
        """The fields by canonical name; of two that share one (`amount` and `total`), one by its own."""
        own = {plain_name(one.name): one for one in self.fields}
        found: dict[str, Field] = {}
        for plain, one in own.items():
            name = canonical_name(plain)
            found[plain if name in found or (name in own and name != plain) else name] = one
        return found

    def field(self, name: str) -> Field | None:
        """The field of this name, whatever the style it is written in; None where there is none."""
        return named_as(self.named, name)


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a text. `format` is json, jsonl, csv, markdown, xml, fixed or prose."""

    format: str
    text: str
    records: tuple[Record, ...]

    @property
    def separator(self) -> str:
        """What stands between two records."""
        if len(self.records) > 1:  # other text may stand between two of them
            return min((self.text[a.end : b.start] for a, b in pairwise(self.records[:9])), key=len)
        usual = {"json": ",\n  ", "prose": "\n\n"}.get(self.format, "\n")
        return usual.replace("\n", "\r\n") if "\r\n" in self.text else usual

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
        if value == field.value:
            return was
        if self.format in ("json", "jsonl"):
            if value is None:
                return "null"
            number = not was.startswith('"') and _NUMBER.fullmatch(value)
            return value if number else json.dumps(value, ensure_ascii=False)
        if self.format == "csv":
            return _csv_value(value, quoted=was.startswith('"'))
        if self.format == "markdown":
            return (value or "").replace("|", "\\|")
        if self.format == "xml":
            return escape(value or "", quote=False)
        if self.format == "fixed":
            return (value or "").ljust(len(was))
        return "null" if value is None else value

    def fits(self, field: Field, value: str) -> bool:
        """Whether there is room for a value in the place of a field's: a column of fixed width has an end."""
        return self.format != "fixed" or len(value) <= field.end - field.start


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


def _csv_value(value: str | None, quoted: bool) -> str:
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if quoted or re.search(r'[",\n]', value) else value


def read(text: str) -> Records | None:
    """The records of a text; None where it holds none that can be read."""
    return _kept(text) if len(text) <= _REMEMBERED else _read(text)


_REMEMBERED = (
    20_000  # characters of a text whose records are kept for the next time; those of a large one take megabytes
)


@lru_cache(maxsize=64)
def _kept(text: str) -> Records | None:
    return _read(text)


def _read(text: str) -> Records | None:
    for name, reader in _READERS.items():
        found = tuple(reader(text))
        if found:
            return Records("jsonl" if name == "json" and _in_lines(text, found) else name, text, found)
    return None


def _in_lines(text: str, found: Sequence[Record]) -> bool:
    between = {text[a.end : b.start].strip(" \t\r") for a, b in pairwise(found)}
    return not text[: found[0].start].rstrip().endswith(("[", ":")) and between <= {"\n"}


# --- formats ------------------------------------------------------------------------------------------------------

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_MEMBER = re.compile(
    rf"\s*(?P<name>{_STRING})\s*:\s*(?P<value>{_STRING}|-?\d[\d.eE+-]*|true|false|null|NaN)"
    rf"\s*(?P<end>,?\s*\}}|,(?=\s*\"))"
)


def _json(text: str) -> Iterator[Record]:
    found = list(_objects(text))
    # an object that is a value of another one is no record, and what it belongs to cannot be read as one
    if not any(_NAMED.search(text[max(record.start - 20, 0) : record.start]) for record in found):
        yield from found


_NAMED = re.compile(r'"\s*:[ \t]*\Z')  # a heading may end with a colon too, and so may a record that is cut off


def _objects(text: str) -> Iterator[Record]:
    start = text.find("{")
    while start >= 0:
        fields: list[Field] = []
        end = start + 1
        while match := _MEMBER.match(text, end):  # goes no further than the object, so that the whole is linear
            fields += _member(match)
            end = match.end("end")
            if text[end - 1] == "}":
                break
        whole = text[end - 1] == "}"
        if whole and fields:
            yield Record(start, end, tuple(fields))
        start = text.find("{", end if whole else start + 1)


def _member(match: re.Match[str]) -> Iterator[Field]:
    try:
        name, value = (json.loads(match[group], strict=False) for group in ("name", "value"))
    except ValueError:
        return
    known = None if value is None else _known(value if isinstance(value, str) else match["value"])
    name_start, name_end = match.span("name")
    yield Field(name, known, *match.span("value"), name_start + 1, name_end - 1)


def _known(value: str) -> str | None:
    """The value without blanks around it, None for what stands for none."""
    plain = value.strip().strip("\ufeff").strip()
    return None if plain.lower() in NULLS else plain


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


_CSV_VALUE = re.compile(r'"(?:[^"]|"")*"(?=,|$)|(?!")[^,\n]*')
_CSV_HEADER = re.compile(r"\ufeff*[A-Za-z_][\w ]*(?:,[A-Za-z_][\w ]*){2,}\r?")
_Cell = tuple[str, int, int]  # what it reads, and where it is written


def _csv(text: str) -> Iterator[Record]:
    header: Sequence[_Cell] = ()
    found = False
    for at, line in _lines(text):
        if not header:
            if _CSV_HEADER.fullmatch(line):
                header = _cells(line.rstrip("\r"), at)
            continue
        cells = _cells(line.rstrip("\r"), at)
        if len(cells) == len(header):
            found = True
            yield Record(at, at + len(line.rstrip("\r")), _row(header, cells))
        elif "," not in line and (line.strip() or found):  # the table has ended
            return


def _cells(line: str, at: int) -> list[_Cell]:
    """The cells of a line; none where a quotation mark is not closed."""
    cells: list[_Cell] = []
    place = 0
    while match := _CSV_VALUE.match(line, place):
        raw = match[0]
        quoted = raw.startswith('"')
        value = raw[1:-1].replace('""', '"') if quoted else raw
        start, end = match.span() if quoted else _bare(line, *match.span())
        cells.append((value, at + start, at + end))
        if match.end() == len(line):
            return cells
        place = match.end() + 1
    return []


def _bare(line: str, start: int, end: int) -> tuple[int, int]:
    """The place without blanks and byte order marks at its edges."""
    while start < end and (line[start].isspace() or line[start] == "\ufeff"):
        start += 1
    while start < end and line[end - 1].isspace():
        end -= 1
    return start, end


def _row(header: Sequence[_Cell], cells: Sequence[_Cell]) -> tuple[Field, ...]:
    return tuple(
        Field(name.strip("\ufeff\r "), _known(value), start, end, name_start, name_end)
        for (name, name_start, name_end), (value, start, end) in zip(header, cells, strict=True)
    )


def _markdown(text: str) -> Iterator[Record]:
    header: Sequence[_Cell] = ()
    lines = list(_lines(text))
    for (at, line), (_, following) in zip(lines, [*lines[1:], (0, "")], strict=True):
        bare = line.strip().lstrip("\ufeff")
        if not (bare.startswith("|") and bare.endswith("|") and len(bare) > 1):
            header = () if bare and not bare.startswith("|") else header  # a row that is cut off does not end a table
            continue
        if _is_rule(bare):
            continue
        cells = list(_between_bars(line, at))
        if not header or ("---" in following and _is_rule(following.strip())):
            header = cells
        elif len(cells) == len(header):
            yield Record(at, at + len(line.rstrip("\r")), _row(header, cells))


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"\|[|:\- ]*", line))


def _between_bars(line: str, at: int) -> Iterator[_Cell]:
    bars = [match.start() for match in re.finditer(r"(?<!\\)\|", line)]
    for left, right in pairwise(bars):
        start, end = _bare(line, left + 1, right)
        if start == end:  # a blank on either side
            start = end = (left + 1 + right) // 2
        yield line[start:end].replace("\\|", "|"), at + start, at + end


_TAG = r"[^\W\d][\w.:-]*"
_XML_RECORD = re.compile(
    rf"<(?P<kind>{_TAG})>\s*(?P<fields>(?:<{_TAG}(?:\s*/>|>[^<]*</{_TAG}>)\s*)+)</(?P=kind)>",
)
_XML_FIELD = re.compile(rf"<(?P<name>{_TAG})(?:\s*/(?P<none>)>|>(?P<value>[^<]*)</(?P=name)>)")


def _xml(text: str) -> Iterator[Record]:
    if "</" not in text:
        return
    for match in _XML_RECORD.finditer(text):
        fields = []
        for one in _XML_FIELD.finditer(text, *match.span("fields")):
            written = "none" if one["value"] is None else "value"
            fields.append(Field(one["name"], _known(unescape(one[written])), *one.span(written), *one.span("name")))
        yield Record(match.start(), match.end(), tuple(fields))


_RULE = re.compile(r"=+(?: +=+)+")


def _fixed(text: str) -> Iterator[Record]:
    columns: list[tuple[int, int]] = []
    header: list[_Cell] = []
    before, before_at = "", 0
    for at, line in _lines(text):
        line = line.rstrip("\r")
        if _RULE.fullmatch(line.rstrip()):
            columns = [match.span() for match in re.finditer(r"=+", line)]
            mark = len(before) - len(before.lstrip("\ufeff"))  # takes a place, but no room
            places = [_bare(before, a + mark, min(b + mark, len(before))) for a, b in columns]
            header = [(before[a:b], before_at + a, before_at + b) for a, b in places]
        elif columns:
            if not line.strip():
                return
            places = [(min(a, len(line)), min(b, len(line))) for a, b in columns]
            yield Record(at, at + len(line), _row(header, [(line[a:b], at + a, at + b) for a, b in places]))
        before, before_at = line, at


_SENTENCE = re.compile(r"\. (?P<name>[A-Z][\w ]{0,30}): ")
_OPENING = re.compile(r"\ufeff*(?P<kind>[A-Z]\w*) (?P<id>[\w-]*\d[\w-]*)\.(?= |$)")


def _prose(text: str) -> Iterator[Record]:
    for at, line in _lines(text):
        opening = _OPENING.match(line)
        if not opening:
            continue
        line = line.rstrip()
        names = list(_SENTENCE.finditer(line, opening.end("id")))
        ends = [match.start() for match in names[1:]] + ([len(line) - 1] if line.endswith(".") else [])
        fields = [Field(opening["kind"], opening["id"], *_moved(opening, "id", at), *_moved(opening, "kind", at))]
        for match, end in zip(names, ends, strict=False):  # the last one may be cut off
            value = _known(line[match.end() : end])
            fields.append(Field(match["name"], value, at + match.end(), at + end, *_moved(match, "name", at)))
        if len(fields) > 1:
            yield Record(at, at + len(line), tuple(fields))


def _moved(match: re.Match[str], group: str, by: int) -> tuple[int, int]:
    return match.start(group) + by, match.end(group) + by


_READERS = {"json": _json, "xml": _xml, "markdown": _markdown, "fixed": _fixed, "csv": _csv, "prose": _prose}


# --- writing in another format ------------------------------------------------------------------------------------


def as_fixed_width(found: Records) -> str:
    """The records as a table of fixed width, under a header and a rule of equals signs."""
    names = list(dict.fromkeys(_tag(field.name) for record in found.records for field in record.fields))
    rows = [[_tagged(record).get(name, "") for name in names] for record in found.records]
    lines = [[name.upper() for name in names], *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    lines.insert(1, ["=" * width for width in widths])
    return "\n".join(
        " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def as_xml(found: Records, kind: str = "record") -> str:
    """The records as XML, one element a record."""
    lines = ["<records>"]
    for record in found.records:
        inner = "".join(f"<{name}>{escape(value, quote=False)}</{name}>" for name, value in _tagged(record).items())
        lines.append(f"  <{kind}>{inner}</{kind}>")
    return "\n".join([*lines, "</records>"])


def _tagged(record: Record) -> dict[str, str]:
    """The values of a record by names that XML allows, each on one line and without what cannot be written."""
    return {_tag(field.name): " ".join(_UNWRITABLE.sub(" ", field.value or "").split()) for field in record.fields}


_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _tag(name: str) -> str:
    tag = re.sub(r"\W+", "_", name.strip()).lower()
    return tag if re.match(r"[^\W\d]", tag) else f"_{tag}"


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
    "carrier": ("courier", "carrier_name"),
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


@lru_cache(maxsize=1024)
def plain_name(name: str) -> str:
    """A name without its style: `dueDate` and `Due date` are one."""
    return re.sub(r"[\W_]+", "", name).lower()


_CANONICAL = {plain_name(other): name for name, others in OTHER_NAMES.items() for other in (name, *others)}


@lru_cache(maxsize=1024)
def canonical_name(name: str) -> str:
    """One name for all ways to write a field's: `due_date`, `dueDate`, `Due date` and `payable_by` are one."""
    plain = plain_name(name)
    return _CANONICAL.get(plain, plain)


_Any = TypeVar("_Any")


def named_as(fields: Mapping[str, _Any], name: str) -> _Any | None:
    """What stands under a name, in whatever style, among what `Record.named` names."""
    plain = plain_name(name)
    return fields[plain] if plain in fields else fields.get(canonical_name(name))
