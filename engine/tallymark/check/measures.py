"""Metric level: names are metrics, aggregates are leaves, and context forms say where their bodies are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from tallymark.catalog import Catalog, Reached
from tallymark.check import caps
from tallymark.check.aggregation import Aggregation, gives_zero, outcome
from tallymark.check.calls import Calls
from tallymark.check.conditions import Conditions
from tallymark.check.currencies import is_code, priceable
from tallymark.check.dimensions import (
    MAX_SUGGESTED,
    absent,
    blocked_anywhere,
    explain_unreached,
    faulty_anywhere,
    known_anywhere,
    leaves,
    reach_all,
    wanting,
)
from tallymark.check.histories import HISTORIES, history
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import row_scope
from tallymark.check.sequences import Sequences
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import (
    Apply,
    Bound,
    Constant,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    Ranked,
    Rated,
    Shift,
    Windowed,
    WindowForm,
)
from tallymark.formula.functions import Function, Kind
from tallymark.formula.nodes import is_length, plain_count
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import BARE, COUNT, NUMBER, RATIO, reported

MAX_PERIODS = 100_000
"""Periods that `previous` may go back."""


class Measures(Calls):
    """Binds a metric's formula.

    `missing` is the metric's own rule for aggregates over no rows; `known`, the datasets below metrics bound already.
    """

    def __init__(
        self,
        catalog: Catalog,
        functions: Mapping[str, Function],
        report: Report,
        missing: str | None = None,
        known: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        super().__init__(catalog, functions, report)
        self.missing = missing
        self.known = known
        self._members = 0
        """How many `per` of members stand around."""

    # --- names -----------------------------------------------------------------------------------------------------

    def name(self, node: n.Name) -> Bound:
        """The metric of that name. Raises Missing."""
        if len(node.parts) > 1:
            return self._column_without_aggregate(node)
        metric = self.catalog.metrics.get(node.parts[0])
        if metric is None:
            return self._unknown(node)
        if metric.needs:
            raise Missing(*metric.needs)
        if metric.expression is None:
            return POISON
        return MetricUse(metric.name, metric.type, metric.unit, node.span)

    def _column_without_aggregate(self, node: n.Name) -> Bound:
        head = node.parts[0]
        if self.catalog.dataset(head) is None and not absent(self.catalog, head):
            help_ = did_you_mean(head, (*self.catalog.datasets, *self.catalog.aliases))
            return self.report.fault("T102", f"unknown dataset `{head}`", node.span, help_)
        message = f"`{node}` is a column; a metric needs an aggregate over it"
        return self.report.fault("T101", message, node.span, f"say `sum({node})`, `avg({node})`, `count({node})`…")

    def _unknown(self, node: n.Name) -> Bound:
        name = str(node)
        if self.catalog.dataset(name) is not None or absent(self.catalog, name):
            message = f"`{name}` is a dataset, not a metric"
            return self.report.fault("T101", message, node.span, f"say `count({name})`")
        return self.report.fault("T103", f"unknown metric `{name}`", node.span, self._perhaps(name))

    def _perhaps(self, name: str) -> str | None:
        """The way out of an unknown name: it is a column, or nearly a metric."""
        columns = [f"{d.name}.{name}" for d in self.catalog.datasets.values() if name in d.columns]
        if columns:
            return f"`{columns[0]}` is a column: aggregate it, `count({columns[0]})` for example"
        help_ = did_you_mean(name, self.catalog.metrics)
        if help_ is None or not help_.startswith("did you mean"):
            return help_
        found = self.catalog.metrics[help_.split("`")[1]]
        return f"{help_} ({found.place.file}:{found.place.line})"

    # --- postfixes -------------------------------------------------------------------------------------------------

    def scoped(self, node: n.Scoped) -> Bound:
        """A metric with a condition; the other postfixes belong inside an aggregate."""
        if node.per is not None:
            help_ = f"say what to do with the members: `avg(… per {node.per})`"
            return self.report.fault("T207", "`per` without an aggregate around it", node.per.span, help_)
        if node.on is not None or node.at is not None:
            word = f"on {node.on}" if node.on is not None else f"at {node.at}"
            message = f"`{word}` belongs inside the aggregate's parentheses"
            return self.report.fault("T207", message, node.span, f"say `count(tickets {word})`")
        body = self.value(node.body)
        return body if node.where is None else self.filtered(body, node.where, node.span)

    def filtered(self, body: Bound, where: n.Node, span: Span) -> Bound:
        """`m where condition`: the condition's dimensions must be reached by every dataset below `m`."""
        if body is POISON:
            return POISON
        datasets = leaves(self.catalog, body, known=self.known)
        conditions = Conditions(
            self.catalog, self.functions, self.report, datasets, lambda: leaves(self.catalog, body, kind="timeless")
        )
        condition = conditions.condition(where)
        return POISON if condition is POISON else Filtered(body, condition, body.type, body.unit, span)

    # --- calls -----------------------------------------------------------------------------------------------------

    def special(self, function: Function, node: n.Call) -> Bound:
        """A call of an aggregate or a context form. Raises Missing."""
        if function.kind is Kind.AGGREGATE:
            first = node.arguments[0]
            if isinstance(first, n.Scoped) and first.per is not None:
                return self._nested(function, first, first.per, node)
            aggregation = Aggregation(self.catalog, self.functions, self.report, self.missing)
            return aggregation.bind(function, row_scope(first), node)
        if function.kind is Kind.SETS:
            return Sequences(self.catalog, self.functions, self.report, self.missing).bind(function, node)
        form = _FORMS.get(function.name)
        if form is None:
            return self.report.fault("T236", f"`{node.name}` changes the context in no way known", node.name_span)
        return form(self, node)

    def _nested(self, function: Function, scope: n.Scoped, member: n.Name, node: n.Call) -> Bound:
        """An aggregate over members: `avg(m per customer)`."""
        if scope.on is not None or scope.at is not None:
            message = "`on` and `at` belong to an aggregate over rows, not over members"
            return self.report.fault("T213", message, scope.span, "write them inside the inner aggregate")
        by_grain = len(member.parts) == 1 and member.parts[0] in n.GRAINS
        self._members += not by_grain
        body = self.value(scope.body)
        self._members -= not by_grain
        if scope.where is not None:
            body = self.filtered(body, scope.where, scope.span)
        if body is POISON:
            return POISON
        if function.name in ("first", "last") and not by_grain:
            help_ = "`min`, `max` or `avg` take members as they come"
            message = f"the members of `per {member}` have no order in time"
            return self.report.fault("T216", message, node.span, help_)
        found = outcome(function, body, node, self.report)
        if (not by_grain and not self._members_reached(body, member)) or found is None:
            return POISON
        return Nested(
            function.name, body, member.parts, by_grain, found.type, found.unit, found.extra,
            gives_zero(function, self.missing), node.span,
        )  # fmt: skip

    def _members_reached(self, body: Bound, member: n.Name) -> bool:
        """Whether every dataset below reaches the members, or does not need to. Raises Missing."""
        datasets = leaves(self.catalog, body, member.parts)
        if not datasets:
            every = leaves(self.catalog, body)
            datasets = frozenset(d for d in every if isinstance(self.catalog.reach(d, member.parts), Reached))
        found = reach_all(self.catalog, datasets, member.parts)
        if isinstance(found, Reached):
            if faulty_anywhere(self.catalog, datasets, member.parts):
                return False
            problem = blocked_anywhere(
                self.catalog, datasets, member.parts, lambda: leaves(self.catalog, body, member.parts, kind="timeless")
            )
        elif needs := wanting(self.catalog, datasets, member.parts):
            raise Missing(*needs)
        else:
            problem = explain_unreached(self.catalog, found[0], member.parts, found[1])
        if problem is not None:
            nothing = f"`per {member}` has no members: nothing below it reads rows"
            message = nothing if problem.code == "T118" else problem.message
            self.report.fault(problem.code, message, member.span, problem.help)
        return problem is None

    # --- context forms ---------------------------------------------------------------------------------------------

    def _shifted(self, node: n.Call, body: Bound) -> Bound:
        """`body` one period back, or as far as the call's second argument says."""
        step = self._step(node)
        return POISON if body is POISON or step is None else Shift(body, *step, body.type, body.unit, node.span)

    def _previous(self, node: n.Call) -> Bound:
        return self._shifted(node, self.value(node.arguments[0]))

    def _year_ago(self, node: n.Call) -> Bound:
        body = self.value(node.arguments[0])
        return POISON if body is POISON else Shift(body, 1, "year", body.type, body.unit, node.span)

    def _change(self, node: n.Call) -> Bound:
        body = self.value(node.arguments[0])
        before = self._shifted(node, body)
        if body.type.temporal:
            return self._both(node, self.operate("elapsed", [body, before], node.span))
        return self._both(node, self._arithmetic("-", node, body, before))

    def _growth(self, node: n.Call) -> Bound:
        body = self.value(node.arguments[0])
        ratio = self._arithmetic("/", node, body, self._shifted(node, body))
        if ratio is POISON:
            return POISON
        one = Constant(1, Type.INTEGER, BARE, node.span)
        return self._both(node, Apply("-", (ratio, one), Type.DOUBLE, RATIO, span=node.span))

    def _share(self, node: n.Call) -> Bound:
        body = self.value(node.arguments[0])
        return self._both(node, self._arithmetic("/", node, body, self._lifted(node, body)))

    def _ranked(self, node: n.Call) -> Bound:
        function, body = self.functions[node.name], self.value(node.arguments[0])
        if body is POISON:
            return POISON
        if not body.type.numeric and body.type is not Type.NULL:
            message = f"`{node.name}` takes a number, this is a {body.type.family}"
            return self.report.fault("T201", message, node.arguments[0].span, "compare what can be measured")
        unit = {"count": COUNT, "ratio": RATIO}.get(function.unit, NUMBER)
        return Ranked(node.name, body, Type(function.gives), unit, node.span)

    def _history(self, node: n.Call) -> Bound:
        return history(self.functions[node.name], node, self.value(node.arguments[0]), self.report)

    def _arithmetic(self, operator: str, node: n.Call, body: Bound, other: Bound) -> Bound:
        if body is POISON or body.type.numeric or body.type is Type.NULL:
            return self.operate(operator, [body, other], node.span)
        message = f"`{node.name}` takes a number, this is a {body.type.family}"
        return self.report.fault("T201", message, node.arguments[0].span, "`previous` takes a metric of any type")

    def _both(self, node: n.Call, bound: Bound) -> Bound:
        """A form that says its body twice, if it has not grown too large; else nothing above it need be looked at."""
        if bound is POISON or caps.measure(bound)[1] <= caps.MAX_NODES:
            return bound
        message = f"`{node.name}` inside `{node.name}`, written out, has more than {caps.MAX_NODES:,} parts"
        return self.report.fault("S105", message, node.span, "give its inner parts names of their own, as metrics")

    def _step(self, node: n.Call) -> tuple[int, str | None] | None:
        """How far back: `3` periods, or `1 year`; one period when not said."""
        if len(node.arguments) < 2:
            return 1, None
        by = node.arguments[1]
        if isinstance(by, n.Number) and isinstance(by.value, int) and not by.percent and 0 < by.value <= MAX_PERIODS:
            return by.value, None
        if isinstance(by, n.Duration) and _whole(by):
            return int(by.count), by.unit
        message = f"`{node.name}` goes back a whole number of periods, or a whole literal duration"
        self.report.fault("T209", message, by.span, "write `3` or `1 year`")
        return None

    def _trailing(self, node: n.Call) -> Bound:
        body, by = self.value(node.arguments[0]), node.arguments[1]
        duration: n.Node | None = by
        if isinstance(by, n.Parameter):
            found = self.parameter(by)
            if found is None:
                return POISON
            duration = found.default
        if not isinstance(duration, n.Duration) or not is_length(duration):
            message = "`trailing` takes a duration, as it stands or as a parameter"
            return self.report.fault("T209", message, by.span, "write `28 days`, `3 months`, `1.5 hours`")
        parameter = by.name if isinstance(by, n.Parameter) else None
        return self._windowed("trailing", node, body, plain_count(duration), duration.unit, parameter)

    def _to_date(self, node: n.Call) -> Bound:
        body, grain = self.value(node.arguments[0]), node.arguments[1]
        if isinstance(grain, n.Name) and len(grain.parts) == 1 and grain.parts[0] in n.GRAINS:
            return self._windowed("to_date", node, body, step=grain.parts[0])
        help_ = did_you_mean(str(grain), n.GRAINS) if isinstance(grain, n.Name) else None
        message = "`to_date` takes a grain"
        return self.report.fault("T209", message, grain.span, help_ or "write `to_date(revenue, year)`")

    def _cumulative(self, node: n.Call) -> Bound:
        return self._windowed("cumulative", node, self.value(node.arguments[0]))

    def _opening(self, node: n.Call) -> Bound:
        return self._windowed("opening", node, self.value(node.arguments[0]))

    def _closing(self, node: n.Call) -> Bound:
        return self._windowed("closing", node, self.value(node.arguments[0]))

    def _windowed(
        self,
        form: WindowForm,
        node: n.Call,
        body: Bound,
        count: int | Decimal = 0,
        step: str | None = None,
        parameter: str | None = None,
    ) -> Bound:
        if body is POISON:
            return POISON
        return Windowed(form, body, body.type, body.unit, count, step, parameter, node.span)

    def _total(self, node: n.Call) -> Bound:
        return self._lifted(node, self.value(node.arguments[0]))

    def _lifted(self, node: n.Call, body: Bound) -> Bound:
        """`body` with the dimensions lifted that the call names after it, or all. Raises Missing."""
        lifted = [self._dimension(node, argument) for argument in node.arguments[1:]]
        if body is POISON or None in lifted:
            return POISON
        names = tuple(parts for parts in lifted if parts is not None)
        return Lifted(body, names or None, body.type, body.unit, span=node.span)

    def _regardless(self, node: n.Call) -> Bound:
        if not self._members:
            message = "`regardless` speaks of the member of a `per`, and stands in none"
            return self.report.fault("T510", message, node.span, "write `avg(regardless(mrr) per customer)`")
        body = self.value(node.arguments[0])
        return POISON if body is POISON else Lifted(body, None, body.type, body.unit, alone=True, span=node.span)

    def _dimension(self, node: n.Call, argument: n.Node) -> tuple[str, ...] | None:
        """The dimension an argument names; None with a fault when no dataset has it."""
        if isinstance(argument, n.Scoped) and argument.at is not None and isinstance(argument.body, n.Name):
            body = argument.body
            argument = n.Name((*body.parts[:-1], f"{body.parts[-1]} at {argument.at}"), argument.span)
        if not isinstance(argument, n.Name):
            message = f"`{node.name}` takes names of dimensions after the metric"
            self.report.fault("T209", message, argument.span, f"write `{node.name}(mrr, plan)`")
            return None
        if known_anywhere(self.catalog, argument.parts):
            return argument.parts
        names = dict.fromkeys(name for d in self.catalog.datasets for name in self.catalog.dimensions(d))
        help_ = did_you_mean(str(argument), tuple(names)[:MAX_SUGGESTED])
        self.report.fault("T111", f"no dataset has a dimension `{argument}`", argument.span, help_)
        return None

    # --- currencies ------------------------------------------------------------------------------------------------

    def _in_currency(self, node: n.Call) -> Bound:
        body, into = self.value(node.arguments[0]), self._currency(node)
        if body is POISON or into is None or not self._is_money(node, body):
            return POISON
        if body.unit.currency != into and not priceable(self.catalog, node.span, self.report):
            return POISON
        kind = Type.DOUBLE if body.type.numeric else body.type
        return Rated(body, kind, reported(body.unit, into), currency=into, span=node.span)

    def _currency(self, node: n.Call) -> str | None:
        """The currency that `in_currency` names, else the project's; None with a fault when it is no code."""
        if len(node.arguments) < 2:
            return self.catalog.project.currency
        code = node.arguments[1]
        if isinstance(code, n.Text) and is_code(code.value):
            return code.value
        message = f"`{node.name}` takes the three capital letters of a currency, in quotes"
        self.report.fault("U329", message, code.span, "write `in_currency(mrr, 'USD')`")
        return None

    def _is_money(self, node: n.Call, body: Bound) -> bool:
        if body.unit.currency is not None:
            return True
        said = "bare number" if body.unit.free else str(body.unit)
        message = f"`{node.name}` takes an amount of money, this is a {said}"
        self.report.fault("U330", message, node.arguments[0].span, "give its columns `unit: money`")
        return False

    def _at_rates(self, node: n.Call) -> Bound:
        return self._rated(node, self.value(node.arguments[0]), "start" if "opening" in node.name else "end")

    def _rated(self, node: n.Call, body: Bound, edge: Literal["start", "end"]) -> Bound:
        return POISON if body is POISON else Rated(body, body.type, body.unit, edge=edge, span=node.span)

    def _fx_drift(self, node: n.Call) -> Bound:
        body = self.value(node.arguments[0])
        if body is POISON or not self._is_money(node, body):
            return POISON
        both = [self._rated(node, body, "end"), self._rated(node, body, "start")]
        return self._both(node, self.operate("-", both, node.span))


_FORMS: dict[str, Callable[[Measures, n.Call], Bound]] = {
    "previous": Measures._previous,
    "year_ago": Measures._year_ago,
    "change": Measures._change,
    "growth": Measures._growth,
    "trailing": Measures._trailing,
    "to_date": Measures._to_date,
    "cumulative": Measures._cumulative,
    "opening": Measures._opening,
    "closing": Measures._closing,
    "total": Measures._total,
    "share": Measures._share,
    "regardless": Measures._regardless,
    "in_currency": Measures._in_currency,
    "at_opening_rates": Measures._at_rates,
    "at_closing_rates": Measures._at_rates,
    "fx_drift": Measures._fx_drift,
    "rank": Measures._ranked,
    "percent_rank": Measures._ranked,
    "zscore": Measures._ranked,
    **dict.fromkeys(HISTORIES, Measures._history),
}
"""The forms that change the context in which a metric is evaluated."""


def _whole(duration: n.Duration) -> bool:
    return is_length(duration) and duration.count == int(duration.count)
