"""The forms of SQL that transforms share: quoted columns, windows, choices. None is of one dialect only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache

from sqlglot import exp

from tallymark.kinds import DECIMAL_SCALE, Type

TYPES = {
    Type.INTEGER: "BIGINT",
    Type.DECIMAL: f"DECIMAL(18, {DECIMAL_SCALE})",
    Type.DOUBLE: "DOUBLE",
    Type.TEXT: "VARCHAR",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.INSTANT: "TIMESTAMPTZ",
}


def col(name: str) -> exp.Column:
    """A column, quoted."""
    return exp.column(exp.to_identifier(name, quoted=True))


def col_of(table: str, name: str) -> exp.Column:
    """A column of an aliased relation, quoted."""
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def named(value: exp.Expression, name: str) -> exp.Expression:
    """`value AS "name"`."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def cast(value: exp.Expression, to: Type) -> exp.Expression:
    """`value` as a type of ours."""
    return exp.Cast(this=value, to=_data_type(TYPES[to]).copy())


@cache
def _data_type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb")


def text(value: str) -> exp.Expression:
    """A literal text."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expression:
    """A literal number."""
    return exp.Literal.number(value)


def known(value: exp.Expression) -> exp.Expression:
    """Whether there is a value."""
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def unknown(value: exp.Expression) -> exp.Expression:
    """Whether there is none."""
    return exp.Is(this=value, expression=exp.Null())


def case(test: exp.Expression, value: exp.Expression, otherwise: exp.Expression | None = None) -> exp.Expression:
    """`value` where the test holds."""
    return exp.Case(ifs=[exp.If(this=test, true=value)], default=otherwise)


def interval(length: timedelta) -> exp.Expression:
    """A fixed length of time: in seconds, or in microseconds where these have a fraction."""
    micros = length // timedelta(microseconds=1)
    count, unit = (micros // 1_000_000, "SECOND") if micros % 1_000_000 == 0 else (micros, "MICROSECOND")
    return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var(unit))


def rising(values: Iterable[exp.Expression], falling: bool = False) -> list[exp.Expression]:
    """An order by values, null before all; falling, the same backwards."""
    return [exp.Ordered(this=v, desc=falling, nulls_first=not falling) for v in values]


def over(
    function: exp.Expression, parts: Sequence[exp.Expression], order: Sequence[exp.Expression] = ()
) -> exp.Expression:
    """A function over a window: rows alike in `parts`, in an order; up to the row at hand and its peers."""
    ordered = exp.Order(expressions=list(order)) if order else None
    return exp.Window(this=function, partition_by=list(parts), order=ordered)


def select(*values: exp.Expression) -> exp.Select:
    """A SELECT of values."""
    return exp.Select().select(*values, copy=False)


def source(name: str) -> exp.Table:
    """A relation of the statement."""
    return exp.Table(this=exp.to_identifier(name))


def aliased(name: str, alias: str) -> exp.Table:
    """A relation of the statement under another name."""
    return exp.Table(this=exp.to_identifier(name), alias=exp.TableAlias(this=exp.to_identifier(alias)))


def both(*conditions: exp.Expression) -> exp.Expression:
    """Conditions joined by AND."""
    first, *rest = (exp.Paren(this=c) for c in conditions)
    result: exp.Expression = first
    for condition in rest:
        result = exp.And(this=result, expression=condition)
    return result
