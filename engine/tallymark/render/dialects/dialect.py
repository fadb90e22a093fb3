"""What a dialect must do to have questions written in it."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from tallymark.kinds import Type


class Dialect(Protocol):
    """How one database's SQL differs from the embedded one's."""

    @property
    def name(self) -> str:
        """Its sqlglot name, by which functions have templates of their own."""
        ...

    def text(self, query: exp.Expr, pretty: bool = False) -> str:
        """A finished statement as text; the tree is used up. Raises FaultError (D462) for what it cannot say."""
        ...

    def stored(self, value: exp.Expression, physical: Type, wanted: Type) -> exp.Expression:
        """A column of a table as the type it is read as."""
        ...

    def same(self, left: exp.Expression, right: exp.Expression, kind: Type) -> exp.Expression:
        """Whether two keys of a join are equal, null being equal to null."""
        ...

    def pattern(self, text: exp.Expression, pattern: str) -> exp.Expression:
        """Whether an RE2 pattern is found in a text. Raises FaultError (D463) for one that means something else."""
        ...
