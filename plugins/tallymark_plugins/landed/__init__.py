"""Sources whose data `tally sync` has landed: how each kind makes its source, and what the database may read for it.

A kind of source that lands data is given as

    SourceKind(NAME, make=landed_source, options=OPTIONS, reads=landed_reads, land=land, views=VIEWS)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.embedded import Embedded
    from tallymark.source import Source


def landed_source(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
    """The source over what was landed of it (`SourceKind.make`)."""
    from tallymark_plugins.landed.source import LandedSource

    return LandedSource(definition, folder, embedded, timezone)


def landed_reads(definition: SourceDef, folder: Path) -> tuple[Path, ...]:
    """The folder that holds the landed files (`SourceKind.reads`)."""
    from tallymark.landing.store import landed_folder

    return (landed_folder(folder),)


__all__ = ["landed_reads", "landed_source"]
