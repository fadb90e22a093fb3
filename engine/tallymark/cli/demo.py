"""`tally demo`: a sample project, written, opened, asked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tallymark.cli import opening
from tallymark.cli.describing import sample_writer
from tallymark.cli.printing import print_sheet
from tallymark.cli.running import work
from tallymark.cli.session import Session, session_options

if TYPE_CHECKING:
    from tallymark.answer import Answer, AnswerColumn, Receipt
    from tallymark.show.sheet import Sheet


COURSE = 24
"""How many months a sparkline shows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample project and what the report shows of it. Periods are months; `receipt` is explained for the last."""

    title: str
    start: str
    end: str
    metrics: tuple[str, ...]
    receipt: str
    tries: tuple[str, ...]


SAMPLES = {
    "company": Sample(
        "An invented software company, seen at the end of 2024",
        "2022-01",
        "2024-12",
        (
            "mrr",
            "paying_customers",
            "arpa",
            "nrr",
            "grr",
            "customer_churn_rate",
            "ltv_to_cac",
            "mau",
            "stickiness",
            "nps",
            "csat",
            "ticket_volume",
            "time_to_resolution_median",
        ),
        "nrr",
        (
            "tally ask mrr nrr --by plan --grain quarter --from 2024-01 --to 2024-12",
            "tally explain ltv_to_cac --period 2024-Q4 --as-of 2024-12-31",
            "tally list churn",
            "tally lineage nrr",
            "tally rules run --as-of 2024-09-30",
            "tally test",
        ),
    ),
    "cdnow": Sample(
        "The purchases of the CDNOW shop, 1997 to mid-1998 (real data)",
        "1997-01",
        "1998-06",
        (
            "revenue",
            "orders",
            "customers",
            "new_customers",
            "repeat_rate",
            "average_order_value",
            "purchase_frequency",
            "customer_lifespan",
            "clv_purchase",
        ),
        "repeat_rate",
        (
            "tally ask revenue customers --grain quarter --from 1997-01 --to 1998-06",
            'tally ask "trailing(customers, 90 days)" --grain month --from 1997-01 --to 1998-06',
            "tally list",
        ),
    ),
}


@click.command("demo")
@click.argument("sample", type=click.Choice(list(SAMPLES)), default="company")
@click.option(
    "--to",
    "to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to write it. [default: a new temporary folder]",
)
@session_options
@click.pass_obj
def demo_command(session: Session, sample: str, to: Path | None) -> None:
    """Write a sample project, ask it, and show a short report.

    SAMPLE is `company`, an invented software company with three years of data, or `cdnow`, the real purchases of a
    music shop.
    """
    chosen = SAMPLES[sample]
    folder = to if to is not None else Path(tempfile.mkdtemp(prefix="tally-demo-"))
    work("writing the sample", lambda: sample_writer(sample)(folder))
    session.project = folder
    answer, receipt = opening.with_book(session, "asking", lambda book: _asked(book, chosen))
    click.echo(f"{chosen.title}\n")
    print_sheet(session, report(answer, chosen.metrics))
    click.echo(f"\n{answered(answer)}")
    click.echo(f"\nHow the last {receipt.label} came to be:\n")
    click.echo(receipt.text(session.width()), nl=False)
    click.echo("\nThe project is in a folder, to be read and changed. Try:\n")
    click.echo("\n".join(f"  {line}" for line in (f"cd {folder}", *chosen.tries)))


def answered(answer: Answer) -> str:
    """How many metrics were asked in all, and which of them, if any, had no value in any period."""
    metrics = [c.name for c in answer.columns if c.role == "metric"]
    empty = [m for m in metrics if answer.table.column(m).null_count == len(answer)]
    said = f"{len(metrics)} metrics were answered for {len(answer)} months; `tally list` names them."
    return said if not empty else f"{said} Without a value: {', '.join(empty)}."


def report(answer: Answer, chosen: tuple[str, ...]) -> Sheet:
    """A line per chosen metric: its last value, that of a year before, and its course as a sparkline."""
    from tallymark.show.sheet import Heading, Sheet

    periods = [row[0] for row in answer.sheet().rows]
    year_ago = len(periods) - 13
    shown = [Heading(""), Heading(periods[-1], number=True)]
    if year_ago >= 0:
        shown.append(Heading(periods[year_ago], number=True))
    shown.append(Heading(f"{periods[-COURSE:][0]} … {periods[-1]}"))
    metrics = [c for name in chosen for c in answer.columns if c.role == "metric" and c.name == name]
    return Sheet(tuple(shown), tuple(_line(answer, c, year_ago) for c in metrics), ())


def _line(answer: Answer, column: AnswerColumn, year_ago: int) -> tuple[str, ...]:
    from tallymark.show.numbers import style_of, written
    from tallymark.show.spark import sparkline

    values = answer.table.column(column.name).to_pylist()
    style = style_of(values, column.unit, column.type, decimals=column.decimals, locale=answer.locale)
    told = [written(values[-1], style)]
    if year_ago >= 0:
        told.append(written(values[year_ago], style))
    return (column.label, *told, sparkline(values[-COURSE:]))


def _asked(book: Any, sample: Sample) -> tuple[Answer, Receipt]:
    metrics = [m.name for m in book.metrics.values() if not m.needs and not m.hidden and m.definition.level is None]
    answer = book.ask(*metrics, grain="month", start=sample.start, end=sample.end)
    return answer, book.explain(sample.receipt, period=sample.end)
