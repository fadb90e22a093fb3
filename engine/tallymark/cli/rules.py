"""`tally rules`: what is watched, and who is told."""

from __future__ import annotations

import click

from tallymark.cli.run_rules import drop_command, run_command, status_command
from tallymark.cli.session import session_options


@click.group("rules")
@session_options
def rules_command() -> None:
    """Run the rules of the project, and see how they stand."""


for _command in (run_command, status_command, drop_command):
    rules_command.add_command(_command)
