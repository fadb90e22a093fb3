"""What type an undeclared column of written text has, judged by all its values."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from sqlglot import exp

from tallymark.kinds import Type
from tallymark_plugins.tabular import numerals
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.moments import moment, offset_bearing
from tallymark_plugins.tabular.reading import given
from tallymark_plugins.tabular.sqltree import Tree, among, both, call, count, present, script

_SAMPLE = 2_000
"""Rows of a first look that rules out most types, so that the look at all rows tests few."""

_ORDER = (
    Type.INTEGER,
    Type.DECIMAL,
    Type.DOUBLE,
    Type.BOOLEAN,
    Type.DATE,
    Type.INSTANT,
    Type.TIMESTAMP,
)


def infer(
    cursor: duckdb.DuckDBPyConnection, relation: Tree, undeclared: Mapping[str, tuple[Tree, TextFormat]]
) -> dict[str, Type]:
    """The first type, in the order above, that every non-null value of the column is written as; else TEXT.

    Leading zeros make text of digits, a currency sign makes text of a number, and only `true` and `false` are truths:
    a column's meaning is not guessed. A decimal is a number that needs no rounding; other fractions are doubles.
    """
    tests = {name: _tests(raw, form) for name, (raw, form) in undeclared.items()}
    sample = exp.select("*").from_(relation.copy()).limit(_SAMPLE).subquery("sample")
    for part in (sample, relation):
        tests = {name: _surviving(cursor, part, each) for name, each in tests.items() if each}
    found = {name: next((kind for kind in _ORDER if kind in tests.get(name, {})), Type.TEXT) for name in undeclared}
    return {name: kind if _any(cursor, relation, undeclared[name]) else Type.TEXT for name, kind in found.items()}


def _tests(raw: Tree, form: TextFormat) -> dict[Type, tuple[Tree, Tree]]:
    held = given(raw, form)
    bare = exp.Not(this=call("contains", held, ":"))
    conditions = {
        Type.INTEGER: numerals.integral(held, form),
        Type.DECIMAL: numerals.exact(held, form),
        Type.DOUBLE: both(numerals.real(held, form), present(numerals.number(held, Type.DOUBLE, form))),
        Type.BOOLEAN: among(call("lower", held), ("true", "false")),
        Type.DATE: both(bare, present(moment(held, Type.DATE, form, "UTC"))),
        Type.TIMESTAMP: present(moment(held, Type.TIMESTAMP, form, "UTC")),
        Type.INSTANT: present(moment(offset_bearing(held, form), Type.INSTANT, form, "UTC")),
    }
    return {kind: (held, condition) for kind, condition in conditions.items()}


def _surviving(
    cursor: duckdb.DuckDBPyConnection, relation: Tree, tests: Mapping[Type, tuple[Tree, Tree]]
) -> dict[Type, tuple[Tree, Tree]]:
    misfits = (both(present(held), exp.Not(this=call("coalesce", test, exp.false()))) for held, test in tests.values())
    asked = exp.select(*(call("count_if", each) for each in misfits)).from_(relation.copy())
    row = cursor.execute(script(asked)).fetchone()
    assert row is not None
    return {kind: test for (kind, test), number in zip(tests.items(), row, strict=True) if not number}


def _any(cursor: duckdb.DuckDBPyConnection, relation: Tree, column: tuple[Tree, TextFormat]) -> bool:
    row = cursor.execute(script(exp.select(count(given(*column))).from_(relation.copy()))).fetchone()
    return row is not None and row[0] > 0
