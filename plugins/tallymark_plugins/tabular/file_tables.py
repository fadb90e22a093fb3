"""The tables of a `files` source: each file's kind told by its ending, loaded when first asked for.

The files lie in a folder, or are copies of objects in object storage: see `Files`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import duckdb

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table, TableColumn
from tallymark_plugins.databases.options import checked
from tallymark_plugins.objects.address import STORAGE, address_of, is_remote
from tallymark_plugins.objects.bucket_files import BucketFiles
from tallymark_plugins.objects.stores import Access
from tallymark_plugins.tabular import delimited, jsonlines, parquet
from tallymark_plugins.tabular.formats import TextFormat, read_format
from tallymark_plugins.tabular.opening import kind_ending
from tallymark_plugins.tabular.paths import FolderFiles, root_of
from tallymark_plugins.tabular.settle import Offered, ask, settle
from tallymark_plugins.tabular.shelf import Shelf

KINDS = {
    ".csv": "text", ".tsv": "text", ".tab": "text", ".txt": "text",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
"""How the data in a file is written, by the ending of its name."""


class Files(Protocol):
    """What a source of files reads."""

    def files(self, name: str, place: Place, subject: str) -> tuple[Path, ...]:
        """The files that a table's name or pattern means, sorted. Raises FaultError when there are none."""
        ...

    def bring(self, paths: Sequence[Path]) -> None:
        """Makes sure that the files are there to be read. Raises FaultError."""
        ...

    def state(self, paths: Sequence[Path]) -> Hashable:
        """Changes whenever the files' contents may have."""
        ...

    def shown(self, path: Path) -> str:
        """A file's name in messages."""
        ...


def files_in(definition: SourceDef, folder: Path, embedded: Embedded) -> Files:
    """The files of a source: of a folder, or of a bucket where `path` is a URL. Raises FaultError (D411, D412, D473).

    `folder` is the project's. Copies of objects go to the embedded database's scratch folder.
    """
    path, storage = definition.options.get("path"), definition.options.get("storage")
    if is_remote(path):
        address = address_of(str(path), definition.place, definition.name)
        said = replace(definition, options=storage if isinstance(storage, dict) else {})
        if storage is None or isinstance(storage, dict):
            checked(said, STORAGE)
            return BucketFiles(
                Access(address, said.options, folder, definition.place, definition.name), embedded.scratch
            )
    if storage is not None:
        message = "`storage` is a mapping that goes with a `path` in object storage, as s3://bucket/folder"
        raise FaultError(Fault("D411", message, definition.place, subject=f"source `{definition.name}`"))
    return FolderFiles(root_of(path, folder, definition.place, definition.name))


class FileSource:
    """A `source.Source` over files. Safe to use from several threads."""

    def __init__(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> None:
        options = {key: value for key, value in definition.options.items() if key not in ("path", "storage")}
        self._files = files_in(definition, folder, embedded)
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
            self._files.bring(paths)
            opened = delimited.open_heads(paths, self._files.shown, form)
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
        return self._files.state(self._paths(table)[0])

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null, were rounded, or are missing in some of the files."""
        return self._offered(table).notes

    def _offered(self, table: Table) -> Offered:
        paths, kind = self._paths(table)
        form = self._form_of(table)
        load = partial(self._loaded, paths=paths, kind=kind, table=table, form=form)
        return self._shelf.get(table, partial(self._files.state, paths), load)

    def _paths(self, table: Table) -> tuple[tuple[Path, ...], str]:
        subject = f"dataset `{table.dataset}`"
        paths = self._files.files(table.name, table.place, subject)
        kinds = {KINDS.get(kind_ending(path), "") for path in paths}
        if len(kinds) > 1:
            message = f"`{table.name}` matches files of several kinds"
            raise FaultError(Fault("D414", message, table.place, "name one kind, as `*.csv`", subject))
        kind = kinds.pop()
        if not kind:
            raise FaultError(_unknown_kind(paths[0], self._files.shown(paths[0]), table))
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
        name = self._files.shown
        self._files.bring(paths)
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
