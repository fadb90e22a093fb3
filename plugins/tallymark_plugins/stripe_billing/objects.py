"""The kinds of object that are read: a table each, the permission of a restricted key, how changes are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object as Stripe lists it. `service` is its name in the SDK below `client.v1`."""

    service: str
    permission: str
    """What the page of a restricted key in Stripe calls it."""
    events: tuple[str, ...] = ()
    """Events that tell of a change, with `*`."""
    of: str = ""
    """The `object` that those events carry."""
    expand: tuple[str, ...] = ()
    dated: bool = False
    """Whether the option `start` cuts it: what was made before is not read."""
    default: bool = True
    everything: tuple[tuple[str, str], ...] = ()
    """What a list must be asked so that nothing is left out."""


OBJECTS: Mapping[str, Kind] = MappingProxyType(
    {
        "products": Kind("products", "Products", ("product.*",), "product"),
        "prices": Kind("prices", "Prices", ("price.*",), "price", expand=("tiers", "currency_options")),
        "plans": Kind("plans", "Plans", ("plan.*",), "plan", expand=("tiers",)),
        "coupons": Kind("coupons", "Coupons", ("coupon.*",), "coupon", expand=("applies_to", "currency_options")),
        "promotion_codes": Kind("promotion_codes", "Promotion codes", ("promotion_code.*",), "promotion_code"),
        "customers": Kind("customers", "Customers", ("customer.*",), "customer", expand=("discount.source.coupon",)),
        "subscriptions": Kind(
            "subscriptions", "Subscriptions", ("customer.subscription.*", "customer.discount.*"), "subscription",
            expand=("discounts.source.coupon", "items.data.discounts"),
            everything=(("status", "all"),),
        ),
        "subscription_schedules": Kind(
            "subscription_schedules", "Subscriptions", ("subscription_schedule.*",), "subscription_schedule"
        ),
        "invoices": Kind(
            "invoices", "Invoices", ("invoice.*",), "invoice",
            expand=("discounts.source.coupon", "lines.data.discounts"), dated=True,
        ),
        "credit_notes": Kind("credit_notes", "Credit notes", ("credit_note.*",), "credit_note", dated=True),
        "refunds": Kind("refunds", "Charges and Refunds", ("refund.*",), "refund", dated=True),
        "charges": Kind("charges", "Charges and Refunds", ("charge.*",), "charge", dated=True, default=False),
    }
)  # fmt: skip

EVENTS = "Events"
"""The permission to read what changed."""

DEFAULT = tuple(name for name, kind in OBJECTS.items() if kind.default)
"""What is read unless the option `objects` says otherwise."""
