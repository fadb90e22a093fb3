"""`tally.yaml`: the project's settings, its sources and its notifiers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from tallymark.definitions import NotifierDef, Project, RatesDef, SourceDef
from tallymark.errors import did_you_mean
from tallymark.json_keys import MONTHS, PARTIAL, WEEKDAYS
from tallymark.read.calendar import calendar
from tallymark.read.entries import MOST_COUNTED
from tallymark.read.options import headed, option_places, plugins
from tallymark.read.values import Reading, conversion, data, entries, named, text, texts, whole, word
from tallymark.yaml_text import Entries, Scalar, Value, resolved

_CELLS = 10**12
_CURRENCY = re.compile(r"[A-Z]{3}")
Declared = TypeVar("Declared", SourceDef, NotifierDef)
_MONTHS = {name: i for i, name in enumerate(MONTHS, 1)} | {str(i): i for i in range(1, 13)}


def settings(root: Entries, folder: str, reading: Reading) -> Project:
    """The settings; what is missing or wrong keeps its default."""
    usual = Project()
    limits = root.get("limits")
    cells = whole(limits.get("cells"), 1, _CELLS) if isinstance(limits, Entries) else None
    fetched = whole(limits.get("fetched_rows"), 1, _CELLS) if isinstance(limits, Entries) else None
    week = text(root.get("week_start"))
    partial = text(root.get("partial"))
    currency, language = text(root.get("currency")), text(root.get("language"))
    return Project(
        name=text(root.get("name")) or usual.name,
        folder=folder,
        currency=currency if currency and len(currency) == 3 and currency.isupper() else usual.currency,
        rates=_rates(root.get("rates"), reading),
        convert=conversion(root.get("convert"), reading, None),
        timezone=_timezone(root.get("timezone"), reading) or usual.timezone,
        week_start=week if week in WEEKDAYS else usual.week_start,
        fiscal_year_start=_MONTHS.get(text(root.get("fiscal_year_start")) or "", usual.fiscal_year_start),
        calendar=calendar(root, reading),
        as_of=_day(root.get("as_of"), reading),
        partial=partial if partial in PARTIAL else usual.partial,
        language=language if language and language.isascii() and language.isalpha() else usual.language,
        locale=text(root.get("locale")),
        packs=texts(root.get("packs")),
        metrics=texts(root.get("metrics")) or usual.metrics,
        min_count=whole(root.get("min_count"), 0, MOST_COUNTED),
        max_cells=cells or usual.max_cells,
        fetched_rows=fetched or usual.fetched_rows,
        plugins=plugins(root.get("plugins")),
        place=replace(root.page.place(0), width=1),
    )


def _rates(value: Value | None, reading: Reading) -> RatesDef | None:
    """Where rates are; None, and a fault, when it is not said."""
    if not isinstance(value, Entries):
        return None
    said = {key.text: text(item) for key, item in entries(value)}
    lacking = [f"`{key}:`" for key in ("dataset", "to", "rate", "at") if said.get(key) is None]
    if lacking:
        help = "write `{dataset: fx_rates, base: EUR, to: currency, rate: rate, at: date}`, for example"
        reading.fault("R023", f"`rates:` without {' and '.join(lacking)}", value, help)
        return None
    count, _, unit = (said.get("max_age") or "").partition(" ")
    days = int(count) * (7 if unit.startswith("week") else 1) if count.isdecimal() and len(count) <= 6 else None
    base = said.get("base")
    return RatesDef(
        dataset=said["dataset"] or "",
        to=said["to"] or "",
        rate=said["rate"] or "",
        at=said["at"] or "",
        source=said.get("from"),
        base=base if base and _CURRENCY.fullmatch(base) else None,
        max_age=days,
        missing="null" if word(value.get("missing")) == "null" else "fault",
        place=(value.key("dataset") or value).place(),
    )


def _timezone(value: Value | None, reading: Reading) -> str | None:
    name = text(value)
    if value is None or name is None:
        return None
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        # A folder of the zone database, such as `Europe`, raises OSError; a name no zone has, a LookupError.
        help = did_you_mean(name[:60], available_timezones())
        reading.fault("R030", f"unknown time zone `{name[:60]}`", value, help)
        return None
    return name


def _day(value: Value | None, reading: Reading) -> str | None:
    day = text(value)
    if value is None or day is None:
        return None
    try:
        date.fromisoformat(day)
    except ValueError:
        reading.fault("R044", f"there is no day `{day[:20]}`", value, "write it as 2024-12-31")
        return None
    return day


def source(key: Scalar, value: Value, reading: Reading) -> SourceDef | None:
    """A source; None, and a fault, when it has no kind or no usable name."""
    return _of_a_kind(SourceDef, "source", "files", key, value, reading)


def notifier(key: Scalar, value: Value, reading: Reading) -> NotifierDef | None:
    """A notifier; None, and a fault, when it has no kind or no usable name."""
    made = _of_a_kind(NotifierDef, "notifier", "stdout", key, value, reading)
    if made is None:
        return None
    options = dict(made.options)
    default, language = options.pop("default", None), options.pop("language", None)
    known = language if isinstance(language, str) and language.isascii() and language.isalpha() else None
    return replace(made, options=options, default=default is True, language=known)


def _of_a_kind(
    make: type[Declared], what: str, example: str, key: Scalar, value: Value, reading: Reading
) -> Declared | None:
    """What a mapping declares: a kind, and that kind's options."""
    usable = named(key, what, reading, bare=False)
    if not isinstance(value, Entries) and not (isinstance(value, Scalar) and resolved(value) is None):
        return None
    said = list(entries(value))
    kind = next((text(v) for k, v in said if k.text == "kind"), None)
    if kind is None:
        if not (isinstance(value, Scalar) and value.style == "*"):
            help_ = f"write `kind: {example}`, for example"
            reading.fault("R023", f"the {what} `{key.text[:60]}` has no kind", key, help_)
        return None
    options = {k.text: data(v) for k, v in said if k.text != "kind"}
    places = option_places(value) if isinstance(value, Entries) else {}
    return make(key.text, kind, options, headed(key), places) if usable else None
