"""The JSON Schema (draft-07) of `tally.yaml` and of metric files, generated from the definitions.

The fields of the definitions say which keys there are and of what type; the tables below say what each means, for
editors and for faults. `read` validates with the same schema. A `title` reads as what is wanted ("must be a list of
texts"), `examples` hold one value to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tallymark.definitions import (
    ColumnDef,
    ConvertDef,
    Formula,
    PluginsDef,
    RatesDef,
    RefDef,
    StepDef,
    Texts,
    UnitDef,
)
from tallymark.json_keys import (
    CURRENCY,
    DAY,
    FORMAT,
    FORMULA_KEYS,
    KEYS,
    METRIC_SECTIONS,
    NAME_PATTERN,
    POLICIES,
    PROJECT_SECTIONS,
    SECTIONS,
    SHORT,
    TEXT,
    Key,
    Schema,
    choice,
    like,
    mapping_of,
    ref,
)
from tallymark.kinds import DECLARABLE
from tallymark.units import DURATION_SCALES, NAMES


def schema() -> Schema:
    """The schema that takes either kind of file."""
    return _document("Tallymark project file", {"anyOf": [ref("project"), ref("metric_file")]})


def project_schema() -> Schema:
    """The schema of `tally.yaml`."""
    return _document("Tallymark project (tally.yaml)", {"allOf": [ref("project")]})


def metrics_schema() -> Schema:
    """The schema of a metric file."""
    return _document("Tallymark metric file", {"allOf": [ref("metric_file")]})


def _document(title: str, root: Schema) -> Schema:
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **root, "$defs": dict(_shapes())}


@cache
def _shapes() -> Mapping[str, Schema]:
    made = {name: _object(name) for name in KEYS}
    # An entry without a formula says more of a metric whose formula is a pack's; these keys go with the formula.
    metric = made["metric"] | {"dependencies": {key: ["formula"] for key in FORMULA_KEYS}}
    made["project"]["properties"] |= {name: SECTIONS[name] for name in PROJECT_SECTIONS}
    return {
        **_simple_shapes(),
        "format": _format(),
        **made,
        "source": made["source"]
        | {"additionalProperties": True, "required": ["kind"], "examples": [{"kind": "files"}]},
        "notifier": made["notifier"]
        | {"additionalProperties": True, "required": ["kind"], "examples": [{"kind": "stdout"}]},
        "rates": made["rates"] | {"required": ["dataset", "to", "rate", "at"]},
        "convert": {
            "title": "`at_event`, `period_end` or a mapping of `fixed` to a day",
            "anyOf": [choice("a rule", *POLICIES) | {"type": "string"}, made["convert"] | {"required": ["fixed"]}],
            "examples": ["period_end"],
        },
        "dataset": made["dataset"] | {"examples": [{"table": "orders.csv"}]},
        "parameter": _short("a value, or a mapping", ref("value"), made["parameter"], "365 days"),
        "column": _short("a type, or a mapping", ref("type"), made["column"], "text"),
        "ref": _short("a dataset, or a mapping", TEXT, made["ref"] | {"required": ["dataset"]}, "customers"),
        "metric": _short("a formula, or a mapping with one", ref("formula"), metric, "sum(orders.amount)"),
        **{name: _short(title, short, made[name], eg) for name, (title, short, eg) in SHORT.items()},
        "scorecard": made["scorecard"] | {"required": ["per", "measures"]},
        "override": made["override"] | {"required": ["when"]},
        "roll_up": made["roll_up"] | {"required": ["weighted"]},
        "stale": made["stale"] | {"required": ["after", "rows"]},
        "funnel": made["funnel"] | {"required": ["steps", "per"]},
        "step": _short(
            "the rows of a step, or a mapping", ref("formula"), made["step"] | {"required": ["rows"]}, "visits"
        ),
        "rule": made["rule"] | {"required": ["when", "grain"]},
        "test": made["test"] | {"examples": [{"rows": {}, "expect": {"nrr": 100}}]},
        "check": {
            "title": "a mapping, or `off`",
            "anyOf": [choice("`off`", "off") | {"type": "string"}, made["check"]],
            "examples": [{"dataset": "orders", "every": "amount >= 0"}],
        },
        "metric_file": {
            "title": "a mapping",
            "type": "object",
            "properties": {name: SECTIONS[name] for name in METRIC_SECTIONS},
            "additionalProperties": False,
        },
    }


def _short(title: str, short: Schema, long: Schema, example: Any) -> Schema:
    return {"title": title, "anyOf": [short, long], "examples": [example]}


def _simple_shapes() -> dict[str, Schema]:
    by_language = {"type": "object", "propertyNames": like("^[a-z]{2,3}([_-][A-Za-z0-9]+)*$", "a language's code")}
    texts = [TEXT, {"type": "array", "items": TEXT}]
    return {
        "name": like(NAME_PATTERN, "a name of small letters, digits and `_`"),
        "text": TEXT,
        "texts": {
            "title": "a text, or a mapping of language to text",
            "anyOf": [TEXT, {**by_language, "additionalProperties": TEXT}],
        },
        "list": {"title": "a list of texts", "anyOf": texts},
        "aliases": {
            "title": "a list of texts, or a mapping of language to one",
            "anyOf": [*texts, {**by_language, "additionalProperties": ref("list")}],
        },
        "formula": {"title": "a formula", "type": ["string", "number", "boolean", "null"]},
        "type": {"title": "the name of a type", "type": "string", "enum": list(DECLARABLE)},
        "unit": _unit(),
        "value": {"title": "a single value or a list", "anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        "values": {"title": "a list of values", "type": "array", "items": TEXT},
    }


def _unit() -> Schema:
    scales = list(DURATION_SCALES)
    detailed = {
        "type": "object",
        "properties": {"money": CURRENCY, "duration": choice("a unit of time", *scales)},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    spelled = like(rf"^(money:? +[A-Z]{{3}}|duration:? +({'|'.join(scales)}))$", "a unit with a detail")
    given = like(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$", "a plugin's unit")
    return {"title": "a unit", "anyOf": [{"enum": list(NAMES)}, spelled, given, detailed]}


def _format() -> Schema:
    properties = {name: _property(key, str) for name, key in FORMAT.items()}
    return {"title": "a mapping", "type": "object", "properties": properties, "additionalProperties": False}


def _object(name: str) -> Schema:
    """The mapping that writes a definition: one property for each field that is a key."""
    made, keys, silent = KEYS[name]
    types = get_type_hints(made)
    of: dict[str, list[str]] = {}
    for text, key in keys.items():
        of.setdefault(key.field or text, []).append(text)
    written = ((text, f.name) for f in fields(made) if f.name not in silent for text in of[f.name])
    properties = {text: _property(keys[text], types[name]) for text, name in written}
    return {"title": "a mapping", "type": "object", "properties": properties, "additionalProperties": False}


def _property(key: Key, type: Any) -> Schema:
    said = {"description": key.description, "examples": [key.example]}
    shape = key.shape if key.shape is not None else _shape(type)
    # What stands beside a `$ref` is ignored in draft-07; an `allOf` of one keeps both.
    return {"allOf": [shape], **said} if "$ref" in shape else {**shape, **said}


def _shape(type: Any) -> Schema:
    """The shape of a field by its type."""
    if get_origin(type) is UnionType:
        type = next(t for t in get_args(type) if t is not None.__class__)
    simple: dict[Any, Schema] = {
        date: DAY,
        RatesDef: ref("rates"),
        ConvertDef: ref("convert"),
        PluginsDef: ref("plugins"),
        str: TEXT,
        bool: {"title": "true or false", "type": "boolean"},
        int: {"title": "a whole number", "type": "integer"},
        tuple[str, ...]: ref("list"),
        Formula: ref("formula"),
        UnitDef: ref("unit"),
        Texts: ref("texts"),
        Mapping[str, ColumnDef]: mapping_of("column", "a mapping of columns"),
        Mapping[str, RefDef]: mapping_of("ref", "a mapping of references"),
        Mapping[str, StepDef]: mapping_of("step", "a mapping of steps"),
    }
    return simple[type]


_UNCHECKED = ("$defs", "propertyNames", "required", "dependencies", "description")
_LOOSE: Mapping[str, Schema] = {"unit": {"title": "a unit", "type": [*TEXT["type"], "object"]}}
"""Shapes that `read` checks itself, with messages that a schema cannot give."""


def validation_schema(document: Schema) -> Schema:
    """The same schema for a validator in a hurry: references written out, without what `read` checks itself.

    `read` sees to names, to required keys and to the shapes in `_LOOSE`.
    """
    shapes = {**document["$defs"], **_LOOSE}

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(shapes[node["$ref"].removeprefix("#/$defs/")])
        if "properties" in node:
            properties = {name: inline(shape) for name, shape in node["properties"].items()}
            return {**inline({k: v for k, v in node.items() if k != "properties"}), "properties": properties}
        kept = {k: v for k, v in node.items() if k not in _UNCHECKED}
        if "allOf" in kept:
            (only,) = kept.pop("allOf")
            return {**inline(only), **{k: v for k, v in kept.items() if k != "title"}}
        return {k: v if k == "examples" else inline(v) for k, v in kept.items()}

    result: Schema = inline(document)
    return result
