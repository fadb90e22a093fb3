"""What is asked: metrics, dimensions, a grain, a range, filters, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Query:
    """A question, as a caller writes it. Texts are parsed by the engine; every mistake in them is a fault.

    `metrics`: metric names, aliases or formulas. `by`: dimensions (`plan`, `customer.country`). `grain`: hour, day,
    week, month, quarter, year, or None for the range as one period. The range is `period` (`2024`, `2024-Q2`,
    `2024-06`, `2024-W23`, `2024-06-15`) or `start`/`end`; a date given as `end` includes its day. `where` is a
    condition over dimensions. `order`: metric, dimension or `time`, with a leading `-` for descending. `as_of`: the
    knowledge date, its day included; now unless given. `sparse` drops cells that no row touches. `currency`: what
    amounts of money are answered in; without it each is in the currency it is defined in.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str | None = None
    period: str | None = None
    start: str | date | datetime | None = None
    end: str | date | datetime | None = None
    where: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    as_of: str | date | datetime | None = None
    sparse: bool = False
    timezone: str | None = None
    currency: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
