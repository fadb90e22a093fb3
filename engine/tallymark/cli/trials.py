"""`tally test`: the tests of metrics and rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import folder_of
from tallymark.cli.printing import deliver
from tallymark.cli.running import work
from tallymark.cli.session import Session, format_option, session_options


@click.command(
    "test",
    cls=Exemplified,
    examples=(
        "tally test",
        "tally test nrr slow_replies_alert",
        "tally test --packs --coverage",
        "tally test --fail-under 90 --format junit --out tests.xml",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--packs", is_flag=True, help="Run the tests of the project's packs too.")
@click.option("--coverage", is_flag=True, help="Say which metrics and rules no test expects a value of.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Leave with 1 when fewer metrics and rules have a test than that.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the results to a file instead of printing them.",
)
@format_option("text", "json", "junit")
@session_options
@click.pass_obj
@click.pass_context
def test_command(
    context: click.Context, session: Session, /, names: tuple[str, ...], packs: bool, coverage: bool,
    fail_under: float | None, out: Path | None, format_: str | None,
) -> None:  # fmt: skip
    """Run the tests of metrics and rules that stand under `tests:` in metric files: rows in, numbers out.

    NAME is a test, or a metric or rule whose tests are run; without it, all are. No data of the project is read. Leaves
    with 1 when a test fails.
    """
    from tallymark.trials import run_tests

    folder = folder_of(session)
    run = work("testing", lambda: run_tests(folder, names, packs=packs, plugins=session.plugins))
    below = fail_under is not None and run.coverage.percent < fail_under
    text = _written(run, format_, session.width() if out is None else None, coverage or fail_under is not None)
    deliver(text, out)
    if out is not None:
        from tallymark.trials.report import summary

        click.echo(summary(run))
    if below:
        click.echo(f"coverage {run.coverage.percent:.0f}% is below {fail_under:g}%", err=True)
    if not run.passed or below:
        context.exit(1)


def _written(run: Any, format_: str | None, width: int | None, coverage: bool) -> str:
    if format_ == "json":
        from tallymark.secret import redacted
        from tallymark.show.raw import json_text

        return redacted(json_text(run.as_dict())) + "\n"
    if format_ == "junit":
        from tallymark.trials.junit import junit

        return junit(run)
    from tallymark.trials.report import report

    return report(run, width, coverage=coverage)
