"""A sync of the fake account with dlt alone: landed tables in a DuckDB file, the views made over them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
import yaml

from tallymark.definitions import SourceDef
from tallymark.errors import FaultError
from tallymark.place import Place
from tallymark.source import Landing
from tallymark_plugins import zendesk
from tallymark_plugins.zendesk.client import Client
from tallymark_plugins.zendesk.pace import Pace
from tallymark_plugins.zendesk.settings import settings_of

from .fake_zendesk import EMAIL, FakeZendesk

SECRET = "ZENDESK_TEST_TOKEN"
PLACE = Place("tally.yaml", 7, 3, 8)


def fake_options(fake: FakeZendesk) -> dict[str, Any]:
    """The options of a source that reads a fake account, fast and without patience."""
    return {
        "url": fake.url,
        "email": EMAIL,
        "api_token": f"env:{SECRET}",
        "allow_private": True,
        "requests_per_minute": 100_000,
        "patience": 0,
    }


class Account:
    """What was landed of a fake account in `folder`."""

    def __init__(self, fake: FakeZendesk, folder: Path, **options: Any) -> None:
        self.fake = fake
        self.file = folder / "landed.duckdb"
        self.said: list[str] = []
        self.options = fake_options(fake) | options
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


def write_project(folder: Path, fake: FakeZendesk, **options: Any) -> None:
    """A project in an empty folder, as the starter of `zendesk` has it, with the fake account as its source."""
    starter = zendesk.starter("helpdesk")
    said: dict[str, Any] = yaml.safe_load(starter.options)
    said.pop("subdomain")
    source = {"kind": "zendesk"} | said | fake_options(fake) | options
    project = {"packs": list(starter.packs), "sources": {"helpdesk": source}}
    (folder / "tally.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    (folder / "metrics").mkdir()
    (folder / "metrics" / "helpdesk.yaml").write_text(starter.definitions)


def connect(fake: FakeZendesk, exports: Pace | None = None, drop: tuple[str, ...] = (), **options: Any) -> Client:
    """A connection to a fake account, for a `with` block; without the options `drop`."""
    said = {name: value for name, value in (fake_options(fake) | options).items() if name not in drop}
    definition = SourceDef("helpdesk", "zendesk", said, PLACE)
    return Client(settings_of(definition, Path()), exports or Pace(100_000))
