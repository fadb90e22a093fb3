"""A plugin for Tallymark: the module that its entry point names. It says who it is and what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import Function, PluginInfo, SourceKind, hookimpl

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

tally_plugin = PluginInfo("acme", "Say here what it gives.", requires_api=">=1.0,<2")

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {
            "type": "string",
            "description": "the folder, below the project's, with a file NAME.json for each",
        },
    },
    "required": ["path"],
    "additionalProperties": False,
}
"""A JSON Schema: options are held against it before `make` is called. A secret has `"secret": true`."""


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """A source for one entry of a project's `sources:`. What is heavy is imported here, not at the top."""
    from tallymark_acme.tables import JsonFolder
    from tallymark_plugins.arrow_tables import arrow_source

    return arrow_source(definition, embedded, timezone, JsonFolder(folder / definition.options["path"]))


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The kinds of source: `kind: acme` in tally.yaml."""
    return (SourceKind("acme", make, OPTIONS),)


@hookimpl
def tally_functions() -> tuple[Function, ...]:
    """The functions and aggregates of formulas."""
    from tallymark_acme.functions import FUNCTIONS

    return FUNCTIONS
