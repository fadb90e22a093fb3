"""Dimensions that a question makes of others: the members that keep rows of their own, and the period of a time.

Such a dimension is named by the one it is made of and a word in parentheses, which no column can have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tallymark.formula.bound import Apply, Bound, Constant
from tallymark.kinds import Type
from tallymark.plan import Parts

MEMBER, OTHER, BEGAN = "(member)", "(other)", "(began)"


@dataclass(frozen=True, slots=True)
class Fold:
    """A dimension of which only `members` (null may be one) keep rows of their own.

    It becomes two keys: the member, null for all others, and whether it is one of those others. `kept` says whether the
    others have a row at all. `members` are in the order of their rows.
    """

    dimension: Parts
    members: tuple[Any, ...]
    kept: bool = True

    @property
    def keys(self) -> tuple[Parts, Parts]:
        """The names of the two keys."""
        return (*self.dimension, MEMBER), (*self.dimension, OTHER)


@dataclass(frozen=True, slots=True)
class Began:
    """The local day on which the period of `grain` began that a dimension of times lies in."""

    dimension: Parts
    grain: str

    @property
    def key(self) -> Parts:
        """The name of the key."""
        return (*self.dimension, BEGAN)


def plain(key: Parts) -> Parts:
    """The dimension that a key is made of; the key itself when it is a dimension."""
    return key[:-1] if key[-1] in (MEMBER, OTHER, BEGAN) else key


def made(key: Parts, column: Bound, fold: Fold | None, age: Began | None) -> Bound:
    """A key as a row-level expression over the `column` that its dimension is."""
    word = key[-1]
    if word == BEGAN and age is not None:
        return Apply(age.grain, (column,), Type.DATE)
    if word in (MEMBER, OTHER) and fold is not None:
        own = _is_member(column, fold)
        if word == OTHER:
            return Apply("not", (own,), Type.BOOLEAN)
        return Apply("if", (own, column, Constant(None, column.type)), column.type, column.unit)
    return column


def _is_member(column: Bound, fold: Fold) -> Bound:
    """Whether the column holds one of the members: true or false, never null."""
    absent = Apply("is null", (column,), Type.BOOLEAN)
    known = [Constant(m, column.type, column.unit) for m in fold.members if m is not None]
    among: Bound = Apply("in", (column, *known), Type.BOOLEAN) if known else Constant(False, Type.BOOLEAN)
    return Apply("if", (absent, Constant(None in fold.members, Type.BOOLEAN), among), Type.BOOLEAN)
