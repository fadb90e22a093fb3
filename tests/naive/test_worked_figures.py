"""Every figure worked out on the language's page, asked of the naive evaluator."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallymark.definitions import Project
from tallymark.formula.parse import parse_text

from .build import dataset, table, world
from .evaluate import answer
from .world import NaiveError, Question, World


def day(text: str) -> date:
    """A date of its ISO text."""
    return date.fromisoformat(text)


@dataclass(frozen=True)
class Figure:
    """A formula in a world, the range asked for, and the value it must have there."""

    says: str
    world: str
    formula: str
    range: str
    expected: Any
    by: tuple[str, ...] = ()
    grain: str | None = None
    as_of: str | None = None
    where: str | None = None
    metrics: dict[str, str] = field(default_factory=dict)


ORDERS = dataset(
    "orders",
    {"id": "integer", "customer": "text", "amount": "integer", "at": "date"},
    key="id",
    time="at",
)
CUSTOMERS = dataset("customers", {"id": "text", "plan": "text"}, key="id")
SUBSCRIPTIONS = dataset(
    "subscriptions",
    {"id": "text", "customer": "text", "plan": "text", "mrr": "decimal", "started": "date", "ended": "date"},
    key="id",
    valid=("started", "ended"),
)
PLANS = dataset(
    "versions",
    {"customer": "text", "plan": "text", "from_at": "date", "to_at": "date"},
    key="customer",
    valid=("from_at", "to_at"),
)
VERSIONED = dataset(
    "subscriptions",
    {"id": "text", "customer": "text", "mrr": "decimal", "started": "date", "ended": "date"},
    key="id",
    valid=("started", "ended"),
    refs={"customer": "versions"},
)
TICKETS = dataset(
    "tickets",
    {"id": "integer", "created_at": "date", "solved_at": "date", "replies": "integer"},
    key="id",
    time="created_at",
    valid=("created_at", "solved_at"),
)
EVENTS = dataset("events", {"user": "text", "at": "timestamp"}, time="at")
CALENDAR = dataset("marks", {"n": "integer", "at": "timestamp"}, time="at")
ACCOUNTS = dataset("balances", {"account": "text", "balance": "integer", "at": "date"}, time="at")
REPLIES = dataset("replies", {"replies": "integer"})

EVERY_DAY = [(i, datetime(2023, 12, 1 + i, 12)) for i in range(31)] + [
    (31 + i, datetime.fromordinal(day("2024-01-01").toordinal() + i).replace(hour=12)) for i in range(121)
]

WORLDS: dict[str, World] = {
    "per": world(
        [(ORDERS, table("id customer amount at", *(
            (1, "A", 10, day("2024-03-01")),
            (2, "A", 20, day("2024-03-31")),
            (3, "B", 30, day("2024-03-05")),
            (4, "C", 7, day("2024-02-29")),
            (5, None, 99, day("2024-03-07")),
        )))]
    ),
    "mrr": world(
        [(SUBSCRIPTIONS, table("id customer plan mrr started ended", *(
            ("1", "A", "pro", Decimal(60), day("2023-01-01"), None),
            ("2", "B", "pro", Decimal(30), day("2023-01-01"), None),
            ("3", "C", "basic", Decimal(10), day("2023-01-01"), None),
        )))],
        {"mrr": "sum(subscriptions.mrr)"},
    ),
    "upgrade": world(
        [(SUBSCRIPTIONS, table("id customer plan mrr started ended", *(
            ("1", "A", "basic", Decimal(100), day("2023-01-01"), day("2024-03-15")),
            ("2", "A", "pro", Decimal(150), day("2024-03-15"), None),
        )))],
        {"mrr": "sum(subscriptions.mrr)"},
    ),
    "upgrade by version": world(
        [
            (PLANS, table("customer plan from_at to_at", *(
                ("A", "basic", day("2023-01-01"), day("2024-03-15")),
                ("A", "pro", day("2024-03-15"), None),
            ))),
            (VERSIONED, table("id customer mrr started ended", *(
                ("1", "A", Decimal(100), day("2023-01-01"), day("2024-03-15")),
                ("2", "A", Decimal(150), day("2024-03-15"), None),
            ))),
        ],
        {"mrr": "sum(subscriptions.mrr)"},
    ),
    "stocks": world(
        [(SUBSCRIPTIONS, table("id customer plan mrr started ended", *(
            ("A", "A", "pro", Decimal(100), day("2024-01-10"), None),
            ("B", "B", "pro", Decimal(50), day("2024-02-01"), None),
            ("C", "C", "pro", Decimal(70), day("2024-01-05"), day("2024-02-01")),
        )))]
    ),
    "tickets": world(
        [(TICKETS, table("id created_at solved_at replies", *(
            (1, day("2024-01-05"), day("2024-02-03"), 1),
            (2, day("2024-01-20"), day("2024-01-25"), 2),
        )))]
    ),
    "replies": world([(REPLIES, table("replies", (1,), (2,), (None,)))]),
    "four": world([(REPLIES, table("replies", (1,), (2,), (3,), (4,)))]),
    "events": world(
        [(EVENTS, table("user at", *(
            ("a", datetime(2024, 3, 1, 9)),
            ("a", datetime(2024, 3, 2, 9)),
            ("b", datetime(2024, 3, 2, 10)),
            ("b", datetime(2024, 3, 2, 11)),
        )))],
        {"active_users": "count_distinct(events.user)"},
    ),
    "days": world([(CALENDAR, table("n at", *EVERY_DAY))]),
    "balances": world(
        [(ACCOUNTS, table("account balance at", *(
            ("x", 5, day("2024-01-03")),
            ("x", 8, day("2024-02-03")),
            ("y", 3, day("2024-01-31")),
        )))]
    ),
}  # fmt: skip

MARCH = "2024-03-01..2024-03-31"
JANUARY = "2024-01-01..2024-01-31"
FEBRUARY = "2024-02-01..2024-02-29"
BELOW = "count(sum(orders.amount) < previous(sum(orders.amount)) per customer)"
NRR = "sum(if(opening(mrr) > 0, closing(mrr), 0) per subscriptions.customer) / opening(mrr) * 100"

FIGURES = [
    Figure("members are those with a row in the window", "per", "avg(sum(orders.amount) per customer)", MARCH, 30),
    Figure("C, who bought last month only, is a member of what reads both months", "per", BELOW, MARCH, 1),
    Figure("rows without a value belong to no member", "per", "count(count(orders) per customer)", MARCH, 2),
    Figure("a where inside does not narrow the members", "per",
           "avg(sum(orders.amount where amount > 25) per customer)", MARCH, 15),
    Figure("a filter outside does narrow them", "per",
           "avg(sum(orders.amount) per customer) where amount > 25", MARCH, 30),
    Figure("days without rows are members of per day", "per", "avg(sum(orders.amount) per day)", MARCH, 159 / 31),
    Figure("the days of a window are counted", "per", "count(1 per day)", MARCH, 31),
    Figure("a total never lifts a filter", "per",
           "total(sum(orders.amount) / count(orders))", MARCH, 15.0, by=("customer",), where="customer = 'A'"),
    Figure("concentration of 60, 30, 10", "mrr", "sum(pow(share(mrr), 2) per customer)", MARCH, 0.46),
    Figure("stickiness: the mean of 1 and 2 and 29 noughts over 2", "events",
           "avg(active_users per day) / active_users", MARCH, 3 / 31 / 2),
    Figure("trailing recounts the distinct", "events", "trailing(count_distinct(events.user), 31 days)", MARCH, 2),
    Figure("created in January", "tickets", "count(tickets)", JANUARY, 2),
    Figure("open at the end of January", "tickets", "count(tickets at end)", JANUARY, 1),
    Figure("solved in January", "tickets", "count(tickets on solved_at)", JANUARY, 1),
    Figure("open at the start of February", "tickets", "count(tickets at start)", FEBRUARY, 1),
    Figure("closing January", "stocks", "sum(subscriptions.mrr)", JANUARY, Decimal(170)),
    Figure("opening February is closing January", "stocks", "opening(sum(subscriptions.mrr))", FEBRUARY, Decimal(170)),
    Figure("at start is opening", "stocks", "sum(subscriptions.mrr at start)", FEBRUARY, Decimal(170)),
    Figure("closing February", "stocks", "closing(sum(subscriptions.mrr))", FEBRUARY, Decimal(150)),
    Figure("opening is the closing of the period before", "stocks",
           "previous(closing(sum(subscriptions.mrr)))", FEBRUARY, Decimal(170)),
    Figure("what began in February", "stocks", "sum(subscriptions.mrr on started)", FEBRUARY, Decimal(50)),
    Figure("what ended in February", "stocks", "sum(subscriptions.mrr on ended)", FEBRUARY, Decimal(70)),
    Figure("a stock is the stock over any stretch", "stocks", "trailing(sum(subscriptions.mrr), 90 days)",
           FEBRUARY, Decimal(150)),
    Figure("a condition is counted where it is true", "replies", "count(replies = 1)", MARCH, 1),
    Figure("values are counted where they are not null", "replies", "count(replies.replies)", MARCH, 2),
    Figure("rows are counted", "replies", "count(replies)", MARCH, 3),
    Figure("percentiles interpolate", "four", "percentile(replies.replies, 90)", MARCH, 3.7),
    Figure("the sample's deviation", "four", "stddev(replies.replies)", MARCH, (5 / 3) ** 0.5),
    Figure("a sum over nothing is 0", "per", "sum(orders.amount where amount > 1000)", MARCH, 0),
    Figure("a mean over nothing is null", "per", "avg(orders.amount where amount > 1000)", MARCH, None),
    Figure("the month before March is February, whole", "days", "previous(count(marks))", MARCH, 29),
    Figure("and the one before the leap year's February is January", "days", "previous(count(marks))", FEBRUARY, 31),
    Figure("three back from March is December", "days", "previous(count(marks), 3)", MARCH, 31),
    Figure("the 29th of March a month back is the 29th of February", "days",
           "previous(sum(marks.n), 1 month)", "2024-03-29..2024-03-29", 90),
    Figure("so is the 30th", "days", "previous(sum(marks.n), 1 month)", "2024-03-30..2024-03-30", 90),
    Figure("so is the 31st", "days", "previous(sum(marks.n), 1 month)", "2024-03-31..2024-03-31", 90),
    Figure("28 days up to the month's end", "days", "trailing(count(marks), 28 days)", MARCH, 28),
    Figure("as of 15 March they begin on 17 February", "days",
           "trailing(min(marks.n), 28 days)", MARCH, 31 + 31 + 16, as_of="2024-03-15"),
    Figure("and end on 15 March", "days",
           "trailing(max(marks.n), 28 days)", MARCH, 31 + 31 + 29 + 14, as_of="2024-03-15"),
    Figure("a cut month holds its days so far", "days", "count(marks)", MARCH, 15, as_of="2024-03-15"),
    Figure("its previous is all of February", "days", "previous(count(marks))", MARCH, 29, as_of="2024-03-15"),
    Figure("a period after the knowledge date gives null", "days", "count(marks)", "2024-04-01..2024-04-30", None,
           as_of="2024-03-15"),
    Figure("to date, from the year's start", "days", "to_date(count(marks), year)", MARCH, 91),
    Figure("opened to date, at January: the whole year before", "days", "opening(to_date(count(marks), year))",
           JANUARY, 31),
    Figure("cumulative, from the beginning of time", "days", "cumulative(count(marks))", MARCH, 31 + 91),
    Figure("opened cumulative, before March", "days", "opening(cumulative(count(marks)))", MARCH, 31 + 60),
    Figure("of nested windows the innermost wins", "days",
           "cumulative(trailing(count(marks), 7 days))", MARCH, 7),
    Figure("the last known value", "balances", "last(balances.balance) ?? cumulative(last(balances.balance))",
           MARCH, 8),
    Figure("balances", "balances", "sum(cumulative(last(balances.balance)) per account)", MARCH, 11),
    Figure("growth", "stocks", "growth(sum(subscriptions.mrr))", FEBRUARY, 150 / 170 - 1),
    Figure("change", "stocks", "change(sum(subscriptions.mrr))", FEBRUARY, Decimal(-20)),
    Figure("division by zero is null", "per", "1 / sum(orders.amount where amount > 1000)", MARCH, None),
    Figure("or what one says", "per", "divide(1, count(orders where amount > 1000), -1)", MARCH, -1),
    Figure("weights 20, 15, 22 on 47, 59, 21", "four", "weighted_mean(47, 20, 59, 15, 21, 22)", MARCH,
           (47 * 20 + 59 * 15 + 21 * 22) / 57),
]  # fmt: skip


def ask(figure: Figure) -> list[dict[str, Any]]:
    """The cells that answer a figure's question."""
    start, end = figure.range.split("..")
    question = Question(
        (figure.formula,),
        by=figure.by,
        grain=figure.grain,
        start=day(start),
        end=day(end),
        where=None if figure.where is None else parse_text(figure.where),
        as_of=None if figure.as_of is None else day(figure.as_of),
    )
    return answer(WORLDS[figure.world], question)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.says)
def test_a_worked_figure_is_met(figure: Figure) -> None:
    """A figure of the language's page is what the evaluator gives in the one cell asked for."""
    (cell,) = ask(figure)
    expected = figure.expected
    assert (pytest.approx(expected) if isinstance(expected, float) else expected) == cell[figure.formula]


def by_dimension(figure: Figure) -> dict[Any, Any]:
    """The answer by the value of its one dimension."""
    (dimension,) = figure.by
    return {cell[dimension]: cell[figure.formula] for cell in ask(figure)}


def test_a_ratio_s_total_is_the_ratio_of_the_totals() -> None:
    """In the cell of every customer, the total of a quotient is the whole sum over the whole count."""
    figure = Figure("", "per", "total(sum(orders.amount) / count(orders))", MARCH, None, by=("customer",))
    assert {None: 159 / 4, "A": 159 / 4, "B": 159 / 4} == by_dimension(figure)


def test_retention_by_plan_moves_with_the_plan() -> None:
    """Basic 100 that becomes pro 150 within the month retains 0 of basic, and nothing of pro that was not there."""
    figure = Figure("", "upgrade", NRR.replace("subscriptions.", ""), MARCH, None, by=("plan",))
    assert {"basic": 0.0, "pro": None} == by_dimension(figure)


def test_retention_by_plan_at_start_keeps_the_cohort() -> None:
    """By the plan as it stood at the window's start, the same customer retains 150% of basic."""
    formula = NRR.replace("subscriptions.", "")
    figure = Figure("", "upgrade by version", formula, MARCH, None, by=("plan at start",))
    assert {"basic": 150.0} == by_dimension(figure)
    moving = Figure("", "upgrade by version", formula, MARCH, None, by=("plan",))
    assert {"basic": 0.0, "pro": None} == by_dimension(moving)


@pytest.mark.parametrize(
    ("start", "end", "formula", "expected"),
    [
        ("2023-04-01", "2023-06-30", "2023-01-01", "2023-04-01"),
        ("2024-03-01", "2024-03-31", "2024-02-01", "2024-03-01"),
        ("2024-01-10", "2024-01-19", "2023-12-31", "2024-01-10"),
        ("2024-01-01", "2024-01-14", "2023-12-18", "2024-01-01"),
    ],
)
def test_one_period_back_keeps_the_shape(start: str, end: str, formula: str, expected: str) -> None:
    """A quarter's previous is the quarter before, a month's the month, ten days' the ten days, two weeks' the two."""
    text = f"count(marks where marks.at >= date('{formula}') and marks.at < date('{expected}'))"
    days = (day(expected) - day(formula)).days
    rows = table("n at", *((i, datetime.fromordinal(day("2022-12-01").toordinal() + i)) for i in range(500)))
    question = Question((f"previous({text})", "previous(count(marks))"), start=day(start), end=day(end))
    (cell,) = answer(world([(CALENDAR, rows)]), question)
    assert [days, days] == [cell[m] for m in question.metrics]


def test_a_year_back_from_a_week_is_52_weeks() -> None:
    """A week of the daily marks, a year back, is the week 364 days before; a month back from it is an error."""
    rows = table("n at", *((i, datetime.fromordinal(day("2022-12-01").toordinal() + i)) for i in range(500)))
    weekly = Question(
        ("year_ago(min(marks.n))", "min(marks.n)"), grain="week", start=day("2024-01-01"), end=day("2024-01-07")
    )
    (cell,) = answer(world([(CALENDAR, rows)]), weekly)
    assert cell["min(marks.n)"] - 364 == cell["year_ago(min(marks.n))"]
    with pytest.raises(NaiveError):
        answer(world([(CALENDAR, rows)]), Question(("previous(count(marks), 1 month)",), grain="week",
                                                  start=day("2024-01-01"), end=day("2024-01-07")))  # fmt: skip


def test_answers_are_dense() -> None:
    """Every month and every customer with a row in the range has a cell; a sparse answer drops the untouched."""
    question = Question(
        ("sum(orders.amount)",), by=("customer",), grain="month", start=day("2024-02-01"), end=day("2024-03-31")
    )
    cells = answer(WORLDS["per"], question)
    expected = {
        (None, day("2024-02-01")): 0, (None, day("2024-03-01")): 99,
        ("A", day("2024-02-01")): 0, ("A", day("2024-03-01")): 30,
        ("B", day("2024-02-01")): 0, ("B", day("2024-03-01")): 30,
        ("C", day("2024-02-01")): 7, ("C", day("2024-03-01")): 0,
    }  # fmt: skip
    assert expected == {(c["customer"], c["period"]): c["sum(orders.amount)"] for c in cells}
    sparse = answer(WORLDS["per"], Question(**{**question.__dict__, "sparse": True}))
    assert {k: v for k, v in expected.items() if v} == {
        (c["customer"], c["period"]): c["sum(orders.amount)"] for c in sparse
    }


def test_a_combination_seen_only_by_a_shifted_leaf_has_a_cell() -> None:
    """C, who bought only in the month before, has a cell when the question reads that month."""
    question = Question(
        ("previous(sum(orders.amount))",), by=("customer",), start=day("2024-03-01"), end=day("2024-03-31")
    )
    assert {"C": 7} == {c["customer"]: c["previous(sum(orders.amount))"] for c in answer(WORLDS["per"], question)}


def test_without_rows_and_dimensions_there_is_one_row_a_period() -> None:
    """A question without dimensions has a cell for each period, rows or none."""
    question = Question(("count(orders)",), grain="month", start=day("2020-01-01"), end=day("2020-03-31"))
    assert [0, 0, 0] == [c["count(orders)"] for c in answer(WORLDS["per"], question)]


def test_orphans_and_null_keys_stand_under_null() -> None:
    """Rows whose reference is null or finds no partner group together under the null value."""
    orders = dataset("orders", {"id": "integer", "customer": "text"}, key="id", refs={"customer": "customers"})
    customers = dataset("customers", {"id": "text", "country": "text"}, key="id")
    small = world(
        [
            (orders, table("id customer", (1, "A"), (2, "ghost"), (3, None), (4, "B"))),
            (customers, table("id country", ("A", "fr"), ("B", None))),
        ]
    )
    question = Question(("count(orders)",), by=("country",), start=day("2024-01-01"), end=day("2024-01-31"))
    assert {None: 3, "fr": 1} == {c["country"]: c["count(orders)"] for c in answer(small, question)}
    keyed = Question(("count(orders)",), by=("customer",), start=day("2024-01-01"), end=day("2024-01-31"))
    assert {None: 1, "A": 1, "B": 1, "ghost": 1} == {c["customer"]: c["count(orders)"] for c in answer(small, keyed)}
    both = Question(
        ("count(orders)", "count(customers)"), by=("customer",), start=day("2024-01-01"), end=day("2024-01-31")
    )
    assert {None: 0, "A": 1, "B": 1, "ghost": 0} == {c["customer"]: c["count(customers)"] for c in answer(small, both)}


@pytest.mark.parametrize(
    ("asked", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-07-14", 24)], ids=["spring", "autumn", "summer"]
)
def test_a_day_is_a_local_day(asked: str, hours: int) -> None:
    """A day in Paris has 23, 24 or 25 hours, and its instants are those of the local day."""
    marks = dataset("marks", {"n": "integer", "at": "instant"}, time="at")
    start = datetime.combine(day(asked), datetime.min.time(), tzinfo=UTC)
    rows = table("n at", *((i, datetime.fromtimestamp(start.timestamp() + 1800 * i, UTC)) for i in range(-96, 144)))
    paris = world([(marks, rows)], project=Project(timezone="Europe/Paris"))
    question = Question(("count(marks)", "count(1 per hour)"), start=day(asked), end=day(asked))
    (cell,) = answer(paris, question)
    assert [2 * hours, hours] == [cell[m] for m in question.metrics]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("null and false", False), ("null and true", None), ("null or true", True), ("null or false", None),
        ("not null", None), ("null + 1", None), ("1 in (2, null)", None), ("1 in (1, null)", True),
        ("1 not in (2, null)", None), ("5 between null and 3", False), ("1 between 0 and null", None),
        ("if(null, 1, 2)", 2), ("case when false then 1 end", None), ("null ?? -1", -1), ("1 / 0", None),
        ("0.1 + 0.2", Decimal("0.3")), ("3 * 0.1", Decimal("0.3")), ("7 / 2", 3.5), ("-7 / 2", -3.5),
        ("round(2.5)", 3), ("round(-2.5)", -3), ("round(0.25, 1)", Decimal("0.3")),
        ("mod(-7, 3)", -1), ("mod(7, 0)", None),
        ("floor(-1.5)", -2), ("ceil(-1.5)", -1), ("trunc(-1.5)", -1), ("sqrt(-1)", None), ("ln(0)", None),
        ("greatest(1, null)", None), ("coalesce(null, null, 3)", 3), ("clamp(7, 0, 5)", 5), ("sign(-0.5)", -1),
        ("band(12, 5, 10, 20)", 200 / 3), ("scale(0.25, -0.5, 0.5)", 75.0), ("scale(9, 0, 1)", 100.0),
        ("weighted_mean(null, 3, 10, 1)", 10.0), ("coverage(null, 3, 10, 1)", 0.25), ("weighted_mean(null, 1)", None),
        ("margin_of_error(50, 50, 100)", 19.599639845400536), ("margin_of_error(50, 50, 100, 90%)", 16.448536269514715),
        ("margin_of_error(20, 100)", 0.07839855938160215), ("wilson_margin(0, 10)", 0.13876639993144454),
        ("100 / 5%", 2000.0), ("pow(-1, 0.5)", None), ("pow(2, 10)", 1024.0),
        ("date('2024-03-31') - date('2024-03-30') = 1 day", True),
        ("date_diff('day', date('2024-02-28'), date('2024-03-01'))", 2),
        ("date_diff('month', date('2024-01-31'), date('2024-02-01'))", 1),
        ("date_diff('week', date('2024-01-07'), date('2024-01-08'))", 1),
        ("date_diff('year', date('2024-01-01'), date('2023-12-31'))", -1),
        ("date_add(date('2024-01-31'), 1 month) = date('2024-02-29')", True), ("weekday(date('2024-01-01'))", 1),
        ("quarter(date('2024-05-05')) = date('2024-04-01')", True), ("date_part('quarter', date('2024-05-05'))", 2),
        ("length('été')", 3), ("upper('été')", "ÉTÉ"), ("starts_with('pro', 'p')", True), ("'B' < 'a'", True),
    ],
)  # fmt: skip
def test_values_follow_the_rules_of_null_and_number(formula: str, expected: Any) -> None:
    """Nulls, three-valued logic, exact money and the functions give what the page says."""
    question = Question((formula,), start=day("2024-01-01"), end=day("2024-01-31"))
    (cell,) = answer(WORLDS["four"], question)
    assert (pytest.approx(expected) if isinstance(expected, float) else expected) == cell[formula]


def test_nan_in_data_counts_as_null() -> None:
    """NaN and the infinities of a column are nulls."""
    checks = dataset("checks", {"ms": "double"})
    rows = table("ms", (1.0,), (float("nan"),), (float("inf"),), (3.0,))
    question = Question(("avg(checks.ms)", "count(checks.ms)"), start=day("2024-01-01"), end=day("2024-01-31"))
    (cell,) = answer(world([(checks, rows)]), question)
    assert [2.0, 2] == [cell[m] for m in question.metrics]


def test_a_computed_column_may_gather_what_refers_to_it() -> None:
    """A customer's first order makes a cohort; a missing rule of a metric reaches its own aggregates only."""
    orders = dataset("orders", {"id": "integer", "customer": "text", "at": "date"}, key="id", time="at",
                     refs={"customer": "customers"})  # fmt: skip
    customers = dataset("customers", {"id": "text"}, key="id", computed={"first_at": "min(orders.at)"})
    small = world(
        [
            (
                orders,
                table(
                    "id customer at",
                    (1, "A", day("2024-01-05")),
                    (2, "A", day("2023-12-05")),
                    (3, "B", day("2024-01-09")),
                ),
            ),
            (customers, table("id", ("A",), ("B",), ("C",))),
        ],
        {"bare": ("sum(orders.id where false)", "null"), "user": "count(orders where false) + 0"},
    )
    question = Question(
        ("count(customers on first_at)", "bare", "user"), start=day("2024-01-01"), end=day("2024-01-31")
    )
    (cell,) = answer(small, question)
    assert [1, None, 0] == [cell[m] for m in question.metrics]
