"""A group as SQL: rows bucketed into segments, and each leaf put together over its periods in a way of its own.

When every segment belongs to one period at most, the rows are aggregated by segment at once. Otherwise windows overlap,
or leave something out: see `overlaps.py`. `ways.py` says which way a leaf goes.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.plan import Group, Leaf
from tallymark.render.aggregates import ROWS
from tallymark.render.branch import Branch
from tallymark.render.buckets import bucket
from tallymark.render.overlaps import Overlaps
from tallymark.render.rows import BASE, Rows, Statement
from tallymark.render.scan import Scan
from tallymark.render.spread import Spread, whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    case,
    column,
    compare,
    cross_join,
    integer,
    named,
    select,
    table,
)
from tallymark.render.ways import told, way_of
from tallymark.windows import Segments


class Groups:
    """Writes groups."""

    def __init__(self, rows: Rows, statement: Statement) -> None:
        self.rows = rows
        self.statement = statement
        self.population: dict[int, str] = {}
        """For each group, a relation that holds every combination of its keys."""
        self.ways: dict[str, None] = {}
        """The way that each leaf went, in a sentence."""

    def write(self, group: Group) -> list[Branch]:
        """Adds the group's relations to the statement and gives the branches that hold its leaves."""
        made = _Group(group, self.rows, self.statement)
        branches = made.write()
        self.population[group.number] = made.population
        self.ways.update(dict.fromkeys(told(leaf, way) for leaf, way in made.ways.items() if leaf.function != ROWS))
        return branches


class _Group:
    def __init__(self, group: Group, rows: Rows, statement: Statement) -> None:
        self.group = group
        self.rows = rows
        self.statement = statement
        self.keys = [k.column for k in group.level]
        self.dataset = rows.catalog.datasets[group.dataset]
        self.spread = Spread(group) if group.axis.kind != "timeless" else None
        self.ways = {leaf: way_of(leaf, self.spread, group.role_of(leaf)) for leaf in group.leaves}
        self.population = group.name
        self.values: dict[Bound, str] = {}
        self.tests: dict[frozenset[Bound], str] = {}
        self.times = ["f", "t"] if group.axis.kind == "stock" else ["s"] if group.axis.kind == "flow" else []

    def write(self) -> list[Branch]:
        scan = self._scan()
        if self.spread is None:
            return [self._timeless(scan)]
        overlaps = Overlaps(scan, self.spread, self.statement)
        branches = [overlaps.at_once()] if self.spread.apart else overlaps.write(self.ways)
        self.population = overlaps.population
        return branches

    # --- rows ------------------------------------------------------------------------------------------------------

    def _scan(self) -> Scan:
        """One row per row of the dataset that is read: keys, segment, arguments, conditions."""
        group = self.group
        axis = frozenset(group.axis.columns)
        order = self._order() if any(leaf.function in ("first", "last") for leaf in group.leaves) else []
        query, term = self.rows.joined(group.dataset, self._expressions(), axis | frozenset(order))
        shown = [named(self.rows.express(k, term), c) for k, c in zip(group.keys, self.keys, strict=True)]
        shown += self._segments()
        shown += [named(column(c, BASE), f"o{n}") for n, c in enumerate(order)]
        for leaf in group.leaves:
            self._want(leaf)
        shown += [named(self.rows.express(a, term), name) for a, name in self.values.items()]
        for conditions, name in self.tests.items():
            test = all_of([self.rows.express(c, term) for c in _sorted(conditions)])
            assert test is not None
            shown.append(named(test, name))
        if not shown:
            shown.append(named(integer(1), "one"))
        where = all_of([*(self.rows.express(f, term) for f in group.filters), *self._bounds()])
        query = query.select(*shown, append=False, copy=False)
        name = self.statement.add(group.name, query.where(where, copy=False) if where is not None else query)
        ordering = tuple(f"o{n}" for n in range(len(order)))
        return Scan(group, name, tuple(self.keys), tuple(self.times), self.values, self.tests, ordering)

    def _order(self) -> list[str]:
        """The columns that `first` and `last` go by: time, then key."""
        key = self.dataset.key
        return [*self.group.axis.columns[:1], *([key] if key is not None and key in self.dataset.columns else [])]

    def _expressions(self) -> list[Bound]:
        found = [*self.group.keys, *self.group.filters]
        for leaf in self.group.leaves:
            found += [leaf.argument] if leaf.argument is not None else []
            found += leaf.conditions
        return found

    def _want(self, leaf: Leaf) -> None:
        if leaf.argument is not None:
            self.values.setdefault(leaf.argument, f"x{len(self.values)}")
        own = leaf.conditions - set(self.group.filters)
        if own:
            self.tests.setdefault(own, f"c{len(self.tests)}")

    def _axis(self) -> list[tuple[exp.Expression, bool]]:
        """The columns of the axis, and whether each has a zone."""
        return [(column(c, BASE), self.dataset.columns[c].type is Type.INSTANT) for c in self.group.axis.columns]

    def _segments(self) -> list[exp.Expression]:
        cuts = Segments(self.group.cuts)
        walls = cuts.walls(self.rows.calendar)
        shown = []
        for name, (time, zoned) in zip(self.times, self._axis(), strict=False):
            own = list(cuts.cuts if zoned else walls)
            number: exp.Expression
            if name == "s":
                while own and self._beyond(own[-1], zoned):
                    own.pop()
                number = bucket(time, own, zoned)
            else:
                number = bucket(time, own, zoned)
            if name == "t":
                null = exp.Is(this=time.copy(), expression=exp.Null())
                number = case((null, integer(len(own))), otherwise=number)
            shown.append(named(number, name))
        return shown

    def _beyond(self, cut: Any, zoned: bool) -> bool:
        """Whether no row read reaches the cut, so that it need not be looked for."""
        highest = self.group.highest
        if highest is None:
            return False
        return bool(cut == (highest if zoned else self.rows.calendar.wall(highest)))

    def _bounds(self) -> list[exp.Expression]:
        """Conditions on the axis: only rows between the earliest start and the latest end are read."""
        group, bounds = self.group, []
        if group.axis.kind == "timeless":
            return []
        if group.highest is None:
            return [exp.Boolean(this=False)]
        first = self.dataset.columns[group.axis.columns[0]]
        last = self.dataset.columns[group.axis.columns[-1]]
        start, end = (column(c.name, BASE) for c in (first, last))
        bounds.append(compare(exp.LT, start, self.rows.edge(first, group.highest)))
        if group.lowest is not None:
            reached = compare(exp.GTE, end, self.rows.edge(last, group.lowest))
            if group.axis.kind == "stock":
                unended = exp.Is(this=end.copy(), expression=exp.Null())
                bounds.append(any_of([unended, reached]) or reached)
            else:
                bounds.append(reached)
        return bounds

    # --- rows without a time -------------------------------------------------------------------------------------

    def _timeless(self, scan: Scan) -> Branch:
        """Rows without a time are in every window."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(self.group.leaves)}
        by = [column(k) for k in self.keys]
        shown = [*by, *(named(scan.whole(leaf), name) for leaf, name in names.items())]
        query = select(*shown).from_(table(scan.relation), copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False) if by else query
        whole = self.statement.add(f"{self.group.name}_parts", query)
        count = len(self.group.roles[0].resolved)
        periods = select(named(call("UNNEST", whole_numbers(range(count))), "i"))
        spread = self.statement.add(f"{self.group.name}_map", periods)
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        cells = (
            select(*kept, column("i", "m"))
            .from_(table(whole, "p"), copy=False)
            .join(cross_join(table(spread, "m")), copy=False)
        )
        return Branch(self.statement.add(f"{self.group.name}_cells", cells), names)


def _sorted(conditions: frozenset[Bound]) -> list[Bound]:
    return sorted(conditions, key=repr)
