"""Stored columns: which are asked of a source, and what they become."""

from __future__ import annotations

import pytest

from tallymark.catalog import Catalog
from tallymark.check import check
from tallymark.definitions import Project
from tallymark.errors import Fault
from tallymark.kinds import Type
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn

HAS = {
    "id": Type.TEXT, "at": Type.TIMESTAMP, "until": Type.DATE, "seen": Type.INSTANT, "customer": Type.TEXT,
    "amount": Type.DOUBLE, "count": Type.INTEGER, "minutes": Type.INTEGER, "ok": Type.BOOLEAN, "Odd Name": Type.TEXT,
}  # fmt: skip
"""The columns of every table here."""


def declared_only(source: str, table: Table) -> tuple[TableColumn, ...]:
    """A source that gives the columns it is asked for, and all when it is asked for none, as sources do."""
    names = [c.name for c in table.columns] or list(HAS)
    return tuple(TableColumn(name, HAS[name]) for name in names if name in HAS)


def made(text: str) -> tuple[Catalog, tuple[Fault, ...]]:
    """The catalog of some datasets, and its faults."""
    definitions, faults = read_texts([("own.yaml", text)], project=Project(currency="USD"))
    assert [] == faults
    return check(definitions, declared_only)


CALENDAR = "calendar: {dataset: days, day: until, month: id, quarter: count, year: count}\n"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([], CALENDAR),
        ([("R085", "dataset `dayz` is not there", "days")], CALENDAR.replace("days", "dayz")),
        ([("R085", "has no column `untl`", "until")], CALENDAR.replace("until", "untl")),
        ([("R085", "`days.seen` is instant, not a date", "date")], CALENDAR.replace("until", "seen")),
        ([("R085", "`days.amount` is double, not a text", "text")], CALENDAR.replace("month: id", "month: amount")),
        (
            [("R085", "`quarter`", None), ("R085", "`year`", None)],
            CALENDAR.replace("quarter: count, year: count", "quarter: ok, year: ok"),
        ),
    ],
)
def test_the_table_of_a_calendar(expected: list[tuple[str, str, str | None]], text: str) -> None:
    """A calendar's dataset and columns are there, days are dates, and names texts or whole numbers."""
    definitions, faults = read_texts([("tally.yaml", f"{text}datasets: {{days: {{table: days.csv}}}}")])
    assert [] == faults
    found = check(definitions, declared_only)[1]
    assert [code for code, _, _ in expected] == [f.code for f in found]
    for (_, message, help), fault in zip(expected, found, strict=True):
        assert message in fault.message
        assert help is None or help in str(fault.help)


def test_keys_times_and_references_need_no_declaration() -> None:
    """Where some columns are declared, those that the dataset's own keys name are asked for too."""
    catalog, faults = made(
        "datasets:\n  orders: {key: id, time: at, valid: [at, until], refs: {customer: customers}, columns: {amount: decimal}}\n"
        "  customers: {key: id}\n"
    )
    assert [] == [str(f) for f in faults]
    assert {"amount", "id", "at", "until", "customer"} == catalog.datasets["orders"].columns.keys()
    assert {n for n in HAS if n.isidentifier()} == catalog.datasets["customers"].columns.keys()


STORED = [
    # the declaration, the type in the source; the type, unit and factor it is read with
    ("{unit: money}", "amount", (Type.DECIMAL, "money (USD)", 1.0)),
    ("{unit: {money: EUR}, type: double}", "amount", (Type.DOUBLE, "money (EUR)", 1.0)),
    ("integer", "amount", (Type.DOUBLE, "number", 1.0)),
    ("double", "count", (Type.DOUBLE, "number", 1.0)),
    ("{unit: count}", "count", (Type.INTEGER, "count", 1.0)),
    ("{unit: duration}", "count", (Type.INTEGER, "duration", 1.0)),
    ("{unit: {duration: minutes}, column: minutes}", "x", (Type.DOUBLE, "duration", 60.0)),
    ("{unit: {duration: ms}, column: minutes}", "x", (Type.DOUBLE, "duration", 0.001)),
    ("timestamp", "until", (Type.TIMESTAMP, "number", 1.0)),
    ("date", "at", (Type.DATE, "number", 1.0)),
    ("timestamp", "seen", (Type.INSTANT, "number", 1.0)),
    ("{column: Odd Name}", "x", (Type.TEXT, "number", 1.0)),
]


@pytest.mark.parametrize(("said", "name", "expected"), STORED, ids=[f"{n}: {s}" for s, n, _ in STORED])
def test_stored(said: str, name: str, expected: tuple[Type, str, float]) -> None:
    """A column is read as the declared type if the source's widens to it, in the declared unit's own measure."""
    catalog, faults = made(f"datasets:\n  orders: {{columns: {{{name}: {said}}}}}\n")
    assert [] == [str(f) for f in faults]
    column = catalog.datasets["orders"].columns[name]
    assert expected == (column.type, str(column.unit), column.factor)


@pytest.mark.parametrize(
    ("said", "name"),
    [("text", "count"), ("{unit: money}", "id"), ("boolean", "count"), ("date", "ok"), ("decimal", "at")],
)
def test_types_that_do_not_widen(said: str, name: str) -> None:
    """Another type than the source's is a fault, and the column has no values."""
    catalog, faults = made(f"datasets:\n  orders: {{columns: {{{name}: {said}}}}}\n")
    assert ["D405"] == [f.code for f in faults]
    assert catalog.datasets["orders"].columns[name].faulty


def test_what_a_formula_cannot_say_is_left_out() -> None:
    """Undeclared columns keep their names if a formula can say them; a renamed one is there once."""
    catalog, _ = made("datasets:\n  orders: {}\n  renamed: {columns: {odd: {column: Odd Name}}}\n")
    assert "Odd Name" not in catalog.datasets["orders"].columns
    assert ["odd"] == list(catalog.datasets["renamed"].columns)
