"""What keys of YAML files are described with: a key, and the shapes of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
NAME_PATTERN = "^[a-z_][a-z0-9_]*$"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a YAML mapping: what it means, a value to show, and its shape where the field's type says too little."""

    description: str
    example: Any
    shape: Schema | None = None
    field: str | None = None
    """The field that holds it, when that has another name."""


def choice(title: str, *options: Any) -> Schema:
    """One of some values."""
    return {"title": title, "enum": list(options)}


def like(pattern: str, title: str) -> Schema:
    """A text of a form."""
    return {"title": title, "type": "string", "pattern": pattern}


def whole(low: int, high: int | None = None) -> Schema:
    """A whole number within bounds."""
    title = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    return {"title": title, "type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


def ref(name: str) -> Schema:
    """A shape by its name."""
    return {"$ref": f"#/$defs/{name}"}


def mapping_of(entry: str, title: str) -> Schema:
    """A mapping of names to entries of one kind."""
    return {"title": title, "type": "object", "propertyNames": ref("name"), "additionalProperties": ref(entry)}


CURRENCY = like("^[A-Z]{3}$", "a currency's three capital letters")
DAY = like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day, such as 2024-12-31")
LANGUAGE = like("^[a-z]{2,3}$", "a language's code")
TEXT: Schema = {"title": "a text", "type": ["string", "number", "boolean"]}


Kinds = Mapping[str, tuple[type, Mapping[str, Key], frozenset[str]]]
"""For each kind of mapping: its definition, its keys, and the fields that are no keys."""
