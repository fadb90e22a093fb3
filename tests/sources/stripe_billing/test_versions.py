"""The history of subscriptions: from invoices before the first sync, from events and syncs after it; worked out by hand.

One account holds all cases, each a customer of its own, and is synced twice: on 1 June 2024 and on 11 June 2024. A row
of the answer is: item, status, amount, quantity, discount in percent, fixed discount, from, to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.sources.stripe_billing.conftest import Store
from tests.sources.stripe_billing.fake_stripe import FakeStripe
from tests.sources.stripe_billing.things import (
    Thing,
    coupon,
    customer,
    day,
    discount,
    invoice,
    item,
    line,
    price,
    subscription,
)

BASIC = price("price_basic", 10000)
PRO = price("price_pro", 20000)
SEAT = price("price_seat", 500)
YEAR = price("price_year", 50000, "year")
USAGE = price("price_usage", 5, usage="metered")
TIERED = price("price_tiered", None, billing_scheme="tiered", tiers_mode="graduated",
               tiers=[{"up_to": 5, "unit_amount": 700}, {"up_to": None, "unit_amount": 650}])  # fmt: skip
MANY = price("price_many", 1000, currency_options={"eur": {"unit_amount": 900, "unit_amount_decimal": "900"}})
TEN = coupon("ten", percent=10)
FIFTY = coupon("fifty", off=5000)
ONCE = coupon("once", percent=50, duration="once")
THREE = coupon("three", percent=20, duration="repeating", duration_in_months=3)
ONLY = coupon("only", percent=10, applies_to={"products": ["prod_price_basic"]})

CASES: dict[str, list[tuple[Any, ...]]] = {
    # Two items, ever the same: from the start, which lies before all that was seen.
    "plain": [
        ("si_plain_1", "active", 100, 1, None, None, "2024-01-01", None),
        ("si_plain_2", "active", 20, 4, None, None, "2024-01-01", None),
    ],
    # Upgraded on 16 March: the proration charges from then on tell of it, whatever it billed.
    "upgraded": [
        ("si_upgraded", "active", 100, 1, None, None, "2024-01-01", "2024-03-16"),
        ("si_upgraded", "active", 200, 1, None, None, "2024-03-16", None),
    ],
    # An add-on was taken away on 11 February: a credit with no charge for it.
    "dropped": [
        ("si_dropped_1", "active", 100, 1, None, None, "2024-01-01", None),
        ("si_dropped_2", "active", 10, 2, None, None, "2024-01-01", "2024-02-11"),
    ],
    # Left on 1 April; asked to on 20 March.
    "left": [
        ("si_left", "active", 100, 1, None, None, "2024-01-01", "2024-03-20"),
        ("si_left", "active", 100, 1, None, None, "2024-03-20", "2024-04-01"),
    ],
    # A trial of two weeks, then paid.
    "tried": [
        ("si_tried", "trialing", 100, 1, None, None, "2024-02-01", "2024-02-15"),
        ("si_tried", "active", 100, 1, None, None, "2024-02-15", None),
    ],
    # A trial that ended without a payment.
    "lost": [("si_lost", "trialing", 100, 1, None, None, "2024-02-01", "2024-02-15")],
    # The first payment never came.
    "expired": [("si_expired", "incomplete_expired", 100, 1, None, None, "2024-02-01", "2024-02-02")],
    # Events of the last month: 3 seats, 5 from 10 May, 4 from 20 May 12:00; 6 from 5 June, seen by the second sync.
    "seats": [
        ("si_seats", "active", 15, 3, None, None, "2024-01-01", "2024-05-10"),
        ("si_seats", "active", 25, 5, None, None, "2024-05-10", "2024-05-20T12:00"),
        ("si_seats", "active", 20, 4, None, None, "2024-05-20T12:00", "2024-06-05"),
        ("si_seats", "active", 30, 6, None, None, "2024-06-05", None),
    ],
    # Past due from 3 June, collection paused from 8 June.
    "late": [
        ("si_late", "active", 100, 1, None, None, "2024-01-01", "2024-06-03"),
        ("si_late", "past_due", 100, 1, None, None, "2024-06-03", "2024-06-08"),
        ("si_late", "past_due paused", 100, 1, None, None, "2024-06-08", None),
    ],
    # An item added on 4 June and one taken away on 7 June.
    "items": [
        ("si_items_1", "active", 100, 1, None, None, "2024-01-01", "2024-06-07"),
        ("si_items_2", "active", 20, 4, None, None, "2024-06-04", None),
    ],
    # 10% off for ever, from 1 March.
    "forever": [
        ("si_forever", "active", 100, 1, None, None, "2024-01-01", "2024-03-01"),
        ("si_forever", "active", 100, 1, 10, None, "2024-03-01", None),
    ],
    # 20% off for three months, April to June: over on 1 July, which is still to come.
    "three": [
        ("si_three", "active", 100, 1, None, None, "2024-01-01", "2024-04-01"),
        ("si_three", "active", 100, 1, 20, None, "2024-04-01", "2024-07-01"),
        ("si_three", "active", 100, 1, None, None, "2024-07-01", None),
    ],
    # Half off once, on the invoice of February: the line tells of it.
    "once": [
        ("si_once", "active", 100, 1, None, None, "2024-01-01", "2024-02-01"),
        ("si_once", "active", 100, 1, 50, None, "2024-02-01", "2024-03-01"),
        ("si_once", "active", 100, 1, None, None, "2024-03-01", None),
    ],
    # A plan of 100 and an add-on of 100, 50 off both together: 25 each.
    "shared": [
        ("si_shared_1", "active", 100, 1, None, 25, "2024-01-01", None),
        ("si_shared_2", "active", 100, 1, None, 25, "2024-01-01", None),
    ],
    # 10% off for one of two products only, and 10% off an item on its own.
    "only": [
        ("si_only_1", "active", 100, 1, 10, None, "2024-01-01", None),
        ("si_only_2", "active", 200, 1, None, None, "2024-01-01", None),
    ],
    "own": [
        ("si_own_1", "active", 100, 1, 10, None, "2024-01-01", None),
        ("si_own_2", "active", 200, 1, None, None, "2024-01-01", None),
    ],
    # The customer has 10% off everything.
    "general": [("si_general", "active", 100, 1, 10, None, "2024-01-01", None)],
    # Tiers: 5 × 7 + 15 × 6.50. Metered usage has no amount ahead of time.
    "tiers": [("si_tiers", "active", 132.5, 20, None, None, "2024-01-01", None)],
    "metered": [("si_metered", "active", None, None, None, None, "2024-01-01", None)],
    # A price in dollars, sold in euros.
    "euro": [("si_euro", "active", 18, 2, None, None, "2024-01-01", None)],
    # Four yearly seats of 500.
    "yearly": [("si_yearly", "active", 2000, 4, None, None, "2024-01-01", None)],
    # A schedule will change the plan in August: what is to come is no version.
    "scheduled": [("si_scheduled", "active", 100, 1, None, None, "2024-01-01", None)],
    # Switched from one item to another on 1 March, without prorations.
    "switched": [
        ("si_switched_1", "active", 100, 1, None, None, "2024-01-01", "2024-03-01"),
        ("si_switched_2", "active", 200, 1, None, None, "2024-03-01", None),
    ],
    # The price was deleted, and no item has it any more: each of its lines is as long as its interval, a quarter.
    "deleted": [("si_deleted", "active", 300, 1, None, None, "2024-01-01", "2024-07-01")],
    # A void invoice tells nothing: 9 seats were billed by mistake.
    "void": [("si_void", "active", 5, 1, None, None, "2024-01-01", None)],
}  # fmt: skip

MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01")


def monthly(
    name: str, of: Thing, quantity: int = 1, *, months: tuple[str, ...] = MONTHS, key: str = "", **more: Any
) -> list[Thing]:
    """An invoice a month for one item."""
    key = key or f"si_{name}"
    amount = (of["unit_amount"] or 0) * quantity
    return [
        invoice(f"in_{key}_{begin}", f"cus_{name}", begin,
                [line(f"il_{key}_{begin}", amount, (begin, end), of=of, sub=f"sub_{name}", item=key, quantity=quantity, **more)],
                sub=f"sub_{name}")
        for begin, end in pairwise(months)
    ]  # fmt: skip


def held(name: str, *items: Thing, **more: Any) -> Thing:
    """A subscription of the case's customer."""
    return subscription(f"sub_{name}", f"cus_{name}", list(items), **more)


def fill(fake: FakeStripe) -> None:
    """The account on 1 June."""
    fake.add(BASIC, PRO, SEAT, YEAR, USAGE, TIERED, MANY, TEN, FIFTY, ONCE, THREE, ONLY)
    for name in CASES:
        fake.add(customer(f"cus_{name}"))
    fake.add(customer("cus_general", discount=discount("di_general", TEN)))
    fake.add(held("plain", item("si_plain_1", BASIC), item("si_plain_2", SEAT, 4)))
    fake.add(*monthly("plain", BASIC, key="si_plain_1"))
    fake.add(held("upgraded", item("si_upgraded", PRO)))
    fake.add(*monthly("upgraded", BASIC, months=MONTHS[:4]), *monthly("upgraded", PRO, months=MONTHS[3:]))
    change = {"sub": "sub_upgraded", "item": "si_upgraded", "proration": True}
    fake.add(invoice("in_change", "cus_upgraded", "2024-03-16", [
        line("il_credit", -5161, ("2024-03-16", "2024-04-01"), of=BASIC, **change),
        line("il_charge", 10323, ("2024-03-16", "2024-04-01"), of=PRO, **change),
    ], sub="sub_upgraded"))  # fmt: skip
    fake.add(held("dropped", item("si_dropped_1", BASIC)))
    fake.add(
        *monthly("dropped", BASIC, key="si_dropped_1"),
        *monthly("dropped", SEAT, 2, key="si_dropped_2", months=MONTHS[:3]),
    )
    credit = line(
        "il_gone",
        -600,
        ("2024-02-11", "2024-03-01"),
        of=SEAT,
        quantity=2,
        sub="sub_dropped",
        item="si_dropped_2",
        proration=True,
    )
    fake.add(invoice("in_gone", "cus_dropped", "2024-03-01", [credit], sub="sub_dropped"))
    fake.add(held("left", item("si_left", BASIC), status="canceled", canceled="2024-03-20", ended="2024-04-01"))
    fake.add(*monthly("left", BASIC, months=MONTHS[:4]))
    trial = ("2024-02-01", "2024-02-15")
    fake.add(held("tried", item("si_tried", BASIC, created="2024-02-01"), start="2024-02-01", trial=trial))
    free = line("il_free", 0, trial, of=BASIC, sub="sub_tried", item="si_tried")
    fake.add(invoice("in_free", "cus_tried", "2024-02-01", [free], sub="sub_tried"))
    fake.add(*monthly("tried", BASIC, months=("2024-02-15", "2024-03-15", "2024-04-15")))
    fake.add(
        held(
            "lost",
            item("si_lost", BASIC, created="2024-02-01"),
            start="2024-02-01",
            trial=trial,
            status="canceled",
            ended="2024-02-15",
        )
    )
    fake.add(
        held(
            "expired",
            item("si_expired", BASIC, created="2024-02-01"),
            start="2024-02-01",
            status="incomplete_expired",
            ended="2024-02-02",
        )
    )
    fake.add(*monthly("seats", SEAT, 3))
    for quantity, at in ((5, "2024-05-10"), (4, "2024-05-20T12:00")):
        fake.change(
            held("seats", item("si_seats", SEAT, quantity)), "customer.subscription.updated", day(at), old=quantity == 5
        )
    fake.add(held("late", item("si_late", BASIC)), held("items", item("si_items_1", BASIC)))
    fake.add(held("forever", item("si_forever", BASIC), discounts=[discount("di_forever", TEN, "2024-03-01")]))
    fake.add(
        held("three", item("si_three", BASIC), discounts=[discount("di_three", THREE, "2024-04-01", "2024-07-01")])
    )
    fake.add(held("once", item("si_once", BASIC)))
    for each in monthly("once", BASIC):
        if each["id"].endswith("2024-02-01"):
            each["discounts"] = [discount("di_once", ONCE, "2024-01-20")]
            each["lines"]["data"][0]["discount_amounts"] = [{"amount": 5000, "discount": "di_once"}]
        fake.add(each)
    fake.add(
        held("shared", item("si_shared_1", BASIC), item("si_shared_2", BASIC), discounts=[discount("di_shared", FIFTY)])
    )
    fake.add(held("only", item("si_only_1", BASIC), item("si_only_2", PRO), discounts=[discount("di_only", ONLY)]))
    fake.add(held("own", item("si_own_1", BASIC, discounts=[discount("di_own", TEN)]), item("si_own_2", PRO)))
    fake.add(held("general", item("si_general", BASIC)))
    fake.add(held("tiers", item("si_tiers", TIERED, 20)), held("metered", item("si_metered", USAGE, None)))
    fake.add(held("euro", item("si_euro", MANY, 2), currency="eur"), held("yearly", item("si_yearly", YEAR, 4)))
    fake.add(held("scheduled", item("si_scheduled", BASIC), schedule="sub_sched_1"))
    phases = [
        {
            "start_date": day("2024-08-01"),
            "end_date": day("2025-08-01"),
            "items": [{"price": "price_pro", "quantity": 1}],
        }
    ]
    fake.add({"id": "sub_sched_1", "object": "subscription_schedule", "created": day("2024-05-01"), "status": "active",
              "subscription": "sub_scheduled", "customer": "cus_scheduled", "phases": phases, "livemode": True})  # fmt: skip
    fake.add(held("switched", item("si_switched_2", PRO, created="2024-03-01")))
    fake.add(
        *monthly("switched", BASIC, key="si_switched_1", months=MONTHS[:3]),
        *monthly("switched", PRO, key="si_switched_2", months=MONTHS[2:]),
    )
    fake.add(*monthly("deleted", price("price_gone", 30000), months=("2024-01-01", "2024-04-01", "2024-07-01")))
    fake.add(held("void", item("si_void", SEAT)))
    (mistake,) = monthly("void", SEAT, 9, months=MONTHS[1:3])
    fake.add({**mistake, "status": "void"})


def go_on(fake: FakeStripe) -> None:
    """What happens until 11 June."""
    updated = "customer.subscription.updated"
    fake.change(held("seats", item("si_seats", SEAT, 6)), updated, day("2024-06-05"))
    fake.change(held("late", item("si_late", BASIC), status="past_due"), updated, day("2024-06-03"))
    pause = {"behavior": "void", "resumes_at": None}
    fake.change(
        held("late", item("si_late", BASIC), status="past_due", pause_collection=pause), updated, day("2024-06-08")
    )
    both = [item("si_items_1", BASIC), item("si_items_2", SEAT, 4, created="2024-06-04")]
    fake.change(held("items", *both), updated, day("2024-06-04"))
    fake.change(held("items", both[1]), updated, day("2024-06-07"), old=True)


@pytest.fixture(scope="module", params=["new", "old"])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The account after both syncs, once in each shape."""
    with (
        pytest.MonkeyPatch.context() as patch,
        FakeStripe(now=datetime(2024, 6, 1, tzinfo=UTC), shape=request.param) as fake,
    ):
        patch.setenv("STRIPE_TEST_KEY", fake.key)
        fill(fake)
        store = Store(Path(tmp_path_factory.mktemp("stripe")), fake.url)
        store.now = fake.now
        store.sync()
        go_on(fake)
        fake.now = store.now = datetime(2024, 6, 11, tzinfo=UTC)
        store.sync()
        yield store


VERSIONS = """
    SELECT item, status || if(paused, ' paused', ''), amount, quantity, discount_percent, discount_amount, started_at,
        ended_at, customer
    FROM subscription_versions ORDER BY item, started_at
"""


@pytest.fixture(scope="module")
def versions(history: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The versions of each customer's items."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for *row, owner in history.rows(VERSIONS):
        found.setdefault(owner.removeprefix("cus_"), []).append(tuple(row))
    return found


def moment(text: str | None) -> datetime | None:
    """A time in UTC."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", CASES)
def test_versions(versions: dict[str, list[tuple[Any, ...]]], name: str) -> None:
    """Each item's stretches, with what held in them."""
    assert [(*row[:6], moment(row[6]), moment(row[7])) for row in CASES[name]] == versions[name]


def test_stretches_of_an_item_do_not_overlap(history: Store) -> None:
    """At no instant has an item two versions, and every version has an id of its own and some length."""
    assert [] == history.rows(
        "SELECT item, started_at FROM (SELECT *, lag(coalesce(ended_at, 'infinity')) OVER (PARTITION BY item ORDER BY started_at) AS before "
        "FROM subscription_versions) WHERE before > started_at OR ended_at <= started_at"
    )
    assert [(True,)] == history.rows("SELECT count(*) = count(DISTINCT id) FROM subscription_versions")


def test_a_further_sync_changes_nothing(history: Store) -> None:
    """What is read again, by the overlap of events, adds no version."""
    before = history.rows("FROM subscription_versions ORDER BY id")
    history.sync("subscriptions")
    after = history.rows("FROM subscription_versions ORDER BY id")
    assert before == after


def test_cancellation_and_paid_period(history: Store) -> None:
    """The last version of a subscription that ended tells when it was asked to end, and until when it was paid."""
    asked = "SELECT canceled_at, period_end FROM subscription_versions WHERE item = 'si_left' ORDER BY started_at DESC LIMIT 1"
    assert [(moment("2024-03-20"), moment("2024-04-01"))] == history.rows(asked)


def test_customers_began_when_they_paid_and_left_when_the_last_ended(history: Store) -> None:
    """A trial is not a beginning, nor its end a departure."""
    found = {row[0]: row[1:] for row in history.rows("SELECT id, started_at, churned_at FROM billed_customers")}
    assert (moment("2024-01-01"), moment("2024-04-01")) == found["cus_left"]
    assert (moment("2024-02-15"), None) == found["cus_tried"]
    assert (None, None) == found["cus_lost"]
