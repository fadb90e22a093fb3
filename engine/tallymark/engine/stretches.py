"""How the stretch of a band reads in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tallymark.definitions import BandDef
from tallymark.show.numbers import number
from tallymark.units import Unit

ENDS: Mapping[str, Mapping[str, str]] = {
    "fr": {"from": "à partir de {0}", "above": "plus de {0}", "to": "jusqu'à {0}", "below": "moins de {0}"},
    "ro": {"from": "de la {0}", "above": "peste {0}", "to": "până la {0}", "below": "sub {0}"},
}
"""What the words of ends are in other languages than that of the definitions, which is English."""


def stretch(band: BandDef, unit: Unit, locale: str) -> str:
    """The stretch with its ends as the language writes numbers of `unit`; in English, as the definition has it."""
    words = ENDS.get(locale.replace("-", "_").split("_")[0])
    ends = [(band.low_word, band.low), (band.high_word, band.high)]
    known = [(word, end) for word, end in ends if end is not None]
    if words is None or not known:
        return band.spelled
    return ", ".join(words[word].format(_told(end, unit, locale)) for word, end in known)


def _told(end: Decimal, unit: Unit, locale: str) -> str:
    """An end with as many digits as it has."""
    exponent = end.normalize().as_tuple().exponent
    return number(end, unit, decimals=max(0, -exponent) if isinstance(exponent, int) else None, locale=locale)
