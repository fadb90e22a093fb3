"""What is landed of each source, and what the last sync that failed said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tallymark.definitions import Definitions, SourceDef
from tallymark.errors import Fault, FaultError
from tallymark.hookspecs import SourceKind
from tallymark.landing.kept import kept_rounds
from tallymark.landing.landed import Landed, Status, read_landed
from tallymark.landing.store import Store
from tallymark.landing.sync import landed_sources


def status(
    definitions: Definitions, kinds: Mapping[str, SourceKind], sources: Sequence[str] = ()
) -> tuple[Status, ...]:
    """The status of the named sources, or of all that can be landed. Raises FaultError (L801)."""
    folder = Path(definitions.project.folder).resolve()
    return tuple(_status(each, Store(folder, each.name)) for each in landed_sources(definitions, kinds, sources))


def _status(definition: SourceDef, store: Store) -> Status:
    landed: Landed | None = None
    failed: Fault | None = None
    failed_at: datetime | None = None
    told = store.noted("failure")
    if told is not None:
        failed, failed_at = _failure(told)
    try:
        landed = read_landed(store)
    except FaultError as error:
        failed = error.faults[0]
    manifest = store.noted("manifest")
    kept = 0
    if manifest is not None and (landed is None or manifest.get("run") != landed.run):
        kept = sum(sum(each.rows.values()) for each in kept_rounds(store))
    return Status(definition.name, definition.kind, landed, failed, failed_at, kept, store.locked())


def _failure(told: Mapping[str, Any]) -> tuple[Fault | None, datetime | None]:
    faults = told.get("faults")
    first = faults[0] if isinstance(faults, list) and faults else None
    if not isinstance(first, dict):
        return None, None
    fault = Fault(str(first.get("code")), str(first.get("message")), None, first.get("help"), first.get("subject"))
    return fault, datetime.fromisoformat(str(told.get("at")))
