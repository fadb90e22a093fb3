"""`metric_defs/MRR.md` as written: its project is sound, its commands print what it shows, its table is the engine's.

With REWRITE_MRR=1 in the environment outputs and table are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import tallymark
from tallymark.cli import tally
from tallymark.transforms.mrr import policies
from tallymark.transforms.table import TRANSFORMS

PAGE = Path(__file__).resolve().parents[2] / "metric_defs/MRR.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [text for language, _, text in FENCE.findall(TEXT) if language == "console"]
TABLE = re.compile(r"<!-- table: bundles -->\n((?:\|.*\|\n)+)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the page."""
    made = tmp_path_factory.mktemp("mrr")
    for language, name, text in FENCE.findall(TEXT):
        if language in ("yaml", "csv") and name != "stripe.yaml":
            (made / name).write_text(text, encoding="utf-8")
    project = (made / "tally.yaml").read_text(encoding="utf-8")
    (made / "tally.yaml").write_text(f"metrics: [invoices.yaml]\n{project}", encoding="utf-8")
    return made


def same(written: str, true: str) -> None:
    """Holds a stretch of the page against what the engine says, or writes it anew."""
    if os.environ.get("REWRITE_MRR"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(written, true, 1), encoding="utf-8")
    else:
        assert written.splitlines() == true.splitlines()


def test_the_project_is_sound(folder: Path) -> None:
    """The files of the page are read and checked without a fault."""
    with tallymark.open(folder) as book:
        assert [] == [str(f) for f in book.check() if f.severity == "error"]


def test_the_lines_for_stripe_are_sound(folder: Path, tmp_path: Path) -> None:
    """The definitions that the page gives for the source `stripe` fit the pack."""
    (text,) = [text for _, name, text in FENCE.findall(TEXT) if name == "stripe.yaml"]
    (tmp_path / "tally.yaml").write_text(f"packs: [revenue]\n{text}", encoding="utf-8")
    (tmp_path / "versions.csv").write_text((folder / "versions.csv").read_text(encoding="utf-8"), encoding="utf-8")
    with tallymark.open(tmp_path) as book:
        assert [] == [str(f) for f in book.check() if f.severity == "error"]
        assert 150 == book.ask("mrr", period="2024-03", where="customer = 'Aldine'").value


@pytest.mark.parametrize("block", COMMANDS, ids=[text.splitlines()[0] for text in COMMANDS])
def test_a_command_prints_what_the_page_shows(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each console block is what a reader sees who types it."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    line = block.split("\n", 1)[0]
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    assert 0 == result.exit_code, result.output
    same(f"```console\n{block}```", f"```console\n{line}\n{result.output.rstrip()}\n```")


def test_the_bundles_are_as_the_page_says() -> None:
    """The table of what each vendor's bundle chooses is the engine's own."""
    found = TABLE.search(TEXT)
    assert found is not None
    names = list(policies.BUNDLES)
    lines = [f"| policy | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    every = dict.fromkeys([*policies.DEFAULTS, *(p for b in policies.BUNDLES.values() for p in b)])
    for policy in every:
        default = policies.DEFAULTS.get(policy, "exclude")
        cells = [
            shown(default),
            *(shown(policies.BUNDLES[n][policy]) if policy in policies.BUNDLES[n] else "–" for n in names[1:]),
        ]
        lines.append(f"| `{policy}` | {' | '.join(cells)} |")
    same(found[1], "\n".join(lines) + "\n")


def shown(value: Any) -> str:
    """A policy's value as YAML says it."""
    if value is None:
        return "null"
    if isinstance(value, timedelta):
        return f"{value.days} days"
    if isinstance(value, Fraction):
        return "52 / 12" if value == Fraction(52, 12) else "365.25 / 12"
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)


def test_every_policy_is_explained() -> None:
    """Each argument of the three transforms stands in the page's table of policies."""
    said = {
        name
        for line in TEXT.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    taken = {t.name for name, row in TRANSFORMS.items() if name.startswith("mrr_") for t in row.takes}
    assert {"like"} == taken - said
