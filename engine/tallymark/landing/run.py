"""One sync of one source: what it is about, what it has seen, and when it is to rest or stop."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic

from tallymark.definitions import SourceDef
from tallymark.errors import Cancelled
from tallymark.hookspecs import SourceKind
from tallymark.landing.store import Store
from tallymark.source import Landing


@dataclass(frozen=True, slots=True)
class Progress:
    """What a sync is doing: `reading` with the rows of a table so far, `loading`, `done` or `failed`."""

    source: str
    phase: str
    table: str = ""
    rows: int = 0
    said: str = ""


Watch = Callable[[Progress], None]


def _unwatched(progress: Progress) -> None:
    pass


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is read before it is put away safely: so many rows, or so many seconds, whichever comes first."""

    rows: int = 100_000
    seconds: float = 60.0


@dataclass(slots=True)
class Run:
    """A sync of one source. `stop` may be set from any thread: the sync ends at the next page with Cancelled."""

    definition: SourceDef
    kind: SourceKind
    folder: Path
    full: bool = False
    watch: Watch = _unwatched
    stop: Event = field(default_factory=Event)
    pace: Pace = field(default_factory=Pace)
    now: Callable[[], datetime] = _now
    seen: Counter[str] = field(default_factory=Counter)
    """Rows read so far, by resource."""
    notes: list[str] = field(default_factory=list)
    paused: bool = False
    """Whether a resource was told, in this round, that enough was read."""
    whole: bool = False
    _since: float = 0.0
    _rows: int = 0

    @property
    def store(self) -> Store:
        """Where the source's data is."""
        return Store(self.folder, self.definition.name)

    @property
    def options(self) -> str:
        """A digest of the options. A secret takes part with its reference only."""
        told = json.dumps([self.definition.kind, self.definition.options], sort_keys=True, default=str)
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def landing(self) -> Landing:
        """What the kind of source is told."""
        return Landing(self.full, self.say, self.now, self.pause, self.notes.append)

    def say(self, words: str) -> None:
        """Tells the user a few words."""
        self.watch(Progress(self.definition.name, "reading", said=words))

    def begin_round(self, whole: bool) -> None:
        """Starts to count what is read. A `whole` round is read to its end."""
        self.paused, self.whole, self._since, self._rows = False, whole, monotonic(), 0

    def take(self, resource: str, rows: int) -> None:
        """Counts rows that were read. Raises Cancelled when the sync is to stop."""
        if self.stop.is_set():
            raise Cancelled("the sync was stopped")
        self._rows += rows
        self.seen[resource] += rows
        self.watch(Progress(self.definition.name, "reading", resource, self.seen[resource]))

    def pause(self) -> bool:
        """Whether enough was read to be put away first (`Landing.pause`)."""
        if self.stop.is_set():
            raise Cancelled("the sync was stopped")
        if self.whole:
            return False
        if self._rows >= self.pace.rows or monotonic() - self._since >= self.pace.seconds:
            self.paused = True
            return True
        return False
