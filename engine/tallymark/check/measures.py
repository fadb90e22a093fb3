"""Metric level: names are metrics, aggregates are leaves, and context forms say where their bodies are evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tallymark.catalog import Catalog, Reached
from tallymark.check import measuring, operators
from tallymark.check.dimensions import blocked_anywhere, explain_unreached, leaves, reach_all
from tallymark.check.expressions import Expressions
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import RowScope, Rows, datasets_named, row_scope
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Axis,
    Bound,
    ColumnUse,
    Constant,
    DimensionUse,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    Shift,
    Windowed,
)
from tallymark.formula.functions import Function, Kind
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import BARE, COUNT, NUMBER, RATIO, Unit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an aggregate gives for an argument."""

    type: Type
    unit: Unit
    extra: tuple[Decimal, ...]


class Measures(Expressions):
    """Binds a metric's formula. `missing` is the metric's own rule for aggregates over no rows."""

    def __init__(
        self, catalog: Catalog, functions: Mapping[str, Function], report: Report, missing: str | None = None
    ) -> None:
        super().__init__(catalog, functions, report)
        self.missing = missing

    # --- names -----------------------------------------------------------------------------------------------------

    def name(self, node: n.Name) -> Bound:
        name = node.parts[0]
        if len(node.parts) > 1:
            return self._column_without_aggregate(node)
        metric = self.catalog.metrics.get(name)
        if metric is None:
            return self._unknown(node)
        if metric.needs:
            raise Missing(*metric.needs)
        if metric.expression is None:
            return POISON
        return MetricUse(name, metric.type, metric.unit, node.span)

    def _column_without_aggregate(self, node: n.Name) -> Bound:
        message = f"`{node}` is a column; a metric needs an aggregate over it"
        if self.catalog.dataset(node.parts[0]) is None and node.parts[0] not in self.catalog.missing:
            known = (*self.catalog.datasets, *self.catalog.aliases)
            return self.report.fault(
                "T102", f"unknown dataset `{node.parts[0]}`", node.span, did_you_mean(node.parts[0], known)
            )
        return self.report.fault("T101", message, node.span, f"say `sum({node})`, `avg({node})`, `count({node})`…")

    def _unknown(self, node: n.Name) -> Bound:
        name = str(node)
        if self.catalog.dataset(name) is not None:
            message = f"`{name}` is a dataset, not a metric"
            return self.report.fault("T101", message, node.span, f"say `count({name})`")
        known = [m for m in self.catalog.metrics if m != name]
        help_ = did_you_mean(name, known)
        close = help_ and help_.startswith("did you mean")
        if close and (found := self.catalog.metrics[help_.split("`")[1]]).place.line:  # type: ignore[union-attr]
            help_ = f"{help_} ({found.place.file}:{found.place.line})"
        columns = [f"{d.name}.{name}" for d in self.catalog.datasets.values() if name in d.columns]
        if not close and columns:
            help_ = f"`{columns[0]}` is a column: aggregate it, `sum({columns[0]})` for example"
        return self.report.fault("T103", f"unknown metric `{name}`", node.span, help_)

    # --- postfixes -------------------------------------------------------------------------------------------------

    def scoped(self, node: n.Scoped) -> Bound:
        if node.per is not None:
            help_ = f"say what to do with the members: `avg(… per {node.per})`"
            return self.report.fault("T207", "`per` without an aggregate around it", node.per.span, help_)
        if node.on is not None or node.at is not None:
            word = "on" if node.on is not None else "at"
            message = f"`{word}` belongs inside the aggregate's parentheses"
            return self.report.fault("T207", message, node.span, f"say `count(tickets {word} …)`")
        body = self.bind(node.body)
        if node.where is None or body is POISON:
            return body
        return self.filtered(body, node.where, node.span)

    def filtered(self, body: Bound, where: n.Node, span: Span) -> Bound:
        """`m where condition`: the condition's dimensions must be reached by every dataset below `m`."""
        datasets = leaves(self.catalog, body)
        condition = Conditions(self.catalog, self.functions, self.report, datasets).condition(where)
        if condition is POISON:
            return POISON
        return Filtered(body, condition, body.type, body.unit, span)

    # --- calls -----------------------------------------------------------------------------------------------------

    def special(self, function: Function, node: n.Call) -> Bound:
        match function.kind:
            case Kind.AGGREGATE:
                first = node.arguments[0]
                if isinstance(first, n.Scoped) and first.per is not None:
                    return self._nested(function, first, first.per, node)
                return self._aggregate(function, row_scope(first), node)
            case Kind.CONTEXT:
                return getattr(self, f"_context_{function.name}")(node)  # type: ignore[no-any-return]
        help_ = "count the members that convert with `count(… per …)`, or compare two times of one row"
        return self.report.fault("T230", f"`{node.name}` is not answered yet", node.name_span, help_)

    # --- aggregates over rows --------------------------------------------------------------------------------------

    def _aggregate(self, function: Function, scope: RowScope, node: n.Call) -> Bound:
        dataset = datasets_named(self.catalog, scope, self.report)
        if dataset is None:
            return POISON
        rows = Rows(self.catalog, self.functions, self.report, dataset)
        argument = self._argument_of(function, scope, dataset, rows)
        conditions = [rows.condition(w) for w in scope.where]
        axis = self._axis(scope, dataset, rows, node)
        outcome = self._outcome(function, argument, node) if argument is not POISON else None
        if axis is None or outcome is None or any(c is POISON for c in conditions):
            return POISON
        if function.name == "count" and argument is not None and _is_condition(argument):
            conditions, argument = [*conditions, argument], None
        condition = _all_of(conditions)
        leaf = Aggregate(
            function.name, dataset, argument, condition, axis, outcome.type, outcome.unit, outcome.extra,
            self._zero(function), node.span,
        )  # fmt: skip
        if scope.at == "start":
            return Windowed("opening", leaf, leaf.type, leaf.unit, span=node.span)
        return leaf

    def _zero(self, function: Function) -> bool:
        return self.missing == "zero" if self.missing else function.empty == "zero"

    def _argument_of(self, function: Function, scope: RowScope, dataset: str, rows: Rows) -> Bound | None:
        """The bound argument; None when whole rows are counted."""
        body = scope.body
        whole = isinstance(body, n.Name) and len(body.parts) == 1
        named = self.catalog.dataset(body.parts[0]) if whole else None  # type: ignore[union-attr]
        if named is None or named.name != dataset:
            return measuring.settle(rows.bind(body))
        if function.name == "count":
            return None
        numbers = [c for c, column in named.columns.items() if column.type.numeric]
        example = f"{dataset}.{numbers[0] if numbers else 'column'}"
        message = f"`{function.name}` takes a column, `{dataset}` is a dataset"
        return self.report.fault("T212", message, body.span, f"say `{function.name}({example})`, or `count({dataset})`")

    def _axis(self, scope: RowScope, dataset: str, rows: Rows, node: n.Call) -> Axis | None:
        own = self.catalog.datasets[dataset]
        if scope.on is not None and scope.at is not None:
            self.report.fault("T213", "`on` makes a flow and `at` a stock: one of the two", node.span)
            return None
        if scope.on is not None:
            return self._flow_on(scope.on, rows)
        if scope.at is not None and own.valid is None:
            help_ = "give the dataset `valid: [from, to]`"
            self.report.fault("T214", f"`at {scope.at}` needs validity, and `{dataset}` has none", node.span, help_)
            return None
        if scope.at is None and own.time is not None:
            return Axis("flow", (self._present(own.time, dataset),))
        if own.valid is not None:
            return Axis("stock", tuple(self._present(c, dataset) for c in own.valid))
        return Axis("timeless")

    def _present(self, column: str, dataset: str) -> str:
        if column not in self.catalog.datasets[dataset].columns:
            raise Missing(f"column {dataset}.{column}")
        return column

    def _flow_on(self, on: n.Name, rows: Rows) -> Axis | None:
        bound = rows.bind(on)
        if bound is POISON:
            return None
        assert isinstance(bound, ColumnUse)
        if bound.path:
            message = f"`on {on}`: the time of a flow is a column of its own dataset, `{rows.dataset}`"
            self.report.fault("T215", message, on.span)
            return None
        if not bound.type.temporal:
            self.report.fault("T215", f"`on {on}` takes a time, `{on}` is a {bound.type.family}", on.span)
            return None
        return Axis("flow", (bound.column,))

    # --- what an aggregate gives -----------------------------------------------------------------------------------

    def _outcome(self, function: Function, argument: Bound | None, node: n.Call) -> Outcome | None:
        """Type and unit of an aggregate of `argument` (None: of rows); None with a fault when it does not fit."""
        extra = self._fraction(node) if function.name == "percentile" else ()
        if extra is None:
            return None
        found = argument.type if argument is not None else Type.NULL
        wanted = function.takes[0].family
        if wanted not in ("any", found.family) and found is not Type.NULL:
            help_ = "count a condition with `count`, or turn it into a number by if(…, 1, 0)" if wanted == "number" else None
            message = f"`{function.name}` takes a {wanted}, this is a {found.family}"
            self.report.fault("T201", message, node.arguments[0].span, help_)
            return None
        kind = found if function.gives == "first" else Type(function.gives)
        unit = argument.unit if argument is not None and found.numeric else NUMBER
        if function.unit == "count":
            unit = COUNT
        elif function.unit == "square":
            unit = Unit(tuple((m, 2 * e) for m, e in unit.powers), 2 * unit.hundreds, unit.fraction)
        elif unit.free:
            unit = NUMBER
        return Outcome(kind, unit if function.unit != "none" else NUMBER, extra)

    def _fraction(self, node: n.Call) -> tuple[Decimal, ...] | None:
        if len(node.arguments) == 2 and isinstance(p := node.arguments[1], n.Number) and 0 <= p.value <= 100:
            return (Decimal(p.value) / 100,)
        self.report.fault("T209", "the second argument of `percentile` is a number from 0 to 100", node.arguments[-1].span)
        return None

    # --- aggregates over members -----------------------------------------------------------------------------------

    def _nested(self, function: Function, scope: n.Scoped, member: n.Name, node: n.Call) -> Bound:
        if scope.on is not None or scope.at is not None:
            message = "`on` and `at` belong to an aggregate over rows, not over members"
            return self.report.fault("T213", message, scope.span, "write them inside the inner aggregate")
        by_grain = len(member.parts) == 1 and member.parts[0] in n.GRAINS
        body = measuring.settle(self.bind(scope.body))
        if body is not POISON and scope.where is not None:
            body = self.filtered(body, scope.where, scope.span)
        if body is POISON:
            return POISON
        if function.name in ("first", "last") and not by_grain:
            return self.report.fault("T216", f"the members of `per {member}` have no order in time", node.span)
        if not by_grain and not self._members_reached(body, member):
            return POISON
        outcome = self._outcome(function, body, node)
        if outcome is None:
            return POISON
        return Nested(
            function.name, body, member.parts, by_grain, outcome.type, outcome.unit, outcome.extra,
            self._zero(function), node.span,
        )  # fmt: skip

    def _members_reached(self, body: Bound, member: n.Name) -> bool:
        datasets = leaves(self.catalog, body, member.parts)
        if not datasets:
            every = leaves(self.catalog, body)
            datasets = frozenset(d for d in every if isinstance(self.catalog.reach(d, member.parts), Reached))
        found = reach_all(self.catalog, datasets, member.parts)
        if isinstance(found, Reached):
            problem = blocked_anywhere(self.catalog, datasets, member.parts)
            if problem is not None:
                self.report.fault(problem[0], problem[1], member.span, problem[2])
            return problem is None
        code, message, help_ = explain_unreached(self.catalog, found[0], member.parts, found[1])
        if not found[0]:
            message = f"`per {member}` has no members: nothing below it reads rows"
        self.report.fault(code, message, member.span, help_)
        return False

    # --- context forms ---------------------------------------------------------------------------------------------

    def _context_previous(self, node: n.Call) -> Bound:
        body, step = self._metric(node), self._step(node)
        if body is POISON or step is None:
            return POISON
        return Shift(body, *step, body.type, body.unit, node.span)

    def _context_year_ago(self, node: n.Call) -> Bound:
        body = self._metric(node)
        return POISON if body is POISON else Shift(body, 1, "year", body.type, body.unit, node.span)

    def _context_change(self, node: n.Call) -> Bound:
        body, before = self._metric(node), self._context_previous(node)
        if body.type.temporal:
            return self.operate("elapsed", [body, before], node.span)
        return self.operate("-", [body, before], node.span)

    def _context_growth(self, node: n.Call) -> Bound:
        body, before = self._metric(node), self._context_previous(node)
        ratio = self.operate("/", [body, before], node.span)
        if ratio is POISON:
            return POISON
        one = Constant(1, Type.INTEGER, BARE, node.span)
        return Apply("-", (ratio, one), Type.DOUBLE, RATIO, span=node.span)

    def _metric(self, node: n.Call) -> Bound:
        return measuring.settle(self.bind(node.arguments[0]))

    def _step(self, node: n.Call) -> tuple[int, str | None] | None:
        """How far back: `3` periods, or `1 year`; one period when not said."""
        if len(node.arguments) < 2:
            return 1, None
        by = node.arguments[1]
        if isinstance(by, n.Number) and isinstance(by.value, int) and not by.percent and 0 < by.value <= 100_000:
            return by.value, None
        if isinstance(by, n.Duration) and by.count == int(by.count) and 0 < by.count <= 1_000_000:
            return int(by.count), by.unit
        message = f"`{node.name}` goes back a whole number of periods, or a whole duration"
        self.report.fault("T209", message, by.span, "write `3` or `1 year`")
        return None

    def _context_trailing(self, node: n.Call) -> Bound:
        body, by = self._metric(node), node.arguments[1]
        duration = self._duration_of(by)
        if duration is None or duration.count != int(duration.count) or not 0 < duration.count <= 1_000_000:
            message = "`trailing` takes a whole literal duration"
            return self.report.fault("T209", message, by.span, "write `28 days`, `3 months`")
        if body is POISON:
            return POISON
        parameter = by.name if isinstance(by, n.Parameter) else None
        return Windowed(
            "trailing", body, body.type, body.unit, int(duration.count), duration.unit, parameter, node.span
        )

    def _duration_of(self, node: n.Node) -> n.Duration | None:
        """A literal duration, or the default of a duration parameter."""
        if isinstance(node, n.Parameter):
            found = self.parameter(node)
            return found.default if found is not None and isinstance(found.default, n.Duration) else None
        return node if isinstance(node, n.Duration) else None

    def _context_to_date(self, node: n.Call) -> Bound:
        body, grain = self._metric(node), node.arguments[1]
        if not (isinstance(grain, n.Name) and len(grain.parts) == 1 and grain.parts[0] in n.GRAINS):
            message = "`to_date` takes a grain"
            return self.report.fault("T209", message, grain.span, "write `to_date(revenue, year)`")
        if body is POISON:
            return POISON
        return Windowed("to_date", body, body.type, body.unit, step=grain.parts[0], span=node.span)

    def _context_cumulative(self, node: n.Call) -> Bound:
        body = self._metric(node)
        return POISON if body is POISON else Windowed("cumulative", body, body.type, body.unit, span=node.span)

    def _context_opening(self, node: n.Call) -> Bound:
        body = self._metric(node)
        return POISON if body is POISON else Windowed("opening", body, body.type, body.unit, span=node.span)

    def _context_closing(self, node: n.Call) -> Bound:
        body = self._metric(node)
        return POISON if body is POISON else Windowed("closing", body, body.type, body.unit, span=node.span)

    def _context_total(self, node: n.Call) -> Bound:
        body = self._metric(node)
        names = node.arguments[1:]
        for name in names:
            if not isinstance(name, n.Name):
                return self.report.fault("T209", f"`{node.name}` takes names of dimensions after the metric", name.span)
        lifted = tuple(name.parts for name in names if isinstance(name, n.Name)) or None
        if body is POISON:
            return POISON
        return Lifted(body, lifted, body.type, body.unit, node.span)

    def _context_share(self, node: n.Call) -> Bound:
        return self.operate("/", [self._metric(node), self._context_total(node)], node.span)


class Conditions(Expressions):
    """Binds a `where` at metric level: names are dimensions that all of `datasets` reach."""

    def __init__(
        self, catalog: Catalog, functions: Mapping[str, Function], report: Report, datasets: frozenset[str]
    ) -> None:
        super().__init__(catalog, functions, report)
        self.datasets = datasets

    def name(self, node: n.Name) -> Bound:
        found = reach_all(self.catalog, self.datasets, node.parts)
        if isinstance(found, Reached):
            if found.type is Type.OPAQUE:
                return self.report.fault("T210", f"`{node}` is of a kind formulas do not handle", node.span)
            if (problem := blocked_anywhere(self.catalog, self.datasets, node.parts)) is not None:
                return self.report.fault(problem[0], problem[1], node.span, problem[2])
            return DimensionUse(node.parts, self._common(node, found), found.unit, node.span)
        dataset, why = found
        if len(node.parts) == 1 and node.parts[0] in self.catalog.metrics and not why.candidates:
            message = f"`{node}` is a metric; this condition speaks of dimensions"
            help_ = f"to filter members by a metric, nest: `count({node} > 0 per customer)`"
            return self.report.fault("T106", message, node.span, help_)
        self._raise_if_missing(node)
        code, message, help_ = explain_unreached(self.catalog, dataset, node.parts, why)
        return self.report.fault(code, message, node.span, help_)

    def _common(self, node: n.Name, found: Reached) -> Type:
        """One type for all datasets: instants and naive times meet as local times."""
        kinds = {r.type for d in self.datasets if isinstance(r := self.catalog.reach(d, node.parts), Reached)}
        if len({k.family for k in kinds}) > 1:
            listed = " and ".join(sorted(k.family for k in kinds))
            self.report.fault("T217", f"`{node}` is {listed} in different datasets", node.span)
        return Type.TIMESTAMP if Type.INSTANT in kinds else found.type

    def _raise_if_missing(self, node: n.Name) -> None:
        for dataset in self.datasets:
            own = self.catalog.datasets[dataset]
            if node.parts[0] in own.lacking:
                raise Missing(f"column {own.name}.{node.parts[0]}")
            if node.parts[0] in own.unreferenced:
                raise Missing(f"dataset {own.unreferenced[node.parts[0]]}")

    def scoped(self, node: n.Scoped) -> Bound:
        return self.report.fault("T207", "a condition has no `on`, `at`, `where` or `per` of its own", node.span)

    def special(self, function: Function, node: n.Call) -> Bound:
        message = f"`{node.name}` inside a condition over dimensions"
        help_ = "to filter members by a metric, nest: `count(revenue > 0 per customer)`"
        return self.report.fault("T211", message, node.span, help_)


def _is_condition(argument: Bound) -> bool:
    return argument.type is Type.BOOLEAN and not isinstance(argument, ColumnUse)


def _all_of(conditions: list[Bound]) -> Bound | None:
    if not conditions:
        return None
    result = conditions[0]
    for condition in conditions[1:]:
        result = Apply("and", (result, condition), Type.BOOLEAN, NUMBER, span=condition.span)
    return result
