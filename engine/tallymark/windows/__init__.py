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
from tallymark.windows.ranges import ask_periods, range_label
from tallymark.windows.reading import MOMENT_FORMS, PERIOD_FORMS, parse_moment, parse_period
from tallymark.windows.segments import Segments, segments
from tallymark.windows.shifts import Move, Shape, before, shape_of, shift, shifted, whole_steps

__all__ = [
    "BEGINNING",
    "EARLIEST",
    "FIRST_YEAR",
    "LAST_YEAR",
    "MOMENT_FORMS",
    "PERIOD",
    "PERIOD_FORMS",
    "WEEKDAYS",
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
    "Resolved",
    "Segments",
    "Shape",
    "Window",
    "ask_periods",
    "before",
    "cut",
    "grain_of",
    "parse_moment",
    "parse_period",
    "range_label",
    "resolve",
    "segments",
    "shape_of",
    "shift",
    "shifted",
    "whole_steps",
]
