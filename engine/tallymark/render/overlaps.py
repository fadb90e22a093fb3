"""Leaves over windows that overlap: each way of `ways.py` as SQL.

Accumulators by segment (under `p`) are spread over the periods by the map (under `m`), or run up from segment to
segment, or slid: added where a segment enters a window, taken away where it leaves. Doubles are only ever added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlglot import exp

from tallymark.plan import Group, Leaf
from tallymark.render import moments
from tallymark.render.aggregates import Mergeable, filtered, finished, parts_of, present
from tallymark.render.branch import Branch
from tallymark.render.rows import Statement
from tallymark.render.scan import Scan
from tallymark.render.sliding import Sliding
from tallymark.render.spread import Slide, Spread
from tallymark.render.values import call, column, inner_join, integer, named, select, table
from tallymark.render.ways import Way


class Overlaps:
    """Writes the leaves of one group that has an axis of time. `population` holds every combination of its keys."""

    def __init__(self, scan: Scan, spread: Spread, statement: Statement) -> None:
        self.scan = scan
        self.group = scan.group
        self.spread = spread
        self.statement = statement
        self.keys = scan.keys
        self.gathered_by = scan.keys
        """The columns of the rows that, with a period, decide the cell."""
        self.population = scan.relation
        self.accumulators: dict[tuple[Any, ...], str] = {}

    def write(self, ways: Mapping[Leaf, Way]) -> list[Branch]:
        """A branch or more for each way, as each leaf goes."""
        of: dict[Way, list[Leaf]] = {}
        for leaf, way in ways.items():
            of.setdefault(way, []).append(leaf)
        branches: list[Branch] = []
        parted = [leaf for leaf, way in ways.items() if way.parts]
        if parted:
            parts = self._parts(parted)
            branches += [self._merged_parts(parts, of[Way.SPREAD])] if Way.SPREAD in of else []
            branches += self._by_role(of.get(Way.RUNNING, []), lambda n, own: self._run_up(parts, n, own))
            branches += self._by_role(of.get(Way.SLIDING, []), lambda n, own: self._slid(parts, n, own))
        for leaf in [*of.get(Way.FIRST_SEEN, []), *of.get(Way.SLIDING_PAIRS, [])]:
            branches.append(self._slid_pairs(leaf))
        branches += [self._spread_pairs(leaf) for leaf in of.get(Way.PAIRS, [])]
        branches += [self._moments(leaf) for leaf in of.get(Way.MOMENTS, [])]
        branches += [self._by_rows(of[Way.ROWS])] if Way.ROWS in of else []
        return branches

    def _by_role(self, leaves: Sequence[Leaf], write: Any) -> list[Branch]:
        """What `write` makes of the leaves of each window."""
        found: dict[int, list[Leaf]] = {}
        for leaf in leaves:
            found.setdefault(self.group.role_of(leaf), []).append(leaf)
        return [write(role, own) for role, own in found.items()]

    # --- spreading -------------------------------------------------------------------------------------------------

    def _joined(self, source: str, roles: Collection[int]) -> exp.Select:
        return spread_out(self.group, self.spread, self.statement, source, roles)

    def _in_role(self, leaf: Leaf) -> exp.Expression | None:
        return in_role(self.group, leaf)

    def _cells(self, name: str, joined: exp.Select, shown: Sequence[exp.Expression]) -> str:
        """Aggregates of joined rows by the keys and the period."""
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        query = joined.select(*cells, *shown, append=False, copy=False)
        return self.statement.add(f"{self.group.name}_{name}", query.group_by(*(c.copy() for c in cells), copy=False))

    # --- aggregating -----------------------------------------------------------------------------------------------

    def at_once(self, leaves: Sequence[Leaf]) -> Branch:
        """Every aggregate by segment, and the segment renamed to its period."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        parts = self._by_segment([named(self.scan.whole(leaf), name) for leaf, name in names.items()])
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        first = self.spread.offset
        if first is None:
            query = self._joined(parts, range(len(self.group.roles)))
            query = query.select(*kept, column("i", "m"), append=False, copy=False)
        else:
            segment = column("s", "p")
            i = exp.Sub(this=segment, expression=integer(first)) if first else segment
            last = integer(first + len(self.spread.runs) - 1)
            query = select(*kept, named(i, "i")).from_(table(parts, "p"), copy=False)
            query = query.where(exp.Between(this=segment, low=integer(first), high=last), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells", query), names)

    def _by_segment(self, values: Sequence[exp.Expression]) -> str:
        """Aggregates of the rows by the keys and the segment."""
        by = [column(k) for k in (*self.gathered_by, *self.scan.times)]
        query = select(*by, *values).from_(table(self.scan.relation), copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False)
        self.population = parts = self.statement.add(f"{self.group.name}_parts", query)
        return parts

    def _parts(self, leaves: Sequence[Leaf]) -> str:
        """Accumulators by segment."""
        shown: list[exp.Expression] = []
        for leaf in leaves:
            for number in range(len(_parts_of(leaf).accumulate)):
                place = self._accumulator(leaf, number)
                if place not in self.accumulators:
                    self.accumulators[place] = name = f"a{len(self.accumulators)}"
                    shown.append(named(self.scan.part(leaf, number), name))
        return self._by_segment(shown)

    def _accumulator(self, leaf: Leaf, number: int) -> tuple[Any, ...]:
        """What an accumulator depends on: not the window, so that several windows share it."""
        what = _parts_of(leaf).accumulate[number]
        return what, leaf.argument, leaf.conditions

    def _held(self, leaf: Leaf) -> list[str]:
        """The columns that hold a leaf's accumulators."""
        return [self.accumulators[self._accumulator(leaf, n)] for n in range(len(_parts_of(leaf).merge))]

    def _merged_parts(self, parts: str, leaves: Sequence[Leaf]) -> Branch:
        """Accumulators spread over the periods and merged there."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        merged = [named(self._merged(leaf), name) for leaf, name in names.items()]
        joined = self._joined(parts, {self.group.role_of(leaf) for leaf in leaves})
        return Branch(self._cells("cells", joined, merged), names)

    def _merged(self, leaf: Leaf) -> exp.Expression:
        aggregate = _parts_of(leaf)
        values: list[exp.Expression] = []
        for name, merge in zip(self._held(leaf), aggregate.merge, strict=True):
            test = self._in_role(leaf)
            if aggregate.run is not None:
                test = present(column(name, "p"), test)
            values.append(filtered(merge(column(name, "p"), column(self.scan.times[0], "p")), test))
        return finished(aggregate.finish(values), leaf.type)

    def _finished(self, leaf: Leaf, table: str) -> exp.Expression:
        """The leaf of accumulators that are merged already."""
        values: list[exp.Expression] = [column(name, table) for name in self._held(leaf)]
        return finished(_parts_of(leaf).finish(values), leaf.type)

    # --- running up ------------------------------------------------------------------------------------------------

    def _run_up(self, parts: str, role: int, leaves: Sequence[Leaf]) -> Branch:
        """A window from the beginning of time: a value holds until the key's next segment."""
        slide = self._slide(role)
        name = f"{self.group.name}_run{role or ''}"
        entering = self._entering(role, slide)
        first = column("lo", "m")
        until = exp.Coalesce(this=self._over(call("LEAD", first.copy()), None), expressions=[integer(slide.end)])
        shown = [*(column(k, "p") for k in self.keys), named(first, "i"), named(until, "j")]
        so_far = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
        seen: set[str] = set()
        for leaf in leaves:
            aggregate = _parts_of(leaf)
            for held, merge in zip(self._held(leaf), aggregate.merge, strict=True):
                value = column(held, "p")
                run = aggregate.run(value) if aggregate.run is not None else merge(value, column("s", "p"))
                shown += [] if held in seen else [named(self._over(run, so_far.copy()), held)]
                seen.add(held)
        query = select(*shown).from_(table(parts, "p"), copy=False)
        same = exp.EQ(this=column("s", "m"), expression=column("s", "p"))
        self.statement.add(name, query.join(inner_join(table(entering, "m"), same), copy=False))
        return self._until(name, f"cells{role or ''}", {leaf: self._finished(leaf, "r") for leaf in leaves})

    def _over(self, value: exp.Expression, spec: exp.WindowSpec | None) -> exp.Window:
        """`value` over the segments of each combination of the keys, in order."""
        order = exp.Order(expressions=[exp.Ordered(this=column("s", "p"))])
        return exp.Window(this=value, partition_by=[column(k, "p") for k in self.keys], order=order, spec=spec)

    def _until(self, run: str, name: str, values: Mapping[Leaf, exp.Expression]) -> Branch:
        """Values (under `r`) that hold from the period `i` until before `j`, in each of these periods."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(values)}
        cells: list[exp.Expression] = [column(k, "r") for k in self.keys]
        cells.append(named(call("UNNEST", call("RANGE", column("i", "r"), column("j", "r"))), "i"))
        cells += [named(value, names[leaf]) for leaf, value in values.items()]
        spread = select(*cells).from_(table(run, "r"), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_{name}", spread), names)

    # --- sliding ---------------------------------------------------------------------------------------------------

    def _slide(self, role: int) -> Slide:
        slide = self.spread.slide(role)
        assert slide is not None, "a window that moves back cannot be slid"
        return slide

    def _entering(self, role: int, slide: Slide) -> str:
        """The relation that says when segments enter a window and leave it."""
        name = f"{self.group.name}_enter{role or ''}"
        if name not in self.statement.ctes:
            self.statement.add(name, slide.query())
        return name

    def _sliding(self, role: int, name: str) -> Sliding:
        slide = self._slide(role)
        entering = self._entering(role, slide)
        return Sliding(self.statement, f"{self.group.name}_{name}", self.keys, slide, entering, self.scan.times)

    def _slid(self, parts: str, role: int, leaves: Sequence[Leaf]) -> Branch:
        """Sums of what is exact: added where a segment enters the window, taken away where it leaves it."""
        held = tuple(dict.fromkeys(name for leaf in leaves for name in self._held(leaf)))
        run = self._sliding(role, f"slide{role or ''}").sums(parts, held)
        return self._until(run, f"slid{role or ''}", {leaf: self._finished(leaf, "r") for leaf in leaves})

    def _pairs(self, leaf: Leaf) -> str:
        """The distinct values of a leaf's argument, `v`, in each segment."""
        place = (leaf.argument, leaf.conditions)
        if place not in self.accumulators:
            argument = self.scan.argument(leaf)
            assert argument is not None
            by = [column(c) for c in (*self.keys, *self.scan.times)]
            query = select(*by, named(argument, "v")).distinct(copy=False).from_(table(self.scan.relation), copy=False)
            query = query.where(present(argument, self.scan.condition(leaf)), copy=False)
            count = sum(1 for name in self.accumulators.values() if "_pairs" in name)
            self.accumulators[place] = self.statement.add(f"{self.group.name}_pairs{count or ''}", query)
        return self.accumulators[place]

    def _slid_pairs(self, leaf: Leaf) -> Branch:
        pairs, role = self._pairs(leaf), self.group.role_of(leaf)
        name = f"{pairs.removeprefix(f'{self.group.name}_')}_{role}"
        run = self._sliding(role, name).distinct(pairs)
        value = finished(column("n", "r"), leaf.type)
        return self._until(run, f"{name}_cells", {leaf: value})

    def _spread_pairs(self, leaf: Leaf) -> Branch:
        """Distinct pairs spread over windows that do not slide."""
        pairs, role = self._pairs(leaf), self.group.role_of(leaf)
        counted = exp.Count(this=exp.Distinct(expressions=[column("v", "p")]))
        name = f"{pairs.removeprefix(f'{self.group.name}_')}_{role}_cells"
        shown = [named(finished(counted, leaf.type), "v0")]
        return Branch(self._cells(name, self._joined(pairs, {role}), shown), {leaf: "v0"})

    # --- the rest --------------------------------------------------------------------------------------------------

    def _moments(self, leaf: Leaf) -> Branch:
        """A variance or its root, from counts, means and squares by segment."""
        role, number = self.group.role_of(leaf), self.group.leaves.index(leaf)
        name = f"moments{number}"
        argument = self.scan.argument(leaf)
        assert argument is not None
        by = [column(k) for k in (*self.keys, *self.scan.times)]
        parts = moments.parts(by, argument).from_(table(self.scan.relation), copy=False)
        parts = parts.where(present(argument, self.scan.condition(leaf)), copy=False)
        source = self.statement.add(f"{self.group.name}_{name}", parts.group_by(*(b.copy() for b in by), copy=False))
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        centred = moments.centred(self._joined(source, {role}), cells)
        around = self.statement.add(f"{self.group.name}_{name}_centred", centred)
        query = moments.merged(select().from_(table(around), copy=False), [*self.keys, "i"], leaf.function)
        return Branch(self.statement.add(f"{self.group.name}_{name}_cells", query), {leaf: "v0"})

    def _by_rows(self, leaves: Sequence[Leaf]) -> Branch:
        """Aggregates that cannot be put together from parts: the rows themselves are spread over the periods."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        shown = [named(self.scan.whole(leaf, self._in_role(leaf), "p"), name) for leaf, name in names.items()]
        joined = self._joined(self.scan.relation, {self.group.role_of(leaf) for leaf in leaves})
        return Branch(self._cells("whole", joined, shown), names)


def spread_out(group: Group, spread: Spread, statement: Statement, source: str, roles: Collection[int]) -> exp.Select:
    """`source` rows (under `p`) with the periods (under `m`) of some windows in which they lie."""
    chosen = sorted(roles)
    name = f"{group.name}_map" + "".join(f"_{r}" for r in chosen if len(chosen) < len(group.roles))
    if name not in statement.ctes:
        statement.add(name, spread.query(chosen))
    joined = select().from_(table(source, "p"), copy=False)
    return joined.join(inner_join(table(name, "m"), spread.on()), copy=False)


def in_role(group: Group, leaf: Leaf) -> exp.Expression | None:
    """Whether a period under `m` is one of the leaf's window; None where there is no other."""
    return exp.EQ(this=column("r", "m"), expression=integer(group.role_of(leaf))) if len(group.roles) > 1 else None


def _parts_of(leaf: Leaf) -> Mergeable:
    """How a leaf that is taken in parts is."""
    found = parts_of(leaf.function, leaf.extra)
    assert found is not None
    return found
