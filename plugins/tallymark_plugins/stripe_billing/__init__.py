"""The source of kind `stripe`: customers, subscriptions and invoices of Stripe, landed by `tally sync`.

    sources:
      stripe:
        kind: stripe
        api_key: env:STRIPE_API_KEY     # a restricted key with read permissions
        start: 2022-01-01               # invoices before it are not read

`tally sync` lands Stripe's objects as tables of their own names; further tables made of them have the shapes that the
standard packs read: `subscription_versions`, `invoice_lines`, `paid_invoices`, `billed_customers`.

    connect.py    options to a client of Stripe's official SDK
    objects.py    the kinds of object: permission, events, what is expanded
    pages.py      lists to their end, though they change meanwhile
    shapes.py     where Stripe's versions keep each part
    money.py      minor units to exact amounts; tiers, packages, discounts
    book.py       prices, coupons and discounts that others point at
    rows.py       objects to rows
    parts.py      items of subscriptions and lines of invoices to rows
    tables.py     the landed tables and their columns
    landing.py    one sync: what is new, what has changed
    views/        the further tables, as SQL
    troubles.py   errors as faults
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.landed import landed_reads, landed_source
from tallymark_plugins.stripe_billing.objects import DEFAULT, OBJECTS
from tallymark_plugins.stripe_billing.starting import starter
from tallymark_plugins.stripe_billing.views import VIEWS

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.source import Landing

KIND = "stripe"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "api_key": {"type": "string", "secret": True, "description": "where the key is: `env:NAME` or `file:PATH`"},
        "account": {
            "type": "string",
            "pattern": "^acct_[A-Za-z0-9]+$",
            "description": "a connected account to read, for platforms",
        },
        "start": {
            "type": "string",
            "description": "a day; invoices, credit notes, refunds and charges before it are not read",
        },
        "objects": {
            "type": "array",
            "items": {"enum": list(OBJECTS)},
            "minItems": 1,
            "description": f"what is read; all but charges unless said: {', '.join(DEFAULT)}",
        },
        "personal": {"type": "boolean", "description": "whether customers' mail addresses are landed; not unless said"},
        "api_base": {"type": "string", "description": "another host than Stripe's, for tests"},
        "allow_private": {
            "type": "boolean",
            "description": "permits `api_base` without https or within a private network",
        },
    },
    "required": ["api_key"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """The dlt source that a sync reads. Raises FaultError for bad options."""
    from tallymark_plugins.stripe_billing.landing import land

    return land(definition, folder, landing)


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, landed_source, OPTIONS, landed_reads, land=land, views=VIEWS, starter=starter),)
