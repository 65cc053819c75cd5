"""The answer that follows from records, rule by rule."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Case, CaseError
from roadtest.harness.cases import Edit, Variant
from roadtest.perturbations.derivation import (
    Derived,
    agrees,
    canonical,
    counting,
    derive,
    parsed,
    query_of,
    rederived,
    relevant,
)
from roadtest.perturbations.record_text import read


def lines(*rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def row(order="1", customer="Ann", status="open", amount="5.00", updated="2026-03-01", **others):
    return {"order": order, "customer": customer, "status": status, "amount": amount, "updated": updated} | others


def answer(rows, **query):
    """The kind of what is derived, and its value."""
    derived = derive(lines(*rows), parsed(query))
    assert bool(derived.why) == (derived.kind != "answer")
    return (derived.kind, derived.value) if derived.kind == "answer" else derived.kind


STATUS = {"select": "status", "where": "order = 1", "key": "order", "latest": "updated"}
COUNT = {"count": "order", "where": "status = open", "key": "order", "latest": "updated"}
SUM = {"sum": "amount", "where": "status = open", "key": "order", "latest": "updated"}


# --- one answer ---------------------------------------------------------------------------------------------------


def test_select():
    assert answer([row(), row("2", status="paid")], **STATUS) == ("answer", "open")
    assert answer([row("2"), row("3")], **STATUS) == "gone"
    assert derive("A passage.", parsed(STATUS)) == Derived("gone", why="no record can be read")


def test_the_value_is_as_it_is_written():
    assert answer([row(amount="1.249,90")], **STATUS | {"select": "amount"}) == ("answer", "1.249,90")


def test_names_are_found_in_any_style():
    records = [{"orderId": "1", "order_status": "open", "Last update": "2026-03-01"}]
    assert answer(records, **STATUS) == ("answer", "open")
    assert answer([row()], select="Status", where="Order Number = 1") == ("answer", "open")


def test_records_that_are_the_same_count_once():
    assert answer([row(), row()], **STATUS) == ("answer", "open")
    assert answer([row(), row("2"), row()], **COUNT) == ("answer", "2")
    assert answer([row(), row("2"), row()], **SUM) == ("answer", "10.00")
    same = row(amount="5,00", updated="01.03.2026", customer="ANN")
    assert answer([row(), same], **SUM) == ("answer", "5.00")
    assert answer([row(), same], sum="amount") == ("answer", "5.00")


def test_records_that_differ_in_anything_are_two_where_no_key_says_otherwise():
    assert answer([row(), row(customer="Bo")], sum="amount") == ("answer", "10.00")
    assert answer([row(), row(customer="Bo")], sum="amount", key="order") == ("answer", "5.00")


# --- the newest ---------------------------------------------------------------------------------------------------


def test_of_records_with_one_key_the_newest_counts():
    old, new = row(status="packed", updated="2026-02-28"), row(status="open", updated="2026-03-01")
    for records in itertools.permutations([old, new, row("2", status="paid", updated="2026-04-01")]):
        assert answer(records, **STATUS) == ("answer", "open")
        assert answer(records, **COUNT) == ("answer", "1")
    assert answer([old, new], **STATUS | {"latest": ""}) == "conflict"
    assert answer([old, new], select="status", where="order = 1", latest="updated") == "conflict"


def test_where_applies_to_the_newest_alone():
    old, new = row(status="open", updated="2026-02-28"), row(status="paid", updated="2026-03-01")
    assert answer([old, new, row("2")], **COUNT) == ("answer", "1")
    assert answer([old, new, row("2", amount="7.50")], **SUM) == ("answer", "7.50")
    assert answer([old, new], select="amount", where="status = open", key="order", latest="updated") == "gone"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-03-09", "2026-03-10"),
        ("28 Feb 2026", "2026-03-01"),
        ("31.12.2025", "1 Jan 2026"),
        ("2026-03-01 09:59", "2026-03-01 10:00"),
        ("2026-03-01 10:00:05", "2026-03-01 10:00:50"),
        ("2026-03-01T10:00", "2026-03-01 10:00:01"),
        ("2026-03-01 23:59", "2026-03-02"),
        ("2026-03-01", "2026-03-02 00:00"),
        ("9", "10"),
        ("1.25", "1.5"),
        ("2026-03-01T10:30:00+02:00", "2026-03-01T09:00:00+00:00"),
    ],
)
def test_what_is_newer(earlier, later):
    records = [row(status="packed", updated=earlier), row(status="open", updated=later)]
    assert answer(records, **STATUS) == ("answer", "open")
    assert answer(records[::-1], **STATUS) == ("answer", "open")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01", "01.03.2026"),
        ("2026-03-01 10:00", "1 Mar 2026 10:00"),
        ("2026-03-01 10:00:00", "2026-03-01T10:00Z"),
        ("2026-03-01", "2026-03-01 10:00"),  # some time of that day
        ("2026-03-01", None),
        ("2026-03-01", "03/04/2026"),  # which day that is cannot be said
        ("2026-03-01", "7"),
        ("last week", "this week"),
        ("9", "1e1"),  # a number of a form that is not known
        ("2026-03-01 10:00", "2026-03-01T10:00:00+02:00"),  # no zone beside a zone
        (None, None),
    ],
)
def test_where_none_is_newer_values_that_differ_conflict(one, other):
    records = [row(status="packed", updated=one), row(status="open", updated=other)]
    for order in (records, records[::-1]):
        assert answer(order, **STATUS) == "conflict"
        assert answer(order, **STATUS | {"select": "amount"}) == ("answer", "5.00")
        assert answer(order, **COUNT) == "conflict"
        assert answer(order, **SUM) == "conflict"
        assert answer(order, **COUNT | {"where": "customer = Ann"}) == ("answer", "1")


def test_a_record_without_its_key_is_older_than_none():
    records = [row(order=None, status="packed", updated="2026-01-01"), row(status="open")]
    assert answer(records, select="status", where="customer = Ann", key="order", latest="updated") == "conflict"


# --- what is not there --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("null", [None, "", "null", "N/A", "-", " NULL ", "undefined"])
def test_a_value_that_is_not_there_is_no_answer(null):
    assert answer([row(status=null), row("2")], **STATUS) == "gone"
    assert answer([row("1"), row("2", amount=null)], **SUM) == "gone"
    assert answer([row("1"), row(null)], **COUNT) == "gone"


def test_a_field_that_is_missing_is_a_value_that_is_not_there():
    without = {name: value for name, value in row().items() if name != "status"}
    assert answer([without], **STATUS) == "gone"
    assert answer([without, row("2")], **COUNT) == "gone"
    assert answer([row()], **STATUS | {"select": "colour"}) == "gone"


def test_an_older_value_does_not_stand_in_for_a_newer_one_that_is_not_there():
    assert answer([row(updated="2026-02-01"), row(status=None)], **STATUS) == "gone"


def test_a_null_beside_the_value_says_nothing_against_it():
    assert answer([row(), row(status=None, customer="Bo")], **STATUS) == ("answer", "open")
    assert answer([row(status=None), row(status=None, customer="Bo")], **STATUS) == "gone"
    # a sum or a count would be short of it
    assert answer([row(), row(amount=None)], **SUM) == "gone"


def test_a_condition_that_cannot_be_told():
    asked = {"select": "amount", "where": "customer = Ann"}
    assert answer([row(), row("2", customer=None, amount="7.00")], **asked) == ("answer", "5.00")
    assert answer([row(customer=None)], **asked) == "gone"
    # a sum or a count might include the record
    assert answer([row(), row("2", status=None)], **SUM) == "gone"
    assert answer([row(), row("2", status=None)], **COUNT) == "gone"
    both = COUNT | {"where": "customer = Ann and status = open"}
    assert answer([row(), row("2", status=None)], **both) == "gone"
    assert answer([row(), row("2", status=None, customer="Bo")], **both) == ("answer", "1")
    assert answer([row(), row("2", status=None, customer=None)], **both) == "gone"
    # unless a newer version tells
    assert answer([row(), row("2", status=None, updated="2026-01-01"), row("2")], **COUNT) == ("answer", "2")


# --- counts and sums ----------------------------------------------------------------------------------------------


def test_count():
    assert answer([row(), row("2"), row("3", status="paid")], **COUNT) == ("answer", "2")
    assert answer([row(status="paid")], **COUNT) == ("answer", "0")
    assert answer([row(), row("2"), row("3", customer="Bo")], count="customer") == ("answer", "2")
    assert answer([row(customer="Ann"), row("2", customer="ann ")], count="customer") == ("answer", "1")


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        (["5.00"], "5.00"),
        (["0.10", "0.20"], "0.30"),
        (["1.249,90", "0.10"], "1250.00"),
        (["1,249.90", "10"], "1259.90"),
        (["149.90 EUR", "€ 10", "$0.10"], "160.00"),
        (["-5.50", "5.00"], "-0.50"),
        ([5, 2.5], "7.50"),
        (["0.125", "0.001"], "0.13"),
    ],
)
def test_sum(amounts, total):
    records = [row(str(number), amount=amount) for number, amount in enumerate(amounts)]
    assert answer(records, **SUM) == ("answer", total)


@pytest.mark.parametrize("amount", ["a lot", "12,34,5", "03/04", "inf", "Infinity", "sNaN", "2.4 kg", "2026-03-04"])
def test_what_is_no_number_has_no_sum(amount):
    assert answer([row(), row("2", amount=amount)], **SUM) == "gone"


def test_no_record_has_no_sum():
    assert answer([row(status="paid")], **SUM) == "gone"


def test_two_values_of_one_key_have_no_sum():
    assert answer([row(), row(amount="7.00")], **SUM) == "conflict"
    assert answer([row(), row(customer="Bo")], **SUM) == ("answer", "5.00")


# --- where --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ("", ()),
        ("  ", ()),
        ("order = 1", (("order", "1"),)),
        ("order=1", (("order", "1"),)),
        (" order  =  1 ", (("order", "1"),)),
        ("customer = Ann and status = open", (("customer", "Ann"), ("status", "open"))),
        ("customer = Grant and Sons", (("customer", "Grant and Sons"),)),
        ("customer = Grant and Sons and status = on hold", (("customer", "Grant and Sons"), ("status", "on hold"))),
        ("a = x and y and z and b = u and v", (("a", "x and y and z"), ("b", "u and v"))),
        ("due date = 2026-03-04 and Ship-to = A", (("due date", "2026-03-04"), ("Ship-to", "A"))),
        ("customer = Sandy Land and brand = Andes", (("customer", "Sandy Land"), ("brand", "Andes"))),
        ("note = a=b", (("note", "a=b"),)),
        ("a = 1 and b = 2 and c = 3", (("a", "1"), ("b", "2"), ("c", "3"))),
        ("a = 1\nand b = 2", (("a", "1"), ("b", "2"))),
    ],
)
def test_conditions(where, conditions):
    assert parsed({"select": "x", "where": where}).where == conditions


def test_values_with_and_in_records():
    records = [row(customer="Grant and Sons"), row("2", customer="Grant"), row("3", "Grant and Sons", "paid")]
    assert answer(records, count="order", where="customer = Grant and Sons and status = open") == ("answer", "1")
    assert answer(records, count="order", where="customer = Grant and Sons") == ("answer", "2")


def test_values_of_conditions_are_compared_by_what_they_mean():
    assert answer([row(amount="1.249,90")], select="order", where="amount = 1249.9") == ("answer", "1")
    assert answer([row(updated="01.03.2026")], select="order", where="updated = 2026-03-01") == ("answer", "1")
    assert answer([row(customer="ZoÃ«")], select="order", where="customer = Zoë") == ("answer", "1")
    assert answer([row(order="01")], select="status", where="order = 1") == "gone"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({}, "needs one of select, count and sum"),
        ({"where": "a = b", "key": "a"}, "needs one of"),
        ({"select": "a", "sum": "b"}, "needs one of"),
        ({"select": " "}, "needs one of"),
        ({"select": "a", "Where": "a = b"}, "no key called 'Where'"),
        ({"select": "a", "by": "b"}, "known: select, count, sum, where, key, latest"),
        ({"select": "a", "where": "b"}, "where = 'b' must read 'field = value', joined by ' and '"),
        ({"select": "a", "where": "= b"}, "must read"),
        ({"select": "a", "where": "b ="}, "must read"),
        ({"select": "a", "where": "b = 1 and c ="}, "must read"),
        ({"select": "a", "where": "b and c"}, "must read"),
    ],
)
def test_what_is_no_query(query, problem):
    with pytest.raises(CaseError, match=problem):
        parsed(query)


def test_what_a_query_needs():
    assert parsed(STATUS).needed == {"status", "order", "updated"}
    assert parsed({"sum": "Total", "where": "client = A and due_date = B"}).needed == {"amount", "customer", "due"}


# --- values -------------------------------------------------------------------------------------------------------

SAME = [
    ("2026-03-04", "2026-3-4", "04.03.2026", "4.3.2026", "4 Mar 2026", "4 March 2026", "04-MAR-2026", "Mar 4, 2026"),
    ("2026-09-14", "14 Sept 2026", "14 Sep 2026", "September 14, 2026", " 14  sep 2026 "),
    (
        "2026-03-04 09:05",
        "2026-03-04T09:05",
        "04.03.2026 9:05",
        "4 Mar 2026 09.05",
        "2026-03-04 09:05:00",
        "04-mar-2026T09:05Z",
    ),
    ("2026-03-04 09:05:07", "04.03.2026 09:05:07", "2026-03-04T09:05:07Z"),
    ("1234.5", "1,234.50", "1.234,50", "1234,50", "1234,5", "1234.500", "EUR 1.234,50", "1,234.50 usd", "€1234.5"),
    ("0", "0.00", "-0", "0,0", "-0.0"),
    ("-12.5", "-12,50", "EUR -12.50"),
    ("12345678", "12,345,678", "12,345,678.00"),
    ("2.4 kg", "2400 g", "2,4 kg", "2.40kg", "2400.0 G"),
    ("3 km", "3000 m", "300000 cm", "3,0 km"),
    ("Zoë", "ZoÃ«", "zoë", " Zoe\u0308 "),
    ("Łódź", "Å\x81Ã³dÅº"),
    ("on hold", "On  hold", "ON HOLD", "on\u00a0hold"),
]


@pytest.mark.parametrize("ways", SAME)
def test_ways_to_write_a_value(ways):
    assert {canonical(way) for way in ways} == {canonical(ways[0])}
    assert all(agrees(one, other) for one, other in itertools.product(ways, ways))
    assert all(canonical(canonical(way)) == canonical(way) for way in ways)


def test_what_means_different_things_stays_apart():
    apart = [ways[0] for ways in SAME] + ["2026-03-05", "04/03/2026", "03/04/2026", "1234.51", "2.4 km", "2.4", "Zoe"]
    apart += ["007", "7", "12345", "KL-1234", "1234-5", "a", "4 Mar", "2026", "March 2026", "1:30", "€"]
    for one, other in itertools.combinations(apart, 2):
        assert not agrees(one, other), (one, other)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("04.03.2026", "2026-03-04"),
        ("4 Mar 2026 9:05", "2026-03-04 09:05"),
        ("1.234,50", "1234.5"),
        ("2.4 kg", "2400 g"),
        ("1,5 km", "1500 m"),
        ("12 cm", "0.12 m"),
        ("ZoÃ«", "zoë"),
        (None, ""),
        ("", ""),
    ],
)
def test_the_one_form(value, form):
    assert canonical(value) == form


@pytest.mark.parametrize(
    "value",
    [
        *("03/04/2026|04/03/26|4.3.26|31.02.2026|2026-02-30|2026-13-01|00.01.2026|32 Mar 2026|4 Mai 2026").split("|"),
        *("4 marbles 2026|may 2026|2026-03-04 25:00|2026-03-04 10:61|2026-03-04t10:00+02:00|0000-01-01").split("|"),
        *("12,34,5|1.2.3|1,2345|007|00.5|.5|5.|.|,|-|1..5|--5|1 234|+5|1e5|1_000|0x10").split("|"),
        *("2.4 lb|kg|2.4 kg net|2..4 kg|two kg|10%|10 eur net|x1").split("|"),
    ],
)
def test_what_is_unclear_or_unknown_stays_as_it_is(value):
    assert canonical(value) == value.casefold()


def test_numbers_of_any_length_are_exact():
    for digits in (18, 28, 34, 60):
        one, other = "1" * digits, "1" * (digits - 1) + "2"
        assert canonical(one) == one
        assert not agrees(one, other)
        assert not agrees(f"0.{one}", f"0.{other}")


@given(st.dates(date(1000, 1, 1)), st.times())
def test_every_date_in_every_form(day, time):
    iso, clock = day.isoformat(), f"{time:%H:%M}"
    months = "January February March April May June July August September October November December".split()
    month = months[day.month - 1]
    forms = [
        f"{day:%d.%m.}{day.year}",
        f"{day.day} {month[:3]} {day.year}",
        f"{day.day}-{month[:3].upper()}-{day.year}",
    ]
    forms += [f"{month} {day.day}, {day.year}", f"{month[:3]} {day.day}, {day.year}", f"{day.day} {month} {day.year}"]
    for form in forms:
        assert canonical(form) == iso
        assert canonical(f"{form} {clock}") == f"{iso} {clock}"
    assert not agrees(iso, (day + timedelta(1 if day < date.max else -1)).isoformat())


@given(st.decimals(-(10**9), 10**9, places=2, allow_nan=False))
def test_every_amount_in_every_form(amount):
    plain = f"{amount:f}"
    german = f"{amount:,f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    wanted = canonical(plain)
    assert Decimal(wanted) == amount
    assert canonical(f"{amount:,f}") == canonical(german) == wanted
    assert canonical(f"{plain} EUR") == canonical(f"${plain}") == wanted


@given(st.text(max_size=30))
def test_any_text_has_one_form(text):
    form = canonical(text)
    assert canonical(f" {text} ") == form
    assert agrees(text, text)
    assert not agrees(text, None)
    assert not agrees(None, text)


def test_nothing_agrees_with_a_value_that_is_not_there():
    assert not agrees(None, None)
    assert not agrees(None, "")
    assert agrees("", "")


# --- the check of a variant ---------------------------------------------------------------------------------------

CONTEXT = lines(row(), row("2", status="paid"), row("3", status="packed"))
CASE = Case("1", "Which status has order 1?", "open", context=CONTEXT, query=STATUS)


def changed(old, new, **others):
    at = CONTEXT.index(old)
    return Variant(CASE, "test", 3, edits=(Edit(at, at + len(old), new, field="context"),), **others)


def test_same_must_still_give_the_target():
    assert rederived(changed('"customer": "Ann"', '"customer": null')) == ()
    assert rederived(changed('"status": "open"', '"order_status": "OPEN"')) == ()
    assert rederived(changed('"open"', '"paid"')) == ("the records say paid in place of open",)
    assert rederived(changed('"open"', "null")) == ("the records say status is not there in place of open",)
    assert rederived(changed('{"order": "1"', '{"order": "9"')) == (
        "the records say no record is the one that is asked about in place of open",
    )


def test_updated_must_give_the_new_target():
    assert rederived(changed('"open"', '"paid"', effect="updated", target="paid")) == ()
    assert rederived(changed('"open"', '"paid"', effect="updated", target="lost")) == (
        "the records say paid in place of lost",
    )
    assert rederived(changed('"Ann"', '"Bo"', effect="updated", target="paid")) == (
        "the records say open in place of paid",
    )


def test_clarify_must_give_none():
    assert rederived(changed('"open"', "null", effect="clarify")) == ()
    assert rederived(changed('"open"', '"paid"', effect="clarify")) == ("the records still say paid",)
    two = changed(CONTEXT.split("\n")[1], lines(row("2", status="paid"), row(status="lost")), effect="clarify")
    assert rederived(two) == ()


def test_a_case_whose_answer_no_query_gives_is_left_to_other_checks():
    for case in (Case("1", "?", "paid", context=CONTEXT, query=STATUS), Case("1", "?", "open", context="A passage.")):
        assert query_of(case) is None
        assert rederived(Variant(case, "test", 3, edits=(Edit(0, 1, "x", field="context"),))) == ()
    assert rederived(Variant(CASE, "test", 3, edits=(Edit(0, 5, "What"),))) == ()


def test_two_cases_that_differ_in_their_query_alone_are_asked_apart():
    other = Case("1", CASE.text, "open", context=CONTEXT, query={"select": "customer", "where": "order = 1"})
    assert query_of(CASE) is not None
    assert query_of(other) is None


def test_the_target_is_what_the_records_say_in_any_form():
    case = Case("1", "?", "5", context=CONTEXT, query=STATUS | {"select": "amount"})
    assert query_of(case) == parsed(STATUS | {"select": "amount"})


def test_which_records_are_asked_about_and_which_count():
    records = [row(updated="2026-01-01", customer="Bo"), row("2"), row(), row(status="paid"), row(None)]
    found = read(lines(*records))
    by_customer = parsed(STATUS | {"where": "customer = Ann and status = paid"})
    assert [number for number, _ in relevant(found, parsed(STATUS))] == [0, 2, 3]
    assert [number for number, _ in relevant(found, by_customer)] == [0, 2, 3]
    assert counting(found, parsed(STATUS)) == (2, 3)
    assert counting(found, by_customer) == (3,)
    assert counting(found, parsed(STATUS | {"latest": ""})) == (0, 2, 3)
