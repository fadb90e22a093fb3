"""How a measure's value becomes 0 to 100, as YAML says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from tallymark.definitions.scorecards import (
    BEST,
    WORST,
    LevelsDef,
    LookupDef,
    PercentileDef,
    ScaleDef,
    ScoringDef,
    TruthDef,
    ZScoreDef,
)
from tallymark.place import Written
from tallymark.read.amounts import Amount, amount
from tallymark.read.bands import bands
from tallymark.read.values import Reading, entries, stripped, word
from tallymark.yaml_text import Entries, Scalar, Value, resolved

KINDS = ("scale", "bands", "percentile", "zscore", "lookup", "boolean")
"""The keys of a measure that say how it is scored: one of them, or none."""


def scoring(said: Entries, reading: Reading, subject: str) -> tuple[ScoringDef | None, bool]:
    """How a measure is scored (None: it is a score already), and whether what is said of it is sound."""
    given = [kind for kind in KINDS if said.get(kind) is not None]
    if len(given) > 1:
        at = said.key(given[1]) or said
        message = f"both `{given[0]}` and `{given[1]}`"
        reading.fault("R111", message, at, "a measure is scored in one way: keep one of them", subject)
        return None, False
    if not given:
        return None, True
    value = said.get(given[0])
    assert value is not None
    before = len(reading.faults)
    made = _READERS[given[0]](value, reading, subject)
    return made, made is not None and len(reading.faults) == before


def score(value: Value | None, reading: Reading, subject: str) -> Decimal | None:
    """A score; None, and a fault, where it is not from 0 to 100. A shape that is wrong was told of already."""
    found = resolved(value) if isinstance(value, Scalar) and value.style != "*" else None
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        return None
    if WORST <= found <= BEST:
        return Decimal(found)
    assert value is not None
    reading.fault("R113", f"a score is from 0 to 100, not {found}", value, "write a number from 0 to 100", subject)
    return None


def number(value: Value | None) -> Decimal | None:
    """A plain number; None of anything else."""
    found = resolved(value) if isinstance(value, Scalar) and value.style != "*" else None
    return Decimal(found) if isinstance(found, int | Decimal) and not isinstance(found, bool) else None


# --- each kind -------------------------------------------------------------------------------------------------------


def _scale(value: Value, reading: Reading, subject: str) -> ScaleDef | None:
    if not isinstance(value, Entries):
        return None
    low, high = (_end(value, pair, reading, subject) for pair in (("from", "above"), ("to", "below")))
    if low is None or high is None:
        return None
    (from_, low_included), (to, high_included) = low, high
    if isinstance(from_, Amount) and isinstance(to, Amount):
        plain_zero = any(end.value == 0 and end.written == "number" for end in (from_, to))
        if from_.written != to.written and not plain_zero:
            message = f"`{from_.text}` and `{to.text}` are written in different units"
            reading.fault("R112", message, value, "write both ends alike", subject)
            return None
        if from_.value >= to.value:
            message = f"a scale rises: {from_.text} is not below {to.text}"
            help_ = "write the lower value first, and `direction: down` beside it where less is better"
            reading.fault("R112", message, value, help_, subject)
            return None
    outside = word(value.get("outside"))
    return ScaleDef(
        _written(value, ("from", "above")), _written(value, ("to", "below")), low_included, high_included,
        outside == "ignore", value.place(),
    )  # fmt: skip


def _end(said: Entries, words: tuple[str, str], reading: Reading, subject: str) -> tuple[Amount | None, bool] | None:
    """An end of a scale (None: a parameter's value) and whether it is included; None, and a fault, without one."""
    given = [w for w in words if said.get(w) is not None]
    if len(given) != 1:
        message = f"both `{words[0]}` and `{words[1]}`" if given else f"a scale without `{words[0]}`"
        reading.fault("R112", message, said, "write `{from: 0, to: 20}`: what is worth 0 and what 100", subject)
        return None
    value = said.get(given[0])
    found = amount(value)
    if isinstance(found, Amount):
        return found, given[0] == words[0]
    if isinstance(value, Scalar) and value.text.strip().startswith("$"):
        return None, given[0] == words[0]
    if isinstance(value, Scalar) and value.style != "*":
        help_ = found or "write a number, a percent, a duration or a parameter"
        reading.fault("R112", f"`{value.text[:60]}` is no value that a scale could end at", value, help_, subject)
    return None


def _written(said: Entries, words: tuple[str, str]) -> Written:
    value = next(v for w in words if isinstance(v := said.get(w), Scalar))
    return stripped(value.written())


def _levels(value: Value, reading: Reading, subject: str) -> LevelsDef | None:
    found = bands(value, reading, subject)
    by_name = {key.text: (key, said) for key, said in entries(value)}
    for band in found:
        key, said = by_name[band.name]
        given = said.get("score") if isinstance(said, Entries) else None
        if given is None:
            help_ = "write `score: 50` in it: what a value in the band is worth, from 0 to 100"
            reading.fault("R121", f"the band `{band.name}` has no score", key, help_, subject)
        else:
            score(given, reading, subject)
    return LevelsDef(found) if found else None


def _percentile(value: Value, reading: Reading, subject: str) -> PercentileDef:
    return PercentileDef(_among(word(value) if isinstance(value, Scalar) else None))


def _zscore(value: Value, reading: Reading, subject: str) -> ZScoreDef | None:
    if not isinstance(value, Entries):
        return ZScoreDef(among=_among(word(value)), place=value.place())
    usual = ZScoreDef()
    low = number(value.get("from")) if value.get("from") is not None else usual.low
    high = number(value.get("to")) if value.get("to") is not None else usual.high
    if low is None or high is None:
        return None
    if low >= high:
        help_ = "write the lower number first, and `direction: down` beside it where less is better"
        reading.fault("R112", f"a scale rises: {low} is not below {high}", value, help_, subject)
        return None
    return ZScoreDef(low, high, _among(word(value.get("among"))), value.place())


def _among(said: str | None) -> Literal["segment", "all"]:
    return "all" if said == "all" else "segment"


def _lookup(value: Value, reading: Reading, subject: str) -> LookupDef | None:
    found: dict[str, Decimal] = {}
    for key, said in entries(value):
        worth = score(said, reading, subject)
        if worth is not None:
            found[key.text] = worth
    if not found:
        reading.fault("R112", "a lookup without texts", value, "write `{gold: 100, silver: 60}`", subject)
        return None
    otherwise = found.pop(OTHERWISE, None)
    return LookupDef(found, otherwise, value.place())


OTHERWISE = "otherwise"
"""The key of a lookup for all other texts."""


def _truth(value: Value, reading: Reading, subject: str) -> TruthDef:
    usual = TruthDef()
    yes, no = (_worth(value, key, reading, subject) for key in ("true", "false"))
    return TruthDef(usual.true if yes is None else yes, usual.false if no is None else no)


def _worth(value: Value, key: str, reading: Reading, subject: str) -> Decimal | None:
    return score(value.get(key), reading, subject) if isinstance(value, Entries) else None


_READERS = {
    "scale": _scale,
    "bands": _levels,
    "percentile": _percentile,
    "zscore": _zscore,
    "lookup": _lookup,
    "boolean": _truth,
}
