"""`tally lineage`: what a metric is made of, and what is made of it."""

from __future__ import annotations

import click

from tallymark.cli.opening import with_book
from tallymark.cli.session import Session, format_option, session_options


@click.command("lineage")
@click.argument("metric")
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    default="up",
    show_default=True,
    help="What it is made of, what is made of it, or both.",
)
@click.option("--columns", is_flag=True, help="The columns of the datasets too.")
@format_option("tree", "json", "mermaid")
@session_options
@click.pass_obj
def lineage_command(session: Session, /, metric: str, direction: str, columns: bool, format_: str | None) -> None:
    """Show which metrics, datasets and columns a metric is made of, or which metrics it goes into."""
    lineage = with_book(session, "reading", lambda book: book.lineage(metric))
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text(lineage.to_dict(direction, columns)))
    elif format_ == "mermaid":
        click.echo(lineage.to_mermaid(direction, columns), nl=False)
    else:
        click.echo(lineage.tree(direction, columns, session.width()), nl=False)
