"""Harvests: one of everything that a plugin may give, but what the template of new plugins has already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tallymark import (
    Answer,
    Catalog,
    Check,
    Fault,
    Format,
    Notification,
    NotifierKind,
    PluginInfo,
    Transform,
    UnitRow,
    hookimpl,
)

tally_plugin = PluginInfo(
    "orchard",
    "Harvests, by the crate.",
    requires_api=">=1.0,<2",
    config={
        "type": "object",
        "properties": {"crate": {"type": "number", "default": 20, "description": "kilograms that a crate holds"}},
        "additionalProperties": False,
    },
)

PACK = """
datasets:
  harvests:
    time: at
    columns: {at: timestamp, variety: text, kg: {type: double, unit: orchard.kilograms}}
metrics:
  crates:
    formula: sum(harvests.kg)
    unit: orchard.crates
    label: {en: Crates, fr: Cageots}
    description: {en: What was harvested.}
"""


@hookimpl
def tally_packs() -> Mapping[str, Sequence[tuple[str, str]]]:
    """One pack, of one metric."""
    return {"orchard": [("orchard/harvests.yaml", PACK)]}


@hookimpl
def tally_units(config: Mapping[str, Any]) -> list[UnitRow]:
    """Crates, and kilograms that are read as crates."""
    return [
        UnitRow("orchard.crates", "Crates of fruit.", sign="cr", decimals=1),
        UnitRow("orchard.kilograms", "Kilograms, read in crates.", of="orchard.crates", scale=1 / config["crate"]),
    ]


@hookimpl
def tally_transforms() -> list[Transform]:
    """Rows of one variety made uppercase: a transform with a column of its own."""
    from tallymark_orchard.shouted import SHOUTED

    return [SHOUTED]


@hookimpl
def tally_formats() -> list[Format]:
    """A line a row."""

    def lines(answer: Answer) -> str:
        return "".join("; ".join(str(value) for value in row.values()) + "\n" for row in answer)

    return [Format("orchard.lines", lines, "A line a row, with semicolons.")]


@hookimpl
def tally_checks() -> list[Check]:
    """Every metric of a project has a label."""

    def labels(catalog: Catalog) -> Iterator[Fault]:
        for metric in catalog.metrics.values():
            if metric.pack is None and not metric.definition.label:
                message = f"the metric `{metric.name}` has no label"
                yield Fault("orchard.label", message, metric.place, "write `label: …`", severity="warning")

    return [Check("orchard.labels", labels, "Metrics of a project have labels.")]


@hookimpl
def tally_notifiers() -> list[NotifierKind]:
    """Lines in a file."""

    class Diary:
        def __init__(self, path: Path) -> None:
            self.path = path

        def send(self, notification: Notification) -> None:
            with self.path.open("a", encoding="utf-8") as file:
                line = f"{notification.severity}: {notification.subject} | {notification.text}"
                file.write(" ".join(line.split()) + "\n")

    options = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "the file"}},
        "required": ["path"],
        "additionalProperties": False,
    }
    make = lambda said, folder: Diary(folder / said["path"])  # noqa: E731  # one line says it
    return [NotifierKind("orchard.diary", make, "Writes lines into a file.", options)]
