"""Reading delimited text (CSV, TSV) into a staging table of raw texts."""

from __future__ import annotations

import csv
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import escape
from itertools import accumulate
from pathlib import Path
from typing import IO

import duckdb
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table, TableColumn
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.opening import open_text
from tallymark_plugins.tabular.records import Head, explain, find, head_of, records
from tallymark_plugins.tabular.sqltree import Tree, call, column, number, present, script, temporary, text
from tallymark_plugins.tabular.staged import Finder, Spot, Staged

_TABLE = exp.table_("written", db="main", catalog="temp", quoted=True)
_IMPOSSIBLE = "\x01\x02"
_LONGEST = 16 << 20
"""Bytes a row may have."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A delimited file: where it is, what it is called in messages, how it begins."""

    path: Path
    shown: str
    head: Head


def open_heads(paths: Sequence[Path], name: Callable[[Path], str], form: TextFormat) -> tuple[TextFile, ...]:
    """The files with their headers. Raises FaultError for all of them that cannot be read."""
    opened, faults = list[TextFile](), list[Fault]()
    for path in paths:
        try:
            opened.append(TextFile(path, name(path), head_of(path, form, name(path))))
        except FaultError as error:
            faults += error.faults
    if faults:
        raise FaultError(faults)
    return tuple(opened)


def columns_of(files: Sequence[TextFile], table: Table) -> tuple[TableColumn, ...]:
    """The columns of all the files by name; those without a name are left out.

    Raises FaultError (D418) for a name that one header has twice, if it is asked for.
    """
    asked = {each.name for each in table.columns}
    faults = []
    for file in files:
        twice = sorted({n for n in file.head.names if n and file.head.names.count(n) > 1})
        for name in twice:
            if not asked or name in asked:
                message = f"the header of {file.shown} has `{name}` twice"
                faults.append(Fault("D418", message, Place(file.shown, file.head.lines), "rename one of them"))
    if faults:
        raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
    names = dict.fromkeys(name for file in files for name in file.head.names if name)
    return tuple(TableColumn(name, Type.TEXT, "text") for name in names)


def stage(
    cursor: duckdb.DuckDBPyConnection,
    files: Sequence[TextFile],
    names: Sequence[str],
    form: TextFormat,
    empty_is_null: bool,
    scratch: Path,
) -> Staged:
    """The raw texts of the columns `names` of all files, in a temporary table in the order of files and rows.

    A column that a file lacks is null in its rows, with a note. Raises FaultError: D416 bytes or NULs that are no text,
    D417 rows of the wrong width, D432 quotes out of order, D433 a file that went away.
    """
    shorts = {name: f"c{index}" for index, name in enumerate(names)}
    cursor.execute(script(temporary(_TABLE, columns=list(shorts.values()))))
    sizes = [_load(cursor, file, shorts, form, empty_is_null, scratch) for file in files]
    ends = list(accumulate(sizes))

    def spot(position: int, value: str, name: str) -> Spot:
        at = bisect_right(ends, position)
        file = files[at]
        index = file.head.names.index(name) if name in file.head.names else -1
        return find(file.path, form, file.head, file.shown, position - (ends[at - 1] if at else 0), index, value)

    values: dict[str, Tree] = {name: column(short) for name, short in shorts.items()}
    _refuse_nul(cursor, values, spot)
    held = tuple(TableColumn(name, Type.TEXT, "text") for name in names)
    notes = _absent(files, names)
    return Staged(_TABLE.copy(), held, values, spot, lasting=False, written=True, rows=_TABLE.copy(), notes=notes)


def _load(
    cursor: duckdb.DuckDBPyConnection,
    file: TextFile,
    shorts: Mapping[str, str],
    form: TextFormat,
    empty_is_null: bool,
    scratch: Path,
) -> int:
    if file.head.simple:
        with _in_utf8(file, form, scratch) as path:
            try:
                return _inserted(cursor, path, file.head, shorts, form, empty_is_null)
            except duckdb.InvalidInputException:
                explain(file.path, form, file.head, file.shown)
            except duckdb.IOException as error:
                reason = " ".join(str(error).partition(": ")[2].partition(": /")[0].split())
                message = f"cannot read {file.shown}: {reason[:1].lower()}{reason[1:]}"
                raise FaultError(Fault("D433", message, Place(file.shown))) from error
    # What DuckDB refuses and a patient reader accepts (mixed line ends, lines of blanks) is written anew.
    with _rewritten(file, form, scratch) as path:
        head = replace(file.head, delimiter=",", lines=0)
        try:
            return _inserted(cursor, path, head, shorts, replace(form, quote='"'), empty_is_null)
        except duckdb.InvalidInputException as error:
            message = f"{file.shown} has a row of over {_LONGEST >> 20} MB, or is no delimited text"
            raise FaultError(Fault("D417", message, Place(file.shown))) from error


def _inserted(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    head: Head,
    shorts: Mapping[str, str],
    form: TextFormat,
    empty_is_null: bool,
) -> int:
    fields = [f"f{index}" for index in range(len(head.names))]
    at = {name: fields[index] for index, name in reversed(list(enumerate(head.names)))}
    rows = exp.select(*(column(at[name]) if name in at else exp.Null() for name in shorts))
    rows = rows.from_(exp.Table(this=_read_csv(path, head, fields, form, empty_is_null)))
    if len(fields) == 1 and empty_is_null:
        # Of a single column, DuckDB takes a blank line for a row.
        rows = rows.where(present(column(fields[0])))
    found = cursor.execute(script(exp.Insert(this=_TABLE.copy(), expression=rows))).fetchone()
    return int(found[0]) if found else 0


def _read_csv(path: Path, head: Head, fields: Sequence[str], form: TextFormat, empty_is_null: bool) -> Tree:
    types = exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(f), expression=text("VARCHAR")) for f in fields]
    )
    settings: dict[str, Tree] = {
        "auto_detect": exp.false(),
        "header": exp.false(),
        "skip": number(head.lines),
        "columns": types,
        "delim": text(head.delimiter),
        "quote": text(form.quote or ""),
        "escape": text(form.quote or ""),
        "nullstr": text("" if empty_is_null else _IMPOSSIBLE),
        "strict_mode": exp.true(),
        "null_padding": exp.false(),
        "max_line_size": number(_LONGEST),
    }
    options = [exp.EQ(this=exp.column(key), expression=value) for key, value in settings.items()]
    return exp.ReadCSV(this=text(escape(str(path))), expressions=options)


@contextmanager
def _in_utf8(file: TextFile, form: TextFormat, scratch: Path) -> Iterator[Path]:
    if form.encoding == "utf-8":
        yield file.path
        return
    with _copy(scratch) as (path, out), open_text(file.path, form.encoding, file.shown) as source:
        while block := source.read(1 << 20):
            out.write(block)
        out.close()
        yield path


@contextmanager
def _rewritten(file: TextFile, form: TextFormat, scratch: Path) -> Iterator[Path]:
    with _copy(scratch) as (path, out):
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows(record.fields for record in records(file.path, form, file.head, file.shown))
        out.close()
        yield path


@contextmanager
def _copy(scratch: Path) -> Iterator[tuple[Path, IO[str]]]:
    path = scratch / f"{uuid.uuid4().hex}.csv"
    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            yield path, out
    finally:
        path.unlink(missing_ok=True)


def _refuse_nul(cursor: duckdb.DuckDBPyConnection, values: Mapping[str, Tree], spot: Finder) -> None:
    nul, position = call("chr", number(0)), column("rowid")
    for name, value in values.items():
        has = exp.select(position, value).from_(_TABLE.copy()).where(call("contains", value, nul))
        row = cursor.execute(script(has.order_by(position).limit(1))).fetchone()
        if row is not None:
            at = spot(row[0], row[1], name)
            message = f"a NUL character in column `{name}`, at {at} of {at.file}"
            place, help_line = Place(at.file, at.line or 1), "is the file damaged, or utf-16?"
            raise FaultError(Fault("D416", message, place, help_line))


def _absent(files: Sequence[TextFile], names: Sequence[str]) -> tuple[str, ...]:
    notes = []
    for name in names:
        lacking = [file.shown for file in files if name not in file.head.names]
        if lacking:
            of = f"{len(lacking)} of {len(files)} files ({lacking[0]})"
            notes.append(f"`{name}` is not in {of} and null in their rows")
    return tuple(notes)
