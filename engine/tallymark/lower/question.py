"""A question with everything bound: what `lower` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallymark.catalog import MinCount
from tallymark.formula.bound import Bound
from tallymark.plan import Parts
from tallymark.windows import Calendar, Period


@dataclass(frozen=True, slots=True)
class Question:
    """Metrics in order with the names of their columns, dimensions, periods, filters.

    `values` are the parameters' values; `filters` the conditions over dimensions that all hold; `order` names metrics,
    dimensions or `time`, each with whether it descends.
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
    min_counts: tuple[MinCount | None, ...] = ()
    """For each metric, what must stand behind a cell for it to be shown; none at all when empty."""
    max_cells: int = 1_000_000
    max_pieces: int = 1_000_000
