"""Questions over several databases: what runs where, what is fetched, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import tallymark
from tallymark.errors import FaultError

from ..elsewhere import Elsewhere

PROJECT = """
sources:
  east: {{kind: elsewhere}}
  west: {{kind: elsewhere}}
limits: {{fetched_rows: {limit}}}
metrics: [metrics.yaml]
datasets:
  orders:
    source: east
    table: orders.csv
    key: id
    time: at
    columns: {{id: integer, amount: decimal, at: date, state: text, customer: text}}
    refs: {{customer: customers}}
  visits: {{source: west, table: visits.csv, time: at, columns: {{at: date, customer: text}}, refs: {{customer: customers}}}}
  customers: {{table: customers.csv, key: id, columns: {{id: text, country: text}}}}
  pages: {{source: west, table: visits.csv, time: at, columns: {{at: date}}}}
"""

METRICS = """
metrics:
  revenue: sum(orders.amount)
  visitors: count(visits)
  page_views: count(pages)
  per_visit: revenue / visitors
  per_view: revenue / page_views
"""

FILES = {
    "orders.csv": "id,amount,at,state,customer\n1,10,2024-01-05,paid,a\n2,20,2024-02-05,paid,b\n3,30,2024-02-06,open,a\n"
    "4,40,2024-03-01,paid,a\n",
    "visits.csv": "at,customer\n2024-01-01,a\n2024-02-01,a\n2024-02-02,b\n2024-02-03,c\n",
    "customers.csv": "id,country\na,fr\nb,ro\n",
}

Q1 = {"start": "2024-01-01", "end": "2024-02-29"}


def project(folder: Path, limit: int = 1000, **files: str) -> Path:
    """Writes the project; `files` replace those of the same name."""
    (folder / "tally.yaml").write_text(PROJECT.format(limit=limit))
    (folder / "metrics.yaml").write_text(METRICS)
    for name, text in FILES.items():
        (folder / name).write_text(files.get(name.partition(".")[0], text))
    return folder


@pytest.fixture
def book(tmp_path: Path) -> Iterator[tallymark.Book]:
    """A project with orders in the east, visits in the west and customers here."""
    with tallymark.open(project(tmp_path), plugins=[Elsewhere()]) as opened:
        yield opened


def test_each_database_aggregates_its_own(book: tallymark.Book) -> None:
    """A ratio of metrics in two databases fetches one aggregated result of each, and says where what ran."""
    answer = book.ask("per_view", grain="month", **Q1)
    assert [10.0, 50 / 3] == [row["per_view"] for row in answer.to_dicts()]
    assert [
        "-- in `east` (duckdb), gives g0_cells", "-- in `west` (duckdb), gives g1_cells", "-- here (duckdb)",
    ] == [line for line in answer.sql.splitlines() if line.startswith("-- ")]  # fmt: skip
    assert () == answer.notes


def test_rows_are_fetched_where_they_are_joined(book: tallymark.Book) -> None:
    """Rows that refer to what lies elsewhere are fetched: only those in the range, and it is told how many."""
    answer = book.ask("revenue", by="customer.country", period="2024-02")
    expected = [{"customer.country": "fr", "revenue": Decimal(30)}, {"customer.country": "ro", "revenue": Decimal(20)}]
    assert expected == answer.to_dicts()
    told = "`orders` is joined with what lies in another database: 2 rows of it were fetched from `east`"
    assert (told,) == answer.notes


def test_conditions_go_with_the_rows(book: tallymark.Book) -> None:
    """A condition on the rows' own columns is asked where they lie; one on what they refer to, here."""
    answer = book.ask("revenue", by="customer.country", where="state = 'paid'", **Q1)
    assert [Decimal(10), Decimal(20)] == [row["revenue"] for row in answer.to_dicts()]
    assert "2 rows of it were fetched" in answer.notes[0]
    filtered = book.ask("revenue", where="customer.country = 'fr'", **Q1)
    assert Decimal(40) == filtered.value
    assert "3 rows of it were fetched" in filtered.notes[0]


def test_too_many_rows_are_a_fault(tmp_path: Path) -> None:
    """Beyond `limits: fetched_rows` nothing is joined; what is aggregated where it lies is still answered."""
    with tallymark.open(project(tmp_path, limit=2), plugins=[Elsewhere()]) as book:
        with pytest.raises(FaultError) as raised:
            book.ask("revenue", by="customer.country", **Q1)
        (fault,) = raised.value.faults
        assert "D475" == fault.code
        assert fault.message.startswith(
            "`orders` in `east` is joined with what lies in another database, and more than 2"
        )
        assert fault.help is not None
        assert "`limits: fetched_rows`" in fault.help
        assert 15.0 == book.ask("per_view", **Q1).value
        assert [Decimal(30)] == [
            r["revenue"]
            for r in book.ask(
                "revenue", by="customer.country", period="2024-02", where="customer.country = 'fr'"
            ).to_dicts()
        ]


def test_a_receipt_over_databases(book: tallymark.Book) -> None:
    """A receipt shows every part with its value and rows, and every statement."""
    receipt = book.explain("per_visit", **Q1)
    assert 15.0 == receipt.value
    assert [(Decimal(60), 3), (4, 4)] == [(step.value, step.rows) for step in receipt.step.children]
    assert "-- in `east` (duckdb)" in receipt.sql
    assert "-- in `west` (duckdb)" in receipt.sql


def test_remarks_and_checks_look_across(tmp_path: Path) -> None:
    """References into another database that find no partner are told with an answer, and by `check --data`."""
    files = {"orders": FILES["orders.csv"] + "5,50,2024-02-07,paid,z\n"}
    with tallymark.open(project(tmp_path, **files), plugins=[Elsewhere()]) as book:
        answer = book.ask("revenue", by="customer.country", period="2024-02")
        assert {None: Decimal(50), "fr": Decimal(30), "ro": Decimal(20)} == {
            row["customer.country"]: row["revenue"] for row in answer.to_dicts()
        }
        assert any("customer" in note and "1 row" in note for note in answer.notes[1:]), answer.notes
        found = [fault for fault in book.check(data=True) if fault.code == "D444"]
        assert 2 == len(found), [f.message for f in found]


def test_a_repeated_key_elsewhere_is_a_fault(tmp_path: Path) -> None:
    """A key that repeats is found in the database where it lies, before rows of another are joined to it."""
    files = {"customers": FILES["customers.csv"] + "a,de\n"}
    with tallymark.open(project(tmp_path, **files), plugins=[Elsewhere()]) as book:
        with pytest.raises(FaultError) as raised:
            book.ask("revenue", by="customer.country", **Q1)
        assert ["D440"] == [fault.code for fault in raised.value.faults]


def test_other_forms_of_questions(book: tallymark.Book) -> None:
    """Comparisons, totals, choices of members and the earliest time work over databases."""
    answer = book.ask("per_visit", by="customer.country", period="2024-02", compare="previous", total=True)
    assert {"fr": 30.0, "ro": 20.0, None: 0.0} == {
        row["customer.country"]: row["per_visit"] for row in answer.to_dicts() if row["row"] == "member"
    }
    top = book.ask("revenue", by="customer.country", top="1", **Q1)
    assert ["fr"] == [row["customer.country"] for row in top.to_dicts()]
    whole = book.ask("per_view", grain="month", end="2024-02-29")
    assert date(2024, 1, 1) == whole.to_dicts()[0]["period"]


def test_cancelling_reaches_every_database(book: tallymark.Book) -> None:
    """`cancel` and `close` speak to every database, and a closed one answers no more."""
    book.ask("per_view", **Q1)
    book.cancel()
    assert 15.0 == book.ask("per_view", **Q1).value
    book.close()
    with pytest.raises(FaultError):
        book.ask("per_view", **Q1)
