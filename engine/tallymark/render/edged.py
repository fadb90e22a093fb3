"""Leaves of a group that reads something at the edges of the asked period, as `by plan at start` does.

Rows, or accumulators by segment, carry along what their references hold; spread over the periods they are joined with
what is read at each one's edges, and only then gathered by their final keys.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp

from tallymark.plan import Leaf
from tallymark.render.edges import Edges
from tallymark.render.overlaps import Overlaps
from tallymark.render.rows import Statement
from tallymark.render.scan import Scan
from tallymark.render.spread import Spread
from tallymark.render.values import all_of, column, named, select, table


class Edged(Overlaps):
    """Writes the leaves of one such group; `spread` is None for rows without a time, which are in every period."""

    def __init__(
        self, scan: Scan, spread: Spread | None, edges: Edges, gathered_by: Sequence[str], statement: Statement
    ) -> None:
        super().__init__(scan, spread or Spread(scan.group), statement)
        self.edges = edges
        self.timeless = spread is None
        self.gathered_by = tuple(gathered_by)

    def combinations(self) -> str:
        """A relation of the combinations of the keys, at any period's edges."""
        return self.edges.population(self.population, self.keys) if self.keys else self.population

    def _joined(self, source: str, roles: Collection[int]) -> exp.Select:
        joined = select().from_(table(source, "p"), copy=False) if self.timeless else super()._joined(source, roles)
        return self.edges.add(joined, self.timeless)

    def _in_role(self, leaf: Leaf) -> exp.Expression | None:
        window = None if self.timeless else super()._in_role(leaf)
        read = self.edges.tests(leaf.conditions - set(self.group.filters))
        return all_of([*([window] if window is not None else []), *read])

    def _cells(self, name: str, joined: exp.Select, shown: Sequence[exp.Expression]) -> str:
        cells = [*self.edges.keys(self.keys), named(column("i", "q"), "i")]
        query = joined.select(*cells, *shown, append=False, copy=False)
        bare = (c.this.copy() if isinstance(c, exp.Alias) else c.copy() for c in cells)
        return self.statement.add(f"{self.group.name}_{name}", query.group_by(*bare, copy=False))
