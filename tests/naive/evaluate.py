"""The naive evaluator: a question answered cell by cell.

It follows the language's page word by word and is slow on purpose: for each cell it filters rows, loops and computes.
With the engine it shares the parsed formula and the definitions, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache, cached_property
from itertools import product
from typing import Any

from tallymark.formula import nodes
from tallymark.formula.parse import parse_text

from .clock import NEVER, Clock, Moment, Period
from .contexts import Context, compared
from .metrics import Evaluator, Glance
from .rows import Read, Source
from .transforms import derived
from .world import REST, Metric, Question, Row, World

BEFORE = "before: "
"""Stands before a metric's name where its value in the compared period is told."""


@cache
def parsed(text: str) -> nodes.Node:
    """The formula of a text."""
    return parse_text(text)


def answer(world: World, question: Question) -> list[dict[str, Any]]:
    """Every cell of the answer: dimension values, `period` (its local start), and a value for each metric."""
    return Answer(world, question).cells()


class Answer:
    """The cells of one question."""

    def __init__(self, world: World, question: Question) -> None:
        self.question = question
        self.clock = Clock(world.project, world.rows)
        self.as_of = NEVER if question.as_of is None else self.clock.boundary(question.as_of, closes=True)
        world = derived(world, self.clock, self.as_of)
        self.evaluator = Evaluator(world, self.as_of)
        self.metrics = {m: world.metrics.get(m) or Metric(parsed(m)) for m in question.metrics}

    def cells(self) -> list[dict[str, Any]]:
        """A cell for every period and combination; of a sparse answer only those that a row touches."""
        periods = self.periods()
        combinations = self.combinations(periods)
        contexts = [
            (period, combination, self.among(self.context(period, combination), combinations))
            for combination, period in product(combinations, periods)
        ]
        return [
            {
                **dict(zip(self.question.by, combination, strict=True)),
                "period": self.label(period),
                **{name: self.evaluator.metric_value(m, context) for name, m in self.metrics.items()},
                **self.before(context),
            }
            for period, combination, context in contexts
            if not self.question.sparse or self.is_touched(context)
        ]

    def before(self, context: Context) -> dict[str, Any]:
        """The values that a cell is compared with, under the metrics' names and `BEFORE`."""
        if self.question.back is None:
            return {}
        there = self.compared(context)
        return {BEFORE + name: self.evaluator.metric_value(m, there) for name, m in self.metrics.items()}

    def compared(self, context: Context) -> Context:
        """The context that a cell is compared with."""
        assert self.question.back is not None
        return compared(context, self.question.back, self.question.like_for_like, self.clock, self.as_of)

    def label(self, period: Period) -> date | datetime:
        """The local start of a period, a date unless it begins within a day; of an hour its instant in UTC."""
        if self.question.grain == "hour":
            return period.start.utc
        start = self.clock.dated(period.start)
        return start if start.time() != time() else start.date()

    def context(self, period: Period, combination: Sequence[Any] | None = None) -> Context:
        """The context of a cell; without a combination, that of the whole period under the question's filters."""
        where = () if self.question.where is None else (self.question.where,)
        level = () if combination is None else tuple(zip(self.question.by, combination, strict=True))
        kept = self.question.kept[1] if self.question.kept is not None else ()
        return Context(
            period, period, filters=where, levels=(level,), kept=kept, currency=self.question.currency,
            convert=self.evaluator.world.project.convert,
        )  # fmt: skip

    def among(self, context: Context, combinations: list[tuple[Any, ...]]) -> Context:
        """The context with those of all combinations in its period as its peers."""
        return replace(context, peers=tuple(self.context(context.period, c) for c in combinations))

    # Periods

    def periods(self) -> list[Period]:
        """The asked range as one period, or cut into the grain's."""
        start, end = self.range()
        if self.question.grain is None:
            return [self.clock.period(start, end)]
        return list(self.clock.cut(start, end, self.question.grain))

    def range(self) -> tuple[Moment, Moment]:
        """The asked range; left open, from the earliest row's period to the knowledge date."""
        asked = self.question
        end = self.as_of if asked.end is None else self.clock.boundary(asked.end, closes=True)
        if asked.start is not None:
            return self.clock.boundary(asked.start), end
        times = [self.clock.moment(t) for t in self.times(self.context(self.clock.period(end, end)))]
        first = min(times, key=lambda m: m.utc, default=end)
        return self.clock.floor(first, asked.grain or "day") if times else end, end

    def times(self, context: Context) -> Iterator[date]:
        """When the rows that the question may read happened or began."""
        for glance in self.glances(context):
            for row in self.evaluator.world.rows[glance.source.dataset]:
                time = self.start_of(glance.source, row)
                if time is not None:
                    yield time

    def start_of(self, source: Source, row: Row) -> date | None:
        """A row's time on the axis it is read by; the start of its validity, of a stock."""
        if source.kind == "flow":
            return self.evaluator.table.time(source, row)
        valid = self.evaluator.world.datasets[source.dataset].valid
        if source.kind == "timeless" or valid is None:
            return None
        start: date | None = self.evaluator.table.named(valid[0], source.dataset, row, Read(self.as_of, before=True))
        return start

    # Combinations

    def glances(self, context: Context) -> Iterator[Glance]:
        """What all metrics of the question read in a context."""
        for metric in self.metrics.values():
            yield from self.evaluator.glances(metric.node, context)
            if self.question.back is not None:
                yield from self.evaluator.glances(metric.node, self.compared(context))

    def is_touched(self, context: Context) -> bool:
        """Whether a row of the cell's slice lies in a window of one of its leaves."""
        return any(self.evaluator.slice_rows(glance, context) for glance in self.glances(context))

    def combinations(self, periods: list[Period]) -> list[tuple[Any, ...]]:
        """The combinations of dimension values with a row from the leaves' earliest start to their latest end."""
        if not self.question.by:
            return [()]
        glanced = {(p, g): None for p in periods for g in self.glances(self.context(p))}
        if not glanced:
            return []
        first = min((g.window.start for _, g in glanced), key=lambda m: m.utc)
        last = max((g.window.end for _, g in glanced), key=lambda m: m.utc)
        seen: dict[tuple[Any, ...], None] = {}
        for period, glance in glanced:
            if self.evaluator.tells(glance.source, self.question.by):
                context = replace(self.context(period), cell=glance.cell)
                seen.update(dict.fromkeys(self.combinations_of(glance, context, first, last)))
        return sorted(seen, key=lambda combination: [(v is not None, v is REST, v) for v in combination])

    def combinations_of(
        self, glance: Glance, context: Context, first: Moment, last: Moment
    ) -> Iterator[tuple[Any, ...]]:
        """The combinations of a leaf's rows that lie in `[first, last)` and pass the question's filters."""
        dataset = glance.source.dataset
        for row, read in self.between(glance, first, last):
            if self.evaluator.in_slice(dataset, row, read, context):
                yield tuple(
                    self.told(n, self.evaluator.dimension(n, dataset, row, read, context)) for n in self.question.by
                )

    def told(self, name: str, value: Any) -> Any:
        """A member as its cell tells it: REST when it has none of its own."""
        kept = self.question.kept
        return REST if kept is not None and kept[0] == name and value not in kept[1] else value

    def between(self, glance: Glance, first: Moment, last: Moment) -> Iterator[tuple[Row, Read]]:
        """A leaf's rows in `[first, last)`; of a stock those valid at some time of it, once for each state of what
        they refer to.
        """
        table, source = self.evaluator.table, glance.source
        for row in self.evaluator.world.rows[source.dataset]:
            if source.kind == "stock":
                if self.overlaps(source.dataset, row, first, last):
                    yield from ((row, read) for read in self.states(source.dataset, row, first, last))
            else:
                read = table.reads(source, row, first, last)
                if read is not None:
                    yield row, read

    def states(self, dataset: str, row: Row, first: Moment, last: Moment) -> Iterator[Read]:
        """When a stock's row is read to see every state of what it refers to between two moments: just before each
        version of anything begins or ends, and just before the last moment.
        """
        table = self.evaluator.table
        for moment in dict.fromkeys((*self.changes, *self.edges_of(dataset, row), last)):
            read = Read(moment, before=True)
            if first.utc <= moment.utc <= last.utc and table.is_valid(row, dataset, read):
                yield read

    def edges_of(self, dataset: str, row: Row) -> Iterator[Moment]:
        valid = self.evaluator.world.datasets[dataset].valid
        for column in valid or ():
            value = self.evaluator.table.column(column, dataset, row, Read(self.as_of, before=True))
            if value is not None:
                yield self.clock.moment(value)

    @cached_property
    def changes(self) -> tuple[Moment, ...]:
        """When any row that others may refer to begins or ends to be valid."""
        world = self.evaluator.world
        referred = dict.fromkeys(ref.dataset for d in world.datasets.values() for ref in d.refs.values())
        found = (moment for name in referred for row in world.rows[name] for moment in self.edges_of(name, row))
        return tuple(dict.fromkeys(found))

    def overlaps(self, dataset: str, row: Row, first: Moment, last: Moment) -> bool:
        """Whether a row of a stock is valid at some time in the stretch, or just before its end."""
        table = self.evaluator.table
        valid = self.evaluator.world.datasets[dataset].valid
        assert valid is not None
        start, end = (table.column(c, dataset, row, Read(last, before=True)) for c in valid)
        if start is None or not table.precedes(start, last):
            return False
        return end is None or not table.precedes(end, first)
