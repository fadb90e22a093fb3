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
from tallymark_plugins.tabular.reading import Reading, given, kept, reading
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
    asked = ask(table, staged.columns, form)
    staged = _layered(staged, asked)
    readings = _readings(cursor, staged, asked, zone)
    if staged.written:
        found = _inferred(cursor, staged, readings)
        typed = tuple(replace(w, type=found.get(w.name, w.type)) for w in asked.wanted)
        asked = replace(asked, wanted=typed)
        readings = _readings(cursor, staged, asked, zone)
    checked = any(each.expected is not None for each in readings)
    view = staged.lasting and not checked
    if checked and staged.rows is None:
        staged = _layered(_held(cursor, staged, asked.wanted), asked)
        readings = _readings(cursor, staged, asked, zone)
    target = exp.table_(f"{parts[2]}_{'view' if view else 'rows'}", db=parts[1], catalog=parts[0], quoted=True)
    made = exp.select(*(named(each.value, each.name) for each in readings)).from_(staged.relation.copy())
    create = exp.Create(this=target.copy(), kind="VIEW" if view else "TABLE", replace=True, expression=made)
    notes = _created(cursor, create, target, staged, readings, table)
    name = tuple(part.name for part in target.parts)
    return Offered(name, tuple(each.offered for each in readings), (*staged.notes, *notes))


def offers(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, table: Table, form: TextFormat, zone: str
) -> tuple[TableColumn, ...]:
    """The columns that `settle` would offer, told by the staged columns alone. Raises FaultError for declarations."""
    return tuple(each.offered for each in _readings(cursor, staged, ask(table, staged.columns, form), zone))


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns asked for that the source has, each once, with their text formats; and the faults of the others."""

    wanted: tuple[WantedColumn, ...]
    forms: Mapping[str, TextFormat]
    subject: str
    """What the faults are in, for messages."""
    faults: tuple[Fault, ...] = ()

    def require(self) -> Asked:
        """Itself. Raises FaultError when there are faults."""
        if self.faults:
            raise FaultError(self.faults)
        return self


def ask(table: Table, columns: Sequence[TableColumn], form: TextFormat) -> Asked:
    """The declared columns, or all the source's columns when none are declared.

    A column that is not required and not there is left out. The faults: D419 a required one that is not there, D428 two
    declarations of one column that disagree, D418 names that only differ in case (which SQL takes for one), D410 and
    D411 in a column's format.
    """
    known = [each.name for each in columns]
    wanted, faults, forms = list[WantedColumn](), list[Fault](), dict[str, TextFormat]()
    by_name: dict[str, WantedColumn] = {}
    for each in table.columns or tuple(WantedColumn(name, place=table.place) for name in known):
        if each.name not in known and not each.required:
            continue
        before = by_name.get(each.name.casefold())
        if each.name not in known:
            message = f"no column `{each.name}` in `{table.name}`"
            faults.append(Fault("D419", message, each.place, did_you_mean(each.name, known)))
        elif before is None:
            by_name[each.name.casefold()] = each
            wanted.append(each)
            forms[each.name], found = read_format(each.format, each.place, form, column=True)
            faults += (fault.within(f"column `{each.name}`") for fault in found)
        else:
            faults += _twice(before, each, table)
    subject = f"dataset `{table.dataset}`"
    return Asked(tuple(wanted), forms, subject, tuple(fault.within(subject) for fault in faults))


def _twice(before: WantedColumn, each: WantedColumn, table: Table) -> list[Fault]:
    if before.name != each.name:
        message = f"columns `{before.name}` and `{each.name}` of `{table.name}` differ only in case"
        return [Fault("D418", message, each.place, help="rename one of them in the source")]
    if each.type is not None and (each.type, each.format) != (before.type, before.format):
        message = f"column `{each.name}` of `{table.name}` is declared in two ways"
        return [Fault("D428", message, each.place, help="give both the same type and format")]
    return []


def _pattern_fault(cursor: duckdb.DuckDBPyConnection, each: WantedColumn, form: TextFormat) -> list[Fault]:
    if form.dates in DATE_ORDERS:
        return []
    try:
        cursor.execute("SELECT try_strptime('', ?)", [form.dates]).fetchall()
    except duckdb.InvalidInputException:
        message = f"`dates: {form.dates}` is not a pattern that can be read"
        return [Fault("D411", message, each.place, help="write a date's parts as in %d.%m.%Y %H:%M:%S")]
    return []


def _readings(cursor: duckdb.DuckDBPyConnection, staged: Staged, asked: Asked, zone: str) -> tuple[Reading, ...]:
    held = {each.name: each for each in staged.columns}
    faults, readings = list(asked.faults), list[Reading]()
    for each in asked.wanted:
        form = asked.forms[each.name]
        faults += _pattern_fault(cursor, each, form)
        raw = staged.values[each.name]
        made = reading(held[each.name], raw, staged.given.get(each.name) or given(raw, form), each, form, zone)
        if isinstance(made, Fault):
            faults.append(made)
        elif staged.written and made.type is Type.TEXT:
            # In a written file an empty field is no text either.
            readings.append(replace(made, value=kept(made.raw, form)))
        else:
            readings.append(made)
    if faults:
        raise FaultError(fault.within(asked.subject) for fault in faults)
    return tuple(readings)


def _inferred(cursor: duckdb.DuckDBPyConnection, staged: Staged, readings: Sequence[Reading]) -> dict[str, Type]:
    undeclared = {r.name: (staged.given[r.name], r.form) for r in readings if r.wanted.type is None}
    return infer(cursor, staged.relation, undeclared) if undeclared else {}


def _held(cursor: duckdb.DuckDBPyConnection, staged: Staged, wanted: Sequence[WantedColumn]) -> Staged:
    names = {each.name: f"r{index}" for index, each in enumerate(wanted)}
    values = (named(staged.values[name], short) for name, short in names.items())
    made = exp.select(*values).from_(staged.relation.copy())
    cursor.execute(script(temporary(_HELD, made)))
    held: dict[str, Tree] = {name: column(short) for name, short in names.items()}
    return replace(staged, relation=_HELD.copy(), values=held, rows=_HELD.copy())


def _layered(staged: Staged, asked: Asked) -> Staged:
    """The rows with their positions and, computed once for all that reads them, the texts that do not mean null."""
    if staged.rows is None:
        return staged
    layers = [named(column("rowid"), "position")]
    values, texts = dict[str, Tree](), dict[str, Tree]()
    written = {each.name for each in staged.columns if each.type is Type.TEXT}
    for index, each in enumerate(asked.wanted):
        value = staged.values[each.name]
        layers.append(named(value, f"v{index}"))
        values[each.name] = column(f"v{index}")
        if each.name in written:
            layers.append(named(given(value, asked.forms[each.name]), f"g{index}"))
            texts[each.name] = column(f"g{index}")
    relation = exp.select(*layers).from_(staged.relation.copy()).subquery("layered")
    return replace(staged, relation=relation, values=values, given=texts)


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
    if staged.rows is not None:
        cursor.execute(script(exp.Drop(tables=[staged.rows.copy()], kind="TABLE")))
    return notes
