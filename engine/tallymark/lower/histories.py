"""Histories: the periods before, as a grid of their own, and what is taken of a formula's values there.

A formula is evaluated once in each period that is before any of the asked ones, and the values are then brought to
every period that they are before. A period that `as_of` cuts is not whole, and no history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Aggregate, Axis, Bound, History, MetricUse, Statistic, parts
from tallymark.formula.nodes import MAX_LENGTH
from tallymark.kinds import Type
from tallymark.lower.spaces import Context, SpaceDraft
from tallymark.plan import Grid, Leaf, Lift, Lines, Operation, Pairs, Parts, PastFunction, Value
from tallymark.plan import Past as PastNode
from tallymark.units import COUNT
from tallymark.windows import (
    PERIOD,
    Calendar,
    Move,
    OutsideCalendarError,
    Period,
    UncoveredError,
    shape_of,
    shift,
    shifted,
    whole_steps,
)

Past = Callable[[int, tuple[Move, ...], int, Move], int | None]
"""Gives the grid of so many periods before each one of a grid, so far apart, that one being moved first; None where
none of them is over."""

MEDIAN, MEAN = 1.4826, 1.2533
"""What the median and the mean distance from the median are multiplied by, to be the standard deviation of values that
are distributed normally: 1 / 0.6745, and the root of half of pi."""

WIDTH = 3
"""How many spreads from what is expected the unusual begins."""

CAP = 1000
"""The farthest an anomaly is told to be: as far as whatever leaves a history that never moved."""

TINY = 1e-9
"""Distances below this share of the median are none: sums of doubles may differ in their last digits."""


MOST_MOVED = 20_000
"""Periods that are found one by one, because a month before a day, say, is no number of days."""


class Contexts(Protocol):
    """What formulas are lowered by."""

    def space(self, context: Context) -> SpaceDraft: ...
    def lower(self, bound: Bound, context: Context) -> int: ...
    def metric(self, name: str) -> Bound: ...
    def presence(self, bound: Bound, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]: ...
    def rows(self, bound: Aggregate, context: Context, filters: frozenset[Bound]) -> Leaf: ...
    def tells(self, bound: Aggregate, dimension: Parts) -> bool: ...
    def ranks(self, bound: Bound) -> bool: ...


class Histories:
    """Lowers statistics of the periods before."""

    def __init__(self, contexts: Contexts, past: Past) -> None:
        self.contexts = contexts
        self.past = past

    def lower(self, bound: History, context: Context) -> int:
        """The node of a statistic in the space of `context`."""
        if bound.statistic == "anomaly":
            # How unusual something is does not depend on the currency that is shown.
            context = replace(context, currency=None)
        inner = self.inner(bound, context)
        if bound.statistic != "anomaly":
            # Who has rows in the asked period alone is asked about too.
            self.contexts.presence(bound.body, context, context.filters)
        if inner is None:
            none = Value(0, Type.INTEGER) if bound.statistic == "history" else Value(None, Type.DOUBLE)
            return self.contexts.space(context).put(none)
        body = self.contexts.lower(bound.body, inner)
        begun = self.begun(bound.body, inner)
        taken = _Taken(self.contexts.space(context), self.contexts.space(inner).number, body, begun)
        if bound.statistic == "history":
            return taken.past("count")
        if bound.statistic == "anomaly":
            return taken.anomaly(self.contexts.lower(bound.body, context), bound.least)
        if bound.statistic in ("expected", "spread"):
            return taken.known(taken.past("median") if bound.statistic == "expected" else taken.spread(), bound.least)
        return taken.edge("-" if bound.statistic == "usual_low" else "+", bound.least)

    def inner(self, bound: History, context: Context) -> Context | None:
        """The context of one of the periods before, None where none is over. Raises FaultError (Q621, Q622)."""
        if context.rates is not None:
            message = f"`{bound.statistic}` has no one moment whose rates its history could be converted at"
            raise FaultError(Fault("Q621", message, None, f"put the rates inside: `{bound.statistic}(at_…_rates(m))`"))
        nested = context.pieces or context.among is not None or len(context.levels) > 1
        if nested and self.contexts.ranks(bound.body):
            message = f"`{bound.statistic}` of a place among the members of a `per` is not answered"
            raise FaultError(Fault("Q622", message, None, "ask it by the dimension, without the `per`"))
        window = context.window
        grid = self.past(context.grid, window.shifts, bound.count, bound.every)
        if grid is None:
            return None
        asked = context.asked if context.within else PERIOD
        path = (*context.path, f"before {bound.count} {bound.every}")
        still = replace(window, shifts=(), like=False)
        inner = replace(context, grid=grid, window=still, asked=asked, path=path, among=None)
        self.contexts.space(inner).dense = True
        return inner

    def presence(self, bound: History, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]:
        """Nodes that count the rows read in the period itself and in those before it."""
        here, inner = self.contexts.presence(bound.body, context, filters), self.inner(bound, context)
        if inner is None:
            return here
        space, number = self.contexts.space(context), self.contexts.space(inner).number
        found = self.contexts.presence(bound.body, inner, filters)
        return (*here, *(space.put(PastNode(number, "sum", n, None, Type.INTEGER)) for n in found))

    # --- where a history begins ------------------------------------------------------------------------------------

    def begun(self, bound: Bound, context: Context) -> tuple[int, ...] | None:
        """Nodes that count the rows up to the end of a period: where none is above 0, nothing had begun.

        Those of a dataset that knows no dimension of the level are counted without it. None where nothing is read.
        """
        read = self._read(bound)
        told = [a for a in read if all(self.contexts.tells(a, d) for d in context.dimensions)]
        if not told:
            whole = replace(context, levels=tuple(() for _ in context.levels), path=(*context.path, "total begun"))
            outer, space = self.contexts.space(whole), self.contexts.space(context)
            counts = [outer.put(self._count(a, whole)) for a in read]
            return tuple(space.put(Lift(outer.number, n, Type.INTEGER)) for n in counts) or None
        return tuple(self.contexts.space(context).put(self._count(a, context)) for a in told)

    def _count(self, bound: Aggregate, context: Context) -> Leaf:
        """Counts the rows that have happened, or begun, by the end of a period."""
        ever = replace(context, window=PERIOD.cumulative())
        return replace(self.contexts.rows(bound, ever, context.filters), aside=True)

    def _read(self, bound: Bound) -> list[Aggregate]:
        """An aggregate for each dataset and axis that a formula reads, near or far; a stock by when its rows begin."""
        found: dict[tuple[str, Axis], Aggregate] = {}
        seen: set[str] = set()
        waiting = [bound]
        while waiting:
            match waiting.pop():
                case Aggregate() as here:
                    axis = here.axis if here.axis.kind != "stock" else Axis("flow", here.axis.columns[:1])
                    found.setdefault((here.dataset, axis), replace(here, axis=axis))
                case MetricUse(name=name):
                    if name not in seen:
                        seen.add(name)
                        waiting.append(self.contexts.metric(name))
                case here:
                    waiting.extend(reversed(parts(here)))
        return list(found.values())


def made_of(bound: History) -> tuple[History, ...]:
    """The statistics that another of the same history is made of."""
    parts: dict[str, tuple[Statistic, ...]] = {"expected": ("history",), "spread": ("history",), "history": ()}
    names = parts.get(bound.statistic, ("expected", "spread", "history"))
    numbers = replace(bound, type=Type.DOUBLE, unit=bound.body.unit)
    counts = replace(bound, type=Type.INTEGER, unit=COUNT)
    return tuple(replace(counts if name == "history" else numbers, statistic=name) for name in names)


class _Taken:
    """What is taken of one history, as nodes of the space it is brought to."""

    def __init__(self, space: SpaceDraft, inner: int, body: int, begun: tuple[int, ...] | None) -> None:
        self.space = space
        self.inner = inner
        self.body = body
        self.begun = begun

    def past(self, function: PastFunction) -> int:
        kind = Type.INTEGER if function == "count" else Type.DOUBLE
        return self.space.put(PastNode(self.inner, function, self.body, self.begun, kind))

    def spread(self) -> int:
        """1.4826 × the median distance; where that is 0, 1.2533 × the mean distance; where both are, 0."""
        median, mean = self.past("median deviation"), self.past("mean deviation")
        return self._apply(
            "case",
            self._apply(">", median, self._tiny(), kind=Type.BOOLEAN),
            self._apply("*", median, self._number(MEDIAN)),
            self._apply(">", mean, self._tiny(), kind=Type.BOOLEAN),
            self._apply("*", mean, self._number(MEAN)),
            self._apply("if", self._apply("is null", mean, kind=Type.BOOLEAN), self._number(None), self._number(0.0)),
        )

    def anomaly(self, value: int, least: int) -> int:
        """(x - expected) / spread, from -CAP to CAP, which is also what leaves a history without any spread."""
        away = self._apply("-", value, self.past("median"))
        small = self._apply("<=", self._apply("abs", away), self._tiny(), kind=Type.BOOLEAN)
        beyond = self._apply("*", self._apply("sign", away), self._number(float(CAP)))
        otherwise = self._apply("if", small, self._number(0.0), beyond)
        score = self._apply("divide", away, self.spread(), otherwise)
        return self.known(self._apply("clamp", score, self._number(float(-CAP)), self._number(float(CAP))), least)

    def edge(self, sign: str, least: int) -> int:
        """What is expected, and so many spreads below or above it."""
        wide = self._apply("*", self.spread(), self._number(float(WIDTH)))
        return self.known(self._apply(sign, self.past("median"), wide), least)

    def known(self, node: int, least: int) -> int:
        """A node where enough periods have a value, else null."""
        wanted = self.space.put(Value(least, Type.INTEGER))
        enough = self._apply(">=", self.past("count"), wanted, kind=Type.BOOLEAN)
        return self._apply("if", enough, node, self._number(None))

    def _tiny(self) -> int:
        return self._apply("*", self._apply("abs", self.past("median")), self._number(TINY))

    def _number(self, value: float | None) -> int:
        return self.space.put(Value(value, Type.DOUBLE))

    def _apply(self, function: str, *arguments: int, kind: Type = Type.DOUBLE) -> int:
        return self.space.put(Operation(function, arguments, kind))


def before(grid: Grid, shifts: tuple[Move, ...], count: int, every: Move, calendar: Calendar, as_of: datetime) -> Grid:
    """The grid of the whole periods that are `count` times `every` before each of a grid's, these moved by `shifts`.

    Raises FaultError for a season that periods of this grain have none of (Q528), and for too many periods.
    """
    steps = _steps(grid, (*shifts, every), calendar)
    if steps is None:
        return _moved(grid, shifts, count, every, calendar, as_of)
    *moved, step = steps
    first, asked = grid.periods[0], len(grid.periods)
    anchors = {number - sum(moved): number for number in range(asked)}
    reached = sorted({j - step * back for j in anchors for back in range(count + 1)})
    found = {j: grid.periods[j] if 0 <= j < asked else _known(first, -j, grid, calendar) for j in reached}
    # What lies before the calendar of a project has no rows either.
    reached = [j for j in reached if found[j] is not None]
    periods = [p for p in found.values() if p is not None]
    whole = sum(period.end <= as_of for period in periods)
    if not whole:
        return Grid(grid.number, (), grid.grain)
    lines = Lines(count, tuple(j % step for j in reached), tuple(anchors.get(j, -1) for j in reached), whole)
    return Grid(grid.number, tuple(periods), grid.grain, history=lines)


def _known(first: Period, back: int, grid: Grid, calendar: Calendar) -> Period | None:
    """The period so many before the first of a grid, None where the calendar does not go."""
    try:
        return shift(first, back, None, grid.grain, calendar)
    except (OutsideCalendarError, UncoveredError):
        return None


def _steps(grid: Grid, moves: tuple[Move, ...], calendar: Calendar) -> list[int] | None:
    """How many periods of the grid each move goes back; None unless all land on it."""
    if grid.grain is None or grid.moves or grid.outer is not None:
        return None
    found = [whole_steps(grid.periods, count, unit, grid.grain, calendar) for count, unit in moves]
    return None if any(f is None for f in found) else [f for f in found if f is not None]


def _moved(grid: Grid, shifts: tuple[Move, ...], count: int, every: Move, calendar: Calendar, as_of: datetime) -> Grid:
    """The same where periods do not land on the grid: each is told as one of its periods and the moves that lead to
    it, so that it keeps that one's shape.
    """
    if count * len(grid.periods) > MOST_MOVED:
        message = f"histories of {count} periods that lie on no grid are more than {MOST_MOVED:,} periods in all"
        help_ = "ask whole periods, a season that is so many of them, a shorter range or a shorter history"
        raise FaultError(Fault("Q620", message, None, help_))
    found: dict[object, tuple[datetime, int, tuple[Move, ...]]] = {}
    history: list[tuple[object, int]] = []
    step, unit = every
    for number, period in enumerate(grid.periods):
        shape = shape_of(period.start, period.end, grid.grain, calendar)
        parent = grid.parents[number] if grid.parents else None
        own = grid.moves[number] if grid.moves else ()
        for back in range(1, count + 1):
            if step * back > MAX_LENGTH:
                break
            moves = (*own, *shifts, (step * back, unit))
            try:
                start, end = shifted(period, moves, grid.grain, calendar)
            except (OutsideCalendarError, UncoveredError):
                break
            if end <= as_of:
                place = (parent, start, end, shape)
                found.setdefault(place, (start, number, moves))
                history.append((place, number))
    order = sorted(found, key=lambda p: found[p][0])
    places = {place: i for i, place in enumerate(order)}
    return Grid(
        grid.number,
        tuple(grid.periods[found[p][1]] for p in order),
        grid.grain,
        grid.outer,
        tuple(grid.parents[found[p][1]] for p in order) if grid.parents else (),
        tuple(found[p][2] for p in order),
        Pairs(tuple((places[p], number) for p, number in history)),
    )
