"""The HTTP client of sources and notifiers: to the hosts it is told, over TLS, and to no address of a private network.

Every request is looked at, redirects and the next pages that answers name included; the address is checked when the
connection is made, so that a name which leads somewhere else the second time is of no use. It tries again after errors
that pass, waits as long as `Retry-After` asks, up to a limit, and reads no proxy, `.netrc` or cookie from elsewhere.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tallymark.errors import Fault, FaultError

if TYPE_CHECKING:
    import requests

ATTEMPTS = 5
LONGEST_WAIT = 120.0
"""Seconds between two tries, at most."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

TIMEOUT = 60.0
"""Seconds for a connection, and for each part of an answer."""

PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529)
"""Answers after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a source may go. A host that begins with a dot stands for every host below it.

    `plain` allows http besides https; `private` allows this machine and private networks.
    """

    hosts: tuple[str, ...]
    plain: bool = False
    private: bool = False

    def check(self, url: str) -> None:
        """Raises FaultError (L818) when the address is none to go to."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower().rstrip(".")
        except ValueError:
            raise FaultError(_refused("an address that cannot be read", None)) from None
        if parts.scheme != "https" and not (self.plain and parts.scheme == "http"):
            help_ = "only https keeps a key secret; `allow_http: true` allows http all the same"
            raise FaultError(_refused(f"{parts.scheme}://{host}", help_))
        if not any(host == h or (h.startswith(".") and host.endswith(h)) for h in self.hosts):
            help_ = f"this source goes to {', '.join(self.hosts)}; `hosts:` names others"
            raise FaultError(_refused(host, help_))

    def check_address(self, host: str, address: str) -> None:
        """Raises FaultError (L818) for an address in a private network."""
        if self.is_private(address):
            help_ = "`allow_private: true` allows addresses of this machine and of private networks"
            found = ipaddress.ip_address(address.partition("%")[0])
            raise FaultError(_refused(f"{host}, which is at {_plain(found)}, a private address", help_))

    def is_private(self, address: str) -> bool:
        """Whether an address lies in a private network, and may not be gone to."""
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        return not self.private and (not found.is_global or found.is_multicast)


def _plain(found: Address) -> Address:
    """The address itself, where one of the older kind is wrapped in one of the newer."""
    return getattr(found, "ipv4_mapped", None) or found


def _refused(where: str, help_: str | None) -> Fault:
    return Fault("L818", f"the source is not to go to {where}", None, help_)


def session(
    reach: Reach, *, attempts: int | None = None, longest_wait: float | None = None, timeout: float = TIMEOUT
) -> requests.Session:
    """A `requests.Session` that keeps to `reach` and tries again: `ATTEMPTS` times, unless said.

    It waits for `LONGEST_WAIT` seconds at most, unless said. Answers that are errors are given, not raised.
    """
    from requests.exceptions import ChunkedEncodingError, ConnectionError, HTTPError, Timeout
    from tenacity import Retrying, retry_any, retry_if_exception, retry_if_result, stop_after_attempt

    from tallymark.landing.guarded import Guarded, GuardedSession, Wait

    made = GuardedSession(timeout)
    adapter = Guarded(reach)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    made.trust_env = False
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True

    def passes(error: BaseException) -> bool:
        # A caller's hook may raise for the status of an answer before it is seen here.
        if isinstance(error, HTTPError) and error.response is not None:
            return error.response.status_code in PASSING
        return isinstance(error, ConnectionError | Timeout | ChunkedEncodingError) and not stays(error)

    again = Retrying(
        wait=Wait(multiplier=1, max=LONGEST_WAIT if longest_wait is None else longest_wait),
        retry=retry_any(retry_if_exception(passes), retry_if_result(lambda r: r.status_code in PASSING)),
        stop=stop_after_attempt(attempts or ATTEMPTS),
        reraise=True,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    made.send = again.wraps(made.send)  # type: ignore[method-assign]  # of this session only
    return made


def stays(error: Any) -> bool:
    """Whether another try would end the same: no such host, a certificate that is not accepted."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        if (
            isinstance(error, socket.gaierror)
            or "SSL" in type(error).__name__
            or "NameResolution" in type(error).__name__
        ):
            return True
        inner = next((a for a in error.args if isinstance(a, BaseException)), None)
        error = getattr(error, "reason", None) or inner or error.__cause__ or error.__context__
    return False
