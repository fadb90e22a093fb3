"""`tally functions` and `tally schema`: what may be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.describing import functions_of, plugins_here, transforms_of
from tallymark.cli.printing import print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.errors import Fault, FaultError, did_you_mean

if TYPE_CHECKING:
    from tallymark.transforms.transform import Transform

FIELDS = ("name", "signature", "kind", "help", "example")


@click.command("functions")
@click.argument("name", required=False)
@format_option("table", "json")
@session_options
@click.pass_obj
def functions_command(session: Session, name: str | None, format_: str | None) -> None:
    """List the functions of formulas and the transforms of datasets, or tell one in full."""
    plugins = plugins_here(session)
    rows: list[dict[str, Any]] = [
        {field: str(getattr(row, field)) for field in FIELDS} for row in functions_of(plugins)
    ]
    rows += map(_transform, transforms_of(plugins))
    if name is not None:
        known = [row["name"] for row in rows]
        rows = [row for row in rows if row["name"] == name.lower()]
        if not rows:
            help = plugins.functions.why(name.lower()) or did_you_mean(name.lower(), known)
            raise FaultError(Fault("T104", f"unknown function `{name}`", help=help))
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


def _transform(row: Transform) -> dict[str, Any]:
    """A transform as a row of the list, with what it takes."""
    takes = {("per" if t.kind == "member" else t.name): t.help for t in row.takes}
    found = {"name": row.name, "signature": row.signature, "kind": "transform", "help": row.help}
    return {**found, "example": row.example, "takes": takes}


def _told(row: dict[str, Any]) -> str:
    lines = [row["signature"] or row["name"], f"  {row['help']}", f"  {row['kind']}"]
    width = max((len(name) for name in row.get("takes", ())), default=0)
    lines += [f"  {name:{width}}  {help_}" for name, help_ in row.get("takes", {}).items()]
    if row["example"]:
        lines.append(f"  example: {row['example']}")
    return "\n".join(lines)


def _listed(rows: list[dict[str, Any]]) -> Any:
    from tallymark.show.sheet import Heading, Sheet

    headings = (Heading("function"), Heading("kind"), Heading("what it does"))
    return Sheet(headings, tuple((str(r["signature"] or r["name"]), str(r["kind"]), str(r["help"])) for r in rows))
