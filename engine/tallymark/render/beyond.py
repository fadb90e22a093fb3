"""Columns of a space that look beyond one cell: the next step of a member, and a member's place among others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Edge, Follow, Grid, Rank, Space
from tallymark.render.rows import BASE, Rows
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    case,
    cast,
    column,
    compare,
    integer,
    moment,
    named,
    null,
    select,
    table,
)
from tallymark.windows import Resolved

BEFORE, HERE, AFTER = 0, 1, 2
"""The order at one time: rows that must be later, the times that are followed, rows that may be at that time too."""


class Following:
    """Writes a `Follow`: the cells and the rows that may follow in one line by time, each cell looking ahead."""

    def __init__(self, rows: Rows, space: Space, node: Follow, resolved: Sequence[Resolved]) -> None:
        self.rows = rows
        self.space = space
        self.node = node
        self.resolved = resolved
        self.who = next(k for k in space.level if k.parts == node.member)

    def line(self, source: str, kept: Sequence[int]) -> exp.Expression:
        """The cells of `source` with the columns `kept`, and the rows of the dataset, each at its time `t`."""
        return exp.union(self._cells(source, kept), self._followers(kept), distinct=False, copy=False)

    def ahead(self, line: str) -> exp.Select:
        """Of every cell and row in the line the time of the first row from there on, as `e`."""
        order = [exp.Ordered(this=column(c), desc=False, nulls_first=False) for c in ("t", "o")]
        spec = exp.WindowSpec(kind="ROWS", start="CURRENT ROW", end="UNBOUNDED", end_side="FOLLOWING")
        first = exp.Window(
            this=exp.Min(this=column("f")),
            partition_by=[column(self.who.column)],
            order=exp.Order(expressions=order),
            spec=spec,
        )
        return select(exp.Star(), named(first, "e")).from_(table(line), copy=False)

    def cells(self, ahead: str, kept: Sequence[int], name: str) -> exp.Select:
        """The cells again, with the time found as the column `name`."""
        shown: list[exp.Expression] = [column(c) for c in (*(k.column for k in self.space.level), "i")]
        shown += [column(f"n{n}") for n in kept]
        # A member without the step before has no next one either.
        there = exp.Not(this=exp.Is(this=column(f"n{self.node.after}"), expression=exp.Null()))
        shown.append(named(case((there, column("e"))), name))
        here = compare(exp.EQ, column("o"), integer(HERE))
        return select(*shown).from_(table(ahead), copy=False).where(here, copy=False)

    def _cells(self, source: str, kept: Sequence[int]) -> exp.Select:
        shown: list[exp.Expression] = [column(c) for c in (*(k.column for k in self.space.level), "i")]
        shown += [column(f"n{n}") for n in kept]
        shown += [named(column(f"n{self.node.after}"), "t"), named(integer(HERE), "o")]
        shown.append(named(null(self.node.type), "f"))
        return select(*shown).from_(table(source), copy=False)

    def _followers(self, kept: Sequence[int]) -> exp.Select:
        node = self.node
        expressions = [node.time, node.holder, *node.conditions, *([node.again] if node.again is not None else [])]
        query, term = self.rows.joined(node.dataset, expressions, frozenset(node.axis.columns))
        holder = self.rows.express(node.holder, term)
        time = self.rows.express(node.time, term)
        place: exp.Expression = integer(AFTER)
        if node.again is not None:
            place = case((self.rows.express(node.again, term), integer(BEFORE)), otherwise=integer(AFTER))
        shown = [named(holder if k is self.who else null(k.type), k.column) for k in self.space.level]
        shown.append(named(null(Type.INTEGER), "i"))
        shown += [named(null(self.space.nodes[n].type), f"n{n}") for n in kept]
        shown += [named(time, "t"), named(place, "o"), named(time.copy(), "f")]
        known = exp.Not(this=exp.Is(this=holder.copy(), expression=exp.Null()))
        conditions = [self.rows.express(c, term) for c in sorted(node.conditions, key=repr)]
        where = all_of([*conditions, known, *self._bounds()])
        query = query.select(*shown, append=False, copy=False)
        return query.where(where, copy=False) if where is not None else query

    def _bounds(self) -> list[exp.Expression]:
        """Conditions on the time: known by `as_of`, and not before anything that it could follow."""
        found = self.rows.catalog.datasets[self.node.dataset].columns[self.node.axis.columns[0]]
        edge = self.rows.edge(found, self.rows.writer.clock.as_of)
        bounds = [compare(exp.LT, column(found.name, BASE), edge)]
        starts = [r.start for r in self.resolved if not r.void]
        if starts and None not in starts:
            first = self.rows.edge(found, min(s for s in starts if s is not None))
            if found.type is Type.DATE:
                first = cast(first, Type.DATE)
            bounds.append(compare(exp.GTE, column(found.name, BASE), first))
        return bounds


def edges(rows: Rows, node: Edge, resolved: Sequence[Resolved]) -> exp.Expression:
    """The end of each period's window, by the period's number `i`."""
    zoned = node.type is Type.INSTANT
    ends = [moment(r.end if zoned else rows.calendar.wall(r.end), zoned) for r in resolved]
    return call("LIST_EXTRACT", exp.Array(expressions=ends), exp.Add(this=column("i", "c"), expression=integer(1)))


def ranked(node: Rank, space: Space, grid: Grid, columns: Mapping[int, exp.Expression]) -> exp.Expression:
    """Where a value stands among those of the same cell around it; null for who is not there or has no value."""
    value = columns[node.body]
    tests: list[exp.Expression] = [exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))]
    if node.presence is not None:
        present = [compare(exp.GT, columns[p], integer(0)) for p in node.presence]
        tests.append(any_of(present) or exp.Boolean(this=False))
        members = [k.column for k in space.level if k.parts not in node.within]
        tests += [exp.Not(this=exp.Is(this=column(m), expression=exp.Null())) for m in members]
    there = all_of(tests)
    assert there is not None
    around: list[exp.Expression] = [column(k.column) for k in space.level if k.parts in node.within]
    around.append(_period(grid) if node.pieces else column("i"))
    around.append(exp.Paren(this=there.copy()))
    return case((there, _PLACES[node.function](value, around)))


def _period(grid: Grid) -> exp.Expression:
    """The period that a piece belongs to."""
    place = exp.Add(this=column("i"), expression=integer(1))
    return call("LIST_EXTRACT", whole_numbers(grid.parents), place)


def _over(value: exp.Expression, around: Sequence[exp.Expression], order: exp.Ordered | None = None) -> exp.Window:
    by = exp.Order(expressions=[order]) if order is not None else None
    return exp.Window(this=value, partition_by=[a.copy() for a in around], order=by)


def _rank(value: exp.Expression, around: Sequence[exp.Expression]) -> exp.Expression:
    return _over(call("RANK"), around, exp.Ordered(this=value.copy(), desc=True))


def _percent_rank(value: exp.Expression, around: Sequence[exp.Expression]) -> exp.Expression:
    return _over(call("PERCENT_RANK"), around, exp.Ordered(this=value.copy(), desc=False))


def _zscore(value: exp.Expression, around: Sequence[exp.Expression]) -> exp.Expression:
    """The distance from the mean in sample standard deviations."""
    double = cast(value.copy(), Type.DOUBLE)
    mean = _over(call("AVG", double), around)
    spread = _over(call("STDDEV_SAMP", double.copy()), around)
    above = exp.Paren(this=exp.Sub(this=double.copy(), expression=mean))
    return exp.Div(this=above, expression=call("NULLIF", spread, integer(0)))


_PLACES = {"rank": _rank, "percent_rank": _percent_rank, "zscore": _zscore}
