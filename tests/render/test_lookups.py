"""Looking a day up in a calendar of one's own by SQL, against the calendar itself, day by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import duckdb
import pytest
from sqlglot import exp

from tallymark.render import lookups
from tallymark.windows import Reckoning, Run, Stretch, YearEnd, given, retail

DAY = timedelta(days=1)
LENGTHS = (1, 1, 40, 3, 90, 2, 1, 17)


def uneven() -> Reckoning:
    """Months of one to ninety days, each a quarter and all of one year."""
    rows, start = [], date(1969, 12, 1)
    for number, days in enumerate(LENGTHS, 1):
        rows.append(Stretch(start, start + days * DAY, (number, number, 1970)))
        start += days * DAY
    return given(rows, ("month", "quarter", "year"))


RETAIL = retail((4, 4, 5), YearEnd(6, 12, 31, nearest=True), 6)
CASES = [
    pytest.param(run, first, days, id=f"{name} {unit}")
    for name, made, first, days in (
        ("uneven", uneven(), date(1969, 11, 28), sum(LENGTHS) + 6),
        ("retail", RETAIL, date(2023, 12, 1), 800),
        ("before 1970", RETAIL, date(1949, 12, 20), 800),
        ("at the end", RETAIL, date(2099, 12, 20), 400),
    )
    for unit, run in made.runs.items()
]


def asked(write: Callable[[exp.Expression, Run], exp.Expression], run: Run, first: date, days: int) -> list[object]:
    """What the SQL gives for some days, and for their last instants."""
    sql = write(exp.column("t"), run).sql("duckdb")
    moments = [datetime.combine(first + i * DAY, at) for i in range(days) for at in (time.min, time.max)]
    with duckdb.connect() as database:
        database.execute("CREATE TABLE days AS SELECT UNNEST(?::TIMESTAMP[]) AS t", [moments])
        return [row[0] for row in database.execute(f"SELECT {sql} FROM days ORDER BY t").fetchall()]


def expected(of: Callable[[Run, int], object], run: Run, first: date, days: int) -> list[object]:
    """The same from the calendar; nothing of a day that it does not have."""
    found: list[object] = []
    for i in range(days):
        day = first + i * DAY
        inside = run.starts[0] <= day < run.starts[-1]
        found += [of(run, run.index(day)) if inside else None] * 2
    return found


@pytest.mark.parametrize(("run", "first", "days"), CASES)
def test_every_day_is_found(run: Run, first: date, days: int) -> None:
    """Each instant of each day has the first day, the number and the place of its period; none outside the calendar."""
    assert expected(lambda r, i: r.starts[i], run, first, days) == asked(lookups.start, run, first, days)
    assert expected(lambda r, i: r.numbers[i], run, first, days) == asked(lookups.number, run, first, days)
    assert expected(lambda r, i: i + 1, run, first, days) == asked(lookups.ordinal, run, first, days)


def test_nothing_has_no_period() -> None:
    """Null is in no period."""
    with duckdb.connect() as database:
        sql = lookups.start(exp.Null(), RETAIL.runs["month"]).sql("duckdb")
        assert (None,) == database.execute(f"SELECT {sql}").fetchone()
