"""`tally list`: which metrics there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from tallymark.cli.opening import with_book
from tallymark.cli.printing import print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.definitions.checks import TAG
from tallymark.spoken import plain, words


@click.command("list")
@click.argument("text", required=False)
@click.option("--unit", metavar="UNIT", help="Only metrics of a unit: money, percent, duration…")
@click.option("--tag", metavar="TAG", help="Only metrics with a tag; `check` shows those of checks of data.")
@click.option("--pack", metavar="PACK", help="Only metrics of a pack.")
@click.option("--needs", metavar="DATASET", help="Only metrics that wait for a dataset.")
@click.option("--available/--unavailable", default=None, help="Only metrics that can, or cannot, be asked now.")
@click.option("--datasets", is_flag=True, help="The datasets instead: where their rows come from, key and time.")
@click.option("--all", "hidden", is_flag=True, help="Hidden metrics too.")
@format_option("table", "json")
@session_options
@click.pass_obj
def list_command(
    session: Session, /, text: str | None, hidden: bool, datasets: bool, format_: str | None, **wanted: Any
) -> None:
    """List the metrics, or those whose name, label, alias or description has TEXT, in any language."""
    if datasets:
        _list_datasets(session, text, format_)
        return
    metrics = with_book(session, "reading", lambda book: list(book.metrics.values()))
    # What checks of data stand for is hidden, but shown to whoever asks for checks.
    hidden = hidden or wanted["tag"] == TAG
    found = [m for m in metrics if (hidden or not m.hidden) and _has(m, text) and _fits(m, **wanted)]
    if text:  # those that are called so before those that speak of it
        found.sort(key=lambda m: not _tells(m.called(), text))
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text([_as_dict(m) for m in found]))
    elif found:
        print_sheet(session, _sheet(found, text))
    else:
        click.echo("no metric fits", err=True)


def _list_datasets(session: Session, text: str | None, format_: str | None) -> None:
    from tallymark.cli import datasets

    every = with_book(session, "reading", lambda book: list(book.datasets.values()))
    found = [d for d in every if not text or plain(text) in plain(f"{d.name} {' '.join(d.label.values())}")]
    if format_ == "json":
        from tallymark.show.raw import json_text

        click.echo(json_text([datasets.as_dict(d) for d in found]))
    elif found:
        print_sheet(session, datasets.sheet(found))
    else:
        click.echo("no dataset fits", err=True)


def _has(metric: Any, text: str | None) -> bool:
    if not text:
        return True
    return _tells((*metric.called(), *metric.definition.description.values()), text)


def _tells(texts: Iterable[str], wanted: str) -> bool:
    """Whether the texts together have every word that is wanted, in the singular or the plural."""
    spoken = plain(" ".join(texts))
    return all(word in spoken for word in words(wanted))


def _fits(
    metric: Any, unit: str | None, tag: str | None, pack: str | None, needs: str | None, available: bool | None
) -> bool:
    return (
        (unit is None or str(metric.unit) == unit or metric.unit.name == unit)
        and (tag is None or tag in metric.tags)
        and (pack is None or metric.pack == pack)
        and (needs is None or any(needs in need.replace(".", " ").split() for need in metric.needs))
        and (available is None or available == (not metric.needs))
    )


def _sheet(metrics: list[Any], text: str | None) -> Any:
    from tallymark.show.sheet import Heading, Sheet, text_of

    lacking, aiming = any(m.needs for m in metrics), any(m.definition.target for m in metrics)
    further = (*(("target",) if aiming else ()), *(("waits for",) if lacking else ()))
    headings = tuple(Heading(title) for title in ("metric", "label", "unit", *further))

    def row(metric: Any) -> tuple[str, ...]:
        target = metric.definition.target
        texts = {"target": text_of(target.text) if target else "", "waits for": ", ".join(metric.needs)}
        return (metric.name, text_of(metric.label()), str(metric.unit), *(texts[title] for title in further))

    alone = metrics if len(metrics) == 1 else [m for m in metrics if m.name == text]
    return Sheet(headings, tuple(map(row, metrics)), tuple(note for m in alone for note in _bands_note(m)))


def _bands(metric: Any) -> list[dict[str, Any]]:
    """The bands from the lowest values on, as a reader sees them; empty for a metric that has none, or no data."""
    from tallymark.engine.judging import shades
    from tallymark.standards import Standards

    said = metric.definition
    standards = Standards(said.bands, said.bands_grain, None, said.direction)
    return [b.as_dict() | {"grain": said.bands_grain} for b in shades(standards, metric.language)]


def _bands_note(metric: Any) -> tuple[str, ...]:
    """The bands of a metric that is listed alone, or asked for by its name, the best first."""
    bands, grain = metric.definition.bands, metric.definition.bands_grain
    if not bands:
        return ()
    ordered = bands if metric.direction == "down" else bands[::-1]
    said = "; ".join(f"{band.name} {band.spelled}" for band in ordered)
    return (f"bands of {metric.name}{f', of whole {grain}s and no other period' if grain else ''}: {said}",)


def _as_dict(metric: Any) -> dict[str, Any]:
    return {
        "name": metric.name,
        "label": metric.label(),
        "description": metric.description(),
        "unit": str(metric.unit),
        "formula": metric.formula,
        "aliases": list(metric.aliases),
        "tags": list(metric.tags),
        "direction": metric.direction,
        "target": metric.definition.target.text if metric.definition.target is not None else None,
        "bands": _bands(metric),
        "pack": metric.pack,
        "hidden": metric.hidden,
        "available": not metric.needs,
        "needs": list(metric.needs),
        "place": str(metric.place),
    }
