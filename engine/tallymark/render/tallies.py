"""Counts of rows, for the notes of answers and the checks of data: one statement with one row for each count.

A branch of the statement stands on its own, with its own common table expressions: so each is planned by the
statistics of the columns it names, and a count of nulls in a column that has none reads no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.formula.bound import Apply, Axis, Bound, ColumnUse, Constant
from tallymark.kinds import Type
from tallymark.render.buckets import bucket
from tallymark.render.expressions import Term, Writer
from tallymark.render.joins import BASE, NUMBER
from tallymark.render.keys import overlapping
from tallymark.render.rows import Relations, Rows, Statement
from tallymark.render.values import all_of, any_of, call, cast, column, compare, integer, moment, named, select, table
from tallymark.render.versions import KEY
from tallymark.windows import Calendar, Resolved

MOST_RANGES = 6
MOST_INSTANTS = 40
"""Stretches of time, and instants, that are compared one by one; more are looked up."""

Stretch = tuple[datetime | None, datetime]
"""A half-open stretch of time; None is the beginning of time."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of a dataset where all `conditions` hold, in any of the `windows`; at any time when `axis` is None.

    Windows of a stock are read at their ends.
    """

    conditions: frozenset[Bound]
    axis: Axis | None = None
    windows: tuple[Resolved, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """The rows in any of `scopes` where `test` holds; `example` is shown of the one for which it is the least.

    `axis`, which is that of all scopes, tells when rows look up what changes; of a stock's row it is enough that the
    test holds for some of the time.
    """

    dataset: str
    test: Bound
    scopes: tuple[Scope, ...] = ()
    example: Bound | None = None
    axis: Axis | None = None


@dataclass(frozen=True, slots=True)
class Strange:
    """The values of a stored double column that are NaN or infinite, at any time."""

    dataset: str
    column: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """The values of `column` that stand in several rows."""

    dataset: str
    column: str


@dataclass(frozen=True, slots=True)
class Overlapping:
    """The values of `column` that stand in several rows of which two are valid, `[start, end)`, at one time.

    `referred`: `column` is a key that others refer to, for whom a row without a start holds since ever.
    """

    dataset: str
    column: str
    start: str
    end: str
    referred: bool = False


Counted = Tally | Strange | Repeated | Overlapping


class Tallies:
    """Writes counts for one backend."""

    def __init__(self, catalog: Catalog, relations: Relations, writer: Writer, calendar: Calendar) -> None:
        self.catalog = catalog
        self.relations = relations
        self.writer = writer
        self.calendar = calendar

    def write(self, counted: Sequence[Counted]) -> str:
        """A SELECT of `n`, the place of each in `counted`; `found`, how many; `example`, a text or null."""
        together: exp.Query | None = None
        for number, each in enumerate(counted):
            branch = self._branch(number, each)
            if together is not None:
                branch = exp.Union(this=together, expression=branch, distinct=False)
            together = branch
        assert together is not None, "nothing to count"
        return self.writer.text(together)

    def _branch(self, number: int, counted: Counted) -> exp.Query:
        statement = Statement()
        rows = Rows(self.catalog, self.relations, self.writer, self.calendar, statement)
        match counted:
            case Tally():
                query = self._tally(rows, counted)
            case Strange():
                query = self._strange(counted)
            case Repeated():
                query = self._repeated(rows, counted)
            case Overlapping():
                query = self._overlapping(rows, counted)
        query = query.select(named(integer(number), "n"), copy=False)
        query = statement.before(query)
        return _from(query, column("n"), column("found"), column("example"))

    # --- rows ------------------------------------------------------------------------------------------------------

    def _tally(self, rows: Rows, tally: Tally) -> exp.Select:
        scopes = tally.scopes
        expressions = [tally.test, *(c for s in scopes for c in s.conditions)]
        expressions += [tally.example] if tally.example is not None else []
        axes = frozenset(c for s in scopes if s.axis is not None for c in s.axis.columns)
        axes |= frozenset(tally.axis.columns) if tally.axis is not None else frozenset()
        stock = tally.axis is not None and tally.axis.kind == "stock"
        found = rows.joined(tally.dataset, expressions, axes, tally.axis, numbered=stock)
        query, term = found.select, found.term
        times = found.axis if found.stretched else None
        parts = [rows.express(tally.test, term)]
        if scopes:
            inside = [
                self.inside(rows, tally.dataset, s, [rows.express(c, term) for c in _sorted(s)], times) for s in scopes
            ]
            alive = [i for i in inside if i is not None]
            if all(i for i in alive):
                parts.append(any_of([_all(i) for i in alive]) or exp.Boolean(this=False))
        example = rows.express(tally.example, term) if tally.example is not None else None
        return _counted(query, example, column(NUMBER, BASE) if stock else None).where(all_of(parts), copy=False)

    def inside(
        self,
        rows: Rows,
        dataset: str,
        scope: Scope,
        conditions: list[exp.Expression],
        stretch: tuple[Term, ...] | None = None,
    ) -> list[exp.Expression] | None:
        """What must hold for a row, or a `stretch` of it, to be in the scope: nothing when all are; None when none
        can be.
        """
        if scope.axis is None or scope.axis.kind == "timeless":
            return conditions
        windows = [w for w in scope.windows if not w.void]
        if scope.axis.kind == "flow":
            time = self._in_flow(rows, dataset, scope.axis, windows)
        else:
            own = self.catalog.datasets[dataset].columns
            time = self._in_stock(stretch or [Term(column(c, BASE), own[c].type) for c in scope.axis.columns], windows)
        return [*conditions, time] if time is not None else None

    def _in_flow(self, rows: Rows, dataset: str, axis: Axis, windows: Sequence[Resolved]) -> exp.Expression | None:
        """Whether the row's time lies in any window."""
        stretches = merged(windows)
        if not stretches:
            return None
        own = self.catalog.datasets[dataset].columns[axis.columns[0]]
        time = column(own.name, BASE)
        if len(stretches) > MOST_RANGES:
            # Every second stretch between the cuts is inside.
            cuts = [t for stretch in stretches for t in stretch if t is not None]
            number = self._bucket(time, cuts, own.type)
            inside = 0 if stretches[0][0] is None else 1
            return exp.EQ(this=call("MOD", number, integer(2)), expression=integer(inside))
        ranges: list[exp.Expression] = []
        for start, end in stretches:
            bounds = [compare(exp.LT, time.copy(), rows.edge(own, end))]
            if start is not None:
                bounds.append(compare(exp.GTE, time.copy(), rows.edge(own, start)))
            ranges.append(_all(bounds))
        return any_of(ranges)

    def _in_stock(self, times: Sequence[Term], windows: Sequence[Resolved]) -> exp.Expression | None:
        """Whether what is valid from the first to the last of `times` is so just before the end of any window."""
        ends = sorted({w.end for w in windows})
        if not ends:
            return None
        first, last = times[0], times[-1]
        start, end = first.sql, last.sql
        unended = exp.Is(this=end.copy(), expression=exp.Null())
        if len(ends) <= MOST_INSTANTS:
            read: list[exp.Expression] = []
            for instant in ends:
                begun = compare(exp.LT, start.copy(), self._literal(instant, first.type))
                lasting = compare(exp.GTE, end.copy(), self._literal(instant, last.type))
                read.append(_all([begun, _any([unended.copy(), lasting])]))
            return any_of(read)
        reached = exp.Case().when(unended, integer(len(ends))).else_(self._bucket(end, ends, last.type))
        known = exp.Not(this=exp.Is(this=start.copy(), expression=exp.Null()))
        return _all([known, compare(exp.LT, self._bucket(start, ends, first.type), reached)])

    def _literal(self, instant: datetime, kind: Type) -> exp.Expression:
        zoned = kind is Type.INSTANT
        return moment(instant if zoned else self.calendar.wall(instant), zoned)

    def _bucket(self, time: exp.Expression, cuts: Sequence[datetime], kind: Type) -> exp.Expression:
        if kind is Type.INSTANT:
            return bucket(time, cuts, zoned=True)
        # Dates have no clock to count on.
        wall = cast(time, Type.TIMESTAMP) if kind is Type.DATE else time
        return bucket(wall, [self.calendar.wall(cut) for cut in cuts], zoned=False)

    # --- columns ---------------------------------------------------------------------------------------------------

    def _strange(self, strange: Strange) -> exp.Select:
        stored = self.catalog.datasets[strange.dataset].columns[strange.column].stored
        assert stored is not None
        test = exp.Not(this=call("ISFINITE", column(stored)))
        name = [exp.to_identifier(p, quoted=True) for p in self.relations(strange.dataset)]
        own = exp.Table(this=name[-1], **dict(zip(("db", "catalog"), reversed(name[:-1]), strict=False)))
        return _counted(select().from_(own, copy=False), None).where(test, copy=False)

    def _repeated(self, rows: Rows, repeated: Repeated) -> exp.Select:
        """The values that stand in more than one row, and one of them."""
        value = column(repeated.column)
        relation = rows.relation(repeated.dataset, frozenset({repeated.column}))
        several = compare(exp.GT, exp.Count(this=exp.Star()), integer(1))
        inner = select(named(value, "v")).from_(table(relation), copy=False).where(_known(value.copy()), copy=False)
        inner = inner.group_by(value.copy(), copy=False).having(several, copy=False)
        return _counted(_from(inner), column("v"))

    def _overlapping(self, rows: Rows, found: Overlapping) -> exp.Select:
        """Of rows in order of their starts, one that overlaps any later row overlaps the next one."""
        if found.referred:
            keys = select(column(KEY)).from_(overlapping(rows, found.dataset), copy=False).distinct(copy=False)
            return _counted(_from(keys), column(KEY))
        relation = rows.relation(found.dataset, frozenset({found.column, found.start, found.end}))
        value, start, end = (column(c) for c in (found.column, found.start, found.end))
        by = exp.Order(expressions=[exp.Ordered(this=start.copy(), nulls_first=True)])
        following = exp.Window(this=call("LEAD", start.copy()), partition_by=[value.copy()], order=by)
        unended = exp.Is(this=end.copy(), expression=exp.Null())
        valid = _any([unended, compare(exp.LT, start.copy(), end.copy())])
        inner = select(named(value, "v"), named(end, "t"), named(following, "f")).from_(table(relation), copy=False)
        inner = inner.where(_all([_known(value.copy()), _known(start.copy()), valid]), copy=False)
        overlap = _any([exp.Is(this=column("t"), expression=exp.Null()), compare(exp.LT, column("f"), column("t"))])
        outer = _from(inner, column("v")).distinct().where(_all([_known(column("f")), overlap]), copy=False)
        return _counted(_from(outer), column("v"))


def merged(windows: Iterable[Resolved]) -> list[Stretch]:
    """The stretches of time that lie in any of the windows, in order and apart; of empty and void windows none."""
    live = {(w.start, w.end) for w in windows if not w.void and (w.start is None or w.start < w.end)}
    found: list[Stretch] = []
    for start, end in sorted(live, key=lambda s: (s[0] is not None, s[0] or s[1], s[1])):
        if found and (start is None or start <= found[-1][1]):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def is_null(value: Bound) -> Apply:
    """Whether a row-level expression has no value."""
    return Apply("is null", (value,), Type.BOOLEAN)


def is_known(value: Bound) -> Apply:
    """Whether a row-level expression has a value."""
    return Apply("not", (is_null(value),), Type.BOOLEAN)


def both(left: Bound, right: Bound) -> Apply:
    """Whether both conditions hold."""
    return Apply("and", (left, right), Type.BOOLEAN)


def not_false(condition: Bound) -> Apply:
    """Whether a condition holds or has no value."""
    return Apply("coalesce", (condition, Constant(True, Type.BOOLEAN)), Type.BOOLEAN)


def orphaned(catalog: Catalog, dataset: str, path: tuple[str, ...]) -> Apply:
    """Whether the last reference of a way from `dataset` has a value and finds no partner."""
    here = catalog.datasets[dataset]
    for step in path[:-1]:
        here = catalog.datasets[here.references[step].dataset]
    reference = here.references[path[-1]]
    target = catalog.datasets[reference.dataset]
    assert target.key is not None
    holder = ColumnUse(path[:-1], reference.column, here.columns[reference.column].type)
    return both(is_known(holder), is_null(ColumnUse(path, target.key, target.columns[target.key].type)))


def _from(inner: exp.Query, *values: exp.Expression) -> exp.Select:
    """A SELECT over the rows of another one."""
    return select(*values).from_(exp.Subquery(this=inner, alias=exp.to_identifier("q")), copy=False)


def _counted(query: exp.Select, example: exp.Expression | None, number: exp.Expression | None = None) -> exp.Select:
    """How many rows, each `number` once if one is given, and the least value of the example as text."""
    shown = cast(exp.Min(this=example), Type.TEXT) if example is not None else cast(exp.Null(), Type.TEXT)
    counted = exp.Star() if number is None else exp.Distinct(expressions=[number])
    return query.select(named(exp.Count(this=counted), "found"), named(shown, "example"), append=False, copy=False)


def _known(value: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def _all(conditions: list[exp.Expression]) -> exp.Expression:
    found = all_of(conditions)
    assert found is not None
    return found


def _any(conditions: list[exp.Expression]) -> exp.Expression:
    found = any_of(conditions)
    assert found is not None
    return found


def _sorted(scope: Scope) -> list[Bound]:
    return sorted(scope.conditions, key=repr)
