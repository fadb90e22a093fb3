"""The keys of tests, and of what they ask."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions.trials import TrialDef
from tallymark.json_keys.settings import PARTIAL
from tallymark.json_keys.shapes import TEXT, Key, Kinds, Schema, choice, like, mapping_of, ref
from tallymark.query import Query

OTHERS = ("empty", "keys")

_TRUTH: Schema = {"title": "true or false", "type": "boolean"}
_CELL: Schema = {"title": "a mapping of names to values", "type": "object"}
_CELLS: Schema = {"title": "a list of mappings", "type": "array", "items": _CELL}
_ROWS: Schema = {
    "title": "a list of rows, a text of CSV, or a mapping of `file` to its path",
    "anyOf": [
        _CELLS,
        {"title": "a text of CSV", "type": "string"},
        {
            "title": "a mapping of `file` to a path",
            "type": "object",
            "properties": {"file": TEXT},
            "additionalProperties": False,
        },
    ],
}
_TRIAL: Mapping[str, Key] = {
    "why": Key("What it holds fast, in a sentence.", "A customer who joins later is not in the cohort."),
    "rows": Key(
        "The rows of each dataset that the question reads, and nothing else: a list, CSV, or a file with it.",
        {"subscriptions": [{"id": 1, "customer": "A", "mrr": 100, "started_at": "2024-01-01"}]},
        {"title": "a mapping of datasets to rows", "type": "object", "additionalProperties": _ROWS},
    ),
    "rows_of": Key("Another test, whose rows it takes too.", "nrr_by_plan", TEXT),
    "others": Key(
        "What the datasets hold that are not given. `empty`: nothing. `keys`: for each row that a given one refers to, "
        "a row with its key alone.",
        "keys",
        choice("`empty` or `keys`", *OTHERS),
    ),
    "metrics": Key(
        "Values of metrics in place of their formulas: one each, a series with one a period (`_` is none), a series "
        "for each value of a dimension, or a list of cells.",
        {"start_mrr": 1000, "churn": 30},
        {"title": "a mapping of metrics to values, or a list of cells", "anyOf": [_CELL, _CELLS]},
    ),
    "rule": Key("The rule that is tested, where it is one.", "slow_replies", TEXT),
    "from": Key("The period of the first value of a series.", "2024-01", TEXT, "start"),
    "ask": Key("The question, in the words of one.", {"period": "2024-03", "by": ["plan"]}, ref("ask")),
    "expect": Key(
        "What must come out: a number for each metric, or a list of cells; of a rule `states` and `notifications`.",
        {"nrr": 100},
        {"title": "a mapping of metrics to numbers, or a list of cells", "anyOf": [_CELL, _CELLS]},
    ),
    "within": Key("How far a number may be from the expected one.", 0.01, {"title": "a number", "type": "number"}),
    "some": Key("Whether there may be cells that are not expected.", True),
    "only_nulls": Key("Said when nothing but nulls is expected, and meant.", True),
    "notes": Key("Texts that the notes of the answer must hold.", ["zero denominator"]),
    "fault": Key("The code of the fault that the question must end in.", "Q509", like("^[A-Z][0-9]{3}$", "a code")),
}
_ASK: Mapping[str, Key] = {
    "metrics": Key("Metrics or formulas; by default those that are expected.", ["nrr"], ref("list")),
    "by": Key("Dimensions.", ["plan"], ref("list")),
    "grain": Key("How the range is cut: hour, day, week, month, quarter, year.", "month", TEXT),
    "period": Key("The period.", "2024-03", TEXT),
    "start": Key("The first day of the range.", "2024-01-01", TEXT),
    "end": Key("The last day of the range, included.", "2024-03-31", TEXT),
    "where": Key("A condition over dimensions.", "plan = 'pro'", TEXT),
    "order": Key("Columns to order by.", ["-mrr"], ref("list")),
    "limit": Key("At most so many cells.", 10, {"title": "a whole number", "type": "integer"}),
    "as_of": Key("The knowledge date; without it, every row is known.", "2024-03-31", TEXT),
    "sparse": Key("Whether cells that no row touches are left out.", True, _TRUTH),
    "timezone": Key("Another time zone.", "Europe/Paris", TEXT),
    "currency": Key("The currency of amounts.", "USD", TEXT),
    "parameters": Key(
        "Values of parameters.", {"reactivation_window": "30 days"}, {"title": "a mapping", "type": "object"}
    ),
    "compare": Key("With which periods.", ["previous"], ref("list")),
    "like_for_like": Key("Whether a cut period is compared with as much of the other.", True, _TRUTH),
    "having": Key("Conditions over metrics.", ["nrr < 90%"], ref("list")),
    "share": Key("Shares of the total too.", True, _TRUTH),
    "rank": Key("Ranks too.", True, _TRUTH),
    "top": Key("The highest members only.", "5 mrr", TEXT),
    "other": Key("All others as one.", True, _TRUTH),
    "total": Key("Totals too.", True, _TRUTH),
    "age": Key("A dimension of dates whose periods past are counted.", "customer.signed_up_at", TEXT),
    "partial": Key(
        "What becomes of periods that are not over.", "drop", choice("`include`, `mark` or `drop`", *PARTIAL)
    ),
    "bands": Key("Whether the bands that values lie in are answered.", False, _TRUTH),
    "target": Key("Targets too, the distance to them and whether they are met.", True, _TRUTH),
}

KEYS: Kinds = {
    "test": (TrialDef, _TRIAL, frozenset({"name", "faults", "pack", "place", "ask_place"})),
    "ask": (Query, _ASK, frozenset({"pivot"})),
}

SECTIONS: Mapping[str, Schema] = {
    "tests": mapping_of("test", "a mapping of tests")
    | {
        "description": "Tests of metrics and rules: rows in, numbers out. `tally test` runs them.",
        "examples": [{"nrr_formula": {"metrics": {"start_mrr": 1000, "churn": 30}, "expect": {"nrr": 97}}}],
    },
}
