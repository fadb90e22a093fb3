"""What a project says of its Zendesk account, read from the options of the source and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tallymark.definitions import NOWHERE, SourceDef
from tallymark.errors import Fault, FaultError
from tallymark.place import Place
from tallymark.secret import Secret, is_reference, secret

OBJECTS = (
    "ticket_events",
    "ticket_metric_events",
    "satisfaction_ratings",
    "survey_responses",
    "surveys",
    "deleted_tickets",
    "groups",
    "brands",
    "ticket_forms",
)
"""What may be left out by `skip:`. Tickets, users and organisations are always read."""

CUSTOMER = re.compile(r"external_id|id|name|field:[A-Za-z0-9_]+")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_SUBDOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subdomain": {"type": "string", "description": "`acme` for acme.zendesk.com"},
        "url": {"type": "string", "description": "the account's address, where it is not at zendesk.com"},
        "email": {"type": "string", "description": "whose API token it is: an address, or `env:NAME`, `file:PATH`"},
        "api_token": {
            "type": "string",
            "secret": True,
            "description": "an API token of that person, an administrator: `env:NAME` or `file:PATH`",
        },
        "oauth_token": {
            "type": "string",
            "secret": True,
            "description": "an OAuth token with the scope `read`, in place of `email` and `api_token`",
        },
        "start": {"description": "the day from which changes are read (2024-01-31); everything when left out"},
        "customer": {
            "type": "string",
            "description": "what of an organisation names the customer: `external_id` (its id where it has none), "
            "`id`, `name`, or `field:KEY`, an organisation field",
        },
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "ticket fields of your own to land as columns: a name and the field's number",
        },
        "forms": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "the numbers of the ticket forms whose tickets are landed; all when left out",
        },
        "skip": {"type": "array", "items": {"enum": list(OBJECTS)}, "description": "objects not to read"},
        "personal": {
            "type": "boolean",
            "description": "whether to land subjects, descriptions and comments of tickets, and names and addresses of "
            "end users; not when left out",
        },
        "requests_per_minute": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100_000,
            "description": "how many requests for incremental exports the account allows; 10 when left out",
        },
        "patience": {
            "type": "integer",
            "minimum": 0,
            "maximum": 86_400,
            "description": "for how many seconds a request that fails for a while is tried again; 600 when left out",
        },
        "allow_private": {
            "type": "boolean",
            "description": "whether `url` may be plain http or lie in a private network, as a test server does",
        },
    },
    "additionalProperties": False,
}
"""A JSON Schema of the source's options. What depends on several of them is checked in `settings_of`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """An account, and what of it is landed. `start` is in seconds since 1970."""

    source: str
    url: str
    token: Secret
    email: str | Secret | None = None
    """None with an OAuth token."""
    start: int = 0
    customer: str = "external_id"
    fields: Mapping[str, int] = field(default_factory=dict)
    forms: tuple[int, ...] = ()
    skip: tuple[str, ...] = ()
    personal: bool = False
    requests_per_minute: int = 10
    patience: int = 600
    allow_private: bool = False
    place: Place = NOWHERE

    @property
    def subject(self) -> str:
        """What faults are said to be in."""
        return f"source `{self.source}`"


def settings_of(definition: SourceDef, folder: Path, taken: frozenset[str] = frozenset()) -> Settings:
    """The settings of a source; `taken` are names that a field of the account's own cannot have.

    Raises FaultError (L870, D480) with all that is wrong.
    """
    options, faults = definition.options, list[Fault]()
    for said in (
        *_about_address(options),
        *_about_credentials(options),
        *_about_fields(options, taken),
        *_about_choices(options),
    ):
        faults.append(Fault("L870", said[0], definition.place, said[1], f"source `{definition.name}`"))
    token: Secret | None = None
    for name in ("api_token", "oauth_token"):
        try:
            token = secret(options, name, folder, definition.place) or token
        except FaultError as error:
            faults += error.faults
    if faults or token is None:
        raise FaultError(faults)
    email = options.get("email") if "api_token" in options else None
    return Settings(
        source=definition.name,
        url=_url(options),
        token=token,
        email=Secret(email, folder, definition.place) if is_reference(email) and email else email,
        start=_start(options.get("start")) or 0,
        customer=options.get("customer", "external_id"),
        fields=dict(options.get("fields", {})),
        forms=tuple(options.get("forms", ())),
        skip=tuple(options.get("skip", ())),
        personal=bool(options.get("personal", False)),
        requests_per_minute=options.get("requests_per_minute", 10),
        patience=options.get("patience", 600),
        allow_private=bool(options.get("allow_private", False)),
        place=definition.place,
    )


Said = tuple[str, str]
"""What is wrong, and the way out."""


def _url(options: Mapping[str, Any]) -> str:
    if "url" in options:
        return str(options["url"]).rstrip("/")
    return f"https://{str(options['subdomain']).lower()}.zendesk.com"


def _about_address(options: Mapping[str, Any]) -> list[Said]:
    help_ = "write `subdomain: acme` for acme.zendesk.com, or `url:` with the whole address"
    subdomain, url = options.get("subdomain"), options.get("url")
    if (subdomain is None) == (url is None):
        return [(f"the account's address is said {'twice' if url else 'nowhere'}", help_)]
    if subdomain is not None:
        if _SUBDOMAIN.fullmatch(str(subdomain)):
            return []
        return [(f"`{subdomain}` is no subdomain", help_)]
    return _about_url(str(url), bool(options.get("allow_private")))


def _about_url(url: str, private: bool) -> list[Said]:
    try:
        parts = urlsplit(url)
        wrong = not parts.hostname or parts.scheme not in ("http", "https") or parts.port == 0
    except ValueError:
        return [("`url` is no address", "write it as `https://support.example.com`")]
    if wrong or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        # An address may hold a password: it is not repeated.
        return [("`url` is not the bare address of a host", "write it as `https://support.example.com`")]
    if parts.scheme == "http" and not private:
        return [("`url` is plain http, on which the token could be read by others", "write `https://`")]
    return []


def _about_credentials(options: Mapping[str, Any]) -> list[Said]:
    api, oauth = options.get("api_token") is not None, options.get("oauth_token") is not None
    help_ = "give `email` and `api_token: env:ZENDESK_API_TOKEN`, or `oauth_token: env:ZENDESK_OAUTH_TOKEN`"
    if api and oauth:
        return [("two tokens are given, and one is needed", help_)]
    if not api and not oauth:
        return [("no token is given", help_)]
    if api and "email" not in options:
        return [("an API token needs the `email` of the administrator it is used as", help_)]
    return []


def _about_fields(options: Mapping[str, Any], taken: frozenset[str]) -> list[Said]:
    said = list[Said]()
    for name in options.get("fields", {}):
        if not _COLUMN.fullmatch(str(name)):
            help_ = "small letters, digits and `_`, a letter first"
            said.append((f"a field cannot be named `{name}`", help_))
        elif name in taken:
            said.append((f"`{name}` is a column of tickets already", f"name the field otherwise: `{name}_of_ours`"))
    return said


def _about_choices(options: Mapping[str, Any]) -> list[Said]:
    said = list[Said]()
    customer = options.get("customer", "external_id")
    if not CUSTOMER.fullmatch(str(customer)):
        help_ = "write `external_id`, `id`, `name`, or `field:KEY` with the key of an organisation field"
        said.append((f"`customer: {customer}` is nothing that names a customer", help_))
    if "start" in options and _start(options["start"]) is None:
        said.append((f"`start: {options['start']}` is no day since 1970", "write it as `2024-01-31`"))
    return said


def _start(said: object) -> int | None:
    """A day in seconds since 1970, at midnight UTC; None for what is no day."""
    if isinstance(said, str):
        try:
            said = date.fromisoformat(said)
        except ValueError:
            return None
    if not isinstance(said, date):
        return None
    seconds = int(datetime(said.year, said.month, said.day, tzinfo=UTC).timestamp())
    return seconds if seconds >= 0 else None
