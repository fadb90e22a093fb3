"""The ledger: what was told of each rule, and what is still to be told, in one SQLite file of the project.

    .tally/rules.db       rules, instances, transitions, and the outbox; beside it its write-ahead log, during a run
    .tally/rules.lock     held by the run that works with it

What a run finds changes the ledger and fills the outbox in one transaction, which is on the disk before anything is
sent. An entry of the outbox is `queued`, then `sending`, which is on the disk before it is sent, then `sent` or
`failed`. One that is found `sending` was being sent when its run was broken off: it may or may not have arrived.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tallymark.errors import Fault, FaultError
from tallymark.home import HOME, held, is_full, is_held, make_home
from tallymark.rules.ledger_rows import (
    KEEP_CHANGE,
    KEEP_INSTANCE,
    KEEP_RULE,
    QUEUE,
    Entry,
    EntryState,
    Queued,
    RuleKept,
    Seen,
    change_of,
    change_row,
    entry_of,
    kept_of,
    kept_row,
    queued_row,
    rule_of,
    rule_row,
)
from tallymark.rules.ledger_schema import APPLICATION, SCHEMA, VERSION
from tallymark.rules.moments import instance_of, instance_text
from tallymark.rules.outcome import Change
from tallymark.rules.states import Instance
from tallymark.rules.telling import Kept

KEPT_FOR = timedelta(days=400)
"""How long what is over and told stays in the ledger."""

LOCK = "rules.lock"
WAIT = 10.0
"""Seconds that SQLite waits for another program that holds the file."""

AWAY = "move it away: what stands then is told once more, as in a first run"

T = TypeVar("T")

WAITING = ("queued", "sending", "failed")


NOT_SEEN: Mapping[Instance, Seen] = MappingProxyType({})


class Ledger:
    """The ledger, opened. Made by `open_ledger`; used by one thread."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    # --- what was told ---------------------------------------------------------------------------------------------

    def rules(self) -> dict[str, RuleKept]:
        """Every rule that ever ran, by name."""
        kept = self._read(
            rule_of, "SELECT name, meaning, grain, period, as_of, period_name, ran, teller FROM rules ORDER BY name"
        )
        return {rule.name: rule for rule in kept}

    def told(self, rule: str) -> dict[Instance, Kept]:
        """What is kept of each instance of a rule."""
        sql = "SELECT instance, told, since, period, number FROM instances WHERE rule = ? ORDER BY instance"
        return dict(self._read(kept_of, sql, rule))

    def listeners(self, rule: str) -> dict[Instance, tuple[str, ...]]:
        """Who the last transition of each instance of a rule was for."""
        found = self._read(
            lambda row: (instance_of(row[0]), row[1]),
            "SELECT i.instance, o.notifier FROM instances i"
            " JOIN transitions t ON t.rule = i.rule AND t.instance = i.instance AND t.number = i.number"
            " JOIN outbox o ON o.key = t.key WHERE i.rule = ? ORDER BY o.number",
            rule,
        )
        heard: dict[Instance, tuple[str, ...]] = {}
        for instance, notifier in found:
            heard[instance] = (*heard.get(instance, ()), notifier)
        return heard

    def standing(self, rule: str) -> list[tuple[Change, datetime, Seen]]:
        """The last transition of each instance that fires or has no data, with when it was found, and how the instance
        stood in the last run.
        """
        return self._read(
            lambda row: (change_of(rule, row[:-2]), datetime.fromisoformat(row[-3]), Seen(*row[-2:])),
            "SELECT t.key, t.instance, t.period, t.before, t.after, t.since, t.reason, t.period_name, t.since_name,"
            " t.subject, t.found, i.status, i.status_since FROM instances i"
            " JOIN transitions t ON t.rule = i.rule AND t.instance = i.instance AND t.number = i.number"
            " WHERE i.rule = ? AND i.told <> 'ok' ORDER BY t.since, t.rowid",
            rule,
        )

    def failures(self) -> dict[str, tuple[datetime, str]]:
        """The rules that could not be evaluated when they were last to be: when that was, and why."""
        sql = "SELECT rule, found, error FROM failures ORDER BY rule"
        return dict(self._read(lambda row: (row[0], (datetime.fromisoformat(row[1]), row[2])), sql))

    def fail(self, rule: str, at: datetime, error: str) -> None:
        """Keeps that a rule could not be evaluated; what was told of it stands."""
        with self._transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (rule, at.isoformat(), error))

    def record(
        self,
        rule: RuleKept,
        told: Mapping[Instance, Kept],
        changes: Sequence[Change],
        queued: Iterable[Queued],
        seen: Mapping[Instance, Seen] = NOT_SEEN,
    ) -> None:
        """What a run found of one rule, at once: the ledger changes and the outbox fills, or neither.

        `told` holds the instances as they are after the changes, which are in the order of their periods; `seen` how
        those stand that something is told of.
        """
        with self._transaction() as cursor:
            cursor.execute(KEEP_RULE, rule_row(rule))
            cursor.execute("DELETE FROM failures WHERE rule = ?", (rule.name,))
            new = Counter(each.transition.instance for each in changes)
            numbers = {instance: told[instance].number - count for instance, count in new.items()}
            for each in changes:
                instance = each.transition.instance
                numbers[instance] += 1
                cursor.execute(KEEP_CHANGE, change_row(each, numbers[instance], rule.ran))
            for instance in numbers:
                cursor.execute(KEEP_INSTANCE, (rule.name, instance_text(instance), *kept_row(told[instance])))
            now = [(s.status, s.since, rule.name, instance_text(i)) for i, s in seen.items()]
            cursor.executemany("UPDATE instances SET status = ?, status_since = ? WHERE rule = ? AND instance = ?", now)
            cursor.executemany(QUEUE, [queued_row(each, rule.ran) for each in queued])

    # --- what is still to be told ----------------------------------------------------------------------------------

    def waiting(self) -> list[Entry]:
        """The entries that are not sent yet, in the order in which they were found."""
        return self._entries("o.state IN (?, ?, ?)", *WAITING)

    def entries(self, rule: str) -> list[Entry]:
        """The entries of a rule that are still kept, in the order in which they were found."""
        return self._entries("t.rule = ?", rule)

    def sending(self, entry: Entry, at: datetime) -> None:
        """That an entry is about to be sent; on the disk when this returns."""
        self._mark(entry, "sending", at, entry.attempts + 1, None, entry.doubtful or entry.state == "sending")

    def sent(self, entry: Entry, at: datetime) -> None:
        """That an entry was taken."""
        self._mark(entry, "sent", at, entry.attempts + 1, None, entry.doubtful or entry.state == "sending")

    def failed(self, entry: Entry, at: datetime, error: str) -> None:
        """That an entry was not taken, and what was said instead: the next run tries again."""
        self._mark(entry, "failed", at, entry.attempts + 1, error, entry.doubtful or entry.state == "sending")

    def drop(self, notifier: str, at: datetime) -> int:
        """Gives up what waits for a notifier, and counts it."""
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE outbox SET state = 'dropped', tried = ? WHERE notifier = ? AND state IN (?, ?, ?)",
                (at.isoformat(), notifier, *WAITING),
            )
            return cursor.rowcount

    def prune(self, at: datetime) -> None:
        """Forgets what was found `KEPT_FOR` ago, is told, and is not the last of its instance."""
        long_ago = (at - KEPT_FOR).isoformat()
        old = (
            "SELECT t.key FROM transitions t JOIN instances i ON i.rule = t.rule AND i.instance = t.instance"
            " WHERE t.found < ? AND t.number < i.number"
            " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.key = t.key AND o.state IN (?, ?, ?))"
        )
        if not self._rows(f"{old} LIMIT 1", long_ago, *WAITING):
            return
        with self._transaction() as cursor:
            cursor.execute(f"CREATE TEMP TABLE old AS {old}", (long_ago, *WAITING))
            cursor.execute("DELETE FROM outbox WHERE key IN (SELECT key FROM old)")
            cursor.execute("DELETE FROM transitions WHERE key IN (SELECT key FROM old)")
            cursor.execute("DROP TABLE old")

    # --- the file --------------------------------------------------------------------------------------------------

    def _entries(self, which: str, *values: Any) -> list[Entry]:
        return self._read(
            entry_of,
            "SELECT o.number, t.rule, t.instance, o.notifier, o.notification, o.language, o.state, o.attempts,"
            " o.doubtful, o.error, o.queued, o.tried FROM outbox o JOIN transitions t ON t.key = o.key"
            f" WHERE {which} ORDER BY o.number",
            *values,
        )

    def _mark(
        self, entry: Entry, state: EntryState, at: datetime, attempts: int, error: str | None, doubtful: bool
    ) -> None:
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE outbox SET state = ?, tried = ?, attempts = ?, error = ?, doubtful = ? WHERE number = ?",
                (state, at.isoformat(), attempts, error, doubtful, entry.number),
            )

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with told_plainly(self._file):
            return self._connection.execute(sql, values).fetchall()

    def _read(self, made: Callable[[tuple[Any, ...]], T], sql: str, *values: Any) -> list[T]:
        found = self._rows(sql, *values)
        try:
            return [made(row) for row in found]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"a row is not as it was written ({type(error).__name__})"
            raise FaultError(damaged(self._file, reason)) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with told_plainly(self._file):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise


def ledger_file(folder: Path) -> Path:
    """Where the ledger of the project in `folder` is."""
    return folder / HOME / "rules.db"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One run at a time over the project's ledger, in this process or another; the lock ends with its process.

    Makes the folder. Raises FaultError: A200 when another run holds it, A203 and A204 when nothing can be written.
    """
    with ExitStack() as stack:
        with told_plainly(ledger_file(folder)):
            try:
                stack.enter_context(held(make_home(folder) / LOCK))
            except BlockingIOError:
                message = "another run of the project's rules is under way"
                raise FaultError(Fault("A200", message, None, "wait until it is done, or stop it")) from None
        yield


def running(folder: Path) -> bool:
    """Whether a run holds the ledger now."""
    return is_held(folder / HOME / LOCK)


@contextmanager
def open_ledger(folder: Path, *, write: bool = True) -> Iterator[Ledger]:
    """The ledger of the project in `folder`; an empty one where there is none, which is made only to `write`.

    Raises FaultError: A202 for a file that is damaged or something else's, A203 and A204 for a disk that is full or
    cannot be written, A205 when another program holds it, A206 for one of another version.
    """
    file = ledger_file(folder)
    with told_plainly(file):
        if write:
            make_home(folder)
            # By SQLite itself it would be for everyone, and so would what stands beside it.
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connected(file, write)
    try:
        with told_plainly(file):
            _prepare(connection, file)
        yield Ledger(connection, file)
    finally:
        connection.close()


def _connected(file: Path, write: bool) -> sqlite3.Connection:
    if not write and not (file.exists() and file.stat().st_size):
        return sqlite3.connect(":memory:", isolation_level=None)
    # Also a reader may have to undo what a killed run left half done.
    return sqlite3.connect(file, timeout=WAIT, isolation_level=None)


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    # A commit is on the disk when it returns, after one wait for it; who reads the status keeps nobody waiting.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    version, whose = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id"))
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        connection.executescript(f"BEGIN IMMEDIATE;{SCHEMA};COMMIT")
    elif whose != APPLICATION:
        raise FaultError(damaged(file, "it is another program's"))
    elif version > VERSION:
        message = f"the ledger of rules was written by a newer Tallymark: {file}"
        raise FaultError(Fault("A206", message, None, "run rules with that version, or a newer one"))
    elif version < VERSION:
        message = f"the ledger of rules was written by an older Tallymark: {file}"
        raise FaultError(Fault("A206", message, None, AWAY))


@contextmanager
def told_plainly(file: Path) -> Iterator[None]:
    """Tells errors of the disk and of SQLite in the project's own words. Raises FaultError."""
    try:
        yield
    except sqlite3.Error as error:
        raise FaultError(_fault(error, file)) from error
    except OSError as error:
        if is_full(error):
            raise FaultError(_full()) from error
        raise FaultError(_unwritable(file, error.strerror or str(error))) from error


def damaged(file: Path, reason: str) -> Fault:
    """A ledger that cannot be read."""
    help_ = f"put a copy of {file} back, or {AWAY}"
    return Fault("A202", f"the ledger of rules is damaged: {reason}", None, help_)


def _fault(error: sqlite3.Error, file: Path) -> Fault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(file, str(error))
    if code == sqlite3.SQLITE_FULL:
        return _full()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Fault("A205", f"the ledger of rules is in use by another program: {file}", None, "try again after it")
    return _unwritable(file, str(error))


def _full() -> Fault:
    help_ = "free some space and run the rules again: nothing is lost, and nothing is told twice"
    return Fault("A203", "the disk is full: what rules tell cannot be kept", None, help_)


def _unwritable(file: Path, reason: str) -> Fault:
    return Fault("A204", f"the ledger of rules cannot be read or written: {file}: {reason}", None, None)
