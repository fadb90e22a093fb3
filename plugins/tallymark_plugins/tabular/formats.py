"""How text is written in a source: separators, decimal commas, the order of a date, what means null.

The same keys stand in a source's options, a dataset's `format:` and a column's `format:`; the nearer one wins.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tallymark.errors import Fault, did_you_mean
from tallymark.place import Place

TRUE_WORDS = ("true", "yes", "y", "t", "1", "oui", "vrai", "da", "adevărat")
FALSE_WORDS = ("false", "no", "n", "f", "0", "non", "faux", "nu", "fals")
DATE_ORDERS = ("iso", "day_first", "month_first")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """One text format, complete. Compared without regard to case: `booleans`."""

    delimiter: str | None = None
    """None: found out among `, ; tab |`."""
    header: bool = True
    decimal: str = "."
    thousands: str | None = None
    dates: str = "iso"
    """`iso`, `day_first`, `month_first` or a strptime pattern."""
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)
    true_words: tuple[str, ...] = TRUE_WORDS
    false_words: tuple[str, ...] = FALSE_WORDS
    on_error: str = "fail"
    quote: str | None = '"'
    skip: int = 0


PROPERTIES: dict[str, dict[str, Any]] = {
    "delimiter": {"type": "string", "description": "between fields; found out among , ; tab | when left out"},
    "header": {"type": "boolean", "description": "whether the first row holds names; else column_1, column_2, …"},
    "decimal": {"enum": [".", ","], "description": "the decimal sign"},
    "thousands": {
        "enum": [",", ".", " ", "'", "", None],
        "description": "between groups of digits; a space also allows its non-breaking kinds",
    },
    "dates": {"type": "string", "description": "iso, day_first, month_first or a pattern like %d.%m.%Y"},
    "encoding": {"type": "string", "description": "utf-8, cp1252, iso-8859-16, utf-16 or any other codec of Python"},
    "nulls": {"type": "array", "items": {"type": "string"}, "description": "texts that mean null"},
    "booleans": {
        "type": "array",
        "minItems": 1,
        "description": "the words for true and false, as [oui, non], or several such pairs",
    },
    "on_error": {"enum": ["fail", "null", None], "description": "what becomes of a value that cannot be read"},
    "quote": {"type": ["string", "null"], "description": "around fields that hold the delimiter; null for none"},
    "skip": {"type": "integer", "minimum": 0, "description": "lines before the header"},
}
"""The keys of a text format, as a JSON Schema's properties."""

ROW_KEYS = frozenset({"delimiter", "header", "encoding", "quote", "skip"})
"""Keys that speak of the whole file: not for a single column."""


def read_format(
    given: Mapping[str, Any], place: Place, start: TextFormat | None = None, column: bool = False
) -> tuple[TextFormat, list[Fault]]:
    """The format `given` over `start`, and every fault in it (D410 unknown key, D411 bad value)."""
    made, faults = start or TextFormat(), []
    known = [key for key in PROPERTIES if not (column and key in ROW_KEYS)]
    for key, value in given.items():
        if key not in known:
            of = "of a column" if key in ROW_KEYS else "of a text format"
            faults.append(Fault("D410", f"unknown key `{key}` {of}", place, did_you_mean(str(key), known)))
            continue
        try:
            made = replace(made, **_READERS[key](value))
        except ValueError as error:
            faults.append(Fault("D411", f"`{key}: {value}` is not a text format's: {error}", place))
    if made.thousands == made.decimal:
        message = f"`decimal` and `thousands` are both `{made.decimal}`"
        faults.append(Fault("D411", message, place, help="French and German files have decimal `,`"))
    return made, faults


def _choice(*allowed: object) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
            raise ValueError(f"expected one of {', '.join(repr(each) for each in allowed)}")
        return value

    return read


def _delimiter(value: Any) -> str:
    word = {"tab": "\t", "\\t": "\t"}.get(value, value) if isinstance(value, str) else ""
    if len(word) != 1 or word in '\r\n"':
        raise ValueError("expected one character, or `tab`")
    return word


def _quote(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) != 1 or not value.isascii():
        raise ValueError("expected one character, or null")
    return value


def _dates(value: Any) -> str:
    if isinstance(value, str) and (value in DATE_ORDERS or "%" in value):
        return value
    raise ValueError("expected iso, day_first, month_first or a pattern like %d.%m.%Y")


def _encoding(value: Any) -> str:
    try:
        # A codec like `hex` or `rot13` is none of text from bytes.
        if isinstance(value, str) and isinstance(codecs.decode(b"", value), str):
            return codecs.lookup(value).name
    except (LookupError, ValueError, TypeError):
        pass
    raise ValueError("no such encoding; try utf-8, cp1252, cp1250, iso-8859-2, iso-8859-16 or utf-16")


def _skip(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a number of lines")
    return value


def _nulls(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise ValueError("expected a list of texts")
    return tuple(value)


def _booleans(value: Any) -> dict[str, Any]:
    pairs = value if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple) else [value]
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise ValueError("expected a pair like [oui, non], or several such pairs")
    words = [tuple(_word(each) for each in pair) for pair in pairs]
    true, false = tuple(w[0] for w in words), tuple(w[1] for w in words)
    if set(true) & set(false):
        raise ValueError("the same word for true and false")
    return {"true_words": true, "false_words": false}


def _word(value: Any) -> str:
    # An unquoted `true` or `1` in YAML is no text, and plainly meant as one here.
    return str(value).strip().lower()


def _as(key: str, read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {key: read(value)}


_READERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "delimiter": _as("delimiter", _delimiter),
    "header": _as("header", _choice(True, False)),
    "decimal": _as("decimal", _choice(".", ",")),
    "thousands": _as("thousands", lambda value: _choice(",", ".", " ", "'", "", None)(value) or None),
    "dates": _as("dates", _dates),
    "encoding": _as("encoding", _encoding),
    "nulls": _as("nulls", _nulls),
    "booleans": _booleans,
    "on_error": _as("on_error", lambda value: "null" if value is None else _choice("fail", "null")(value)),
    "quote": _as("quote", _quote),
    "skip": _as("skip", _skip),
}
