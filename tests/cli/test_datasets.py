"""`tally list --datasets` and `tally functions`: where rows come from, and how they can be made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallymark.cli import tally

PROJECT = Path(__file__).parents[1] / "cases/sessions"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> object:
    """Runs the command in a project with sessions."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *args: CliRunner().invoke(tally, args)


def test_datasets_are_listed(run: object) -> None:
    """Each with its table or its transform, key and time."""
    result: Result = run("list", "--datasets")  # type: ignore[operator]
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "dataset rows from key time" == lines[0]
    assert "events files: events.csv id at" in lines
    assert "active sessionize(events where page != 'ping', gap: 30 minutes, per user) id started_at" in lines
    assert any(line.endswith("id started_at, started_at to ended_at") for line in lines)


def test_datasets_are_listed_as_data(run: object) -> None:
    """With inputs, references and typed columns; found by a part of the name."""
    found = json.loads(run("list", "days", "--datasets", "--format", "json").stdout)  # type: ignore[operator]
    (days,) = found
    assert ("sessionize(sessions, gap: 1 day, per user)", ["sessions"]) == (days["transform"], days["inputs"])
    assert {"user": "users"} == days["references"]
    assert ("double", "integer") == (days["columns"]["seconds"], days["columns"]["events"])
    assert "no dataset fits\n" == run("list", "zzz", "--datasets").stderr  # type: ignore[operator]


def test_transforms_are_told_with_what_they_take(run: object) -> None:
    """`tally functions` has them beside the functions, and one in full with its arguments."""
    listed = json.loads(run("functions", "--format", "json").stdout)  # type: ignore[operator]
    kinds = {row["name"] for row in listed if row["kind"] == "transform"}
    assert {"sessionize", "union", "versions", "dedupe", "feedback.label"} <= kinds
    told = run("functions", "sessionize").stdout  # type: ignore[operator]
    assert "gap     The longest time between two events of one session." in told
    assert "example: sessionize(events, gap: 30 minutes, per user)" in told
