"""Hostile text is data and nothing else; hostile formulas and questions are refused, or answered in seconds."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

import tallymark
from tallymark.errors import FaultError

from .books import opened

HOSTILE = (
    "'", "''", "\\", "\\'", '"', "`", "%", "_", ";", "--", "/*", "*/", "$$", "$x", "{x}", "{{ 7 * 7 }}", "?", ":x",
    "@x",
    "x'); DROP TABLE rows; --", "' OR '1'='1", "'; COPY rows TO '/tmp/x'; --", "') UNION SELECT 1 --", "\n; SELECT 1",
    "x' AND 1 = 1 AND 'a' = 'a", "\u2028", "\ufeff", "’ OR 1=1", "𝕏", "null", "NULL", "true", "1", "",
    " x ", "E'\\n'", "U&'\\0041'", "chr(39)", "\t", "a\r\nb", "read_csv('/etc/passwd')", "1; ATTACH 'x.db'",
)  # fmt: skip

YAML = """
parameters:
  p: {type: text, default: x}
  list: {type: list, default: [x]}
datasets:
  rows: {key: id, columns: {id: integer, t: text}}
metrics:
  n: count(rows)
  same: count(rows where t = $p)
  among: count(rows where t in ($list))
  total_n: sum(rows.id)
"""


def rows(texts: list[str]) -> dict[str, pa.Table]:
    """A table with one row for each text."""
    return {"rows": pa.table({"id": pa.array(range(len(texts)), pa.int64()), "t": pa.array(texts, pa.string())})}


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """A book whose rows hold every hostile text."""
    with opened(YAML, rows(list(HOSTILE))) as found:
        yield found


def quoted(text: str) -> str:
    """The text as a literal of the formula language."""
    return "'" + text.replace("'", "''") + "'"


def only(answer: tallymark.Answer) -> Any:
    """The value of the only cell, after making sure that one SELECT gave it."""
    assert_one_select(answer.sql)
    (row,) = answer.to_dicts()
    return list(row.values())[-1]


def assert_one_select(sql: str) -> None:
    """Both parsers find exactly one statement, a SELECT, and no call that reads anything but rows."""
    assert [duckdb.StatementType.SELECT] == [s.type for s in duckdb.extract_statements(sql)]
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # sqlglot takes some twenty calls for each parenthesis
    try:
        (tree,) = sqlglot.parse(sql, dialect="duckdb")
    finally:
        sys.setrecursionlimit(usual)
    assert isinstance(tree, exp.Select)
    assert [] == [f.sql() for f in tree.find_all(exp.ReadCSV, exp.Command, exp.Drop, exp.Copy, exp.Attach)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_compares_as_data(book: tallymark.Book, text: str) -> None:
    """Wherever a text may stand, it finds its own row and nothing else happens."""
    literal = quoted(text)
    forms = (
        f"count(rows where t = {literal})",
        f"(n where t = {literal})",
        f"sum(if(rows.t = {literal}, 1, 0))",
        f"count(rows where t in ({literal}, 'nothing else'))",
        f"count(rows where contains(t, {literal}) and t = {literal})",
        "same",
        "among",
    )
    given = {"p": text, "list": [text]}
    answer = book.ask(*forms, "n", period="2024", parameters=given)
    assert_one_select(answer.sql)
    (row,) = answer.to_dicts()
    assert [*[1] * len(forms), len(HOSTILE)] == list(row.values())
    assert 1 == only(book.ask("n", period="2024", where=f"t = {literal} or t = {literal} and id < 0"))


def test_hostile_texts_come_back_as_they_are(book: tallymark.Book) -> None:
    """Grouped by, every text is a group of its own, unchanged, also in CSV and JSON."""
    answer = book.ask("n", by="t", period="2024")
    assert dict.fromkeys(HOSTILE, 1) == {row["t"]: row["n"] for row in answer.to_dicts()}
    assert set(HOSTILE) == {row["t"] for row in csv.DictReader(answer.to_csv().splitlines(keepends=True))} | {
        t for t in HOSTILE if any(c in t for c in "\r\n")
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), min_size=1, max_size=6))
def test_any_text_compares_as_data(texts: list[str]) -> None:
    """A literal finds exactly the rows that hold that text."""
    formulas = dict.fromkeys(f"count(rows where t = {quoted(text)})" for text in texts)
    with opened(YAML, rows(texts)) as book:
        answer = book.ask(*formulas, "same", period="2024", parameters={"p": texts[0]})
        assert_one_select(answer.sql)
        (row,) = answer.to_dicts()
        assert [*(texts.count(text) for text in dict.fromkeys(texts)), texts.count(texts[0])] == list(row.values())
        assert texts.count(texts[-1]) == only(book.ask("n", period="2024", where=f"t = {quoted(texts[-1])}"))


@pytest.mark.parametrize("text", [t for t in HOSTILE if t.strip()])
def test_a_hostile_name_is_a_fault(book: tallymark.Book, text: str) -> None:
    """A hostile text as a dimension, an order, a grain, a period, a date, a zone or a parameter's name is a fault."""
    for options in (
        {"by": text}, {"order": text}, {"grain": text}, {"period": text}, {"start": text}, {"timezone": text},
        {"parameters": {text: 1}}, {"as_of": text},
    ):  # fmt: skip
        with pytest.raises(FaultError) as caught:
            book.ask("n", **({"end": "2024-12-31"} | options))  # type: ignore[arg-type]
        assert all(f.code[1:].isdigit() for f in caught.value.faults), options


@pytest.mark.parametrize("text", [t for t in HOSTILE if t not in ("1", "true", "null", "''")])
def test_a_hostile_text_as_a_formula_is_a_fault(book: tallymark.Book, text: str) -> None:
    """As a metric or a condition it is a coded fault, or nothing at all when blank; never SQL."""
    with pytest.raises(FaultError):
        book.ask(text, period="2024")
    if text.strip():
        with pytest.raises(FaultError):
            book.ask("n", period="2024", where=text)


@pytest.mark.parametrize("header", ['t"; DROP TABLE x; --', "it's", "a b", "é€", "{x}", "select", "x)--", "a.b", "''"])
def test_hostile_headers_are_names_of_columns(tmp_path: Path, header: str) -> None:
    """A CSV column of any name can be read under a plain one, and the file may be called anything that is no path."""
    name = "wei'rd \"; --.csv"
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([["id", header], ["1", "x"], ["2", "y"]])
    column = header.replace("'", "''")
    (tmp_path / "tally.yaml").write_text(
        f"name: x\ndatasets:\n  rows:\n    table: '{name.replace(chr(39), chr(39) * 2)}'\n"
        f"    columns: {{id: integer, t: {{type: text, column: '{column}'}}}}\n",
        encoding="utf-8",
    )
    with tallymark.open(tmp_path, plugins=False) as book:
        assert 1 == only(book.ask("count(rows where t = 'y')", period="2024"))
        found = book.ask("count(rows)", by="t", period="2024").to_dicts()
        assert [("x", 1), ("y", 1)] == [(row["t"], row["count(rows)"]) for row in found]


@pytest.mark.parametrize(
    "table", ["../outside.csv", "/etc/passwd", "https://example.com/x.csv", "link.csv", "a/../../outside.csv"]
)
def test_tables_stay_in_their_folder(tmp_path: Path, table: str) -> None:
    """A table outside of the project's folder, by path, link or address, is refused."""
    (tmp_path / "outside.csv").write_text("id\n1\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "tally.yaml").write_text(f"name: x\ndatasets:\n  rows: {{table: '{table}', columns: {{id: integer}}}}\n")
    with tallymark.open(folder, strict=False, plugins=False) as book:
        (fault,) = book.faults
        assert fault.code in ("D412", "D413")
        with pytest.raises(FaultError):
            book.ask("count(rows)", period="2024")


# --- size and depth --------------------------------------------------------------------------------------------------

SECONDS = 10.0
"""The longest a refusal or an answer of these tests may take."""


def answered_or_refused(book: tallymark.Book, formula: str) -> Any:
    """The value of a formula, or the codes of its faults; in seconds."""
    began = time.monotonic()
    try:
        found = only(book.ask(formula, period="2024"))
    except FaultError as error:
        found = {f.code for f in error.faults}
    assert time.monotonic() - began < SECONDS
    return found


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 100_000 + "n" + ")" * 100_000,
        "(" * 100_000,
        ")" * 100_000,
        "not " * 100_000 + "true",
        "-" * 100_000 + "n",
        "if(" * 30_000,
        "n" * 1_000_000,
        "'" + "x" * 1_000_000 + "'",
        "sqrt(" * 5_000 + "n" + ")" * 5_000,
        "case when true then " * 5_000 + "1" + " end" * 5_000,
    ],
    ids=["parentheses", "open", "closed", "not", "minus", "if", "name", "text", "calls", "case"],
)
def test_deep_and_long_formulas_are_refused(book: tallymark.Book, formula: str) -> None:
    """What is too deep or too long for any purpose is a fault of syntax, at once."""
    found = answered_or_refused(book, formula)
    assert isinstance(found, set)
    assert {"S", "T"} >= {code[0] for code in found}


def test_many_terms(book: tallymark.Book) -> None:
    """10,000 terms are more than a formula may have; 2,000 are answered."""
    assert answered_or_refused(book, " + ".join(["n"] * 10_000)) in ({"S102"}, {"S103"})
    assert 2_000 * len(HOSTILE) == answered_or_refused(book, " + ".join(["n"] * 2_000))


@pytest.mark.parametrize("first", ["count(rows where id = 0)", "sum(rows.id + 1.5)"])
def test_a_doubling_chain(first: str) -> None:
    """m60, each the one before twice, is 2^60 times m0: shared sub-metrics are computed once, not 2^60 times."""
    chain = "\n".join(f"  m{i}: m{i - 1} + m{i - 1}" for i in range(1, 61))
    with opened(f"{YAML}  m0: {first}\n{chain}\n", rows(["x"])) as book:
        start = answered_or_refused(book, "m0")
        if isinstance(start, int):
            assert 2**60 == answered_or_refused(book, "m60")
            assert 2**60 + 2**59 == answered_or_refused(book, "m60 + m59")
        else:
            assert float(start) * 2.0**60 == answered_or_refused(book, "m60 * 1e0")


def test_a_doubling_chain_that_overflows() -> None:
    """m70 does not fit into a whole number of 64 bits: an error, never a wrong number."""
    chain = "\n".join(f"  m{i}: m{i - 1} + m{i - 1}" for i in range(1, 71))
    with opened(f"{YAML}  m0: count(rows)\n{chain}\n", rows(["x"])) as book:
        assert {"D402"} == answered_or_refused(book, "m70")


NESTED = (
    "sqrt({})", "greatest({}, 1)", "clamp({}, 0, 9)", "divide({}, 2)", "divide(2, {})", "1 / ({})", "({}) ?? 0",
    "mod(7, {})", "scale({}, 0, 9)", "pow({}, 1)", "band({}, 1, 2)", "weighted_mean({}, 1)", "abs({})", "-({})",
    "if({} > 1, 2, 1)", "if({} in (1, 2), 1, 2)", "if({} between 1 and 2, 1, 2)", "({} + 1)",
    "case when true then {} end", "ln({})", "coverage({}, 1)",
)  # fmt: skip
NESTED_METRICS = (
    "previous({})",
    "total({})",
    "({} where id >= 0)",
    "max({} per id)",
    "trailing({}, 3 days)",
    "growth({})",
)


@pytest.mark.parametrize("depth", [7, 60])
@pytest.mark.parametrize("form", NESTED)
def test_nested_functions_over_rows_do_not_explode(book: tallymark.Book, form: str, depth: int) -> None:
    """One function in itself, 7 and 60 deep, is a number or a fault about depth, within seconds, in every row."""
    text = "rows.id"
    for _ in range(depth):
        text = form.format(text)
    assert_number_or_too_deep(answered_or_refused(book, f"sum({text})"))


@pytest.mark.parametrize("form", [*NESTED, *NESTED_METRICS])
def test_nested_functions_over_metrics_do_not_explode(book: tallymark.Book, form: str) -> None:
    """The same over metrics, 60 deep, where what is named twice is a column of its own."""
    text = "n"
    for _ in range(60):
        text = form.format(text)
    assert_number_or_too_deep(answered_or_refused(book, text))


@pytest.mark.parametrize("form", NESTED)
def test_chains_of_metrics_do_not_explode(form: str) -> None:
    """Forty metrics, each a function of the one before, are answered."""
    chain = "\n".join(f"  m{i}: {form.format(f'm{i - 1}')!r}" for i in range(1, 41))
    with opened(f"{YAML}  m0: n\n{chain}\n", rows(["x", "y"])) as book:
        assert not isinstance(answered_or_refused(book, "m40"), set)


def assert_number_or_too_deep(found: Any) -> None:
    """A number or null; or faults, each of a cap."""
    if isinstance(found, set):
        assert {"S104", "S105", "S106"} >= found


def test_long_chains_of_metrics() -> None:
    """A thousand metrics, each on the one before, are checked and answered, or the cap is told."""
    chain = "\n".join(f"  m{i}: m{i - 1} + 1" for i in range(1, 1001))
    with opened(f"{YAML}  m0: n\n{chain}\n", rows(["x"]), strict=False) as book:
        found = answered_or_refused(book, "m1000")
        assert found in (1001, {"Q510"}, {"S105"})
        assert 101 == answered_or_refused(book, "m100")


# --- questions that are too large ------------------------------------------------------------------------------------

TIMED = """
datasets:
  events: {time: at, columns: {a: integer, b: integer, at: timestamp}}
metrics:
  n: count(events)
"""


@pytest.fixture(scope="module")
def timed() -> Iterator[tallymark.Book]:
    """A few thousand rows with a time, and two columns of many values."""
    size = 3_000
    table = pa.table(
        {
            "a": pa.array(range(size), pa.int64()),
            "b": pa.array(range(size), pa.int64()),
            "at": pa.array([1_704_067_200_000_000 + i for i in range(size)], pa.timestamp("us")),
        }
    )
    with opened(TIMED, {"events": table}) as found:
        yield found


def refusal(book: tallymark.Book, *metrics: str, **options: Any) -> str:
    """The message of the fault, which must come at once."""
    began = time.monotonic()
    with pytest.raises(FaultError) as caught:
        book.ask(*metrics, **options)
    assert time.monotonic() - began < SECONDS
    (fault,) = caught.value.faults
    assert fault.code.startswith("Q")
    return fault.message


def test_a_huge_range_of_hours_is_refused_with_its_count(timed: tallymark.Book) -> None:
    """A thousand years of hours are refused at once, and the number of cells is told."""
    assert "8,765,832" in refusal(timed, "n", start="1900-01-01", end="2899-12-31", grain="hour")


def test_many_cells_are_refused_with_their_count(timed: tallymark.Book) -> None:
    """Three thousand groups by a year of days are more than a million cells: refused with the count."""
    assert "1,098,000" in refusal(timed, "n", by="a", start="2024-01-01", end="2024-12-31", grain="day")


def test_many_pieces_are_refused(timed: tallymark.Book) -> None:
    """An aggregate over the hours of centuries is refused too."""
    assert "1,000,000" in refusal(timed, "avg(n per hour)", start="1900-01-01", end="2899-12-31")


def test_many_dimensions_are_refused(timed: tallymark.Book) -> None:
    """More dimensions than anyone can read are refused."""
    assert "9" in refusal(
        timed, "n", by=["a", "b", "at", "events.a", "events.b", "events.at", "x", "y", "z"], period="2024"
    )


def test_patterns_run_in_linear_time() -> None:
    """A pattern that is a catastrophe elsewhere answers at once."""
    began = time.monotonic()
    with opened(YAML, rows(["a" * 50_000 + "!"])) as book:
        assert 0 == only(book.ask("count(rows where matches(t, '^(a+)+$'))", period="2024"))
    assert time.monotonic() - began < SECONDS
