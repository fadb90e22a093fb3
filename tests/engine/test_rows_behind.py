"""The rows behind a number, `explain(…, rows=N)`: those that counted, the members of a `per`, what rows were made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

import tallymark
from tallymark.behind import Behind
from tallymark.cli import tally
from tallymark.definitions import Project
from tallymark.errors import FaultError

from ..cases.reading import Case, cases
from .books import opened
from .test_receipts import SHOP, TABLES, TODAY

MORE = """
  sure: {formula: avg(orders.amount), min_count: 3}
  big_spenders: {formula: "sum(if(revenue > 8, revenue, 0) per customer)", unit: money}
  daily: {formula: avg(mrr per day), unit: money}
  joined: {formula: "conversion(orders where amount > 5, orders where amount > 9, per customer)"}
"""
VISITS = """
  visits: {source: memory, table: visits, time: at, columns: {page: text, at: date}}
metrics:
  n_visits: count(visits)
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[tallymark.Book]:
    """The shop of the receipts: June has nine orders of 97 together."""
    project = Project(folder="", currency="EUR", timezone="Europe/Paris")
    visits = pa.table({"page": ["a", "a", "b"], "at": [date(2024, 6, 1)] * 2 + [date(2024, 6, 2)]})
    text = SHOP.replace("\nmetrics:\n", VISITS) + MORE
    with opened(text, {**TABLES, "visits": visits}, project=project) as book:
        yield book


def behind(book: tallymark.Book, metric: str, rows: int = 20, **more: str) -> tuple[Behind, ...]:
    """What is told of a metric in June."""
    found = book.explain(metric, period="2024-06", as_of=TODAY, rows=rows, **more).rows
    assert found is not None
    return found


def columns(of: Behind, *names: str) -> list[tuple[object, ...]]:
    """Some columns of rows."""
    places = [of.columns.index(n) for n in names]
    return [tuple(row[p] for p in places) for row in of.rows]


def test_the_weightiest_rows_come_first(shop: tallymark.Book) -> None:
    """Rows that counted by their weight, as many as are wanted, with how many there are and what they come to."""
    (found,) = behind(shop, "revenue", rows=3)
    assert [(3, 30, 30), (2, 20, 20), (1, 10, 10)] == columns(found, "id", "amount", "weight")
    assert (8, 97, "orders") == (found.total, found.value, found.dataset)


def test_only_rows_that_meet_the_conditions_are_told(shop: tallymark.Book) -> None:
    """The aggregate's own condition and the question's hold, and the columns they speak of are shown."""
    (found,) = behind(shop, "chosen", where="customer.country = 'FR'")
    expected = [(3, "new", "FR", 30), (2, "renewal", "FR", 20), (1, "new", "FR", 10)]
    assert expected == columns(found, "id", "kind", "customer.country", "weight")
    assert (3, 60) == (found.total, found.value)


def test_each_aggregate_has_rows_of_its_own(shop: tallymark.Book) -> None:
    """A quotient tells the rows of both its parts, each once however often it is used."""
    above, below = behind(shop, "aov")
    assert [("revenue", 8), ("order_count", 9)] == [(b.metric, b.total) for b in (above, below)]
    assert 1 == len(behind(shop, "revenue / revenue"))


def test_a_stock_is_told_at_its_moment(shop: tallymark.Book) -> None:
    """An opening has the rows that were valid when the period began."""
    (found,) = behind(shop, "start_mrr")
    assert [("P1", 100), ("P3", 70), ("P2", 50)] == columns(found, "id", "weight")
    assert "opening(mrr)" == found.within


def test_members_come_before_their_rows(shop: tallymark.Book) -> None:
    """The members that weigh most are named, and only their rows are told below."""
    members, condition, *_ = behind(shop, "big_spenders", rows=2)
    assert [("C1", "Acme", 30), ("C2", "Bolt", 30)] == columns(members, "customer", "name", "weight")
    assert (3, None) == (members.total, members.dataset)
    assert [(3, "C2", 30), (2, "C1", 20)] == columns(condition, "id", "customer", "weight")
    assert (3, 60, "only rows of the members above") == (condition.total, condition.value, condition.note)


def test_rows_without_a_key_are_counted_together(shop: tallymark.Book) -> None:
    """Equal rows that nothing tells apart are one line that says how many they are."""
    (found,) = behind(shop, "n_visits")
    assert [("a", 2, 2), ("b", 1, 1)] == columns(found, "page", "rows", "weight")
    assert 3 == found.total


def test_pieces_of_time_say_what_is_told_of_them(shop: tallymark.Book) -> None:
    """A stock read each day is told at the end, and says so."""
    (found,) = behind(shop, "daily")
    assert "read at the end of the window; each piece of time has rows of its own" == found.note


def test_a_conversion_tells_who_set_out(shop: tallymark.Book) -> None:
    """The rows of the first step are told, with the conversion they belong to."""
    first = behind(shop, "joined")[0]
    assert first.within.startswith("conversion(")
    assert {1, 2, 3, 4, 5, 6, 7, 9} == {n for (n,) in columns(first, "id")}


def test_rows_behind_a_hidden_number_are_not_told(shop: tallymark.Book) -> None:
    """What is hidden because too few rows stand behind it is not told row by row either."""
    assert 8 == behind(shop, "sure")[0].total
    receipt = shop.explain("sure", period="2024-06", as_of=TODAY, where="kind = 'renewal'", rows=20)
    assert (None, ()) == (receipt.value, receipt.rows)
    assert "rows are not told of a number that is hidden" in receipt.notes
    assert '"amount"' not in receipt.to_json(sql=False)


@pytest.mark.parametrize("rows", [0, -1, 10_001])
def test_a_number_of_rows_has_bounds(shop: tallymark.Book, rows: int) -> None:
    """None, fewer and very many are refused."""
    with pytest.raises(FaultError) as caught:
        shop.explain("revenue", period="2024-06", rows=rows)
    assert ["Q597"] == [f.code for f in caught.value.faults]


def test_without_being_asked_no_rows_are_told(shop: tallymark.Book) -> None:
    """A receipt is what it was."""
    receipt = shop.explain("revenue", period="2024-06", as_of=TODAY)
    assert receipt.rows is None
    assert "rows" not in receipt.to_dict()


PACK = Path(__file__).parents[1] / "cases" / "mrr_pack"


def test_a_movement_leads_to_the_versions_it_comes_from() -> None:
    """Of what transforms made, the rows they read are told, down to the table."""
    with tallymark.open(PACK) as book:
        (found,) = behind_of(book, "expansion_events")
    assert [("B", date(2024, 2, 15), 10)] == columns_of_day(found, "customer", "at", "weight")
    (stretches,) = found.made_of
    assert ("subscriptions", "mrr_movements", 2) == (stretches.dataset, stretches.by, stretches.total)
    assert [("3", 30), ("4", 40)] == columns(stretches, "id", "mrr")
    (versions,) = stretches.made_of
    assert [("3", "s2", 360), ("4", "s2", 480)] == columns(versions, "id", "subscription", "amount")


def behind_of(book: tallymark.Book, metric: str) -> tuple[Behind, ...]:
    """What is told of a metric in February."""
    found = book.explain(metric, period="2024-02", rows=20).rows
    assert found is not None
    return found


def columns_of_day(of: Behind, *names: str) -> list[tuple[object, ...]]:
    """Columns of rows, their times as days."""
    return [tuple(v.date() if hasattr(v, "date") else v for v in row) for row in columns(of, *names)]


def test_the_command_tells_rows() -> None:
    """`--rows` tells twenty, `--rows 1` one; as text and as JSON."""
    asked = ["explain", "churn", "--project", str(PACK), "--period", "2024-02"]
    text = CliRunner().invoke(tally, [*asked, "--rows"]).output
    assert "· 1 member" in text
    assert "from 1 row of subscription_versions, by mrr_subscriptions" in text
    data = json.loads(CliRunner().invoke(tally, [*asked, "--rows", "1", "--format", "json"]).output)
    members, *_, opening = data["rows"]
    assert [{"customer": "C", "weight": 10}] == members["rows"]
    assert "s3" == opening["made_of"][0]["rows"][0]["subscription"]
    assert 2 == CliRunner().invoke(tally, [*asked, "--rows", "0"]).exit_code


FOLDERS = ("aggregates", "fan_out", "movements", "mrr_pack", "nulls", "stocks", "tickets")


@pytest.mark.parametrize("case", [c for c in cases() if c.single and c.folder.name in FOLDERS], ids=lambda c: c.name)
def test_weights_of_a_sum_add_up(case: Case) -> None:
    """All rows of a sum together are its value, and so is what is said of them together."""
    with tallymark.open(case.folder, strict=False) as book:
        receipt = book.explain(case.metrics[0], rows=1_000, **case.options)
    assert receipt.rows is not None
    for found in receipt.rows:
        assert not found.note.startswith("cannot be told")
        if found.text.startswith("sum(") and found.dataset is not None:
            weights = [row[found.columns.index("weight")] for row in found.rows]
            assert found.value == pytest.approx(
                sum(w for w in weights if w is not None) or Decimal(0), abs=Decimal("1e-9")
            )
