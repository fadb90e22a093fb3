"""A sync of the fake account with dlt alone: landed tables in a DuckDB file, the views made over them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb

from tallymark.definitions import SourceDef
from tallymark.errors import FaultError
from tallymark.place import Place
from tallymark.source import Landing
from tallymark_plugins import zendesk

from .fake_zendesk import EMAIL, FakeZendesk

SECRET = "ZENDESK_TEST_TOKEN"
PLACE = Place("tally.yaml", 7, 3, 8)


class Account:
    """What was landed of a fake account in `folder`."""

    def __init__(self, fake: FakeZendesk, folder: Path, **options: Any) -> None:
        self.fake = fake
        self.file = folder / "landed.duckdb"
        self.said: list[str] = []
        self.options: dict[str, Any] = {
            "url": fake.url,
            "email": EMAIL,
            "api_token": f"env:{SECRET}",
            "allow_private": True,
            "requests_per_minute": 100_000,
            "patience": 0,
        } | options
        self._folder = folder

    def sync(self, only: tuple[str, ...] = (), landing: Landing | None = None, **options: Any) -> None:
        """Lands what changed, of the tables `only` if any are named. Raises the FaultError that stopped it."""
        said = Landing(say=self.said.append, now=lambda: datetime.fromtimestamp(self.fake.now(), UTC))
        definition = SourceDef("helpdesk", "zendesk", self.options | options, PLACE)
        source = zendesk.land(definition, self._folder, landing or said)
        pipeline = dlt.pipeline(
            "helpdesk",
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name="helpdesk",
            pipelines_dir=str(self._folder / "pipelines"),
        )
        try:
            pipeline.run(source.with_resources(*only) if only else source)
        except Exception as error:
            found: BaseException | None = error
            while found is not None and not isinstance(found, FaultError):
                found = found.__cause__ or found.__context__
            if found is None:
                raise
            raise found from None
        finally:
            with suppress(Exception):
                pipeline.abort_packages()

    def look(self) -> None:
        """Makes the views."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("SET schema = 'helpdesk'")
            for name, sql in zendesk.VIEWS.items():
                connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the landed tables and views."""
        with duckdb.connect(str(self.file), config={"threads": 1}) as connection:
            connection.execute("SET schema = 'helpdesk'; SET timezone = 'UTC'")
            return connection.execute(sql).fetchall()



