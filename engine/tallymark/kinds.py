"""What a value is: its type. What it measures is its unit: see `units.py`."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """The type of a column, of a row-level expression, of a metric.

    Numbers come in three precisions. Sums, differences and integer multiples of decimals are exact; any quotient and
    any other product is a double. A duration is a number of seconds whose unit says so, not a type.
    """

    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    """A local time without zone, read in the project's zone and ordered by the clock."""
    INSTANT = "instant"
    """A time with a zone: a point on the world's time line."""
    NULL = "null"
    """The literal null, which fits anywhere."""
    OPAQUE = "opaque"
    """A column of a kind formulas do not handle (lists, structures, binary); naming it is a fault."""

    @property
    def numeric(self) -> bool:
        return self in NUMERIC

    @property
    def temporal(self) -> bool:
        return self in TEMPORAL

    @property
    def family(self) -> str:
        """number, text, boolean, time, null or opaque: what a user is told."""
        if self.numeric:
            return "number"
        return "time" if self.temporal else self.value


NUMERIC = frozenset({Type.INTEGER, Type.DECIMAL, Type.DOUBLE})
TEMPORAL = frozenset({Type.DATE, Type.TIMESTAMP, Type.INSTANT})

DECLARABLE = {
    "integer": Type.INTEGER,
    "decimal": Type.DECIMAL,
    "double": Type.DOUBLE,
    "number": Type.DOUBLE,
    "text": Type.TEXT,
    "boolean": Type.BOOLEAN,
    "bool": Type.BOOLEAN,
    "date": Type.DATE,
    "timestamp": Type.TIMESTAMP,
    "instant": Type.INSTANT,
}
"""Names a column's `type:` may have in YAML."""

DECIMAL_SCALE = 6
"""Digits after the point of a decimal column: money is read as DECIMAL(18, 6) unless its column is declared double."""


def wider(left: Type, right: Type) -> Type:
    """The numeric type that holds both: integer < decimal < double."""
    order = (Type.NULL, Type.INTEGER, Type.DECIMAL, Type.DOUBLE)
    return max(left, right, key=order.index)
