"""The source of kind `postgres`: what it describes, what it refuses and says, how it is stopped, what it never shows."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tallymark
from tallymark.definitions import SourceDef
from tallymark.errors import Cancelled, FaultError
from tallymark.kinds import Type
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark_plugins import postgres
from tallymark_plugins.postgresql.tables import PostgresSource

from .server import Cluster

SETUP = """
    DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('glad', 'sad', 'Angry');
    CREATE DOMAIN shop.price AS numeric(10, 2);
    CREATE TABLE shop.things (
        a smallint, b integer, c bigint, d numeric, e numeric(20, 8), f real, g double precision, h text, i varchar(10),
        j char(5), k uuid, l boolean, m date, n timestamp, o timestamptz, p shop.mood, q shop.price,
        r jsonb, s bytea, t interval, u integer[], v money, "W x" text
    );
    INSERT INTO shop.things VALUES
        (1, 2, 3, 4.5, 1.23456789, 0.5, 0.25, 'h', 'i', 'j', '00000000-0000-0000-0000-000000000001', true, '2024-02-29',
         '2024-02-29 12:00', '2024-02-29 12:00+02', 'Angry', 9.99, '{}', '', '1 day', '{1}', 1, 'w'),
        (1, 2, 3, 'NaN', NULL, 'NaN', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'glad', NULL,
         NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE VIEW shop.seen AS SELECT a, h FROM shop.things;
    CREATE TABLE shop.closed (x integer);
    DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN;
    GRANT USAGE ON SCHEMA shop TO guest; GRANT SELECT ON shop.things TO guest;
"""

DESCRIBED = {
    "a": Type.INTEGER, "b": Type.INTEGER, "c": Type.INTEGER, "d": Type.DECIMAL, "e": Type.DECIMAL, "f": Type.DOUBLE,
    "g": Type.DOUBLE, "h": Type.TEXT, "i": Type.TEXT, "j": Type.TEXT, "k": Type.TEXT, "l": Type.BOOLEAN,
    "m": Type.DATE, "n": Type.TIMESTAMP, "o": Type.INSTANT, "p": Type.TEXT, "q": Type.DECIMAL, "r": Type.OPAQUE,
    "s": Type.OPAQUE, "t": Type.OPAQUE, "u": Type.OPAQUE, "v": Type.OPAQUE, "W x": Type.TEXT,
}  # fmt: skip

SLOW = "SELECT count(*) FROM generate_series(1, 20000000) AS a(x), generate_series(1, 20000000) AS b(y)"


@pytest.fixture(scope="module")
def shop(server: Cluster) -> Cluster:
    """The server with a few tables."""
    with server.connected() as connection:
        for statement in SETUP.split(";\n"):
            connection.execute(statement)
    return server


@pytest.fixture
def source(shop: Cluster) -> Iterator[PostgresSource]:
    """A source on the schema of these tests."""
    made = opened(shop.options("shop"))
    yield made
    made.backend.close()


def opened(options: dict[str, Any], folder: Path = Path()) -> PostgresSource:
    """The source of these options."""
    found = postgres.make(SourceDef("pg", "postgres", options), folder, None, "UTC")  # type: ignore[arg-type]
    assert isinstance(found, PostgresSource)
    return found


def codes(options: dict[str, Any], folder: Path = Path()) -> list[str]:
    """The codes of what is wrong with options, or with connecting by them."""
    with pytest.raises(FaultError) as caught:
        opened(options, folder).describe(Table("things", "things"))
    return [f.code for f in caught.value.faults]


# --- tables ----------------------------------------------------------------------------------------------------------


def test_columns_have_the_engines_types(source: PostgresSource) -> None:
    """Every native type is a type of the engine or none that formulas handle, by its own name."""
    found = source.describe(Table("things", "things"))
    assert DESCRIBED == {c.name: c.type for c in found}
    assert {"q": "shop.price", "i": "character varying(10)", "v": "money"} == {
        c.name: c.native for c in found if c.name in "qiv"
    }


def test_values_come_as_the_embedded_database_has_them(shop: Cluster) -> None:
    """Numbers that are none become null at the door; enumerations are texts in the order of their letters."""
    from tallymark.definitions import DatasetDef, Definitions

    made = Definitions(datasets={"things": DatasetDef("things", "pg", "things")}, sources={"pg": shop.source("shop")})
    with tallymark.open(definitions=made) as book:
        said = ("sum(things.d)", "sum(things.e)", "sum(things.f)", "sum(things.g)", "min(things.p)", "max(things.k)")
        answer = book.ask(*said, "sum(things.q)", "max(things.j)", "max(things.o)")
        (row,) = answer.to_dicts()
        found = [str(v) for v in row.values()]
    key = "00000000-0000-0000-0000-000000000001"
    assert ["4.500000", "1.234568", "0.5", "0.25", "Angry", key, "9.990000", "j"] == found[:-1]
    assert found[-1].startswith("2024-02-29 10:00:00")
    assert any("`things.e` is read with 6 digits" in note for note in answer.notes)
    assert any("things.g" in note for note in answer.notes), "an infinity goes unsaid"


def test_declared_columns_are_offered(source: PostgresSource) -> None:
    """Of declared columns those that are there are offered; a missing one is a fault unless it is only wished for."""
    wanted = (WantedColumn("a"), WantedColumn("zz", required=False))
    assert (TableColumn("a", Type.INTEGER, "smallint"),) == source.describe(Table("t", "seen", wanted))
    with pytest.raises(FaultError) as caught:
        source.describe(Table("t", "seen", (WantedColumn("aa"),)))
    assert ["D419"] == [f.code for f in caught.value.faults]


def test_tables_are_found_by_name_and_schema(source: PostgresSource) -> None:
    """A table is its name in the source's schema, or `schema.table`; an unknown one names the nearest."""
    assert ("shop", "seen") == source.prepare(Table("t", "seen")) == source.prepare(Table("t", "shop.seen"))
    for name, nearest in (("thing", "`things`"), ("sho.things", None), ("x'; DROP TABLE shop.things; --", None)):
        with pytest.raises(FaultError) as caught:
            source.prepare(Table("t", name))
        (fault,) = caught.value.faults
        assert "D426" == fault.code
        assert nearest is None or nearest in (fault.help or "")


def test_formats_of_text_are_refused(source: PostgresSource) -> None:
    """A database's values are typed: what says how text is read is a fault, for a table and for a column."""
    with pytest.raises(FaultError) as caught:
        source.describe(Table("t", "things", (WantedColumn("a", format={"decimal": ","}),), {"dates": "day_first"}))
    assert ["D465", "D465"] == [f.code for f in caught.value.faults]


def test_state_changes_with_the_data_only(source: PostgresSource, shop: Cluster) -> None:
    """What is committed changes the state, and looking does not."""
    table = Table("t", "closed")
    before = source.state(table)
    source.backend.run("SELECT 1 AS x")
    assert before == source.state(table)
    with shop.connected() as connection:
        connection.execute("INSERT INTO shop.closed VALUES (1)")
    assert before != source.state(table)


# --- the backend -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO shop.closed VALUES (1)",
        "SELECT 1; DELETE FROM shop.closed",
        "WITH gone AS (DELETE FROM shop.closed RETURNING x) SELECT * FROM gone",
        "CREATE TABLE shop.more (x integer)",
        "SET default_transaction_read_only = off",
        "COPY shop.closed TO '/tmp/tallymark_copy'",
        "SELECT nextval('shop.numbers')",
        "SELECT 1) TO PROGRAM 'id'; COPY (SELECT 1",
        "",
    ],
)
def test_only_a_select_runs(statement: str, source: PostgresSource, shop: Cluster) -> None:
    """Whatever is no single SELECT, or would change something, is refused."""
    with shop.connected() as connection:
        connection.execute("CREATE SEQUENCE IF NOT EXISTS shop.numbers")
    with pytest.raises(FaultError) as caught:
        source.backend.run(statement)
    assert ["D467"] == [f.code for f in caught.value.faults]


def test_the_session_decides_nothing(shop: Cluster) -> None:
    """Zone, order of dates and search path are the engine's, whatever the role is set to."""
    with shop.connected() as connection:
        connection.execute("ALTER ROLE guest SET TimeZone = 'Asia/Kolkata'")
        connection.execute("ALTER ROLE guest SET search_path = shop")
        connection.execute("ALTER ROLE guest SET DateStyle = 'German'")
    there = opened(shop.options("shop", user="guest"))
    asked = (
        "SELECT CAST(CAST('2024-01-01 00:00:00+00' AS timestamptz) AS text) AS t, current_setting('search_path') AS s"
    )
    found = there.backend.run(asked).to_pylist()
    there.backend.close()
    assert [{"t": "2024-01-01 00:00:00+00", "s": "pg_catalog"}] == found


def test_a_question_is_cancelled(source: PostgresSource) -> None:
    """`cancel` stops what runs, and the next question is answered."""
    threading.Timer(0.3, source.backend.cancel).start()
    with pytest.raises(Cancelled):
        source.backend.run(SLOW)
    assert 1 == source.backend.run("SELECT 1 AS x").num_rows


def test_ctrl_c_stops_a_question(source: PostgresSource) -> None:
    """An interrupt in the main thread ends the statement, on the server too."""
    threading.Timer(0.3, _thread.interrupt_main).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        source.backend.run(SLOW)
    assert time.monotonic() - begun < 20
    asked = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%20000000%20000000%' AND pid <> pg_backend_pid()"
    ended = time.monotonic() + 10
    while source.backend.run(asked).column(0)[0].as_py() and time.monotonic() < ended:
        time.sleep(0.1)
    assert 0 == source.backend.run(asked).column(0)[0].as_py()


def test_a_statement_has_its_time(shop: Cluster) -> None:
    """Beyond `statement_timeout` a statement is stopped, and the fault says so."""
    there = opened(shop.options("shop", statement_timeout=0.2))
    with pytest.raises(FaultError) as caught:
        there.backend.run(SLOW)
    there.backend.close()
    (fault,) = caught.value.faults
    assert ("D469", True) == (fault.code, "longer than 0.2 seconds" in fault.message)


def test_a_lost_connection_is_a_fault_or_made_anew(source: PostgresSource, shop: Cluster) -> None:
    """A connection that ended while it lay idle is made anew; one that ends in the middle is a fault."""

    def end() -> None:
        with shop.connected() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tallymark'"
            )

    source.backend.run("SELECT 1 AS x")
    end()
    assert 1 == source.backend.run("SELECT 1 AS x").num_rows
    source.backend.close()
    again = opened(shop.options("shop"))
    threading.Timer(0.4, end).start()
    with pytest.raises(FaultError) as caught:
        again.backend.run(SLOW)
    again.backend.close()
    assert ["D469"] == [f.code for f in caught.value.faults]


def test_many_threads_ask_at_once(shop: Cluster) -> None:
    """More threads than connections are all answered, each with its own rows."""
    there, found = opened(shop.options("shop", connections=2)), {}

    def ask(number: int) -> None:
        found[number] = there.backend.run(f"SELECT {number} AS n, pg_sleep(0.02) IS NULL AS s").column(0)[0].as_py()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there.backend.close()
    assert {n: n for n in range(12)} == found


# --- faults ----------------------------------------------------------------------------------------------------------


def test_options_that_mean_nothing(shop: Cluster) -> None:
    """Unknown options, values of the wrong kind, a secret written out, and two ways to say one thing are faults."""
    own = shop.options("shop")
    assert ["D410"] == codes({**own, "passwort": "x"})
    assert ["D465"] == codes({**own, "port": "5432"})
    assert ["D465"] == codes({**own, "sslmode": "always"})
    assert ["D465"] == codes({**own, "connections": 0})
    assert ["D480"] == codes({**own, "password": "hunter2"})
    assert ["D465"] == codes({"url": "env:NOWHERE", "host": "x"})
    assert ["D481"] == codes({"url": "env:TALLYMARK_TEST_NOWHERE"})


def test_connections_that_fail_say_why(shop: Cluster, tmp_path: Path) -> None:
    """Each way not to get in is a fault that says which source and what to do."""
    own = shop.options("shop")
    for more, said in (
        ({"host": "nowhere.invalid"}, "not known by that name"),
        ({"host": "127.0.0.1", "port": 1}, "refuses connections"),
        ({"host": str(tmp_path)}, "has no socket"),
        ({"database": "nothing"}, "does not have that database"),
        ({"user": "nobody"}, "does not know the user"),
    ):
        with pytest.raises(FaultError) as caught:
            opened({**own, **more}).describe(Table("t", "things"))
        (fault,) = caught.value.faults
        assert "D466" == fault.code
        assert "`pg`" in fault.message
        assert said in fault.message


def test_a_table_without_permission(shop: Cluster) -> None:
    """What a user may not read is refused by the server, and the fault says what to grant."""
    there = opened(shop.options("shop", user="guest"))
    with pytest.raises(FaultError) as caught:
        there.backend.run("SELECT x FROM shop.closed")
    there.backend.close()
    (fault,) = caught.value.faults
    assert ("D467", "grant SELECT on it to `guest`") == (fault.code, fault.help)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tally:canary@nowhere.invalid/x", "postgresql://tally:ca@canary@127.0.0.1:1/x", "canary",
        "postgresql://tally:canary@127.0.0.1:canary/x", "postgresql://tally:x@127.0.0.1:1/x?canary=canary", "mysql://canary",
        "postgresql://tally:canary@[::1/x",
    ],
)  # fmt: skip
def test_a_secret_is_never_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with a connection, nothing of its URL is in the fault or in what leads to it."""
    monkeypatch.setenv("TALLYMARK_TEST_URL", url)
    with pytest.raises(FaultError) as caught:
        opened({"url": "env:TALLYMARK_TEST_URL"}).describe(Table("t", "things"))
    assert "canary" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"


def test_a_url_connects(shop: Cluster, tmp_path: Path) -> None:
    """A whole URL from a file is a connection as good as its parts."""
    (tmp_path / "url").write_text(f"postgresql://tally@/postgres?host={shop.folder}\n", "utf-8")
    there = opened({"url": "file:url", "schema": "shop"}, tmp_path)
    assert ("shop", "seen") == there.prepare(Table("t", "seen"))
    there.backend.close()
