"""What type an undeclared column of written text has, judged by all its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
from sqlglot import exp

from tallymark.kinds import Type
from tallymark_plugins.tabular import numerals
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.moments import moment, offset_written
from tallymark_plugins.tabular.sqltree import Tree, among, both, call, count, negated, present, script

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

    `undeclared` holds each column's text, null where it means null, and its format. Leading zeros make text of digits,
    a currency sign makes text of a number, and only `true` and `false` are truths: a column's meaning is not guessed.
    A decimal is a number that needs no rounding; other fractions are doubles.
    """
    tests = [(name, kind, test) for name, column in undeclared.items() for kind, test in _tests(*column).items()]
    sample = exp.select("*").from_(relation.copy()).limit(_SAMPLE).subquery("sample")
    for part in (sample, relation):
        tests = _surviving(cursor, part, undeclared, tests)
    found: dict[str, set[Type]] = {name: set() for name in undeclared}
    for name, kind, _ in tests:
        found[name].add(kind)
    filled = _filled(cursor, relation, undeclared)
    return {
        name: next((kind for kind in _ORDER if kind in kinds), Type.TEXT) if name in filled else Type.TEXT
        for name, kinds in found.items()
    }


def _tests(held: Tree, form: TextFormat) -> dict[Type, Tree]:
    bare = negated(call("contains", held, ":"))
    return {
        Type.INTEGER: numerals.integral(held, form),
        Type.DECIMAL: numerals.exact(held, form),
        Type.DOUBLE: numerals.real(held, form),
        Type.BOOLEAN: among(call("lower", held), ("true", "false")),
        Type.DATE: both(bare, present(moment(held, Type.DATE, form, "UTC"))),
        Type.INSTANT: both(offset_written(held, form), present(moment(held, Type.INSTANT, form, "UTC"))),
        Type.TIMESTAMP: present(moment(held, Type.TIMESTAMP, form, "UTC")),
    }


def _surviving(
    cursor: duckdb.DuckDBPyConnection,
    relation: Tree,
    undeclared: Mapping[str, tuple[Tree, TextFormat]],
    tests: Sequence[tuple[str, Type, Tree]],
) -> list[tuple[str, Type, Tree]]:
    """The tests that no row fails."""
    if not tests:
        return []
    fails = (
        both(present(undeclared[name][0]), negated(call("coalesce", test, exp.false()))) for name, _, test in tests
    )
    asked = exp.select(*(call("count_if", each) for each in fails)).from_(relation.copy())
    row = cursor.execute(script(asked)).fetchone() or ()
    return [test for test, failures in zip(tests, row, strict=True) if not failures]


def _filled(
    cursor: duckdb.DuckDBPyConnection, relation: Tree, undeclared: Mapping[str, tuple[Tree, TextFormat]]
) -> set[str]:
    asked = exp.select(*(count(held) for held, _ in undeclared.values())).from_(relation.copy())
    row = cursor.execute(script(asked)).fetchone() or ()
    return {name for name, number in zip(undeclared, row, strict=True) if number}
