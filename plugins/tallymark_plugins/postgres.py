"""The source of kind `postgres`: tables and views of a PostgreSQL server, where questions about them run.

    sources:
      app:
        kind: postgres
        host: db.example.com
        database: shop
        user: reader
        password: env:SHOP_PASSWORD

A dataset's `table:` is a table or view of the source's schema, or `schema.table`. Nothing is copied: the question's SQL
runs on the server, in read-only transactions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

KIND = "postgres"

_REFERENCE = "as `env:NAME` or `file:PATH`"
_SSL = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "secret": True, "description": f"the whole connection, {_REFERENCE}"},
        "host": {"type": "string", "description": "the server's name or address, or the folder of its socket"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "5432 unless said"},
        "database": {"type": "string", "description": "the user's own name unless said"},
        "user": {"type": "string", "description": "who connects; give it rights to read only"},
        "password": {"type": "string", "secret": True, "description": f"a secret, {_REFERENCE}"},
        "sslmode": {"enum": _SSL, "description": "whether the connection is encrypted, and the server verified"},
        "sslrootcert": {"type": "string", "description": "the file of certificates that the server's is verified by"},
        "schema": {"type": "string", "description": "where tables are that name no schema; `public` unless said"},
        "statement_timeout": {"type": "number", "minimum": 0, "description": "seconds a statement may take; 0: any"},
        "connect_timeout": {"type": "integer", "minimum": 1, "description": "seconds to connect in; 10 unless said"},
        "connections": {"type": "integer", "minimum": 1, "maximum": 64, "description": "at once; 4 unless said"},
    },
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source. It connects when a table is first looked at. Raises FaultError (D410, D465, D480) for bad options."""
    from tallymark_plugins.postgresql.options import options_of
    from tallymark_plugins.postgresql.tables import PostgresSource

    return PostgresSource(options_of(definition, folder))


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS),)
