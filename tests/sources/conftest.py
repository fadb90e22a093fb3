"""A folder of files, and the sources that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.source import Source, Table, WantedColumn
from tallymark_plugins import files

Columns = Mapping[str, Type | None]


def table_of(name: str, columns: Columns | None = None, form: Mapping[str, Any] | None = None) -> Table:
    """The table `name` as the dataset `orders` wants it."""
    wanted = tuple(WantedColumn(column, kind) for column, kind in (columns or {}).items())
    return Table("orders", name, wanted, form or {})


def rows_of(source: Source, table: Table) -> list[tuple[Any, ...]]:
    """The rows of the table as questions see them, in the order of the file."""
    name = ".".join(f'"{part}"' for part in source.prepare(table))
    found = source.backend.run(f"SELECT * FROM {name}")
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def faults_of(source: Source, table: Table) -> tuple[Fault, ...]:
    """The faults with which preparing the table fails."""
    with pytest.raises(FaultError) as raised:
        source.prepare(table)
    return raised.value.faults


@dataclass
class Shop:
    """A project's folder, and `files` sources over it."""

    folder: Path
    opened: list[Embedded] = field(default_factory=list)

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def source(self, timezone: str = "UTC", **options: Any) -> Source:
        definition = SourceDef("shop", "files", options)
        embedded = Embedded(files.reach(definition, self.folder), threads=1)
        self.opened.append(embedded)
        return files.make(definition, self.folder, embedded, timezone)

    def rows(self, name: str, columns: Columns | None = None, **form: Any) -> list[tuple[Any, ...]]:
        return rows_of(self.source(), table_of(name, columns, form))

    def faults(self, name: str, columns: Columns | None = None, **form: Any) -> tuple[Fault, ...]:
        return faults_of(self.source(), table_of(name, columns, form))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty project's folder."""
    made = Shop(tmp_path / "project")
    made.folder.mkdir()
    yield made
    for embedded in made.opened:
        embedded.close()
