"""`tally init`, with the real engine: from data files to a first answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Any

ORDERS = "id;Customer;Paid on;Total amount\n1;A;2024-01-05;10.50\n2;B;2024-02-06;20.25\n3;A;2024-02-07;0.25\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two exports, one of them in `data`."""
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "customers.csv").write_text("id,country\nA,FR\nB,RO\n", encoding="utf-8")
    return tmp_path


def test_a_new_project_checks_and_answers(run: Run, folder: Path) -> None:
    """Three commands from files to a number: init, check, ask; references and money were guessed right."""
    result = run("init", "--name", "Acme", "--currency", "eur", "--timezone", "Europe/Paris")
    assert 0 == result.exit_code, result.output
    assert (
        "wrote tally.yaml\nwrote metrics/datasets.yaml\nwrote metrics/metrics.yaml\nwrote metrics/tests.yaml\n"
        in result.stdout
    )
    assert "tally ask orders_count --grain month" in result.stdout
    assert 0 == run("check").exit_code
    assert "1 test: 1 passed\n" == run("test").stdout
    asked = run(
        "ask", "orders_count", "sum(orders.total_amount)", "--by", "country", "--period", "2024", "--format", "json"
    )
    assert [("FR", 2, 10.75), ("RO", 1, 20.25)] == [tuple(row.values()) for row in json.loads(asked.stdout)["rows"]]
    assert "money (EUR)" == json.loads(asked.stdout)["columns"][2]["unit"]


FILES = {
    "a_time_and_a_zone": ("id,at\nx,2024-01-05T10:00:00+02:00\n", "Pacific/Kiritimati"),
    "no_time": ("id,country\nA,FR\n", "UTC"),
    "nothing_to_tell_rows_apart": ("done,on\ntrue,2024-01-05\n", "America/Los_Angeles"),
    "nothing_but_truth": ("done\ntrue\nfalse\n", "UTC"),
    "words_of_formulas": ("repeat,where,time\n1,a,2024-01-05 10:00\n", "UTC"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_first_test_holds(name: str, run: Run, tmp_path: Path) -> None:
    """Whatever the columns of the data, the test of a new project passes."""
    content, zone = FILES[name]
    (tmp_path / "things.csv").write_text(content, encoding="utf-8")
    assert 0 == run("init", "--timezone", zone).exit_code
    told = run("test")
    assert (0, "1 test: 1 passed\n") == (told.exit_code, told.output)


def test_nothing_is_written_over(run: Run, folder: Path) -> None:
    """A second init is a fault, and leaves the first project as it was."""
    run("init")
    before = (folder / "tally.yaml").read_text(encoding="utf-8")
    result = run("init", "--name", "Other")
    assert 1 == result.exit_code
    assert "error[R091]: there is a tally.yaml in " in result.stderr
    assert before == (folder / "tally.yaml").read_text(encoding="utf-8")


def test_data_may_lie_elsewhere(run: Run, folder: Path) -> None:
    """Files outside the project become sources of their own folder."""
    result = run("init", "new", "--data", "orders.csv", "--data", "data/customers.csv")
    assert 0 == result.exit_code, result.output
    sources = yaml.safe_load((folder / "new" / "tally.yaml").read_text(encoding="utf-8"))["sources"]
    assert [".", str(folder), str(folder / "data")] == [source["path"] for source in sources.values()]
    assert 0 == run("check", "--project", "new").exit_code


def test_files_that_cannot_be_read_are_all_told(run: Run, folder: Path) -> None:
    """Two broken files give two faults, and no half-written project."""
    (folder / "a.parquet").write_bytes(b"nothing")
    (folder / "b.csv").write_bytes(b"")
    result = run("init")
    assert 1 == result.exit_code
    assert "a.parquet" in result.stderr
    assert "b.csv" in result.stderr
    assert not (folder / "tally.yaml").exists()


def test_an_empty_folder_becomes_an_empty_project(run: Run, tmp_path: Path) -> None:
    """Without data files there are settings and a place for metrics."""
    result = run("init", "--pack", "support", "--language", "fr")
    assert 0 == result.exit_code, result.output
    settings = yaml.safe_load((tmp_path / "tally.yaml").read_text(encoding="utf-8"))
    assert ("fr", ["support"]) == (settings["language"], settings["packs"])
    assert 0 == run("check").exit_code
    assert "ticket_volume" in run("list", "--unavailable", "--needs", "tickets").stdout
