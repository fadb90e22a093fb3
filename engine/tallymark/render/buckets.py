"""Which segment of time a row lies in: a number computed from its time by constants known in advance.

Cuts that follow each other at one distance, in months or on a regular clock (days, hours, minutes), are counted off by
arithmetic. Others that lie on a clock are looked up in one array by the row's whole units since the first cut; the few
that do not (an `as_of` in mid-day) add one each. The row's number is how many cuts lie at or before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.values import array, atom, call, case, cast, compare, integer, moment, select

SECOND = 1_000_000
UNITS = (86_400 * SECOND, 3_600 * SECOND, 900 * SECOND, 60 * SECOND)
IRREGULAR = 12
"""At most so many cuts off the regular clock are compared one by one."""
LONGEST = 200_000
"""Entries of the longest array; beyond it a balanced CASE is cheaper."""


def bucket(time: exp.Expression, cuts: Sequence[datetime], zoned: bool) -> exp.Expression:
    """The number of `cuts` at or before `time`. Naive cuts are local times, for naive columns."""
    if not cuts:
        return integer(0)
    if len(cuts) <= 2:
        return _steps(time, cuts, zoned)
    months = None if zoned else _distance([_months(cut) for cut in cuts])
    if months is not None:
        return _within(time, cuts, _counted(_month_of(time), _months(cuts[0]) or 0, months), len(cuts), zoned)
    for unit in UNITS:
        regular, rest = _split(cuts, unit)
        length = (_micros(regular[-1]) - _micros(regular[0])) // unit + 1
        if len(rest) <= IRREGULAR and length <= LONGEST:
            counted = _on_clock(time, regular, unit, zoned)
            return exp.Add(this=atom(counted), expression=atom(_steps(time, rest, zoned))) if rest else counted
    return _balanced(time, cuts, 0, len(cuts), zoned)


def _months(cut: datetime) -> int | None:
    """The month that begins at a local time, in months since the year 0; None where none does."""
    begins = (cut.day, cut.hour, cut.minute, cut.second, cut.microsecond) == (1, 0, 0, 0, 0)
    return cut.year * 12 + cut.month if begins else None


def _month_of(time: exp.Expression) -> exp.Expression:
    """The month that a local time lies in, counted as `_months` does."""
    years = exp.Mul(this=call("YEAR", time), expression=integer(12))
    return exp.Paren(this=exp.Add(this=years, expression=call("MONTH", time)))


def _distance(marks: Sequence[int | None]) -> int | None:
    """The one distance at which the marks follow each other; None when there are several, or a mark is missing."""
    known = [m for m in marks if m is not None]
    found = {after - before for before, after in pairwise(known)}
    return found.pop() if len(known) == len(marks) and len(found) == 1 and min(found) > 0 else None


def _counted(mark: exp.Expression, first: int, distance: int) -> exp.Expression:
    """How many marks, `first` and those after it at one distance, lie at or before `mark`, the first one doing so."""
    since: exp.Expression = exp.Paren(this=exp.Sub(this=mark, expression=integer(first)))
    if distance > 1:
        since = exp.Paren(this=exp.IntDiv(this=since, expression=integer(distance)))
    return exp.Add(this=since, expression=integer(1))


def _within(
    time: exp.Expression, cuts: Sequence[datetime], inside: exp.Expression, count: int, zoned: bool
) -> exp.Expression:
    """0 before the first cut, `count` from the last one on, between them `inside`."""
    before = compare(exp.LT, time, moment(cuts[0], zoned))
    after = compare(exp.GTE, time, moment(cuts[-1], zoned))
    return case((before, integer(0)), (after, integer(count)), otherwise=inside)


def _split(cuts: Sequence[datetime], unit: int) -> tuple[list[datetime], list[datetime]]:
    """The cuts that lie whole units after each other, in phase with most of them, and the rest."""
    phases = Counter(_micros(cut) % unit for cut in cuts)
    best = max(phases, key=lambda p: phases[p])
    return [c for c in cuts if _micros(c) % unit == best], [c for c in cuts if _micros(c) % unit != best]


def _micros(cut: datetime) -> int:
    aware = cut if cut.tzinfo is not None else cut.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _on_clock(time: exp.Expression, cuts: Sequence[datetime], unit: int, zoned: bool) -> exp.Expression:
    """Cuts that lie whole units after each other, counted off or looked up."""
    marks = [_micros(cut) for cut in cuts]
    since = call("EPOCH_US", time)
    distance = _distance(marks)
    if distance is not None:
        return _within(time, cuts, _counted(since, marks[0], distance), len(cuts), zoned)
    # Two cuts may show the same local time, at the end of an hour that occurs twice.
    falling = Counter((mark - marks[0]) // unit for mark in marks)
    counts = list(accumulate(falling[number] for number in range((marks[-1] - marks[0]) // unit + 1)))
    # As a query of its own the array is made once, and not again for every few thousand rows.
    listed = exp.Subquery(this=select(array(counts, "SMALLINT" if counts[-1] < 2**15 else "BIGINT")))
    return _within(time, cuts, call("ARRAY_EXTRACT", listed, _counted(since, marks[0], unit)), counts[-1], zoned)


def _steps(time: exp.Expression, cuts: Sequence[datetime], zoned: bool) -> exp.Expression:
    """One for each cut reached."""
    result: exp.Expression | None = None
    for cut in cuts:
        step = cast(exp.Paren(this=compare(exp.GTE, time.copy(), moment(cut, zoned))), Type.INTEGER)
        result = step if result is None else exp.Add(this=result, expression=step)
    assert result is not None
    return result


def _balanced(time: exp.Expression, cuts: Sequence[datetime], low: int, high: int, zoned: bool) -> exp.Expression:
    """A binary search as nested CASEs: how many of the cuts are reached, `low` being known to be."""
    if low == high:
        return integer(low)
    middle = (low + high) // 2
    reached = compare(exp.GTE, time.copy(), moment(cuts[middle], zoned))
    above = _balanced(time, cuts, middle + 1, high, zoned)
    return case((reached, above), otherwise=_balanced(time, cuts, low, middle, zoned))
