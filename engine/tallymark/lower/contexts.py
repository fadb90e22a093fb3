"""Formulas in contexts become nodes of spaces. Equal structure in equal context is one node: nothing is computed twice.

A context is where a formula is evaluated: the window (over the periods of a grid), the filters in force, and the
levels, the question's dimensions first and then the member of each `per` around. Each form changes it and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from tallymark.catalog import Catalog, Reached
from tallymark.definitions import ConvertDef
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    ColumnUse,
    Constant,
    DimensionUse,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    Rated,
    Shift,
    Windowed,
    parts,
)
from tallymark.kinds import Type
from tallymark.lower.pricing import Pricing, priced_type
from tallymark.lower.settle import settle
from tallymark.plan import AtEnd, Key, Leaf, Lift, Nest, Node, Operation, Parts, Value
from tallymark.windows import PERIOD, Window

ROWS = "rows"
"""The aggregate that counts rows, for presence and receipts."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a formula is evaluated. `path` keeps spaces apart that must not feed themselves (a lift under a nest)."""

    grid: int
    window: Window = PERIOD
    filters: frozenset[Bound] = frozenset()
    levels: tuple[tuple[Parts, ...], ...] = ((),)
    path: tuple[str, ...] = ()
    currency: str | None = None
    """What amounts are in; None for each in the currency it is defined in."""
    convert: ConvertDef | None = None
    rates: AtEnd | None = None
    """The moment whose rates `at_opening_rates` and the like ask for."""

    @property
    def dimensions(self) -> tuple[Parts, ...]:
        return tuple(dict.fromkeys(d for level in self.levels for d in level))


@dataclass(slots=True)
class SpaceDraft:
    """A space while it is being filled."""

    number: int
    level: tuple[Parts, ...]
    grid: int
    path: tuple[str, ...]
    nodes: list[Node] = field(default_factory=list)
    index: dict[Node, int] = field(default_factory=dict)
    dense: bool = False

    def put(self, node: Node) -> int:
        """The number of `node`, adding it if it is new."""
        found = self.index.get(node)
        if found is None:
            found = self.index[node] = len(self.nodes)
            self.nodes.append(node)
        return found


Result = TypeVar("Result")

Pieces = Callable[[int, Window, str], int]
"""Gives the grid of the pieces that a grain cuts out of a window, over every period of a grid."""


DEEPEST = 120
"""Levels of metrics on metrics that are lowered on one stack; below that, the deeper ones are lowered first."""


class _TooDeepError(Exception):
    """A metric stands too deep below others to be lowered on this stack."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__("lowered later")
        self.work = work


class Contexts:
    """Fills spaces with the nodes of formulas."""

    def __init__(self, catalog: Catalog, values: Mapping[str, Any], pieces: Pieces) -> None:
        self.catalog = catalog
        self.values = values
        self.pieces = pieces
        self.pricing = Pricing(catalog)
        self.spaces: list[SpaceDraft] = []
        self.keys: dict[Parts, Key] = {}
        self._by_place: dict[tuple[tuple[Parts, ...], int, tuple[str, ...]], SpaceDraft] = {}
        self._metrics: dict[tuple[str, Context], int] = {}
        self._settled: dict[str, Bound] = {}
        self._levels: dict[str, int] = {}
        self._depth = 0
        self._presence: dict[tuple[str, Context, frozenset[Bound]], tuple[int, ...]] = {}

    # --- spaces ----------------------------------------------------------------------------------------------------

    def space(self, context: Context) -> SpaceDraft:
        """The space in which formulas of this context are columns."""
        place = (context.dimensions, context.grid, context.path)
        if place not in self._by_place:
            draft = SpaceDraft(len(self.spaces), *place)
            self._by_place[place] = draft
            self.spaces.append(draft)
        return self._by_place[place]

    def metric(self, name: str) -> Bound:
        """The metric's formula with parameters put in."""
        if name not in self._settled:
            expression = self.catalog.metrics[name].expression
            if expression is None:
                raise FaultError(Fault("Q510", f"the metric `{name}` has faults or lacks data"))
            self._settled[name] = settle(expression, self.values)
        return self._settled[name]

    # --- formulas --------------------------------------------------------------------------------------------------

    def lower(self, bound: Bound, context: Context) -> int:
        """The node of `bound` in the space of `context`."""
        match bound:
            case Constant(value=value, type=kind):
                return self.space(context).put(Value(value, kind))
            case MetricUse(name=name):
                return self._metric(name, context)
            case Apply():
                inner = self.pricing.beside(bound, context)
                arguments = tuple(self.lower(a, inner) for a in bound.arguments)
                kind = priced_type(bound, context.currency)
                return self.space(context).put(Operation(bound.function, arguments, kind, bound.extra))
            case Aggregate():
                return self.space(context).put(self._leaf(bound, context))
            case Nested():
                return self._nest(bound, context)
            case Lifted():
                return self._lift(bound, context)
        return self.lower(inside(bound), self.moved(bound, context))

    def shallow(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, however deep metrics build on each other: what stands too deep is done first."""
        waiting: list[Callable[[], object]] = [work]
        while True:
            self._depth = 0
            try:
                result = waiting[-1]()
            except _TooDeepError as deeper:
                waiting.append(deeper.work)
                continue
            waiting.pop()
            if not waiting:
                return cast("Result", result)

    def _below(self, name: str, work: Callable[[], Result]) -> Result:
        """Does `work` on a metric, as many levels further down as its formula is high."""
        if self._depth >= DEEPEST:
            raise _TooDeepError(work)
        if name not in self._levels:
            self._levels[name] = _height(self.metric(name))
        self._depth += self._levels[name]
        try:
            return work()
        finally:
            self._depth -= self._levels[name]

    def _metric(self, name: str, context: Context) -> int:
        place = (name, context)
        if place not in self._metrics:
            self._below(name, lambda: self._noted(place))
        return self._metrics[place]

    def _noted(self, place: tuple[str, Context]) -> None:
        self._metrics[place] = self.lower(self.metric(place[0]), self.of_metric(*place))

    def of_metric(self, name: str, context: Context) -> Context:
        """The context of a metric's formula: its own rule of conversion holds, and for the metrics it uses."""
        metric = self.catalog.metrics[name]
        self.pricing.require_rows(metric, context)
        own = metric.definition.convert
        return context if own is None else replace(context, convert=own)

    def moved(self, bound: Bound, context: Context) -> Context:
        """The context in which the body of a window form, a shift or a filter is evaluated."""
        match bound:
            case Shift(count=count, step=step):
                return replace(context, window=shifted(context.window, count, step))
            case Windowed(form="trailing", count=count, step=str(step)):
                return replace(context, window=context.window.trailing(count, step))
            case Windowed(form="to_date", step=str(step)):
                return replace(context, window=context.window.to_date(step))
            case Windowed(form=form):
                return replace(context, window=getattr(context.window, form)())
            case Rated():
                return self.pricing.moved(bound, context)
            case Filtered(condition=condition):
                return replace(context, filters=context.filters | frozenset(conjuncts(condition)))
        return context

    def _leaf(self, bound: Aggregate, context: Context) -> Leaf:
        bound = self.pricing.leaf(bound, context)
        conditions = self.conditions(bound.dataset, context.filters)
        if bound.condition is not None:
            conditions |= frozenset(conjuncts(bound.condition))
        return Leaf(
            bound.dataset, bound.function, bound.argument, conditions, bound.axis, context.window, bound.type,
            bound.extra, bound.zero,
        )  # fmt: skip

    def conditions(self, dataset: str, filters: frozenset[Bound]) -> frozenset[Bound]:
        """Filters over dimensions as row-level conditions of `dataset`."""
        return frozenset(self.at_rows(f, dataset) for f in filters)

    def at_rows(self, condition: Bound, dataset: str) -> Bound:
        if isinstance(condition, DimensionUse):
            return self.column(condition.parts, dataset)
        if isinstance(condition, Apply):
            return replace(condition, arguments=tuple(self.at_rows(a, dataset) for a in condition.arguments))
        return condition

    def column(self, dimension: Parts, dataset: str) -> Bound:
        """A dimension as a row-level column of `dataset`; instants are read on the project's clock."""
        found = self.catalog.reach(dataset, dimension)
        if not isinstance(found, Reached):
            raise FaultError(Fault("T111", f"`{dataset}` does not reach the dimension `{'.'.join(dimension)}`"))
        use = ColumnUse(found.path, found.column, found.type, found.unit)
        return Apply("local", (use,), Type.TIMESTAMP) if found.type is Type.INSTANT else use

    # --- nests -----------------------------------------------------------------------------------------------------

    def _nest(self, bound: Nested, context: Context) -> int:
        inner = self.inner(bound, context)
        body = self.lower(bound.body, inner)
        present = None if bound.by_grain else self.presence(bound.body, inner, inner.filters)
        member = None if bound.by_grain else bound.member
        nest = Nest(
            self.space(inner).number, bound.function, body, present, context.window,
            priced_type(bound, context.currency), member, bound.extra, bound.zero,
        )  # fmt: skip
        return self.space(context).put(nest)

    def inner(self, bound: Nested, context: Context) -> Context:
        """The context of one member of a `per`."""
        path = (*context.path, "per " + ".".join(bound.member))
        if not bound.by_grain:
            return replace(context, levels=(*context.levels, (bound.member,)), path=path)
        grid = self.pieces(context.grid, context.window, bound.member[0])
        inner = replace(context, grid=grid, window=PERIOD, path=path)
        self.space(inner).dense = True
        return inner

    def presence(self, bound: Bound, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]:
        """Nodes that count the rows a body reads in its windows, under the filters in force around it.

        A dataset that does not reach the members, because they are lifted, makes none of them present.
        """
        found: dict[int, None] = {}
        match bound:
            case MetricUse(name=name):
                place = (name, context, filters)
                if place not in self._presence:
                    self._below(name, lambda: self._presence_noted(place))
                return self._presence[place]
            case Aggregate():
                return self._rows(bound, context, filters)
            case Nested(by_grain=True):
                return self._presence_of_pieces(bound, context, filters)
            case Nested():
                return self.presence(bound.body, context, filters)
            case Apply():
                for part in parts(bound):
                    found.update(dict.fromkeys(self.presence(part, context, filters)))
                return tuple(found)
            case Constant():
                return ()
            case Lifted():
                return self.presence(bound.body, context, filters)
            case Filtered():
                return self.presence(bound.body, context, filters)
        return self.presence(inside(bound), self.moved(bound, context), filters)

    def _presence_noted(self, place: tuple[str, Context, frozenset[Bound]]) -> None:
        name, context, filters = place
        self._presence[place] = self.presence(self.metric(name), self.of_metric(name, context), filters)

    def _rows(self, bound: Aggregate, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]:
        if any(not isinstance(self.catalog.reach(bound.dataset, d), Reached) for d in context.dimensions):
            return ()
        return (self.space(context).put(self.rows(bound, context, filters)),)

    def rows(self, bound: Aggregate, context: Context, filters: frozenset[Bound]) -> Leaf:
        """A leaf that counts rows of the same dataset, axis and window."""
        conditions = self.conditions(bound.dataset, filters)
        return Leaf(bound.dataset, ROWS, None, conditions, bound.axis, context.window, Type.INTEGER, zero=True)

    def _presence_of_pieces(self, bound: Nested, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]:
        inner = self.inner(bound, context)
        space = self.space(inner)
        return tuple(
            self.space(context).put(Nest(space.number, "sum", n, None, context.window, Type.INTEGER, zero=True))
            for n in self.presence(bound.body, inner, filters)
        )

    # --- lifts -----------------------------------------------------------------------------------------------------

    def _lift(self, bound: Lifted, context: Context) -> int:
        outer = self.outer(bound, context)
        if outer is context:
            return self.lower(bound.body, context)
        body = self.lower(bound.body, outer)
        return self.space(context).put(Lift(self.space(outer).number, body, priced_type(bound, context.currency)))

    def outer(self, bound: Lifted, context: Context) -> Context:
        """The context with dimensions lifted; the same one when there is nothing to lift."""
        if bound.dimensions is None:
            levels = (*context.levels[:-1], ())
        else:
            levels = tuple(tuple(d for d in level if d not in bound.dimensions) for level in context.levels)
        if levels == context.levels:
            return context
        lifted = ",".join(".".join(d) for d in context.dimensions if d not in {x for lv in levels for x in lv})
        return replace(context, levels=levels, path=(*context.path, f"total {lifted}"))


def _height(bound: Bound) -> int:
    """The levels of a formula, without those of the metrics it uses."""
    levels, here = 0, [bound]
    while here:
        levels, here = levels + 1, [part for node in here for part in parts(node)]
    return levels


def inside(bound: Bound) -> Bound:
    """The body of a form that only changes the context."""
    assert isinstance(bound, Shift | Windowed | Rated | Filtered), bound
    return bound.body


def conjuncts(condition: Bound) -> list[Bound]:
    """The conditions that must all hold for `condition` to hold."""
    if isinstance(condition, Apply) and condition.function == "and":
        return [c for part in condition.arguments for c in conjuncts(part)]
    return [condition]


def shifted(window: Window, count: int, step: str | None) -> Window:
    """The window `count` further back; steps of the same kind one after the other are one."""
    if window.shifts and window.shifts[-1][1] == step and step is None:
        *rest, (before, _) = window.shifts
        return replace(window, shifts=(*rest, (before + count, None)))
    return window.shifted(count, step)
