"""Secrets: named by reference in a project's files, read when a connection is made, never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark.place import Place

HIDDEN = "***"
"""What a secret shows of itself."""

_LARGEST = 65536
_SHORTEST = 6
"""Characters from which on a value is looked for in texts: a shorter one would be found in words that are none."""
_REVEALED: set[str] = set()
"""What was revealed in this process. Libraries put what they are given into their errors."""


class Secret:
    """A value that only `reveal` gives, and that prints as `***`.

    `reference` is `env:NAME`, a variable of the environment, or `file:PATH`, the text of a file (relative to `folder`)
    without the space around it.
    """

    __slots__ = ("_folder", "place", "reference")

    def __init__(self, reference: str, folder: Path = Path(), place: Place | None = None) -> None:
        if not is_reference(reference):
            # The text itself may be the secret: it is not repeated.
            raise FaultError(Fault("D480", "a secret is written in a project's file", place, REFERENCES))
        self.reference = reference
        self.place = place
        self._folder = folder

    def reveal(self) -> str:
        """The value itself. Raises FaultError (D481) when it is not there."""
        how, _, name = self.reference.partition(":")
        value = os.environ.get(name) if how == "env" else self._read(name)
        if not value or not value.strip():
            what = f"the variable `{name}` is not set" if how == "env" else f"the file `{name}` is empty"
            raise FaultError(Fault("D481", f"{what}, and a secret is to be read from it", self.place, REFERENCES))
        _REVEALED.add(value.strip())
        return value.strip()

    def _read(self, name: str) -> str:
        try:
            with (self._folder / name).open(encoding="utf-8") as file:
                return file.read(_LARGEST)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            message = f"the file `{name}` with a secret cannot be read: {reason}"
            raise FaultError(Fault("D481", message, self.place, REFERENCES)) from None

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


REFERENCES = (
    "write `env:NAME` for a variable of the environment, or `file:PATH` for a file that is kept out of version control"
)
"""How a secret is written in a project's file."""


def is_reference(text: object) -> bool:
    """Whether a text says where a secret is, and is not the secret."""
    return isinstance(text, str) and text.startswith(("env:", "file:")) and text.partition(":")[2].strip() != ""


def redacted(text: str) -> str:
    """The text with `***` for every secret that was revealed: for what others say, such as the errors of a library."""
    for value in sorted(_REVEALED, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    return text


def secret(options: Mapping[str, Any], name: str, folder: Path, place: Place | None = None) -> Secret | None:
    """The secret that the option `name` refers to; None when it is left out. Raises FaultError (D480)."""
    said = options.get(name)
    return None if said is None else Secret(str(said), folder, place)
