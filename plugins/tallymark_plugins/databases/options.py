"""A source's options against the JSON Schema of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tallymark.definitions import SourceDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark.secret import Secret, is_reference

LIMITS: dict[str, dict[str, Any]] = {
    "rows": {
        "type": "integer",
        "minimum": 1,
        "description": "how many rows a table may have and still be fetched (5,000,000 when left out)",
    },
    "fresh_for": {
        "type": "number",
        "minimum": 0,
        "description": "for how many seconds fetched rows are used again (300 when left out)",
    },
}
"""The options of every kind of source whose rows are fetched."""

ROWS = 5_000_000
FRESH_FOR = 300.0


def checked(definition: SourceDef, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The options. Raises FaultError: R035–R037 for what is not as the schema says, D480 for secrets in the open."""
    from tallymark.options import Owner, check_options

    faults = check_options(definition.options, schema, Owner(f"source `{definition.name}`", definition.place))
    if faults:
        raise FaultError(faults)
    return {key: value for key, value in definition.options.items() if value is not None}


def scrubbed(text: str, secrets: list[str]) -> str:
    """A driver's message in one line of at most 300 characters, without secrets."""
    for each in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(each, "***")
    return " ".join(text.split())[:300].rstrip(".")


def revealed(options: Mapping[str, Any], folder: Path, place: Place) -> tuple[dict[str, Any], list[str]]:
    """A mapping whose texts that are references (`env:NAME`, `file:PATH`) are replaced by what they refer to; and the
    secrets found so. Raises FaultError (D481) for one that is not there.
    """
    found, secrets = dict[str, Any](), list[str]()
    for key, value in options.items():
        if is_reference(value):
            value = Secret(str(value), folder, place).reveal()
            secrets.append(value)
        found[key] = value
    return found, secrets


def require_package(module: str, extra: str, definition: SourceDef) -> None:
    """Raises FaultError (P790), naming the extra, when an optional package is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        message = f"a source of the kind `{definition.kind}` needs the package `{module}`"
        help_line = f"install it with `pip install 'tallymark[{extra}]'`"
        raise FaultError(Fault("P790", message, definition.place, help_line, f"source `{definition.name}`"))


def require_dialect(name: str, definition: SourceDef) -> str:
    """The name of a dialect of SQL. Raises FaultError (D411) for an unknown one."""
    from sqlglot import Dialects

    known = [each.value for each in Dialects if each.value]
    if name not in known:
        message = f"unknown dialect `{name[:40]}`"
        raise FaultError(
            Fault("D411", message, definition.place, did_you_mean(name, known), f"source `{definition.name}`")
        )
    return name
