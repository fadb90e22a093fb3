"""The tables of a DuckDB file, attached read-only to the embedded database and attached anew when the file changes."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from functools import partial
from pathlib import Path

import duckdb
from sqlglot import exp

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark.source import Table, TableColumn
from tallymark_plugins.tabular.formats import TextFormat, read_format
from tallymark_plugins.tabular.parquet import described
from tallymark_plugins.tabular.paths import Root, root_of, state_of
from tallymark_plugins.tabular.settle import Offered, settle
from tallymark_plugins.tabular.shelf import Shelf
from tallymark_plugins.tabular.sqltree import column, script, text
from tallymark_plugins.tabular.staged import Spot, Staged


def file_of(definition: SourceDef, folder: Path) -> Path:
    """The DuckDB file, resolved, of options that its schema allows. Raises FaultError (D412) outside the project."""
    return root_of(definition.options["path"], folder, definition.place, definition.name).folder


def log_of(path: Path) -> Path:
    """The file's write-ahead log: what has been written and is not yet in the file."""
    return path.with_name(path.name + ".wal")


class AttachedSource:
    """A `source.Source` over a DuckDB file. Safe to use from several threads."""

    def __init__(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> None:
        self._path = file_of(definition, folder)
        top = folder.resolve()
        self._shown = Root(top, top).shown(self._path)
        self._place = definition.place
        self._alias = f"at_{definition.name}"
        self._embedded = embedded
        self._zone = timezone
        self._shelf = Shelf(embedded, definition.name)
        self._lock = threading.Lock()
        self._attached: Hashable = None

    @property
    def backend(self) -> Embedded:
        """The embedded database, to which the file is attached."""
        return self._embedded

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns of the table, or the declared ones among them."""
        return self._offered(table).columns

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Attaches the file if it is new or has changed, and gives the name of a view over the table."""
        return self._offered(table).parts

    def state(self, table: Table) -> Hashable:
        """The size and time of change of the file and of its write-ahead log."""
        return self._state()

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null because they are not finite."""
        return self._offered(table).notes

    def _state(self) -> Hashable:
        return state_of((self._path, log_of(self._path)))

    def _offered(self, table: Table) -> Offered:
        form, faults = read_format(table.format, table.place)
        if faults:
            raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
        self._attach()
        return self._shelf.get(table, self._state, partial(self._loaded, table=table, form=form))

    def _attach(self) -> None:
        with self._lock:
            now = self._state()
            if now == self._attached:
                return
            if not self._path.is_file():
                message = f"no DuckDB file {self._shown}"
                raise FaultError(Fault("D413", message, self._place, subject=f"source `{self._alias[3:]}`"))
            # A file can only be attached once: questions wait for the moment between detaching and attaching.
            with self._embedded.exclusive(), self._embedded.loading() as cursor:
                cursor.execute(script(exp.Detach(this=exp.to_identifier(self._alias, quoted=True), exists=True)))
                self._attached = None
                self._attach_with(cursor)
            self._attached = now

    def _attach_with(self, cursor: duckdb.DuckDBPyConnection) -> None:
        named = exp.Alias(this=text(str(self._path)), alias=exp.to_identifier(self._alias, quoted=True))
        attach = exp.Attach(this=named, expressions=[exp.AttachOption(this=exp.var("READ_ONLY"))])
        try:
            cursor.execute(script(attach))
        except duckdb.Error as error:
            said = " ".join(str(error).split("\n")[0].split(": ", 1)[-1].split())[:200]
            help_line = "another process has it open for writing; close it there" if "lock" in said.lower() else None
            fault = Fault("D427", f"cannot open {self._shown}: {said}", Place(self._shown), help_line)
            raise FaultError(fault) from error

    def _loaded(
        self, cursor: duckdb.DuckDBPyConnection, parts: Sequence[str], table: Table, form: TextFormat
    ) -> Offered:
        schema, name = self._found(cursor, table)
        relation = exp.table_(name, db=schema, catalog=self._alias, quoted=True)
        columns = described(cursor, relation, f"{table.name} of {self._shown}")

        def spot(position: int, value: str, of: str) -> Spot:
            return Spot(f"table {table.name} of {self._shown}", position + 1)

        staged = Staged(relation, columns, {each.name: column(each.name) for each in columns}, spot)
        return settle(cursor, staged, table, form, parts, self._zone)

    def _found(self, cursor: duckdb.DuckDBPyConnection, table: Table) -> tuple[str, str]:
        asked = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = ?"
        known = {f"{schema}.{name}": (schema, name) for schema, name in cursor.execute(asked, [self._alias]).fetchall()}
        for full in (f"main.{table.name}", table.name):
            if full in known:
                return known[full]
        names = [full.removeprefix("main.") for full in known]
        message, subject = f"no table `{table.name}` in {self._shown}", f"dataset `{table.dataset}`"
        raise FaultError(Fault("D426", message, table.place, did_you_mean(table.name, names), subject))
