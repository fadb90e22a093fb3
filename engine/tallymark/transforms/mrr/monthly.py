"""An amount brought to a month: discounts taken off, and as much of it as one month has.

Amounts come out as decimals of six digits, like all money, so that what is added up cancels out exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.mrr.columns import col
from tallymark.transforms.mrr.policies import ALL, FOREVER, NONE
from tallymark.transforms.transform import Shape

DISCOUNTS = ("discount_percent", "discount_amount")


def months(policies: Mapping[str, Any]) -> dict[str, Fraction]:
    """How often each interval goes into a month."""
    return {"day": policies["day"], "week": policies["week"], "month": Fraction(1), "year": Fraction(1, 12)}


def times(count: exp.Expression) -> exp.Expression:
    """How many intervals an amount pays for, as a double: one unless said, null where it is not above 0."""
    number = exp.Coalesce(this=count, expressions=[double(1)])
    return sql.case(exp.GT(this=number, expression=double(0)), number.copy())


def monthly(
    net: exp.Expression, interval: exp.Expression, count: exp.Expression, policies: Mapping[str, Any]
) -> exp.Expression:
    """What `net` for `count` intervals is a month; null where the interval is unknown."""
    ifs = [
        exp.If(this=exp.EQ(this=interval.copy(), expression=sql.text(name)), true=_scaled(net, factor, count))
        for name, factor in months(policies).items()
    ]
    return sql.cast(exp.Case(ifs=ifs), Type.DECIMAL)


def daily(net: exp.Expression, days: exp.Expression, policies: Mapping[str, Any]) -> exp.Expression:
    """What `net` for a number of days is a month."""
    return sql.cast(_scaled(net, months(policies)["day"], days), Type.DECIMAL)


def _scaled(net: exp.Expression, factor: Fraction, count: exp.Expression) -> exp.Expression:
    above = net.copy() if factor.numerator == 1 else exp.Mul(this=net.copy(), expression=double(factor.numerator))
    below = count.copy()
    if factor.denominator != 1:
        below = exp.Paren(this=exp.Mul(this=double(factor.denominator), expression=below))
    return exp.Div(this=above, expression=below)


def discounted(rows: Shape, policies: Mapping[str, Any]) -> exp.Expression:
    """The amount of a version less the discounts that count, not below 0; as a double."""
    amount = col(rows, "amount", Type.DOUBLE)
    present = [c for c in DISCOUNTS if c in rows.fields]
    if policies["discounts"] == NONE or not present:
        return amount
    counts = _any(present)
    if policies["discounts"] == FOREVER:
        lasts = exp.EQ(this=col(rows, "discount_duration"), expression=sql.text(FOREVER))
        counts = sql.both(lasts, counts)
    assert policies["discounts"] in (ALL, FOREVER)
    kept = exp.Sub(this=double(1), expression=exp.Div(this=_or_zero(rows, "discount_percent"), expression=double(100)))
    less = exp.Sub(
        this=exp.Mul(this=amount.copy(), expression=exp.Paren(this=kept)),
        expression=_or_zero(rows, "discount_amount"),
    )
    owed = exp.GT(this=less, expression=double(0))
    # What the discounts leave is nothing at the least; without an amount it stays unknown.
    return sql.case(counts, sql.case(owed, less.copy(), exp.Mul(this=amount.copy(), expression=double(0))), amount)


def _any(columns: list[str]) -> exp.Expression:
    result = sql.known(sql.col(columns[0]))
    for column in columns[1:]:
        result = exp.Or(this=result, expression=sql.known(sql.col(column)))
    return exp.Paren(this=result)


def _or_zero(rows: Shape, name: str) -> exp.Expression:
    return exp.Coalesce(this=col(rows, name, Type.DOUBLE), expressions=[double(0)])


def double(value: int) -> exp.Expression:
    """A whole number as a double."""
    return sql.cast(sql.number(value), Type.DOUBLE)
