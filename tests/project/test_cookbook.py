"""The cookbook, `engine/COOKBOOK.md`, as written: its recipes are read without a fault and print what it shows.

Fenced YAML names the sample project and the file it goes into; `console company` is a command typed in that project. With
REWRITE_COOKBOOK=1 in the environment the outputs are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

import tallymark
from tallymark.cli import tally
from tallymark_plugins.samples import write_cdnow, write_project

PAGE = Path(__file__).resolve().parents[2] / "engine/COOKBOOK.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: text for language, name, text in FENCE.findall(TEXT) if language == "yaml"}
COMMANDS = [(project, text) for language, project, text in FENCE.findall(TEXT) if language == "console"]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample projects and the recipes in them."""
    folder = tmp_path_factory.mktemp("cookbook")
    write_project(folder / "company")
    write_cdnow(folder / "cdnow")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def books(samples: Path) -> Mapping[str, tallymark.Book]:
    """The sample projects, opened."""
    return {name: tallymark.open(samples / name) for name in ("company", "cdnow")}


def test_the_recipes_are_sound(books: Mapping[str, tallymark.Book]) -> None:
    """Every recipe is read and checked without a fault or a warning."""
    assert [] == [str(fault) for book in books.values() for fault in book.check(data=False)]


@pytest.mark.parametrize(("project", "block"), COMMANDS, ids=[text.splitlines()[0] for _, text in COMMANDS])
def test_a_command_prints_what_the_page_shows(
    project: str, block: str, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each console block is what a reader sees who types it."""
    monkeypatch.chdir(samples / project)
    monkeypatch.setenv("COLUMNS", "120")
    line = block.split("\n", 1)[0]
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    assert 0 == result.exit_code, result.output
    shown = line + "\n" + result.output.strip("\n") + "\n"
    if os.environ.get("REWRITE_COOKBOOK"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(block, shown, 1), encoding="utf-8")
    else:
        assert block.splitlines() == shown.splitlines()


def test_every_recipe_is_listed() -> None:
    """The list at the top names every recipe, in order."""
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE)
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE) == [title for title, _ in listed]
    assert [re.sub(r"[^a-z0-9 ]", "", t.lower()).replace(" ", "-") for t, _ in listed] == [link for _, link in listed]
