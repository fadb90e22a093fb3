"""What the tests have plugins give, in plain Python and one row at a time: the row model `acme.mark`, and the function
`acme.mix` of formulas.
"""

from __future__ import annotations

from typing import Any

NAMES = ("weight", "word", "odd")


def mark(page: str | None, size: float | None) -> dict[str, Any]:
    """Columns of a row: a number that is null or not finite at times, a text that never is, a truth."""
    weight = None if size is None else float("nan") if size == 2 else size * 2 + len(page or "")
    return {"weight": weight, "word": f"<{page}>", "odd": None if page is None else len(page) % 2 == 1}


def mix(x: float, y: float) -> float:
    """A number of two; none where the first is 3."""
    return float("nan") if x == 3 else 2 * x - y
