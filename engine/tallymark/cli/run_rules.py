"""`tally rules run`, `status` and `drop`: evaluating rules, telling what is new, and how things stand."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import with_book
from tallymark.cli.printing import print_faults, print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.show.periods import clock_time

if TYPE_CHECKING:
    from tallymark.rules.outcome import Change, Delivery, LastRun, RuleRun, RulesStatus, Standing
    from tallymark.show.sheet import Sheet


@click.command(
    "run",
    cls=Exemplified,
    examples=(
        "tally rules run",
        "tally rules run churn_high --dry-run",
        "tally rules run --as-of 2024-06-30",
        "tally rules run --fail-on firing",
    ),
)
@click.argument("rules", nargs=-1, metavar="[RULE…]")
@click.option("--as-of", metavar="WHEN", help="What was known then. [default: now, or the project's own day]")
@click.option("--dry-run", is_flag=True, help="Tell here what would be told; write and send nothing.")
@click.option(
    "--fail-on",
    type=click.Choice(("firing", "no_data")),
    multiple=True,
    help="Leave with 1 also when an instance stands so: for CI.",
)
@format_option("text", "json")
@session_options
@click.pass_obj
@click.pass_context
def run_command(
    context: click.Context,
    session: Session,
    rules: tuple[str, ...],
    as_of: str | None,
    dry_run: bool,
    fail_on: tuple[str, ...],
    format_: str | None,
) -> None:
    """Evaluate the rules of the project, or those named, and tell what is new.

    For cron or any other scheduler. What was told is kept in the project's folder: each change is told once, however
    often rules are run, and if a run is stopped on its way. What a notifier did not take, the next run tries again.

    Leaves with 0, also when something fires; with 1 when a rule could not be evaluated or something could not be told.
    """
    # What a notifier writes to the standard output would be in the way of JSON.
    with redirect_stdout(sys.stderr) if format_ == "json" else nullcontext():
        done = with_book(session, "running rules", lambda book: book.run_rules(*rules, as_of=as_of, dry_run=dry_run))
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text(done.as_dict()))
    else:
        _report(session, done)
    if not done.whole or any(done.counted(status) for status in fail_on):
        context.exit(1)


def _report(session: Session, done: RuleRun) -> None:
    from tallymark.show.sheet import printable

    for change in done.transitions:
        click.echo(printable(_line(change)))
    for each in done.deliveries:
        if each.state != "sent":
            click.echo(printable(f"not told yet: {each.subject} -> {each.notifier}"))
    for note in done.notes:
        click.echo(printable(f"note: {note}"))
    click.echo(done.summary())
    if done.faults:
        print_faults(session, done.faults)


def _line(change: Change) -> str:
    reason = "" if change.transition.reason == "new period" else f" ({change.transition.reason})"
    return f"{change.subject}{reason} -> {', '.join(change.notify) or 'nobody'}"


@click.command("status", cls=Exemplified, examples=("tally rules status", "tally rules status --format json"))
@format_option("table", "json")
@session_options
@click.pass_obj
def status_command(session: Session, format_: str | None) -> None:
    """Show what fires or has no data, since when, who was told, and what still waits to be told.

    As the last run left it: nothing is evaluated.
    """
    found = with_book(session, "looking", lambda book: book.rules_status())
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text(found.as_dict()))
        return
    if found.standing:
        print_sheet(session, _sheet(found.standing))
        click.echo("")
    for line in _remarks(found):
        click.echo(line)


def _sheet(standing: tuple[Standing, ...]) -> Sheet:
    from tallymark.show.sheet import Heading, Sheet

    headings = tuple(map(Heading, ("rule", "instance", "stands", "since", "told")))
    rows = tuple(
        (each.rule, each.who, _stands(each), each.since, ", ".join(map(_heard, each.heard)) or "nobody")
        for each in standing
    )
    return Sheet(headings, rows)


def _stands(each: Standing) -> str:
    """What was told, and that nothing is known of it now where that is so."""
    unknown = each.told == "firing" and each.now == "no_data"
    return each.told.replace("_", " ") + (f"; no data since {each.now_since}" if unknown else "")


def _heard(each: Delivery) -> str:
    told = {"sent": clock_time(each.at), "failed": "failed", "waiting": "waits", "dropped": "given up"}
    return f"{each.notifier} {told[each.state]}"


def _remarks(found: RulesStatus) -> list[str]:
    from tallymark.show.sheet import printable

    lines = [] if found.standing else ["nothing fires"] if any(r.ran for r in found.rules) else []
    ran = [each for each in found.rules if each.ran is not None]
    if ran:
        lines.append(f"{len(ran)} of {len(found.rules)} rules were run, last at {clock_time(max(map(_ran, ran)))}")
    lines += [
        f"{each.rule}: not evaluated at {clock_time(each.failed_at)}, what was told of it stands: {each.error}"
        for each in found.rules
        if each.error is not None
    ]
    never = [each.rule for each in found.rules if each.ran is None]
    if never:
        lines.append(f"never run: {', '.join(never)}")
    if not found.rules:
        lines.append("this project has no rules")
    lines += [
        f"not told yet: {each.subject} -> {each.notifier}" + (f" ({_tries(each)})" if each.attempts else "")
        for each in found.waiting
    ]
    lines += [
        f"{each.rule}: the project no longer has it; the next run ends what it told"
        for each in found.rules
        if each.gone
    ]
    lines += [*(["a run is under way"] if found.running else []), *found.notes]
    return [printable(line) for line in lines]


def _ran(rule: LastRun) -> datetime:
    assert rule.ran is not None
    return rule.ran


def _tries(each: Delivery) -> str:
    times = "once" if each.attempts == 1 else f"{each.attempts} times"
    return f"tried {times}, last at {clock_time(each.at)}" + (f": {each.error}" if each.error else "")


@click.command("drop", cls=Exemplified, examples=("tally rules drop old_channel",))
@click.argument("notifier")
@session_options
@click.pass_obj
def drop_command(session: Session, notifier: str) -> None:
    """Give up what waits to be told to a notifier: one that the project no longer has, or that never came back."""
    count: Any = with_book(session, "dropping", lambda book: book.drop_notifications(notifier))
    click.echo(f"{count} notification{'' if count == 1 else 's'} for `{notifier}` given up")
