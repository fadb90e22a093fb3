"""DuckDB files and tables handed over by a program are read as files are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.source import Source, Table, WantedColumn
from tallymark_plugins import duckdb_file, memory
from tallymark_plugins.memory import Memory

from .conftest import faults_of, rows_of, table_of


def warehouse(path: Path, *statements: str) -> None:
    """Writes a DuckDB file in place of the one that is there, as another program does."""
    fresh = path.with_name("fresh.duckdb")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        for statement in statements:
            connection.execute(statement)
    os.replace(fresh, path)


@pytest.fixture
def attached(tmp_path: Path) -> Iterator[Source]:
    """A source over a DuckDB file with a few tables."""
    warehouse(
        tmp_path / "w.duckdb",
        "CREATE TABLE orders AS SELECT 1::UTINYINT AS id, '1,5' AS amount, 'nan'::DOUBLE AS rate, uuid() AS token",
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.orders AS SELECT DATE '2024-01-31' AS day",
        "CREATE VIEW recent AS SELECT id FROM orders",
        'CREATE TABLE "odd ""name" AS SELECT 1 AS "a ""b"',
    )
    definition = SourceDef("wh", "duckdb", {"path": "w.duckdb"})
    with Embedded(duckdb_file.reach(definition, tmp_path), threads=1) as embedded:
        yield duckdb_file.make(definition, tmp_path, embedded, "UTC")


def test_tables_of_a_duckdb_file(attached: Source) -> None:
    """Tables, views and tables of other schemas are read, with names of any kind."""
    assert [(1, None)] == rows_of(attached, table_of("orders", {"id": None, "rate": None}))
    assert [(date(2024, 1, 31),)] == rows_of(attached, table_of("sales.orders"))
    assert [(1,)] == rows_of(attached, table_of("recent"))
    assert [(1,)] == rows_of(attached, table_of('odd "name', {'a "b': Type.INTEGER}))


def test_columns_of_a_duckdb_file(attached: Source) -> None:
    """The columns are told by type, with DuckDB's own word for it."""
    found = [(column.name, str(column.type), column.native) for column in attached.describe(table_of("orders"))]
    expected = [
        ("id", "integer", "UTINYINT"),
        ("amount", "text", "VARCHAR"),
        ("rate", "double", "DOUBLE"),
        ("token", "text", "UUID"),
    ]
    assert expected == found
    assert ("`rate` in `orders`: 1 value NaN or infinite, counted as null",) == attached.notes(table_of("orders"))


def test_text_of_a_duckdb_file_is_parsed(attached: Source) -> None:
    """A text column declared as a number is parsed, and what cannot be read is told by row."""
    assert [(Decimal("1.5"),)] == rows_of(attached, table_of("orders", {"amount": Type.DECIMAL}, {"decimal": ","}))
    (fault,) = faults_of(attached, table_of("orders", {"amount": Type.DECIMAL}))
    assert "`1,5` is not a decimal, in column `amount` at row 1 of table orders of w.duckdb" == fault.message


@pytest.mark.parametrize(("name", "hint"), [("order", "`orders`"), ("sales.order", "`sales.orders`"), ("x; DROP", "")])
def test_an_unknown_table_is_a_fault(attached: Source, name: str, hint: str) -> None:
    """A table that is not there is a fault with the nearest name."""
    (fault,) = faults_of(attached, table_of(name))
    assert "D426" == fault.code
    assert hint in (fault.help or "")


def test_a_replaced_file_is_attached_anew(attached: Source, tmp_path: Path) -> None:
    """When the file is replaced, the state changes and the next question sees the new rows."""
    table = table_of("orders", {"id": None})
    before = attached.state(table)
    assert [(1,)] == rows_of(attached, table)
    warehouse(tmp_path / "w.duckdb", "CREATE TABLE orders AS SELECT 7 AS id")
    assert before != attached.state(table)
    assert [(7,)] == rows_of(attached, table)


def test_the_file_is_never_written(attached: Source, tmp_path: Path) -> None:
    """The file is attached read-only: not even a source's own statements can change it."""
    rows_of(attached, table_of("orders", {"id": None}))
    backend = attached.backend
    assert isinstance(backend, Embedded)
    with pytest.raises(FaultError), backend.loading() as cursor:
        cursor.execute("DELETE FROM at_wh.orders")


@pytest.mark.parametrize(
    ("options", "content", "code"),
    [
        ({"path": "../w.duckdb"}, None, "D412"),
        ({"path": "w.duckdb"}, None, "D413"),
        ({"path": "w.duckdb"}, b"no database" * 1000, "D427"),
        ({"path": "w.duckdb"}, b"", "D427"),
    ],
)
def test_a_bad_duckdb_file_is_a_fault(
    tmp_path: Path, options: dict[str, str], content: bytes | None, code: str
) -> None:
    """A path that leads out, and a file that is not there or none of DuckDB's, are faults."""
    if content is not None:
        (tmp_path / "w.duckdb").write_bytes(content)
    definition = SourceDef("wh", "duckdb", options)
    with pytest.raises(FaultError) as raised, Embedded([tmp_path]) as embedded:
        duckdb_file.make(definition, tmp_path, embedded, "UTC").prepare(table_of("orders"))
    assert code == raised.value.faults[0].code


@pytest.fixture
def app() -> Iterator[Memory]:
    """A source of tables in memory."""
    with Embedded(threads=1) as embedded:
        source = memory.make(SourceDef("app", "memory"), Path("."), embedded, "Europe/Paris")
        assert isinstance(source, Memory)
        yield source


DATA: dict[str, Any] = {"id": [1, 2], "name": ["a", None], "at": [datetime(2024, 1, 31), None]}
FRAMES = {
    "Arrow table": pyarrow.table(DATA),
    "record batch": pyarrow.RecordBatch.from_pydict(DATA),
    "record batch reader": pyarrow.table(DATA).to_reader(),
    "pandas": pandas.DataFrame(DATA, index=[7, 7]),
    "pandas of Arrow types": pandas.DataFrame(DATA).convert_dtypes(dtype_backend="pyarrow"),
    "polars": polars.DataFrame(DATA),
    "polars with categories": polars.DataFrame(DATA).with_columns(polars.col("name").cast(polars.Categorical)),
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_tables_handed_over(app: Memory, data: Any) -> None:
    """Arrow tables and frames of pandas and polars are read alike, row labels left out."""
    app.put("orders", data)
    columns = {"id": Type.INTEGER, "name": Type.TEXT, "at": Type.DATE}
    assert [(1, "a", date(2024, 1, 31)), (2, None, None)] == rows_of(app, table_of("orders", columns))
    kinds = [str(column.type) for column in app.describe(table_of("orders"))]
    assert ["integer", "text", "timestamp"] == kinds


def test_a_table_put_again_is_read_again(app: Memory) -> None:
    """The state grows with each `put`, and the next question sees the new rows."""
    table = table_of("orders", {"id": Type.INTEGER})
    app.put("orders", pyarrow.table({"id": [1]}))
    before = app.state(table)
    assert [(1,)] == rows_of(app, table)
    app.put("orders", pyarrow.table({"id": [2, 3], "x": ["a", "b"]}))
    assert before != app.state(table)
    assert [(2,), (3,)] == rows_of(app, table)
    app.drop("orders")
    assert "D426" == faults_of(app, table)[0].code


def test_doubles_that_are_integers_with_gaps(app: Memory) -> None:
    """Pandas holds integers with gaps as doubles: declared integer, they are integers and nulls."""
    app.put("orders", pandas.DataFrame({"id": [1, None, 3]}))
    assert [(1,), (None,), (3,)] == rows_of(app, table_of("orders", {"id": Type.INTEGER}))


def test_text_handed_over_is_parsed(app: Memory) -> None:
    """Text in memory is parsed as it is in files, and told by row."""
    app.put("orders", polars.DataFrame({"amount": ["1.234,50 lei", "x"]}))
    table = table_of("orders", {"amount": Type.DECIMAL}, {"decimal": ",", "thousands": "."})
    (fault,) = faults_of(app, table)
    assert "`x` is not a decimal, in column `amount` at row 2 of the table `orders`" == fault.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([{"id": 1}], "D429"),
        (None, "D429"),
        ("orders.csv", "D429"),
        (pandas.DataFrame({"x": [1, "a", object()]}), "D429"),
        (pandas.DataFrame([[1, 2]], columns=["a", "A"]), "D418"),
        (pyarrow.table([[1], [2]], names=["a", "a"]), "D418"),
    ],
)
def test_what_is_no_table_is_a_fault(app: Memory, data: Any, code: str) -> None:
    """Anything that is not a table of named columns is refused when it is put."""
    with pytest.raises(FaultError) as raised:
        app.put("orders", data)
    assert code == raised.value.faults[0].code


def test_a_table_nobody_put_is_a_fault(app: Memory) -> None:
    """A table that was not handed over is a fault with the nearest name."""
    app.put("orders", pyarrow.table({"id": [1]}))
    (fault,) = faults_of(app, table_of("order"))
    assert ("D426", "did you mean `orders`?") == (fault.code, fault.help)
    assert ("orders",) == app.names()


def test_faults_stand_at_the_declaration(app: Memory) -> None:
    """Where the data has no lines, the fault stands where the column is declared."""
    from tallymark.place import Place

    place = Place("metrics.yaml", 12, 5)
    app.put("orders", pyarrow.table({"amount": ["x"]}))
    table = Table("orders", "orders", (WantedColumn("amount", Type.DECIMAL, place=place),))
    assert place == faults_of(app, table)[0].place
