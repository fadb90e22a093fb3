"""What a reader of a French project sees: words of bands, targets, totals and periods, and numbers as French has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

import tallymark
from tallymark.definitions import Project

from .books import opened

BOOK = """
datasets:
  orders: {time: at, columns: {at: date, plan: text, amount: {type: decimal, unit: money}, good: boolean}}
metrics:
  revenue: {formula: sum(orders.amount), unit: money, decimals: 2, direction: up, label: {fr: "Chiffre d'affaires"}}
  quality:
    formula: count(orders where good) / count(orders) * 100
    unit: percent
    decimals: 1
    direction: up
    label: {en: Quality, fr: Qualité}
    target: 80
    bands: {good: {from: 80}, fair: {from: 62.5, below: 80}, poor: {below: 62.5}}
"""
ROWS = {
    "at": [date(2024, 1, day) for day in (1, 2, 3)],
    "plan": ["pro", "pro", "free"],
    "amount": [1000, 200, 34.5],
    "good": [True, True, False],
}


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """A French book of three orders."""
    with opened(BOOK, {"orders": pa.table(ROWS)}, project=Project(folder="", language="fr", currency="EUR")) as made:
        yield made


def test_a_table_is_in_french(book: tallymark.Book) -> None:
    """Periods, labels, the total, the band, the target and its result are named in French, and numbers written so."""
    answer = book.ask("revenue", "quality", by="plan", grain="month", period="2024-01", total=True, target=True)
    shown = str(answer).replace("\u202f", " ").replace("\xa0", " ")
    words = " ".join(shown.split())
    for said in (
        "période",
        "Chiffre d'affaires",
        "Qualité, niveau",
        "Qualité, objectif",
        "Qualité, résultat",
        "(total)",
    ):
        assert all(part in words for part in said.split())
    assert "1 234,50" in shown
    assert "66,7 % Correct 80,0 % -13,3 manqué" in words
    assert "100,0 % Bon 80,0 % 20,0 atteint" in words


def test_what_is_left_over_is_in_french(book: tallymark.Book) -> None:
    """The row of the others of a top is named in French."""
    assert "(autres)" in str(book.ask("revenue", by="plan", period="2024-01", top="1", other=True))


def test_a_receipt_is_in_french(book: tallymark.Book) -> None:
    """The band's ends and the target are told in French words and numbers, below the heading."""
    lines = str(book.explain("quality", period="2024-01")).replace("\u202f", " ").replace("\xa0", " ").splitlines()
    told = ["niveau : Correct (à partir de 62,5 %, moins de 80 %)", "objectif : 80,0 %, manqué (-13,3 points)"]
    assert told == [line for line in lines if line.startswith(("niveau", "objectif"))]


def test_raw_answers_know_no_language(book: tallymark.Book) -> None:
    """What programs read has the names of bands and columns, whatever the language."""
    (row,) = book.ask("quality", period="2024-01", target=True).to_dicts()
    assert ("fair", "missed") == (row["quality_band"], row["quality_result"])


def test_a_pivot_is_headed_in_french(book: tallymark.Book) -> None:
    """Above a pivot stand the metric and, in French, what its columns are."""
    shown = str(book.ask("revenue", by="plan", grain="month", period="2024-01", pivot="period"))
    assert "Chiffre d'affaires, €, par période" == shown.splitlines()[0]
