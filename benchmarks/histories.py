"""Anomalies by the day, beside the same median and median distance by window functions written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow

from benchmarks import rows
from benchmarks.race import Race

DAILY = """
WITH days AS (SELECT UNNEST(RANGE(DATE '2020-12-01', DATE '2024-01-01', INTERVAL 1 DAY))::DATE AS day),
     members AS (SELECT DISTINCT grp FROM purchases),
     sums AS (SELECT grp, moment::DATE AS day, SUM(amount)::DOUBLE AS value FROM purchases GROUP BY ALL),
     cells AS (SELECT grp, day, COALESCE(value, 0) AS value
               FROM days CROSS JOIN members LEFT JOIN sums USING (grp, day)),
     begun AS (SELECT *, day >= MIN(day) FILTER (WHERE value != 0) OVER (PARTITION BY grp) AS there FROM cells),
     lists AS (SELECT grp, day, value, LIST(value) FILTER (WHERE there) OVER
                      (PARTITION BY grp{season} ORDER BY day ROWS BETWEEN {count} PRECEDING AND 1 PRECEDING) AS before
               FROM begun),
     medians AS (SELECT *, LIST_MEDIAN(before) AS middle FROM lists),
     spreads AS (SELECT *, LIST_TRANSFORM(before, lambda x: ABS(x - middle)) AS away FROM medians),
     scored AS (SELECT *, CASE WHEN LIST_MEDIAN(away) > 0 THEN 1.4826 * LIST_MEDIAN(away)
                               WHEN LIST_AVG(away) > 0 THEN 1.2533 * LIST_AVG(away) END AS spread FROM spreads)
SELECT grp, day, CASE WHEN LEN(before) >= {least} THEN (value - middle) / spread END AS value
FROM scored WHERE day >= DATE '2021-01-01' ORDER BY day, grp
"""

MONTHLY = """
WITH months AS (SELECT UNNEST(RANGE(DATE '2021-01-01', DATE '2024-01-01', INTERVAL 1 MONTH))::DATE AS month),
     firsts AS (SELECT customer, MIN(month) AS first FROM (
                    SELECT customer, DATE_TRUNC('month', moment)::DATE AS month FROM purchases) GROUP BY customer),
     sums AS (SELECT customer, DATE_TRUNC('month', moment)::DATE AS month, SUM(amount)::DOUBLE AS value
              FROM purchases GROUP BY ALL),
     cells AS (SELECT customer, month, first, COALESCE(value, 0) AS value
               FROM months CROSS JOIN firsts LEFT JOIN sums USING (customer, month)),
     lists AS (SELECT customer, month, value, LIST(value) FILTER (WHERE month >= first) OVER
                      (PARTITION BY customer ORDER BY month ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS before
               FROM cells),
     medians AS (SELECT *, LIST_MEDIAN(before) AS middle FROM lists WHERE LEN(before) >= 8),
     spreads AS (SELECT *, LIST_TRANSFORM(before, lambda x: ABS(x - middle)) AS away FROM medians),
     scored AS (SELECT *, CASE WHEN LIST_MEDIAN(away) > 0 THEN 1.4826 * LIST_MEDIAN(away)
                               WHEN LIST_AVG(away) > 0 THEN 1.2533 * LIST_AVG(away) END AS spread FROM spreads)
SELECT month, COUNT(*) FILTER (WHERE (spread > 0 AND (value - middle) / spread > 3)
                               OR (spread IS NULL AND value > middle)) AS value
FROM months LEFT JOIN scored USING (month) GROUP BY month ORDER BY month
"""


def races(scale: float) -> Iterator[Race]:
    """Each day of three years by 40 groups, against the days before and the same weekdays; members by month."""
    size = int(1_000_000 * scale)
    book = rows.book(size)

    def asked(metric: str) -> pyarrow.Table:
        order = ("time", "grp")
        return book.ask(metric, by="grp", grain="day", start=rows.FIRST, end=rows.LAST, order=order).to_arrow()

    def by_hand(count: int, season: str = "") -> pyarrow.Table:
        return rows.answer(size, DAILY.format(count=count, season=season, least=8))

    for count in (12, 36):
        yield Race(
            f"anomaly of each day of three years by 40 groups, {count} days before",
            {
                "the question": lambda count=count: asked(f"anomaly(revenue, {count})"),
                "window functions": lambda count=count: by_hand(count),
            },
            rounds=2,
            same=same,
        )
    yield Race(
        "anomaly of each day of three years by 40 groups, the same weekday of 12 weeks before",
        {
            "the question": lambda: asked("anomaly(revenue, 12, 1 week)"),
            "window functions": lambda: by_hand(12, ", DATE_DIFF('day', DATE '2020-01-01', day) % 7"),
        },
        rounds=2,
        same=same,
    )

    def members() -> pyarrow.Table:
        metric = "count(anomaly(revenue) > 3 per customer)"
        return book.ask(metric, grain="month", start=rows.FIRST, end=rows.LAST).to_arrow()

    yield Race(
        "customers with an unusual month, by month",
        {"the question": members, "window functions": lambda: rows.answer(size, MONTHLY)},
        rounds=1,
        same=same,
    )


def same(left: pyarrow.Table, right: pyarrow.Table) -> bool:
    """Whether the last columns hold the same numbers, in rows of the same order."""
    return _numbers(left) == _numbers(right)


def _numbers(table: pyarrow.Table) -> list[Any]:
    values = table.column(table.num_columns - 1).to_pylist()
    return [None if v is None else round(float(v), 6) for v in values]
