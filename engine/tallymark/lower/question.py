"""A question with everything bound: what `lower` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallymark.catalog import MinCount
from tallymark.definitions import ConvertDef
from tallymark.formula.bound import Bound
from tallymark.lower.keys import Began, Fold
from tallymark.plan import Parts
from tallymark.windows import Calendar, Period


@dataclass(frozen=True, slots=True)
class Question:
    """Metrics in order with the names of their columns, dimensions, periods, filters.

    `values` are the parameters' values; `filters` the conditions over dimensions that all hold; `order` names metrics,
    dimensions or `time`, each with whether it descends.

    `having` are conditions over metrics that every cell must meet. Of `metrics`, those `ranked` by name are not the
    metric but its place among the cells of the period; those that are `quiet` get no note of zero denominators, as
    another column has it. `fold` leaves rows of their own to some members of a dimension; the others are one, or, when
    it is not `kept`, none. `age` makes a dimension the period in which it lies, and leaves out cells before that.
    `currency` is the one that amounts are answered in, None for each in its own; `convert` the rule for metrics that
    have none.
    """

    metrics: tuple[tuple[str, Bound], ...]
    by: tuple[Parts, ...]
    periods: tuple[Period, ...]
    grain: str | None
    calendar: Calendar
    as_of: datetime
    filters: frozenset[Bound] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    sparse: bool = False
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    having: tuple[Bound, ...] = ()
    ranked: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()
    fold: Fold | None = None
    age: Began | None = None
    min_counts: tuple[MinCount | None, ...] = ()
    """For each metric, what must stand behind a cell for it to be shown; none at all when empty."""
    currency: str | None = None
    convert: ConvertDef | None = None
    max_cells: int = 1_000_000
    max_pieces: int = 1_000_000

    @property
    def level(self) -> tuple[Parts, ...]:
        """The keys of the answer: its dimensions, or what is made of them."""
        return tuple(key for dimension in self.by for key in self.keys_of(dimension))

    def keys_of(self, dimension: Parts) -> tuple[Parts, ...]:
        """The keys that stand for a dimension."""
        if self.fold is not None and self.fold.dimension == dimension:
            return self.fold.keys
        if self.age is not None and self.age.dimension == dimension:
            return (self.age.key,)
        return (dimension,)
