"""The tables that a sync has landed, read from the project's store; a sync swaps the file while questions run."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.landing.landed import Landed, read_landed
from tallymark.landing.store import Store
from tallymark.source import Table, TableColumn
from tallymark_plugins.tabular.attached import AttachedSource


class LandedSource:
    """A `source.Source` over the store of a landed source. Safe to use from several threads."""

    def __init__(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> None:
        self._definition = definition
        self._store = Store(folder.resolve(), definition.name)
        path = self._store.file.relative_to(self._store.folder).as_posix()
        self._attached = AttachedSource(replace(definition, options={"path": path}), folder, embedded, timezone)
        self._lock = Lock()
        self._told: tuple[Hashable, Landed | None] | None = None

    @property
    def backend(self) -> Embedded:
        """The embedded database, to which the store is attached."""
        return self._attached.backend

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns of the table, or the declared ones among them. Raises FaultError (L803) before the first sync."""
        self._require_synced()
        return self._attached.describe(table)

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Attaches the store if a sync has swapped it, and gives the name of a view over the table."""
        self._require_synced()
        return self._attached.prepare(table)

    def state(self, table: Table) -> Hashable:
        """Changes with every sync."""
        return self._attached.state(table)

    def notes(self, table: Table) -> tuple[str, ...]:
        """Values that became null because they are not finite."""
        return self._attached.notes(table)

    def complete_until(self, table: Table) -> datetime | None:
        """Until when the table has everything that happened: when the last sync began to read it."""
        state = self._attached.state(table)
        with self._lock:
            if self._told is None or self._told[0] != state:
                self._told = (state, read_landed(self._store))
            landed = self._told[1]
        if landed is None:
            return None
        own = next((t.complete_until for t in landed.tables if t.name == table.name.removeprefix("main.")), None)
        return own or landed.complete_until

    def _require_synced(self) -> None:
        if not self._store.exists:
            name = self._definition.name
            message = f"the data of `{name}` is not here yet: the source was never synced"
            raise FaultError(Fault("L803", message, self._definition.place, f"fetch it with `tally sync {name}`"))
