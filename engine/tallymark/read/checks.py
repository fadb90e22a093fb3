"""Checks of data, each from its entry in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tallymark.definitions import CheckDef, Formula, LimitsDef, RowCountDef, ToleranceDef
from tallymark.definitions.checks import KINDS, OF_ROWS
from tallymark.errors import FaultError, Severity
from tallymark.formula.nodes import Duration, Parameter
from tallymark.json_keys.checks import GRAINS
from tallymark.place import Written
from tallymark.read.values import (
    Reading,
    by_language,
    entries,
    formula,
    named,
    parsed,
    stripped,
    text,
    texts,
    whole,
    word,
)
from tallymark.yaml_text import Entries, Items, Scalar, Value, resolved

OFF = "off"
MOST_ROWS = 10**15

ROWS_HELP = "write how many rows may break the check, or a share of them as `1%`"

_TOLERANCE = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*(%|[a-z]+)?")
_TIMES = frozenset(unit for one in ("second", "minute", "hour", "day", "week") for unit in (one, f"{one}s"))
_NAMES = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NOT_OF = {
    "fresh": ("tolerance", "per", "since"),
    "rows": ("tolerance",),
    "unique": ("per",),
    "equal": ("dataset", "on"),
}
"""Keys that mean nothing beside a kind."""


def check(key: Scalar, value: Value, reading: Reading) -> CheckDef | None:
    """A check; None, and a fault, when it is of nothing, of two things, or not understood."""
    subject = f"check `{key.text[:60]}`"
    usable = named(key, "check", reading, bare=True)
    if not isinstance(value, Entries):
        off = word(value) == OFF
        return CheckDef(key.text, off=True, pack=reading.pack, place=key.place()) if off and usable else None
    before = len(reading.faults)
    made = _described(key, value, reading, subject)
    _of_one_thing(key, value, reading, subject)
    _spelled(value, reading, subject)
    return made if usable and len(reading.faults) == before and _whole(made) else None


def _whole(made: CheckDef) -> bool:
    """Whether all that was said of a check is understood. Of what is not, the schema has told."""
    rows, kind = made.rows, made.kind
    if kind is None:
        return True
    if kind == "rows" and (rows is None or (rows.at_least, rows.at_most, rows.change) == (None, None, None)):
        return False
    if len(made.equal) != (2 if kind == "equal" else 0) or not all(made.accepted.values()):
        return False
    columns = {**made.accepted, **made.between, **made.matches}
    return bool(getattr(made, kind)) and len(columns) == len([k for k in made.places if not k.startswith(":")])


def _described(key: Scalar, said: Entries, reading: Reading, subject: str) -> CheckDef:
    return CheckDef(
        name=key.text,
        dataset=_name(said.get("dataset")),
        fresh=_duration(said.get("fresh"), reading, subject),
        rows=_rows(said.get("rows"), reading, subject),
        not_null=_names(said.get("not_null")),
        unique=_names(said.get("unique")),
        exists=_names(said.get("exists")),
        accepted=_accepted(said.get("accepted")),
        between=_limits(said.get("between"), reading, subject),
        matches={k.text: found for k, v in entries(said.get("matches")) if (found := text(v)) is not None},
        every=_formula(said, "every", reading, subject),
        equal=_two(said.get("equal"), reading, subject),
        on=_name(said.get("on")),
        where=_formula(said, "where", reading, subject),
        tolerance=_tolerance(said.get("tolerance"), reading, subject, of_rows=any(said.get(k) for k in OF_ROWS)),
        per=per if (per := text(said.get("per"))) in GRAINS else None,
        by=texts(said.get("by")),
        since=_day(said.get("since"), reading, subject),
        severity=_severity(text(said.get("severity"))),
        label=by_language(said.get("label"), reading) or {reading.language: key.text.replace("_", " ").capitalize()},
        description=by_language(said.get("description"), reading),
        tags=texts(said.get("tags")),
        given=frozenset(k.text for k, v in said.entries if not (isinstance(v, Scalar) and v.absent)),
        pack=reading.pack,
        place=key.place(),
        places=_places(key, said),
    )


def _of_one_thing(key: Scalar, said: Entries, reading: Reading, subject: str) -> None:
    """Faults of kinds that exclude each other, of what a kind needs and does not take."""
    kinds = [k for k in KINDS if said.get(k) is not None]
    for other in kinds[1:]:
        message = f"both `{kinds[0]}` and `{other}`"
        reading.fault("R033", message, said.key(other) or key, "a check is of one thing: write two checks", subject)
    kind = kinds[0] if kinds else None
    if kind is not None and kind != "equal" and said.get("dataset") is None:
        at = said.key(kind) or key
        reading.fault(
            "R023", f"`{kind}` without a `dataset`", at, "write `dataset:`, whose rows are looked at", subject
        )
    if kind == "rows" and said.get("per") is None:
        at = said.key("rows") or key
        reading.fault(
            "R023", "`rows` without `per`", at, "write `per: day`: the periods whose rows are counted", subject
        )
    for other in NOT_OF.get(kind or "", ()):
        if said.get(other) is not None:
            at = said.key(other) or key
            reading.fault("R130", f"`{other}` means nothing beside `{kind}`", at, "leave it out", subject)
    for column in ("accepted", "between", "matches"):
        if isinstance(said.get(column), Entries) and not list(entries(said.get(column))):
            reading.fault(
                "R023", f"`{column}` of no column", said.key(column) or key, "name one, and what it may be", subject
            )


def _spelled(said: Entries, reading: Reading, subject: str) -> None:
    """Faults of what cannot be the name of a dataset or a column, and would mean something else in a formula."""
    listed = [v for k in ("dataset", "on", "not_null", "unique", "exists") if (v := said.get(k)) is not None]
    named = [item for v in listed for item in (v.items if isinstance(v, Items) else (v,))]
    named += [key for k in ("accepted", "between", "matches") for key, _ in entries(said.get(k))]
    for at in named:
        if isinstance(at, Scalar) and text(at) is not None and not _NAMES.fullmatch(at.text.strip()):
            help_ = "a name is of small letters, digits and `_`, as formulas say it"
            reading.fault("R022", f"`{at.text[:60]}` cannot be a name", at, help_, subject)


def _name(value: Value | None) -> Written | None:
    return stripped(value.written()) if isinstance(value, Scalar) and text(value) is not None else None


def _names(value: Value | None) -> tuple[Written, ...]:
    items = value.items if isinstance(value, Items) else (value,)
    return tuple(n for n in map(_name, items) if n is not None)


def _formula(said: Entries, key: str, reading: Reading, subject: str) -> Formula | None:
    value = said.get(key)
    return formula(value, reading, subject) if value is not None else None


def _two(value: Value | None, reading: Reading, subject: str) -> tuple[Formula, ...]:
    items = value.items if isinstance(value, Items) else ()
    found = (formula(item, reading, subject) for item in items)
    return tuple(f for f in found if f is not None)


def _duration(value: Value | None, reading: Reading, subject: str) -> str | None:
    """A duration as formulas write it, a parameter included; a fault when it does not read as one."""
    said = text(value)
    if value is None or said is None:
        return None
    try:
        node = parsed(Written(said))
    except FaultError:
        node = None
    if not isinstance(node, Duration | Parameter):
        reading.fault("R022", f"`{said[:60]}` is no duration", value, "write one, as `2 days`", subject)
        return None
    return said


def _rows(value: Value | None, reading: Reading, subject: str) -> RowCountDef | None:
    if not isinstance(value, Entries):
        return None
    low, high = (whole(value.get(k), 0, MOST_ROWS) for k in ("at_least", "at_most"))
    far = value.get("change")
    change = _tolerance(far, reading, subject) if (text(far) or "").rstrip().endswith("%") else None
    if not any(value.get(k) is not None for k in ("at_least", "at_most", "change")):
        reading.fault("R023", "`rows` without a limit", value, "write `at_least:`, `at_most:` or `change:`", subject)
    if low is not None and high is not None and low > high:
        reading.fault("R131", f"`at_least: {low}` is more than `at_most: {high}`", value, "exchange the two", subject)
    if value.get("usual") is not None and far is None:
        at = value.key("usual") or value
        reading.fault("R033", "`usual` without `change`", at, "say by how much it may change: `change: 50%`", subject)
    return RowCountDef(low, high, change, whole(value.get("usual"), 1, 366) or 1, value.place())


def _accepted(value: Value | None) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for key, said in entries(value):
        items = said.items if isinstance(said, Items) else ()
        found[key.text] = tuple(_literal(item) for item in items if isinstance(item, Scalar))
    return found


def _literal(value: Scalar) -> str:
    """A value as formulas write it: what YAML takes for a number or a truth is one, a plain day is a date."""
    found = resolved(value)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | Decimal):
        return f"{Decimal(found):f}"
    quoted = "'" + value.text.replace("'", "''") + "'"
    return f"date({quoted})" if not value.style and _DAY.fullmatch(value.text) else quoted


def _limits(value: Value | None, reading: Reading, subject: str) -> Mapping[str, LimitsDef]:
    found = {}
    for key, said in entries(value):
        items = said.items if isinstance(said, Items) else ()
        if len(items) == 2:
            low, high = (None if _open(item) else formula(item, reading, subject) for item in items)
            if low is None and high is None:
                reading.fault("R023", f"`{key.text[:60]}` has no bound", said, "write one of the two", subject)
            found[key.text] = LimitsDef(low, high)
    return found


def _open(value: Value) -> bool:
    return isinstance(value, Scalar) and resolved(value) is None


def _tolerance(value: Value | None, reading: Reading, subject: str, *, of_rows: bool = False) -> ToleranceDef | None:
    """How much is let pass; a fault when that is not understood."""
    said = text(value)
    if value is None or said is None:
        return None
    match = _TOLERANCE.fullmatch(said.strip())
    unit = match[2] if match else None
    if match is None or (unit not in (None, "%") and unit not in _TIMES):
        help_ = "write a number, a percentage as `1%`, or a time as `2 minutes`"
        reading.fault("R132", f"`{said[:60]}` is no tolerance", value, help_, subject)
        return None
    amount = Decimal(match[1].replace("_", ""))
    found = ToleranceDef(amount, unit == "%", None if unit == "%" else unit, said.strip(), value.place())
    if of_rows and not found.of_rows:
        reading.fault("R132", f"`{said[:60]}` is no number of rows", value, ROWS_HELP, subject)
        return None
    return found


def _day(value: Value | None, reading: Reading, subject: str) -> date | None:
    said = text(value)
    if value is None or said is None or not _DAY.fullmatch(said):
        return None
    try:
        return date.fromisoformat(said)
    except ValueError:
        reading.fault("R044", f"there is no day `{said}`", value, "write it as 2024-12-31", subject)
        return None


def _severity(found: str | None) -> Severity | None:
    return "error" if found == "error" else "warning" if found == "warning" else None


def _places(key: Scalar, said: Entries) -> Mapping[str, Written]:
    """Where columns are named that are keys of a mapping, where a duration stands, and the check itself."""
    found = {k.text: k.written() for n in ("accepted", "between", "matches") for k, _ in entries(said.get(n))}
    fresh = said.get("fresh")
    if isinstance(fresh, Scalar):
        found[":fresh"] = stripped(fresh.written())
    by = said.get("by")
    items = by.items if isinstance(by, Items) else (by,)
    found |= {f":by.{n}": stripped(item.written()) for n, item in enumerate(items) if isinstance(item, Scalar)}
    return found | {":": key.written()}
