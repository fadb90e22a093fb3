"""Which segments of time make up which periods: the map that spreads what was gathered by segment over the periods."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp

from tallymark.plan import Group
from tallymark.render.values import all_of, array, call, column, compare, integer, named, select
from tallymark.windows import Segments

MOST_LISTED = 1_000_000
"""Rows of a map with one row for each segment of every window; beyond it, windows are joined as ranges."""


@dataclass(frozen=True, slots=True)
class Run:
    """The window number `role` over the period `i`: the segments `[start, end)`, or the instant `start` of a stock."""

    role: int
    i: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Slide:
    """One window over periods that follow each other, neither of its edges ever moving back.

    What lies in segment `s` is in the windows of the periods `[enters[s], leaves[s])`; of a stock, a row valid from
    the instant `f` until `t` in those of `[enters[f], leaves[t])`. `end` is the number after the last period.
    """

    enters: tuple[int, ...]
    leaves: tuple[int, ...]
    end: int

    @property
    def overlap(self) -> float:
        """How many windows a segment lies in, on average."""
        held = [max(0, b - a) for a, b in zip(self.enters, self.leaves, strict=True)]
        return sum(held) / len(held)

    @property
    def runs_up(self) -> bool:
        """Whether nothing ever leaves a window."""
        return all(b == self.end for b in self.leaves)

    def query(self) -> exp.Select:
        """The numbers `s` of segments, and the periods `lo` and `hi` in which each enters the window and leaves it."""
        return _unnested({"s": range(len(self.enters)), "lo": self.enters, "hi": self.leaves})


class Spread:
    """The map of a group that has an axis of time."""

    def __init__(self, group: Group) -> None:
        cuts = Segments(group.cuts)
        self.stock = group.axis.kind == "stock"
        self.several = len(group.roles) > 1
        self.segments = len(cuts)
        self.runs = tuple(
            Run(number, i, *((cuts.instant(window),) * 2 if self.stock else cuts.span(window)))
            for number, role in enumerate(group.roles)
            for i, window in enumerate(role.resolved)
            if not window.void
        )
        self.periods = len(group.roles[0].resolved)

    @property
    def apart(self) -> bool:
        """Whether each segment lies in one window of one period at most."""
        if self.stock or self.several:
            return False
        live = sorted((r.start, r.end) for r in self.runs if r.start < r.end)
        return all(first[1] <= second[0] for first, second in pairwise(live))

    @property
    def offset(self) -> int | None:
        """How many segments lie before those that are the periods in turn, one each; None where they are not."""
        first = self.runs[0].start - self.runs[0].i if self.runs else 0
        each = all((r.start, r.end) == (r.i + first, r.i + first + 1) for r in self.runs)
        return first if self.apart and self.runs and each else None

    @property
    def cumulative(self) -> bool:
        """Whether every window is from the beginning of time, each reaching as far as the one before or further."""
        if self.stock or self.periods == 1 or any(r.start for r in self.runs):
            return False
        after = [(a, b) for a, b in pairwise(self.runs) if a.role == b.role]
        return all((a.i + 1 == b.i and a.end <= b.end) for a, b in after)

    def slide(self, role: int) -> Slide | None:
        """How a window slides over the periods; None when it moves back, or periods are missing."""
        runs = [r for r in self.runs if r.role == role]
        steady = all(b.i == a.i + 1 and b.start >= a.start and b.end >= a.end for a, b in pairwise(runs))
        if not runs or not steady:
            return None
        first, end, numbers = runs[0].i, runs[-1].i + 1, range(self.segments)
        starts, ends = [r.start for r in runs], [r.end for r in runs]
        if self.stock:
            reached = tuple(first + bisect_left(starts, s) for s in numbers)
            return Slide(reached, reached, end)
        enters = tuple(first + bisect_right(ends, s) for s in numbers)
        return Slide(enters, tuple(first + bisect_right(starts, s) for s in numbers), end)

    def query(self, roles: Collection[int]) -> exp.Select:
        """The map of some windows: the window's number `r` where the group has several, the period's `i`, and what it
        is joined on.
        """
        runs = [r for r in self.runs if r.role in roles]
        columns: dict[str, Sequence[int]] = {"r": [r.role for r in runs]} if self.several else {}
        columns["i"] = [r.i for r in runs]
        if self.stock:
            return _unnested({**columns, "j": [r.start for r in runs]})
        starts, ends = [r.start for r in runs], [r.end for r in runs]
        if self._single:
            return _unnested({**columns, "s": starts})
        ranges = _unnested({**columns, "a": starts, "b": ends})
        if not self._listed:
            return ranges
        each = named(call("UNNEST", call("RANGE", column("a"), column("b"))), "s")
        source = exp.Subquery(this=ranges, alias=exp.to_identifier("w"))
        return select(*(column(c) for c in columns), each).from_(source, copy=False)

    @property
    def _single(self) -> bool:
        """Whether every window is one segment."""
        return all(r.end == r.start + 1 for r in self.runs)

    @property
    def _listed(self) -> bool:
        return sum(r.end - r.start for r in self.runs) <= MOST_LISTED

    def on(self) -> exp.Expression | None:
        """When gathered rows, under `p`, lie in a window of the map, under `m`."""
        if self.stock:
            reached = compare(exp.LTE, column("f", "p"), column("j", "m"))
            return all_of([reached, compare(exp.GT, column("t", "p"), column("j", "m"))])
        if self._listed:
            return exp.EQ(this=column("s", "m"), expression=column("s", "p"))
        reached = compare(exp.GTE, column("s", "p"), column("a", "m"))
        return all_of([reached, compare(exp.LT, column("s", "p"), column("b", "m"))])


def _unnested(columns: Mapping[str, Sequence[int]]) -> exp.Select:
    return select(*(named(call("UNNEST", whole_numbers(values)), name) for name, values in columns.items()))


def whole_numbers(values: Sequence[int]) -> exp.Expression:
    """An array of whole numbers, typed also when it is empty; a run of them is a range."""
    if values and values[-1] - values[0] == len(values) - 1 and list(values) == list(range(values[0], values[-1] + 1)):
        bounds = [values[-1] + 1] if values[0] == 0 else [values[0], values[-1] + 1]
        return call("RANGE", *(integer(b) for b in bounds))
    return array(values)
