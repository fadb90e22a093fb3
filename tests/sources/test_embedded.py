"""The embedded database answers single SELECTs, and nothing else gets through."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallymark.embedded import Embedded
from tallymark.errors import Cancelled, FaultError

ENDLESS = "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x * y % 7 = 3"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder that is allowed and one that is not, each with a file; links from the first to the second."""
    allowed, closed = tmp_path / "allowed", tmp_path / "closed"
    for folder in (allowed, closed):
        folder.mkdir()
        (folder / "a.csv").write_text("x\n1\n")
    (allowed / "link.csv").symlink_to(closed / "a.csv")
    (allowed / "door").symlink_to(closed)
    return allowed, closed


@pytest.fixture
def embedded(folders: tuple[Path, Path]) -> Iterator[Embedded]:
    """An embedded database with one table, allowed to read one folder."""
    with Embedded([folders[0]], memory_limit="500MB", threads=2) as made:
        with made.loading() as cursor:
            cursor.execute("CREATE TABLE t AS SELECT 1 AS x")
        yield made


def code(embedded: Embedded, sql: str) -> str:
    """The code of the fault with which the statement fails."""
    with pytest.raises(FaultError) as raised:
        embedded.run(sql)
    return raised.value.faults[0].code


def test_a_select_gives_all_its_rows(embedded: Embedded) -> None:
    """A SELECT gives an Arrow table of its rows."""
    assert [{"x": 1}] == embedded.run("SELECT x FROM t;").to_pylist()


def test_times_are_in_utc(embedded: Embedded) -> None:
    """The session's zone is UTC, whatever the machine's is."""
    found = embedded.run("SELECT CAST(timestamptz '2024-07-01 00:00:00+00' AS VARCHAR) AS at").to_pylist()
    assert [{"at": "2024-07-01 00:00:00+00"}] == found


def test_an_allowed_folder_is_read(embedded: Embedded, folders: tuple[Path, Path]) -> None:
    """A file in an allowed folder can be read after the lock-down."""
    assert [{"x": 1}] == embedded.run(f"SELECT * FROM read_csv('{folders[0]}/a.csv')").to_pylist()


@pytest.mark.parametrize(
    "what",
    [
        "read_csv('{closed}/a.csv')",
        "read_csv('{allowed}/../closed/a.csv')",
        "read_csv('{allowed}/link.csv')",
        "read_csv('{allowed}/door/a.csv')",
        "read_csv('{allowed}/*/a.csv')",
        "read_csv('{closed}/*.csv')",
        "read_csv('http://127.0.0.1:9/a.csv')",
        "read_csv('s3://bucket/a.csv')",
        "glob('/etc/*')",
        "read_text('/etc/passwd')",
        "read_blob('/etc/passwd')",
        "read_parquet('/etc/passwd')",
        "read_json('/etc/passwd')",
        "sniff_csv('/etc/passwd')",
        "duckdb_extensions()",
    ],
)
def test_nothing_outside_is_read(embedded: Embedded, folders: tuple[Path, Path], what: str) -> None:
    """No table function reaches a file outside the allowed folders, by no road."""
    assert "D406" == code(embedded, "SELECT * FROM " + what.format(allowed=folders[0], closed=folders[1]))


@pytest.mark.parametrize("name", ["'/etc/passwd'", "frame", "getenv('HOME')"])
def test_names_mean_tables_only(embedded: Embedded, name: str) -> None:
    """No file, Python variable or environment variable stands in for a table."""
    frame = {"x": [1]}
    assert frame
    assert "D409" == code(embedded, f"SELECT * FROM {name}")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE t",
        "SELEC 1",
        "COPY (SELECT 1) TO '{allowed}/out.csv'",
        "COPY t FROM '{allowed}/a.csv'",
        "EXPORT DATABASE '{allowed}/out'",
        "ATTACH '{allowed}/x.duckdb' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '/tmp/evil.duckdb_extension'",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "RESET threads",
        "PRAGMA threads = 8",
        "CALL pragma_version()",
        "CREATE TABLE u AS SELECT 1",
        "DROP TABLE t",
        "INSERT INTO t VALUES (2)",
        "DELETE FROM t",
        "EXPLAIN SELECT 1",
        "BEGIN",
        "USE temp",
        "CREATE SECRET s (TYPE s3)",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    ],
)
def test_only_a_single_select_runs(embedded: Embedded, folders: tuple[Path, Path], sql: str) -> None:
    """Anything but exactly one SELECT is refused, and leaves the data and the folder as they were."""
    assert "D401" == code(embedded, sql.format(allowed=folders[0]))
    assert [{"x": 1}] == embedded.run("SELECT * FROM t").to_pylist()
    assert {"a.csv", "link.csv", "door"} == {path.name for path in folders[0].iterdir()}


@pytest.mark.parametrize(
    "sql",
    [
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET autoinstall_known_extensions = true",
        "SET python_enable_replacements = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '{closed}/x.duckdb' AS x",
        "COPY t TO '{closed}/out.csv'",
    ],
)
def test_sources_are_locked_in_too(embedded: Embedded, folders: tuple[Path, Path], sql: str) -> None:
    """A source's own statements cannot undo the lock-down either."""
    with pytest.raises(FaultError), embedded.loading() as cursor:
        cursor.execute(sql.format(closed=folders[1]))


@pytest.mark.parametrize(
    ("expected", "sql"),
    [
        ("D402", "SELECT x + 9223372036854775807 + 170141183460469231731687303715884105726::HUGEINT FROM t"),
        ("D402", "SELECT CAST(300 + x AS TINYINT) FROM t"),
        ("D403", "SELECT CAST('abc' AS INTEGER)"),
        ("D433", "SELECT * FROM read_csv('{allowed}/gone.csv')"),
        ("D409", "SELECT * FROM nowhere"),
    ],
)
def test_errors_of_data_are_faults(embedded: Embedded, folders: tuple[Path, Path], expected: str, sql: str) -> None:
    """An error of the database is a fault of its kind, whose message holds no SQL."""
    with pytest.raises(FaultError) as raised:
        embedded.run(sql.format(allowed=folders[0]))
    (fault,) = raised.value.faults
    assert expected == fault.code
    assert "SELECT" not in fault.message
    assert "LINE 1" not in fault.message


def test_running_out_of_memory_is_a_fault() -> None:
    """A question that outgrows the memory and the space for spilling fails with a fault, and the next one runs."""
    with Embedded(memory_limit="60MB", threads=1, spill_limit="1MB") as small:
        assert "D407" == code(small, "SELECT count(*) FROM (SELECT DISTINCT hash(x) FROM range(20000000) r(x))")
        assert 1 == small.run("SELECT 1 AS x").num_rows


def test_a_limit_nobody_understands_is_a_fault() -> None:
    """A memory limit that is no amount is a fault, not a traceback."""
    with pytest.raises(FaultError) as raised:
        Embedded(memory_limit="a lot")
    assert "D408" == raised.value.faults[0].code


def _bytes(shown: str) -> float:
    """What DuckDB shows as `3.1 GiB`."""
    number, unit = shown.split()
    return float(number) * 1024 ** ["bytes", "KiB", "MiB", "GiB", "TiB"].index(unit)


def test_memory_has_a_limit_unless_told_otherwise() -> None:
    """Without a limit of the caller's the database takes most of the machine's memory, and never all of it."""
    with Embedded() as made, Embedded(memory_limit="100%") as whole:
        sizes = [e.run("SELECT current_setting('memory_limit')") for e in (made, whole)]
    limited, all_ = (_bytes(size.column(0)[0].as_py()) for size in sizes)
    assert 0.75 * all_ < limited < 0.85 * all_


def test_cancel_stops_a_question(embedded: Embedded) -> None:
    """`cancel` from another thread ends a running question with Cancelled, and the next question runs."""
    threading.Timer(0.3, embedded.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        embedded.run(ENDLESS)
    assert time.monotonic() - started < 10
    assert 1 == embedded.run("SELECT 1 AS x").num_rows


def test_an_interrupt_of_the_program_passes_through(embedded: Embedded) -> None:
    """Ctrl-C while a question runs raises KeyboardInterrupt."""
    # Where a program is started in the background, Ctrl-C is switched off for it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            embedded.run(ENDLESS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert 1 == embedded.run("SELECT 1 AS x").num_rows


def test_many_threads_ask_at_once(embedded: Embedded) -> None:
    """Questions in several threads do not disturb one another."""
    found: list[int] = []

    def ask(number: int) -> None:
        found.extend(embedded.run(f"SELECT sum(x) + {number} AS n FROM t").column(0).to_pylist())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number + 1 for number in range(20)) == sorted(found)


def test_exclusive_waits_for_questions(embedded: Embedded) -> None:
    """While one thread has the database to itself, questions of others wait."""
    order: list[str] = []

    def ask() -> None:
        embedded.run("SELECT 1")
        order.append("question")

    with embedded.exclusive():
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.1)
        order.append("swap")
    thread.join()
    assert ["swap", "question"] == order


def test_close_removes_what_was_written() -> None:
    """Closing twice does no harm, removes the temporary folder, and questions are then refused."""
    made = Embedded()
    assert made.scratch.is_dir()
    made.close()
    made.close()
    assert not made.scratch.exists()
    assert "D409" == code(made, "SELECT 1")
