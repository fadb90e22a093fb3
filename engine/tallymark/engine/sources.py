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
from tallymark.engine.modelling import Modelling
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.given import help_for
from tallymark.options import Owner, check_options
from tallymark.place import Place
from tallymark.plugins import Plugins, isolated
from tallymark.source import Backend, Site, Source, Table, TableColumn

IMPLIED = ("files", "memory")
"""Sources that are there without being declared, each of the kind of its name."""


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
            with self._isolated(name, f"to describe the table `{table.name}`"):
                return tuple(source.describe(table))
        except FaultError as error:
            raise FaultError(_placed(f, table.place) for f in error.faults) from error

    def site(self, catalog: Catalog, datasets: Iterable[str]) -> Site:
        """Where a question of these datasets, and of what they are made of, runs: the backend where all of them lie.

        Without any, the embedded database. Raises FaultError (D460) when they lie on several.
        """
        read = list(dict.fromkeys(d.name for name in datasets for d in catalog.basis(name)))
        backend = self._backend(catalog.datasets[read[0]]) if read else self.embedded

        def relation(dataset: str) -> tuple[str, ...]:
            own = catalog.datasets[dataset]
            if self._backend(own) is not backend:
                raise FaultError(_apart(own, catalog.datasets[read[0]] if read else None))
            with self._isolated(own.source, f"to make the table `{own.table.name}` ready"):
                return self.source(own.source).prepare(own.table)

        for name in read[1:]:
            if self._backend(catalog.datasets[name]) is not backend:
                raise FaultError(_apart(catalog.datasets[name], catalog.datasets[read[0]]))
        return Site(backend, relation)

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


def _apart(one: Dataset, other: Dataset | None) -> Fault:
    """Datasets of one question that lie on different backends."""
    there = f"`{other.name}` in the source `{other.source}`" if other is not None else "no dataset"
    message = f"the question reads `{one.name}` in the source `{one.source}` and {there}, which are two databases"
    return Fault("D460", message, None, "ask one at a time, or bring the smaller table into the other's database")


def _placed(fault: Fault, place: Place) -> Fault:
    """The fault with a place, if it has none and one is known."""
    return replace(fault, place=place) if fault.place is None and place != NOWHERE else fault
