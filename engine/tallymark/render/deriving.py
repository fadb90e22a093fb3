"""What a space computes of its cells, in layers, with the values of coarser spaces joined."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Edge, Follow, Leaf, Lift, Nest, Operation, Past, Rank, Space, Value, arguments
from tallymark.render.beyond import Following, edges, ranked
from tallymark.render.building import Building, Written
from tallymark.render.expressions import REPEATING, Term
from tallymark.render.values import (
    all_of,
    case,
    column,
    compare,
    constant,
    integer,
    left_join,
    named,
    null,
    select,
    table,
)

COUNTS = frozenset({"count", "count_distinct"})

TALLEST = 40
"""Operators nested in one SQL expression at most; a higher one is split over two layers."""


class Derivation:
    """Computes the operations of a space in layers, so that what is used twice is computed once.

    `combined` is the relation of its cells; `wanted` are the nodes that become columns of the last layer.
    """

    def __init__(self, building: Building, space: Space, combined: str, wanted: Sequence[int]) -> None:
        self.building = building
        self.space = space
        self.wanted = wanted
        self.keys = [k.column for k in space.level]
        self.statement = building.statement
        self.query, self.lifts = self._lifted(combined)
        self.nodes = space.nodes
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
        return Written(relation, {n: f"n{n}" for n in self.wanted})

    def _needed(self) -> list[int]:
        """The wanted nodes and all below them, in an order where each follows its arguments."""
        seen: set[int] = set()
        waiting = list(self.wanted)
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
            return self._top() if number in self.wanted else None
        if isinstance(node, Follow | Rank):
            self.height[number] = 0
            return 1 + max(self._depth(a) for a in arguments(node))
        if not isinstance(node, Operation):
            self.height[number] = 0
            return 0
        height = 1 + max((self.height[a] for a in node.arguments), default=0)
        column_ = number in self.wanted or self.uses.get(number, 0) > 1 or height >= TALLEST
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

    # --- lifts -------------------------------------------------------------------------------------------------------

    def _lifted(self, combined: str) -> tuple[exp.Select, dict[int, exp.Expression]]:
        """The combined relation (under `c`) joined with the coarser spaces, and how each lift is named there."""
        query = select().from_(table(combined, "c"), copy=False)
        named: dict[int, exp.Expression] = {}
        joined: dict[int, str] = {}
        for number, node in enumerate(self.space.nodes):
            if not isinstance(node, Lift):
                continue
            source = self.building.written[node.outer]
            if node.outer not in joined:
                joined[node.outer] = alias = f"l{node.outer}"
                query = query.join(
                    left_join(table(source.relation, alias), self._same_cell(node.outer, alias)), copy=False
                )
            named[number] = column(source.columns[node.body], joined[node.outer])
        return query, named

    def _same_cell(self, outer: int, alias: str) -> exp.Expression | None:
        """Equal keys, null being equal to null, and the same period."""
        level = next(s for s in self.building.plan.spaces if s.number == outer).level
        same = self.building.writer.dialect.same
        tests: list[exp.Expression] = [same(column(k.column, "c"), column(k.column, alias), k.type) for k in level]
        return all_of([*tests, exp.EQ(this=column("i", "c"), expression=column("i", alias))])

    # --- layers ----------------------------------------------------------------------------------------------------

    def _first(self, numbers: Sequence[int]) -> str:
        """Leaves, nests and lifts, with what no rows give put in."""
        shown: list[exp.Expression] = [column(c, "c") for c in (*self.keys, "i")]
        shown += [named(self._base(n), f"n{n}") for n in numbers]
        return self.statement.add(f"{self.space.name}_values", self.query.select(*shown, append=False, copy=False))

    def _base(self, number: int) -> exp.Expression:
        node = self.nodes[number]
        if isinstance(node, Value):
            return constant(node.value, node.type)
        if isinstance(node, Lift):
            return self.lifts[number]
        if isinstance(node, Edge):
            windows = self.building.resolved(node.window, self.space.grid)
            return edges(self.building.groups.rows, node, windows)
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
        void = self.building.first_void(node.window, self.space.grid)
        if void is None:
            return value
        if void == 0:
            return null(node.type)
        return case((compare(exp.LT, column("i", "c"), integer(void)), value))

    def _next(self, source: str, depth: int, layers: Sequence[Sequence[int]]) -> str:
        later = {a for deeper in layers[depth:] for n in deeper for a in self._columns_below(n)}
        kept = [n for layer in layers[:depth] for n in layer if n in later or n in self.wanted]
        for number in layers[depth]:
            if isinstance(self.nodes[number], Follow):
                source = self._followed(source, number, kept)
                kept.append(number)
        shown: list[exp.Expression] = [column(c) for c in (*self.keys, "i")]
        shown += [column(f"n{n}") for n in kept]
        shown += [named(self._sql(n, top=True), f"n{n}") for n in layers[depth] if n not in kept]
        name = f"{self.space.name}_values_{depth + 1}"
        return self.statement.add(name, select(*shown).from_(table(source), copy=False))

    def _followed(self, source: str, number: int, kept: Sequence[int]) -> str:
        """`source` with the next step of each member as one more column."""
        node = self.nodes[number]
        assert isinstance(node, Follow)
        add, name = self.statement.add, f"{self.space.name}_step{number}"
        windows = self.building.resolved(node.window, self.space.grid)
        following = Following(self.building.groups.rows, self.space, node, windows)
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
            return ranked(node, self.space, self.building.plan.grids[self.space.grid], values)
        assert isinstance(node, Operation)
        terms = [Term(self._sql(a), self.nodes[a].type) for a in node.arguments]
        return self.building.writer.apply(node.function, terms, node.extra, node.type)
