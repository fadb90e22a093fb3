"""`tally check`: every fault of a project, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from tallymark.cli import opening
from tallymark.cli.printing import print_faults, print_faults_json
from tallymark.cli.running import work
from tallymark.cli.session import Session, format_option, session_options
from tallymark.definitions.checks import TAG
from tallymark.errors import Fault, FaultError, in_order

_STATES = {"passed": True, "failed": False, "unknown": None}


@click.command("check")
@click.argument("checks", metavar="[CHECK]...", nargs=-1)
@click.option("--data", is_flag=True, help="Verify the data too: keys, references, and the checks that files define.")
@format_option("text", "json")
@session_options
@click.pass_obj
@click.pass_context
def check_command(
    context: click.Context, session: Session, checks: tuple[str, ...], data: bool, format_: str | None
) -> None:
    """Check definitions, names, types and units, and with --data the data: keys, references, and the checks that files
    define, all or those named.

    Leaves with 1 if there is an error; a warning alone is no reason to stop.
    """
    if checks and not data:
        raise click.UsageError("the checks that files define look at the data: say --data too")
    opened: list[Any] = []
    results: list[Any] = []

    def run() -> tuple[tuple[Fault, ...], str]:
        try:
            opened.append(opening.open_book(session))
            book = opened[0]
            results.extend(book.data_checks(*checks) if data else ())
            if checks:
                return in_order(f for r in results if (f := r.fault) is not None), _of_data(results)
            found = book.check(data=data, results=results) if data else book.check()
            said = [_checked(book), *([_of_data(results)] if results else [])]
            return in_order((*book.faults, *found)), "\n".join(said)
        except FaultError as error:
            return error.faults, ""

    faults, said = work("checking", run, lambda: opened[0].cancel() if opened else None)
    if format_ == "json":
        print_faults_json(faults, more={"checks": [r.as_dict() for r in results]} if data else {})
    elif faults:
        print_faults(session, faults)
    if format_ != "json" and said:
        click.echo(said)
    if any(f.severity == "error" for f in faults):
        context.exit(1)


def _checked(book: Any) -> str:
    # What checks of data stand for is counted with the checks, what a scorecard is put together from with its score.
    metrics = [m for m in book.metrics.values() if TAG not in m.tags and not (m.hidden and m.definition.about)]
    waiting = sum(1 for m in metrics if m.needs)
    usable = len(metrics) - waiting
    said = f"checked {_many(len(book.datasets), 'dataset')}, {_many(usable, 'metric')}"
    said += f", {_many(len(book.rules), 'rule')}" if book.rules else ""
    return f"{said}; {_many(waiting, 'metric')} more for data that this project does not have" if waiting else said


def _of_data(results: Sequence[Any]) -> str:
    """How many checks of data passed, failed and are unknown."""
    counts = {state: sum(1 for r in results if r.passed is passed) for state, passed in _STATES.items()}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"ran {_many(len(results), 'check')} of data: {said}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
