"""The generated company: the same everywhere, consistent to the cent, and believable."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark_plugins.samples.flaws import GONE
from tallymark_plugins.samples.tables import Columns, length

Tables = dict[str, Columns]
Row = dict[str, Any]

PARIS = ZoneInfo("Europe/Paris")
START, END = datetime(2022, 1, 1), datetime(2025, 1, 1)
MONTHS = [datetime(2022 + n // 12, n % 12 + 1, 1) for n in range(37)]
SIGNS = {"new": 1, "reactivation": 1, "expansion": 1, "contraction": -1, "churn": -1}

CONTRACT = {
    "customers": "id name country channel segment signed_up_at started_at churned_at",
    "users": "id customer created_at removed_at",
    "subscriptions": "id customer plan status mrr seats started_at ended_at",
    "mrr_movements": "id customer kind amount at",
    "invoices": "id customer amount paid_at",
    "orders": "id customer amount quantity at",
    "costs": "id category amount at",
    "tickets": "id customer kind priority channel agent_replies customer_replies reopens created_at first_reply_at "
    "solved_at",
    "survey_responses": "id customer respondent survey score scale answered_at",
    "events": "id customer user name feature key_feature at",
    "sessions": "id customer user seconds started_at",
    "visits": "id visitor at",
    "leads": "id customer visitor channel created_at qualified_at won_at",
    "funnel_steps": "id user step reached_at next_reached_at",
    "checks": "at ok ms",
}

DIGESTS = {
    "customers": "641c52930a42aa0f",
    "users": "e50a38c63eeef5cc",
    "subscriptions": "a48262fe87bb191e",
    "mrr_movements": "3c9040110c7c81f4",
    "invoices": "1a0852dd9ebfa22e",
    "orders": "17fc0e1b6bd38491",
    "costs": "31aafe98c29c5874",
    "leads": "aa241409991aabd8",
    "visits": "27bb16ca0989f158",
    "funnel_steps": "b7639be23d6bc674",
    "events": "6848bc2c4e4c8e1f",
    "sessions": "683f111d56a42272",
    "tickets": "9b4e473d04aa5a08",
    "survey_responses": "29a3a59bc10262b8",
    "checks": "1a67fadb14c1772f",
}


def rows(table: Columns) -> Iterator[Row]:
    """The rows of a table as mappings."""
    for values in zip(*table.values(), strict=True):
        yield dict(zip(table, values, strict=True))


def recurring(tables: Tables, at: datetime) -> dict[str, Decimal]:
    """The counted MRR of each customer just before `at`, by the rule for stocks."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows(tables["subscriptions"]):
        ended = row["ended_at"]
        if row["status"] in ("active", "past_due") and row["started_at"] < at and (ended is None or ended >= at):
            found[row["customer"]] += row["mrr"]
    return {customer: mrr for customer, mrr in found.items() if mrr}


def moved(tables: Tables, start: datetime, end: datetime) -> Counter[str]:
    """The sum of the movements in `[start, end)` by kind."""
    found: Counter[str] = Counter()
    for row in rows(tables["mrr_movements"]):
        if start <= row["at"] < end:
            found[row["kind"]] += row["amount"]
    return found


def digest(table: Columns) -> str:
    """A fingerprint of a table that depends on nothing but its values."""
    sha = hashlib.sha256()
    for name, values in table.items():
        sha.update("\x1f".join([name, *(f"{type(v).__name__}:{v}" for v in values)]).encode())
    return sha.hexdigest()[:16]


# -- the same everywhere -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTRACT)
def test_each_table_is_the_same_in_every_run(tables: Tables, name: str) -> None:
    """A table has the values it had when this test was written, whatever the machine and the hash seed."""
    assert DIGESTS[name] == digest(tables[name])


def test_tables_have_the_columns_of_the_standard_datasets(tables: Tables) -> None:
    """Tables and columns are those that the packs read, and all columns of a table are equally long."""
    assert CONTRACT == {name: " ".join(table) for name, table in tables.items()}
    assert all({length(table)} == {len(values) for values in table.values()} for table in tables.values())


def test_sizes_are_sensible(tables: Tables) -> None:
    """About five hundred customers, a company's worth of everything else, and no more events than a laptop likes."""
    sizes = {name: length(table) for name, table in tables.items()}
    assert 450 <= sizes["customers"] <= 600
    assert 100_000 <= sizes["events"] <= 150_000
    assert sizes["checks"] == 1096 * 24
    assert all(size >= 300 for size in sizes.values()), sizes


# -- keys, references, flaws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CONTRACT if name != "checks"])
def test_keys_are_unique(tables: Tables, name: str) -> None:
    """No id occurs twice, and none is null."""
    ids = tables[name]["id"]
    assert len(ids) == len({i for i in ids if i is not None})


@pytest.mark.parametrize(
    ("name", "column", "target", "nulls", "orphans"),
    [
        ("users", "customer", "customers", 0, 0),
        ("subscriptions", "customer", "customers", 0, 0),
        ("mrr_movements", "customer", "customers", 0, 0),
        ("invoices", "customer", "customers", 1, 0),
        ("orders", "customer", "customers", 0, 1),
        ("tickets", "customer", "customers", 4, 1),
        ("survey_responses", "customer", "customers", 0, 0),
        ("survey_responses", "respondent", "users", 0, 0),
        ("events", "customer", "customers", 0, 0),
        ("events", "user", "users", 25, 0),
        ("sessions", "user", "users", 0, 0),
        ("funnel_steps", "user", "users", 0, 0),
    ],
)
def test_references_hold_but_for_the_flaws(
    tables: Tables, name: str, column: str, target: str, nulls: int, orphans: int
) -> None:
    """Every reference finds its partner, except the few that are broken on purpose."""
    known = set(tables[target]["id"])
    found = tables[name][column]
    assert nulls == found.count(None)
    assert orphans == sum(1 for value in found if value is not None and value not in known)
    assert orphans == found.count(GONE)


def test_a_lead_has_a_customer_exactly_when_it_is_won(tables: Tables) -> None:
    """Until a lead is won it points to no customer; each paying customer came of one lead, won when it first paid."""
    won = {row["customer"]: row["won_at"] for row in rows(tables["leads"]) if row["won_at"]}
    paying = {row["id"]: row["started_at"] for row in rows(tables["customers"]) if row["started_at"]}
    assert paying == won
    assert all((row["customer"] is None) == (row["won_at"] is None) for row in rows(tables["leads"]))


def test_the_flaws_are_there(tables: Tables) -> None:
    """Two scores lie outside the scale, a few sittings have no length, two stretches no plan."""
    scores = [
        row["score"] for row in rows(tables["survey_responses"]) if row["survey"] == "nps" and row["score"] is not None
    ]
    assert [-1, 11] == sorted(score for score in scores if not 0 <= score <= 10)
    assert tables["sessions"]["seconds"].count(None) == 5
    assert tables["subscriptions"]["plan"].count(None) == 2
    assert tables["customers"]["country"].count(None) == 3
    assert tables["customers"]["segment"].count(None) == 6


# -- recurring revenue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("month", range(36))
def test_movements_lead_from_each_month_to_the_next(tables: Tables, month: int) -> None:
    """Start + new + reactivation + expansion − contraction − churn is the end, to the cent."""
    start, end = MONTHS[month], MONTHS[month + 1]
    change = sum((SIGNS[kind] * amount for kind, amount in moved(tables, start, end).items()), Decimal())
    assert sum(recurring(tables, end).values()) == sum(recurring(tables, start).values()) + change


@given(day=st.integers(0, 1096))
def test_movements_add_up_to_the_revenue_of_any_day(tables: Tables, day: int) -> None:
    """All movements before a midnight add up to the recurring revenue read at it."""
    at = START + timedelta(days=day)
    change = sum((SIGNS[kind] * amount for kind, amount in moved(tables, START, at).items()), Decimal())
    assert sum(recurring(tables, at).values(), Decimal()) == change


def test_movements_of_a_customer_follow_one_another(tables: Tables) -> None:
    """The first is new; after a churn comes a reactivation; all others come from and lead to paying."""
    paying: dict[str, Decimal] = {}
    for row in rows(tables["mrr_movements"]):
        before = paying.get(row["customer"])
        assert row["amount"] > 0
        assert {"new": before is None, "reactivation": before == 0}.get(row["kind"], bool(before))
        after = (before or Decimal()) + SIGNS[row["kind"]] * row["amount"]
        assert (after == 0) == (row["kind"] == "churn")
        paying[row["customer"]] = after
    assert set(SIGNS) == set(tables["mrr_movements"]["kind"])


def test_stretches_of_a_line_touch(tables: Tables) -> None:
    """Within a line each stretch lasts a while and ends as the next one starts; only the last may be open."""
    lines: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(tables["subscriptions"]):
        lines[row["id"].rsplit("-", 1)[0]].append(row)
    assert len(lines) > 500
    for stretches in lines.values():
        stretches.sort(key=lambda row: row["id"])
        assert len({row["customer"] for row in stretches}) == 1
        assert all(row["ended_at"] is None or row["started_at"] < row["ended_at"] for row in stretches)
        assert [row["started_at"] for row in stretches[1:]] == [row["ended_at"] for row in stretches[:-1]]


def test_neighbouring_stretches_differ(tables: Tables) -> None:
    """A stretch ends because something changes: no two neighbours have the same plan, status, price and seats."""
    found = sorted(rows(tables["subscriptions"]), key=lambda row: row["id"])
    for one, two in pairwise(found):
        if (
            one["ended_at"] == two["started_at"]
            and one["customer"] == two["customer"]
            and None not in (one["plan"], two["plan"])
        ):
            assert [one[c] for c in ("plan", "status", "mrr", "seats")] != [
                two[c] for c in ("plan", "status", "mrr", "seats")
            ]


def test_every_status_occurs_and_only_paid_ones_have_a_price(tables: Tables) -> None:
    """Trials and pauses cost nothing, everything else something."""
    free = {(row["status"], row["mrr"] == 0) for row in rows(tables["subscriptions"])}
    assert {("active", False), ("past_due", False), ("unpaid", False), ("trialing", True), ("paused", True)} == free


def test_customers_started_and_left_as_their_subscriptions_say(tables: Tables) -> None:
    """`started_at` is the first new movement; `churned_at` the last churn of those who neither pay nor pause now."""
    new = {row["customer"]: row["at"] for row in rows(tables["mrr_movements"]) if row["kind"] == "new"}
    churned = {row["customer"]: row["at"] for row in rows(tables["mrr_movements"]) if row["kind"] == "churn"}
    staying = set(recurring(tables, END)) | {
        row["customer"]
        for row in rows(tables["subscriptions"])
        if row["status"] == "paused" and row["ended_at"] is None
    }
    for row in rows(tables["customers"]):
        assert row["started_at"] == new.get(row["id"])
        assert row["churned_at"] == (None if row["id"] in staying else churned.get(row["id"]))


def test_some_customers_have_two_lines_at_once(tables: Tables) -> None:
    """A dozen customers or more pay for two subscriptions at the end, so that cancelling one can be a contraction."""
    open_now = Counter(
        row["customer"]
        for row in rows(tables["subscriptions"])
        if row["status"] in ("active", "past_due") and row["ended_at"] is None
    )
    assert sum(1 for count in open_now.values() if count > 1) >= 12


# -- believable --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2023, 2024])
def test_churn_and_retention_of_a_year_are_believable(tables: Tables, year: int) -> None:
    """A year loses 8 to 25 % of the customers it began with, and keeps 85 to 125 % of their revenue."""
    before, after = recurring(tables, datetime(year, 1, 1)), recurring(tables, datetime(year + 1, 1, 1))
    lost = sum(1 for customer in before if customer not in after) / len(before) * 100
    kept = sum(after.get(customer, Decimal()) for customer in before) / sum(before.values()) * 100
    assert 8 <= lost <= 25
    assert 85 <= kept <= 125


def test_the_company_grows(tables: Tables) -> None:
    """Every quarter ends with more recurring revenue and more customers than the one before."""
    ends = [recurring(tables, MONTHS[month]) for month in range(0, 37, 3)]
    revenue, customers = [sum(end.values()) for end in ends], [len(end) for end in ends]
    assert revenue == sorted(set(revenue))
    assert customers == sorted(set(customers))


@pytest.mark.parametrize("year", [2022, 2023, 2024])
def test_what_customers_say_is_believable(tables: Tables, year: int) -> None:
    """NPS lies between −20 and 60, satisfaction between 70 and 95 %, and 25 to 50 % of all surveys are answered."""
    asked = [row for row in rows(tables["survey_responses"]) if row["answered_at"].year == year]
    nps = [row["score"] for row in asked if row["survey"] == "nps" and row["score"] is not None]
    csat = [row["score"] for row in asked if row["survey"] == "csat" and row["score"] is not None]
    assert -20 <= (sum(s >= 9 for s in nps) - sum(s <= 6 for s in nps)) / len(nps) * 100 <= 60
    assert 70 <= sum(s >= 4 for s in csat) / len(csat) * 100 <= 95
    assert 0.25 <= sum(row["score"] is not None for row in asked) / len(asked) <= 0.5
    assert {("nps", 10), ("csat", 5), ("ces", 7)} == {(row["survey"], row["scale"]) for row in asked}


def test_use_and_satisfaction_foretell_who_leaves(tables: Tables) -> None:
    """Customers who left gave lower NPS scores, on average, than those who stayed."""
    left = {row["id"] for row in rows(tables["customers"]) if row["churned_at"]}
    scores: dict[bool, list[int]] = {True: [], False: []}
    for row in rows(tables["survey_responses"]):
        if row["survey"] == "nps" and row["score"] is not None:
            scores[row["customer"] in left].append(row["score"])
    assert sum(scores[True]) / len(scores[True]) < sum(scores[False]) / len(scores[False]) - 0.3


def test_the_service_is_up_most_of_the_time(tables: Tables) -> None:
    """Uptime lies between 99.5 and 99.95 %, and there is a response time exactly where there was a response."""
    checks = list(rows(tables["checks"]))
    assert 0.995 <= sum(row["ok"] for row in checks) / len(checks) <= 0.9995
    assert all((row["ms"] is not None) == row["ok"] for row in checks)


def test_people_work_on_weekdays(tables: Tables) -> None:
    """More than nine in ten events fall on Monday to Friday, and fewer of them in August than in June of each year."""
    at = tables["events"]["at"]
    assert sum(moment.weekday() < 5 for moment in at) > 0.9 * len(at)
    signed = Counter((moment.year, moment.month) for moment in tables["customers"]["signed_up_at"])
    assert all(signed[year, 8] < signed[year, 9] for year in (2022, 2023, 2024))


# -- order in time -----------------------------------------------------------------------------------------------------


def test_nothing_happens_outside_the_three_years(tables: Tables) -> None:
    """Every time lies from 1 January 2022 to before 1 January 2025."""
    times = [v for table in tables.values() for values in table.values() for v in values if isinstance(v, datetime)]
    assert min(times) >= START
    assert max(times) < END


def test_every_local_time_exists_in_paris(tables: Tables) -> None:
    """No time falls into an hour that the clocks skipped: each survives the way to UTC and back."""
    times = {
        v
        for table in tables.values()
        for values in table.values()
        for v in values
        if isinstance(v, datetime)
        if v.hour < 5
    }
    assert len(times) > 5000
    utc = ZoneInfo("UTC")
    assert all(t == t.replace(tzinfo=PARIS).astimezone(utc).astimezone(PARIS).replace(tzinfo=None) for t in times)


def test_the_probe_runs_every_elapsed_hour(tables: Tables) -> None:
    """A day has 23 looks when the clocks go forward, 25 when they go back, 24 otherwise."""
    looks = Counter(at.date().isoformat() for at in tables["checks"]["at"])
    odd = {day: count for day, count in looks.items() if count != 24}
    spring, autumn = ("2022-03-27", "2023-03-26", "2024-03-31"), ("2022-10-30", "2023-10-29", "2024-10-27")
    assert dict.fromkeys(spring, 23) | dict.fromkeys(autumn, 25) == odd


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("customers", ("signed_up_at", "started_at", "churned_at")),
        ("users", ("created_at", "removed_at")),
        ("tickets", ("created_at", "first_reply_at", "solved_at")),
        ("leads", ("created_at", "qualified_at", "won_at")),
        ("funnel_steps", ("reached_at", "next_reached_at")),
    ],
)
def test_what_follows_comes_later(tables: Tables, name: str, columns: tuple[str, ...]) -> None:
    """In every row the times that are known stand in their order."""
    for row in rows(tables[name]):
        known = [row[column] for column in columns if row[column] is not None]
        assert known == sorted(known)


def test_steps_of_setting_up_lead_to_one_another(tables: Tables) -> None:
    """Each user begins with the first step, and reaches each next one when the step before says so."""
    order = ["account_opened", "profile_completed", "first_board", "colleague_invited"]
    taken: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(tables["funnel_steps"]):
        taken[row["user"]].append(row)
    created = dict(zip(tables["users"]["id"], tables["users"]["created_at"], strict=True))
    assert set(created) == set(taken)
    for user, found in taken.items():
        assert order[: len(found)] == [row["step"] for row in found]
        assert [created[user], *(row["next_reached_at"] for row in found[:-1])] == [row["reached_at"] for row in found]
    reached = Counter(tables["funnel_steps"]["step"])
    assert [reached[step] for step in order] == sorted((reached[step] for step in order), reverse=True)


def test_users_act_only_while_they_may(tables: Tables) -> None:
    """An event lies between a user's creation and removal, and belongs to the user's customer."""
    users = {row["id"]: row for row in rows(tables["users"])}
    for row in rows(tables["events"]):
        user = users.get(row["user"])
        if user is not None:
            assert user["created_at"] <= row["at"] < (user["removed_at"] or END)
            assert user["customer"] == row["customer"]


def test_open_tickets_have_no_reply_counts_from_the_future(tables: Tables) -> None:
    """Who has not been answered has no replies; who has been solved has been answered."""
    for row in rows(tables["tickets"]):
        assert (row["agent_replies"] > 0) == (row["first_reply_at"] is not None)
        assert row["solved_at"] is None or row["first_reply_at"] is not None
    assert 5 <= tables["tickets"]["solved_at"].count(None) <= 100
