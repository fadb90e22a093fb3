"""A scorecard from its entry in a file."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from tallymark.definitions import Formula
from tallymark.definitions.scorecards import (
    GroupDef,
    MeasureDef,
    MissingDef,
    OverrideDef,
    RollUpDef,
    ScorecardDef,
    SegmentDef,
    TrendDef,
)
from tallymark.errors import FaultError
from tallymark.place import Written
from tallymark.read.amounts import Amount, amount
from tallymark.read.bands import bands
from tallymark.read.scorecards.measures import measure, missing_of, weight
from tallymark.read.scorecards.scoring import number, score
from tallymark.read.scorecards.sound import sound
from tallymark.read.values import (
    Reading,
    by_language,
    entries,
    formula,
    lists_by_language,
    named,
    parsed,
    spoken,
    stripped,
    text,
    texts,
    whole,
    word,
)
from tallymark.yaml_text import Entries, Items, Scalar, Value

DEFAULT = "default"
"""The segment of everybody else."""

MAX_DECIMALS = 12


def scorecard(key: Scalar, value: Value, reading: Reading) -> ScorecardDef | None:
    """A scorecard; None, and faults, where it is not sound: half a card would give wrong scores."""
    subject = f"scorecard `{key.text[:60]}`"
    usable = named(key, "scorecard", reading, bare=True)
    said = value if isinstance(value, Entries) else None
    if said is None:
        return None
    before = len(reading.faults)
    per = text(said.get("per"))
    if per is None:
        reading.fault("R023", "a scorecard without members", key, "write `per: customer`: of whom it is", subject)
    elif not _is_member(per):
        at = said.get("per") or key
        reading.fault("R022", f"`per: {per[:60]}` is not understood", at, "write a name, as `per: customer`", subject)
    measures = _measures(said, key, reading, subject)
    made = ScorecardDef(
        name=key.text,
        per=per or "",
        measures=measures,
        groups=_groups(said.get("groups"), reading, subject),
        of=text(said.get("of")),
        population=_condition(said.get("population"), reading, subject),
        missing=_missing(said.get("missing"), reading, subject),
        min_coverage=_coverage(said.get("min_coverage"), reading, subject),
        segments=_segments(said.get("segments"), reading, subject),
        overrides=_overrides(said.get("overrides"), reading, subject),
        roll_up=_roll_up(said.get("roll_up"), reading, subject),
        trend=_trend(said.get("trend"), reading, subject),
        bands=bands(said.get("bands"), reading, subject) if said.get("bands") is not None else (),
        label=by_language(said.get("label"), reading) or {reading.language: spoken(key.text)},
        description=by_language(said.get("description"), reading),
        aliases=lists_by_language(said.get("aliases"), reading),
        decimals=whole(said.get("decimals"), 0, MAX_DECIMALS) if said.get("decimals") is not None else 0,
        tags=texts(said.get("tags")),
        pack=reading.pack,
        place=key.place(),
        per_place=(said.get("per") or key).place(),
        lines=key.written().lines,
    )
    if not usable or len(reading.faults) > before:
        return None
    reading.faults += sound(made)
    return made if len(reading.faults) == before else None


def _measures(said: Entries, key: Scalar, reading: Reading, subject: str) -> Mapping[str, MeasureDef]:
    written = list(entries(said.get("measures")))
    if not written:
        at = said.key("measures") or key
        help_ = "write `measures:`, and below it each measure: `frequency: usage_frequency`"
        reading.fault("R023", "a scorecard without measures", at, help_, subject)
    found = (measure(name, each, reading, subject) for name, each in written)
    return {m.name: m for m in found if m is not None}


def _groups(value: Value | None, reading: Reading, owner: str) -> Mapping[str, GroupDef]:
    found = {}
    for key, said in entries(value):
        subject = f"group `{key.text[:60]}` of {owner}"
        usable = named(key, "group", reading, bare=False)
        inner = said if isinstance(said, Entries) else None
        given = inner.get("weight") if inner is not None else said
        empty = given is None or (isinstance(given, Scalar) and given.absent)
        weighs = None if empty else weight(given, reading, subject)
        label = by_language(inner.get("label"), reading) if inner is not None else {}
        if usable:
            found[key.text] = GroupDef(key.text, weighs, label or {reading.language: spoken(key.text)}, key.place())
    return found


def _is_member(per: str) -> bool:
    try:
        parsed(Written(f"avg(m per {per})"))
    except FaultError:
        return False
    return True


def _condition(value: Value | None, reading: Reading, subject: str) -> Formula | None:
    return formula(value, reading, subject) if value is not None else None


def _missing(value: Value | None, reading: Reading, subject: str) -> MissingDef:
    return (missing_of(value, reading, subject) if value is not None else None) or MissingDef()


def _coverage(value: Value | None, reading: Reading, subject: str) -> Decimal:
    """From 0 to 1, of a percent or a share."""
    if value is None:
        return Decimal(0)
    found = amount(value)
    share = Decimal(-1)
    if isinstance(found, Amount) and found.written != "duration":
        share = found.value / 100 if found.written == "percent" else found.value
    if not 0 <= share <= 1:
        said = text(value) or ""
        help_ = "write `min_coverage: 50%`: how much of the weights must have a value"
        reading.fault("R123", f"`{said[:60]}` is no share of the weights", value, help_, subject)
    return share


# --- segments and overrides ------------------------------------------------------------------------------------------


def _segments(value: Value | None, reading: Reading, owner: str) -> Mapping[str, SegmentDef]:
    found: dict[str, SegmentDef] = {}
    for key, said in entries(value):
        subject = f"segment `{key.text[:60]}` of {owner}"
        inner = said if isinstance(said, Entries) else None
        if not named(key, "segment", reading, bare=False):
            continue
        when, where = (_condition(inner.get(k), reading, subject) if inner else None for k in ("when", "where"))
        given = [k for k in ("when", "where") if inner is not None and inner.get(k) is not None]
        if len(given) == 2 or bool(given) == (key.text == DEFAULT):
            message, help_ = _unclear(key.text, len(given))
            reading.fault("R115", message, key, help_, subject)
        found[key.text] = SegmentDef(
            key.text, when, where, _weights(inner.get("weights") if inner else None, reading, subject),
            texts(inner.get("without")) if inner else (),
            (by_language(inner.get("label"), reading) if inner else {}) or {reading.language: spoken(key.text)},
            key.place(),
        )  # fmt: skip
    if found and DEFAULT not in found:
        assert value is not None
        help_ = "add `default: {}` as the last one: those who are in no other segment"
        reading.fault("R115", "segments without a default", value, help_, owner)
    # Whatever its place, the default comes last: everybody is in it.
    last = found.pop(DEFAULT, None)
    return found | ({DEFAULT: last} if last is not None else {})


def _unclear(name: str, conditions: int) -> tuple[str, str]:
    if name == DEFAULT:
        return "the default segment has a condition", "it takes everybody else: leave out its condition"
    if conditions == 2:
        return "both `when` and `where`", "`when` is a condition over metrics, `where` one over dimensions; keep one"
    return "a segment without a condition", "write `where: segment = 'enterprise'`, or `when: mrr > 1000`"


def _weights(value: Value | None, reading: Reading, subject: str) -> Mapping[str, Decimal]:
    found = {}
    for key, said in entries(value):
        weighs = weight(said, reading, subject)
        if weighs is not None:
            found[key.text] = weighs
    return found


_LIMITS: tuple[Literal["at_most", "at_least", "exactly"], ...] = ("at_most", "at_least", "exactly")


def _overrides(value: Value | None, reading: Reading, owner: str) -> tuple[OverrideDef, ...]:
    found = []
    for number_, said in enumerate(value.items if isinstance(value, Items) else ()):
        subject = f"override {number_ + 1} of {owner}"
        if not isinstance(said, Entries):
            continue
        given = [kind for kind in _LIMITS if said.get(kind) is not None]
        if said.get("when") is None:
            reading.fault("R023", "an override without a condition", said, "write `when: open_p1 > 0`", subject)
        if len(given) != 1:
            message = f"both `{given[0]}` and `{given[1]}`" if given else "an override that says nothing of the score"
            reading.fault("R119", message, said, "write one of `at_most: 40`, `at_least: 60`, `exactly: 0`", subject)
        when = _condition(said.get("when"), reading, subject)
        limit = score(said.get(given[0]), reading, subject) if len(given) == 1 else None
        if when is not None and limit is not None:
            label = by_language(said.get("label"), reading) or {reading.language: " ".join(when.text.split())}
            found.append(OverrideDef(when, given[0], limit, label, said.place()))
    return tuple(found)


# --- several members, several periods --------------------------------------------------------------------------------


def _roll_up(value: Value | None, reading: Reading, subject: str) -> RollUpDef:
    if isinstance(value, Entries):
        by = _condition(value.get("weighted"), reading, subject)
        if by is None:
            help_ = "write `roll_up: {weighted: mrr}`, `mean` or `min`"
            reading.fault("R023", "a weighted mean without its weight", value, help_, subject)
        return RollUpDef("weighted", by)
    return RollUpDef("min" if word(value) == "min" else "mean")


def _trend(value: Value | None, reading: Reading, subject: str) -> TrendDef:
    if not isinstance(value, Entries):
        return TrendDef()
    against, limit = value.get("against"), value.get("threshold")
    written = stripped(against.written()) if isinstance(against, Scalar) and not against.absent else None
    if written is not None and against is not None and not _is_step(written):
        message = f"`{written.text[:60]}` is no period to compare with"
        reading.fault("R022", message, against, "write `against: 1 year`, or a number of periods", subject)
    threshold = number(limit) if limit is not None else TrendDef().threshold
    if threshold is not None and threshold <= 0:
        assert limit is not None
        message = f"a threshold is above zero, not {threshold}"
        reading.fault("R022", message, limit, "write how many points are a change: `threshold: 5`", subject)
    return TrendDef(written, threshold if threshold is not None else TrendDef().threshold)


def _is_step(written: Written) -> bool:
    try:
        parsed(Written(f"change(m, {written.text})"))
    except FaultError:
        return False
    return True
