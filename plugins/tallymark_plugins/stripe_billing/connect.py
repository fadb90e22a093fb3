"""A client of Stripe's official SDK, set up from a source's options."""

from __future__ import annotations

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
"""The API version that is asked for, whatever the account's own default: shapes change only when this line does."""

BASE = "https://api.stripe.com"

_TIMEOUT = 90.0
"""Seconds to connect, and between two parts of an answer: Stripe's own limit for a request is 80."""


def client(definition: SourceDef, folder: Path) -> StripeClient:
    """A client instance with the options' key, host and account. Nothing is sent yet.

    Raises FaultError: D480 and D481 for the key's reference, L850 for a key that cannot be one, L860 for the host,
    P790 without the SDK.
    """
    try:
        from stripe import RequestsClient, StripeClient

        from tallymark.landing.http import Reach, session
    except ImportError:
        help = "install it with `pip install 'tallymark[stripe]'`"
        raise FaultError(Fault("P790", "stripe is not installed", definition.place, help)) from None
    options = definition.options
    key = _key(options, folder, definition.place)
    base = _base(options, definition.place)
    private = bool(options.get("allow_private"))
    # Tries again, waits as long as a 429 asks, and carries the key to no other host: the SDK's own tries would only
    # multiply these.
    patient = session(Reach((urlsplit(base).hostname or "",), private, private), timeout=_TIMEOUT)
    return StripeClient(
        key,
        stripe_version=VERSION,
        stripe_account=options.get("account"),
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=RequestsClient(timeout=_TIMEOUT, session=patient),
    )


def _key(options: Mapping[str, Any], folder: Path, place: Place | None) -> str:
    held = secret(options, "api_key", folder, place)
    if held is None:
        raise FaultError(
            Fault("D480", "the Stripe source has no `api_key`", place, "write `api_key: env:STRIPE_API_KEY`")
        )
    key = held.reveal()
    if key.startswith("pk_") or not key.isascii() or not key.isprintable() or " " in key:
        what = "a publishable key, which reads nothing" if key.startswith("pk_") else "no key of Stripe"
        help = "make a restricted key (it begins with `rk_`) with read permissions; see plugins/README.md, `Stripe`"
        raise FaultError(Fault("L850", f"what `{held.reference}` holds is {what}", place, help))
    return key


def is_test(definition: SourceDef, folder: Path) -> bool:
    """Whether the key is of test mode (a sandbox), as its prefix says."""
    return "_test_" in _key(definition.options, folder, definition.place)[:12]


def _base(options: Mapping[str, Any], place: Place | None) -> str:
    base = str(options.get("api_base") or BASE).rstrip("/")
    parts = urlsplit(base)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and options.get("allow_private"))):
        return base
    help = "leave `api_base` out to read Stripe itself; `allow_private: true` permits a stand-in, for tests"
    raise FaultError(Fault("L860", f"`api_base: {base}` is not read over https", place, help))
