"""(c) Finding the period a row lies in, by constants known in advance, beside `date_trunc`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from benchmarks import rows
from benchmarks.race import Race
from tallymark.render.buckets import bucket
from tallymark.render.values import column
from tallymark.windows import Calendar

COUNT = "SELECT {key} AS k, COUNT(*) FROM {source} GROUP BY k"
ZONED = "(SELECT moment::TIMESTAMPTZ AS moment FROM purchases)"


def races(scale: float) -> Iterator[Race]:
    """Three million local times, then as many instants in a zone with summer time."""
    size = int(3_000_000 * scale)
    calendar = Calendar("Europe/Paris")
    months = [datetime(year, month, 1) for year in (2021, 2022, 2023) for month in range(1, 13)]
    halves = sorted([*months, *(month.replace(day=15) for month in months)])
    days = [calendar.instant(month.replace(day=day)) for month in months for day in range(1, 29)]

    def counted(key: str, source: str = "purchases") -> None:
        rows.answer(size, COUNT.format(key=key, source=source))

    yield Race(
        "the month of a local time",
        {
            "counted off": partial(counted, _segment(months)),
            "date_trunc": partial(counted, "date_trunc('month', moment)"),
            "half months, looked up": partial(counted, _segment(halves)),
        },
    )
    yield Race(
        "the day in Paris of an instant",
        {
            "looked up by the hour": partial(counted, _segment(days, zoned=True), ZONED),
            "date_trunc in the zone": partial(counted, "date_trunc('day', timezone('Europe/Paris', moment))", ZONED),
        },
        rounds=3,
    )


def _segment(cuts: Sequence[datetime], zoned: bool = False) -> str:
    return bucket(column("moment"), cuts, zoned).sql("duckdb")
