"""Amounts of Stripe's in units of their currency, and what prices cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark_plugins.stripe_billing.money import Reduction, cost, major, share

D = Decimal
TYPOGRAPHIC = [{"up_to": 5, "unit_amount": 700}, {"up_to": 10, "unit_amount": 650}, {"up_to": None, "unit_amount": 600}]
"""The tiers of the example in Stripe's own page on tiered pricing."""


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (1250, "usd", "12.50"),
        (500, "jpy", "500"),
        (5120, "kwd", "5.120"),
        (500, "ugx", "5.00"),
        (500, "isk", "5.00"),
        ("0.5", "usd", "0.005"),
        ("0.000000000001", "eur", "0.00000000000001"),
        (-1250, "eur", "-12.50"),
    ],
)
def test_minor_units_are_those_of_stripe(minor: Any, currency: str, expected: str) -> None:
    """An amount is exact in units of its currency, by Stripe's own list of minor units."""
    assert D(expected) == major(minor, currency)


@pytest.mark.parametrize("odd", [True, "twelve", "NaN", float("inf"), {}])
def test_what_is_no_number_is_refused(odd: Any) -> None:
    """An amount that is no number is an error, not a wrong amount."""
    with pytest.raises(ValueError, match="number"):
        major(odd, "usd")


@pytest.mark.parametrize(
    ("mode", "quantity", "expected"),
    [
        ("volume", 1, 7), ("volume", 5, 35), ("volume", 6, 39), ("volume", 20, 120), ("volume", 25, 150),
        ("graduated", 1, 7), ("graduated", 5, 35), ("graduated", 6, "41.5"), ("graduated", 20, "127.5"),
        ("graduated", 25, "157.5"), ("graduated", 0, 0),
    ],
)  # fmt: skip
def test_tiers(mode: str, quantity: int, expected: Any) -> None:
    """Volume prices the whole quantity at its tier, graduated each part at its own: Stripe's published table."""
    price = {"currency": "usd", "billing_scheme": "tiered", "tiers_mode": mode, "tiers": TYPOGRAPHIC}
    assert D(expected) == cost(price, quantity)


@pytest.mark.parametrize(
    ("mode", "quantity", "expected"), [("graduated", 7, 43), ("volume", 7, 24), ("graduated", 0, 10)]
)
def test_flat_amounts_of_tiers(mode: str, quantity: int, expected: int) -> None:
    """A tier's flat amount is charged once the tier is reached: 10 + 5 × 3 + 10 + 2 × 4 = 43; 10 + 7 × 2 = 24."""
    tiers = [
        {"up_to": 5, "unit_amount": 300, "flat_amount": 1000},
        {"up_to": None, "unit_amount": 400 if mode == "graduated" else 200, "flat_amount_decimal": "1000"},
    ]
    price = {"currency": "usd", "billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers}
    assert D(expected) == cost(price, quantity)


@pytest.mark.parametrize(("rounding", "expected"), [("up", 30), ("down", 20)])
def test_packages(rounding: str, expected: int) -> None:
    """25 units in packages of 10 at 10 each: three packages rounded up, two rounded down."""
    price = {"currency": "usd", "unit_amount": 1000, "transform_quantity": {"divide_by": 10, "round": rounding}}
    assert D(expected) == cost(price, 25)


def test_a_fraction_of_a_cent_is_kept() -> None:
    """`unit_amount_decimal` comes before the whole number: 1,000 units at 0.05 cents are 50 cents."""
    assert D("0.5") == cost({"currency": "usd", "unit_amount": None, "unit_amount_decimal": "0.05"}, 1000)


def test_a_legacy_plan_costs_what_it_says() -> None:
    """A plan says `amount` and `transform_usage` where a price says `unit_amount` and `transform_quantity`."""
    assert D(20) == cost({"currency": "usd", "amount": 1000, "transform_usage": {"divide_by": 5, "round": "up"}}, 7)


@pytest.mark.parametrize("price", [{"billing_scheme": "tiered", "tiers_mode": "volume"}, {"unit_amount": None}])
def test_what_cannot_be_known_is_not_made_up(price: dict[str, Any]) -> None:
    """Tiers that are not told, or a price that the customer chooses, have no amount."""
    assert cost({"currency": "usd", **price}, 3) is None


def test_discounts_in_their_order() -> None:
    """10 off and then 10% leave 81 of 100; 10% and then 10 off leave 80: `amount × (1 − percent) − fixed`."""
    first = Reduction().then_fixed(D(10)).then_percent(D(10))
    second = Reduction().then_percent(D(10)).then_fixed(D(10))
    assert [D(81), D(80)] == [100 * (1 - r.percent / 100) - r.fixed for r in (first, second)]


CENTS = st.integers(0, 10**8).map(lambda cents: D(cents) / 100)


@given(CENTS, st.lists(CENTS, min_size=1, max_size=12))
def test_a_fixed_discount_is_shared_exactly(fixed: Decimal, amounts: list[Decimal]) -> None:
    """The parts add up to the discount, or to all there is when that is less; none exceeds its amount by more than dust."""
    parts = share(fixed, amounts)
    dust = D("0.00000001")
    assert min(fixed, sum(amounts)) == sum(parts)
    assert all(0 <= part <= amount + dust for part, amount in zip(parts, amounts, strict=True))


def test_shares_are_in_proportion() -> None:
    """50 off a plan of 100 and an add-on of 300 are 12.50 and 37.50."""
    assert (D("12.5"), D("37.5")) == share(D(50), [D(100), D(300)])
