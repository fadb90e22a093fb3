"""A table of what plugins give, by name, that also knows what is lacking and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from tallymark.errors import did_you_mean, nearest

Row = TypeVar("Row")


class Given(dict[str, Row]):
    """Rows by name. `lacking` says why a name, or all names of a plugin, are not there: a sentence by name.

    A plugin that could not be loaded harms nobody who does not use it; who uses it should read why, not guess.
    """

    def __init__(self, rows: Mapping[str, Row] | None = None, lacking: dict[str, str] | None = None) -> None:
        super().__init__(rows or {})
        self.lacking: dict[str, str] = {} if lacking is None else lacking

    def why(self, name: str) -> str | None:
        """Why there is no such name, as far as a plugin is the reason."""
        return self.lacking.get(name) or self.lacking.get(name.partition(".")[0])


def help_for(name: str, table: Mapping[str, object], known: Iterable[str] | None = None) -> str | None:
    """A help line for an unknown name: what is wrong with the plugin that gives it, else the nearest known name.

    A name without a dot does not say whose it is: where none is near, it may be of a plugin that is not loaded.
    """
    names = sorted(table if known is None else known)
    if not isinstance(table, Given):
        return did_you_mean(name, names)
    reason = table.why(name)
    if reason is None and "." not in name and table.lacking and nearest(name, names) is None:
        reason = f"perhaps it is of a plugin that cannot be used: {next(iter(table.lacking.values()))}"
    return reason or did_you_mean(name, names)
