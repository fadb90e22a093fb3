"""Rules: conditions over metrics, and whom to tell when they begin and end to hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tallymark.definitions import Formula, NoDataDef, RuleDef
from tallymark.errors import Fault
from tallymark.formula.nodes import GRAINS
from tallymark.json_keys import SEVERITIES
from tallymark.place import Written
from tallymark.read.values import Reading, by_language, data, entries, formula, named, one_of, stripped, text, texts
from tallymark.yaml_text import Entries, Items, Scalar, Value

NOTHING = Formula(Written(""), None)
"""Stands where a rule has no condition."""

MOST_PERIODS = 10_000
"""For so many periods a rule may wait at most."""

_COUNT = re.compile(r"([0-9]{1,9})(?: +([a-z]+?)s?)?")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")
_NAME = re.compile(r" *[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*( at (start|end))? *")


def rule(key: Scalar, value: Value, reading: Reading) -> RuleDef | None:
    """A rule; None, and a fault, when its name, condition, grain, numbers of periods or messages cannot be used."""
    subject = f"rule `{key.text[:60]}`"
    usable = named(key, "rule", reading, bare=True)
    said = value if isinstance(value, Entries) else None
    if said is None:
        return None
    before = len(reading.faults)
    for missing, example in (("when", "when: nrr < 100%"), ("grain", "grain: month")):
        if _absent(said.get(missing)):
            message = f"a rule without `{missing}`"
            reading.fault("R023", message, said.key(missing) or key, f"write `{example}`", subject)
    when, grain = _formula(said, "when", reading, subject), text(said.get("grain")) or ""
    _braces(said.get("message"), reading, subject)
    made = RuleDef(
        name=key.text,
        when=when or NOTHING,
        grain=grain,
        clear=_formula(said, "clear", reading, subject),
        where=_formula(said, "where", reading, subject),
        lasting=_periods(said.get("for"), grain, 1, "for", reading, subject) or 1,
        keep_firing=_periods(said.get("keep_firing"), grain, 0, "keep_firing", reading, subject) or 0,
        no_data=_no_data(said.get("no_data"), grain, reading, subject),
        since=_since(said.get("since"), reading, subject),
        pack=reading.pack,
        place=key.place(),
        places=dict(_places(said, reading)),
    )
    sound = usable and when is not None and when.node is not None and grain in GRAINS
    return _described(made, said, reading) if sound and len(reading.faults) == before else None


def _described(made: RuleDef, said: Entries, reading: Reading) -> RuleDef:
    return replace(
        made,
        by=tuple(" ".join(name.split()) for name in texts(said.get("by"))),
        partial=one_of(text(said.get("partial")), "include") or "skip",
        severity=one_of(text(said.get("severity")), *SEVERITIES) or "warning",
        labels={k.text: found for k, item in entries(said.get("labels")) if (found := text(item)) is not None},
        message=by_language(said.get("message"), reading),
        notify=tuple(dict.fromkeys(texts(said.get("notify")))),
        label=by_language(said.get("label"), reading),
        description=by_language(said.get("description"), reading),
        parameters={key.text: data(item) for key, item in entries(said.get("parameters"))},
    )


def _absent(value: Value | None) -> bool:
    return value is None or (isinstance(value, Scalar) and value.absent and value.style != "*")


def _formula(said: Entries, name: str, reading: Reading, subject: str) -> Formula | None:
    value = said.get(name)
    return None if _absent(value) else formula(value, reading, subject)


def _periods(
    value: Value | None, grain: str, low: int, key: str, reading: Reading, subject: str
) -> int | None:  # fmt: skip
    """A number of periods, `2`, `2 periods` or in the rule's grain `2 months`; None, and a fault, for anything else."""
    written = text(value)
    if value is None or written is None:
        return None
    found = _COUNT.fullmatch(written.strip())
    if found is None or (found[2] is not None and found[2] not in ("period", *GRAINS)):
        help_ = f"write `{key}: 2 periods`"
        reading.fault("A100", f"`{key}: {written[:60]}` is no number of periods", value, help_, subject)
        return None
    count, unit = int(found[1]), found[2]
    if unit not in (None, "period", grain) and grain in GRAINS:
        message = f"`{key}: {written[:60]}`, and its periods are {grain}s"
        reading.fault("A101", message, value, f"count its own periods: `{key}: {count} {_many(count, grain)}`", subject)
        return None
    if not low <= count <= MOST_PERIODS:
        message = f"`{key}` is {count:,} periods: {low} to {MOST_PERIODS:,} can be counted"
        reading.fault("A100", message, value, f"write `{key}: {max(low, 2)} periods`", subject)
        return None
    return count


def _many(count: int, grain: str) -> str:
    return grain if count == 1 else f"{grain}s"


def _no_data(value: Value | None, grain: str, reading: Reading, subject: str) -> NoDataDef:
    if value is None:
        return NoDataDef()
    said = value.get("after") if isinstance(value, Entries) else value
    severity = text(value.get("severity")) if isinstance(value, Entries) else None
    if isinstance(value, Entries) and _absent(said):
        help_ = "write `no_data: {after: 3 periods}`"
        reading.fault("R023", "`no_data` without `after`", value, help_, subject)
    never = text(said) == "never"
    after = None if never else _periods(said, grain, 1, "no_data", reading, subject)
    return NoDataDef(after, one_of(severity, *SEVERITIES), value.place())


def _since(value: Value | None, reading: Reading, subject: str) -> date | None:
    written = text(value)
    if value is None or written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        reading.fault("A102", f"there is no day `{written[:60]}`", value, "write it as 2024-12-31", subject)
        return None


# --- places, for what is wrong with names that only the whole project knows ----------------------------------------


def _places(said: Entries, reading: Reading) -> Iterator[tuple[str, Written]]:
    """Where each item of the lists is written, and each message: `by.0`, `notify.1`, `message.en`."""
    for name in ("by", "notify"):
        value = said.get(name)
        items = value.items if isinstance(value, Items) else (value,) if value is not None else ()
        for number, item in enumerate(items):
            if isinstance(item, Scalar):
                yield f"{name}.{number}", stripped(item.written())
    for language, message in _messages(said.get("message")):
        yield f"message.{language or reading.language}", message
    for parameter, _ in entries(said.get("parameters")):
        yield f"parameters.{parameter.text}", parameter.written()


def _messages(value: Value | None) -> Iterator[tuple[str, Written]]:
    if isinstance(value, Scalar) and text(value) is not None:
        yield "", stripped(value.written())
    for key, item in entries(value):
        if isinstance(item, Scalar) and text(item) is not None:
            yield key.text, stripped(item.written())


def _braces(value: Value | None, reading: Reading, subject: str) -> None:
    """Notes what stands in the braces of a message and is no name."""
    for _, written in _messages(value):
        for found in _BRACES.finditer(written.text):
            inner = found[1]
            if inner is not None and _NAME.fullmatch(inner):
                continue
            what = (
                f"`{found[0][:60]}` is no name in braces" if inner is not None else f"a `{found[0]}` without its other"
            )
            help_ = "braces hold a name, as `{period}` or `{nrr}`, and nothing else"
            reading.faults.append(Fault("A103", what, written.place(found.span()), help_, subject))
