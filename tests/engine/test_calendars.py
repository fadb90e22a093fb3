"""Calendars of a project's own, as a book uses them: read in time, checked, told, and moved with the zone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import tallymark
from tallymark.errors import FaultError

HEAD = "first,last,month,quarter,year\n"
SOUND = "2024-01-01,2024-01-31,1,1,2024\n2024-02-01,2024-03-15,2,1,2024\n"
TALLY = """
calendar: {dataset: periods, start: first, end: last, month: month, quarter: quarter, year: year}
datasets:
  periods: {table: periods.csv, columns: {first: date, last: date, month: integer, quarter: integer, year: integer}}
  visits: {table: visits.csv, time: at, columns: {at: instant}}
"""
VISITS = "at\n2024-01-31T22:30Z\n2024-01-31T23:30Z\n2024-03-15T12:00Z\n"


def project(folder: Path, periods: str, tally: str = TALLY) -> Path:
    """A project with this table of periods."""
    folder.joinpath("tally.yaml").write_text(tally)
    folder.joinpath("periods.csv").write_text(HEAD + periods)
    folder.joinpath("visits.csv").write_text(VISITS)
    return folder


def test_labels_are_told_and_understood(tmp_path: Path) -> None:
    """An answer and a receipt call periods as the calendar does, and what they say can be asked."""
    with tallymark.open(project(tmp_path, SOUND)) as book:
        answer = book.ask("count(visits)", start="2024-01-01", end="2024-03-15", grain="month")
        assert ["FY2024-P01", "FY2024-P02"] == [row[0] for row in answer.sheet().rows]
        assert [2, 1] == answer.table.column(1).to_pylist()
        receipt = book.explain("previous(count(visits))", period="FY2024-P02")
        assert 2 == receipt.value
        assert "FY2024-P02 (2024-02-01 to 2024-03-15)" in str(receipt)
        assert "[FY2024-P01]" in str(receipt)


def test_a_zone_moves_the_edges_of_periods(tmp_path: Path) -> None:
    """Periods begin at midnight of the zone that a question asks for."""
    with tallymark.open(project(tmp_path, SOUND)) as book:
        for zone, expected in (("UTC", 2), ("Europe/Paris", 1), ("Asia/Tokyo", 0)):
            assert expected == book.ask("count(visits)", period="FY2024-P01", timezone=zone).value


def test_a_changed_table_is_read_again(tmp_path: Path) -> None:
    """The calendar is that of the table as it is when the question is asked."""
    with tallymark.open(project(tmp_path, SOUND)) as book:
        assert 44 == book.ask("count(1 per day)", period="FY2024-P02").value
        table = tmp_path / "periods.csv"
        table.write_text(HEAD + SOUND.replace("03-15", "02-29"))
        os.utime(table, ns=(1, 1))
        assert 29 == book.ask("count(1 per day)", period="FY2024-P02").value


@pytest.mark.parametrize(
    ("code", "said", "periods"),
    [
        ("Q571", "`month`", SOUND.replace(",2,1,", ",,1,")),
        ("Q571", "2024-02-01 ends before it begins", SOUND.replace("2024-03-15", "2024-01-15")),
        ("Q572", "leaves out 2024-02-01", SOUND.replace("2024-02-01", "2024-02-02")),
        ("Q573", "twice: 2024-01-30 to 2024-01-31", SOUND.replace("2024-02-01", "2024-01-30")),
        ("Q574", "comes in two parts", SOUND + "2024-03-16,2024-03-17,1,1,2024\n"),
        ("Q575", "`24`", SOUND.replace(",2024\n", ",24\n")),
        ("Q576", "no rows", ""),
    ],
)
def test_a_table_that_is_no_calendar(tmp_path: Path, code: str, said: str, periods: str) -> None:
    """A question and `check --data` say what is wrong with the table, at the setting; opening does not read it."""
    with tallymark.open(project(tmp_path, periods)) as book:
        with pytest.raises(FaultError) as caught:
            book.ask("count(visits)", period="2024-01-01")
        (asked,) = caught.value.faults
        (checked,) = [f for f in book.check(data=True) if f.severity == "error"]
    assert code == asked.code == checked.code
    assert said in asked.message
    assert asked.place is not None
    assert "tally.yaml" in asked.place.file
    assert "dataset `periods`" in str(asked.subject)


def test_a_calendar_without_its_dataset(tmp_path: Path) -> None:
    """A calendar whose dataset is not there is a fault of the project, and of a question asked all the same."""
    folder = project(tmp_path, SOUND, TALLY.replace("dataset: periods", "dataset: period"))
    with pytest.raises(FaultError) as opened:
        tallymark.open(folder)
    assert ["R085"] == [f.code for f in opened.value.faults]
    with tallymark.open(folder, strict=False) as book, pytest.raises(FaultError) as asked:
        book.ask("count(visits)", period="2024-01-01")
    assert ["R085"] == [f.code for f in asked.value.faults]


def test_a_piece_that_is_cut_by_the_knowledge_date_is_whole_in_its_receipt(tmp_path: Path) -> None:
    """The pieces that a receipt shows are those of the answer: the one before a cut piece is compared as a whole."""
    with tallymark.open(project(tmp_path, SOUND)) as book:
        asked = {"start": "2024-03-04", "end": "2024-03-15", "as_of": "2024-03-12"}
        formula = "sum(previous(count(1 per day)) per week)"
        assert 12 == book.ask(formula, **asked).value
        receipt = book.explain(formula, **asked)
    assert [7, 5] == [step.value for step in receipt.step.children]
