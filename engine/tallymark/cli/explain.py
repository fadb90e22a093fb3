"""`tally explain`: the receipt of one number."""

from __future__ import annotations

from typing import Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import with_book
from tallymark.cli.question import parameters, question_options
from tallymark.cli.session import Session, format_option, session_options


@click.command(
    "explain",
    cls=Exemplified,
    examples=(
        "tally explain nrr --period 2024-06",
        "tally explain churn --period 2024-06 --rows",
        "tally explain mrr --period 2024-06 --where \"plan = 'pro'\" --sql",
    ),
)
@click.argument("metric")
@question_options
@click.option("--compare", metavar="WITH", help="The growth against another period: previous, year_ago, previous:3.")
@click.option("--like-for-like", is_flag=True, help="Compare a period that is not over with as much of the other one.")
@click.option(
    "--rows",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=20,
    metavar="[N]",
    help="The rows that counted too: N of each aggregate, 20 unless said; stands last, or before another option.",
)
@click.option("--sql", is_flag=True, help="The SQL too.")
@click.option("--how", is_flag=True, help="Also how each aggregate was put together over its windows.")
@format_option("text", "json")
@session_options
@click.pass_obj
def explain_command(
    session: Session, /, metric: str, param: tuple[str, ...], sql: bool, how: bool, format_: str | None, **question: Any
) -> None:
    """Show how one number came to be: each part of its formula with its value."""
    given = {"parameters": parameters(param)} | question
    receipt = with_book(session, "explaining", lambda book: book.explain(metric, **given))
    if format_ == "json":
        click.echo(receipt.to_json(sql=sql), nl=False)
        return
    click.echo(receipt.text(session.width()), nl=False)
    if how:
        click.echo("\n" + "\n".join(receipt.how))
    if sql:
        click.echo(f"\n{receipt.sql.rstrip()}")
