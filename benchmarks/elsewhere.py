"""(g) The same questions on a PostgreSQL server of its own and on the embedded database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.postgres.server import cluster, programs
from tests.postgres.test_company_there import apart, asked, opened

from benchmarks.race import Race
from tallymark_plugins.samples import write_project

QUESTIONS = {
    "`mrr` by month": (("mrr",), ()),
    "`mrr` by plan and month": (("mrr",), ("plan",)),
    "`nrr` by month": (("nrr",), ()),
}


def races(scale: float) -> Iterator[Race]:
    """The sample company, which has one size. Nothing where PostgreSQL is not installed."""
    found = programs()
    if found is None:
        print("PostgreSQL is not installed: nothing to race against")
        return
    with tempfile.TemporaryDirectory() as name, cluster(found) as server:
        write_project(Path(name))
        here, there = opened(Path(name), server)
        whole = {"all metrics by quarter": (tuple(asked(here)), ())}
        for title, (metrics, by) in {**QUESTIONS, **whole}.items():
            grain = "quarter" if title in whole else "month"
            said = {"by": by, "grain": grain, "start": "2024-01-01", "end": "2025-01-01", "order": by}
            yield Race(
                title,
                {
                    "the embedded database": lambda m=metrics, s=said: here.ask(*m, **s),
                    "PostgreSQL": lambda m=metrics, s=said: there.ask(*m, **s),
                },
                rounds=3,
                same=lambda one, other: not apart(one, other),
            )
        there.close()
        here.close()
