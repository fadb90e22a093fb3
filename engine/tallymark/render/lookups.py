"""Periods of a calendar of one's own as SQL: which one holds a day, found in arrays of the days on which they begin.

A coarse array, with one entry for each stretch as long as the shortest period, gives the period that holds the
stretch's first day; at most one more begins within the stretch. A day outside the calendar has no period: null.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.values import array, atom, call, case, cast, compare, integer, select
from tallymark.windows import Run

_EPOCH = date(1970, 1, 1)


def ordinal(time: exp.Expression, run: Run) -> exp.Expression:
    """The place, from 1, of the period that holds a date or naive time."""
    marks = [(day - _EPOCH).days for day in run.starts]
    since = _minus(_day(time), marks[0])
    gaps = {after - before for before, after in pairwise(marks)}
    cell = exp.Add(this=exp.Paren(this=exp.IntDiv(this=since, expression=integer(min(gaps)))), expression=integer(1))
    found: exp.Expression = cell
    if len(gaps) > 1:
        holding = _entry(_coarse(marks, min(gaps)), cell)
        following = _entry(marks, exp.Add(this=holding, expression=integer(1)))
        begun = exp.Paren(this=compare(exp.GTE, _day(time), following))
        found = exp.Add(this=holding.copy(), expression=cast(begun, Type.INTEGER))
    inside = exp.And(
        this=compare(exp.GTE, _day(time), integer(marks[0])), expression=compare(exp.LT, _day(time), integer(marks[-1]))
    )
    return case((inside, found))


def start(time: exp.Expression, run: Run) -> exp.Expression:
    """The first day of the period that holds a date or naive time."""
    days = _entry([(day - _EPOCH).days for day in run.starts], ordinal(time, run))
    return cast(exp.Add(this=_epoch(), expression=days), Type.DATE)


def number(time: exp.Expression, run: Run) -> exp.Expression:
    """The number of the period that holds a date or naive time: within its year, or the year's."""
    return cast(_entry(run.numbers, ordinal(time, run)), Type.INTEGER)


def _entry(values: Sequence[int], place: exp.Expression) -> exp.Expression:
    """The value at a place, from 1. As a query of its own the array is made once, not for every few thousand rows."""
    return call("ARRAY_EXTRACT", exp.Subquery(this=select(array(values, "INTEGER"))), place)


def _coarse(marks: list[int], step: int) -> list[int]:
    """For each stretch of `step` days from the first mark on, how many marks lie at or before its first day."""
    found, reached = [], 0
    for day in range(marks[0], marks[-1], step):
        while marks[reached] <= day:
            reached += 1
        found.append(reached)
    return found


def _day(time: exp.Expression) -> exp.Expression:
    """The days since 1970 began."""
    return call("DATE_DIFF", exp.Literal.string("day"), _epoch(), time.copy())


def _epoch() -> exp.Expression:
    return cast(exp.Literal.string(_EPOCH.isoformat()), Type.DATE)


def _minus(value: exp.Expression, number: int) -> exp.Expression:
    return exp.Paren(this=exp.Sub(this=atom(value), expression=exp.Paren(this=integer(number))))
