"""Values written in the manner of a country, a program or a person are read as what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallymark.kinds import Type
from tallymark.source import Table, WantedColumn

from .conftest import Shop, rows_of, table_of

FRENCH = {"decimal": ",", "thousands": " ", "dates": "day_first"}
ROMANIAN = {"decimal": ",", "thousands": ".", "dates": "day_first"}
SWISS = {"thousands": "'"}
ENGLISH = {"thousands": ",", "dates": "month_first"}

NUMBERS: list[tuple[Type, dict[str, Any], str, Any]] = [
    (Type.DECIMAL, {}, "12.5", Decimal("12.5")),
    (Type.DECIMAL, {}, "-12.5", Decimal("-12.5")),
    (Type.DECIMAL, {}, "+.5", Decimal("0.5")),
    (Type.DECIMAL, {}, " 7. ", Decimal(7)),
    (Type.DECIMAL, {}, "\u221212.5", Decimal("-12.5")),
    (Type.DECIMAL, {}, "12.5-", Decimal("-12.5")),
    (Type.DECIMAL, {}, "(12.5)", Decimal("-12.5")),
    (Type.DECIMAL, {}, "($12.50)", Decimal("-12.5")),
    (Type.DECIMAL, {}, "$ -12.50", Decimal("-12.5")),
    (Type.DECIMAL, {}, "-$12.50", Decimal("-12.5")),
    (Type.DECIMAL, {}, "USD 12.50", Decimal("12.5")),
    (Type.DECIMAL, {}, "12.50usd", Decimal("12.5")),
    (Type.DECIMAL, {}, "7.5%", Decimal("7.5")),
    (Type.DECIMAL, {}, "7.5 %", Decimal("7.5")),
    (Type.DECIMAL, {}, "1.5e3", Decimal(1500)),
    (Type.DECIMAL, {}, "999999999999.999999", Decimal("999999999999.999999")),
    (Type.DECIMAL, {}, "0.0000005", Decimal("0.000001")),
    (Type.DECIMAL, {}, "-0.0000005", Decimal("-0.000001")),
    (Type.DECIMAL, FRENCH, "1 234,50 €", Decimal("1234.5")),
    (Type.DECIMAL, FRENCH, "1\u00a0234\u00a0567,89\u00a0€", Decimal("1234567.89")),
    (Type.DECIMAL, FRENCH, "1\u202f234,50\u202f€", Decimal("1234.5")),
    (Type.DECIMAL, FRENCH, "-0,5", Decimal("-0.5")),
    (Type.DECIMAL, FRENCH, "€12", Decimal(12)),
    (Type.DECIMAL, ROMANIAN, "1.234,50 lei", Decimal("1234.5")),
    (Type.DECIMAL, ROMANIAN, "12.345.678,9 RON", Decimal("12345678.9")),
    (Type.DECIMAL, ROMANIAN, "RON 12", Decimal(12)),
    (Type.DECIMAL, ROMANIAN, "1 leu", Decimal(1)),
    (Type.DECIMAL, SWISS, "CHF 1'234.50", Decimal("1234.5")),
    (Type.DECIMAL, SWISS, "1’234.50 Fr.", Decimal("1234.5")),
    (Type.DECIMAL, ENGLISH, "£1,234,567.89", Decimal("1234567.89")),
    (Type.DECIMAL, ENGLISH, "₹12,34,567.89", Decimal("1234567.89")),
    (Type.DECIMAL, {"decimal": ","}, "120,00 kr", Decimal(120)),
    (Type.INTEGER, {}, "42", 42),
    (Type.INTEGER, {}, "-9223372036854775808", -9223372036854775808),
    (Type.INTEGER, {}, "007", 7),
    (Type.INTEGER, {}, "12.00", 12),
    (Type.INTEGER, FRENCH, "1 234 567", 1234567),
    (Type.INTEGER, FRENCH, "12,0", 12),
    (Type.INTEGER, ROMANIAN, "(1.234)", -1234),
    (Type.DOUBLE, {}, "1e-7", 1e-7),
    (Type.DOUBLE, {}, "2.5E+3", 2500.0),
    (Type.DOUBLE, FRENCH, "1 234,5", 1234.5),
    (Type.DOUBLE, {}, "nan", None),
    (Type.DOUBLE, {}, "-Infinity", None),
    (Type.DOUBLE, {}, "   ", None),
]

MOMENTS: list[tuple[Type, dict[str, Any], str, Any]] = [
    (Type.DATE, {}, "2024-01-31", date(2024, 1, 31)),
    (Type.DATE, {}, "2024/1/5", date(2024, 1, 5)),
    (Type.DATE, {}, "20240131", date(2024, 1, 31)),
    (Type.DATE, {}, " 2024-01-31 ", date(2024, 1, 31)),
    (Type.DATE, {}, "2024-01-31 00:00:00", date(2024, 1, 31)),
    (Type.DATE, {}, "2024-01-31T00:00:00.000", date(2024, 1, 31)),
    (Type.DATE, FRENCH, "31/01/2024", date(2024, 1, 31)),
    (Type.DATE, FRENCH, "1/2/24", date(2024, 2, 1)),
    (Type.DATE, FRENCH, "31/12/68", date(2068, 12, 31)),
    (Type.DATE, FRENCH, "01/01/69", date(1969, 1, 1)),
    (Type.DATE, FRENCH, "2024-01-31", date(2024, 1, 31)),
    (Type.DATE, ROMANIAN, "31.01.2024", date(2024, 1, 31)),
    (Type.DATE, ROMANIAN, "31-1-2024", date(2024, 1, 31)),
    (Type.DATE, ROMANIAN, "31.01.2024 00:00", date(2024, 1, 31)),
    (Type.DATE, ENGLISH, "1/31/2024", date(2024, 1, 31)),
    (Type.DATE, ENGLISH, "1/31/2024 12:00:00 AM", date(2024, 1, 31)),
    (Type.DATE, {"dates": "%d %b %Y"}, "31 Jan 2024", date(2024, 1, 31)),
    (Type.TIMESTAMP, {}, "2024-01-31", datetime(2024, 1, 31)),
    (Type.TIMESTAMP, {}, "2024-01-31 13:05", datetime(2024, 1, 31, 13, 5)),
    (Type.TIMESTAMP, {}, "2024-01-31T13:05:07.123456789", datetime(2024, 1, 31, 13, 5, 7, 123456)),
    (Type.TIMESTAMP, {}, "20240131 13:05", datetime(2024, 1, 31, 13, 5)),
    (Type.TIMESTAMP, FRENCH, "31/01/2024 13:05:07", datetime(2024, 1, 31, 13, 5, 7)),
    (Type.TIMESTAMP, ROMANIAN, "31.01.24 3:05", datetime(2024, 1, 31, 3, 5)),
    (Type.TIMESTAMP, ENGLISH, "1/31/2024 1:05:07 PM", datetime(2024, 1, 31, 13, 5, 7)),
    (Type.TIMESTAMP, ENGLISH, "1/31/2024 12:05 a.m.", datetime(2024, 1, 31, 0, 5)),
    (Type.TIMESTAMP, {"dates": "%Y%m%d%H%M"}, "202401311305", datetime(2024, 1, 31, 13, 5)),
    (Type.INSTANT, {}, "2024-01-31T13:05:00Z", datetime(2024, 1, 31, 13, 5, tzinfo=UTC)),
    (Type.INSTANT, {}, "2024-01-31 13:05:00.5+02:00", datetime(2024, 1, 31, 11, 5, 0, 500000, tzinfo=UTC)),
    (Type.INSTANT, {}, "2024-01-31 13:05 +0530", datetime(2024, 1, 31, 7, 35, tzinfo=UTC)),
    (Type.INSTANT, {}, "2024-01-31 13:05:00 UTC", datetime(2024, 1, 31, 13, 5, tzinfo=UTC)),
    (Type.INSTANT, {}, "2024-01-31 13:05-08", datetime(2024, 1, 31, 21, 5, tzinfo=UTC)),
    (Type.INSTANT, FRENCH, "31/01/2024 13:05 GMT", datetime(2024, 1, 31, 13, 5, tzinfo=UTC)),
    (Type.INSTANT, {"dates": "%d.%m.%Y %H:%M %z"}, "31.01.2024 13:05 +0200", datetime(2024, 1, 31, 11, 5, tzinfo=UTC)),
]

TRUTHS: list[tuple[Type, dict[str, Any], str, Any]] = [
    (Type.BOOLEAN, {}, word, truth)
    for truth, words in ((True, "true TRUE 1 yes oui Da vrai"), (False, "false 0 NO non nu faux"))
    for word in words.split()
] + [
    (Type.BOOLEAN, {"booleans": ["ja", "nein"]}, " Ja ", True),
    (Type.BOOLEAN, {"booleans": [["ja", "nein"], [1, 0], [True, False]]}, "0", False),
    (Type.BOOLEAN, {"booleans": [["ja", "nein"], [True, False]]}, "TRUE", True),
]

TEXTS: list[tuple[Type, dict[str, Any], str, Any]] = [
    (Type.TEXT, {}, " a ", " a "),
    (Type.TEXT, {}, "", None),
    (Type.TEXT, {"nulls": ["-"]}, "-", None),
    (Type.TEXT, {"nulls": ["-"]}, "", ""),
    (Type.TEXT, {"nulls": []}, "", ""),
    (Type.DECIMAL, {"nulls": ["", "n/a"]}, "n/a", None),
    (Type.DATE, {}, "", None),
    (Type.BOOLEAN, {}, "\u00a0", None),
]


def read(shop: Shop, kind: Type, form: dict[str, Any], values: Sequence[str]) -> list[Any]:
    """The values as read from a column of a CSV file whose fields are all in quotes."""
    lines = ["v;n", *('"' + value.replace('"', '""') + f'";{n}' for n, value in enumerate(values))]
    shop.write("v.csv", "\n".join(lines) + "\n")
    return [row[0] for row in shop.rows("v.csv", {"v": kind, "n": Type.INTEGER}, **form)]


@pytest.mark.parametrize(("kind", "form", "written", "expected"), NUMBERS + MOMENTS + TRUTHS + TEXTS)
def test_a_value_is_read_as_what_it_means(
    shop: Shop, kind: Type, form: dict[str, Any], written: str, expected: Any
) -> None:
    """A value written in a declared format is read exactly."""
    assert [expected] == read(shop, kind, form, [written])


NOT_READ = [
    (Type.DECIMAL, {}, "1,234", "D420", "thousands: ','"),
    (Type.DECIMAL, {}, "1234,5", "D420", "decimal: ','"),
    (Type.DECIMAL, {}, "1.234,50", "D420", "decimal: ','` and `thousands: '.'"),
    (Type.DECIMAL, {}, "1 234", "D420", "thousands: ' '"),
    (Type.DECIMAL, {}, "1 234,50 €", "D420", "decimal: ','"),
    (Type.DECIMAL, {}, "1'234", "D420", "thousands"),
    (Type.DECIMAL, {}, "n/a", "D420", "nulls"),
    (Type.DECIMAL, {}, "twelve", "D420", None),
    (Type.DECIMAL, {}, "12 13", "D420", None),
    (Type.DECIMAL, {}, "--5", "D420", None),
    (Type.DECIMAL, {}, "(-5)", "D420", None),
    (Type.DECIMAL, {}, "(5", "D420", None),
    (Type.DECIMAL, {}, "1_000", "D420", None),
    (Type.DECIMAL, {}, "0x1F", "D420", None),
    (Type.DECIMAL, {}, "nan", "D420", "nulls"),
    (Type.DECIMAL, {}, "1000000000000", "D421", "double"),
    (Type.DECIMAL, FRENCH, "1.234,5", "D420", "thousands: '.'"),
    (Type.DECIMAL, ROMANIAN, "12.34", "D420", None),
    (Type.INTEGER, {}, "5.7", "D420", "decimal"),
    (Type.INTEGER, {}, "1.2E+12", "D420", "spreadsheet"),
    (Type.INTEGER, {}, "9223372036854775808", "D421", "double"),
    (Type.DOUBLE, {}, "1e999", "D421", None),
    (Type.DATE, {}, "2024-02-30", "D420", None),
    (Type.DATE, {}, "31/01/2024", "D420", "day_first"),
    (Type.DATE, {}, "01/31/2024", "D420", "month_first"),
    (Type.DATE, {}, "05/01/2024", "D420", "day_first` or `dates: month_first"),
    (Type.DATE, {}, "2024-01-31 10:00", "D420", "timestamp"),
    (Type.DATE, {}, "2024-01-31T10:00:00Z", "D420", "instant"),
    (Type.DATE, FRENCH, "01/31/2024", "D420", "day_first"),
    (Type.DATE, {"dates": "%d/%m/%Y"}, "05/01/24", "D420", "%d/%m/%Y"),
    (Type.DATE, {}, "infinity", "D420", None),
    (Type.TIMESTAMP, {}, "2024-01-31T10:00:00Z", "D422", "instant"),
    (Type.TIMESTAMP, {}, "2024-01-31 10:00:00+02:00", "D422", "instant"),
    (Type.TIMESTAMP, {}, "2024-01-31 25:00", "D420", None),
    (Type.INSTANT, {}, "2024-01-31 10:00:00+99:00", "D420", None),
    (Type.BOOLEAN, {}, "ja", "D420", "booleans"),
]


@pytest.mark.parametrize(("kind", "form", "written", "code", "hint"), NOT_READ)
def test_what_cannot_be_read_is_a_fault(
    shop: Shop, kind: Type, form: dict[str, Any], written: str, code: str, hint: str | None
) -> None:
    """A value that is not written as declared is a fault that shows it and says what would read it."""
    shop.write("v.csv", f'v;n\n;0\n"{written}";1\n')
    (fault,) = shop.faults("v.csv", {"v": kind, "n": Type.INTEGER}, **form)
    assert code == fault.code
    assert f"`{written}`" in fault.message
    assert "line 3 of v.csv" in fault.message
    assert hint is None or hint in (fault.help or "")


def test_local_times_are_read_in_the_projects_zone(shop: Shop) -> None:
    """An instant without an offset lies in the project's time zone, summer time and all."""
    shop.write("v.csv", "v,n\n2024-01-31 13:00,1\n2024-07-31 13:00,2\n2024-07-31 13:00Z,3\n")
    source = shop.source(timezone="Europe/Bucharest")
    found = rows_of(source, table_of("v.csv", {"v": Type.INSTANT}))
    assert [11, 10, 13] == [row[0].astimezone(UTC).hour for row in found]


def test_a_column_may_be_written_otherwise_than_its_table(shop: Shop) -> None:
    """A column's own format wins over the table's, and the table's over the source's."""
    shop.write("v.csv", "a;b;c\n1,5;1.5;x\n")
    columns = (
        WantedColumn("a", Type.DECIMAL),
        WantedColumn("b", Type.DECIMAL, {"decimal": "."}),
        WantedColumn("c", Type.TEXT, {"nulls": ["x"]}),
    )
    source = shop.source(delimiter="|", decimal=".")
    table = Table("orders", "v.csv", columns, {"decimal": ",", "delimiter": ";"})
    assert [(Decimal("1.5"), Decimal("1.5"), None)] == rows_of(source, table)


FORMATS: list[dict[str, Any]] = [
    {"decimal": decimal, "thousands": thousands}
    for decimal in (".", ",")
    for thousands in (None, ",", ".", " ", "'")
    if decimal != thousands
]


def written(value: Decimal, form: dict[str, Any], dress: str, space: str) -> str:
    """The number as a person writes it in the format."""
    whole, _, fraction = f"{abs(value):f}".partition(".")
    mark = {" ": space}.get(form["thousands"], form["thousands"] or "")
    groups = []
    while len(whole) > 3 and mark:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    text = mark.join([whole, *groups]) + (form["decimal"] + fraction if fraction else "")
    signs = {"plain": "-{}", "after": "{}-", "parenthesis": "({})", "euro": "-{} €", "before": "-EUR {}"}
    others = {"euro": "{} €", "before": "EUR {}"}
    return (signs[dress] if value < 0 else others.get(dress, "{}")).format(text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(FORMATS))
def test_numbers_come_back_exactly(shop: Shop, data: st.DataObject, form: dict[str, Any]) -> None:
    """Any decimal of up to 12 + 6 digits, written in any declared format, is read back exactly."""
    scaled = st.integers(-(10**18) + 1, 10**18 - 1)
    values = [Decimal(each).scaleb(-6) for each in data.draw(st.lists(scaled, min_size=1, max_size=30))]
    dress = st.sampled_from(["plain", "after", "parenthesis", "euro", "before"])
    space = st.sampled_from([" ", "\u00a0", "\u202f"])
    texts = [written(value, form, data.draw(dress), data.draw(space)) for value in values]
    assert values == read(shop, Type.DECIMAL, form, texts)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=1))
def test_text_comes_back_exactly(shop: Shop, values: list[str]) -> None:
    """Any text in a quoted field, quotes, delimiters and line ends included, is read as it stands."""
    assert [value or None for value in values] == read(shop, Type.TEXT, {}, values)
