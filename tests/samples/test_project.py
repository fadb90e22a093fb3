"""The sample projects as files: complete, readable, mapped, and never written over anything."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import yaml

from tallymark.errors import FaultError
from tallymark_plugins.samples import write_cdnow, write_project
from tallymark_plugins.samples.tables import Columns


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company as a project."""
    folder = tmp_path_factory.mktemp("samples") / "new" / "brackenfold"
    write_project(folder)
    return folder


def datasets(project: Path) -> dict[str, dict[str, Any]]:
    """The datasets of the company's metric file by the standard dataset that each implements."""
    written = yaml.safe_load((project / "metrics" / "company.yaml").read_text("utf-8"))["datasets"]
    return {dataset["implements"]: dataset for dataset in written.values()}


def stored(project: Path, dataset: dict[str, Any]) -> dict[str, list[Any]]:
    """The columns of a dataset's file: texts from CSV, values from the other formats."""
    path = project / "data" / dataset["table"]
    if path.suffix == ".parquet":
        return dict(pyarrow.parquet.read_table(path).to_pydict())
    form = dataset.get("format", {})
    with path.open(encoding=form.get("encoding", "utf-8"), newline="") as file:
        rows = (
            [json.loads(line) for line in file]
            if path.suffix == ".jsonl"
            else list(csv.DictReader(file, delimiter=form.get("delimiter", ",")))
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def plain(value: Any) -> Any:
    """A value as it stands in a plain CSV file."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_the_project_has_its_files_and_is_small(project: Path) -> None:
    """Settings, metrics, a README and data are there, and all of it is under 15 MB."""
    files = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert {"tally.yaml", "README.md", "metrics/company.yaml"} <= files
    assert {f"data/{dataset['table']}" for dataset in datasets(project).values()} == {
        name for name in files if name.startswith("data/")
    }
    assert sum((project / name).stat().st_size for name in files) < 15_000_000


def test_the_settings_are_those_of_a_company_in_paris(project: Path) -> None:
    """Euros, Paris time, all packs, data from the folder beside."""
    settings = yaml.safe_load((project / "tally.yaml").read_text("utf-8"))
    assert ("EUR", "Europe/Paris", ["revenue", "usage", "voice", "support", "health", "funnel", "commerce"]) == (
        settings["currency"],
        settings["timezone"],
        settings["packs"],
    )
    assert {"kind": "files", "path": "data"} == settings["sources"]["files"]


def test_every_table_is_mapped_column_by_column(project: Path, tables: dict[str, Columns]) -> None:
    """Each column of each standard dataset is in its file under the mapped name, or is computed by a formula."""
    mapped = datasets(project)
    assert set(tables) == set(mapped)
    for name, table in tables.items():
        found = stored(project, mapped[name])
        columns = mapped[name].get("columns", {})
        for column in table:
            mapping = columns.get(column, {})
            assert "formula" in mapping or mapping.get("column", column) in found, (name, column)


@pytest.mark.parametrize(
    "name", ["users", "orders", "costs", "leads", "visits", "funnel_steps", "checks", "mrr_movements"]
)
def test_plain_files_hold_the_tables(project: Path, tables: dict[str, Columns], name: str) -> None:
    """A file that needs no mapping holds the table value for value."""
    expected = {column: [plain(v) for v in values] for column, values in tables[name].items()}
    assert expected == stored(project, datasets(project)[name])


@pytest.mark.parametrize("name", ["customers", "subscriptions", "tickets"])
def test_renamed_files_hold_the_tables(project: Path, tables: dict[str, Columns], name: str) -> None:
    """Columns that are only renamed hold the table's values."""
    dataset = datasets(project)[name]
    found = stored(project, dataset)
    for column, values in tables[name].items():
        mapping = dataset["columns"].get(column, {})
        if "formula" not in mapping:
            assert [plain(v) for v in values] == found[mapping.get("column", column)], column


@pytest.mark.parametrize(
    ("name", "column", "source", "words"),
    [
        ("tickets", "kind", "type", {"bug": "defect"}),
        (
            "subscriptions",
            "status",
            "state",
            {"live": "active", "late": "past_due", "trial": "trialing", "on_hold": "paused"},
        ),
    ],
)
def test_words_are_translated_by_a_formula(
    project: Path, tables: dict[str, Columns], name: str, column: str, source: str, words: dict[str, str]
) -> None:
    """The file has the tool's own words; the formula names each of them, and translated they are the table's."""
    dataset = datasets(project)[name]
    found = stored(project, dataset)[source]
    assert tables[name][column] == [words.get(word, word) for word in found]
    for theirs, ours in words.items():
        assert theirs in found
        assert f"'{theirs}'" in dataset["columns"][column]["formula"]
        assert f"'{ours}'" in dataset["columns"][column]["formula"]


def test_invoices_are_as_a_french_office_writes_them(project: Path, tables: dict[str, Columns]) -> None:
    """Amounts have hard spaces, a decimal comma and a euro sign, days come first, and the values are the table's."""
    found = stored(project, datasets(project)["invoices"])
    assert any("\xa0" in amount[:-2] and amount.endswith("\xa0€") for amount in found["Montant HT"])
    read = [
        Decimal(amount.removesuffix("\xa0€").replace("\xa0", "").replace(",", ".")) for amount in found["Montant HT"]
    ]
    assert tables["invoices"]["amount"] == read
    paid = [datetime.strptime(text, "%d/%m/%Y %H:%M:%S") if text else None for text in found["Payée le"]]
    assert tables["invoices"]["paid_at"] == paid


def test_surveys_have_the_time_of_the_answer_or_of_the_expiry(project: Path, tables: dict[str, Columns]) -> None:
    """One of the two times is known: the answer's when there is a score, else that of the expiry."""
    found = stored(project, datasets(project)["survey_responses"])
    pairs = list(zip(found["replied_at"], found["expired_at"], found["score"], strict=True))
    assert all(
        (replied is None) == (score is None) and (expired is None) != (score is None)
        for replied, expired, score in pairs
    )
    assert tables["survey_responses"]["answered_at"] == [datetime.fromisoformat(r or e) for r, e, _ in pairs]


def test_big_tables_are_parquet(project: Path, tables: dict[str, Columns]) -> None:
    """Events and sessions keep their types and rows; session lengths are in milliseconds."""
    events = stored(project, datasets(project)["events"])
    sessions = stored(project, datasets(project)["sessions"])
    assert {name: values for name, values in tables["events"].items() if name != "key_feature"} == events
    seconds = [None if ms is None else ms // 1000 for ms in sessions["length_ms"]]
    assert tables["sessions"]["seconds"] == seconds
    assert tables["sessions"]["started_at"] == sessions["started_at"]


def test_the_key_features_are_those_of_the_formula(project: Path, tables: dict[str, Columns]) -> None:
    """The formula names exactly the features that the table says are key."""
    formula = datasets(project)["events"]["columns"]["key_feature"]["formula"]
    pairs = set(zip(tables["events"]["feature"], tables["events"]["key_feature"], strict=True))
    assert all((f"'{feature}'" in formula) == key for feature, key in pairs)


@pytest.mark.parametrize("write", [write_project, write_cdnow])
def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """A file in the folder is a fault that names it, and nothing is written."""
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(FaultError, match=r"R080.*notes\.txt"):
        write(tmp_path)
    assert ["notes.txt"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("write", [write_project, write_cdnow])
def test_a_file_is_no_folder(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """A path that is a file already is a fault, not a traceback."""
    (tmp_path / "taken").write_text("", "utf-8")
    with pytest.raises(FaultError, match="R081"):
        write(tmp_path / "taken")


def test_dot_files_are_no_hindrance(tmp_path: Path) -> None:
    """A fresh git repository is as good as an empty folder, and keeps what it has."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.db\n", "utf-8")
    write_cdnow(tmp_path)
    assert (tmp_path / "tally.yaml").is_file()
    assert "*.db\n" == (tmp_path / ".gitignore").read_text("utf-8")


@pytest.mark.parametrize("write", [write_cdnow])
def test_two_writings_give_the_same_files(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """The same project byte for byte, whenever it is written."""
    write(tmp_path / "one")
    write(tmp_path / "two")
    one = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    two = {p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()}
    assert one == two


def test_loading_the_plugin_imports_nothing_big() -> None:
    """Whoever only lists plugins pays for none of the generator, the files or Arrow."""
    code = (
        "import sys, tallymark_plugins.samples\n"
        "print([n for n in sys.modules if n.startswith(('tallymark_plugins.samples.', 'pyarrow', 'csv'))])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert found.stdout.strip() == "[]"
