"""Reading JSON lines (one object a line) into a staging table of raw texts.

A column's name is a key of the object, or a path of keys joined by dots (`address.country`). Nested values that are
not taken apart in this way are JSON text.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.csv
from sqlglot import exp

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.infer import infer
from tallymark_plugins.tabular.opening import decoding_fault, open_bytes
from tallymark_plugins.tabular.reading import given
from tallymark_plugins.tabular.settle import ask
from tallymark_plugins.tabular.sqltree import (
    Tree,
    among,
    call,
    column,
    count,
    either,
    equal,
    named,
    negated,
    number,
    script,
    temporary,
    text,
    when,
)
from tallymark_plugins.tabular.staged import Finder, Spot, Staged

_LINES = exp.table_("json_lines", db="main", catalog="temp", quoted=True)
_TABLE = exp.table_("json_values", db="main", catalog="temp", quoted=True)
_LINE = column("line")
_NUMBERS = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of JSON lines, and what it is called in messages."""

    path: Path
    shown: str


def stage(
    cursor: duckdb.DuckDBPyConnection,
    files: Sequence[JsonFile],
    table: Table,
    form: TextFormat,
) -> tuple[Staged, Table]:
    """The raw texts of the table's columns, and the table with the types of undeclared columns filled in.

    Without declared columns, all keys of all objects. Raises FaultError: D416 bytes that do not decode, D419 a column
    that no object has, D423 a line that is not a JSON object.
    """
    ends = _load_lines(cursor, files, form.encoding)

    def spot(position: int, value: str, name: str) -> Spot:
        asked = exp.select(column("rowid"), _LINE).from_(_LINES.copy()).where(_filled()).order_by(column("rowid"))
        row = cursor.execute(script(asked.limit(1).offset(position))).fetchone()
        at = _spot(files, ends, *(row or (0, "")))
        # The value is looked for behind its key, which may be the last of a path.
        key = at.text.find(f'"{name.split(".")[-1]}"')
        found = at.text.find(value, key + len(name.split(".")[-1]) + 2) if key >= 0 and value else -1
        return replace(at, column=found + 1 if found >= 0 else None)

    _refuse_malformed(cursor, files, ends)
    names = [each.name for each in table.columns] or _keys(cursor)
    asked = ask(table, [TableColumn(name, Type.TEXT) for name in names], form).require()
    wanted, forms = asked.wanted, asked.forms
    _extract(cursor, wanted, forms)
    wanted = _there(cursor, wanted, table)
    return _staged(cursor, wanted, forms, replace(table, columns=wanted), spot)


def _load_lines(cursor: duckdb.DuckDBPyConnection, files: Sequence[JsonFile], encoding: str) -> list[int]:
    cursor.execute(script(temporary(_LINES, columns=["line"])))
    sizes = []
    for file in files:
        try:
            with open_bytes(file.path, file.shown) as stream:
                sizes.append(_insert_lines(cursor, stream, encoding))
        except (pyarrow.ArrowInvalid, UnicodeError) as error:
            raise FaultError(decoding_fault(file.path, encoding, file.shown)) from error
    return list(accumulate(sizes))


def _insert_lines(cursor: duckdb.DuckDBPyConnection, stream: object, encoding: str) -> int:
    # A reader of delimited text whose delimiter JSON cannot hold: it splits lines and checks their encoding, natively.
    try:
        reader = pyarrow.csv.open_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(column_names=["line"], block_size=16 << 20, encoding=encoding),
            parse_options=pyarrow.csv.ParseOptions(delimiter="\x01", quote_char=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(column_types={"line": pyarrow.string()}),
        )
    except pyarrow.ArrowInvalid as error:
        if "Empty" in str(error):
            return 0
        raise
    inserted = script(exp.Insert(this=_LINES.copy(), expression=exp.select("line").from_("arriving")))
    lines = 0
    # Batch by batch, so that an error of reading is met here and not inside DuckDB.
    for batch in reader:
        cursor.register("arriving", pyarrow.Table.from_batches([batch]))
        cursor.execute(inserted)
        cursor.unregister("arriving")
        lines += batch.num_rows
    return lines


def _refuse_malformed(cursor: duckdb.DuckDBPyConnection, files: Sequence[JsonFile], ends: Sequence[int]) -> None:
    is_object = equal(call("json_type", _LINE), text("OBJECT"))
    sound = when(call("json_valid", _LINE), is_object, exp.false())
    asked = exp.select(column("rowid"), _LINE, exp.Window(this=exp.Count(this=exp.Star())))
    bad = asked.from_(_LINES.copy()).where(_filled(), negated(sound)).order_by(column("rowid")).limit(1)
    row = cursor.execute(script(bad)).fetchone()
    if row is None:
        return
    at = _spot(files, ends, row[0], row[1])
    more = f"; {row[2] - 1:,} more lines are not" if row[2] > 1 else ""
    column_at, reason = _why(row[1])
    message = f"line {at.line} of {at.file} is not a JSON object: {reason}{more}"
    place = Place(at.file, at.line or 1, column_at, 1, at.text)
    array = at.line == 1 and row[1].lstrip().startswith("[")
    help_line = "a JSON array is not read: write one object a line (JSON lines)" if array else None
    raise FaultError(Fault("D423", message, place, help_line))


def _why(line: str) -> tuple[int, str]:
    try:
        found = json.loads(line)
    except ValueError as error:
        said = error.msg[:1].lower() + error.msg[1:] if isinstance(error, json.JSONDecodeError) else "unreadable"
        return (error.colno if isinstance(error, json.JSONDecodeError) else 1), said
    kinds = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}
    return 1, f"it is {kinds.get(type(found), 'a number')}"


def _keys(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    keys = call("json_keys", _LINE)
    place = call("generate_subscripts", keys, number(1))
    each = exp.select(named(call("unnest", keys), "key"), named(place, "place"), named(column("rowid"), "row"))
    rows = each.from_(_LINES.copy()).where(_filled()).subquery("each")
    first = exp.Tuple(expressions=[column("row"), column("place")])
    asked = exp.select(column("key")).from_(rows).group_by(column("key")).order_by(call("min", first))
    return tuple(row[0] for row in cursor.execute(script(asked)).fetchall())


def _paths(name: str) -> list[str]:
    # A key that itself holds dots comes before a path of keys.
    parts = name.split(".")
    whole = "$." + _quoted(name)
    return [whole, "$." + ".".join(_quoted(part) for part in parts)] if len(parts) > 1 and all(parts) else [whole]


def _quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _extract(
    cursor: duckdb.DuckDBPyConnection, wanted: Sequence[WantedColumn], forms: Mapping[str, TextFormat]
) -> None:
    paths, at = list[Tree](), dict[str, list[int]]()
    for each in wanted:
        for path in _paths(each.name):
            paths.append(text(path))
            at.setdefault(each.name, []).append(len(paths))
    listed = exp.array(*paths)
    value, kind = call("json_extract_string", _LINE, listed), call("json_type", _LINE, listed)
    rows = exp.select(named(value, "v"), named(kind, "t")).from_(_LINES.copy()).where(_filled()).subquery("parsed")
    values = list[Tree]()
    for index, each in enumerate(wanted):
        value, kind = (_first(which, at[each.name]) for which in ("v", "t"))
        if forms[each.name].decimal == ",":
            value = when(among(kind, _NUMBERS), call("replace", value, ".", ","), value)
        values += [named(value, f"c{index}"), named(call("nullif", kind, "NULL"), f"t{index}")]
    cursor.execute(script(temporary(_TABLE, exp.select(*values).from_(rows))))


def _first(listed: str, places: Sequence[int]) -> Tree:
    items = [call("list_extract", column(listed), number(at)) for at in places]
    return items[0] if len(items) == 1 else call("coalesce", *items)


def _there(cursor: duckdb.DuckDBPyConnection, wanted: Sequence[WantedColumn], table: Table) -> tuple[WantedColumn, ...]:
    """The columns that some object has, if only as null. Raises FaultError (D419) when a required one is not there."""
    asked = exp.select(exp.Count(this=exp.Star()), *(count(column(f"c{i}")) for i in range(len(wanted))))
    row = cursor.execute(script(asked.from_(_TABLE.copy()))).fetchone() or (0,)
    empty = [each for each, values in zip(wanted, row[1:], strict=False) if values == 0]
    if not row[0] or not empty:
        return tuple(wanted)
    found = [
        call("count_if", reduce(either, (call("json_exists", _LINE, path) for path in _paths(each.name))))
        for each in empty
    ]
    there = cursor.execute(script(exp.select(*found).from_(_LINES.copy()).where(_filled()))).fetchone() or ()
    absent = [each for each, objects in zip(empty, there, strict=True) if not objects]
    required = [each for each in absent if each.required]
    if required:
        keys, subject = _keys(cursor), f"dataset `{table.dataset}`"
        raise FaultError(
            Fault("D419", f"no object of `{table.name}` has `{e.name}`", e.place, did_you_mean(e.name, keys), subject)
            for e in required
        )
    return tuple(each for each in wanted if each not in absent)


def _staged(
    cursor: duckdb.DuckDBPyConnection,
    wanted: Sequence[WantedColumn],
    forms: Mapping[str, TextFormat],
    table: Table,
    spot: Finder,
) -> tuple[Staged, Table]:
    places = {name: index for index, name in enumerate(forms)}
    values: dict[str, Tree] = {each.name: column(f"c{places[each.name]}") for each in wanted}
    kinds = _kinds(cursor, [places[each.name] for each in wanted])
    columns, typed, numeric = list[TableColumn](), list[WantedColumn](), dict[str, tuple[Tree, TextFormat]]()
    for each, held in zip(wanted, kinds, strict=True):
        nested = bool(held & {"OBJECT", "ARRAY"})
        columns.append(TableColumn(each.name, Type.OPAQUE if nested else Type.TEXT, "JSON" if nested else "text"))
        if each.type is None and held and held <= set(_NUMBERS):
            numeric[each.name] = (given(values[each.name], forms[each.name]), forms[each.name])
        truth = each.type is None and held == {"BOOLEAN"}
        typed.append(replace(each, type=Type.BOOLEAN) if truth else each)
    found = infer(cursor, _TABLE.copy(), numeric) if numeric else {}
    typed = [replace(each, type=found.get(each.name, each.type)) for each in typed]
    staged = Staged(_TABLE.copy(), tuple(columns), values, spot, lasting=False, rows=_TABLE.copy())
    return staged, replace(table, columns=tuple(typed))


def _kinds(cursor: duckdb.DuckDBPyConnection, places: Sequence[int]) -> list[set[str]]:
    asked = exp.select(*(call("list", exp.Distinct(expressions=[column(f"t{i}")])) for i in places))
    row = cursor.execute(script(asked.from_(_TABLE.copy()))).fetchone() or ()
    return [{kind for kind in listed or () if kind is not None} for listed in row]


def _filled() -> Tree:
    return exp.NEQ(this=call("trim", _LINE, " \t\r\ufeff"), expression=text(""))


def _spot(files: Sequence[JsonFile], ends: Sequence[int], row: int, line: str) -> Spot:
    at = min(bisect_right(ends, row), len(files) - 1)
    number = row - (ends[at - 1] if at else 0) + 1
    return Spot(files[at].shown, number, number, line if len(line) <= 200 else "")
