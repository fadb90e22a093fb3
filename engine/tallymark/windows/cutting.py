"""Cutting a window into the pieces of a grain, for `per day` and its like."""

from __future__ import annotations

from tallymark.windows.calendars import Calendar, Period
from tallymark.windows.edges import Boundary, Resolved, Window
from tallymark.windows.shifts import shifted


def cut(
    window: Window, resolved: Resolved, period: Period, within: str | None, grain: str, calendar: Calendar
) -> tuple[Period, ...]:
    """The pieces that `grain` cuts out of `window` over `period`, itself a piece of `within`; `resolved` are its edges.

    The first and the last piece are cut where the window begins and ends. What is not known yet does not make a piece
    shorter: one that `as_of` cuts is whole, as an asked period is, so that a piece before it is compared as a whole
    too. Pieces that begin after `as_of` are left out. Raises ValueError for a window that begins with time itself.
    """
    if resolved.start is None:
        raise ValueError("the beginning of time cannot be cut")
    if resolved.void:
        return ()
    pieces = calendar.pieces(resolved.start, resolved.end, grain)
    if not pieces or not resolved.partial or window.end != Boundary(1):
        return pieces
    _, end = shifted(period, window.shifts, within, calendar)
    last = pieces[-1]
    return (*pieces[:-1], calendar.pieces(last.start, end, grain)[0])
