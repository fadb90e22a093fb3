"""What currency an amount is in, and at which rate it gets there: conversions as the context asks for them.

At row level the checker has put amounts of several currencies into the project's; here they learn at which rate, and
where another currency is asked for, the whole argument of an aggregate is converted. Conditions decide in the
currencies that things are defined in, so that who is counted does not depend on what is shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from tallymark.catalog import Catalog, Metric
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import (
    IN_CURRENCY,
    Aggregate,
    Apply,
    Bound,
    ColumnUse,
    Constant,
    Lifted,
    Nested,
    Rated,
    conversions,
    is_conversion,
)
from tallymark.formula.functions import TABLE
from tallymark.kinds import Type
from tallymark.lower.spaces import Context
from tallymark.plan import AtEnd, AtEvent, AtWall, Moment
from tallymark.units import money

FIRST = ("sum", "min", "max", "first", "last")
"""The aggregates whose result has the type of what they are taken of."""


def priced_type(bound: Apply | Nested | Lifted, currency: str | None) -> Type:
    """The type of what is computed from amounts: a double once they may be converted to `currency`."""
    exact = bound.type in (Type.INTEGER, Type.DECIMAL)
    return Type.DOUBLE if currency is not None and exact and bound.unit.currencies else bound.type


LINEAR = frozenset({"+", "-", "negate", "abs", "if", "case", "coalesce", "greatest", "least"})
"""Operators over amounts that pass a conversion on to each of them; products and quotients do so to one."""


class Pricing:
    """Plans conversions. Raises FaultError for what cannot be converted."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    # --- metric level ----------------------------------------------------------------------------------------------

    def beside(self, bound: Apply, context: Context) -> Context:
        """The context of an operator's arguments: what decides or scores does so in the currencies of definitions."""
        if context.currency is None:
            return context
        row = TABLE.get(bound.function)
        rule = row.unit if row is not None else ""
        if bound.type is Type.BOOLEAN or rule == "scored":
            return replace(context, currency=None)
        if rule in ("chosen", "quotient"):
            self._require_no_bare(bound, context)
        return context

    def _require_no_bare(self, bound: Apply, context: Context) -> None:
        """A bare number that may be the result beside money is in the currency of that money, and has no date."""
        found = bound.unit.currency
        chosen = bound.arguments[2:] if bound.function == "divide" else bound.arguments
        bare = [a for a in chosen if isinstance(a, Constant) and a.type.numeric and a.value and a.unit.dimensionless]
        if bare and found is not None and found != context.currency and bound.function != "/":
            raise FaultError(_bare(bound.function, found, context))

    def require_rows(self, metric: Metric, context: Context) -> None:
        """A metric of money whose formula is a bare number has no rows that tell a rate."""
        own = metric.expression.unit if metric.expression is not None else None
        found = metric.unit.currency
        if context.currency is not None and own is not None and own.free and found not in (None, context.currency):
            raise FaultError(_bare(metric.name, found or "", context))

    def moved(self, bound: Rated, context: Context) -> Context:
        """The context inside `in_currency`, `at_opening_rates` and `at_closing_rates`."""
        if bound.currency is not None and context.currency is None:
            context = replace(context, currency=bound.currency)
        if bound.edge is None:
            return context
        edge = context.window.opening() if bound.edge == "start" else context.window.closing()
        return replace(context, rates=AtEnd(edge, context.grid))

    # --- row level -------------------------------------------------------------------------------------------------

    def leaf(self, bound: Aggregate, context: Context) -> Aggregate:
        """The aggregate with its conversions planned, its amounts in the context's currency."""
        argument, condition = bound.argument, bound.condition
        into = context.currency
        if argument is not None and into is not None and bound.unit.currencies:
            argument = self._into(argument, into)
        expressions = [e for e in (argument, condition) if e is not None]
        if not any(conversions(e) for e in expressions):
            return bound
        moment = self._moment(bound, context)
        planned = [_planned(e, moment, _time(self.catalog, bound)) for e in expressions]
        kind = bound.type
        if argument is not bound.argument and bound.function in FIRST:
            kind = Type.DOUBLE
        return replace(
            bound,
            argument=planned[0] if argument is not None else None,
            condition=planned[-1] if condition is not None else None,
            type=kind,
        )

    def _into(self, argument: Bound, into: str) -> Bound:
        """The argument in another currency."""
        for currency, power in argument.unit.powers:
            if currency == into or currency not in argument.unit.currencies:
                continue
            if power < 0:
                message = f"an aggregate of {argument.unit} cannot be answered in {into}"
                raise FaultError(Fault("Q584", message, None, "aggregate the amounts, then divide"))
            for _ in range(power):
                argument = _converted(argument, currency, into)
        return argument

    def _moment(self, bound: Aggregate, context: Context) -> Moment:
        if self.catalog.rates is None:
            message = f"amounts cannot be answered in {context.currency}: the project has no rates"
            help_ = "name them: `rates: {dataset: fx_rates, base: EUR, to: currency, rate: rate, at: date}`"
            raise FaultError(Fault("Q581", message, None, help_))
        rule = context.convert
        if rule is None:
            message = f"amounts cannot be answered in {context.currency}: nothing says at which rate"
            help_ = "write `convert: at_event`, `convert: period_end` or `convert: {fixed: 2024-01-01}` in tally.yaml"
            raise FaultError(Fault("Q582", message, None, help_))
        if rule.policy == "fixed" and rule.day is not None:
            return AtWall(datetime.combine(rule.day, time.min) + timedelta(days=1))
        if context.rates is not None:
            return context.rates
        if rule.policy == "period_end":
            return AtEnd(context.window.closing(), context.grid)
        if bound.axis.kind == "timeless":
            message = f"`convert: at_event` takes the rate of each row's time, and `{bound.dataset}` has none"
            raise FaultError(Fault("U324", message, None, "give it a `time:`, or say `convert: period_end`"))
        return AtEvent()


def _bare(name: str, currency: str, context: Context) -> Fault:
    message = f"`{name}` has a bare number beside money: it is in {currency}, and tells no rate for {context.currency}"
    return Fault("Q583", message, None, f"ask in {currency}, or take the number from a column")


def _converted(argument: Bound, currency: str, into: str) -> Bound:
    """The amount in another currency. What has just been converted is converted once: no rate need be known between."""
    if isinstance(argument, Apply) and is_conversion(argument) and argument.extra[0] == currency:
        return replace(argument, extra=(into,), unit=money(into))
    if isinstance(argument, Apply) and conversions(argument) and _passes(argument, currency):
        arguments = (_converted(a, currency, into) if a.unit.currency == currency else a for a in argument.arguments)
        return replace(argument, arguments=tuple(arguments), type=Type.DOUBLE, unit=money(into))
    code = Constant(currency, Type.TEXT)
    return Apply(IN_CURRENCY, (argument, code), Type.DOUBLE, argument.unit, (into,), argument.span)


def _passes(bound: Apply, currency: str) -> bool:
    """Whether an operator gives so many times more when each amount beneath it is so many times more."""
    amounts = [a.unit.currency == currency for a in bound.arguments]
    if bound.function in ("*", "/"):
        return amounts == [True, False] or (bound.function == "*" and amounts == [False, True])
    others = (a for a, amount in zip(bound.arguments, amounts, strict=True) if not amount and a.type.numeric)
    nothing = all(isinstance(a, Constant) and not a.value for a in others)
    return bound.function in LINEAR and nothing


def _planned(bound: Bound, moment: Moment, event: ColumnUse | None) -> Bound:
    """The expression, each of its conversions with the moment of its rate."""
    if not isinstance(bound, Apply):
        return bound
    arguments = tuple(_planned(a, moment, event) for a in bound.arguments)
    if not is_conversion(bound):
        return replace(bound, arguments=arguments)
    if isinstance(moment, AtEvent) and event is not None:
        arguments = (*arguments, event)
    return replace(bound, arguments=arguments, extra=(bound.extra[0], moment))


def _time(catalog: Catalog, bound: Aggregate) -> ColumnUse | None:
    """What tells the time of a row: a flow's own, of a stock the beginning of its validity."""
    if not bound.axis.columns:
        return None
    name = bound.axis.columns[0]
    return ColumnUse((), name, catalog.datasets[bound.dataset].columns[name].type)
