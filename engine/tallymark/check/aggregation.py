"""Aggregates over rows: their dataset, their axis in time, their conditions, and what they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tallymark.catalog import Catalog
from tallymark.check.dimensions import untimed, untimed_use
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import Rows, RowScope, dataset_of
from tallymark.formula import nodes as n
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, ColumnUse, Windowed, is_conversion
from tallymark.formula.function import Recipe
from tallymark.formula.functions import TABLE, Function
from tallymark.kinds import Type
from tallymark.units import COUNT, NUMBER, Unit, raised


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an aggregate gives for an argument."""

    type: Type
    unit: Unit
    extra: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Binds aggregates over rows. `missing` is the metric's own rule for no rows: `zero`, `null` or None."""

    catalog: Catalog
    functions: Mapping[str, Function]
    report: Report
    missing: str | None = None

    def bind(self, function: Function, scope: RowScope, node: n.Call) -> Bound:
        """The aggregate that `node` calls over the rows of `scope`. Raises Missing."""
        dataset = dataset_of(self.catalog, scope, self.report)
        if dataset is None:
            return POISON
        rows = Rows(self.catalog, self.functions, self.report, dataset)
        argument = self._argument(function, scope, rows)
        conditions = [rows.condition(w) for w in scope.where]
        axis = self.axis(scope, rows, node)
        found = outcome(function, argument, node, self.report) if argument is not POISON else None
        if axis is None or found is None or any(c is POISON for c in conditions):
            return POISON
        if function.name == "count" and argument is not None and _is_condition(argument, scope):
            conditions, argument = [*conditions, argument], None
        if axis.kind == "timeless" and self._looks_up(dataset, (argument, *conditions)):
            return POISON
        if function.name == "count" and isinstance(argument, Apply) and is_conversion(argument):
            # Whether there is an amount does not depend on any rate.
            argument = argument.arguments[0]
        leaf = Aggregate(
            function.name, dataset, argument, all_of(conditions), axis, found.type, found.unit, found.extra,
            gives_zero(function, self.missing), node.span,
        )  # fmt: skip
        return Windowed("opening", leaf, leaf.type, leaf.unit, span=node.span) if scope.at == "start" else leaf

    def _argument(self, function: Function, scope: RowScope, rows: Rows) -> Bound | None:
        """The bound argument; None when whole rows are counted."""
        body, dataset = scope.body, rows.dataset
        alone = body.parts[0] if isinstance(body, n.Name) and len(body.parts) == 1 else None
        named = self.catalog.dataset(alone) if alone is not None else None
        if named is None or named.name != dataset:
            return rows.value(body)
        if function.name == "count":
            return None
        numbers = [c for c, column in named.columns.items() if column.type.numeric]
        example = f"{alone}.{numbers[0] if numbers else 'column'}"
        message = f"`{function.name}` takes a column, `{alone}` is a dataset"
        return self.report.fault("T212", message, body.span, f"say `{function.name}({example})`, or `count({alone})`")

    # --- time ------------------------------------------------------------------------------------------------------

    def _looks_up(self, dataset: str, expressions: Iterable[Bound | None]) -> bool:
        """Whether rows without a time look up what changes, which is a fault."""
        found = (untimed_use(self.catalog, dataset, e) for e in expressions if e is not None)
        use = next((u for u in found if u is not None), None)
        if use is not None:
            problem = untimed(dataset, str(use))
            self.report.fault(problem.code, problem.message, use.span, problem.help)
        return use is not None

    def axis(self, scope: RowScope, rows: Rows, node: n.Node) -> Axis | None:
        """What places the rows in time; None with a fault. Raises Missing."""
        own = self.catalog.datasets[rows.dataset]
        if scope.on is not None and scope.at is not None:
            help_ = "a flow is counted `on` a time, a stock is read `at` an edge"
            self.report.fault("T213", "`on` makes a flow and `at` a stock: one of the two", node.span, help_)
            return None
        if scope.on is not None:
            return self._flow_on(scope.on, rows)
        if scope.at is not None and own.valid is None:
            help_ = "give the dataset `valid: [from, to]`"
            self.report.fault("T214", f"`at {scope.at}` needs validity, and `{own.name}` has none", node.span, help_)
            return None
        if scope.at is None and own.time is not None:
            return Axis("flow", (self._present(own.time, own.name),))
        if own.valid is not None:
            return Axis("stock", tuple(self._present(c, own.name) for c in own.valid))
        return Axis("timeless")

    def _present(self, column: str, dataset: str) -> str:
        own = self.catalog.datasets[dataset]
        if column not in own.columns:
            raise Missing(*own.waiting.get(column, (f"column {dataset}.{column}",)))
        return column

    def _flow_on(self, on: n.Name, rows: Rows) -> Axis | None:
        bound = rows.bind(on)
        if not isinstance(bound, ColumnUse):
            return None
        if bound.path:
            message = f"`on {on}`: the time of a flow is a column of its own dataset, `{rows.dataset}`"
            help_ = "to count by another's time, aggregate that dataset"
            self.report.fault("T215", message, on.span, help_)
            return None
        if self.catalog.changes(rows.dataset, bound.path, bound.column):
            message = f"`on {on}`: `{on}` is computed from what changes, which needs a time first"
            self.report.fault("T261", message, on.span, "compute the time from columns of the row's own")
            return None
        if not bound.type.temporal:
            own = self.catalog.datasets[rows.dataset]
            times = ", ".join(f"`{c}`" for c, column in own.columns.items() if column.type.temporal)
            help_ = f"times of `{own.name}`: {times}" if times else f"`{own.name}` has no column that is a time"
            self.report.fault("T215", f"`on {on}` takes a time, `{on}` is a {bound.type.family}", on.span, help_)
            return None
        return Axis("flow", (bound.column,))


# --- what an aggregate gives -----------------------------------------------------------------------------------------


def gives_zero(function: Function, missing: str | None) -> bool:
    """Whether no rows give 0: as the metric says, else as the aggregate's own rule is."""
    return missing == "zero" if missing else function.empty == "zero"


def outcome(function: Function, argument: Bound | None, node: n.Call, report: Report) -> Outcome | None:
    """Type and unit of an aggregate of `argument` (None: of rows); None with a fault when it does not fit."""
    extra: tuple[Any, ...] | None = _fraction(node, report) if function.name == "percentile" else ()
    if function.name not in TABLE:
        extra = _recipe(function, node, report)
    if extra is None:
        return None
    found = argument.type if argument is not None else Type.NULL
    wanted = function.takes[0].family
    if wanted not in ("any", found.family) and found is not Type.NULL:
        message = f"`{function.name}` takes a {wanted}, this is a {found.family}"
        report.fault("T201", message, node.arguments[0].span, _instead(wanted, found))
        return None
    kind = found if function.gives == "first" else Type(function.gives)
    return Outcome(kind, _unit(function, argument), extra)


def _instead(wanted: str, found: Type) -> str | None:
    if wanted == "boolean":
        return "a condition is a comparison, `x > 0` for example"
    if found is Type.BOOLEAN:
        return "count a condition with `count`, or turn it into a number by if(…, 1, 0)"
    if found.temporal:
        return "`min` and `max` take times; two times subtract to a duration"
    return "`count` and `count_distinct` take texts" if found is Type.TEXT else None


def _unit(function: Function, argument: Bound | None) -> Unit:
    if function.unit == "count":
        return COUNT
    if function.unit == "none" or argument is None or not argument.type.numeric or argument.unit.free:
        return NUMBER
    return raised(argument.unit, 2) if function.unit == "square" else argument.unit


def _recipe(function: Function, node: n.Call, report: Report) -> tuple[Recipe] | None:
    """How a plugin's aggregate is computed, with the literals of the call; None with a fault when one is none."""
    literals: list[tuple[str, int | Decimal | str]] = []
    for take, argument in zip(function.takes[1:], node.arguments[1:], strict=False):
        if not isinstance(argument, n.Number | n.Text):
            message = f"the argument `{take.name}` of `{function.name}` is a literal: a number, or a text in quotes"
            report.fault("T209", message, argument.span, f"it is called as {function.signature}")
            return None
        literals.append((take.name, argument.value))
    sql = tuple(sorted(function.sql.items()))
    double = function.gives == "double"
    return (Recipe(sql, function.partials, function.finish, function.takes[0].name, tuple(literals), double),)


def _fraction(node: n.Call, report: Report) -> tuple[Decimal, ...] | None:
    p = node.arguments[1]
    if isinstance(p, n.Number) and 0 <= p.value <= 100:
        return (Decimal(p.value) / 100,)
    message = "the second argument of `percentile` is a number from 0 to 100"
    report.fault("T209", message, p.span, "write `percentile(x, 90)`")
    return None


def _is_condition(argument: Bound, scope: RowScope) -> bool:
    return argument.type is Type.BOOLEAN and not isinstance(scope.body, n.Name)


def all_of(conditions: list[Bound]) -> Bound | None:
    """The conditions joined by `and`; None when there are none."""
    if not conditions:
        return None
    result = conditions[0]
    for condition in conditions[1:]:
        result = Apply("and", (result, condition), Type.BOOLEAN, NUMBER, span=condition.span)
    return result
