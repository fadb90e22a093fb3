"""Objects of Stripe as rows: times as instants, amounts exact in units of their currency, names of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tallymark_plugins.stripe_billing.book import Book
from tallymark_plugins.stripe_billing.money import decimal, major
from tallymark_plugins.stripe_billing.shapes import (
    ShapeError,
    Thing,
    identity,
    listed,
    moment,
    need,
    recurring_of,
    subscription_of,
    taxes_of,
)

Row = dict[str, Any]


def row(name: str, thing: Thing, book: Book) -> Row:
    """The row of an object of a kind (`customers`). Raises ShapeError."""
    kind = name.rstrip("s").replace("_", " ")
    if identity(thing) is None:
        raise ShapeError(kind, None, "`id` is missing")
    try:
        made = _MAKERS[name](thing, book)
    except ShapeError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ShapeError(kind, identity(thing), str(error)) from None
    return {"id": identity(thing), **made, "livemode": thing.get("livemode"), "deleted_at": None}


def money(thing: Thing, name: str, currency: str) -> Decimal | None:
    """A field of minor units."""
    return major(thing.get(name), currency)


def _code(thing: Thing) -> str:
    return str(need(thing, "currency", str(thing.get("object") or "object"))).upper()


def _text(thing: object) -> str | None:
    """Nested data as JSON, for what has no column; None for none."""
    return json.dumps(thing, default=str, sort_keys=True) if thing else None


def _customer(thing: Thing, book: Book) -> Row:
    discount = book.discount(thing["discount"]) if thing.get("discount") else None
    coupon: Thing = discount["coupon"] if discount else {}
    currency = thing.get("currency")
    off = coupon.get("amount_off")
    return {
        "name": thing.get("name") or thing.get("description"),
        "email": thing.get("email") if book.personal else None,
        "country": (thing.get("address") or {}).get("country"),
        "currency": currency.upper() if currency else None,
        "delinquent": thing.get("delinquent"),
        "created_at": moment(need(thing, "created", "customer")),
        "discount_percent": decimal(coupon.get("percent_off")),
        "discount_amount": major(off, str(coupon.get("currency") or "usd")) if off is not None else None,
        "discount_duration": coupon.get("duration"),
        "discount_start": moment(discount.get("start")) if discount else None,
        "discount_end": moment(discount.get("end")) if discount else None,
        "metadata": _text(thing.get("metadata")),
    }


def _product(thing: Thing, book: Book) -> Row:
    return {
        "name": thing.get("name"),
        "active": thing.get("active"),
        "unit_label": thing.get("unit_label"),
        "created_at": moment(thing.get("created")),
        "metadata": _text(thing.get("metadata")),
    }


def _price(thing: Thing, book: Book) -> Row:
    book.learn("prices", thing)
    interval, count, metered = recurring_of(thing)
    currency = _code(thing)
    unit = next((thing[name] for name in _UNITS if thing.get(name) is not None), None)
    return {
        "product": identity(thing.get("product")),
        "nickname": thing.get("nickname"),
        "lookup_key": thing.get("lookup_key"),
        "active": thing.get("active"),
        "currency": currency,
        "unit_amount": major(unit, currency),
        "billing_scheme": thing.get("billing_scheme"),
        "tiers_mode": thing.get("tiers_mode"),
        "tiers": _text(thing.get("tiers")),
        "interval": interval,
        "interval_count": count,
        "metered": metered,
        "created_at": moment(thing.get("created")),
        "metadata": _text(thing.get("metadata")),
    }


_UNITS = ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount")


def _coupon(thing: Thing, book: Book) -> Row:
    book.learn("coupons", {"applies_to": None, **thing})
    off = thing.get("amount_off")
    return {
        "name": thing.get("name"),
        "percent_off": decimal(thing.get("percent_off")),
        "amount_off": major(off, _code(thing)) if off is not None else None,
        "currency": _code(thing) if off is not None else None,
        "duration": thing.get("duration"),
        "duration_in_months": thing.get("duration_in_months"),
        "products": _text((thing.get("applies_to") or {}).get("products")),
        "valid": thing.get("valid"),
        "created_at": moment(thing.get("created")),
    }


def _promotion_code(thing: Thing, book: Book) -> Row:
    promotion = thing.get("promotion") or {}
    return {
        "code": thing.get("code"),
        "coupon": identity(thing.get("coupon")) or identity(promotion.get("coupon")),
        "customer": identity(thing.get("customer")),
        "active": thing.get("active"),
        "times_redeemed": thing.get("times_redeemed"),
        "created_at": moment(thing.get("created")),
    }


def _subscription(thing: Thing, book: Book) -> Row:
    pause = thing.get("pause_collection")
    return {
        "customer": identity(need(thing, "customer", "subscription")),
        "status": need(thing, "status", "subscription"),
        "currency": (thing.get("currency") or "").upper() or None,
        "started_at": started(thing),
        "created_at": moment(thing.get("created")),
        "cancel_at": moment(thing.get("cancel_at")),
        "cancel_at_period_end": thing.get("cancel_at_period_end"),
        "canceled_at": moment(thing.get("canceled_at")),
        "ended_at": moment(thing.get("ended_at")),
        "trial_start": moment(thing.get("trial_start")),
        "trial_end": moment(thing.get("trial_end")),
        "pause_behavior": pause.get("behavior") if pause else None,
        "pause_resumes_at": moment(pause.get("resumes_at")) if pause else None,
        "collection_method": thing.get("collection_method"),
        "schedule": identity(thing.get("schedule")),
        "cancellation_reason": (thing.get("cancellation_details") or {}).get("reason"),
        "cancellation_feedback": (thing.get("cancellation_details") or {}).get("feedback"),
        "metadata": _text(thing.get("metadata")),
    }


def started(subscription: Thing) -> datetime | None:
    """When a subscription began: its `start_date`, which may lie before it was created."""
    return moment(subscription.get("start_date") or subscription.get("created"))


def _schedule(thing: Thing, book: Book) -> Row:
    return {
        "subscription": identity(thing.get("subscription")) or identity(thing.get("released_subscription")),
        "customer": identity(thing.get("customer")),
        "status": thing.get("status"),
        "phases": _text(list(listed(thing.get("phases")))),
        "created_at": moment(thing.get("created")),
        "canceled_at": moment(thing.get("canceled_at")),
        "completed_at": moment(thing.get("completed_at")),
        "released_at": moment(thing.get("released_at")),
    }


def _invoice(thing: Thing, book: Book) -> Row:
    currency = _code(thing)
    changes = thing.get("status_transitions") or {}
    total = money(thing, "total", currency)
    tax = _tax(thing, currency)
    without = money(thing, "total_excluding_tax", currency)
    return {
        "number": thing.get("number"),
        "customer": identity(thing.get("customer")),
        "subscription": subscription_of(thing),
        "status": thing.get("status"),
        "billing_reason": thing.get("billing_reason"),
        "currency": currency,
        "subtotal": money(thing, "subtotal", currency),
        "discount": _sum(thing.get("total_discount_amounts"), currency),
        "tax": tax,
        "total": total,
        "total_excluding_tax": without if without is not None else total - tax if total is not None else None,
        "amount_due": money(thing, "amount_due", currency),
        "amount_paid": money(thing, "amount_paid", currency),
        "created_at": moment(need(thing, "created", "invoice")),
        "finalized_at": moment(changes.get("finalized_at")),
        "paid_at": moment(changes.get("paid_at")),
        "voided_at": moment(changes.get("voided_at")),
        "due_at": moment(thing.get("due_date")),
    }


def _tax(thing: Thing, currency: str) -> Decimal:
    taxes = taxes_of(thing)
    if taxes:
        return _sum(taxes, currency)
    return money(thing, "tax", currency) or Decimal(0)


def _sum(parts: object, currency: str) -> Decimal:
    """The sum of a list of things with an `amount` of minor units."""
    return sum((each for part in listed(parts) if (each := money(part, "amount", currency)) is not None), Decimal(0))


def _credit_note(thing: Thing, book: Book) -> Row:
    currency = _code(thing)
    total = money(thing, "total", currency)
    without = money(thing, "total_excluding_tax", currency)
    return {
        "invoice": identity(thing.get("invoice")),
        "customer": identity(thing.get("customer")),
        "status": thing.get("status"),
        "reason": thing.get("reason"),
        "type": thing.get("type"),
        "currency": currency,
        "total": total,
        "total_excluding_tax": without if without is not None else total,
        "created_at": moment(need(thing, "created", "credit note")),
        "voided_at": moment(thing.get("voided_at")),
    }


def _refund(thing: Thing, book: Book) -> Row:
    currency = _code(thing)
    return {
        "charge": identity(thing.get("charge")),
        "payment_intent": identity(thing.get("payment_intent")),
        "status": thing.get("status"),
        "reason": thing.get("reason"),
        "currency": currency,
        "amount": money(thing, "amount", currency),
        "created_at": moment(need(thing, "created", "refund")),
    }


def _charge(thing: Thing, book: Book) -> Row:
    currency = _code(thing)
    return {
        "customer": identity(thing.get("customer")),
        "payment_intent": identity(thing.get("payment_intent")),
        "status": thing.get("status"),
        "paid": thing.get("paid"),
        "refunded": thing.get("refunded"),
        "currency": currency,
        "amount": money(thing, "amount", currency),
        "amount_refunded": money(thing, "amount_refunded", currency),
        "created_at": moment(need(thing, "created", "charge")),
    }


_MAKERS: Mapping[str, Callable[[Thing, Book], Row]] = {
    "products": _product,
    "prices": _price,
    "plans": _price,
    "coupons": _coupon,
    "promotion_codes": _promotion_code,
    "customers": _customer,
    "subscriptions": _subscription,
    "subscription_schedules": _schedule,
    "invoices": _invoice,
    "credit_notes": _credit_note,
    "refunds": _refund,
    "charges": _charge,
}
