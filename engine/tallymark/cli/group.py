"""The group of commands: finds each when it is wanted, and turns every outcome into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from tallymark.cli.printing import print_faults
from tallymark.cli.session import session
from tallymark.errors import Cancelled, Fault, FaultError, TallymarkError, nearest
from tallymark.secret import redacted

FINE, FAULTS, DEFECT, STOPPED = 0, 1, 70, 130


class Commands(click.Group):
    """A group whose commands live in modules that are imported when one is called or listed."""

    def __init__(self, *args: Any, commands_in: Mapping[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._modules = commands_in

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in self._modules:
            return None
        found = getattr(import_module(f"tallymark.cli.{self._modules[cmd_name]}"), f"{cmd_name}_command")
        assert isinstance(found, click.Command)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does, with the nearest name when there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = nearest(args[0], self._modules)
            if close is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean `{close}`?", ctx) from None

    def invoke(self, ctx: click.Context) -> None:
        """Runs the command; faults are printed as the command's format says."""
        code = FAULTS
        try:
            try:
                super().invoke(ctx)
                sys.stdout.flush()
                return
            except FaultError as error:
                print_faults(session(ctx), error.faults)
            except Cancelled:
                code = STOPPED
            except TallymarkError as error:
                print_faults(session(ctx), [Fault("P700", str(error))])
        except BrokenPipeError:
            code = _hung_up()
        ctx.exit(code)

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Runs the command line and leaves with its exit code. Nothing a user does ends in a traceback."""
        code = _outcome(lambda: super(Commands, self).main(*args, **(more | {"standalone_mode": False})))
        sys.exit(code)


def _outcome(run: Callable[[], Any]) -> int:
    try:
        code = run()
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return STOPPED
    except Exception as error:
        return _defect(error)
    return code if isinstance(code, int) else FINE


def _hung_up() -> int:
    """The reader (`head`, a pager) has what it wanted: no message, and none from Python's own last flush either."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FINE


def _defect(error: Exception) -> int:
    if os.environ.get("TALLY_DEBUG"):
        import traceback

        click.echo(redacted("".join(traceback.format_exception(error))), err=True)
    said = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
    click.echo(f"internal error: {said}; please report it (TALLY_DEBUG=1 shows where)", err=True)
    return DEFECT
