"""The conformance kits: built-in sources pass them as others must, and plugins that are wrong do not."""

from __future__ import annotations

import sqlite3
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import duckdb
import pytest

import tallymark
import tallymark_plugins.duckdb_file
import tallymark_plugins.files
import tallymark_plugins.formats
import tallymark_plugins.sqlite_file
from tallymark import PluginInfo
from tallymark.testing import FormatConformance, SourceConformance
from tallymark.testing import plugin as plugins_under_test

pytest_plugins = "pytester"

ROWS = (("a", 1, Decimal("2.50"), datetime(2024, 1, 1, 10)), ("b", None, Decimal(-3), None), ("b", 2, None, None))
CHANGED = [("c", 7, Decimal("0.5"), datetime(2024, 2, 1))]


class Orders(SourceConformance):
    """Orders with a text, a whole number, an amount and a time."""

    table = "orders"
    columns: ClassVar[Mapping[str, str]] = {"id": "text", "n": "integer", "amount": "decimal", "at": "timestamp"}
    rows = ROWS


class TestCsv(Orders):
    """Orders as CSV."""

    plugin = tallymark_plugins.files
    kind = "files"
    table = "orders.csv"

    def options(self, folder: Path) -> Mapping[str, Any]:
        """A file in the project's folder."""
        self._write(folder, ROWS)
        return {}

    def change(self, folder: Path) -> Sequence[tuple[Any, ...]]:
        """The file with another row."""
        self._write(folder, CHANGED)
        return CHANGED

    def _write(self, folder: Path, rows: Sequence[tuple[Any, ...]]) -> None:
        lines = [",".join("" if value is None else str(value) for value in row) for row in rows]
        (folder / "orders.csv").write_text("\n".join([",".join(self.columns), *lines]) + "\n")


class TestDuckdb(Orders):
    """Orders in a DuckDB file."""

    plugin = tallymark_plugins.duckdb_file
    kind = "duckdb"

    def options(self, folder: Path) -> Mapping[str, Any]:
        """A file in the project's folder."""
        with duckdb.connect(str(folder / "w.duckdb")) as connection:
            connection.execute('CREATE TABLE orders (id TEXT, n BIGINT, amount DECIMAL(18, 2), "at" TIMESTAMP)')
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", [list(row) for row in ROWS])
        return {"path": "w.duckdb"}


class TestSqlite(Orders):
    """Orders in an SQLite file."""

    plugin = tallymark_plugins.sqlite_file
    kind = "sqlite"

    def options(self, folder: Path) -> Mapping[str, Any]:
        """A file in the project's folder."""
        self._write(folder, ROWS)
        return {"path": "w.sqlite"}

    def change(self, folder: Path) -> Sequence[tuple[Any, ...]]:
        """The table with another row."""
        self._write(folder, CHANGED)
        return CHANGED

    def _write(self, folder: Path, rows: Sequence[tuple[Any, ...]]) -> None:
        connection = sqlite3.connect(folder / "w.sqlite")
        with connection:
            connection.execute("DROP TABLE IF EXISTS orders")
            connection.execute("CREATE TABLE orders (id TEXT, n INTEGER, amount TEXT, at TEXT)")
            told = [tuple(None if v is None else v if isinstance(v, int) else str(v) for v in row) for row in rows]
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", told)
        connection.close()


class TestMarkdown(FormatConformance):
    """Answers as Markdown."""

    plugin = tallymark_plugins.formats
    format = "markdown"


class TestParquet(FormatConformance):
    """Answers as Parquet: bytes."""

    plugin = tallymark_plugins.formats
    format = "parquet"


HEAD = """
import types
from pathlib import Path
import pyarrow
from tallymark import *
from tallymark.testing import *

broken = types.ModuleType("broken")
broken.tally_plugin = PluginInfo("broken")

def function(name, **row):
    said = {"takes": (Take("x"),), "gives": "first", "unit": "first", "help": "Does.", "example": f"broken.{name}(1)"}
    return Function(f"broken.{name}", **(said | row))

def gives(*rows):
    hook = lambda: rows
    hook.__name__ = "tally_functions"
    broken.tally_functions = hookimpl(hook)
"""
"""What every broken plugin below begins with."""

BROKEN = {
    "a function that hides null": (
        """
        gives(function("twice", kind=FunctionKind.SCALAR, sql={"*": "COALESCE(:x, 0) * 2"}))
        class TestIt(FunctionConformance):
            plugin = broken
            cases = (FunctionCase("broken.twice(x)", {"x": 2}, 4),)
        """,
        ["test_null_passes_as_said"],
    ),
    "a function without a case, whose example is another's": (
        """
        gives(
            function("twice", kind=FunctionKind.SCALAR, sql={"*": ":x * 2"}),
            function("other", kind=FunctionKind.SCALAR, sql={"*": ":x"}, example="broken.twice(1)"),
        )
        class TestIt(FunctionConformance):
            plugin = broken
            cases = (FunctionCase("broken.twice(x)", {"x": 2}, 4),)
        """,
        ["test_has_a_case", "test_is_documented"],
    ),
    "no cases at all": (
        """
        gives(function("twice", kind=FunctionKind.SCALAR, sql={"*": ":x * 2"}))
        class TestIt(FunctionConformance):
            plugin = broken
        """,
        ["test_there_are_cases", "test_has_a_case"],
    ),
    "an aggregate whose parts do not make the whole": (
        """
        mean = Partial("AVG(:x)", "AVG(:part)")
        gives(function("mean", kind=FunctionKind.AGGREGATE, gives="double", nulls="skip", mergeable=True,
                       partials=(mean,), finish=":p1"))
        class TestIt(AggregateConformance):
            plugin = broken
            cases = (AggregateCase("broken.mean(x)", [1.0, 2.0, 6.0, 7.0], 4.0),)
        """,
        ["test_windows_that_share_rows"],
    ),
    "an aggregate that says zero and gives null": (
        """
        gives(function("top", kind=FunctionKind.AGGREGATE, nulls="skip", empty="zero", sql={"*": "NULLIF(MAX(:x), 0)"}))
        class TestIt(AggregateConformance):
            plugin = broken
            cases = (AggregateCase("broken.top(x)", [1, 2], 3),)
        """,
        ["test_gives_the_value"],
    ),
    "a source that knows every table": (
        """
        from tallymark_plugins.arrow_tables import arrow_source
        class Any:
            def names(self): return ["orders", "kit_absent"]
            def read(self, name): return pyarrow.table({"id": ["a"]})
            def state(self, name): return object()
        def make(definition, folder, embedded, timezone): return arrow_source(definition, embedded, timezone, Any())
        @hookimpl
        def tally_sources(): return [SourceKind("broken", make, {"properties": {"path": {"type": "string"}}})]
        broken.tally_sources = tally_sources
        class TestIt(SourceConformance):
            plugin, kind, table, columns, rows = broken, "broken", "orders", {"id": "text"}, (("a",), ("b",))
            def options(self, folder): return {}
        """,
        [
            "test_gives_the_rows",
            "test_asked_again_it_is_the_same",
            "test_an_absent_table_is_a_fault",
            "test_options_are_described",
        ],
    ),
    "a notifier that swallows its failures and fills in its texts": (
        """
        class Silent:
            def __init__(self, path): self.path = path
            def send(self, notification):
                if self.path.parent.exists():
                    with self.path.open("a") as file:
                        file.write(notification.subject.format("filled in") + chr(10))
        kind = NotifierKind("broken", lambda said, folder: Silent(folder / said["path"]), "Sends.", {})
        @hookimpl
        def tally_notifiers(): return [kind]
        broken.tally_notifiers = tally_notifiers
        class TestIt(NotifierConformance):
            plugin, kind = broken, "broken"
            def options(self, folder): return {"path": "out.txt"}
            def broken(self, folder): return {"path": "nowhere/out.txt"}
            def received(self, folder):
                path = folder / "out.txt"
                return path.read_text().splitlines() if path.exists() else []
        """,
        ["test_a_failure_is_raised", "test_text_is_text"],
    ),
    "a notifier that tells twice, begins lines with what it is told, and shows its key": (
        """
        import os
        os.environ["BROKEN_KEY"] = "canary-12"
        class Shown:
            def __init__(self, path, key): self.path, self.key = path, key.reveal()
            def send(self, notification):
                if not self.path.parent.exists():
                    raise OSError(f"{self.key} is not known")
                with self.path.open("a") as file:
                    file.write(f"{notification.subject}: {notification.text}" + chr(10))
        options = {
            "type": "object",
            "properties": {"path": {"type": "string"}, "key": {"type": "string", "secret": True, "description": "a key"}},
        }
        make = lambda said, folder: Shown(folder / said["path"], said["key"])
        kind = NotifierKind("broken", make, "Sends", options, repeatable=True)
        @hookimpl
        def tally_notifiers(): return [kind]
        broken.tally_notifiers = tally_notifiers
        class TestIt(NotifierConformance):
            plugin, kind = broken, "broken"
            def options(self, folder): return {"path": "out.txt", "key": "env:BROKEN_KEY"}
            def broken(self, folder): return {"path": "nowhere/out.txt", "key": "env:BROKEN_KEY"}
            def received(self, folder):
                path = folder / "out.txt"
                return path.read_text().splitlines() if path.exists() else []
        """,
        [
            "test_is_described",
            "test_line_ends_end_nothing",
            "test_what_is_sent_again",
            "test_no_secret_is_told",
        ],
    ),
    "a plugin with something to say against it": (
        """
        def tally_functions(): return []
        broken.tally_functions = tally_functions
        class TestIt(FormatConformance):
            plugin, format = broken, "broken"
        """,
        ["test_is_described"],
    ),
}


@pytest.mark.parametrize(("source", "caught"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_wrong_is_caught(source: str, caught: Sequence[str], pytester: pytest.Pytester) -> None:
    """A plugin that breaks a promise fails the test that is about it."""
    pytester.makepyfile(HEAD + textwrap.dedent(source))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    failed = {line.partition("::test_")[2] for line in result.outlines if line.startswith("FAILED")}
    assert [] == [name for name in caught if not any(f"test_{f}".startswith(name) for f in failed)], result.outlines


def test_every_kit_is_handed_on() -> None:
    """`tallymark.testing` has the kits, and each says what it needs."""
    import tallymark.testing

    kits = [name for name in tallymark.testing.__all__ if name.endswith("Conformance")]
    assert 7 == len(kits)
    assert all("plugin" in (getattr(tallymark.testing, name).__doc__ or "") for name in kits)


def test_a_plugin_under_test_says_who_it_is() -> None:
    """A module without `tally_plugin` is refused in one sentence; with it, or built in, it is taken by its name."""
    with pytest.raises(TypeError, match="says who it is"):
        plugins_under_test.name_of(tallymark)
    module = ModuleType("anything")
    module.tally_plugin = PluginInfo("acme")  # type: ignore[attr-defined]  # a module may have any name
    assert "acme" == plugins_under_test.name_of(module)
    assert "duckdb" == plugins_under_test.name_of(tallymark_plugins.duckdb_file)
