"""The measures of a scorecard, each from its entry in a file."""

from __future__ import annotations

from decimal import Decimal

from tallymark.definitions.scorecards import NEUTRAL, WORST, MeasureDef, MissingDef, StaleDef
from tallymark.errors import FaultError
from tallymark.formula import nodes as n
from tallymark.place import Written
from tallymark.read.scorecards.scoring import number, score, scoring
from tallymark.read.values import Reading, by_language, formula, named, parsed, spoken, stripped, text, word
from tallymark.yaml_text import Entries, Scalar, Value

MOST_STEPS = 12
"""How far back the last known value is looked for."""


def measure(key: Scalar, value: Value, reading: Reading, card: str) -> MeasureDef | None:
    """A measure: a formula alone, or a mapping. None, and faults, where it is not sound."""
    subject = f"measure `{key.text[:60]}` of {card}"
    usable = named(key, "measure", reading, bare=False)
    said = value if isinstance(value, Entries) else None
    found = said.get("value") if said is not None else value
    if said is not None and found is None:
        reading.fault("R023", "a measure without a value", key, "write `value: usage_frequency`: a formula", subject)
        return None
    written = formula(found, reading, subject)
    if written is None or written.node is None or not usable:
        return None
    if said is None:
        return MeasureDef(key.text, written, label={reading.language: spoken(key.text)}, place=key.place())
    scored, sound = scoring(said, reading, subject)
    weighs = weight(said.get("weight"), reading, subject)
    missing = missing_of(said.get("missing"), reading, subject) if said.get("missing") is not None else None
    stale, fresh = _stale(said.get("stale"), reading, subject)
    direction = word(said.get("direction"))
    if not sound or weighs is None or not fresh or (said.get("missing") is not None and missing is None):
        return None
    return MeasureDef(
        key.text, written, weighs, text(said.get("group")), direction if direction in ("up", "down") else None,
        scored, missing, stale,
        by_language(said.get("label"), reading) or {reading.language: spoken(key.text)}, key.place(),
    )  # fmt: skip


def weight(value: Value | None, reading: Reading, subject: str) -> Decimal | None:
    """A weight, 1 where none is said; None, and a fault, where it is not above zero."""
    if value is None:
        return Decimal(1)
    found = number(value)
    if found is None or found > 0:
        return found
    help_ = "write a number above 0; a measure that does not count is left out, in one segment by `without:`"
    reading.fault("R110", f"a weight is above zero, not {found}", value, help_, subject)
    return None


# --- what is missing, and what is old --------------------------------------------------------------------------------

_POLICIES = {"exclude": None, "neutral": NEUTRAL, "worst": WORST}


def missing_of(value: Value | None, reading: Reading, subject: str) -> MissingDef | None:
    """What becomes of a missing value: a word, or a mapping. None, and a fault, where it is not understood."""
    if not isinstance(value, Entries):
        return MissingDef(_POLICIES.get(word(value) or ""))
    neutral, known = value.get("neutral"), value.get("last_known")
    if neutral is not None and known is None:
        found = score(neutral, reading, subject)
        return MissingDef(found) if found is not None else None
    if known is None:
        help_ = "write `missing: exclude`, `neutral`, `worst`, `{neutral: 40}` or `{last_known: 3 periods}`"
        reading.fault("R120", "what becomes of a missing value is not said", value, help_, subject)
        return None
    back = _steps(known, reading, subject)
    then = value.get("then")
    rest = missing_of(then, reading, subject) if then is not None else MissingDef()
    if neutral is not None:
        at = value.key("neutral") or value
        reading.fault("R120", "both `last_known` and `neutral`", at, "write `then: {neutral: 40}`", subject)
        return None
    if then is not None and rest is not None and rest.steps:
        reading.fault("R120", "`then` is what holds where nothing is known", then, "write `then: neutral`", subject)
        return None
    return MissingDef(rest.score, *back) if back is not None and rest is not None else None


def _steps(value: Value, reading: Reading, subject: str) -> tuple[int, str | None] | None:
    """How far back to look: so many periods, or so many of a unit. None, and a fault, where that is unclear."""
    said = (text(value) or "").strip()
    count, _, unit = said.partition(" ")
    steps = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
    one = unit.strip().removesuffix("s")
    help_ = f"write `last_known: 3 periods` or `3 months`: 1 to {MOST_STEPS} of them"
    if steps < 1 or one not in ("period", "day", "week", "month", "quarter", "year"):
        reading.fault("R120", f"`{said[:60]}` is no age of a last known value", value, help_, subject)
        return None
    if steps > MOST_STEPS:
        message = f"the last known value is looked for at most {MOST_STEPS} steps back, not {steps}"
        reading.fault("R120", message, value, help_ + ", in a larger unit", subject)
        return None
    return steps, None if one == "period" else one


def _stale(value: Value | None, reading: Reading, subject: str) -> tuple[StaleDef | None, bool]:
    """When the measure is too old, and whether that is sound."""
    if not isinstance(value, Entries):
        return None, True
    after, rows = value.get("after"), value.get("rows")
    if after is None or rows is None:
        message = f"`stale` without `{'after' if after is None else 'rows'}`"
        help_ = "write `{after: 90 days, rows: survey_responses}`: how long the newest of which rows counts"
        reading.fault("R023", message, value, help_, subject)
        return None, False
    written = formula(rows, reading, subject)
    length = stripped(after.written()) if isinstance(after, Scalar) else Written("")
    if not is_duration(length):
        reading.fault("R022", f"`{length.text[:60]}` is no duration", after, "write `after: 90 days`", subject)
        return None, False
    sound = written is not None and written.node is not None
    return (StaleDef(length, written), True) if sound and written is not None else (None, False)


def is_duration(written: Written) -> bool:
    """Whether a text is a duration, or a parameter that may be one."""
    try:
        return isinstance(parsed(written), n.Duration | n.Parameter)
    except FaultError:
        return False
