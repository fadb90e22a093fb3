"""Rows: what a name or an expression is worth for one row, and whether a row stands in a window (row level)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tallymark.definitions import ColumnDef, Project
from tallymark.formula import nodes

from . import aggregates, values
from .clock import BEGINNING, Clock, Moment
from .expressions import compute
from .money import Pricing, Rating, decides
from .names import Path, changes, resolve, resolve_at
from .world import NaiveError, Row, World


@dataclass(frozen=True)
class Read:
    """The instant at which a row looks at datasets with `valid`: at the moment itself, or just before it."""

    moment: Moment
    before: bool
    pricing: Pricing | None = None
    """How amounts are converted; None where they are read as they stand."""


@dataclass(frozen=True)
class Source:
    """The rows an aggregate reads: of a dataset, as a flow on a time column, a stock, or timeless."""

    dataset: str
    kind: str
    axis: str | None = None


class Table:
    """All rows of a world, with the names, references and computed columns resolved."""

    def __init__(self, world: World, clock: Clock, as_of: Moment) -> None:
        self.world = world
        self.clock = clock
        self.as_of = as_of
        self.paths: dict[tuple[str, str], Path | None] = {}

    def evaluate(
        self, node: nodes.Node, dataset: str, row: Row, read: Read, edges: Mapping[str, Read] | None = None
    ) -> Any:
        """A row-level expression for a row of `dataset`. `edges`: when the asked period's start and end are read."""

        def visit(part: nodes.Node) -> Any:
            if isinstance(part, nodes.Name):
                return self.named(str(part), dataset, row, read)
            if isinstance(part, nodes.Scoped) and part.at is not None and edges is not None:
                return self.named(f"{part.body} at {part.at}", dataset, row, edges[part.at])
            below = plain if decides(part) else visit
            if isinstance(part, nodes.IsNull) and self.is_amount(dataset, part.item):
                below = unpriced
            return compute(part, below, self.world.parameters, self.clock)

        def plain(part: nodes.Node) -> Any:
            pricing = None if read.pricing is None else read.pricing.as_defined()
            return self.evaluate(part, dataset, row, replace(read, pricing=pricing), edges)

        def unpriced(part: nodes.Node) -> Any:
            return self.evaluate(part, dataset, row, replace(read, pricing=None), edges)

        return visit(node)

    def named(self, name: str, dataset: str, row: Row, read: Read) -> Any:
        """The value of a column or dimension. Raises NaiveError when the dataset does not reach it."""
        path = self.path(dataset, name)
        if path is None:
            raise NaiveError(f"{dataset} does not reach {name}")
        return self.walk(path, dataset, row, read)

    def path(self, dataset: str, name: str) -> Path | None:
        """The path a name takes, None when the dataset does not reach it."""
        if (dataset, name) not in self.paths:
            plain, _, edge = name.partition(" at ")
            found = resolve_at if edge else resolve
            self.paths[dataset, name] = found(self.world.datasets, dataset, plain)
        return self.paths[dataset, name]

    def changes(self, dataset: str, name: str) -> str | None:
        """The name again if its value depends on when a row is read."""
        path = self.path(dataset, name)
        return name if path is not None and changes(self.world.datasets, dataset, path) else None

    def walk(self, path: Path, dataset: str, row: Row, read: Read) -> Any:
        """Follows the references; null from where a partner is missing."""
        for ref in path.refs:
            partner = self.partner(dataset, ref, row, read)
            if partner is None:
                return None
            dataset, row = self.world.datasets[dataset].refs[ref].dataset, partner
        return self.column(path.column, dataset, row, read)

    def column(self, name: str, dataset: str, row: Row, read: Read) -> Any:
        definition = self.world.datasets[dataset]
        if name in definition.refs:
            return values.clean(row.get(definition.refs[name].column))
        column = definition.columns[name]
        value = self.unpriced(column, dataset, row, read)
        if read.pricing is None or column.unit is None or column.unit.name != "money":
            return value
        own = column.unit.detail or self.world.project.currency
        if column.currency is not None:
            own = self.named(column.currency, dataset, row, read)
        return read.pricing.amount(value, own, everyone=column.currency is not None)

    def unpriced(self, column: ColumnDef, dataset: str, row: Row, read: Read) -> Any:
        """A column's value as it stands."""
        if column.formula is None:
            return values.clean(row.get(column.name))
        node = column.formula.node
        assert node is not None
        if isinstance(node, nodes.Call) and node.name in aggregates.NAMES:
            return self.gathered(node, dataset, row)
        return self.evaluate(node, dataset, row, read)

    def partner(self, dataset: str, ref: str, row: Row, read: Read) -> Row | None:
        """The row a reference leads to: of a dataset with `valid`, the one valid when it is read."""
        definition = self.world.datasets[dataset].refs[ref]
        key = row.get(definition.column)
        if key is None:
            return None
        target = self.world.datasets[definition.dataset]
        found = [r for r in self.world.rows[definition.dataset] if r.get(target.key or "") == key]
        if target.valid is not None:
            found = [r for r in found if self.is_valid(r, definition.dataset, read, since_ever=True)]
        if len(found) > 1:
            raise NaiveError(f"key {key!r} of {definition.dataset} is repeated")
        return found[0] if found else None

    def is_valid(self, row: Row, dataset: str, read: Read, since_ever: bool = False) -> bool:
        """Whether the row is valid at the instant, or just before it. `since_ever`: so is one without a beginning."""
        valid = self.world.datasets[dataset].valid
        assert valid is not None
        start, end = (self.column(c, dataset, row, read) for c in valid)
        if start is None and not since_ever:
            return False
        if start is not None and end is not None and not self.precedes(start, self.clock.moment(end)):
            return False
        if read.before:
            begun = start is None or self.precedes(start, read.moment)
            return begun and (end is None or not self.precedes(end, read.moment))
        begun = start is None or not self.follows(start, read.moment)
        return begun and (end is None or self.follows(end, read.moment))

    def precedes(self, value: date, moment: Moment) -> bool:
        """Whether a value of a row lies before a moment; a local time stands for an instant of the project's zone."""
        return self.clock.moment(value).utc < moment.utc

    def follows(self, value: date, moment: Moment) -> bool:
        """Whether a value of a row lies after a moment."""
        return self.clock.moment(value).utc > moment.utc

    def time(self, source: Source, row: Row) -> date | None:
        """The time of a flow's row, in its own column or a computed one."""
        assert source.axis is not None
        value: date | None = self.named(source.axis, source.dataset, row, Read(self.as_of, before=True))
        return value

    def reads(self, source: Source, row: Row, start: Moment, end: Moment) -> Read | None:
        """When a row of the window is read; None when it stands outside the window."""
        if source.kind == "timeless":
            return Read(end, before=True)
        if source.kind == "stock":
            read = Read(end, before=True)
            return read if self.is_valid(row, source.dataset, read) else None
        time = self.time(source, row)
        if time is None or self.precedes(time, start) or not self.precedes(time, end):
            return None
        return Read(self.clock.moment(time), before=False)

    def gathered(self, node: nodes.Call, dataset: str, row: Row) -> Any:
        """A computed column that is one aggregate over the rows of another dataset that refer to this row."""
        leaf = leaf_of(self.world, node)
        refs = [r for r in self.world.datasets[leaf.source.dataset].refs.values() if r.dataset == dataset]
        if len(refs) != 1:
            raise NaiveError(f"{leaf.source.dataset} refers to {dataset} in {len(refs)} ways")
        key = row.get(self.world.datasets[dataset].key or "")
        mine = [
            (r, read)
            for r in self.world.rows[leaf.source.dataset]
            if key is not None and r.get(refs[0].column) == key
            for read in [self.reads(leaf.source, r, BEGINNING, self.as_of)]
            if read is not None and self.is_found(row, dataset, read)
        ]
        return self.aggregate(leaf, mine, None)

    def is_found(self, row: Row, dataset: str, read: Read) -> bool:
        """Whether a reference to the row's key finds this row when it is read."""
        return self.world.datasets[dataset].valid is None or self.is_valid(row, dataset, read, since_ever=True)

    def priced(self, leaf: Leaf, found: Sequence[tuple[Row, Read]], rating: Rating) -> list[tuple[Row, Read]]:
        """The rows, each with how its amounts are converted. What is counted is counted in its own currency."""
        into = None if leaf.name in ("count", "count_distinct") else rating.currency
        return [(r, replace(read, pricing=Pricing(self, rating, into, self.event(leaf, r)))) for r, read in found]

    def event(self, leaf: Leaf, row: Row) -> Moment | None:
        """A row's own time: a flow's, or the beginning of a stock's validity."""
        valid = self.world.datasets[leaf.source.dataset].valid
        column = leaf.source.axis or (valid[0] if valid and leaf.source.kind == "stock" else None)
        if column is None:
            return None
        value = self.named(column, leaf.source.dataset, row, Read(self.as_of, before=True))
        return None if value is None else self.clock.moment(value)

    def aggregate(self, leaf: Leaf, found: Sequence[tuple[Row, Read]], missing: str | None) -> Any:
        """The aggregate of a leaf over rows, its own row-level `where` applied."""
        dataset = leaf.source.dataset
        if leaf.where is not None:
            found = [(r, read) for r, read in found if self.evaluate(leaf.where, dataset, r, read) is True]
        if leaf.name == "count" and self.is_amount(dataset, leaf.argument):
            # Whether there is an amount does not depend on any rate.
            found = [(r, replace(read, pricing=None)) for r, read in found]
        pairs = [
            (1 if leaf.argument is None else self.evaluate(leaf.argument, dataset, row, read), self.order(leaf, row))
            for row, read in found
        ]
        if leaf.name == "count" and isinstance(leaf.argument, nodes.Name):
            # A plain column counts where it is not null, also when it is true or false.
            pairs = [(None if value is None else 1, order) for value, order in pairs]
        return aggregates.aggregate(leaf.name, pairs, missing, leaf.fraction)

    def is_amount(self, dataset: str, node: nodes.Node | None) -> bool:
        """Whether an expression is a column of amounts in each row's own currency, read as it stands."""
        path = self.path(dataset, str(node)) if isinstance(node, nodes.Name) else None
        if path is None:
            return False
        home = self.world.datasets[dataset]
        for ref in path.refs:
            home = self.world.datasets[home.refs[ref].dataset]
        return path.column in home.columns and home.columns[path.column].currency is not None

    def order(self, leaf: Leaf, row: Row) -> tuple[Any, ...]:
        """What `first` and `last` order rows by: time, then key; nulls first."""
        definition = self.world.datasets[leaf.source.dataset]
        column = leaf.source.axis or definition.time or (definition.valid and definition.valid[0])
        time = self.named(column, leaf.source.dataset, row, Read(self.as_of, before=True)) if column else None
        moment = None if time is None else self.clock.moment(time)
        stamp = (0,) if moment is None else (1, moment.utc if values.is_instant(time) else moment.wall)
        key = row.get(definition.key) if definition.key else None
        return stamp, (0,) if key is None else (1, key)


@dataclass(frozen=True)
class Leaf:
    """An aggregate over rows: what it reads, of which rows, and how."""

    name: str
    source: Source
    argument: nodes.Node | None
    """None for `count(dataset)`."""
    where: nodes.Node | None
    opens: bool
    """Whether it says `at start`."""
    fraction: float | None


def leaf_of(world: World, node: nodes.Call) -> Leaf:
    """Reads an aggregate call whose argument speaks of rows."""
    argument = node.arguments[0]
    scoped = argument if isinstance(argument, nodes.Scoped) else nodes.Scoped(argument, argument.span)
    body = scoped.body
    if isinstance(body, nodes.Scoped):
        raise NaiveError("a second layer of postfixes in an aggregate")
    dataset = _dataset_of(world, node)
    rows = isinstance(body, nodes.Name) and body.parts == (dataset,) and node.name == "count"
    fraction = None
    if len(node.arguments) > 1:
        point = compute(node.arguments[1], _no_names, world.parameters, Clock(Project()))
        fraction = float(point) / 100
    source = _source(world, dataset, scoped)
    return Leaf(node.name, source, None if rows else body, scoped.where, scoped.at == "start", fraction)


def _no_names(node: nodes.Node) -> Any:
    raise NaiveError("a literal is needed here")


def _source(world: World, dataset: str, scoped: nodes.Scoped) -> Source:
    """With `on` a flow, with `at` a stock; else a flow with a `time`, a stock with only `valid`, else timeless."""
    definition = world.datasets[dataset]
    if scoped.on is not None:
        return Source(dataset, "flow", str(scoped.on))
    if scoped.at is not None:
        if definition.valid is None:
            raise NaiveError(f"{dataset} has no validity to read at an instant")
        return Source(dataset, "stock")
    if definition.time is not None:
        return Source(dataset, "flow", definition.time)
    return Source(dataset, "stock" if definition.valid is not None else "timeless")


def _dataset_of(world: World, node: nodes.Call) -> str:
    """The dataset an aggregate reads: named in it, else the only one with all its names."""
    argument = node.arguments[0]
    body = argument.body if isinstance(argument, nodes.Scoped) else argument
    if node.name == "count" and isinstance(body, nodes.Name) and body.parts[0] in world.datasets:
        return body.parts[0]
    names = [n for n in nodes.walk(argument) if isinstance(n, nodes.Name)]
    named = {n.parts[0] for n in names if len(n.parts) > 1 and n.parts[0] in world.datasets}
    if len(named) == 1:
        return named.pop()
    if named:
        raise NaiveError(f"an aggregate over several datasets: {', '.join(sorted(named))}")
    fitting = [d for d in world.datasets if all(resolve(world.datasets, d, str(n)) is not None for n in names)]
    if len(fitting) != 1:
        raise NaiveError(f"an aggregate whose dataset is not clear: {', '.join(fitting)}")
    return fitting[0]
