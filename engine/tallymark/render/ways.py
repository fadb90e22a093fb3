"""Which way the windows of a leaf are put together, and why: in one plain sentence each."""

from __future__ import annotations

from enum import Enum

from tallymark.formula.bound import Bound, ColumnUse
from tallymark.kinds import Type
from tallymark.plan import Leaf
from tallymark.render.aggregates import ROWS, parts_of
from tallymark.render.spread import Spread

LEAST_OVERLAP = 8.0
"""Windows that a stretch of time lies in, on average, from which on sliding costs less than spreading."""

EXACT = (Type.INTEGER, Type.DECIMAL)
"""What may be taken away again without a residue. Doubles are only ever added."""


class Way(Enum):
    """How the rows of a leaf become its values over all periods."""

    TIMELESS = "every row counts in every period"
    AT_ONCE = "each row lies in one window at most, and is taken there at once"
    SPREAD = "taken by stretch of time first; each window puts its stretches together"
    RUNNING = "taken by stretch of time first; each window adds its last stretches to the window before"
    SLIDING = "taken by stretch of time first, sliding: what enters a window is added, what leaves it is taken away"
    MOMENTS = "taken by stretch of time first, as count, mean and squares about it; each window puts these together"
    FIRST_SEEN = "recounted from distinct pairs of value and stretch of time, each value where it is first seen"
    SLIDING_PAIRS = "recounted from distinct pairs of value and stretch of time, sliding"
    PAIRS = "recounted from distinct pairs of value and stretch of time in each window"
    RATED = "converted at the rates of each period"
    ROWS = "row by row in each window: it cannot be put together from parts"

    @property
    def parts(self) -> bool:
        """Whether accumulators by segment are taken first."""
        return self in (Way.SPREAD, Way.RUNNING, Way.SLIDING)


def way_of(leaf: Leaf, spread: Spread | None, role: int, edged: bool = False) -> Way:
    """The way a leaf goes whose window is number `role` of its group. `spread` is None for rows without a time.

    `edged`: something is read at the edges of the asked period, so that a row's cell is known once it is spread.
    """
    if edged:
        return (
            Way.SPREAD if parts_of(leaf.function, leaf.extra) and leaf.function not in ("first", "last") else Way.ROWS
        )
    if spread is None:
        return Way.TIMELESS
    if spread.apart:
        return Way.AT_ONCE
    slide = spread.slide(role)
    if leaf.function == "count_distinct":
        if slide is None:
            return Way.PAIRS
        return Way.FIRST_SEEN if slide.runs_up and not spread.stock else Way.SLIDING_PAIRS
    if leaf.function in ("stddev", "variance"):
        return Way.MOMENTS
    if parts_of(leaf.function, leaf.extra) is None or (leaf.function in ("first", "last") and spread.stock):
        return Way.ROWS
    if spread.cumulative:
        return Way.RUNNING
    if slide is not None and not spread.stock and slide.overlap >= LEAST_OVERLAP and _exact(leaf):
        return Way.SLIDING
    return Way.SPREAD


def edged_way(leaf: Leaf, spread: Spread | None) -> Way:
    """The way a leaf goes that reads something at the edges of the asked period: it is another in each period."""
    parted = parts_of(leaf.function, leaf.extra) is not None and leaf.function not in ("first", "last")
    return Way.SPREAD if parted and spread is not None else Way.ROWS


def _exact(leaf: Leaf) -> bool:
    """Whether what a leaf accumulates can be taken away again, and nothing left is what no rows give."""
    if leaf.function in (ROWS, "count"):
        return leaf.zero
    exact = leaf.argument is not None and leaf.argument.type in EXACT
    return exact and (leaf.function == "avg" or (leaf.function == "sum" and leaf.zero))


def told(leaf: Leaf, way: Way) -> str:
    """`count_distinct(events.user): recounted from …`."""
    return f"{leaf.function}({_argument(leaf)}): {way.value}"


def _argument(leaf: Leaf) -> str:
    if leaf.argument is None:
        return leaf.dataset
    return f"{leaf.dataset}.{leaf.argument}" if isinstance(leaf.argument, ColumnUse) else _short(leaf.argument)


def _short(bound: Bound) -> str:
    return f"… of {bound.type.family}s"
