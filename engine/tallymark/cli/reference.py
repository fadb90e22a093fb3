"""`tally functions` and `tally schema`: what may be written."""

from __future__ import annotations

from typing import Any

import click

from tallymark.cli.describing import functions_of
from tallymark.cli.printing import print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.errors import Fault, FaultError, did_you_mean

FIELDS = ("name", "signature", "kind", "help", "example")


@click.command("functions")
@click.argument("name", required=False)
@format_option("table", "json")
@session_options
@click.pass_obj
def functions_command(session: Session, name: str | None, format_: str | None) -> None:
    """List the functions of formulas, or tell one in full."""
    rows = [{field: str(getattr(row, field)) for field in FIELDS} for row in functions_of(session.plugins)]
    if name is not None:
        known = [row["name"] for row in rows]
        rows = [row for row in rows if row["name"] == name.lower()]
        if not rows:
            raise FaultError(Fault("T104", f"unknown function `{name}`", help=did_you_mean(name.lower(), known)))
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text(rows))
    elif name is not None:
        for row in rows:
            click.echo(_told(row))
    else:
        print_sheet(session, _listed(rows))


@click.command("schema")
@click.argument("which", type=click.Choice(["project", "metrics"]), default="project")
@session_options
def schema_command(which: str) -> None:
    """Print the JSON Schema of tally.yaml (`project`) or of metric files (`metrics`), for editors."""
    from tallymark.json_schema import metrics_schema, project_schema
    from tallymark.show.raw import json_text

    made = project_schema() if which == "project" else metrics_schema()
    click.echo(json_text(made))


def _told(row: dict[str, Any]) -> str:
    lines = [row["signature"] or row["name"], f"  {row['help']}", f"  {row['kind']}"]
    if row["example"]:
        lines.append(f"  example: {row['example']}")
    return "\n".join(lines)


def _listed(rows: list[dict[str, Any]]) -> Any:
    from tallymark.show.sheet import Heading, Sheet

    headings = (Heading("function"), Heading("kind"), Heading("what it does"))
    return Sheet(headings, tuple((str(r["signature"] or r["name"]), str(r["kind"]), str(r["help"])) for r in rows))
