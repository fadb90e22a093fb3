"""(e) What planning and writing the SQL takes beside running it, for metrics that build on many others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import tallymark
from benchmarks.race import Race
from tallymark_plugins.samples import write_project

METRICS = ("mrr", "nrr", "active_users", "ltv_growth")


def races(scale: float) -> Iterator[Race]:
    """Metrics of the sample company over a year by month, then all of them at once. It has one size."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder))
        with tallymark.open(folder, plugins=False) as book:
            every = tuple(m.name for m in book.metrics.values() if m.available and not m.definition.hidden)
            for metrics in (*((name,) for name in METRICS), every):
                title = metrics[0] if len(metrics) == 1 else f"all {len(metrics)} metrics"
                ask = partial(book.ask, *metrics, grain="month", period="2024")
                yield Race(title, {"the whole question": ask, "its SQL alone": _running(book, ask().sql)})


def _running(book: tallymark.Book, sql: str) -> partial[object]:
    # A book runs no SQL that it has not written, so its database is asked behind its back.
    return partial(book._sources.embedded.run, sql)
