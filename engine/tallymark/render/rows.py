"""Datasets as relations: stored columns cast at the door, computed columns laid on in order, references joined.

Each distinct need (a dataset and the columns wanted of it) is one common table expression, shared by all that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from tallymark.catalog import Catalog, Column, Dataset
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, ColumnUse, Constant
from tallymark.kinds import Type
from tallymark.plan import spoken
from tallymark.render.aggregates import aggregate
from tallymark.render.exchange import Exchange
from tallymark.render.expressions import Term, Writer
from tallymark.render.joins import BASE, FromTerm, Joined, edge_types, joined, uses
from tallymark.render.made import made
from tallymark.render.values import (
    all_of,
    call,
    case,
    cast,
    column,
    compare,
    constant,
    inner_join,
    left_join,
    moment,
    named,
    select,
    table,
)
from tallymark.render.versions import FROM, KEY, AtTime, JustBefore, infinite, matches, timeline, versions
from tallymark.windows import Calendar

Relations = Callable[[str], tuple[str, ...]]
"""The parts of a dataset's qualified name on the backend."""


@dataclass(slots=True)
class Statement:
    """The common table expressions of a statement in the order they were added."""

    ctes: dict[str, exp.Expression] = field(default_factory=dict)

    def add(self, name: str, query: exp.Expression) -> str:
        self.ctes[name] = query
        return name

    def copy(self) -> Statement:
        """A statement of its own with copies of these."""
        return Statement({name: cte.copy() for name, cte in self.ctes.items()})

    def before(self, query: exp.Select) -> exp.Select:
        """`query` with the common table expressions in front of it."""
        ctes = [exp.CTE(this=q, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, q in self.ctes.items()]
        if ctes:
            query.set("with_", exp.With(expressions=ctes))
        return query


class Rows:
    """Writes datasets as relations."""

    def __init__(
        self, catalog: Catalog, relations: Relations, writer: Writer, calendar: Calendar, statement: Statement
    ) -> None:
        self.catalog = catalog
        self.relations = relations
        self.writer = writer
        self.calendar = calendar
        self.statement = statement
        self.referenced: dict[str, None] = {}
        """Datasets that were joined over references, whose keys must be unique."""
        self._known: dict[tuple[str, frozenset[str]], str] = {}
        self._versions: dict[tuple[str, frozenset[str], bool, bool], str] = {}
        self.exchange = Exchange(catalog, statement.add, self.relation, self.local, self._until)
        self._made: dict[str, str] = {}

    # --- relations -------------------------------------------------------------------------------------------------

    def relation(self, dataset: str, columns: frozenset[str]) -> str:
        """The name of a relation with these columns of `dataset`."""
        place = (dataset, columns)
        if place not in self._known:
            own = self.catalog.datasets[dataset]
            computed = [c for c in columns if own.columns[c].stored is None]
            query = self._computed(own, columns, computed) if computed else self._stored(own, columns)
            count = sum(1 for d, _ in self._known if d == dataset)
            name = f"{dataset}_rows" if count == 0 else f"{dataset}_rows_{count + 1}"
            self._known[place] = self.statement.add(name, query)
        return self._known[place]

    def _stored(self, own: Dataset, columns: frozenset[str]) -> exp.Select:
        # What a transform gives has been read as its types before it was made.
        read = self._read if own.making is None else self._given
        query = select(*(named(read(own.columns[c]), c, quoted=True) for c in sorted(columns)))
        if not columns:
            query = select(named(exp.Literal.number("1"), "one"))
        return query.from_(self._origin(own), copy=False)

    def _origin(self, own: Dataset) -> exp.Table:
        """Where stored columns are read: the table of the source, or what a transform makes, once for all columns."""
        if own.making is None:
            return _table(self.relations(own.name))
        if own.name not in self._made:
            self._made[own.name] = made(self, own)
        return table(self._made[own.name])

    def _given(self, found: Column) -> exp.Expression:
        """A column that a transform gives: as it is, unless it is declared to have another type or measure."""
        assert found.stored is not None
        if found.factor != 1.0:
            value = cast(column(found.stored), Type.DOUBLE)
            return exp.Mul(this=value, expression=constant(found.factor, Type.DOUBLE))
        same = found.type is found.physical
        return column(found.stored) if same else cast(column(found.stored), found.type)

    def _read(self, found: Column) -> exp.Expression:
        """A stored column as its type: infinities and NaN are null, and durations are seconds."""
        assert found.stored is not None
        assert found.physical is not None
        value: exp.Expression = column(found.stored)
        if found.physical is Type.DOUBLE:
            finite = exp.Anonymous(this="ISFINITE", expressions=[value])
            value = case((finite, column(found.stored)))
        if found.factor != 1.0:
            return exp.Mul(this=cast(value, Type.DOUBLE), expression=constant(found.factor, Type.DOUBLE))
        return self.writer.dialect.stored(value, found.physical, found.type)

    def _computed(self, own: Dataset, columns: frozenset[str], computed: Sequence[str]) -> exp.Select:
        """Stored columns and what the computed ones need below, then the computed ones on top."""
        formulas = {c: own.columns[c].formula for c in computed}
        gathered = {c: own.columns[c].aggregate for c in computed if own.columns[c].aggregate is not None}
        needed = [f for f in formulas.values() if f is not None]
        own_needed = {u.column for f in needed for u in uses(f) if not u.path}
        keep = {c for c in columns if c not in computed}
        keys = {own.key, *(own.valid or ())[:1]} if gathered and own.key is not None else set()
        found = self.joined(own.name, needed, frozenset(keep | own_needed | keys))
        query, term = found.select, found.term
        shown = [named(column(c, BASE), c, quoted=True) for c in sorted(keep)]
        for name in sorted(computed):
            formula, over = formulas[name], gathered.get(name)
            if over is not None:
                query, value = self._gathered(query, own, own.columns[name], over)
            else:
                assert formula is not None
                value = self.express(formula, term)
            shown.append(named(value, name, quoted=True))
        return query.select(*shown, append=False, copy=False)

    def _gathered(
        self, query: exp.Select, own: Dataset, found: Column, over: Aggregate
    ) -> tuple[exp.Select, exp.Expression]:
        """A column that aggregates the rows of another dataset that refer to this one, up to as_of."""
        assert found.via is not None
        assert own.key is not None
        name = f"{own.name}_{found.name}"
        self.statement.add(name, self._referring(own, found.via, over))
        on: exp.Expression = exp.EQ(this=column(own.key, BASE), expression=column("k", name))
        if own.valid is not None:
            zoned = self._gathered_zoned(own, over)
            start = self.as_time(Term(column(own.valid[0], BASE), own.columns[own.valid[0]].type), zoned)
            start = exp.Coalesce(this=start, expressions=[infinite("-", zoned)])
            on = exp.And(this=on, expression=exp.EQ(this=start, expression=column("f", name)))
        joined = query.join(left_join(table(name), on), copy=False)
        result: exp.Expression = column("v", name)
        if over.zero:
            result = exp.Coalesce(this=result, expressions=[exp.Literal.number("0")])
        return joined, result

    def _referring(self, own: Dataset, via: str, over: Aggregate) -> exp.Select:
        """The aggregate `v` over the rows that refer to each key `k` of `own`; to each version, which begins at `f`."""
        other = self.catalog.datasets[over.dataset]
        holder = other.references[via].column
        expressions = [x for x in (over.argument, over.condition) if x is not None]
        as_of = self.writer.clock.as_of
        now = JustBefore(moment(self.calendar.wall(as_of), zoned=False), moment(as_of, zoned=True))
        stock = over.axis.kind == "stock"
        needed = frozenset({holder, *_order_columns(other, over)})
        found = joined(self, other.name, expressions, needed, over.axis, now if stock else None)
        query, term = found.select, found.term
        conditions = [self.express(over.condition, term)] if over.condition is not None else []
        for time in over.axis.columns[:1]:
            conditions.append(compare(exp.LT, column(time, BASE), self.edge(other.columns[time], as_of)))
        if stock:
            last = over.axis.columns[-1]
            unended = exp.Is(this=column(last, BASE), expression=exp.Null())
            lasting = compare(exp.GTE, column(last, BASE), self.edge(other.columns[last], as_of))
            conditions.append(exp.Or(this=unended, expression=lasting))
        argument = self.express(over.argument, term) if over.argument is not None else None
        order = [column(c, BASE) for c in _order_columns(other, over)]
        by: list[exp.Expression] = [column(holder, BASE)]
        if own.valid is not None:
            read = now if stock else AtTime(found.axis[0])
            zoned = self._gathered_zoned(own, over)
            self.referenced[own.name] = None
            same = exp.EQ(this=column(holder, BASE), expression=column(KEY, "own"))
            on = all_of([same, *matches(read, "own", zoned, self.as_time)])
            name = self.versions(own, frozenset(), zoned, gaps=False)
            query = query.join(inner_join(table(name, "own"), on), copy=False)
            by.append(column(FROM, "own"))
        value = aggregate(spoken(over.function, over.type), argument, None, over.extra, order)
        shown = [named(key, name) for key, name in zip(by, "kf", strict=False)]
        query = query.select(*shown, named(value, "v"), append=False, copy=False)
        where = all_of(conditions)
        query = query.where(where, copy=False) if where is not None else query
        return query.group_by(*(key.copy() for key in by), copy=False)

    def _gathered_zoned(self, own: Dataset, over: Aggregate) -> bool:
        """Whether the times of referring rows and of the versions of `own` meet as instants."""
        other = self.catalog.datasets[over.dataset]
        return Type.INSTANT in (*edge_types(own), *(other.columns[c].type for c in over.axis.columns))

    def edge(self, time: Column, instant: datetime) -> exp.Expression:
        """An instant as a literal comparable with a time column: local for naive columns."""
        if time.type is Type.INSTANT:
            return moment(instant, zoned=True)
        return moment(self.calendar.wall(instant), zoned=False)

    def _until(self) -> datetime:
        """The local time from which on nothing is known."""
        return self.calendar.wall(self.writer.clock.as_of)

    def local(self, time: exp.Expression, kind: Type) -> exp.Expression:
        """A time on the project's clock, as a naive timestamp."""
        if kind is Type.INSTANT:
            return self.writer.local(time)
        return time if kind is Type.TIMESTAMP else cast(time, Type.TIMESTAMP)

    # --- joins -----------------------------------------------------------------------------------------------------

    def joined(
        self,
        dataset: str,
        expressions: Iterable[Bound],
        own: frozenset[str],
        axis: Axis | None = None,
        numbered: bool = False,
    ) -> Joined:
        """A FROM clause that serves `expressions` and the `own` columns of rows that `axis` places in time."""
        return joined(self, dataset, expressions, own, axis, numbered=numbered)

    def versions(self, own: Dataset, columns: frozenset[str], zoned: bool, gaps: bool) -> str:
        """The name of a relation of the versions of `own`; `gaps` are stretches of nulls between them."""
        assert own.key is not None
        assert own.valid is not None
        for name in own.valid:
            if own.columns[name].faulty:
                raise FaultError(
                    Fault("T264", f"nothing tells when a row of `{own.name}` is valid: `{name}` has faults")
                )
        shown = sorted(columns)
        place = (own.name, columns, zoned, gaps)
        if place not in self._versions:
            if gaps:
                source = self.versions(own, columns, zoned, gaps=False)
                query: exp.Expression = timeline(source, shown, zoned)
            else:
                relation = self.relation(own.name, columns | {own.key, *own.valid})
                query = versions(own, relation, shown, zoned, self.as_time)
            count = sum(1 for p in self._versions if p[0] == own.name)
            name = f"{own.name}@{'times' if gaps else 'versions'}{count or ''}"
            self._versions[place] = self.statement.add(name, query)
        return self._versions[place]

    def known_keys(self, own: Dataset) -> str:
        """The name of a relation of the keys that any version has."""
        assert own.key is not None
        name = f"{own.name}@keys"
        if name not in self.statement.ctes:
            relation = self.relation(own.name, frozenset({own.key}))
            query = select(named(column(own.key), KEY, quoted=True), column(own.key)).distinct(copy=False)
            self.statement.add(name, query.from_(table(relation), copy=False))
        return name

    def as_time(self, time: Term, zoned: bool) -> exp.Expression:
        """A time as an instant, or on the project's clock."""
        if zoned is (time.type is Type.INSTANT):
            return cast(time.sql, Type.TIMESTAMP) if time.type is Type.DATE else time.sql
        if time.type is Type.INSTANT:
            return self.writer.local(time.sql)
        local = cast(time.sql, Type.TIMESTAMP) if time.type is Type.DATE else time.sql
        return call("TIMEZONE", exp.Literal.string(self.calendar.timezone), local)

    # --- expressions -----------------------------------------------------------------------------------------------

    def express(self, bound: Bound, term: FromTerm) -> exp.Expression:
        """A row-level expression as SQL."""
        match bound:
            case Constant(value=value, type=kind):
                return constant(value, kind)
            case ColumnUse():
                return term(bound)
            case Apply(function="in currency"):
                amount = cast(self.express(bound.arguments[0], term), Type.DOUBLE)
                return exp.Paren(this=exp.Mul(this=amount, expression=term(bound)))
            case Apply():
                terms = [Term(self.express(a, term), a.type) for a in bound.arguments]
                return self.writer.apply(bound.function, terms, bound.extra, bound.type)
        raise TypeError(f"not a row-level expression: {bound!r}")


def _order_columns(dataset: Dataset, over: Aggregate) -> list[str]:
    """What `first` and `last` order rows by before the value itself: time, then key."""
    if over.function not in ("first", "last"):
        return []
    times = list(over.axis.columns[:1])
    return [*times, *([dataset.key] if dataset.key and dataset.key in dataset.columns else [])]


def _table(name: tuple[str, ...]) -> exp.Table:
    parts_ = [exp.to_identifier(p, quoted=True) for p in name]
    return exp.Table(
        this=parts_[-1],
        db=parts_[-2] if len(parts_) > 1 else None,
        catalog=parts_[-3] if len(parts_) > 2 else None,
    )
