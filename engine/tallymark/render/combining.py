"""The branches of a space combined on their keys (nulls included): one row for each cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Leaf, Nest, Past, Space
from tallymark.render.aggregates import aggregate, finished
from tallymark.render.building import Building, Written
from tallymark.render.histories import Brought
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    column,
    compare,
    cross_join,
    inner_join,
    integer,
    left_join,
    named,
    null,
    select,
    table,
)

OWN = "own"
"""The column that is known where a row stands for a cell, and not for what is only read to tell of others."""


class Combined:
    """The cells of one space, for each all that is read of rows and of deeper spaces."""

    def __init__(self, building: Building, space: Space) -> None:
        self.building = building
        self.space = space
        self.statement = building.statement
        self.keys = [k.column for k in space.level]

    def write(self) -> str:
        """All leaves and nests of the space in one relation, one row per cell."""
        branches = [*self._leaf_branches(), *self._nest_branches(), *self._past_branches()]
        columns = {f"b{n}": self.space.nodes[n].type for _, names in branches for n in names.values()}
        if len(branches) == 1 and not self.space.dense:
            relation, names = branches[0]
            shown: list[exp.Expression] = [column(c) for c in (*self.keys, "i")]
            shown += [named(column(source), f"b{n}") for source, n in names.items()]
            return self.statement.add(f"{self.space.name}_cells", select(*shown).from_(table(relation), copy=False))
        if not self.keys and self.space.dense:
            return self.statement.add(f"{self.space.name}_cells", self._by_period(branches))
        parts = [self._padded(relation, names, columns) for relation, names in branches]
        if self.space.dense:
            parts.append(self._grid(columns))
        together: exp.Query = parts[0]
        for part in parts[1:]:
            together = exp.union(together, part, distinct=False, copy=False)
        cells = [column(c) for c in (*self.keys, "i")]
        merged = [named(_only_one(column(c), kind), c) for c, kind in columns.items()]
        query = select(*cells, *merged).from_(exp.Subquery(this=together, alias=exp.to_identifier("u")), copy=False)
        query = query.group_by(*(c.copy() for c in cells), copy=False)
        if self._aside():
            query = query.having(_known(exp.Max(this=column(OWN))), copy=False)
        return self.statement.add(f"{self.space.name}_cells", query)

    def _aside(self, nodes: Iterable[int] | None = None) -> bool:
        """Whether any of the nodes, or of all, makes no cells of its own."""
        here = range(len(self.space.nodes)) if nodes is None else nodes
        return any(isinstance(n := self.space.nodes[i], Leaf) and n.aside for i in here)

    def _by_period(self, branches: Sequence[tuple[str, dict[str, int]]]) -> exp.Select:
        """Every period, and what each branch has for it: without keys that is one row at most."""
        shown: list[exp.Expression] = [column("i", "m")]
        query = select().from_(self._periods(), copy=False)
        for number, (relation, names) in enumerate(branches):
            alias = f"p{number}"
            shown += [named(column(source, alias), f"b{n}") for source, n in names.items()]
            same = exp.EQ(this=column("i", alias), expression=column("i", "m"))
            query = query.join(left_join(table(relation, alias), same), copy=False)
        return query.select(*shown, append=False, copy=False)

    def _leaf_branches(self) -> list[tuple[str, dict[str, int]]]:
        """For each relation of a group, the columns that are leaves of this space."""
        found: dict[str, dict[str, int]] = {}
        home = self.building.plan.home or {}
        for number, node in enumerate(self.space.nodes):
            if isinstance(node, Leaf):
                for branch in self.building.branches[home[self.space.number, number]]:
                    if node in branch.names:
                        found.setdefault(branch.relation, {})[branch.names[node]] = number
        return list(found.items())

    def _nest_branches(self) -> list[tuple[str, dict[str, int]]]:
        nests: dict[int, dict[int, Nest]] = {}
        for number, node in enumerate(self.space.nodes):
            if isinstance(node, Nest):
                nests.setdefault(node.inner, {})[number] = node
        return [self._nested(inner, found) for inner, found in nests.items()]

    def _past_branches(self) -> list[tuple[str, dict[str, int]]]:
        pasts: dict[int, dict[int, Past]] = {}
        for number, node in enumerate(self.space.nodes):
            if isinstance(node, Past):
                pasts.setdefault(node.inner, {})[number] = node
        return [self._past(inner, found) for inner, found in pasts.items()]

    def _past(self, inner: int, pasts: Mapping[int, Past]) -> tuple[str, dict[str, int]]:
        """The rows of the periods before, brought together for each period."""
        source = self.building.written[inner]
        deeper = next(s for s in self.building.plan.spaces if s.number == inner)
        grid = self.building.plan.grids[deeper.grid]
        name = f"{self.space.name}_before_{deeper.name}"
        return Brought(self.statement, name, self.keys, source.relation, source.columns, pasts).write(grid)

    def _nested(self, inner: int, nests: Mapping[int, Nest]) -> tuple[str, dict[str, int]]:
        """The rows of a deeper space, aggregated to this level."""
        source = self.building.written[inner]
        deeper = next(s for s in self.building.plan.spaces if s.number == inner)
        grid = self.building.plan.grids[deeper.grid]
        cells: list[exp.Expression] = [column(k, "p") for k in self.keys]
        query = select().from_(table(source.relation, "p"), copy=False)
        if grid.outer is not None and deeper.grid != self.space.grid:
            same = exp.EQ(this=column("i", "m"), expression=column("i", "p"))
            query = query.join(inner_join(table(self._parents(deeper.grid), "m"), same), copy=False)
            cells.append(named(column("outer_i", "m"), "i"))
        else:
            cells.append(column("i", "p"))
        names = {f"e{n}": n for n in nests}
        shown = [named(self._member_aggregate(nest, deeper, source), f"e{n}") for n, nest in nests.items()]
        by = [c.this.copy() if isinstance(c, exp.Alias) else c.copy() for c in cells]
        query = query.select(*cells, *shown, append=False, copy=False).group_by(*by, copy=False)
        name = f"{self.space.name}_from_{deeper.name}"
        return self.statement.add(name, query), names

    def _member_aggregate(self, nest: Nest, inner: Space, source: Written) -> exp.Expression:
        """The aggregate over the members that are there. A condition is counted where it is true."""
        body = inner.nodes[nest.body]
        tests: list[exp.Expression] = [_known(column(k.column, "p")) for k in inner.level if k.parts == nest.member]
        if nest.presence is not None:
            present = [compare(exp.GT, column(source.columns[p], "p"), integer(0)) for p in nest.presence]
            tests.append(any_of(present) or exp.Boolean(this=False))
        value: exp.Expression | None = column(source.columns[nest.body], "p")
        if nest.function == "count" and body.type is Type.BOOLEAN:
            assert value is not None
            tests.append(value)
            value = None
        order = [column("i", "p")] if nest.function in ("first", "last") else []
        return finished(aggregate(nest.function, value, all_of(tests), nest.extra, order), nest.type)

    def _parents(self, number: int) -> str:
        """The map from the pieces of a grid to the periods they belong to."""
        name = f"pieces_{number}"
        if name not in self.statement.ctes:
            parents = list(self.building.plan.grids[number].parents)
            shown = [
                named(call("UNNEST", whole_numbers(range(len(parents)))), "i"),
                named(call("UNNEST", whole_numbers(parents)), "outer_i"),
            ]
            self.statement.add(name, select(*shown))
        return name

    def _padded(self, relation: str, names: Mapping[str, int], columns: Mapping[str, Type]) -> exp.Select:
        own = {f"b{n}": source for source, n in names.items()}
        shown: list[exp.Expression] = [column(c) for c in (*self.keys, "i")]
        shown += [named(column(own[c]) if c in own else null(kind), c) for c, kind in columns.items()]
        if self._aside():
            shown.append(named(null(Type.INTEGER) if self._aside(names.values()) else integer(1), OWN))
        return select(*shown).from_(table(relation), copy=False)

    def _grid(self, columns: Mapping[str, Type]) -> exp.Select:
        """Every combination of the keys with every period."""
        keys = [column(k, "k") for k in self.keys]
        shown = [column("i", "m"), *(named(null(kind), c) for c, kind in columns.items())]
        shown += [named(integer(1), OWN)] if self._aside() else []
        return (
            select(*keys, *shown)
            .from_(table(self._population(), "k"), copy=False)
            .join(cross_join(self._periods()), copy=False)
        )

    def _periods(self) -> exp.Subquery:
        """The numbers of the periods, under `m`."""
        count = len(self.building.plan.grids[self.space.grid].periods)
        periods = select(named(call("UNNEST", whole_numbers(range(count))), "i"))
        return exp.Subquery(this=periods, alias=exp.to_identifier("m"))

    def _population(self) -> str:
        """Every combination of the keys that some group has a row for."""
        name = ("all_keys_" if self.space.alone else "keys_") + "_".join(self.keys)
        if name not in self.statement.ctes:
            together: exp.Expression | None = None
            for number in self.space.population:
                part = (
                    select(*(column(k) for k in self.keys))
                    .from_(table(self.building.groups.population[number]), copy=False)
                    .distinct(copy=False)
                )
                together = part if together is None else exp.union(together, part, distinct=True, copy=False)
            assert together is not None
            self.statement.add(name, together)
        return name


def _only_one(value: exp.Expression, kind: Type) -> exp.Expression:
    """The one value among nulls."""
    return call("BOOL_OR", value) if kind is Type.BOOLEAN else exp.Max(this=value)


def _known(value: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))
