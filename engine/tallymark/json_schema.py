"""The JSON Schema (draft-07) of `tally.yaml` and of metric files, generated from the definitions.

The fields of the definitions say which keys there are and of what type; the tables below say what each means, for
editors and for faults. `read` validates with the same schema. A `title` reads as what is wanted ("must be a list of
texts"), `examples` hold one value to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tallymark.definitions import (
    CalendarDef,
    ColumnDef,
    ConvertDef,
    DatasetDef,
    Formula,
    FunnelDef,
    MetricDef,
    ParameterDef,
    Project,
    RatesDef,
    RefDef,
    SourceDef,
    StepDef,
    Texts,
    UnitDef,
)
from tallymark.kinds import DECLARABLE
from tallymark.units import DURATION_SCALES, NAMES
from tallymark.windows import PATTERNS

Schema = dict[str, Any]

NAME_PATTERN = "^[a-z_][a-z0-9_]*$"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
POLICIES = ("at_event", "period_end")
"""The rules of `convert:` that are a word."""
PARTIAL = ("include", "mark", "drop")
PARAMETER_TYPES = ("number", "text", "boolean", "date", "duration", "list")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a YAML mapping: what it means, a value to show, and its shape where the field's type says too little."""

    description: str
    example: Any
    shape: Schema | None = None
    field: str | None = None
    """The field that holds it, when that has another name."""


def _choice(title: str, *options: Any) -> Schema:
    return {"title": title, "enum": list(options)}


def _like(pattern: str, title: str) -> Schema:
    return {"title": title, "type": "string", "pattern": pattern}


def _whole(low: int, high: int | None = None) -> Schema:
    title = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    return {"title": title, "type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _named(entry: str, title: str) -> Schema:
    return {"title": title, "type": "object", "propertyNames": _ref("name"), "additionalProperties": _ref(entry)}


_CURRENCY = _like("^[A-Z]{3}$", "a currency's three capital letters")
_TEXT: Schema = {"title": "a text", "type": ["string", "number", "boolean"]}
_FORMAT: Mapping[str, Key] = {
    "delimiter": Key("What stands between two values of a line; found out by itself unless said.", ";"),
    "decimal": Key("The decimal mark.", ","),
    "thousands": Key("The mark between groups of digits.", " "),
    "encoding": Key("The files' text encoding.", "cp1252"),
    "dates": Key("The order of day, month and year in dates.", "day_first"),
    "nulls": Key("Texts that mean that there is no value.", ["", "-"], _ref("list")),
    "header": Key(
        "Whether the first line has the columns' names.", True, {"title": "true or false", "type": "boolean"}
    ),
    "booleans": Key("The words for true and false.", ["oui", "non"], {"title": "a list of words", "type": "array"}),
    "quote": Key("What stands around a value that holds the delimiter.", '"'),
    "skip": Key("How many lines stand before the header.", 2, _whole(0)),
    "on_error": Key(
        "What becomes of a value that cannot be read: `fail`, a fault; `null`, no value, with a count.",
        "fail",
        _choice("`fail` or `null`", "fail", "null", None),
    ),
}
_PROJECT: Mapping[str, Key] = {
    "name": Key("What the project is called.", "Acme"),
    "currency": Key("The currency of amounts whose unit is `money`.", "EUR", _CURRENCY),
    "rates": Key(
        "Where exchange rates are, for amounts in several currencies.",
        {"dataset": "fx_rates", "base": "EUR", "to": "currency", "rate": "rate", "at": "date"},
        _ref("rates"),
    ),
    "convert": Key("The rate at which amounts are converted.", "period_end", _ref("convert")),
    "timezone": Key("The time zone of days and of timestamps without a zone.", "Europe/Paris"),
    "week_start": Key("The day a week begins on.", "monday", _choice("a day of the week", *WEEKDAYS)),
    "fiscal_year_start": Key(
        "The month in which the fiscal year begins.",
        4,
        {"title": "a month, 1 to 12 or by its English name", "enum": [*range(1, 13), *MONTHS]},
    ),
    "calendar": Key(
        "Months, quarters and years of one's own: retail ones, or those of a table.",
        {"pattern": "4-5-4", "ends": "saturday nearest the end of january"},
        _ref("calendar"),
    ),
    "as_of": Key(
        "The last day that is known, for data that has ended; otherwise today.",
        "2024-12-31",
        _like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day, such as 2024-12-31"),
    ),
    "partial": Key(
        "What becomes of periods that the knowledge date cuts: `include`, `mark` or `drop`, unless a question says it.",
        "drop",
        _choice("`include`, `mark` or `drop`", *PARTIAL),
    ),
    "language": Key(
        "The language of plain labels, of notes and of numbers.", "fr", _like("^[a-z]{2,3}$", "a language's code")
    ),
    "locale": Key(
        "How numbers and dates are written, where it differs from the language.",
        "fr_FR",
        _like("^[a-z]{2,3}([_-][A-Za-z0-9]+)*$", "a language's code with a country's"),
    ),
    "packs": Key("The metric packs that the project takes; `all` takes each one there is.", ["revenue", "support"]),
    "metrics": Key("Folders (with all below them) and files that hold metrics and datasets.", ["metrics"]),
    "min_count": Key("Below how many rows a cell is hidden, of metrics that say nothing themselves.", 5, _whole(0)),
    "limits": Key("What one question may cost.", {"cells": 1_000_000}, _ref("limits"), "max_cells"),
}
_CALENDAR: Mapping[str, Key] = {
    "pattern": Key(
        "The weeks of a quarter's three months.", "4-5-4", _choice("`4-4-5`, `4-5-4` or `5-4-4`", *PATTERNS, None)
    ),
    "ends": Key("The last day of a year: a weekday by a day of the common calendar.", "last saturday of august"),
    "week_53": Key("The month (1 to 12) that has the 53rd week of a long year; usually the last.", 12, _whole(1, 12)),
    "named_by": Key(
        "Whether a year bears the number of the common year it ends in, or starts in.",
        "end",
        _choice("`end` or `start`", "end", "start"),
    ),
    "dataset": Key("A dataset that has the calendar.", "days"),
    "day": Key("Its column with the day, if it has one row a day.", "day"),
    "start": Key("Its column with a period's first day, if it has one row a period.", "first_day"),
    "end": Key("Its column with a period's last day; without it a period lasts to the next row's.", "last_day"),
    "month": Key("Its column that names the month.", "period"),
    "quarter": Key("Its column that names the quarter.", "quarter"),
    "year": Key("Its column that names the year.", "year"),
    "week": Key("Its column that names the week, if weeks are the calendar's too.", "week"),
}
_LIMITS: Mapping[str, Key] = {
    "cells": Key("The most cells one answer may have.", 1_000_000, _whole(1), "max_cells"),
}
_DAY = _like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day, such as 2024-12-31")
_RATES: Mapping[str, Key] = {
    "dataset": Key("The dataset that holds them.", "fx_rates"),
    "from": Key(
        "The column of the currency that a rate is of; without it, each is of the `base`.", "base", field="source"
    ),
    "to": Key("The column of the currency it is quoted in: 1 `from` is worth `rate` of `to`.", "quote"),
    "rate": Key("The column of the rate.", "rate"),
    "at": Key("The column of its date; a rate holds until the next one.", "date"),
    "base": Key("The currency that others are quoted against; the project's unless said.", "EUR", _CURRENCY),
    "max_age": Key(
        "How old a rate may be.",
        "7 days",
        _like("^[0-9]+ (day|week)s?$", "a number of days or weeks"),
    ),
    "missing": Key(
        "What becomes of an amount without a rate: `fault`, the question is refused; `null`, it counts as no value.",
        "fault",
        _choice("`fault` or `null`", "fault", "null", None),
    ),
}
_CONVERT: Mapping[str, Key] = {
    "fixed": Key("The day whose rate every amount is converted at.", "2024-01-01", _DAY, "day"),
}
_SOURCE: Mapping[str, Key] = {
    "kind": Key("Who reads it: `files`, `duckdb` or a plugin's kind. The other keys are that kind's options.", "files"),
}
_COLUMN: Mapping[str, Key] = {
    "type": Key("The type to read it as; otherwise it is as the source has it.", "text", _ref("type")),
    "unit": Key("What its numbers measure.", "money"),
    "currency": Key("The column that holds the currency of each row's amount.", "currency_code"),
    "column": Key("Its name in the source, where that differs.", "Order ID"),
    "formula": Key("How it is computed, instead of being read.", "score >= 4"),
    "required": Key("Whether data must have it; without it, only the metrics that use it are unavailable.", True),
    "label": Key("What readers see as its name.", "Amount"),
    "description": Key("What it holds.", "Amount paid, without tax."),
    "format": Key("How its texts are written, where the dataset's differ.", {"decimal": ","}, _ref("format")),
}
_REF: Mapping[str, Key] = {
    "dataset": Key("The dataset referred to.", "customers"),
    "column": Key("The column that holds the other's key; by default the one named as the reference.", "customer_id"),
}
_DATASET: Mapping[str, Key] = {
    "source": Key("The source that holds its table; `files` unless said.", "warehouse"),
    "table": Key("A table of the source, or files by path, with `*` for many.", "tickets-*.csv"),
    "transform": Key(
        "How its rows are made of other datasets', instead of being read; `tally functions` lists the transforms.",
        {"sessionize": "events", "gap": "30 minutes", "per": "user"},
        {"title": "a call in quotes, or a mapping", "type": ["string", "object"]},
    ),
    "implements": Key("The standard dataset of a pack that this one gives data to.", "tickets"),
    "key": Key("The column that tells its rows apart.", "id"),
    "time": Key("The column that says when a row happened; its metrics are then flows.", "created_at"),
    "valid": Key(
        "From when, and until when, a row holds: its metrics are stocks, and its key may repeat.",
        ["started_at", "ended_at"],
        {"title": "a list of two columns", "type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2},
    ),
    "refs": Key("Other datasets that a row belongs to: name, and dataset.", {"customer": "customers"}),
    "columns": Key("Its columns: name, and type or more.", {"id": "text", "amount": {"unit": "money"}}),
    "format": Key("How its text files are written.", {"delimiter": ";"}, _ref("format")),
    "label": Key("What readers see as its name.", "Tickets"),
    "description": Key("What one row is.", "One row a ticket."),
}
_METRIC: Mapping[str, Key] = {
    "formula": Key("How it is computed. Always a text, in any YAML style.", "sum(orders.amount)"),
    "unit": Key("What it measures; checked against the formula.", "percent"),
    "convert": Key(
        "The rate at which its amounts are converted, where the project's does not serve.", "at_event", _ref("convert")
    ),
    "missing": Key(
        "What its aggregates give over no rows; by default counts and sums give 0, the others nothing.",
        "zero",
        _choice("`zero` or `null`", "zero", "null", None),
    ),
    "min_count": Key(
        "Below how many rows its cells are hidden; or of what they count, and how many.",
        30,
        {
            "title": "a whole number, or `of` and `at_least`",
            "anyOf": [
                _whole(0),
                {
                    "type": "object",
                    "properties": {"of": {"title": "a formula", "type": "string"}, "at_least": _whole(0)},
                    "required": ["of", "at_least"],
                    "additionalProperties": False,
                },
            ],
        },
    ),
    "label": Key("What readers see as its name.", "Net revenue retention"),
    "description": Key("What it says, and what it leaves out.", "Revenue kept from the customers of the start."),
    "aliases": Key("Other names that questions may use.", ["NDR", "net dollar retention"], _ref("aliases")),
    "direction": Key("Whether more of it is better: `up` or `down`.", "up", _choice("`up` or `down`", "up", "down")),
    "decimals": Key("Digits shown after the point.", 1, _whole(0, 12)),
    "tags": Key("Words to find it by.", ["revenue"]),
    "hidden": Key("Whether lists leave it out.", True),
}
_FUNNEL: Mapping[str, Key] = {
    "steps": Key(
        "Its steps in order: name, and the rows of each.",
        {"visited": "visits", "signed_up": "users on created_at"},
        _named("step", "a mapping of steps"),
    ),
    "per": Key("Who takes the steps: a reference or a column of every step's dataset.", "user"),
    "within": Key("How long after the first step the others count; by default ever after.", "14 days"),
    "counting": Key(
        "`cohort`: members are followed beyond the period they set out in; `same period`: they are not.",
        "same period",
        _choice("`cohort` or `same period`", "cohort", "same period", None),
    ),
    "label": Key("What readers see as its name.", "Onboarding"),
    "description": Key("What it follows.", "From opening an account to inviting a colleague."),
    "tags": Key("Words to find its metrics by.", ["product"]),
}
_STEP: Mapping[str, Key] = {
    "rows": Key("A dataset, with `on` and `where` as in a formula.", "events where name = 'invited'"),
    "label": Key("What readers see as its name.", "Invited a colleague"),
}
_PARAMETER: Mapping[str, Key] = {
    "type": Key(
        "The type of its values; by default that of `default`.", "text", _choice("a parameter's type", *PARAMETER_TYPES)
    ),
    "default": Key("Its value unless a question gives another.", "365 days", _ref("value")),
    "options": Key("The only values it may have.", ["export", "import"], _ref("values")),
    "description": Key("What it sets.", "How long a customer may be away."),
}

KEYS: Mapping[str, tuple[type, Mapping[str, Key], frozenset[str]]] = {
    "project": (Project, _PROJECT, frozenset({"folder", "place"})),
    "calendar": (CalendarDef, _CALENDAR, frozenset({"place"})),
    "limits": (Project, _LIMITS, frozenset(f.name for f in fields(Project)) - {"max_cells"}),
    "rates": (RatesDef, _RATES, frozenset({"place"})),
    "convert": (ConvertDef, _CONVERT, frozenset({"policy", "place"})),
    "source": (SourceDef, _SOURCE, frozenset({"name", "options", "place"})),
    "parameter": (ParameterDef, _PARAMETER, frozenset({"name", "pack", "place"})),
    "dataset": (DatasetDef, _DATASET, frozenset({"name", "pack", "place", "table_place", "source_place"})),
    "column": (ColumnDef, _COLUMN, frozenset({"name", "place"})),
    "ref": (RefDef, _REF, frozenset({"name", "place"})),
    "metric": (MetricDef, _METRIC, frozenset({"name", "pack", "place"})),
    "funnel": (FunnelDef, _FUNNEL, frozenset({"name", "metrics", "pack", "place"})),
    "step": (StepDef, _STEP, frozenset({"name", "place"})),
}
"""For each kind of mapping: its definition, its keys, and the fields that are no keys."""

_SECTIONS: Mapping[str, Schema] = {
    "sources": _named("source", "a mapping of sources")
    | {"description": "Where data comes from.", "examples": [{"files": {"kind": "files", "path": "data"}}]},
    "parameters": _named("parameter", "a mapping of parameters")
    | {"description": "Values that formulas name with a `$`.", "examples": [{"reactivation_window": "365 days"}]},
    "datasets": _named("dataset", "a mapping of datasets")
    | {"description": "Tables of rows.", "examples": [{"orders": {"table": "orders.csv"}}]},
    "metrics": _named("metric", "a mapping of metrics")
    | {"description": "Metrics: a formula, or a mapping with one.", "examples": [{"mrr": "sum(subscriptions.mrr)"}]},
    "funnels": _named("funnel", "a mapping of funnels")
    | {
        "description": "Steps that members take in order; each funnel stands for several metrics.",
        "examples": [{"sales": {"per": "visitor", "steps": {"visited": "visits", "asked": "leads"}}}],
    },
}
PROJECT_SECTIONS = ("sources", "parameters", "datasets")
METRIC_SECTIONS = ("parameters", "datasets", "metrics", "funnels")


def schema() -> Schema:
    """The schema that takes either kind of file."""
    return _document("Tallymark project file", {"anyOf": [_ref("project"), _ref("metric_file")]})


def project_schema() -> Schema:
    """The schema of `tally.yaml`."""
    return _document("Tallymark project (tally.yaml)", {"allOf": [_ref("project")]})


def metrics_schema() -> Schema:
    """The schema of a metric file."""
    return _document("Tallymark metric file", {"allOf": [_ref("metric_file")]})


def _document(title: str, root: Schema) -> Schema:
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **root, "$defs": dict(_shapes())}


@cache
def _shapes() -> Mapping[str, Schema]:
    made = {name: _object(name) for name in KEYS}
    metric = made["metric"] | {"required": ["formula"]}
    made["project"]["properties"] |= {name: _SECTIONS[name] for name in PROJECT_SECTIONS}
    return {
        **_simple_shapes(),
        "format": _format(),
        **made,
        "source": made["source"]
        | {"additionalProperties": True, "required": ["kind"], "examples": [{"kind": "files"}]},
        "rates": made["rates"] | {"required": ["dataset", "to", "rate", "at"]},
        "convert": {
            "title": "`at_event`, `period_end` or a mapping of `fixed` to a day",
            "anyOf": [_choice("a rule", *POLICIES) | {"type": "string"}, made["convert"] | {"required": ["fixed"]}],
            "examples": ["period_end"],
        },
        "dataset": made["dataset"] | {"examples": [{"table": "orders.csv"}]},
        "parameter": _short("a value, or a mapping", _ref("value"), made["parameter"], "365 days"),
        "column": _short("a type, or a mapping", _ref("type"), made["column"], "text"),
        "ref": _short("a dataset, or a mapping", _TEXT, made["ref"] | {"required": ["dataset"]}, "customers"),
        "metric": _short("a formula, or a mapping with one", _ref("formula"), metric, "sum(orders.amount)"),
        "funnel": made["funnel"] | {"required": ["steps", "per"]},
        "step": _short(
            "the rows of a step, or a mapping", _ref("formula"), made["step"] | {"required": ["rows"]}, "visits"
        ),
        "metric_file": {
            "title": "a mapping",
            "type": "object",
            "properties": {name: _SECTIONS[name] for name in METRIC_SECTIONS},
            "additionalProperties": False,
        },
    }


def _short(title: str, short: Schema, long: Schema, example: Any) -> Schema:
    return {"title": title, "anyOf": [short, long], "examples": [example]}


def _simple_shapes() -> dict[str, Schema]:
    by_language = {"type": "object", "propertyNames": _like("^[a-z]{2,3}([_-][A-Za-z0-9]+)*$", "a language's code")}
    texts = [_TEXT, {"type": "array", "items": _TEXT}]
    return {
        "name": _like(NAME_PATTERN, "a name of small letters, digits and `_`"),
        "text": _TEXT,
        "texts": {
            "title": "a text, or a mapping of language to text",
            "anyOf": [_TEXT, {**by_language, "additionalProperties": _TEXT}],
        },
        "list": {"title": "a list of texts", "anyOf": texts},
        "aliases": {
            "title": "a list of texts, or a mapping of language to one",
            "anyOf": [*texts, {**by_language, "additionalProperties": _ref("list")}],
        },
        "formula": {"title": "a formula", "type": ["string", "number", "boolean", "null"]},
        "type": {"title": "the name of a type", "type": "string", "enum": list(DECLARABLE)},
        "unit": _unit(),
        "value": {"title": "a single value or a list", "anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "values": {"title": "a list of values", "type": "array", "items": _TEXT},
    }


def _unit() -> Schema:
    scales = list(DURATION_SCALES)
    detailed = {
        "type": "object",
        "properties": {"money": _CURRENCY, "duration": _choice("a unit of time", *scales)},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    spelled = _like(rf"^(money:? +[A-Z]{{3}}|duration:? +({'|'.join(scales)}))$", "a unit with a detail")
    return {"title": "a unit", "anyOf": [{"enum": list(NAMES)}, spelled, detailed]}


def _format() -> Schema:
    properties = {name: _property(key, str) for name, key in _FORMAT.items()}
    return {"title": "a mapping", "type": "object", "properties": properties, "additionalProperties": False}


def _object(name: str) -> Schema:
    """The mapping that writes a definition: one property for each field that is a key."""
    made, keys, silent = KEYS[name]
    types = get_type_hints(made)
    of = {key.field or text: text for text, key in keys.items()}
    properties = {of[f.name]: _property(keys[of[f.name]], types[f.name]) for f in fields(made) if f.name not in silent}
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
        date: _DAY,
        RatesDef: _ref("rates"),
        ConvertDef: _ref("convert"),
        str: _TEXT,
        bool: {"title": "true or false", "type": "boolean"},
        int: {"title": "a whole number", "type": "integer"},
        tuple[str, ...]: _ref("list"),
        Formula: _ref("formula"),
        UnitDef: _ref("unit"),
        Texts: _ref("texts"),
        Mapping[str, ColumnDef]: _named("column", "a mapping of columns"),
        Mapping[str, RefDef]: _named("ref", "a mapping of references"),
        Mapping[str, StepDef]: _named("step", "a mapping of steps"),
    }
    return simple[type]


_LOOSE: Mapping[str, Schema] = {"unit": {"title": "a unit", "type": [*_TEXT["type"], "object"]}}
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
        kept = {k: v for k, v in node.items() if k not in ("$defs", "propertyNames", "required", "description")}
        if "allOf" in kept:
            (only,) = kept.pop("allOf")
            return {**inline(only), **{k: v for k, v in kept.items() if k != "title"}}
        return {k: v if k == "examples" else inline(v) for k, v in kept.items()}

    result: Schema = inline(document)
    return result
