"""A row model for cases: how a text is read, and a number that may be none."""

from __future__ import annotations

from typing import Any

from tallymark import RowInput, RowModel, RowOutput, hookimpl


def read(inputs: Any) -> dict[str, list[Any]]:
    """The mood of a text, its first letter, and ten divided by what it weighs."""
    texts, weights = inputs.column("text").to_pylist(), inputs.column("weight").to_pylist()
    return {
        "mood": [None if t is None else 1 if "good" in t else -1 if "bad" in t else 0 for t in texts],
        "letter": [t[:1] or None if t is not None else None for t in texts],
        "tenth": [None if w is None else float("inf") if w == 0 else 10 / w for w in weights],
    }


@hookimpl
def tally_models() -> list[RowModel]:
    """The model."""
    inputs = (RowInput("text", "text"), RowInput("weight", "double", required=False))
    outputs = (
        RowOutput("mood", "integer", "score", absent=": no text"),
        RowOutput("letter", "text"),
        RowOutput("tenth", "double"),
    )
    return [RowModel("acme.read", "3", "Reads texts.", "acme.read(notes, text: said)", inputs, outputs, read, batch=2)]
