"""The keys of bands and targets: what a metric is held against."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import BandDef
from tallymark.definitions.bands import COLOURS
from tallymark.formula.nodes import GRAINS
from tallymark.json_keys.shapes import Key, Kinds, Schema, choice, ref

AMOUNT: Schema = {"title": "a number, a percent or a duration", "type": ["number", "string"]}

_GRAIN: Schema = choice("a grain", *GRAINS)

BANDS: Schema = {
    "title": "a mapping of bands",
    "type": "object",
    "propertyNames": ref("name"),
    "properties": {
        "grain": {
            "description": "For which periods they are: those of a year say nothing of a month.",
            "examples": ["year"],
            **_GRAIN,
        }
    },
    "additionalProperties": ref("band"),
}
"""The bands of a metric, by their names."""

TARGET: Schema = {
    "title": "a number, a formula, or a mapping",
    "anyOf": [
        {"title": "a number or a formula", "type": ["number", "string"]},
        {
            "title": "a mapping of periods to numbers, with `value` and `grain`",
            "type": "object",
            "properties": {
                "value": {
                    "title": "a number or a formula",
                    "description": "The number or formula for every period that has no number of its own.",
                    "examples": [110],
                    "type": ["number", "string"],
                },
                "grain": {
                    "description": "For which periods it is: a target of a month is none of a year.",
                    "examples": ["month"],
                    **_GRAIN,
                },
            },
            "additionalProperties": AMOUNT,
        },
    ],
}
"""The target of a metric."""

BAND: Mapping[str, Key] = {
    "from": Key("Its lowest value, which lies in it.", 90, AMOUNT, "low"),
    "above": Key("Where it begins; the value itself lies below it.", 100, AMOUNT, "low"),
    "to": Key("Its highest value, which lies in it.", 120, AMOUNT, "high"),
    "below": Key("Where it ends; the value itself lies above it.", 90, AMOUNT, "high"),
    "colour": Key(
        "What it is shown in; by default its place among the bands and `direction` say.",
        "red",
        choice("a colour of bands", *COLOURS),
    ),
    "label": Key("What readers see as its name.", "Critical"),
}

KEYS: Kinds = {
    "band": (
        BandDef,
        BAND,
        frozenset({"name", "low_included", "high_included", "score", "written", "texts", "place"}),
    ),
}

SECTIONS: Mapping[str, Schema] = {}
