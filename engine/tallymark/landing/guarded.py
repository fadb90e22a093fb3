"""The parts of `http.session` that are made of requests' and urllib3's own."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, wait_exponential
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from tallymark.landing.http import Reach


class Wait(wait_exponential):
    """Waits longer each time, or as long as the answer's `Retry-After` asks, within the limits."""

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds before the next try."""
        asked = retry_after(_answer(retry_state))
        return super().__call__(retry_state) if asked is None else max(self.min, min(self.max, asked))


def retry_after(response: requests.Response | None) -> float | None:
    """How many seconds an answer asks to wait; None when it does not say, or nothing that can be read."""
    said = None if response is None else response.headers.get("Retry-After")
    if not said:
        return None
    try:
        return Retry().parse_retry_after(said) or None
    except InvalidHeader:
        return None


def _answer(state: RetryCallState) -> requests.Response | None:
    """What the last try got, be it given or raised."""
    if state.outcome is None:
        return None
    error = state.outcome.exception()
    found = getattr(error, "response", None) if error is not None else state.outcome.result()
    return found if isinstance(found, requests.Response) else None


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
