"""`calendar:` of `tally.yaml`: a retail calendar, or one given as a table."""

from __future__ import annotations

from tallymark.definitions import CalendarDef
from tallymark.read.values import Reading, text, whole
from tallymark.windows import PATTERNS, YEAR_ENDS, parse_year_end
from tallymark.yaml_text import Entries, Value

_NEEDED = ("month", "quarter", "year")
_RETAIL = ("pattern", "ends", "week_53", "named_by")
_TABLE = ("dataset", "day", "start", "end", *_NEEDED, "week")
_REPLACED = ("fiscal_year_start", "week_start")


def calendar(root: Entries, reading: Reading) -> CalendarDef | None:
    """The project's own calendar; None without one, or with a fault that leaves nothing to go by."""
    value = root.get("calendar")
    if not isinstance(value, Entries):
        return None
    said = {key.text: item for key, item in value.entries}
    retail = [k for k in _RETAIL if k in said]
    table = [k for k in _TABLE if k in said]
    if retail and table:
        message = f"both `{retail[0]}` and `{table[0]}`: a calendar is made by a rule or read from a table"
        reading.fault("R084", message, said[table[0]], "keep `pattern` and `ends`, or `dataset` and its columns")
        return None
    found = CalendarDef(
        pattern=text(said.get("pattern")),
        ends=text(said.get("ends")),
        week_53=whole(said.get("week_53"), 1, 12) or 12,
        named_by=text(said.get("named_by")) or "end",
        **{key: text(said.get(key)) for key in _TABLE},
        place=value.place(),
    )
    sound = _table(found, value, reading) if table else _retail(found, value, reading)
    _replaced(root, found, reading)
    return found if sound else None


def _retail(found: CalendarDef, value: Value, reading: Reading) -> bool:
    if found.pattern is None or found.ends is None:
        missing = "pattern" if found.pattern is None else "ends"
        help = "write `pattern: 4-5-4` and `ends: saturday nearest the end of january`, or `dataset:` for a table"
        reading.fault("R084", f"a calendar without `{missing}`", value, help)
        return False
    if parse_year_end(found.ends) is None:
        at = value.get("ends") if isinstance(value, Entries) else None
        reading.fault("R082", f"`{found.ends[:60]}` does not say when a year ends", at or value, f"write {YEAR_ENDS}")
        return False
    return found.pattern in PATTERNS


def _table(found: CalendarDef, value: Value, reading: Reading) -> bool:
    missing = [k for k in ("dataset", *_NEEDED) if getattr(found, k) is None]
    if missing:
        named = ", ".join(f"`{k}`" for k in missing)
        help = "name the dataset, and its columns that name the month, the quarter and the year of each day"
        reading.fault("R084", f"a calendar without {named}", value, help)
        return False
    if (found.day is None) == (found.start is None) or (found.end is not None and found.start is None):
        help = "`day:` is for one row a day, `start:` (and `end:`) for one row a period"
        reading.fault("R084", "a calendar has either `day` or `start`", value, help)
        return False
    return True


def _replaced(root: Entries, found: CalendarDef, reading: Reading) -> None:
    """Settings that the calendar decides."""
    for key in _REPLACED:
        at = root.get(key)
        if at is not None and (key == "fiscal_year_start" or found.pattern is not None or found.week is not None):
            what = "years" if key == "fiscal_year_start" else "weeks"
            help = f"leave out `{key}`"
            reading.fault("R083", f"`{key}` beside `calendar`, which says when {what} begin", at, help)
