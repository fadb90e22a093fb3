"""`tally plugin new`: what it refuses, and what a name becomes. That what it writes works is told by the tutorial."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

Run = Any


def test_hyphens_in_distributions_underscores_in_modules(run: Run, tmp_path: Path) -> None:
    """`two_words` is the distribution `tallymark-two-words` and the module `tallymark_two_words`, everywhere."""
    result = run("plugin", "new", "two_words")
    assert 0 == result.exit_code, result.output
    folder = tmp_path / "tallymark-two-words"
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert "tallymark-two-words" == project["project"]["name"]
    assert {"two_words": "tallymark_two_words"} == project["project"]["entry-points"]["tallymark"]
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not any("acme" in text for text in texts)
    assert (folder / "src/tallymark_two_words/__init__.py").is_file()
    assert (folder / ".gitignore").is_file()


def test_the_singular_and_the_plural_are_one_command(run: Run, tmp_path: Path) -> None:
    """`tally plugins new` writes the same, and the help lists the commands once."""
    assert 0 == run("plugins", "new", "acme", "--in", str(tmp_path)).exit_code
    assert (tmp_path / "tallymark-acme").is_dir()
    told = run("--help").stdout
    assert 1 == sum(line.startswith("  plugin") for line in told.splitlines())


@pytest.mark.parametrize("name", ["Acme", "a", "9lives", "import", "with-hyphen", "../up", "é", "x" * 40])
def test_names_that_nothing_can_have_are_refused(run: Run, tmp_path: Path, name: str) -> None:
    """A name that is no module's, or that formulas cannot say, is a fault, and nothing is written."""
    result = run("plugin", "new", name)
    assert 1 == result.exit_code
    assert "error[P793]" in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    """A folder of that name that is there already is a fault, and stays as it is."""
    (tmp_path / "tallymark-acme").mkdir()
    result = run("plugin", "new", "acme")
    assert 1 == result.exit_code
    assert "error[P792]" in result.stderr
    assert [] == list((tmp_path / "tallymark-acme").iterdir())
