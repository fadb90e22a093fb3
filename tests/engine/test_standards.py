"""Targets and bands as callers and readers get them: every format, languages, colours, receipts, lists."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import tallymark
from tallymark.definitions import ConvertDef, Project, RatesDef
from tallymark.show.tables import table

from .books import opened

YAML = """
datasets:
  rows:
    time: at
    columns: {at: date, plan: text, ok: boolean, amount: {type: decimal, unit: money}}
  rates: {time: at, columns: {at: date, to: text, rate: double}}
metrics:
  success:
    formula: count(rows where ok) / count(rows) * 100
    unit: percent
    label: {en: Success, fr: Réussite, ro: Succes}
    direction: up
    target: 60
    bands:
      leading: {above: 90, label: {de: Spitze}}
      at_risk: {above: 60, to: 90}
      own_words: {to: 60, colour: grey}
  takings: {formula: sum(rows.amount), direction: up, target: {value: 100, grain: month}}
  mean: {formula: avg(rows.amount), direction: down, decimals: 2, bands: {low: {below: 50}, high: {from: 50}}, target: 20}
  above: {formula: avg(rows.amount), direction: up, target: mean * 2}
  plain: count(rows)
"""
ROWS = [
    (date(2024, 1, 3), "a", True, "10.10"), (date(2024, 1, 4), "b", True, "20.20"),
    (date(2024, 2, 3), "a", True, "30"), (date(2024, 2, 4), "a", True, "30"), (date(2024, 2, 5), "b", False, "120.30"),
    (date(2024, 3, 3), "a", False, "1"),
]  # fmt: skip
MONTHS: dict[str, Any] = {"grain": "month", "start": "2024-01-01", "end": "2024-04-30"}


def book_in(language: str, yaml: str = YAML, **project: Any) -> tallymark.Book:
    """The book for readers of a language."""
    columns = dict(zip(("at", "plan", "ok", "amount"), zip(*ROWS, strict=True), strict=True))
    amounts = pa.array([Decimal(a) for a in columns["amount"]], pa.decimal128(18, 2))
    tables = {"rows": pa.table(columns | {"amount": amounts}), "rates": pa.table({
        "at": pa.array([date(2024, 1, 1)]), "to": ["USD"], "rate": [2.0],
    })}  # fmt: skip
    settings = Project(folder="", currency="EUR", language=language, locale=language, **project)
    return opened(yaml, tables, project=settings)


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """Four months: 100, 66.7, 0 per cent and nothing."""
    with book_in("en") as made:
        yield made


# --- formats ---------------------------------------------------------------------------------------------------------


def test_rows_hold_the_names_of_bands(book: tallymark.Book) -> None:
    """Dicts, Arrow and CSV have the name, which no language changes, and nothing where there is no value."""
    answer = book.ask("success", **MONTHS)
    names = ["leading", "at_risk", "own_words", None]
    assert names == [row["success_band"] for row in answer]
    assert pa.string() == answer.to_arrow().schema.field("success_band").type
    assert names == [row["success_band"] or None for row in csv.DictReader(io.StringIO(answer.to_csv()))]


def test_json_says_what_the_bands_are(book: tallymark.Book) -> None:
    """The column of a band names its metric, and lists each band with its label, colour and ends."""
    data = json.loads(book.ask("success", period="2024").to_json())
    assert {"success": 66.66666666666667, "success_band": "at_risk"} == pytest.approx(data["rows"][0])
    column = data["columns"][1]
    assert ("success_band", "band", "text", "success") == tuple(column[k] for k in ("name", "role", "type", "metric"))
    assert [
        {"name": "own_words", "label": "Own words", "colour": "grey", "ends": "to 60"},
        {"name": "at_risk", "label": "At risk", "colour": "yellow", "ends": "above 60, to 90"},
        {"name": "leading", "label": "Leading", "colour": "green", "ends": "above 90"},
    ] == column["bands"]


def test_parquet_and_markdown_have_the_column(book: tallymark.Book, tmp_path: Path) -> None:
    """What is written to a file has the names of the bands, as rows have."""
    answer = book.ask("success", **MONTHS)
    answer.to_parquet(tmp_path / "a.parquet")
    assert ["leading", "at_risk", "own_words", None] == pyarrow.parquet.read_table(tmp_path / "a.parquet")[
        "success_band"
    ].to_pylist()
    assert "| 2024-01-01 | 100 | leading |" in answer.to_markdown().splitlines()


def test_a_plugins_format_gets_the_column(book: tallymark.Book) -> None:
    """Formats are written from the answer, whose columns say which are bands."""
    assert "success_band" in str(book.ask("success", period="2024").to("csv")).split("\n", 1)[0]


@pytest.mark.parametrize(
    ("language", "heading", "words"),
    [("en", "Success, band", ["Leading", "At risk", "Own words"]), ("fr", "Réussite, niveau", ["En tête", "À risque"]),
     ("ro", "Succes, nivel", ["De vârf", "În pericol"]), ("de", "Success, band", ["Spitze", "At risk"])],
)  # fmt: skip
def test_readers_see_words_of_their_language(language: str, heading: str, words: list[str]) -> None:
    """Standard names have words in three languages; a label of the band's own comes first."""
    with book_in(language) as made:
        text = made.ask("success", **MONTHS).to_text()
    assert heading in text
    assert [] == [w for w in words if w not in text]


def test_a_terminal_has_the_word_in_its_colour(book: tallymark.Book) -> None:
    """With colours the word is coloured; without, it is the same word."""
    sheet = book.ask("success", **MONTHS).sheet()
    plain, coloured = table(sheet, 80), table(sheet, 80, color=True)
    assert "\x1b[32mLeading" in coloured
    assert "\x1b[93mAt risk" in coloured
    assert "\x1b[90mOwn words" in coloured
    assert "\x1b" not in plain
    assert plain == re.sub(r" +$", "", re.sub(r"\x1b\[[0-9;]*m", "", coloured), flags=re.MULTILINE)


def test_one_row_has_the_colour_too(book: tallymark.Book) -> None:
    """A row that is shown line by line has its band coloured as well."""
    sheet = book.ask("success", "mean", "takings", "plain", period="2024-01", compare="previous").sheet()
    assert "\x1b[32mLeading" in table(sheet, 60, color=True)


def test_html_has_the_word_in_its_colour(book: tallymark.Book) -> None:
    """The cell of a band is coloured, dark enough for white paper; others are not."""
    page = book.ask("success", **MONTHS).to_html()
    assert '<td style="text-align: left; color: #1a7f37">Leading</td>' in page
    assert '<td style="text-align: right">100.0%</td>' in page


def test_a_label_is_escaped() -> None:
    """A band's label is data like any other: it makes no elements, and no escapes of a terminal."""
    yaml = "datasets: {rows: {time: at}}\nmetrics:\n  m: {formula: count(rows) / count(rows), direction: up, bands: {\n"
    yaml += '    a: {below: 1, label: "<b>"}, b: {from: 1, label: "\\e[31m<i>"}}}\n'
    with book_in("en", yaml) as made:
        answer = made.ask("m", period="2024")
        assert "&lt;i&gt;" in answer.to_html()
        assert "<i>" not in answer.to_html()
        assert "\x1b" not in answer.to_text()


# --- bands and nothing else ------------------------------------------------------------------------------------------


def test_bands_can_be_left_out(book: tallymark.Book) -> None:
    """`bands=False` gives the numbers alone; an answer of one number stays one with them."""
    assert [{"success": pytest.approx(200 / 3)}] == book.ask("success", period="2024", bands=False).to_dicts()
    assert pytest.approx(200 / 3) == book.ask("success", period="2024").value


def test_a_name_that_is_taken_is_numbered(book: tallymark.Book) -> None:
    """A metric asked twice has a band each."""
    answer = book.ask("success", "success", period="2024")
    assert ["success", "success_band", "success (2)", "success (2)_band"] == [c.name for c in answer.columns]


def test_another_currency_is_held_against_nothing() -> None:
    """What amounts should be is said in their own currency, and a note says why it is left out."""
    rates = RatesDef("rates", "to", "rate", "at")
    with book_in("en", rates=rates, convert=ConvertDef("period_end")) as made:
        answer = made.ask("mean", period="2024-02", currency="USD", target=True)
        assert ["mean"] == [c.name for c in answer.columns]
        assert "`mean` is asked in another currency" in "".join(answer.notes)
        own = made.ask("mean", period="2024-02", currency="EUR", target=True)
        assert "mean_band" in [c.name for c in own.columns]


@pytest.mark.parametrize("seed", range(12))
def test_every_value_has_the_band_that_holds_it(seed: int) -> None:
    """Over random cuts and values, on the cuts and beside them, each cell's band is the one its value lies in."""
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(-50, 50), rng.randint(1, 5)))
    sides = [rng.random() < 0.5 for _ in cuts]
    ends = ["below" if after else "to" for after in sides], ["from" if after else "above" for after in sides]
    bands = [f"b0: {{{ends[0][0]}: {cuts[0]}}}"]
    bands += [
        f"b{n + 1}: {{{ends[1][n]}: {cuts[n]}" + (f", {ends[0][n + 1]}: {cuts[n + 1]}}}" if n + 1 < len(cuts) else "}")
        for n in range(len(cuts))
    ]
    values = [c + d for c in cuts for d in (-0.5, 0.0, 0.5)] + [rng.uniform(-80, 80) for _ in range(20)]
    yaml = "datasets: {rows: {time: at}}\nmetrics: {m: {formula: avg(rows.x), direction: up, bands: {%s}}}"
    rng.shuffle(bands)
    rows = {"at": [date(2024, 1, 1)] * len(values), "who": list(range(len(values))), "x": values}
    with opened(yaml % ", ".join(bands), {"rows": pa.table(rows)}) as made:
        found = {row["who"]: row["m_band"] for row in made.ask("m", by="who", period="2024")}
    # The number of cuts below a value, and at it where the value belongs to what is above.
    expected = {
        who: f"b{sum(v > c or (v == c and after) for c, after in zip(cuts, sides, strict=True))}"
        for who, v in enumerate(values)
    }
    assert expected == found


# --- targets ---------------------------------------------------------------------------------------------------------


def test_amounts_stay_exact(book: tallymark.Book) -> None:
    """The target and the distance of decimal amounts are decimals, those of counts whole numbers."""
    row = book.ask("takings", period="2024-01", target=True).to_dicts()[0]
    assert {
        "takings": Decimal("30.30"), "takings_target": Decimal(100), "takings_to_target": Decimal("-69.70"),
        "takings_result": "missed",
    } == row  # fmt: skip


def test_a_target_reads_as_the_metric_does(book: tallymark.Book) -> None:
    """Its number and the distance are in the metric's unit, of percents in points, and the result is a word."""
    text = table(book.ask("success", "takings", period="2024-02", target=True).sheet(), 60)
    shown = dict(re.split(r"  +", line) for line in text.splitlines())
    assert ("60.0%", "6.7 points", "met") == tuple(shown[f"Success, {w}"] for w in ("target", "to target", "result"))
    assert ("100.00 €", "80.30 €") == (shown["takings, target"], shown["takings, to target"])


def test_words_of_targets_are_in_the_readers_language() -> None:
    """A French reader sees `atteint` and `manqué`."""
    with book_in("fr") as made:
        text = made.ask("success", target=True, **MONTHS).to_text()
    assert [] == [w for w in ("objectif", "écart à l’objectif", "résultat", "atteint", "manqué") if w not in text]


def test_a_target_that_is_met_to_the_last_digit_is_met() -> None:
    """The noise of binary numbers misses no target."""
    yaml = "datasets: {rows: {time: at}}\nmetrics: {m: {formula: avg(rows.x), direction: down, target: 7}}"
    noisy = 7 / 100 * 100
    assert noisy > 7
    with opened(yaml, {"rows": pa.table({"at": [date(2024, 1, 1)], "x": [noisy]})}) as made:
        row = made.ask("m", period="2024", target=True).to_dicts()[0]
    assert ("met", 0.0) == (row["m_result"], row["m_to_target"])


# --- receipts and lists ----------------------------------------------------------------------------------------------


def test_a_receipt_says_where_its_number_stands(book: tallymark.Book) -> None:
    """Below the heading stand the band with its ends, and the target with the distance."""
    receipt = book.explain("success", period="2024-02")
    assert ["band: At risk (above 60, to 90)", "target: 60.0%, met (+6.7 points)"] == str(receipt).splitlines()[2:4]
    data = json.loads(receipt.to_json())
    assert {"name": "at_risk", "label": "At risk", "colour": "yellow", "ends": "above 60, to 90"} == data["band"]
    assert {"value": 60.0, "to_target": pytest.approx(20 / 3), "met": True} == data["target"]


def test_a_receipt_of_a_computed_target(book: tallymark.Book) -> None:
    """What a formula gives for the same rows is the target: twice the mean of January."""
    assert "target: €30.30, missed (-€15.15)" in str(book.explain("above", period="2024-01")).splitlines()


def test_receipts_without_standards_are_as_ever(book: tallymark.Book) -> None:
    """Of a metric without bands or target, and of a comparison, nothing is said."""
    for receipt in (
        book.explain("plain", period="2024"),
        book.explain("success", period="2024-02", compare="previous"),
    ):
        assert receipt.standing is None
        assert "band" not in receipt.to_dict()
