"""A first sync from localstripe, a stand-in for Stripe that others wrote, run as a process of its own.

It speaks the shapes before 2025-03-31, knows no prices, credit notes, promotion codes or schedules, no subscription of several
items, and expands less. It makes invoices by itself. What it supports must land as from Stripe.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stripe import StripeClient
from tests.sources.stripe_billing.conftest import Store

OBJECTS = ("products", "plans", "coupons", "customers", "subscriptions", "invoices", "refunds", "charges")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty localstripe on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("localstripe") / "log").open("w")
    command = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        _wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        assert process.poll() is None, "localstripe ended by itself"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("localstripe does not listen")


@pytest.fixture(scope="module")
def landed(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """25 customers; one has 3 seats of a monthly plan, one has left, one has tiers, one pays by the year."""
    raw = StripeClient("sk_test_12345", base_addresses={"api": url})
    client = raw.v1
    seat = client.products.create({"name": "Seat"})
    monthly = client.plans.create(
        {"id": "seat", "product": seat.id, "amount": 1000, "currency": "eur", "interval": "month"}
    )
    yearly = client.plans.create(
        {"id": "year", "product": seat.id, "amount": 60000, "currency": "eur", "interval": "year"}
    )
    tiers = [{"up_to": 5, "unit_amount": 700, "flat_amount": 0}, {"up_to": "inf", "unit_amount": 600, "flat_amount": 0}]
    tiered = client.plans.create(
        {"id": "tiered", "product": seat.id, "currency": "eur", "interval": "month", "billing_scheme": "tiered",
         "tiers_mode": "graduated", "tiers": tiers}
    )  # fmt: skip
    people = [client.customers.create({"name": f"Customer {n}", "email": f"{n}@example.org"}) for n in range(25)]
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123", "object": "card"}
    for person in people[:4]:
        raw.raw_request("post", f"/v1/customers/{person.id}/sources", source=card)
    for person, plan, quantity in ((0, monthly, 3), (1, monthly, 1), (2, tiered, 7), (3, yearly, 1)):
        made = client.subscriptions.create(
            {"customer": people[person].id, "items": [{"plan": plan.id, "quantity": quantity}]}
        )
        if person == 1:
            client.subscriptions.cancel(made.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIPE_TEST_KEY", "sk_test_12345")
        store = Store(Path(tmp_path_factory.mktemp("landed")), url)
        store.sync(*OBJECTS)
        yield store


def test_customers_and_plans(landed: Store) -> None:
    """All pages of customers, and plans in units of their currency."""
    assert [(25,)] == landed.rows("SELECT count(*) FROM customers")
    expected = [("seat", "EUR", 10, "month"), ("tiered", "EUR", None, "month"), ("year", "EUR", 600, "year")]
    assert expected == landed.rows('SELECT id, currency, unit_amount, "interval" FROM plans ORDER BY id')


def test_subscriptions(landed: Store) -> None:
    """What each item costs: 3 seats of 10, a year of 600, tiers 5 × 7 + 2 × 6; and the one that was left has ended."""
    current = "SELECT plan, quantity, amount, status FROM subscription_versions WHERE ended_at IS NULL ORDER BY plan"
    expected = [("seat", 3, 30, "active"), ("tiered", 7, 47, "active"), ("year", 1, 600, "active")]
    assert expected == landed.rows(current)
    assert [("canceled", True)] == landed.rows(
        "SELECT status, ended_at IS NOT NULL FROM subscriptions WHERE status = 'canceled'"
    )


def test_invoices(landed: Store) -> None:
    """Its invoices and their lines: each subscription was billed once. Of tiers it makes amounts of its own."""
    billed = "FROM paid_invoices WHERE id IN (SELECT invoice FROM invoice_lines WHERE plan <> 'tiered')"
    assert [(3, 640)] == landed.rows(f"SELECT count(*), sum(amount) {billed}")
    lines = "SELECT plan, quantity, amount, recurring, proration FROM invoice_lines WHERE plan <> 'tiered' ORDER BY plan, amount"
    assert [("seat", 1, 10, True, False), ("seat", 3, 30, True, False), ("year", 1, 600, True, False)] == landed.rows(
        lines
    )
