"""Tables handed over by a Python program."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import duckdb
import pyarrow
from sqlglot import exp

from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.source import Table, TableColumn
from tallymark_plugins.tabular.formats import TextFormat, read_format
from tallymark_plugins.tabular.parquet import described
from tallymark_plugins.tabular.settle import Offered, settle
from tallymark_plugins.tabular.shelf import Shelf
from tallymark_plugins.tabular.sqltree import column
from tallymark_plugins.tabular.staged import Spot, Staged

_VIEW = "handed"


class Memory:
    """A `source.Source` over tables that the caller puts. Safe to use from several threads."""

    def __init__(self, name: str, embedded: Embedded, timezone: str = "UTC") -> None:
        self._embedded = embedded
        self._zone = timezone
        self._shelf = Shelf(embedded, name)
        self._lock = threading.Lock()
        self._versions = itertools.count(1)
        self._tables: dict[str, tuple[int, pyarrow.Table]] = {}

    @property
    def backend(self) -> Embedded:
        """The embedded database, into which the tables are copied."""
        return self._embedded

    def put(self, name: str, data: Any) -> None:
        """Hands over a table, in place of an earlier one of this name. Raises FaultError (D429) if it is no table."""
        table = as_arrow(name, data)
        with self._lock:
            self._tables[name] = (next(self._versions), table)

    def drop(self, name: str) -> None:
        """Takes a table back; nothing happens if it was never put."""
        with self._lock:
            self._tables.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """The names of the tables, in the order in which they were first put."""
        return tuple(self._tables)

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns of the table, or the declared ones among them."""
        return self._offered(table).columns

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Copies the declared columns into the embedded database if they are new or have been put again."""
        return self._offered(table).parts

    def state(self, table: Table) -> Hashable:
        """A number that grows each time the table is put."""
        return self._found(table)[0]

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null, or were rounded."""
        return self._offered(table).notes

    def _found(self, table: Table) -> tuple[int, pyarrow.Table]:
        with self._lock:
            if table.name in self._tables:
                return self._tables[table.name]
            names = tuple(self._tables)
        message, subject = f"no table `{table.name}` was handed over", f"dataset `{table.dataset}`"
        help_line = did_you_mean(table.name, names) or "hand it over with `put(name, data)`"
        raise FaultError(Fault("D426", message, table.place, help_line, subject))

    def _offered(self, table: Table) -> Offered:
        form, faults = read_format(table.format, table.place)
        if faults:
            raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
        return self._shelf.get(table, partial(self.state, table), partial(self._loaded, table=table, form=form))

    def _loaded(
        self, cursor: duckdb.DuckDBPyConnection, parts: Sequence[str], table: Table, form: TextFormat
    ) -> Offered:
        cursor.register(_VIEW, self._found(table)[1])
        relation = exp.table_(_VIEW, quoted=True)
        columns = described(cursor, relation, f"the table `{table.name}`")

        def spot(position: int, value: str, of: str) -> Spot:
            return Spot(f"the table `{table.name}`", position + 1)

        staged = Staged(relation, columns, {each.name: column(each.name) for each in columns}, spot, lasting=False)
        try:
            return settle(cursor, staged, table, form, parts, self._zone)
        finally:
            cursor.unregister(_VIEW)


def as_arrow(name: str, data: Any) -> pyarrow.Table:
    """The data as an Arrow table. Raises FaultError: D429 when it is no table, D418 when it has a column twice."""
    try:
        table = _converted(data)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise FaultError(Fault("D429", f"`{name}` cannot be read as a table: {said}")) from error
    if table is None:
        message = f"`{name}` is a {type(data).__name__}, which is no table"
        raise FaultError(Fault("D429", message, help="put an Arrow table, a pandas or a polars frame"))
    seen = [each.casefold() for each in table.column_names]
    twice = sorted({each for each in table.column_names if seen.count(each.casefold()) > 1})
    if twice:
        raise FaultError(Fault("D418", f"`{name}` has a column twice: {', '.join(twice)} (capitals do not count)"))
    return table


def _converted(data: Any) -> pyarrow.Table | None:
    if isinstance(data, pyarrow.Table):
        return data
    if isinstance(data, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([data])
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns"):
        # Its row labels are no column of the table.
        return pyarrow.Table.from_pandas(data, preserve_index=False)
    return pyarrow.table(data) if hasattr(data, "__arrow_c_stream__") else None
