"""Landing the data of a project's sources: what to sync is read from its files, without opening a book of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event

from tallymark.definitions import Definitions
from tallymark.engine.loading import plugins_of
from tallymark.engine.sources import unsound_options
from tallymark.errors import FaultError
from tallymark.landing.landed import Status, Synced
from tallymark.landing.run import Watch
from tallymark.landing.status import status
from tallymark.landing.sync import sync
from tallymark.plugins import Plugins
from tallymark.read import read_project


def sync_project(
    path: str | Path | None = None,
    sources: str | Sequence[str] = (),
    *,
    full: bool = False,
    watch: Watch | None = None,
    stop: Event | None = None,
    plugins: bool | Sequence[object] = True,
    strict: bool = True,
) -> tuple[Synced, ...]:
    """Lands the named sources of the project in a folder, or all that can be landed, and tells what came of each.

    `full` reads everything anew; what is there stays until that is done. `watch` is told how far it is, `stop` ends it
    at the next page with Cancelled. Every source is tried: raises FaultError afterwards with what failed, unless
    `strict` is False, when each result holds its own faults; and at once for names that are no landed sources.
    """
    definitions, loaded = _read(path, plugins)
    unsound = unsound_options(definitions, loaded)
    done = sync(definitions, loaded.sources, _names(sources), full=full, watch=watch, stop=stop, unsound=unsound)
    faults = [fault for each in done for fault in each.faults]
    if strict and faults:
        raise FaultError(faults)
    return done


def sync_status(
    path: str | Path | None = None, sources: str | Sequence[str] = (), *, plugins: bool | Sequence[object] = True
) -> tuple[Status, ...]:
    """What is landed of each source and until when, and what the last sync that failed said. Asks no service."""
    definitions, loaded = _read(path, plugins)
    return status(definitions, loaded.sources, _names(sources))


def _read(path: str | Path | None, plugins: bool | Sequence[object]) -> tuple[Definitions, Plugins]:
    at = Path(path if path is not None else ".")
    loaded = plugins_of(at, plugins)
    definitions, faults = read_project(at, loaded.packs, loaded.units)
    # A mistake in a metric is no reason to land nothing; one in the settings or the sources is.
    errors = [f for f in faults if f.severity == "error" and _of_settings(f.place, definitions)]
    if errors:
        raise FaultError(errors)
    return definitions, loaded


def _of_settings(place: object, definitions: Definitions) -> bool:
    file = getattr(place, "file", None)
    return file is None or file == definitions.project.place.file


def _names(sources: str | Sequence[str]) -> tuple[str, ...]:
    return (sources,) if isinstance(sources, str) else tuple(sources)
