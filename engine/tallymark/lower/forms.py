"""Forms taken apart: what they hold, what they ask of a window, how high they stand."""

from __future__ import annotations

from dataclasses import replace

from tallymark.formula.bound import Apply, Bound, Filtered, Rated, Shift, Windowed, parts
from tallymark.windows import Window


def height(bound: Bound) -> int:
    """The levels of a formula, without those of the metrics it uses."""
    levels, here = 0, [bound]
    while here:
        levels, here = levels + 1, [part for node in here for part in parts(node)]
    return levels


def inside(bound: Bound) -> Bound:
    """The body of a form that only changes the context."""
    assert isinstance(bound, Shift | Windowed | Rated | Filtered), bound
    return bound.body


def conjuncts(condition: Bound) -> list[Bound]:
    """The conditions that must all hold for `condition` to hold."""
    if isinstance(condition, Apply) and condition.function == "and":
        return [c for part in condition.arguments for c in conjuncts(part)]
    return [condition]


def shifted(window: Window, count: int, step: str | None) -> Window:
    """The window `count` further back; steps of the same kind one after the other are one."""
    if window.shifts and window.shifts[-1][1] == step and step is None:
        *rest, (before, _) = window.shifts
        return replace(window, shifts=(*rest, (before + count, None)))
    return window.shifted(count, step)
