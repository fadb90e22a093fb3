"""The keys of scorecards."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import BandDef, ScorecardDef
from tallymark.definitions.scorecards import (
    GroupDef,
    MeasureDef,
    MissingDef,
    OverrideDef,
    RollUpDef,
    ScaleDef,
    SegmentDef,
    StaleDef,
    TrendDef,
    ZScoreDef,
)
from tallymark.json_keys.bands import AMOUNT, BAND
from tallymark.json_keys.shapes import TEXT, Key, Kinds, Schema, choice, mapping_of, ref, whole

NUMBER: Schema = {"title": "a number", "type": "number"}
AMONG = choice("`segment` or `all`", "segment", "all")
DIRECTION = choice("`up` or `down`", "up", "down")
_LABEL = Key("What readers see as its name.", "Enterprise")

_SCORECARD: Mapping[str, Key] = {
    "per": Key("Of whom it is: a dimension or reference that every measure reaches.", "customer"),
    "measures": Key(
        "What it is made of: name, and a formula or more.",
        {"frequency": {"value": "usage_frequency", "weight": 20, "scale": {"from": 0, "to": 20}}},
        mapping_of("measure", "a mapping of measures"),
    ),
    "groups": Key(
        "Groups that measures may stand in, each with its weight; by default the sum of those of its measures.",
        {"adoption": 60, "voice": 40},
        mapping_of("score_group", "a mapping of groups"),
    ),
    "population": Key(
        "Who is scored: a condition over metrics; by default whoever has rows that a measure reads.", "mrr > 0"
    ),
    "missing": Key(
        "What becomes of measures without a value; `exclude` unless said.", "neutral", ref("missing_measure")
    ),
    "min_coverage": Key("Which part of the weights must have a value; below it there is no score.", "50%", AMOUNT),
    "segments": Key(
        "Members for whom other weights hold, in the order in which they are tried; `default` is everybody else.",
        {"enterprise": {"where": "segment = 'enterprise'", "weights": {"breadth": 40}}, "default": {}},
        mapping_of("score_segment", "a mapping of segments"),
    ),
    "of": Key(
        "The dataset with a row for each member, which `where:` of segments looks at; by default the one that `per` "
        "refers to.",
        "customers",
    ),
    "overrides": Key(
        "What the score becomes under conditions, one after the other.",
        [{"when": "open_p1 > 0", "at_most": 40, "label": "Open P1 tickets"}],
        {"title": "a list of overrides", "type": "array", "items": ref("override")},
    ),
    "roll_up": Key(
        "What several members have together: the `mean`, the `min`, or a mean `weighted` by a formula; `mean` unless "
        "said.",
        {"weighted": "mrr"},
        {"title": "`mean`, `min` or `weighted`", "anyOf": [choice("`mean` or `min`", "mean", "min"), ref("roll_up")]},
    ),
    "trend": Key("What the score is compared with, and what counts as a change.", {"threshold": 5}, ref("trend")),
    "bands": Key(
        "Names for stretches of the score, which hold every value once.",
        {"at_risk": {"below": 50}, "healthy": {"from": 50}},
        mapping_of("band", "a mapping of bands"),
    ),
    "decimals": Key("Digits of the score shown after the point; 0 unless said.", 1, whole(0, 12)),
    "label": Key("What readers see as its name.", "Customer health"),
    "description": Key("What it says, and what it leaves out.", "How likely a customer is to stay and to grow."),
    "aliases": Key("Other names that questions may use.", ["health score"], ref("aliases")),
    "tags": Key("Words to find its metrics by.", ["health"]),
}
_MEASURE: Mapping[str, Key] = {
    "value": Key("A formula, of one member at a time.", "usage_frequency"),
    "weight": Key("How much it counts beside the others of its group; 1 unless said.", 20, NUMBER),
    "group": Key("The group that it stands in.", "adoption"),
    "direction": Key(
        "`down` where less is better; by default as the metric says that it names, else `up`.", "down", DIRECTION
    ),
    "scale": Key("A straight line: what is worth 0 and what 100.", {"from": 0, "to": 20}, ref("scale"), "scoring"),
    "bands": Key(
        "Bands of values, each with its `score`.",
        {"poor": {"below": 3, "score": 0}, "good": {"from": 3, "score": 100}},
        mapping_of("scored_band", "a mapping of bands"),
        "scoring",
    ),
    "percentile": Key(
        "The share of the others that are behind; among those of the `segment`, or `all`.", "segment", AMONG, "scoring"
    ),
    "zscore": Key(
        "The distance from the mean in standard deviations; among those of the `segment`, or `all`.",
        {"from": -2, "to": 2},
        {"title": "`segment`, `all` or a mapping", "anyOf": [AMONG, ref("zscore")]},
        "scoring",
    ),
    "lookup": Key(
        "What each text is worth, and `otherwise` any other.",
        {"gold": 100, "silver": 60, "otherwise": 0},
        {"title": "a mapping of texts to scores", "type": "object", "additionalProperties": NUMBER},
        "scoring",
    ),
    "boolean": Key(
        "What true and false are worth; 100 and 0 unless said.",
        {"true": 100, "false": 20},
        {
            "title": "a mapping of `true` and `false` to scores",
            "type": "object",
            "properties": {"true": NUMBER, "false": NUMBER},
            "additionalProperties": False,
        },
        "scoring",
    ),
    "missing": Key("What becomes of it without a value; by default as the card says.", "worst", ref("missing_measure")),
    "stale": Key(
        "When it is too old, and then missing.", {"after": "90 days", "rows": "survey_responses"}, ref("stale")
    ),
    "label": Key("What readers see as its name.", "Days of use"),
}
_GROUP: Mapping[str, Key] = {
    "weight": Key("How much it counts beside the other groups.", 60, NUMBER),
    "label": Key("What readers see as its name.", "Adoption"),
}
_SEGMENT: Mapping[str, Key] = {
    "when": Key("Who is in it: a condition over metrics of one member.", "mrr > 1000"),
    "where": Key("Who is in it: a condition over dimensions.", "segment = 'enterprise'"),
    "weights": Key(
        "Weights of measures and groups that differ here.",
        {"breadth": 40},
        {"title": "a mapping of names to weights", "type": "object", "additionalProperties": NUMBER},
    ),
    "without": Key("Measures that do not count here.", ["growth"]),
    "label": _LABEL,
}
_OVERRIDE: Mapping[str, Key] = {
    "when": Key("Where it applies: a condition over metrics of one member.", "open_p1 > 0"),
    "at_most": Key("The score is this at most.", 40, NUMBER, "value"),
    "at_least": Key("The score is this at least.", 60, NUMBER, "value"),
    "exactly": Key("The score is this.", 0, NUMBER, "value"),
    "label": Key("What readers see of it.", "Open P1 tickets"),
}
_SCALE: Mapping[str, Key] = {
    "from": Key("What is worth 0: a number, a percent, a duration or a parameter.", 0, AMOUNT, "low"),
    "above": Key("The same, and lies outside itself.", 0, AMOUNT, "low"),
    "to": Key("What is worth 100.", 20, AMOUNT, "high"),
    "below": Key("The same, and lies outside itself.", 20, AMOUNT, "high"),
    "outside": Key(
        "What lies outside counts as the nearer end (`clamp`), or as missing (`ignore`); `clamp` unless said.",
        "ignore",
        choice("`clamp` or `ignore`", "clamp", "ignore"),
        "ignores",
    ),
}
_ZSCORE: Mapping[str, Key] = {
    "from": Key("How many standard deviations are worth 0; -2 unless said.", -3, NUMBER, "low"),
    "to": Key("How many are worth 100; 2 unless said.", 3, NUMBER, "high"),
    "among": Key("Whom it is compared with; its `segment` unless said.", "all", AMONG),
}
_MISSING: Mapping[str, Key] = {
    "neutral": Key("The score that it counts as.", 40, NUMBER, "score"),
    "last_known": Key("How far back the last value is looked for: at most 12 steps.", "3 periods", TEXT, "steps"),
    "then": Key("What becomes of it where none is found; `exclude` unless said.", "worst", TEXT, "unit"),
}
_STALE: Mapping[str, Key] = {
    "after": Key("How old the newest row may be: a duration or a parameter.", "90 days", TEXT),
    "rows": Key("Which rows: a dataset, with `on` and `where` as in a formula.", "survey_responses where score >= 0"),
}
_ROLL_UP: Mapping[str, Key] = {
    "weighted": Key("What each member weighs: a formula, below 0 as 0.", "mrr", ref("formula"), "by"),
}
_TREND: Mapping[str, Key] = {
    "against": Key("The period to compare with; the one before unless said.", "1 year", TEXT),
    "threshold": Key("How many points are a change; 5 unless said.", 3, NUMBER),
}

_POLICY = choice("`exclude`, `neutral` or `worst`", "exclude", "neutral", "worst")
_MADE = {"name", "metrics", "pack", "place", "per_place", "lines"}
_SCORED_BAND = {**BAND, "score": Key("What a value in it is worth, from 0 to 100.", 50, NUMBER)}

KEYS: Kinds = {
    "scorecard": (ScorecardDef, _SCORECARD, frozenset(_MADE)),
    "measure": (MeasureDef, _MEASURE, frozenset({"name", "place"})),
    "score_group": (GroupDef, _GROUP, frozenset({"name", "place"})),
    "score_segment": (SegmentDef, _SEGMENT, frozenset({"name", "place"})),
    "override": (OverrideDef, _OVERRIDE, frozenset({"kind", "place"})),
    "scale": (ScaleDef, _SCALE, frozenset({"low_included", "high_included", "place"})),
    "zscore": (ZScoreDef, _ZSCORE, frozenset({"place"})),
    "missing_measure": (MissingDef, _MISSING, frozenset()),
    "stale": (StaleDef, _STALE, frozenset()),
    "roll_up": (RollUpDef, _ROLL_UP, frozenset({"kind"})),
    "trend": (TrendDef, _TREND, frozenset()),
    "scored_band": (
        BandDef,
        _SCORED_BAND,
        frozenset({"name", "low_included", "high_included", "written", "texts", "place"}),
    ),
}

SHORT: Mapping[str, tuple[str, Schema, object]] = {
    "measure": ("a formula, or a mapping with its value", ref("formula"), "usage_frequency"),
    "score_group": ("a weight, or a mapping", {"title": "a weight", "type": ["number", "null"]}, 60),
    "missing_measure": ("`exclude`, `neutral`, `worst` or a mapping", _POLICY, "neutral"),
}
"""What may stand for a mapping: a title for both, the shape of what stands for it, an example."""

SECTIONS: Mapping[str, Schema] = {
    "scorecards": mapping_of("scorecard", "a mapping of scorecards")
    | {
        "description": "Scores from 0 to 100 of weighted measures; each stands for several metrics.",
        "examples": [{"customer_health": {"per": "customer", "measures": {"voice": "csat"}}}],
    },
}
