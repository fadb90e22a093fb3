"""A plugin of others, built and installed on its own, has all it needs: its kits pass, and a project uses it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from .conftest import Environment

HERE = Path(__file__).resolve().parent
PROJECT = """\
name: Orchard
packs: [orchard]
plugins: {allow: [orchard], config: {orchard: {crate: 10}}}
"""
DATASETS = """\
datasets:
  trees: {table: trees.csv, implements: harvests, source: files}
  loud: {transform: "orchard.shouted(trees)"}
metrics:
  rows: count(loud where shouted = 'GALA')
"""
TREES = "at,variety,kg\n2024-09-01 10:00:00,gala,25\n2024-09-02 10:00:00,fuji,5\n"


def test_an_outside_plugin_has_all_it_needs(environment: Environment, tmp_path: Path) -> None:
    """Installed from its own folder it passes the kits and `tally plugins check`, and gives a project its numbers."""
    orchard = tmp_path / "tallymark-orchard"
    shutil.copytree(HERE / "tallymark-orchard", orchard)
    environment.install(orchard)
    kits = environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=orchard)
    assert " passed" in kits.stdout
    assert "skipped" not in kits.stdout
    assert environment.run("tally", "plugins", "check", "orchard", cwd=tmp_path).returncode == 0
    _a_project_uses_it(environment, tmp_path / "project")


def _a_project_uses_it(environment: Environment, folder: Path) -> None:
    """Its pack, unit, options, transform, format and check, each seen in what is printed."""
    (folder / "metrics").mkdir(parents=True)
    (folder / "tally.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "metrics/datasets.yaml").write_text(DATASETS, encoding="utf-8")
    (folder / "trees.csv").write_text(TREES, encoding="utf-8")
    ask = ["tally", "ask", "crates", "rows", "--period", "2024-09"]
    assert "3.0" in environment.run(*ask, cwd=folder).stdout
    assert "3.0; 1\n" == environment.run(*ask, "--format", "orchard.lines", cwd=folder).stdout
    assert "orchard.label" in environment.run("tally", "check", cwd=folder, fine=False).stderr
    refused = environment.run(*ask, "--no-plugins", cwd=folder, fine=False)
    assert refused.returncode == 1
    assert "unknown metric `crates`" in refused.stderr


def test_it_is_not_installed_here() -> None:
    """The environment of the tests does not have it: the proof above is no accident of this checkout."""
    told = subprocess.run(
        [sys.executable, "-m", "tallymark", "plugins", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "orchard" not in {plugin["name"] for plugin in json.loads(told.stdout)}
