"""What is asked: metrics, dimensions, a grain, a range, filters, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Query:
    """A question, as a caller writes it. Texts are parsed by the engine; every mistake in them is a fault.

    `metrics`: metric names, aliases or formulas. `by`: dimensions (`plan`, `customer.country`). `grain`: hour, day,
    week, month, quarter, year, or None for the range as one period. The range is `period` (`2024`, `2024-Q2`,
    `2024-06`, `2024-W23`, `2024-06-15`) or `start`/`end`; a date given as `end` includes its day. `where` is a
    condition over dimensions. `order`: column, dimension or `time`, with a leading `-` for descending. `as_of`: the
    knowledge date, its day included; now unless given. `sparse` drops cells that no row touches. `currency`: what
    amounts of money are answered in; without it each is in the currency it is defined in.

    `compare`: `previous`, `year_ago`, `previous:3`, `previous:1 year`; each adds to every metric its value then, the
    change and the growth; with `like_for_like`, a period that is cut is compared with as much of the other one.
    `share` adds the part of the total, `rank` the place among the cells of the period. `having`: conditions over
    metrics that a cell must meet. `top`: how many members of a dimension keep rows of their own, `5`, `5 mrr` or
    `5 plan by mrr`, the lowest when negative; `other` puts the rest in one row. `total` adds rows over all members.
    `age`: a dimension of dates, whose periods past each cell are counted. `pivot`: a dimension, `period` or `age` whose
    values become columns, or an empty text for the one that suits. `partial`: `include`, `mark` or `drop` periods that
    `as_of` cuts; the project's own way unless given. `bands` False leaves out the bands that values lie in. `target`
    adds the target of each metric that has one, the distance to it and whether it is met.
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
    compare: tuple[str, ...] = ()
    like_for_like: bool = False
    having: tuple[str, ...] = ()
    share: bool = False
    rank: bool = False
    top: int | str | None = None
    other: bool = False
    total: bool = False
    age: str | None = None
    pivot: str | None = None
    partial: str | None = None
    bands: bool = True
    target: bool = False


def query_of(metrics: tuple[str | Query, ...], **said: Any) -> Query:
    """The question that a caller says in keywords; a ready `Query` in the place of metrics is taken as it is.

    Of what is listed, one alone may stand without a list around it; `pivot` True is the pivot that suits.
    """
    if metrics and isinstance(metrics[0], Query):
        return metrics[0]
    if isinstance(said.get("pivot"), bool):
        said = said | {"pivot": "" if said["pivot"] else None}
    listed: dict[str, Any] = {n: _listed(said[n]) for n in ("by", "order", "compare", "having") if n in said}
    return Query(tuple(m for m in metrics if isinstance(m, str)), **(said | listed))


def _listed(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
