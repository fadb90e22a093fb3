"""What is wrong with exchange rates, as SQL: those that are missing, for conversions that do not depend on the period,
and those that cannot be rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.catalog import Rates
from tallymark.formula.bound import Apply, ColumnUse
from tallymark.kinds import Type
from tallymark.plan import AtWall
from tallymark.render.exchange import unrated
from tallymark.render.joins import BASE
from tallymark.render.rows import Rows, Statement
from tallymark.render.tallies import Scope, Tallies
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    cast,
    column,
    compare,
    integer,
    is_null,
    moment,
    named,
    select,
    table,
)


@dataclass(frozen=True, slots=True)
class Lack:
    """A conversion of rows of a dataset in any of the `scopes`."""

    dataset: str
    conversion: Apply
    scopes: tuple[Scope, ...]


def lacking(lacks: Sequence[Lack], tallies: Tallies) -> str:
    """A SELECT of `code`, the currency; `found`, how many amounts have no rate; `first` and `last`, their times."""
    together: exp.Query | None = None
    for lack in lacks:
        branch = _branch(lack, tallies)
        together = branch if together is None else exp.union(together, branch, distinct=False, copy=False)
    assert together is not None, "nothing to look for"
    return tallies.writer.text(together)


def _branch(lack: Lack, tallies: Tallies) -> exp.Query:
    statement = Statement()
    rows = Rows(tallies.catalog, tallies.relations, tallies.writer, tallies.calendar, statement)
    axes = frozenset(c for s in lack.scopes for c in (s.axis.columns if s.axis is not None else ()))
    expressions = [lack.conversion, *(c for s in lack.scopes for c in s.conditions)]
    joined = rows.joined(lack.dataset, expressions, axes, next((s.axis for s in lack.scopes), None))
    query, term = joined.select, joined.term
    inside = []
    for scope in lack.scopes:
        conditions = [rows.express(c, term) for c in sorted(scope.conditions, key=repr)]
        found = tallies.inside(rows, lack.dataset, scope, conditions, joined.axis if joined.stretched else None)
        if found is not None:
            inside.append(all_of(found) or exp.Boolean(this=True))
    amount, code = (rows.express(a, term) for a in lack.conversion.arguments[:2])
    lacks = [exp.Not(this=is_null(amount)), is_null(term(lack.conversion))]
    missing = unrated(lack.conversion, rows.exchange.rates.base, code, term)
    shown = [named(missing, "code"), named(_time(lack, rows), "moment")]
    query = query.select(*shown, append=False, copy=False)
    query = query.where(all_of([any_of(inside) or exp.Boolean(this=False), *lacks]), copy=False)
    shown = [
        column("code"),
        named(exp.Count(this=exp.Star()), "found"),
        named(exp.Min(this=column("moment")), "first"),
        named(exp.Max(this=column("moment")), "last"),
    ]
    whole = select(*shown).from_(exp.Subquery(this=statement.before(query), alias=exp.to_identifier("u")), copy=False)
    return whole.group_by(column("code"), copy=False)


def _time(lack: Lack, rows: Rows) -> exp.Expression:
    """The time of a rate that is wanted: the row's own, or the one said."""
    at = lack.conversion.extra[-1]
    if isinstance(at, AtWall):
        return moment(at.wall, zoned=False)
    event = lack.conversion.arguments[2]
    assert isinstance(event, ColumnUse)
    return rows.local(column(event.column, BASE), event.type)


def unsound(rates: Rates, tallies: Tallies) -> str:
    """A SELECT of what is wrong with rates: `kind` is `repeated` (two rates of one pair of currencies at one time) or
    `sign` (one that is 0 or less, or no finite number); `source`, `to`, `at` and `count` tell of the first.
    """
    together: exp.Query | None = None
    for kind in ("repeated", "sign"):
        branch = _unsound(kind, rates, tallies)
        together = branch if together is None else exp.union(together, branch, distinct=False, copy=False)
    assert together is not None
    return tallies.writer.text(together)


def _unsound(kind: str, rates: Rates, tallies: Tallies) -> exp.Query:
    statement = Statement()
    rows = Rows(tallies.catalog, tallies.relations, tallies.writer, tallies.calendar, statement)
    wanted = frozenset(c for c in (rates.source, rates.to, rates.rate, rates.at) if c is not None)
    relation = rows.relation(rates.dataset, wanted)
    source = column(rates.source) if rates.source is not None else exp.Literal.string(rates.base)
    to, rate, at = column(rates.to), column(rates.rate), cast(column(rates.at), Type.TEXT)
    keys = [named(source, "source"), named(to, "to", quoted=True), named(at, "at", quoted=True)]
    each = select(*keys).from_(table(relation), copy=False)
    if kind == "repeated":
        several = compare(exp.GT, exp.Count(this=exp.Distinct(expressions=[rate])), integer(1))
        each = each.group_by(integer(1), integer(2), integer(3), copy=False).having(several, copy=False)
    else:
        each = each.where(compare(exp.LTE, rate, integer(0)), copy=False)
    firsts = [column("source"), column("to"), column("at")]
    order = exp.Struct(expressions=[c.copy() for c in firsts])
    shown = [named(call("ARG_MIN", c, order.copy()), c.name, quoted=True) for c in firsts]
    whole = select(named(exp.Literal.string(kind), "kind"), *shown, named(exp.Count(this=exp.Star()), "count"))
    inner = exp.Subquery(this=statement.before(each), alias=exp.to_identifier("u"))
    some = compare(exp.GT, exp.Count(this=exp.Star()), integer(0))
    return whole.from_(inner, copy=False).having(some, copy=False)
