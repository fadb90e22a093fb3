"""`tally notify`: which notifiers the project has, and a notification on trial through one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import with_book
from tallymark.cli.printing import print_faults, print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.notifier import IMPORTANCES

if TYPE_CHECKING:
    from tallymark.engine.book import Book
    from tallymark.errors import Fault

SUBJECT = "A notification on trial"


@click.command(
    "notify",
    cls=Exemplified,
    examples=("tally notify", "tally notify team", 'tally notify team --severity critical --text "Can you see this?"'),
)
@click.argument("name", required=False)
@click.option("--text", metavar="TEXT", help="What it says; otherwise that it is sent on trial, and by which project.")
@click.option(
    "--severity", type=click.Choice(IMPORTANCES), default="info", show_default=True, help="How important it says it is."
)
@format_option("table", "json", help="How to print the list of notifiers.")
@session_options
@click.pass_obj
def notify_command(session: Session, /, name: str | None, text: str | None, severity: Any, format_: str | None) -> None:
    """Send a notification on trial through the notifier NAME; without NAME, list the notifiers of the project.

    Notifiers are declared under `notifiers:` in tally.yaml. Leaves with 1 if the notification was not taken.
    """
    if name is None:
        if text is not None or severity != "info":
            raise click.UsageError("--text and --severity are of a notification; name the notifier that sends it.")
        _list(session, format_)
        return

    def send(book: Book) -> tuple[Fault, ...]:
        from tallymark.notifier import Notification

        said = text or f"Sent by `tally notify` from the project {book.project.name}, to see that it arrives."
        return book.notifier(name).send(Notification(SUBJECT, said, severity, {"notifier": name}))

    remarks = with_book(session, "sending", send)
    if remarks:
        print_faults(session, remarks)
    click.echo(f"`{name}` has taken it", err=True)


def _list(session: Session, format_: str | None) -> None:
    from tallymark.show.sheet import Heading, Sheet

    rows = with_book(session, "reading", _rows)
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text(rows))
    elif rows:
        headings = tuple(map(Heading, ("notifier", "kind", "sent again, it is told", "what it does")))
        told = {True: "once", False: "twice", None: ""}
        print_sheet(
            session, Sheet(headings, tuple((r["name"], r["kind"], told[r["repeatable"]], r["help"]) for r in rows))
        )
    else:
        click.echo("the project has no notifiers; they are declared under `notifiers:` in tally.yaml", err=True)


def _rows(book: Book) -> list[dict[str, Any]]:
    kinds = ((made, book.plugins.notifiers.get(made.kind)) for made in book.notifiers.values())
    return [
        {
            "name": made.name,
            "kind": made.kind,
            "repeatable": kind.repeatable if kind is not None else None,
            "help": kind.help if kind is not None else "",
        }
        for made, kind in kinds
    ]
