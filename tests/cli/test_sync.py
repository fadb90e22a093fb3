"""`tally sync`: what it prints, what it leaves with, and that its help is there without what it needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallymark.cli import tally

PROJECT = """
name: project
sources:
  crm: {kind: dlt, source: crm_at_the_command}
  broken: {kind: dlt, source: nothing_of_that_name}
"""
MODULE = """
import dlt

@dlt.source
def crm_at_the_command():
    return dlt.resource([{"id": 1}, {"id": 2}], name="deals", primary_key="id", write_disposition="merge")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a source that can be landed and one that cannot."""
    (tmp_path / "tally.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "crm_at_the_command.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(tally, ["sync", "--project", str(folder), *arguments])


def test_sync_tells_what_it_did(folder: Path) -> None:
    """A table of rows added, changed and deleted, until when it is complete, and 0; the status tells the same later."""
    never = run(folder, "--status")
    assert "never synced" in never.output
    done = run(folder, "crm")
    assert 0 == done.exit_code, done.output
    assert ["crm", "deals", "2", "2", "0", "0"] in [line.split() for line in done.output.splitlines()]
    assert "crm is complete until" in done.output
    again = json.loads(run(folder, "crm", "--format", "json").stdout)
    table = again["sources"][0]["tables"][0]
    assert ("deals", 2, 0, 0, 0) == tuple(table[k] for k in ("table", "rows", "added", "changed", "deleted"))
    status = json.loads(run(folder, "--status", "--format", "json").stdout)["sources"]
    assert [("crm", 2), ("broken", None)] == [
        (s["source"], s["tables"][0]["rows"] if s["tables"] else None) for s in status
    ]


def test_a_failing_source_leaves_with_1(folder: Path) -> None:
    """The other source is synced all the same, and the status tells what failed."""
    done = run(folder)
    assert 1 == done.exit_code
    assert "deals" in done.stdout
    assert "error[L831]" in done.stderr
    status = run(folder, "--status").output
    assert "[L831]" in status
    assert "crm was last synced at" in status


def test_what_cannot_be_asked(folder: Path) -> None:
    """Names of no source, and a status that is to read everything anew, are mistakes."""
    assert "unknown source `cmr`" in run(folder, "cmr").output
    assert 2 == run(folder, "--status", "--full").exit_code


def test_nothing_to_sync(tmp_path: Path) -> None:
    """A project without landed sources is told so."""
    (tmp_path / "tally.yaml").write_text("name: project\n", encoding="utf-8")
    assert "there is nothing to sync" in run(tmp_path).output
