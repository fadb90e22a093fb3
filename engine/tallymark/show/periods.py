"""A period as text: by its grain, from its start."""

from __future__ import annotations

from datetime import UTC, date, datetime

SHORT_MONTHS = 3


def period_label(start: date | datetime, grain: str | None) -> str:
    """`2024`, `2024-Q2`, `2024-06`, `2024-W23`, `2024-06-15`, `2024-06-15 14:00`; the date without a grain.

    Where no calendar gave a label: a week that does not start on Monday is named by its first day, a quarter or year
    that does not start with a calendar's by its first month.
    """
    day = start.date() if isinstance(start, datetime) else start
    if grain == "year":
        return f"{day.year:04d}" if (day.month, day.day) == (1, 1) else f"{day.year:04d}-{day.month:02d}"
    if grain == "quarter":
        if (day.month - 1) % SHORT_MONTHS:
            return f"{day.year:04d}-{day.month:02d}"
        return f"{day.year:04d}-Q{(day.month - 1) // SHORT_MONTHS + 1}"
    if grain == "month":
        return f"{day.year:04d}-{day.month:02d}"
    if grain == "week":
        year, week, weekday = day.isocalendar()
        return f"{year:04d}-W{week:02d}" if weekday == 1 else moment(day)
    if grain == "hour" and isinstance(start, datetime):
        return start.strftime("%Y-%m-%d %H:%M%z")
    return moment(start)


def moment(value: date | datetime) -> str:
    """A date as `2024-06-15`; a time as `2024-06-15 14:05`, with seconds only where there are any."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None and (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
        return value.date().isoformat()
    precision = "microseconds" if value.microsecond else "seconds" if value.second else "minutes"
    return value.isoformat(sep=" ", timespec=precision)


def clock_time(at: datetime | None) -> str:
    """An instant as `2024-06-15 14:05 UTC`; empty for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
