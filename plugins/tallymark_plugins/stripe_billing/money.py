"""Amounts as Stripe says them, in whole and fractional minor units, to exact amounts; and what a price costs.

Everything here is decimal: no amount passes through a float. The zero-decimal currencies are those of Stripe's own
list (https://docs.stripe.com/currencies), which is not ISO's: UGX and ISK are said in hundredths there, so they are
absent here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Any

ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))

SCALE = 14
"""Digits after the point that are kept: Stripe gives up to twelve digits of a hundredth."""

_EXACT = Context(prec=60)
_STEP = Decimal(1).scaleb(-SCALE)
_ZERO = Decimal(0)


def decimal(value: object) -> Decimal | None:
    """A number as Stripe writes it (an integer, a text, a percentage); None for null. Raises ValueError for others."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{value!r} is no number")
    try:
        # A float comes from JSON's `12.5`: its shortest text is what Stripe wrote.
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is no finite number")
    return number


def major(minor: object, currency: str) -> Decimal | None:
    """An amount of minor units in units of its currency: 1250 in USD is 12.50, in JPY 1250, in KWD 1.250."""
    number = decimal(minor)
    if number is None:
        return None
    code = currency.upper()
    digits = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    return _EXACT.scaleb(number, -digits)


def cost(
    price: Mapping[str, Any], quantity: int | None, tiers: Sequence[Mapping[str, Any]] | None = None
) -> Decimal | None:
    """What `quantity` of a price (or legacy plan) costs for one interval, in units of its currency.

    Before discounts and tax. `tiers` stand in where the price itself came without them. None where it cannot be known:
    a tiered price without its tiers, a price that the customer chooses, metered usage.
    """
    currency = str(price["currency"])
    if price.get("billing_scheme") == "tiered":
        listed = price.get("tiers") or tiers
        return major(_tiered(listed, _packages(price, quantity), price.get("tiers_mode")), currency) if listed else None
    unit = _either(price, "unit_amount_decimal", "unit_amount", "amount_decimal", "amount")
    if unit is None or quantity is None:
        return None
    return major(_EXACT.multiply(unit, Decimal(_packages(price, quantity))), currency)


def _packages(price: Mapping[str, Any], quantity: int | None) -> int:
    """The quantity that is priced: packages of `divide_by`, where the price is of packages."""
    count = quantity or 0
    packs = price.get("transform_quantity") or price.get("transform_usage")
    if not packs:
        return count
    whole, rest = divmod(count, int(packs["divide_by"]))
    return whole + 1 if rest and packs.get("round") == "up" else whole


def _tiered(tiers: Sequence[Mapping[str, Any]], quantity: int, mode: object) -> Decimal:
    """Minor units. `volume`: the whole quantity at the tier it falls in. `graduated`: each part at its own tier.

    A tier's flat amount is charged once the tier is reached; the first is always reached, also by 0.
    """
    total, below = _ZERO, 0
    for tier in tiers:
        up_to = tier.get("up_to")
        unit = _either(tier, "unit_amount_decimal", "unit_amount") or _ZERO
        flat = _either(tier, "flat_amount_decimal", "flat_amount") or _ZERO
        last = up_to is None or up_to == "inf" or quantity <= int(up_to)
        if mode == "volume":
            if last:
                return _EXACT.add(_EXACT.multiply(unit, Decimal(quantity)), flat)
            continue
        held = quantity - below if last else int(str(up_to)) - below
        total = _EXACT.add(total, _EXACT.add(_EXACT.multiply(unit, Decimal(held)), flat))
        if last:
            break
        below = int(str(up_to))
    return total


def _either(thing: Mapping[str, Any], *names: str) -> Decimal | None:
    return next((number for name in names if (number := decimal(thing.get(name))) is not None), None)


@dataclass(frozen=True, slots=True)
class Reduction:
    """What discounts in their order make of an amount: `amount × (1 − percent / 100) − fixed`, not below 0."""

    percent: Decimal = _ZERO
    fixed: Decimal = _ZERO
    """In units of the currency, for the whole amount that the discounts are on."""

    def then_percent(self, percent: Decimal) -> Reduction:
        kept = _EXACT.divide(Decimal(100) - percent, Decimal(100))
        factor = _EXACT.multiply(Decimal(100) - self.percent, kept)
        return Reduction(Decimal(100) - factor, _EXACT.multiply(self.fixed, kept))

    def then_fixed(self, fixed: Decimal) -> Reduction:
        return Reduction(self.percent, self.fixed + fixed)


def share(fixed: Decimal, amounts: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """A fixed discount shared over amounts in proportion, exactly: the last of those above 0 takes what is left over.

    More than all amounts together is cut to them. Over amounts that are all 0 nothing is shared.
    """
    listed = tuple(amounts)
    total = sum(listed, _ZERO)
    whole = min(fixed, total)
    if total <= 0 or whole <= 0:
        return tuple(_ZERO for _ in listed)
    parts = [_EXACT.divide(_EXACT.multiply(whole, each), total).quantize(_STEP, ROUND_DOWN) for each in listed]
    last = max(place for place, each in enumerate(listed) if each > 0)
    parts[last] += whole - sum(parts, _ZERO)
    return tuple(parts)
