"""The notes of answers: how many rows a null, a missing partner or a missing time keeps out, and nothing else."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tallymark
from tallymark.definitions import DatasetDef, Definitions, SourceDef
from tallymark.embedded import Embedded
from tallymark.hookspecs import SourceKind
from tallymark.kinds import Type
from tallymark.render.tallies import merged
from tallymark.source import Table, TableColumn
from tallymark.windows import Resolved

from .books import opened

SHOP = """
datasets:
  customers:
    key: id
    refs: {manager: staff}
    columns: {id: {type: text}, country: {type: text}, manager: {type: text}}
  staff:
    key: id
    columns: {id: {type: text}, team: {type: text}}
  orders:
    key: id
    time: at
    refs: {customer: customers}
    columns:
      id: {type: integer}
      at: {type: timestamp}
      paid_on: {type: date}
      customer: {type: text}
      plan: {type: text}
      amount: {type: integer}
      big: {formula: amount > 25}
      home: {formula: customer.country}
  licences:
    valid: [since, until]
    columns: {since: {type: date}, until: {type: date}, plan: {type: text}, seats: {type: integer}}
  prices:
    columns: {plan: {type: text}, price: {type: integer}}
metrics:
  revenue: sum(orders.amount)
  not_pro: sum(orders.amount where plan != 'pro')
  seats: sum(licences.seats)
"""


def at(month: int, day: int, hour: int = 12) -> datetime:
    """A time in 2024."""
    return datetime(2024, month, day, hour)


ORDERS = [
    # id, at, paid_on, customer, plan, amount
    (1, at(1, 5), date(2024, 1, 6), "C1", "pro", 10),
    (2, at(1, 10), None, "C2", "basic", 20),
    (3, at(1, 12), None, None, None, 30),
    (4, at(1, 15), date(2024, 1, 15), "C9", "basic", 40),
    (5, None, None, "C1", "pro", 50),
    (6, at(2, 3), date(2024, 2, 4), "C1", None, 60),
    (7, at(2, 4), None, "C3", "basic", 0),
]
LICENCES = [
    (date(2024, 1, 10), None, "pro", 5),
    (date(2024, 1, 12), date(2024, 3, 1), None, 7),
    (date(2024, 2, 3), date(2024, 2, 9), None, 9),
    (None, None, "basic", 1),
]
TEXT, WHOLE, DAY = pa.string(), pa.int64(), pa.date32()


def table(rows: Sequence[tuple[Any, ...]], **columns: pa.DataType) -> pa.Table:
    """Rows as an Arrow table."""
    values = zip(*rows, strict=True) if rows else [[] for _ in columns]
    return pa.table({n: pa.array(v, t) for (n, t), v in zip(columns.items(), values, strict=True)})


def orders(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows of orders as a table."""
    return table(rows, id=WHOLE, at=pa.timestamp("us"), paid_on=DAY, customer=TEXT, plan=TEXT, amount=WHOLE)


def licences(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows of licences as a table."""
    return table(rows, since=DAY, until=DAY, plan=TEXT, seats=WHOLE)


CUSTOMERS = [("C1", "FR", "S1"), ("C2", None, "S9"), ("C3", "DE", None)]
TABLES = {
    "customers": table(CUSTOMERS, id=TEXT, country=TEXT, manager=TEXT),
    "staff": table([("S1", "north")], id=TEXT, team=TEXT),
    "orders": orders(ORDERS),
    "licences": licences(LICENCES),
    "prices": table([("pro", 3), (None, 4)], plan=TEXT, price=WHOLE),
}
NO_TIME = "1 row of `orders` has no `at` and is in no period"
NO_SINCE = "1 row of `licences` has no `since` and is in no period"
ORPHAN = "1 row of `orders` refers to a `customer` that `customers` does not have: it stands under the null value"

January = {"period": "2024-01"}
Spring = {"period": "2024-Q1"}


@pytest.fixture(scope="module")
def shop() -> tallymark.Book:
    """A shop with a flaw of every kind."""
    return opened(SHOP, TABLES)


CASES: dict[str, tuple[str, Mapping[str, Any], list[str]]] = {
    "a plain sum": ("revenue", January, [NO_TIME]),
    "a filter that row 5 does not pass": ("revenue", {**January, "where": "plan = 'basic'"}, []),
    "on another column, whose nulls mean something": ("sum(orders.amount on paid_on)", January, []),
    "a question's filter": (
        "revenue",
        {**January, "where": "plan != 'pro'"},
        ["1 row of `orders` has no `plan`: `plan != 'pro'` leaves it out"],
    ),
    "an aggregate's own filter, over two months": (
        "not_pro",
        Spring,
        ["2 rows of `orders` have no `plan`: `plan != 'pro'` leaves them out"],
    ),
    "a metric's filter": (
        "revenue where plan not in ('pro', 'team')",
        January,
        ["1 row of `orders` has no `plan`: `plan not in ('pro', 'team')` leaves it out"],
    ),
    "the other filters hold": ("not_pro", {**Spring, "where": "amount > 70"}, []),
    "another filter that is null for the same row": (
        "not_pro",
        {**January, "where": "customer != 'C1'"},
        [
            "1 row of `orders` has no `customer`: `customer != 'C1'` leaves it out",
            "1 row of `orders` has no `plan`: `plan != 'pro'` leaves it out",
        ],
    ),
    "a positive filter says what it wants": ("revenue where plan = 'pro'", January, [NO_TIME]),
    "a filter for nulls": ("revenue where plan is not null", January, [NO_TIME]),
    "a filter on the key": ("revenue where id != 3", January, [NO_TIME]),
    "a filter over a reference": (
        "revenue",
        {**January, "where": "customer.country != 'DE'"},
        [
            "3 rows of `orders` have no `customer.country`: `customer.country != 'DE'` leaves them out",
            NO_TIME,
            ORPHAN,
        ],
    ),
    "a dimension over a reference": ("revenue", {**January, "by": "customer.country"}, [NO_TIME, ORPHAN]),
    "a dimension computed over a reference": ("revenue", {**January, "by": "home"}, [NO_TIME, ORPHAN]),
    "no orphan in the window": ("revenue", {"period": "2024-02", "by": "customer.country"}, [NO_TIME]),
    "the reference itself": ("revenue", {**January, "by": "customer"}, [NO_TIME]),
    "a dimension over two references": (
        "revenue",
        {**January, "by": "customer.manager.team"},
        [
            NO_TIME,
            ORPHAN,
            "1 row of `orders` refers, over `customer`, to a `manager` that `staff` does not have:"
            " it stands under the null value",
        ],
    ),
    "members": (
        "avg(revenue per customer)",
        Spring,
        ["1 row of `orders` has no `customer` and belongs to no member of `per customer`", NO_TIME],
    ),
    "members under a filter": ("avg(revenue per customer)", {**Spring, "where": "amount > 50"}, []),
    "members narrowed inside, which makes none of them fewer": (
        "avg(revenue where amount > 50 per customer)",
        Spring,
        ["1 row of `orders` has no `customer` and belongs to no member of `per customer`", NO_TIME],
    ),
    "members within members": (
        "avg(count(revenue per plan) per customer)",
        Spring,
        [
            "1 row of `orders` has no `customer` and belongs to no member of `per customer`",
            "2 rows of `orders` have no `plan` and belong to no member of `per plan`",
            NO_TIME,
        ],
    ),
    "members over the days of a window": (
        "sum(avg(revenue per day) per plan)",
        January,
        ["1 row of `orders` has no `plan` and belongs to no member of `per plan`", NO_TIME],
    ),
    "days are members that always have a value": ("avg(revenue per day)", January, [NO_TIME]),
    "a stock": ("seats", January, [NO_SINCE]),
    "a stock read at two ends, between which a licence came and went": (
        "seats where plan != 'basic'",
        {"start": "2024-01-01", "end": "2024-02-29", "grain": "month"},
        ["1 row of `licences` has no `plan`: `plan != 'basic'` leaves it out"],
    ),
    "a stock read every day": (
        "seats where plan != 'basic'",
        {"start": "2024-01-01", "end": "2024-02-29", "grain": "day"},
        ["2 rows of `licences` have no `plan`: `plan != 'basic'` leaves them out"],
    ),
    "a stock before any row began": ("seats where plan != 'basic'", {"period": "2023-12"}, []),
    "no time at all": (
        "sum(prices.price where plan != 'pro')",
        January,
        [
            "1 row of `prices` has no `plan`: `plan != 'pro'` leaves it out",
            "`prices` has no time: its rows count in every period",
        ],
    ),
    "one count for all metrics of a question": (
        "not_pro / count(orders where plan != 'pro')",
        Spring,
        ["2 rows of `orders` have no `plan`: `plan != 'pro'` leaves them out"],
    ),
    "a window that has not begun": ("not_pro", {"period": "2030-01", "as_of": "2024-06-30"}, []),
    "rows after as_of are not read": (
        "not_pro",
        {**Spring, "as_of": "2024-01-31"},
        ["1 row of `orders` has no `plan`: `plan != 'pro'` leaves it out"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_notes(shop: tallymark.Book, case: str) -> None:
    """An answer's notes count exactly the rows that are kept out of it."""
    metric, question, expected = CASES[case]
    assert expected == list(shop.ask(metric, **question).notes)


SPELLED = (
    "amount not between 1 and 5",
    "not (plan = 'pro' and amount > 3)",
    "lower(plan) != 'pro'",
    "plan != 'pro' or amount > 500",
    "plan ?? customer != 'x'",
    "date_part('month', paid_on) != 3",
    "paid_on != date('2024-01-31')",
    "amount * 2 - 1 != 0.5",
    "not contains(plan, 'it''s {count}')",
    "case when amount > 70 then plan end != 'pro'",
    "customer.country not in ('DE', 'IT')",
)


@pytest.fixture(scope="module")
def bare() -> tallymark.Book:
    """The shop with one order of which nothing is known but its time."""
    return opened(SHOP, {**TABLES, "orders": orders([(1, at(1, 5), None, None, None, None)])})


@pytest.mark.parametrize("condition", SPELLED)
def test_conditions_are_named_as_written(bare: tallymark.Book, condition: str) -> None:
    """A note names its condition in the words of the question."""
    (note,) = bare.ask("revenue", where=condition, **January).notes
    assert f"`{condition}`" in note


def test_a_computed_condition_without_a_value(shop: tallymark.Book) -> None:
    """Where more than one column decides, the note does not say which was null."""
    (note,) = shop.ask("revenue", where="lower(plan) != 'pro'", **January).notes
    assert "1 row of `orders` gives no value to `lower(plan) != 'pro'`, which leaves it out" == note


def test_zero_denominators(shop: tallymark.Book) -> None:
    """A division by zero is noted with the number of cells it made null."""
    answer = shop.ask("revenue / (count(orders) - 1)", grain="day", start="2024-02-01", end="2024-02-04")
    assert "revenue / (count(orders) - 1): 2 cells: zero denominator" == answer.notes[0]


def test_only_rows_in_the_windows_count() -> None:
    """A metric of two windows counts the rows in both and none between them."""
    times = (at(2, 3), datetime(2023, 2, 3), datetime(2023, 6, 1))
    rows = [(n, time, None, "C1", None, 1) for n, time in enumerate(times)]
    book = opened(SHOP, {**TABLES, "orders": orders(rows)})
    said = "2 rows of `orders` have no `plan`: `plan != 'pro'` leaves them out"
    assert (said,) == book.ask("not_pro - year_ago(not_pro)", period="2024-02").notes


def test_many_short_windows() -> None:
    """The last hours of ten days are ten windows with gaps between them."""
    late = [(d, at(3, d, 23), None, "C1", None, 1) for d in range(1, 11)]
    early = [(d + 20, at(3, d, 12), None, "C1", None, 1) for d in range(1, 11)]
    book = opened(SHOP, {**TABLES, "orders": orders(late + early)})
    answer = book.ask("trailing(not_pro, 1 hour)", grain="day", start="2024-03-01", end="2024-03-10")
    assert ("10 rows of `orders` have no `plan`: `plan != 'pro'` leaves them out",) == answer.notes


def test_many_instants() -> None:
    """A stock read on sixty days counts the rows read on any of them."""
    day = date(2024, 1, 1)
    lives = [(day + timedelta(days=2 * n), day + timedelta(days=2 * n + 1), None, 1) for n in range(40)]
    never = [(day, day, None, 1), (day - timedelta(days=9), day - timedelta(days=5), None, 1)]
    book = opened(SHOP, {**TABLES, "licences": licences(lives + never)})
    answer = book.ask("seats where plan != 'pro'", grain="day", start="2024-01-01", end="2024-02-29")
    assert ("30 rows of `licences` have no `plan`: `plan != 'pro'` leaves them out",) == answer.notes


def test_thousands_are_separated() -> None:
    """Counts are written as people read them."""
    rows = [(n, at(1, 5), None, "C1", None, 1) for n in range(1_234)]
    (note,) = opened(SHOP, {**TABLES, "orders": orders(rows)}).ask("not_pro", **January).notes
    assert "1,234 rows of `orders` have no `plan`: `plan != 'pro'` leaves them out" == note


def test_clean_data_has_no_notes() -> None:
    """Where nothing is null and every reference finds its partner, there is nothing to say."""
    clean = {**TABLES, "orders": orders([row for row in ORDERS if row[0] in (1, 2)])}
    question = {"where": "customer.country != 'IT' or plan != 'x'", "by": "plan", **January}
    assert () == opened(SHOP, clean).ask("avg(not_pro per customer)", **question).notes


def test_what_cannot_be_computed_for_rows_outside_the_answer() -> None:
    """A row outside the windows that a condition overflows on takes nothing from the answer."""
    rows = [(1, at(1, 5), None, "C1", "pro", 4), (2, None, None, "C1", "pro", 2**62)]
    answer = opened(SHOP, {**TABLES, "orders": orders(rows)}).ask("revenue", where="amount * amount != 5", **January)
    assert [{"revenue": 4}] == answer.to_dicts()
    (note,) = answer.notes
    assert note.startswith("rows that are left out could not be counted: ")


def test_notes_follow_the_data(tmp_path: Path) -> None:
    """When a file changes, what was known of its nulls is forgotten."""
    (tmp_path / "tally.yaml").write_text("name: t\n", "utf-8")
    (tmp_path / "metrics").mkdir()
    columns = "{at: {type: date}, plan: {type: text}}"
    (tmp_path / "metrics" / "m.yaml").write_text(
        f"datasets:\n  sales: {{source: files, table: sales.csv, time: at, columns: {columns}}}\n", "utf-8"
    )
    sales, question = tmp_path / "sales.csv", "count(sales where plan != 'pro')"
    sales.write_text("at,plan\n2024-01-05,basic\n", "utf-8")
    with tallymark.open(tmp_path, plugins=False) as book:
        assert () == book.ask(question, **January).notes
        sales.write_text("at,plan\n2024-01-05,basic\n2024-01-06,\n", "utf-8")
        assert ("1 row of `sales` has no `plan`: `plan != 'pro'` leaves it out",) == book.ask(question, **January).notes


# --- values that are no numbers ---------------------------------------------------------------------------------------


class Raw:
    """A source of one table that hands its doubles on as they are, which a source should not."""

    def __init__(self, embedded: Embedded) -> None:
        self.backend = embedded
        self.made = False

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """One double and a date."""
        return TableColumn("day", Type.DATE), TableColumn("x", Type.DOUBLE), TableColumn("y", Type.DOUBLE)

    def prepare(self, table: Table) -> tuple[str, ...]:
        """Makes the table."""
        if not self.made:
            with self.backend.loading() as cursor:
                values = "(date '2024-01-05', 'nan', '1'), (date '2024-01-06', '-inf', '2'), "
                values += "(date '2024-01-07', '3', 'inf')"
                made = f"SELECT day, x::DOUBLE AS x, y::DOUBLE AS y FROM (VALUES {values}) AS v (day, x, y)"
                cursor.execute(f"CREATE TABLE raw_rows AS {made}")
            self.made = True
        return ("memory", "main", "raw_rows")

    def state(self, table: Table) -> Hashable:
        """Never changes."""
        return 1

    def notes(self, table: Table) -> tuple[str, ...]:
        """Says nothing."""
        return ()


class RawPlugin:
    """Gives the source."""

    @tallymark.hookimpl
    def tally_sources(self) -> Sequence[SourceKind]:
        """The one kind."""

        def make(definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Raw:
            return Raw(embedded)

        return [SourceKind("raw", make)]


def test_values_that_are_not_finite() -> None:
    """NaN and infinities of a source that passes them on count as null and are noted, if their column is used."""
    points = DatasetDef("points", source="here", table="t", time="day")
    definitions = Definitions(sources={"here": SourceDef("here", "raw")}, datasets={"points": points})
    with tallymark.open(definitions=definitions, plugins=[RawPlugin()]) as book:
        answer = book.ask("sum(points.x)", **January)
        assert [{"sum(points.x)": 3.0}] == answer.to_dicts()
        assert ("2 values of `points.x` are not finite numbers and count as null",) == answer.notes
        assert ("1 value of `points.y` is not a finite number and counts as null",) == book.ask(
            "avg(points.y)", **January
        ).notes
        assert () == book.ask("count(points)", **January).notes


def test_a_source_says_so_once() -> None:
    """What a source has turned into nulls itself is in its own note and in no other."""
    yaml = "datasets: {points: {time: day, columns: {day: {type: date}, x: {type: double}}}}\n"
    points = table([(date(2024, 1, 5), float("nan"))], day=DAY, x=pa.float64())
    (note,) = opened(yaml, {"points": points}).ask("sum(points.x)", **January).notes
    assert "`x` in `points`: 1 value NaN or infinite, counted as null" == note


# --- stretches --------------------------------------------------------------------------------------------------------

INSTANTS = st.integers(0, 40).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n))
WINDOWS = st.lists(
    st.builds(
        lambda start, end, void: Resolved(start if start is None else min(start, end), end, void),
        st.none() | INSTANTS,
        INSTANTS,
        st.booleans(),
    ),
    max_size=8,
)


@given(WINDOWS, INSTANTS)
def test_stretches_hold_what_windows_hold(windows: list[Resolved], instant: datetime) -> None:
    """An instant lies in a stretch exactly when it lies in a window that is not void, and stretches lie apart."""
    stretches = merged(windows)

    def holds(start: datetime | None, end: datetime) -> bool:
        return (start is None or start <= instant) and instant < end

    assert any(holds(w.start, w.end) for w in windows if not w.void) == any(holds(*s) for s in stretches)
    assert all(a[1] < b[0] for a, b in pairwise(stretches) if b[0] is not None)
    assert all(start is not None for start, _ in stretches[1:])
