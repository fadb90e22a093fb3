"""The embedded database: an in-memory DuckDB that reads only what the project's sources allow.

Everything that opens a door is settled once, when the database is made, in an order that DuckDB accepts: the folder for
spilled data and the allowed directories first, then external access off, at last the configuration locked; the settings
are then read back. From there on extensions and files outside the allowed directories are out of reach of any SQL, also
through `..`, links, globs or the network. A question runs in a read-only transaction and must be exactly one SELECT, so
that even a data-changing WITH changes nothing. Sources load through `loading`, under the same lock-down.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from tallymark.errors import Cancelled, Fault, FaultError
from tallymark.scratch import Scratch
from tallymark.waiting import interruptible

if TYPE_CHECKING:
    import pyarrow

T = TypeVar("T")

FIXED: dict[str, str | bool] = {
    "TimeZone": "UTC",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "python_scan_all_frames": False,
    "enable_external_access": False,
    "lock_configuration": True,
}
"""Settings every embedded database has, in the order in which they are made; the last two close the doors."""

MEMORY = "80%"
"""Of the machine's memory, what the database may use unless told otherwise."""

_RAISED = "raised by a defined function: "

_CANCEL_SECONDS = 5.0
"""How long `cancel` goes on interrupting a statement that starts just as it is called."""


@dataclass(eq=False, slots=True)
class _Running:
    cursor: duckdb.DuckDBPyConnection
    thread: int
    cancelled: bool = False


class Embedded:
    """A `source.Backend` over DuckDB in memory. Safe to use from several threads.

    `allowed` are the folders and files that sources read (a folder allows all below it). `memory_limit` is DuckDB's
    text, as `4GB` or `50%`; beyond it, work spills to a private temporary folder that `close` removes. Raises
    FaultError (D408) when a limit is not understood.
    """

    def __init__(
        self,
        allowed: Sequence[Path] = (),
        memory_limit: str = MEMORY,
        threads: int | None = None,
        spill_limit: str | None = None,
    ) -> None:
        self._home = Scratch()
        self.scratch = self._home.path / "scratch"
        """A private folder the database may read, for copies that sources make of files; removed by `close`."""
        self.scratch.mkdir()
        self._gate = threading.Condition()
        self._running: set[_Running] = set()
        self._defined: list[Callable[..., Any]] = []
        self._raised: dict[int, BaseException] = {}
        self._numbers = itertools.count()
        self._asking = 0
        self._shut = False
        self._closed = False
        self._root = duckdb.connect(":memory:")
        try:
            limits = {"memory_limit": memory_limit, "threads": threads, "max_temp_directory_size": spill_limit}
            self._settle(allowed, limits)
        except BaseException:
            self.close()
            raise

    @property
    def dialect(self) -> str:
        """The sqlglot name of its dialect."""
        return "duckdb"

    def run(self, sql: str, given: Mapping[str, pyarrow.Table] | None = None) -> pyarrow.Table:
        """Runs exactly one SELECT and gives all its rows, in a read-only transaction of its own.

        The statement may name the tables `given`, which nobody else sees.

        Raises FaultError: D401 when `sql` is not exactly one SELECT, D402–D409 and D433 for errors of data and of the
        database; Cancelled after `cancel`; KeyboardInterrupt as it came.
        """
        statement = _one_select(sql)
        return self._interruptible(lambda: self._answer(statement, given or {}))

    def load(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """What `work` gives, called with a cursor as `loading` makes them; for work that may take a while."""

        def done() -> T:
            with self.loading() as cursor:
                return work(cursor)

        return self._interruptible(done)

    def _answer(self, statement: duckdb.Statement, given: Mapping[str, pyarrow.Table]) -> pyarrow.Table:
        with self._asked(), self._cursor() as cursor:
            for name, table in given.items():
                cursor.register(name, table)
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                return cursor.sql(statement).to_arrow_table()
            finally:
                # A transaction that failed has been rolled back already; its error is the one to see.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")

    @contextmanager
    def loading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for a source's own statements: trusted SQL, several statements, the lock-down still in force.

        DuckDB's errors leave as FaultError or Cancelled, as with `run`.
        """
        with self._cursor() as cursor:
            yield cursor

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Waits until no question runs and holds new ones back: for swapping an attached database file.

        Not to be used around `run`, which would wait for itself.
        """
        with self._gate:
            self._gate.wait_for(lambda: self._asking == 0 and not self._shut)
            self._shut = True
        try:
            yield
        finally:
            with self._gate:
                self._shut = False
                self._gate.notify_all()

    def define(self, name: str, takes: Sequence[str], gives: str, function: Callable[..., Any]) -> None:
        """Makes a function known to SQL: it is called with an Arrow array for each of the types that it `takes`, nulls
        included, and gives one as long, of the type it `gives`. What it raises ends the statement, as it is.
        """

        def guarded(*arrays: Any) -> Any:
            try:
                return function(*arrays)
            except BaseException as error:
                # DuckDB passes on nothing but the text of an error: by that the error itself is found again.
                number = next(self._numbers)
                self._raised[number] = error
                raise RuntimeError(f"{_RAISED}{number};") from error

        # DuckDB asks how many arguments it takes, and counts `*arrays` as one.
        named = [Parameter(f"a{n}", Parameter.POSITIONAL_OR_KEYWORD) for n in range(len(takes))]
        guarded.__signature__ = Signature(named)  # type: ignore[attr-defined]  # any function may have one
        # The database keeps no reference of its own once the cursor is closed.
        self._defined.append(guarded)
        with self.loading() as cursor:
            cursor.create_function(  # type: ignore[call-overload]  # it takes the words of its enumerations too
                name, guarded, list(takes), gives, type="arrow", null_handling="special", side_effects=False
            )

    def _raised_by(self, error: duckdb.Error) -> BaseException | None:
        """What a defined function raised, where that is what ended a statement."""
        _, found, rest = str(error).partition(_RAISED)
        return self._raised.pop(int(rest.partition(";")[0]), None) if found else None

    def cancel(self) -> None:
        """Stops whatever runs now, in any thread: each of those calls raises Cancelled."""
        self._stop(lambda each: True)

    def _interruptible(self, work: Callable[[], T]) -> T:
        return interruptible(work, lambda thread: self._stop(lambda each: each.thread == thread))

    def _stop(self, which: Callable[[_Running], bool]) -> None:
        deadline = monotonic() + _CANCEL_SECONDS
        with self._gate:
            stopping = {each for each in self._running if which(each)}
            for each in stopping:
                each.cancelled = True
            # DuckDB forgets an interrupt that comes before the statement starts, hence the repetition.
            while stopping & self._running and monotonic() < deadline:
                for each in stopping & self._running:
                    each.cursor.interrupt()
                self._gate.wait(0.01)

    def close(self) -> None:
        """Stops what runs, drops everything and removes the temporary folder. May be called again."""
        if self._closed:
            return
        self._closed = True
        self.cancel()
        self._root.close()
        self._home.close()

    def __enter__(self) -> Embedded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self, allowed: Sequence[Path], limits: Mapping[str, str | int | None]) -> None:
        for name, value in limits.items():
            if value is not None:
                self._set_limit(name, value)
        self._set("temp_directory", str(self._home.path / "spill"))
        # What is not there yet may become either, as a write-ahead log does.
        places = [p.resolve() for p in allowed]
        self._set("allowed_directories", [f"{p}/" for p in places if not p.is_file()] + [f"{self.scratch}/"])
        self._set("allowed_paths", [str(p) for p in places if not p.is_dir()])
        for name, fixed in FIXED.items():
            self._set(name, fixed)
        for name, fixed in FIXED.items():
            held = self._root.execute("SELECT current_setting(?)", [name]).fetchone()
            if held is None or held[0] not in (fixed, f"Etc/{fixed}"):
                raise FaultError(Fault("D409", f"the embedded database did not take the setting `{name}`"))

    def _set_limit(self, name: str, value: str | int) -> None:
        try:
            self._set(name, value)
        except duckdb.Error as error:
            message = f"the limit `{name}: {value}` is not understood: {_sentence(error)}"
            raise FaultError(Fault("D408", message)) from error

    def _set(self, name: str, value: str | int | bool | list[str]) -> None:
        self._root.execute(f"SET {name} = {_literal(value)}")

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with self._gate:
            self._gate.wait_for(lambda: not self._shut)
            self._asking += 1
        try:
            yield
        finally:
            with self._gate:
                self._asking -= 1
                self._gate.notify_all()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._closed:
            raise FaultError(Fault("D409", "the embedded database is closed"))
        running = _Running(self._root.cursor(), threading.get_ident())
        with self._gate:
            self._running.add(running)
        try:
            yield running.cursor
        except duckdb.Error as error:
            if running.cancelled or isinstance(error, duckdb.InterruptException):
                raise Cancelled("the question was cancelled") from error
            raised = self._raised_by(error)
            if raised is not None:
                raise raised from None
            raise FaultError(fault_of(error)) from error
        except RuntimeError as error:
            # DuckDB's client says so when a signal handler raised while a statement ran.
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise
        finally:
            with self._gate:
                self._running.discard(running)
                self._gate.notify_all()
            running.cursor.close()
        if running.cancelled:
            raise Cancelled("the question was cancelled")


def fault_of(error: duckdb.Error) -> Fault:
    """DuckDB's error as a fault: what happened in one sentence, a way out, and no SQL."""
    said = _sentence(error)
    if isinstance(error, duckdb.PermissionException):
        return Fault("D406", f"the embedded database refused: {said}", help="only folders of sources can be read")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Fault(
            "D407",
            f"the memory for this question ran out: {said}",
            help="ask for fewer cells at once, or raise the memory limit",
        )
    converting = isinstance(error, duckdb.ConversionException)
    if isinstance(error, duckdb.OutOfRangeException) or (converting and "out of range" in said):
        return Fault("D402", f"a number grew out of range: {said}", help="declare the column `double`")
    if converting:
        return Fault("D403", f"a value did not convert: {said}")
    if isinstance(error, duckdb.TransactionException) and "read-only" in said:
        return Fault("D401", "only one SELECT may run at a time; this would change data")
    if isinstance(error, duckdb.IOException | duckdb.HTTPException):
        return Fault("D433", f"the data could not be read: {said}", help="was the file moved, changed or damaged?")
    return Fault("D409", f"the embedded database failed: {said}", help="please report this with the question you asked")


def _sentence(error: duckdb.Error) -> str:
    # The first paragraph, without "Xyz Error: "; what follows quotes the SQL or advises on DuckDB's settings.
    first = str(error).split("\n\n")[0].split("\nLINE ")[0].strip()
    head, colon, rest = first.partition(": ")
    text = rest if colon and head.endswith("Error") else first
    return " ".join(text.split())[:300].rstrip(".")


def _one_select(sql: str) -> duckdb.Statement:
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise FaultError(Fault("D401", f"the statement is not understood: {_sentence(error)}")) from error
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in found) or "nothing"
        raise FaultError(Fault("D401", f"only one SELECT may run at a time; this is {kinds}"))
    return found[0]


def _literal(value: str | int | bool | list[str]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "[" + ", ".join(_literal(each) for each in value) + "]"
