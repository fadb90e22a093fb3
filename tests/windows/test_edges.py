"""Windows: how forms change them, and the instants they come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.windows import (
    BEGINNING,
    EARLIEST,
    PERIOD,
    Boundary,
    Calendar,
    Floor,
    Minus,
    Period,
    Resolved,
    Window,
    parse_moment,
    parse_period,
    resolve,
)

PLAIN = Calendar()
PARIS = Calendar("Europe/Paris")
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FORMS = [
    (PERIOD, Window(Boundary(0), Boundary(1))),
    (PERIOD.trailing(28, "day"), Window(Minus(Boundary(1), 28, "day"), Boundary(1))),
    (PERIOD.to_date("year"), Window(Floor(Boundary(1), "year"), Boundary(1))),
    (PERIOD.cumulative(), Window(BEGINNING, Boundary(1))),
    (PERIOD.opening(), Window(Boundary(0), Boundary(0))),
    (PERIOD.closing(), Window(Boundary(1), Boundary(1))),
    (PERIOD.cumulative().trailing(28, "day"), PERIOD.trailing(28, "day")),
    (PERIOD.trailing(28, "day").to_date("month"), PERIOD.to_date("month")),
    (PERIOD.opening().cumulative(), Window(BEGINNING, Boundary(0))),
    (PERIOD.closing().closing(), PERIOD.closing()),
    (PERIOD.opening().closing(), PERIOD.opening()),
    (PERIOD.shifted(1, None).trailing(7, "day"), PERIOD.trailing(7, "day").shifted(1, None)),
    (PERIOD.shifted(1, None).opening(), PERIOD.opening().shifted(1, None)),
    (PERIOD.shifted(1, None).shifted(1, "year"), Window(Boundary(0), Boundary(1), ((1, None), (1, "year")))),
]


@pytest.mark.parametrize(("window", "expected"), FORMS)
def test_forms(window: Window, expected: Window) -> None:
    """The innermost form wins an edge, shifts commute with all, and equal windows are one key."""
    assert expected == window
    assert hash(expected) == hash(window)


@pytest.mark.parametrize(
    ("window", "empty"),
    [
        (PERIOD, False),
        (PERIOD.opening(), True),
        (PERIOD.closing(), True),
        (PERIOD.opening().shifted(1, None), True),
        (PERIOD.opening().cumulative(), False),
        (PERIOD.trailing(1, "day").opening(), True),
    ],
)
def test_empty(window: Window, empty: bool) -> None:
    """Opening and closing windows are empty by form, until another form gives them a start."""
    assert empty == window.is_empty


NO_CUT = [
    ("2024-03", "month", PERIOD, "2024-03-01", "2024-04-01"),
    ("2024-03", "month", PERIOD.trailing(28, "day"), "2024-03-04", "2024-04-01"),
    ("2024-03", "month", PERIOD.trailing(1, "month"), "2024-03-01", "2024-04-01"),
    ("2024-03", "month", PERIOD.trailing(12, "month"), "2023-04-01", "2024-04-01"),
    ("2024-02-29", "day", PERIOD.trailing(1, "month"), "2024-02-01", "2024-03-01"),
    ("2024-03-30", "day", PERIOD.trailing(1, "month"), "2024-02-29", "2024-03-31"),
    ("2024-03-31", "day", PERIOD.trailing(1, "month"), "2024-03-01", "2024-04-01"),
    ("2024-03-31", "day", PERIOD.trailing(36, "hour"), "2024-03-30 12:00", "2024-04-01"),
    ("2024-03-31", "day", PERIOD.trailing(Decimal("1.5"), "day"), "2024-03-30 12:00", "2024-04-01"),
    ("2024-03", "month", PERIOD.to_date("year"), "2024-01-01", "2024-04-01"),
    ("2024-12", "month", PERIOD.to_date("year"), "2024-01-01", "2025-01-01"),
    ("2024-W01", "week", PERIOD.to_date("month"), "2024-01-01", "2024-01-08"),
    ("2024-W05", "week", PERIOD.to_date("month"), "2024-02-01", "2024-02-05"),
    ("2024-Q2", "quarter", PERIOD.to_date("month"), "2024-06-01", "2024-07-01"),
    ("2024-03", "month", PERIOD.cumulative(), None, "2024-04-01"),
    ("2024-03", "month", PERIOD.opening(), "2024-03-01", "2024-03-01"),
    ("2024-03", "month", PERIOD.closing(), "2024-04-01", "2024-04-01"),
    ("2024-03", "month", PERIOD.opening().cumulative(), None, "2024-03-01"),
    ("2024-01", "month", PERIOD.opening().to_date("year"), "2023-01-01", "2024-01-01"),
    ("2024-03", "month", PERIOD.trailing(28, "day").opening(), "2024-03-04", "2024-03-04"),
    ("2024-03", "month", PERIOD.shifted(1, None), "2024-02-01", "2024-03-01"),
    ("2024-03", "month", PERIOD.trailing(28, "day").shifted(1, None), "2024-02-02", "2024-03-01"),
    ("2024-03", "month", PERIOD.to_date("year").shifted(3, None), "2023-01-01", "2024-01-01"),
    ("2024-03", "month", PERIOD.opening().shifted(1, "year"), "2023-03-01", "2023-03-01"),
    ("2024-03", "month", PERIOD.shifted(1, None).shifted(1, "year"), "2023-02-01", "2023-03-01"),
    ("2024-05-31", "day", PERIOD.shifted(1, "month").shifted(1, "month"), "2024-03-30", "2024-03-31"),
    ("2024-03", "month", PERIOD.trailing(9_999, "year"), None, "2024-04-01"),
    ("2024", "year", PERIOD.trailing(2024, "year"), None, "2025-01-01"),
    ("2024-03", "month", PERIOD.trailing(-1, "day"), "2024-04-01", "2024-04-01"),
]


@pytest.mark.parametrize(("text", "grain", "window", "start", "end"), NO_CUT)
def test_resolve(text: str, grain: str, window: Window, start: str | None, end: str) -> None:
    """Each form comes to the stretch its meaning says."""
    expected = Resolved(None if start is None else utc(start), utc(end))
    assert expected == resolve(window, parse_period(text, PLAIN), grain, PLAIN, NEVER)


AS_OF = [
    ("2024-03", PERIOD, "2024-03-01", "2024-03-16", False, True),
    ("2024-03", PERIOD.trailing(28, "day"), "2024-02-17", "2024-03-16", False, True),
    ("2024-03", PERIOD.shifted(1, None), "2024-02-01", "2024-03-01", False, False),
    ("2024-03", PERIOD.to_date("year"), "2024-01-01", "2024-03-16", False, True),
    ("2024-03", PERIOD.opening(), "2024-03-01", "2024-03-01", False, True),
    ("2024-03", PERIOD.closing(), "2024-03-16", "2024-03-16", False, True),
    ("2024-02", PERIOD, "2024-02-01", "2024-03-01", False, False),
    ("2024-04", PERIOD, "2024-03-16", "2024-03-16", True, False),
    ("2024-04", PERIOD.cumulative(), "2024-03-16", "2024-03-16", True, False),
    ("2024-04", PERIOD.shifted(1, None), "2024-03-01", "2024-03-16", False, True),
    ("2024-04", PERIOD.shifted(2, None), "2024-02-01", "2024-03-01", False, False),
    ("2024-02", PERIOD.shifted(-1, None), "2024-03-01", "2024-03-16", False, True),
]


@pytest.mark.parametrize(("text", "window", "start", "end", "void", "partial"), AS_OF)
def test_as_of(text: str, window: Window, start: str, end: str, void: bool, partial: bool) -> None:
    """As of 15 March, the day included, the shifted period is cut, or void if it has not begun."""
    as_of = parse_moment("2024-03-15", PLAIN, end=True)
    expected = Resolved(utc(start), utc(end), void, partial)
    assert expected == resolve(window, parse_period(text, PLAIN), "month", PLAIN, as_of)


LIKE = replace(PERIOD.shifted(1, None), like=True)
"""The month before, like for like."""

ALIKE = [
    ("2024-03", "2024-03-10", LIKE, "2024-02-01", "2024-02-11"),
    ("2024-03", "2024-03-30", LIKE, "2024-02-01", "2024-03-01"),
    ("2024-03", "2024-03-31", LIKE, "2024-02-01", "2024-03-01"),
    ("2024-02", "2024-03-10", LIKE, "2024-01-01", "2024-02-01"),
    ("2024-03", "2024-03-10 06:00", LIKE, "2024-02-01", "2024-02-10 06:00"),
    ("2024-03", "2024-03-10", LIKE.trailing(28, "day"), "2024-01-14", "2024-02-11"),
    ("2024-03", "2024-03-10", LIKE.opening(), "2024-02-01", "2024-02-01"),
    ("2024-03", "2024-03-10", LIKE.closing(), "2024-02-11", "2024-02-11"),
    ("2024-03", "2024-03-10", replace(PERIOD.shifted(1, "year"), like=True), "2023-03-01", "2023-03-11"),
]


@pytest.mark.parametrize(("text", "known", "window", "start", "end"), ALIKE)
def test_like_for_like(text: str, known: str, window: Window, start: str, end: str) -> None:
    """A cut period is as long where it is moved to as it is here, and no longer than the period there."""
    as_of = parse_moment(known, PLAIN, end=True)
    expected = Resolved(utc(start), utc(end))
    assert expected == resolve(window, parse_period(text, PLAIN), "month", PLAIN, as_of)


def test_nothing_is_like_a_period_that_has_not_begun() -> None:
    """As of 15 March, April is compared with nothing, though March has begun."""
    as_of = parse_moment("2024-03-15", PLAIN, end=True)
    assert resolve(LIKE, parse_period("2024-04", PLAIN), "month", PLAIN, as_of).void


def test_a_period_that_starts_at_as_of_is_void() -> None:
    """As of 31 March, April is void and March is whole."""
    as_of = parse_moment("2024-03-31", PLAIN, end=True)
    april, march = (resolve(PERIOD, parse_period(t, PLAIN), "month", PLAIN, as_of) for t in ("2024-04", "2024-03"))
    assert (True, False) == (april.void, april.partial)
    assert (False, False) == (march.void, march.partial)


LOCAL = [
    ("2024-03-31", PERIOD, "2024-03-30 23:00", "2024-03-31 22:00"),
    ("2024-03-31", PERIOD.trailing(1, "day"), "2024-03-30 23:00", "2024-03-31 22:00"),
    ("2024-03-31", PERIOD.trailing(24, "hour"), "2024-03-30 22:00", "2024-03-31 22:00"),
    ("2024-10-27", PERIOD.trailing(1, "day"), "2024-10-26 22:00", "2024-10-27 23:00"),
    ("2024-10-27", PERIOD.to_date("month"), "2024-09-30 22:00", "2024-10-27 23:00"),
]


@pytest.mark.parametrize(("text", "window", "start", "end"), LOCAL)
def test_clocks_set(text: str, window: Window, start: str, end: str) -> None:
    """Trailing days are local days, trailing hours elapsed."""
    assert Resolved(utc(start), utc(end)) == resolve(window, parse_period(text, PARIS), "day", PARIS, NEVER)


def test_the_beginning_of_time() -> None:
    """What opens a cumulative window ends before all rows."""
    window = PERIOD.cumulative().opening()
    assert Resolved(None, EARLIEST) == resolve(window, parse_period("2024", PLAIN), "year", PLAIN, NEVER)
    assert Resolved(None, EARLIEST) == resolve(window.to_date("year"), parse_period("2024", PLAIN), None, PLAIN, NEVER)


def test_shifts_that_cannot_be() -> None:
    """A month back from a week is the fault it is for a shift."""
    with pytest.raises(FaultError) as caught:
        resolve(PERIOD.shifted(1, "month"), parse_period("2024-W23", PLAIN), "week", PLAIN, NEVER)
    assert ["Q528"] == [f.code for f in caught.value.faults]


forms = st.one_of(
    st.builds(lambda n, u: ("trailing", (n, u)), st.integers(1, 40), st.sampled_from(("hour", "day", "week", "month"))),
    st.sampled_from((("to_date", ("year",)), ("to_date", ("week",)), ("cumulative", ()), ("opening", ()))),
    st.just(("closing", ())),
    st.builds(lambda n, u: ("shifted", (n, u)), st.integers(0, 20), st.sampled_from((None, "day", "year"))),
)


@given(
    st.lists(forms, max_size=5),
    st.dates(datetime(2000, 1, 1).date(), datetime(2030, 1, 1).date()),
    st.sampled_from(("hour", "day", "week", "month", "year", None)),
    st.integers(-400, 400),
)
def test_any_window_is_in_order(
    steps: list[tuple[str, tuple[object, ...]]], day: object, grain: str | None, ahead: int
) -> None:
    """Windows never end before they start nor after `as_of`, and those empty by form have no length."""
    window = PERIOD
    for name, arguments in steps:
        window = getattr(window, name)(*arguments)
    start = PARIS.floor(parse_moment(str(day), PARIS, end=False), grain or "day")
    period = Period(start, PARIS.add(start, 1, grain or "day"), "")
    as_of = start + timedelta(days=ahead)
    found = resolve(window, period, grain, PARIS, as_of)
    assert found.end <= as_of
    assert found.start is None or found.start <= found.end
    assert not (window.is_empty and found.start is not None and found.start != found.end)
