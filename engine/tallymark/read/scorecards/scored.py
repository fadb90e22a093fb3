"""The formulas of scorings: a measure's value as 0 to 100."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tallymark.definitions.bands import BandDef
from tallymark.definitions.scorecards import (
    LevelsDef,
    LookupDef,
    MeasureDef,
    PercentileDef,
    ScaleDef,
    TruthDef,
    ZScoreDef,
)
from tallymark.read.pieces import Piece, literal, quoted


def scored(measure: MeasureDef, value: str, peers: str | None = None) -> Iterator[Piece]:
    """The formula that scores the metric `value`; `peers` is the same among those it is compared with."""
    down = measure.direction == "down"
    match measure.scoring:
        case ScaleDef() as scale:
            yield from _scale(scale, value, down)
        case LevelsDef(bands=bands):
            yield "case " + " ".join(f"when {_in_band(b, value)} then {literal(_worth(b))}" for b in bands) + " end"
        case PercentileDef():
            peer = peers or value
            own, other = (f"percent_rank(-{peer})", f"percent_rank({peer})") if down else (
                f"percent_rank({peer})", f"percent_rank(-{peer})")  # fmt: skip
            # Nobody before and nobody behind: who is alone, or like all others, has no place.
            yield f"if({own} = 0 and {other} = 0, null, scale({own}, 0, 1))"
        case ZScoreDef(low=low, high=high):
            sign = "-" if down else ""
            yield f"scale({sign}zscore({peers or value}), {literal(low)}, {literal(high)})"
        case LookupDef() as lookup:
            yield from _lookup(lookup, value)
        case TruthDef(true=true, false=false):
            yes, no = (false, true) if down else (true, false)
            yield f"case when {value} then {literal(yes)} when not {value} then {literal(no)} end"
        case None:
            yield f"100 - scale({value}, 0, 100)" if down else f"scale({value}, 0, 100)"


def _scale(scale: ScaleDef, value: str, down: bool) -> Iterator[Piece]:
    if scale.ignores:
        low, high = (">=" if scale.low_included else ">"), ("<=" if scale.high_included else "<")
        yield from (f"if({value} {low} ", scale.low, f" and {value} {high} ", scale.high, ", ")
    yield from ("100 - " if down else "", f"scale({value}, ", scale.low, ", ", scale.high, ")")
    if scale.ignores:
        yield ", null)"


def _in_band(band: BandDef, value: str) -> str:
    tests = []
    if band.low is not None:
        tests.append(f"{value} {'>=' if band.low_included else '>'} {band.texts[band.low]}")
    if band.high is not None:
        tests.append(f"{value} {'<=' if band.high_included else '<'} {band.texts[band.high]}")
    return " and ".join(tests) or f"{value} is not null"


def _worth(band: BandDef) -> Decimal:
    assert band.score is not None
    return band.score


def _lookup(lookup: LookupDef, value: str) -> Iterator[Piece]:
    yield "case"
    for text, worth in lookup.scores.items():
        yield f" when {value} = {quoted(text)} then {literal(worth)}"
    if lookup.otherwise is not None:
        yield f" when {value} is not null then {literal(lookup.otherwise)}"
    yield " end"
