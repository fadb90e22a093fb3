"""What is read at the edges of the asked period, `plan at start`: the same row may have another value in each period.

The rows of a group carry along what their references hold. Once they are spread over the periods, the versions that are
valid just before each period's edge are joined, and only then the rows are gathered by their final keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Apply, Bound, ColumnUse
from tallymark.formula.bound import Edge as AskedEdge
from tallymark.plan import Group
from tallymark.render.joins import Joins, Wanted, unfolded, uses
from tallymark.render.rows import Rows, Statement
from tallymark.render.spread import whole_numbers
from tallymark.render.values import all_of, call, cast, column, cross_join, inner_join, named, select, table
from tallymark.render.versions import JustBefore
from tallymark.windows import Resolved

EDGES: tuple[AskedEdge, ...] = ("start", "end")


def is_edged(bound: Bound) -> bool:
    """Whether an expression reads anything at an edge of the asked period."""
    return any(use.at is not None for use in uses(bound))


class Edges:
    """What one group reads at the edges of its asked periods."""

    def __init__(self, group: Group, rows: Rows, statement: Statement) -> None:
        self.group = group
        self.rows = rows
        self.statement = statement
        self.read = {bound: self._plain(bound) for bound in self._expressions()}
        """The expressions that read at an edge, with computed columns that change written out."""
        self.carried: dict[Bound, str] = {}
        """Columns of the rows that are needed once they are spread: those beside, and those that hold references."""
        self.wanted = {edge: Wanted(rows.catalog, group.dataset) for edge in EDGES}
        for use in (u for bound in self.read.values() for u in uses(bound)):
            self._want(use)

    def _expressions(self) -> Iterable[Bound]:
        conditions = (c for leaf in self.group.leaves for c in leaf.conditions)
        return [e for e in (*self.group.keys, *self.group.filters, *conditions) if is_edged(e)]

    def _plain(self, bound: Bound) -> Bound:
        return unfolded(self.rows.catalog, self.group.dataset, bound)

    def _want(self, use: ColumnUse) -> None:
        own = self.rows.catalog.datasets[self.group.dataset]
        if use.at is None or not use.path:
            self._carry(ColumnUse(use.path, use.column, use.type, use.unit))
            return
        holder = own.columns[own.references[use.path[0]].column]
        self._carry(ColumnUse((), holder.name, holder.type, holder.unit))
        self.wanted[use.at].add(use)

    def _carry(self, use: ColumnUse) -> None:
        self.carried.setdefault(use, f"h{len(self.carried)}")

    # --- joining ---------------------------------------------------------------------------------------------------

    def add(self, query: exp.Select, everywhere: bool = False) -> exp.Select:
        """`query`, of rows `p` spread over periods `m`, with the edges `q` and what is read there.

        `everywhere`: the rows are in every period, and there is no `m`.
        """
        name = f"{self.group.name}_edges"
        if name not in self.statement.ctes:
            self.statement.add(name, self._moments())
        if everywhere:
            query = query.join(cross_join(table(name, "q")), copy=False)
        else:
            same = exp.EQ(this=column("i", "q"), expression=column("i", "m"))
            query = query.join(inner_join(table(name, "q"), same), copy=False)
        return self._read(query)

    def _read(self, query: exp.Select) -> exp.Select:
        for edge in EDGES:
            query = self._joins(edge).add(query)
        where = all_of(self.tests(f for f in self.group.filters if is_edged(f)))
        return query.where(where, copy=False) if where is not None else query

    def _joins(self, edge: AskedEdge) -> Joins:
        moment = JustBefore(column(f"{edge}_local", "q"), column(f"{edge}_instant", "q"))
        return Joins(self.rows, self.wanted[edge], self._own, moment, f"at_{edge}")

    def _own(self, name: str) -> exp.Expression:
        """A column of the rows, as it is carried along."""
        found = next(c for u, c in self.carried.items() if isinstance(u, ColumnUse) and not u.path and u.column == name)
        return column(found, "p")

    def _term(self, use: ColumnUse | Apply) -> exp.Expression:
        if isinstance(use, Apply):
            raise FaultError(Fault("Q588", "an amount that is converted beside what is read at a period's edges"))
        if use.at is None or not use.path:
            return column(self.carried[ColumnUse(use.path, use.column, use.type, use.unit)], "p")
        return self._joins(use.at).column(use)

    # --- moments ---------------------------------------------------------------------------------------------------

    def _moments(self) -> exp.Select:
        """For every period with a value the edges of its asked period, on the project's clock and as instants."""
        live = [(i, asked) for i, asked in enumerate(self.group.asked) if not asked.void]
        shown = [named(call("UNNEST", whole_numbers([i for i, _ in live])), "i")]
        for edge in EDGES:
            times = [_at(asked, edge) for _, asked in live]
            local = [self.rows.calendar.wall(t).isoformat(" ") for t in times]
            shown.append(named(call("UNNEST", _listed(local, "TIMESTAMP")), f"{edge}_local"))
            instants = [t.isoformat(" ") for t in times]
            shown.append(named(call("UNNEST", _listed(instants, "TIMESTAMPTZ")), f"{edge}_instant"))
        return select(*shown)

    def population(self, source: str, keys: Sequence[str]) -> str:
        """The name of a relation of the combinations of the keys that rows of `source` have at any period's edges."""
        carried = select(*(column(c) for c in self._carried_keys(keys))).distinct(copy=False)
        moments = select(*(column(f"{e}_{k}") for e in EDGES for k in ("local", "instant"))).distinct(copy=False)
        rows = exp.Subquery(this=carried.from_(table(source), copy=False), alias=exp.to_identifier("p"))
        edges = moments.from_(table(f"{self.group.name}_edges"), copy=False)
        query = select().from_(rows, copy=False)
        query = query.join(cross_join(exp.Subquery(this=edges, alias=exp.to_identifier("q"))), copy=False)
        query = self._read(query).select(*self.keys(keys), append=False, copy=False).distinct(copy=False)
        return self.statement.add(f"{self.group.name}_keys", query)

    def _carried_keys(self, keys: Sequence[str]) -> list[str]:
        both = zip(self.group.keys, keys, strict=True)
        plain = [name for bound, name in both if not is_edged(bound)]
        return [*plain, *self.carried.values()]

    # --- what is read ----------------------------------------------------------------------------------------------

    def keys(self, names: Sequence[str]) -> list[exp.Expression]:
        """The keys of the level under their names."""
        return [
            named(self.rows.express(self.read[bound], self._term), name) if bound in self.read else column(name, "p")
            for bound, name in zip(self.group.keys, names, strict=True)
        ]

    def tests(self, conditions: Iterable[Bound]) -> list[exp.Expression]:
        """Those of the conditions that read at an edge."""
        found = sorted((c for c in conditions if c in self.read), key=repr)
        return [self.rows.express(self.read[c], self._term) for c in found]


def _at(asked: Resolved, edge: AskedEdge) -> datetime:
    if edge == "end":
        return asked.end
    assert asked.start is not None
    return asked.start


def _listed(times: Sequence[str], kind: str) -> exp.Expression:
    """An array of times: one text, which a database reads far sooner than as many literals."""
    return cast(exp.Literal.string(f"[{', '.join(times)}]"), f"{kind}[]")
