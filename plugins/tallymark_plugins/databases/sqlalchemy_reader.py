"""Reading any database that SQLAlchemy reaches: columns by reflection, rows streamed in batches."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import types as t

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table
from tallymark_plugins.databases.columnar import BATCH, Columnar
from tallymark_plugins.databases.driven import Driven
from tallymark_plugins.databases.fetched import Fetching, Held
from tallymark_plugins.databases.options import scrubbed

_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
    "oracle": "SET TRANSACTION READ ONLY",
}
"""What makes a connection refuse changes, for databases that can."""


class SqlalchemyReader(Driven):
    """A `Reader` over an engine of SQLAlchemy. Every read is one transaction, read-only where the database can.

    `url` may hold a password, which no message repeats.
    """

    def __init__(self, url: str, place: Place, source: str, schema: str | None, fresh_for: float) -> None:
        super().__init__(source, place, schema, fresh_for, [url])
        self._lock = threading.Lock()
        try:
            parsed = sa.make_url(url)
            self._secrets += [str(parsed.password)] if parsed.password else []
            self._engine = sa.create_engine(parsed, poolclass=sa.NullPool)
        except sa.exc.NoSuchModuleError:
            name = url.partition(":")[0]
            message = f"SQLAlchemy has no dialect for `{scrubbed(name, [])}` URLs"
            raise FaultError(
                Fault("D470", message, place, "install the package of its dialect", self._subject)
            ) from None
        except ModuleNotFoundError as error:
            message = f"the driver `{error.name}` is not installed"
            help_line = f"install it with `pip install {error.name}`"
            raise FaultError(Fault("P790", message, place, help_line, self._subject)) from None
        except (sa.exc.SQLAlchemyError, ValueError):
            message = "the secret that `url` refers to holds no SQLAlchemy URL"
            help_line = "as mysql+pymysql://user:password@host/database"
            raise FaultError(Fault("D411", message, place, help_line, self._subject)) from None

    def columns(self, table: Table) -> tuple[Held, ...]:
        """The table's columns by reflection, names of `schema.table` looked for in that schema."""
        schema, name = self._parts(table)
        with self._connected() as connection:
            inspector = sa.inspect(connection)
            try:
                found = inspector.get_columns(name, schema=schema)
            except sa.exc.NoSuchTableError:
                found = []
            if not found:
                known = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
                message = f"no table `{table.name}` in the database of `{self._source}`"
                help_line = did_you_mean(name, known)
                raise FaultError(Fault("D426", message, table.place, help_line, f"dataset `{table.dataset}`"))
            return tuple(_held(each["name"], each["type"], connection.dialect) for each in found)

    @contextmanager
    def fetching(self, table: Table, columns: Sequence[Held]) -> Iterator[Fetching]:
        """The rows, streamed from the server where its driver can."""
        schema, name = self._parts(table)
        with self._connected() as connection:
            # SQLite's values come as they are stored: what is not of its column's type is told with its row.
            loose = connection.dialect.name == "sqlite"
            found = [] if loose else sa.inspect(connection).get_columns(name, schema=schema)
            reflected = {each["name"]: each["type"] for each in found}
            listed = [sa.column(each.name, _plain(reflected.get(each.name))) for each in columns]
            asked = sa.select(*listed).select_from(sa.table(name, schema=schema))
            made = Columnar(pa.schema([(each.name, each.arrow) for each in columns]))
            result = connection.execution_options(stream_results=True, max_row_buffer=BATCH).execute(asked)
            with result:
                yield Fetching(made.schema, made.batches(self._chunks(result)), made.misfits)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A connection in a transaction that is rolled back. Errors leave as FaultError: D470, D433, P790."""
        reached = False
        self._require_file()
        try:
            with self._engine.connect() as connection:
                reached = True
                statement = _READ_ONLY.get(connection.dialect.name)
                if statement is not None:
                    connection.exec_driver_sql(statement)
                yield connection
                connection.rollback()
        except sa.exc.SQLAlchemyError as error:
            raise FaultError(self._failed(error, reached)) from None

    def _require_file(self) -> None:
        """Raises FaultError (D413) where SQLite would make a file that is not there."""
        url = self._engine.url
        file = url.database if url.get_backend_name() == "sqlite" else None
        if file and file != ":memory:" and not file.startswith("file:") and not Path(file).is_file():
            message = "the SQLite file that `url` names is not there"
            raise FaultError(Fault("D413", message, self._place, subject=self._subject))

    def _failed(self, error: object, reached: bool) -> Fault:
        # The driver's own words: SQLAlchemy's are followed by the statement.
        return super()._failed(getattr(error, "orig", None) or error, reached)

    def _chunks(self, result: sa.CursorResult[Any]) -> Iterator[Sequence[Sequence[Any]]]:
        try:
            yield from result.partitions(BATCH)
        except Exception as error:  # a driver's own conversions fail in any way they like
            raise FaultError(self._failed(error, True)) from None


def _plain(kind: Any) -> Any:
    """The type to select a column as: numbers with a fraction come exact."""
    if kind is None:
        return None
    if isinstance(kind, t.Numeric) and not isinstance(kind, t.Float):
        return t.Numeric(kind.precision, kind.scale, asdecimal=True)
    return kind


def _held(name: str, kind: Any, dialect: Any) -> Held:
    """How a reflected column is fetched."""
    try:
        native = str(kind.compile(dialect))
    except sa.exc.SQLAlchemyError:
        native = type(kind).__name__
    loose = dialect.name == "sqlite"
    if loose and isinstance(kind, t.Date | t.DateTime):
        return Held(name, pa.string(), native, Type.DATE if isinstance(kind, t.Date) else Type.TIMESTAMP)
    arrow, usual = _arrow(kind)
    return Held(name, arrow, native, usual)


def _arrow(kind: Any) -> tuple[pa.DataType | None, Type | None]:
    if isinstance(kind, t.Boolean):
        return pa.bool_(), None
    if isinstance(kind, t.Integer):
        return pa.int64(), None
    if isinstance(kind, t.Float):
        return pa.float64(), None
    if isinstance(kind, t.Numeric):
        exact = kind.precision is not None and kind.scale is not None and 0 <= kind.scale <= kind.precision <= 38
        return (pa.decimal128(kind.precision, kind.scale), None) if exact else (pa.string(), Type.DECIMAL)
    if isinstance(kind, t.DateTime):
        return pa.timestamp("us", tz="UTC" if kind.timezone else None), None
    if isinstance(kind, t.Date):
        return pa.date32(), None
    if isinstance(kind, t.String | t.Enum | t.Uuid | t.JSON):
        return pa.string(), None
    # Lists, intervals, bytes, and what reflection does not know.
    return None, None
