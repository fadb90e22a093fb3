"""Dates and times written as text → SQL that reads them.

ISO dates (`2024-01-31`, also `2024/01/31` and `20240131`) are read whatever the order; `05/01/2024` only where the
order is declared. A year of two digits is 1969–2068. Times may follow, on 12 or 24 hours.
"""

from __future__ import annotations

from sqlglot import exp

from tallymark.kinds import Type
from tallymark_plugins.tabular.formats import DATE_ORDERS, TextFormat
from tallymark_plugins.tabular.numerals import BLANKS
from tallymark_plugins.tabular.sqltree import Tree, call, cast, matches, rewritten, text, try_cast, when

ISO_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
ISO_TIME = f"{ISO_DATE}(?:[ T]+{_CLOCK})?"
_OFFSET = r" ?(?:[Zz]|UTC|GMT|[-+](?:0[0-9]|1[0-8])(?::?[0-5][0-9])?)"
ISO_INSTANT = f"{ISO_DATE}[ T]+{_CLOCK}{_OFFSET}"
_HALF_DAY = f"{ISO_DATE} +{_CLOCK} ?[AaPp]\\.?[Mm]\\.?"
_DAY, _S, _TAIL = "[0-9]{1,2}", "[-/.]", "([^0-9].*)?$"


def moment(raw: Tree, target: Type, form: TextFormat, zone: str) -> Tree:
    """SQL giving `raw` as DATE, TIMESTAMP or INSTANT; null where it is not written as `form` says.

    A date may carry a time of midnight. A timestamp has no offset; an instant without one is in `zone`.
    """
    if form.dates not in DATE_ORDERS:
        return _by_pattern(raw, target, form.dates, zone)
    if form.dates == "iso":
        short, iso = (matches(raw, ISO_DATE), raw) if target is Type.DATE else (matches(raw, ISO_TIME), raw)
    else:
        short = matches(raw, f"{_DAY}{_S}{_DAY}{_S}[0-9]{{4}}(?:[ T]+{_CLOCK})?")
        iso = _turned(raw, form, "[0-9]{4}", "")
    if target is Type.DATE:
        shorter = try_cast(iso, "DATE") if form.dates == "iso" else _day(try_cast(iso, "TIMESTAMP"))
        return when(short, shorter, _day(_local(_as_iso(raw, form))))
    local = when(short, try_cast(iso, "TIMESTAMP"), _local(_as_iso(raw, form)))
    return local if target is Type.TIMESTAMP else when(_has_offset(raw, form), _instant(raw, form), _here(local, zone))


def pattern_has_offset(form: TextFormat) -> bool:
    """Whether a declared pattern reads an offset (`%z`) or a zone's name (`%Z`)."""
    return "%z" in form.dates.replace("%%", "") or "%Z" in form.dates.replace("%%", "")


def offset_bearing(raw: Tree, form: TextFormat) -> Tree:
    """The text where it is a time with an offset; null elsewhere."""
    return when(_has_offset(raw, form), raw)


def _by_pattern(raw: Tree, target: Type, pattern: str, zone: str) -> Tree:
    read = call("try_strptime", call("trim", raw, BLANKS), pattern)
    # `%Y` takes `24` for the year 24, which no data means.
    sane = when(exp.GTE(this=call("year", read), expression=exp.Literal.number(1000)), read)
    if target is Type.DATE:
        return _day(sane)
    aware = pattern_has_offset(TextFormat(dates=pattern))
    return sane if aware or target is Type.TIMESTAMP else _here(sane, zone)


def _as_iso(raw: Tree, form: TextFormat) -> Tree:
    tidy = call("trim", raw, BLANKS)
    made = rewritten(tidy, f"^([0-9]{{4}})[/.]([0-9]{{1,2}})[/.]([0-9]{{1,2}}){_TAIL}", r"\1-\2-\3\4")
    made = rewritten(made, r"^([0-9]{4})([0-9]{2})([0-9]{2})([ T].*)?$", r"\1-\2-\3\4")
    if form.dates == "iso":
        return made
    made = _turned(made, form, "[0-9]{4}", "")
    made = _turned(made, form, "[0-5][0-9]|6[0-8]", "20")
    return _turned(made, form, "[0-9]{2}", "19")


def _turned(raw: Tree, form: TextFormat, year: str, century: str) -> Tree:
    order = r"\2-\1" if form.dates == "day_first" else r"\1-\2"
    return rewritten(raw, f"^({_DAY}){_S}({_DAY}){_S}({year}){_TAIL}", rf"{century}\3-{order}\4")


def _local(iso: Tree) -> Tree:
    marked = call("replace", call("upper", iso), ".M.", "M")
    twelve = exp.array(text("%Y-%m-%d %I:%M:%S %p"), text("%Y-%m-%d %I:%M %p"))
    spaced = rewritten(marked, " *([AP]M)$", r" \1")
    half = when(matches(iso, _HALF_DAY), call("try_strptime", spaced, twelve))
    return when(matches(iso, ISO_TIME), try_cast(iso, "TIMESTAMP"), half)


def _day(local: Tree) -> Tree:
    midnight = exp.EQ(this=call("date_trunc", text("day"), local), expression=local.copy())
    return when(midnight, cast(local, "DATE"))


def _has_offset(raw: Tree, form: TextFormat) -> Tree:
    return matches(_as_iso(raw, form), ISO_INSTANT) if form.dates != "iso" else matches(raw, ISO_INSTANT)


def _instant(raw: Tree, form: TextFormat) -> Tree:
    iso = raw if form.dates == "iso" else _as_iso(raw, form)
    tight = rewritten(call("replace", call("upper", iso), "GMT", "UTC"), f"^({ISO_DATE}[ T]+{_CLOCK}) *(.*)$", r"\1\2")
    return try_cast(call("replace", tight, "UTC", "Z"), "TIMESTAMPTZ")


def _here(local: Tree, zone: str) -> Tree:
    return call("timezone", zone, local)


def midnight_only(value: Tree) -> Tree:
    """A physical timestamp as a date: null unless it is midnight."""
    return _day(value)


def in_zone(value: Tree, zone: str) -> Tree:
    """A physical local time as an instant of `zone`."""
    return _here(value, zone)
