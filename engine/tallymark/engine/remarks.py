"""What a reader of the numbers should know: nulls that were left out, zero denominators, how the data was read."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from tallymark.catalog import Catalog
from tallymark.engine.asking import Asked
from tallymark.engine.sources import Sources
from tallymark.lower import Lowered


def remarks(asked: Asked, lowered: Lowered, table: Any, catalog: Catalog, sources: Sources) -> tuple[str, ...]:
    """The notes of an answer, each once."""
    notes: list[str] = []
    notes += _zero_denominators(asked, lowered, table)
    for dataset in dict.fromkeys(g.dataset for g in lowered.plan.groups):
        own = catalog.datasets[dataset]
        notes += sources.notes(own)
        if any(g.axis.kind == "timeless" for g in lowered.plan.groups if g.dataset == dataset):
            notes.append(f"`{dataset}` has no time: its rows count in every period")
    return tuple(dict.fromkeys(notes))


def _zero_denominators(asked: Asked, lowered: Lowered, table: Any) -> list[str]:
    notes = []
    for number, output in enumerate(lowered.plan.outputs):
        if output.zero_denominators is None:
            continue
        count = pc.sum(table.column(f"z{number}")).as_py() or 0
        if count:
            notes.append(f"{output.name}: {count:,} cell{'' if count == 1 else 's'}: zero denominator")
    return notes
