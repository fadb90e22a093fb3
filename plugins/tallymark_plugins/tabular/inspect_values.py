"""The step that compares what came out of a load with what went in: faults for lost values, notes for changed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table
from tallymark_plugins.tabular import numerals
from tallymark_plugins.tabular.advice import advice, shown
from tallymark_plugins.tabular.reading import Reading, failed
from tallymark_plugins.tabular.sqltree import (
    Tree,
    at_least,
    call,
    column,
    count,
    matches,
    negated,
    present,
    script,
    text_cast,
)
from tallymark_plugins.tabular.staged import Spot, Staged

_LIMITS = {Type.INTEGER: 9.2e18, Type.DECIMAL: 999_999_999_999.0}


@dataclass(frozen=True, slots=True)
class _Tally:
    """How many values of a column were expected, strange (NaN), rounded, and written otherwise than plainly."""

    expected: int
    not_finite: int
    rounded: int
    dressed: int


def inspect(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, target: Tree, readings: Sequence[Reading], table: Table
) -> tuple[str, ...]:
    """The notes on the load of `target` from `staged`.

    Raises FaultError: D420–D422 a value that cannot be read, D425 amounts of several currencies in one column.
    """
    tallies = _tallied(cursor, staged, readings)
    came = _came(cursor, target, readings)
    faults, notes = list[Fault](), list[str]()
    for each, tally in zip(readings, tallies, strict=True):
        lost = tally.expected - came[each.name] if each.name in came else 0
        if lost:
            fault, note = _lost(cursor, staged, each, lost, table)
            (notes.append(note) if each.form.on_error == "null" else faults.append(fault))
        if tally.dressed:
            faults += _mixed(cursor, staged, each, table)
        notes += _changed(each, tally, table)
    if faults:
        raise FaultError(faults)
    return tuple(notes)


def _tallied(cursor: duckdb.DuckDBPyConnection, staged: Staged, readings: Sequence[Reading]) -> list[_Tally]:
    asked = list[Tree]()
    for each in readings:
        asked += [count(each.expected or exp.Null()), _number_of(each.not_finite), *_text_counts(each)]
    if all(isinstance(each.this, exp.Null) for each in asked):
        return [_Tally(0, 0, 0, 0)] * len(readings)
    row = cursor.execute(script(exp.select(*asked).from_(staged.relation.copy()))).fetchone()
    assert row is not None
    return [_Tally(*row[i : i + 4]) for i in range(0, len(row), 4)]


def _text_counts(each: Reading) -> tuple[Tree, Tree]:
    if not each.from_text or not each.type.numeric or each.expected is None:
        return _number_of(None), _number_of(None)
    rounded = numerals.excess(each.expected, each.form) if each.type is Type.DECIMAL else None
    return _number_of(rounded), _number_of(negated(numerals.plain(each.expected, each.type, each.form)))


def _number_of(condition: Tree | None) -> Tree:
    return count(exp.Null()) if condition is None else call("count_if", condition)


def _came(cursor: duckdb.DuckDBPyConnection, target: Tree, readings: Sequence[Reading]) -> dict[str, int]:
    checked = [each.name for each in readings if each.expected is not None]
    if not checked:
        return {}
    row = cursor.execute(script(exp.select(*(count(column(n)) for n in checked)).from_(target.copy()))).fetchone()
    assert row is not None
    return dict(zip(checked, row, strict=True))


def _lost(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, each: Reading, lost: int, table: Table
) -> tuple[Fault, str]:
    where = failed(each)
    found = exp.select(column("position"), text_cast(each.raw), _too_large(each)).from_(staged.relation.copy())
    row = cursor.execute(script(found.where(where).order_by(column("position")).limit(1))).fetchone()
    assert row is not None
    position, value, too_large = row
    spot = staged.spot(position, value, each.name)
    code, said, help_line = advice(value, each.type, each.form, bool(too_large))
    more = f"; {lost - 1:,} more like it" if lost > 1 else ""
    message = f"{shown(value)} {said}, in column `{each.name}` at {spot} of {spot.file}{more}"
    place = _place(spot, value) or each.wanted.place
    fault = Fault(code, message, place, help_line, f"column `{each.name}` of dataset `{table.dataset}`")
    what = f"could not be read as {each.type.value} and became null"
    first = f"the first is {shown(value)} ({spot} of {spot.file})"
    return fault, f"{_values(lost)} of `{each.name}` in `{table.name}` {what}; {first}"


def _too_large(each: Reading) -> Tree:
    if not each.from_text or not each.type.numeric or each.expected is None:
        return exp.false()
    if each.type is Type.DOUBLE:
        return matches(each.expected, numerals.shape(Type.DOUBLE, each.form))
    size = call("abs", numerals.number(each.expected, Type.DOUBLE, each.form))
    return at_least(size, _LIMITS[each.type])


def _place(spot: Spot, value: str) -> Place | None:
    if spot.line is None:
        return None
    if spot.column is None or len(spot.text) > 200:
        return Place(spot.file, spot.line)
    return Place(spot.file, spot.line, spot.column, max(1, len(value)), spot.text)


def _mixed(cursor: duckdb.DuckDBPyConnection, staged: Staged, each: Reading, table: Table) -> list[Fault]:
    assert each.expected is not None
    plain = numerals.plain(each.expected, each.type, each.form)
    marks = exp.select(numerals.mark(each.expected)).distinct().from_(staged.relation.copy())
    asked = marks.where(present(each.value), negated(plain)).limit(100)
    found = {numerals.currency_of(row[0]) for row in cursor.execute(script(asked)).fetchall() if row[0]}
    if len(found) < 2:
        return []
    message = f"column `{each.name}` of `{table.name}` holds amounts of several currencies: {', '.join(sorted(found))}"
    help_line = "split the amounts by currency; adding them up would be wrong"
    return [Fault("D425", message, each.wanted.place, help_line, f"dataset `{table.dataset}`")]


def _changed(each: Reading, tally: _Tally, table: Table) -> list[str]:
    notes, of = [], f"`{each.name}` in `{table.name}`"
    if tally.not_finite:
        notes.append(f"{of}: {_values(tally.not_finite)} NaN or infinite, counted as null")
    if tally.rounded:
        notes.append(f"{of}: {_values(tally.rounded)} rounded to six digits after the point")
    return notes


def _values(number: int) -> str:
    return "1 value" if number == 1 else f"{number:,} values"
