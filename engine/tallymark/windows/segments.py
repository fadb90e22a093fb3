"""Segments: the edges of many windows cut time into stretches; a row lies in one, a window is a run of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tallymark.windows.calendars import Calendar
from tallymark.windows.edges import Resolved


@dataclass(frozen=True, slots=True)
class Segments:
    """The distinct finite edges of some windows, in order. Segment `j` holds the times with exactly `j` cuts at or
    before them: segment 0 is all time before the first cut, segment `len(cuts)` all from the last one on.

    Of a stock, a row valid `[from, to)` is read at the instant numbered `j` when `lo <= j < hi`: `lo` is the number of
    cuts at or before `from` (0 without one), `hi` the number at or before `to` (all of them without one).
    """

    cuts: tuple[datetime, ...]

    def __len__(self) -> int:
        return len(self.cuts) + 1

    def of(self, instant: datetime) -> int:
        """The number of the segment that holds `instant`."""
        return bisect_right(self.cuts, instant)

    def span(self, window: Resolved) -> tuple[int, int]:
        """The run `[a, b)` of segments that makes up a window whose edges are among the cuts; empty when it is void."""
        if window.void:
            return 0, 0
        return 0 if window.start is None else self.of(window.start), self.of(window.end)

    def instant(self, window: Resolved) -> int:
        """The index among the cuts of the window's end, at which a stock is read.

        Raises ValueError for a void window, at which nothing is read, and for one that is not among the cuts.
        """
        found = self.of(window.end) - 1
        if window.void or found < 0 or self.cuts[found] != window.end:
            raise ValueError(f"no cut at {window.end}")
        return found

    def walls(self, calendar: Calendar) -> tuple[datetime, ...]:
        """The cuts on the local clock, for naive columns; in order, though two may show the same time."""
        return tuple(calendar.wall(cut) for cut in self.cuts)


def segments(windows: Iterable[Resolved]) -> Segments:
    """The segments that the edges of these windows cut; void windows have none."""
    found = set[datetime]()
    for window in windows:
        if not window.void:
            found.add(window.end)
            if window.start is not None:
                found.add(window.start)
    return Segments(tuple(sorted(found)))
