"""`tally check`: every fault of a project, in one run."""

from __future__ import annotations

from typing import Any

import click

from tallymark.cli import opening
from tallymark.cli.printing import print_faults, print_faults_json
from tallymark.cli.running import work
from tallymark.cli.session import Session, format_option, session_options
from tallymark.errors import Fault, FaultError, in_order


@click.command("check")
@click.option("--data", is_flag=True, help="Verify keys and references in the data too: repeated, orphaned, null.")
@format_option("text", "json")
@session_options
@click.pass_obj
@click.pass_context
def check_command(context: click.Context, session: Session, data: bool, format_: str | None) -> None:
    """Check definitions, names, types and units, and with --data the data's keys and references.

    Leaves with 1 if there is an error; a warning alone is no reason to stop.
    """
    opened: list[Any] = []

    def run() -> tuple[tuple[Fault, ...], str]:
        try:
            opened.append(opening.open_book(session))
            book = opened[0]
            return in_order((*book.faults, *book.check(data=data))), _checked(book)
        except FaultError as error:
            return error.faults, ""

    faults, said = work("checking", run, lambda: opened[0].cancel() if opened else None)
    if format_ == "json":
        print_faults_json(faults)
    elif faults:
        print_faults(session, faults)
    if format_ != "json" and said:
        click.echo(said)
    if any(f.severity == "error" for f in faults):
        context.exit(1)


def _checked(book: Any) -> str:
    waiting = sum(1 for m in book.metrics.values() if m.needs)
    usable = len(book.metrics) - waiting
    said = f"checked {_many(len(book.datasets), 'dataset')}, {_many(usable, 'metric')}"
    return f"{said}; {_many(waiting, 'metric')} more for data that this project does not have" if waiting else said


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
