"""(d) Opening a project of more than a hundred metrics, and what the parts of that take."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import tallymark
from benchmarks.race import Race
from tallymark.check import check
from tallymark.engine.sources import Sources
from tallymark.plugins import load
from tallymark.read import read_project
from tallymark_plugins.samples import write_project


def races(scale: float) -> Iterator[Race]:
    """The sample company: 116 metrics, 15 tables in files. It has one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project)
        plugins = load(outside=False)
        definitions, _ = read_project(project, plugins.packs)
        sources = Sources(definitions, plugins, {})

        def whole() -> None:
            tallymark.open(project, plugins=False).close()

        yield Race(
            f"opening {len(definitions.metrics)} metrics",
            {
                "all of it": whole,
                "finding the plugins": lambda: load(outside=False),
                "reading the files": lambda: read_project(project, plugins.packs),
                "checking, with the tables described": lambda: check(definitions, sources.describe, plugins.functions),
            },
        )
        sources.close()
