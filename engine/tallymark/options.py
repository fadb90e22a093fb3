"""The options of a source or a plugin, held against the JSON Schema that its kind gives; secrets made `Secret`.

A schema is a plugin's; the words of a fault are ours: what is expected, by the schema's `title`, `description` and
`examples`, and where it is written. Of an option that is a secret no fault repeats the value or shows the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tallymark.definitions import NOWHERE, OptionPath, OptionPlace
from tallymark.errors import Fault, did_you_mean, nearest
from tallymark.place import Place
from tallymark.secret import REFERENCES, Secret, is_reference

Schema = Mapping[str, Any]

_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Owner:
    """What has options: how faults call it, where it is named, where its options are written."""

    subject: str
    place: Place = NOWHERE
    places: Mapping[OptionPath, OptionPlace] = field(default_factory=dict)
    prefix: OptionPath = ()
    """The way to its options in `places`."""


def check_options(options: Mapping[str, Any], schema: Schema, owner: Owner) -> list[Fault]:
    """The faults of the options: unknown, missing, of another shape, secrets in the open. Never raises.

    A schema that is none is a fault of its plugin (P718). Without a schema everything is taken.
    """
    if not schema:
        return []
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    said = _said(options)
    kind = validator_for(schema)
    try:
        kind.check_schema(dict(schema))
        errors = sorted(kind(schema).iter_errors(said), key=lambda e: [str(p) for p in e.absolute_path])
    except (SchemaError, RecursionError) as error:
        message = f"the options of the {owner.subject} have no valid JSON Schema: {_line(error)}"
        return [Fault("P718", message, None, "this is a mistake of the plugin", owner.subject)]
    except Exception as error:  # a schema may hold what its validator stumbles over, such as a bad pattern
        message = f"the options of the {owner.subject} cannot be held against their schema: {_line(error)}"
        return [Fault("P718", message, None, "this is a mistake of the plugin", owner.subject)]
    secrets = dict(_secrets(schema, said, ()))
    faults = [_open(path, owner) for path, value in secrets.items() if not is_reference(value)]
    faults += [f for e in errors if tuple(e.absolute_path) not in secrets for f in _faults(e, owner)]
    return list(dict.fromkeys(_masked(f) if has_secrets(schema) else f for f in faults))


def wrong_schema(schema: Schema) -> Iterator[str]:
    """What is wrong with a JSON Schema, in a sentence; nothing when it can be used."""
    if not schema:
        return
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(dict(schema))
    except (SchemaError, RecursionError) as error:
        yield f"its options have no valid JSON Schema: {_line(error)}"


def settled(options: Mapping[str, Any], schema: Schema, folder: Path, owner: Owner) -> dict[str, Any]:
    """Sound options with defaults filled in and secrets as `Secret`, to be revealed when they are needed."""
    made: dict[str, Any] = _filled(_said(options), schema)
    for path, value in _secrets(schema, made, ()):
        inside: Any = made
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = Secret(str(value), folder, _place(path, owner, value=True))
    return made


def has_secrets(schema: Any) -> bool:
    """Whether any option of a schema is a secret."""
    if isinstance(schema, Mapping):
        return schema.get("secret") is True or any(map(has_secrets, schema.values()))
    return isinstance(schema, list | tuple) and any(map(has_secrets, schema))


def described(schema: Schema) -> Iterator[tuple[str, str]]:
    """Each option with what it is, in words: `a text, required: the region of the account`."""
    required = schema.get("required", ())
    for name, shape in schema.get("properties", {}).items():
        words = ["a secret (`env:NAME` or `file:PATH`)" if shape.get("secret") is True else _wanted(shape)]
        words += ["required"] if name in required else []
        words += [f"{_flow(shape['default'])} unless said"] if "default" in shape else []
        meaning = f": {shape['description']}" if shape.get("description") else ""
        yield name, ", ".join(words) + meaning


def _said(value: Any) -> Any:
    """The options that are said: a key without a value counts as left out."""
    if isinstance(value, Mapping):
        return {key: _said(item) for key, item in value.items() if item is not None}
    return [_said(item) for item in value] if isinstance(value, list | tuple) else value


def _filled(value: Any, schema: Any) -> Any:
    """A value with the defaults of the options that are left out."""
    if isinstance(value, list):
        return [_filled(item, schema.get("items", {})) for item in value] if isinstance(schema, Mapping) else value
    if not isinstance(value, dict) or not isinstance(schema, Mapping):
        return value
    properties = schema.get("properties", {})
    defaults = {n: s["default"] for n, s in properties.items() if isinstance(s, Mapping) and "default" in s}
    return {name: _filled(item, properties.get(name, {})) for name, item in {**defaults, **value}.items()}


def _secrets(schema: Any, value: Any, path: OptionPath) -> Iterator[tuple[OptionPath, Any]]:
    """The values that the schema says are secrets, each with the way to it."""
    if not isinstance(schema, Mapping):
        return
    if schema.get("secret") is True:
        yield path, value
        return
    if isinstance(value, Mapping):
        properties, other = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            yield from _secrets(properties.get(name, other), item, (*path, name))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _secrets(schema.get("items"), item, (*path, number))


def _open(path: OptionPath, owner: Owner) -> Fault:
    message = f"`{_cut(path[-1])}` is a secret, and is written in a project's file"
    return _masked(Fault("D480", message, _place(path, owner, value=True), REFERENCES, owner.subject))


def _masked(fault: Fault) -> Fault:
    """The fault without the line it stands on, which may hold a secret."""
    return fault if fault.place is None else replace(fault, place=replace(fault.place, text=""))


def _faults(error: Any, owner: Owner) -> Iterator[Fault]:
    path: OptionPath = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = list(schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                close = nearest(str(key)[:_SHOWN], known)
                left = [close] if close else [k for k in known if k not in error.instance]
                help = did_you_mean(str(key)[:_SHOWN], left) or "it takes no options"
                message = f"unknown option `{_cut(key)}`"
                yield Fault("R035", message, _place((*path, key), owner, value=False), help, owner.subject)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                shape = schema.get("properties", {}).get(key, {})
                message = f"the option `{_cut(key)}` is missing"
                yield Fault("R037", message, _place(path, owner, value=False), _help(key, shape), owner.subject)
    else:
        named = next((p for p in reversed(path) if isinstance(p, str)), "")
        what = f"an item of `{_cut(named)}`" if path and isinstance(path[-1], int) else f"`{_cut(named)}`"
        message = f"{what} must be {_wanted(schema)}, not {_shown(error.instance)}"
        way_out = _choices(error) or _help(named, schema)
        yield Fault("R036", message, _place(path, owner, value=True), way_out, owner.subject)


def _place(path: OptionPath, owner: Owner, *, value: bool) -> Place | None:
    """Where the option stands, or the nearest that is around it; None for options that a program gives."""
    for end in range(len(path), 0, -1):
        found = owner.places.get((*owner.prefix, *path[:end]))
        if found is not None:
            return found.value if value and end == len(path) else found.key
    return owner.place if owner.place != NOWHERE else None


def _wanted(schema: Schema) -> str:
    """What a value must be, in words."""
    if schema.get("title"):
        return str(schema["title"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{_flow(o)}`" for o in schema["enum"] if o is not None)
    kinds = schema.get("type", ())
    words = [_WORDS.get(k, str(k)) for k in ([kinds] if isinstance(kinds, str) else kinds)]
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = {
        (True, True): f" from {low} to {high}",
        (True, False): f" of at least {low}",
        (False, True): f" of at most {high}",
    }.get((low is not None, high is not None), "")
    return " or ".join(words or ["something else"]) + bounds


def _choices(error: Any) -> str | None:
    if error.validator != "enum" or not isinstance(error.instance, str):
        return None
    close = nearest(error.instance[:_SHOWN], [str(o) for o in error.validator_value if o is not None])
    return f"did you mean `{close}`?" if close else None


def _help(key: Any, schema: Schema) -> str | None:
    if schema.get("secret") is True:
        return REFERENCES
    if schema.get("examples"):
        return f"for example `{key}: {_flow(schema['examples'][0])}`"
    return f"`{key}` is {schema['description']}" if schema.get("description") else None


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    return f"`{_cut(_flow(value))}`"


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return ("true" if value else "false") if isinstance(value, bool) else "null" if value is None else str(value)


def _cut(text: object) -> str:
    line = str(text).split("\n", 1)[0]
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _line(error: BaseException) -> str:
    said: Iterable[str] = str(getattr(error, "message", error)).splitlines() or [type(error).__name__]
    return _cut(next(iter(said)))
