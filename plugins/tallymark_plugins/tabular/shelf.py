"""The tables a source has made queryable, each loaded once per state of its data."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import duckdb
from sqlglot import exp

from tallymark.embedded import Embedded
from tallymark.source import Table
from tallymark_plugins.tabular.settle import Offered
from tallymark_plugins.tabular.sqltree import script


class Load(Protocol):
    """Loads a table under the parts of a name: catalog, schema, name."""

    def __call__(self, cursor: duckdb.DuckDBPyConnection, /, *, parts: Sequence[str]) -> Offered: ...


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    state: Hashable = None
    offered: Offered | None = None


class Shelf:
    """One source's loaded tables. Threads that ask for one table wait for one load; others go on."""

    def __init__(self, embedded: Embedded, source: str) -> None:
        self._embedded = embedded
        self._schema = f"from_{source}"
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}
        schema = exp.table_("", db=self._schema, catalog="memory", quoted=True)
        with embedded.loading() as cursor:
            cursor.execute(script(exp.Create(this=schema, kind="SCHEMA", exists=True)))

    def get(self, table: Table, state: Callable[[], Hashable], load: Load) -> Offered:
        """The table as offered, loaded if it never was or if its state has changed since. Raises FaultError.

        The state is taken before the load: data that changes during it is loaded again at the next call.
        """
        name = f"{table.dataset}_{identity(table)}"
        with self._lock:
            slot = self._slots.setdefault(name, _Slot())
        with slot.lock:
            now = state()
            if slot.offered is None or slot.state != now:
                slot.offered = self._embedded.load(partial(load, parts=("memory", self._schema, name)))
                slot.state = now
            return slot.offered


def identity(table: Table) -> str:
    """Eight hexadecimal digits that differ between tables that are read differently."""
    columns = [(c.name, c.type, c.required, sorted(c.format.items(), key=repr)) for c in table.columns]
    told = repr((table.name, columns, sorted(table.format.items(), key=repr)))
    return hashlib.blake2b(told.encode(), digest_size=4).hexdigest()
