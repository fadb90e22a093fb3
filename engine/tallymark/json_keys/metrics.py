"""The keys of metrics, funnels and parameters."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import FunnelDef, MetricDef, ParameterDef, StepDef
from tallymark.json_keys.bands import BANDS, TARGET
from tallymark.json_keys.shapes import Key, Kinds, Schema, choice, mapping_of, ref, whole

PARAMETER_TYPES = ("number", "text", "boolean", "date", "duration", "list")
FORMULA_KEYS = ("unit", "convert", "missing", "level")
"""Keys of a metric that say what its formula computes, and so go with it."""

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
    "target": Key("What it should reach, or stay below, by its direction.", 110, TARGET),
    "bands": Key(
        "Stretches of its values by name, each value in one of them.",
        {"good": {"from": 90}, "poor": {"below": 90}},
        BANDS,
    ),
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

KEYS: Kinds = {
    "metric": (MetricDef, _METRIC, frozenset({"name", "pack", "place", "level_place", "about", "bands_grain"})),
    "funnel": (FunnelDef, _FUNNEL, frozenset({"name", "metrics", "pack", "place"})),
    "step": (StepDef, _STEP, frozenset({"name", "place"})),
    "parameter": (ParameterDef, _PARAMETER, frozenset({"name", "pack", "place"})),
}

SECTIONS: Mapping[str, Schema] = {
    "parameters": mapping_of("parameter", "a mapping of parameters")
    | {"description": "Values that formulas name with a `$`.", "examples": [{"reactivation_window": "365 days"}]},
    "metrics": mapping_of("metric", "a mapping of metrics")
    | {"description": "Metrics: a formula, or a mapping with one.", "examples": [{"mrr": "sum(subscriptions.mrr)"}]},
    "funnels": mapping_of("funnel", "a mapping of funnels")
    | {
        "description": "Steps that members take in order; each funnel stands for several metrics.",
        "examples": [{"sales": {"per": "visitor", "steps": {"visited": "visits", "asked": "leads"}}}],
    },
}
