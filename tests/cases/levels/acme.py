"""A function in Python for cases: the share that the first of two numbers has of both."""

from __future__ import annotations

from typing import Any

from tallymark import Function, FunctionKind, Python, Take, hookimpl


def part(inputs: Any) -> list[float]:
    """Infinite where both are 0, which is no number."""
    rows = inputs.to_pylist()
    return [r["one"] / (r["one"] + r["two"]) if r["one"] + r["two"] else float("inf") for r in rows]


@hookimpl
def tally_functions() -> list[Function]:
    """The function."""
    takes = (Take("one", unit="count"), Take("two", unit="count"))
    help_ = "The share that the first has of both."
    return [
        Function(
            "acme.part",
            FunctionKind.SCALAR,
            takes,
            "double",
            "ratio",
            help_,
            "acme.part(a, b)",
            python=Python(part, "5"),
        )
    ]
