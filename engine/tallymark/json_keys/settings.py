"""The keys of `tally.yaml`, of sources and of plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from tallymark.definitions import CalendarDef, ConvertDef, PluginsDef, Project, RatesDef, SourceDef
from tallymark.json_keys.shapes import CURRENCY, DAY, LANGUAGE, Key, Kinds, Schema, choice, like, mapping_of, ref, whole
from tallymark.windows import PATTERNS

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
        "The language of plain labels, of what is shown by label, of numbers and of notifications.", "fr", LANGUAGE
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

KEYS: Kinds = {
    "project": (Project, _PROJECT, frozenset({"folder", "place", "fetched_rows"})),
    "calendar": (CalendarDef, _CALENDAR, frozenset({"place"})),
    "limits": (Project, _LIMITS, frozenset(f.name for f in fields(Project)) - {"max_cells", "fetched_rows"}),
    "rates": (RatesDef, _RATES, frozenset({"place"})),
    "convert": (ConvertDef, _CONVERT, frozenset({"policy", "place"})),
    "plugins": (PluginsDef, _PLUGINS, frozenset({"places"})),
    "source": (SourceDef, _SOURCE, frozenset({"name", "options", "place", "places"})),
}

SECTIONS: Mapping[str, Schema] = {
    "sources": mapping_of("source", "a mapping of sources")
    | {"description": "Where data comes from.", "examples": [{"files": {"kind": "files", "path": "data"}}]},
}
