"""Questions of landed data: before the first sync, during one, after one that is long ago."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest

import tallymark
from tallymark.landing.sync import sync
from tests.landing import service
from tests.landing.service import KIND, definitions, serve, ticket

README = Path(__file__).parents[2] / "plugins" / "README.md"
PROJECT = """
name: project
sources:
  service: {kind: service, service: service.json}
"""
METRICS = """
datasets:
  tickets: {source: service, table: tickets, key: id, time: updated_at}
  open_count: {source: service, table: open_count}
metrics:
  ticket_count: {formula: count(tickets)}
  ticket_amount: {formula: sum(tickets.amount)}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project over a service with five tickets, not synced yet."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "tally.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "metrics" / "tickets.yaml").write_text(METRICS, encoding="utf-8")
    serve(tmp_path, [ticket(n, n, "1") for n in range(1, 6)], [], [])
    return tmp_path


@pytest.fixture
def book(folder: Path) -> Iterator[tallymark.Book]:
    """The project's book after a sync."""
    tallymark.sync(folder, plugins=[service])
    with tallymark.open(folder, plugins=[service]) as opened:
        yield opened


def test_never_synced_says_what_to_do(folder: Path) -> None:
    """Before the first sync every dataset of the source is a fault that names the command."""
    with tallymark.open(folder, plugins=[service], strict=False) as book:
        faults = [f for f in book.faults if f.code == "L803"]
    assert {"dataset `tickets`", "dataset `open_count`"} == {f.subject for f in faults}
    assert {"fetch it with `tally sync service`"} == {f.help for f in faults}


def test_old_data_is_noted(folder: Path, book: tallymark.Book) -> None:
    """A range that ends after the sync has a note with the moment in the project's time zone; one before it has none."""
    assert () == book.ask("ticket_count", period="2024-03").notes
    (note,) = book.ask("ticket_count", start="2024-01-01", end="2999-12-31").notes
    assert note.startswith("`service` was last synced at ")
    assert note.endswith(" (UTC): what happened later is not counted")


def test_old_data_is_noted_with_its_moment(folder: Path, book: tallymark.Book) -> None:
    """The moment is when the sync began to read the table that is asked."""
    (status,) = tallymark.sync_status(folder, plugins=[service])
    assert status.landed is not None
    at = next(t.complete_until for t in status.landed.tables if t.name == "tickets")
    assert isinstance(at, datetime)
    (note,) = book.ask("ticket_count", period="2999").notes or book.ask("ticket_count", start="2024", end="2999").notes
    assert f"{at:%Y-%m-%d %H:%M}" in note


def test_questions_during_swaps_see_whole_syncs(folder: Path, book: tallymark.Book) -> None:
    """While syncs swap the file, every answer is of one sync or the next: count and amount always go together."""
    done = threading.Event()
    seen: set[tuple[int, float]] = set()
    troubles: list[BaseException] = []

    def ask() -> None:
        while not done.is_set():
            try:
                (row,) = book.ask("ticket_count", "ticket_amount", period="2024-03").table.to_pylist()
                seen.add((row["ticket_count"], float(row["ticket_amount"])))
            except BaseException as error:
                troubles.append(error)
                return

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for more in (6, 7, 8):
            # Each sync brings a ticket, and makes all of them worth as much as there are tickets.
            serve(folder, [ticket(n, 60 * more + n, str(more)) for n in range(1, more + 1)], [], [])
            book.sync()
    finally:
        done.set()
        asking.join()
    assert [] == troubles
    assert seen <= {(5, 5.0), (6, 36.0), (7, 49.0), (8, 64.0)}
    (row,) = book.ask("ticket_count", "ticket_amount", period="2024-03").table.to_pylist()
    assert (8, 64.0) == (row["ticket_count"], float(row["ticket_amount"]))


def test_the_kind_in_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin shown in plugins/README.md lands its orders and makes its view."""
    shown = README.read_text(encoding="utf-8").partition("<!-- example: kind -->")[2]
    code = shown.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "acme_orders_of_the_docs.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = import_module("acme_orders_of_the_docs")
    (tmp_path / "tally.yaml").write_text("sources: {orders: {kind: acme}}", encoding="utf-8")
    (done,) = tallymark.sync(tmp_path, plugins=[module])
    assert done.landed is not None
    assert {"orders": 1, "big_orders": 1} == {t.name: t.rows for t in done.landed.tables}


def test_two_syncs_at_once(folder: Path) -> None:
    """A second sync of the same source while one runs is a fault, and harms nothing."""
    within: list[str] = []

    def watch(progress: object) -> None:
        if not within:
            within.append("")
            (other,) = sync(definitions(folder), {"service": KIND})
            within[0] = other.faults[0].code

    (done,) = sync(definitions(folder), {"service": KIND}, watch=watch)
    assert ["L802"] == within
    assert done.done
