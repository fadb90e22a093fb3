"""The formats that answers may be written in, each kept from harming more than itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tallymark.given import Given
from tallymark.hookspecs import Format
from tallymark.plugins import Plugins, isolated

if TYPE_CHECKING:
    from tallymark.answer import Answer, Writer


def writers(plugins: Plugins) -> Mapping[str, Writer]:
    """For each format by name: a function that writes an answer. It raises FaultError when the format fails."""
    made = {name: _writer(f, plugins.giver("formats", name)) for name, f in plugins.formats.items()}
    return Given(made, plugins.formats.lacking)


def _writer(made: Format, giver: str | None) -> Writer:
    def write(answer: Answer) -> str | bytes:
        with isolated(giver, f"to write the format `{made.name}`"):
            written = made.write(answer)
            wanted = bytes if made.binary else str
            if not isinstance(written, wanted):
                raise TypeError(f"it gave {type(written).__name__}, not {wanted.__name__}")
            return written

    return write
