"""Reading a database through an ADBC driver: Arrow all the way, without a row of Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import pyarrow as pa
from adbc_driver_manager import dbapi
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table
from tallymark_plugins.databases.driven import Driven
from tallymark_plugins.databases.fetched import Fetching, Held
from tallymark_plugins.databases.options import scrubbed


class AdbcReader(Driven):
    """A `Reader` over one ADBC driver, connected to anew for each read.

    `driver` is the Python package of the driver, `arguments` its database options; `secrets` are values among them that
    no message repeats. `dialect` is the sqlglot name of the SQL that the database understands.
    """

    def __init__(
        self, driver: str, arguments: Mapping[str, str], secrets: list[str], dialect: str, schema: str | None,
        place: Place, source: str, fresh_for: float,
    ) -> None:  # fmt: skip
        super().__init__(source, place, schema, fresh_for, secrets)
        self._driver = driver
        self._arguments = dict(arguments)
        self._dialect = dialect

    def columns(self, table: Table) -> tuple[Held, ...]:
        """The table's columns, as the driver tells them."""
        schema, name = self._parts(table)
        with self._connected() as connection:
            try:
                found = connection.adbc_get_table_schema(name, db_schema_filter=schema)
            except dbapi.Error as error:
                message = f"no table `{table.name}` in the database of `{self._source}`"
                said = scrubbed(str(error), self._secrets)
                subject = f"dataset `{table.dataset}`"
                raise FaultError(Fault("D426", message, table.place, f"the driver says: {said}", subject)) from None
        return tuple(_held(each) for each in found)

    @contextmanager
    def fetching(self, table: Table, columns: Sequence[Held]) -> Iterator[Fetching]:
        """The rows in one statement, batch by batch as the driver gives them."""
        schema, name = self._parts(table)
        wanted = pa.schema([(each.name, each.arrow) for each in columns])
        listed = (exp.Column(this=exp.to_identifier(each.name, quoted=True)) for each in columns)
        asked = exp.select(*listed).from_(exp.table_(name, db=schema, quoted=True)).sql(self._dialect)
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute(asked)
            yield Fetching(wanted, self._batches(cursor.fetch_record_batch(), wanted))

    @contextmanager
    def _connected(self) -> Iterator[dbapi.Connection]:
        """A connection, read-only where the driver can be told. Errors leave as FaultError: D470, D433."""
        reached = False
        try:
            path = import_module(self._driver)._driver_path()
            with dbapi.connect(path, db_kwargs=self._arguments) as connection:
                reached = True
                # Drivers that do not know the setting say so; only SELECTs are sent either way.
                with suppress(dbapi.Error):
                    connection.adbc_connection.set_options(**{"adbc.connection.readonly": "true"})
                yield connection
        except (dbapi.Error, pa.ArrowException) as error:
            raise FaultError(self._failed(error, reached)) from None

    def _batches(self, reader: pa.RecordBatchReader, wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                arrays = [_plain(a).cast(f.type) for a, f in zip(batch.columns, wanted, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            raise FaultError(self._failed(error, True)) from None


def _plain(values: Any) -> Any:
    """Values of a type that only the driver knows, as they are stored; UUIDs as texts."""
    if isinstance(values.type, pa.UuidType):
        return pa.array([None if each is None else str(each) for each in values.to_pylist()], pa.string())
    return values.storage if isinstance(values.type, pa.BaseExtensionType) else values


def _held(of: pa.Field) -> Held:
    kind, native, usual = of.type, str(of.type), None
    if isinstance(kind, pa.BaseExtensionType):
        native = str(getattr(kind, "type_name", native))
        if native == "numeric":
            usual = Type.DECIMAL
        kind = pa.string() if isinstance(kind, pa.UuidType) else kind.storage_type
    bytes_ = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    nested = pa.types.is_nested(kind) or bytes_
    odd = pa.types.is_duration(kind) or pa.types.is_interval(kind) or pa.types.is_time(kind)
    return Held(of.name, None if nested or odd else kind, native, usual)
