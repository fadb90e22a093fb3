"""The options of a landed source that may hold secrets anywhere: none written out, each read where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tallymark.definitions import SourceDef
from tallymark.errors import Fault
from tallymark.secret import Secret, is_reference

_SECRET_KEYS = frozenset(("token", "api_key", "password", "client_secret", "access_token", "secret", "refresh_token"))
_SECRET_WORDS = re.compile(r"authorization|token|secret|password|api[-_]?key|access[-_]?key", re.IGNORECASE)


def option_fault(definition: SourceDef, message: str, help_: str | None = None, code: str = "L830") -> Fault:
    """A fault in the options of a source."""
    return Fault(code, message, definition.place, help_, f"source `{definition.name}`")


def revealed(value: Any, definition: SourceDef, folder: Path) -> Any:
    """The value with every `env:NAME` and `file:PATH` in it read. Raises FaultError (D481) for what is not there."""
    if isinstance(value, Mapping):
        return {key: revealed(item, definition, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [revealed(item, definition, folder) for item in value]
    if isinstance(value, Secret):
        return value.reveal()
    return Secret(value, folder, definition.place).reveal() if is_reference(value) else value


def require_references(value: Any, definition: SourceDef, folder: Path) -> None:
    """Raises FaultError (D480) where a value that goes by the name of a secret is written out, and not referred to."""
    for item in _written_out(value):
        Secret(item, folder, definition.place)


def _written_out(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _written_out(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _written_out(item, name)
    elif isinstance(value, str) and (name in _SECRET_KEYS or _SECRET_WORDS.search(name)) and not is_reference(value):
        yield value
