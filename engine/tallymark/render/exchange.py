"""Exchange rates as SQL: what one unit of each currency is worth in the base, from when until when.

Every rate that is quoted against the base, either way round, gives the worth of one currency; two worths at one moment
give the rate between any two currencies. A rate holds from its date until the next one of its currency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlglot import exp

from tallymark.catalog import Catalog, Rates
from tallymark.formula.bound import Apply, Bound, ColumnUse, Constant
from tallymark.kinds import Type
from tallymark.plan import AtEnd, AtEvent, AtWall
from tallymark.render.values import (
    all_of,
    call,
    case,
    cast,
    column,
    compare,
    constant,
    is_null,
    left_join,
    moment,
    named,
    select,
    table,
)

WORTHS = "worths"

Term = Callable[[ColumnUse | Apply], exp.Expression]
"""Gives the SQL of a column, and of a conversion the factor that it multiplies the amount by."""

Local = Callable[[exp.Expression, Type], exp.Expression]
"""Gives a time on the project's clock, as a naive timestamp."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The worth of what `code` says, at a moment; `event` is the row's time where that is the moment."""

    code: Bound
    at: AtEvent | AtWall | AtEnd
    event: Bound | None = None


def worths_of(conversion: Apply) -> tuple[Worth, Worth]:
    """What a conversion divides: the worth of the amount's own currency, and of the one it becomes."""
    _, code, *event = conversion.arguments
    into, at = conversion.extra
    time = event[0] if event else None
    return Worth(code, at, time), Worth(Constant(into, Type.TEXT), at, time)


def factor(conversion: Apply, base: str, term: Term, worth: Mapping[Worth, exp.Expression]) -> exp.Expression:
    """What a conversion multiplies by: 1 where nothing changes, null where a rate is missing."""
    code, into = conversion.arguments[1], conversion.extra[0]
    own, other = (_worth(w, base, worth) for w in worths_of(conversion))
    ratio = exp.Div(this=own, expression=other)
    if isinstance(code, Constant):
        return ratio
    same = exp.EQ(this=term(code), expression=exp.Literal.string(into)) if isinstance(code, ColumnUse) else None
    return exp.Paren(this=case((same, constant(1.0, Type.DOUBLE)), otherwise=ratio)) if same is not None else ratio


def _worth(worth: Worth, base: str, known: Mapping[Worth, exp.Expression]) -> exp.Expression:
    if is_base(worth, base):
        return constant(1.0, Type.DOUBLE)
    return known[worth].copy()


def is_base(worth: Worth, base: str) -> bool:
    """Whether the worth is 1 whatever the moment."""
    return isinstance(worth.code, Constant) and worth.code.value == base


def unrated(conversion: Apply, base: str, code: exp.Expression, term: Term) -> exp.Expression:
    """The currency that has no rate, where a conversion of a `code` has none: its own, else the one it becomes."""
    into_base = replace(conversion, extra=(base, conversion.extra[-1]))
    other = exp.Literal.string(conversion.extra[0])
    return case((is_null(term(into_base)), cast(code, Type.TEXT)), otherwise=other)


@dataclass(slots=True)
class Exchange:
    """Adds the relations of rates to a statement, each when first needed."""

    catalog: Catalog
    add: Callable[[str, exp.Expression], str]
    relation: Callable[[str, frozenset[str]], str]
    local: Local
    as_of: Callable[[], datetime]
    """Gives the local time from which on no rate is read."""
    _made: dict[object, str] = field(default_factory=dict)

    @property
    def rates(self) -> Rates:
        """Where the rates are. The planner lets no conversion through without."""
        assert self.catalog.rates is not None
        return self.catalog.rates

    # --- relations -------------------------------------------------------------------------------------------------

    def worths(self) -> str:
        """The relation of `currency`, `since`, `until` and `value`: local times, half-open."""
        if WORTHS not in self._made:
            quoted = self.add("quoted_rates", self._quoted())
            by = exp.Order(expressions=[exp.Ordered(this=column("since"))])
            following = exp.Window(this=call("LEAD", column("since")), partition_by=[column("currency")], order=by)
            ends = [following, *self._too_old()]
            until = exp.Coalesce(this=call("LEAST", *ends) if len(ends) > 1 else ends[0], expressions=[_infinity("")])
            shown = [column("currency"), column("since"), named(until, "until"), column("value")]
            quotes = select(*shown).from_(table(quoted), copy=False)
            base = [exp.Literal.string(self.rates.base), _infinity("-"), _infinity(""), constant(1.0, Type.DOUBLE)]
            always = select(*base)
            self._made[WORTHS] = self.add(WORTHS, exp.union(quotes, always, distinct=False, copy=False))
        return self._made[WORTHS]

    def _too_old(self) -> list[exp.Expression]:
        if self.rates.max_age is None:
            return []
        days = exp.Interval(this=exp.Literal.string(str(self.rates.max_age + 1)), unit=exp.var("DAY"))
        return [exp.Add(this=cast(column("since"), Type.DATE), expression=days)]

    def _quoted(self) -> exp.Select:
        """The worth of each currency by the time of its rate; one quoted both ways is taken as the worth itself."""
        rates = self.rates
        base = exp.Literal.string(rates.base)
        own = self.catalog.datasets[rates.dataset].columns
        named_ = [c for c in (rates.source, rates.to, rates.rate, rates.at) if c is not None]
        source: exp.Expression = column(rates.source) if rates.source is not None else base
        to, rate, at = column(rates.to), cast(column(rates.rate), Type.DOUBLE), column(rates.at)
        into_base = exp.EQ(this=to.copy(), expression=base.copy())
        of_base = exp.EQ(this=source.copy(), expression=base.copy())
        since = self.local(at, own[rates.at].type)
        inner = select(
            named(case((into_base, source), otherwise=to), "currency"),
            named(since, "since"),
            named(case((into_base.copy(), rate)), "direct"),
            named(case((of_base, rate.copy())), "inverse"),
        ).from_(table(self.relation(rates.dataset, frozenset(named_))), copy=False)
        one_of_both = exp.NEQ(this=exp.Paren(this=into_base.copy()), expression=exp.Paren(this=of_base.copy()))
        known = compare(exp.LT, since.copy(), moment(self.as_of(), zoned=False))
        sound = compare(exp.GT, rate.copy(), constant(0.0, Type.DOUBLE))
        inner = inner.where(all_of([one_of_both, known, sound]), copy=False)
        direct, inverse = exp.Max(this=column("direct")), exp.Max(this=column("inverse"))
        inverted = exp.Div(this=constant(1.0, Type.DOUBLE), expression=inverse)
        value = named(exp.Coalesce(this=direct, expressions=[inverted]), "value")
        outer = select(column("currency"), column("since"), value)
        outer = outer.from_(exp.Subquery(this=inner, alias=exp.to_identifier("q")), copy=False)
        return outer.group_by(column("currency"), column("since"), copy=False)

    def _of(self, currency: str) -> str:
        """The worths of one currency."""
        if currency not in self._made:
            shown = [column(c) for c in ("since", "until", "value")]
            query = select(*shown).from_(table(self.worths()), copy=False)
            own = exp.EQ(this=column("currency"), expression=exp.Literal.string(currency))
            name = f"worth_of_{sum(1 for k in self._made if isinstance(k, str))}"
            self._made[currency] = self.add(name, query.where(own, copy=False))
        return self._made[currency]

    def _on(self, wall: datetime) -> str:
        """The worths just before one local time."""
        if wall not in self._made:
            query = select(column("currency"), column("value")).from_(table(self.worths()), copy=False)
            at = moment(wall, zoned=False)
            name = f"worths_on_{sum(1 for k in self._made if isinstance(k, datetime))}"
            self._made[wall] = self.add(name, query.where(just_before(at), copy=False))
        return self._made[wall]

    # --- joins -----------------------------------------------------------------------------------------------------

    def join(self, query: exp.Select, worth: Worth, alias: str, term: Term) -> tuple[exp.Select, exp.Expression]:
        """`query` with the worth joined to each row, and its SQL. Not for the moments of periods."""
        assert not isinstance(worth.at, AtEnd)
        code = exp.Literal.string(worth.code.value) if isinstance(worth.code, Constant) else _column(worth.code, term)
        if isinstance(worth.at, AtWall):
            on = exp.EQ(this=column("currency", alias), expression=code)
            return query.join(left_join(table(self._on(worth.at.wall), alias), on), copy=False), column("value", alias)
        assert worth.event is not None
        time = self.local(_column(worth.event, term), worth.event.type)
        reached = compare(exp.GTE, time, column("since", alias))
        if isinstance(worth.code, Constant):
            name, on_ = self._of(worth.code.value), reached
        else:
            name = self.worths()
            on_ = exp.And(this=exp.EQ(this=column("currency", alias), expression=code), expression=reached)
        joined = exp.Join(this=table(name, alias), on=on_, method="ASOF", side="LEFT")
        value = case((compare(exp.LT, time.copy(), column("until", alias)), column("value", alias)))
        return query.join(joined, copy=False), value


def _column(bound: Bound, term: Term) -> exp.Expression:
    assert isinstance(bound, ColumnUse)
    return term(bound)


def just_before(wall: exp.Expression, alias: str | None = None) -> exp.Expression:
    """Whether a worth, under `alias`, holds just before a local time."""
    begun = compare(exp.LT, column("since", alias), wall)
    found = all_of([begun, compare(exp.GTE, column("until", alias), wall.copy())])
    assert found is not None
    return found


def _infinity(sign: str) -> exp.Expression:
    return cast(exp.Literal.string(f"{sign}infinity"), Type.TIMESTAMP)
