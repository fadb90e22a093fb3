"""The ledger's file: what is wrong with it or its disk is said plainly, and nothing is lost or told twice by it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tallymark.errors import Fault, FaultError
from tallymark.rules import ledger
from tallymark.rules.ledger import KEPT_FOR, ledger_file, open_ledger
from tests.alerts.pretend import Pretend, Remembers
from tests.alerts.test_running import PRO, set_, status


@pytest.fixture
def book(folder: Path) -> Pretend:
    """A rule that fires, and was told of."""
    made = Pretend(folder, channels={"log": Remembers()})
    set_(made, "oF")
    made.run()
    set_(made, "oFo")
    return made


def fault(book: Pretend) -> Fault:
    """What a run raises."""
    with pytest.raises(FaultError) as raised:
        book.run()
    (found,) = raised.value.faults
    return found


def _garbage(file: Path) -> None:
    file.write_bytes(b"\x00 this was a ledger " * 300)


def _hole(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def _half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:10000])


def _other(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def _row(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE instances SET since = 'some day'")


@pytest.mark.parametrize("harm", [_garbage, _hole, _half, _other, _row])
def test_a_damaged_ledger(book: Pretend, harm: Any) -> None:
    """Garbage, a hole, half a file, another program's file, a row that makes no sense: A202, and nothing is sent."""
    harm(ledger_file(book.folder))
    found = fault(book)
    assert "A202" == found.code
    assert "move it away" in (found.help or "")
    assert 1 == len(book.channels["log"].told)


def test_a_ledger_that_is_moved_away_begins_anew(book: Pretend) -> None:
    """As the help of a damaged ledger says: what stands then is told once more, as in a first run."""
    set_(book, "oFF")
    ledger_file(book.folder).rename(book.folder / "old.db")
    assert ["first run"] == [each.transition.reason for each in book.run().transitions]


def test_a_newer_ledger(book: Pretend) -> None:
    """A ledger of a version to come is left as it is."""
    with sqlite3.connect(ledger_file(book.folder)) as connection:
        connection.execute("PRAGMA user_version = 7")
    assert "A206" == fault(book).code


def test_a_ledger_that_cannot_be_written(folder: Path) -> None:
    """A file where the folder should be, or a folder where the file should be: A204, with its path."""
    book = Pretend(folder, channels={"log": Remembers()})
    set_(book, "oF")
    (folder / ".tally").write_text("not a folder")
    assert "A204" == fault(book).code
    (folder / ".tally").unlink()
    ledger_file(folder).mkdir(parents=True)
    found = fault(book)
    assert "A204" == found.code
    assert str(ledger_file(folder)) in found.message
    assert [] == book.channels["log"].told


def test_a_read_only_ledger(book: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written nothing is told, and the status is still shown."""
    connects: Any = sqlite3.connect

    def read_only(file: Any, **more: Any) -> Any:
        return connects(f"file:{file}?mode=ro", uri=True, **more)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    assert "A204" == fault(book).code
    assert 1 == len(book.channels["log"].told)
    assert ["firing"] == [each.told for each in status(book).standing]


def test_a_full_disk(book: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full nothing is sent that is not written down; once there is room all of it is, once."""
    many = {(("plan", f"{n:04} {'x' * 200}"),): "ooF" for n in range(60)}
    set_(book, many)
    connects: Any = sqlite3.connect

    def little_room(*args: Any, **more: Any) -> Any:
        made = connects(*args, **more)
        made.execute("PRAGMA max_page_count = 20")
        return made

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", little_room)
        assert "A203" == fault(book).code
        assert 1 == len(book.channels["log"].told)
    book.run()
    assert 1 + 60 + 1 == len({each.key for each in book.channels["log"].told})
    assert 1 + 60 + 1 == len(book.channels["log"].told)


def test_another_program_holds_the_file(book: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that keeps the file locked is waited for, and then said to be there."""
    monkeypatch.setattr(ledger, "WAIT", 0.1)
    with sqlite3.connect(ledger_file(book.folder), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "A205" == fault(book).code
        other.execute("ROLLBACK")
    other.close()
    assert 1 == len(book.run().transitions)


def test_the_file_is_the_owners_alone(book: Pretend) -> None:
    """What is told may be confidential: the file is for its owner, and out of version control."""
    assert 0o600 == ledger_file(book.folder).stat().st_mode & 0o777
    assert "*" in (book.folder / ".tally/.gitignore").read_text().splitlines()
    assert [".gitignore", "rules.db", "rules.lock"] == sorted(path.name for path in (book.folder / ".tally").iterdir())


def test_what_is_over_is_forgotten_in_time(book: Pretend) -> None:
    """After more than a year what is over goes; the last transition of each instance stays, and what waits does."""
    book.run()
    set_(book, {(): "oFo", PRO: "ooo"})
    book.run()
    book.channels["log"].fails = "down"
    set_(book, {(): "oFo", PRO: "oooF"})
    book.run()
    set_(book, {(): "oFo", PRO: "oooFo"})
    book.run()
    book.clock += KEPT_FOR + timedelta(days=1)
    book.run()
    with open_ledger(book.folder) as opened:
        assert ["sent", "failed", "queued"] == [each.state for each in opened.entries("churn_high")]
    book.channels["log"].fails = None
    book.run()
    book.run()
    with open_ledger(book.folder) as opened:
        assert ["sent", "sent"] == [each.state for each in opened.entries("churn_high")]
    assert () == book.run().transitions


def test_an_older_ledger(book: Pretend) -> None:
    """A ledger that an older version wrote says how to go on, and nothing is told."""
    with sqlite3.connect(ledger_file(book.folder)) as connection:
        connection.execute("PRAGMA user_version = 1")
    found = fault(book)
    assert ("A206", True) == (found.code, "move it away" in (found.help or ""))
    assert 1 == len(book.channels["log"].told)
