"""The source of kind `memory`: tables that a Python program hands over.

    source = Memory("app", embedded, "UTC")
    source.put("orders", frame)

A table is an Arrow table, a pandas or polars frame, or any object with `__arrow_c_stream__` (the Arrow PyCapsule
interface). What is put is not copied then: do not change it afterwards, put it again. The columns a question needs are
copied into the embedded database when they are first asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark_plugins.tabular.handed import Memory

KIND = "memory"

OPTIONS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
"""A JSON Schema of the source's options: it has none."""


def reach(definition: SourceDef, folder: Path) -> tuple[Path, ...]:
    """No files."""
    return ()


def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Memory:
    """The source, still without tables. `timezone` is where local times lie."""
    from tallymark_plugins.tabular.handed import Memory

    return Memory(definition.name, embedded, timezone)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, make, OPTIONS, reach),)


def __getattr__(name: str) -> Any:
    # `Memory` needs Arrow and DuckDB, which a look at the plugin must not import.
    if name == "Memory":
        from tallymark_plugins.tabular.handed import Memory

        return Memory
    raise AttributeError(name)
