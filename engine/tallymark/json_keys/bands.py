"""The keys of bands: stretches of values by name."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import BandDef
from tallymark.definitions.bands import COLOURS
from tallymark.json_keys.shapes import Key, Kinds, Schema, choice

AMOUNT: Schema = {"title": "a number, a percent or a duration", "type": ["number", "string"]}

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
