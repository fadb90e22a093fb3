"""The keys of YAML files: what each means, a value to show, and its shape where a field's type says too little.

The definitions say which keys there are; `json_schema` makes the schema of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tallymark.definitions import (
    CalendarDef,
    ColumnDef,
    ConvertDef,
    DatasetDef,
    FunnelDef,
    MetricDef,
    ParameterDef,
    PluginsDef,
    Project,
    RatesDef,
    RefDef,
    SourceDef,
    StepDef,
)
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
TEXT: Schema = {"title": "a text", "type": ["string", "number", "boolean"]}
FORMAT: Mapping[str, Key] = {
    "delimiter": Key("What stands between two values of a line; found out by itself unless said.", ";"),
    "decimal": Key("The decimal mark.", ","),
    "thousands": Key("The mark between groups of digits.", " "),
    "encoding": Key("The files' text encoding.", "cp1252"),
    "dates": Key("The order of day, month and year in dates.", "day_first"),
    "nulls": Key("Texts that mean that there is no value.", ["", "-"], ref("list")),
    "header": Key(
        "Whether the first line has the columns' names.", True, {"title": "true or false", "type": "boolean"}
    ),
    "booleans": Key("The words for true and false.", ["oui", "non"], {"title": "a list of words", "type": "array"}),
    "quote": Key("What stands around a value that holds the delimiter.", '"'),
    "skip": Key("How many lines stand before the header.", 2, whole(0)),
    "on_error": Key(
        "What becomes of a value that cannot be read: `fail`, a fault; `null`, no value, with a count.",
        "fail",
        choice("`fail` or `null`", "fail", "null", None),
    ),
}
_PROJECT: Mapping[str, Key] = {
    "name": Key("What the project is called.", "Acme"),
    "currency": Key("The currency of amounts whose unit is `money`.", "EUR", CURRENCY),
    "rates": Key(
        "Where exchange rates are, for amounts in several currencies.",
        {"dataset": "fx_rates", "base": "EUR", "to": "currency", "rate": "rate", "at": "date"},
        ref("rates"),
    ),
    "convert": Key("The rate at which amounts are converted.", "period_end", ref("convert")),
    "timezone": Key("The time zone of days and of timestamps without a zone.", "Europe/Paris"),
    "week_start": Key("The day a week begins on.", "monday", choice("a day of the week", *WEEKDAYS)),
    "fiscal_year_start": Key(
        "The month in which the fiscal year begins.",
        4,
        {"title": "a month, 1 to 12 or by its English name", "enum": [*range(1, 13), *MONTHS]},
    ),
    "calendar": Key(
        "Months, quarters and years of one's own: retail ones, or those of a table.",
        {"pattern": "4-5-4", "ends": "saturday nearest the end of january"},
        ref("calendar"),
    ),
    "as_of": Key(
        "The last day that is known, for data that has ended; otherwise today.",
        "2024-12-31",
        like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day, such as 2024-12-31"),
    ),
    "partial": Key(
        "What becomes of periods that the knowledge date cuts: `include`, `mark` or `drop`, unless a question says it.",
        "drop",
        choice("`include`, `mark` or `drop`", *PARTIAL),
    ),
    "language": Key(
        "The language of plain labels, of notes and of numbers.", "fr", like("^[a-z]{2,3}$", "a language's code")
    ),
    "locale": Key(
        "How numbers and dates are written, where it differs from the language.",
        "fr_FR",
        like("^[a-z]{2,3}([_-][A-Za-z0-9]+)*$", "a language's code with a country's"),
    ),
    "packs": Key("The metric packs that the project takes; `all` takes each one there is.", ["revenue", "support"]),
    "metrics": Key("Folders (with all below them) and files that hold metrics and datasets.", ["metrics"]),
    "min_count": Key("Below how many rows a cell is hidden, of metrics that say nothing themselves.", 5, whole(0)),
    "limits": Key("What one question may cost.", {"cells": 1_000_000}, ref("limits"), "max_cells"),
    "plugins": Key("Which plugins the project takes, and their options.", {"allow": ["acme"]}, ref("plugins")),
}
_OPTIONS: Schema = {"title": "a mapping of options", "type": "object"}
_PLUGINS: Mapping[str, Key] = {
    "allow": Key(
        "The only installed plugins that are loaded, beside the built-in ones; no other one is even imported.",
        ["acme"],
        ref("list"),
    ),
    "load": Key("Modules, and `.py` files in the project's folder, that are plugins too.", ["plugins/ours.py"]),
    "config": Key(
        "The options of plugins, by the plugin's name; `tally plugins show NAME` says which it takes.",
        {"acme": {"region": "eu", "key": "env:ACME_KEY"}},
        {"title": "a mapping of plugins to their options", "type": "object", "additionalProperties": _OPTIONS},
    ),
}
_CALENDAR: Mapping[str, Key] = {
    "pattern": Key(
        "The weeks of a quarter's three months.", "4-5-4", choice("`4-4-5`, `4-5-4` or `5-4-4`", *PATTERNS, None)
    ),
    "ends": Key("The last day of a year: a weekday by a day of the common calendar.", "last saturday of august"),
    "week_53": Key("The month (1 to 12) that has the 53rd week of a long year; usually the last.", 12, whole(1, 12)),
    "named_by": Key(
        "Whether a year bears the number of the common year it ends in, or starts in.",
        "end",
        choice("`end` or `start`", "end", "start"),
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
    "cells": Key("The most cells one answer may have.", 1_000_000, whole(1), "max_cells"),
    "fetched_rows": Key(
        "The most rows that are brought from one database to be joined with another's.", 5_000_000, whole(1)
    ),
}
DAY = like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day, such as 2024-12-31")
_RATES: Mapping[str, Key] = {
    "dataset": Key("The dataset that holds them.", "fx_rates"),
    "from": Key(
        "The column of the currency that a rate is of; without it, each is of the `base`.", "base", field="source"
    ),
    "to": Key("The column of the currency it is quoted in: 1 `from` is worth `rate` of `to`.", "quote"),
    "rate": Key("The column of the rate.", "rate"),
    "at": Key("The column of its date; a rate holds until the next one.", "date"),
    "base": Key("The currency that others are quoted against; the project's unless said.", "EUR", CURRENCY),
    "max_age": Key(
        "How old a rate may be.",
        "7 days",
        like("^[0-9]+ (day|week)s?$", "a number of days or weeks"),
    ),
    "missing": Key(
        "What becomes of an amount without a rate: `fault`, the question is refused; `null`, it counts as no value.",
        "fault",
        choice("`fault` or `null`", "fault", "null", None),
    ),
}
_CONVERT: Mapping[str, Key] = {
    "fixed": Key("The day whose rate every amount is converted at.", "2024-01-01", DAY, "day"),
}
_SOURCE: Mapping[str, Key] = {
    "kind": Key("Who reads it: `files`, `duckdb` or a plugin's kind. The other keys are that kind's options.", "files"),
}
_COLUMN: Mapping[str, Key] = {
    "type": Key("The type to read it as; otherwise it is as the source has it.", "text", ref("type")),
    "unit": Key("What its numbers measure.", "money"),
    "currency": Key("The column that holds the currency of each row's amount.", "currency_code"),
    "column": Key("Its name in the source, where that differs.", "Order ID"),
    "formula": Key("How it is computed, instead of being read.", "score >= 4"),
    "required": Key("Whether data must have it; without it, only the metrics that use it are unavailable.", True),
    "label": Key("What readers see as its name.", "Amount"),
    "description": Key("What it holds.", "Amount paid, without tax."),
    "format": Key("How its texts are written, where the dataset's differ.", {"decimal": ","}, ref("format")),
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
        {"title": "a list of two columns", "type": "array", "items": TEXT, "minItems": 2, "maxItems": 2},
    ),
    "refs": Key("Other datasets that a row belongs to: name, and dataset.", {"customer": "customers"}),
    "columns": Key("Its columns: name, and type or more.", {"id": "text", "amount": {"unit": "money"}}),
    "format": Key("How its text files are written.", {"delimiter": ";"}, ref("format")),
    "label": Key("What readers see as its name.", "Tickets"),
    "description": Key("What one row is.", "One row a ticket."),
}
_METRIC: Mapping[str, Key] = {
    "formula": Key("How it is computed. Always a text, in any YAML style.", "sum(orders.amount)"),
    "unit": Key("What it measures; checked against the formula.", "percent"),
    "convert": Key(
        "The rate at which its amounts are converted, where the project's does not serve.", "at_event", ref("convert")
    ),
    "missing": Key(
        "What its aggregates give over no rows; by default counts and sums give 0, the others nothing.",
        "zero",
        choice("`zero` or `null`", "zero", "null", None),
    ),
    "min_count": Key(
        "Below how many rows its cells are hidden; or of what they count, and how many.",
        30,
        {
            "title": "a whole number, or `of` and `at_least`",
            "anyOf": [
                whole(0),
                {
                    "type": "object",
                    "properties": {"of": {"title": "a formula", "type": "string"}, "at_least": whole(0)},
                    "required": ["of", "at_least"],
                    "additionalProperties": False,
                },
            ],
        },
    ),
    "level": Key("Of which single member it is: it means nothing for several together.", "customer"),
    "label": Key("What readers see as its name.", "Net revenue retention"),
    "description": Key("What it says, and what it leaves out.", "Revenue kept from the customers of the start."),
    "aliases": Key("Other names that questions may use.", ["NDR", "net dollar retention"], ref("aliases")),
    "direction": Key("Whether more of it is better: `up` or `down`.", "up", choice("`up` or `down`", "up", "down")),
    "decimals": Key("Digits shown after the point.", 1, whole(0, 12)),
    "tags": Key("Words to find it by.", ["revenue"]),
    "hidden": Key("Whether lists leave it out.", True),
}
_FUNNEL: Mapping[str, Key] = {
    "steps": Key(
        "Its steps in order: name, and the rows of each.",
        {"visited": "visits", "signed_up": "users on created_at"},
        mapping_of("step", "a mapping of steps"),
    ),
    "per": Key("Who takes the steps: a reference or a column of every step's dataset.", "user"),
    "within": Key("How long after the first step the others count; by default ever after.", "14 days"),
    "counting": Key(
        "`cohort`: members are followed beyond the period they set out in; `same period`: they are not.",
        "same period",
        choice("`cohort` or `same period`", "cohort", "same period", None),
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
        "The type of its values; by default that of `default`.", "text", choice("a parameter's type", *PARAMETER_TYPES)
    ),
    "default": Key("Its value unless a question gives another.", "365 days", ref("value")),
    "options": Key("The only values it may have.", ["export", "import"], ref("values")),
    "description": Key("What it sets.", "How long a customer may be away."),
}

KEYS: Mapping[str, tuple[type, Mapping[str, Key], frozenset[str]]] = {
    "project": (Project, _PROJECT, frozenset({"folder", "place", "fetched_rows"})),
    "calendar": (CalendarDef, _CALENDAR, frozenset({"place"})),
    "limits": (Project, _LIMITS, frozenset(f.name for f in fields(Project)) - {"max_cells", "fetched_rows"}),
    "rates": (RatesDef, _RATES, frozenset({"place"})),
    "convert": (ConvertDef, _CONVERT, frozenset({"policy", "place"})),
    "plugins": (PluginsDef, _PLUGINS, frozenset({"places"})),
    "source": (SourceDef, _SOURCE, frozenset({"name", "options", "place", "places"})),
    "parameter": (ParameterDef, _PARAMETER, frozenset({"name", "pack", "place"})),
    "dataset": (DatasetDef, _DATASET, frozenset({"name", "pack", "place", "table_place", "source_place"})),
    "column": (ColumnDef, _COLUMN, frozenset({"name", "place"})),
    "ref": (RefDef, _REF, frozenset({"name", "place"})),
    "metric": (MetricDef, _METRIC, frozenset({"name", "pack", "place", "level_place"})),
    "funnel": (FunnelDef, _FUNNEL, frozenset({"name", "metrics", "pack", "place"})),
    "step": (StepDef, _STEP, frozenset({"name", "place"})),
}
"""For each kind of mapping: its definition, its keys, and the fields that are no keys."""

SECTIONS: Mapping[str, Schema] = {
    "sources": mapping_of("source", "a mapping of sources")
    | {"description": "Where data comes from.", "examples": [{"files": {"kind": "files", "path": "data"}}]},
    "parameters": mapping_of("parameter", "a mapping of parameters")
    | {"description": "Values that formulas name with a `$`.", "examples": [{"reactivation_window": "365 days"}]},
    "datasets": mapping_of("dataset", "a mapping of datasets")
    | {"description": "Tables of rows.", "examples": [{"orders": {"table": "orders.csv"}}]},
    "metrics": mapping_of("metric", "a mapping of metrics")
    | {"description": "Metrics: a formula, or a mapping with one.", "examples": [{"mrr": "sum(subscriptions.mrr)"}]},
    "funnels": mapping_of("funnel", "a mapping of funnels")
    | {
        "description": "Steps that members take in order; each funnel stands for several metrics.",
        "examples": [{"sales": {"per": "visitor", "steps": {"visited": "visits", "asked": "leads"}}}],
    },
}
PROJECT_SECTIONS = ("sources", "parameters", "datasets")
METRIC_SECTIONS = ("parameters", "datasets", "metrics", "funnels")
