"""Amounts in several currencies, as a caller meets them: units, receipts, faults of the rates, the query as data."""

from __future__ import annotations

from pathlib import Path

import pytest

import tallymark
from tallymark.errors import FaultError
from tallymark.query import Query

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture(scope="module")
def book() -> tallymark.Book:
    """The project of the case folder `currencies`, in euros."""
    return tallymark.open(CASES / "currencies")


def test_amounts_are_shown_in_the_currency_asked(book: tallymark.Book) -> None:
    """The unit of a column is that of its amounts, also of money by the piece; a count has none."""
    metrics = ("revenue", "list_prices", "revenue / orders", "orders")
    own = book.ask(*metrics, period="2024-01")
    asked = book.ask(Query(metrics, period="2024-01", currency="USD"))
    assert ["EUR", "USD", "EUR", None] == [c.unit.currency for c in own.columns if c.unit]
    assert ["USD", "USD", "USD", None] == [c.unit.currency for c in asked.columns if c.unit]
    assert "$" in str(asked.sheet())


def test_money_over_money_is_a_ratio_in_one_currency(book: tallymark.Book) -> None:
    """Dollars by the euro become a plain ratio once both are in one currency."""
    ratio = "list_prices / revenue"
    (own,), (asked,) = (book.ask(ratio, period="2024-01", currency=c).columns for c in (None, "USD"))
    assert ("USD / EUR", "ratio") == (str(own.unit), str(asked.unit))


def test_a_receipt_shows_each_part_in_its_currency(book: tallymark.Book) -> None:
    """What decides is shown in the project's currency, what is answered in the one asked."""
    receipt = book.explain("if(revenue > 60, revenue, 0)", period="2024-01", currency="USD")
    test, chosen = receipt.step.children
    assert (212.0, "USD") == (chosen.value, chosen.unit.currency if chosen.unit else None)
    (decided,) = (s for s in test.children if s.name == "revenue")
    assert (68.0, "EUR") == (decided.value, decided.unit.currency if decided.unit else None)


def test_a_receipt_of_drift_shows_both_rates(book: tallymark.Book) -> None:
    """`fx_drift` is written out: the amount at the closing's rates and at the opening's."""
    step = book.explain("fx", period="2024-02").step
    assert [("at_closing_rates(mrr)", 172.0), ("at_opening_rates(mrr)", 175.0)] == [
        (s.text, s.value) for s in step.children
    ]


def test_the_data_of_rates_is_checked() -> None:
    """`check` with data tells of rates that contradict one another or cannot be rates."""
    with tallymark.open(CASES / "rates_unsound") as unsound:
        assert {"Q586", "Q587"} <= {f.code for f in unsound.check(data=True)}


def test_rates_after_the_knowledge_date_are_not_known(book: tallymark.Book) -> None:
    """As of a day before the new rate, an amount has the old one; a later fixed day does not change that."""
    # 10 + 40 / 2 dollars of the ninth of January, at the rate of December.
    asked = {"period": "2024-01", "as_of": "2024-01-09"}
    assert 30.0 == book.ask("revenue", **asked).value  # type: ignore[arg-type]
    assert 30.0 == book.ask("at_fixed", **asked).value  # type: ignore[arg-type]


def test_a_missing_rate_stops_an_explanation_too(book: tallymark.Book) -> None:
    """No receipt is made of a number that lacks a rate."""
    with pytest.raises(FaultError) as caught:
        book.explain("revenue", period="2024-01", currency="CHF")
    assert ["Q585"] == [f.code for f in caught.value.faults]
