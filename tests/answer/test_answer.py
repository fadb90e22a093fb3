"""What an answer and a receipt give."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallymark import units
from tallymark.answer import Answer, AnswerColumn, AskedPeriod, Receipt, Step
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.query import Query

EUR = units.money("EUR")

COLUMNS = (
    AnswerColumn("plan", "dimension", Type.TEXT, None, "Plan"),
    AnswerColumn("period", "period", Type.DATE, None, "Period"),
    AnswerColumn("mrr", "metric", Type.DECIMAL, EUR, "MRR"),
    AnswerColumn("nrr", "metric", Type.DOUBLE, units.PERCENT, "Net revenue retention"),
)


def answered(rows: list[tuple[Any, ...]], columns: tuple[AnswerColumn, ...] = COLUMNS, **more: Any) -> Answer:
    """An answer of these rows."""
    types = {Type.TEXT: pa.string(), Type.DATE: pa.date32(), Type.DECIMAL: pa.decimal128(18, 6)}
    arrays = [
        pa.array([row[i] for row in rows], types.get(column.type, pa.float64())) for i, column in enumerate(columns)
    ]
    table = pa.table(dict(zip([c.name for c in columns], arrays, strict=True)))
    return Answer(columns, table, sql="SELECT 1", query=Query(("mrr", "nrr")), **({"notes": ()} | more))


def sample(**more: Any) -> Answer:
    """Two months of two plans, one of them null."""
    rows = [
        ("pro, “new”", date(2024, 5, 1), Decimal("1234.5"), 104.16),
        (None, date(2024, 6, 1), Decimal("0.1"), None),
    ]
    return answered(rows, grain="month", **more)


def test_an_answer_reads_as_a_table() -> None:
    """Labels, units, rounded numbers, cut periods and notes are what a reader sees."""
    expected = (
        "Plan        Period         MRR  Net revenue retention\n"
        "                             €\n"
        "pro, “new”  2024-05   1,234.50                 104.2%\n"
        "–           2024-06*      0.10                      –\n"
        "\n"
        "note: 1 cell: zero denominator\n"
        "note: * partial: cut by the knowledge date\n"
    )
    shown = str(sample(notes=("1 cell: zero denominator",), partial=("2024-06",)))
    assert expected == shown


def test_the_calendar_names_its_periods() -> None:
    """Labels that the calendar gives, as for fiscal years, win over plain ones."""
    shown = str(sample(periods={date(2024, 5, 1): "FY2025-M02"}))
    assert (True, True) == ("FY2025-M02" in shown, "2024-06" in shown)


def test_an_answer_in_french_has_french_numbers() -> None:
    """The answer's language decides marks and signs, not the program's."""
    assert "1\u202f234,50" in str(sample(locale="fr"))
    assert "104,2\u00a0%" in str(sample(locale="fr"))


def test_rows_are_dicts_at_full_precision() -> None:
    """Iterating gives rows; money is exact; the period is the date of its start."""
    rows = list(sample())
    assert {"plan": "pro, “new”", "period": date(2024, 5, 1), "mrr": Decimal("1234.5"), "nrr": 104.16} == rows[0]
    assert (2, 2) == (len(rows), len(sample()))


def test_csv_can_be_read_back() -> None:
    """Names head the columns, null is empty, nothing is rounded."""
    rows = list(csv.DictReader(StringIO(sample().to_csv())))
    assert {"plan": "pro, “new”", "period": "2024-05-01", "mrr": "1234.5", "nrr": "104.16"} == rows[0]
    assert {"plan": "", "period": "2024-06-01", "mrr": "0.1", "nrr": ""} == rows[1]


def test_json_has_columns_rows_and_notes() -> None:
    """A program reads units and notes as well as rows; the SQL only if asked."""
    told = json.loads(sample(notes=("careful",)).to_json(sql=True))
    assert {"name": "mrr", "role": "metric", "type": "decimal", "unit": "money (EUR)", "label": "MRR"} == (
        told["columns"][2]
    )
    assert {"plan": None, "period": "2024-06-01", "mrr": 0.1, "nrr": None} == told["rows"][1]
    assert (["careful"], "SELECT 1", "month") == (told["notes"], told["sql"], told["grain"])
    assert "sql" not in json.loads(sample().to_json())


def test_markdown_and_html_hold_every_row() -> None:
    """Markdown is exact; the notebook's table is as a reader sees it."""
    assert sample().to_markdown().splitlines()[2] == "| pro, “new” | 2024-05-01 | 1234.5 | 104.16 |"
    assert '<td style="text-align: right">1,234.50</td>' in sample()._repr_html_()


def test_parquet_keeps_types(tmp_path: Path) -> None:
    """What is written is the Arrow table itself; a folder that is not there is a fault."""
    sample().to_parquet(tmp_path / "a.parquet")
    assert sample().to_arrow().equals(pq.read_table(tmp_path / "a.parquet"))
    with pytest.raises(FaultError, match="D490"):
        sample().to_parquet(tmp_path / "nowhere" / "a.parquet")


def test_frames_have_the_same_rows() -> None:
    """pandas and polars get what Arrow has."""
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    assert [104.16] == sample().to_pandas()["nrr"].dropna().tolist()
    assert sample().to_dicts() == sample().to_polars().to_dicts()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_extra_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas or polars the fault says what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FaultError, match=rf"tallymark\[{package}\]"):
        getattr(sample(), f"to_{package}")()


def test_the_value_of_one_cell_is_the_number_itself() -> None:
    """An answer of one row and one metric is a number; any other is not."""
    one = answered([(Decimal("60"),)], (AnswerColumn("mrr", "metric", Type.DECIMAL, EUR, "MRR"),))
    assert Decimal(60) == one.value
    with pytest.raises(FaultError, match="2 rows and 2 metrics"):
        _ = sample().value


def receipt() -> Receipt:
    """A retention made of two metrics and a constant."""
    opening = Step("opening(mrr)", "window", Decimal(100), Type.DECIMAL, EUR, name="start_mrr", rows=2)
    churn = Step("sum(lost)", "aggregate", Decimal("12.5"), Type.DECIMAL, EUR, name="churn", notes=("2 nulls",))
    rest = Step("start_mrr - churn", "operator", Decimal("87.5"), Type.DECIMAL, EUR, children=(opening, churn))
    hundred = Step("100", "constant", 100, Type.INTEGER)
    text, parts = "(start_mrr - churn) / start_mrr * 100", (rest, opening, hundred)
    step = Step(text, "metric", 87.5, Type.DOUBLE, units.PERCENT, "grr", children=parts)
    june = AskedPeriod("2024-06", date(2024, 6, 1), date(2024, 7, 1))
    return Receipt("grr", "Gross retention", june, {"plan": "pro"}, 87.5, step, "SELECT 1", ("a note",))


def test_a_receipt_shows_each_part_of_the_formula_with_its_value() -> None:
    """The tree names metrics and stretches of formula, values aligned; constants are in the formula already."""
    expected = (
        "Gross retention (grr)\n"
        "2024-06 (2024-06-01 to 2024-06-30) · plan = pro\n"
        "\n"
        "grr = (start_mrr - churn) / start_mrr * 100     87.5%\n"
        "├─ start_mrr - churn                           €87.50\n"
        "│  ├─ start_mrr = opening(mrr)                €100.00   2 rows\n"
        "│  └─ churn = sum(lost)                        €12.50\n"
        "└─ start_mrr = opening(mrr)                   €100.00   2 rows\n"
        "\n"
        "note: a note\n"
        "note: churn: 2 nulls\n"
    )
    assert expected == str(receipt())


def test_a_receipt_is_data_too() -> None:
    """JSON holds the whole tree with exact values."""
    told = json.loads(receipt().to_json())
    assert (87.5, "percent", "SELECT 1") == (told["value"], told["unit"], told["sql"])
    assert {"label": "2024-06", "start": "2024-06-01", "end": "2024-07-01"} == told["period"]
    assert 12.5 == told["step"]["children"][0]["children"][1]["value"]


def test_a_part_told_once_is_not_told_again() -> None:
    """The same metric used twice is opened the first time and pointed to after."""
    leaf = Step("sum(x)", "aggregate", 1, Type.INTEGER, rows=3)
    shared = Step("sum(x) * 2", "metric", 2, Type.INTEGER, name="twice", children=(leaf,))
    root = Step("twice + twice", "operator", 4, Type.INTEGER, children=(shared, shared))
    text = str(Receipt("m", "m", AskedPeriod("all"), {}, 4, root, ""))
    assert (1, 1) == (text.count("sum(x)   "), text.count("as above"))
