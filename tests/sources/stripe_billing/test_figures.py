"""The published figures, as subscriptions in Stripe, asked of a project that `tally init --from stripe` would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
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

import tallymark
from tallymark_plugins import stripe_billing

HUNDRED = price("price_100", 10000)
YEAR = price("price_year", 60000, "year")
SEAT = price("price_seat", 50000, "year")
THIRTY = price("price_30", 3000)
BASIC = price("price_basic", 12000, "year")
PRO = price("price_pro", 20000)
PLAN = price("price_49", 4900)
CHANGED, STARTED = "customer.subscription.updated", "customer.subscription.created"


def write_project(folder: Path, fake: FakeStripe) -> None:
    """A project as `tally init --from stripe` makes it, with the fake in Stripe's place."""
    starter = stripe_billing.starter("billing")
    options = {"kind": "stripe", **yaml.safe_load(starter.options), "api_base": fake.url, "allow_private": True}
    options["objects"] = ["prices", "coupons", "customers", "subscriptions", "invoices"]
    project = {"packs": list(starter.packs), "sources": {"billing": options}}
    (folder / "tally.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    (folder / "metrics").mkdir()
    (folder / "metrics" / "billing.yaml").write_text(starter.definitions)


def one(name: str, of: Thing, quantity: int = 1, **more: Any) -> Thing:
    """A customer's subscription of one item, since 1 January 2024."""
    return subscription(f"sub_{name}", f"cus_{name}", [item(f"si_{name}", of, quantity)], **more)


def fill(fake: FakeStripe) -> None:
    """A case each, by the beginning of the customers' ids."""
    fake.add(HUNDRED, YEAR, SEAT, THIRTY, BASIC, PRO, PLAN)
    subscriptions = [one(f"many{n:03}", HUNDRED) for n in range(100)] + [one(f"year{n:03}", YEAR) for n in range(50)]
    subscriptions += [one("seats", SEAT, 4)]
    ten, fifty = coupon("ten", percent=10), coupon("fifty", off=5000)
    subscriptions += [one("off", BASIC, discounts=[discount("di_off", ten)])]
    both = [item("si_plan", HUNDRED), item("si_addon", HUNDRED)]
    subscriptions += [subscription("sub_both", "cus_both", both, discounts=[discount("di_both", fifty)])]
    subscriptions += [one("up", PRO)]
    subscriptions += [one(f"trial_a{n}", PLAN) for n in range(5)] + [one("trial_p", PLAN, status="past_due")]
    subscriptions += [one(f"trial_t{n}", PLAN, status="trialing", trial=("2024-01-01", "2024-12-01")) for n in range(8)]
    fake.add(*(customer(each["customer"]) for each in subscriptions), *subscriptions)
    old = line("il_old", 10000, ("2024-03-01", "2024-04-01"), of=HUNDRED, sub="sub_up", item="si_up")
    fake.add(invoice("in_old", "cus_up", "2024-03-01", [old], sub="sub_up"))
    # The upgrade of 16 March, billed 250 at once: 200 for the next month and 50 for the rest of this one.
    part = line("il_part", 5000, ("2024-03-16", "2024-04-01"), of=PRO, sub="sub_up", item="si_up", proration=True)
    full = line("il_full", 20000, ("2024-04-01", "2024-05-01"), of=PRO, sub="sub_up", item="si_up")
    fake.add(invoice("in_up", "cus_up", "2024-03-16", [part, full], sub="sub_up"))
    # Two monthly thirties beside the seats, from 10 May to 20 May.
    more = subscription("sub_more", "cus_seats", [item("si_more", THIRTY, 2, created="2024-05-10")], start="2024-05-10")
    fake.change(more, STARTED, day("2024-05-10"))
    over = {"status": "canceled", "ended_at": day("2024-05-20"), "canceled_at": day("2024-05-20")}
    fake.change({**more, **over}, "customer.subscription.deleted", day("2024-05-20"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tallymark.Book]:
    """The project after a sync, by the engine itself."""
    folder = Path(tmp_path_factory.mktemp("project"))
    with pytest.MonkeyPatch.context() as patch, FakeStripe(now=datetime(2024, 6, 1, tzinfo=UTC)) as fake:
        patch.setenv("STRIPE_API_KEY", fake.key)
        fill(fake)
        write_project(folder, fake)
        with tallymark.open(folder, strict=False) as book:
            book.sync()
        with tallymark.open(folder) as book:
            yield book


def amounts(book: tallymark.Book, metric: str, period: str) -> Mapping[str, float]:
    """A metric of each customer in a period."""
    found = book.ask(metric, by="customer", period=period).to_arrow().to_pylist()
    return {row["customer"]: float(row[metric] or 0) for row in found}


def total(by_customer: Mapping[str, float], *beginnings: str) -> float:
    """The sum over the customers of a case."""
    return sum(each for name, each in by_customer.items() if name.startswith(tuple(f"cus_{b}" for b in beginnings)))


@pytest.mark.parametrize(
    ("case", "month", "expected"),
    [
        (("many", "year"), "2024-05", 12_500),  # 100 × 100 a month + 50 × 600 a year
        (("seats",), "2024-04", 2000 / 12),  # four yearly seats of 500
        (("off",), "2024-05", 9),  # 120 a year with 10% off for ever
        (("both",), "2024-05", 150),  # a plan of 100 and an add-on of 100, 50 off
        (("up",), "2024-02", 100),
        (("up",), "2024-03", 200),  # the month of the upgrade billed 250
        (("up",), "2024-04", 200),
        (("trial",), "2024-05", 294),  # five active and one past due at 49, eight in their trial
    ],
)
def test_mrr(book: tallymark.Book, case: tuple[str, ...], month: str, expected: float) -> None:
    """The MRR at the end of a month, as published."""
    assert pytest.approx(expected) == total(amounts(book, "mrr", month), *case)


@pytest.mark.parametrize(
    ("metric", "period", "expected"),
    [
        ("new_mrr", "2024-01", 2000 / 12),
        ("expansion", "2024-05-10", 60),
        ("downgrades", "2024-05-20", 60),
        ("churn", "2024-05-20", 0),
    ],
)
def test_movements(book: tallymark.Book, metric: str, period: str, expected: float) -> None:
    """Four yearly seats are 166.67 new; two thirties more are 60 of expansion; without them, 60 of contraction."""
    assert pytest.approx(expected) == total(amounts(book, metric, period), "seats")


def test_the_project_has_no_fault(book: tallymark.Book) -> None:
    """What the starter writes is sound, over the data that was landed."""
    assert [] == [str(fault) for fault in book.check() if fault.severity == "error"]


def test_money_that_came_in(book: tallymark.Book) -> None:
    """The paid invoices of March, 100 and 250, are the revenue of March."""
    assert 350 == total(amounts(book, "revenue", "2024-03"), "up")
