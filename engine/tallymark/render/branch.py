"""What a group gives to the space of its leaves."""

from __future__ import annotations

from dataclasses import dataclass

from tallymark.plan import Leaf


@dataclass(frozen=True, slots=True)
class Branch:
    """A relation that holds some leaves of a group: one row per cell, columns named as `names` says."""

    relation: str
    names: dict[Leaf, str]
