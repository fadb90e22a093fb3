"""Times as people write them in a question: a period, a date, a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark.windows.calendars import FIRST_YEAR, LAST_YEAR, WEEKDAYS, Calendar, OutsideCalendarError, Period
from tallymark.windows.clocks import step
from tallymark.windows.reckoning import midnight

PERIOD_FORMS = "`2024`, `2024-Q2`, `2024-06`, `2024-W23`, `2024-06-15`, `FY2024`, `FY2024-Q1`"
MOMENT_FORMS = "`2024-06-15`, `2024-06-15 13:00`, `2024-06-15T13:00:00+02:00`, or a period such as `2024-06`"

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?", re.I
)

_OWN = re.compile(r"(FY)?[0-9]{4,5}(-[PQW][0-9]{1,2})?", re.I)
"""What periods of a calendar of one's own are called, unless they were given other names."""

_NEAR = (
    (re.compile(r"(FY)?([0-9]{4})[ /_.]?Q([1-4])", re.I), "{1}{2}-Q{3}"),
    (re.compile(r"Q([1-4])[ /_.-]?(FY)?([0-9]{4})", re.I), "{2}{3}-Q{1}"),
    (re.compile(r"()([0-9]{4})[ /_.]?W([0-9]{2})", re.I), "{2}-W{3}"),
    (re.compile(r"()([0-9]{4})[ /_.]?(0[1-9]|1[0-2])"), "{2}-{3}"),
    (re.compile(r"()(0?[1-9]|1[0-2])[ /_.-]([0-9]{4})"), "{3}-{2:0>2}"),
    (re.compile(r"([0-9]{4})[ /_.]?([0-9]{2})[ /_.]?([0-9]{2})"), "{1}-{2}-{3}"),
    (re.compile(r"([0-9]{4})-([0-9])-([0-9]{1,2})"), "{1}-{2:0>2}-{3:0>2}"),
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9])"), "{1}-{2}-{3:0>2}"),
    (re.compile(r"()([0-9]{4})-([1-9])"), "{2}-{3:0>2}"),
    (re.compile(r"FY[ -]([0-9]{4})()()", re.I), "FY{1}"),
)
"""Near misses, and the form they were probably meant for."""


def parse_period(text: str, calendar: Calendar, place: Place | None = None) -> Period:
    """The period a text names: `2024`, `2024-Q2`, `2024-06`, `2024-W23`, `2024-06-15`, `FY2024`, `FY2024-Q1`.

    Without `FY`, years and quarters are the common calendar's, wherever the fiscal year starts; a fiscal year bears the
    number of the year in which it ends. Weeks are ISO 8601's, and refused when weeks do not start on Monday. Capitals
    and surrounding blanks do not matter. Where the project has a calendar of its own, its names come first, and `2024`,
    `2024-Q2`, `2024-P03` and `2024-W05` are its periods with or without `FY`. Raises FaultError: Q522 for a text of no
    such form, Q524 for a date or period that does not exist, Q525 beyond the calendar.
    """
    shown = _shown(text)
    own = _own(text, shown, calendar, place) if isinstance(text, str) and calendar.own is not None else None
    if own is not None:
        return own
    form, found = _form_of(text.strip()) if isinstance(text, str) else (None, None)
    if form is None or found is None:
        help = f"a period is written {PERIOD_FORMS}"
        near = _near(text) if isinstance(text, str) else None
        raise FaultError(Fault("Q522", f"`{shown}` is no period", place, f"write `{near}`" if near else help))
    try:
        _check_year(int(found[1]), shown, place)
        first, count, unit = form(calendar, *(int(g) for g in found.groups()))
    except ValueError as error:
        raise FaultError(Fault("Q524", f"there is no `{shown}`: {error}", place)) from None
    if unit == "week" and calendar.week_start and not calendar.owns("week"):
        raise FaultError(_no_such_weeks(shown, first, calendar, place))
    begin = datetime.combine(first, time.min)
    start, end = calendar.instant(begin), calendar.instant(step(begin, count, unit))
    if start >= end:
        raise FaultError(Fault("Q524", f"there is no `{shown}` in {calendar.timezone}: its clock skipped it", place))
    return Period(start, end, text.strip().upper())


def _own(text: str, shown: str, calendar: Calendar, place: Place | None) -> Period | None:
    """The period of the project's own calendar that a text names; None when it is a common month or day."""
    assert calendar.own is not None
    found = calendar.own.find(text.strip())
    if found is not None:
        start, end, name = found
        return Period(calendar.instant(midnight(start)), calendar.instant(midnight(end)), name)
    if not _OWN.fullmatch(text.strip()):
        return None
    names = [run.names[i] for run in calendar.own.runs.values() for i in (0, -1)]
    near = did_you_mean(text.strip().upper(), [n for run in calendar.own.runs.values() for n in run.names])
    help = near if near and near.startswith("did") else f"it has {names[0]} to {names[1]}"
    raise FaultError(Fault("Q524", f"there is no `{shown}` in the project's calendar", place, help))


def parse_moment(
    value: str | date | datetime, calendar: Calendar, *, end: bool, place: Place | None = None
) -> datetime:
    """The instant a question's start, end or `as_of` stands for.

    A date stands for its first instant, and given as an `end` for the one after its last, so that it includes its day;
    so do the texts of periods (`2024-06` as an end includes June). A time is itself, whether start or end; without a
    zone it is local. Raises FaultError: Q523 for a text of no known form or another thing, Q524 for a date or time that
    does not exist, Q525 beyond the calendar.
    """
    if isinstance(value, datetime):
        return _moment(value, calendar, place)
    if isinstance(value, date):
        _check_year(value.year, str(value), place)
        wall = datetime.combine(value, time.min)
        return calendar.instant(wall + timedelta(days=1) if end else wall)
    text = value.strip() if isinstance(value, str) else ""
    if _TIME.fullmatch(text):
        _check_year(int(text[:4]), text, place)
        try:
            return _moment(datetime.fromisoformat(text.upper()), calendar, place)
        except ValueError as error:
            raise FaultError(Fault("Q524", f"there is no `{text}`: {error}", place)) from None
    if _form_of(text)[0] is not None or (
        calendar.own is not None and (_OWN.fullmatch(text) or calendar.own.find(text))
    ):
        period = parse_period(text, calendar, place)
        return period.end if end else period.start
    near = _near(text)
    help = f"write `{near}`" if near else f"a time is written {MOMENT_FORMS}"
    raise FaultError(Fault("Q523", f"`{_shown(value)}` is no date or time", place, help))


def _moment(value: datetime, calendar: Calendar, place: Place | None) -> datetime:
    try:
        # Subclasses of datetime, as some data frames have, become plain; their "not a time" has no fields.
        plain = datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
        offset = value.utcoffset()
    except (TypeError, ValueError):
        message = f"`{_shown(value)}` is no date or time"
        raise FaultError(Fault("Q523", message, place, f"a time is written {MOMENT_FORMS}")) from None
    _check_year(plain.year, str(plain), place)
    return calendar.instant(plain) if offset is None else (plain - offset).replace(tzinfo=UTC)


def _check_year(year: int, shown: str, place: Place | None) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutsideCalendarError(f"`{shown}`", place)


_Dated = tuple[date, int, str]
"""The first day of a period, and how many of which unit it lasts."""


def _year(_: Calendar, year: int) -> _Dated:
    return date(year, 1, 1), 1, "year"


def _quarter(_: Calendar, year: int, quarter: int) -> _Dated:
    if not 1 <= quarter <= 4:
        raise ValueError("a year has quarters 1 to 4")
    return date(year, quarter * 3 - 2, 1), 1, "quarter"


def _month(_: Calendar, year: int, month: int) -> _Dated:
    if not 1 <= month <= 12:
        raise ValueError("a year has months 1 to 12")
    return date(year, month, 1), 1, "month"


def _day(calendar: Calendar, year: int, month: int, day: int) -> _Dated:
    first, count, unit = _month(calendar, year, month)
    last = (step(datetime.combine(first, time.min), count, unit) - timedelta(days=1)).day
    if not 1 <= day <= last:
        raise ValueError(f"{year:04d}-{month:02d} has days 1 to {last}")
    return date(year, month, day), 1, "day"


def _week(_: Calendar, year: int, week: int) -> _Dated:
    # 28 December is in the last ISO week of every year.
    last = date(year, 12, 28).isocalendar().week
    if not 1 <= week <= last:
        raise ValueError(f"{year:04d} has weeks 1 to {last}")
    return date.fromisocalendar(year, week, 1), 1, "week"


def _no_such_weeks(shown: str, monday: date, calendar: Calendar, place: Place | None) -> Fault:
    begin = calendar.floor_wall(datetime.combine(monday + timedelta(days=3), time.min), "week").date()
    weekday = WEEKDAYS[calendar.week_start].capitalize()
    message = f"`{shown}`: numbered weeks start on Monday, but here weeks start on {weekday}"
    return Fault("Q522", message, place, f"name its first and last day: {begin} and {begin + timedelta(days=6)}")


def _fiscal_year(calendar: Calendar, year: int) -> _Dated:
    begin = calendar.fiscal_year_start
    return date(year - (begin > 1), begin, 1), 1, "year"


def _fiscal_quarter(calendar: Calendar, year: int, quarter: int) -> _Dated:
    _quarter(calendar, year, quarter)
    first = datetime.combine(_fiscal_year(calendar, year)[0], time.min)
    return step(first, quarter - 1, "quarter").date(), 1, "quarter"


_Form = Callable[..., _Dated]
_FORMS: tuple[tuple[re.Pattern[str], _Form], ...] = (
    (re.compile(r"([0-9]{4,5})"), _year),
    (re.compile(r"([0-9]{4,5})-Q([0-9]{1,2})", re.I), _quarter),
    (re.compile(r"([0-9]{4,5})-([0-9]{2})"), _month),
    (re.compile(r"([0-9]{4,5})-W([0-9]{2})", re.I), _week),
    (re.compile(r"([0-9]{4,5})-([0-9]{2})-([0-9]{2})"), _day),
    (re.compile(r"FY([0-9]{4,5})", re.I), _fiscal_year),
    (re.compile(r"FY([0-9]{4,5})-Q([0-9]{1,2})", re.I), _fiscal_quarter),
)


def _form_of(text: str) -> tuple[_Form | None, re.Match[str] | None]:
    for pattern, form in _FORMS:
        found = pattern.fullmatch(text)
        if found:
            return form, found
    return None, None


def _near(text: str) -> str | None:
    for pattern, form in _NEAR:
        found = pattern.fullmatch(text.strip())
        if found:
            return form.format(found[0], *(g or "" for g in found.groups())).upper()
    return None


def _shown(value: object) -> str:
    text = " ".join(str(value).split()) if isinstance(value, (str, date)) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
