"""Why a text could not be read as its column's type, as far as a look at one value tells."""

from __future__ import annotations

import re

from tallymark.kinds import Type
from tallymark_plugins.tabular.formats import TextFormat

_OFFSET = re.compile(r"\d{1,2}:\d{2}.*(?:[Zz]|UTC|GMT|[-+]\d{2}(?::?\d{2})?)\s*$")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_SLASHED = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})\b")
_ISO = re.compile(r"\s*\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")
_GAP = "[ \u00a0\u202f\u2009\u2007]"


def shown(value: str) -> str:
    """The value in backticks, control characters visible, cut to 60 characters."""
    plain = "".join(c if c.isprintable() or c == "\u00a0" else repr(c)[1:-1] for c in value)
    return f"`{plain if len(plain) <= 60 else plain[:59] + '…'}`"


def advice(value: str, target: Type, form: TextFormat, too_large: bool) -> tuple[str, str, str | None]:
    """A fault's code, what is said of the value, and the help line."""
    kinds = {"integer": "an integer", "instant": "an instant", "boolean": "true or false"}
    kind = kinds.get(target, f"a {target.value}")
    if too_large:
        return "D421", f"is too large for {kind}", "declare the column `double`" if target is not Type.DOUBLE else None
    if target.numeric:
        return "D420", f"is not {kind}", _number(value, target, form)
    if target.temporal:
        if target is Type.TIMESTAMP and _OFFSET.search(value):
            return "D422", "has an offset, and a timestamp has none", "declare the column `instant`"
        return "D420", f"is not {kind}", _moment(value, target, form)
    words = ", ".join(f"{t}/{f}" for t, f in zip(form.true_words, form.false_words, strict=False))
    return "D420", f"is not {kind}", f"the words read are {words}; declare others as `booleans: [ja, nein]`"


def _number(value: str, target: Type, form: TextFormat) -> str | None:
    bare = value.strip()
    other = "," if form.decimal == "." else "."
    if target is Type.INTEGER and re.fullmatch(rf"[-+]?\d+{re.escape(form.decimal)}\d+", bare):
        return "it has a fraction: declare the column `decimal` or `double`"
    if target is Type.INTEGER and re.fullmatch(r"[-+]?[\d.,]+[eE][-+]?\d+", bare):
        return "a spreadsheet has shortened it: export the column as text, or declare it `double`"
    if form.thousands is None and re.search(rf"\d{_GAP}\d{{3}}", bare):
        return "digits in groups: declare `thousands: ' '` in the format" + _and_comma(bare, form)
    if form.thousands is None and re.search(r"\d['’]\d{3}", bare):
        return 'digits in groups: declare `thousands: "\'"` in the format'
    both = bare.rfind(form.decimal) < bare.rfind(other) and form.decimal in bare
    if both or (other in bare and not re.search(rf"\d{re.escape(other)}\d{{3}}(?!\d)", bare)):
        groups = f" and `thousands: '{form.decimal}'`" if both else ""
        return f"declare `decimal: '{other}'`{groups} in the format"
    if other in bare:
        return f"declare `thousands: '{other}'` or `decimal: '{other}'` in the format, as it is meant"
    return _null_help(bare)


def _and_comma(bare: str, form: TextFormat) -> str:
    return " and `decimal: ','`" if form.decimal == "." and re.search(r",\d{1,2}(?!\d)", bare) else ""


def _moment(value: str, target: Type, form: TextFormat) -> str | None:
    found = _SLASHED.match(value)
    if found and form.dates == "iso":
        first, second = int(found[1]), int(found[2])
        if first > 12 >= second:
            return "declare `dates: day_first` in the format"
        if second > 12 >= first:
            return "declare `dates: month_first` in the format"
        return "declare `dates: day_first` or `dates: month_first` in the format"
    if found and form.dates in ("day_first", "month_first"):
        return f"the format says `dates: {form.dates}`"
    if target is Type.DATE and _ISO.match(value) and _CLOCK.search(value):
        better = "instant" if _OFFSET.search(value) else "timestamp"
        return f"it has a time of day: declare the column `{better}`"
    if "%" in form.dates:
        return f"the format says `dates: {form.dates}`"
    other = "declare `dates:` in the format: day_first, month_first or a pattern like %d.%m.%Y"
    return _null_help(value.strip()) or other


def _null_help(bare: str) -> str | None:
    if bare.lower() in ("na", "n/a", "null", "none", "nil", "-", "–", "—", "nan", "?", "\\n", "#n/a", ".", "..."):
        return f"if it means null, declare `nulls: ['', {bare!r}]` in the format"
    return None
