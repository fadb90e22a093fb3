"""(c) Distinct counts and deviations over overlapping windows, beside the ways that come to mind first in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow

from benchmarks import rows
from benchmarks.race import Race
from benchmarks.trailing import DAYS, same

RANGE_JOIN = f"""{DAYS}
SELECT {{key}} day, {{what}} AS value
FROM days JOIN purchases ON moment >= day - INTERVAL 27 DAY AND moment < day + INTERVAL 1 DAY
GROUP BY {{key}} day ORDER BY day {{order}}
"""

PAIRS_FIRST = f"""{DAYS}, pairs AS (SELECT DISTINCT {{key}} customer, moment::DATE AS own FROM purchases)
SELECT {{key}} day, COUNT(DISTINCT customer) AS value
FROM days JOIN pairs ON own BETWEEN day - 27 AND day
GROUP BY {{key}} day ORDER BY day {{order}}
"""

MONTHS = """
WITH months AS (SELECT UNNEST(RANGE(DATE '2021-01-01', DATE '2024-01-01', INTERVAL 1 MONTH))::DATE AS month)
SELECT month, COUNT(DISTINCT customer) AS value
FROM months JOIN purchases ON moment < month + INTERVAL 1 MONTH GROUP BY month ORDER BY month
"""


def races(scale: float) -> Iterator[Race]:
    """Of three years' rows: 28 days to each day of one year, as a whole and by group; all time to each month."""
    size = int(3_000_000 * scale)
    book = rows.book(size)

    def by_day(metric: str, by: str | tuple[str, ...] = ()) -> pyarrow.Table:
        return book.ask(metric, by=by, grain="day", period="2022", order=("time", *([by] if by else []))).to_arrow()

    for title, by, key, order in (("as a whole", (), "", ""), ("by group", "grp", "grp,", ", grp")):
        written = {"key": key, "order": order, "what": "COUNT(DISTINCT customer)"}
        yield Race(
            f"distinct customers of 28 days to each day of a year, {title}",
            {
                "sliding": partial(by_day, "buyers_28_days", by),
                "pairs first, then a range join": partial(rows.answer, size, PAIRS_FIRST.format(**written)),
                "range join of rows": partial(rows.answer, size, RANGE_JOIN.format(**written)),
            },
            rounds=1,
            same=same,
        )
    yield Race(
        "distinct customers so far, by month",
        {
            "first seen": lambda: book.ask(
                "buyers_so_far", grain="month", start=rows.FIRST, end=rows.LAST, order="time"
            ).to_arrow(),
            "range join of rows": lambda: rows.answer(size, MONTHS),
        },
        rounds=2,
        same=same,
    )
    deviation = RANGE_JOIN.format(key="grp,", order=", grp", what="STDDEV_SAMP(amount::DOUBLE)")
    yield Race(
        "deviation of 28 days to each day of a year, by group",
        {
            "moments": partial(by_day, "spread_28_days", "grp"),
            "range join of rows": lambda: rows.answer(size, deviation),
        },
        rounds=1,
        same=same,
    )
