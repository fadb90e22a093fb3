"""What a question may ask beside its metrics, as callers and readers get it: receipts, formats, tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import tallymark
from tallymark.definitions import Project
from tallymark.show.tables import table

from .books import opened

YAML = """
datasets:
  orders:
    time: at
    columns: {who: text, plan: text, amount: {type: decimal, unit: money}, joined: date, at: timestamp}
metrics:
  revenue: {formula: sum(orders.amount), label: {en: Revenue, fr: Chiffre d'affaires}}
  orders: count(orders)
"""
ROWS = [
    ("a", "basic", "1200.50", date(2024, 1, 3), datetime(2024, 1, 5, 10)),
    ("a", "basic", "300", date(2024, 1, 3), datetime(2024, 2, 5, 23, 30)),
    ("b", "other", "2000", date(2024, 2, 1), datetime(2024, 2, 20)),
    ("c", None, "10", date(2024, 2, 1), datetime(2024, 2, 29, 23, 30)),
    ("d", "(other)", "5", date(2024, 2, 1), datetime(2024, 2, 11)),
]


def book_of(rows: list[tuple[Any, ...]], **project: Any) -> tallymark.Book:
    """A book of orders."""
    columns = zip(("who", "plan", "amount", "joined", "at"), zip(*rows, strict=True), strict=True)
    return opened(YAML, {"orders": pa.table({n: pa.array(v) for n, v in columns} | {
        "amount": pa.array([tallymark_decimal(r[2]) for r in rows], pa.decimal128(18, 6)),
    })}, project=Project(folder="", currency="EUR", **project))  # fmt: skip


def tallymark_decimal(text: str) -> Any:
    """An exact amount."""
    from decimal import Decimal

    return Decimal(text)


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """Five orders of two months."""
    with book_of(ROWS) as made:
        yield made


def codes(book: tallymark.Book, *metrics: str, **question: Any) -> list[str]:
    """The codes of the faults that a question gives."""
    with pytest.raises(tallymark.FaultError) as caught:
        book.ask(*metrics, **question)
    return [f.code for f in caught.value.faults]


# --- receipts --------------------------------------------------------------------------------------------------------


def test_a_comparison_has_a_receipt(book: tallymark.Book) -> None:
    """The growth that an answer shows is explained with both of its values, of the stretches that were read."""
    asked: dict[str, Any] = {"period": "2024-02", "as_of": "2024-02-10", "compare": "previous", "like_for_like": True}
    receipt = book.explain("revenue", **asked)
    answer = book.ask("revenue", **asked)
    assert answer.to_dicts()[0]["revenue_growth"] == receipt.value == pytest.approx((300 / 1200.5 - 1) * 100)
    told = receipt.text(100)
    assert "previous(revenue)  [2024-01-01 to 2024-01-10]" in told
    assert "€1,200.50" in told
    assert "€300.00" in told


# --- tables ----------------------------------------------------------------------------------------------------------


def test_the_others_are_told_from_members_of_that_name(book: tallymark.Book) -> None:
    """A table names the others and the total in parentheses; data says what each row is, and leaves the member null."""
    answer = book.ask("revenue", by="plan", period="2024", top=2, other=True, total=True)
    expected = "Plan        Revenue"
    shown = str(answer).splitlines()
    assert expected.split()[1] in shown[0]
    assert ["other", "basic", "(other)", "(total)"] == [line.split()[0] for line in shown[2:6]]
    assert [("other", "member"), ("basic", "member"), (None, "other"), (None, "total")] == [
        (r["plan"], r["row"]) for r in answer.to_dicts()
    ]
    assert "plan,row,revenue\nother,member,2000\nbasic,member,1500.5\n,other,15\n,total,3515.5\n" == answer.to_csv()
    assert "row" == json.loads(answer.to_json())["columns"][1]["role"]


def test_labels_of_what_is_added_are_in_the_projects_language() -> None:
    """A French project has French headings, under names that stay."""
    with book_of(ROWS, language="fr") as book:
        answer = book.ask(
            "revenue", "orders", by="plan", period="2024-02", compare=["previous", "year_ago"], share=True
        )
    assert [
        ("revenue", "Chiffre d'affaires"),
        ("revenue_previous", "Chiffre d'affaires, précédent"),
        ("revenue_change", "Chiffre d'affaires, variation"),
        ("revenue_growth", "Chiffre d'affaires, croissance"),
        ("revenue_year_ago", "Chiffre d'affaires, un an avant"),
        ("revenue_year_ago_change", "Chiffre d'affaires, variation (un an avant)"),
        ("revenue_year_ago_growth", "Chiffre d'affaires, croissance (un an avant)"),
        ("revenue_share", "Chiffre d'affaires, part"),
        ("orders", "orders"),
        ("orders_previous", "orders, précédent"),
    ] == [(c.name, c.label) for c in answer.columns][1:11]


def test_a_name_that_is_taken_is_numbered(book: tallymark.Book) -> None:
    """Asking what a comparison adds anyway gives two columns, apart by their names."""
    answer = book.ask("revenue", "previous(revenue)", period="2024-02", compare="previous")
    names = [c.name for c in answer.columns]
    assert len(names) == len(set(names)) == len(answer.to_dicts()[0])


# --- pivots ----------------------------------------------------------------------------------------------------------


def test_a_pivot_is_wide_in_every_format(book: tallymark.Book, tmp_path: Path) -> None:
    """Tables, JSON, CSV, Arrow, Parquet and Markdown have one column a period; exact where they are data."""
    answer = book.ask("revenue", by="who", grain="month", period="2024-Q1", pivot=True, as_of="2024-02-29")
    wide = [{"who": "a", "2024-01": "1200.5", "2024-02": "300", "2024-03": "None"}]
    assert wide[0] == {k: str(v).rstrip("0").rstrip(".") if k == "2024-01" else str(v).removesuffix(".000000")
                       for k, v in answer.to_dicts()[0].items()}  # fmt: skip
    assert "who,2024-01,2024-02,2024-03\na,1200.5,300,\nb,0,2000,\nc,0,10,\nd,0,5,\n" == answer.to_csv()
    assert "| who | 2024-01 | 2024-02 | 2024-03 |\n| --- | ---: | ---: | ---: |\n| a | 1200.5 |" in answer.to_markdown()
    columns = json.loads(answer.to_json())["columns"]
    assert {"name": "2024-02", "role": "metric", "metric": "revenue", "at": "2024-02"}.items() <= columns[2].items()
    answer.to_parquet(tmp_path / "wide.parquet")
    assert answer.to_arrow().equals(pyarrow.parquet.read_table(tmp_path / "wide.parquet"))
    expected = (
        "Revenue, €, by period\n\nwho  2024-01  2024-02  2024-03\na      1,201      300\nb          0    2,000\n"
        "c          0       10\nd          0        5\n"
    )
    assert expected == str(answer)


def test_a_triangle_is_as_wide_as_the_page(book: tallymark.Book) -> None:
    """On a narrow page it is several tables, each with the cohorts; later ones only with those that come so far."""
    answer = book.ask(
        "orders", age="joined", grain="month", start="2024-01", end="2024-04", pivot="", as_of="2024-04-30"
    )
    assert (
        "orders, by age in months\n\n"
        "joined   0  1\n2024-01  1  1\n2024-02  3  0\n\n"
        "joined   2  3\n2024-01  0  0\n2024-02  0\n"
    ) == table(answer.sheet(), 13)
    assert "joined   0  1  2  3\n" in table(answer.sheet(), 40)


def test_several_metrics_stand_side_by_side_under_each_value(book: tallymark.Book) -> None:
    """Their columns bear the value and the metric; a unit is said where there are several."""
    answer = book.ask(
        "revenue", "orders", by="who", where="who in ('a', 'b')", grain="month", period="2024-Q1", pivot=""
    )
    assert ["who", "2024-01 revenue", "2024-01 orders", "2024-02 revenue"] == [c.name for c in answer.columns][:4]
    assert "2024-01 Revenue" in str(answer)


def test_a_pivot_has_bounds(book: tallymark.Book) -> None:
    """So many columns that nobody reads them are refused; two hours that the clock shows alike are two columns."""
    asked: dict[str, Any] = {"grain": "day", "start": "2020-01-01", "end": "2024-12-31", "pivot": ""}
    assert ["Q563"] == codes(book, "orders", **asked)
    day: dict[str, Any] = {"grain": "hour", "period": "2024-10-27", "pivot": "", "timezone": "Europe/Paris"}
    assert 25 == len(book.ask("orders", **day).columns)


# --- time zones ------------------------------------------------------------------------------------------------------


def test_a_question_may_be_asked_in_another_time_zone() -> None:
    """Its days are cut there: half past eleven at night of one zone is the next day's of another further east."""
    rows = {"at": pa.array([datetime(2024, 1, 31, 23, 30)], pa.timestamp("us", tz="UTC"))}
    yaml = "datasets:\n  hits: {time: at, columns: {at: instant}}\n"
    with opened(yaml, {"hits": pa.table(rows)}) as book:
        assert 1 == book.ask("count(hits)", period="2024-01").value
        assert 0 == book.ask("count(hits)", period="2024-01", timezone="Europe/Paris").value
        assert 1 == book.ask("count(hits)", period="2024-02", timezone="Europe/Paris").value
        with pytest.raises(tallymark.FaultError) as caught:
            book.ask("count(hits)", period="2024-02", timezone="Europe/Pariss")
    assert [("Q520", "did you mean `Europe/Paris`?")] == [(f.code, f.help) for f in caught.value.faults]


# --- many members ----------------------------------------------------------------------------------------------------


def test_members_of_every_type_can_be_chosen() -> None:
    """Texts with quotes, dates, times, numbers and truths are told from the others by their exact value."""
    when = [datetime(2024, 1, 1, 9, 30, 15, 123456) + timedelta(days=n) for n in range(4)]
    columns = {
        "t": pa.array(["it's", 'a "b"', "", None]),
        "d": pa.array([w.date() for w in when]),
        "m": pa.array(when, pa.timestamp("us")),
        "i": pa.array([-(2**40), 0, 2**40, None]),
        "x": pa.array([0.1, -0.5, 1e300, None]),
        "e": pa.array(
            [tallymark_decimal("0.000001"), tallymark_decimal("-12.5"), None, tallymark_decimal("7")],
            pa.decimal128(18, 6),
        ),
        "b": pa.array([True, False, None, True]),
        "amount": pa.array([40, 30, 20, 10]),
        "at": pa.array(when, pa.timestamp("us")),
    }
    types = (
        "t: text, d: date, m: timestamp, i: integer, x: double, e: decimal, b: boolean, amount: integer, at: timestamp"
    )
    with opened(f"datasets:\n  rows: {{time: at, columns: {{{types}}}}}\n", {"rows": pa.table(columns)}) as book:
        for name in "tdmixe":
            found = book.ask("sum(rows.amount)", by=name, period="2024", top=2, other=True).to_dicts()
            assert [40, 30, 30] == [row["sum(rows.amount)"] for row in found], name
            last = book.ask("sum(rows.amount)", by=name, period="2024", top=-2, other=True).to_dicts()
            assert [10, 20, 70] == [row["sum(rows.amount)"] for row in last], name
        both = book.ask("sum(rows.amount)", by="b", period="2024", top=1, other=True).to_dicts()
        assert [(True, 50), (None, 50)] == [(row["b"], row["sum(rows.amount)"]) for row in both]


# --- bad input -------------------------------------------------------------------------------------------------------

WRONG: tuple[dict[str, Any], ...] = (
    {"compare": ""},
    {"compare": "previous:"},
    {"compare": "previous:-1"},
    {"compare": "previous:9999999"},
    {"compare": "previous:1.5 days"},
    {"compare": ["previous", "x" * 500]},
    {"having": ""},
    {"having": "("},
    {"having": "revenue > 'a'"},
    {"having": "plan = 'a'"},
    {"having": "null"},
    {"having": "revenue > 1 where plan = 'basic' per plan"},
    {"top": ""},
    {"top": "5 plan by"},
    {"top": "5 plan by ("},
    {"top": "5 by by by"},
    {"top": "1e3"},
    {"top": True},
    {"top": 2.5},
    {"top": "1001"},
    {"age": "nothing", "grain": "month"},
    {"age": "plan", "grain": "month"},
    {"age": "", "grain": "month"},
    {"age": "joined", "grain": "hour"},
    {"pivot": "nothing"},
    {"pivot": "age"},
    {"pivot": "period"},
    {"partial": ""},
    {"order": "age"},
    {"timezone": "Nowhere/Else"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_is_a_fault(wrong: dict[str, Any], book: tallymark.Book) -> None:
    """Whatever is written, the answer is a coded fault, and the book answers the next question."""
    asked: dict[str, Any] = {"by": "plan", "period": "2024-02"}
    assert [] != codes(book, "revenue", **(asked | wrong))
    assert 0 == book.ask("revenue", period="2023").value


def test_everything_wrong_is_told_at_once(book: tallymark.Book) -> None:
    """Faults of several options come in one run."""
    found = codes(
        book, "revenue", period="2024-02", compare="x", having="revenue", top="x", share=True, like_for_like=True,
        other=True, pivot="", partial="x", order="x",
    )  # fmt: skip
    assert {"Q550", "Q551", "Q552", "Q555", "Q557", "Q558"} <= set(found)
