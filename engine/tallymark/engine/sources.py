"""The sources of one engine: made when first needed, on one embedded database that can read their folders only."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tallymark.catalog import Catalog, Dataset
from tallymark.definitions import NOWHERE, Definitions, SourceDef
from tallymark.embedded import Embedded
from tallymark.engine.apart import Lying, apart_site
from tallymark.engine.modelling import Modelling
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.given import help_for
from tallymark.options import Owner, check_options
from tallymark.place import Place
from tallymark.plugins import Plugins, isolated
from tallymark.source import Backend, Site, Source, Table, TableColumn

IMPLIED = ("files", "memory")
"""Sources that are there without being declared, each of the kind of its name."""


_ABILITIES = ("backend", "describe", "prepare", "state", "notes")
"""What every source has."""


def unsound_options(definitions: Definitions, plugins: Plugins) -> dict[str, tuple[Fault, ...]]:
    """The declared sources whose options are not what their kind takes, by name, with the faults."""
    found: dict[str, tuple[Fault, ...]] = {}
    for definition in definitions.sources.values():
        kind = plugins.sources.get(definition.kind)
        if kind is not None:
            owner = Owner(f"source `{definition.name}`", definition.place, definition.places)
            faults = check_options(definition.options, kind.options, owner)
            found |= {definition.name: tuple(faults)} if faults else {}
    return found


class Sources:
    """Gives each declared source, and the implied ones, to whoever reads tables."""

    def __init__(self, definitions: Definitions, plugins: Plugins, tables: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.plugins = plugins
        self.tables = dict(tables)
        self.folder = Path(definitions.project.folder)
        self._lock = threading.RLock()
        self._made: dict[str, Source] = {}
        self.unsound: dict[str, tuple[Fault, ...]] = unsound_options(definitions, plugins)
        """What is wrong with the options of each source that cannot be used."""
        self._embedded: Embedded | None = None
        self.modelling = Modelling(plugins.models, lambda: self.embedded)
        """Python models, which compute beside the embedded database."""

    @property
    def embedded(self) -> Embedded:
        """The embedded database, started when first needed."""
        with self._lock:
            if self._embedded is None:
                self._embedded = Embedded(self._allowed())
                self.modelling.define(self.plugins.functions.values(), self._embedded)
            return self._embedded

    def _declared(self) -> dict[str, SourceDef]:
        implied = {name: SourceDef(name, name) for name in IMPLIED}
        return {**implied, **self.definitions.sources}

    def _allowed(self) -> list[Path]:
        """Every folder and file that the sources say they read. A source that cannot say is not to be used."""
        places: list[Path] = []
        for definition in self._declared().values():
            kind = self.plugins.sources.get(definition.kind)
            if kind is None or kind.reads is None or not self._wanted(definition) or definition.name in self.unsound:
                continue
            try:
                with self._isolated(definition.name, "to say what it reads"):
                    places += kind.reads(definition, self.folder)
            except FaultError as error:
                self.unsound[definition.name] = error.faults
        return places

    def _isolated(self, name: str, doing: str) -> AbstractContextManager[None]:
        """What the plugin of a source raises that it should not, as a fault that names it."""
        definition = self._declared()[name]
        giver = self.plugins.giver("sources", definition.kind)
        place = definition.place if definition.place != NOWHERE else None
        return isolated(giver, f"{doing}, as the source `{name}`", place)

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
            help_ = help_for(definition.kind, self.plugins.sources)
            message = f"no plugin gives sources of the kind `{definition.kind}`"
            raise FaultError(Fault("D431", message, definition.place, help_))
        embedded = self.embedded
        if name in self.unsound:
            raise FaultError(self.unsound[name])
        with self._isolated(name, "to begin"):
            source = kind.make(definition, self.folder, embedded, self.definitions.project.timezone)
            lacking = [n for n in _ABILITIES if not hasattr(source, n)]
            if lacking:
                raise TypeError(f"what it makes is no source: it has no `{lacking[0]}`")
        if name == "memory":
            for table, data in self.tables.items():
                source.put(table, data)  # type: ignore[attr-defined]  # the kind `memory` has it
        return source

    def describe(self, name: str, table: Table) -> tuple[TableColumn, ...]:
        """The columns of a table. Raises FaultError."""
        try:
            source = self.source(name)
        except FaultError as error:
            raise FaultError(_placed(f, table.source_place) for f in error.faults) from error
        try:
            with self._isolated(name, f"to describe the table `{table.name}`"):
                return tuple(source.describe(table))
        except FaultError as error:
            raise FaultError(_placed(f, table.place) for f in error.faults) from error

    def site(self, catalog: Catalog, datasets: Iterable[str]) -> Site:
        """Where a question of these datasets, and of what they are made of, runs: the backend where all of them lie.

        Without any, the embedded database. When they lie on several, each gives its part: see `apart.py`; so does a
        single one where something may have to be computed in Python, which runs beside the embedded database.
        """
        datasets = tuple(datasets)
        read = dict.fromkeys(d.name for name in datasets for d in catalog.basis(name))
        backends = list({id(b): b for name in read if (b := self._backend(catalog.datasets[name]))}.values())
        if len(backends) > 1 or (backends and backends[0] is not self.embedded and self._in_python(catalog, datasets)):
            return self._apart(catalog)

        def relation(dataset: str) -> tuple[str, ...]:
            own = catalog.datasets[dataset]
            assert self._backend(own) is site.backend, f"nobody said that `{dataset}` would be read"
            return self._prepared(own)

        site = Site(backends[0] if backends else self.embedded, relation)
        return site

    def _in_python(self, catalog: Catalog, datasets: Iterable[str]) -> bool:
        """Whether anything in statements over these datasets may be Python: a row model, a function of formulas."""
        made = (d.making for d in catalog.made(datasets))
        models = any(m is not None and m.transform.version is not None for m in made)
        return models or any(f.python is not None for f in self.plugins.functions.values())

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
            return Lying(own.source, self._backend(own), lambda: self._prepared(own))

        return apart_site(self.embedded, lies, self.definitions.project.fetched_rows)

    def _prepared(self, dataset: Dataset) -> tuple[str, ...]:
        """Makes a dataset queryable where it lies, and gives its name there."""
        with self._isolated(dataset.source, f"to make the table `{dataset.table.name}` ready"):
            return self.source(dataset.source).prepare(dataset.table)

    def _backend(self, dataset: Dataset) -> Backend:
        return self.source(dataset.source).backend

    def state(self, dataset: Dataset) -> Hashable:
        source = self.source(dataset.source)
        with self._isolated(dataset.source, f"to tell the state of the table `{dataset.table.name}`"):
            state = source.state(dataset.table)
            hash(state)
            return state

    def notes(self, dataset: Dataset) -> tuple[str, ...]:
        source = self.source(dataset.source)
        with self._isolated(dataset.source, f"to tell of the table `{dataset.table.name}`"):
            return tuple(source.notes(dataset.table))

    def cancel(self) -> None:
        """Stops every question that runs now, on any backend, and every model."""
        self.modelling.cancel()
        for backend in self._backends():
            backend.cancel()

    def complete_until(self, dataset: Dataset) -> datetime | None:
        """Until when everything that happened is in a dataset's table; None where a source reads what is there now."""
        told = getattr(self.source(dataset.source), "complete_until", None)
        until: datetime | None = told(dataset.table) if told is not None else None
        return until

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
