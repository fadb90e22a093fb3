"""The tables of a `files` source: each file's kind told by its ending, loaded when first asked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from pathlib import Path

import duckdb

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.source import Table, TableColumn
from tallymark_plugins.tabular import delimited, jsonlines, parquet
from tallymark_plugins.tabular.formats import TextFormat, read_format
from tallymark_plugins.tabular.opening import kind_ending
from tallymark_plugins.tabular.paths import files_of, root_of, state_of
from tallymark_plugins.tabular.settle import Offered, ask, settle
from tallymark_plugins.tabular.shelf import Shelf

KINDS = {
    ".csv": "text", ".tsv": "text", ".tab": "text", ".txt": "text",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
"""How the data in a file is written, by the ending of its name."""


class FileSource:
    """A `source.Source` over files. Safe to use from several threads."""

    def __init__(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> None:
        options = dict(definition.options)
        self._root = root_of(options.pop("path", None), folder, definition.place, definition.name)
        self._form, faults = read_format(options, definition.place)
        if faults:
            raise FaultError(fault.within(f"source `{definition.name}`") for fault in faults)
        self._embedded = embedded
        self._zone = timezone
        self._shelf = Shelf(embedded, definition.name)

    @property
    def backend(self) -> Embedded:
        """The embedded database, where the tables are made queryable."""
        return self._embedded

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns, from headers where all types are declared; else from the loaded data."""
        paths, kind = self._paths(table)
        # Which keys JSON objects have, only a look at all of them tells.
        unsure = kind == "json" and not all(each.required for each in table.columns)
        undeclared = not table.columns or any(each.type is None for each in table.columns)
        if kind == "parquet" or unsure or undeclared:
            return self._offered(table).columns
        form = self._form_of(table)
        if kind == "text":
            opened = delimited.open_heads(paths, self._root.shown, form)
            wanted = ask(table, delimited.columns_of(opened, table), form).require().wanted
        else:
            named = tuple(TableColumn(each.name, Type.TEXT) for each in table.columns)
            wanted = ask(table, named, form).require().wanted
        return tuple(TableColumn(each.name, each.type or Type.TEXT, "text") for each in wanted)

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Loads the table if it is new or has changed, and gives its name."""
        return self._offered(table).parts

    def state(self, table: Table) -> Hashable:
        """The paths, sizes and times of change of the table's files."""
        return state_of(self._paths(table)[0])

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null, were rounded, or are missing in some of the files."""
        return self._offered(table).notes

    def _offered(self, table: Table) -> Offered:
        paths, kind = self._paths(table)
        form = self._form_of(table)
        load = partial(self._loaded, paths=paths, kind=kind, table=table, form=form)
        return self._shelf.get(table, partial(state_of, paths), load)

    def _paths(self, table: Table) -> tuple[tuple[Path, ...], str]:
        subject = f"dataset `{table.dataset}`"
        paths = files_of(table.name, self._root, table.place, subject)
        kinds = {KINDS.get(kind_ending(path), "") for path in paths}
        if len(kinds) > 1:
            message = f"`{table.name}` matches files of several kinds"
            raise FaultError(Fault("D414", message, table.place, "name one kind, as `*.csv`", subject))
        kind = kinds.pop()
        if not kind:
            raise FaultError(_unknown_kind(paths[0], self._root.shown(paths[0]), table))
        return paths, kind

    def _form_of(self, table: Table) -> TextFormat:
        form, faults = read_format(table.format, table.place, self._form)
        if faults:
            raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
        return form

    def _loaded(
        self,
        cursor: duckdb.DuckDBPyConnection,
        parts: Sequence[str],
        paths: Sequence[Path],
        kind: str,
        table: Table,
        form: TextFormat,
    ) -> Offered:
        name = self._root.shown
        if kind == "parquet":
            staged = parquet.stage(cursor, paths, name)
        elif kind == "json":
            files = [jsonlines.JsonFile(path, name(path)) for path in paths]
            staged, table = jsonlines.stage(cursor, files, table, form)
        else:
            opened = delimited.open_heads(paths, name, form)
            asked = ask(table, delimited.columns_of(opened, table), form).require()
            empty_is_null = all("" in each.nulls for each in asked.forms.values())
            names = [each.name for each in asked.wanted]
            staged = delimited.stage(cursor, opened, names, form, empty_is_null, self._embedded.scratch)
        return settle(cursor, staged, table, form, parts, self._zone)


def _unknown_kind(path: Path, shown: str, table: Table) -> Fault:
    ending = kind_ending(path)
    help_line = f"files end in {', '.join(KINDS)}; also with .gz, .zst or .bz2 behind"
    if ending in (".xlsx", ".xls", ".ods"):
        help_line = "save the sheet as CSV"
    what = f"`{ending}`" if ending else "no ending"
    message = f"{shown} has {what}, which tells no kind of data"
    return Fault("D414", message, table.place, help_line, f"dataset `{table.dataset}`")
