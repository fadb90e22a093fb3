"""Reading a SQLite file, whose columns hold values of any type whatever they are declared as.

A column is read as the project declares it, else as SQLite's rules of affinity understand its declared type. Where each
value of a column is stored as a number, numbers are fetched; else texts, which are then parsed as those of a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table
from tallymark_plugins.databases.columnar import BATCH, Columnar
from tallymark_plugins.databases.fetched import Fetching, Held
from tallymark_plugins.tabular.paths import Root, state_of
from tallymark_plugins.tabular.staged import Spot

_LOCKED_SECONDS = 10.0
"""How long to wait for another program that is writing."""

_NUMBERS: dict[Type, tuple[pa.DataType, frozenset[str]]] = {
    Type.INTEGER: (pa.int64(), frozenset({"integer"})),
    Type.DOUBLE: (pa.float64(), frozenset({"integer", "real"})),
}
"""For a type that numbers may be fetched as: Arrow's name for it, and the storage classes that fit."""


class SqliteReader:
    """A `Reader` of one SQLite file, which is opened for reading only, and for each load anew."""

    def __init__(self, path: Path, root: Root, place: Place, source: str) -> None:
        self._path = path
        self._shown = root.shown(path)
        self._place = place
        self._source = source

    def columns(self, table: Table) -> tuple[Held, ...]:
        """The table's columns, each fetched as what its values and its wanted type allow."""
        with self._connected() as connection:
            return self._columns(connection, table)

    @contextmanager
    def fetching(self, table: Table, columns: Sequence[Held]) -> Iterator[Fetching]:
        """The rows in the order in which SQLite keeps them, in one read transaction."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            stored = self._classes(connection, table.name, [each.name for each in columns])
            schema = pa.schema([(each.name, _fetched_as(each, stored[each.name])) for each in columns])
            made = Columnar(schema)
            listed = ", ".join(quoted(each.name) for each in columns)
            cursor = connection.execute(f"SELECT {listed} FROM {quoted(table.name)}")
            yield Fetching(schema, made.batches(self._chunks(cursor)), made.misfits)

    def spot(self, table: Table, position: int) -> Spot:
        """The row by its `rowid`, by which SQLite finds it; by its number where the table has none."""
        where, number = f"table {table.name} of {self._shown}", position + 1
        try:
            with self._connected() as connection:
                asked = f"SELECT rowid FROM {quoted(table.name)} LIMIT 1 OFFSET ?"
                row = connection.execute(asked, [position]).fetchone()
            number = row[0] if row and isinstance(row[0], int) else number
        except FaultError:  # views and tables WITHOUT ROWID have none
            pass
        return Spot(where, number)

    def state(self, table: Table) -> Hashable:
        """The size and time of change of the file, and of the log of what is not yet in it."""
        return state_of((self._path, self._path.with_name(self._path.name + "-wal")))

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection. SQLite's errors leave as FaultError: D413 no file, D427 not opened, D433 not read."""
        if not self._path.is_file():
            raise FaultError(Fault("D413", f"no SQLite file {self._shown}", self._place, subject=self._subject))
        try:
            uri = f"{self._path.as_uri()}?mode=ro"
            opened = sqlite3.connect(
                uri, uri=True, timeout=_LOCKED_SECONDS, isolation_level=None, check_same_thread=False
            )
            # Text that is no UTF-8 is told where it stands, not raised at once.
            opened.text_factory = _decoded
            with closing(opened) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise FaultError(self._failed(error)) from error

    def _failed(self, error: sqlite3.DatabaseError) -> Fault:
        said = " ".join(str(error).split())[:200]
        if "not a database" in said or "unable to open" in said or "malformed" in said:
            return Fault("D427", f"cannot open {self._shown}: {said}", self._place, subject=self._subject)
        help_line = "another program is writing to it; try again" if "locked" in said else None
        return Fault("D433", f"cannot read {self._shown}: {said}", self._place, help_line, self._subject)

    @property
    def _subject(self) -> str:
        return f"source `{self._source}`"

    def _columns(self, connection: sqlite3.Connection, table: Table) -> tuple[Held, ...]:
        self._require(connection, table)
        # `xinfo` also lists generated columns; 1 is a hidden one of a virtual table.
        listed = connection.execute("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1", [table.name])
        declared = {str(name): str(kind) for name, kind in listed.fetchall()}
        wanted = {each.name: each.type for each in table.columns}
        untold = [n for n, kind in declared.items() if affinity(kind) is None and (n in wanted or not wanted)]
        stored = self._classes(connection, table.name, [n for n in untold if wanted.get(n) is None])
        found = list[Held]()
        for name, kind in declared.items():
            usual = affinity(kind) or _of_classes(stored.get(name, frozenset()))
            target = wanted.get(name) or usual
            arrow = _NUMBERS[target][0] if target in _NUMBERS else pa.string()
            found.append(Held(name, arrow, kind or "value without a declared type", usual))
        return tuple(found)

    def _require(self, connection: sqlite3.Connection, table: Table) -> None:
        asked = (
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
        names = [str(row[0]) for row in connection.execute(asked)]
        if table.name not in names:
            help_line = did_you_mean(table.name, names)
            message = f"no table `{table.name}` in {self._shown}"
            raise FaultError(Fault("D426", message, table.place, help_line, f"dataset `{table.dataset}`"))

    def _classes(self, connection: sqlite3.Connection, name: str, columns: Sequence[str]) -> dict[str, frozenset[str]]:
        """The storage classes of each column's values: `integer`, `real`, `text`, `blob`; null left out."""
        if not columns:
            return {}
        each = (f"MAX(TYPEOF({quoted(c)}) = '{kind}')" for c in columns for kind in ("integer", "real", "text", "blob"))
        row = connection.execute(f"SELECT {', '.join(each)} FROM {quoted(name)}").fetchone()
        kinds = ("integer", "real", "text", "blob")
        found = (row[i : i + 4] for i in range(0, len(row), 4))
        return {c: frozenset(k for k, there in zip(kinds, four, strict=True) if there)
                for c, four in zip(columns, found, strict=True)}  # fmt: skip

    def _chunks(self, cursor: sqlite3.Cursor) -> Iterator[list[tuple[object, ...]]]:
        try:
            while rows := cursor.fetchmany(BATCH):
                yield rows
        except sqlite3.DatabaseError as error:
            raise FaultError(self._failed(error)) from error


def _fetched_as(each: Held, stored: frozenset[str]) -> pa.DataType:
    """A type of numbers only where all values are: else texts, whose parsing tells what is wrong with which row."""
    fitting = next((fits for arrow, fits in _NUMBERS.values() if arrow == each.arrow), frozenset[str]())
    return each.arrow if stored <= fitting else pa.string()


def _of_classes(stored: frozenset[str]) -> Type:
    return next((kind for kind, (_, fits) in _NUMBERS.items() if stored and stored <= fits), Type.TEXT)


def affinity(declared: str) -> Type | None:
    """What a column declared so is read as; None where the words say nothing (none at all, or BLOB).

    As SQLite's own rules: the first of these words that the declaration holds decides.
    """
    name = declared.upper()
    if "BOOL" in name:
        return Type.BOOLEAN
    if "INT" in name:
        return Type.INTEGER
    if "CHAR" in name or "CLOB" in name or "TEXT" in name or "UUID" in name or "JSON" in name:
        return Type.TEXT
    if "REAL" in name or "FLOA" in name or "DOUB" in name:
        return Type.DOUBLE
    if "TIMESTAMP" in name or "DATETIME" in name:
        return Type.TIMESTAMP
    if "DATE" in name:
        return Type.DATE
    return Type.DECIMAL if "DEC" in name or "NUM" in name or "MONEY" in name else None


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _decoded(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
