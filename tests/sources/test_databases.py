"""Rows of databases that speak other SQL are fetched, typed and kept as those of files are."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.source import Source
from tallymark_plugins import adbc, sqlalchemy_url, sqlite_file

from .conftest import faults_of, rows_of, table_of

PASSWORD = "hunter2canary"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A SQLite file with orders: their ids are 5, 7 and 9, so that a row's id is not its number."""
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE orders (
              id INTEGER PRIMARY KEY, amount DECIMAL(10,2), placed TIMESTAMP, day DATE, paid BOOLEAN, note VARCHAR(20)
            );
            INSERT INTO orders VALUES
              (5, 1.5, '2024-01-02 03:04:05', '2024-01-02', 1, 'first'),
              (7, 2.25, '2024-02-01 00:00:00', '2024-02-01', 0, ''),
              (9, NULL, NULL, NULL, NULL, NULL);
            CREATE VIEW doubled AS SELECT id * 2 AS twice, amount * 2 AS amount, note || '!' AS note FROM orders;
            CREATE TABLE loose (anything, raw BLOB);
            INSERT INTO loose VALUES (1, NULL), (2.5, NULL);
            """
        )
    return path


def change(path: Path, statement: str) -> None:
    """Runs a statement as another program does, and lets the clock of the file system tick."""
    before = path.stat().st_mtime_ns
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
    if path.stat().st_mtime_ns == before:
        os.utime(path, ns=(before, before + 1))


Make = Callable[..., Source]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a source of a plugin with options."""
    with Embedded(threads=1) as embedded:

        def made(plugin: ModuleType, name: str = "app", **options: Any) -> Source:
            found: Source = plugin.make(SourceDef(name, plugin.KIND, options), tmp_path, embedded, "UTC")
            return found

        yield made


EXPECTED = [
    (5, Decimal("1.5"), datetime(2024, 1, 2, 3, 4, 5), date(2024, 1, 2), True, "first"),
    (7, Decimal("2.25"), datetime(2024, 2, 1), date(2024, 2, 1), False, ""),
    (9, None, None, None, None, None),
]
TYPES = ["integer", "decimal", "timestamp", "date", "boolean", "text"]


def test_a_sqlite_table_is_read_by_its_declared_types(app: Path, make: Make) -> None:
    """Columns are of the types that SQLite's declarations say, and `describe` tells the same as what is offered."""
    source = make(sqlite_file, path="app.db")
    assert EXPECTED == rows_of(source, table_of("orders"))
    assert TYPES == [str(column.type) for column in source.describe(table_of("orders"))]
    assert () == source.notes(table_of("orders"))


def test_a_sqlalchemy_table_is_read_by_reflection(app: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same table through SQLAlchemy gives the same rows of the same types."""
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    source = make(sqlalchemy_url, url="env:APP_URL")
    assert EXPECTED == rows_of(source, table_of("orders"))
    assert TYPES == [str(column.type) for column in source.describe(table_of("orders"))]


def test_an_adbc_table_is_read_as_the_driver_types_it(app: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ADBC driver's columns are read as it types them, or as the project declares."""
    monkeypatch.setenv("APP_URI", f"file:{app}?mode=ro")
    source = make(adbc, driver="adbc_driver_sqlite", uri="env:APP_URI", dialect="sqlite")
    wanted = table_of("orders", {"id": None, "placed": Type.TIMESTAMP, "paid": Type.BOOLEAN})
    assert [(row[0], row[2], row[4]) for row in EXPECTED] == rows_of(source, wanted)


def test_views_and_columns_without_a_type(app: Path, make: Make) -> None:
    """Columns that SQLite declares no type for are numbers where all their values are, else text."""
    source = make(sqlite_file, path="app.db")
    assert [(10, 3.0, "first!"), (14, 4.5, "!"), (18, None, None)] == rows_of(source, table_of("doubled"))
    assert [(1.0, None), (2.5, None)] == rows_of(source, table_of("loose"))


def test_a_value_that_does_not_fit_is_told_with_its_row(app: Path, make: Make) -> None:
    """Text in a column of numbers is a fault with the table, the row's id and the column, one for each column."""
    change(app, "INSERT INTO orders VALUES (11, 'n/a', 'soon', '2024-01-01', 7, x'ff00')")
    found = faults_of(make(sqlite_file, path="app.db"), table_of("orders"))
    expected = {
        "`n/a` is not a decimal, in column `amount` at row 11 of table orders of app.db",
        "`soon` is not a timestamp, in column `placed` at row 11 of table orders of app.db",
        "`7` is not true or false, in column `paid` at row 11 of table orders of app.db",
        "`b'\\xff\\x00'` is no VARCHAR(20), in column `note` at row 11 of table orders of app.db",
    }
    assert expected == {fault.message for fault in found}
    assert {"D420"} == {fault.code for fault in found}


@pytest.mark.parametrize("plugin", [sqlite_file, sqlalchemy_url])
def test_a_value_that_does_not_fit_may_become_null(
    app: Path, make: Make, plugin: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `on_error: null` the value is null and counted."""
    change(app, "INSERT INTO orders (id, amount) VALUES (11, 'n/a'), (12, '?')")
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    options = {"path": "app.db"} if plugin is sqlite_file else {"url": "env:APP_URL"}
    source = make(plugin, **options)
    table = table_of("orders", {"id": None, "amount": None}, {"on_error": "null"})
    assert [(11, None), (12, None)] == rows_of(source, table)[3:]
    (note,) = source.notes(table)
    assert note.startswith("2 values of `amount` in `orders`")


def test_a_changed_file_is_fetched_again(app: Path, make: Make) -> None:
    """Rows are kept while the file is the same, and fetched anew when it has changed."""
    source = make(sqlite_file, path="app.db")
    table = table_of("orders", {"id": None})
    state = source.state(table)
    assert [(5,), (7,), (9,)] == rows_of(source, table)
    assert state == source.state(table)
    change(app, "DELETE FROM orders WHERE id = 7")
    assert [(5,), (9,)] == rows_of(source, table)


def test_fetched_rows_are_used_again_for_a_while(app: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing tells of changes, rows are used again until they are `fresh_for` seconds old; 0 is never."""
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    lasting = make(sqlalchemy_url, name="lasting", url="env:APP_URL", fresh_for=10**9)
    current = make(sqlalchemy_url, name="current", url="env:APP_URL", fresh_for=0)
    table = table_of("orders", {"id": None})
    assert [(5,), (7,), (9,)] == rows_of(lasting, table) == rows_of(current, table)
    change(app, "DELETE FROM orders WHERE id = 7")
    assert [(5,), (7,), (9,)] == rows_of(lasting, table)
    assert [(5,), (9,)] == rows_of(current, table)


def test_too_many_rows_are_not_fetched(app: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table beyond the limit is a fault that says what to do; one at the limit is read."""
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    assert EXPECTED == rows_of(make(sqlite_file, path="app.db", rows=3), table_of("orders"))
    for plugin, options in ((sqlite_file, {"path": "app.db"}), (sqlalchemy_url, {"url": "env:APP_URL"})):
        (fault,) = faults_of(make(plugin, **options, rows=2), table_of("orders"))
        assert ("D471", "`orders` has more than 2 rows, which is the most that is fetched") == (
            fault.code,
            fault.message,
        )


def test_a_password_is_never_shown(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is not reached is a fault without the URL or its password."""
    monkeypatch.setenv("APP_URL", f"postgresql+psycopg://u:{PASSWORD}@127.0.0.1:1/db")
    (fault,) = faults_of(make(sqlalchemy_url, url="env:APP_URL"), table_of("orders"))
    assert "D470" == fault.code
    assert PASSWORD not in str(fault)
    monkeypatch.setenv("APP_URL", f"nonsense {PASSWORD}")
    with pytest.raises(FaultError) as raised:
        make(sqlalchemy_url, url="env:APP_URL")
    assert PASSWORD not in str(raised.value)


WRONG: list[tuple[ModuleType, dict[str, Any], str]] = [
    (sqlite_file, {}, "R037"),
    (sqlite_file, {"path": "app.db", "pth": 1}, "R035"),
    (sqlite_file, {"path": "../app.db"}, "D412"),
    (sqlite_file, {"path": "app.db", "rows": 0}, "R036"),
    (sqlalchemy_url, {"url": f"mysql://root:{PASSWORD}@h/d"}, "D480"),
    (sqlalchemy_url, {"url": "env:NOT_SET_ANYWHERE"}, "D481"),
    (adbc, {"driver": "/tmp/libevil.so"}, "R036"),
    (adbc, {"driver": "adbc_driver_nobody_made"}, "P790"),
    (adbc, {"driver": "adbc_driver_sqlite", "dialect": "klingon"}, "D411"),
    (adbc, {"driver": "adbc_driver_sqlite", "options": {"password": PASSWORD}}, "D480"),
]


@pytest.mark.parametrize(("plugin", "options", "code"), WRONG)
def test_wrong_options(make: Make, plugin: ModuleType, options: dict[str, Any], code: str) -> None:
    """An option that is unknown, missing, misshapen or a secret written out is a coded fault that repeats no secret."""
    with pytest.raises(FaultError) as raised:
        make(plugin, **options)
    assert [code] == [fault.code for fault in raised.value.faults]
    assert PASSWORD not in str(raised.value)


def test_what_is_not_there(app: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a file of another kind and a missing table are told apart, with the nearest name."""
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough")
    assert ["D413"] == [f.code for f in faults_of(make(sqlite_file, path="none.db"), table_of("orders"))]
    assert ["D427"] == [f.code for f in faults_of(make(sqlite_file, path="text.db"), table_of("orders"))]
    monkeypatch.setenv("APP_URL", f"sqlite:///{tmp_path}/none.db")
    assert ["D413"] == [f.code for f in faults_of(make(sqlalchemy_url, url="env:APP_URL"), table_of("orders"))]
    assert not (tmp_path / "none.db").exists()
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    for source in (make(sqlite_file, path="app.db"), make(sqlalchemy_url, url="env:APP_URL")):
        (fault,) = faults_of(source, table_of("order"))
        assert ("D426", "did you mean `orders`?") == (fault.code, fault.help)
        assert ["D419"] == [f.code for f in faults_of(source, table_of("orders", {"amnt": None}))]


def test_a_hostile_name_is_a_name(app: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes and semicolons in names of tables and columns stay part of the names."""
    change(app, 'CREATE TABLE "x""; DROP TABLE orders; --" ("a""b" INTEGER)')
    monkeypatch.setenv("APP_URL", f"sqlite:///{app}")
    for source in (make(sqlite_file, path="app.db"), make(sqlalchemy_url, url="env:APP_URL")):
        assert [] == rows_of(source, table_of('x"; DROP TABLE orders; --'))
        assert 3 == len(rows_of(source, table_of("orders")))
