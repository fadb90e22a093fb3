"""The source of kind `files`: CSV, TSV, JSON lines and Parquet in a folder or in object storage.

    sources:
      shop:
        kind: files
        path: data            # below the project's folder; an absolute path may lie anywhere
        decimal: ","          # any key of a text format, for all tables of the source

      lake:
        kind: files
        path: s3://bucket/exports      # also gs:// and az://
        storage: {region: eu-west-1}   # how it is reached, where the environment does not say

A dataset's `table:` is a file or a pattern (`orders/*.csv`) in that folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.objects.address import STORAGE, is_remote
from tallymark_plugins.tabular.formats import PROPERTIES

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source

KIND = "files"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {
            "type": "string",
            "description": "the folder of the files, or a URL of object storage; the project's folder when left out",
        },
        "storage": STORAGE,
        **PROPERTIES,
    },
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def reach(definition: SourceDef, folder: Path) -> tuple[Path, ...]:
    """The folders the embedded database must be allowed to read for this source. Raises FaultError (D411, D412).

    Objects are copied to where it reads anyway.
    """
    from tallymark_plugins.tabular.paths import root_of

    if is_remote(definition.options.get("path")):
        return ()
    return (root_of(definition.options.get("path"), folder, definition.place, definition.name).folder,)


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source, over an embedded database that is allowed to read `reach`.

    `folder` is the project's; `timezone` is where local times lie. Raises FaultError (D410–D412) for bad options.
    """
    from tallymark_plugins.tabular.file_tables import FileSource

    return FileSource(definition, folder, embedded, timezone)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS, reach),)
