"""Formulas in contexts become nodes of spaces. Equal structure in equal context is one node: nothing is computed twice.

A context is where a formula is evaluated: the window (over the periods of a grid), the filters in force, and the
levels, the question's dimensions first and then the member of each `per` around. Each form changes it and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar, cast

from tallymark.catalog import Catalog, Reached
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    ColumnUse,
    Constant,
    DimensionUse,
    Filtered,
    History,
    Lifted,
    MetricUse,
    Nested,
    Ranked,
    Rated,
    Sequence,
    Shift,
    Windowed,
    parts,
    walk,
)
from tallymark.kinds import Type
from tallymark.lower.forms import conjuncts, height, inside, shifted
from tallymark.lower.histories import Histories, Past
from tallymark.lower.keys import Began, Fold, made, plain
from tallymark.lower.pricing import Pricing, priced_type
from tallymark.lower.sequences import Sequences
from tallymark.lower.settle import settle
from tallymark.lower.spaces import ALONE, ROWS, Context, SpaceDraft
from tallymark.plan import Key, Leaf, Lift, Nest, Operation, Parts, Rank, Value, is_edged, spoken
from tallymark.windows import PERIOD, Window

Result = TypeVar("Result")

Pieces = Callable[[int, Window, str], int]
"""Gives the grid of the pieces that a grain cuts out of a window, over every period of a grid."""

Steps = Callable[[int, int, str], int | None]
"""How many periods of a grid a shift by so many units goes back; None when it does not land on the grid."""

MOST_WINDOWS = 2_000
"""Different windows of one question. Shifts that do not land on the grid double them with each formula around."""

DEEPEST = 120
"""Levels of metrics on metrics that are lowered on one stack; below that, the deeper ones are lowered first."""


class _TooDeepError(Exception):
    """A metric stands too deep below others to be lowered on this stack."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__("lowered later")
        self.work = work


class Contexts:
    """Fills spaces with the nodes of formulas."""

    def __init__(
        self,
        catalog: Catalog,
        values: Mapping[str, Any],
        pieces: Pieces,
        steps: Steps,
        past: Past,
        fold: Fold | None = None,
        age: Began | None = None,
    ) -> None:
        self.catalog = catalog
        self.fold = fold
        self.age = age
        self.values = values
        self.pieces = pieces
        self.pricing = Pricing(catalog)
        self.steps = steps
        self.histories = Histories(self, past)
        self.sequences = Sequences(self)
        self.spaces: list[SpaceDraft] = []
        self.keys: dict[Parts, Key] = {}
        self._by_place: dict[tuple[tuple[Parts, ...], int, tuple[str, ...]], SpaceDraft] = {}
        self._metrics: dict[tuple[str, Context], int] = {}
        self._settled: dict[str, Bound] = {}
        self._levels: dict[str, int] = {}
        self._depth = 0
        self._presence: dict[tuple[str, Context, frozenset[Bound]], tuple[int, ...]] = {}
        self._windows: set[tuple[int, Window]] = set()

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
            case Sequence():
                return self.sequences.lower(bound, context)
            case Ranked():
                return self._rank(bound, context)
            case History():
                return self.histories.lower(bound, context)
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
            self._levels[name] = height(self.metric(name))
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
        """The context in which the body of a window form, a shift or a filter is evaluated.

        Raises FaultError (Q595) for too many windows.
        """
        match bound:
            case Shift(count=count, step=step, like=like):
                window = replace(self._shifted(context, count, step), like=like)
                asked = context.asked if context.within else replace(PERIOD, shifts=window.shifts, like=like)
                return replace(self._over(window, context), asked=asked)
            case Windowed(form="trailing", count=count, step=str(step)):
                return self._over(context.window.trailing(count, step), context)
            case Windowed(form="to_date", step=str(step)):
                return self._over(context.window.to_date(step), context)
            case Windowed(form=form):
                return self._over(getattr(context.window, form)(), context)
            case Rated():
                return self.pricing.moved(bound, context)
            case Filtered(condition=condition):
                return replace(context, filters=context.filters | frozenset(conjuncts(condition)))
        return context

    def _over(self, window: Window, context: Context) -> Context:
        self._windows.add((context.grid, window))
        if len(self._windows) > MOST_WINDOWS:
            message = f"the question reads more than {MOST_WINDOWS:,} different windows"
            help_ = "shifts of different lengths stand inside one another too often; shift the inner metric once"
            raise FaultError(Fault("Q595", message, None, help_))
        return replace(context, window=window)

    def _shifted(self, context: Context, count: int, step: str | None) -> Window:
        """The window `count` further back. Shifts that land on the grid are so many of its periods, and so those in
        whatever order they come are one window: a month and then a year is a year and then a month.
        """
        whole = count if step is None else self.steps(context.grid, count, step)
        return shifted(context.window, count, step) if whole is None else shifted(context.window, whole, None)

    def _leaf(self, bound: Aggregate, context: Context) -> Leaf:
        bound = self.pricing.leaf(bound, context)
        conditions = self.conditions(bound.dataset, context.filters)
        if bound.condition is not None:
            conditions |= frozenset(conjuncts(bound.condition))
        return Leaf(
            bound.dataset, spoken(bound.function, bound.type), bound.argument, conditions, bound.axis, context.window,
            bound.type, bound.extra, bound.zero, _asked(conditions, context),
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
        """A dimension as a row-level column of `dataset`, or a key made of one; instants are read on the project's
        clock.
        """
        named = plain(dimension)
        found = self.catalog.reach(dataset, named)
        if not isinstance(found, Reached):
            raise FaultError(Fault("T111", f"`{dataset}` does not reach the dimension `{'.'.join(named)}`"))
        use = ColumnUse(found.path, found.column, found.type, found.unit, found.at)
        local = Apply("local", (use,), Type.TIMESTAMP) if found.type is Type.INSTANT else use
        return made(dimension, local, self.fold, self.age)

    # --- nests -----------------------------------------------------------------------------------------------------

    def _nest(self, bound: Nested, context: Context) -> int:
        inner = self.inner(bound, context)
        present = None if bound.by_grain else self.presence(bound.body, inner, inner.filters)
        body = self.lower(bound.body, replace(inner, among=present) if self.ranks(bound.body) else inner)
        member = None if bound.by_grain else bound.member
        nest = Nest(
            self.space(inner).number, spoken(bound.function, bound.type), body, present, context.window,
            priced_type(bound, context.currency), member, bound.extra, bound.zero,
        )  # fmt: skip
        return self.space(context).put(nest)

    def inner(self, bound: Nested, context: Context) -> Context:
        """The context of one member of a `per`."""
        if not bound.by_grain:
            return self.member(bound.member, context)
        path = (*context.path, "per " + ".".join(bound.member))
        grid = self.pieces(context.grid, context.window, bound.member[0])
        inner = replace(context, grid=grid, window=PERIOD, path=path, among=None, pieces=True, within=True)
        self.space(inner).dense = True
        return inner

    def member(self, member: Parts, context: Context) -> Context:
        """The context of one member."""
        path = (*context.path, "per " + ".".join(member))
        return replace(context, levels=(*context.levels, (member,)), path=path, among=None, pieces=False)

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
            case Nested() | Ranked():
                return self.presence(bound.body, context, filters)
            case Sequence():
                return self.presence(bound.entry, context, filters)
            case History():
                return self.histories.presence(bound, context, filters)
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
        if not all(self.tells(bound, d) for d in context.dimensions):
            return ()
        return (self.space(context).put(self.rows(bound, context, filters)),)

    def tells(self, bound: Aggregate, dimension: Parts) -> bool:
        """Whether the rows of an aggregate have a value of the dimension: what changes has none without a time."""
        found = self.catalog.reach(bound.dataset, plain(dimension))
        if not isinstance(found, Reached):
            return False
        timed = found.at is not None or bound.axis.kind != "timeless"
        return timed or not self.catalog.changes(bound.dataset, found.path, found.column)

    def rows(self, bound: Aggregate, context: Context, filters: frozenset[Bound]) -> Leaf:
        """A leaf that counts rows of the same dataset, axis and window."""
        conditions = self.conditions(bound.dataset, filters)
        return Leaf(
            bound.dataset, ROWS, None, conditions, bound.axis, context.window, Type.INTEGER, zero=True,
            asked=_asked(conditions, context),
        )  # fmt: skip

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
        if bound.alone:
            return self._alone(bound, context)
        if bound.dimensions is None:
            levels = (*context.levels[:-1], ())
        else:
            dimensions = tuple(plain(d) for d in context.dimensions)
            named = self.catalog.called(bound.dimensions, dimensions, self._datasets(bound.body))
            levels = tuple(tuple(d for d in level if plain(d) not in named) for level in context.levels)
        if levels == context.levels:
            return context
        lifted = ",".join(".".join(d) for d in context.dimensions if d not in {x for lv in levels for x in lv})
        return replace(context, levels=levels, path=(*context.path, f"total {lifted}"), among=None)

    def _alone(self, bound: Lifted, context: Context) -> Context:
        """The context of the innermost level alone: nothing else is asked, and all its members are ranked."""
        ranks = self.ranks(bound.body)
        if not ranks and not context.filters and not any(context.levels[:-1]):
            return context
        path = (*context.path, ALONE)
        found = replace(context, filters=frozenset(), levels=context.levels[-1:], path=path, among=None)
        # Whoever has rows is there, also where all of them are left out by a condition inside: a count of 0.
        present = self.presence(bound.body, found, found.filters)
        return replace(found, among=present) if ranks else found

    # --- rankings ----------------------------------------------------------------------------------------------------

    def _rank(self, bound: Ranked, context: Context) -> int:
        # Who stands before whom does not depend on the currency that is shown.
        body = self.lower(bound.body, replace(context, currency=None))
        around = context.levels if context.pieces else context.levels[:-1]
        within = tuple(dict.fromkeys(d for level in around for d in level))
        found = Rank(bound.function, body, context.among, within, context.pieces, bound.type)
        return self.space(context).put(found)

    def ranks(self, bound: Bound) -> bool:
        """Whether members are ranked in a formula, or in a metric below it."""
        seen: set[str] = set()
        waiting = [bound]
        while waiting:
            for node in walk(waiting.pop()):
                if isinstance(node, Ranked):
                    return True
                if isinstance(node, MetricUse) and node.name not in seen and self._somewhere_ranked:
                    seen.add(node.name)
                    waiting.append(self.metric(node.name))
        return False

    @cached_property
    def _somewhere_ranked(self) -> bool:
        found = (m.expression for m in self.catalog.metrics.values() if m.expression is not None)
        return any(isinstance(node, Ranked) for expression in found for node in walk(expression))

    def _datasets(self, bound: Bound) -> frozenset[str]:
        """The datasets whose rows a formula aggregates, near or far."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [bound]
        while waiting:
            match waiting.pop():
                case Aggregate(dataset=dataset):
                    found.add(dataset)
                case MetricUse(name=name) if name not in seen:
                    seen.add(name)
                    waiting.append(self.metric(name))
                case here:
                    waiting.extend(parts(here))
        return frozenset(found)


def _asked(conditions: frozenset[Bound], context: Context) -> Window | None:
    """The asked period, as far as it is moved, if a leaf reads anything at its edges."""
    used = (b for c in conditions for b in walk(c))
    edged = any(map(is_edged, context.dimensions)) or any(isinstance(b, ColumnUse) and b.at for b in used)
    return context.asked if edged else None
