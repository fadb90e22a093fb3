"""Histories in answers: what they cost and refuse, whose they are, what of them is hidden, how they are explained."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

import tallymark
from tallymark.errors import FaultError
from tallymark.lower import histories

from .books import opened

TEXT = """
datasets:
  sales: {time: at, columns: {at: date, buyer: text, amount: {type: decimal, unit: money}}}
  rates: {time: at, columns: {source: text, target: text, rate: double, at: date}}
metrics:
  revenue: sum(sales.amount)
  usual: {formula: "expected(sum(sales.amount), 3)", min_count: 2}
  odd: {formula: "anomaly(sum(sales.amount), 3)", min_count: 2}
"""


def book() -> tallymark.Book:
    """Sales of each day of 2023: a buys for 10 and 12 by turns, b for 5 on the first of each month; rates to match."""
    days = [date(2023, 1, 1) + timedelta(n) for n in range(365)]
    rows = [(d, "a", 10 + 2 * (n % 2)) for n, d in enumerate(days)] + [(d, "b", 5) for d in days if d.day == 1]
    at, buyer, amount = zip(*rows, strict=True)
    sales = pa.table({"at": at, "buyer": buyer, "amount": pa.array(amount, pa.decimal128(18, 6))})
    rates = pa.table({"source": ["EUR"], "target": ["USD"], "rate": [2.0], "at": [date(2022, 1, 1)]})
    return opened(TEXT, {"sales": sales, "rates": rates})


def code(metric: str, **asked: object) -> str:
    """The code of the only fault of a question."""
    with book() as here, pytest.raises(FaultError) as caught:
        here.ask(metric, **asked)
    (fault,) = caught.value.faults
    return fault.code


def test_a_long_history_of_many_periods_is_refused() -> None:
    """More periods than there may be are a fault before any are made; so are many that lie on no grid."""
    assert "Q620" == code("anomaly(revenue, 1000, 2)", grain="hour", start="2023-01-01", end="2023-03-31")
    assert "Q620" == code("anomaly(revenue, 100, 1 month)", grain="day", period="2023")


def test_on_and_off_the_grid_histories_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periods that are counted off and those that are found one by one give the same numbers."""
    metrics = (
        "anomaly(revenue, 8, 1 week)",
        "spread(revenue, 5)",
        "history(revenue, 9, 2)",
        "previous(usual_low(revenue))",
    )
    asked = {"grain": "day", "period": "2023-03", "by": "buyer", "as_of": "2023-03-20"}
    with book() as here:
        counted = here.ask(*metrics, **asked).to_dicts()
        monkeypatch.setattr(histories, "_steps", lambda *_: None)
        found = here.ask(*metrics, **asked).to_dicts()
    assert counted == found
    assert any(row["history(revenue, 9, 2)"] == 9 for row in found)


def test_one_window_serves_a_history_however_long() -> None:
    """The plan reads the periods before as one more window, not one for each."""
    with book() as here:
        answers = [here.ask(f"anomaly(revenue, {n})", grain="day", period="2023-12") for n in (3, 300)]
    short, long = (answer.sql.count("SELECT") for answer in answers)
    assert short == long


def test_rates_of_one_moment_are_refused() -> None:
    """A history has no one moment at whose rates it could be converted; inside it, each period has one."""
    assert "Q621" == code("at_closing_rates(anomaly(revenue))", period="2023-12")
    with book() as here:
        assert 0.0 == here.ask("history(at_closing_rates(revenue), 5) - 5", period="2023-12-24").value


def test_places_among_members_are_refused_inside_a_per() -> None:
    """Who the members are depends on the period asked, and so the places in those before it would too."""
    assert "Q622" == code("avg(anomaly(rank(revenue), 3) per buyer)", grain="month", period="2023-12")
    with book() as here:
        rows = here.ask("anomaly(rank(revenue), 3)", by="buyer", grain="month", period="2023-12").to_dicts()
    assert [0.0, 0.0] == [row["anomaly(rank(revenue), 3)"] for row in rows]


def test_members_are_those_of_the_history_too() -> None:
    """b bought on the first of December: five days later he is a member still, with 0 as usual, and seven later not."""
    metrics = ("count(anomaly(revenue, 6) = 0 per buyer)", "count(history(revenue, 6) = 6 per buyer)")
    with book() as here:
        rows = here.ask(*metrics, grain="day", start="2023-12-06", end="2023-12-08").to_dicts()
    assert [2, 2, 1] == [row[metrics[1]] for row in rows]


def test_a_history_over_few_rows_is_hidden() -> None:
    """Of each month before the rows count, and of the month itself where it is scored; b has one a month."""
    with book() as here:
        answer = here.ask("usual", "odd", by="buyer", grain="month", period="2023-12")
    assert [("a", False), ("b", True)] == [(row["buyer"], row["usual"] is None) for row in answer.to_dicts()]
    assert [("a", False), ("b", True)] == [(row["buyer"], row["odd"] is None) for row in answer.to_dicts()]
    assert "usual: 1 cell hidden: fewer than 2 rows" in answer.notes


def test_a_receipt_tells_what_was_expected() -> None:
    """The value, the median, the spread and how many periods count, each with its time; and why there is no score."""
    with book() as here:
        receipt = here.explain("anomaly(revenue, 10, 1, 9)", period="2023-12-24", where="buyer = 'a'")
        early = here.explain("anomaly(revenue, 10, 1, 9)", period="2023-01-06", where="buyer = 'a'")
    assert [
        ("revenue", 12, None),
        ("expected(revenue, 10, 1, 9)", 11.0, "2023-12-14 to 2023-12-23"),
        ("spread(revenue, 10, 1, 9)", 1.4826, "2023-12-14 to 2023-12-23"),
        ("history(revenue, 10, 1)", 10, "2023-12-14 to 2023-12-23"),
    ] == [(s.name or s.text, s.value, s.window if s.name is None else None) for s in receipt.step.children]
    assert receipt.value == receipt.step.value == pytest.approx(1 / 1.4826)
    assert early.value is None
    assert "too few of 10 periods before have a value, 9 are wanted" in early.step.children[-1].notes
