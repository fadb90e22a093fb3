"""Metric level: a formula's value in a context, and what rows it reads there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tallymark.formula import nodes

from . import aggregates, contexts, histories, money, ranks, sequences, values
from .clock import BEGINNING, Clock, Moment, Period
from .contexts import Context, Window
from .expressions import compute
from .rows import Leaf, Read, Source, Table, leaf_of
from .world import REST, Metric, NaiveError, Row, World


@dataclass(frozen=True)
class Glance:
    """What an aggregate over rows reads in a context: which rows, in which window."""

    source: Source
    window: Window
    cell: Period


class Evaluator:
    """Evaluates formulas of a world as known at one date."""

    def __init__(self, world: World, as_of: Moment) -> None:
        self.world = world
        self.clock = Clock(world.project, world.rows)
        self.as_of = as_of
        self.table = Table(world, self.clock, as_of)

    # Rows of a slice

    def reaches(self, dataset: str, names: Sequence[str]) -> bool:
        return all(self.table.path(dataset, n) is not None for n in names)

    def tells(self, source: Source, names: Sequence[str]) -> bool:
        """Whether rows have values of dimensions: what changes has none where rows have no time."""
        fleeting = (n for n in names if " at " not in n and self.table.changes(source.dataset, n))
        return self.reaches(source.dataset, names) and (source.kind != "timeless" or not any(fleeting))

    def dimension(self, name: str, dataset: str, row: Row, read: Read, context: Context) -> Any:
        """A dimension's value for a row; `… at start` as it stood just before the start of the asked period."""
        _, _, edge = name.partition(" at ")
        return self.table.named(name, dataset, row, self.edges(context)[edge] if edge else read)

    def edges(self, context: Context) -> dict[str, Read]:
        """When what is asked `at start` and `at end` is read; the period ends at the knowledge date at the latest."""
        end = min(context.cell.end, self.as_of, key=lambda m: m.utc)
        return {"start": Read(context.cell.start, before=True), "end": Read(end, before=True)}

    def in_slice(self, dataset: str, row: Row, read: Read, context: Context) -> bool:
        """Whether a row has the slice's dimension values and passes its filters."""
        for name, wanted in (pair for level in context.levels for pair in level):
            value = self.dimension(name, dataset, row, read, context)
            if value in context.kept if wanted is REST else value != wanted:
                return False
        edges = self.edges(context)
        return all(self.table.evaluate(f, dataset, row, read, edges) is True for f in context.filters)

    def rows(self, source: Source, found: Window, context: Context) -> list[tuple[Row, Read]]:
        """The rows of the window that belong to the slice."""
        return [
            (row, read)
            for row in self.world.rows[source.dataset]
            for read in [self.table.reads(source, row, found.start, found.end)]
            if read is not None and self.in_slice(source.dataset, row, read, context)
        ]

    def slice_rows(self, glance: Glance, context: Context) -> list[tuple[Row, Read]]:
        """The rows a glance reads that belong to a slice; none of a dataset that does not reach the slice."""
        names = [name for level in context.levels for name, _ in level]
        if not self.tells(glance.source, names):
            return []
        return self.rows(glance.source, glance.window, replace(context, cell=glance.cell))

    # Metric level

    def metric_value(self, metric: Metric, context: Context) -> Any:
        """A metric in a context, by its own rule of conversion if it has one."""
        own = context if metric.convert is None else replace(context, convert=metric.convert)
        return self.value(metric.node, own, metric.missing)

    def value(self, node: nodes.Node, context: Context, missing: str | None) -> Any:
        """A metric-level formula in a context. `missing` is that of the metric whose formula it is."""
        match node:
            case nodes.Name():
                return self.metric_value(self.metric(node), context)
            case nodes.Scoped(body=body, where=where) if where is not None and _only_where(node):
                return self.value(body, context.filtered(where), missing)
            case nodes.Call(name=name) if name in aggregates.NAMES:
                return self.aggregate(node, context, missing)
            case nodes.Call(name="fx_drift"):
                at_end, at_start = (
                    self.value(node.arguments[0], self.rated(edge, context), missing) for edge in ("end", "start")
                )
                return values.subtract(at_end, at_start, self.clock)
            case nodes.Call(name=name) if name in money.FORMS:
                return self.value(node.arguments[0], self.repriced(node, context), missing)
            case nodes.Call(name=name) if name in contexts.WINDOWS | contexts.SHIFTS | contexts.LIFTS:
                return self.in_context(node, context, missing)
            case nodes.Call(name="regardless"):
                return self.value(node.arguments[0], self.alone(node.arguments[0], context), missing)
            case nodes.Call(name=name) if name in sequences.NAMES:
                return self.sequence(node, context)
            case nodes.Call(name=name) if name in histories.NAMES:
                return self.history(node, context, missing)
            case nodes.Call(name=name) if name in ranks.NAMES and context.absent:
                return None
            case nodes.Call(name=name) if name in ranks.NAMES:
                own = self.value(node.arguments[0], context, missing)
                around = [replace(p, peers=context.peers) for p in context.peers] or [context]
                peers = [self.value(node.arguments[0], p, missing) for p in around]
                return ranks.place(name, own, [p for p in peers if p is not None])
        if money.decides(node):
            context = replace(context, currency=None)
        return compute(node, lambda part: self.value(part, context, missing), self.world.parameters, self.clock)

    def repriced(self, node: nodes.Call, context: Context) -> Context:
        """The context inside `in_currency`, `at_opening_rates` and `at_closing_rates`."""
        if node.name != "in_currency":
            return self.rated("start" if "opening" in node.name else "end", context)
        code = node.arguments[1] if len(node.arguments) > 1 else None
        named = code.value if isinstance(code, nodes.Text) else self.world.project.currency
        return context if context.currency is not None else replace(context, currency=named)

    def alone(self, node: nodes.Node, context: Context) -> Context:
        """The context of `regardless`: the member of the innermost `per` alone, among all who have rows for `node`."""
        there = context.alone()
        if not there.levels[-1]:
            return there
        ((name, own),) = there.levels[-1]
        everyone = self.members(node, name, replace(there, levels=()))
        peers = tuple(replace(there, levels=(((name, m),),)) for m in everyone)
        return replace(there, peers=peers, absent=own not in everyone)

    def rated(self, edge: str, context: Context) -> Context:
        """The context with the rates of an edge of its window."""
        found = contexts.window(context, self.clock, self.as_of)
        return replace(context, rates=found.start if edge == "start" else found.end)

    def sequence(self, node: nodes.Call, context: Context) -> Any:
        found = sequences.converted(self, node, context)
        if found is None:
            return None
        return found[1] if node.name == "converted" else values.divide(found[1], found[0], self.clock)

    # Histories

    def history(self, node: nodes.Call, context: Context, missing: str | None) -> Any:
        """A statistic of the values in the whole periods before, from the one on in which the first row stands."""
        if node.name == "anomaly":
            context = replace(context, currency=None)
        body = node.arguments[0]
        there = [c for c in self.past(node, context) if self.has_begun(body, c)]
        found = [v for c in there if (v := self.value(body, c, missing)) is not None]
        own = self.value(body, context, missing) if node.name == "anomaly" else None
        return histories.taken(node.name, own, found, histories.least(node))

    def past(self, node: nodes.Call, context: Context) -> list[Context]:
        """The contexts of the periods before that are known as a whole."""
        moved: list[Context] = []
        for by in histories.back(node):
            try:
                moved.append(context.shifted(partial(self.shifted, by)))
            except IndexError:
                # The project's calendar has no days so early.
                break
        return [c for c in moved if c.period.end.utc <= self.as_of.utc]

    def shifted(self, by: tuple[int, str | None], period: Period) -> Period:
        return self.clock.shift(period, *by)

    def has_begun(self, node: nodes.Node, context: Context) -> bool:
        """Whether a row of the slice, of whatever the formula reads, has happened or begun by the period's end."""
        ever = Window(BEGINNING, context.period.end, context.period.end)
        read = {self.since(g.source): None for g in self.glances(node, context)}
        told = [s for s in read if self.tells(s, [n for level in context.levels for n, _ in level])]
        if not told:
            context = replace(context, levels=())
        return not read or any(self.rows(s, ever, context) for s in told or read)

    def since(self, source: Source) -> Source:
        """A stock as a flow of its beginnings."""
        valid = self.world.datasets[source.dataset].valid
        return Source(source.dataset, "flow", valid[0]) if source.kind == "stock" and valid is not None else source

    def metric(self, name: nodes.Name) -> Metric:
        try:
            return self.world.metrics[str(name)]
        except KeyError:
            raise NaiveError(f"unknown metric {name}") from None

    def in_context(self, node: nodes.Call, context: Context, missing: str | None) -> Any:
        """A form that evaluates its argument in another context, and what it does with it."""
        there = self.enter(node, context)
        other = self.value(node.arguments[0], there, missing)
        if node.name not in ("change", "growth", "share"):
            return other
        here = self.value(node.arguments[0], context, missing)
        if node.name == "change":
            return values.subtract(here, other, self.clock)
        ratio = values.divide(here, other, self.clock)
        return ratio if node.name == "share" else values.subtract(ratio, 1, self.clock)

    def enter(self, node: nodes.Call, context: Context) -> Context:
        """The context of a form's argument. A dimension is lifted under whatever name the question has it."""
        if node.name not in contexts.LIFTS or len(node.arguments) == 1:
            return contexts.enter(node, context, self.clock, self.world.parameters)
        wanted = contexts.lifted_names(node)
        read = {g.source.dataset for g in self.glances(node.arguments[0], context.lifted(frozenset()))}
        standing = {name for level in context.levels for name, _ in level}
        return context.lifted(wanted | {s for s in standing if any(self.alike(s, w, read) for w in wanted)})

    def alike(self, one: str, other: str, datasets: set[str]) -> bool:
        """Whether two names are one column, read at one time, from every dataset that knows both: of those read, else
        of all.
        """
        if one.partition(" at ")[2] != other.partition(" at ")[2]:
            return False
        for known in (datasets, set(self.world.datasets)):
            paths = [(self.table.path(d, one), self.table.path(d, other)) for d in sorted(known)]
            both = [(a, b) for a, b in paths if a is not None and b is not None]
            if both:
                return all(a == b for a, b in both)
        return False

    def aggregate(self, node: nodes.Call, context: Context, missing: str | None) -> Any:
        if self.unknown(context):
            return None
        argument = node.arguments[0]
        if not isinstance(argument, nodes.Scoped) or argument.per is None:
            leaf = leaf_of(self.world, node)
            found = contexts.window(self.opened(leaf, context), self.clock, self.as_of)
            rating = money.Rating(context.convert, context.currency, context.rates or found.end, bool(context.rates))
            rows = self.table.priced(leaf, self.rows(leaf.source, found, context), rating)
            return self.table.aggregate(leaf, rows, missing)
        member, name = without_per(argument), str(argument.per)
        fraction = None
        if len(node.arguments) > 1:
            fraction = float(self.value(node.arguments[1], context, missing)) / 100
        if name in nodes.GRAINS:
            inner = [((p.start.utc,), context.piece(p)) for p in self.pieces(context, name)]
        else:
            inner = [((m,), context.member(name, m)) for m in self.members(member, name, context)]
        peers = tuple(c for _, c in inner)
        inner = [(order, replace(c, peers=peers)) for order, c in inner]
        found_values = [(self.value(member, c, missing), order) for order, c in inner]
        return aggregates.aggregate(node.name, found_values, missing, fraction)

    def unknown(self, context: Context) -> bool:
        """Whether the context's period, or the one that it is compared with like for like, has not begun."""
        begun = context.cut is None or context.cut.utc > context.period.start.utc
        return context.period.start.utc >= self.as_of.utc or not begun

    def opened(self, leaf: Leaf, context: Context) -> Context:
        return context.stepped(contexts.Step("opening")) if leaf.opens else context

    def pieces(self, context: Context, grain: str) -> Iterator[Period]:
        """The units of the window, cut at its edges but whole where only the knowledge date ends it."""
        found = contexts.window(context, self.clock, self.as_of)
        for piece in self.clock.cut(found.start, found.whole, grain):
            if piece.start.utc < found.end.utc:
                yield piece

    def members(self, node: nodes.Node, name: str, context: Context) -> list[Any]:
        """The non-null values with a row, under the filters in force, in any window that the metric reads."""
        seen: dict[Any, None] = {}
        for glance in dict.fromkeys(self.glances(node, context.member(name, None))):
            if self.tells(glance.source, [name]):
                for row, read in self.slice_rows(glance, context):
                    there = replace(context, cell=glance.cell)
                    value = self.dimension(name, glance.source.dataset, row, read, there)
                    if value is not None:
                        seen[value] = None
        return sorted(seen)

    # What a formula reads

    def glances(self, node: nodes.Node, context: Context) -> Iterator[Glance]:
        """Every aggregate over rows below a metric-level formula, with the window it reads in this context."""
        match node:
            case nodes.Name():
                yield from self.glances(self.metric(node).node, context)
            case nodes.Scoped(body=body):
                yield from self.glances(body, context)
            case nodes.Call(name=name) if name in aggregates.NAMES:
                yield from self.aggregate_glances(node, context)
            case nodes.Call(name=name) if name in money.FORMS:
                yield from self.glances(node.arguments[0], context)
            case nodes.Call(name=name) if name in contexts.WINDOWS | contexts.SHIFTS | contexts.LIFTS:
                there = self.enter(node, context)
                yield from self.glances(node.arguments[0], there)
                if name in ("change", "growth", "share"):
                    yield from self.glances(node.arguments[0], context)
            case nodes.Call(name=name) if name in histories.NAMES:
                for there in (context, *self.past(node, context)):
                    yield from self.glances(node.arguments[0], there)
            case nodes.Call(name=name) if name in sequences.NAMES:
                if context.period.start.utc < self.as_of.utc:
                    window = contexts.window(context, self.clock, self.as_of)
                    yield Glance(sequences.steps_of(self.world, node)[0].source, window, context.cell)
            case _:
                for part in nodes.children(node):
                    yield from self.glances(part, context)

    def aggregate_glances(self, node: nodes.Call, context: Context) -> Iterator[Glance]:
        argument = node.arguments[0]
        # A period that begins after the knowledge date is not read, and has no pieces.
        unknown = self.unknown(context)
        if not isinstance(argument, nodes.Scoped) or argument.per is None:
            leaf = leaf_of(self.world, node)
            if not unknown:
                window = contexts.window(self.opened(leaf, context), self.clock, self.as_of)
                yield Glance(leaf.source, window, context.cell)
            return
        member, name = without_per(argument), str(argument.per)
        if name not in nodes.GRAINS:
            yield from self.glances(member, context.member(name, None))
            return
        for piece in () if unknown else self.pieces(context, name):
            yield from self.glances(member, context.piece(piece))


def _only_where(node: nodes.Scoped) -> bool:
    return node.on is None and node.at is None and node.per is None


def without_per(node: nodes.Scoped) -> nodes.Node:
    """What is evaluated for each member."""
    if node.on is None and node.at is None and node.where is None:
        return node.body
    return replace(node, per=None)
