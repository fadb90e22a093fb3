"""The step from a staged table to one that questions can read: columns typed, every value that cannot be read reported.

Where no value can fail, a view over the staged relation is enough. Else the raw values are held for a moment in a
temporary table, typed into the target in one pass, and counted: only where fewer values came out than went in are the
culprits looked for. The target is replaced in one transaction, so that a question sees the old rows or the new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import duckdb
from sqlglot import exp

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark_plugins.tabular.formats import DATE_ORDERS, TextFormat, read_format
from tallymark_plugins.tabular.infer import infer
from tallymark_plugins.tabular.inspect_values import inspect
from tallymark_plugins.tabular.reading import Reading, kept, reading
from tallymark_plugins.tabular.sqltree import Tree, column, named, script, temporary
from tallymark_plugins.tabular.staged import Staged

_HELD = exp.table_("held", db="main", catalog="temp", quoted=True)


@dataclass(frozen=True, slots=True)
class Offered:
    """A table as questions see it: the parts of its name, its columns, and what a reader of its numbers should know."""

    parts: tuple[str, ...]
    columns: tuple[TableColumn, ...]
    notes: tuple[str, ...] = ()


def settle(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, table: Table, form: TextFormat, parts: Sequence[str], zone: str
) -> Offered:
    """Makes `staged` queryable under `parts`: catalog, schema, and a name to which `_view` or `_rows` is added.

    Raises FaultError with every fault of declarations, or else with one for each column whose values cannot be read.
    """
    wanted = wanted_of(table, staged.columns)
    forms = column_forms(wanted, form)
    _require_patterns(cursor, wanted, forms)
    readings = _readings(staged, wanted, forms, zone)
    if staged.written:
        found = _inferred(cursor, staged, readings)
        wanted = tuple(replace(w, type=found.get(w.name, w.type)) for w in wanted)
        readings = _readings(staged, wanted, forms, zone)
    checked = any(each.expected is not None for each in readings)
    view = staged.lasting and not checked
    if checked and not staged.settled:
        staged = _held(cursor, staged, wanted)
        readings = _readings(staged, wanted, forms, zone)
    target = exp.table_(f"{parts[2]}_{'view' if view else 'rows'}", db=parts[1], catalog=parts[0], quoted=True)
    made = exp.select(*(named(each.value, each.name) for each in readings)).from_(staged.relation.copy())
    create = exp.Create(this=target.copy(), kind="VIEW" if view else "TABLE", replace=True, expression=made)
    notes = _created(cursor, create, target, staged, readings, table)
    name = tuple(part.name for part in target.parts)
    return Offered(name, tuple(each.offered for each in readings), (*staged.notes, *notes))


def wanted_of(table: Table, columns: Sequence[TableColumn]) -> tuple[WantedColumn, ...]:
    """The declared columns, each once; all the source's columns when none are declared.

    Raises FaultError: D419 for a column the source has not, D428 for two declarations of one column that disagree, D418
    for names that only differ in case, which SQL takes for one.
    """
    known = [each.name for each in columns]
    wanted, faults = list[WantedColumn](), list[Fault]()
    by_name: dict[str, WantedColumn] = {}
    for each in table.columns or tuple(WantedColumn(name, place=table.place) for name in known):
        before = by_name.setdefault(each.name.casefold(), each)
        if each.name not in known:
            message = f"no column `{each.name}` in `{table.name}`"
            faults.append(Fault("D419", message, each.place, did_you_mean(each.name, known)))
        elif before is each:
            wanted.append(each)
        elif before.name != each.name:
            message = f"columns `{before.name}` and `{each.name}` of `{table.name}` differ only in case"
            faults.append(Fault("D418", message, each.place, help="rename one of them in the source"))
        elif each.type is not None and (each.type, each.format) != (before.type, before.format):
            message = f"column `{each.name}` of `{table.name}` is declared in two ways"
            faults.append(Fault("D428", message, each.place, help="give both the same type and format"))
    if faults:
        raise FaultError(fault.within(f"dataset `{table.dataset}`") for fault in faults)
    return tuple(wanted)


def column_forms(wanted: Sequence[WantedColumn], form: TextFormat) -> dict[str, TextFormat]:
    """Each column's text format: the table's with the column's own keys. Raises FaultError (D410, D411)."""
    read = {each.name: read_format(each.format, each.place, form, column=True) for each in wanted}
    faults = [fault.within(f"column `{name}`") for name, (_, found) in read.items() for fault in found]
    if faults:
        raise FaultError(faults)
    return {name: made for name, (made, _) in read.items()}


def _require_patterns(
    cursor: duckdb.DuckDBPyConnection, wanted: Sequence[WantedColumn], forms: Mapping[str, TextFormat]
) -> None:
    faults = []
    for each in wanted:
        pattern = forms[each.name].dates
        if pattern in DATE_ORDERS:
            continue
        try:
            cursor.execute("SELECT try_strptime('', ?)", [pattern]).fetchall()
        except duckdb.InvalidInputException:
            message = f"`dates: {pattern}` is not a pattern that can be read"
            faults.append(Fault("D411", message, each.place, help="write a date's parts as in %d.%m.%Y %H:%M:%S"))
    if faults:
        raise FaultError(faults)


def _readings(
    staged: Staged, wanted: Sequence[WantedColumn], forms: Mapping[str, TextFormat], zone: str
) -> tuple[Reading, ...]:
    held = {each.name: each for each in staged.columns}
    made = [reading(held[w.name], staged.values[w.name], w, forms[w.name], zone) for w in wanted]
    faults = [each for each in made if isinstance(each, Fault)]
    if faults:
        raise FaultError(faults)
    readings = tuple(each for each in made if isinstance(each, Reading))
    if not staged.written:
        return readings
    # In a written file an empty field is no text either.
    return tuple(replace(r, value=kept(r.raw, r.form)) if r.type is Type.TEXT else r for r in readings)


def _inferred(cursor: duckdb.DuckDBPyConnection, staged: Staged, readings: Sequence[Reading]) -> dict[str, Type]:
    undeclared = {each.name: (each.raw, each.form) for each in readings if each.wanted.type is None}
    return infer(cursor, staged.relation, undeclared) if undeclared else {}


def _held(cursor: duckdb.DuckDBPyConnection, staged: Staged, wanted: Sequence[WantedColumn]) -> Staged:
    names = {each.name: f"r{index}" for index, each in enumerate(wanted)}
    values = (named(staged.values[name], short) for name, short in names.items())
    made = exp.select(*values).from_(staged.relation.copy())
    cursor.execute(script(temporary(_HELD, made)))
    held: dict[str, Tree] = {name: column(short) for name, short in names.items()}
    return replace(staged, relation=_HELD.copy(), values=held, settled=True)


def _created(
    cursor: duckdb.DuckDBPyConnection,
    create: Tree,
    target: Tree,
    staged: Staged,
    readings: Sequence[Reading],
    table: Table,
) -> tuple[str, ...]:
    cursor.execute("BEGIN TRANSACTION")
    try:
        cursor.execute(script(create))
        notes = inspect(cursor, staged, target, readings, table)
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
        raise
    if staged.settled:
        cursor.execute(script(exp.Drop(tables=[staged.relation.copy()], kind="TABLE")))
    return notes

