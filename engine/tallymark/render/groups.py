"""A group as SQL: rows bucketed into segments, accumulated by segment, spread over periods and merged.

When every segment belongs to one period at most, the rows are aggregated by segment at once. Otherwise mergeable
aggregates are accumulated by segment first and spread as partial results; the others are spread as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.plan import Group, Leaf
from tallymark.render.aggregates import MERGEABLE, aggregate, filtered, finished
from tallymark.render.buckets import bucket
from tallymark.render.rows import BASE, Rows, Statement
from tallymark.render.values import all_of, any_of, array, call, case, column, compare, integer, named, select, table
from tallymark.windows import Segments

MOST_SPREAD = 200_000
"""Rows of a map that lists every segment of every window; above it the map holds ranges."""


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

    def write(self, group: Group) -> list[Branch]:
        """Adds the group's relations to the statement and gives the branches that hold its leaves."""
        return _Group(group, self.rows, self.statement, self.population).write()


class _Group:
    def __init__(self, group: Group, rows: Rows, statement: Statement, population: dict[int, str]) -> None:
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
        self.times = ["f", "t"] if group.axis.kind == "stock" else ["s"] if group.axis.kind == "flow" else []

    def write(self) -> list[Branch]:
        group = self.group
        ordered = any(leaf.function in ("first", "last") for leaf in group.leaves)
        source = self._rows(ordered)
        spread = self._spread()
        if spread is None:
            self.population[group.number] = source
            return self._timeless(source)
        if self._one_to_one():
            return [self._at_once(source, spread)]
        branches = []
        mergeable = [leaf for leaf in group.leaves if leaf.function in MERGEABLE]
        others = [leaf for leaf in group.leaves if leaf.function not in MERGEABLE]
        self.population[group.number] = source
        if mergeable:
            branches.append(self._in_parts(source, spread, mergeable))
        if others:
            branches.append(self._by_rows(source, spread, others))
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

    def _spread(self) -> str | None:
        """The map from segments to periods, `r` the window's number, `i` the period's; None without an axis of time."""
        if self.group.axis.kind == "timeless":
            return None
        roles, periods, first, last = [], [], [], []
        cuts = Segments(self.group.cuts)
        for number, role in enumerate(self.group.roles):
            for i, window in enumerate(role.resolved):
                if window.void:
                    continue
                run = (cuts.instant(window),) * 2 if self.group.axis.kind == "stock" else cuts.span(window)
                roles.append(number)
                periods.append(i)
                first.append(run[0])
                last.append(run[1])
        columns = {"r": roles, "i": periods, "a": first, "b": last}
        if self.group.axis.kind == "stock":
            columns = {"r": roles, "i": periods, "j": first}
        elif sum(b - a for a, b in zip(first, last, strict=True)) <= MOST_SPREAD:
            runs = list(zip(roles, periods, first, last, strict=True))
            listed = [(r, i, s) for r, i, a, b in runs for s in range(a, b)]
            columns = {"r": [x[0] for x in listed], "i": [x[1] for x in listed], "s": [x[2] for x in listed]}
        self._map = columns
        shown = [named(call("UNNEST", _numbers(v)), k) for k, v in columns.items()]
        return self.statement.add(f"{self.group.name}_map", select(*shown))

    def _one_to_one(self) -> bool:
        """Whether each segment lies in one window of one period at most."""
        found = self._map.get("s")
        return found is not None and len(self.group.roles) == 1 and len(set(found)) == len(found)

    def _joined(self, source: str, spread: str) -> exp.Select:
        """`source` rows (under `p`) with the periods (under `m`) whose windows they lie in."""
        on: exp.Expression | None
        if "s" in self._map:
            on = exp.EQ(this=column("s", "m"), expression=column("s", "p"))
        elif "j" in self._map:
            reached = compare(exp.LTE, column("f", "p"), column("j", "m"))
            on = all_of([reached, compare(exp.GT, column("t", "p"), column("j", "m"))])
        else:
            reached = compare(exp.GTE, column("s", "p"), column("a", "m"))
            on = all_of([reached, compare(exp.LT, column("s", "p"), column("b", "m"))])
        return (
            select("1")
            .from_(table(source, "p"), copy=False)
            .join(table(spread, "m"), on=on, join_type="INNER", copy=False)
        )

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
        parts = MERGEABLE.get(leaf.function)
        argument = self._argument(leaf, table)
        if parts is not None:
            built = [filtered(b(argument), all_of([t.copy() for t in tests])) for b in parts.accumulate]
            return finished(parts.finish(built), leaf.type)
        order = self._order(table) if leaf.function in ("first", "last") else []
        return finished(aggregate(leaf.function, argument, all_of(tests), leaf.extra, order), leaf.type)

    def _at_once(self, source: str, spread: str) -> Branch:
        """Every aggregate by segment, and the segment renamed to its period."""
        by = [column(k) for k in (*self.keys, "s")]
        names = {leaf: f"v{n}" for n, leaf in enumerate(self.group.leaves)}
        shown = [*by, *(named(self._whole(leaf), name) for leaf, name in names.items())]
        parts = self.statement.add(
            f"{self.group.name}_parts",
            select(*shown).from_(source, copy=False).group_by(*(b.copy() for b in by), copy=False),
        )
        self.population[self.group.number] = parts
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        query = self._joined(parts, spread).select(*kept, column("i", "m"), append=False, copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells", query), names)

    def _in_parts(self, source: str, spread: str, leaves: Sequence[Leaf]) -> Branch:
        """Accumulators by segment, spread over the periods and merged there."""
        by = [column(k) for k in (*self.keys, *self.times)]
        accumulators: dict[tuple[Any, ...], str] = {}
        shown: list[exp.Expression] = [b.copy() for b in by]
        for leaf in leaves:
            for number, build in enumerate(MERGEABLE[leaf.function].accumulate):
                place = self._accumulator(leaf, number)
                if place not in accumulators:
                    accumulators[place] = name = f"a{len(accumulators)}"
                    shown.append(named(filtered(build(self._argument(leaf)), self._condition(leaf)), name))
        parts = self.statement.add(
            f"{self.group.name}_parts",
            select(*shown).from_(source, copy=False).group_by(*(b.copy() for b in by), copy=False),
        )
        self.population[self.group.number] = parts
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        merged = [named(self._merged(leaf, accumulators), name) for leaf, name in names.items()]
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        query = self._joined(parts, spread).select(*cells, *merged, append=False, copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells", query), names)

    def _accumulator(self, leaf: Leaf, number: int) -> tuple[Any, ...]:
        """What an accumulator depends on: not the window, so that several windows share it."""
        what = MERGEABLE[leaf.function].accumulate[number]
        return what, leaf.argument, leaf.conditions

    def _merged(self, leaf: Leaf, accumulators: dict[tuple[Any, ...], str]) -> exp.Expression:
        parts = MERGEABLE[leaf.function]
        values: list[exp.Expression] = []
        for number, merge in enumerate(parts.merge):
            value = merge(column(accumulators[self._accumulator(leaf, number)], "p"))
            values.append(filtered(value, self._in_role(leaf)))
        return finished(parts.finish(values), leaf.type)

    def _in_role(self, leaf: Leaf) -> exp.Expression | None:
        if len(self.group.roles) == 1:
            return None
        return exp.EQ(this=column("r", "m"), expression=integer(self.group.role_of(leaf)))

    def _by_rows(self, source: str, spread: str, leaves: Sequence[Leaf]) -> Branch:
        """Aggregates that cannot be merged: the rows themselves are spread over the periods."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        shown = [named(self._whole(leaf, self._in_role(leaf), "p"), name) for leaf, name in names.items()]
        query = self._joined(source, spread).select(*cells, *shown, append=False, copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_whole", query), names)

    def _timeless(self, source: str) -> list[Branch]:
        """Rows without a time are in every window."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(self.group.leaves)}
        by = [column(k) for k in self.keys]
        shown = [*by, *(named(self._whole(leaf), name) for leaf, name in names.items())]
        query = select(*shown).from_(source, copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False) if by else query
        whole = self.statement.add(f"{self.group.name}_parts", query)
        count = len(self.group.roles[0].resolved)
        periods = select(named(call("UNNEST", _numbers(list(range(count)))), "i"))
        spread = self.statement.add(f"{self.group.name}_map", periods)
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        cells = (
            select(*kept, column("i", "m"))
            .from_(table(whole, "p"), copy=False)
            .join(table(spread, "m"), join_type="CROSS", copy=False)
        )
        return [Branch(self.statement.add(f"{self.group.name}_cells", cells), names)]


def _numbers(values: list[int]) -> exp.Expression:
    """An array of whole numbers, typed also when it is empty; a run from 0 is a range."""
    if values and values == list(range(len(values))):
        return call("RANGE", integer(len(values)))
    return array(values)


def _sorted(conditions: frozenset[Bound]) -> list[Bound]:
    return sorted(conditions, key=repr)
