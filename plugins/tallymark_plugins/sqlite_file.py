"""The source of kind `sqlite`: the tables and views of a SQLite file, fetched when a question needs them.

    sources:
      app:
        kind: sqlite
        path: app.db

SQLite keeps values of any type in any column. A value that is not of its column's type is a fault that names table, row
and column, or null with a count where the format says `on_error: null`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.databases.options import LIMITS, ROWS, checked

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

KIND = "sqlite"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "the SQLite file"},
        "rows": LIMITS["rows"],
    },
    "required": ["path"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source. `folder` is the project's; `timezone` is where local times lie.

    Raises FaultError: R035–R037 bad options, D412 a path that leads out of the project. The file is opened when a table
    is first looked at.
    """
    from tallymark_plugins.databases.fetched import FetchedSource
    from tallymark_plugins.databases.sqlite_reader import SqliteReader
    from tallymark_plugins.tabular.paths import root_of

    options = checked(definition, OPTIONS)
    root = root_of(options["path"], folder, definition.place, definition.name)
    reader = SqliteReader(root.folder, root, definition.place, definition.name)
    return FetchedSource(definition.name, reader, embedded, timezone, int(options.get("rows", ROWS)))


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS),)
