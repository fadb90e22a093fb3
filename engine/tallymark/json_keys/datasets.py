"""The keys of datasets, their columns, references and text formats."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import ColumnDef, DatasetDef, RefDef
from tallymark.json_keys.shapes import TEXT, Key, Kinds, Schema, choice, mapping_of, ref, whole

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

KEYS: Kinds = {
    "dataset": (DatasetDef, _DATASET, frozenset({"name", "pack", "place", "table_place", "source_place"})),
    "column": (ColumnDef, _COLUMN, frozenset({"name", "place"})),
    "ref": (RefDef, _REF, frozenset({"name", "place"})),
}

SECTIONS: Mapping[str, Schema] = {
    "datasets": mapping_of("dataset", "a mapping of datasets")
    | {"description": "Tables of rows.", "examples": [{"orders": {"table": "orders.csv"}}]},
}
