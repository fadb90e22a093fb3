"""A plugin of the tests' own: the row model and the function that the naive evaluator knows as `marks.mark` and `mix`."""

from __future__ import annotations

from typing import Any

from naive.marks import NAMES, mark, mix
from tallymark import Function, FunctionKind, Python, RowInput, RowModel, RowOutput, Take, hookimpl


def _mark(inputs: Any) -> dict[str, list[Any]]:
    rows = [mark(row["page"], row["size"]) for row in inputs.to_pylist()]
    return {name: [row[name] for row in rows] for name in NAMES}


MARK = RowModel(
    "acme.mark",
    "1",
    "Marks rows.",
    "acme.mark(web, page: page)",
    (RowInput("page", "text"), RowInput("size", "double", required=False)),
    (RowOutput("weight", "double"), RowOutput("word", "text"), RowOutput("odd", "boolean")),
    _mark,
    batch=3,
)


@hookimpl
def tally_models() -> list[RowModel]:
    """The one model."""
    return [MARK]


MIX = Function(
    "acme.mix",
    FunctionKind.SCALAR,
    (Take("x"), Take("y")),
    "double",
    "none",
    "Mixes two numbers.",
    "acme.mix(x, y)",
    python=Python(lambda inputs: [mix(row["x"], row["y"]) for row in inputs.to_pylist()], "1"),
)


@hookimpl
def tally_functions() -> list[Function]:
    """The one function."""
    return [MIX]
