"""The keys of rules."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import RuleDef
from tallymark.json_keys.shapes import Key, Kinds, Schema, choice, mapping_of, ref

SEVERITIES = ("info", "warning", "critical")
"""How bad it is, the least first."""

PERIODS: Schema = {"title": "a number of periods, such as `2 periods`", "type": ["string", "integer"]}
_SEVERITY = choice("`info`, `warning` or `critical`", *SEVERITIES)
_TEXTS: Schema = {"title": "a mapping of texts", "type": "object", "additionalProperties": ref("text")}
_NO_DATA: Schema = {
    "title": "a number of periods, `never`, or a mapping of `after` and `severity`",
    "anyOf": [
        PERIODS,
        {
            "type": "object",
            "properties": {"after": PERIODS, "severity": _SEVERITY},
            "required": ["after"],
            "additionalProperties": False,
        },
    ],
}
_RULE: Mapping[str, Key] = {
    "when": Key("The condition over metrics that is looked at each period: true or false.", "gross_mrr_churn > 10%"),
    "grain": Key(
        "How long its periods are.",
        "month",
        choice("a grain", "hour", "day", "week", "month", "quarter", "year") | {"type": "string"},
    ),
    "clear": Key(
        "What must hold for firing to end; by default that `when` does not.", "gross_mrr_churn < 8%", ref("formula")
    ),
    "by": Key("Dimensions: each combination of their values is watched on its own.", ["plan"]),
    "where": Key("What is looked at only, as in a question.", "customer.country = 'FR'", ref("formula")),
    "for": Key(
        "For how many periods in a row the condition must hold before it fires.", "2 periods", PERIODS, "lasting"
    ),
    "keep_firing": Key("For how many further periods it fires after it could have ended.", "1 period", PERIODS),
    "no_data": Key(
        "After how many unknown periods in a row somebody is told; by default nobody is.", "3 periods", _NO_DATA
    ),
    "partial": Key(
        "Whether periods that are not over yet are looked at.",
        "include",
        choice("`skip` or `include`", "skip", "include"),
    ),
    "since": Key("The day before which nothing is looked at.", "2024-01-01"),
    "severity": Key("How bad it is: `info`, `warning` (unless said) or `critical`.", "critical", _SEVERITY),
    "labels": Key("Words to sort and route by.", {"team": "success"}, _TEXTS),
    "message": Key(
        "What is told; `{period}`, dimensions and metrics in braces stand for their values.",
        "Churn of {plan} was {gross_mrr_churn} in {period}",
    ),
    "notify": Key("Whom it tells: names of `notifiers:` in tally.yaml.", ["team_slack"]),
    "label": Key("What readers see as its name.", "High churn"),
    "description": Key("What it watches, and what to do about it.", "More MRR is lost than can be won back."),
    "parameters": Key(
        "Values of parameters, in place of their defaults.",
        {"window": "28 days"},
        {"title": "a mapping of parameters to values", "type": "object", "additionalProperties": ref("value")},
    ),
}

KEYS: Kinds = {"rule": (RuleDef, _RULE, frozenset({"name", "pack", "place", "places"}))}

SECTIONS: Mapping[str, Schema] = {
    "rules": mapping_of("rule", "a mapping of rules")
    | {
        "description": "Conditions over metrics that are looked at each period, and whom to tell.",
        "examples": [{"churn_high": {"when": "gross_mrr_churn > 10%", "grain": "month"}}],
    },
}
