"""Bands: stretches of values by name, which together hold every value once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tallymark.definitions import BandDef
from tallymark.definitions.bands import COLOURS
from tallymark.errors import Fault
from tallymark.read.amounts import Amount, amount
from tallymark.read.tiling import in_ascending, tiling_faults
from tallymark.read.values import Reading, by_language, entries, named, text
from tallymark.yaml_text import Entries, Scalar, Value

LOW = {"from": True, "above": False}
HIGH = {"to": True, "below": False}
"""The words that begin and end a band: whether their value lies in it."""


def bands(value: Value | None, reading: Reading, subject: str) -> tuple[BandDef, ...]:
    """The bands of a mapping, from the lowest values to the highest; none, and faults, where they do not tile.

    The entry `grain` is not a band's: who reads it, reads it elsewhere.
    """
    before = len(reading.faults)
    made = [_band(key, said, reading, subject) for key, said in entries(value) if key.text != "grain"]
    found = tuple(band for band in made if band is not None)
    if len(found) < len(made) or not found or _mixed(found, reading, subject):
        return ()
    reading.faults += tiling_faults(found, subject)
    return in_ascending(found) if len(reading.faults) == before else ()


def _band(key: Scalar, value: Value, reading: Reading, owner: str) -> BandDef | None:
    """One band; None, and a fault, where an end is no amount or the name none."""
    subject = f"band `{key.text[:60]}` of {owner}"
    usable = named(key, "band", reading, bare=False)
    said = value if isinstance(value, Entries) else None
    if said is None:
        if isinstance(value, Scalar) and value.absent and value.style != "*":
            reading.fault("R023", "a band without ends", key, "write `{from: 90, below: 100}`, for example", subject)
        return None
    low, high = _end(said, LOW, reading, subject), _end(said, HIGH, reading, subject)
    if low is None or high is None:
        return None
    if low.amount is None and high.amount is None:
        reading.fault("R023", "a band without ends", key, "write `{from: 90, below: 100}`, for example", subject)
        return None
    ends = [end.amount for end in (low, high) if end.amount is not None]
    if len({end.written for end in ends}) > 1:
        message = f"`{ends[0].text}` and `{ends[1].text}` are written in different units"
        reading.fault("R104", message, key, "write both ends alike", subject)
        return None
    colour = text(said.get("colour"))
    score = amount(said.get("score"))
    made = BandDef(
        name=key.text,
        low=low.amount.value if low.amount is not None else None,
        low_included=low.included,
        high=high.amount.value if high.amount is not None else None,
        high_included=high.included,
        colour=colour if colour in COLOURS else None,
        score=score.value if isinstance(score, Amount) and score.written == "number" else None,
        label=by_language(said.get("label"), reading),
        written=ends[0].written,
        texts={end.value: end.text for end in ends},
        place=key.place(),
    )
    return made if usable else None


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a band; without an amount it is unbounded there."""

    amount: Amount | None
    included: bool


def _end(said: Entries, words: dict[str, bool], reading: Reading, subject: str) -> _End | None:
    """The end that one of two words gives; None, and a fault, for two at once and for what is no amount."""
    given = [word for word in words if _given(said.get(word))]
    if len(given) > 1:
        at = said.key(given[1]) or said
        message = f"both `{given[0]}` and `{given[1]}`"
        help_ = f"`{next(w for w in words if words[w])}` includes its value, the other does not; keep one"
        reading.fault("R033", message, at, help_, subject)
        return None
    if not given:
        # What is unbounded has no value at its end to include.
        return _End(None, words is LOW)
    value = said.get(given[0])
    found = amount(value)
    if isinstance(found, Amount):
        return _End(found, words[given[0]])
    if isinstance(value, Scalar) and value.style != "*":
        help_ = found or f"write a number, a percent or a duration: `{given[0]}: 90`"
        reading.fault("R100", f"`{value.text[:60]}` is no value that a band could end at", value, help_, subject)
    return None


def _given(value: Value | None) -> bool:
    return value is not None and not (isinstance(value, Scalar) and value.absent and value.style != "*")


def _mixed(found: Sequence[BandDef], reading: Reading, subject: str) -> bool:
    """Whether some bands are in percents or durations and others not; one fault at the first that differs."""
    first = found[0]
    for band in found[1:]:
        if band.written != first.written:
            message = f"the bands `{first.name}` and `{band.name}` are written in different units"
            help_ = f"`{_text(first)}` at {first.place}, here `{_text(band)}`: write all alike"
            reading.faults.append(Fault("R104", message, band.place, help_, subject))
            return True
    return False


def _text(band: BandDef) -> str:
    return next(iter(band.texts.values()))
