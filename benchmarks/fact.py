"""(f) A large fact by month and group: a question beside the SQL an analyst would write for the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow

from benchmarks import rows
from benchmarks.race import Race

WRITTEN = """
SELECT grp, date_trunc('month', moment) AS month, SUM(amount) AS revenue, COUNT(*) AS purchases, AVG(amount) AS average,
       COUNT(*) FILTER (WHERE amount > 900) AS big
FROM purchases
WHERE moment >= TIMESTAMP '2021-01-01' AND moment < TIMESTAMP '2024-01-01'
GROUP BY grp, month ORDER BY month, grp
"""


def races(scale: float) -> Iterator[Race]:
    """Ten million rows, 36 months × 40 groups."""
    size = int(10_000_000 * scale)
    book = rows.book(size)
    metrics = ("revenue", "purchases", "average", "big")

    def asked() -> pyarrow.Table:
        order = ("time", "grp")
        return book.ask(*metrics, by="grp", grain="month", start=rows.FIRST, end=rows.LAST, order=order).to_arrow()

    yield Race(
        f"{size:,} rows by month and {rows.GROUPS} groups",
        {"SQL by hand": lambda: rows.answer(size, WRITTEN), "the question": asked},
        same=_same,
    )


def _same(left: pyarrow.Table, right: pyarrow.Table) -> bool:
    pairs = zip(left.columns[2:], right.columns[2:], strict=True)
    return all(_rounded(a) == _rounded(b) for a, b in pairs)


def _rounded(column: pyarrow.ChunkedArray) -> list[float]:
    return [round(float(v), 6) for v in column.to_pylist()]
