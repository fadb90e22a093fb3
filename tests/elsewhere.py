"""Databases that are not the embedded one: each an embedded one of its own, so that a project can be spread over them.

`spread(definitions, tables, random)` lets each dataset lie here or in one of two others, by chance. `Elsewhere` is the
plugin that knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from tallymark import SourceKind, hookimpl
from tallymark.definitions import DatasetDef, Definitions, SourceDef
from tallymark.embedded import Embedded
from tallymark.source import Source
from tallymark_plugins.tabular.file_tables import FileSource
from tallymark_plugins.tabular.handed import Memory

OTHERS = ("east", "west")


class Elsewhere:
    """A plugin with sources of kind `elsewhere`, over tables handed over or over the files of a project."""

    __name__ = "elsewhere"

    def __init__(self, tables: Mapping[str, Any] | None = None) -> None:
        self.tables = tables

    def make(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
        """A source over an embedded database of its own."""
        if self.tables is None:
            files = replace(definition, options={})
            return FileSource(files, folder, Embedded([folder], threads=1), timezone)
        memory = Memory(definition.name, Embedded(threads=1), timezone)
        for name, table in self.tables.items():
            memory.put(name, table)
        return memory

    @hookimpl
    def tally_sources(self) -> tuple[SourceKind, ...]:
        """The one kind."""
        return (SourceKind("elsewhere", self.make),)


def spread(definitions: Definitions, random: Random, others: Mapping[str, SourceDef] | None = None) -> Definitions:
    """The definitions with each dataset where chance puts it: here, or in one of the others (the east and the west)."""
    sources = others or {name: SourceDef(name, "elsewhere") for name in OTHERS}

    def moved(dataset: DatasetDef) -> DatasetDef:
        there = random.choice((*sources, None))
        plain = dataset.source in (None, "files", "memory") and dataset.transform is None
        if there is None or not plain or (dataset.table is None and dataset.implements is None and dataset.pack):
            return dataset
        return replace(dataset, source=there, table=dataset.table or dataset.name)

    datasets = {name: moved(d) for name, d in definitions.datasets.items()}
    return replace(definitions, datasets=datasets, sources={**definitions.sources, **sources})
