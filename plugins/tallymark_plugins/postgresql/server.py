"""A PostgreSQL server as a backend: a few connections, one SELECT a statement, read only, to be stopped at any time.

A statement must begin as a query does, is prepared by the server, which takes one at a time, and runs in a session
whose transactions are read-only and whose settings decide nothing: UTC, no search path but the
catalogue's, texts as they are written.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from tallymark.errors import Cancelled, Fault, FaultError
from tallymark.waiting import interruptible
from tallymark_plugins.postgresql.errors import lost, not_connected, refused
from tallymark_plugins.postgresql.options import Options
from tallymark_plugins.postgresql.results import typed

if TYPE_CHECKING:
    import pyarrow

OLDEST = 14
"""The oldest version whose numbers are known to be right: its EXTRACT gives exact decimals."""

SETTINGS = {
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog",
    # Statements are long and run once: compiling them costs more than it gives.
    "jit": "off",
    "default_transaction_read_only": "on",
}
"""Settings of every session."""

_ONE_QUERY = re.compile(r"\s*(SELECT|WITH|\()", re.IGNORECASE)
"""How a query begins. That there is one only, the server sees to; one that changes something, its read-only session."""

_CANCEL_SECONDS = 5.0
"""How long `cancel` goes on stopping a statement that starts just as it is called."""


@dataclass(eq=False, slots=True)
class _Held:
    """A connection while it is used."""

    connection: Any
    thread: int
    cancelled: bool = False


class Server:
    """A `source.Backend` over one PostgreSQL database. Safe to use from several threads."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._gate = threading.Condition()
        self._free = threading.BoundedSemaphore(options.connections)
        self._idle: list[Any] = []
        self._running: set[_Held] = set()
        self._closed = False

    @property
    def dialect(self) -> str:
        """The sqlglot name of its dialect."""
        return "postgres"

    def run(self, sql: str) -> pyarrow.Table:
        """Runs exactly one SELECT and gives all its rows.

        Raises FaultError (D466 to D469), Cancelled after `cancel`, KeyboardInterrupt as it came.
        """
        if "\0" in sql:
            message = "a text with a null character cannot be asked for in PostgreSQL, which holds none"
            raise FaultError(Fault("D468", message))
        if not _ONE_QUERY.match(sql):
            raise FaultError(Fault("D467", "only one SELECT may run at a time"))
        return interruptible(lambda: self._tried(sql), lambda thread: self._stop(lambda each: each.thread == thread))

    def _tried(self, sql: str) -> pyarrow.Table:
        """What a statement gives, on a new connection if one that lay idle is no more."""
        with self._free:
            held, used = self._taken()
            try:
                return self._answer(held, sql)
            except _Stale:
                # A connection that lay idle while the server was started anew tells so only when it is used.
                if not used:
                    raise FaultError(refused(self._options, _Stale("server closed the connection"))) from None
            held, _ = self._taken(fresh=True)
            try:
                return self._answer(held, sql)
            except _Stale as error:
                raise FaultError(refused(self._options, error)) from None

    def _answer(self, held: _Held, sql: str) -> pyarrow.Table:
        with self._using(held), held.connection.cursor() as cursor:
            cursor.execute(sql)
            return typed(cursor.fetch_arrow_table())

    def cancel(self) -> None:
        """Stops whatever runs now, in any thread: each of those calls raises Cancelled."""
        self._stop(lambda each: True)

    def _stop(self, which: Callable[[_Held], bool]) -> None:
        deadline = monotonic() + _CANCEL_SECONDS
        with self._gate:
            stopping = {each for each in self._running if which(each)}
            for each in stopping:
                each.cancelled = True
            while stopping & self._running and monotonic() < deadline:
                for each in stopping & self._running:
                    with suppress(Exception):
                        each.connection.adbc_cancel()
                self._gate.wait(0.05)

    def close(self) -> None:
        """Stops what runs and closes the connections. May be called again."""
        self._closed = True
        self.cancel()
        with self._gate:
            idle, self._idle = self._idle, []
        for connection in idle:
            with suppress(Exception):
                connection.close()

    # --- connections -------------------------------------------------------------------------------------------------

    def _taken(self, fresh: bool = False) -> tuple[_Held, bool]:
        """A connection, and whether it has been used before."""
        if self._closed:
            raise FaultError(Fault("D467", f"the source `{self._options.name}` is closed"))
        with self._gate:
            while self._idle:
                connection = self._idle.pop()
                if not fresh:
                    return _Held(connection, threading.get_ident()), True
                with suppress(Exception):
                    connection.close()
        return _Held(self._connected(), threading.get_ident()), False

    def _connected(self) -> Any:
        try:
            import adbc_driver_postgresql.dbapi as driver
        except ImportError:
            message = f"the source `{self._options.name}` needs the driver of PostgreSQL, which is not installed"
            help_ = "pip install 'tallymark[postgres]'"
            raise FaultError(Fault("D466", message, self._options.place, help_)) from None
        try:
            connection = driver.connect(self._options.uri(), autocommit=True)
        except driver.Error as error:
            raise FaultError(not_connected(self._options, error)) from None
        try:
            self._settle(connection)
        except driver.Error as error:
            connection.close()
            raise FaultError(refused(self._options, error)) from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _settle(self, connection: Any) -> None:
        settings = SETTINGS | {"statement_timeout": str(int(self._options.timeout * 1000))}
        with connection.cursor() as cursor:
            for name, value in settings.items():
                # A list of names is no text.
                said = value if name in ("search_path", "DateStyle") else f"'{value}'"
                cursor.executescript(f"SET {name} = {said}")
            asked = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
            cursor.execute(asked)
            version, encoding = cursor.fetchone()
        if version // 10_000 < OLDEST:
            message = f"the source `{self._options.name}` is PostgreSQL {version // 10_000}"
            help_ = f"it takes {OLDEST} or later to give the same numbers"
            raise FaultError(Fault("D466", message, self._options.place, help_))
        if encoding != "UTF8":
            message = f"the database of the source `{self._options.name}` is encoded in {encoding}"
            raise FaultError(Fault("D466", message, self._options.place, "only UTF8 holds every text"))

    @contextmanager
    def _using(self, held: _Held) -> Iterator[None]:
        """Notes that a connection is in use; one on which anything failed is not used again."""
        with self._gate:
            self._running.add(held)
        sound = False
        try:
            yield
            sound = True
        except Exception as error:
            if held.cancelled:
                raise Cancelled("the question was cancelled") from None
            if lost(error):
                raise _Stale(str(error)) from None
            if type(error).__module__.startswith("adbc_driver_manager"):
                raise FaultError(refused(self._options, error)) from None
            raise
        finally:
            with self._gate:
                self._running.discard(held)
                kept = sound and not held.cancelled and not self._closed
                if kept:
                    self._idle.append(held.connection)
                self._gate.notify_all()
            if not kept:
                with suppress(Exception):
                    held.connection.close()
        if held.cancelled:
            raise Cancelled("the question was cancelled")


class _Stale(Exception):  # noqa: N818 - told on as a fault, or tried again
    """The connection is no more."""
