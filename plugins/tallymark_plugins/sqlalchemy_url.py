"""The source of kind `sqlalchemy`: any database that SQLAlchemy has a dialect for, its rows fetched when needed.

sources:
  erp:
    kind: sqlalchemy
    url: env:ERP_URL        # mysql+pymysql://user:password@host/database
    fresh_for: 600          # seconds
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.databases.options import FRESH_FOR, LIMITS, ROWS, checked

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

KIND = "sqlalchemy"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "secret": True, "description": "a reference to the URL: env:NAME or file:PATH"},
        "schema": {"type": "string", "description": "the schema of tables that are named without one"},
        **LIMITS,
    },
    "required": ["url"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source. The database is connected to when a table is first looked at.

    Raises FaultError: R035–R037 bad options, D480 a URL written in the project's file, D481 a secret that is not
    there, P790 a package that is not installed.
    """
    from tallymark.secret import secret
    from tallymark_plugins.databases.fetched import FetchedSource
    from tallymark_plugins.databases.options import require_package

    options = checked(definition, OPTIONS)
    url = secret(options, "url", folder, definition.place)
    assert url is not None
    require_package("sqlalchemy", "sqlalchemy", definition)
    from tallymark_plugins.databases.sqlalchemy_reader import SqlalchemyReader

    fresh_for = float(options.get("fresh_for", FRESH_FOR))
    reader = SqlalchemyReader(url.reveal(), definition.place, definition.name, options.get("schema"), fresh_for)
    return FetchedSource(definition.name, reader, embedded, timezone, int(options.get("rows", ROWS)))


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS),)
