"""The page on tests of metrics, `engine/TESTING.md`, as written: its project is tested as it shows.

Fenced YAML is a file of the project; `console` blocks are commands in it, `console fails` those that leave with 1. With
REWRITE_REFERENCE=1 in the environment the outputs and tables are written anew instead of compared.
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
from tallymark.codes import CODES
from tallymark.json_keys import KEYS
from tallymark.yaml_text import Entries, load

PAGE = Path(__file__).resolve().parents[2] / "engine/TESTING.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: text for language, name, text in FENCE.findall(TEXT) if language == "yaml"}
COMMANDS = [
    (1 if kind == "fails" else 0, text) for language, kind, text in FENCE.findall(TEXT) if language == "console"
]
SETTINGS = "name: Gym\ncurrency: EUR\n"


@pytest.fixture(scope="module")
def gym(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's project; it has no data."""
    folder = tmp_path_factory.mktemp("gym")
    (folder / "metrics").mkdir()
    (folder / "tally.yaml").write_text(SETTINGS, encoding="utf-8")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def same(written: str, true: str) -> None:
    """Holds a stretch of the page against what is so, or writes it anew."""
    if os.environ.get("REWRITE_REFERENCE"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(written, true, 1), encoding="utf-8")
    else:
        assert written.splitlines() == true.splitlines()


@pytest.mark.parametrize(("code", "block"), COMMANDS, ids=[text.splitlines()[0] for _, text in COMMANDS])
def test_a_command_prints_what_the_page_shows(
    code: int, block: str, gym: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each console block is what a reader sees who types it."""
    monkeypatch.chdir(gym)
    monkeypatch.setenv("COLUMNS", "110")
    line = block.split("\n", 1)[0]
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    assert code == result.exit_code, result.output
    same(block, line + "\n" + result.output.strip("\n") + "\n")


def test_all_but_the_wrong_one_pass(gym: Path) -> None:
    """Every test of the page passes, but the one that is wrong on purpose."""
    run = tallymark.run_tests(gym)
    assert ["churn_that_counts_everybody"] == [result.name for result in run.failed]


def _keys(kind: str) -> str:
    rows = [
        f"| `{name}` | {key.description.replace('|', chr(92) + '|')} | `{name}: {_flow(key.example)}` |"
        for name, key in KEYS[kind][1].items()
    ]
    return "| key | what it says | for example |\n|---|---|---|\n" + "".join(f"{row}\n" for row in rows)


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if str(value)[:1].isalnum() and "'" not in str(value) else f'"{value}"'


def _codes() -> str:
    rows = [f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items() if code.startswith("E1")]
    return "| code | what it stands for |\n|---|---|\n" + "".join(rows)


@pytest.mark.parametrize(
    ("title", "true"),
    [("keys of a test", _keys("test")), ("keys of ask", _keys("ask")), ("codes", _codes())],
    ids=lambda text: text if len(text) < 20 else "",
)
def test_tables_are_the_engines_own(title: str, true: str) -> None:
    """The tables of keys and codes are those of the engine."""
    found = re.search(rf"<!-- {title} -->\n((?:\|.*\n)+)", TEXT)
    assert found is not None
    same(found[0], f"<!-- {title} -->\n{true}")


@pytest.mark.parametrize("kind", ["test", "ask"])
def test_examples_of_keys_are_yaml(kind: str) -> None:
    """What a table shows for a key can be written as it stands."""
    for name, key in KEYS[kind][1].items():
        tree, faults = load(f"{name}: {_flow(key.example)}\n", "example.yaml")
        assert [] == faults
        assert isinstance(tree, Entries)


def test_the_fields_of_json_are_told(gym: Path) -> None:
    """Every field of the JSON stands in the table."""
    data = tallymark.run_tests(gym).as_dict()
    failed = next(r for r in data["results"] if r["differences"])
    told = TEXT[TEXT.index("<!-- json -->") : TEXT.index("## Tests of packs")]
    fields = {*data, *failed, *failed["differences"][0], *data["coverage"]}
    assert set() == {field for field in fields if f"`{field}`" not in told}


def test_the_python_of_the_page_runs(gym: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it imports and calls is there, and its assertion holds."""
    (code,) = [text for language, _, text in FENCE.findall(TEXT) if language == "python"]
    monkeypatch.chdir(gym)
    exec(
        compile(
            code.replace('"my-gym"', '"."').replace('["fee_churn"]', '["churn_is_lost_over_start"]'), str(PAGE), "exec"
        ),
        {},
    )


def test_every_chapter_is_listed() -> None:
    """The list at the top names every chapter, in order."""
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE)
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE) == [title for title, _ in listed]
    assert [re.sub(r"[^a-z0-9 ]", "", t.lower()).replace(" ", "-") for t, _ in listed] == [link for _, link in listed]
