"""The sources of one engine: made when first needed, on one embedded database that can read their folders only."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tallymark.catalog import Catalog, Dataset
from tallymark.definitions import NOWHERE, Definitions, SourceDef
from tallymark.embedded import Embedded
from tallymark.engine.apart import Lying, apart_site
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark.plugins import Plugins
from tallymark.source import Backend, Site, Source, Table, TableColumn

IMPLIED = ("files", "memory")
"""Sources that are there without being declared, each of the kind of its name."""


class Sources:
    """Gives each declared source, and the implied ones, to whoever reads tables."""

    def __init__(self, definitions: Definitions, plugins: Plugins, tables: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.plugins = plugins
        self.tables = dict(tables)
        self.folder = Path(definitions.project.folder)
        self._lock = threading.RLock()
        self._made: dict[str, Source] = {}
        self._embedded: Embedded | None = None

    @property
    def embedded(self) -> Embedded:
        """The embedded database, started when first needed."""
        with self._lock:
            if self._embedded is None:
                self._embedded = Embedded(self._allowed())
            return self._embedded

    def _declared(self) -> dict[str, SourceDef]:
        implied = {name: SourceDef(name, name) for name in IMPLIED}
        return {**implied, **self.definitions.sources}

    def _allowed(self) -> list[Path]:
        """Every folder and file that the sources say they read."""
        places: list[Path] = []
        for definition in self._declared().values():
            kind = self.plugins.sources.get(definition.kind)
            if kind is not None and kind.reads is not None and self._wanted(definition):
                places += kind.reads(definition, self.folder)
        return places

    def _wanted(self, definition: SourceDef) -> bool:
        """The implied source of files is for projects with a folder."""
        return definition.name in self.definitions.sources or self.definitions.project.folder != ""

    def source(self, name: str) -> Source:
        """The source of that name. Raises FaultError when there is none, or its kind is unknown."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> Source:
        declared = self._declared()
        definition = declared.get(name)
        if definition is None:
            help_ = did_you_mean(name, declared)
            raise FaultError(Fault("D430", f"unknown source `{name}`", None, help_))
        kind = self.plugins.sources.get(definition.kind)
        if kind is None:
            help_ = did_you_mean(definition.kind, self.plugins.sources)
            message = f"no plugin gives sources of the kind `{definition.kind}`"
            raise FaultError(Fault("D431", message, definition.place, help_))
        source = kind.make(definition, self.folder, self.embedded, self.definitions.project.timezone)
        if name == "memory":
            for table, data in self.tables.items():
                source.put(table, data)  # type: ignore[attr-defined]
        return source

    def describe(self, name: str, table: Table) -> tuple[TableColumn, ...]:
        """The columns of a table. Raises FaultError."""
        try:
            source = self.source(name)
        except FaultError as error:
            raise FaultError(_placed(f, table.source_place) for f in error.faults) from error
        try:
            return source.describe(table)
        except FaultError as error:
            raise FaultError(_placed(f, table.place) for f in error.faults) from error

    def site(self, catalog: Catalog, datasets: Iterable[str]) -> Site:
        """Where a question of these datasets, and of what they are made of, runs: the backend where all of them lie.

        Without any, the embedded database. When they lie on several, each gives its part: see `apart.py`.
        """
        read = dict.fromkeys(d.name for name in datasets for d in catalog.basis(name))
        backends = list({id(b): b for name in read if (b := self._backend(catalog.datasets[name]))}.values())
        if len(backends) > 1:
            return self._apart(catalog)

        def relation(dataset: str) -> tuple[str, ...]:
            own = catalog.datasets[dataset]
            source = self.source(own.source)
            assert source.backend is site.backend, f"nobody said that `{dataset}` would be read"
            return source.prepare(own.table)

        site = Site(backends[0] if backends else self.embedded, relation)
        return site

    def site_around(self, catalog: Catalog, dataset: str) -> Site:
        """Where a statement over the rows of one dataset runs, whatever they refer to or columns are gathered from."""
        found, waiting = dict[str, None](), [dataset]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = None
            own = catalog.datasets[name]
            waiting += [reference.dataset for reference in own.references.values()]
            waiting += [c.aggregate.dataset for c in own.columns.values() if c.aggregate is not None]
            waiting += [d.name for d in catalog.basis(name)]
        return self.site(catalog, found)

    def _apart(self, catalog: Catalog) -> Site:
        """Where a question of datasets in several databases runs."""

        def lies(dataset: str) -> Lying:
            own = catalog.datasets[dataset]
            source = self.source(own.source)
            return Lying(own.source, source.backend, lambda: source.prepare(own.table))

        return apart_site(self.embedded, lies, self.definitions.project.fetched_rows)

    def _backend(self, dataset: Dataset) -> Backend:
        return self.source(dataset.source).backend

    def state(self, dataset: Dataset) -> Hashable:
        return self.source(dataset.source).state(dataset.table)

    def notes(self, dataset: Dataset) -> tuple[str, ...]:
        return self.source(dataset.source).notes(dataset.table)

    def cancel(self) -> None:
        """Stops every question that runs now, on any backend."""
        for backend in self._backends():
            backend.cancel()

    def close(self) -> None:
        """Closes every backend."""
        for backend in self._backends():
            backend.close()

    def _backends(self) -> list[Backend]:
        with self._lock:
            found: list[Backend] = [self._embedded] if self._embedded is not None else []
            found += [source.backend for source in self._made.values()]
        return list({id(backend): backend for backend in found}.values())


def _placed(fault: Fault, place: Place) -> Fault:
    """The fault with a place, if it has none and one is known."""
    return replace(fault, place=place) if fault.place is None and place != NOWHERE else fault
