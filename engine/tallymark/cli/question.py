"""The options that say what a number is asked for: range, filters, knowledge date, parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--period", metavar="PERIOD", help="2024, 2024-Q2, 2024-06, 2024-W23 or 2024-06-15."),
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
