"""Any life of a subscription: what bills and events told of it gives back what it was, at every time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.stripe_billing.conftest import make_tables

from tallymark_plugins import stripe_billing

CASES = max(1, int(os.environ.get("TALLY_CASES", "2000")) // 80)

START = datetime(2024, 1, 1, tzinfo=UTC)
PERIOD = 30
LAST = 120
"""Days: a billing period, and how long the subscription is watched."""

Life = list[tuple[int, dict[str, int]]]
"""Days, each with the items and their quantities from then on."""


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A subscription that begins with some items; then quantities change, items come and go, never the same again."""
    items = {f"si_{n}": draw(st.integers(1, 5)) for n in range(draw(st.integers(1, 3)))}
    made: Life = [(0, dict(items))]
    days = draw(st.lists(st.integers(1, LAST - 1), max_size=6, unique=True).map(sorted))
    for number, at in enumerate(days):
        name = draw(st.sampled_from(sorted(items)))
        match draw(st.sampled_from(("more", "add", "drop", "swap"))):
            case "more":
                items[name] += draw(st.integers(1, 3))
            case "add":
                items[f"si_new{number}"] = draw(st.integers(1, 5))
            case "drop" if len(items) > 1:
                del items[name]
            case _:
                items[f"si_swap{number}"] = items.pop(name)
        made.append((at, dict(items)))
    return made


def at_day(life: Life, day: float) -> dict[str, int]:
    """The items on a day."""
    return next(items for begun, items in reversed(life) if begun <= day)


def moment(day: float) -> datetime:
    """That many days after the start."""
    return START + timedelta(days=day)


def bills(life: Life) -> Iterator[dict[str, Any]]:
    """The lines of its invoices: a period ahead for each item, and for each change a credit and a charge for the rest."""
    for begin in range(0, LAST, PERIOD):
        for name, quantity in at_day(life, begin).items():
            yield {
                "item": name,
                "quantity": quantity,
                "amount": quantity,
                "from": begin,
                "to": begin + PERIOD,
                "part": False,
            }
    for (_, before), (at, after) in pairwise(life):
        rest = PERIOD * (at // PERIOD + 1)
        for name in sorted({*before, *after}) if at % PERIOD else ():
            if before.get(name) != after.get(name):
                for quantity, sign in ((before.get(name), -1), (after.get(name), 1)):
                    if quantity is not None:
                        yield {
                            "item": name,
                            "quantity": quantity,
                            "amount": sign * 0.5,
                            "from": at,
                            "to": rest,
                            "part": True,
                        }


def created(life: Life, name: str) -> datetime:
    """When an item was added."""
    return moment(next(begun for begun, items in life if name in items))


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables, and the views over them."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET timezone = 'UTC'")
        make_tables(connection)
        for name, view in stripe_billing.VIEWS.items():
            connection.execute(f"CREATE VIEW {name} AS {view}")
        yield connection


def put(connection: duckdb.DuckDBPyConnection, life: Life, seen: list[tuple[int, int]]) -> None:
    """Lands the bills, and looks at the subscription: the day and the order of each."""
    for table in ("invoices", "invoice_line_items", "subscription_snapshots"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute(
        "INSERT INTO invoices BY NAME SELECT 'in_1' AS id, 'sub_1' AS subscription, 'paid' AS status, ?::TIMESTAMPTZ AS created_at",
        [START],
    )
    for number, each in enumerate(bills(life)):
        connection.execute(
            """INSERT INTO invoice_line_items BY NAME SELECT ? AS id, 'in_1' AS invoice, 'sub_1' AS subscription,
            ? AS item, ? AS quantity, ?::DECIMAL(38, 14) AS amount, ? AS period_start, ? AS period_end, ? AS proration,
            true AS recurring, false AS metered, 'month' AS "interval", 1 AS interval_count""",
            [
                f"il_{number}",
                each["item"],
                each["quantity"],
                each["amount"],
                moment(each["from"]),
                moment(each["to"]),
                each["part"],
            ],
        )
    for day, order in seen:
        for name, quantity in at_day(life, day).items():
            connection.execute(
                """INSERT INTO subscription_snapshots BY NAME SELECT ? AS id, 'sub_1' AS subscription, ? AS item,
                ? AS quantity, ? AS seen_at, ? AS sequence, 'active' AS status, ? AS started_at, ? AS item_created_at,
                false AS metered, false AS paused, 'month' AS "interval", 1 AS interval_count""",
                [f"{day}/{order}/{name}", name, quantity, moment(day), order, START, created(life, name)],
            )


@settings(
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(lives(), st.integers(0, LAST), st.lists(st.integers(0, LAST), max_size=3))
def test_any_history(tables: duckdb.DuckDBPyConnection, life: Life, since: int, syncs: list[int]) -> None:
    """Bills before a day, events from it on, and some syncs tell each day's items and quantities, none twice."""
    events = [(day, 0) for day, _ in life if day >= since]
    put(tables, life, [*events, *((day, 9) for day in {since, LAST, *(s for s in syncs if s >= since)})])
    found = tables.execute("SELECT item, quantity, started_at, ended_at FROM subscription_versions").fetchall()
    for day in range(LAST + 1):
        at = moment(day + 0.5)
        held = [
            (name, quantity) for name, quantity, begun, ended in found if begun <= at and (ended is None or at < ended)
        ]
        assert sorted(at_day(life, day).items()) == sorted(held), f"day {day}"
