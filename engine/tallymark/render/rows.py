"""Datasets as relations: stored columns cast at the door, computed columns laid on in order, references joined.

Each distinct need (a dataset and the columns wanted of it) is one common table expression, shared by all that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from tallymark.catalog import Catalog, Column, Dataset
from tallymark.formula.bound import Aggregate, Apply, Bound, ColumnUse, Constant, conversions, parts
from tallymark.kinds import Type
from tallymark.plan import AtEnd
from tallymark.render.aggregates import aggregate
from tallymark.render.exchange import Exchange, Worth, factor, is_base, worths_of
from tallymark.render.expressions import Term, Writer
from tallymark.render.made import made
from tallymark.render.values import (
    SQL_TYPES,
    all_of,
    case,
    cast,
    column,
    compare,
    constant,
    left_join,
    moment,
    named,
    select,
    table,
)
from tallymark.windows import Calendar

Relations = Callable[[str], tuple[str, ...]]
"""The parts of a dataset's qualified name on the backend."""

BASE = "b"

FromTerm = Callable[[ColumnUse | Apply], exp.Expression]
"""How the columns of a FROM clause are named, and what its conversions multiply by."""


@dataclass(slots=True)
class Statement:
    """The common table expressions of a statement in the order they were added."""

    ctes: dict[str, exp.Expression] = field(default_factory=dict)

    def add(self, name: str, query: exp.Expression) -> str:
        self.ctes[name] = query
        return name

    def before(self, query: exp.Select) -> exp.Select:
        """`query` with the common table expressions in front of it."""
        ctes = [exp.CTE(this=q, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, q in self.ctes.items()]
        if ctes:
            query.set("with_", exp.With(expressions=ctes))
        return query


@dataclass(frozen=True, slots=True)
class Joined:
    """A FROM clause: the base relation under `b`, and one LEFT JOIN per way over references."""

    select: exp.Select


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
        if found.type is found.physical and found.type in (Type.TEXT, Type.BOOLEAN, Type.DATE, Type.DOUBLE):
            return value
        return cast(value, found.type) if found.type in SQL_TYPES else value

    def _computed(self, own: Dataset, columns: frozenset[str], computed: Sequence[str]) -> exp.Select:
        """Stored columns and what the computed ones need below, then the computed ones on top."""
        formulas = {c: own.columns[c].formula for c in computed}
        gathered = {c: own.columns[c].aggregate for c in computed if own.columns[c].aggregate is not None}
        needed = [f for f in formulas.values() if f is not None]
        own_needed = {u.column for f in needed for u in uses(f) if not u.path}
        keep = {c for c in columns if c not in computed}
        keys = {own.key} if gathered and own.key is not None else set()
        query, term = self.joined(own.name, needed, frozenset(keep | own_needed | keys))
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
        other = self.catalog.datasets[over.dataset]
        holder = other.references[found.via].column
        name = f"{own.name}_{found.name}"
        expressions = [x for x in (over.argument, over.condition) if x is not None]
        times = set(over.axis.columns[:1])
        inner, term = self.joined(other.name, expressions, frozenset({holder, *times, *_order_columns(other, over)}))
        conditions = [self.express(over.condition, term)] if over.condition is not None else []
        for time in times:
            edge = self.edge(other.columns[time], self.writer.clock.as_of)
            conditions.append(compare(exp.LT, column(time, BASE), edge))
        argument = self.express(over.argument, term) if over.argument is not None else None
        order = [column(c, BASE) for c in _order_columns(other, over)]
        value = aggregate(over.function, argument, None, over.extra, order)
        inner = inner.select(named(column(holder, BASE), "k"), named(value, "v"), append=False, copy=False)
        where = all_of(conditions)
        inner = inner.where(where, copy=False) if where is not None else inner
        self.statement.add(name, inner.group_by(column(holder, BASE), copy=False))
        on = exp.EQ(this=column(own.key, BASE), expression=column("k", name))
        joined = query.join(left_join(table(name), on), copy=False)
        result: exp.Expression = column("v", name)
        if over.zero:
            result = exp.Coalesce(this=result, expressions=[exp.Literal.number("0")])
        return joined, result

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

    def joined(self, dataset: str, expressions: Iterable[Bound], own: frozenset[str]) -> tuple[exp.Select, FromTerm]:
        """A FROM clause that serves `expressions` and the `own` columns, and how columns are named in it.

        Conversions at the rates of periods are left to who knows the periods.
        """
        expressions = list(expressions)
        wanted: dict[tuple[str, ...], set[str]] = {(): set(own)}
        for expression in expressions:
            for use in uses(expression):
                wanted.setdefault(use.path, set()).add(use.column)
        for path in list(wanted):
            self._want_way(dataset, path, wanted)
        homes = {path: self._home(dataset, path) for path in wanted}
        base = self.relation(dataset, frozenset(wanted[()]))
        query = select().from_(table(base, BASE), copy=False)
        for path in sorted((p for p in wanted if p), key=len):
            query = self._join(query, path, homes, frozenset(wanted[path]))
        return self._exchanged(query, expressions)

    def _exchanged(self, query: exp.Select, expressions: Sequence[Bound]) -> tuple[exp.Select, FromTerm]:
        """`query` with the rates that `expressions` convert at joined to each row."""
        known: dict[Worth, exp.Expression] = {}

        def term(use: ColumnUse | Apply) -> exp.Expression:
            if isinstance(use, Apply):
                return factor(use, self.exchange.rates.base, term, known)
            return column(use.column, _alias(use.path))

        found = dict.fromkeys(w for e in expressions for c in conversions(e) for w in worths_of(c))
        for worth in found:
            if not isinstance(worth.at, AtEnd) and not is_base(worth, self.exchange.rates.base):
                query, known[worth] = self.exchange.join(query, worth, f"fx{len(known)}", term)
        return query, term

    def _want_way(self, dataset: str, path: tuple[str, ...], wanted: dict[tuple[str, ...], set[str]]) -> None:
        """Every step of a way needs the holding column before it and the key behind it."""
        for length in range(len(path)):
            here = self._home(dataset, path[:length])
            reference = here.references[path[length]]
            target = self.catalog.datasets[reference.dataset]
            assert target.key is not None
            wanted.setdefault(path[:length], set()).add(reference.column)
            wanted.setdefault(path[: length + 1], set()).add(target.key)

    def _home(self, dataset: str, path: tuple[str, ...]) -> Dataset:
        here = self.catalog.datasets[dataset]
        for step in path:
            here = self.catalog.datasets[here.references[step].dataset]
        return here

    def _join(
        self, query: exp.Select, path: tuple[str, ...], homes: dict[tuple[str, ...], Dataset], columns: frozenset[str]
    ) -> exp.Select:
        target = homes[path]
        holder = homes[path[:-1]].references[path[-1]].column
        self.referenced[target.name] = None
        name = self.relation(target.name, columns)
        assert target.key is not None
        on = exp.EQ(this=column(holder, _alias(path[:-1])), expression=column(target.key, _alias(path)))
        return query.join(left_join(table(name, _alias(path)), on), copy=False)

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


def uses(bound: Bound) -> Iterator[ColumnUse]:
    """The columns a row-level expression names."""
    waiting = [bound]
    while waiting:
        here = waiting.pop()
        if isinstance(here, ColumnUse):
            yield here
        waiting.extend(parts(here))


def _order_columns(dataset: Dataset, over: Aggregate) -> list[str]:
    """What `first` and `last` order rows by before the value itself: time, then key."""
    if over.function not in ("first", "last"):
        return []
    times = list(over.axis.columns[:1])
    return [*times, *([dataset.key] if dataset.key and dataset.key in dataset.columns else [])]


def _alias(path: tuple[str, ...]) -> str:
    return "to_" + "_".join(path) if path else BASE


def _table(name: tuple[str, ...]) -> exp.Table:
    parts_ = [exp.to_identifier(p, quoted=True) for p in name]
    return exp.Table(
        this=parts_[-1],
        db=parts_[-2] if len(parts_) > 1 else None,
        catalog=parts_[-3] if len(parts_) > 2 else None,
    )
