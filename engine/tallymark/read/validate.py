"""A file's tree against its JSON Schema; each mistake as a placed fault in our own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Literal

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tallymark.errors import Fault, did_you_mean, nearest
from tallymark.json_keys import METRIC_SECTIONS
from tallymark.json_schema import metrics_schema, project_schema, validation_schema
from tallymark.kinds import DECLARABLE
from tallymark.units import NAMES
from tallymark.yaml_text import MAX_FAULTS, Entries, Items, Scalar, Value, resolved

FileKind = Literal["project", "metrics"]
Path = Sequence[str | int]

MAX_ERRORS = 500
"""What the validator may find in one file before it stops."""
_PLACES = {
    "datasets": "dataset",
    "metrics": "metric",
    "notifiers": "notifier",
    "parameters": "parameter",
    "rules": "rule",
    "scorecards": "scorecard",
    "sources": "source",
    "tests": "test",
}


def validate(root: Entries, kind: FileKind) -> list[Fault]:
    """The faults of a file's shape: unknown keys, wrong types, values out of range."""
    errors = list(islice(_validator(kind).iter_errors(_data(root)), MAX_ERRORS))
    errors.sort(key=lambda error: _at(root, list(error.absolute_path)).start)
    found = (fault for error in errors for fault in _faults(error, root, kind))
    return list(islice(_one_a_place(found), MAX_FAULTS))


def subject_of(path: Path) -> str | None:
    """What the value at `path` belongs to: "column `amount` of dataset `orders`"."""
    names = [str(part) for part in path]
    if len(names) < 2 or names[0] not in _PLACES:
        return None
    inner = {"columns": "column", "refs": "reference"}.get(names[2]) if len(names) > 3 else None
    owner = f"{_PLACES[names[0]]} `{names[1]}`"
    return f"{inner} `{names[3]}` of {owner}" if inner and names[0] == "datasets" else owner


def _one_a_place(faults: Iterable[Fault]) -> Iterator[Fault]:
    """The first fault of each place: a value of the wrong type need not be told out of range as well."""
    seen = set()
    for fault in faults:
        if fault.place not in seen:
            seen.add(fault.place)
            yield fault


@cache
def _validator(kind: FileKind) -> Any:
    made = extend(Draft7Validator, {"additionalProperties": _additional})  # type: ignore[no-untyped-call]  # as shipped
    return made(validation_schema(project_schema() if kind == "project" else metrics_schema()))


def _additional(validator: Any, shape: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """The keyword of JSON Schema in the keys' own order, so that the same faults are told in every run."""
    if not isinstance(instance, dict):
        return
    extra = [key for key in instance if key not in schema.get("properties", ())]
    if shape is False and extra:
        yield ValidationError("unknown keys")
    elif isinstance(shape, dict):
        for key in extra:
            yield from validator.descend(instance[key], shape, path=key)


def _data(value: Value) -> Any:
    """Plain data to validate. A key without a value counts as left out."""
    if isinstance(value, Scalar):
        return resolved(value)
    if isinstance(value, Items):
        return [_data(item) for item in value.items]
    pairs = ((key.text, _data(item)) for key, item in value.entries)
    return {key: item for key, item in pairs if item is not None}


def _faults(error: ValidationError, root: Entries, kind: FileKind) -> Iterator[Fault]:
    path = list(error.absolute_path)
    found = _at(root, path)
    if isinstance(found, Scalar) and found.style == "*":
        return
    if error.validator == "additionalProperties" and isinstance(found, Entries):
        yield from _unknown_keys(error, found, path, kind)
    elif error.validator == "anyOf":
        branch = _branch(error)
        if branch:
            for inner in branch:
                yield from _faults(inner, root, kind)
        else:
            yield _wrong_type(error, found, path, kind)
    elif error.validator == "type":
        yield _wrong_type(error, found, path, kind)
    else:
        yield _wrong_value(error, found, path)


def _at(root: Entries, path: Path) -> Value:
    """The value at `path`, or the last one on the way to it."""
    found: Value = root
    for part in path:
        inner = found.get(part) if isinstance(found, Entries) and isinstance(part, str) else None
        if isinstance(found, Items) and isinstance(part, int):
            inner = found.items[part]
        if inner is None:
            break
        found = inner
    return found


def _branch(error: ValidationError) -> list[ValidationError]:
    """What is wrong by the alternative that fits the value's type; nothing when none does."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [branch for branch in branches.values() if not any(map(_misfits, branch))]
    return fitting[0] if fitting else []


def _misfits(error: ValidationError) -> bool:
    """Whether the error is that the value itself has another type."""
    return not error.path and (error.validator == "type" or (error.validator == "anyOf" and not _branch(error)))


def _unknown_keys(error: ValidationError, found: Entries, path: Path, kind: FileKind) -> Iterator[Fault]:
    known = list(_schema(error)["properties"])
    for key, _ in found.entries:
        if key.text in known or _aliased(found, key.text):
            continue
        close = nearest(key.text[:60], known)
        # Of many keys, those not used yet are worth listing; the nearest one is meant whether it is used or not.
        listed = [close] if close else [k for k in known if found.get(k) is None]
        help = _elsewhere(key.text, path, kind) or did_you_mean(key.text[:60], listed)
        yield Fault("R020", f"unknown key `{_cut(key.text)}`", key.place(), help, subject_of(path))


def _aliased(found: Entries, key: str) -> bool:
    """Whether the key's value is an alias, of which a fault is told already."""
    value = found.get(key)
    return isinstance(value, Scalar) and value.style == "*"


def _elsewhere(key: str, path: Path, kind: FileKind) -> str | None:
    """Help for a key that is known, but in the other kind of file."""
    if path:
        return None
    if kind == "project" and key in METRIC_SECTIONS and key not in _project_keys():
        return f"`{key}` belongs in a metric file, in one of the folders that `metrics:` lists"
    if kind == "metrics" and key in _project_keys() and key not in METRIC_SECTIONS:
        return f"`{key}` belongs in tally.yaml"
    return None


@cache
def _project_keys() -> tuple[str, ...]:
    return tuple(validation_schema(project_schema())["properties"])


def _wrong_type(error: ValidationError, found: Value, path: Path, kind: FileKind) -> Fault:
    schema = _schema(error)
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    item = "an item of " if isinstance(path[-1], int) else ""
    message = f"{item}`{_cut(key)}` must be {schema.get('title', 'something else')}, not {_described(found)}"
    help = _example(key, schema) if not item else None
    if kind == "project" and list(path) == ["metrics"]:
        help = "`metrics:` lists folders here; metrics are defined in the files of those folders"
    return Fault("R021", message, found.place(), help, subject_of(path))


def _wrong_value(error: ValidationError, found: Value, path: Path) -> Fault:
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    schema = _schema(error)
    help = _example(key, schema)
    if error.validator == "enum" and isinstance(error.instance, str):
        help = _choices(error.instance, schema["enum"], key)
    elif error.validator == "pattern" and isinstance(error.instance, str):
        upper = error.instance.strip().upper()
        help = f"did you mean `{upper}`?" if schema["pattern"] == "^[A-Z]{3}$" and len(upper) == 3 else help
    message = f"`{_cut(key)}` must be {schema.get('title', 'something else')}, not {_described(found)}"
    return Fault("R022", message, found.place(), help, subject_of(path))


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _choices(value: str, options: Sequence[Any], key: str) -> str | None:
    known = [str(o) for o in options if o is not None]
    if set(known) == set(DECLARABLE) and value in NAMES:
        return f"`{value}` is a unit: write `{key}: {{unit: {value}}}`"
    close = nearest(value.casefold()[:60], known)
    return f"did you mean `{close}`?" if close else f"one of {_listed(known)}"


def _example(key: str, schema: Mapping[str, Any]) -> str | None:
    examples = schema.get("examples")
    return f"for example `{key}: {_flow(examples[0])}`" if examples else None


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if str(value)[:1].isalnum() else f'"{value}"'


def _described(found: Value) -> str:
    if isinstance(found, Items):
        return f"a list of {len(found.items)}"
    if isinstance(found, Entries):
        return "a mapping"
    value = resolved(found)
    return "nothing" if value is None else f"`{_cut(found.text.strip())}`"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _cut(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 60 and line == text else line[:60] + "…"
