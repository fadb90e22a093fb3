"""The page of rules, `engine/RULES.md`, as written: its project opens, its commands print what it shows.

Fenced blocks named like files make the project; `console` blocks are commands in it, one after the other. A table under a
comment such as `<!-- table: keys of a rule -->` is one of the engine's own. With REWRITE_RULES=1 in the environment outputs
and tables are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from click.testing import CliRunner

import tallymark
from tallymark.cli import tally
from tallymark.definitions import STANDING, RuleDef
from tallymark.read import read_texts
from tallymark.rules.machine import fold
from tallymark.rules.states import Observation, Status

PAGE = Path(__file__).resolve().parents[2] / "engine/RULES.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^<!-- table: (.+) -->$\n*((?:^\|.*\|\n)+)", re.MULTILINE)
FILES = {name: text for _, name, text in FENCE.findall(TEXT) if name}
COMMANDS = [text for language, _, text in FENCE.findall(TEXT) if language == "console"]
TABLES = dict(TABLE.findall(TEXT))

SEEN = {"yes": (True, False), "no": (False, True), "between": (False, False), "?": (None, None)}
"""What a word in a history says of `when` and `clear`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's project."""
    root = tmp_path_factory.mktemp("rules")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def same(written: str, true: str) -> None:
    """Holds a stretch of the page against what is so, or writes it anew."""
    if os.environ.get("REWRITE_RULES"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(written, true, 1), encoding="utf-8")
    else:
        assert written.splitlines() == true.splitlines()


def test_the_project_is_sound(folder: Path) -> None:
    """The project of the page is read and checked without a fault or a warning."""
    with tallymark.open(folder) as book:
        assert [] == [str(fault) for fault in book.check(data=False)]


def test_the_commands_print_what_the_page_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each console block is what a reader sees who types it, one after the other."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    for block in COMMANDS:
        line = block.split("\n", 1)[0]
        result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
        assert result.exit_code in (0, 1), result.output
        same(block, line + "\n" + result.output.strip("\n") + "\n")


def test_the_keys_are_the_engines() -> None:
    """The page lists every key of a rule as the engine has it."""
    properties: dict[str, Any] = tallymark.schema()["$defs"]["rule"]["properties"]
    rows = [(f"`{k}`", s["description"], f"`{k}: {_flow(s['examples'][0])}`") for k, s in properties.items()]
    same(TABLES["keys of a rule"], _table(("key", "what it says", "for example"), rows))


def test_the_histories_lead_to_the_states_shown() -> None:
    """Each history of the page, folded by a rule as described, has the states and tells what the page says."""
    heading, _, *lines = TABLES["histories"].splitlines()
    rows = []
    for line in lines:
        said, history, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        points = fold(_rule(said), _observed(history))
        states = [[getattr(p.state, what).replace("_", " ") for p in points] for what in ("status", "told")]
        rows.append((said, history, *(", ".join(words) for words in states)))
    same(TABLES["histories"], _table([cell.strip() for cell in heading.strip("|").split("|")], rows))


def _rule(said: str) -> RuleDef:
    """The rule that a cell describes: keys in a flow mapping, `clear` alone standing for one that is there."""
    keys = "" if said == "nothing more" else said.strip("{}").replace("clear", "clear: nrr > 2")
    text = f"metrics: {{nrr: count(a)}}\nrules:\n  watched: {{when: nrr < 1, grain: month, {keys}}}\n"
    read, faults = read_texts([("tally.yaml", "name: a\n"), ("m.yaml", text)])
    assert [] == [str(f) for f in faults]
    return read.rules["watched"]


def _observed(history: str) -> list[Observation]:
    return [Observation(date(2024, n, 1), *SEEN[word]) for n, word in enumerate(history.split(), 1)]


def _flow(example: Any) -> str:
    text = yaml.safe_dump(example, default_flow_style=True, width=1_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(line)} |" for line in (headings, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(headings)}", *lines[1:]]) + "\n"


# --- the page as a whole ---------------------------------------------------------------------------------------------


def test_every_state_and_every_standing_name_is_told() -> None:
    """The page says what each state is, and which names every message may hold."""
    told = set(re.findall(r"`([^`\n]+)`", TEXT))
    assert [] == [s for s in get_args(Status) if s.replace("_", " ") not in told]
    assert [] == [name for name in STANDING if f"{{{name}}}" not in told]


def test_the_contents_lead_to_every_section() -> None:
    """The list at the top has every section, in order, under the anchor that its title has."""
    titles = re.findall(r"^## (.+)$", FENCE.sub("", TEXT), re.MULTILINE)
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
    assert list(zip(titles, anchors, strict=True)) == re.findall(r"^- \[(.+?)\]\(#(.+?)\)", TEXT, re.MULTILINE)


def test_the_page_has_what_is_tested() -> None:
    """Files, commands and tables are found at all."""
    assert {"tally.yaml", "months.csv", "metrics/leaving.yaml"} <= FILES.keys()
    assert 4 <= len(COMMANDS)
    assert {"keys of a rule", "histories"} == TABLES.keys()
