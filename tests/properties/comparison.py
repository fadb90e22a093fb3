"""Whether two answers are the same: the same cells, exact numbers equal, doubles to nine digits."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from naive.world import Question

from .engine_side import is_exact, midnight

TOLERANCE = 1e-9

Cells = Sequence[dict[str, Any]]


def differences(expected: Cells, actual: Cells, question: Question) -> list[str]:
    """What differs between the naive answer and the engine's, a line each; empty when they are the same."""
    wanted, given = by_key(expected, question), by_key(actual, question)
    lines = [f"no cell {shown(key)}: wanted {wanted[key]}" for key in wanted.keys() - given.keys()]
    lines += [f"an extra cell {shown(key)}: {given[key]}" for key in given.keys() - wanted.keys()]
    for key in wanted.keys() & given.keys():
        if len(wanted[key]) != len(given[key]):
            lines.append(f"{len(given[key])} cells {shown(key)}, wanted {len(wanted[key])}")
            continue
        for one, other in zip(wanted[key], given[key], strict=True):
            lines += [
                f"{shown(key)} `{metric}`: wanted {x!r}, got {y!r}"
                for metric, x, y in zip(question.metrics, one, other, strict=True)
                if not same(x, y)
            ]
    return sorted(lines)


def by_key(cells: Cells, question: Question) -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
    """The metrics' values by dimensions and period."""
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for cell in cells:
        key = [cell[name] for name in question.by]
        if question.grain is not None:
            key.append(midnight(cell["period"]))
        found[tuple(key)].append(tuple(cell[m] for m in question.metrics))
    for values in found.values():
        values.sort(key=repr)
    return found


def shown(key: tuple[Any, ...]) -> str:
    """A cell's key in one line."""
    return "(" + ", ".join(str(part) for part in key) + ")"


def same(expected: Any, actual: Any) -> bool:
    """Whether two values are the same: exactly, unless one of them is a double."""
    if expected is None or actual is None or isinstance(expected, bool | str) or isinstance(actual, bool | str):
        return type(expected) is type(actual) and bool(expected == actual)
    if isinstance(expected, date) or isinstance(actual, date):
        return isinstance(expected, date) and isinstance(actual, date) and midnight(expected) == midnight(actual)
    if is_exact(expected) and is_exact(actual):
        return Decimal(expected) == Decimal(actual)
    return math.isclose(float(expected), float(actual), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
