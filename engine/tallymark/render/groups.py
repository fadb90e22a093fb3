"""A group as SQL: rows bucketed into segments, accumulated by segment, spread over periods and merged.

When every segment belongs to one period at most, the rows are aggregated by segment at once. Otherwise mergeable
aggregates are accumulated by segment first and spread as partial results, or, where all windows are from the beginning
of time, run up from segment to segment; the others are spread as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlglot import exp

from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.plan import Group, Leaf
from tallymark.render.aggregates import MERGEABLE, filtered, finished, whole
from tallymark.render.buckets import bucket
from tallymark.render.late import Late
from tallymark.render.rows import BASE, Rows, Statement
from tallymark.render.spread import Spread, whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    case,
    column,
    compare,
    cross_join,
    inner_join,
    integer,
    named,
    select,
    table,
)
from tallymark.windows import Segments


@dataclass(frozen=True, slots=True)
class Branch:
    """A relation that holds some leaves of a group: one row per cell, columns named as `names` says."""

    relation: str
    names: dict[Leaf, str]


class Groups:
    """Writes groups."""

    def __init__(self, rows: Rows, statement: Statement) -> None:
        self.rows = rows
        self.statement = statement
        self.population: dict[int, str] = {}
        """For each group, a relation that holds every combination of its keys."""
        self.lacking: list[exp.Select] = []
        """For each conversion at the rates of periods: the currencies of amounts that have no rate in a period."""

    def write(self, group: Group) -> list[Branch]:
        """Adds the group's relations to the statement and gives the branches that hold its leaves."""
        return _Group(group, self.rows, self.statement, self.population, self.lacking).write()


class _Group:
    def __init__(
        self, group: Group, rows: Rows, statement: Statement, population: dict[int, str], lacking: list[exp.Select]
    ) -> None:
        self.group = group
        self.rows = rows
        self.statement = statement
        self.population = population
        self.keys = [k.column for k in group.level]
        self.dataset = rows.catalog.datasets[group.dataset]
        key = [self.dataset.key] if self.dataset.key in self.dataset.columns else []
        self.order = [*group.axis.columns[:1], *(k for k in key if k is not None)]
        self.values: dict[Bound, str] = {}
        self.tests: dict[frozenset[Bound], str] = {}
        self.accumulators: dict[tuple[Any, ...], str] = {}
        self.times = ["f", "t"] if group.axis.kind == "stock" else ["s"] if group.axis.kind == "flow" else []
        self.late = Late(
            group, rows, statement, self.keys, self.times, self._spread_out, self._in_role, self._order("p"), lacking
        )

    def write(self) -> list[Branch]:
        group = self.group
        ordered = any(leaf.function in ("first", "last") for leaf in group.leaves)
        source = self._rows(ordered)
        self.population[group.number] = source
        late = [leaf for leaf in group.leaves if leaf.late]
        early = [leaf for leaf in group.leaves if not leaf.late]
        branches = self._early(source, early) if early else []
        return [*branches, *(Branch(*found) for found in self.late.write(source, late))]

    def _early(self, source: str, leaves: Sequence[Leaf]) -> list[Branch]:
        """The leaves whose values do not depend on the period that a row is read in."""
        if self.group.axis.kind == "timeless":
            return self._timeless(source, leaves)
        if self.spread.apart:
            return [self._at_once(source, leaves)]
        branches = []
        mergeable = [leaf for leaf in leaves if leaf.function in MERGEABLE]
        others = [leaf for leaf in leaves if leaf.function not in MERGEABLE]
        if mergeable:
            parts = self._parts(source, mergeable)
            spread = self._running if self.spread.cumulative else self._merged_parts
            branches += spread(parts, mergeable)
        if others:
            branches.append(self._by_rows(source, others))
        return branches

    # --- rows ------------------------------------------------------------------------------------------------------

    def _rows(self, ordered: bool) -> str:
        """One row per row of the dataset that is read: keys, segment, arguments, conditions."""
        group = self.group
        axis = frozenset(group.axis.columns)
        order = self.order if ordered else []
        query, term = self.rows.joined(group.dataset, self._expressions(), axis | frozenset(order))
        shown = [named(self.rows.express(k, term), c) for k, c in zip(group.keys, self.keys, strict=True)]
        shown += self._segments()
        shown += [named(column(c, BASE), f"o{n}") for n, c in enumerate(order)]
        for leaf in group.leaves:
            self._want(leaf)
        shown += [named(self.rows.express(a, term), name) for a, name in self.values.items()]
        shown += self.late.shown(term)
        for conditions, name in self.tests.items():
            test = all_of([self.rows.express(c, term) for c in _sorted(conditions)])
            assert test is not None
            shown.append(named(test, name))
        if not shown:
            shown.append(named(integer(1), "one"))
        where = all_of([*(self.rows.express(f, term) for f in group.filters), *self._bounds()])
        query = query.select(*shown, append=False, copy=False)
        return self.statement.add(group.name, query.where(where, copy=False) if where is not None else query)

    def _expressions(self) -> list[Bound]:
        found = [*self.group.keys, *self.group.filters]
        for leaf in self.group.leaves:
            found += [leaf.argument] if leaf.argument is not None else []
            found += leaf.conditions
        return found

    def _want(self, leaf: Leaf) -> None:
        if leaf.late:
            self.late.want(leaf)
            return
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

    # --- spreading -------------------------------------------------------------------------------------------------

    @cached_property
    def spread(self) -> Spread:
        """Which segments make up which periods."""
        return Spread(self.group)

    def _joined(self, source: str) -> exp.Select:
        """`source` rows (under `p`) with the periods (under `m`) whose windows they lie in."""
        name = f"{self.group.name}_map"
        if name not in self.statement.ctes:
            self.statement.add(name, self.spread.query())
        joined = select().from_(table(source, "p"), copy=False)
        return joined.join(inner_join(table(name, "m"), self.spread.on()), copy=False)

    # --- aggregating -----------------------------------------------------------------------------------------------

    def _condition(self, leaf: Leaf, table: str | None = None) -> exp.Expression | None:
        own = leaf.conditions - set(self.group.filters)
        return column(self.tests[own], table) if own else None

    def _argument(self, leaf: Leaf, table: str | None = None) -> exp.Expression | None:
        return column(self.values[leaf.argument], table) if leaf.argument is not None else None

    def _order(self, table: str | None = None) -> list[exp.Expression]:
        """What `first` and `last` go by: time, then key."""
        return [column(f"o{n}", table) for n in range(len(self.order))]

    def _whole(self, leaf: Leaf, extra_test: exp.Expression | None = None, table: str | None = None) -> exp.Expression:
        tests = [t for t in (self._condition(leaf, table), extra_test) if t is not None]
        order = self._order(table) if leaf.function in ("first", "last") else []
        return whole(leaf.function, self._argument(leaf, table), tests, leaf.extra, order, leaf.type)

    def _at_once(self, source: str, leaves: Sequence[Leaf]) -> Branch:
        """Every aggregate by segment, and the segment renamed to its period."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        parts = self._by_segment(source, [named(self._whole(leaf), name) for leaf, name in names.items()])
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        first = self.spread.offset
        if first is None:
            query = self._joined(parts).select(*kept, column("i", "m"), append=False, copy=False)
        else:
            segment = column("s", "p")
            i = exp.Sub(this=segment, expression=integer(first)) if first else segment
            last = integer(first + len(self.spread.runs) - 1)
            query = select(*kept, named(i, "i")).from_(table(parts, "p"), copy=False)
            query = query.where(exp.Between(this=segment, low=integer(first), high=last), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells", query), names)

    def _by_segment(self, source: str, values: list[exp.Expression]) -> str:
        """Aggregates of the rows by the keys and the segment."""
        by = [column(k) for k in (*self.keys, *self.times)]
        query = select(*by, *values).from_(table(source), copy=False).group_by(*(b.copy() for b in by), copy=False)
        parts = self.statement.add(f"{self.group.name}_parts", query)
        self.population.setdefault(self.group.number, parts)
        return parts

    def _parts(self, source: str, leaves: Sequence[Leaf]) -> str:
        """Accumulators by segment."""
        shown: list[exp.Expression] = []
        for leaf in leaves:
            for number, build in enumerate(MERGEABLE[leaf.function].accumulate):
                place = self._accumulator(leaf, number)
                if place not in self.accumulators:
                    self.accumulators[place] = name = f"a{len(self.accumulators)}"
                    shown.append(named(filtered(build(self._argument(leaf)), self._condition(leaf)), name))
        return self._by_segment(source, shown)

    def _merged_parts(self, parts: str, leaves: Sequence[Leaf]) -> list[Branch]:
        """Accumulators spread over the periods and merged there."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        merged = [named(self._merged(leaf), name) for leaf, name in names.items()]
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        query = self._joined(parts).select(*cells, *merged, append=False, copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        return [Branch(self.statement.add(f"{self.group.name}_cells", query), names)]

    # --- running up ------------------------------------------------------------------------------------------------

    def _running(self, parts: str, leaves: Sequence[Leaf]) -> list[Branch]:
        """Windows from the beginning of time, one branch for each: a value holds until the key's next segment."""
        branches = []
        for number, role in enumerate(self.group.roles):
            own = [leaf for leaf in leaves if leaf.window == role.window]
            if own:
                branches.append(self._run_up(parts, number, own))
        return branches

    def _run_up(self, parts: str, role: int, leaves: Sequence[Leaf]) -> Branch:
        name = f"{self.group.name}_run{role or ''}"
        query, first = self._first_period(parts, role)
        periods = integer(sum(1 for r in self.spread.runs if r.role == role))
        until = exp.Coalesce(this=self._over(call("LEAD", first.copy()), None), expressions=[periods])
        shown = [*(column(k, "p") for k in self.keys), named(first, "i"), named(until, "j")]
        merges = {self._accumulator(f, n): m for f in leaves for n, m in enumerate(MERGEABLE[f.function].merge)}
        so_far = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
        for place, merge in merges.items():
            accumulated = self.accumulators[place]
            shown.append(named(self._over(merge(column(accumulated, "p")), so_far.copy()), accumulated))
        self.statement.add(name, query.select(*shown, append=False, copy=False))
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        cells: list[exp.Expression] = [column(k, "r") for k in self.keys]
        cells.append(named(call("UNNEST", call("RANGE", column("i", "r"), column("j", "r"))), "i"))
        cells += [named(self._finished(leaf, "r"), name) for leaf, name in names.items()]
        spread = select(*cells).from_(table(name, "r"), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells{role or ''}", spread), names)

    def _first_period(self, parts: str, role: int) -> tuple[exp.Select, exp.Expression]:
        """`parts` (under `p`), and the first period whose window holds the segment."""
        query = select().from_(table(parts, "p"), copy=False)
        reached = self.spread.reached(role)
        segment = column("s", "p")
        if reached == list(range(len(reached))):
            return query, segment
        columns = {"s": range(len(reached)), "i": reached}
        firsts = select(*(named(call("UNNEST", whole_numbers(values)), name) for name, values in columns.items()))
        name = self.statement.add(f"{self.group.name}_starts{role or ''}", firsts)
        on = exp.EQ(this=column("s", "m"), expression=segment)
        return query.join(inner_join(table(name, "m"), on), copy=False), column("i", "m")

    def _over(self, value: exp.Expression, spec: exp.WindowSpec | None) -> exp.Window:
        """`value` over the segments of each combination of the keys, in order."""
        order = exp.Order(expressions=[exp.Ordered(this=column("s", "p"))])
        return exp.Window(this=value, partition_by=[column(k, "p") for k in self.keys], order=order, spec=spec)

    # --- merging ---------------------------------------------------------------------------------------------------

    def _accumulator(self, leaf: Leaf, number: int) -> tuple[Any, ...]:
        """What an accumulator depends on: not the window, so that several windows share it."""
        what = MERGEABLE[leaf.function].accumulate[number]
        return what, leaf.argument, leaf.conditions

    def _merged(self, leaf: Leaf) -> exp.Expression:
        parts = MERGEABLE[leaf.function]
        values: list[exp.Expression] = []
        for number, merge in enumerate(parts.merge):
            value = merge(column(self.accumulators[self._accumulator(leaf, number)], "p"))
            values.append(filtered(value, self._in_role(leaf)))
        return finished(parts.finish(values), leaf.type)

    def _finished(self, leaf: Leaf, table: str) -> exp.Expression:
        """The leaf of accumulators that are merged already."""
        parts = MERGEABLE[leaf.function]
        merged = [self.accumulators[self._accumulator(leaf, n)] for n in range(len(parts.merge))]
        return finished(parts.finish([column(name, table) for name in merged]), leaf.type)

    def _in_role(self, leaf: Leaf) -> exp.Expression | None:
        if len(self.group.roles) == 1 or not self.times:
            return None
        return exp.EQ(this=column("r", "m"), expression=integer(self.group.role_of(leaf)))

    def _by_rows(self, source: str, leaves: Sequence[Leaf]) -> Branch:
        """Aggregates that cannot be merged: the rows themselves are spread over the periods."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        shown = [named(self._whole(leaf, self._in_role(leaf), "p"), name) for leaf, name in names.items()]
        query = self._joined(source).select(*cells, *shown, append=False, copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_whole", query), names)

    # --- without a time -----------------------------------------------------------------------------------------------

    def _spread_out(self, source: str) -> exp.Select:
        """`source` rows (under `p`) in each period (under `m`) whose window they lie in."""
        return self._joined(source) if self.times else self._everywhere(source)

    def _everywhere(self, source: str) -> exp.Select:
        """Rows without a time, under `p`, in every period, under `m`."""
        name = f"{self.group.name}_map"
        if name not in self.statement.ctes:
            count = len(self.group.roles[0].resolved)
            self.statement.add(name, select(named(call("UNNEST", whole_numbers(range(count))), "i")))
        return select().from_(table(source, "p"), copy=False).join(cross_join(table(name, "m")), copy=False)

    def _timeless(self, source: str, leaves: Sequence[Leaf]) -> list[Branch]:
        """Rows without a time are in every window."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        by = [column(k) for k in self.keys]
        shown = [*by, *(named(self._whole(leaf), name) for leaf, name in names.items())]
        query = select(*shown).from_(table(source), copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False) if by else query
        whole = self.statement.add(f"{self.group.name}_parts", query)
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        cells = self._everywhere(whole).select(*kept, column("i", "m"), append=False, copy=False)
        return [Branch(self.statement.add(f"{self.group.name}_cells", cells), names)]


def _sorted(conditions: frozenset[Bound]) -> list[Bound]:
    return sorted(conditions, key=repr)
