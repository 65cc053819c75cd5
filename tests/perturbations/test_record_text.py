"""Where records, names and values stand in a text, in every format and however it was damaged."""

from __future__ import annotations

import csv
import io
import json
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.perturbations.record_text import (
    NULLS,
    OTHER_NAMES,
    as_fixed_width,
    as_xml,
    canonical_name,
    plain_name,
    read,
)

JSON = """[
  {"order": "48213", "customer": "Zoë Müller", "amount": 149.9, "due_date": "2026-03-04"},
  {"order": "2093", "customer": "Milan Ost", "amount": 32.5, "due_date": null}
]"""
LINES = (
    '{"order": "48213", "customer": "Zoë Müller", "amount": 149.9}\n{"order": "2093", "customer": null, "amount": 7}'
)
CSV = """order,customer,amount,due_date
48213,Zoë Müller,149.90,2026-03-04
2093,"Ost, Milan",32.50,"""
MARKDOWN = """| order | customer | amount | due date |
|---|:---|---:|---|
| 48213 | Zoë Müller | 149.90 | 2026-03-04 |
| 2093 | Milan Ost | 32.50 |  |"""
PROSE = """Order 48213. Customer: Zoë Müller. City: St. Gallen. Amount: 149.90 EUR. Due date: 2026-03-04.

Order KL-2093. Customer: Milan Ost Jr.. City: Leeds. Amount: 32.50 EUR. Due date: null."""
XML = """<orders>
  <row><order>48213</order><customer>Zoë &amp; Müller</customer><due-date>2026-03-04</due-date></row>
  <row><order>2093</order><customer>Milan Ost</customer><due-date/></row>
</orders>"""
FIXED = """ORDER CUSTOMER   DUE_DATE
===== ========== ==========
48213 Zoë Müller 2026-03-04
2093  Milan Ost"""
TEXTS = {"json": JSON, "jsonl": LINES, "csv": CSV, "markdown": MARKDOWN, "prose": PROSE, "xml": XML, "fixed": FIXED}
BEFORE = 'Shipping\nWe ship on weekdays, and on some "long" Saturdays.\n\n'
AFTER = "\n\nReturns\nThings can be sent back within 14 days, unless they were worn: ask first.\n"


def rows(text):
    """What is read: a mapping from name to value for each record."""
    found = read(text)
    return [{field.name: field.value for field in record.fields} for record in found.records] if found else []


def marks(text):
    """Names and values as they are written in the places that were read."""
    return [
        (text[field.name_start : field.name_end], text[field.start : field.end])
        for record in read(text).records
        for field in record.fields
    ]


# --- what is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TEXTS)
def test_each_format_is_recognised(form):
    found = read(TEXTS[form])
    assert (found.format, len(found.records), found.text) == (form, 2, TEXTS[form])


def test_json():
    assert rows(JSON) == [
        {"order": "48213", "customer": "Zoë Müller", "amount": "149.9", "due_date": "2026-03-04"},
        {"order": "2093", "customer": "Milan Ost", "amount": "32.5", "due_date": None},
    ]
    assert marks(JSON)[:4] == [
        ("order", '"48213"'),
        ("customer", '"Zoë Müller"'),
        ("amount", "149.9"),
        ("due_date", '"2026-03-04"'),
    ]
    assert read(JSON).of(read(JSON).records[1]) == JSON.split("\n")[2].strip()


def test_json_lines():
    assert rows(LINES)[1] == {"order": "2093", "customer": None, "amount": "7"}
    assert marks(LINES)[3:] == [("order", '"2093"'), ("customer", "null"), ("amount", "7")]


def test_csv():
    assert rows(CSV)[1] == {"order": "2093", "customer": "Ost, Milan", "amount": "32.50", "due_date": None}
    assert marks(CSV)[4:] == [("order", "2093"), ("customer", '"Ost, Milan"'), ("amount", "32.50"), ("due_date", "")]


def test_markdown():
    assert rows(MARKDOWN)[1] == {"order": "2093", "customer": "Milan Ost", "amount": "32.50", "due date": None}
    assert marks(MARKDOWN)[2:4] == [("amount", "149.90"), ("due date", "2026-03-04")]
    assert marks(MARKDOWN)[7] == ("due date", "")


def test_prose():
    assert rows(PROSE) == [
        {
            "Order": "48213",
            "Customer": "Zoë Müller",
            "City": "St. Gallen",
            "Amount": "149.90 EUR",
            "Due date": "2026-03-04",
        },
        {"Order": "KL-2093", "Customer": "Milan Ost Jr.", "City": "Leeds", "Amount": "32.50 EUR", "Due date": None},
    ]
    assert marks(PROSE)[:4] == [
        ("Order", "48213"),
        ("Customer", "Zoë Müller"),
        ("City", "St. Gallen"),
        ("Amount", "149.90 EUR"),
    ]
    assert marks(PROSE)[-1] == ("Due date", "null")


def test_xml():
    assert rows(XML) == [
        {"order": "48213", "customer": "Zoë & Müller", "due-date": "2026-03-04"},
        {"order": "2093", "customer": "Milan Ost", "due-date": None},
    ]
    assert marks(XML)[:3] == [("order", "48213"), ("customer", "Zoë &amp; Müller"), ("due-date", "2026-03-04")]
    assert marks(XML)[-1] == ("due-date", "")


def test_fixed_width():
    assert rows(FIXED) == [
        {"ORDER": "48213", "CUSTOMER": "Zoë Müller", "DUE_DATE": "2026-03-04"},
        {"ORDER": "2093", "CUSTOMER": "Milan Ost", "DUE_DATE": None},
    ]
    assert marks(FIXED)[:2] == [("ORDER", "48213"), ("CUSTOMER", "Zoë Müller")]
    assert marks(FIXED)[3:] == [("ORDER", "2093 "), ("CUSTOMER", "Milan Ost"), ("DUE_DATE", "")]


@pytest.mark.parametrize("form", TEXTS)
def test_no_place_reaches_beyond_its_record_or_line(form):
    text = TEXTS[form]
    for record in read(text).records:
        assert not text[record.start : record.end].endswith("\n")
        for field in record.fields:
            assert record.start <= field.start <= field.end <= record.end
            assert field.name_start < field.name_end
            assert "\n" not in text[field.name_start : field.name_end]
            assert text[field.name_start : field.name_end] == field.name


def test_a_field_is_found_in_whatever_style_it_is_asked_for():
    first = read(MARKDOWN).records[0]
    for name in ("due date", "due_date", "dueDate", "DUE-DATE", "payable_by", "due"):
        assert first.field(name).value == "2026-03-04"
    assert first.field("colour") is None


def test_of_two_fields_that_others_call_alike_each_answers_to_its_own_name():
    (first,) = read('{"total": "119.00", "amount": "100.00", "state": "Hesse", "status": "open"}').records
    assert [first.field(name).value for name in ("total", "amount", "state", "status")] == [
        "119.00",
        "100.00",
        "Hesse",
        "open",
    ]
    assert first.field("order_status").value == "open"
    assert set(first.named) == {"total", "amount", "state", "status"}
    (second,) = read('{"total": "119.00", "id": "1"}').records
    assert second.field("amount").value == second.field("Total").value == "119.00"


# --- how values are quoted and escaped ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("Zoë", "Zoë"),
        ('"Zoë"', "Zoë"),
        ('"Ost, Milan"', "Ost, Milan"),
        ('"Liz ""Bo"" Lee"', 'Liz "Bo" Lee'),
        ('""', None),
        ('""""', '"'),
        ('12" monitor', '12" monitor'),
        ("  Zoë ", "Zoë"),
        ('" Zoë "', "Zoë"),
        ("", None),
        ("-", None),
    ],
)
def test_a_cell_of_csv(cell, value):
    for text in (f"a,b,c\n1,{cell},3", f"a,b,c\n{cell},1,3", f"a,b,c\n1,3,{cell}\n"):
        (row,) = rows(text)
        assert value in row.values()
        assert cell.strip() in [written for _, written in marks(text)]


@pytest.mark.parametrize("line", ['1,"Ost, Milan,3', '1,2,"Ost', '1,2,"Ost" x', "1,2", "1,2,3,4", '"1,2,3'])
def test_a_row_of_csv_that_is_not_whole_is_passed_over(line):
    assert rows(f"a,b,c\n{line}\n4,5,6") == [{"a": "4", "b": "5", "c": "6"}]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"Zo\u00eb"', "Zoë"),
        (r'"\u017bo\"f\\i\/a"', 'Żo"f\\i/a'),
        (r'"\ud83d\ude00"', "😀"),
        (r'"{not, [a: record]}"', "{not, [a: record]}"),
        (r'"a\nb"', "a\nb"),
        ('"a\tb"', "a\tb"),
        ("-0.50", "-0.50"),
        ("1e3", "1e3"),
        ("true", "true"),
        ("null", None),
        ("NaN", None),
        ('""', None),
        ('" N/A "', None),
        ('" shipped "', "shipped"),
    ],
)
def test_a_value_of_json(written, value):
    for text in (f'[{{"a": 1, "b": {written}, "c": "x"}}]', f'{{"b":{written}}}', f'{{\n  "b" :\n  {written}\n}}'):
        (record,) = read(text).records
        field = record.field("b")
        assert field.value == value
        assert text[field.start : field.end] == written
        assert text[field.name_start : field.name_end] == "b"


def test_a_value_of_json_that_cannot_be_read_hides_no_other():
    assert rows(r'{"a": "\x", "b": "2"}') == [{"b": "2"}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("A \\| B", "A | B"), ("\\|", "|"), ("", None), ("   ", None), ("N/A", None), ("`x`", "`x`"), ("a-b", "a-b")],
)
def test_a_cell_of_markdown(cell, value):
    for text in (f"| a | b |\n|---|---|\n| 1 | {cell} |", f"|a|b|\n|:-:|-|\n|1|{cell}|\n|2|3|"):
        assert rows(text)[0] == {"a": "1", "b": value}
        assert marks(text)[1] == ("b", cell.strip())


def test_a_row_of_markdown_that_is_cut_off_ends_no_table():
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | x\n| 4 | 5 |"
    assert [row["a"] for row in rows(text)] == ["1", "4"]
    assert rows("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |") == []


def test_each_table_of_markdown_has_a_header_of_its_own():
    text = (
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n| c | d |\n|---|---|\n| 3 | 4 |\n\nText.\n\n| e | f |\n|---|---|\n| 5 | 6 |"
    )
    assert rows(text) == [{"a": "1", "b": "2"}, {"c": "3", "d": "4"}, {"e": "5", "f": "6"}]


@pytest.mark.parametrize("null", sorted(NULLS | {one.upper() for one in NULLS}))
def test_a_value_that_is_not_there_in_all_spellings(null):
    assert rows(f"a,b,c\n1,{null},3")[0]["b"] is None
    assert rows(json.dumps([{"a": "1", "b": null}]))[0]["b"] is None
    assert rows(f"| a | b |\n|---|---|\n| 1 | {null} |")[0]["b"] is None
    assert rows(f"Order 1. B: {null}. C: 3.")[0]["B"] is None
    assert rows(f"<r><a>1</a><b>{null.replace('<', '')}</b></r>")[0]["b"] is None


# --- damaged, and among other text --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TEXTS)
def test_carriage_returns_belong_to_no_value(form):
    text = TEXTS[form].replace("\n", "\r\n")
    assert rows(text) == rows(TEXTS[form])
    assert read(text).format == form
    assert all("\r" not in name + value for name, value in marks(text))
    assert all(not read(text).of(record).endswith("\r") for record in read(text).records)


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff"])
def test_a_byte_order_mark_belongs_to_no_name(form, mark):
    text = mark + TEXTS[form]
    assert rows(text) == rows(TEXTS[form])
    assert marks(text) == marks(TEXTS[form])


@pytest.mark.parametrize("form", TEXTS)
def test_documents_before_and_after_are_no_records(form):
    text = f"{BEFORE}{TEXTS[form]}{AFTER}"
    assert rows(text) == rows(TEXTS[form])
    assert marks(text) == marks(TEXTS[form])
    assert read(text).format == form


@pytest.mark.parametrize("form", TEXTS)
def test_wherever_a_text_breaks_off_the_records_before_are_whole(form):
    text = TEXTS[form]
    clean, first, last = rows(text), read(text).records[0], read(text).records[-1]
    for end in range(first.end, len(text)):
        found = rows(text[:end])
        whole = clean if end >= last.end else clean[:1]
        assert found[: len(whole)] == whole
        assert len(found) <= 2
        for name, value in found[1].items() if len(found) == 2 else ():  # cut off inside a value at most
            assert value is None or clean[1][name].startswith(value)
    for end in range(first.start):
        assert read(text[:end]) is None


def test_broken_json_among_whole():
    text = '[{"a": "1", "b": }, {"a": "2"}, {"a": "3", {"a": "4"}, {a: 5}, {"a": ["6"]}, {"a": "7",}, {"a": "8"'
    assert rows(text) == [{"a": "2"}, {"a": "4"}, {"a": "7"}]


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", "A passage of text. Order 1. Then: nothing.", "a,b,c", "| a | b |", "{}", "[]", "<a></a>", "== =="],
)
def test_what_holds_no_record(text):
    assert read(text) is None


@pytest.mark.parametrize("unit", ["{", "|", '"', "<", "=", ",", "a", "\n", '{"', "|\n"])
def test_a_megabyte_of_one_thing_is_read_in_a_moment(unit):
    started = monotonic()
    assert read(unit * (1_000_000 // len(unit))) is None
    assert monotonic() - started < 20


UNITS = [
    *('{ | " \\ < [ , : .'.split()),
    *('{" {"a": {"\\"{ {"a":1, "a":1, [{ \\" || |a "," ," "a\\": " :'.split()),
    *("<a> <a><b> </a> <a><b></b> <a/> =_=_ a,b,c\n ,\n |\n A:_B A:_ ._A:_ ._A Order_1._ \ufeff".split(" ")),
]


@pytest.mark.parametrize("unit", [unit.replace("_", " ") for unit in UNITS])
@pytest.mark.parametrize("head", ["", '{"', "Order 1. A: ", "<r>", "a,b,c\n", "| a |\n|---|\n", "A B\n== ==\n"])
def test_the_time_does_not_grow_with_the_square_of_the_length(unit, head):
    text = head + unit * (100_000 // len(unit))
    started = monotonic()
    read(text)
    read(text + '"}')
    assert monotonic() - started < 5


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_unchanged_values_are_written_as_they_were(form, newline):
    text = TEXTS[form].replace("\n", newline)
    found = read(text)
    for record in found.records:
        assert found.changed(record, {field.name: field.value for field in record.fields}) == found.of(record)
        assert found.changed(record, {}) == found.of(record)
        for field in record.fields:
            assert found.written(field, field.value) == text[field.start : field.end]


@pytest.mark.parametrize(
    "text",
    [
        r'[{"a": "Zo\u00eb", "b": " x ", "c": "N/A", "d": "a\/b", "e": 1.50}]',
        'a,b,c\n"Zoë", N/A ," x "',
        "| a | b |\n|---|---|\n| N/A |  |",
        "Order 1. A: N/A. B: none.",
        "<r><a>Zo&#235; &gt; x</a><b> N/A </b></r>",
        "A      B\n====== ===\n Zoë   N/A",
    ],
)
def test_spellings_that_nobody_would_choose_stay_too(text):
    found = read(text)
    (record,) = found.records
    assert found.changed(record, {field.name: field.value for field in record.fields}) == found.of(record)


AWKWARD = ['a "quoted", value', "A|B", "<&>", "Zoë", "149,90", "149.90", "x: y", "O'Brien", "\\", "{}", "[1]", "-5"]


@pytest.mark.parametrize("form", [form for form in TEXTS if form != "fixed"])
@pytest.mark.parametrize("value", AWKWARD)
def test_another_value_reads_as_it_was_meant(form, value):
    text = TEXTS[form]
    found = read(text)
    record = found.records[0]
    name = record.fields[1].name
    new = text[: record.start] + found.changed(record, {name: value}) + text[record.end :]
    clean = rows(text)
    assert rows(new) == [clean[0] | {name: value}, *clean[1:]]
    gone = text[: record.start] + found.changed(record, {name: None}) + text[record.end :]
    assert rows(gone) == [clean[0] | {name: None}, *clean[1:]]


def test_numbers_and_quotation_marks_stay_in_their_style():
    (record,) = read('[{"a": 1.5, "b": "1.5", "c": null}]').records
    found = read('[{"a": 1.5, "b": "1.5", "c": null}]')
    a, b, c = record.fields
    assert [found.written(a, "2.5"), found.written(b, "2.5"), found.written(c, "2.5")] == ["2.5", '"2.5"', "2.5"]
    assert [found.written(a, "2,50"), found.written(a, "007"), found.written(a, None)] == ['"2,50"', '"007"', "null"]
    quoted = read('a,b,c\n"1","2",3')
    assert [quoted.written(field, "x") for field in quoted.records[0].fields] == ['"x"', '"x"', "x"]


def test_a_column_of_fixed_width_keeps_it():
    found = read(FIXED)
    order, customer, _ = found.records[0].fields
    assert found.written(order, "7") == "7    "
    assert found.written(customer, None) == " " * 10
    assert found.fits(customer, "Ann")
    assert not found.fits(customer, "Maximilian Ost")
    assert read(CSV).fits(read(CSV).records[0].fields[1], "x" * 200)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        (JSON, ",\n  "),
        (LINES, "\n"),
        (CSV, "\n"),
        (PROSE, "\n\n"),
        (XML, "\n  "),
        (CSV.replace("\n", "\r\n"), "\r\n"),
        ('[{"a": "1"},{"a": "2"}]', ","),
        ('[\n  {"a": "1"}\n]', ",\n  "),
        ('{"a": "1"}', "\n"),
        ("a,b,c\r\n1,2,3\r\n", "\r\n"),
        ("Order 1. A: b.", "\n\n"),
        ("a,b,c\n1,2,3\nbroken,row\n4,5,6\n7,8,9", "\n"),  # not what stands between by accident
    ],
)
def test_what_stands_between_two_records(text, separator):
    assert read(text).separator == separator


def test_an_object_inside_another_is_no_record():
    assert read('[{"order": "1", "customer": {"name": "Ann"}, "status": "open"}, {"order": "2"}]') is None
    assert rows('{"page": 2, "orders": [{"order": "1"}]}') == [{"order": "1"}]


def test_a_record_that_is_cut_off_before_a_value_owns_none_of_those_behind_it():
    assert rows('{"order": "1", "carrier": \n{"order": "2", "city": "Kiel"}') == [{"order": "2", "city": "Kiel"}]


@pytest.mark.parametrize("heading", ["Here are the orders:\n", "Orders: ", "2026-03-04 INFO got: "])
def test_a_heading_with_a_colon_makes_no_record_a_part_of_another(heading):
    assert rows(heading + LINES) == rows(LINES)
    assert rows(heading + JSON) == rows(JSON)


def test_json_is_told_from_json_lines():
    assert read(f"Some [notes] first.\n\n{LINES}").format == "jsonl"
    assert read('{"orders": [{"a": "1"}], "page": 2}').format == "json"
    assert read('[{"a": "1"}]').format == "json"
    assert read('{"a": "1"}').format == "jsonl"
    assert read('[{"a": "1"}\n,{"a": "2"}]').format == "json"


# --- in another format --------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["order", "due_date", "orderId", "Ship to", "städte", "weight", "2nd", "#", "total", "amount"])
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp", "Cn"))
VALUES = st.one_of(
    st.none(),
    st.text(LETTERS, min_size=1, max_size=12),
    st.sampled_from([*AWKWARD, "St. Gallen", "two\nlines", "tab\there", "</row>", "&amp;", "=====", "two  blanks"]),
)


@st.composite
def sets(draw):
    names = ["order", *draw(st.lists(NAMES.filter(lambda name: name != "order"), min_size=1, max_size=5, unique=True))]
    count = draw(st.integers(1, 5))
    made = [{name: draw(VALUES) for name in names} | {"order": f"{number + 7}"} for number in range(count)]
    kept = draw(st.sampled_from(names[1:]))  # a table of one column has no rule that could be told from a heading
    return [
        {name: value for name, value in row.items() if value is not None or name == kept or draw(st.booleans())}
        for row in made
    ]


def known(value):
    plain = " ".join(value.split()) if value else ""
    return plain if plain.lower() not in NULLS else None


@settings(max_examples=400, deadline=None)
@given(sets())
def test_as_xml_and_as_fixed_width_say_the_same(made):
    found = read(json.dumps(made))
    assert found is not None
    wanted = [{plain_name(name): known(value) for name, value in row.items()} for row in made]
    for text, form in ((as_xml(found), "xml"), (as_fixed_width(found), "fixed")):
        again = read(text)
        assert again is not None, text
        assert again.format == form
        assert len(again.records) == len(made)
        for row, record in zip(wanted, again.records, strict=True):
            values = {plain_name(field.name): known(field.value) for field in record.fields}
            assert {name: values.get(name) for name in row} == row
            assert all(value is None for name, value in values.items() if name not in row)


@settings(max_examples=300, deadline=None)
@given(sets(), st.booleans())
def test_what_the_usual_writers_write_is_read(made, plain):
    names = list(dict.fromkeys(name for row in made for name in row))
    for text in (json.dumps(made, ensure_ascii=plain), json.dumps(made, indent=2), "\n".join(map(json.dumps, made))):
        found = read(text)
        assert [{f.name: known(f.value) for f in record.fields} for record in found.records] == [
            {name: known(value) for name, value in row.items()} for row in made
        ]
        for record in found.records:
            assert json.loads(found.of(record))
            for field in record.fields:
                assert json.loads(text[field.start : field.end]) == made[found.records.index(record)][field.name]
    if len(names) > 2 and all(name.isidentifier() and name.isascii() for name in names):
        sheet = io.StringIO()
        csv.writer(sheet, lineterminator="\n").writerows([names, *([row.get(name) for name in names] for row in made)])
        if "\n" not in "".join(value or "" for row in made for value in row.values()):
            again = read(sheet.getvalue())
            assert [{f.name: known(f.value) for f in record.fields} for record in again.records] == [
                {name: known(row.get(name)) for name in names} for row in made
            ]


def test_what_xml_cannot_hold_is_left_out():
    found = read(json.dumps([{"2nd": "a\u0000b\ud800c", "#": "x", "städte": "y"}]))
    assert as_xml(found) == "<records>\n  <record><_2nd>a b c</_2nd><_>x</_><städte>y</städte></record>\n</records>"
    assert rows(as_xml(found)) == [{"_2nd": "a b c", "_": "x", "städte": "y"}]


def test_as_fixed_width():
    text = as_fixed_width(read('[{"straße": "A", "due_date": null}, {"straße": "Long Lane", "city": "Łódź"}]'))
    assert text.split("\n") == [
        "STRASSE   DUE_DATE CITY",
        "========= ======== ====",
        "A",
        "Long Lane          Łódź",
    ]
    assert rows(text)[1] == {"STRASSE": "Long Lane", "DUE_DATE": None, "CITY": "Łódź"}


# --- names --------------------------------------------------------------------------------------------------------


def test_other_names_lead_back_to_one():
    others = [other for names in OTHER_NAMES.values() for other in names]
    assert len({plain_name(other) for other in (*others, *OTHER_NAMES)}) == len(others) + len(OTHER_NAMES)
    for name, names in OTHER_NAMES.items():
        for other in (name, *names, *(one.upper() for one in names), *(one.replace("_", " ") for one in names)):
            assert canonical_name(other) == name
    assert canonical_name("Some Field") == canonical_name("someField") == "somefield"
    assert canonical_name("") == ""
