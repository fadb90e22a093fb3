"""What a data source must do, and where SQL runs.

A *backend* runs SQL of one dialect: the embedded DuckDB of every engine, or a team's own database. A *source* knows
tables and makes them queryable on its backend; file and in-memory sources use the embedded one, so that one question
can span them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from tallymark.definitions import NOWHERE
from tallymark.kinds import Type
from tallymark.place import Place

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column as the source has it. `native` is the source's own word for its type, for messages."""

    name: str
    type: Type
    native: str = ""


@dataclass(frozen=True, slots=True)
class WantedColumn:
    """A column as the project declares it: its name in the source, and the type to read it as (None: as it is)."""

    name: str
    type: Type | None = None
    format: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE
    required: bool = True
    """False for a column a pack only wishes for: when the table lacks it, `describe` leaves it out without a fault."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a dataset asks for it: the text after `table:`, the declared columns, the text format."""

    dataset: str
    name: str
    columns: tuple[WantedColumn, ...] = ()
    format: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE
    """Where the table is named."""
    source_place: Place = NOWHERE
    """Where its source is."""


class Backend(Protocol):
    """Where SQL runs."""

    @property
    def dialect(self) -> str:
        """The sqlglot name of its dialect: `duckdb`, `postgres`, `spark`."""
        ...

    def run(self, sql: str) -> pyarrow.Table:
        """Runs exactly one SELECT and gives all its rows. Safe to call from several threads.

        Raises FaultError for errors of data (overflow, a file that went away) and Cancelled after `cancel`.
        """
        ...

    def cancel(self) -> None:
        """Stops whatever runs now, in any thread."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where one statement runs: a backend, and what each dataset that it reads is called there."""

    backend: Backend
    relation: Callable[[str], tuple[str, ...]]
    """Makes a dataset queryable there and gives the parts of its qualified name. Raises FaultError."""

    @property
    def dialect(self) -> Any:
        """The dialect its statements are written in: the sqlglot name of the backend's."""
        return self.backend.dialect

    def run(self, sql: str) -> pyarrow.Table:
        """Runs one SELECT there and gives all its rows."""
        return self.backend.run(sql)

    def notes(self, sql: str) -> tuple[str, ...]:
        """What a reader should know of how a statement was run."""
        return ()


@dataclass(frozen=True, slots=True)
class Landing:
    """What a run of `tally sync` tells a kind of source that lands data from a service.

    `SourceKind.land` gives a dlt source (or a resource, or several) in return: each resource is a table, with
    `write_disposition` (`merge`, `append`, `replace`), a `primary_key` where it merges, and, where the service tells of
    deletions, a column hinted `hard_delete`. What is read already is kept in dlt's own state. Columns declared with
    their types make the table even when there is no row. `land` is called once for each round of reading.

    `full` asks for everything anew: the state is empty, and so are the tables until this sync is done. `say` tells the
    user, in a few words, what is happening; `now` is the clock. `note` keeps a sentence for the end of the sync: what
    could not be read, what a reader of the numbers should know.

    `pause()` is for a resource that reads much, and is not replaced. It asks after each page it has yielded; when the
    answer is true, it saves in its own state where it stands and returns. What it gave is put away safely together with
    that state, and the resource is called again. A resource that never asks is read from its beginning if the sync is
    killed in it.
    """

    full: bool = False
    say: Callable[[str], None] = lambda words: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[], bool] = lambda: False
    note: Callable[[str], None] = lambda words: None


class Source(Protocol):
    """Where rows are.

    A source whose rows are fetched from time to time has, besides, `complete_until(table)`: the datetime (UTC) until
    when the table has everything that happened, or None.
    """

    @property
    def backend(self) -> Backend: ...

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The columns as `prepare` will offer them. Cheap: reads headers or a catalogue, not the data.

        Raises FaultError when the table is missing, empty or unreadable, or a declared column is not there.
        """
        ...

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Makes the table queryable and gives the parts of its qualified name on the backend.

        Loads on first use and again when the data's state has changed. A text value that does not parse is a fault with
        file, row and column, or null with a count, as the format's `on_error` says. Raises FaultError.
        """
        ...

    def state(self, table: Table) -> Hashable:
        """Changes whenever the data may have changed (paths, sizes and times of files; a version of a table)."""
        ...

    def notes(self, table: Table) -> tuple[str, ...]:
        """What a reader of a number should know of how the table was read: values that became null, and why."""
        ...
