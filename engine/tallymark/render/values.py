"""Constants, casts and columns as SQL trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlglot import exp

from tallymark.kinds import DECIMAL_SCALE, Type

SQL_TYPES = {
    Type.INTEGER: "BIGINT",
    Type.DECIMAL: f"DECIMAL(18, {DECIMAL_SCALE})",
    Type.DOUBLE: "DOUBLE",
    Type.TEXT: "VARCHAR",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.INSTANT: "TIMESTAMPTZ",
}
"""How columns of each type are held; sums of decimals have 38 digits."""

WIDE_DECIMAL = f"DECIMAL(38, {DECIMAL_SCALE})"

ATOMS = (exp.Column, exp.Literal, exp.Func, exp.Paren, exp.Null, exp.Boolean, exp.Anonymous, exp.Bracket)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column."""
    own = exp.Identifier(this=name, quoted=True)
    return exp.Column(this=own, table=exp.to_identifier(table) if table else None)


def cast(value: exp.Expression, to: Type | str) -> exp.Expression:
    """`value` as another type."""
    return exp.Cast(this=value, to=_data_type(SQL_TYPES[to] if isinstance(to, Type) else to).copy())


@cache
def _data_type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb")


def case(*pairs: tuple[exp.Expression, exp.Expression], otherwise: exp.Expression | None = None) -> exp.Case:
    """The value of the first condition that holds, else `otherwise`."""
    return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in pairs], default=otherwise)


def atom(value: exp.Expression) -> exp.Expression:
    """`value` as it may stand beside any operator: in parentheses unless it needs none."""
    bare = isinstance(value, ATOMS) and not isinstance(value, exp.Binary)
    return value if bare else exp.Paren(this=value)


def integer(value: int) -> exp.Expression:
    """A whole number."""
    literal = exp.Literal.number(str(abs(value)))
    return exp.Neg(this=literal) if value < 0 else literal


def constant(value: Any, kind: Type) -> exp.Expression:
    """A literal of a formula: whole numbers as they are, fractions as exact decimals, texts quoted by the tree."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return integer(value) if abs(value) < 2**31 else cast(exp.Literal.string(str(value)), Type.INTEGER)
    if isinstance(value, float):
        return cast(exp.Literal.string(repr(value)), Type.DOUBLE)
    if isinstance(value, Decimal):
        return _decimal(value, kind)
    if isinstance(value, datetime):
        return moment(value, zoned=value.tzinfo is not None)
    if isinstance(value, date):
        return cast(exp.Literal.string(value.isoformat()), Type.DATE)
    return exp.Literal.string(str(value))


def _decimal(value: Decimal, kind: Type) -> exp.Expression:
    _, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    width = max(len(digits) + max(0, int(exponent)), scale) + 1
    if kind is Type.DOUBLE or width > 38:
        return cast(exp.Literal.string(repr(float(value))), Type.DOUBLE)
    return cast(exp.Literal.string(f"{value:f}"), f"DECIMAL({width}, {scale})")


def moment(value: datetime, zoned: bool) -> exp.Expression:
    """An instant as a literal: in UTC for columns with a zone; local times are given naive."""
    if zoned:
        return cast(exp.Literal.string(value.astimezone(UTC).isoformat(" ")), Type.INSTANT)
    return cast(exp.Literal.string(value.isoformat(" ")), Type.TIMESTAMP)


def null(kind: Type) -> exp.Expression:
    """A null of a type, where the type must be said."""
    if kind is Type.DECIMAL:
        # Of what width is not known; its type is noted for dialects that must know that it is a number.
        unsized = exp.Null()
        unsized.type = _data_type("DECIMAL")
        return unsized
    if kind not in SQL_TYPES:
        return exp.Null()
    return exp.Cast(this=exp.Null(), to=exp.DataType.build(SQL_TYPES[kind], dialect="duckdb"))


def all_of(conditions: list[exp.Expression]) -> exp.Expression | None:
    """The conditions joined by AND; None when there are none."""
    result: exp.Expression | None = None
    for condition in conditions:
        wrapped = atom(condition)
        result = wrapped if result is None else exp.And(this=result, expression=wrapped)
    return result


def any_of(conditions: list[exp.Expression]) -> exp.Expression | None:
    """The conditions joined by OR; None when there are none."""
    result: exp.Expression | None = None
    for condition in conditions:
        wrapped = atom(condition)
        result = wrapped if result is None else exp.Or(this=result, expression=wrapped)
    return result


def compare(operator: Callable[..., exp.Expression], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """A comparison, its sides in parentheses where they need them."""
    return operator(this=atom(left), expression=atom(right))


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A function the tree has no node of its own for."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def array(values: Sequence[object], item: str = "BIGINT") -> exp.Expression:
    """An array of whole numbers or other items: one text, which a database reads far sooner than as many literals."""
    return cast(exp.Literal.string(f"[{', '.join(map(str, values))}]"), f"{item}[]")


def is_null(value: exp.Expression) -> exp.Expression:
    """Whether there is no value."""
    return exp.Is(this=atom(value), expression=exp.Null())


def timestamps(walls: Sequence[datetime]) -> exp.Expression:
    """An array of local times, as one text."""
    return cast(exp.Literal.string(f"[{', '.join(w.isoformat(' ') for w in walls)}]"), "TIMESTAMP[]")


def named(value: exp.Expression, name: str, quoted: bool = False) -> exp.Expression:
    """`value AS name`."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=quoted))


def table(name: str, alias: str | None = None) -> exp.Table:
    """A relation of the statement, under a short name if one is given."""
    short = exp.TableAlias(this=exp.to_identifier(alias)) if alias is not None else None
    return exp.Table(this=exp.to_identifier(name), alias=short)


def inner_join(relation: exp.Expression, on: exp.Expression | None) -> exp.Join:
    """A join with the rows that match."""
    return exp.Join(this=relation, on=on, kind="INNER")


def left_join(relation: exp.Expression, on: exp.Expression | None) -> exp.Join:
    """A join with the rows that match, or with nothing."""
    return exp.Join(this=relation, on=on, side="LEFT")


def cross_join(relation: exp.Expression) -> exp.Join:
    """A join with every row."""
    return exp.Join(this=relation, kind="CROSS")


def select(*values: exp.Expression | str) -> exp.Select:
    """A SELECT of values, like all trees built in place: copies took most of the time of a large question."""
    return exp.Select().select(*values, copy=False)
