"""A number as text, by what it measures and by the reader's language.

Rounding is half away from zero, on the decimal digits of the value. The number of decimals is one decision for all the
values that stand in one column, so that their points line up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tallymark.kinds import Type
from tallymark.units import POINTS, Measure, Unit

if TYPE_CHECKING:
    from babel import Locale

ABSENT = "–"
"""What stands for null."""

WIDE = Context(prec=400)
"""Room for every digit of the largest double."""

MINUTE, HOUR, DAY = 60, 3600, 86400

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Style:
    """How the numbers of one column are written.

    `decimals` None lets `style_of` choose. `sign` False leaves out the currency, which then stands in the heading.
    """

    unit: Unit | None = None
    type: Type = Type.DOUBLE
    decimals: int | None = None
    locale: str = "en"
    sign: bool = True


def style_of(
    values: Iterable[Any],
    unit: Unit | None = None,
    type_: Type = Type.DOUBLE,
    *,
    decimals: int | None = None,
    locale: str = "en",
    sign: bool = True,
) -> Style:
    """The style that suits all of `values`; `decimals` given is kept."""
    if decimals is None:
        decimals = _decimals([v for v in map(exact, values) if v is not None], unit, type_)
    return Style(unit, type_, decimals, locale, sign)


def number(
    value: Any,
    unit: Unit | None = None,
    type_: Type = Type.DOUBLE,
    *,
    decimals: int | None = None,
    locale: str = "en",
) -> str:
    """One number on its own, with its unit: `€1,234.50`, `104.2%`, `0.46`, `3 h 12 min`, `–` for null."""
    return written(value, style_of([value], unit, type_, decimals=decimals, locale=locale))


def written(value: Any, style: Style) -> str:
    """A number in a given style."""
    known = exact(value)
    if known is None:
        return ABSENT
    unit = style.unit
    if unit is not None and unit.duration:
        return duration(known, style.locale)
    decimals = style.decimals if style.decimals is not None else _decimals([known], unit, style.type)
    if unit is not None and unit.currency is not None and style.sign:
        return _money(known, unit.currency, decimals, style.locale)
    if unit is not None and unit.measure is not None and style.sign:
        return f"{plain(known, decimals, style.locale)} {unit.measure.sign}"
    if unit is not None and unit.percent:
        return _percent(known, decimals, style.locale)
    return plain(known, decimals, style.locale)


def plain(value: Number, decimals: int, locale: str = "en") -> str:
    """A bare number with `decimals` digits after the point: `1,234.50`, `1 234,50` in French."""
    from babel.numbers import format_decimal

    shown = rounded(_decimal(value), decimals)
    with localcontext(WIDE):
        return format_decimal(shown, format=_pattern(decimals), locale=language(locale))


def rounded(value: Decimal, decimals: int) -> Decimal:
    """`value` with `decimals` digits after the point, halves away from zero; never a negative zero."""
    with localcontext(WIDE):
        result = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return result if result else abs(result)


def exact(value: Any) -> Decimal | None:
    """The value's decimal digits; None for null, NaN and infinities."""
    if value is None:
        return None
    known = _decimal(value)
    return known if known.is_finite() else None


def unit_sign(unit: Unit | None, locale: str = "en") -> str:
    """What a heading says of a unit whose numbers stand bare below it: `€`; empty where the numbers say it."""
    if unit == POINTS:
        return POINTS.name
    if unit is None or unit.percent or unit.duration or unit.dimensionless:
        return ""
    if unit.currency is None:
        return unit.product(lambda m: m.sign if isinstance(m, Measure) else m)
    from babel.numbers import get_currency_symbol

    return get_currency_symbol(unit.currency, locale=language(locale))


def duration(seconds: Number, locale: str = "en") -> str:
    """A length of time in its two largest parts: `45 s`, `3 h 12 min`, `2.4 days`."""
    value = _decimal(seconds)
    size = abs(value)
    sign = "-" if value < 0 else ""
    if rounded(size, 1) >= DAY:
        return sign + _days(size / DAY, locale)
    if size < 1:
        return f"{plain(value * 1000, 0, locale)} ms" if size else "0 s"
    if rounded(size, 1) < MINUTE:
        tenths = rounded(size, 1)
        return f"{sign}{plain(size, 0 if tenths == int(tenths) or size >= 10 else 1, locale)} s"
    if rounded(size, 0) < HOUR:
        return sign + _parts(int(rounded(size, 0)), MINUTE, "min", 1, "s")
    return sign + _parts(int(rounded(size / MINUTE, 0)), 60, "h", 1, "min")


@lru_cache(maxsize=32)
def language(name: str) -> Locale:
    """The locale of a name such as `fr`, `fr_FR`, `ro-RO`; its language when the region is unknown, else English."""
    from babel import Locale, UnknownLocaleError

    for attempt in (name.replace("-", "_"), name.replace("-", "_").split("_")[0]):
        try:
            return Locale.parse(attempt)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale.parse("en")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    # The shortest digits that give the double back, so that 2.675 is rounded as the reader sees it.
    return Decimal(repr(float(value)))


def _decimals(values: list[Decimal], unit: Unit | None, type_: Type) -> int:
    largest = max((abs(v) for v in values), default=Decimal(0))
    whole = all(v == v.to_integral_value() for v in values)
    if unit is not None and unit.currency is not None:
        from babel.numbers import get_currency_precision

        usual = get_currency_precision(unit.currency)
        return max(usual, _significant(largest, usual))
    if unit is not None and unit.measure is not None and unit.measure.decimals is not None:
        return max(unit.measure.decimals, _significant(largest, unit.measure.decimals))
    if unit is not None and (unit.percent or unit == POINTS):
        return max(1, _significant(largest, 1))
    if type_ is Type.INTEGER or (whole and not (unit is not None and unit.fraction)):
        return 0
    if unit is not None and unit.name == "count" and unit.dimensionless:
        return max(1, _significant(largest, 1))
    most = max(2, _significant(largest, 2), 3 if largest < 1 else 0)
    return max(2, min(most, max((_digits(v) for v in values), default=2)))


def _significant(largest: Decimal, usual: int) -> int:
    """Decimals that still show two digits of a number which `usual` decimals would show as nothing; at most 10."""
    if not largest or largest >= Decimal(1).scaleb(-usual):
        return usual
    return min(10, 1 - math.floor(largest.log10()))


def _digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _money(value: Decimal, currency: str, decimals: int, locale: str) -> str:
    from babel.numbers import format_currency

    known = language(locale)
    pattern = known.currency_formats["standard"].pattern.replace("0.00", _pattern(decimals).removeprefix("#,##"))
    shown = rounded(value, decimals)
    with localcontext(WIDE):
        return format_currency(shown, currency, format=pattern, locale=known, currency_digits=False)


def _percent(value: Decimal, decimals: int, locale: str) -> str:
    from babel.numbers import format_percent

    known = language(locale)
    pattern = known.percent_formats[None].pattern.replace("#,##0", _pattern(decimals))
    with localcontext(WIDE):
        return format_percent(rounded(value, decimals).scaleb(-2), format=pattern, locale=known)


def _pattern(decimals: int) -> str:
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def _days(days: Decimal, locale: str) -> str:
    from babel.units import format_unit

    shown = rounded(days, 0 if days >= 100 else 1)
    shown = Decimal(int(shown)) if shown == int(shown) else shown
    with localcontext(WIDE):
        return format_unit(shown, "duration-day", length="long", locale=language(locale))


def _parts(amount: int, size: int, large: str, step: int, small: str) -> str:
    whole, rest = divmod(amount, size)
    return f"{whole} {large} {rest * step} {small}" if rest else f"{whole} {large}"
