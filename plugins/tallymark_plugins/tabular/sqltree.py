"""Short names for building SQL as a sqlglot tree. A part may be used several times: it is copied at need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from sqlglot import exp

Tree = exp.Expr


def call(name: str, *arguments: Tree | str) -> Tree:
    """A function call; a str argument is a text literal."""
    return exp.Anonymous(this=name, expressions=[text(a) if isinstance(a, str) else _free(a) for a in arguments])


def text(value: str) -> Tree:
    """A text literal, escaped by the tree."""
    return exp.Literal.string(value)


def number(value: float) -> Tree:
    """A number literal."""
    return exp.Literal.number(value)


def column(name: str) -> Tree:
    """A column by its quoted name."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def named(tree: Tree, name: str) -> Tree:
    """`tree AS "name"`."""
    return exp.Alias(this=_free(tree), alias=exp.to_identifier(name, quoted=True))


def cast(tree: Tree, to: str) -> Tree:
    """A cast that fails on a value that does not fit."""
    return exp.Cast(this=_free(tree), to=_type(to).copy())


def try_cast(tree: Tree, to: str) -> Tree:
    """A cast that gives null for a value that does not fit."""
    return exp.TryCast(this=_free(tree), to=_type(to).copy())


def when(condition: Tree, then: Tree, otherwise: Tree | None = None) -> Tree:
    """`CASE WHEN condition THEN then [ELSE otherwise] END`; DuckDB computes each branch only for its own rows."""
    return cases([(condition, then)], otherwise)


def cases(branches: Iterable[tuple[Tree, Tree]], otherwise: Tree | None = None) -> Tree:
    """`CASE` with several conditions and what each gives."""
    ifs = [exp.If(this=_free(condition), true=_free(then)) for condition, then in branches]
    return exp.Case(ifs=ifs, default=None if otherwise is None else _free(otherwise))


def matches(tree: Tree, pattern: str) -> Tree:
    """Whether the whole text matches an RE2 pattern."""
    return call("regexp_full_match", tree, pattern)


def rewritten(tree: Tree, pattern: str, by: str) -> Tree:
    """The text with the first match of an RE2 pattern replaced; as it is when nothing matches."""
    return call("regexp_replace", tree, pattern, by)


def among(tree: Tree, words: Sequence[str]) -> Tree:
    """Whether the text is one of `words`; never true when there are none."""
    return exp.In(this=_free(tree), expressions=[text(word) for word in words]) if words else exp.false()


def both(left: Tree, right: Tree) -> Tree:
    """`(left) AND (right)`."""
    return exp.And(this=_wrapped(left), expression=_wrapped(right))


def either(left: Tree, right: Tree) -> Tree:
    """`(left) OR (right)`."""
    return exp.Or(this=_wrapped(left), expression=_wrapped(right))


def negated(tree: Tree) -> Tree:
    """`NOT (tree)`."""
    return exp.Not(this=_wrapped(tree))


def equal(left: Tree, right: Tree) -> Tree:
    """`left = right`."""
    return exp.EQ(this=_free(left), expression=_free(right))


def at_least(left: Tree, right: float) -> Tree:
    """`left >= right`."""
    return exp.GTE(this=_free(left), expression=number(right))


def missing(tree: Tree) -> Tree:
    """`(tree) IS NULL`."""
    return exp.Is(this=_wrapped(tree), expression=exp.Null())


def present(tree: Tree) -> Tree:
    """`NOT ((tree) IS NULL)`."""
    return negated(missing(tree))


def count(tree: Tree) -> Tree:
    """`COUNT(tree)`: its non-null values."""
    return exp.Count(this=_free(tree))


def text_cast(tree: Tree) -> Tree:
    """The value as text, for showing."""
    return cast(tree, "VARCHAR")


def temporary(table: exp.Table, rows: Tree | None = None, columns: Sequence[str] = ()) -> Tree:
    """`CREATE OR REPLACE TEMPORARY TABLE`: of a query's rows, or empty with columns of text."""
    listed = [exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=_type("TEXT").copy()) for name in columns]
    return exp.Create(
        this=exp.Schema(this=table.copy(), expressions=listed) if columns else table.copy(),
        kind="TABLE",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=None if rows is None else _free(rows),
    )


def script(tree: Tree) -> str:
    """The tree as DuckDB's SQL."""
    return tree.sql(dialect="duckdb")


def _free(tree: Tree) -> Tree:
    # A node has one parent. Copying only what already has one keeps building linear.
    return tree if tree.parent is None else tree.copy()


def _wrapped(tree: Tree) -> Tree:
    return exp.Paren(this=_free(tree))


@cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")
