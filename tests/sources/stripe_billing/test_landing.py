"""What a sync lands from Stripe: every page, every item and line, then what is new and what has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.sources.stripe_billing.conftest import Store
from tests.sources.stripe_billing.fake_stripe import FakeStripe
from tests.sources.stripe_billing.things import (
    coupon,
    customer,
    day,
    discount,
    invoice,
    item,
    line,
    price,
    product,
    subscription,
)

SEAT = price("price_seat", 1000)


def later(fake: FakeStripe, store: Store, to: str) -> None:
    """Moves both clocks."""
    fake.now = store.now = datetime.fromisoformat(to).replace(tzinfo=UTC)


def test_every_page_is_read(fake: FakeStripe, store: Store) -> None:
    """250 customers are three pages, and all of them land, each once."""
    fake.add(*(customer(f"cus_{n:03}", f"2024-01-{n % 28 + 1:02}") for n in range(250)))
    store.sync("customers")
    assert [(250, 250)] == store.rows("SELECT count(*), count(DISTINCT id) FROM customers")
    assert 3 == sum(path.startswith("/v1/customers?") for path in fake.requests)


def test_items_and_lines_beyond_ten(fake: FakeStripe, store: Store) -> None:
    """A subscription of 230 items and an invoice of 130 lines land whole, though ten of each come with the object."""
    items = [item(f"si_{n:03}", SEAT) for n in range(230)]
    lines = [
        line(f"il_{n:03}", 1000, ("2024-01-01", "2024-02-01"), of=SEAT, sub="sub_1", item=f"si_{n:03}")
        for n in range(130)
    ]
    fake.add(
        SEAT,
        customer("cus_1"),
        subscription("sub_1", "cus_1", items),
        invoice("in_1", "cus_1", "2024-01-01", lines, sub="sub_1"),
    )
    store.sync("customers", "subscriptions", "invoices")
    assert [(230, 2300)] == store.rows("SELECT count(*), sum(amount) FROM subscription_versions WHERE ended_at IS NULL")
    assert [(130, 1300)] == store.rows("SELECT count(*), sum(amount) FROM invoice_lines")


def test_ended_subscriptions_are_asked_for(fake: FakeStripe, store: Store) -> None:
    """Canceled subscriptions land too, which Stripe leaves out of a list unless asked for all."""
    fake.add(SEAT, subscription("sub_1", "cus_1", [item("si_1", SEAT)], status="canceled", ended="2024-03-01"))
    store.sync("subscriptions")
    assert [("canceled",)] == store.rows("SELECT status FROM subscriptions")


def test_one_pinned_version_is_asked_for(fake: FakeStripe, store: Store) -> None:
    """Every request names the same API version, not the account's default."""
    store.sync("customers", "products")
    assert {"2026-10-28.endive"} == fake.versions


def test_a_deleted_object_under_the_cursor(fake: FakeStripe, store: Store) -> None:
    """When the last customer of a page is deleted before the next page is asked for, none of the others is missed."""
    fake.add(*(customer(f"cus_{n:03}", "2024-01-01") for n in range(250)))

    def vanish(path: str) -> None:
        if "starting_after=cus_150" in path:
            fake.objects["customers"].pop("cus_150", None)

    fake.before = vanish
    store.sync("customers")
    assert [(250,)] == store.rows("SELECT count(*) FROM customers")


def test_a_new_object_under_the_cursor(fake: FakeStripe, store: Store) -> None:
    """A customer who signs up while pages are read shifts no other out, and lands with the next sync."""
    fake.add(*(customer(f"cus_{n:03}", "2024-01-01") for n in range(150)))

    def sign_up(path: str) -> None:
        if "starting_after" in path:
            fake.add(customer("cus_new", "2024-06-01"))

    fake.before = sign_up
    store.sync("customers")
    assert [(150,)] == store.rows("SELECT count(*) FROM customers")
    store.sync("customers")
    assert [(151,)] == store.rows("SELECT count(*) FROM customers")


def test_later_syncs_read_what_is_new_or_changed(fake: FakeStripe, store: Store) -> None:
    """The second sync asks for new customers and for those that events name, and for no others."""
    fake.add(*(customer(f"cus_{n}", "2024-01-01") for n in range(5)))
    store.sync("customers")
    fake.requests.clear()
    later(fake, store, "2024-06-03")
    fake.change(customer("cus_3", "2024-01-01", name="Renamed"), "customer.updated", day("2024-06-02"))
    fake.add(customer("cus_9", "2024-06-02"))
    store.sync("customers")
    assert [("Renamed",)] == store.rows("SELECT name FROM customers WHERE id = 'cus_3'")
    assert [(6,)] == store.rows("SELECT count(*) FROM customers")
    assert ["/v1/customers/cus_3"] == [
        path.split("?")[0] for path in fake.requests if path.startswith("/v1/customers/")
    ]


def test_a_deleted_customer_is_kept_and_marked(fake: FakeStripe, store: Store) -> None:
    """A customer deleted in Stripe keeps its row, since its past is part of past numbers, with the time of deletion."""
    fake.add(customer("cus_1"))
    store.sync("customers")
    later(fake, store, "2024-06-05")
    fake.remove(customer("cus_1"), "customer.deleted", day("2024-06-04"))
    store.sync("customers")
    assert [("Customer cus_1", datetime(2024, 6, 4, tzinfo=UTC))] == store.rows(
        "SELECT name, deleted_at FROM customers"
    )


def test_a_discount_that_is_taken_away(fake: FakeStripe, store: Store) -> None:
    """An event of a discount alone has its subscription, or its customer, read again."""
    ten = discount("di_1", coupon("ten", percent=10))
    fake.add(coupon("ten", percent=10), SEAT, customer("cus_1", discount=ten))
    fake.add(subscription("sub_1", "cus_1", [item("si_1", SEAT)], discounts=[ten]))
    store.sync("coupons", "customers", "subscriptions")
    assert [(10,)] == store.rows("SELECT discount_percent FROM customers")
    later(fake, store, "2024-06-05")
    fake.add(customer("cus_1"), subscription("sub_1", "cus_1", [item("si_1", SEAT)]))
    for key, of in (("di_1", {"subscription": "sub_1", "customer": "cus_1"}), ("di_2", {"customer": "cus_1"})):
        fake.tell({**discount(key, coupon("ten", percent=10)), **of}, "customer.discount.deleted", day("2024-06-04"))
    store.sync("customers", "subscriptions")
    assert [(None,)] == store.rows("SELECT discount_percent FROM customers")
    newest = "SELECT discount_percent FROM subscription_versions WHERE ended_at IS NULL"
    assert [(None,)] == store.rows(newest)


def test_lines_of_an_invoice_are_replaced(fake: FakeStripe, store: Store) -> None:
    """A draft whose lines change has, after the next sync, its new lines only; a deleted draft has none in the view."""
    first = [line("il_1", 100, ("2024-06-01", "2024-07-01")), line("il_2", 200, ("2024-06-01", "2024-07-01"))]
    fake.add(invoice("in_1", "cus_1", "2024-05-31", first, status="draft"))
    store.sync("invoices")
    later(fake, store, "2024-06-02")
    second = [line("il_3", 300, ("2024-06-01", "2024-07-01"))]
    draft = invoice("in_1", "cus_1", "2024-05-31", second, status="draft")
    fake.change(draft, "invoice.updated", day("2024-06-01"))
    store.sync("invoices")
    assert [("in_1/il_3", 3)] == store.rows("SELECT id, amount FROM invoice_lines")
    later(fake, store, "2024-06-03")
    fake.remove(draft, "invoice.deleted", day("2024-06-02"))
    store.sync("invoices")
    assert [] == store.rows("SELECT id FROM invoice_lines")


def test_after_a_long_gap_everything_is_read_again(fake: FakeStripe, store: Store) -> None:
    """Events reach back 30 days: after 40 days without a sync, a change of which no event is left is found and said."""
    fake.add(customer("cus_1"))
    store.sync("customers")
    later(fake, store, "2024-07-11")
    fake.add(customer("cus_1", name="Renamed long ago"))
    store.sync("customers")
    assert [("Renamed long ago",)] == store.rows("SELECT name FROM customers")
    assert any("29 days" in words for words in store.said)


def test_without_the_right_to_events_everything_is_read_each_time(fake: FakeStripe, store: Store) -> None:
    """A key that may not read events still finds changes, by reading all, and the warning names the permission."""
    fake.forbidden.add("events")
    fake.add(customer("cus_1"))
    store.sync("customers")
    later(fake, store, "2024-06-02")
    fake.add(customer("cus_1", name="Renamed"))
    store.sync("customers")
    assert [("Renamed",)] == store.rows("SELECT name FROM customers")
    assert any("L852" in words and "`Events`: Read" in words and "rak_event_read" in words for words in store.said)


def test_invoices_before_the_start_are_left_out(fake: FakeStripe, store: Store) -> None:
    """`start` cuts invoices; an earlier start at a later sync brings the older ones."""
    fake.add(
        *(
            invoice(f"in_{year}", "cus_1", f"{year}-06-01", [line(f"il_{year}", 1, (f"{year}-06-01", f"{year}-07-01"))])
            for year in (2021, 2022, 2023)
        )
    )
    store.sync("invoices", start="2022-01-01")
    assert [("in_2022",), ("in_2023",)] == store.rows("SELECT id FROM invoices ORDER BY id")
    store.sync("invoices", start="2021-01-01")
    assert [(3,)] == store.rows("SELECT count(*) FROM invoices")


def test_reading_goes_on_where_it_was_put_away(fake: FakeStripe, store: Store) -> None:
    """A first sync that pauses after some pages goes on below the last one, and misses none."""
    fake.add(
        *(customer(f"cus_{n:04}", (datetime(2024, 1, 1) + timedelta(hours=n // 2)).isoformat()) for n in range(1200))
    )
    store.sync("customers", pause=lambda: True)
    assert [(500,)] == store.rows("SELECT count(*) FROM customers")
    store.sync("customers", pause=lambda: True)
    store.sync("customers")
    assert [(1200,)] == store.rows("SELECT count(*) FROM customers")


def test_many_of_one_second_are_no_trap(fake: FakeStripe, store: Store) -> None:
    """Objects that an import made all in one second are read, though there is no time between them to go on from."""
    fake.add(*(customer(f"cus_{n:04}", "2024-01-01") for n in range(1200)))
    for _ in range(3):
        store.sync("customers", pause=lambda: True)
    assert [(1200,)] == store.rows("SELECT count(*) FROM customers")


def test_a_connected_account(fake: FakeStripe, store: Store) -> None:
    """`account` is the connected account that every request is for."""
    store.sync("customers", account="acct_123")
    assert {"acct_123"} == fake.accounts


@pytest.mark.parametrize(("personal", "expected"), [(False, None), (True, "ann@example.org")])
def test_addresses_are_landed_only_when_asked_for(
    fake: FakeStripe, store: Store, personal: bool, expected: str | None
) -> None:
    """A customer's mail address is not copied out of Stripe unless the project says so."""
    fake.add(customer("cus_1", email="ann@example.org"))
    store.sync("customers", personal=personal)
    assert [(expected,)] == store.rows("SELECT email FROM customers")


def test_amounts_are_in_units_of_their_currency(fake: FakeStripe, store: Store) -> None:
    """Yen, dinars and fractions of cents land exactly."""
    fake.add(
        price("price_jpy", 500, currency="jpy"),
        price("price_kwd", 5120, currency="kwd"),
        price("price_part", None, currency="usd", unit_amount_decimal="0.125"),
    )
    store.sync("prices")
    expected = [("JPY", "500"), ("KWD", "5.12"), ("USD", "0.00125")]
    found = store.rows("SELECT currency, unit_amount FROM prices ORDER BY currency")
    assert expected == [(code, f"{amount.normalize():f}") for code, amount in found]


@pytest.mark.parametrize("shape", ["new", "old"])
def test_both_shapes_land_the_same(fake: FakeStripe, store: Store, shape: str) -> None:
    """The objects of before 2025-03-31 and of after it make the same rows."""
    fake.shape = shape
    ten = coupon("ten", percent=10)
    tiered = price(
        "price_t", None, billing_scheme="tiered", tiers_mode="volume", tiers=[{"up_to": None, "unit_amount": 700}]
    )
    charge = line("il_1", 9000, ("2024-05-01", "2024-06-01"), of=SEAT, sub="sub_1", item="si_1", quantity=9,
                  discount_amounts=[{"amount": 900, "discount": "di_1"}])  # fmt: skip
    extra = line("il_2", 500, ("2024-05-01", "2024-05-01"), sub="sub_1")
    fake.add(
        SEAT, tiered, ten, product("prod_price_seat"), customer("cus_1"),
        subscription("sub_1", "cus_1", [item("si_1", SEAT, 9), item("si_2", tiered, 3)], discounts=[discount("di_1", ten)]),
        invoice("in_1", "cus_1", "2024-05-01", [charge, extra], sub="sub_1", tax=200, discounts=[discount("di_1", ten)]),
    )  # fmt: skip
    store.sync("prices", "coupons", "customers", "subscriptions", "invoices")
    may, june = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    seen = "SELECT item, plan, amount, quantity, discount_percent, discount_duration, period_start, period_end FROM subscription_snapshots ORDER BY item"
    assert [
        ("si_1", "price_seat", 90, 9, 10, "forever", may, june),
        ("si_2", "price_t", 21, 3, 10, "forever", may, june),
    ] == store.rows(seen)
    billed = (
        "SELECT id, subscription, item, plan, amount, discount, recurring, proration FROM invoice_lines ORDER BY id"
    )
    assert [
        ("in_1/il_1", "sub_1", "si_1", "price_seat", 90, 9, True, False),
        ("in_1/il_2", "sub_1", None, None, 5, 0, False, False),
    ] == store.rows(billed)
    assert [("sub_1", 86, 2)] == store.rows("SELECT subscription, amount, tax FROM paid_invoices")
