"""The stretch of time that a question is about, and the periods of it that are answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tallymark.definitions import Project
from tallymark.errors import Fault, FaultError
from tallymark.query import Query
from tallymark.windows import Calendar, Period, parse_moment, parse_period
from tallymark.windows.clocks import INSTANT


def kept_periods(query: Query, project: Project, periods: tuple[Period, ...], as_of: datetime) -> tuple[Period, ...]:
    """The periods that are answered: all, or only those that are over at `as_of`. Raises FaultError (Q559)."""
    if (query.partial or project.partial) != "drop":
        return periods
    kept = tuple(p for p in periods if p.end <= as_of)
    if not kept:
        message = "no period that is asked is over at the knowledge date, and partial ones are dropped"
        raise FaultError(Fault("Q559", message, None, "ask earlier ones, or `--partial mark`"))
    return kept


def knowledge_date(query: Query, project: Project, calendar: Calendar, now: datetime) -> datetime:
    """As of when the question is answered: its own date, else the project's, else `now`. Raises FaultError."""
    known = query.as_of if query.as_of is not None else project.as_of
    return now if known is None else parse_moment(known, calendar, end=True)


def asked_range(
    query: Query,
    calendar: Calendar,
    as_of: datetime,
    grain: str | None,
    earliest: Callable[[], datetime | None],
) -> tuple[datetime, datetime]:
    """The asked range; without one, from the earliest row's period to `as_of`."""
    if query.period is not None:
        if query.start is not None or query.end is not None:
            raise FaultError(Fault("Q508", "a period and a range are asked at once", help="give one of the two"))
        whole: Period = parse_period(str(query.period), calendar)
        return whole.start, whole.end
    start = parse_moment(query.start, calendar, end=False) if query.start is not None else None
    if query.end is not None:
        end = parse_moment(query.end, calendar, end=True)
    else:
        end = as_of if grain is None else calendar.add(calendar.floor(as_of - INSTANT, grain), 1, grain)
    if start is None:
        first = earliest()
        if first is None or first >= end:
            raise FaultError(
                Fault(
                    "Q509",
                    "there are no rows to tell where the range begins",
                    help="say it with --from or --period",
                )
            )
        start = calendar.floor(first, grain or "day")
    return start, end
