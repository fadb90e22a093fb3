"""`tally rules`: which rules there are, and how each stands."""

from __future__ import annotations

from typing import Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import with_book
from tallymark.cli.printing import print_sheet
from tallymark.cli.run_rules import drop_command, run_command, status_command
from tallymark.cli.session import Session, format_option, session_options


@click.group("rules")
@session_options
def rules_command() -> None:
    """Conditions over metrics that are looked at each period: run them, list them, see how each stands and why."""


for _command in (run_command, status_command, drop_command):
    rules_command.add_command(_command)


@rules_command.command("list")
@format_option("table", "json")
@session_options
@click.pass_obj
def list_command(session: Session, /, format_: str | None) -> None:
    """List every rule: what it watches, how bad it is, whom it tells."""
    rules, waiting, told = with_book(session, "reading", _listed)
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text([_as_dict(rule, waiting, told[rule.name]) for rule in rules]))
    elif rules:
        print_sheet(session, _sheet(rules, waiting, told))
    else:
        click.echo("the project has no rules", err=True)


@rules_command.command(
    "explain",
    cls=Exemplified,
    examples=(
        "tally rules explain churn_high",
        "tally rules explain churn_high --at 2024-06 --where \"plan = 'pro'\"",
        "tally rules explain churn_high --as-of 2024-06-30 --format json",
    ),
)
@click.argument("rule")
@click.option("--at", metavar="PERIOD", help="The period to explain, as 2024-06; the newest unless said.")
@click.option("--where", metavar="CONDITION", help="Which instance: a value for each of the rule's dimensions.")
@click.option("--as-of", metavar="DATE", help="What was known at the end of that day.")
@format_option("text", "json")
@session_options
@click.pass_obj
def explain_command(
    session: Session, /, rule: str, at: str | None, where: str | None, as_of: str | None, format_: str | None
) -> None:
    """Show how a rule stands in a period: its conditions, the periods before, why, and the numbers behind."""
    asked = {"at": at, "where": where, "as_of": as_of}
    explained = with_book(session, "explaining", lambda book: book.explain_rule(rule, **asked))
    text = explained.to_json() if format_ == "json" else explained.text(session.width())
    click.echo(text, nl=False)


def _listed(book: Any) -> tuple[list[Any], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """The rules, what each waits for if anything, and whom each tells."""
    rules = list(book.rules.values())
    return rules, book.waiting_rules(), {rule.name: rule.tells(book.notifiers) for rule in rules}


def _sheet(rules: list[Any], waiting: dict[str, tuple[str, ...]], told: dict[str, tuple[str, ...]]) -> Any:
    from tallymark.show.sheet import Heading, Sheet, text_of

    lacking = bool(waiting)
    titles = ("rule", "fires when", "each", "by", "severity", "tells", *(("waits for",) if lacking else ()))

    def row(rule: Any) -> tuple[str, ...]:
        when = text_of(" ".join(rule.when.text.split()))
        lasting = f" for {rule.lasting} {rule.grain}s" if rule.lasting > 1 else ""
        texts = (rule.name, when + lasting, rule.grain, ", ".join(rule.by), rule.severity, ", ".join(told[rule.name]))
        return (*texts, ", ".join(waiting.get(rule.name, ()))) if lacking else texts

    return Sheet(tuple(map(Heading, titles)), tuple(map(row, rules)))


def _as_dict(rule: Any, waiting: dict[str, tuple[str, ...]], told: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "label": dict(rule.label),
        "description": dict(rule.description),
        "when": rule.when.text,
        "clear": rule.clear.text if rule.clear is not None else None,
        "where": rule.where.text if rule.where is not None else None,
        "by": list(rule.by),
        "grain": rule.grain,
        "for": rule.lasting,
        "keep_firing": rule.keep_firing,
        "no_data": rule.no_data.after,
        "partial": rule.partial,
        "since": rule.since,
        "severity": rule.severity,
        "labels": dict(rule.labels),
        "message": dict(rule.message),
        "notify": list(told),
        "pack": rule.pack,
        "waits_for": list(waiting.get(rule.name, ())),
        "place": str(rule.place),
    }
