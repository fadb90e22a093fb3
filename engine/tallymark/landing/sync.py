"""Bringing the data of services into the project's store."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import MappingProxyType

from tallymark.definitions import Definitions, SourceDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.hookspecs import SourceKind
from tallymark.landing.complaints import faults_of
from tallymark.landing.kept import KEPT
from tallymark.landing.landed import Landed, Synced, read_landed
from tallymark.landing.quiet import quiet_dlt, require_dlt
from tallymark.landing.run import Pace, Progress, Run, Watch


def sync(
    definitions: Definitions,
    kinds: Mapping[str, SourceKind],
    sources: Sequence[str] = (),
    *,
    full: bool = False,
    watch: Watch | None = None,
    stop: Event | None = None,
    pace: Pace | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    unsound: Mapping[str, Sequence[Fault]] = MappingProxyType({}),
) -> tuple[Synced, ...]:
    """Lands the named sources, or all that can be landed, one after the other; one that fails does not stop the rest.

    `full` reads everything anew, and what is there stays until that is done. `unsound` are sources that are not to be
    tried, with what is wrong with them. Raises FaultError (L800) without dlt and
    (L801) for a name that is no landed source; Cancelled after `stop` is set, KeyboardInterrupt as it came.
    """
    chosen = landed_sources(definitions, kinds, sources)
    require_dlt()
    folder = Path(definitions.project.folder)
    done = []
    for definition in chosen:
        run = Run(definition, kinds[definition.kind], folder.resolve(), full, stop=stop or Event(), now=now)
        run.watch = watch or run.watch
        run.pace = pace or run.pace
        done.append(_unsound(run, unsound[definition.name]) if definition.name in unsound else _synced(run))
    return tuple(done)


def _unsound(run: Run, faults: Sequence[Fault]) -> Synced:
    with suppress(FaultError), run.store.alone():
        _note_failure(run, faults)
    return Synced(run.definition.name, None, tuple(faults))


def landed_sources(
    definitions: Definitions, kinds: Mapping[str, SourceKind], names: Sequence[str] = ()
) -> list[SourceDef]:
    """The project's sources that are landed, or the named ones. Raises FaultError (L801)."""
    able = {name: s for name, s in definitions.sources.items() if s.kind in kinds and kinds[s.kind].land is not None}
    faults = []
    for name in names:
        if name in able:
            continue
        if name in definitions.sources:
            kind = definitions.sources[name].kind
            message = f"the source `{name}` is of the kind `{kind}`, which is read where it is and not landed"
            faults.append(Fault("L801", message, definitions.sources[name].place, did_you_mean(name, able)))
        else:
            faults.append(Fault("L801", f"unknown source `{name}`", None, did_you_mean(name, able)))
    if faults:
        raise FaultError(faults)
    return [able[name] for name in dict.fromkeys(names)] if names else list(able.values())


def _synced(run: Run) -> Synced:
    name, store = run.definition.name, run.store
    before: Landed | None = None
    try:
        with store.alone(), store.writing():
            before = _before(run)
            try:
                after = _landed(run, before)
            except BaseException as error:
                store.discard()
                faults = faults_of(error, run)
                if any(fault.code == "L822" for fault in faults):
                    # What was put away would not load the next time either.
                    _forget(run)
                _trace(error)
                _note_failure(run, faults)
                run.watch(Progress(name, "failed"))
                return Synced(name, before, faults, tuple(run.notes))
    except FaultError as error:
        run.watch(Progress(name, "failed"))
        return Synced(name, before, tuple(f.within(f"source `{name}`") for f in error.faults), tuple(run.notes))
    run.watch(Progress(name, "done"))
    return Synced(name, after, (), tuple(dict.fromkeys(run.notes)))


def _before(run: Run) -> Landed | None:
    """What is there. A file that cannot be read is in nobody's way when everything is read anew."""
    try:
        return read_landed(run.store)
    except FaultError:
        if run.full:
            return None
        raise


def _landed(run: Run, before: Landed | None) -> Landed:
    # dlt is there by now.
    from tallymark.landing.loading import load
    from tallymark.landing.rounds import read

    store = run.store
    if before is not None and before.options != run.options and not run.full:
        run.notes.append("its options have changed since the last sync: `--full` reads everything anew with them")
    told = store.noted("manifest")
    if told is not None and before is not None and told.get("run") == before.run:
        # It was swapped in, and killed before it could tidy up.
        _forget(run)
    store.discard()
    with quiet_dlt(store.work):
        reading = read(run, before)
        after = load(run, reading, before)
    _forget(run)
    store.discard()
    store.note("failure", None)
    return after


def _forget(run: Run) -> None:
    # The manifest goes first: rounds without one are nobody's.
    run.store.note("manifest", None)
    run.store.clear(KEPT)


def _note_failure(run: Run, faults: Sequence[Fault]) -> None:
    # On a full disk there may be no room even for this.
    with suppress(OSError):
        run.store.note("failure", {"at": run.now().isoformat(), "faults": [f.as_dict() for f in faults]})


def _trace(error: BaseException) -> None:
    """Shows where a source failed, for its maker; what stands in addresses behind `?` or before `@` may be a key."""
    if os.environ.get("TALLY_DEBUG"):
        told = "".join(traceback.format_exception(error))
        print(re.sub(r"(?<=\?)[^\s'\"]+|(?<=://)[^\s/@]+(?=@)", "***", told), file=sys.stderr)
