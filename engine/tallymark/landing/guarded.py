"""The parts of `http.session` that are made of requests' and urllib3's own."""

from __future__ import annotations

import socket
from typing import Any

import requests
from dlt.sources.helpers.requests.retry import wait_exponential_retry_after
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from tallymark.landing.http import Reach

Wait = wait_exponential_retry_after
"""Waits longer each time, or as long as the answer's `Retry-After` asks."""


class GuardedSession(requests.Session):
    """A session whose every request has a time limit."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.timeout = timeout
        self.headers["User-Agent"] = "tallymark"

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        """Sends a request and follows redirects."""
        if settings.get("timeout") is None:
            settings["timeout"] = self.timeout
        return super().send(request, **settings)


class Guarded(HTTPAdapter):
    """Sends what goes to where the source may go. Every hop of a redirect comes by here."""

    __attrs__ = [*HTTPAdapter.__attrs__, "reach"]  # noqa: RUF012 - what a copy takes along, as requests has it

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Has the pools make connections that look at the address first."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _pools(self.reach)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Sends one request. Raises FaultError (L818)."""
        self.reach.check(request.url or "")
        return super().send(request, *args, **more)


def _pools(reach: Reach) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            _look(reach, self._dns_host, self.port)
            return _connected(reach, self.host, super()._new_conn())

    class Safe(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            _look(reach, self._dns_host, self.port)
            return _connected(reach, self.host, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SafePool(HTTPSConnectionPool):
        ConnectionCls = Safe

    return {"http": PlainPool, "https": SafePool}


def _look(reach: Reach, host: str, port: int) -> None:
    """Looks where the name leads, before anything is sent there. A name that leads nowhere fails as it connects."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return
    for *_, address in found:
        reach.check_address(host, str(address[0]))


def _connected(reach: Reach, host: str, made: socket.socket) -> socket.socket:
    try:
        reach.check_address(host, str(made.getpeername()[0]))
    except BaseException:
        made.close()
        raise
    return made
