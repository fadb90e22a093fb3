"""Tables, trees, sparklines, raw values."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tallymark.errors import Fault
from tallymark.place import Place
from tallymark.show.faults import fault_text, summary
from tallymark.show.periods import period_label
from tallymark.show.raw import json_text, raw
from tallymark.show.sheet import Heading, Sheet, printable, text_of
from tallymark.show.spark import sparkline
from tallymark.show.tables import html, markdown, table
from tallymark.show.tree import GLUE, Branch, tree

WIDE = Sheet(
    (Heading("plan"), Heading("Monthly revenue", "€", True), Heading("Customers", "", True)),
    (("basic", "1,234.50", "12"), ("enterprise with a long name", "98,765,432.10", "7")),
    ("2 cells: zero denominator",),
)


def test_a_table_has_units_under_titles_numbers_right_and_notes_below() -> None:
    """The layout of an answer that fits."""
    expected = (
        "plan                         Monthly revenue  Customers\n"
        "                                           €\n"
        "basic                               1,234.50         12\n"
        "enterprise with a long name    98,765,432.10          7\n"
        "\n"
        "note: 2 cells: zero denominator\n"
    )
    assert expected == table(WIDE)


@pytest.mark.parametrize("width", [16, 20, 30, 38, 45, 60, 200])
def test_a_number_is_never_cut(width: int) -> None:
    """However narrow the page, each number stands whole, and no line is longer than the page."""
    shown = table(WIDE, width)
    assert all(n in shown for n in ("1,234.50", "98,765,432.10", "12", "7"))
    assert width >= max(cell_len(line) for line in shown.split("\nnote")[0].splitlines())


def test_too_many_columns_for_the_page_become_blocks() -> None:
    """A row that cannot be one line becomes a line per column."""
    sheet = Sheet(tuple(Heading(f"metric {i}", "€", True) for i in range(9)), (("1,234,567.89",) * 9,))
    lines = table(sheet, 40).splitlines()
    assert (9, "metric 0  1,234,567.89 €") == (len(lines), lines[0])


def test_an_answer_without_rows_says_so() -> None:
    """An empty table is not an empty page."""
    assert table(Sheet((Heading("a"),), ())) == "no rows\n"


def test_a_reader_is_not_shown_a_million_rows() -> None:
    """A page has its first rows, and says how many are left out."""
    sheet = Sheet((Heading("a"),), tuple((str(i),) for i in range(1200)))
    assert (
        "note: these are the first 1,000 of 1,200 rows; CSV, JSON and Parquet have all"
        == (table(sheet.page()).splitlines()[-1])
    )
    assert 1000 == len(sheet.page().rows)
    assert sheet is sheet.page(1200)


def test_html_and_markdown_escape_what_data_says() -> None:
    """A name in the data can break neither a page nor a table."""
    sheet = Sheet((Heading("plan"),), (("<b>|x",),))
    assert "&lt;b&gt;|x" in html(sheet)
    assert markdown(sheet).splitlines()[2] == "| <b>\\|x |"


def test_rich_markup_in_data_is_only_text() -> None:
    """Square brackets in a name are shown, not obeyed."""
    assert "[red]x[/red]" in table(Sheet((Heading("plan"),), (("[red]x[/red]",),)))


@pytest.mark.parametrize(
    ("expected", "text"), [("a\\x1b[31mb", "a\x1b[31mb"), ("a\\nb", "a\nb"), ("é 1\u202f0", "é 1\u202f0")]
)
def test_a_name_cannot_command_the_terminal(expected: str, text: str) -> None:
    """Control characters are written out; letters and the spaces inside numbers stay."""
    assert expected == printable(text)


@pytest.mark.parametrize(
    ("expected", "value"),
    [("–", None), ("true", True), ("2024-06-01", date(2024, 6, 1)), ("2024-06-01 14:05", datetime(2024, 6, 1, 14, 5))],
)
def test_values_that_are_no_numbers_have_plain_texts(expected: str, value: Any) -> None:
    """Null is a dash, dates are ISO."""
    assert expected == text_of(value)


@pytest.mark.parametrize(
    ("expected", "start", "grain"),
    [
        ("2024", date(2024, 1, 1), "year"),
        ("2024-Q2", date(2024, 4, 1), "quarter"),
        ("2024-06", date(2024, 6, 1), "month"),
        ("2024-W23", date(2024, 6, 3), "week"),
        ("2024-06-02", date(2024, 6, 2), "week"),
        ("2024-05", date(2024, 5, 1), "quarter"),
        ("2024-04", date(2024, 4, 1), "year"),
        ("2025-W01", date(2024, 12, 30), "week"),
        ("2024-06-15", date(2024, 6, 15), "day"),
        ("2024-06-15 14:00", datetime(2024, 6, 15, 14), "hour"),
        ("2024-06-15", date(2024, 6, 15), None),
    ],
)
def test_a_period_is_named_by_its_grain(expected: str, start: date, grain: str | None) -> None:
    """The labels are those a question's `--period` takes; without a calendar, odd starts are told as dates."""
    assert expected == period_label(start, grain)


def test_a_sparkline_spans_the_lowest_and_the_highest() -> None:
    """Null is a gap; a flat series is a flat line in the middle."""
    assert ("▁▅ █", "▄▄", "  ", "") == (
        sparkline([1, Decimal(5), None, 8]),
        sparkline([3, 3]),
        sparkline([None, None]),
        sparkline([]),
    )


def test_a_tree_aligns_values() -> None:
    """Values stand in one column, what they are made of below."""
    root = Branch("a + b", "€12.00", "", (Branch("a", "€2.00", "3 rows"), Branch("b", "€10.00", "1 row")))
    assert "a + b   €12.00\n├─ a     €2.00   3 rows\n└─ b    €10.00   1 row\n" == tree(root)


def test_a_long_text_of_a_tree_goes_on_in_the_next_line() -> None:
    """No text is cut, values stay beside the first line, glued words stay together, long words are broken."""
    long = Branch(f"alpha beta gamma [no{GLUE}break] {'x' * 14}", "€12.00", "", (Branch("alpha", "€2.00"),))
    expected = (
        "sum                 €12.00\n"
        "└─ alpha beta       €12.00\n"
        "   │    gamma\n"
        "   │    [no break] x\n"
        "   │    xxxxxxxxxxxx\n"
        "   │    x\n"
        "   └─ alpha          €2.00\n"
    )
    assert expected == tree(Branch("sum", "€12.00", "", (long,)), 26)


def test_labels_of_a_tree_stand_where_there_is_room() -> None:
    """A wide page has labels, a narrow one keeps the texts whole instead."""
    root = Branch("start_mrr = opening(mrr)", "€2.00", "", (), "MRR at the start")
    told = tuple(tree(root, width) for width in (None, 80, 40))
    assert ("start_mrr = opening(mrr)   €2.00   MRR at the start\n",) * 2 == told[:2]
    assert "start_mrr = opening(mrr)   €2.00\n" == told[2]


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("", None),
        ("", float("inf")),
        ("true", True),
        ("1234.5", Decimal("1234.500000")),
        ("100", Decimal("1E+2")),
        ("0", Decimal("-0.00")),
        ("0.1", 0.1),
        ("3", 3.0),
        ("2024-06-01T14:05:00", datetime(2024, 6, 1, 14, 5)),
    ],
)
def test_raw_values_keep_every_digit(expected: str, value: Any) -> None:
    """What programs read is exact and has no language."""
    assert expected == raw(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**17), max_value=10**17), st.text())
def test_json_keeps_decimals_exact_and_texts_whole(value: Decimal, text: str) -> None:
    """A decimal is a JSON number with all its digits; no text is mistaken for one."""
    told = json.loads(json_text({"value": value, "text": text}), parse_float=Decimal, parse_int=Decimal)
    assert {"value": value, "text": text} == told


def test_json_has_no_nan() -> None:
    """NaN and infinities, which JSON does not have, are null."""
    assert json_text([float("nan"), Decimal("Infinity"), date(2024, 1, 2)], indent=None) == '[null, null, "2024-01-02"]'


def test_faults_are_shown_with_their_caret_and_counted() -> None:
    """A tab before the stretch does not shift the caret, an escape character is not obeyed."""
    fault = Fault("T103", "unknown metric `a\x1b`", Place("m.yaml", 1, 2, 1, "\ta"), severity="warning")
    lines = fault_text(fault).split("\n")
    assert (lines[0], lines[3].index("a"), lines[4].index("^")) == ("warning[T103]: unknown metric `a\\x1b`", 8, 8)
    assert ("1 error, 2 warnings", "no faults") == (summary([Fault("T1", "x"), fault, fault]), summary([]))
