"""A series as one line of blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tallymark.show.numbers import exact

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = " "


def sparkline(values: Iterable[Any]) -> str:
    """One block per value, lowest to highest between the smallest and the largest; a gap for null."""
    known = [exact(v) for v in values]
    present = [v for v in known if v is not None]
    if not present:
        return GAP * len(known)
    low, high = min(present), max(present)
    spread = high - low
    top = len(BLOCKS) - 1

    def block(value: Any) -> str:
        return BLOCKS[round((value - low) / spread * top)] if spread else BLOCKS[top // 2]

    return "".join(GAP if v is None else block(v) for v in known)
