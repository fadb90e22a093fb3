"""The rows of a group as read: one row per row of the dataset, with the keys, the segment, arguments and conditions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tallymark.formula.bound import Bound
from tallymark.plan import Group, Leaf
from tallymark.render.aggregates import filtered, parts_of, present, whole
from tallymark.render.edges import is_edged
from tallymark.render.values import column


@dataclass(frozen=True, slots=True)
class Scan:
    """A relation of rows, and how its columns are called.

    `times` are `s`, the segment of a flow's row, or `f` and `t`, those of a stock's. `order` columns are what `first`
    and `last` go by: time, then key.
    """

    group: Group
    relation: str
    keys: tuple[str, ...]
    times: tuple[str, ...]
    values: dict[Bound, str]
    tests: dict[frozenset[Bound], str]
    order: tuple[str, ...]

    def condition(self, leaf: Leaf, table: str | None = None) -> exp.Expression | None:
        """Whether a row counts for the leaf; None when all do."""
        own = own_conditions(self.group, leaf)
        return column(self.tests[own], table) if own else None

    def argument(self, leaf: Leaf, table: str | None = None) -> exp.Expression | None:
        """What the leaf aggregates; None for rows."""
        return column(self.values[leaf.argument], table) if leaf.argument is not None else None

    def ordering(self, leaf: Leaf, table: str | None = None) -> list[exp.Expression]:
        """What the leaf goes by, before the value: nothing unless it is `first` or `last`."""
        return [column(o, table) for o in self.order] if leaf.function in ("first", "last") else []

    def whole(self, leaf: Leaf, extra_test: exp.Expression | None = None, table: str | None = None) -> exp.Expression:
        """The leaf over rows, as one aggregate."""
        tests = [t for t in (self.condition(leaf, table), extra_test) if t is not None]
        order = self.ordering(leaf, table)
        return whole(leaf.function, self.argument(leaf, table), tests, leaf.extra, order, leaf.type)

    def part(self, leaf: Leaf, number: int) -> exp.Expression:
        """One accumulator of the leaf over rows."""
        argument, condition = self.argument(leaf), self.condition(leaf)
        if leaf.function in ("first", "last"):
            assert argument is not None
            condition = present(argument, condition)
        parts = parts_of(leaf.function, leaf.extra)
        assert parts is not None
        return filtered(parts.accumulate[number](argument, self.ordering(leaf)), condition)


def own_conditions(group: Group, leaf: Leaf) -> frozenset[Bound]:
    """The conditions of one leaf that are tested on the rows themselves."""
    return frozenset(c for c in leaf.conditions - set(group.filters) if not is_edged(c))
