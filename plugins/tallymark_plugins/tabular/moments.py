"""Dates and times written as text → SQL that reads them.

ISO dates (`2024-01-31`, also `2024/01/31` and `20240131`) are read whatever the order; `05/01/2024` only where the
order is declared. A year of two digits is 1969–2068. Times may follow, on 12 or 24 hours.
"""

from __future__ import annotations

from sqlglot import exp

from tallymark.kinds import Type
from tallymark_plugins.tabular.formats import DATE_ORDERS, TextFormat
from tallymark_plugins.tabular.numerals import BLANK, BLANKS
from tallymark_plugins.tabular.sqltree import (
    Tree,
    at_least,
    call,
    cases,
    cast,
    equal,
    matches,
    rewritten,
    text,
    try_cast,
    when,
)

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_MIDNIGHT = r"(?:0?0:00(?::00(?:\.0{1,9})?)?|12:00(?::00)? ?[Aa]\.?[Mm]\.?)"
_ISO = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_HOURS = r"(?:0[0-9]|1[0-8])"

_SHORT = {
    Type.DATE: _ISO,
    Type.TIMESTAMP: f"{_ISO}[ T]{_CLOCK}",
    Type.INSTANT: rf"{_ISO}[ T]{_CLOCK}(?:Z|[-+]{_HOURS}(?::[0-5][0-9])?)",
}
"""What DuckDB's own cast reads and the most data has."""


def moment(raw: Tree, target: Type, form: TextFormat, zone: str) -> Tree:
    """SQL giving `raw` as DATE, TIMESTAMP or INSTANT; null where it is not written as `form` says.

    A date may carry a time of midnight. A timestamp has no offset; an instant without one is in `zone`.
    """
    if form.dates not in DATE_ORDERS:
        return _by_pattern(raw, target, form.dates, zone)
    if target is Type.INSTANT:
        local = moment(raw, Type.TIMESTAMP, form, zone)
        return when(offset_written(raw, form), _instant(raw, form), in_zone(local, zone))
    sql = "DATE" if target is Type.DATE else "TIMESTAMP"
    branches = [(matches(raw, _SHORT[target]), try_cast(raw, sql)), *_quick(raw, sql, form)]
    for pattern, order in _notations(form):
        if target is Type.DATE:
            whole = f"^{pattern}(?:[ T]+{_MIDNIGHT})?{BLANK}*$"
            branches.append((matches(raw, whole), try_cast(rewritten(raw, whole, order), sql)))
            continue
        dated = f"^{pattern}{BLANK}*$"
        branches.append((matches(raw, dated), try_cast(rewritten(raw, dated, order), sql)))
        whole = f"^{pattern}[ T]+({_CLOCK}){BLANK}*$"
        branches.append((matches(raw, whole), try_cast(rewritten(raw, whole, rf"{order} \4"), sql)))
        halved = rf"^{pattern}[ T]+({_CLOCK}) ?([AaPp])\.?[Mm]\.?{BLANK}*$"
        branches.append((matches(raw, halved), _halved(rewritten(raw, halved, rf"{order} \4 \5M"))))
    return cases(branches)


def pattern_has_offset(form: TextFormat) -> bool:
    """Whether a declared pattern reads an offset (`%z`) or a zone's name (`%Z`)."""
    return "%z" in form.dates.replace("%%", "") or "%Z" in form.dates.replace("%%", "")


def offset_written(raw: Tree, form: TextFormat) -> Tree:
    """Whether the text is a time with an offset."""
    dates = "|".join(pattern.replace("(", "(?:") for pattern, _ in _notations(form))
    offset = f" ?(?:[Zz]|UTC|GMT|[-+]{_HOURS}(?::?[0-5][0-9])?)"
    return matches(raw, f"(?:{dates})[ T]+{_CLOCK}{offset}{BLANK}*")


def midnight_only(value: Tree) -> Tree:
    """A physical timestamp as a date: null unless it is midnight."""
    same = equal(call("date_trunc", "day", value), value)
    return when(same, cast(value, "DATE"))


def in_zone(value: Tree, zone: str) -> Tree:
    """A local time as an instant, read in `zone`."""
    return call("timezone", zone, value)


def _notations(form: TextFormat) -> list[tuple[str, str]]:
    """Patterns of a date with three captures, and how these are put into ISO order."""
    day, gap = "([0-9]{1,2})", "[-/.]"
    found = [
        (f"{BLANK}*([0-9]{{4}}){gap}{day}{gap}{day}", r"\1-\2-\3"),
        (f"{BLANK}*([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})", r"\1-\2-\3"),
    ]
    if form.dates == "iso":
        return found
    order = r"\2-\1" if form.dates == "day_first" else r"\1-\2"
    years = (("[0-9]{4}", ""), ("[0-5][0-9]|6[0-8]", "20"), ("[0-9]{2}", "19"))
    turned = [(f"{BLANK}*{day}{gap}{day}{gap}({year})", rf"{century}\3-{order}") for year, century in years]
    return turned + found


def _quick(raw: Tree, sql: str, form: TextFormat) -> list[tuple[Tree, Tree]]:
    # Twice as fast as rewriting the text, for the dates that most files with a declared order hold.
    order = {"day_first": "%d{0}%m{0}%Y", "month_first": "%m{0}%d{0}%Y"}.get(form.dates)
    shape = "[0-9]{{1,2}}[{0}][0-9]{{1,2}}[{0}][0-9]{{4}}"
    return [
        (matches(raw, shape.format(gap)), try_cast(call("try_strptime", raw, order.format(gap)), sql))
        for gap in "/.-"
        if order
    ]


def _halved(iso: Tree) -> Tree:
    formats = exp.array(text("%Y-%m-%d %I:%M:%S %p"), text("%Y-%m-%d %I:%M %p"))
    return call("try_strptime", iso, formats)


def _instant(raw: Tree, form: TextFormat) -> Tree:
    branches = [(matches(raw, _SHORT[Type.INSTANT]), try_cast(raw, "TIMESTAMPTZ"))]
    for pattern, order in _notations(form):
        utc = f"^{pattern}[ T]+({_CLOCK}) ?(?:[Zz]|UTC|GMT){BLANK}*$"
        branches.append((matches(raw, utc), try_cast(rewritten(raw, utc, rf"{order} \4Z"), "TIMESTAMPTZ")))
        ahead = f"^{pattern}[ T]+({_CLOCK}) ?([-+]{_HOURS}):?([0-5][0-9])?{BLANK}*$"
        branches.append((matches(raw, ahead), try_cast(rewritten(raw, ahead, rf"{order} \4\5\6"), "TIMESTAMPTZ")))
    return cases(branches)


def _by_pattern(raw: Tree, target: Type, pattern: str, zone: str) -> Tree:
    read = call("try_strptime", call("trim", raw, BLANKS), pattern)
    # `%Y` takes `24` for the year 24, which no data means.
    sane = when(at_least(call("year", read), 1000), read)
    if target is Type.DATE:
        return midnight_only(sane)
    aware = pattern_has_offset(TextFormat(dates=pattern))
    return sane if aware or target is Type.TIMESTAMP else in_zone(sane, zone)
