"""What can go wrong between this source and Zendesk, in words: which object, and what to do. Never a token."""

from __future__ import annotations

import json
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark_plugins.zendesk.settings import Settings


def complain(settings: Settings, code: str, message: str, help_: str) -> FaultError:
    """The fault, at the place of the source."""
    return FaultError(Fault(code, message, settings.place, help_, settings.subject))


def refused(settings: Settings, what: str, status: int, body: str) -> FaultError:
    """What an answer means that says no, and would say so again."""
    host = settings.url.partition("://")[2]
    if status == 401:
        who = "the OAuth token" if settings.email is None else "the e-mail address with the API token"
        return complain(
            settings,
            "L871",
            f"{host} does not know {who} (401, at {what})",
            "is the token still valid, and is token access switched on? See Admin Center, Apps and integrations, APIs",
        )
    if status == 403:
        return complain(
            settings,
            "L872",
            f"{host} does not let this user read {what} (403)",
            "exports are for administrators; an OAuth token needs the scope `read`. An object that the account does "
            "not have may be left out with `skip:`",
        )
    if status == 404:
        return complain(
            settings,
            "L873",
            f"there are no {what} at {host} (404)",
            "is that the subdomain of the account? It is what stands before .zendesk.com when you are signed in",
        )
    if 300 <= status < 400:
        return complain(
            settings,
            "L878",
            f"{host} sends elsewhere instead of giving {what} ({status})",
            "the account may have been renamed: write its present `subdomain` or `url`; a redirect is not followed, "
            "for the token would go with it",
        )
    return complain(
        settings,
        "L885",
        f"{host} refused the request for {what} ({status}{_reason(body)})",
        "if the account has changed, `tally sync --full` begins anew",
    )


def unreachable(settings: Settings, what: str, reason: str) -> FaultError:
    """The host has no address, or takes no connection."""
    host = settings.url.partition("://")[2]
    help_ = "is the subdomain right, and is this computer connected to the internet?"
    return complain(settings, "L874", f"{host} cannot be reached for {what}: {reason}", help_)


def untrusted(settings: Settings, reason: str) -> FaultError:
    """The other end cannot prove that it is the host."""
    host = settings.url.partition("://")[2]
    return complain(
        settings,
        "L875",
        f"the connection to {host} is not safe: {reason}",
        "the certificate may be out of date, or something on the way reads along; the token was not sent",
    )


def beyond_patience(settings: Settings, code: str, what: str, reason: str, patience: int) -> FaultError:
    """A trouble that should have passed has not."""
    helps = {
        "L876": "the account's requests are used up: run the sync later, or read less with `start:` and `skip:`",
        "L877": "look at status.zendesk.com and run the sync again later; what is landed already is kept",
        "L879": "run the sync again; if it stays so, what the account answers is to be shown to Zendesk's support",
    }
    return complain(settings, code, f"{what}: {reason}, beyond the patience of {patience} s", helps[code])


def misshapen(settings: Settings, what: str, reason: str) -> FaultError:
    """An answer is not what Zendesk documents."""
    help_ = "is the address that of Zendesk itself? If so, its interface has changed, which is to be reported to us"
    return complain(settings, "L882", f"{what}: {reason}", help_)


def _reason(body: str) -> str:
    """What Zendesk says of a refusal, on one short line; it repeats no credentials."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    words = [told[k] for k in ("error", "description") if isinstance(told.get(k), str)]
    line = " ".join(": ".join(words).split())[:200]
    return f", {line}" if line else ""
