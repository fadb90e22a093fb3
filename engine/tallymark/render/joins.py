"""References followed: what lies behind them, joined to a FROM clause; of versions the one valid when they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tallymark.catalog import Catalog, Dataset
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Apply, Axis, Bound, ColumnUse, conversions, walk
from tallymark.formula.bound import Edge as AskedEdge
from tallymark.kinds import Type
from tallymark.plan import AtEnd
from tallymark.render.exchange import Worth, factor, is_base, worths_of
from tallymark.render.expressions import Term
from tallymark.render.values import all_of, call, column, left_join, named, select, table
from tallymark.render.versions import KEY, AtTime, During, Moment, matches, narrowed

if TYPE_CHECKING:
    from tallymark.render.rows import Rows

BASE, NUMBER = "b", "@number"

Path = tuple[str, ...]


FromTerm = Callable[[ColumnUse | Apply], exp.Expression]
"""How the columns of a FROM clause are named, and what its conversions multiply by."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A FROM clause: the rows of a dataset under `b`, what they refer to, and how columns are named in it.

    `axis`: the times that place a row; of a stock that looks up versions, those of a stretch of the row.
    """

    select: exp.Select
    term: FromTerm
    axis: tuple[Term, ...] = ()
    stretched: bool = False


def unfolded(catalog: Catalog, dataset: str, bound: Bound) -> Bound:
    """A row-level expression with computed columns that change written out: they depend on when a row is read."""
    match bound:
        case ColumnUse():
            home = catalog.home(dataset, bound.path)
            formula = home.columns[bound.column].formula
            if formula is None or not home.columns[bound.column].changes:
                return bound
            return unfolded(catalog, dataset, _moved(formula, bound.path, bound.at))
        case Apply():
            return replace(bound, arguments=tuple(unfolded(catalog, dataset, a) for a in bound.arguments))
    return bound


def _moved(bound: Bound, path: Path, at: AskedEdge | None) -> Bound:
    """An expression over the rows at the end of `path`, seen from its beginning."""
    if isinstance(bound, ColumnUse):
        return replace(bound, path=(*path, *bound.path), at=at)
    if isinstance(bound, Apply):
        return replace(bound, arguments=tuple(_moved(a, path, at) for a in bound.arguments))
    return bound


def uses(bound: Bound) -> Iterator[ColumnUse]:
    """The columns a row-level expression names."""
    return (part for part in walk(bound) if isinstance(part, ColumnUse))


class Wanted:
    """The columns wanted behind each way over references from one dataset."""

    def __init__(self, catalog: Catalog, dataset: str, own: Iterable[str] = ()) -> None:
        self.catalog = catalog
        self.dataset = dataset
        self.columns: dict[Path, set[str]] = {(): set(own)}

    def add(self, use: ColumnUse) -> None:
        """Wants a column, and every step of its way: the holding column before it and the key behind it."""
        self.columns.setdefault(use.path, set()).add(use.column)
        for length in range(len(use.path)):
            here = self.home(use.path[:length])
            reference = here.references[use.path[length]]
            target = self.catalog.datasets[reference.dataset]
            assert target.key is not None
            self.columns.setdefault(use.path[:length], set()).add(reference.column)
            self.columns.setdefault(use.path[: length + 1], set()).add(target.key)

    def home(self, path: Path) -> Dataset:
        """The dataset at the end of a way."""
        return self.catalog.home(self.dataset, path)

    @property
    def paths(self) -> list[Path]:
        """The ways, shortest first."""
        return sorted((p for p in self.columns if p), key=len)

    @property
    def validities(self) -> list[Dataset]:
        """The datasets on the ways whose rows are valid for a time."""
        return [home for p in self.paths if (home := self.home(p)).valid is not None]


class Joins:
    """Joins what `wanted` wants to a FROM clause. `origin` names the columns of the dataset they start from.

    `moment` is None where no row has a time: then only keys can be looked for among versions. `prefix` keeps the names
    of several such joins in one clause apart.
    """

    def __init__(
        self,
        rows: Rows,
        wanted: Wanted,
        origin: Callable[[str], exp.Expression],
        moment: Moment | None,
        prefix: str = "to",
    ) -> None:
        self.rows = rows
        self.wanted = wanted
        self.origin = origin
        self.moment = moment
        self.prefix = prefix

    def add(self, query: exp.Select) -> exp.Select:
        """`query` with one LEFT JOIN for each way."""
        for path in self.wanted.paths:
            query = query.join(self._join(path), copy=False)
        return query

    def column(self, use: ColumnUse) -> exp.Expression:
        """A column that was wanted."""
        return column(use.column, self._alias(use.path)) if use.path else self.origin(use.column)

    def _alias(self, path: Path) -> str:
        return f"{self.prefix}_{'_'.join(path)}"

    def _join(self, path: Path) -> exp.Join:
        target, alias = self.wanted.home(path), self._alias(path)
        holder_column = self.wanted.home(path[:-1]).references[path[-1]].column
        holder = column(holder_column, self._alias(path[:-1])) if path[:-1] else self.origin(holder_column)
        columns = frozenset(self.wanted.columns[path])
        self.rows.referenced[target.name] = None
        assert target.key is not None
        if target.valid is not None:
            return self._versions(target, alias, holder, columns)
        name = self.rows.relation(target.name, columns)
        on = exp.EQ(this=holder, expression=column(target.key, alias))
        return left_join(table(name, alias), on)

    def _versions(self, target: Dataset, alias: str, holder: exp.Expression, columns: frozenset[str]) -> exp.Join:
        same = exp.EQ(this=holder, expression=column(KEY, alias))
        if self.moment is None:
            if columns != {target.key}:
                message = f"`{target.name}` changes, and the rows that refer to it here have no time"
                raise FaultError(Fault("T260", message, None, "give them a `time`"))
            return left_join(table(self.rows.known_keys(target), alias), same)
        zoned = self._zoned(target)
        gaps = isinstance(self.moment, During)
        name = self.rows.versions(target, columns, zoned, gaps)
        on = all_of([same, *matches(self.moment, alias, zoned, self.rows.as_time)])
        if isinstance(self.moment, During):
            narrowed(self.moment, alias)
        return left_join(table(name, alias), on)

    def _zoned(self, target: Dataset) -> bool:
        """Whether versions are compared as instants."""
        if isinstance(self.moment, During):
            return self.moment.zoned
        times = [self.moment.time.type] if isinstance(self.moment, AtTime) else []
        return Type.INSTANT in (*times, *edge_types(target))


def edge_types(dataset: Dataset) -> tuple[Type, ...]:
    """The types of the edges of a validity."""
    return tuple(dataset.columns[c].type for c in dataset.valid or ())


def _numbered(relation: str) -> exp.Subquery:
    number = exp.Window(this=call("ROW_NUMBER"))
    rows = select(exp.Star(), named(number, NUMBER, quoted=True)).from_(table(relation), copy=False)
    return exp.Subquery(this=rows, alias=exp.to_identifier(BASE))


def joined(
    rows: Rows,
    dataset: str,
    expressions: Iterable[Bound],
    own: frozenset[str],
    axis: Axis | None = None,
    moment: Moment | None = None,
    numbered: bool = False,
) -> Joined:
    """A FROM clause that serves `expressions` and the `own` columns, for rows that `axis` places in time.

    A flow looks versions up at its time; a stock falls into a stretch for each version, unless a `moment` is given.
    `numbered`: the rows have a number of their own, so that those that fall into stretches can be counted once.
    """
    expressions = list(expressions)
    here = rows.catalog.datasets[dataset]
    times = axis.columns if axis is not None else ()
    wanted = Wanted(rows.catalog, dataset, own | frozenset(times))
    for expression in expressions:
        for use in uses(unfolded(rows.catalog, dataset, expression)):
            wanted.add(use)
    terms = tuple(Term(column(c, BASE), here.columns[c].type) for c in times)
    stretch = None
    if moment is None and axis is not None and axis.kind == "flow":
        moment = AtTime(terms[0])
    elif moment is None and axis is not None and axis.kind == "stock" and wanted.validities:
        kinds = [t.type for t in terms] + [k for d in wanted.validities for k in edge_types(d)]
        zoned = Type.INSTANT in kinds
        start, end = (rows.as_time(t, zoned) for t in (terms[0], terms[-1]))
        moment = stretch = During(start, end, zoned)
    joins = Joins(rows, wanted, lambda name: column(name, BASE), moment)
    base = rows.relation(dataset, frozenset(wanted.columns[()]))
    query = joins.add(select().from_(_numbered(base) if numbered else table(base, BASE), copy=False))
    if stretch is not None:
        kind = Type.INSTANT if stretch.zoned else Type.TIMESTAMP
        terms = (Term(stretch.start, kind), Term(stretch.end, kind))

    known: dict[Worth, exp.Expression] = {}

    def term(use: ColumnUse | Apply) -> exp.Expression:
        if isinstance(use, Apply):
            return factor(use, rows.exchange.rates.base, term, known)
        found = unfolded(rows.catalog, dataset, use)
        return joins.column(found) if isinstance(found, ColumnUse) else rows.express(found, term)

    # Conversions at the rates of periods are left to who knows the periods.
    for worth in dict.fromkeys(w for e in expressions for c in conversions(e) for w in worths_of(c)):
        if not isinstance(worth.at, AtEnd) and not is_base(worth, rows.exchange.rates.base):
            query, known[worth] = rows.exchange.join(query, worth, f"fx{len(known)}", term)
    return Joined(query, term, terms, stretch is not None)
