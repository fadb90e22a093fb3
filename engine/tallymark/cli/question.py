"""The options that say what a number is asked for: range, filters, knowledge date, parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--period", metavar="PERIOD", help="2024, 2024-Q2, 2024-06, 2024-W23, 2024-06-15, FY2024-P03."),
    click.option("--from", "start", metavar="DATE", help="The first day (or month, or moment) of the range."),
    click.option("--to", "end", metavar="DATE", help="The last day of the range, included."),
    click.option(
        "--where", metavar="CONDITION", help="Only what meets a condition over dimensions, as \"plan = 'pro'\"."
    ),
    click.option("--as-of", metavar="DATE", help="As known at the end of that day. [default: now]"),
    click.option("--currency", metavar="CODE", help="Answer amounts of money in one currency, as USD."),
    click.option("--timezone", metavar="ZONE", help="Cut days and months in another time zone, as Europe/Paris."),
    click.option("--param", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the project's formulas."),
)


def question_options(command: F) -> F:
    """Gives a command the options that say what a number is asked for."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_SHAPE = (
    click.option(
        "--compare",
        multiple=True,
        metavar="WITH",
        help="Beside each metric what it was, the change and the growth: previous, year_ago, previous:3, "
        '"previous:1 year". Repeat for several.',
    ),
    click.option(
        "--like-for-like",
        is_flag=True,
        help="Compare a period that is not over with as much of the other one.",
    ),
    click.option("--share", is_flag=True, help="Beside each metric its share of the total."),
    click.option("--rank", is_flag=True, help="Beside each metric its rank within the period, from the highest."),
    click.option(
        "--having",
        multiple=True,
        metavar="CONDITION",
        help='Only cells that meet a condition over metrics: "nrr < 90%".',
    ),
    click.option("--top", metavar="N", help='The N highest members only: 5, "5 mrr", "5 plan by mrr".'),
    click.option("--bottom", metavar="N", help="The N lowest members only, said as --top."),
    click.option("--other", is_flag=True, help="With --top or --bottom, all other members as one row."),
    click.option("--total", is_flag=True, help="Below the rows a total over all members."),
    click.option(
        "--age", metavar="DIMENSION", help="Group by the period a date lies in, and count periods since: cohorts."
    ),
    click.option(
        "--pivot",
        is_flag=False,
        flag_value="",
        metavar="[DIMENSION]",
        help="One column per value of a dimension, `period` or `age`. [default: age, else period, else last --by]",
    ),
    click.option(
        "--partial",
        metavar="include|mark|drop",
        help="What to do with periods that are not over. [default: the project's, else mark]",
    ),
    click.option("--target", is_flag=True, help="Beside each metric its target, how far it is, and whether it is met."),
    click.option("--no-bands", "bands", is_flag=True, default=True, flag_value=False, help="Leave out the bands."),
)


def shape_options(command: F) -> F:
    """Gives a command the options that say what is shown beside the numbers, and which cells in what form."""
    for option in reversed(_SHAPE):
        command = option(command)
    return command


def members(top: str | None, bottom: str | None) -> str | None:
    """How many members are chosen, negative for the lowest ones. Raises UsageError."""
    if top is not None and bottom is not None:
        raise click.UsageError("--top and --bottom are asked at once: give one of the two.")
    return top if bottom is None else f"-{bottom.strip()}"


def split(texts: Iterable[str]) -> tuple[str, ...]:
    """The names in several options, each of which may hold several, separated by commas."""
    return tuple(name for text in texts for name in (part.strip() for part in text.split(",")) if name)


def parameters(texts: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE` pairs; a leading `$` may be written. The last of a name wins. Raises BadParameter."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().lstrip("$"):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--param")
        found[name.strip().lstrip("$")] = value.strip()
    return found
