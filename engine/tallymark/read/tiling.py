"""Whether bands tile all values: each value in one band, none in two, none in neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tallymark.definitions import BandDef
from tallymark.errors import Fault


def in_ascending(bands: Sequence[BandDef]) -> tuple[BandDef, ...]:
    """The bands from the lowest values to the highest."""
    least = Decimal("-Infinity")
    most = Decimal("Infinity")

    def key(band: BandDef) -> tuple[Decimal, bool, Decimal, bool]:
        low = least if band.low is None else band.low
        return (low, not band.low_included, most if band.high is None else band.high, band.high_included)

    return tuple(sorted(bands, key=key))


def tiling_faults(bands: Sequence[BandDef], subject: str | None = None) -> Iterator[Fault]:
    """What keeps bands from tiling: none of anything where each value lies in exactly one of them.

    `R103` is a band that holds no value, `R101` a stretch in no band, `R102` one in two. Each fault stands at a band
    and names the place of the other.
    """
    empty = [band for band in bands if _empty(band)]
    for band in empty:
        message = f"the band `{band.name}` holds no value: it is {band.spelled}"
        yield Fault("R103", message, band.place, "its lower end comes first, below its upper end", subject)
    ordered = in_ascending([band for band in bands if not _empty(band)])
    if not ordered or empty:
        return
    yield from _outside(ordered, subject)
    reach = ordered[0]
    for band in ordered[1:]:
        yield from _between(reach, band, subject)
        reach = max((reach, band), key=_upper)


def _outside(ordered: Sequence[BandDef], subject: str | None) -> Iterator[Fault]:
    first, last = ordered[0], max(ordered, key=_upper)
    if first.low is not None:
        word = "below" if first.low_included else "at and below"
        message = f"no band holds values {word} {first.said(first.low)}: `{first.name}` is {first.spelled}"
        help_ = f"leave out `{first.low_word}` of `{first.name}`, or add a band"
        yield Fault("R101", message, first.place, help_, subject)
    if last.high is not None:
        word = "above" if last.high_included else "at and above"
        message = f"no band holds values {word} {last.said(last.high)}: `{last.name}` is {last.spelled}"
        help_ = f"leave out `{last.high_word}` of `{last.name}`, or add a band"
        yield Fault("R101", message, last.place, help_, subject)


def _between(lower: BandDef, upper: BandDef, subject: str | None) -> Iterator[Fault]:
    """What is wrong where one band ends and the next begins."""
    both = f"`{lower.name}` ({lower.spelled}) nor in `{upper.name}` ({upper.spelled})"
    other = f"`{lower.name}` is at {lower.place}"
    if lower.high is None or upper.low is None or lower.high > upper.low:
        message = f"`{lower.name}` ({lower.spelled}) and `{upper.name}` ({upper.spelled}) overlap"
        shared = _shared(lower, upper)
        message += f": {shared} in both" if shared else ""
        yield Fault("R102", message, upper.place, f"{other}; end one where the other begins", subject)
    elif lower.high < upper.low:
        low, high = lower.said(lower.high), upper.said(upper.low)
        message = f"values between {low} and {high} are neither in {both}"
        help_ = f"{other}; end it at {high}, or begin `{upper.name}` at {low}"
        yield Fault("R101", message, upper.place, help_, subject)
    elif lower.high_included and upper.low_included:
        at = upper.said(upper.low)
        message = f"{at} is both in `{lower.name}` ({lower.spelled}) and in `{upper.name}` ({upper.spelled})"
        help_ = f"{other}; write `below: {at}` there, or `above: {at}` here"
        yield Fault("R102", message, upper.place, help_, subject)
    elif not lower.high_included and not upper.low_included:
        at = upper.said(upper.low)
        message = f"{at} is neither in {both}"
        yield Fault("R101", message, upper.place, f"{other}; write `to: {at}` there, or `from: {at}` here", subject)


def _shared(lower: BandDef, upper: BandDef) -> str:
    """A stretch that both hold, as text; empty when it has no lower end to name."""
    if upper.low is None:
        return "the lowest values are"
    high = min((b for b in (lower, upper) if b.high is not None), key=_upper, default=None)
    low = upper.said(upper.low)
    return f"values from {low} are" if high is None or high.high is None else f"{low} to {high.said(high.high)} is"


def _upper(band: BandDef) -> tuple[Decimal, bool]:
    return (Decimal("Infinity"), True) if band.high is None else (band.high, band.high_included)


def _empty(band: BandDef) -> bool:
    if band.low is None or band.high is None:
        return False
    return band.low > band.high or (band.low == band.high and not (band.low_included and band.high_included))
