"""What goes wrong when Stripe is asked, as faults: which source, which object, what to do. Never the key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tallymark import Fault, FaultError
from tallymark_plugins.stripe_billing.objects import EVENTS, OBJECTS
from tallymark_plugins.stripe_billing.shapes import ShapeError

if TYPE_CHECKING:
    from stripe import StripeError

    from tallymark.definitions import SourceDef

_KEYS = re.compile(r"\b[a-z]{2,6}_(?:live|test)_\S+")
_PERMISSION = re.compile(r"\brak_[a-z_]{3,60}\b")
_LONGEST = 300


class NotPermitted(Exception):  # noqa: N818 - the reading of other objects goes on
    """The key may not read one kind of object. `fault` says which, and which permission to give."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


def hidden(text: object) -> str:
    """A text of Stripe's without anything that looks like a key, on one line, cut."""
    return " ".join(_KEYS.sub("***", str(text)).split())[:_LONGEST]


def misshapen(error: ShapeError, definition: SourceDef) -> Fault:
    """An object without an id, or not as Stripe documents it."""
    which = f"`{error.identity}`" if error.identity else "without an id"
    message = f"the source `{definition.name}`: {error.kind} {which} is not as Stripe documents it: {error.missing}"
    help = "nothing of this sync is kept; if Stripe itself sent it, report it with the API version in plugins/README.md"
    return Fault("L858", message, definition.place, help)


def trouble(error: StripeError, definition: SourceDef, kind: str) -> FaultError | NotPermitted:
    """The fault for an error of the SDK, met while `kind` (`invoices`) was read."""
    import stripe

    source = f"the source `{definition.name}`"
    reading = f"{source}, reading {kind}"
    place = definition.place
    if isinstance(error, stripe.AuthenticationError):
        return FaultError(_refused(error, source, definition))
    if isinstance(error, stripe.PermissionError):
        return NotPermitted(_forbidden(error, source, definition, kind))
    if isinstance(error, stripe.RateLimitError):
        help = "wait some minutes; other programs with the account's keys share its limit. What is landed stays"
        return FaultError(Fault("L856", f"{reading}: Stripe goes on saying that it is asked too often", place, help))
    if isinstance(error, stripe.APIConnectionError):
        if isinstance(error.__cause__, FaultError):
            return error.__cause__
        return FaultError(_unreached(error, reading, definition))
    if isinstance(error, stripe.InvalidRequestError):
        return FaultError(_not_understood(error, reading, definition, kind))
    status = error.http_status
    if status is not None and status >= 500:
        help = (
            "Stripe was asked several times: see https://status.stripe.com, and sync again later. What is landed stays"
        )
        return FaultError(Fault("L857", f"{reading}: Stripe answers with the error {status}", place, help))
    help = "sync again; if it stays, something between here and Stripe changes what is sent. What is landed stays"
    what = f"what came cannot be read ({status or 'no status'})"
    return FaultError(Fault("L855", f"{reading}: {what}: {hidden(error.user_message or 'no JSON')}", place, help))


def _refused(error: StripeError, source: str, definition: SourceDef) -> Fault:
    held = definition.options.get("api_key")
    if error.code == "api_key_expired" or "expired" in str(error).lower():
        help = "make a new key in Stripe (Developers, API keys) and put it there"
        return Fault("L851", f"{source}: the key that `{held}` holds has expired", definition.place, help)
    help = "copy the whole key from Stripe (Developers, API keys): it begins with `rk_` or `sk_`"
    return Fault("L850", f"{source}: Stripe does not know the key that `{held}` holds", definition.place, help)


def _forbidden(error: StripeError, source: str, definition: SourceDef, kind: str) -> Fault:
    found = _PERMISSION.search(str(error))
    name = f"`{OBJECTS[kind].permission if kind in OBJECTS else EVENTS}`: Read"
    asked = f" (`{found[0]}`)" if found else ""
    if kind == "events":
        left = "so everything is read anew at each sync, and changes are dated by the sync that sees them"
        other = ""
    else:
        left = "so they are left as they are"
        other = f", or leave `{kind}` out of the source's `objects`"
    message = f"{source}: the key may not read {kind}, {left}"
    help = f"give the restricted key the permission {name}{asked}{other}"
    return Fault("L852", message, definition.place, help, severity="warning")


def _unreached(error: StripeError, reading: str, definition: SourceDef) -> Fault:
    import requests.exceptions as met

    cause = error.__cause__
    base = definition.options.get("api_base") or "api.stripe.com"
    if isinstance(cause, met.SSLError):
        help = "check this machine's clock, and whether something in between opens encrypted traffic"
        return Fault("L854", f"{reading}: `{base}` shows no certificate that can be trusted", definition.place, help)
    if isinstance(cause, met.ChunkedEncodingError):
        help = "sync again; what is landed stays"
        return Fault("L855", f"{reading}: pages come cut short, several times over", definition.place, help)
    slow = isinstance(cause, met.Timeout)
    what = "does not answer in time" if slow else "cannot be reached"
    help = "check the network and the name, then sync again; what is landed stays"
    return Fault("L853", f"{reading}: `{base}` {what}", definition.place, help)


def _not_understood(error: StripeError, reading: str, definition: SourceDef, kind: str) -> Fault:
    what = hidden(error.user_message or "no reason given")
    if error.http_status == 404:
        help = f"leave `{kind}` out of the source's `objects` if this account has none; check `account` and `api_base`"
    else:
        help = "check the source's `account`; the request itself is this program's, so report it if that is right"
    return Fault("L862", f"{reading}: Stripe does not accept the request: {what}", definition.place, help)
