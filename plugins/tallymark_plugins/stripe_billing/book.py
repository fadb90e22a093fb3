"""What other objects point at by id alone: prices with their tiers, coupons, discounts. Read when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from tallymark_plugins.stripe_billing.pages import Pages
from tallymark_plugins.stripe_billing.shapes import Thing, coupon_of, identity, listed
from tallymark_plugins.stripe_billing.troubles import NotPermitted

MOST = 2000


class Book:
    """Prices, coupons and discounts by id. `whole` lists prices and coupons at the first need of one.

    That spares a request for each. Of very many, only the newest `MOST` are listed, and others read one by one.
    """

    def __init__(self, pages: Pages, whole: bool, personal: bool = False) -> None:
        self._pages = pages
        self._whole = whole
        self.personal = personal
        """Whether addresses of customers may be landed."""
        self._known: dict[str, dict[str, Thing | None]] = {"prices": {}, "coupons": {}}
        self._listed: set[str] = set()
        self._discounts: dict[str, Thing] = {}
        self.unknown_discounts: set[str] = set()
        """Discounts that are told of by id and nowhere described."""
        self.unpriced: set[str] = set()
        """Prices of which cannot be known what they cost."""
        self.currencies: set[str] = set()
        """In which subscriptions are billed."""

    def learn(self, name: str, thing: Thing) -> None:
        """Remembers an object that was read anyway."""
        key = identity(thing)
        if key and name in self._known and not thing.get("deleted"):
            self._known[name][key] = thing

    def price(self, thing: Thing, currency: str = "") -> Thing:
        """The price in full, tiers included, in `currency`, for one that is there in part or by id.

        As it is where no more is known of it.
        """
        wanted = currency.lower() or thing.get("currency")
        tiered = thing.get("billing_scheme") == "tiered"
        if thing.get("currency") and thing["currency"] == wanted and (not tiered or thing.get("tiers")):
            return thing
        found = self._found("prices", identity(thing))
        full = {**thing, **found} if found else thing
        return _in_currency(full, wanted) if wanted else full

    def discount(self, thing: object) -> Thing | None:
        """A discount with its coupon in full; None where it is told of by an id that nothing describes."""
        if isinstance(thing, Mapping):
            held: Thing = thing
        else:
            key = str(thing)
            if key not in self._discounts:
                self.unknown_discounts.add(key)
                return None
            held = self._discounts[key]
        coupon = coupon_of(held)
        if isinstance(coupon, Mapping) and "duration" in coupon and "applies_to" in coupon:
            full: Thing | None = coupon
        else:
            # Whether a coupon is for some products only is told where coupons are read, not within a discount.
            full = self._found("coupons", identity(coupon)) or (coupon if isinstance(coupon, Mapping) else None)
        described = {**held, "coupon": full or {"id": identity(coupon)}}
        key = identity(held) or ""
        if full is None:
            self.unknown_discounts.add(key)
            return None
        if key:
            self._discounts[key] = described
        return described

    def learn_discounts(self, thing: Thing) -> None:
        """Remembers the discounts that are described in a subscription, its items, an invoice, its lines."""
        within: list[Any] = [thing, *listed(thing.get("items")), *listed(thing.get("lines"))]
        for each in within:
            for discount in [each.get("discount"), *(each.get("discounts") or [])]:
                if isinstance(discount, Mapping):
                    self.discount(discount)

    def _found(self, name: str, key: str | None) -> Thing | None:
        if key is None:
            return None
        known = self._known[name]
        if self._whole and key not in known and name not in self._listed:
            self._listed.add(name)
            try:
                for each in islice(self._pages.all(name), MOST):
                    self.learn(name, each)
            except NotPermitted:
                # The same is said, with its fault, where the objects themselves are read.
                pass
        if key not in known:
            try:
                known[key] = self._pages.one(name, key)
            except NotPermitted:
                known[key] = None
        return known[key]


def _in_currency(price: Thing, currency: str) -> Thing:
    """A price in one of the other currencies that it is offered in; as it is where it is not offered in that one."""
    if price.get("currency") == currency:
        return price
    option = (price.get("currency_options") or {}).get(currency)
    if not isinstance(option, Mapping):
        return price
    parts = ("unit_amount", "unit_amount_decimal", "tiers")
    return {**price, **{name: option.get(name) for name in parts}, "currency": currency}
