"""What DuckDB's types are to formulas, and what each is normalised to when a table is offered."""

from __future__ import annotations

from tallymark.kinds import Type

_SMALL = frozenset({"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"})
_BIG = frozenset({"HUGEINT", "UBIGINT", "UHUGEINT", "BIGNUM"})
_COARSE = frozenset({"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_TYPES = (
    {
        "BIGINT": Type.INTEGER,
        "FLOAT": Type.DOUBLE,
        "DOUBLE": Type.DOUBLE,
        "VARCHAR": Type.TEXT,
        "UUID": Type.TEXT,
        "BOOLEAN": Type.BOOLEAN,
        "DATE": Type.DATE,
        "TIMESTAMP": Type.TIMESTAMP,
        "TIMESTAMP WITH TIME ZONE": Type.INSTANT,
        "TIMESTAMPTZ": Type.INSTANT,
        "TIMESTAMPTZ_NS": Type.INSTANT,
        '"NULL"': Type.TEXT,
        "NULL": Type.TEXT,
    }
    | dict.fromkeys(_SMALL | _BIG, Type.INTEGER)
    | dict.fromkeys(_COARSE, Type.TIMESTAMP)
)

SQL_TYPES = {
    Type.INTEGER: "BIGINT",
    Type.DECIMAL: "DECIMAL(18, 6)",
    Type.DOUBLE: "DOUBLE",
    Type.TEXT: "VARCHAR",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.INSTANT: "TIMESTAMPTZ",
}
"""What text is parsed to: 64-bit integers, decimals of 12 digits before the point and `kinds.DECIMAL_SCALE` after."""


def type_of(native: str) -> Type:
    """The type of what DuckDB calls `native` (`DECIMAL(10,2)`, `ENUM('a', 'b')`); OPAQUE for lists and such."""
    name = native.upper()
    if name.endswith("]"):
        return Type.OPAQUE
    if name.startswith("DECIMAL"):
        return Type.DECIMAL
    return Type.TEXT if name.startswith("ENUM") else _TYPES.get(name, Type.OPAQUE)


def normal(native: str) -> str | None:
    """The type a column is offered as, if not its own: arithmetic on small or unsigned integers would soon overflow."""
    name = native.upper()
    if name in _SMALL:
        return "BIGINT"
    if name in _BIG:
        return "HUGEINT" if name != "HUGEINT" else None
    if name in _COARSE:
        return "TIMESTAMP"
    if name == "TIMESTAMPTZ_NS":
        return "TIMESTAMPTZ"
    if name == "FLOAT":
        return "DOUBLE"
    text = name.startswith("ENUM") or name in ("UUID", "NULL", '"NULL"')
    return "VARCHAR" if text and not name.endswith("]") else None
