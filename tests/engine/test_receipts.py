"""How one number came to be: the parts of its formula, each with the value it has in the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.answer import Receipt, Step
from tallymark.definitions import Project
from tallymark.errors import FaultError

from .books import opened

SHOP = """
parameters:
  margin: {type: number, default: 0.5}
  kinds: {type: list, default: [new, renewal]}
  mode: {type: text, default: daily}
  reach: {type: duration, default: 7 days}

datasets:
  customers:
    source: memory
    table: customers
    key: id
    columns: {id: {type: text}, name: {type: text}, country: {type: text}}
  orders:
    source: memory
    table: orders
    key: id
    time: at
    refs: {customer: customers}
    columns:
      id: {type: integer}
      customer: {type: text}
      amount: {type: decimal, unit: money}
      kind: {type: text}
      at: {type: date}
  plans:
    source: memory
    table: plans
    key: id
    valid: [started, ended]
    refs: {customer: customers}
    columns:
      id: {type: text}
      customer: {type: text}
      mrr: {type: decimal, unit: money}
      started: {type: date}
      ended: {type: date}

metrics:
  revenue: {formula: sum(orders.amount), unit: money, label: {en: Takings}}
  order_count: {formula: count(orders)}
  aov: {formula: revenue / order_count, unit: money, label: {en: Average order}, description: {en: Takings by order.}}
  gross: {formula: (revenue * $margin), unit: money}
  chosen: {formula: sum(orders.amount where kind in ($kinds)), unit: money}
  mrr: {formula: sum(plans.mrr), unit: money}
  start_mrr: {formula: opening(mrr), unit: money}
  by_mode: {formula: "if($mode = 'daily', avg(revenue per day), revenue)", unit: money}
  recent: {formula: "trailing(revenue, $reach)", unit: money}
  target: {formula: "if($mode = 'daily', 10, 300)"}
"""

TODAY = "2025-01-31"


def day(text: str) -> date:
    """A date of its ISO text."""
    return date.fromisoformat(text)


def money(*amounts: int | None) -> pa.Array:
    """A column of money."""
    return pa.array([None if a is None else Decimal(a) for a in amounts], pa.decimal128(18, 6))


TABLES = {
    "customers": pa.table(
        {
            "id": [f"C{n}" for n in range(1, 9)],
            "name": ["Acme", "Bolt", None, "Dune", "Echo", "Fern", "Gale", "Hill"],
            "country": ["FR", "FR", "RO", "RO", "FR", "FR", "RO", "RO"],
        }
    ),
    "orders": pa.table(
        {
            "id": list(range(1, 11)),
            "customer": ["C1", "C1", "C2", "C3", "C4", "C5", "C6", "C7", None, "C1"],
            "amount": money(10, 20, 30, 9, 8, 7, 6, None, 7, 100),
            "kind": ["new", "renewal", "new", "gift", "gift", "gift", "gift", "gift", "new", "new"],
            "at": [day(f"2024-06-{n:02d}") for n in (1, 2, 3, 3, 3, 20, 30, 30, 30)] + [day("2024-05-31")],
        }
    ),
    "plans": pa.table(
        {
            "id": ["P1", "P2", "P3", "P4"],
            "customer": ["C1", "C2", "C3", "C1"],
            "mrr": money(100, 50, 70, 160),
            "started": [day("2024-01-10"), day("2024-02-01"), day("2024-01-05"), day("2024-06-10")],
            "ended": [day("2024-06-10"), None, day("2024-06-15"), None],
        }
    ),
}


@pytest.fixture(scope="module")
def shop() -> Iterator[tallymark.Book]:
    """A small shop with orders and plans. June: 97 taken in nine orders; MRR 220 at the start, 210 at the end."""
    project = Project(folder="", currency="EUR", timezone="Europe/Paris")
    with opened(SHOP, TABLES, project=project) as book:
        yield book


def explained(book: tallymark.Book, metric: str, **question: Any) -> Receipt:
    """The receipt for June."""
    return book.explain(metric, **({"period": "2024-06", "as_of": TODAY} | question))


def steps(step: Step) -> Iterator[Step]:
    """A step and all below it."""
    yield step
    for child in step.children:
        yield from steps(child)


def parts(receipt: Receipt) -> list[tuple[str, Any]]:
    """The texts (of metrics the names) and values of all steps but constants, from top to bottom."""
    return [(s.name or s.text, s.value) for s in steps(receipt.step) if s.kind != "constant"]


def lines(receipt: Receipt, width: int = 120) -> list[str]:
    """The lines of the tree and the notes, blanks joined."""
    text = receipt.text(width).split("\n\n", 1)[1]
    return [" ".join(line.split()) for line in text.splitlines() if line]


# --- as text ---------------------------------------------------------------------------------------------------------


def test_a_receipt_reads_as_a_tree(shop: tallymark.Book) -> None:
    """The name, the meaning, the context, each part with value, rows read and label, and what was left out."""
    expected = (
        "Average order (aov)\n"
        "Takings by order.\n"
        "2024-06 (2024-06-01 to 2024-06-30) · as of 2025-01-31\n"
        "\n"
        "aov = revenue / order_count       €10.78\n"
        "├─ revenue = sum(orders.amount)   €97.00   9 rows   Takings\n"
        "└─ order_count = count(orders)         9   9 rows\n"
        "\n"
        "note: revenue: 1 of 9 rows has no value and is left out\n"
    )
    assert expected == str(explained(shop, "aov"))


def test_the_context_of_the_number_is_said(shop: tallymark.Book) -> None:
    """Conditions, the knowledge date, and the values of the parameters that the formula speaks of."""
    where = "customer.country = 'FR' and customer.country != 'RO'"
    receipt = explained(shop, "chosen", where=where, parameters={"kinds": ["new", "gift"]}, as_of="2024-06-15")
    head = str(receipt).split("\n\n")[0].splitlines()
    assert [
        "chosen",
        "2024-06 (2024-06-01 to 2024-06-30) · customer.country = FR · customer.country != 'RO' · as of 2024-06-15",
        "with $kinds = new, gift",
    ] == head
    assert {"customer.country": "FR"} == receipt.slice
    assert Decimal(40) == receipt.value
    assert "note: partial: only what was known up to 2024-06-15 is read" in str(receipt)


def test_a_narrow_page_cuts_nothing(shop: tallymark.Book) -> None:
    """On 50 characters the whole formula and every value still stand."""
    formula = "revenue / order_count + revenue / order_count + revenue / order_count + revenue / order_count"
    text = explained(shop, formula).text(50)
    assert 50 >= max(map(len, text.splitlines()))
    words = [w for w in text.split("\n\n")[1].split() if w not in ("│", "€43.11")]
    assert formula.split() == words[: len(formula.split())]


# --- every form ------------------------------------------------------------------------------------------------------

FORMS: list[tuple[str, list[tuple[str, Any]]]] = [
    ("revenue + mrr - start_mrr", [("revenue", 97), ("mrr", 210), ("start_mrr", 220), ("mrr", 220)]),
    ("revenue * 2 / order_count", [("revenue", 97), ("order_count", 9)]),
    ("revenue / (order_count - 9)", [("revenue", 97), ("order_count - 9", 0), ("order_count", 9)]),
    ("growth(revenue)", [("revenue", 97), ("previous(revenue)", 100), ("revenue", 100)]),
    ("change(revenue, 1 year)", [("revenue", 97), ("previous(revenue, 1 year)", 0), ("revenue", 0)]),
    ("share(revenue, kind)", [("revenue", 97), ("total(revenue, kind)", 97), ("revenue", 97)]),
    (
        "share(revenue) * 2 / order_count",
        [("share(revenue)", 1), ("revenue", 97), ("total(revenue)", 97), ("revenue", 97), ("order_count", 9)],
    ),
    ("order_count not in (8, 9)", [("order_count", 9)]),
    ("if(order_count > 8, revenue, mrr)", [("order_count > 8", True), ("order_count", 9), ("revenue", 97)]),
    ("if(order_count > 9, revenue, mrr)", [("order_count > 9", False), ("order_count", 9), ("mrr", 210)]),
    ("if(order_count > 9, revenue)", [("order_count > 9", False), ("order_count", 9)]),
    (
        "case when mrr > 999 then mrr when mrr > 1 then revenue else start_mrr end",
        [("mrr > 999", False), ("mrr", 210), ("mrr > 1", True), ("mrr", 210), ("revenue", 97)],
    ),
    (
        "order_count > 1 and mrr > 1 and true",
        [("order_count > 1", True), ("order_count", 9), ("mrr > 1", True), ("mrr", 210)],
    ),
    ("revenue where kind = 'gift'", [("revenue", 30)]),
    ("opening(mrr)", [("mrr", 220)]),
    ("sum(plans.mrr at start)", []),
    ("gross", [("revenue", 97), ("$margin", Decimal("0.5"))]),
    ("trailing(revenue, 3 days)", [("revenue", 13)]),
    ("coalesce(revenue, mrr)", [("revenue", 97), ("mrr", 210)]),
    ("max(orders.at) - min(orders.at)", [("max(orders.at)", day("2024-06-30")), ("min(orders.at)", day("2024-06-01"))]),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), FORMS)
def test_every_form_shows_its_parts(shop: tallymark.Book, formula: str, expected: list[tuple[str, Any]]) -> None:
    """Chains are flat, short forms are written out, of a choice what was chosen is told; constants need no line."""
    receipt = explained(shop, formula)
    assert expected == parts(receipt)[1:]
    assert shop.ask(formula, period="2024-06", as_of=TODAY).value == receipt.value == receipt.step.value


def test_a_settled_choice_is_the_only_part(shop: tallymark.Book) -> None:
    """Of a formula that a parameter decides, what it leaves is shown below the formula as written."""
    edges = explained(shop, "by_mode", parameters={"mode": "edges"})
    assert [("by_mode", 97), ("revenue", 97)] == parts(edges)
    daily = explained(shop, "by_mode")
    assert [("by_mode", daily.value), ("avg(revenue per day)", daily.value)] == parts(daily)[:2]
    assert {"mode": "daily"} == daily.parameters
    assert [("order_count > target", False), ("order_count", 9), ("target", 10)] == parts(
        explained(shop, "order_count > target")
    )


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("revenue", "revenue = sum(orders.amount) €97.00 9 rows"),
        ("mrr", "mrr = sum(plans.mrr) [end of 2024-06-30] €210.00 2 rows"),
        ("start_mrr", "start_mrr = opening(mrr) [start of 2024-06-01] €220.00"),
        ("previous(mrr)", "previous(mrr) [2024-05] €220.00"),
        ("recent", "recent = trailing(revenue, $reach) [2024-06-24 to 2024-06-30] €13.00"),
        ("cumulative(revenue)", "cumulative(revenue) [up to 2024-06-30] €197.00"),
        ("to_date(revenue, year)", "to_date(revenue, year) [2024-01-01 to 2024-06-30] €197.00"),
        ("closing(mrr)", "closing(mrr) [end of 2024-06-30] €210.00"),
    ],
)
def test_the_window_that_was_read_is_said(shop: tallymark.Book, formula: str, expected: str) -> None:
    """Where it is not the period asked for: the stretch of time, or for a stock the moment."""
    assert expected == lines(explained(shop, formula))[0]


def test_a_window_is_said_once(shop: tallymark.Book) -> None:
    """What is below a form is read in its window; only another one is said again."""
    assert ["previous(mrr) [2024-05] €220.00", "└─ mrr = sum(plans.mrr) [end of 2024-05-31] €220.00 3 rows"] == lines(
        explained(shop, "previous(mrr)")
    )
    assert "└─ mrr = sum(plans.mrr) €220.00 3 rows" == lines(explained(shop, "start_mrr"))[1]


def test_a_knowledge_date_within_a_day_is_told_to_the_minute(shop: tallymark.Book) -> None:
    """A moment that no day ends at is told as it is on the project's clock."""
    shown = lines(explained(shop, "mrr", as_of=datetime(2024, 6, 12, 14, 30)))
    assert ["mrr = sum(plans.mrr) [at 2024-06-12 14:30] €280.00 3 rows"] == shown[:1]


def test_a_period_not_yet_begun_has_no_value(shop: tallymark.Book) -> None:
    """Null everywhere, no rows, and a note that says why."""
    receipt = explained(shop, "aov", as_of="2024-05-31")
    assert [("aov", None), ("revenue", None), ("order_count", None)] == parts(receipt)
    assert {None} == {step.rows for step in steps(receipt.step)}
    assert ("the period begins after 2024-05-31, when it was asked: nothing is known of it",) == receipt.notes


def test_a_zero_divisor_is_named(shop: tallymark.Book) -> None:
    """The part that is zero is said, beside the number of cells that an answer says."""
    shown = lines(explained(shop, "revenue / (order_count - 9)"))
    assert "note: revenue / (order_count - 9): `order_count - 9` is 0, and nothing is divided by 0" in shown
    assert "note: revenue / (order_count - 9): 1 cell: zero denominator" in shown


# --- members ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (
            "sum(revenue per customer)",
            [
                "sum(revenue per customer) €90.00 7 customers",
                "├─ customer = C1 (Acme) €30.00",
                "├─ customer = C2 (Bolt) €30.00",
                "├─ customer = C3 €9.00",
                "├─ customer = C4 (Dune) €8.00",
                "├─ customer = C5 (Echo) €7.00",
                "└─ … 2 more",
            ],
        ),
        (
            "sum(change(mrr) per customer)",
            [
                "sum(change(mrr) per customer) -€10.00 3 customers",
                "├─ customer = C3 -€70.00",
                "├─ customer = C1 (Acme) €60.00",
                "└─ … 1 more, which add nothing",
            ],
        ),
        (
            "count(opening(mrr) > 0 and closing(mrr) = 0 per customer)",
            [
                "count(opening(mrr) > 0 and closing(mrr) = 0 per customer) 1 3 customers",
                "├─ customer = C3 true",
                "└─ … 2 more, for which it does not hold",
            ],
        ),
        (
            "max(revenue per customer.country)",
            [
                "max(revenue per customer.country) €73.00 2 countries",
                "├─ country = FR €73.00",
                "└─ country = RO €17.00",
            ],
        ),
        (
            "min(revenue per customer)",
            [
                "min(revenue per customer) €0.00 7 customers",
                "├─ customer = C7 (Gale) €0.00",
                "├─ customer = C6 (Fern) €6.00",
            ],
        ),
        (
            "sum(revenue per quarter)",
            ["sum(revenue per quarter) €97.00 1 quarter"],
        ),
        (
            "trailing(sum(revenue per month), 2 months)",
            [
                "trailing(sum(revenue per month), 2 months) [2024-05-01 to 2024-06-30] €197.00",
                "└─ sum(revenue per month) €197.00 2 months",
                "├─ 2024-05 €100.00",
                "└─ 2024-06 €97.00",
            ],
        ),
        (
            "avg(revenue per day)",
            ["avg(revenue per day) €3.23 30 days", "├─ 2024-06-03 €47.00", "├─ 2024-06-02 €20.00"],
        ),
        (
            "previous(sum(revenue per customer)) where customer.country = 'FR'",
            [
                "previous(sum(revenue per customer)) where customer.country = 'FR' €100.00",
                "└─ previous(sum(revenue per customer)) [2024-05] €100.00",
                "└─ sum(revenue per customer) €100.00 1 customer",
                "└─ customer = C1 (Acme) €100.00",
            ],
        ),
    ],
)  # fmt: skip
def test_the_weightiest_members_are_named(shop: tallymark.Book, formula: str, expected: list[str]) -> None:
    """With their values, under the conditions and in the window in force, and what is left unsaid of the others."""
    assert expected == lines(explained(shop, formula))[: len(expected)]


def test_members_without_a_value_are_noted(shop: tallymark.Book) -> None:
    """An average over members says how many of them have none."""
    shown = lines(explained(shop, "avg(avg(orders.amount) per customer)"))
    assert "note: avg(avg(orders.amount) per customer): 1 of 7 customers has no value and is left out" in shown


# --- as data ---------------------------------------------------------------------------------------------------------


def test_a_receipt_is_data(shop: tallymark.Book) -> None:
    """JSON holds names, labels, units, windows, rows and exact values."""
    told = json.loads(explained(shop, "start_mrr").to_json())
    assert ("start_mrr", "money (EUR)", 220, TODAY) == (told["metric"], told["unit"], told["value"], told["as_of"])
    assert {"label": "2024-06", "start": "2024-06-01T00:00:00", "end": "2024-07-01T00:00:00"} == told["period"]
    below = told["step"]["children"][0]
    found = tuple(below[key] for key in ("name", "text", "window", "rows"))
    assert ("mrr", "sum(plans.mrr)", "start of 2024-06-01", 3) == found


def test_a_metric_used_often_is_told_once() -> None:
    """A chain in which each metric names the one below twice is told in as many steps as there are metrics."""
    metrics = {f"m{n}": f"{{formula: m{n - 1} + m{n - 1}}}" for n in range(1, 41)}
    written = "\n".join(f"  {name}: {body}" for name, body in {"m0": "{formula: count(orders)}", **metrics}.items())
    with opened(SHOP.split("\nmetrics:")[0] + "\nmetrics:\n" + written, TABLES) as book:
        receipt = explained(book, "m40")
    assert 9 * 2**40 == receipt.value
    assert 81 == len(receipt.text(400).split("\n\n")[1].splitlines())
    assert 200_000 > len(receipt.to_json(sql=False))


def test_what_cannot_be_asked_cannot_be_explained(shop: tallymark.Book) -> None:
    """A mistake in the question is the same fault."""
    with pytest.raises(FaultError, match="T103"):
        explained(shop, "revenu")


# --- the same number -------------------------------------------------------------------------------------------------


QUESTION: dict[str, Any] = {"period": "2024-05", "as_of": "2025-06-30"}


def test_metrics_of_the_company_are_explained_with_their_numbers(company: tallymark.Book) -> None:
    """The value is that of the answer, and members that are all named add up to their sum."""
    names = [n for n, m in company.metrics.items() if m.available and m.definition.level is None][::3]
    (answers,) = company.ask(*names, **QUESTION).to_dicts()
    for name in names:
        receipt = company.explain(name, **QUESTION)
        assert close(answers[name], receipt.value), name
        assert close(answers[name], receipt.step.value), name
        for step in steps(receipt.step):
            if step.kind == "per" and step.text.startswith("sum(") and len(step.children) == step.rows:
                assert close(sum(c.value for c in step.children), step.value), (name, step.text)


@pytest.mark.parametrize("name", ["ltv_historic", "large_account_share", "uptime", "nrr"])
def test_the_notes_are_those_of_the_answer(company: tallymark.Book, name: str) -> None:
    """The rows that a receipt counts change nothing of what an answer says."""
    assert company.ask(name, **QUESTION).notes == company.explain(name, **QUESTION).notes


def close(expected: Any, actual: Any) -> bool:
    """Whether two numbers are the same, doubles to twelve digits."""
    if isinstance(expected, float) and isinstance(actual, float):
        return actual == pytest.approx(expected, rel=1e-12)
    return bool(expected == actual)
