"""What holds for one run of the command, whichever command it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Session:
    """The options every command knows. They may stand before the command's name or after it."""

    project: Path | None = None
    plugins: bool = True
    format: str | None = None
    plain: bool = False
    """No colours, whatever the terminal can do."""

    def color(self, stream: TextIO) -> bool:
        """Whether `stream` gets colours: a terminal that can, and nobody who said no (https://no-color.org)."""
        if self.plain or os.environ.get("NO_COLOR"):
            return False
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    def width(self) -> int | None:
        """The page's width: COLUMNS, else the terminal's; None for a file or a pipe, which has no edge."""
        columns = os.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns) > 0:
            return int(columns)
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def session(context: click.Context) -> Session:
    """The run's session."""
    return context.ensure_object(Session)


def session_options(command: F) -> F:
    """Gives a command `--project`, `--no-plugins` and `--no-color`, which speak to the session."""

    def keep(field: str, change: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], None]:
        def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
            known = session(context)
            if value:
                setattr(known, field, change(value))

        return callback

    options = (
        click.option(
            "--project",
            type=click.Path(exists=True, path_type=Path),
            metavar="DIR",
            expose_value=False,
            callback=keep("project", Path),
            help="The project's folder. [default: the nearest folder upward with a tally.yaml]",
        ),
        click.option(
            "--no-plugins",
            is_flag=True,
            expose_value=False,
            callback=keep("plugins", lambda _: False),
            help="Load only the plugins that come with Tallymark.",
        ),
        click.option(
            "--no-color",
            is_flag=True,
            expose_value=False,
            callback=keep("plain", bool),
            help="No colours. NO_COLOR in the environment says the same.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def format_option(*choices: str, help: str = "How to print.", more: bool = False) -> Callable[[F], F]:
    """Gives a command `--format` with these choices, the first one by default; `tally --format` is obeyed too.

    With `more` there are others, of plugins: the command finds out whether there is one of that name.
    """

    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        known = session(context)
        value = value or known.format
        if value is not None and value not in choices and not more:
            listed = ", ".join(choices)
            raise click.BadParameter(f"{value!r} is not one of {listed}.", context, parameter)
        known.format = value or choices[0]
        return value

    return click.option(
        "--format",
        "format_",
        metavar="|".join((*choices, *(("NAME",) if more else ()))),
        callback=callback,
        is_eager=True,
        help=f"{help} [default: {choices[0]}]",
    )
