"""The README's files, commands and Python, as written.

With REWRITE_README=1 in the environment the outputs shown are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from tallymark.cli import tally
from tallymark_plugins.samples import write_cdnow, write_project

README = Path(__file__).resolve().parents[2] / "README.md"
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, the file it is (of a command, the sample it is typed in), its text."""

    language: str
    file: str
    text: str


BLOCKS = [Block(*found) for found in FENCE.findall(README.read_text(encoding="utf-8"))]
COMMANDS = [block for block in BLOCKS if block.language == "console"]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample projects, left there by the commands that the README names."""
    folder = tmp_path_factory.mktemp("samples")
    write_project(folder / "company")
    write_cdnow(folder / "cdnow")
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the README's files."""
    for block in BLOCKS:
        if block.file and block.language != "console":
            path = tmp_path / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("block", COMMANDS, ids=[block.text.splitlines()[0] for block in COMMANDS])
def test_a_command_prints_what_the_readme_shows(
    block: Block, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each console block is what a reader sees who types it."""
    if block.file:
        monkeypatch.chdir(request.getfixturevalue("samples") / block.file)
    line, expected = block.text.split("\n", 1)
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    shown = result.output.strip("\n") + "\n"
    if os.environ.get("REWRITE_README"):
        text = README.read_text(encoding="utf-8")
        fence = f"```console {block.file}".rstrip()
        README.write_text(text.replace(f"{fence}\n{block.text}", f"{fence}\n{line}\n{shown}"), encoding="utf-8")
    else:
        assert expected == shown


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Each Python block runs in the same project."""
    for block in BLOCKS:
        if block.language == "python":
            exec(compile(block.text, str(README), "exec"), {})
    assert "nrr" in capsys.readouterr().out


def test_the_readme_has_what_is_tested() -> None:
    """The blocks are found at all."""
    assert 4 <= len(COMMANDS)
    assert {"subscriptions.csv", "tally.yaml", "metrics/revenue.yaml", ""} == {
        block.file for block in BLOCKS if block.language != "console"
    }
    assert {"company", "cdnow"} <= {block.file for block in COMMANDS}
