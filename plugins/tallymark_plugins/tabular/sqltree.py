"""Short names for building SQL as a sqlglot tree. Each call copies its arguments: a part may be used several times."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

Tree = exp.Expr


def call(name: str, *arguments: Tree | str) -> Tree:
    """A function call; a str argument is a text literal."""
    return exp.Anonymous(this=name, expressions=[text(a) if isinstance(a, str) else a.copy() for a in arguments])


def text(value: str) -> Tree:
    """A text literal, escaped by the tree."""
    return exp.Literal.string(value)


def column(name: str) -> Tree:
    """A column by its quoted name."""
    return exp.column(name, quoted=True)


def named(tree: Tree, name: str) -> Tree:
    """`tree AS "name"`."""
    return exp.alias_(tree.copy(), name, quoted=True)


def cast(tree: Tree, to: str) -> Tree:
    """A cast that fails on a value that does not fit."""
    return exp.Cast(this=tree.copy(), to=exp.DataType.build(to, dialect="duckdb"))


def try_cast(tree: Tree, to: str) -> Tree:
    """A cast that gives null for a value that does not fit."""
    return exp.TryCast(this=tree.copy(), to=exp.DataType.build(to, dialect="duckdb"))


def when(condition: Tree, then: Tree, otherwise: Tree | None = None) -> Tree:
    """`CASE WHEN condition THEN then [ELSE otherwise] END`; DuckDB computes each branch only for its own rows."""
    case = exp.Case().when(condition.copy(), then.copy())
    return case.else_(otherwise.copy()) if otherwise is not None else case


def matches(tree: Tree, pattern: str) -> Tree:
    """Whether the whole text matches an RE2 pattern."""
    return call("regexp_full_match", tree, pattern)


def rewritten(tree: Tree, pattern: str, by: str) -> Tree:
    """The text with the first match of an RE2 pattern replaced; as it is when nothing matches."""
    return call("regexp_replace", tree, pattern, by)


def among(tree: Tree, words: Sequence[str]) -> Tree:
    """Whether the text is one of `words`; never true when there are none."""
    if not words:
        return exp.false()
    return exp.In(this=tree.copy(), expressions=[text(word) for word in words])


def both(left: Tree, right: Tree) -> Tree:
    """`(left) AND (right)`."""
    return exp.and_(left.copy(), right.copy())


def either(left: Tree, right: Tree) -> Tree:
    """`(left) OR (right)`."""
    return exp.or_(left.copy(), right.copy())


def missing(tree: Tree) -> Tree:
    """`tree IS NULL`."""
    return exp.Is(this=tree.copy(), expression=exp.Null())


def present(tree: Tree) -> Tree:
    """`tree IS NOT NULL`."""
    return exp.Not(this=exp.Paren(this=missing(tree)))


def count(tree: Tree) -> Tree:
    """`COUNT(tree)`: its non-null values."""
    return exp.Count(this=tree.copy())


def script(tree: Tree) -> str:
    """The tree as DuckDB's SQL."""
    return tree.sql(dialect="duckdb")


def text_cast(tree: Tree) -> Tree:
    """The value as text, for showing."""
    return cast(tree, "VARCHAR")


def temporary(table: exp.Table, rows: Tree | None = None, columns: Sequence[str] = ()) -> Tree:
    """`CREATE OR REPLACE TEMPORARY TABLE`: of a query's rows, or empty with columns of text."""
    of_text = exp.DataType.build("TEXT")
    listed = [exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=of_text.copy()) for name in columns]
    return exp.Create(
        this=exp.Schema(this=table.copy(), expressions=listed) if columns else table.copy(),
        kind="TABLE",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=rows.copy() if rows is not None else None,
    )
