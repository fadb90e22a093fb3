"""Texts, units, names and formulas out of a marked tree.

These are lenient: a value of the wrong type, which the schema has told of, counts as left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from tallymark.definitions import EMPTY, ConvertDef, Formula, Texts, UnitDef
from tallymark.errors import Fault, FaultError
from tallymark.formula.nodes import RESERVED, Node
from tallymark.given import help_for
from tallymark.json_keys import POLICIES
from tallymark.place import Place, Written
from tallymark.units import DURATION_SCALES, NAMES, Measure, UnitRow
from tallymark.yaml_text import Entries, Items, Scalar, Value, resolved

MAX_FILE_FAULTS = 200

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SPELLED_UNIT = re.compile(r"([^:\s]+)(?:\s*:\s*|\s+)(\S.*)")


@dataclass(slots=True)
class Reading:
    """What holds while one file is read, and the faults found in it."""

    language: str = "en"
    """Of texts that are not given by language."""
    pack: str | None = None
    faults: list[Fault] = field(default_factory=list)
    units: Mapping[str, UnitRow] = field(default_factory=dict)
    """Those of plugins."""
    first: int = field(init=False)
    """How many faults other files had."""

    def __post_init__(self) -> None:
        self.first = len(self.faults)

    @property
    def full(self) -> bool:
        """Whether so much is wrong with the file that reading on helps nobody."""
        return len(self.faults) - self.first >= MAX_FILE_FAULTS

    def fault(self, code: str, message: str, at: Value, help: str | None = None, subject: str | None = None) -> None:
        self.fault_at(code, message, at.place(), help, subject)

    def fault_at(self, code: str, message: str, place: Place, help: str | None, subject: str | None) -> None:
        """The same of what is no value of a file."""
        self.faults.append(Fault(code, message, place, help, subject))


def written_formula(text: str, file: str = "<question>") -> Formula:
    """A formula that stands in no file, such as one in a question. Raises FaultError."""
    written = Written(text, file)
    return Formula(written, parsed(written))


def formula(value: Value | None, reading: Reading, subject: str) -> Formula | None:
    """The formula in a scalar of any style and look; None, and a fault, when there is none."""
    if not isinstance(value, Scalar) or value.style == "*":
        return None
    written = stripped(value.written())
    if not written.text:
        reading.fault("R026", "an empty formula", value, "write one, such as `sum(orders.amount)`", subject)
        return None
    return parsed_or_fault(written, reading, subject)


def parsed_or_fault(written: Written, reading: Reading, subject: str) -> Formula:
    """The formula of a text; without a node, and with faults, when it does not parse."""
    try:
        return Formula(written, parsed(written))
    except FaultError as error:
        reading.faults += [f.within(subject) for f in error.faults]
        return Formula(written, None)


def parsed(written: Written) -> Node:
    """The text as a formula. Raises FaultError."""
    # The grammar costs a noticeable part of a second to build; who reads no formula does not pay for it.
    from tallymark.formula.parse import parse

    return parse(written)


def stripped(written: Written) -> Written:
    """The text without the blanks around it."""
    text = written.text.strip()
    lead = len(written.text) - len(written.text.lstrip())
    if text == written.text:
        return written
    return written.part((lead, lead + len(text)))


def entries(value: Value | None) -> Iterator[tuple[Scalar, Value]]:
    """The entries of a mapping; none of anything else."""
    if isinstance(value, Entries):
        yield from value.entries


def text(value: Value | None) -> str | None:
    """A text as written, also where it looks like a number; None when there is none."""
    if isinstance(value, Scalar) and resolved(value) is not None:
        return value.text
    return None


def word(value: Value | None) -> str | None:
    """A text as written, `null` included: for the keys where that is a word of ours."""
    return value.text if isinstance(value, Scalar) and not value.absent else None


def one_of(found: str | None, *known: str) -> str | None:
    """The text if it is one of the known ones; of another the schema has told the fault."""
    return found if found in known else None


def texts(value: Value | None) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one."""
    if isinstance(value, Items):
        return tuple(t for t in map(text, value.items) if t is not None)
    single = text(value)
    return () if single is None else (single,)


def by_language(value: Value | None, reading: Reading) -> Texts:
    """A text by language; a plain one is in the language of the file."""
    single = text(value)
    if single is not None:
        return {reading.language: single.strip()}
    found = ((key.text, text(item)) for key, item in entries(value))
    return {language: said.strip() for language, said in found if said is not None} or EMPTY


def lists_by_language(value: Value | None, reading: Reading) -> Mapping[str, tuple[str, ...]]:
    """Lists of texts by language; a plain list is in the language of the file."""
    plain_list = texts(value)
    if plain_list:
        return {reading.language: plain_list}
    return {key.text: texts(item) for key, item in entries(value) if texts(item)} or EMPTY


def truth(value: Value | None, otherwise: bool) -> bool:
    """True or false."""
    found = resolved(value) if isinstance(value, Scalar) else None
    return found if isinstance(found, bool) else otherwise


def whole(value: Value | None, low: int, high: int) -> int | None:
    """A whole number within bounds."""
    found = resolved(value) if isinstance(value, Scalar) else None
    return found if type(found) is int and low <= found <= high else None


def data(value: Value) -> Any:
    """Plain data of str, int, float, bool, None, list and dict, for options that others read."""
    if isinstance(value, Items):
        return [data(item) for item in value.items]
    if isinstance(value, Entries):
        return {key.text: data(item) for key, item in value.entries}
    found = resolved(value)
    if not isinstance(found, Decimal):
        return found
    number = float(found)
    return number if number not in (float("inf"), float("-inf")) else value.text


def unit(value: Value | None, reading: Reading, subject: str) -> UnitDef | None:
    """A unit: `money`, `money: EUR` as a text, or `{money: EUR}`."""
    name, detail = _unit_parts(value)
    if value is None or name is None:
        return None
    known = {"money": _CURRENCY.fullmatch(detail or ""), "duration": detail in DURATION_SCALES}
    if name in reading.units and detail is None:
        return _given_unit(name, reading.units, value)
    if name not in NAMES and name not in reading.units:
        help = help_for(name, reading.units, [*NAMES, *reading.units])
    elif detail is None or known.get(name):
        return UnitDef(name, detail, value.place())
    elif name == "money":
        help = "a currency is three capital letters: `money: EUR`"
    elif name == "duration":
        help = f"a duration is stored in {', '.join(DURATION_SCALES)}: `duration: ms`"
    else:
        help = f"only `money` and `duration` have a detail; write `unit: {name}`"
    spelled = name if detail is None else f"{name}: {detail}"
    reading.fault("R029", f"unknown unit `{spelled[:60]}`", value, help, subject)
    return None


def _given_unit(name: str, units: Mapping[str, UnitRow], value: Value) -> UnitDef:
    row = units[name]
    own = units[row.of] if row.of else row
    return UnitDef(name, None, value.place(), Measure(own.name, own.sign, own.decimals), row.scale)


def conversion(value: Value | None, reading: Reading, subject: str | None) -> ConvertDef | None:
    """A rule of conversion: a word, or `{fixed: 2024-01-01}`."""
    if isinstance(value, Entries):
        day = text(value.get("fixed")) or ""
        try:
            return ConvertDef("fixed", date.fromisoformat(day), value.place()) if day else None
        except ValueError:
            if _DAY.fullmatch(day):
                reading.fault("R044", f"there is no day `{day}`", value, "write it as 2024-12-31", subject)
            return None
    found = text(value)
    return ConvertDef(found, place=value.place()) if value is not None and found in POLICIES else None


def _unit_parts(value: Value | None) -> tuple[str | None, str | None]:
    if isinstance(value, Entries):
        found = [(key.text, text(item) if isinstance(item, Scalar) else "…") for key, item in value.entries]
        if len(found) == 1:
            return found[0]
        return ", ".join(name for name, _ in found) or "{}", None
    spelled = (text(value) or "").strip()
    match = _SPELLED_UNIT.fullmatch(spelled)
    return (match[1], match[2].strip()) if match else (spelled or None, None)


def named(key: Scalar, kind: str, reading: Reading, *, bare: bool) -> bool:
    """Whether the key is a name; a fault with the right form if not. `bare` names may not be reserved words."""
    name = key.text
    if not _NAME.fullmatch(name):
        message = f"`{name[:60]}` cannot be the name of a {kind}: names are of `a`–`z`, `0`–`9` and `_`"
        better = corrected(name)
        help = f"write `{better}: {{column: {name[:60]}}}`" if kind == "column" else f"write `{better}`"
        reading.fault("R024", message, key, help)
        return False
    if bare and name in RESERVED:
        message = f"`{name}` cannot be the name of a {kind}: formulas use the word"
        reading.fault("R024", message, key, f"write `{name}_{kind}`")
        return False
    return True


def corrected(name: str) -> str:
    """The nearest text that is a name: `Order ID` is `order_id`, `firstReply` is `first_reply`."""
    plain = unicodedata.normalize("NFKD", name[:60]).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    joined = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_") or "name"
    return f"_{joined}" if joined[0].isdigit() else joined


def spoken(name: str) -> str:
    """A name as people write it."""
    return name.replace("_", " ").capitalize()
