"""The source of kind `adbc`: any database with an ADBC driver, its rows fetched as Arrow when needed.

sources:
  lake:
    kind: adbc
    driver: adbc_driver_flightsql     # a Python package that is installed
    uri: env:LAKE_URI
    dialect: dremio                   # whose quotes stand around names; postgres when left out
    options:
      username: env:LAKE_USER
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

KIND = "adbc"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        # A path to a library would let a project's file run any code that lies on the machine.
        "driver": {
            "type": "string",
            "pattern": "^adbc_driver_[a-z0-9_]+$",
            "description": "the Python package of an ADBC driver, as adbc_driver_postgresql",
        },
        "uri": {"type": "string", "secret": True, "description": "a reference to the URI: env:NAME or file:PATH"},
        "dialect": {"type": "string", "description": "the SQL that the database understands; postgres when left out"},
        "schema": {"type": "string", "description": "the schema of tables that are named without one"},
        "options": {
            "type": "object",
            "additionalProperties": {"type": ["string", "integer", "boolean"]},
            "description": "the driver's own options by name; env:NAME and file:PATH are references to secrets",
        },
        **LIMITS,
    },
    "required": ["driver"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source. The database is connected to when a table is first looked at.

    Raises FaultError: R035–R037 bad options, D480 a URI written in the project's file, D481 a secret that is not
    there, P790 a package that is not installed.
    """
    from tallymark.secret import secret
    from tallymark_plugins.databases.fetched import FetchedSource
    from tallymark_plugins.databases.options import require_dialect, require_package, revealed

    options = checked(definition, OPTIONS)
    uri = secret(options, "uri", folder, definition.place)
    require_package("adbc_driver_manager", "adbc", definition)
    require_package(options["driver"], "adbc", definition)
    dialect = require_dialect(str(options.get("dialect", "postgres")), definition)
    from tallymark_plugins.databases.adbc_reader import AdbcReader

    _require_references(options.get("options", {}), definition)
    said, secrets = revealed(options.get("options", {}), folder, definition.place)
    arguments = {key: _written(value) for key, value in said.items()}
    if uri is not None:
        arguments["uri"] = uri.reveal()
        secrets.append(arguments["uri"])
    reader = AdbcReader(
        options["driver"], arguments, secrets, dialect, options.get("schema"), definition.place, definition.name,
        float(options.get("fresh_for", FRESH_FOR)),
    )  # fmt: skip
    return FetchedSource(definition.name, reader, embedded, timezone, int(options.get("rows", ROWS)))


def _require_references(said: dict[str, Any], definition: SourceDef) -> None:
    """Raises FaultError (D480) where an option that is a secret by its name is written out."""
    from tallymark.secret import Secret

    for key, value in said.items():
        if any(word in key.lower() for word in ("password", "token", "secret", "private_key", "credential")):
            Secret(str(value), place=definition.place)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS),)
