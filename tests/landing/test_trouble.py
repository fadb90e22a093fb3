"""What goes wrong here and not at the service: a full disk, a damaged file, views, a missing library, a stop."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from tallymark.definitions import SourceDef
from tallymark.errors import Cancelled, FaultError
from tallymark.hookspecs import SourceKind
from tallymark.landing import loading, quiet, store
from tallymark.landing.run import Pace
from tallymark.landing.status import status
from tallymark.landing.sync import sync
from tests.landing.service import KIND, definitions, event, serve, ticket
from tests.landing.tables import tables


def run(folder: Path, kind: SourceKind = KIND, **more: Any) -> Any:
    """A sync of the service."""
    (done,) = sync(definitions(folder), {"service": kind}, **more)
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that has been synced, and whose service has something new."""
    serve(tmp_path, [ticket(1, 1)], [event(1, 1)], [])
    assert run(tmp_path).done
    serve(tmp_path, [ticket(1, 2), ticket(2, 3)], [event(1, 1), event(2, 2)], [])
    return tmp_path


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full_database(*_: object) -> None:
    raise duckdb.IOException('Could not write all bytes to file "staged.duckdb": No space left on device')


@pytest.mark.parametrize(
    ("where", "name", "how"),
    [(store.os, "fsync", _full), (store.shutil, "copyfile", _full), (loading, "write_landed", _full_database)],
    ids=["putting away", "copying", "loading"],
)
def test_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, how: Any) -> None:
    """Wherever the disk runs full, the fault says so, the old tables stand, and the next sync brings the new ones."""
    before = tables(folder)
    with monkeypatch.context() as patched:
        patched.setattr(where, name, how)
        fault = run(folder).faults[0]
    assert "L820" == fault.code
    assert "free some space" in str(fault.help)
    assert before == tables(folder)
    assert run(folder).done
    assert ["1", "2"] == sorted(row[1] for row in tables(folder)["events"])


def test_failing_view(folder: Path) -> None:
    """A view that cannot be made is a fault that names it, and nothing is swapped in."""
    before = tables(folder)
    for select in ("SELECT nothing FROM tickets", "DROP TABLE tickets", "SELECT * FROM read_csv('/etc/passwd')"):
        fault = run(folder, replace(KIND, views={"fine": "SELECT 1 AS one", "broken": select})).faults[0]
        assert "L823" == fault.code
        assert "`broken`" in fault.message
    assert before == tables(folder)


def test_damaged_file(folder: Path) -> None:
    """A file that is no database is a fault, in the status too; a full sync lands everything anew."""
    (folder / ".tally/landed/service.duckdb").write_bytes(b"not a database" * 1000)
    assert "L824" == run(folder).faults[0].code
    assert "L824" == status(definitions(folder), {"service": KIND})[0].failed.code  # type: ignore[union-attr]
    assert run(folder, full=True).done
    assert 2 == len(tables(folder)["tickets"])


def test_stop_keeps_what_was_read(folder: Path) -> None:
    """A stop ends the sync at the next page; the status tells what is kept, and the next sync goes on from there."""
    serve(folder, [ticket(1, 2), ticket(2, 3)], [event(n, n) for n in range(1, 9)], [])
    stop = Event()

    def watch(progress: Any) -> None:
        if progress.table == "events":
            stop.set()

    with pytest.raises(Cancelled):
        run(folder, watch=watch, stop=stop, pace=Pace(rows=1))
    told = status(definitions(folder), {"service": KIND})[0]
    assert (2, False) == (told.kept, told.running)
    seen: set[str] = set()
    assert run(folder, watch=lambda progress: seen.add(progress.table)).done
    assert "tickets" not in seen
    assert 2 == len(tables(folder)["tickets"])


def test_without_dlt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the fault says how to install it."""
    monkeypatch.setattr(quiet, "find_spec", lambda name: None)
    with pytest.raises(FaultError) as raised:
        run(folder)
    assert "L800" == raised.value.faults[0].code
    assert 'pip install "tallymark[sync]"' in str(raised.value.faults[0].help)


def test_kinds_that_give_no_source(folder: Path) -> None:
    """A kind that gives what dlt cannot read, nothing at all, or a table to merge without a key has a fault."""
    import dlt

    def fault(given: Any) -> str:
        def land(definition: SourceDef, folder: Path, landing: object) -> Any:
            return given

        code: str = run(folder, replace(KIND, land=land)).faults[0].code
        return code

    keyless = dlt.resource([{"a": 1}], name="keyless", write_disposition="merge")
    assert ["L804", "L804", "L805"] == [fault(None), fault([]), fault([keyless])]


def test_dlt_is_kept_to_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It takes no setting from the environment or from files, sends nothing, says nothing, writes only to the store."""
    home, here = folder / "home", folder / "here"
    (here / ".dlt").mkdir(parents=True)
    home.mkdir()
    (here / ".dlt" / "config.toml").write_text(
        '[runtime]\nlog_level="DEBUG"\n[load]\nworkers="none"\n', encoding="utf-8"
    )
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DLT_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("NORMALIZE__WORKERS", "many")
    sent: list[object] = []
    from dlt.common.runtime import anon_tracker

    monkeypatch.setattr(anon_tracker, "_send_event", lambda *told: sent.append(anon_tracker._ANON_TRACKER_ENDPOINT))
    assert run(folder).done
    assert ("", "") == tuple(capfd.readouterr())
    assert [None] * len(sent) == sent
    assert [] == list(home.iterdir())
    assert [".dlt"] == [p.name for p in here.iterdir()]
    assert not anon_tracker._THREAD_POOL
