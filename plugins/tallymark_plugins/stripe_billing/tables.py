"""The landed tables and their columns, so that a table is there with all of them, also while it has no row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallymark_plugins.stripe_billing.money import SCALE

SNAPSHOTS = "subscription_snapshots"
LINES = "invoice_line_items"

_KINDS: Mapping[str, Mapping[str, Any]] = {
    "t": {"data_type": "text"},
    "i": {"data_type": "bigint"},
    "b": {"data_type": "bool"},
    "m": {"data_type": "decimal", "precision": 38, "scale": SCALE},
    "d": {"data_type": "timestamp"},
}
"""Text, integer, boolean, money or another exact number, instant."""

_ALWAYS = "livemode:b deleted_at:d"
_PRICE = (
    "product nickname lookup_key active:b currency unit_amount:m billing_scheme tiers_mode tiers interval "
    "interval_count:i metered:b created_at:d metadata"
)
_TABLES = {
    "products": f"id name active:b unit_label created_at:d metadata {_ALWAYS}",
    "prices": f"id {_PRICE} {_ALWAYS}",
    "plans": f"id {_PRICE} {_ALWAYS}",
    "coupons": (
        "id name percent_off:m amount_off:m currency duration duration_in_months:i products valid:b created_at:d "
        f"{_ALWAYS}"
    ),
    "promotion_codes": f"id code coupon customer active:b times_redeemed:i created_at:d {_ALWAYS}",
    "customers": (
        "id name email country currency delinquent:b created_at:d discount_percent:m discount_amount:m "
        f"discount_duration discount_start:d discount_end:d metadata {_ALWAYS}"
    ),
    "subscriptions": (
        "id customer status currency started_at:d created_at:d cancel_at:d cancel_at_period_end:b canceled_at:d "
        "ended_at:d trial_start:d trial_end:d pause_behavior pause_resumes_at:d collection_method schedule "
        f"cancellation_reason cancellation_feedback metadata {_ALWAYS}"
    ),
    SNAPSHOTS: (
        "id subscription item customer seen_at:d sequence:i plan product status currency amount:m quantity:i interval "
        "interval_count:i metered:b discount_percent:m discount_amount:m discount_duration discount_start:d "
        "discount_end:d paused:b canceled_at:d period_start:d period_end:d trial_start:d trial_end:d started_at:d "
        "item_created_at:d ended_at:d"
    ),
    "subscription_schedules": (
        f"id subscription customer status phases created_at:d canceled_at:d completed_at:d released_at:d {_ALWAYS}"
    ),
    "invoices": (
        "id number customer subscription status billing_reason currency subtotal:m discount:m tax:m total:m "
        "total_excluding_tax:m amount_due:m amount_paid:m created_at:d finalized_at:d paid_at:d voided_at:d due_at:d "
        f"{_ALWAYS}"
    ),
    LINES: (
        "id invoice customer subscription item plan product description currency amount:m quantity:i interval "
        "interval_count:i period_start:d period_end:d proration:b metered:b recurring:b interval_amount:m discount:m "
        "discount_percent:m discount_amount:m discount_duration"
    ),
    "credit_notes": (
        "id invoice customer status reason type currency total:m total_excluding_tax:m created_at:d voided_at:d "
        f"{_ALWAYS}"
    ),
    "refunds": f"id charge payment_intent status reason currency amount:m created_at:d {_ALWAYS}",
    "charges": (
        "id customer payment_intent status paid:b refunded:b currency amount:m amount_refunded:m created_at:d "
        f"{_ALWAYS}"
    ),
}

NAMES = tuple(_TABLES)


def columns(table: str) -> dict[str, dict[str, Any]]:
    """The columns of a table as dlt is told of them."""
    made: dict[str, dict[str, Any]] = {}
    for each in _TABLES[table].split():
        name, _, kind = each.partition(":")
        made[name] = {"name": name, **_KINDS[kind or "t"], "nullable": name != "id"}
    return made


def hints(table: str) -> dict[str, Any]:
    """How dlt keeps a table: rows are known by their `id`, and the lines of an invoice replace those it had."""
    merge = {"merge_key": "invoice"} if table == LINES else {}
    return {"write_disposition": "merge", "primary_key": "id", "columns": columns(table), **merge}
