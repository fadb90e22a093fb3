"""Where the parts of Stripe's objects stand: before and since the API version 2025-03-31, and in legacy plans.

Answers come in the version that `connect.VERSION` asks for; events keep the shape of the version in which they were
made, and stand-ins for Stripe speak older ones. So each part is looked for in every place it has had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Thing = Mapping[str, Any]


class ShapeError(ValueError):
    """An object that is not as Stripe documents it: `kind` and `id` of the object, and `missing`, what it lacks."""

    def __init__(self, kind: str, identity: str | None, missing: str) -> None:
        self.kind, self.identity, self.missing = kind, identity, missing
        super().__init__(f"{kind} {identity or '(without id)'}: {missing}")


def identity(thing: object) -> str | None:
    """The id of an object, whether it is expanded or is its id alone."""
    if isinstance(thing, Mapping):
        thing = thing.get("id")
    return thing if isinstance(thing, str) and thing else None


def need(thing: Thing, name: str, kind: str) -> Any:
    """A field that the object must have. Raises ShapeError."""
    value = thing.get(name)
    if value is None:
        raise ShapeError(kind, identity(thing), f"`{name}` is missing")
    return value


def moment(seconds: object) -> datetime | None:
    """A time as Stripe says it, in seconds since 1970; None for null. Raises ValueError for others."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError(f"{seconds!r} is no time")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"{seconds!r} is no time") from None


def listed(thing: object) -> Sequence[Thing]:
    """The members of a list object, or of a bare list."""
    data = thing.get("data") if isinstance(thing, Mapping) else thing
    return [each for each in data if isinstance(each, Mapping)] if isinstance(data, Sequence) else []


def unfinished(thing: object) -> bool:
    """Whether a list within an object has further pages."""
    return isinstance(thing, Mapping) and bool(thing.get("has_more"))


def price_of(item: Thing) -> Thing:
    """The price of a subscription item or of an invoice line: as much of it as is there, at the least its `id`."""
    for name in ("price", "plan"):
        if isinstance(item.get(name), Mapping):
            return item[name]  # type: ignore[no-any-return]  # as Stripe gives it
    details = (item.get("pricing") or {}).get("price_details") or {}
    price = details.get("price")
    if isinstance(price, Mapping):
        return price
    return {"id": price, "product": details.get("product")} if price else {}


def period_of(item: Thing, subscription: Thing) -> tuple[object, object]:
    """Start and end of the paid period: of the item since 2025-03-31, of the subscription before."""
    start = item.get("current_period_start", subscription.get("current_period_start"))
    return start, item.get("current_period_end", subscription.get("current_period_end"))


def discounts_of(thing: Thing) -> Sequence[object]:
    """The discounts of a subscription, an item, a customer or an invoice: objects, or ids where not expanded."""
    several = thing.get("discounts")
    if isinstance(several, Sequence) and several and not isinstance(several, str):
        return several
    one = thing.get("discount")
    return (one,) if one else ()


def coupon_of(discount: Thing) -> object:
    """The coupon of a discount: below `source` since 2025-09-30, in it before; an object or an id."""
    return (discount.get("source") or {}).get("coupon") or discount.get("coupon")


def parent_of(line: Thing) -> tuple[str | None, str | None, bool]:
    """The subscription and the subscription item that a line of an invoice is for, and whether it is a proration."""
    parent = line.get("parent")
    if not isinstance(parent, Mapping):
        return identity(line.get("subscription")), identity(line.get("subscription_item")), bool(line.get("proration"))
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    subscription = identity(details.get("subscription")) or identity(line.get("subscription"))
    return subscription, identity(details.get("subscription_item")), bool(details.get("proration"))


def for_subscription(line: Thing) -> bool:
    """Whether a line bills a subscription's item, or a proration of one, and is nothing that someone added by hand."""
    subscription, item, proration = parent_of(line)
    parent = line.get("parent")
    kind = parent.get("type") if isinstance(parent, Mapping) else line.get("type")
    of_item = kind in ("subscription_item_details", "subscription") or item is not None
    return of_item or (proration and subscription is not None)


def subscription_of(invoice: Thing) -> str | None:
    """The subscription that an invoice is for."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return identity(details.get("subscription")) or identity(invoice.get("subscription"))


def taxes_of(thing: Thing) -> Sequence[Thing]:
    """The amounts of tax of an invoice or a line, each with `amount` and whether it is `inclusive`."""
    for name in ("total_taxes", "total_tax_amounts", "taxes", "tax_amounts"):
        if thing.get(name):
            return [
                {**each, "inclusive": each.get("inclusive", each.get("tax_behavior") == "inclusive")}
                for each in thing[name]
            ]
    return ()


def recurring_of(price: Thing) -> tuple[str | None, int | None, bool]:
    """Interval, how many of it, and whether usage is metered: of a price, or of a legacy plan."""
    recurring = price.get("recurring")
    if isinstance(recurring, Mapping):
        place: Thing = recurring
    else:
        place = price
    count = place.get("interval_count")
    return place.get("interval"), int(count) if count is not None else None, place.get("usage_type") == "metered"
