"""The keys of checks of data."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import CheckDef, RowCountDef
from tallymark.json_keys.shapes import TEXT, Key, Kinds, Schema, choice, like, mapping_of, ref, whole

GRAINS = ("hour", "day", "week", "month", "quarter", "year")
_BOUND: Schema = {"title": "a value, or null", "type": [*TEXT["type"], "null"]}
_PERCENT = like(r"^\s*[0-9_]+(\.[0-9]+)?\s*%\s*$", "a percentage, such as 50%")


def _by_column(title: str, shape: Schema) -> Schema:
    return {"title": title, "type": "object", "additionalProperties": shape}


_CHECK: Mapping[str, Key] = {
    "fresh": Key("How old the newest row may be at the knowledge date, or at a period's end.", "2 days"),
    "rows": Key("How many rows each period has, or by how much that may change.", {"at_least": 10}, ref("check_rows")),
    "not_null": Key("Columns that have a value in every row.", ["customer", "amount"], ref("list")),
    "unique": Key("Columns whose values, taken together, stand in one row only.", ["customer", "day"], ref("list")),
    "exists": Key("References that find their partner, where they have a value.", ["customer"], ref("list")),
    "accepted": Key(
        "The only values that columns have, by column.",
        {"status": ["open", "solved"]},
        _by_column("a mapping of columns to lists of values", ref("values")),
    ),
    "between": Key(
        "The least and the greatest value of columns, both allowed; null for no bound.",
        {"score": [0, 10]},
        _by_column(
            "a mapping of columns to two bounds",
            {"title": "two bounds, such as [0, 10]", "type": "array", "items": _BOUND, "minItems": 2, "maxItems": 2},
        ),
    ),
    "matches": Key(
        "The RE2 pattern that is found in the texts of columns.",
        {"mail": "^[^@ ]+@[^@ ]+$"},
        _by_column("a mapping of columns to patterns", TEXT),
    ),
    "every": Key("A condition over the columns that no row breaks.", "amount >= 0"),
    "equal": Key(
        "Two metrics, or formulas over metrics, that have the same value.",
        ["mrr", "billed_mrr"],
        {"title": "a list of two formulas", "type": "array", "items": ref("formula"), "minItems": 2, "maxItems": 2},
    ),
    "dataset": Key("Whose rows are looked at; for all kinds but `equal`.", "tickets", TEXT),
    "on": Key("The column whose time places a row, instead of the dataset's own.", "solved_at", TEXT),
    "where": Key("Only the rows, or of `equal` the slice, for which this holds.", "status != 'draft'"),
    "tolerance": Key(
        "What is let pass: so many rows or such a share of them; of `equal`, a difference or a share of the larger.",
        "1%",
        TEXT,
    ),
    "per": Key(
        "The periods that are looked at one by one; without it, all together.", "month", choice("a grain", *GRAINS)
    ),
    "by": Key("Dimensions, each combination of whose values is looked at by itself.", ["country"]),
    "since": Key("Nothing before this day is looked at.", "2024-01-01"),
    "severity": Key(
        "What it is when the check fails: `error`, unless said, or `warning`.",
        "warning",
        choice("`error` or `warning`", "error", "warning"),
    ),
    "label": Key("What readers see as its name.", "Tickets are fresh"),
    "description": Key("What it says, and why it matters.", "The help desk is read every night."),
    "tags": Key("Words to find its metrics by, beside `check`.", ["support"]),
}
_ROWS: Mapping[str, Key] = {
    "at_least": Key("The fewest rows that a period may have.", 10, whole(0)),
    "at_most": Key("The most.", 500, whole(0)),
    "change": Key("How far the number may be from the usual one, in percent of that.", "50%", _PERCENT),
    "usual": Key("Of how many periods before the mean is the usual number; 1 unless said.", 4, whole(1, 366)),
}

KEYS: Kinds = {
    "check": (CheckDef, _CHECK, frozenset({"name", "off", "given", "metrics", "pack", "place", "places"})),
    "check_rows": (RowCountDef, _ROWS, frozenset({"place"})),
}

SECTIONS: Mapping[str, Schema] = {
    "checks": mapping_of("check", "a mapping of checks")
    | {
        "description": "Checks of the data that metrics rest on; each is a metric that is true where the data passes.",
        "examples": [{"amounts": {"dataset": "orders", "every": "amount >= 0"}}],
    },
}
