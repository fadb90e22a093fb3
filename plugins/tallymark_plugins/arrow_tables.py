"""For authors of plugins: a source out of anything that gives Arrow tables.

    class Ledger:
        def names(self): ...
        def read(self, name): ...
        def state(self, name): ...

    def make(definition, folder, embedded, timezone):
        return arrow_source(definition, embedded, timezone, Ledger(...))

What is read is fetched into the embedded database when a question first needs it, typed and checked as the tables of
every other source are, and kept until its state changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import pyarrow

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark_plugins.databases.fetched import FetchedSource, Fetching, Held
from tallymark_plugins.databases.options import ROWS
from tallymark_plugins.tabular.staged import Spot

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source, Table


class ArrowTables(Protocol):
    """Something that has tables. Called from several threads."""

    def names(self) -> Sequence[str]:
        """The names of the tables there are."""
        ...

    def read(self, name: str) -> pyarrow.Table:
        """All rows of a table, of one moment. May raise FaultError; OSError is told as a fault too."""
        ...

    def state(self, name: str) -> Hashable:
        """Changes whenever the table's data may have changed; cheap, as it is asked at every question."""
        ...


def arrow_source(
    definition: SourceDef, embedded: Embedded, timezone: str, tables: ArrowTables, most: int = ROWS
) -> Source:
    """A source over `tables`, of which each may have `most` rows."""
    return FetchedSource(definition.name, _Reader(tables), embedded, timezone, most)


class _Reader:
    """A `fetched.Reader` over Arrow tables."""

    def __init__(self, tables: ArrowTables) -> None:
        self._tables = tables

    def columns(self, table: Table) -> tuple[Held, ...]:
        return tuple(_held(field) for field in self._read(table).schema)

    @contextmanager
    def fetching(self, table: Table, columns: Sequence[Held]) -> Iterator[Fetching]:
        found = self._read(table).select([column.name for column in columns])
        schema = pyarrow.schema([(column.name, column.arrow) for column in columns])
        yield Fetching(schema, iter(found.cast(schema).to_batches()))

    def spot(self, table: Table, position: int) -> Spot:
        return Spot(f"the table `{table.name}`", position + 1)

    def state(self, table: Table) -> Hashable:
        self._require(table)
        return self._tables.state(table.name)

    def _read(self, table: Table) -> pyarrow.Table:
        self._require(table)
        try:
            return self._tables.read(table.name)
        except OSError as error:
            message = f"`{table.name}` cannot be read: {error.strerror or error}"
            raise FaultError(Fault("D433", message, table.place, subject=f"dataset `{table.dataset}`")) from error

    def _require(self, table: Table) -> None:
        names = self._tables.names()
        if table.name not in names:
            help_ = did_you_mean(table.name, names) or f"these are there: {', '.join(sorted(names)[:10]) or 'none'}"
            raise FaultError(
                Fault("D426", f"no table `{table.name}`", table.place, help_, f"dataset `{table.dataset}`")
            )


def _held(field: pyarrow.Field) -> Held:
    """A column as it is fetched: lists, structs and bytes are for no formula, and stay where they are."""
    kind = field.type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    usable = (
        pyarrow.types.is_boolean(kind), pyarrow.types.is_integer(kind), pyarrow.types.is_floating(kind),
        pyarrow.types.is_decimal(kind), pyarrow.types.is_string(kind), pyarrow.types.is_large_string(kind),
        pyarrow.types.is_date(kind), pyarrow.types.is_timestamp(kind),
    )  # fmt: skip
    return Held(field.name, kind if any(usable) else None, str(field.type))
