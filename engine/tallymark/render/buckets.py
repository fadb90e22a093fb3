"""Which segment of time a row lies in: a number computed from its time by constants known in advance.

The cuts that lie on a regular clock (days, hours, minutes) are looked up in one array by the row's whole units since
the first cut; the few that do not (an `as_of` in mid-day) add one each. The row's number is how many cuts lie at or
before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.values import array, atom, call, cast, compare, integer, moment

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
    for unit in UNITS:
        regular, rest = _split(cuts, unit)
        length = (_micros(regular[-1]) - _micros(regular[0])) // unit + 1
        if len(rest) <= IRREGULAR and length <= LONGEST:
            looked_up = _looked_up(time, regular, unit, zoned)
            return exp.Add(this=atom(looked_up), expression=atom(_steps(time, rest, zoned))) if rest else looked_up
    return _balanced(time, cuts, 0, len(cuts), zoned)


def _split(cuts: Sequence[datetime], unit: int) -> tuple[list[datetime], list[datetime]]:
    """The cuts that lie whole units after each other, in phase with most of them, and the rest."""
    phases: dict[int, int] = {}
    for cut in cuts:
        phase = _micros(cut) % unit
        phases[phase] = phases.get(phase, 0) + 1
    best = max(phases, key=lambda p: phases[p])
    return [c for c in cuts if _micros(c) % unit == best], [c for c in cuts if _micros(c) % unit != best]


def _micros(cut: datetime) -> int:
    aware = cut if cut.tzinfo is not None else cut.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _looked_up(time: exp.Expression, cuts: Sequence[datetime], unit: int, zoned: bool) -> exp.Expression:
    first, last = _micros(cuts[0]), _micros(cuts[-1])
    # Two cuts may show the same local time, at the end of an hour that occurs twice.
    falling = Counter((_micros(c) - first) // unit for c in cuts)
    counts = list(accumulate(falling[number] for number in range((last - first) // unit + 1)))
    since = exp.Sub(this=call("EPOCH_US", time), expression=integer(first))
    units = exp.IntDiv(this=exp.Paren(this=since), expression=integer(unit))
    index = exp.Add(this=exp.Paren(this=units), expression=integer(1))
    if counts == list(range(1, len(counts) + 1)):
        inside: exp.Expression = index
    else:
        inside = call("ARRAY_EXTRACT", array(counts), index)
    before = compare(exp.LT, time, moment(cuts[0], zoned))
    after = compare(exp.GTE, time, moment(cuts[-1], zoned))
    return exp.Case().when(before, integer(0)).when(after, integer(counts[-1])).else_(inside)


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
    return exp.Case().when(reached, above).else_(_balanced(time, cuts, low, middle, zoned))
