"""The embedded database's SQL: trees are built in its words."""

from __future__ import annotations

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.values import SQL_TYPES, cast


class DuckDB:
    """Writes statements for DuckDB."""

    name = "duckdb"

    def text(self, query: exp.Expr, pretty: bool = False) -> str:
        """A finished statement as text."""
        return query.sql("duckdb", pretty=pretty, copy=False)

    def stored(self, value: exp.Expression, physical: Type, wanted: Type) -> exp.Expression:
        """A column, cast unless it is held as it is read."""
        if wanted is physical and wanted in (Type.TEXT, Type.BOOLEAN, Type.DATE, Type.DOUBLE):
            return value
        return cast(value, wanted) if wanted in SQL_TYPES else value

    def same(self, left: exp.Expression, right: exp.Expression, kind: Type) -> exp.Expression:
        """Null-safe equality, which DuckDB joins by hash."""
        return exp.NullSafeEQ(this=left, expression=right)

    def pattern(self, text: exp.Expression, pattern: str) -> exp.Expression:
        """RE2 is DuckDB's own."""
        return exp.RegexpLike(this=text, expression=exp.Literal.string(pattern))
