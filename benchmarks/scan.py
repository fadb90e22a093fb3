"""(a) Ten metrics of one dataset in one question, which is one scan, beside ten questions."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import rows
from benchmarks.race import Race


def races(scale: float) -> Iterator[Race]:
    """One race over 3 million rows, by month and group."""
    book = rows.book(int(3_000_000 * scale))

    def ask(*metrics: str) -> None:
        book.ask(*metrics, by="grp", grain="month", start=rows.FIRST, end=rows.LAST)

    def one_by_one() -> None:
        for metric in rows.TEN:
            ask(metric)

    yield Race("ten metrics", {"one question": lambda: ask(*rows.TEN), "ten questions": one_by_one})
