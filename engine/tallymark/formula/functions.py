"""The table of functions: one row each, read by the checker, the SQL writer, the help command and the reference.

A row says what a function takes and gives, how units and nulls pass through it, and how it becomes SQL: a template per
dialect whose `:x` are the arguments (`:rest` stands for all arguments of a variadic tail, separated by commas). Infix
operators are rows too, so that nothing else needs to know how they are written. Plugins add rows of the same kind.

The examples speak of the names in the standard packs, and each of them is a formula that checks there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tallymark.formula.aggregates import AGGREGATES, CONTEXTS, HISTORIES, RANKINGS, SETS
from tallymark.formula.function import Function, Kind, Take
from tallymark.formula.scalars import OPERATORS, SCALARS

__all__ = ["CALLABLE", "TABLE", "Function", "Kind", "Take"]

TABLE: Mapping[str, Function] = MappingProxyType(
    {f.name: f for f in (*OPERATORS, *SCALARS, *AGGREGATES, *CONTEXTS, *RANKINGS, *HISTORIES, *SETS)}
)
"""Every built-in row by name. An engine's own table is this one and its plugins' rows."""

CALLABLE = MappingProxyType({n: f for n, f in TABLE.items() if f.kind is not Kind.OPERATOR})
"""The rows a formula may call by name."""
