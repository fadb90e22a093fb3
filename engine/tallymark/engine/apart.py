"""Questions over several databases: each gives its part, and the embedded one puts the parts together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from tallymark.embedded import Embedded
from tallymark.errors import Fault, FaultError
from tallymark.render.apart import Apart, settled
from tallymark.render.dialects import dialect_of
from tallymark.render.parting import HERE, Fetch, apart, part
from tallymark.source import Backend, Site

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a dataset lies: its source and that source's backend. `name` makes it queryable there and names it."""

    source: str
    backend: Backend
    name: Callable[[], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Script:
    """A statement that was cut: what is fetched, and what then runs here; None when one fetch is all."""

    fetches: tuple[Fetch, ...]
    rest: str | None


@dataclass(frozen=True, slots=True)
class ApartSite(Site):
    """Where statements over several databases run.

    The text of a statement says each part, and where it runs. Only texts that this site has written can be run: what
    they say is kept here beside them.
    """

    lies: Callable[[str], Lying]
    most: int
    """How many rows are fetched of a database at most, for one statement and part."""
    scripts: dict[str, _Script] = field(default_factory=dict)
    homes: list[Lying] = field(default_factory=list)
    """By number, less one, the first dataset found in each database but the embedded one."""
    brought: dict[str, dict[str, int]] = field(default_factory=dict)
    """For each statement that ran, the datasets whose single rows were fetched, and how many."""

    @property
    def dialect(self) -> Any:
        """What is not yet any dialect."""
        return Apart(self._cut, self.run)

    def run(self, sql: str) -> pyarrow.Table:
        """Runs every part where it belongs, and gives what the last one gives.

        Raises FaultError as the databases do, and for more rows than may be fetched (D475).
        """
        script = self.scripts[sql]
        given, brought = self._fetched(script.fetches), dict[str, int]()
        for fetch in script.fetches:
            count = given[fetch.name].num_rows
            if count > self.most:
                raise FaultError(self._too_many(fetch))
            if fetch.rows is not None:
                brought[fetch.rows] = max(count, brought.get(fetch.rows, 0))
        self.brought[sql] = brought
        if script.rest is None:
            return given[script.fetches[0].name]
        assert isinstance(self.backend, Embedded)
        return self.backend.run(script.rest, given)

    def _fetched(self, fetches: Sequence[Fetch]) -> dict[str, pyarrow.Table]:
        """What each part gives, by its name. Databases work side by side, each on one part at a time."""
        parts: dict[int, list[Fetch]] = {}
        for fetch in fetches:
            parts.setdefault(fetch.home, []).append(fetch)

        def work(home: int) -> dict[str, pyarrow.Table]:
            backend = self.homes[home - 1].backend
            return {fetch.name: backend.run(fetch.sql) for fetch in parts[home]}

        if len(parts) < 2:
            return work(next(iter(parts))) if parts else {}
        with ThreadPoolExecutor(len(parts), "tallymark-part") as pool:
            working = [pool.submit(work, home) for home in parts]
            try:
                return {name: table for each in working for name, table in each.result().items()}
            except KeyboardInterrupt:
                for home in parts:
                    self.homes[home - 1].backend.cancel()
                raise

    def notes(self, sql: str) -> tuple[str, ...]:
        """Which datasets' single rows were fetched."""
        return tuple(
            f"`{name}` is joined with what lies in another database: {_rows(count)} of it "
            f"{'was' if count == 1 else 'were'} fetched from `{self.lies(name).source}`"
            for name, count in self.brought.get(sql, {}).items()
        )

    def _too_many(self, fetch: Fetch) -> Fault:
        source = self.homes[fetch.home - 1].source
        help_line = (
            "ask a shorter range or with a filter on those rows; bring the tables into one database; or raise "
            "`limits: fetched_rows`"
        )
        if fetch.rows is None:
            message = f"the part of the question that `{source}` answers has more than {self.most:,} rows"
        else:
            source = self.lies(fetch.rows).source
            message = (
                f"`{fetch.rows}` in `{source}` is joined with what lies in another database, and more than "
                f"{self.most:,} of its rows would have to be fetched"
            )
        return Fault("D475", message, None, help_line)

    # --- writing ---------------------------------------------------------------------------------------------------

    def _cut(self, query: exp.Query) -> str:
        """Cuts a statement, and gives the text of all its parts."""
        parted = part(query, self._home, lambda dataset: self.lies(dataset).name(), self._written, self.most)
        rest = None if parted.rest is None else _text(self.backend, parted.rest)
        told = _told(parted.fetches, rest, [each.source for each in self.homes], [h.backend for h in self.homes])
        self.scripts[told] = _Script(parted.fetches, rest)
        return told

    def _home(self, dataset: str) -> int:
        """The number of the database where a dataset lies."""
        lies = self.lies(dataset)
        if lies.backend is self.backend:
            return HERE
        for number, other in enumerate(self.homes, 1):
            if other.backend is lies.backend:
                return number
        self.homes.append(lies)
        return len(self.homes)

    def _written(self, home: int, query: exp.Query) -> str:
        return _text(self.homes[home - 1].backend, query)


def apart_site(embedded: Embedded, lies: Callable[[str], Lying], most: int) -> Site:
    """A site for statements over several databases, put together in the embedded one."""
    return ApartSite(embedded, apart, lies, most)


def _text(backend: Backend, query: exp.Query) -> str:
    dialect = dialect_of(backend.dialect)
    return dialect.text(settled(query, dialect), pretty=True)


def _told(fetches: Sequence[Fetch], rest: str | None, sources: Sequence[str], backends: Sequence[Backend]) -> str:
    """Every part, each with where it runs and what its result is called."""
    parts = list[str]()
    for fetch in fetches:
        where = f"`{sources[fetch.home - 1]}` ({backends[fetch.home - 1].dialect})"
        as_ = "" if rest is None else f", gives {fetch.name}"
        parts.append(f"-- in {where}{as_}\n{fetch.sql}")
    if rest is not None:
        parts.append(f"-- here (duckdb)\n{rest}")
    return ";\n\n".join(parts)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
