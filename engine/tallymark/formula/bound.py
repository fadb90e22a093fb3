"""A formula with every name bound and every type and unit known.

Two levels share the operators and scalar functions (`Apply`). At **row level** the leaves are columns; at **metric
level** they are aggregates, other metrics and, inside conditions, dimensions. Each form that changes the context in
which its body is evaluated is a node of its own: `Shift`, `Windowed`, `Filtered`, `Lifted`, `Nested`. Two more look
beyond one cell: `Sequence` follows members from step to step, `Ranked` compares them. `History` looks at the periods
before.

Every node has a `type`, a `unit` and the `span` of the formula text it came from (spans do not count when comparing).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import NUMBER, Unit

NOSPAN: Span = (0, 0)

IN_CURRENCY = "in currency"
"""The operator that converts an amount at row level; put in by the checker and the planner, never written.

Its arguments are the amount, the code of its currency and, for the rate of the row's own time, that time; its `extra`
the currency it becomes and, once planned, the moment of the rate.
"""

WindowForm = Literal["trailing", "to_date", "cumulative", "opening", "closing"]
AxisKind = Literal["flow", "stock", "timeless"]
Edge = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: int, Decimal, float, str, bool, datetime.date or None. A duration is a number of seconds."""

    value: Any
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """`$name`: its value is put in when the question is asked."""

    name: str
    type: Type
    unit: Unit = NUMBER
    many: bool = False
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """Row level: a column of the dataset at hand, or one reached over `path`, the names of references to follow.

    `at`: versions are read as they stand at that edge of the asked period, and not at the time of the row.
    """

    path: tuple[str, ...]
    column: str
    type: Type
    unit: Unit = NUMBER
    at: Edge | None = None
    span: Span = field(default=NOSPAN, compare=False)

    def __str__(self) -> str:
        name = ".".join((*self.path, self.column))
        return name if self.at is None else f"{name} at {self.at}"


@dataclass(frozen=True, slots=True)
class DimensionUse:
    """Metric level, inside a condition: a dimension, found anew from each dataset the condition reaches."""

    parts: tuple[str, ...]
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or scalar function applied to arguments. `extra` holds literal words (a unit, a part)."""

    function: str
    arguments: tuple[Bound, ...]
    type: Type
    unit: Unit = NUMBER
    extra: tuple[Any, ...] = ()
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Axis:
    """What places a row in time: a flow's time column, a stock's validity (`from`, `to`), or nothing."""

    kind: AxisKind
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A leaf of the metric level: an aggregate over the rows of one dataset in the context.

    `argument` None counts rows. `condition` is its own `where`, at row level. `extra` holds literal arguments (the
    fraction of a percentile). `zero` says that no rows give 0 rather than null.
    """

    function: str
    dataset: str
    argument: Bound | None
    condition: Bound | None
    axis: Axis
    type: Type
    unit: Unit = NUMBER
    extra: tuple[Any, ...] = ()
    zero: bool = False
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class MetricUse:
    """Another metric, by name."""

    name: str
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Shift:
    """The body in the period `count` back (its own length when `step` is None).

    `like`: where the knowledge date cuts the period, the one further back is cut after the same time.
    """

    body: Bound
    count: int
    step: str | None
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)
    like: bool = False


@dataclass(frozen=True, slots=True)
class Windowed:
    """The body over another window derived from the same period. `count`, `step`: of `trailing`; `step`: of `to_date`.

    `parameter` names the duration parameter that gives `count` and `step` when the question is asked.
    """

    form: WindowForm
    body: Bound
    type: Type
    unit: Unit = NUMBER
    count: int | Decimal = 0
    step: str | None = None
    parameter: str | None = None
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Rated:
    """The body with its amounts in another currency, or at other rates: those of an `edge` of the window."""

    body: Bound
    type: Type
    unit: Unit = NUMBER
    currency: str | None = None
    edge: Literal["start", "end"] | None = None
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Filtered:
    """The body in the slice narrowed by `condition`, which speaks of dimensions."""

    body: Bound
    condition: Bound
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Lifted:
    """The body with the innermost level's dimensions lifted; only the named ones unless `dimensions` is None.

    `alone`: the innermost level stays instead, and all around it is lifted, the conditions in force too.
    """

    body: Bound
    dimensions: tuple[tuple[str, ...], ...] | None
    type: Type
    unit: Unit = NUMBER
    alone: bool = False
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Nested:
    """One evaluation of the body for each member, then the aggregate over them.

    `member` is a dimension's parts, or a one-word grain when `by_grain`.
    """

    function: str
    body: Bound
    member: tuple[str, ...]
    by_grain: bool
    type: Type
    unit: Unit = NUMBER
    extra: tuple[Any, ...] = ()
    zero: bool = False
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Later:
    """A step after the first of a sequence: rows of a dataset, each at `time`.

    `again` is the condition under which a row may be the same one as the step before; None when it cannot be.
    """

    dataset: str
    axis: Axis
    time: Bound
    condition: Bound | None = None
    again: Bound | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """How many members reach the last of several steps, one after the other, from their first row of the first step.

    `entry` is the time of that row: the minimum over the rows of the first step in the context. `limit` is how long
    after it the last step may be (a count and a unit; None: ever). `same_window`: whether all of it must happen in the
    window. The slice narrows the first step alone: a later step belongs to the member, wherever its rows are.
    """

    entry: Aggregate
    later: tuple[Later, ...]
    member: tuple[str, ...]
    limit: tuple[int | Decimal, str] | None
    same_window: bool
    type: Type
    unit: Unit = NUMBER
    parameter: str | None = None
    zero: bool = True
    span: Span = field(default=NOSPAN, compare=False)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Where the body's value stands among the members of the innermost `per`, else among the question's members."""

    function: str
    body: Bound
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)


Statistic = Literal["anomaly", "expected", "spread", "usual_low", "usual_high", "history"]
"""What is taken of a history: the function's name."""


@dataclass(frozen=True, slots=True)
class History:
    """A statistic of the body's values in whole periods before the asked one, which is none of them.

    `count` periods are looked at, `every` apart (a count and a unit, None being the period's own length); with fewer
    than `least` values there is none.
    """

    statistic: Statistic
    body: Bound
    count: int
    every: tuple[int, str | None]
    least: int
    type: Type
    unit: Unit = NUMBER
    span: Span = field(default=NOSPAN, compare=False)


Bound = (
    Constant
    | ParameterUse
    | ColumnUse
    | DimensionUse
    | Apply
    | Aggregate
    | MetricUse
    | Shift
    | Windowed
    | Rated
    | Filtered
    | Lifted
    | Nested
    | Sequence
    | Ranked
    | History
)


def parts(node: Bound) -> tuple[Bound, ...]:
    """The direct parts of a node, in writing order."""
    match node:
        case Apply(arguments=arguments):
            return arguments
        case Aggregate(argument=argument, condition=condition):
            return tuple(p for p in (argument, condition) if p is not None)
        case Filtered(body=body, condition=condition):
            return (body, condition)
        case Shift(body=body) | Windowed(body=body) | Rated(body=body) | Lifted(body=body):
            return (body,)
        case Nested(body=body) | Ranked(body=body) | History(body=body):
            return (body,)
        case Sequence(entry=entry, later=later):
            return (entry, *(part for step in later for part in (step.time, step.condition) if part is not None))
    return ()


def walk(node: Bound) -> list[Bound]:
    """The node and everything below it, parents first, without following metric names."""
    found: list[Bound] = []
    waiting = [node]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting.extend(reversed(parts(current)))
    return found


def is_conversion(node: Bound) -> bool:
    """Whether the node converts an amount at row level."""
    return isinstance(node, Apply) and node.function == IN_CURRENCY


def conversions(node: Bound) -> list[Apply]:
    """The conversions in an expression over rows."""
    return [b for b in walk(node) if isinstance(b, Apply) and b.function == IN_CURRENCY]
