"""The page on scorecards, `engine/SCORECARDS.md`, as written: its project is sound and prints what the page shows.

Fenced blocks named like files make the project, `console` blocks are commands in it. A table under a comment such as
`<!-- table: keys of a measure -->` is the engine's own. With REWRITE_SCORECARDS=1 in the environment outputs and tables
are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import tallymark
from tallymark.cli import tally
from tallymark.json_keys import KEYS

PAGE = Path(__file__).resolve().parents[2] / "engine/SCORECARDS.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: text for _, name, text in FENCE.findall(TEXT) if name}
COMMANDS = [text for language, _, text in FENCE.findall(TEXT) if language == "console"]
TABLE = re.compile(r"^<!-- table: (.+) -->\n((?:\|.*\|\n)+)", re.MULTILINE)
TABLES = {
    "keys of a scorecard": "scorecard",
    "keys of a measure": "measure",
    "keys of a scale": "scale",
    "keys of a z-score": "zscore",
    "keys of a band": "scored_band",
    "keys of a missing measure": "missing_measure",
    "keys of a stale measure": "stale",
    "keys of a group": "score_group",
    "keys of a segment": "score_segment",
    "keys of an override": "override",
    "keys of a roll-up": "roll_up",
    "keys of a trend": "trend",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's project."""
    root = tmp_path_factory.mktemp("scorecards")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def same(written: str, true: str) -> None:
    """Holds a stretch of the page against what the engine says, or writes it anew."""
    if os.environ.get("REWRITE_SCORECARDS"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(written, true, 1), encoding="utf-8")
    else:
        assert written.splitlines() == true.splitlines()


def test_the_project_is_sound(project: Path) -> None:
    """The page's card is read and checked without a fault or a warning."""
    assert [] == [str(fault) for fault in tallymark.open(project, plugins=False).check(data=False)]


@pytest.mark.parametrize("block", COMMANDS, ids=[text.splitlines()[0] for text in COMMANDS])
def test_a_command_prints_what_the_page_shows(block: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each console block is what a reader sees who types it."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "120")
    line = block.split("\n", 1)[0]
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    assert 0 == result.exit_code, result.output
    same(block, line + "\n" + "\n".join(part.rstrip() for part in result.output.strip("\n").splitlines()) + "\n")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_lists_the_keys_that_there_are(name: str) -> None:
    """Every key is listed with what it says, as editors are told it."""
    found = dict(TABLE.findall(TEXT))
    rows = [f"| `{key}` | {said.description} |\n" for key, said in KEYS[TABLES[name]][1].items()]
    head = f"<!-- table: {name} -->\n"
    same(head + found[name], head + "| key | what it says |\n|---|---|\n" + "".join(rows))


def test_every_table_is_known() -> None:
    """No table of keys is left out, and none stands for another."""
    assert sorted(TABLES) == sorted(name for name, _ in TABLE.findall(TEXT))
