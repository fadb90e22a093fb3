"""`tally plugin new`: a distribution for a plugin, laid out and with tests that pass."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from tallymark.cli.session import Session, session_options
from tallymark.errors import Fault, FaultError

NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
PLACEHOLDER = "acme"
"""The name that the template has in place of the plugin's."""


@click.command("new")
@click.argument("name")
@click.option(
    "--in",
    "parent",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=".",
    help="Where to make its folder. [default: here]",
)
@session_options
@click.pass_obj
def new_command(session: Session, /, name: str, parent: Path) -> None:
    """Write a plugin of your own: the distribution `tallymark-NAME` with a source, a function, an aggregate, tests, CI.

    NAME is what its functions begin with, as in `NAME.clamped(x, 0, 100)`. Never writes over a file.
    """
    _require_usable(name)
    folder = parent / f"tallymark-{name.replace('_', '-')}"
    if folder.exists():
        raise FaultError(Fault("P792", f"{folder} is there already", help="choose another name, or `--in DIR`"))
    for path in write_plugin(name, folder):
        click.echo(f"wrote {path}")
    click.echo(
        f"\nNext:\n  cd {folder}\n  python -m venv .venv && . .venv/bin/activate\n  pip install -e '.[test]'\n  pytest"
    )


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Writes the files of a new plugin into `folder`, which it makes; gives their paths, in order."""
    written: list[Path] = []
    for parts, text in sorted(_template(files("tallymark.cli") / "plugin_template")):
        path = folder.joinpath(*(_named(part, name) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(text, name), encoding="utf-8")
        written.append(path)
    return written


def _template(folder: Traversable, parts: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """The files below `folder`: the parts of each path, and its text."""
    found: list[tuple[tuple[str, ...], str]] = []
    for item in folder.iterdir():
        if item.is_dir():
            found += [] if item.name == "__pycache__" else _template(item, (*parts, item.name))
        else:
            found.append(((*parts, item.name), item.read_text(encoding="utf-8")))
    return found


def _named(part: str, name: str) -> str:
    """A file's name; what begins with a dot would be left out of packages, and is written so in the template."""
    return re.sub(r"^dot-", ".", part).replace(PLACEHOLDER, name)


def _filled(text: str, name: str) -> str:
    """The text with the plugin's name; distributions are named with hyphens, modules with underscores."""
    return text.replace(f"tallymark-{PLACEHOLDER}", f"tallymark-{name.replace('_', '-')}").replace(PLACEHOLDER, name)


def _require_usable(name: str) -> None:
    """Raises FaultError (P793) for a name that a module, or a formula, cannot have."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or keyword.issoftkeyword(name):
        help_ = "small letters, digits and `_`, two at least, as in `acme`: formulas will say `acme.clamped(…)`"
        raise FaultError(Fault("P793", f"`{name}` cannot be the name of a plugin", help=help_))
