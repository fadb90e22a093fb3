"""Objects of Stripe, made in a line each, for `FakeStripe`. Times are `day("2024-01-31")`, amounts minor units."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Thing = dict[str, Any]


def day(text: str) -> int:
    """A day or an instant in UTC as seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def customer(key: str, created: str = "2024-01-01", **more: Any) -> Thing:
    """A customer."""
    return {
        "id": key, "object": "customer", "created": day(created), "name": f"Customer {key}", "email": None,
        "currency": "usd", "delinquent": False, "livemode": True, "discount": None, "metadata": {}, **more,
    }  # fmt: skip


def product(key: str, created: str = "2023-01-01", **more: Any) -> Thing:
    """A product."""
    return {
        "id": key, "object": "product", "created": day(created), "name": f"Product {key}", "active": True,
        "livemode": True, "metadata": {}, **more,
    }  # fmt: skip


def price(
    key: str, amount: int | None, interval: str | None = "month", count: int = 1, *, currency: str = "usd",
    usage: str = "licensed", **more: Any,
) -> Thing:  # fmt: skip
    """A price; its product is `prod_` and its id."""
    recurring = {"interval": interval, "interval_count": count, "usage_type": usage} if interval else None
    return {
        "id": key, "object": "price", "created": day("2023-01-01"), "currency": currency, "product": f"prod_{key}",
        "active": True, "livemode": True, "billing_scheme": "per_unit", "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount), "recurring": recurring,
        "type": "recurring" if interval else "one_time", "metadata": {}, "tiers_mode": None, **more,
    }  # fmt: skip


def coupon(
    key: str, *, percent: float | None = None, off: int | None = None, duration: str = "forever", **more: Any
) -> Thing:
    """A coupon, of a percentage or of an amount."""
    return {
        "id": key, "object": "coupon", "created": day("2023-01-01"), "percent_off": percent, "amount_off": off,
        "currency": "usd" if off is not None else None, "duration": duration, "valid": True, "livemode": True,
        "applies_to": None, "name": key, **more,
    }  # fmt: skip


def discount(key: str, of: Thing, start: str = "2024-01-01", end: str | None = None) -> Thing:
    """A coupon as it is given to a customer, a subscription or an item."""
    return {
        "id": key, "object": "discount", "source": {"type": "coupon", "coupon": of}, "start": day(start),
        "end": day(end) if end else None,
    }  # fmt: skip


def item(key: str, of: Thing, quantity: int | None = 1, *, created: str = "2024-01-01", **more: Any) -> Thing:
    """An item of a subscription; `quantity` None for metered usage."""
    made = {
        "id": key, "object": "subscription_item", "created": day(created), "price": of, "discounts": [],
        "current_period_start": day("2024-05-01"), "current_period_end": day("2024-06-01"), "metadata": {}, **more,
    }  # fmt: skip
    return made if quantity is None else {**made, "quantity": quantity}


def subscription(
    key: str, of: str, items: list[Thing], *, start: str = "2024-01-01", status: str = "active",
    ended: str | None = None, canceled: str | None = None, trial: tuple[str, str] | None = None, **more: Any,
) -> Thing:  # fmt: skip
    """A subscription; `ended` without `canceled` is one that was asked to end at once."""
    return {
        "id": key, "object": "subscription", "customer": of, "created": day(start), "start_date": day(start),
        "status": status, "currency": items[0]["price"]["currency"], "livemode": True,
        "items": {"object": "list", "data": [{**each, "subscription": key} for each in items]},
        "discounts": [], "ended_at": day(ended) if ended else None,
        "canceled_at": day(canceled or ended) if canceled or ended else None, "cancel_at": None,
        "cancel_at_period_end": False, "trial_start": day(trial[0]) if trial else None,
        "trial_end": day(trial[1]) if trial else None, "pause_collection": None, "schedule": None,
        "collection_method": "charge_automatically", "metadata": {}, **more,
    }  # fmt: skip


def line(
    key: str, amount: int, period: tuple[str, str], *, of: Thing | None = None, sub: str | None = None,
    item: str | None = None, quantity: int | None = 1, proration: bool = False, currency: str = "usd", **more: Any,
) -> Thing:  # fmt: skip
    """A line of an invoice: for an item of a subscription, or one that was added by hand."""
    if item is not None:
        details = {"subscription": sub, "subscription_item": item, "proration": proration, "invoice_item": None}
        parent: Thing = {"type": "subscription_item_details", "subscription_item_details": details}
    else:
        by_hand = {"invoice_item": f"ii_{key}", "proration": False, "subscription": sub}
        parent = {"type": "invoice_item_details", "invoice_item_details": by_hand}
    pricing = {"type": "price_details", "price_details": {"price": of["id"], "product": of["product"]}} if of else None
    return {
        "id": key, "object": "line_item", "amount": amount, "currency": currency, "quantity": quantity,
        "period": {"start": day(period[0]), "end": day(period[1])}, "parent": parent, "pricing": pricing,
        "discount_amounts": [], "discounts": [], "description": key, "livemode": True, **more,
    }  # fmt: skip


def invoice(
    key: str, of: str, created: str, lines: list[Thing], *, sub: str | None = None, status: str = "paid",
    paid: str | None = None, tax: int = 0, **more: Any,
) -> Thing:  # fmt: skip
    """An invoice; paid when it was made, unless said. Discounts on its lines are taken off."""
    subtotal = sum(each["amount"] for each in lines)
    off = sum(part["amount"] for each in lines for part in each["discount_amounts"])
    total = subtotal - off + tax
    paid_at = day(paid or created) if status == "paid" else None
    taxes = [{"amount": tax, "tax_behavior": "exclusive", "type": "tax_rate_details"}] if tax else []
    parent = {"type": "subscription_details", "subscription_details": {"subscription": sub}} if sub else None
    return {
        "id": key, "object": "invoice", "customer": of, "created": day(created), "status": status,
        "currency": lines[0]["currency"] if lines else "usd", "livemode": True, "number": key.upper(), "parent": parent,
        "lines": {"object": "list", "data": lines}, "subtotal": subtotal, "total": total, "total_taxes": taxes,
        "total_excluding_tax": total - tax, "total_discount_amounts": [], "amount_due": total,
        "amount_paid": total if paid_at else 0, "discounts": [], "billing_reason": "subscription_cycle",
        "status_transitions": {"finalized_at": day(created), "paid_at": paid_at, "voided_at": None},
        "due_date": None, "metadata": {}, **more,
    }  # fmt: skip
