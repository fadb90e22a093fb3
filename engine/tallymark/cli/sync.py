"""`tally sync`: data of services into the project's store."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import folder_of
from tallymark.cli.printing import print_faults, print_sheet
from tallymark.cli.running import work
from tallymark.cli.session import Session, format_option, session_options
from tallymark.show.periods import clock_time

if TYPE_CHECKING:
    from tallymark.landing.landed import Landed, LandedTable, Status, Synced
    from tallymark.landing.run import Progress
    from tallymark.show.sheet import Heading, Sheet


@click.command(
    "sync",
    cls=Exemplified,
    examples=(
        "tally sync",
        "tally sync stripe zendesk",
        "tally sync stripe --full",
        "tally sync --status",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@click.option("--full", is_flag=True, help="Read everything anew; what is there stays until that is done.")
@click.option("--status", "status_", is_flag=True, help="Tell what is landed and until when; ask no service.")
@format_option("table", "json")
@session_options
@click.pass_obj
@click.pass_context
def sync_command(
    context: click.Context, session: Session, sources: tuple[str, ...], full: bool, status_: bool, format_: str | None
) -> None:
    """Fetch the data of services into the project: of every source that is landed, or of those named.

    Only what is new or has changed is read, unless --full says otherwise. Questions read the data of the last whole
    sync until this one is done. It may be stopped or killed at any point: the next sync goes on from there.

    Leaves with 1 if a source failed; the others are synced all the same.
    """
    if status_ and full:
        raise click.UsageError("--status only looks; it goes without --full.")
    folder = folder_of(session)
    if status_:
        _show_status(session, folder, sources, format_)
        return
    done = _run(session, folder, sources, full)
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text({"sources": [synced_data(each) for each in done]}))
    else:
        _report(session, done)
    if any(not each.done for each in done):
        context.exit(1)


def _run(session: Session, folder: Any, sources: tuple[str, ...], full: bool) -> tuple[Synced, ...]:
    import tallymark

    stop = Event()

    def cancel() -> None:
        stop.set()
        click.echo("stopped; what was read is kept, and the next `tally sync` goes on from there", err=True)

    with _Bar(session) if sys.stderr.isatty() else nullcontext() as bar:
        return work(
            "" if bar else "syncing",
            lambda: tallymark.sync(
                folder, sources, full=full, watch=bar.watch if bar else None, stop=stop, plugins=session.plugins,
                strict=False,
            ),
            cancel,
        )  # fmt: skip


class _Bar:
    """A line for each table that is being read, with its rows so far."""

    def __init__(self, session: Session) -> None:
        from rich.console import Console
        from rich.progress import Progress as Lines
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not session.color(sys.stderr))
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[told]}"))
        self.lines = Lines(*columns, TimeElapsedColumn(), console=console, transient=True)
        self.tasks: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> _Bar:
        self.lines.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.stop()

    def watch(self, told: Progress) -> None:
        """Shows how far a table is; the line before it is done."""
        table = told.table if told.phase == "reading" else ""
        name = (told.source, table or told.phase)
        if told.said:
            self.lines.print(f"{told.source}: {told.said}", markup=False, highlight=False)
            return
        if name not in self.tasks:
            for task in self.tasks.values():
                self.lines.update(task, total=1, completed=1)
            if told.phase in ("done", "failed"):
                return
            self.tasks[name] = self.lines.add_task(f"{told.source} {table or told.phase}", total=None, told="")
        if table:
            self.lines.update(self.tasks[name], told=f"{told.rows:,} rows")


def _report(session: Session, done: tuple[Synced, ...]) -> None:
    from tallymark.show.sheet import Heading, Sheet

    headings = [Heading("source"), Heading("table")]
    headings += [Heading(name, number=True) for name in ("rows", "added", "changed", "deleted")]
    rows, notes = [], []
    for each in done:
        landed = each.landed
        if each.done and landed is not None:
            rows += [(each.source, t.name, *_counts(t)) for t in landed.tables if t.kind != "part"]
            notes.append(f"{each.source} is complete until {clock_time(landed.complete_until)}")
        notes += [f"{each.source}: {note}" for note in each.notes]
    if rows:
        print_sheet(session, Sheet(tuple(headings), tuple(rows), tuple(notes)))
    elif not done:
        click.echo("no source of this project is landed: there is nothing to sync")
    faults = [fault for each in done for fault in each.faults]
    if faults:
        print_faults(session, faults)


def _counts(table: LandedTable) -> tuple[str, ...]:
    counts = (table.rows, table.added, table.changed, table.deleted)
    return tuple("" if count is None else f"{count:,}" for count in counts)


def _show_status(session: Session, folder: Any, sources: tuple[str, ...], format_: str | None) -> None:
    import tallymark

    found = work("looking", lambda: tallymark.sync_status(folder, sources, plugins=session.plugins))
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text({"sources": [status_data(each) for each in found]}))
        return
    if not found:
        click.echo("no source of this project is landed: there is nothing to sync")
        return
    print_sheet(session, _status_sheet(found))


def _status_sheet(found: tuple[Status, ...]) -> Sheet:
    from tallymark.show.sheet import Heading, Sheet

    headings: list[Heading] = [Heading("source"), Heading("table"), Heading("rows", number=True)]
    headings += [Heading("complete until"), Heading("read up to")]
    rows, notes = [], []
    for each in found:
        landed = each.landed
        if landed is None:
            rows.append((each.source, "", "", "never synced", ""))
        else:
            rows += [
                (each.source, t.name, f"{t.rows:,}", clock_time(t.complete_until), t.cursor or "")
                for t in landed.tables
                if t.kind != "part"
            ]
            notes.append(f"{each.source} was last synced at {clock_time(landed.ended)}")
        notes += _troubles(each)
    return Sheet(tuple(headings), tuple(rows), tuple(notes))


def _troubles(each: Status) -> list[str]:
    told = []
    if each.running:
        told.append(f"{each.source}: a sync is running")
    if each.failed is not None:
        when = f"the sync at {clock_time(each.failed_at)} failed: " if each.failed_at else ""
        told.append(f"{each.source}: {when}[{each.failed.code}] {each.failed.message}")
    if each.kept and not each.running:
        told.append(f"{each.source}: a sync was broken off; the next one goes on after {each.kept:,} rows")
    return told


def synced_data(each: Synced) -> dict[str, Any]:
    """What came of one source, for `--format json`."""
    return {
        "source": each.source,
        "done": each.done,
        **landed_data(each.landed),
        "notes": list(each.notes),
        "faults": [fault.as_dict() for fault in each.faults],
    }


def status_data(each: Status) -> dict[str, Any]:
    """The status of one source, for `--format json`."""
    return {
        "source": each.source,
        "kind": each.kind,
        "running": each.running,
        "kept_rows": each.kept,
        **landed_data(each.landed),
        "failed_at": each.failed_at.isoformat() if each.failed_at else None,
        "failure": each.failed.as_dict() if each.failed else None,
    }


def landed_data(landed: Landed | None) -> dict[str, Any]:
    """What is landed: when, until when, and each table with its counts."""
    if landed is None:
        return {"synced_at": None, "complete_until": None, "full": None, "tables": []}
    return {
        "synced_at": landed.ended.isoformat(),
        "complete_until": landed.complete_until.isoformat(),
        "full": landed.full,
        "tables": [
            {
                "table": t.name,
                "kind": t.kind,
                "rows": t.rows,
                "added": t.added,
                "changed": t.changed,
                "deleted": t.deleted,
                "cursor": t.cursor,
                "complete_until": t.complete_until.isoformat() if t.complete_until else None,
            }
            for t in landed.tables
        ],
    }
