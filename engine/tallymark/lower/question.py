"""A question with everything bound: what `lower` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallymark.definitions import ConvertDef
from tallymark.formula.bound import Bound
from tallymark.plan import Parts
from tallymark.windows import Calendar, Period


@dataclass(frozen=True, slots=True)
class Question:
    """Metrics in order with the names of their columns, dimensions, periods, filters.

    `values` are the parameters' values; `filters` the conditions over dimensions that all hold; `order` names metrics,
    dimensions or `time`, each with whether it descends. `currency` is the one that amounts are answered in, None for
    each in its own; `convert` the rule for metrics that have none.
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
    currency: str | None = None
    convert: ConvertDef | None = None
    max_cells: int = 1_000_000
    max_pieces: int = 1_000_000
