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

from tallymark.formula.bound import Apply, Bound, ColumnUse, conversions
from tallymark.kinds import Type
from tallymark.plan import AtEnd, Group, Leaf, is_late
from tallymark.render.aggregates import MERGEABLE, aggregate, filtered, finished
from tallymark.render.buckets import bucket
from tallymark.render.exchange import Worth, factor, is_base, just_before, unrated, worths_of
from tallymark.render.rows import BASE, FromTerm, Rows, Statement, uses
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
    is_null,
    left_join,
    named,
    select,
    table,
    timestamps,
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
        self.lacking = lacking
        self.keys = [k.column for k in group.level]
        self.dataset = rows.catalog.datasets[group.dataset]
        key = [self.dataset.key] if self.dataset.key in self.dataset.columns else []
        self.order = [*group.axis.columns[:1], *(k for k in key if k is not None)]
        self.values: dict[Bound, str] = {}
        self.tests: dict[frozenset[Bound], str] = {}
        self.raw: dict[ColumnUse, str] = {}
        """Columns that are kept as they are, for what is computed once the period is known."""
        self.accumulators: dict[tuple[Any, ...], str] = {}
        self.times = ["f", "t"] if group.axis.kind == "stock" else ["s"] if group.axis.kind == "flow" else []

    def write(self) -> list[Branch]:
        group = self.group
        ordered = any(leaf.function in ("first", "last") for leaf in group.leaves)
        source = self._rows(ordered)
        self.population[group.number] = source
        late = [leaf for leaf in group.leaves if leaf.late]
        early = [leaf for leaf in group.leaves if not leaf.late]
        branches = self._early(source, early) if early else []
        return [*branches, self._late(source, late)] if late else branches

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
        shown += [named(term(use), name) for use, name in self.raw.items()]
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
            for use in (u for e in self._own(leaf) for u in uses(e)):
                self.raw.setdefault(use, f"u{len(self.raw)}")
            return
        if leaf.argument is not None:
            self.values.setdefault(leaf.argument, f"x{len(self.values)}")
        own = leaf.conditions - set(self.group.filters)
        if own:
            self.tests.setdefault(own, f"c{len(self.tests)}")

    def _own(self, leaf: Leaf) -> list[Bound]:
        """The leaf's argument, and the conditions that do not hold for every row anyway."""
        return [e for e in leaf.expressions if e not in self.group.filters or e == leaf.argument]

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
        return self._over_rows(leaf, self._argument(leaf, table), tests, table)

    def _over_rows(
        self, leaf: Leaf, argument: exp.Expression | None, tests: list[exp.Expression], table: str | None
    ) -> exp.Expression:
        """The aggregate of `argument` over the rows where all `tests` hold."""
        parts = MERGEABLE.get(leaf.function)
        if parts is not None:
            built = [filtered(b(argument), all_of([t.copy() for t in tests])) for b in parts.accumulate]
            return finished(parts.finish(built), leaf.type)
        order = self._order(table) if leaf.function in ("first", "last") else []
        return finished(aggregate(leaf.function, argument, all_of(tests), leaf.extra, order), leaf.type)

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
        if len(self.group.roles) == 1:
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

    # --- the rates of periods --------------------------------------------------------------------------------------

    def _late(self, source: str, leaves: Sequence[Leaf]) -> Branch:
        """Aggregates of amounts that are converted at the rates of each period: the rows themselves are spread."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        query, term = self._rated(source, leaves)
        self._note_lacking(query, leaves, term)
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        shown = [named(self._over_rows(leaf, *self._expressed(leaf, term), "p"), name) for leaf, name in names.items()]
        query = query.select(*cells, *shown, append=False, copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        return Branch(self.statement.add(f"{self.group.name}_rated", query), names)

    def _note_lacking(self, query: exp.Select, leaves: Sequence[Leaf], term: FromTerm) -> None:
        """Notes, for each conversion, a SELECT of `code`, how many amounts have no rate, and their periods."""
        base = self.rows.exchange.rates.base
        for leaf in leaves:
            sure = [self.rows.express(c, term) for c in self._own(leaf) if c in leaf.conditions and not is_late(c)]
            role = self._in_role(leaf) if self.times else None
            for conversion in (c for e in leaf.expressions for c in conversions(e)):
                amount, code = (self.rows.express(a, term) for a in conversion.arguments[:2])
                place = next(n for n, (moment, _) in enumerate(self.group.ends) if moment == conversion.extra[-1])
                lacks = [exp.Not(this=is_null(amount)), is_null(term(conversion))]
                where = all_of([*(s.copy() for s in sure), *lacks, *([role.copy()] if role is not None else [])])
                self.lacking.append(
                    query.copy().select(
                        named(integer(self.group.number), "g"),
                        named(integer(place), "k"),
                        named(unrated(conversion, base, code, term), "code"),
                        named(exp.Count(this=exp.Star()), "found"),
                        named(exp.Min(this=column("i", "m")), "first"),
                        named(exp.Max(this=column("i", "m")), "last"),
                        append=False,
                        copy=False,
                    ).where(where, copy=False).group_by(unrated(conversion, base, code, term), copy=False)
                )  # fmt: skip

    def _rated(self, source: str, leaves: Sequence[Leaf]) -> tuple[exp.Select, FromTerm]:
        """The rows spread over the periods, with the worths at each period's moment joined to them."""
        query = self._joined(source) if self.times else self._everywhere(source)
        known: dict[Worth, exp.Expression] = {}
        moments = {moment: n for n, (moment, _) in enumerate(self.group.ends)}
        base = self.rows.exchange.rates.base

        def term(use: ColumnUse | Apply) -> exp.Expression:
            return factor(use, base, term, known) if isinstance(use, Apply) else column(self.raw[use], "p")

        found = (w for leaf in leaves for e in leaf.expressions for c in conversions(e) for w in worths_of(c))
        for worth in dict.fromkeys(found):
            if not is_base(worth, base) and isinstance(worth.at, AtEnd):
                alias = f"fx{len(known)}"
                code = self.rows.express(worth.code, term)
                on = all_of([
                    exp.EQ(this=column("k", alias), expression=integer(moments[worth.at])),
                    exp.EQ(this=column("i", alias), expression=column("i", "m")),
                    exp.EQ(this=column("currency", alias), expression=code),
                ])  # fmt: skip
                assert on is not None
                query = query.join(left_join(table(self._worths(), alias), on), copy=False)
                known[worth] = column("value", alias)
        return query, term

    def _worths(self) -> str:
        """The worth of each currency at each moment `k` of each period `i`."""
        name = f"{self.group.name}_worths"
        if name not in self.statement.ctes:
            rows = [(n, i, end) for n, (_, ends) in enumerate(self.group.ends) for i, end in enumerate(ends)]
            walls = [self.rows.calendar.wall(end) for _, _, end in rows]
            columns = {"k": whole_numbers([k for k, _, _ in rows]), "i": whole_numbers([i for _, i, _ in rows])}
            shown = [named(call("UNNEST", values), c) for c, values in columns.items()]
            shown.append(named(call("UNNEST", timestamps(walls)), "wall"))
            moments = exp.Subquery(this=select(*shown), alias=exp.to_identifier("m"))
            query = select(column("k", "m"), column("i", "m"), column("currency", "r"), column("value", "r"))
            query = query.from_(moments, copy=False)
            on = just_before(column("wall", "m"), "r")
            self.statement.add(name, query.join(inner_join(table(self.rows.exchange.worths(), "r"), on), copy=False))
        return name

    def _expressed(self, leaf: Leaf, term: FromTerm) -> tuple[exp.Expression | None, list[exp.Expression]]:
        """The leaf's argument, and its tests of a row in a period."""
        own = [c for c in self._own(leaf) if c in leaf.conditions]
        tests = [self.rows.express(c, term) for c in own]
        role = self._in_role(leaf) if self.times else None
        argument = self.rows.express(leaf.argument, term) if leaf.argument is not None else None
        return argument, tests if role is None else [*tests, role]

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
