"""The source of kind `duckdb`: the tables and views of a DuckDB file, attached read-only.

    sources:
      warehouse:
        kind: duckdb
        path: warehouse.duckdb

A dataset's `table:` is a table's name, or `schema.table`. While a project is open, DuckDB lets no other process write
to the file; changes made in between are seen at the next question.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

KIND = "duckdb"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string", "description": "the DuckDB file"}},
    "required": ["path"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def reach(definition: SourceDef, folder: Path) -> tuple[Path, ...]:
    """The files the embedded database must be allowed to read: the DuckDB file and its write-ahead log.

    Raises FaultError (D412) for a file that leads out of the project.
    """
    from tallymark_plugins.tabular.attached import file_of, log_of

    path = file_of(definition, folder)
    return path, log_of(path)


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source, over an embedded database that is allowed to read `reach`. The file is attached when first needed.

    `folder` is the project's; `timezone` is where local times lie. Raises FaultError (D412).
    """
    from tallymark_plugins.tabular.attached import AttachedSource

    return AttachedSource(definition, folder, embedded, timezone)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS, reach),)
