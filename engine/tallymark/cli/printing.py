"""What goes to the standard output and the standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tallymark.errors import Fault, FaultError
from tallymark.secret import redacted
from tallymark.show.faults import fault_text, summary

if TYPE_CHECKING:
    from tallymark.cli.session import Session
    from tallymark.show.sheet import Sheet

EMPTY: Mapping[str, Any] = {}
COLORS = {"error": "red", "warning": "yellow"}


def print_faults(session: Session, faults: Sequence[Fault], *, err: bool = True) -> None:
    """All faults, as texts with a count at the end, or as data when the command's format is JSON."""
    if session.format == "json":
        print_faults_json(faults, err=err)
        return
    color = session.color(sys.stderr if err else sys.stdout)
    for number, fault in enumerate(faults):
        head, *rest = redacted(fault_text(fault)).split("\n")
        if color:
            code, said = head.split(": ", 1)
            head = f"{click.style(code, fg=COLORS[fault.severity], bold=True)}: {said}"
        click.echo("\n".join(["", head, *rest] if number else [head, *rest]), err=err, color=color)
    if len(faults) > 1:
        click.echo(f"\n{summary(faults)}", err=err)


def print_faults_json(faults: Sequence[Fault], *, err: bool = False, more: Mapping[str, Any] = EMPTY) -> None:
    """`{"faults": […]}`: one object per fault; and what else is told, each under its name."""
    from tallymark.show.raw import json_text

    click.echo(redacted(json_text({"faults": [f.as_dict() for f in faults], **more})), err=err)


def print_warnings(session: Session, faults: Sequence[Fault]) -> None:
    """That the project has faults elsewhere, in one line: the number asked for is not touched by them."""
    errors = [f for f in faults if f.severity == "error"]
    if errors and session.format != "json":
        click.echo(f"{summary(errors)} elsewhere in this project; `tally check` shows them", err=True)


def print_sheet(session: Session, sheet: Sheet) -> None:
    """A table that fits the page."""
    from tallymark.show.tables import table

    color = session.color(sys.stdout)
    click.echo(table(sheet.page(), session.width(), color=color), nl=False, color=color)


def deliver(text: str | bytes, output: Path | None) -> None:
    """Prints the text, or writes it to a file. Raises FaultError when the file cannot be written."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_bytes(text.encode() if isinstance(text, str) else text)
    except OSError as error:
        raise FaultError(Fault("D490", f"cannot write {output}: {error.strerror or error}")) from error
