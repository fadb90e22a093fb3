"""A group as SQL: rows bucketed into segments, and each leaf put together over its periods in a way of its own.

When every segment belongs to one period at most, the rows are aggregated by segment at once. Otherwise windows overlap,
or leave something out: see `overlaps.py`. `ways.py` says which way a leaf goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlglot import exp

from tallymark.catalog import Column
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.plan import Group, Leaf
from tallymark.render.aggregates import ROWS
from tallymark.render.branch import Branch
from tallymark.render.buckets import bucket
from tallymark.render.edged import Edged
from tallymark.render.edges import Edges, is_edged
from tallymark.render.expressions import Term
from tallymark.render.joins import BASE, Joined
from tallymark.render.late import Late
from tallymark.render.overlaps import Overlaps, in_role, spread_out
from tallymark.render.rows import Rows, Statement
from tallymark.render.scan import Scan, own_conditions
from tallymark.render.spread import Spread, whole_numbers
from tallymark.render.values import (
    all_of,
    call,
    case,
    column,
    compare,
    cross_join,
    integer,
    moment,
    named,
    select,
    table,
)
from tallymark.render.ways import Way, edged_way, told, way_of
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
        self.lacking: list[exp.Select] = []
        """For each conversion at the rates of periods: the currencies of amounts that have no rate in a period."""

    def write(self, group: Group) -> list[Branch]:
        """Adds the group's relations to the statement and gives the branches that hold its leaves."""
        made = _Group(group, self.rows, self.statement, self.lacking)
        branches = made.write()
        self.population[group.number] = made.population
        self.ways.update(dict.fromkeys(told(leaf, way) for leaf, way in made.ways.items() if leaf.function != ROWS))
        return branches


class _Group:
    def __init__(self, group: Group, rows: Rows, statement: Statement, lacking: list[exp.Select]) -> None:
        self.group = group
        self.rows = rows
        self.statement = statement
        self.keys = [k.column for k in group.level]
        self.edges = Edges(group, rows, statement) if group.asked else None
        self.dataset = rows.catalog.datasets[group.dataset]
        self.spread = Spread(group) if group.axis.kind != "timeless" else None
        self.ways = {leaf: self._way(leaf) for leaf in group.leaves}
        self.population = group.name
        self.values: dict[Bound, str] = {}
        self.tests: dict[frozenset[Bound], str] = {}
        self.times = ["f", "t"] if group.axis.kind == "stock" else ["s"] if group.axis.kind == "flow" else []
        order = [column(f"o{n}", "p") for n in range(len(self._order()))]
        self.late = Late(
            group, rows, statement, self.keys, self.times, self._spread_out, self._in_role, order, lacking
        )  # fmt: skip

    def _way(self, leaf: Leaf) -> Way:
        if leaf.late:
            return Way.RATED
        if self.edges is not None:
            return edged_way(leaf, self.spread)
        return way_of(leaf, self.spread, self.group.role_of(leaf))

    def write(self) -> list[Branch]:
        """Adds the group's relations to the statement and gives the branches that hold its leaves."""
        late = [leaf for leaf in self.group.leaves if leaf.late]
        if late and self.edges is not None:
            message = "amounts at the rates of periods do not go together with what is read at a period's edges"
            help_ = "convert them `at_event` or at a fixed day, or ask without `at start` and `at end`"
            raise FaultError(Fault("Q588", message, None, help_))
        scan = self._scan()
        ways = {leaf: way for leaf, way in self.ways.items() if not leaf.late}
        branches = self._early(scan, ways) if ways else []
        return [*branches, *(Branch(*found) for found in self.late.write(scan.relation, late))]

    def _early(self, scan: Scan, ways: Mapping[Leaf, Way]) -> list[Branch]:
        """The leaves whose values do not depend on rates of the period that a row is read in."""
        if self.edges is not None:
            edged = Edged(scan, self.spread, self.edges, self._gathered_by(), self.statement)
            branches = edged.write(ways)
            self.population = edged.combinations()
            return branches
        if self.spread is None:
            return [self._timeless(scan, tuple(ways))]
        overlaps = Overlaps(scan, self.spread, self.statement)
        branches = [overlaps.at_once(tuple(ways))] if self.spread.apart else overlaps.write(ways)
        self.population = overlaps.population
        return branches

    def _spread_out(self, source: str) -> exp.Select:
        """`source` rows (under `p`) with the periods (under `m`) in whose windows they lie."""
        if self.spread is None:
            return self._everywhere(source)
        return spread_out(self.group, self.spread, self.statement, source, range(len(self.group.roles)))

    def _in_role(self, leaf: Leaf) -> exp.Expression | None:
        return in_role(self.group, leaf) if self.spread is not None else None

    # --- rows ------------------------------------------------------------------------------------------------------

    def _scan(self) -> Scan:
        """One row per row of the dataset that is read: keys, segment, arguments, conditions."""
        group = self.group
        axis = frozenset(group.axis.columns)
        order = self._order() if any(leaf.function in ("first", "last") for leaf in group.leaves) else []
        joined = self.rows.joined(group.dataset, self._expressions(), axis | frozenset(order), group.axis)
        query, term = joined.select, joined.term
        shown = [named(self.rows.express(k, term), c) for k, c in self._plain_keys()]
        shown += [named(self.rows.express(u, term), c) for u, c in self._carried()]
        shown += self._segments(joined.axis)
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
        filters = [f for f in group.filters if not is_edged(f)]
        where = all_of([*(self.rows.express(f, term) for f in filters), *self._bounds(), *self._in_stretch(joined)])
        query = query.select(*shown, append=False, copy=False)
        name = self.statement.add(group.name, query.where(where, copy=False) if where is not None else query)
        ordering = tuple(f"o{n}" for n in range(len(order)))
        return Scan(group, name, tuple(self.keys), tuple(self.times), self.values, self.tests, ordering)

    def _order(self) -> list[str]:
        """The columns that `first` and `last` go by: time, then key."""
        key = self.dataset.key
        return [*self.group.axis.columns[:1], *([key] if key is not None and key in self.dataset.columns else [])]

    def _expressions(self) -> list[Bound]:
        """What is computed of the rows themselves, and what is carried along for the edges of the asked period."""
        found = [*self.group.keys, *self.group.filters]
        for leaf in self.group.leaves:
            found += [leaf.argument] if leaf.argument is not None else []
            found += leaf.conditions
        return [*(e for e in found if not is_edged(e)), *(use for use, _ in self._carried())]

    def _carried(self) -> list[tuple[Bound, str]]:
        return list(self.edges.carried.items()) if self.edges is not None else []

    def _plain_keys(self) -> list[tuple[Bound, str]]:
        """The keys that are computed of the rows themselves."""
        both = zip(self.group.keys, self.keys, strict=True)
        return [(bound, name) for bound, name in both if not is_edged(bound)]

    def _gathered_by(self) -> list[str]:
        """The columns of the rows that, with a period, decide the cell."""
        return [name for _, name in (*self._plain_keys(), *self._carried())]

    def _want(self, leaf: Leaf) -> None:
        if leaf.late:
            self.late.want(leaf)
            return
        if leaf.argument is not None:
            self.values.setdefault(leaf.argument, f"x{len(self.values)}")
        own = own_conditions(self.group, leaf)
        if own:
            self.tests.setdefault(own, f"c{len(self.tests)}")

    def _segments(self, axis: Sequence[Term]) -> list[exp.Expression]:
        cuts = Segments(self.group.cuts)
        walls = cuts.walls(self.rows.calendar)
        shown = []
        for name, (time, zoned) in zip(self.times, ((t.sql, t.type is Type.INSTANT) for t in axis), strict=False):
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
        lasting: list[exp.Expression] = []
        if group.lowest is not None:
            lasting.append(compare(exp.GTE, end, self.rows.edge(last, group.lowest)))
        if group.axis.kind == "stock":
            # A row that ends as it begins is never valid.
            lasting.append(compare(exp.GT, *self._edges_alike(last, first)))
            unended = exp.Is(this=end.copy(), expression=exp.Null())
            return [*bounds, exp.Or(this=unended, expression=exp.Paren(this=all_of(lasting)))]
        return [*bounds, *lasting]

    def _edges_alike(self, *columns: Column) -> list[exp.Expression]:
        """Times of the rows as one type, so that they can be compared."""
        kinds = {c.type for c in columns}
        terms = [Term(column(c.name, BASE), c.type) for c in columns]
        return [t.sql if len(kinds) == 1 else self.rows.as_time(t, Type.INSTANT in kinds) for t in terms]

    def _in_stretch(self, joined: Joined) -> list[exp.Expression]:
        """The same conditions on a stretch of a stock's row."""
        if not joined.stretched or self.group.highest is None:
            return []
        start, end = joined.axis
        bounds = [compare(exp.LT, start.sql, self._literal(self.group.highest, start.type))]
        if self.group.lowest is not None:
            unended = exp.Is(this=end.sql, expression=exp.Null())
            lasting = compare(exp.GTE, end.sql.copy(), self._literal(self.group.lowest, end.type))
            bounds.append(exp.Or(this=unended, expression=lasting))
        return bounds

    def _literal(self, instant: datetime, kind: Type) -> exp.Expression:
        zoned = kind is Type.INSTANT
        return moment(instant if zoned else self.rows.calendar.wall(instant), zoned)

    # --- rows without a time -------------------------------------------------------------------------------------

    def _everywhere(self, source: str) -> exp.Select:
        """`source` rows (under `p`) in every period (under `m`)."""
        name = f"{self.group.name}_map"
        if name not in self.statement.ctes:
            count = len(self.group.roles[0].resolved)
            self.statement.add(name, select(named(call("UNNEST", whole_numbers(range(count))), "i")))
        query = select().from_(table(source, "p"), copy=False)
        return query.join(cross_join(table(name, "m")), copy=False)

    def _timeless(self, scan: Scan, leaves: Sequence[Leaf]) -> Branch:
        """Rows without a time are in every window."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        by = [column(k) for k in self.keys]
        shown = [*by, *(named(scan.whole(leaf), name) for leaf, name in names.items())]
        query = select(*shown).from_(table(scan.relation), copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False) if by else query
        whole = self.statement.add(f"{self.group.name}_parts", query)
        kept = [column(c, "p") for c in (*self.keys, *names.values())]
        cells = self._everywhere(whole).select(*kept, column("i", "m"), append=False, copy=False)
        return Branch(self.statement.add(f"{self.group.name}_cells", cells), names)


def _sorted(conditions: frozenset[Bound]) -> list[Bound]:
    return sorted(conditions, key=repr)
