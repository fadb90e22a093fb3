"""Where a value stands among those of its peers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

NAMES = frozenset(("rank", "percent_rank", "zscore"))


def place(name: str, own: Any, peers: Sequence[Any]) -> Any:
    """The place of a value among all of them, its own included; null for no value."""
    if own is None:
        return None
    if name == "rank":
        return 1 + sum(p > own for p in peers)
    if name == "percent_rank":
        return sum(p < own for p in peers) / (len(peers) - 1) if len(peers) > 1 else 0.0
    spread = statistics.stdev(float(p) for p in peers) if len(peers) > 1 else 0
    return (float(own) - statistics.fmean(float(p) for p in peers)) / spread if spread else None
