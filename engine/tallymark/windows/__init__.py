"""Calendar arithmetic, periods and windows: all that turns local time into instants. No SQL, no data."""

from __future__ import annotations

from tallymark.windows.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    WEEKDAYS,
    Calendar,
    OutsideCalendarError,
    Period,
    grain_of,
)
from tallymark.windows.clocks import Count
from tallymark.windows.cutting import cut
from tallymark.windows.edges import (
    BEGINNING,
    EARLIEST,
    PERIOD,
    Beginning,
    Boundary,
    Edge,
    Floor,
    Minus,
    Resolved,
    Window,
    resolve,
)
from tallymark.windows.given import Stretch, given
from tallymark.windows.ranges import ask_periods, range_label
from tallymark.windows.reading import MOMENT_FORMS, PERIOD_FORMS, parse_moment, parse_period
from tallymark.windows.reckoning import Reckoning, Run, UncoveredError
from tallymark.windows.retail import PATTERNS, YEAR_ENDS, YearEnd, parse_year_end, retail
from tallymark.windows.segments import Segments, segments
from tallymark.windows.shifts import Move, Shape, before, shape_of, shift, shifted, whole_steps

__all__ = [
    "BEGINNING",
    "EARLIEST",
    "FIRST_YEAR",
    "LAST_YEAR",
    "MOMENT_FORMS",
    "PATTERNS",
    "PERIOD",
    "PERIOD_FORMS",
    "WEEKDAYS",
    "YEAR_ENDS",
    "Beginning",
    "Boundary",
    "Calendar",
    "Count",
    "Edge",
    "Floor",
    "Minus",
    "Move",
    "OutsideCalendarError",
    "Period",
    "Reckoning",
    "Resolved",
    "Run",
    "Segments",
    "Shape",
    "Stretch",
    "UncoveredError",
    "Window",
    "YearEnd",
    "ask_periods",
    "before",
    "cut",
    "given",
    "grain_of",
    "parse_moment",
    "parse_period",
    "parse_year_end",
    "range_label",
    "resolve",
    "retail",
    "segments",
    "shape_of",
    "shift",
    "shifted",
    "whole_steps",
]
