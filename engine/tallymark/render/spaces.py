"""Spaces as SQL: branches combined on their keys (nulls included), lifts joined, everything else derived in layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Edge, Follow, Leaf, Lift, Nest, Operation, Past, Plan, Rank, Space, Value, arguments
from tallymark.render.aggregates import aggregate, finished
from tallymark.render.beyond import Following, edges, ranked
from tallymark.render.branch import Branch
from tallymark.render.expressions import REPEATING, Term, Writer
from tallymark.render.groups import Groups
from tallymark.render.histories import Brought
from tallymark.render.rows import Statement
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    case,
    column,
    compare,
    constant,
    cross_join,
    inner_join,
    integer,
    left_join,
    named,
    null,
    select,
    table,
)
from tallymark.windows import Calendar, Resolved, Window, resolve

COUNTS = frozenset({"count", "count_distinct"})

OWN = "own"
"""The column that is known where a row stands for a cell, and not for what is only read to tell of others."""

TALLEST = 40
"""Operators nested in one SQL expression at most; a higher one is split over two layers."""


@dataclass(slots=True)
class Written:
    """A space as written: the relation that holds its wanted nodes, each under `n` and its number."""

    relation: str
    columns: dict[int, str] = field(default_factory=dict)


class Spaces:
    """Writes the spaces of a plan, each after those it draws on."""

    def __init__(self, plan: Plan, groups: Groups, writer: Writer, calendar: Calendar, statement: Statement) -> None:
        self.plan = plan
        self.groups = groups
        self.writer = writer
        self.calendar = calendar
        self.statement = statement
        self.written: dict[int, Written] = {}
        self.branches: dict[int, list[Branch]] = {g.number: groups.write(g) for g in plan.groups}

    def write(self, keep: Sequence[int]) -> Written:
        """Writes every space; of the question's own the nodes in `keep` are wanted."""
        wanted = self._wanted(keep)
        for space in self.plan.spaces:
            self.written[space.number] = _Space(self, space, sorted(wanted[space.number])).write()
        return self.written[self.plan.space.number]

    def _wanted(self, keep: Sequence[int]) -> dict[int, set[int]]:
        """For each space the nodes that other spaces, or the answer, ask of it."""
        wanted: dict[int, set[int]] = {s.number: set() for s in self.plan.spaces}
        wanted[self.plan.space.number] |= set(keep)
        for space in self.plan.spaces:
            for node in space.nodes:
                if isinstance(node, Nest | Past):
                    wanted[node.inner] |= {node.body, *(node.presence or ())}
                elif isinstance(node, Lift):
                    wanted[node.outer].add(node.body)
        return wanted

    def resolved(self, window: Window, grid: int) -> list[Resolved]:
        """The instants of a window over every period of a grid."""
        return self.plan.grids[grid].resolve(window, self.calendar, self.plan.clock.as_of)

    def first_void(self, window: Window, grid: int) -> int | None:
        """The first period of a grid that has no value in this window, because it begins after `as_of`."""
        here = self.plan.grids[grid]
        as_of = self.plan.clock.as_of
        for number in range(len(here.periods) - 1, -1, -1):
            over = here.moved(window, number)
            if not resolve(over, here.periods[number], here.grain, self.calendar, as_of).void:
                return number + 1 if number + 1 < len(here.periods) else None
        return 0


class _Space:
    def __init__(self, spaces: Spaces, space: Space, wanted: Sequence[int]) -> None:
        self.spaces = spaces
        self.space = space
        self.wanted = wanted
        self.statement = spaces.statement
        self.keys = [k.column for k in space.level]
        self.types = {k.column: k.type for k in space.level}

    def write(self) -> Written:
        combined = self._combine()
        return _Derivation(self, self._lifted(combined)).write()

    # --- combining -------------------------------------------------------------------------------------------------

    def _combine(self) -> str:
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
        home = self.spaces.plan.home or {}
        for number, node in enumerate(self.space.nodes):
            if isinstance(node, Leaf):
                for branch in self.spaces.branches[home[self.space.number, number]]:
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
        source = self.spaces.written[inner]
        deeper = next(s for s in self.spaces.plan.spaces if s.number == inner)
        grid = self.spaces.plan.grids[deeper.grid]
        name = f"{self.space.name}_before_{deeper.name}"
        return Brought(self.statement, name, self.keys, source.relation, source.columns, pasts).write(grid)

    def _nested(self, inner: int, nests: Mapping[int, Nest]) -> tuple[str, dict[str, int]]:
        """The rows of a deeper space, aggregated to this level."""
        source = self.spaces.written[inner]
        deeper = next(s for s in self.spaces.plan.spaces if s.number == inner)
        grid = self.spaces.plan.grids[deeper.grid]
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
            parents = list(self.spaces.plan.grids[number].parents)
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
        count = len(self.spaces.plan.grids[self.space.grid].periods)
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
                    .from_(table(self.spaces.groups.population[number]), copy=False)
                    .distinct(copy=False)
                )
                together = part if together is None else exp.union(together, part, distinct=True, copy=False)
            assert together is not None
            self.statement.add(name, together)
        return name

    # --- lifts -----------------------------------------------------------------------------------------------------

    def _lifted(self, combined: str) -> tuple[exp.Select, dict[int, exp.Expression]]:
        """The combined relation (under `c`) joined with the coarser spaces, and how each lift is named there."""
        query = select().from_(table(combined, "c"), copy=False)
        named: dict[int, exp.Expression] = {}
        joined: dict[int, str] = {}
        for number, node in enumerate(self.space.nodes):
            if not isinstance(node, Lift):
                continue
            source = self.spaces.written[node.outer]
            if node.outer not in joined:
                joined[node.outer] = alias = f"l{node.outer}"
                query = query.join(
                    left_join(table(source.relation, alias), self._same_cell(node.outer, alias)), copy=False
                )
            named[number] = column(source.columns[node.body], joined[node.outer])
        return query, named

    def _same_cell(self, outer: int, alias: str) -> exp.Expression | None:
        """Equal keys, null being equal to null, and the same period."""
        level = next(s for s in self.spaces.plan.spaces if s.number == outer).level
        same = self.spaces.writer.dialect.same
        tests: list[exp.Expression] = [same(column(k.column, "c"), column(k.column, alias), k.type) for k in level]
        return all_of([*tests, exp.EQ(this=column("i", "c"), expression=column("i", alias))])


def _only_one(value: exp.Expression, kind: Type) -> exp.Expression:
    """The one value among nulls."""
    return call("BOOL_OR", value) if kind is Type.BOOLEAN else exp.Max(this=value)


def _known(value: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


class _Derivation:
    """Computes the operations of a space in layers, so that what is used twice is computed once."""

    def __init__(self, owner: _Space, base: tuple[exp.Select, dict[int, exp.Expression]]) -> None:
        self.owner = owner
        self.space = owner.space
        self.query, self.lifts = base
        self.nodes = owner.space.nodes
        self.uses = self._count_uses()
        self.columns: dict[int, int] = {}
        """The layer of each node that is a column."""
        self.height: dict[int, int] = {}

    def write(self) -> Written:
        needed = self._needed()
        layers: list[list[int]] = [[]]
        for number in needed:
            layer = self._place(number)
            if layer is not None:
                self.columns[number] = layer
                while len(layers) <= layer:
                    layers.append([])
                layers[layer].append(number)
        relation = self._first(layers[0])
        for depth in range(1, len(layers)):
            relation = self._next(relation, depth, layers)
        return Written(relation, {n: f"n{n}" for n in self.owner.wanted})

    def _needed(self) -> list[int]:
        """The wanted nodes and all below them, in an order where each follows its arguments."""
        seen: set[int] = set()
        waiting = list(self.owner.wanted)
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                node = self.nodes[here]
                waiting.extend(arguments(node))
        return sorted(seen)

    def _count_uses(self) -> dict[int, int]:
        """How often each node's SQL would be written out, functions that repeat an argument counting twice."""
        uses: dict[int, int] = {}
        for number in self._needed():
            node = self.nodes[number]
            repeats = not isinstance(node, Operation) or node.function in REPEATING
            for argument in arguments(node):
                uses[argument] = uses.get(argument, 0) + (2 if repeats else 1)
        return uses

    def _place(self, number: int) -> int | None:
        """The layer in which a node becomes a column, or None when it is written where it is used."""
        node = self.nodes[number]
        if isinstance(node, Value):
            self.height[number] = 0
            return self._top() if number in self.owner.wanted else None
        if isinstance(node, Follow | Rank):
            self.height[number] = 0
            return 1 + max(self._depth(a) for a in arguments(node))
        if not isinstance(node, Operation):
            self.height[number] = 0
            return 0
        height = 1 + max((self.height[a] for a in node.arguments), default=0)
        column_ = number in self.owner.wanted or self.uses.get(number, 0) > 1 or height >= TALLEST
        self.height[number] = 0 if column_ else height
        if not column_:
            return None
        return 1 + max((self._depth(a) for a in node.arguments), default=0)

    def _top(self) -> int:
        return 0

    def _depth(self, number: int) -> int:
        """The highest layer that the SQL of a node draws on."""
        if number in self.columns:
            return self.columns[number]
        node = self.nodes[number]
        if not isinstance(node, Operation):
            return 0
        return max((self._depth(a) for a in node.arguments), default=0)

    # --- layers ----------------------------------------------------------------------------------------------------

    def _first(self, numbers: Sequence[int]) -> str:
        """Leaves, nests and lifts, with what no rows give put in."""
        shown: list[exp.Expression] = [column(c, "c") for c in (*self.owner.keys, "i")]
        shown += [named(self._base(n), f"n{n}") for n in numbers]
        return self.owner.statement.add(
            f"{self.space.name}_values", self.query.select(*shown, append=False, copy=False)
        )

    def _base(self, number: int) -> exp.Expression:
        node = self.nodes[number]
        if isinstance(node, Value):
            return constant(node.value, node.type)
        if isinstance(node, Lift):
            return self.lifts[number]
        if isinstance(node, Edge):
            spaces = self.owner.spaces
            return edges(spaces.groups.rows, node, spaces.resolved(node.window, self.space.grid))
        value: exp.Expression
        if isinstance(node, Past):
            value = column(f"b{number}", "c")
            return exp.Coalesce(this=value, expressions=[integer(0)]) if node.type is Type.INTEGER else value
        assert isinstance(node, Leaf | Nest)
        value = column(f"b{number}", "c")
        if node.zero:
            value = exp.Coalesce(this=value, expressions=[integer(0)])
        elif node.function in COUNTS:
            # Rows were read, and none of them counts: that is nothing, as no rows are.
            value = exp.Nullif(this=value, expression=integer(0))
        void = self.owner.spaces.first_void(node.window, self.space.grid)
        if void is None:
            return value
        if void == 0:
            return null(node.type)
        return case((compare(exp.LT, column("i", "c"), integer(void)), value))

    def _next(self, source: str, depth: int, layers: Sequence[Sequence[int]]) -> str:
        later = {a for deeper in layers[depth:] for n in deeper for a in self._columns_below(n)}
        kept = [n for layer in layers[:depth] for n in layer if n in later or n in self.owner.wanted]
        for number in layers[depth]:
            if isinstance(self.nodes[number], Follow):
                source = self._followed(source, number, kept)
                kept.append(number)
        shown: list[exp.Expression] = [column(c) for c in (*self.owner.keys, "i")]
        shown += [column(f"n{n}") for n in kept]
        shown += [named(self._sql(n, top=True), f"n{n}") for n in layers[depth] if n not in kept]
        name = f"{self.space.name}_values_{depth + 1}"
        return self.owner.statement.add(name, select(*shown).from_(table(source), copy=False))

    def _followed(self, source: str, number: int, kept: Sequence[int]) -> str:
        """`source` with the next step of each member as one more column."""
        node = self.nodes[number]
        assert isinstance(node, Follow)
        add, name = self.owner.statement.add, f"{self.space.name}_step{number}"
        windows = self.owner.spaces.resolved(node.window, self.space.grid)
        following = Following(self.owner.spaces.groups.rows, self.space, node, windows)
        line = add(f"{name}_line", following.line(source, kept))
        return add(name, following.cells(add(f"{name}_ahead", following.ahead(line)), kept, f"n{number}"))

    def _columns_below(self, number: int) -> set[int]:
        """The columns that the SQL of a node names."""
        found: set[int] = set()
        node = self.nodes[number]
        waiting = list(arguments(node))
        while waiting:
            here = waiting.pop()
            if here in self.columns:
                found.add(here)
            elif isinstance(below := self.nodes[here], Operation):
                waiting.extend(below.arguments)
        return found

    def _sql(self, number: int, top: bool = False) -> exp.Expression:
        node = self.nodes[number]
        if not top and number in self.columns:
            return column(f"n{number}")
        if isinstance(node, Value):
            return constant(node.value, node.type)
        if isinstance(node, Rank):
            values = {a: self._sql(a) for a in arguments(node)}
            return ranked(node, self.space, self.owner.spaces.plan.grids[self.space.grid], values)
        assert isinstance(node, Operation)
        terms = [Term(self._sql(a), self.nodes[a].type) for a in node.arguments]
        return self.owner.spaces.writer.apply(node.function, terms, node.extra, node.type)
