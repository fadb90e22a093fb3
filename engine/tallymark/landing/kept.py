"""What a sync has read and put away: rounds, and the run they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

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
    stuck: bool
    """Whether it rested without having got further."""
    rows: Mapping[str, int]
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Up to where each resource is read after this round."""

    def told(self) -> dict[str, Any]:
        """The round as it is written into its folder."""
        told = {name: getattr(self, name) for name in ("group", "paused", "stuck", "rows", "cursors")}
        return told | {"started": self.started.isoformat()}


def _read(folder: Path) -> Round:
    told = json.loads((folder / "round.json").read_text(encoding="utf-8"))
    told |= {"group": tuple(told["group"]), "started": datetime.fromisoformat(told["started"])}
    return Round(folder, **told)


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
    folder = store.work / KEPT
    return tuple(_read(path) for path in sorted(folder.iterdir())) if folder.is_dir() else ()
