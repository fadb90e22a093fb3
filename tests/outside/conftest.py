"""Environments of their own for plugins that are installed as users install them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

collect_ignore_glob = ["tallymark-*"]
"""Tests of outsiders run where the plugin is installed."""

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {"tally": "tallymark.cli", "pytest": "pytest"}
"""What installing would have put there, and the module that has each one's `main`."""
ROOTS = ("engine", "plugins", "metric_defs")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees what this one has installed; what it installs is its own."""

    folder: Path

    @property
    def bin(self) -> Path:
        """Where its commands are."""
        return self.folder / "bin"

    def run(self, *command: str | Path, cwd: Path, fine: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the environment, in a folder; it must go well, unless `fine` is False."""
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        env = {**kept, "PATH": path, "COLUMNS": "120", "VIRTUAL_ENV": str(self.folder), "PIP_NO_INDEX": "1"}
        done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False)
        assert not fine or done.returncode == 0, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, distribution: Path, editable: bool = False) -> None:
        """Installs a folder with a pyproject.toml; what it depends on is there already."""
        how = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
        self.run("python", "-m", "pip", "install", *how, *(["-e"] if editable else []), distribution, cwd=self.folder)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A fresh environment, with Tallymark and what it needs in sight."""
    folder = tmp_path / "environment"
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    made = Environment(folder)
    site = made.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).stdout.strip()
    seen = [*(str(ROOT / root) for root in ROOTS), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (Path(site) / "seen.pth").write_text("\n".join(dict.fromkeys(seen)) + "\n", encoding="utf-8")
    for command, main in COMMANDS.items():
        script = f"#!{made.bin / 'python'}\nimport sys\nfrom {main} import main\nsys.exit(main())\n"
        (made.bin / command).write_text(script, encoding="utf-8")
        (made.bin / command).chmod(0o755)
    assert sys.version_info[:2] == tuple(
        map(int, made.run("python", "-c", "import sys; print(*sys.version_info[:2])", cwd=folder).stdout.split())
    )
    return made
