"""What is told of landed data: tables with their rows, and until when they are complete. Kept in the file itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tallymark.errors import Fault, FaultError
from tallymark.landing.store import Store

if TYPE_CHECKING:
    import duckdb

SCHEMA = "_tally"
"""The schema of the file that holds what is told of the rest."""


@dataclass(frozen=True, slots=True)
class LandedTable:
    """A table of a landed source, and what the last sync did to it.

    `kind` is `table`, `part` (rows that were nested in another table's) or `view`. The counts are None where rows
    cannot be told apart: without a key, and of parts and views.
    """

    name: str
    kind: str
    rows: int
    added: int | None = None
    changed: int | None = None
    deleted: int | None = None
    cursor: str | None = None
    """Up to where it is read, in the service's own terms."""
    complete_until: datetime | None = None
    """What happened later at the service may be missing."""
    resource: str = ""
    """The dlt resource that gives it."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A source's last sync that came to its end."""

    run: str
    started: datetime
    ended: datetime
    options: str
    """A digest of the source's options, secrets not among them."""
    full: bool = False
    tables: tuple[LandedTable, ...] = ()

    @property
    def complete_until(self) -> datetime:
        """Until when every table is complete."""
        return min((t.complete_until for t in self.tables if t.complete_until is not None), default=self.started)


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of one source in a sync: the tables, or what went wrong; then the data before it stands."""

    source: str
    landed: Landed | None
    """What is in the store now; None when the source was never synced."""
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the sync came to its end."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Status:
    """What `tally sync --status` tells of a source."""

    source: str
    kind: str
    landed: Landed | None
    failed: Fault | None = None
    """What the last sync that failed since said."""
    failed_at: datetime | None = None
    kept: int = 0
    """Rows that a sync which did not come to its end has read, and the next one goes on from."""
    running: bool = False
    notes: tuple[str, ...] = field(default=())


_MADE = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE OR REPLACE TABLE {SCHEMA}.sync (
    run VARCHAR, started TIMESTAMPTZ, ended TIMESTAMPTZ, options VARCHAR, "full" BOOLEAN);
CREATE OR REPLACE TABLE {SCHEMA}.tables (
    position INTEGER, name VARCHAR, kind VARCHAR, "rows" BIGINT, added BIGINT, changed BIGINT, deleted BIGINT,
    "cursor" VARCHAR, complete_until TIMESTAMPTZ, resource VARCHAR);
"""


def write_landed(connection: duckdb.DuckDBPyConnection, landed: Landed) -> None:
    """Puts what is told into the file."""
    connection.execute(_MADE)
    sync = [landed.run, landed.started, landed.ended, landed.options, landed.full]
    connection.execute(f"INSERT INTO {SCHEMA}.sync VALUES (?, ?, ?, ?, ?)", sync)
    rows = [
        [n, t.name, t.kind, t.rows, t.added, t.changed, t.deleted, t.cursor, t.complete_until, t.resource]
        for n, t in enumerate(landed.tables)
    ]
    if rows:
        connection.executemany(f"INSERT INTO {SCHEMA}.tables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def read_landed(store: Store) -> Landed | None:
    """What is told of a source's data; None when it was never synced. Raises FaultError (L824) for a damaged file."""
    if not store.exists:
        return None
    import duckdb

    try:
        with duckdb.connect(str(store.file), read_only=True) as connection:
            return _read(connection)
    except duckdb.Error as error:
        said = " ".join(str(error).split("\n")[0].split(": ", 1)[-1].split())[:200]
        message = f"the landed data of `{store.source}` cannot be read: {said}"
        help_ = f"`tally sync {store.source} --full` lands it anew"
        raise FaultError(Fault("L824", message, None, help_, f"source `{store.source}`")) from error


def _read(connection: duckdb.DuckDBPyConnection) -> Landed | None:
    # Instants leave as seconds: DuckDB's own way to a datetime needs a time zone library that may not be there.
    asked = f'SELECT run, epoch_us(started), epoch_us(ended), options, "full" FROM {SCHEMA}.sync'
    found = connection.execute(asked).fetchone()
    if found is None:
        return None
    asked = f"""SELECT name, kind, "rows", added, changed, deleted, "cursor", epoch_us(complete_until), resource
        FROM {SCHEMA}.tables ORDER BY position"""
    rows = connection.execute(asked).fetchall()
    tables = tuple(
        LandedTable(name, kind, count, added, changed, deleted, cursor, _instant(until), resource)
        for name, kind, count, added, changed, deleted, cursor, until, resource in rows
    )
    started, ended = _instant(found[1]), _instant(found[2])
    assert started is not None
    assert ended is not None
    return Landed(found[0], started, ended, found[3], found[4], tables)


def _instant(microseconds: int | None) -> datetime | None:
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)
