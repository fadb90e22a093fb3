"""The rows of the parts of objects: the items of a subscription as they stood at a time, the lines of an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from tallymark_plugins.stripe_billing.book import Book
from tallymark_plugins.stripe_billing.money import Reduction, cost, decimal, major, share
from tallymark_plugins.stripe_billing.rows import Row, money, started
from tallymark_plugins.stripe_billing.shapes import (
    ShapeError,
    Thing,
    discounts_of,
    for_subscription,
    identity,
    listed,
    moment,
    need,
    parent_of,
    period_of,
    price_of,
    recurring_of,
)

LASTING = ("forever", "repeating", "once")
"""The durations of coupons, the most lasting first: where an item has several, the row tells of the first."""


def snapshot(
    subscription: Thing, items: Sequence[Thing], book: Book, seen_at: datetime, order: int, mark: str
) -> list[Row]:
    """A row an item: what it was at `seen_at`. `order` is the order within one second, `mark` makes the key.

    Raises ShapeError.
    """
    book.currencies.update(str(each).upper() for each in [subscription.get("currency")] if each)
    try:
        priced = [_item(subscription, item, book) for item in items]
        reductions = _reductions(subscription, items, priced, book)
        whole = _whole(subscription, seen_at, order)
        return [
            {"id": f"{mark}/{item['item']}", **whole, **item, **reduced}
            for item, reduced in zip(priced, reductions, strict=True)
        ]
    except ShapeError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ShapeError("subscription", identity(subscription), str(error)) from None


def _whole(subscription: Thing, seen_at: datetime, order: int) -> Row:
    return {
        "subscription": identity(subscription),
        "customer": identity(need(subscription, "customer", "subscription")),
        "status": need(subscription, "status", "subscription"),
        "seen_at": seen_at,
        "sequence": order,
        "paused": subscription.get("pause_collection") is not None,
        "canceled_at": moment(subscription.get("canceled_at")),
        "trial_start": moment(subscription.get("trial_start")),
        "trial_end": moment(subscription.get("trial_end")),
        "started_at": started(subscription),
        "ended_at": moment(subscription.get("ended_at")),
    }


def _item(subscription: Thing, item: Thing, book: Book) -> Row:
    key = identity(item)
    if key is None:
        raise ShapeError("an item of subscription", identity(subscription), "`id` is missing")
    currency = subscription.get("currency") or price_of(item).get("currency")
    price = book.price(price_of(item), str(currency or ""))
    interval, count, metered = recurring_of(price)
    quantity = None if metered else int(item.get("quantity") or 0) if "quantity" in item else 1
    amount = None if metered else _cost(price, quantity, currency)
    if amount is None and not metered:
        book.unpriced.add(identity(price) or key)
    period_start, period_end = period_of(item, subscription)
    return {
        "item": key,
        "plan": identity(price),
        "product": identity(price.get("product")),
        "currency": str(currency or need(subscription, "currency", "subscription")).upper(),
        "amount": amount,
        "quantity": quantity,
        "interval": interval,
        "interval_count": count or 1,
        "metered": metered,
        "period_start": moment(period_start),
        "period_end": moment(period_end),
        "item_created_at": moment(item.get("created")),
    }


def _cost(price: Thing, quantity: int | None, currency: object) -> Decimal | None:
    """What a price costs for one interval; None where it is not known in that currency."""
    if not currency or str(price.get("currency")).upper() != str(currency).upper():
        return None
    return cost(price, quantity)


def _reductions(subscription: Thing, items: Sequence[Thing], priced: Sequence[Row], book: Book) -> list[Row]:
    """The discount of each item: its own first, then its share of the subscription's."""
    amounts = [row["amount"] or Decimal(0) for row in priced]
    own = [_known(item, book) for item in items]
    whole = _known(subscription, book)
    found = [d["coupon"].get("duration") for d in (*whole, *(d for ds in own for d in ds))]
    made: list[Row] = []
    shares = _shares(whole, priced, amounts)
    for place, row in enumerate(priced):
        mine = [(d, None) for d in own[place]] + [(d, parts[place]) for d, parts in zip(whole, shares, strict=True)]
        mine = [(d, part) for d, part in mine if part != 0 or d in own[place]]
        lasting = next((each for each in LASTING if each in found and any(_lasts(d, each) for d, _ in mine)), None)
        made.append(_reduced(row, [(d, part) for d, part in mine if _lasts(d, lasting)], lasting))
    return made


def _known(thing: Thing, book: Book) -> list[Thing]:
    return [d for each in discounts_of(thing) if (d := book.discount(each)) is not None and not d.get("deleted")]


def _lasts(discount: Thing, duration: str | None) -> bool:
    return duration is not None and discount["coupon"].get("duration") == duration


def _shares(
    discounts: Sequence[Thing], priced: Sequence[Row], amounts: Sequence[Decimal]
) -> list[tuple[Decimal | None, ...]]:
    """For each discount of the whole subscription: an item's part of it, in units; 0 where it is not for the item.

    None stands for a percentage, which each item bears on its own.
    """
    made: list[tuple[Decimal | None, ...]] = []
    for discount in discounts:
        coupon = discount["coupon"]
        only = (coupon.get("applies_to") or {}).get("products")
        meant = [not only or row["product"] in only for row in priced]
        off = _off(coupon, priced[0]["currency"]) if priced else None
        if off is None:
            made.append(tuple(None if for_it and coupon.get("percent_off") else Decimal(0) for for_it in meant))
        else:
            made.append(
                share(off, [each if for_it else Decimal(0) for each, for_it in zip(amounts, meant, strict=True)])
            )
    return made


def _off(coupon: Thing, currency: str) -> Decimal | None:
    """A coupon's fixed amount in a currency; None for a percentage, 0 where it has no amount in that currency."""
    if coupon.get("amount_off") is None:
        return None
    if str(coupon.get("currency") or "").upper() == currency:
        return major(coupon["amount_off"], currency)
    option = (coupon.get("currency_options") or {}).get(currency.lower()) or {}
    return major(option.get("amount_off"), currency) or Decimal(0)


def _reduced(row: Row, discounts: Sequence[tuple[Thing, Decimal | None]], duration: str | None) -> Row:
    reduction = Reduction()
    for discount, part in discounts:
        percent = decimal(discount["coupon"].get("percent_off"))
        if percent is not None:
            reduction = reduction.then_percent(percent)
        else:
            fixed = part if part is not None else _off(discount["coupon"], row["currency"]) or Decimal(0)
            reduction = reduction.then_fixed(min(fixed, row["amount"] or fixed))
    starts = [moment(d.get("start")) for d, _ in discounts]
    ends = [moment(d.get("end")) for d, _ in discounts]
    return {
        "discount_percent": reduction.percent or None,
        "discount_amount": reduction.fixed or None,
        "discount_duration": duration,
        "discount_start": min((s for s in starts if s), default=None),
        "discount_end": max((e for e in ends if e), default=None),
    }


def invoice_lines(invoice: Thing, lines: Sequence[Thing], book: Book) -> list[Row]:
    """A row a line of an invoice. Raises ShapeError."""
    key = identity(invoice)
    try:
        return [_line(invoice, line, book) for line in lines]
    except ShapeError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ShapeError("a line of invoice", key, str(error)) from None


def _line(invoice: Thing, line: Thing, book: Book) -> Row:
    key = identity(line)
    if key is None:
        raise ShapeError("a line of invoice", identity(invoice), "`id` is missing")
    subscription, item, proration = parent_of(line)
    currency = str(line.get("currency") or need(invoice, "currency", "invoice")).upper()
    price = book.price(price_of(line), currency)
    interval, count, metered = recurring_of(price)
    period = line.get("period") or {}
    quantity = line.get("quantity")
    of_subscription = for_subscription(line)
    amount = _cost(price, quantity, currency) if not metered else None
    if interval is None and of_subscription and not proration and not price.get("currency"):
        # The price is deleted, or not to be read: the line bills one interval whole, and is as long as that.
        interval, count = _interval(period.get("start"), period.get("end"))
        amount = money(line, "amount", currency) if interval else None
    recurring = of_subscription and interval is not None
    return {
        "id": f"{identity(invoice)}/{key}",
        "invoice": identity(invoice),
        "customer": identity(invoice.get("customer")),
        "subscription": subscription,
        "item": item,
        "plan": identity(price),
        "product": identity(price.get("product")),
        "description": line.get("description"),
        "currency": currency,
        "amount": money(line, "amount", currency),
        "quantity": int(quantity) if quantity is not None else None,
        "interval": interval,
        "interval_count": count or 1 if interval else None,
        "period_start": moment(period.get("start")),
        "period_end": moment(period.get("end")),
        "proration": proration,
        "metered": metered,
        "recurring": recurring,
        "interval_amount": amount if recurring else None,
        **_line_discount(line, currency, book),
    }


_LENGTHS = (("day", 1, 1), ("week", 7, 7), ("month", 28, 31), ("year", 365, 366))


def _interval(start: object, end: object) -> tuple[str | None, int | None]:
    """The interval that is as long as a period, and how many of it: 28 to 31 days are a month, 89 to 92 three."""
    first, last = moment(start), moment(end)
    days = round((last - first).total_seconds() / 86400) if first and last else 0
    for name, least, most in _LENGTHS:
        if least <= days <= most:
            return name, 1
    months = round(days / (365.25 / 12))
    return ("month", months) if months > 1 and abs(days - months * 365.25 / 12) < 3 else (None, None)


def _line_discount(line: Thing, currency: str, book: Book) -> Row:
    amounts = {
        identity(each.get("discount")): money(each, "amount", currency) for each in listed(line.get("discount_amounts"))
    }
    known = {key: d for key in amounts if key and (d := book.discount(key)) is not None}
    durations = {key: d["coupon"].get("duration") for key, d in known.items()}
    lasting = next((each for each in LASTING if each in durations.values()), None)
    reduction = Reduction()
    fixed = Decimal(0)
    for key, duration in durations.items():
        if duration == lasting:
            percent = decimal(known[key]["coupon"].get("percent_off"))
            if percent is not None:
                reduction = reduction.then_percent(percent)
            else:
                fixed += amounts[key] or Decimal(0)
    return {
        "discount": sum((each or Decimal(0) for each in amounts.values()), Decimal(0)),
        "discount_percent": reduction.percent or None,
        "discount_amount": fixed or None,
        "discount_duration": lasting,
    }
