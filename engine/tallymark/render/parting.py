"""A statement over several databases, cut into what each of them gives and what is put together here.

Whatever a statement needs of one database alone is that database's own statement: mostly a group, already aggregated.
What needs several is computed here from those results. Where rows of one database are joined with another's, the rows
themselves are given: only the columns used, and only those that the conditions on them leave.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tallymark.errors import FaultError
from tallymark.formula.function import PYTHON
from tallymark.render.values import all_of, select, table

APART = "@apart"
"""The schema under which a statement names datasets of which it is not known yet where they lie."""

HERE = 0
"""The number of the database in which a statement is put together."""

UNSAID = frozenset({"D462", "D463", "D464", "P763"})
"""The codes of what a database's dialect cannot say, or would say otherwise, and of what is Python."""

Written = Callable[[int, exp.Query], str]
"""A database's own statement as text. Raises FaultError when it cannot be said in its dialect."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one database gives: the relation's name here, the database's number, its statement.

    `rows` is the dataset whose single rows are given; None where they are aggregated there.
    """

    name: str
    home: int
    sql: str
    rows: str | None = None


@dataclass(frozen=True, slots=True)
class Parted:
    """A statement in parts: what is fetched, and what here reads it; None when one fetch is the answer."""

    fetches: tuple[Fetch, ...]
    rest: exp.Query | None


def apart(dataset: str) -> tuple[str, ...]:
    """The parts of a dataset's name in a statement that is still to be cut."""
    return APART, dataset


def part(
    query: exp.Query, home: Callable[[str], int], named: Callable[[str], tuple[str, ...]], written: Written, most: int
) -> Parted:
    """Cuts a statement. The tree is used up.

    `home` gives the number of the database where a dataset lies; `named` its name there. No more than `most` single
    rows and one are asked of a database at a time. Raises FaultError for what cannot be said.
    """
    return _Parting(query, home, named, written, most).part()


class _Parting:
    def __init__(
        self,
        query: exp.Query,
        home: Callable[[str], int],
        named: Callable[[str], tuple[str, ...]],
        written: Written,
        most: int,
    ) -> None:
        self.home = home
        self.named = named
        self.written = written
        self.most = most
        self.ctes: dict[str, exp.Query] = {}
        """Every common table expression of the statement, each after those it names."""
        self.body = query
        self._lift(query)
        self.homes: dict[str, frozenset[int]] = {}
        for name, cte in self.ctes.items():
            self.homes[name] = self._homes(cte)
        self.fetches: dict[tuple[int, str], Fetch] = {}
        self.kept: set[str] = set()
        """Names that the statement here has in front of it."""
        self.refused: dict[int, tuple[exp.Query, FaultError]] = {}
        """By identity, queries that their database's dialect cannot say; held, so that no other takes their place."""

    def part(self) -> Parted:
        """The parts."""
        alone = self._alone(self.body)
        if alone != HERE and self._asked(self.body, self.body.copy(), alone, "answer") is not None:
            return Parted(tuple(self.fetches.values()), None)
        self._settle(self.body)
        for name in reversed(self.ctes):
            if name in self.kept:
                self._settle(self.ctes[name])
        rest = _before(self.body, {n: q for n, q in self.ctes.items() if n in self.kept})
        return Parted(tuple(self.fetches.values()), rest)

    # --- what is where ---------------------------------------------------------------------------------------------

    def _lift(self, query: exp.Query) -> None:
        """Takes all common table expressions, those of queries inside others too, into `ctes`, under names of their
        own.
        """
        found = query.args.get("with_")
        ctes = found.expressions if found is not None else []
        query.set("with_", None)
        for cte in ctes:
            name = _free(cte.alias, self.ctes)
            if name != cte.alias:
                for each in (query, *(c.this for c in ctes)):
                    _rename(each, cte.alias, name)
            self._lift_inner(cte.this)
            self.ctes[name] = cte.this
        self._lift_inner(query)

    def _lift_inner(self, query: exp.Query) -> None:
        """Lifts what stands in front of queries inside one, from the outside inwards."""
        for inner in list(query.find_all(exp.Query)):
            # What is deeper may have been lifted together with what is around it.
            if inner.args.get("with_") is not None:
                self._lift(inner)

    def _homes(self, query: exp.Query) -> frozenset[int]:
        """The databases whose tables a query reads."""
        found: set[int] = set()
        for each in query.find_all(exp.Table):
            dataset = _dataset(each)
            if dataset is not None:
                found.add(self.home(dataset))
            else:
                # What is neither is a table that the embedded database has for the engine's own use.
                found |= self.homes.get(each.name, frozenset({HERE}))
        return frozenset(found | {HERE}) if _calls_python(query) else frozenset(found)

    def _alone(self, query: exp.Query) -> int:
        """The other database that a query reads alone; HERE when there is none, or it cannot say it."""
        if id(query) in self.refused:
            return HERE
        homes = self._homes(query)
        return next(iter(homes)) if len(homes) == 1 else HERE

    def _rows_of(self, query: exp.Expr) -> str | None:
        """The dataset whose single rows a query gives; None when it aggregates them."""
        here: Any = query
        while isinstance(here, exp.Select):
            grouped = any(here.args.get(key) for key in ("group", "distinct"))
            if grouped or any(e.find(exp.AggFunc) and not e.find(exp.Window) for e in here.selects):
                return None
            start = here.args.get("from_")
            here = start.this if start is not None else None
            if isinstance(here, exp.Table):
                dataset = _dataset(here)
                if dataset is not None:
                    return dataset
                here = self.ctes.get(here.name)
            elif isinstance(here, exp.Subquery):
                here = here.this
        return None

    # --- what another database gives -------------------------------------------------------------------------------

    def _fetched(self, query: exp.Query, home: int, name: str, only: exp.Expression | None = None) -> str | None:
        """The name here of what a query gives that one other database runs, of rows those that meet `only`.

        None when its dialect cannot say it.
        """
        rows, own = self._rows_of(query), query.copy()
        if rows is not None or only is not None:
            own = select(exp.Star()).from_(exp.Subquery(this=own, alias=exp.to_identifier("q")), copy=False)
            own = own.where(only.copy(), copy=False) if only is not None else own
            own = own.limit(self.most + 1, copy=False) if rows is not None else own
        given = self._asked(query, own, home, name, rows)
        if given is not None or only is None:
            return given
        # It may be the conditions alone that it cannot say.
        del self.refused[id(query)]
        return self._fetched(query, home, name)

    def _asked(self, query: exp.Query, own: exp.Query, home: int, name: str, rows: str | None = None) -> str | None:
        """As `_fetched`, of a statement `own` that asks for what `query` gives."""
        whole = self._complete(own)
        try:
            sql = self.written(home, whole)
        except FaultError as error:
            if not {f.code for f in error.faults} <= UNSAID:
                raise
            self.refused[id(query)] = query, error
            return None
        if (home, sql) not in self.fetches:
            taken = {f.name for f in self.fetches.values()} | (self.ctes.keys() - {name})
            self.fetches[home, sql] = Fetch(_free(name, taken), home, sql, rows)
        return self.fetches[home, sql].name

    def _complete(self, query: exp.Query) -> exp.Query:
        """A query with all that it names in front of it, tables by the names they have where they lie."""
        needed = _named(query)
        for name in reversed(self.ctes):
            if name in needed:
                needed |= _named(self.ctes[name])
        whole = _before(query, {n: q.copy() for n, q in self.ctes.items() if n in needed})
        for each in list(whole.find_all(exp.Table)):
            dataset = _dataset(each)
            if dataset is not None:
                self._name(each, dataset)
        return whole

    def _name(self, each: exp.Table, dataset: str) -> None:
        parts = [exp.to_identifier(p, quoted=True) for p in self.named(dataset)]
        for key, value in zip(("this", "db", "catalog"), [*reversed(parts), None, None], strict=False):
            each.set(key, value)

    # --- what is put together here ---------------------------------------------------------------------------------

    def _settle(self, query: exp.Query) -> None:
        """Lets a query that stays here read what others give: in the place of unions' sides, of queries it reads rows
        from, and of common table expressions. Those that stay here too are noted in `kept`.
        """
        waiting: list[exp.Query] = [query]
        while waiting:
            here = waiting.pop()
            if isinstance(here, exp.Union):
                waiting += self._union(here)
                continue
            for each in list(_parts(here)):
                if isinstance(each, exp.Table):
                    self._source(each, here)
                else:
                    around = each.parent
                    whole = isinstance(around, exp.Subquery) and isinstance(around.parent, exp.From | exp.Join)
                    waiting += self._inner(each, whole)

    def _union(self, query: exp.Union) -> list[exp.Query]:
        """The sides of a union that stay here. Those of one other database are united there.

        The first side stays first: it gives the columns their names.
        """
        groups = dict[int, list[exp.Query]]()
        for number, side in enumerate(_sides(query)):
            # What stays here stays one by one.
            groups.setdefault(self._alone(side) or -number - 1, []).append(side)
        sides, staying = list[exp.Query](), list[exp.Query]()
        for home, those in groups.items():
            united = _united([t.copy() for t in those], query) if home > HERE else None
            given = self._fetched(united, home, "rows_apart") if united is not None else None
            if given is None:
                sides += those
                staying += those
            else:
                sides.append(select(exp.Star()).from_(table(given), copy=False))
        *first, last = sides
        assert first, "what one database says alone is fetched as a whole"
        query.set("this", _united(first, query))
        query.set("expression", last)
        return staying

    def _inner(self, query: exp.Query, whole: bool) -> list[exp.Query]:
        """A query inside one that stays here: fetched where it can be, as a `whole`; else itself, to be settled."""
        alone = self._alone(query) if whole else HERE
        given = self._fetched(query, alone, "rows_apart") if alone != HERE else None
        if given is None:
            return [query]
        query.replace(select(exp.Star()).from_(table(given), copy=False))
        return []

    def _source(self, each: exp.Table, query: exp.Query) -> None:
        """A table that a query which stays here reads."""
        dataset = _dataset(each)
        if dataset is not None:
            if self.home(dataset) != HERE:
                refused = self.refused.get(id(query))
                assert refused is not None, f"`{dataset}` is read beside others, not by a query of its own"
                # Nothing deeper can be fetched.
                raise refused[1]
            self._name(each, dataset)
            return
        entry = self.ctes.get(each.name) if not each.db else None
        if entry is None:
            return
        alone = self._alone(entry)
        given = self._fetched(entry, alone, each.name, _conditions(query, each)) if alone != HERE else None
        if given is None:
            self.kept.add(each.name)
        elif given != each.name:
            each.set("alias", exp.TableAlias(this=exp.to_identifier(each.alias or each.name)))
            each.set("this", exp.to_identifier(given))


def _conditions(query: exp.Query, each: exp.Table) -> exp.Expression | None:
    """What a query asks of the rows of its first source alone: no other rows of it can be in the result."""
    start, where = query.args.get("from_"), query.args.get("where")
    if start is None or where is None or start.this is not each:
        return None
    if any(join.side not in ("", "LEFT") for join in query.args.get("joins") or ()):
        return None
    alias, found = each.alias or each.name, list[Any]()
    for test in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = list(test.find_all(exp.Column))
        if (
            columns
            and not _calls_python(test)
            and test.find(exp.Query, exp.AggFunc, exp.Window) is None
            and all(c.table == alias for c in columns)
        ):
            own = test.copy()
            for each_column in [own] if isinstance(own, exp.Column) else list(own.find_all(exp.Column)):
                each_column.set("table", None)
            found.append(own)
    return all_of(found)


def _calls_python(tree: exp.Expr) -> bool:
    """Whether something is computed in Python, which only the embedded database has beside it."""
    return any(call.name.startswith(PYTHON) for call in tree.find_all(exp.Anonymous))


def _sides(query: exp.Query) -> list[exp.Query]:
    """The queries that a chain of like unions unites."""
    found, waiting = list[exp.Query](), [query]
    while waiting:
        here = waiting.pop()
        if isinstance(here, exp.Union) and here.args.get("distinct") == query.args.get("distinct"):
            waiting += [here.right, here.left]
        else:
            found.append(here)
    return found


def _united(sides: list[exp.Query], like: exp.Union) -> exp.Query:
    together = sides[0]
    for side in sides[1:]:
        together = exp.Union(this=together, expression=side, distinct=like.args.get("distinct"))
    return together


def _parts(query: exp.Query) -> Iterator[exp.Table | exp.Query]:
    """The tables that a query reads itself, and the queries directly inside it, as they stand in it."""
    waiting = list(query.iter_expressions(reverse=True))
    while waiting:
        here = waiting.pop()
        if isinstance(here, exp.Table):
            yield here
        if isinstance(here, exp.Query) and not isinstance(here, exp.Subquery):
            yield here
        else:
            waiting.extend(here.iter_expressions(reverse=True))


def _dataset(each: exp.Table) -> str | None:
    """The dataset that a table stands for, if it is one's."""
    return each.name if each.db == APART else None


def _named(query: exp.Query) -> set[str]:
    return {each.name for each in query.find_all(exp.Table) if not each.db}


def _rename(query: exp.Query, old: str, new: str) -> None:
    for each in query.find_all(exp.Table):
        if each.name == old and not each.db:
            if not each.alias:
                each.set("alias", exp.TableAlias(this=exp.to_identifier(old)))
            each.set("this", exp.to_identifier(new))


def _free(name: str, taken: Container[str]) -> str:
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


def _before(query: exp.Query, ctes: dict[str, exp.Query]) -> exp.Query:
    found = [exp.CTE(this=q, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, q in ctes.items()]
    if found:
        query.set("with_", exp.With(expressions=found))
    return query
