"""The plan of a question: steps as data, without SQL.

A **space** is a relation with one row per cell: the values of its *level* (its keys) and the number `i` of a period of
its *grid*. Its **nodes** are the columns. Leaves come from **groups**, one scan of one dataset each; nests aggregate
the rows of a deeper space; lifts are joined from a coarser one; everything else is computed from other nodes.

    rows ──bucket, accumulate, spread, merge──▶ group ──combine──▶ space ──derive──▶ (nest | lift ▶ space …) ──▶ answer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from tallymark.formula.bound import Axis, Bound, conversions
from tallymark.kinds import Type
from tallymark.windows import Calendar, Move, Period, Resolved, Window, resolve

Parts = tuple[str, ...]
"""A dimension as named: `("plan",)`, `("customer", "country")`, `("plan at start",)`."""


def is_edged(parts: Parts) -> bool:
    """Whether a dimension is read at an edge of the asked period."""
    return any(" at " in part for part in parts)


@dataclass(frozen=True, slots=True)
class Key:
    """A dimension of a level; `column` is its name in every relation of the plan."""

    parts: Parts
    column: str
    type: Type

    @property
    def name(self) -> str:
        """What readers call it. A word in parentheses tells only what is made of the dimension."""
        return ".".join(p for p in self.parts if not p.startswith("("))


@dataclass(frozen=True, slots=True)
class AtEvent:
    """A rate is that of the row's own time, the third argument of the conversion."""


@dataclass(frozen=True, slots=True)
class AtWall:
    """A rate is the one just before a local time, whatever the row and the period."""

    wall: datetime


@dataclass(frozen=True, slots=True)
class AtEnd:
    """A rate is the one just before the end of a window over the periods of a grid."""

    window: Window
    grid: int


Moment = AtEvent | AtWall | AtEnd
"""Which rate a conversion takes: the last item of its `extra`."""


def is_late(bound: Bound) -> bool:
    """Whether an expression over rows has another value in each period, because it converts at the rates of periods."""
    return any(isinstance(c.extra[-1], AtEnd) for c in conversions(bound))


@dataclass(frozen=True, slots=True)
class Leaf:
    """An aggregate over the rows of one dataset in one window. `conditions` are row-level and all hold.

    `asked`: the asked period, as far as it is moved, at whose edges `plan at start` is read; None when nothing is.
    """

    dataset: str
    function: str
    argument: Bound | None
    conditions: frozenset[Bound]
    axis: Axis
    window: Window
    type: Type
    extra: tuple[Any, ...] = ()
    zero: bool = False
    asked: Window | None = None
    aside: bool = False
    """Whether it only tells when rows began: it bounds no answer, and its rows make no cells of one."""

    @property
    def expressions(self) -> tuple[Bound, ...]:
        """The argument and the conditions, in an order that never depends on chance."""
        own = (self.argument,) if self.argument is not None else ()
        return (*own, *sorted(self.conditions, key=repr))

    @property
    def late(self) -> bool:
        """Whether it converts amounts at rates that depend on the period."""
        return any(is_late(e) for e in self.expressions)


@dataclass(frozen=True, slots=True)
class Nest:
    """An aggregate over the rows of the space `inner` that share this level and period.

    `presence` are nodes of `inner` that count rows: a member is there when any is above 0. None means every row is (the
    pieces of a grain). `member` is the dimension of the members, null being none. `window` tells the periods that
    have no value because they begin after `as_of`.
    """

    inner: int
    function: str
    body: int
    presence: tuple[int, ...] | None
    window: Window
    type: Type
    member: Parts | None = None
    extra: tuple[Any, ...] = ()
    zero: bool = False


@dataclass(frozen=True, slots=True)
class Lift:
    """The node `body` of the coarser space `outer`, joined on the keys both have and the period."""

    outer: int
    body: int
    type: Type


@dataclass(frozen=True, slots=True)
class Value:
    """A constant."""

    value: Any
    type: Type


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or scalar function over other nodes of the same space."""

    function: str
    arguments: tuple[int, ...]
    type: Type
    extra: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Follow:
    """The time of the first row of `dataset` at or after the time `after`, of the same `member` of the level.

    `conditions` are row-level and all hold. `again` is the condition under which a row must be later than `after`, as
    it may be the very row that `after` is the time of. No row before the earliest start of `window` is looked at.
    """

    after: int
    dataset: str
    axis: Axis
    time: Bound
    holder: Bound
    member: Parts
    conditions: frozenset[Bound]
    again: Bound | None
    window: Window
    type: Type
    limit: tuple[int | Decimal, str] | None = None
    """How long members have from their first step, where they may take it beyond the window."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The end of a window over each period, as a time like those of a column of type `type`."""

    window: Window
    type: Type


@dataclass(frozen=True, slots=True)
class Rank:
    """Where `body` stands among the rows of the space that agree on the dimensions `within` and on the period.

    `presence` are nodes that count rows: only members with any above 0 take part; None means every row does.
    `pieces`: whether the members are the pieces of one period, so that periods of the outer grid are what must agree.
    """

    function: str
    body: int
    presence: tuple[int, ...] | None
    within: tuple[Parts, ...]
    pieces: bool
    type: Type


PastFunction = Literal["count", "median", "median deviation", "mean deviation", "min", "sum"]


@dataclass(frozen=True, slots=True)
class Past:
    """What is made of the values of `body` in the space `inner`, whose grid has the periods before those of this one.

    Only values that are known count, and, unless `presence` is None, periods for which one of these nodes is above 0.
    The deviations are distances from the median: their median, and their mean.
    """

    inner: int
    function: PastFunction
    body: int
    presence: tuple[int, ...] | None
    type: Type


Node = Leaf | Nest | Lift | Value | Operation | Follow | Edge | Rank | Past


def arguments(node: Node) -> tuple[int, ...]:
    """The nodes of the same space that a node is computed from."""
    match node:
        case Operation(arguments=found):
            return found
        case Follow(after=after):
            return (after,)
        case Rank(body=body, presence=presence):
            return (body, *(presence or ()))
    return ()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each period of a grid with one of another that it is in the history of, by their numbers."""

    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """The periods of a grid in lines, each as far from the one before it as the history's: it is the `count` before.

    `lines` has the line of each period, in their order; `anchors` the number in the other grid of the one whose history
    ends just before it, or -1; from number `whole` on they are not over, and no history.
    """

    count: int
    lines: tuple[int, ...]
    anchors: tuple[int, ...]
    whole: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The periods of a space. For the pieces of a grain, `parents` gives each piece's period in the grid `outer`.

    `history` says of the periods before those of another grid whose history they are. Those that are none of that grid
    moved back are told as periods of it with the `moves` that lead to each.
    """

    number: int
    periods: tuple[Period, ...]
    grain: str | None
    outer: int | None = None
    parents: tuple[int, ...] = ()
    moves: tuple[tuple[Move, ...], ...] = ()
    history: Pairs | Lines | None = None

    def moved(self, window: Window, number: int) -> Window:
        """A window over one of the periods, to be resolved over what `periods` has in its place."""
        return replace(window, shifts=(*self.moves[number], *window.shifts)) if self.moves else window

    def resolve(self, window: Window, calendar: Calendar, as_of: datetime) -> list[Resolved]:
        """The instants of a window over every period."""
        numbered = enumerate(self.periods)
        return [resolve(self.moved(window, n), period, self.grain, calendar, as_of) for n, period in numbered]


@dataclass(frozen=True, slots=True)
class Space:
    """A relation of the plan; `nodes` in an order where each follows its arguments.

    `dense`: it has every combination of keys found in `population` (groups that hold all its keys) with every period.
    """

    number: int
    level: tuple[Key, ...]
    grid: int
    nodes: tuple[Node, ...]
    dense: bool
    population: tuple[int, ...] = ()
    alone: bool = False
    """Whether the question's conditions do not hold in it, so that it has members that others do not."""

    @property
    def name(self) -> str:
        return f"s{self.number}"


@dataclass(frozen=True, slots=True)
class Role:
    """One window of a group over every period of the grid."""

    window: Window
    resolved: tuple[Resolved, ...]

    @property
    def first_void(self) -> int | None:
        """The first period without a value, because it begins at or after `as_of`; those after it have none either."""
        return next((i for i, r in enumerate(self.resolved) if r.void), None)


@dataclass(frozen=True, slots=True)
class Group:
    """One scan: the leaves that share a dataset, a level, a grid and a kind of window.

    `keys` are the level's dimensions as row-level columns. `filters` hold for every row read. `lowest` and `highest`
    bound the times read (None: no bound). `cuts` are the instants that cut time into segments. `asked` has for each
    period of the grid the asked period, at whose edges some columns are read; empty when none is.
    """

    number: int
    dataset: str
    level: tuple[Key, ...]
    keys: tuple[Bound, ...]
    axis: Axis
    grid: int
    filters: tuple[Bound, ...]
    leaves: tuple[Leaf, ...]
    roles: tuple[Role, ...]
    cuts: tuple[datetime, ...]
    lowest: datetime | None
    highest: datetime | None
    asked: tuple[Resolved, ...] = ()
    ends: tuple[tuple[AtEnd, tuple[datetime, ...]], ...] = ()
    """For each moment that the leaves convert at, its instant in every period of the grid."""

    @property
    def name(self) -> str:
        return f"g{self.number}"

    @property
    def aside(self) -> bool:
        """Whether it is read for what its rows tell alone, and they make no cells."""
        return self.leaves[0].aside

    def role_of(self, leaf: Leaf) -> int:
        return next(n for n, r in enumerate(self.roles) if r.window == leaf.window)


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the answer: a node of the question's space, as asked."""

    name: str
    node: int
    zero_denominators: int | None = None
    """A boolean node that is true in cells where a division by zero made a null."""
    zero_among_members: int | None = None
    """The same for divisions inside a `per`: true where it happened for some member."""
    hidden: int | None = None
    """A boolean node that is true in cells whose value is not shown, too little standing behind it."""
    ranked: bool = False
    """Whether the column is not the node but its place among the cells of the period, 1 being the highest."""

    @property
    def nodes(self) -> tuple[int, ...]:
        """Every node the output needs."""
        return tuple(
            n for n in (self.node, self.zero_denominators, self.zero_among_members, self.hidden) if n is not None
        )


PLACE = "(place)"
"""In the order of an answer: the places of a `Kept` dimension's members, the others last."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A dimension of which only some members have rows of their own, in this order.

    `member` is the key that holds them, `other` the one that is true for all others; `shown` says whether these have a
    row.
    """

    member: Key
    other: Key
    members: tuple[Any, ...]
    shown: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A key that is the day on which something began; cells of periods before it are left out.

    `starts` are the days on which the grains of the periods begin.
    """

    key: Key
    starts: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """What calendar functions inside formulas need: the calendar, and as_of: the instant from which on nothing is
    known, and `today`, the day before it ends.
    """

    calendar: Calendar
    today: date
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to write the SQL of a question, and to read its answer."""

    clock: Clock
    grids: tuple[Grid, ...]
    groups: tuple[Group, ...]
    spaces: tuple[Space, ...]
    """In an order where each follows those it draws on; the last is the question's own."""
    outputs: tuple[Output, ...]
    touched: tuple[int, ...] | None = None
    """For a sparse answer: nodes that count rows; a cell is kept when any is above 0."""
    order: tuple[tuple[str, bool], ...] = ()
    """Output names, key columns, `i` or PLACE, each with whether it descends."""
    limit: int | None = None
    home: Mapping[tuple[int, int], int] | None = None
    """The group that holds each leaf, by space and node."""
    having: tuple[int, ...] = ()
    """Nodes that must all be true for a cell to be answered."""
    kept: Kept | None = None
    begun: Begun | None = None

    @property
    def space(self) -> Space:
        return self.spaces[-1]

    @property
    def periods(self) -> tuple[Period, ...]:
        return self.grids[self.space.grid].periods


def spoken(function: str, kind: Type) -> str:
    """The aggregate as every database has it: the least of truths is whether all hold, the largest whether any does."""
    return {"min": "all", "max": "any"}.get(function, function) if kind is Type.BOOLEAN else function
