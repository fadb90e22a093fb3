"""A client of Stripe's official SDK, set up from a source's options."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tallymark import Fault, FaultError
from tallymark.secret import secret

if TYPE_CHECKING:
    from stripe import StripeClient

    from tallymark.definitions import SourceDef
    from tallymark.place import Place

VERSION = "2026-10-28.endive"
"""The API version that is asked for, whatever the account's own default: shapes then change only when this line does."""

BASE = "https://api.stripe.com"

_TIMEOUT = (10.0, 80.0)
"""Seconds to connect, and between two bytes: Stripe's own limit for a request is 80."""

_TRIES = 4
_LONGEST_WAIT = 120
"""Seconds: what a `Retry-After` may ask for at most."""


def client(definition: SourceDef, folder: Path) -> StripeClient:
    """A client instance with the options' key, host and account. Nothing is sent yet.

    Raises FaultError: D480 and D481 for the key's reference, L850 for a key that cannot be one, L860 for the host,
    P790 without the SDK.
    """
    try:
        from stripe import StripeClient
    except ImportError:
        help = "install it with `pip install 'tallymark[stripe]'`"
        raise FaultError(Fault("P790", "stripe is not installed", definition.place, help)) from None
    options = definition.options
    key = _key(options, folder, definition.place)
    base = _base(options, definition.place)
    return StripeClient(
        key,
        stripe_version=VERSION,
        stripe_account=options.get("account"),
        base_addresses={"api": base},
        max_network_retries=_TRIES,
        http_client=_http(),
    )


def _key(options: Mapping[str, Any], folder: Path, place: Place | None) -> str:
    held = secret(options, "api_key", folder, place)
    if held is None:
        raise FaultError(Fault("D480", "the Stripe source has no `api_key`", place, "write `api_key: env:STRIPE_API_KEY`"))
    key = held.reveal()
    if key.startswith("pk_") or not key.isascii() or not key.isprintable() or " " in key:
        what = "a publishable key, which reads nothing" if key.startswith("pk_") else "no key of Stripe"
        help = "make a restricted key (it begins with `rk_`) with read permissions; see plugins/README.md, `Stripe`"
        raise FaultError(Fault("L850", f"what `{held.reference}` holds is {what}", place, help))
    return key


def is_test(definition: SourceDef, folder: Path) -> bool:
    """Whether the key is of test mode (a sandbox), as its prefix says."""
    return "_test_" in _key(definition.options, folder, definition.place)[:8]


def _base(options: Mapping[str, Any], place: Place | None) -> str:
    base = str(options.get("api_base") or BASE).rstrip("/")
    if base == BASE or options.get("allow_private"):
        return base
    parts = urlsplit(base)
    if parts.scheme != "https" or not parts.hostname:
        raise FaultError(Fault("L860", f"`api_base: {base}` is not read over https", place, _HELP_BASE))
    if _private(parts.hostname):
        raise FaultError(Fault("L860", f"`api_base: {base}` is an address within a private network", place, _HELP_BASE))
    return base


_HELP_BASE = "leave `api_base` out to read Stripe itself; `allow_private: true` permits a stand-in, for tests"


def _private(host: str) -> bool:
    """Whether a name leads into a private network. A name that leads nowhere is told of when it is asked."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return any(not ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)


def _http() -> Any:
    """The SDK's own HTTP client, made patient: it waits as long as a 429 asks, and asks again after a page cut short."""
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ChunkedEncodingError
    from stripe import APIConnectionError, RequestsClient
    from urllib3.util.retry import Retry

    class Patient(RequestsClient):
        def request(self, method: Any, url: Any, headers: Any, post_data: Any = None) -> Any:
            try:
                return super().request(method, url, headers, post_data)
            except APIConnectionError as error:
                # A body shorter than announced. Everything here only reads, so asking again is safe.
                error.should_retry = error.should_retry or isinstance(error.__cause__, ChunkedEncodingError)
                raise

    # Only 429 here: the SDK asks again by itself after 409, 5xx and a broken connection, but does not heed
    # `Retry-After`.
    waits = Retry(
        total=None, connect=0, read=0, redirect=0, other=0, status=_TRIES + 2, status_forcelist=[429],
        allowed_methods=["GET"], backoff_factor=0.5, backoff_jitter=0.25, raise_on_status=False,
        respect_retry_after_header=True, retry_after_max=_LONGEST_WAIT,
    )  # fmt: skip
    session = Session()
    session.max_redirects = 0  # Stripe sends nobody elsewhere: a redirect would carry the key to another host
    session.mount("https://", HTTPAdapter(max_retries=waits))
    session.mount("http://", HTTPAdapter(max_retries=waits))
    return Patient(timeout=_TIMEOUT, session=session)
