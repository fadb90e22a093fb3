"""`plugins/TUTORIAL.md`, followed word by word in an environment of its own.

With REWRITE_TUTORIAL=1 in the environment the outputs are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from .conftest import ROOT, Environment

PAGE = ROOT / "plugins/TUTORIAL.md"
FENCE = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_does_what_it_says(environment: Environment, tmp_path: Path) -> None:
    """Files are written where it says, commands typed where it says, and they print what it shows."""
    page = PAGE.read_text(encoding="utf-8")
    desk = tmp_path / "desk"
    desk.mkdir()
    for language, at, text in FENCE.findall(page):
        if language == "console":
            shown = "".join(typed(command, desk / at, environment) for command in commands(text))
            if os.environ.get("REWRITE_TUTORIAL"):
                page = page.replace(f"```console {at}\n{text}```", f"```console {at}\n{shown}```", 1)
            else:
                assert text == shown
        else:
            (desk / at).parent.mkdir(parents=True, exist_ok=True)
            (desk / at).write_text(text, encoding="utf-8")
    if os.environ.get("REWRITE_TUTORIAL"):
        PAGE.write_text(page, encoding="utf-8")


def commands(text: str) -> list[str]:
    """The lines of a block that are typed."""
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


def typed(command: str, at: Path, environment: Environment) -> str:
    """The command as it is shown, and what it printed, without how long it took."""
    if command.startswith("pip install -e"):  # needs no network here: what it depends on is in sight
        environment.install(at, editable=True)
        return f"$ {command}\n"
    printed = environment.run(*shlex.split(command), cwd=at).stdout
    printed = re.sub(r" in \d+\.\d+s", "", re.sub(r"\s+\[100%\]", "", printed))
    return f"$ {command}\n" + "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
