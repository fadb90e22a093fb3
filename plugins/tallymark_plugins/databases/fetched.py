"""Sources whose rows are fetched: a reader of one kind of database behind the face of a `source.Source`.

The declared columns of a table (or all, when none are declared) are fetched in batches when a question first needs
them, typed as those of files are, and kept until the table's state changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import duckdb
import pyarrow as pa
from sqlglot import exp

from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark_plugins.databases.columnar import Misfits
from tallymark_plugins.tabular.advice import shown
from tallymark_plugins.tabular.formats import TextFormat, read_format
from tallymark_plugins.tabular.parquet import described
from tallymark_plugins.tabular.settle import Offered, ask, offers, settle
from tallymark_plugins.tabular.shelf import Shelf
from tallymark_plugins.tabular.sqltree import Tree, column, script, temporary, text_cast
from tallymark_plugins.tabular.staged import Spot, Staged

_STREAM = "fetched_stream"
_ROWS = exp.table_("fetched_rows", db="main", catalog="temp", quoted=True)


@dataclass(frozen=True, slots=True)
class Held:
    """A column of a database's table: what it is called there, and the Arrow type it is fetched as.

    `arrow` None is a column that formulas do not handle; it is not fetched. `usual` is the type it is read as when the
    project declares none and the fetched type would not say it: a number that comes as text.
    """

    name: str
    arrow: pa.DataType | None
    native: str
    usual: Type | None = None


@dataclass(slots=True)
class Fetching:
    """The rows of a table on their way: batches, and afterwards the values that did not fit their column."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    misfits: dict[str, Misfits] = field(default_factory=dict)


class Reader(Protocol):
    """Reads the tables of one database. Safe to use from several threads."""

    def columns(self, table: Table) -> tuple[Held, ...]:
        """The table's columns. Raises FaultError: D426 when it is not there, D470 when the database is not reached."""
        ...

    def fetching(self, table: Table, columns: Sequence[Held]) -> AbstractContextManager[Fetching]:
        """The rows of those columns, in one consistent state. Raises FaultError as they are read: D433."""
        ...

    def spot(self, table: Table, position: int) -> Spot:
        """Where the row stands that came at `position`, from 0."""
        ...

    def state(self, table: Table) -> Hashable:
        """Changes whenever the data may have changed."""
        ...


class FetchedSource:
    """A `source.Source` over a reader. Safe to use from several threads."""

    def __init__(self, name: str, reader: Reader, embedded: Embedded, timezone: str, most: int) -> None:
        self._reader = reader
        self._embedded = embedded
        self._zone = timezone
        self._most = most
        self._shelf = Shelf(embedded, name)

    @property
    def backend(self) -> Embedded:
        """The embedded database, into which the rows are fetched."""
        return self._embedded

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns as the database's catalogue has them, or the declared ones among them; no rows are fetched."""
        form = _form(table)
        columns = self._reader.columns(table)

        def done(cursor: duckdb.DuckDBPyConnection) -> tuple[TableColumn, ...]:
            cursor.register(_STREAM, _schema(columns).empty_table())
            staged = self._staged(cursor, exp.table_(_STREAM, quoted=True), columns, table)
            try:
                return _told(offers(cursor, staged, _typed(table, columns), form, self._zone), columns)
            finally:
                cursor.unregister(_STREAM)

        return self._embedded.load(done)

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Fetches the table if it is new or has changed, and gives its name in the embedded database."""
        return self._offered(table).parts

    def state(self, table: Table) -> Hashable:
        """As the reader tells it."""
        return self._reader.state(table)

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null, or were rounded."""
        return self._offered(table).notes

    def _offered(self, table: Table) -> Offered:
        load = partial(self._loaded, table=table, form=_form(table))
        return self._shelf.get(table, partial(self._reader.state, table), load)

    def _loaded(
        self, cursor: duckdb.DuckDBPyConnection, parts: Sequence[str], table: Table, form: TextFormat
    ) -> Offered:
        columns = self._reader.columns(table)
        held = tuple(TableColumn(c.name, Type.TEXT) for c in columns)
        asked = ask(table, held, form).require()
        names = {each.name for each in asked.wanted}
        wanted = [each for each in columns if each.name in names]
        readable = [each for each in wanted if each.arrow is not None]
        if not readable:
            message = f"`{table.name}` has no column of a kind that formulas handle"
            raise FaultError(Fault("D429", message, table.place, subject=f"dataset `{table.dataset}`"))
        misfits = self._fetch(cursor, table, readable)
        natives = {each.name: each.native for each in wanted}
        faults, notes = self._judged(misfits, natives, table, {n: f.on_error for n, f in asked.forms.items()})
        staged = self._staged(cursor, _ROWS.copy(), wanted, table)
        staged = replace(staged, rows=_ROWS.copy(), notes=notes)
        try:
            made = settle(cursor, staged, _typed(table, columns), form, parts, self._zone)
        except FaultError as error:
            raise FaultError([*faults, *error.faults]) from error
        if faults:
            raise FaultError(faults)
        return replace(made, columns=_told(made.columns, columns))

    def _fetch(self, cursor: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[Held]) -> dict[str, Misfits]:
        """Brings the rows into the temporary table `_ROWS`. Raises FaultError (D471) when they are too many."""
        with self._reader.fetching(table, columns) as coming:
            broken = list[FaultError]()
            batches = _minded(coming.batches, table, self._most, broken)
            cursor.register(_STREAM, pa.RecordBatchReader.from_batches(coming.schema, batches))
            try:
                cursor.execute(script(temporary(_ROWS, exp.select("*").from_(exp.table_(_STREAM, quoted=True)))))
            except duckdb.Error:
                # DuckDB repeats the words of an error in the stream, and forgets what error it was.
                if broken:
                    raise broken[0] from None
                raise
            finally:
                cursor.unregister(_STREAM)
            return coming.misfits

    def _staged(
        self, cursor: duckdb.DuckDBPyConnection, relation: exp.Table, columns: Sequence[Held], table: Table
    ) -> Staged:
        """The relation as staged; integers that stand for truth are read as the words 0 and 1."""
        found = {c.name: c for c in described(cursor, relation, f"the table `{table.name}`")}
        declared = {each.name: each.type for each in table.columns}
        told, values = list[TableColumn](), dict[str, Tree]()
        for each in columns:
            if each.arrow is None:
                told.append(TableColumn(each.name, Type.OPAQUE, each.native))
                values[each.name] = exp.Null()
                continue
            kind, value = found[each.name].type, column(each.name)
            if kind is Type.INTEGER and declared.get(each.name) is Type.BOOLEAN:
                kind, value = Type.TEXT, text_cast(value)
            told.append(TableColumn(each.name, kind, found[each.name].native))
            values[each.name] = value

        def spot(position: int, value: str, of: str) -> Spot:
            return self._reader.spot(table, position)

        return Staged(relation, tuple(told), values, spot, lasting=False)

    def _judged(
        self, misfits: dict[str, Misfits], natives: dict[str, str], table: Table, on_error: dict[str, str]
    ) -> tuple[list[Fault], tuple[str, ...]]:
        """Faults (D420) for values that did not fit and must not become null, and notes on those that may."""
        faults, notes = list[Fault](), list[str]()
        for name, found in misfits.items():
            spot = self._reader.spot(table, found.position)
            said = f"{shown(found.value)} is no {natives[name] or 'value'}"
            if on_error[name] == "null":
                some = "1 value" if found.count == 1 else f"{found.count:,} values"
                what = f"{some} of `{name}` in `{table.name}` became null"
                notes.append(f"{what}; the first: {said} ({spot} of {spot.file})")
                continue
            more = f"; {found.count - 1:,} more like it" if found.count > 1 else ""
            message = f"{said}, in column `{name}` at {spot} of {spot.file}{more}"
            help_line = "correct it there, or say `on_error: null` in the column's format"
            place = next((c.place for c in table.columns if c.name == name), table.place)
            subject = f"column `{name}` of dataset `{table.dataset}`"
            faults.append(Fault("D420", message, place, help_line, subject))
        return faults, tuple(notes)


def _form(table: Table) -> TextFormat:
    form, faults = read_format(table.format, table.place)
    if faults:
        raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
    return form


def _schema(columns: Sequence[Held]) -> pa.Schema:
    return pa.schema([(each.name, each.arrow) for each in columns if each.arrow is not None])


def _typed(table: Table, columns: Sequence[Held]) -> Table:
    """The table with the usual types of its columns where the project declares none."""
    usual = {each.name: each.usual for each in columns}
    wanted = table.columns or tuple(WantedColumn(each.name, place=table.place) for each in columns)
    return replace(table, columns=tuple(replace(w, type=w.type or usual.get(w.name)) for w in wanted))


def _told(offered: Sequence[TableColumn], columns: Sequence[Held]) -> tuple[TableColumn, ...]:
    """The columns as offered, each with the database's own word for its type."""
    natives = {each.name: each.native for each in columns}
    return tuple(replace(each, native=natives[each.name]) for each in offered)


def _minded(
    batches: Iterator[pa.RecordBatch], table: Table, most: int, broken: list[FaultError]
) -> Iterator[pa.RecordBatch]:
    """The batches, until there are too many rows. A FaultError is noted in `broken` before it leaves."""
    seen = 0
    try:
        for batch in batches:
            seen += batch.num_rows
            if seen > most:
                message = f"`{table.name}` has more than {most:,} rows, which is the most that is fetched"
                help_line = "name a smaller table or a view of what is needed, or raise `rows:` of the source"
                raise FaultError(Fault("D471", message, table.place, help_line, f"dataset `{table.dataset}`"))
            yield batch
    except FaultError as error:
        broken.append(error)
        raise
