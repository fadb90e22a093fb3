"""PostgreSQL through SQLAlchemy and through ADBC: rows fetched from a real server, of every type it has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.source import Source, Table, WantedColumn
from tallymark_plugins import adbc, sqlalchemy_url

from .server import Cluster

COLUMNS = {
    "id": "bigint PRIMARY KEY", "small": "smallint", "exact": "numeric(12, 2)", "free": "numeric",
    "share": "double precision", "said": "text", "code": "varchar(3)", "day": "date", "wall": "timestamp",
    "at": "timestamptz", "yes": "boolean", "token": "uuid", "more": "jsonb", "many": "integer[]", "raw": "bytea",
}  # fmt: skip

VALUES = """
(1, 7, 10.25, 0.125, 0.5, 'été', 'abc', '2024-02-29', '2024-02-29 23:59:59.5', '2024-02-29 23:00:00+02', true,
 '00000000-0000-0000-0000-000000000001', '{"a": 1}', '{1,2}', '\\x00'),
(2, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""

TYPES = {
    "id": Type.INTEGER, "small": Type.INTEGER, "exact": Type.DECIMAL, "free": Type.DECIMAL, "share": Type.DOUBLE,
    "said": Type.TEXT, "code": Type.TEXT, "day": Type.DATE, "wall": Type.TIMESTAMP, "at": Type.INSTANT,
    "yes": Type.BOOLEAN, "token": Type.TEXT,
}  # fmt: skip

FIRST = (
    1, 7, Decimal("10.25"), Decimal("0.125"), 0.5, "été", "abc", date(2024, 2, 29),
    datetime(2024, 2, 29, 23, 59, 59, 500000), datetime(2024, 2, 29, 21, tzinfo=UTC), True,
    "00000000-0000-0000-0000-000000000001",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(server: Cluster) -> Cluster:
    """The server with a table of every type, and one that is not of the usual schema."""
    listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with server.connected() as connection:
        connection.execute("DROP SCHEMA IF EXISTS kinds CASCADE; CREATE SCHEMA kinds")
        connection.execute(f"CREATE TABLE kinds.all_of_them ({listed})")  # type: ignore[arg-type]  # made of constants
        connection.execute(f"INSERT INTO kinds.all_of_them VALUES {VALUES}")  # type: ignore[arg-type]  # the same
    return server


@pytest.fixture(params=["sqlalchemy", "adbc"])
def source(filled: Cluster, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """A source over the schema, by either way."""
    host = str(filled.folder)
    options: dict[str, Any] = {"schema": "kinds", "fresh_for": 0}
    if request.param == "sqlalchemy":
        plugin: Any = sqlalchemy_url
        monkeypatch.setenv("THERE", f"postgresql+psycopg://tally@/postgres?host={host}")
        options |= {"url": "env:THERE"}
    else:
        plugin = adbc
        monkeypatch.setenv("THERE", f"postgresql://tally@/postgres?host={host}")
        options |= {"driver": "adbc_driver_postgresql", "uri": "env:THERE"}
    with Embedded(threads=1) as embedded:
        yield plugin.make(SourceDef("there", plugin.KIND, options), Path(), embedded, "UTC")


def rows(source: Source, table: Table) -> list[tuple[Any, ...]]:
    """The rows as questions see them."""
    name = ".".join(f'"{part}"' for part in source.prepare(table))
    found = source.backend.run(f"SELECT * FROM {name} ORDER BY 1")
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def test_every_type_is_read(source: Source) -> None:
    """Numbers stay exact, times keep their instants, and what formulas do not handle is said to be so."""
    wanted = Table("t", "all_of_them", tuple(WantedColumn(name) for name in TYPES))
    assert [FIRST, (2, *[None] * (len(TYPES) - 1))] == rows(source, wanted)
    described = {column.name: column.type for column in source.describe(Table("t", "all_of_them"))}
    assert TYPES == {name: described[name] for name in TYPES}
    assert {Type.OPAQUE} == {described[name] for name in ("many", "raw")}
    assert ("`share` in `all_of_them`: 1 value NaN or infinite, counted as null",) == source.notes(wanted)


def test_a_table_of_another_schema(source: Source) -> None:
    """A table may be named with its schema, and a wrong one is told."""
    assert [(1,), (2,)] == rows(source, Table("t", "kinds.all_of_them", (WantedColumn("id"),)))
    with pytest.raises(FaultError) as raised:
        source.prepare(Table("t", "kinds.none_of_them"))
    assert ["D426"] == [fault.code for fault in raised.value.faults]


def test_rows_change(source: Source, filled: Cluster) -> None:
    """Rows that are fresh for no time are fetched at every question."""
    table = Table("t", "all_of_them", (WantedColumn("id"),))
    assert 2 == len(rows(source, table))
    with filled.connected() as connection:
        connection.execute("INSERT INTO kinds.all_of_them (id) VALUES (3)")
        try:
            assert 3 == len(rows(source, table))
        finally:
            connection.execute("DELETE FROM kinds.all_of_them WHERE id = 3")
