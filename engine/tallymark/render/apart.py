"""Statements whose datasets lie apart: written before it is known which part runs in which database.

Whatever databases say differently stands in the tree as a call `@later`, and is written when the tree has been cut, in
the dialect of the database that the part runs in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.dialects.dialect import Dialect
from tallymark.render.values import atom

Write = Callable[[Dialect, list[exp.Expression]], exp.Expression]
"""Gives the tree in a dialect, of the arguments as they are written in it."""


LATER = "@later"
"""The name of the call that stands for an expression whose dialect is not known yet."""


def later(arguments: Sequence[exp.Expression], write: Write) -> exp.Expression:
    """The node of what `write` will give."""
    node = exp.Anonymous(this=LATER, expressions=[a if a.parent is None else a.copy() for a in arguments])
    # A function is not copied with the tree.
    node.meta[LATER] = lambda dialect, written: write(dialect, written)
    return node


def settled(query: exp.Query, dialect: Dialect) -> exp.Query:
    """The tree with everything written in a dialect. It is used up."""
    for node in reversed(list(query.walk())):
        if isinstance(node, exp.Anonymous) and node.name == LATER:
            arguments = [a.pop() for a in list(node.expressions)]
            node.replace(atom(node.meta[LATER](dialect, arguments)))
    return query


class Apart:
    """The dialect of a statement that is still to be cut; `cut` makes a text of it that says every part."""

    name = "duckdb"

    def __init__(self, cut: Callable[[exp.Query], str], run: Callable[[str], Any]) -> None:
        self._cut = cut
        self.run = run
        """Runs a statement that was cut, and gives its rows."""

    def text(self, query: exp.Expr, pretty: bool = False) -> str:
        """A finished statement, cut."""
        assert isinstance(query, exp.Query)
        # Cutting changes the common table expressions, which other statements may have in front of them too.
        return self._cut(query.copy())

    def stored(self, value: exp.Expression, physical: Type, wanted: Type) -> exp.Expression:
        """A stored column as its type."""
        return later([value], lambda dialect, given: dialect.stored(given[0], physical, wanted))

    def same(self, left: exp.Expression, right: exp.Expression, kind: Type) -> exp.Expression:
        """Equal, null being equal to null."""
        return later([left, right], lambda dialect, given: dialect.same(given[0], given[1], kind))

    def pattern(self, text: exp.Expression, pattern: str) -> exp.Expression:
        """Whether a pattern is found in a text."""
        return later([text], lambda dialect, given: dialect.pattern(given[0], pattern))
