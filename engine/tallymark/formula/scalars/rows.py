"""How a row of the table of functions is written here, and the arguments that many of them take."""

from __future__ import annotations

from types import MappingProxyType

from tallymark.formula.function import Function, Kind, Take

X = Take("x")
Y = Take("y")
ANY = Take("a", "any")
TIME = Take("x", "time")
MORE = Take("more", "same", repeats=True)


def scalar(
    name: str,
    takes: tuple[Take, ...],
    gives: str,
    unit: str,
    help: str,
    example: str,
    sql: str = "",
    nulls: str = "pass",
    kind: Kind = Kind.SCALAR,
    **dialects: str,
) -> Function:
    """A function of values. `sql` is for all dialects but those named in `dialects`."""
    return Function(name, kind, takes, gives, unit, help, example, MappingProxyType({"*": sql, **dialects}), nulls)
