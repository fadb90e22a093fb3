"""The command: `tally`.

This room and every module in it import nothing heavy at the top: `tally --help` must not wait for a database.
"""

from __future__ import annotations

import click

from tallymark.cli.group import Commands
from tallymark.cli.session import session_options

__all__ = ["main", "tally"]

COMMANDS = {
    "init": "start",
    "demo": "demo",
    "sync": "sync",
    "check": "check",
    "test": "trials",
    "list": "listing",
    "ask": "ask",
    "explain": "explain",
    "lineage": "lineage",
    "rules": "rules",
    "notify": "notify",
    "functions": "reference",
    "schema": "reference",
    "plugins": "plugins",
    "plugin": "plugins",
}
"""Each command, in the order of the help, and the module of this package that holds it."""


@click.group(cls=Commands, commands_in=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@session_options
@click.option(
    "--format", "format_", metavar="FORMAT", help="How to print: table, text, json, csv… (the command's own list)."
)
@click.version_option(package_name="tallymark", prog_name="tally", message="%(prog)s %(version)s")
@click.pass_context
def tally(context: click.Context, format_: str | None) -> None:
    """Numbers with receipts: metrics in YAML, answers from your data.

    Start with `tally demo`, or `tally init` in a folder with your files. A project is a folder with a tally.yaml.
    """
    context.obj.format = format_


def main() -> None:
    """Runs the command and leaves with its exit code: 0 fine, 1 faults, 2 usage, 70 a defect of ours, 130 stopped."""
    tally.main(prog_name="tally")
