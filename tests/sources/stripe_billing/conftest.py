"""A fake Stripe, and a store into which a source of kind `stripe` is landed by dlt itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from tests.sources.stripe_billing.fake_stripe import FakeStripe

from tallymark.definitions import SourceDef
from tallymark.errors import Fault, FaultError
from tallymark.source import Landing
from tallymark_plugins import stripe_billing
from tallymark_plugins.stripe_billing import tables

Row = dict[str, Any]


class Store:
    """What is landed from one server, sync after sync, and the views over it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.options: dict[str, Any] = {"api_key": "env:STRIPE_TEST_KEY", "api_base": url, "allow_private": True}
        self.said: list[str] = []
        self.now: datetime | None = None
        self._file = folder / "stripe.duckdb"
        self._pipeline = dlt.pipeline(
            "stripe",
            pipelines_dir=str(folder / "dlt"),
            destination=dlt.destinations.duckdb(str(self._file)),
            dataset_name="main",
        )

    def sync(self, *objects: str, pause: Callable[[], bool] = lambda: False, **options: Any) -> None:
        """One sync of some kinds of object (all by default). Raises FaultError, as `tally sync` unwraps it."""
        told = {**self.options, **options, **({"objects": list(objects)} if objects else {})}
        landing = Landing(
            say=self.said.append, now=lambda: self.now or datetime.now(UTC), pause=pause, note=self.said.append
        )
        try:
            self._pipeline.run(stripe_billing.land(SourceDef("stripe", "stripe", told), self.folder, landing))
        except PipelineStepFailed as error:
            raise _fault_in(error) from None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question over tables and views, times in UTC."""
        with duckdb.connect(str(self._file)) as connection:
            connection.execute("SET timezone = 'UTC'")
            make_tables(connection)
            for name, view in stripe_billing.VIEWS.items():
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {view}")
            return connection.execute(sql).fetchall()


_TYPES = {
    "text": "VARCHAR", "bigint": "BIGINT", "bool": "BOOLEAN", "decimal": "DECIMAL(38, 14)", "timestamp": "TIMESTAMPTZ"
}  # fmt: skip


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """As `tally sync` does: a table that is declared is there also while nothing is in it."""
    for name in tables.NAMES:
        columns = ", ".join(f'"{n}" {_TYPES[c["data_type"]]}' for n, c in tables.columns(name).items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")


def _fault_in(error: BaseException) -> BaseException:
    at: BaseException | None = error
    while at is not None and not isinstance(at, FaultError):
        at = at.__cause__ or at.__context__
    return at or error


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> Iterator[None]:
    """Tells nobody that dlt runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        yield


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    """An empty server whose clock stands at the first of June 2024, and its key in the environment."""
    server = FakeStripe(now=datetime(2024, 6, 1, tzinfo=UTC))
    monkeypatch.setenv("STRIPE_TEST_KEY", server.key)
    with server:
        yield server


@pytest.fixture
def store(fake: FakeStripe, tmp_path: Path) -> Store:
    """A store for what that server holds; its clock is the server's."""
    made = Store(tmp_path, fake.url)
    made.now = fake.now
    return made


def faults_of(store: Store, *objects: str, **options: Any) -> tuple[Fault, ...]:
    """The faults with which a sync fails."""
    with pytest.raises(FaultError) as raised:
        store.sync(*objects, **options)
    return raised.value.faults
