"""`tally notify`: what is there, and whether it works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tallymark.cli import tally

from .receiver import Reply, receiver

PROJECT = """
name: Trial
notifiers:
  log: {kind: stdout}
  file: {kind: jsonl, path: told.jsonl}
  hook: {kind: webhook, url: env:TOLD_AT, allow_http: true, allow_private: true, patience: 0}
  lost: {kind: slak}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tally.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*words: str) -> Result:
    """The command with these words."""
    return CliRunner().invoke(tally, ["notify", *words], prog_name="tally")


def test_the_list() -> None:
    """Every notifier with its kind and whether it tells once what is sent again, those of unknown kinds too."""
    shown = run().stdout.splitlines()
    assert ["notifier", "log", "file", "hook", "lost"] == [line.split()[0] for line in shown]
    assert ["log", "stdout", "twice"] == shown[1].split()[:3]
    told = json.loads(run("--format", "json").stdout)
    assert [("log", False), ("file", True), ("hook", True), ("lost", None)] == [
        (n["name"], n["repeatable"]) for n in told
    ]
    (Path.cwd() / "tally.yaml").write_text("name: Trial\n")
    assert "no notifiers" in run().stderr


def test_a_notification_on_trial() -> None:
    """It is sent through that notifier, with the text and the severity that were asked for, each time anew."""
    assert (0, "`log` has taken it") == ((done := run("log")).exit_code, done.stderr.splitlines()[-1])
    assert [
        "[info] A notification on trial",
        "    Sent by `tally notify` from the project Trial, to see that it arrives.",
    ] == done.stdout.splitlines()[:2]
    for _ in range(2):
        assert 0 == run("file", "--text", "Do you see <b>this</b>?", "--severity", "critical").exit_code
    lines = [json.loads(line) for line in Path("told.jsonl").read_text().splitlines()]
    assert [("Do you see <b>this</b>?", "critical")] * 2 == [(said["text"], said["severity"]) for said in lines]


def test_one_that_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault says why, where the notifier is declared, and the command leaves with 1."""
    with receiver(Reply(404)) as at:
        monkeypatch.setenv("TOLD_AT", at.url)
        done = run("hook")
        assert 1 == done.exit_code
        assert "error[A335]" in done.stderr
        assert "tally.yaml:6:3" in done.stderr
        assert "canary" not in done.output
        assert 0 == run("hook").exit_code
    assert "error[A300]" in run("hock").stderr
    assert "error[A301]" in run("lost").stderr
    assert 2 == run("--text", "x").exit_code
    assert 2 == run("log", "--severity", "loud").exit_code
