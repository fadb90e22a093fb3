"""One plugin as the engine knows it: who it is, whether it is loaded, what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tallymark.hookspecs import PluginInfo

OWN = "tallymark"
"""The distribution whose entry points are the built-in plugins."""


class State(StrEnum):
    """What became of a plugin."""

    LOADED = "loaded"
    FAILED = "failed"
    NOT_ALLOWED = "not allowed"
    """`plugins.allow` leaves it out; it was not imported."""
    LEFT_OUT = "left out"
    """`--no-plugins` leaves it out; it was not imported."""
    AGAIN = "loaded already"
    """It is the same module as one before it."""
    OTHER_VERSION = "needs another version"
    """It is written for other versions of the engine's plugin API."""


@dataclass(frozen=True, slots=True)
class Gift:
    """One thing that a plugin gives: `function`, `acme.double`, and what it is in a sentence."""

    hook: str
    what: str
    name: str
    help: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of the options that it takes."""

    def as_dict(self) -> dict[str, Any]:
        """The thing as plain data."""
        data = {"kind": self.what, "name": self.name, "help": self.help}
        return {**data, "options": dict(self.options)} if self.options else data


@dataclass(slots=True)
class Plugin:
    """A plugin that was found. `fetch` imports it; `origin` says where it is: an entry point's value, a file."""

    name: str
    origin: str
    fetch: Callable[[], object]
    distribution: str | None = None
    version: str | None = None
    state: State = State.LOADED
    reason: str = ""
    """Why it is not loaded, in a sentence."""
    info: PluginInfo | None = None
    module: object = None
    gives: list[Gift] = field(default_factory=list)

    @property
    def own(self) -> bool:
        """Whether it comes with the engine."""
        return self.distribution == OWN

    @property
    def described(self) -> str:
        """How faults call it: two of one name are told apart by where they are from."""
        return f"`{self.name}` of {self.distribution}" if self.distribution else f"`{self.name}` ({self.origin})"
