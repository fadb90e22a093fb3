"""What a sync has read and put away: rounds, and the run they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tallymark.landing.landed import Landed
from tallymark.landing.run import Run
from tallymark.landing.store import Store

KEPT = "kept"
"""The folder of the work that has a folder for each round."""


@dataclass(frozen=True, slots=True)
class Round:
    """A round that is put away: what it read, since when, and whether its group has more."""

    folder: Path
    group: tuple[str, ...]
    started: datetime
    paused: bool
    rows: Mapping[str, int]
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Up to where each resource is read after this round."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A run of reading, perhaps begun by a process that is gone."""

    run: str
    started: datetime
    full: bool
    rounds: tuple[Round, ...] = ()


def resumed(run: Run, before: Landed | None) -> Reading | None:
    """The run that was broken off, if what it read still goes with the store and with what is asked."""
    store = run.store
    told = store.noted("manifest")
    if told is None:
        return None
    fits = (
        told.get("before") == (before.run if before else None)
        and told.get("options") == run.options
        and (told.get("full") or not run.full)
    )
    if not fits:
        return None
    with suppress(OSError, KeyError, TypeError, ValueError):
        return Reading(told["run"], datetime.fromisoformat(told["started"]), told["full"], kept_rounds(store))
    return None


def kept_rounds(store: Store) -> tuple[Round, ...]:
    """The rounds that are put away, in order."""
    rounds = []
    folder = store.work / KEPT
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        told = json.loads((path / "round.json").read_text(encoding="utf-8"))
        started = datetime.fromisoformat(told["started"])
        rounds.append(Round(path, tuple(told["group"]), started, told["paused"], told["rows"], told["cursors"]))
    return tuple(rounds)
