"""The frame around the code: what is installed, what is imported when, what is declared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "tallymark": ROOT / "engine/tallymark",
    "tallymark_plugins": ROOT / "plugins/tallymark_plugins",
    "tallymark_packs": ROOT / "metric_defs/tallymark_packs",
}
HEAVY = ("babel", "duckdb", "jsonschema", "lark", "numpy", "pandas", "pluggy", "polars", "pyarrow", "rich", "sqlglot")
TEMPLATE = "plugin_template"
"""A folder of files to be written, not of code of ours."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_the_packages_own(project: dict[str, Any]) -> None:
    """What is installed is what pyproject.toml says."""
    assert project["project"]["version"] == version("tallymark")


def test_every_exported_name_is_there() -> None:
    """The face hands on each name it lists, and lists them in order."""
    import tallymark

    assert sorted(tallymark.__all__) == list(tallymark.__all__)
    assert [] == [name for name in tallymark.__all__ if not hasattr(tallymark, name)]


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["ask", "--help"]])
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    """A reader of the help does not wait for a database: no library of the engine's, no plugin."""
    code = f"""
import sys
from tallymark.cli import tally
try:
    tally.main({args!r}, prog_name="tally")
finally:
    print(*sorted({{m.split(".")[0] for m in sys.modules}}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "click" in loaded
    assert [] == sorted({*HEAVY, "tallymark_plugins", "tallymark_packs"} & set(loaded))


def test_the_wheel_has_every_file_and_no_generic_name(tmp_path: Path) -> None:
    """Three packages and nothing else at the top; grammar, YAML and sample data are inside."""
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    (wheel,) = builder.build(directory=str(tmp_path))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {*PACKAGES, f"tallymark-{version('tallymark')}.dist-info"} == {name.split("/")[0] for name in names}
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected == {name for name in names if ".dist-info/" not in name}


def test_every_imported_library_is_declared(project: dict[str, Any]) -> None:
    """What the code imports is a dependency or in an extra for users; what is a dependency is imported."""
    needed = _distributions(project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    offered = _distributions(r for extra, listed in extras.items() if extra != "dev" for r in listed)
    files = [path for folder in PACKAGES.values() for path in folder.rglob("*.py") if TEMPLATE not in path.parts]
    used = {name for path in files for name in _imported(path)} - set(sys.stdlib_module_names) - set(PACKAGES)
    homes = packages_distributions()
    given = {home.lower() for name in used for home in homes.get(name, [name])}
    assert set() == needed - {"tzdata"} - given
    assert set() == given - needed - offered


def _distributions(requirements: Iterable[str]) -> set[str]:
    """The names in a list of requirements."""
    return {re.split(r"[<>=\[; ]", requirement)[0].lower() for requirement in requirements}


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_no_file_is_named_for_being_handy() -> None:
    """A module's name says what it holds."""
    generic = {"utils", "util", "helpers", "helper", "base", "common", "manager", "misc"}
    assert [] == [p.name for folder in PACKAGES.values() for p in folder.rglob("*.py") if p.stem in generic]


def test_the_floors_are_told_as_they_are_kept(project: dict[str, Any]) -> None:
    """`engine/README.md` lists the rooms of each floor as the import contract does."""
    floors = project["tool"]["importlinter"]["contracts"][0]["layers"]
    table = (ROOT / "engine/README.md").read_text(encoding="utf-8").split("| floor | rooms |")[1].split("\n\n")[0]
    assert [set(floor.split(" : ")) for floor in floors] == [
        set(re.findall("`([a-z_]+)`", row)) for row in table.splitlines()[2:]
    ]
