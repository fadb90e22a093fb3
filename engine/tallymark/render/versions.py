"""Rows that are valid for a time, as relations that references are joined to, and when a row looks them up.

A relation of versions has the key and the validity `[from, to)` under names that no column can have, both edges known:
without a beginning a version holds since ever, without an end for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.catalog import Dataset
from tallymark.kinds import Type
from tallymark.render.expressions import Term
from tallymark.render.values import (
    call,
    cast,
    column,
    compare,
    constant,
    named,
    select,
    table,
)

KEY, FROM, TO = "@key", "@from", "@to"

Zoned = Callable[[Term, bool], exp.Expression]
"""A time as an instant, or on the project's clock."""


@dataclass(frozen=True, slots=True)
class AtTime:
    """A flow's row looks up the version valid at its time."""

    time: Term


@dataclass(frozen=True, slots=True)
class JustBefore:
    """The version valid just before an instant, given on the project's clock and as it is."""

    local: exp.Expression
    instant: exp.Expression


@dataclass(slots=True)
class During:
    """A stock's row is taken apart into stretches of one version each; those so far: from when, and until when."""

    start: exp.Expression
    end: exp.Expression
    zoned: bool


Moment = AtTime | JustBefore | During


def infinite(sign: str, zoned: bool) -> exp.Expression:
    """Before (`-`) or after (``) all times."""
    return cast(exp.Literal.string(f"{sign}infinity"), Type.INSTANT if zoned else Type.TIMESTAMP)


def matches(moment: Moment, alias: str, zoned: bool, as_time: Zoned) -> list[exp.Expression]:
    """When a version, under `alias`, is the one that is looked up."""
    start, end = column(FROM, alias), column(TO, alias)
    match moment:
        case AtTime(time=time):
            at = as_time(time, zoned)
            return [compare(exp.LTE, start, at), compare(exp.GT, end, at.copy())]
        case JustBefore(local=local, instant=instant):
            edge = instant if zoned else local
            return [compare(exp.LT, start, edge.copy()), compare(exp.GTE, end, edge.copy())]
        case During():
            until = exp.Coalesce(this=moment.end.copy(), expressions=[infinite("", zoned)])
            return [compare(exp.LT, start, until), compare(exp.GT, end, moment.start.copy())]


def narrowed(moment: During, alias: str) -> None:
    """Cuts the stretch to the version under `alias`; GREATEST and LEAST leave out nulls."""
    forever = infinite("", moment.zoned)
    moment.start = call("GREATEST", moment.start, column(FROM, alias))
    moment.end = call("LEAST", moment.end, exp.Nullif(this=column(TO, alias), expression=forever))


def versions(own: Dataset, relation: str, columns: Sequence[str], zoned: bool, as_time: Zoned) -> exp.Select:
    """The versions of `own`, whose columns (its key and validity too) `relation` has."""
    assert own.key is not None
    assert own.valid is not None
    start, end = (as_time(Term(column(c), own.columns[c].type), zoned) for c in own.valid)
    key = column(own.key)
    shown = [
        named(key, KEY, quoted=True),
        named(exp.Coalesce(this=start, expressions=[infinite("-", zoned)]), FROM, quoted=True),
        named(exp.Coalesce(this=end, expressions=[infinite("", zoned)]), TO, quoted=True),
        *(column(c) for c in columns),
    ]
    known = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
    return select(*shown).from_(table(relation), copy=False).where(known, copy=False)


def timeline(name: str, columns: Sequence[str], zoned: bool) -> exp.Expression:
    """All time for every key: the versions in the relation `name`, and stretches of nulls where there is none."""
    key, start, end = column(KEY), column(FROM), column(TO)
    held = compare(exp.LT, start.copy(), end.copy())
    whole = select(key, start, end, *(column(c) for c in columns)).from_(table(name), copy=False)
    nulls = [named(exp.Null(), c, quoted=True) for c in columns]
    ordered = exp.Order(expressions=[exp.Ordered(this=column(FROM))])
    after = call("LEAD", column(FROM), constant(1, Type.INTEGER), infinite("", zoned))
    following = exp.Window(this=after, partition_by=[column(KEY)], order=ordered)
    pairs = select(column(KEY), column(TO), named(following, "next")).from_(table(name), copy=False)
    pairs = pairs.where(held.copy(), copy=False)
    between = select(column(KEY), named(column(TO), FROM, quoted=True), named(column("next"), TO, quoted=True), *nulls)
    between = between.from_(exp.Subquery(this=pairs, alias=exp.to_identifier("v")), copy=False)
    between = between.where(compare(exp.LT, column(TO, "v"), column("next", "v")), copy=False)
    first = exp.Min(this=column(FROM))
    before = select(column(KEY), named(infinite("-", zoned), FROM, quoted=True), named(first, TO, quoted=True))
    before = before.select(*(n.copy() for n in nulls), copy=False).from_(table(name), copy=False)
    before = before.where(held.copy(), copy=False).group_by(column(KEY), copy=False)
    before = before.having(compare(exp.GT, first.copy(), infinite("-", zoned)), copy=False)
    together = exp.union(whole.where(held, copy=False), between, distinct=False, copy=False)
    return exp.union(together, before, distinct=False, copy=False)
