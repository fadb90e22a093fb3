"""Segments: a row lies in one, a window is a run of them, on the time line and on the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.windows import Calendar, Resolved, Segments, segments

PARIS = Calendar("Europe/Paris")
DAY = datetime(2024, 10, 26, 12, tzinfo=UTC)

# Few and coarse, around a repeated hour, so that times often meet cuts.
instants = st.integers(0, 48).map(lambda n: DAY + n * timedelta(minutes=30))


def _window(one: datetime, other: datetime, since_ever: bool) -> Resolved:
    return Resolved(None if since_ever else min(one, other), max(one, other))


windows = st.builds(_window, instants, instants, st.booleans())


def at(day: int) -> datetime:
    """A midnight in January 2024."""
    return datetime(2024, 1, day, tzinfo=UTC)


def test_cuts_and_spans() -> None:
    """The cuts are the distinct finite edges in order; spans count the cuts up to each edge."""
    flows = (Resolved(at(3), at(5)), Resolved(at(1), at(3)), Resolved(None, at(5)), Resolved(at(4), at(4)))
    cut = segments(flows)
    assert Segments((at(1), at(3), at(4), at(5))) == cut
    assert [(2, 4), (1, 2), (0, 4), (3, 3)] == [cut.span(w) for w in flows]
    assert [3, 1, 3, 2] == [cut.instant(w) for w in flows]
    assert 5 == len(cut)


def test_void_windows() -> None:
    """A void window cuts nothing, holds nothing, and is read nowhere."""
    void = Resolved(at(9), at(9), void=True)
    cut = segments((Resolved(at(1), at(3)), void))
    assert (at(1), at(3)) == cut.cuts
    assert (0, 0) == cut.span(void)
    with pytest.raises(ValueError, match="no cut"):
        cut.instant(void)


def test_an_instant_that_is_no_cut() -> None:
    """A window from elsewhere has no instant among the cuts."""
    cut = segments((Resolved(at(1), at(3)),))
    for day in (1, 2, 4):
        window = Resolved(None, at(day) - timedelta(hours=1))
        with pytest.raises(ValueError, match="no cut"):
            cut.instant(window)


def test_no_windows() -> None:
    """Without windows there is one segment and no cut."""
    assert 1 == len(segments(()))
    assert 0 == segments(()).of(at(1))


@given(st.lists(windows, min_size=1, max_size=8), instants)
def test_a_row_is_in_a_window_when_its_segment_is(flows: list[Resolved], row: datetime) -> None:
    """A row's time is in `[start, end)` exactly when its segment is in the window's span."""
    cut = segments(flows)
    for window in flows:
        first, last = cut.span(window)
        inside = (window.start is None or window.start <= row) and row < window.end
        assert inside == (first <= cut.of(row) < last)


@given(st.lists(windows, min_size=1, max_size=8), st.none() | instants, st.none() | instants)
def test_a_stock_is_read_at_its_instants(reads: list[Resolved], since: datetime | None, to: datetime | None) -> None:
    """A row valid `[from, to)` is read at E when `from < E` and `to >= E`, exactly when `lo <= j < hi`."""
    cut = segments(reads)
    low = 0 if since is None else cut.of(since)
    high = len(cut.cuts) if to is None else cut.of(to)
    for window in reads:
        valid = (since is None or since < window.end) and (to is None or to >= window.end)
        assert valid == (low <= cut.instant(window) < high)


@given(st.lists(windows, min_size=1, max_size=8), st.integers(0, 60))
def test_naive_rows_lie_in_the_same_segments(flows: list[Resolved], half_hours: int) -> None:
    """A naive time counts as many cuts on the clock as its instant does on the time line."""
    cut = segments(flows)
    row = datetime(2024, 10, 26, 12) + half_hours * timedelta(minutes=30)
    walls = cut.walls(PARIS)
    assert sorted(walls) == list(walls)
    assert cut.of(PARIS.instant(row)) == sum(1 for wall in walls if wall <= row)
