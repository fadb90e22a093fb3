"""A sync brings what is new, honours what is gone, and leaves what it does not touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallymark.errors import FaultError
from tallymark.landing.landed import LandedTable, Synced
from tallymark.landing.run import Pace
from tallymark.landing.status import status
from tallymark.landing.sync import sync
from tests.landing.service import KIND, definitions, event, land, serve, ticket
from tests.landing.tables import tables

KINDS = {"service": KIND}


def run(folder: Path, *names: str, **options: Any) -> tuple[Synced, ...]:
    """A sync of a project's services."""
    return sync(definitions(folder, *names), KINDS, **options)


def table(done: Synced, name: str) -> LandedTable:
    """What is told of a table, after a sync that came to its end."""
    assert done.faults == ()
    assert done.landed is not None
    return next(t for t in done.landed.tables if t.name == name)


def counts(done: Synced, name: str) -> tuple[int | None, ...]:
    """Rows, added, changed, deleted."""
    found = table(done, name)
    return found.rows, found.added, found.changed, found.deleted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose service has five tickets, four events and one person."""
    serve(tmp_path, [ticket(n, n) for n in range(1, 6)], [event(n, n) for n in range(1, 5)], [{"id": "p", "name": "P"}])
    return tmp_path


def test_first_sync_lands_every_table(folder: Path) -> None:
    """All rows of all tables are there, with amounts as decimals and times as instants, and the views over them."""
    (done,) = run(folder)
    assert (5, 5, 0, 0) == counts(done, "tickets")
    assert (4, 4, 0, 0) == counts(done, "events")
    found = tables(folder)
    assert ("1.250000000", None, "1", "2024-03-01 00:01:00+00") == found["tickets"][0]
    assert [("5",)] == found["open_count"]
    assert [("a",), ("b",)] == sorted({r[-1:] for r in found["tickets__tags"]})


def test_sync_again_changes_nothing(folder: Path) -> None:
    """A second sync of the same service gives the same tables and says that nothing changed."""
    run(folder)
    before = tables(folder)
    (done,) = run(folder)
    assert before == tables(folder)
    assert (5, 0, 0, 0) == counts(done, "tickets")
    assert (4, 0, None, None) == counts(done, "events")


def test_changes_and_deletions_are_taken_over(folder: Path) -> None:
    """A changed row replaces its old self with the rows nested in it; a deleted one goes, nested rows included."""
    run(folder)
    tickets = [ticket(1, 1), ticket(2, 10, "7"), ticket(3, 11, deleted=True), ticket(4, 4), ticket(5, 5), ticket(6, 12)]
    serve(folder, tickets, [event(9, 9)], [])
    (done,) = run(folder)
    assert (5, 1, 1, 1) == counts(done, "tickets")
    found = tables(folder)
    amounts = {row[2]: row[0] for row in found["tickets"]}
    assert {"1", "2", "4", "5", "6"} == set(amounts)
    assert "7.000000000" == amounts["2"]
    assert 10 == len(found["tickets__tags"])
    assert [] == found["people"]


def test_overlap_is_read_again_without_doubling(folder: Path) -> None:
    """Rows at the very moment up to which the last sync read come again, and count once."""
    run(folder)
    late = [event(5, 4), event(6, 4)]
    serve(folder, [], [event(n, n) for n in range(1, 5)] + late, [])
    run(folder)
    assert ["1", "2", "3", "4", "5", "6"] == sorted(row[1] for row in tables(folder)["events"])


def test_the_newest_of_one_key_stands(folder: Path) -> None:
    """Of several rows with one key in one reading, the one last updated is kept."""
    serve(folder, [ticket(1, 9, "9"), ticket(1, 7, "7"), ticket(1, 8, "8")], [], [])
    run(folder)
    assert ["9.000000000"] == [row[0] for row in tables(folder)["tickets"]]


def test_rounds_give_what_one_reading_gives(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Putting away after every page changes nothing in the tables."""
    other = tmp_path_factory.mktemp("other")
    (other / "service.json").write_bytes((folder / "service.json").read_bytes())
    run(folder)
    run(other, pace=Pace(rows=1))
    assert tables(folder) == tables(other)


def test_full_reads_everything_anew(folder: Path) -> None:
    """Rows that vanished without a word are gone after a full sync, and only then."""
    run(folder)
    serve(folder, [ticket(1, 1)], [event(1, 1)], [])
    run(folder)
    assert 5 == len(tables(folder)["tickets"])
    (done,) = run(folder, full=True)
    assert (1, 0, 0, 4) == counts(done, "tickets")
    assert 1 == len(tables(folder)["events"])


def test_new_columns_come_and_declared_tables_are_there(folder: Path) -> None:
    """A column that the service adds is taken over; a declared table without a row exists, and takes rows later."""
    serve(folder, [ticket(1, 1)], [event(1, 1)], [])
    run(folder)
    assert [] == tables(folder)["people"]
    serve(folder, [ticket(1, 2, channel="web")], [event(1, 1)], [{"id": "p", "name": "P"}])
    (done,) = run(folder)
    assert "web" in tables(folder)["tickets"][0]
    assert [("p", "P")] == tables(folder)["people"]
    assert (1, 0, 1, 0) == counts(done, "tickets")


def test_a_changed_type_is_a_fault_and_the_data_stays(folder: Path) -> None:
    """When a column's values are of another type the sync fails, names column and table, and nothing is taken over."""
    serve(folder, [ticket(1, 1, channel=7)], [event(1, 1)], [])
    run(folder)
    before = tables(folder)
    serve(folder, [ticket(1, 2, channel="web")], [event(1, 1)], [])
    (done,) = run(folder)
    (fault,) = done.faults
    assert "L807" == fault.code
    assert "channel" in fault.message
    assert "tickets" in fault.message
    assert before == tables(folder)
    (done,) = run(folder, full=True)
    assert "web" in tables(folder)["tickets"][0]


def test_a_row_without_its_key_is_a_fault(folder: Path) -> None:
    """The fault names source, table, page and row; the last good data stays."""
    run(folder)
    before = tables(folder)
    serve(folder, [ticket(n, 20 + n) for n in range(1, 5)] + [ticket(6, 30) | {"id": None}], [], [])
    (done,) = run(folder)
    (fault,) = done.faults
    assert ("L806", "source `service`") == (fault.code, fault.subject)
    assert "`tickets`: row 2 of page 2 has no `id`" in fault.message
    assert before == tables(folder)


def test_one_failing_source_does_not_stop_the_others(folder: Path) -> None:
    """The source that cannot be read has a fault, the other its data; the status tells of both."""
    serve(folder, [ticket(1, 1)], [], [], "second")
    broken, fine = run(folder, "broken", "second")
    assert "L825" == broken.faults[0].code
    assert fine.done
    told = {s.source: s for s in status(definitions(folder, "broken", "second"), KINDS)}
    assert told["broken"].landed is None
    assert broken.faults[0].message == getattr(told["broken"].failed, "message", None)
    assert told["second"].failed is None
    (folder / "broken.json").write_bytes((folder / "second.json").read_bytes())
    run(folder, "broken")
    assert status(definitions(folder, "broken"), KINDS)[0].failed is None


def test_complete_until_is_when_reading_began(folder: Path) -> None:
    """What happened while a table was being read may be missing: it is complete until the reading began."""
    ticks = iter(range(100))

    def now() -> datetime:
        return datetime(2024, 5, 1, 12, next(ticks), tzinfo=UTC)

    (done,) = run(folder, now=now)
    assert done.landed is not None
    at = [t.complete_until for t in done.landed.tables if t.kind == "table"]
    assert all(a is not None and done.landed.started < a < done.landed.ended for a in at)
    assert min(a for a in at if a) == done.landed.complete_until


def test_cursor_is_told(folder: Path) -> None:
    """A table read with dlt's `incremental` says up to where it is read."""
    (done,) = run(folder)
    assert "2024-03-01T00:04:00Z" == table(done, "events").cursor


def test_unknown_sources_are_faults(folder: Path) -> None:
    """All names that are no landed source are told at once, with the nearest that is."""
    with pytest.raises(FaultError) as raised:
        run(folder, sources=("servise", "nothing"))
    assert ["L801", "L801"] == [f.code for f in raised.value.faults]
    assert "did you mean `service`?" == raised.value.faults[0].help


def test_a_cursor_that_lies_ahead_is_noted(folder: Path) -> None:
    """A row dated to come moves the cursor past rows that are yet to be written: the sync says so."""
    serve(folder, [], [event(1, 1), {"id": 2, "at": "2999-01-01T00:00:00Z"}], [])
    (done,) = run(folder)
    assert (
        "`events` is read up to 2999-01-01T00:00:00Z, which is yet to come: rows before it may be missed",
    ) == done.notes


def test_a_table_that_is_no_longer_given_stays_and_is_noted(folder: Path) -> None:
    """When the source stops to give a table, its rows stay, complete until when they were read; the sync says so."""
    run(folder)
    kept = replace(KIND, land=lambda *a: [r for r in land(*a) if r.name != "events"])
    (done,) = sync(definitions(folder), {"service": kept})
    assert ("the service no longer gives `events`: its rows are those of an earlier sync",) == done.notes
    assert 4 == table(done, "events").rows
    assert done.landed is not None
    assert table(done, "events").complete_until == done.landed.complete_until < done.landed.started
