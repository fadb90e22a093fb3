"""The only source of a book of tests: typed tables of the rows that the test at hand gives, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.hookspecs import SourceKind
from tallymark.kinds import Type
from tallymark.source import Table, TableColumn
from tallymark.transforms.sql import TYPES

KIND = "tests"
"""The name of the source, and of its kind."""

_SCHEMA = "from_tests"


@dataclass(slots=True)
class Tables:
    """A `source.Source` over rows that are put. Made for one book, which asks one question at a time.

    `types` are the columns of each dataset. Reading a dataset that has not been put is a fault (E107).
    """

    types: Mapping[str, Mapping[str, Type]]
    embedded: Embedded | None = None
    _rows: dict[str, tuple[int, Sequence[Mapping[str, Any]]]] = field(default_factory=dict)
    _loaded: dict[str, int] = field(default_factory=dict)
    _versions: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _empty: bool = False

    def kind(self) -> SourceKind:
        """The kind of source that gives this one."""

        def make(definition: SourceDef, folder: object, embedded: Embedded, timezone: str) -> Tables:
            self.embedded = embedded
            with embedded.loading() as cursor:
                cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
            return self

        return SourceKind(KIND, make)

    def put(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], empty: bool) -> None:
        """The rows of one test, by dataset; with `empty`, datasets that are not among them have none."""
        self._rows = {name: (next(self._versions) if listed else 0, listed) for name, listed in rows.items()}
        self._empty = empty

    @property
    def backend(self) -> Embedded:
        assert self.embedded is not None
        return self.embedded

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        known = self.types.get(table.dataset, {})
        wanted = [c.name for c in table.columns] or list(known)
        return tuple(TableColumn(name, known[name]) for name in wanted if name in known)

    def prepare(self, table: Table) -> tuple[str, ...]:
        version, rows = self._given(table)
        if self._loaded.get(table.dataset) != version:
            self._load(table.dataset, rows)
            self._loaded[table.dataset] = version
        return ("memory", _SCHEMA, table.dataset)

    def state(self, table: Table) -> Hashable:
        return self._rows[table.dataset][0] if table.dataset in self._rows else self._empty

    def notes(self, table: Table) -> tuple[str, ...]:
        return ()

    def _given(self, table: Table) -> tuple[int, Sequence[Mapping[str, Any]]]:
        if table.dataset in self._rows:
            return self._rows[table.dataset]
        if self._empty:
            return 0, ()
        message = f"the test looks outside its input: it reads `{table.dataset}`, of which it has no rows"
        help_ = f"give rows of `{table.dataset}`, `[]` if it has none, or say `others: empty`"
        raise FaultError(Fault("E107", message, None, help_))

    def _load(self, dataset: str, rows: Sequence[Mapping[str, Any]]) -> None:
        import pyarrow as pa

        from tallymark.engine.modelling import ARROW

        types = self.types[dataset]
        schema = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {TYPES[kind]}' for name, kind in types.items())
        name = f'{_SCHEMA}."{dataset}"'
        with self.backend.loading() as cursor:
            cursor.execute(f"CREATE OR REPLACE TABLE {name} ({schema or 'nothing BOOLEAN'})")
            if rows and types:
                columns = [pa.array([row.get(c) for row in rows], type=ARROW[kind]) for c, kind in types.items()]
                cursor.register("_given", pa.table(columns, names=[f"c{n}" for n in range(len(columns))]))
                try:
                    cursor.execute(f"INSERT INTO {name} SELECT * FROM _given")
                finally:
                    cursor.unregister("_given")
