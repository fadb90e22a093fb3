"""(b) Overlapping windows, beside the ways that come to mind first in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow

from benchmarks import rows
from benchmarks.race import Race

DAYS = """
WITH days AS (SELECT UNNEST(RANGE(DATE '2022-01-01', DATE '2023-01-01', INTERVAL 1 DAY))::DATE AS day)
"""

RANGE_JOIN = f"""{DAYS}
SELECT grp, day, SUM(amount) AS value
FROM days JOIN purchases ON moment >= day - INTERVAL 27 DAY AND moment < day + INTERVAL 1 DAY
GROUP BY grp, day ORDER BY day, grp
"""

BY_DAY_FIRST = f"""{DAYS}, sums AS (SELECT grp, moment::DATE AS own, SUM(amount) AS value FROM purchases GROUP BY grp, own)
SELECT grp, day, SUM(value) AS value
FROM days JOIN sums ON own BETWEEN day - 27 AND day
GROUP BY grp, day ORDER BY day, grp
"""

MONTHS = """
WITH months AS (SELECT UNNEST(RANGE(DATE '2021-01-01', DATE '2024-01-01', INTERVAL 1 MONTH))::DATE AS month),
     customers AS (SELECT customer, moment, amount FROM purchases),
     members AS (SELECT month, customer, SUM(amount) AS value
                 FROM months JOIN customers ON moment < month + INTERVAL 1 MONTH GROUP BY month, customer)
SELECT month, AVG(value) AS value FROM members GROUP BY month ORDER BY month
"""


def races(scale: float) -> Iterator[Race]:
    """Sums over 28 days, for each day of a year and 40 groups; what customers have spent so far, month by month."""
    size = int(1_000_000 * scale)
    book = rows.book(size)

    def by_day() -> pyarrow.Table:
        order = ("time", "grp")
        return book.ask("revenue_28_days", by="grp", grain="day", period="2022", order=order).to_arrow()

    yield Race(
        "28 days to each day of a year, by group",
        {
            "segments": by_day,
            "days first, then a range join": lambda: rows.answer(size, BY_DAY_FIRST),
            "range join of rows": lambda: rows.answer(size, RANGE_JOIN),
        },
        rounds=3,
        same=same,
    )

    def by_month() -> pyarrow.Table:
        return book.ask("lifetime_value", grain="month", start=rows.FIRST, end=rows.LAST).to_arrow()

    yield Race(
        "mean spending so far per customer, by month",
        {"running": by_month, "range join of rows": lambda: rows.answer(size, MONTHS)},
        rounds=3,
        same=same,
    )


def same(left: pyarrow.Table, right: pyarrow.Table) -> bool:
    """Whether the last columns hold the same numbers, in rows of the same order."""
    return _numbers(left) == _numbers(right)


def _numbers(table: pyarrow.Table) -> list[Any]:
    return [round(float(v), 6) for v in table.column(table.num_columns - 1).to_pylist()]
