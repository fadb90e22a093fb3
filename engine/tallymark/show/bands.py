"""Bands as a reader sees them: a word in a colour. The word is always there; the colour says no more than it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TERMINAL: Mapping[str, str] = {
    "green": "green",
    "lime": "bright_green",
    "yellow": "bright_yellow",
    "orange": "yellow",
    "red": "red",
    "grey": "bright_black",
}
"""The sixteen colours of terminals have no orange; their dark yellow is as near as they come."""

PAGE: Mapping[str, str] = {
    "green": "#1a7f37",
    "lime": "#4d7c0f",
    "yellow": "#8a6d00",
    "orange": "#b45309",
    "red": "#b91c1c",
    "grey": "#57606a",
}
"""Dark enough to be read on white."""


@dataclass(frozen=True, slots=True)
class Band:
    """A band: its name, what it is called in the reader's language, a colour by its name, and its ends as written."""

    name: str
    label: str
    colour: str
    ends: str = ""

    def as_dict(self) -> dict[str, str]:
        """The band as plain data."""
        data = {"name": self.name, "label": self.label, "colour": self.colour}
        return data | ({"ends": self.ends} if self.ends else {})
