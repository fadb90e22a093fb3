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
    """The options. Raises FaultError: D410 for each unknown one, D411 for each that is missing or of another shape."""
    # The validator takes a third of a second to import, which a project without such a source need not wait for.
    from jsonschema import Draft202012Validator

    options, known = dict(definition.options), schema["properties"]
    faults = list[Fault]()
    for key in options:
        if key not in known:
            help_line = did_you_mean(str(key), known)
            faults.append(Fault("D410", f"unknown option `{key}`", definition.place, help_line))
    for key in schema.get("required", ()):
        if key not in options:
            message = f"a source of the kind `{definition.kind}` needs `{key}`: {known[key]['description']}"
            faults.append(Fault("D411", message, definition.place))
    for key, value in options.items():
        if key in known and not Draft202012Validator(known[key]).is_valid(value):
            # What was written may be a password at the wrong place: it is not repeated.
            message = f"`{key}` is not {_shape(known[key])}: {known[key].get('description', '')}"
            faults.append(Fault("D411", message, definition.place))
    if faults:
        raise FaultError(fault.within(f"source `{definition.name}`") for fault in faults)
    return options


def _shape(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    said = {"integer": "a whole number", "number": "a number", "string": "a text", "object": "a mapping"}
    return said.get(str(schema.get("type")), "of the right shape")


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
