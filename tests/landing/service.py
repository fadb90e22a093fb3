"""A service as a JSON file, and a kind of source that lands it: tickets that change and go, events that only come.

    {"tickets": [{"id", "updated_at", "amount", "deleted", "tags"}], "events": [{"id", "at"}], "people": […]}

Tickets are read along `updated_at` with a state of the source's own, events with dlt's `incremental`, people whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt

from tallymark import SourceKind, hookimpl
from tallymark.definitions import Definitions, Project, SourceDef
from tallymark.source import Landing
from tallymark_plugins.landed import landed_reads, landed_source

PAGE = 3

TICKETS = {
    "id": {"data_type": "bigint"},
    "updated_at": {"data_type": "timestamp", "dedup_sort": "desc"},
    "amount": {"data_type": "decimal"},
    "deleted": {"data_type": "bool", "hard_delete": True},
}


def pages(rows: list[Any]) -> Iterator[list[Any]]:
    """The rows in pages, as a service gives them."""
    for start in range(0, len(rows), PAGE):
        yield rows[start : start + PAGE]


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """The service's tables as dlt resources."""
    told = json.loads((folder / definition.options["service"]).read_text(encoding="utf-8"), parse_float=Decimal)

    @dlt.resource(primary_key="id", write_disposition="merge", columns=TICKETS)
    def tickets() -> Iterator[list[Any]]:
        state = dlt.current.resource_state()
        since = state.get("since", "")
        rows = sorted((t for t in told["tickets"] if t["updated_at"] >= since), key=lambda t: t["updated_at"])
        for page in pages(rows):
            yield page
            state["since"] = page[-1]["updated_at"]
            if page is not rows and page[-1] is not rows[-1] and landing.pause():
                return

    @dlt.resource(write_disposition="append")
    def events(
        at: Any = dlt.sources.incremental("at", initial_value="", row_order="asc", primary_key="id"),  # noqa: B008
    ) -> Iterator[list[Any]]:
        rows = sorted((e for e in told["events"] if e["at"] >= at.start_value), key=lambda e: e["at"])
        yield from pages(rows)

    @dlt.resource(write_disposition="replace", columns={"id": {"data_type": "text"}, "name": {"data_type": "text"}})
    def people() -> Iterator[list[Any]]:
        yield from pages(told["people"])

    return [tickets, events, people]


VIEWS = {
    "open_tickets": "SELECT id, amount FROM tickets WHERE amount > 0",
    "open_count": "SELECT count(*) AS n FROM open_tickets",
}
KIND = SourceKind("service", landed_source, reads=landed_reads, land=land, views=VIEWS)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The kind of source of this module, which thereby is a plugin."""
    return (KIND,)


def ticket(number: int, minute: int, amount: str = "1.25", deleted: bool | None = None, **more: Any) -> dict[str, Any]:
    """A ticket as the service tells of it."""
    at = f"2024-03-01T{minute // 60:02}:{minute % 60:02}:00Z"
    return {"id": number, "updated_at": at, "amount": float(amount), "deleted": deleted, "tags": ["a", "b"], **more}


def event(number: int, minute: int) -> dict[str, Any]:
    """An event as the service tells of it."""
    return {"id": number, "at": f"2024-03-01T{minute // 60:02}:{minute % 60:02}:00Z"}


def serve(folder: Path, tickets: list[Any], events: list[Any], people: list[Any], name: str = "service") -> None:
    """Has the service hold these rows."""
    told = {"tickets": tickets, "events": events, "people": people}
    (folder / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")


def definitions(folder: Path, *names: str) -> Definitions:
    """A project in a folder with a source for each named service."""
    listed = names or ("service",)
    sources = {name: SourceDef(name, "service", {"service": f"{name}.json"}) for name in listed}
    return Definitions(Project(folder=str(folder)), sources)
