"""`tally ask`: numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.examples import Exemplified
from tallymark.cli.opening import with_book
from tallymark.cli.printing import deliver, print_sheet
from tallymark.cli.question import members, parameters, question_options, shape_options, split
from tallymark.cli.session import Session, format_option, session_options

if TYPE_CHECKING:
    from tallymark.answer import Answer
    from tallymark.engine.book import Book
    from tallymark.hookspecs import Format

FORMATS = ("table", "csv", "json", "parquet", "markdown", "html")


@click.command(
    "ask",
    cls=Exemplified,
    examples=(
        "tally ask mrr nrr --grain month --from 2024-01 --to 2024-06",
        'tally ask "mrr / customers" --by plan --period 2024-Q2',
        "tally ask ticket_volume --by customer.country --order -ticket_volume --limit 5",
        "tally ask mrr --grain month --output mrr.parquet",
        "tally ask mrr --by plan --top 5 --other --total --compare previous --period 2024-06",
        'tally ask nrr --by plan --having "nrr < 90%" --period 2024-Q2',
        "tally ask customers --age signed_up_at --grain month --pivot",
    ),
)
@click.argument("metrics", nargs=-1, required=True, metavar="METRIC…")
@click.option(
    "--by",
    multiple=True,
    metavar="DIMENSION",
    help="Group by a dimension, also as it stood: 'plan at start'; repeat, or separate by commas.",
)
@click.option("--grain", metavar="GRAIN", help="One row per hour, day, week, month, quarter or year.")
@question_options
@click.option(
    "--order", multiple=True, metavar="COLUMN", help="Sort by a metric, a dimension or `time`; -COLUMN falls."
)
@shape_options
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N rows only.")
@click.option("--sparse", is_flag=True, help="Leave out cells that no row of data touches.")
@click.option("--sql", is_flag=True, help="Print the SQL that answered, not the rows; with json, beside the rows.")
@click.option("--how", is_flag=True, help="Print how each aggregate was put together over its windows, not the rows.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to a file.")
@format_option(
    *FORMATS, help="How to print, or NAME, a plugin's; the ending of --output's FILE says it too.", more=True
)
@session_options
@click.pass_obj
def ask_command(
    session: Session,
    /,
    metrics: tuple[str, ...],
    sql: bool,
    how: bool,
    output: Path | None,
    format_: str | None,
    by: tuple[str, ...],
    order: tuple[str, ...],
    param: tuple[str, ...],
    compare: tuple[str, ...],
    top: str | None,
    bottom: str | None,
    **question: Any,
) -> None:
    """Ask for metrics: by name, by an alias, or as a formula in quotes."""
    if format_ == "parquet":
        _require_file(format_, output)
    given: dict[str, Any] = {
        "by": split(by),
        "order": split(order),
        "parameters": parameters(param),
        "compare": split(compare),
    }
    given |= {"top": members(top, bottom)} | question

    def ask(book: Book) -> tuple[Answer, Format]:
        chosen = book.format(format_ or _by_ending(book, output))
        if chosen.binary and not how:
            _require_file(chosen.name, output)
        return book.ask(*metrics, **given), chosen

    answer, chosen = with_book(session, "asking", ask)
    if how:
        deliver("\n".join(answer.how) + "\n", output)
    else:
        _hand_over(session, answer, chosen.name, output, sql)


def _by_ending(book: Book, output: Path | None) -> str:
    """The format that a file's ending means; a table where it means none."""
    ending = output.suffix.lower() if output is not None else ""
    return next((f.name for f in book.formats.values() if ending in f.suffixes), "table") if ending else "table"


def _require_file(format_: str, output: Path | None) -> None:
    if output is None:
        raise click.UsageError(f"{format_} is not for a terminal: say where to write it with --output FILE.")


def _hand_over(session: Session, answer: Answer, format_: str, output: Path | None, sql: bool) -> None:
    if format_ == "json":
        deliver(answer.to_json(sql=sql), output)
    elif sql:
        deliver(answer.sql.rstrip() + "\n", output)
    elif format_ == "table" and output is None:
        print_sheet(session, answer.sheet())  # as wide as the terminal, and in its colours
    else:
        deliver(answer.to(format_), output)
