"""A row model in plain Python, one row at a time: what the tests' `acme.mark` gives."""

from __future__ import annotations

from typing import Any

NAMES = ("weight", "word", "odd")


def mark(page: str | None, size: float | None) -> dict[str, Any]:
    """Columns of a row: a number that is null or not finite at times, a text that never is, a truth."""
    weight = None if size is None else float("nan") if size == 2 else size * 2 + len(page or "")
    return {"weight": weight, "word": f"<{page}>", "odd": None if page is None else len(page) % 2 == 1}
