"""What a plugin gives works where the built-in things of its kind do. The plugin is that of `plugins/HOOKS.md`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tallymark
from tallymark.errors import FaultError
from tallymark.lower import lower
from tallymark.notifier import IMPORTANCES, Notification
from tallymark.query import Query
from tallymark.render import render
from tallymark.source import Site

from . import hooks_page

ACME = hooks_page.plugin()
ROWS = [
    ("2024-01-05", "a", "1500", "300.00", "3", "true"),
    ("2024-01-20", "b", "500", "100.00", "4", "false"),
    ("2024-02-03", "a", "2500", "750.00", "12", "true"),
    ("2024-02-04", "b", "", "", "", "false"),
]
PROJECT = """
name: Shipping
language: en
currency: EUR
plugins: {config: {acme: {factor: 3}}}
packs: [acme]
sources: {pulse: {kind: heartbeat, beats: 4}}
datasets:
  pulses: {implements: pulses, source: pulse, table: beats, columns: {n: integer, kg: {unit: acme.kilograms}}}
  shipments:
    table: shipments.csv
    time: day
    columns: {day: date, who: text, kg: {unit: acme.kilograms}, price: {unit: money}, x: integer, big: boolean}
  same: {transform: acme.same(shipments)}
  named: {transform: "acme.length(shipments, text: who)"}
"""
METRICS = """
metrics:
  weight: {formula: sum(shipments.kg), unit: acme.tonnes, label: Weight}
  price: {formula: sum(shipments.price) / sum(shipments.kg), label: Price}
  rms: acme.rms(shipments.x)
  spread: {formula: acme.spread(shipments.x), label: Spread}
  risk: {formula: "acme.risk(count(shipments), count(shipments where big))", label: Risk}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that takes something of every kind from the plugin."""
    made = tmp_path_factory.mktemp("shipping")
    (made / "metrics").mkdir()
    (made / "tally.yaml").write_text(PROJECT)
    (made / "metrics" / "m.yaml").write_text(METRICS)
    lines = ["day,who,kg,price,x,big", *(",".join(row) for row in ROWS)]
    (made / "shipments.csv").write_text("\n".join(lines) + "\n")
    return made


@pytest.fixture(scope="module")
def book(folder: Path) -> Iterator[tallymark.Book]:
    """The project, opened."""
    with tallymark.open(folder, plugins=[ACME]) as opened:
        yield opened


def by_month(book: tallymark.Book, formula: str, **question: Any) -> list[Any]:
    """The values of January, February and March."""
    return [row[formula] for row in book.ask(formula, grain="month", period="2024-Q1", **question)]


FIGURES = [
    ("sum(acme.times(shipments.x))", [21, 36, 0]),
    ("acme.times(spread)", [3, 0, None]),
    ("acme.spread(shipments.x)", [1, 0, None]),
    ("acme.spread(shipments.x where who = 'a')", [0, 0, None]),
    ("cumulative(acme.spread(shipments.x))", [1, 9, 9]),
    ("trailing(acme.spread(shipments.x), 2 months)", [1, 9, 0]),
    ("acme.rms(shipments.x)", [math.sqrt(12.5), 12.0, None]),
    ("acme.rms(shipments.x where big)", [3.0, 12.0, None]),
    ("cumulative(acme.rms(shipments.x))", [math.sqrt(12.5), math.sqrt(169 / 3), math.sqrt(169 / 3)]),
    ("trailing(acme.rms(shipments.x), 2 months)", [math.sqrt(12.5), math.sqrt(169 / 3), 12.0]),
    ("previous(acme.rms(shipments.x))", [None, math.sqrt(12.5), 12.0]),
    ("acme.spread(sum(shipments.x) per who)", [1, 12, None]),
    ("acme.rms(sum(shipments.x) per who)", [math.sqrt(12.5), math.sqrt(72), None]),
    ("count(same)", [2, 2, 0]),
    ("sum(named.letters)", [2, 2, 0]),
    ("risk", [2 / 3, 2 / 3, 1 / 2]),
    ("beats", [6, 6, 6]),
]
"""Worked out by hand: x is 3 and 4 in January, 12 and nothing in February; who has no row sums to 0 or is not there."""


@pytest.mark.parametrize(("formula", "expected"), FIGURES, ids=[f for f, _ in FIGURES])
def test_figures(book: tallymark.Book, formula: str, expected: list[Any]) -> None:
    """Functions, aggregates (in parts and whole, over every kind of window), transforms, sources and packs."""
    found = by_month(book, formula)
    assert [None if e is None else pytest.approx(e) for e in expected] == found


def test_how_a_plugins_aggregate_is_put_together(book: tallymark.Book) -> None:
    """One with partial results is merged from them; one without goes back to the rows."""
    how = book.ask("cumulative(rms)", "trailing(spread, 2 months)", grain="month", period="2024-Q1").how
    assert ["acme.rms", "acme.spread"] == sorted(line.split("(")[0] for line in how)
    rows = {line.split("(")[0]: line for line in how}
    assert "row by row" in rows["acme.spread"]
    assert "row by row" not in rows["acme.rms"]


def test_units(book: tallymark.Book) -> None:
    """Kilograms are read in tonnes; tonnes add up, divide money, and are shown with their sign."""
    assert [2.0, 2.5, 0.0] == by_month(book, "weight")
    assert [200.0, 300.0, None] == by_month(book, "price")
    units = {name: str(book.metrics[name].unit) for name in ("weight", "price")}
    assert {"weight": "acme.tonnes", "price": "EUR / acme.tonnes"} == units
    assert "4.5 t" in str(book.explain("weight", period="2024"))
    (titles, signs) = str(book.ask("weight", "price", period="2024-01")).splitlines()[:2]
    assert (["Weight", "Price"], ["t", "EUR", "/", "t"]) == (titles.split(), signs.split())


WRONG_UNITS = [
    ("sum(shipments.kg) + sum(shipments.price)", "U301"),
    ("sum(shipments.kg) + 1", "U301"),
    ("sum(shipments.kg) > sum(shipments.price)", "U301"),
    ("sqrt(sum(shipments.kg))", "U302"),
]


@pytest.mark.parametrize(("formula", "code"), WRONG_UNITS)
def test_units_do_not_mix(book: tallymark.Book, formula: str, code: str) -> None:
    """What is not of one measure does not add up or compare."""
    with pytest.raises(FaultError) as caught:
        book.ask(formula, period="2024")
    assert code == caught.value.faults[0].code


def test_a_share_of_a_plugins_unit_is_a_ratio(book: tallymark.Book) -> None:
    """A measure over itself is a fraction, and times 100 a percent."""
    answer = book.ask("sum(shipments.kg where big) / sum(shipments.kg) * 100", period="2024-01")
    assert (75.0, "percent") == (answer.value, str(answer.columns[-1].unit))


@pytest.mark.parametrize(
    ("written", "code"), [("acme.tons", "R029"), ("acme.tonnes: 2", "R029"), ("bcme.tonnes", "R029")]
)
def test_unknown_units(folder: Path, written: str, code: str) -> None:
    """A unit that no plugin gives is told where it is written, with the nearest one."""
    file = folder / "metrics" / "wrong.yaml"
    file.write_text(f"metrics: {{wrong: {{formula: weight, unit: '{written}', label: W}}}}\n")
    try:
        with tallymark.open(folder, plugins=[ACME], strict=False) as opened:
            (fault,) = opened.faults
    finally:
        file.unlink()
    assert (code, 1) == (fault.code, fault.place.line if fault.place else None)


def test_formats(book: tallymark.Book) -> None:
    """An answer is written in a plugin's format as in the built-in ones, which come the same way."""
    answer = book.ask("spread", grain="month", period="2024-Q1")
    first, *_ = str(answer.to("acme.lines")).splitlines()
    assert '{"period": "2024-01-01", "spread": 1}' == first
    same = {
        "csv": answer.to_csv(),
        "json": answer.to_json(),
        "markdown": answer.to_markdown(),
        "table": answer.to_text(),
    }
    assert same == {name: answer.to(name) for name in same}
    assert b"PAR1" == bytes(answer.to("parquet"))[:4]  # type: ignore[arg-type]  # it is binary
    assert "<table>" in str(answer.to("html"))
    long = book.ask("spread", grain="day", period="2024", sparse=False)
    assert 366 == len(long)
    assert [True, True] == [str(long.to(name)).count("2024-") >= 366 for name in ("table", "html")], "every row"
    pivoted = book.ask("spread", by="who", period="2024-01", pivot="who")
    assert '{"a": 0, "b": 0}' == str(pivoted.to("acme.lines")).strip()
    with pytest.raises(FaultError) as caught:
        answer.to("acme.line")
    assert ("P714", "did you mean `acme.lines`?") == (caught.value.faults[0].code, caught.value.faults[0].help)


def test_checks(book: tallymark.Book) -> None:
    """They find what they look for, in `check` and not before; what they find keeps nothing from being asked."""
    assert () == book.faults
    found = [(f.code, f.severity, f.message, f.place.line if f.place else 0) for f in book.check()]
    assert [("acme.label", "warning", "the metric `rms` has no label", 5)] == found


def test_notifiers(book: tallymark.Book, tmp_path: Path) -> None:
    """A notifier is made of its options, and sends what it is given as text."""
    made = book.plugins.notifiers["acme.paper"].make({"path": "out"}, tmp_path)
    made.send(Notification("NRR fell", "From 104% to 96%.", "warning", {"metric": "nrr"}, fields={"value": 0.96}))
    made.send(Notification("<b>not markup</b> {{x}}"))
    first, second = (tmp_path / "out").read_text().splitlines()
    assert '"severity": "warning"' in first
    assert "<b>not markup</b> {{x}}" in second


@pytest.mark.parametrize("wrong", [{"subject": " "}, {"subject": "a\nb"}, {"subject": "a", "severity": "loud"}])
def test_a_notification_says_something(wrong: dict[str, Any]) -> None:
    """A subject is one line, and the severity one of three."""
    with pytest.raises(ValueError, match=r"notification"):
        Notification(**wrong)
    assert 3 == len(IMPORTANCES)


def test_columns_and_functions_of_one_name(tmp_path: Path) -> None:
    """A dataset may be called like a plugin: a name with parentheses is a function, one without a column."""
    text = "metrics: {a: {formula: sum(acme.times(acme.times)), label: A}}"
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "m.yaml").write_text(text)
    (tmp_path / "tally.yaml").write_text(
        "datasets: {acme: {table: t.csv, columns: {day: date, times: decimal}, time: day}}"
    )
    (tmp_path / "t.csv").write_text("day,times\n2024-01-01,2.5\n")
    with tallymark.open(tmp_path, plugins=[ACME]) as opened:
        assert Decimal("5.0") == opened.ask("a", start=date(2024, 1, 1), end=date(2024, 1, 1)).value


@pytest.mark.parametrize(
    ("formula", "help_"),
    [
        ("acme.tims(spread)", "did you mean `acme.times`?"),
        ("shipments.x.sum(x)", "put the column inside: `sum(shipments.x)`"),
    ],
)
def test_unknown_dotted_functions(book: tallymark.Book, formula: str, help_: str) -> None:
    """A dotted name before parentheses that is no function is told as one, with a way out."""
    with pytest.raises(FaultError) as caught:
        book.ask(formula, period="2024")
    assert [("T104", help_)] == [(f.code, f.help) for f in caught.value.faults]


def in_postgres(book: tallymark.Book, formula: str) -> str:
    """The statement that answers a formula in PostgreSQL's words, on one line."""
    asked = book._questions.bind(Query((formula,), period="2024-01"))
    site = Site(SimpleNamespace(dialect="postgres"), lambda name: ("public", name))  # type: ignore[arg-type]
    plan = lower(book.catalog, asked.question).plan
    return " ".join(render(plan, book.catalog, site, functions=book.plugins.functions).sql.split())


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("acme.times(sum(shipments.x))", r'"n0" \* 3 '),
        ("acme.spread(shipments.x)", r'MAX\("x0"\) - MIN\("x0"\)'),
        ("acme.rms(shipments.x)", r'SUM\( ?CAST\("x0" AS DOUBLE PRECISION\) \* CAST\("x0" AS DOUBLE PRECISION\) ?\)'),
    ],
)
def test_another_database(book: tallymark.Book, formula: str, expected: str) -> None:
    """What a plugin writes in DuckDB's words is put into those of another database."""
    assert re.search(expected, in_postgres(book, formula))
