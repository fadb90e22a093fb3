"""The SQL of a plugin's functions: each template parses in its dialect, and speaks of nothing but its arguments."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.formula.function import Function, Kind

ANY = "*"
WRITTEN_IN = "duckdb"
"""The dialect of templates that serve every dialect."""


def wrong_templates(row: Function) -> Iterator[str]:
    """What is wrong with a function's SQL, a sentence each."""
    if row.kind not in (Kind.SCALAR, Kind.AGGREGATE):
        yield f"a plugin gives scalar functions and aggregates, and this is of kind {row.kind.value}"
        return
    if not row.sql:
        yield "it has no SQL: give a template for each dialect, or one under `*` for all"
    known = {t.name for t in row.takes} | ({"rest", "any_null"} if row.kind is Kind.SCALAR else set())
    for dialect, text in row.sql.items():
        yield from _wrong(dialect, text, known)
    if row.kind is not Kind.AGGREGATE:
        return
    own = {row.takes[0].name}
    for part in row.partials:
        yield from _wrong(ANY, part.accumulate, own)
        yield from _wrong(ANY, part.merge, {"part"})
    if row.partials:
        yield from _wrong(ANY, row.finish or ":p1", {f"p{n}" for n in range(1, len(row.partials) + 1)})
    if row.mergeable != bool(row.partials):
        yield "a mergeable aggregate gives its `partials`, and no other one does"
    if len(row.takes) > 1:
        yield "an aggregate of a plugin takes one argument"


def _wrong(dialect: str, text: str, known: set[str]) -> Iterator[str]:
    import sqlglot
    from sqlglot import exp

    where = "" if dialect == ANY else f" for {dialect}"
    try:
        tree = sqlglot.parse_one(text, read=WRITTEN_IN if dialect == ANY else dialect)
    except ValueError as error:  # an unknown dialect is one; so are errors of parsing
        yield f"its SQL{where}, `{text}`, does not parse: {str(error).splitlines()[0]}"
        return
    if not isinstance(tree, exp.Expression) or isinstance(tree, exp.Query | exp.DDL | exp.DML | exp.Command):
        yield f"its SQL{where}, `{text}`, is no expression"
        return
    if tree.find(exp.Query) is not None:
        yield f"its SQL{where}, `{text}`, reads tables of its own"
    unknown = sorted({p.name for p in tree.find_all(exp.Placeholder)} - known)
    if unknown:
        yield f"its SQL{where} speaks of `:{unknown[0]}`, which is no argument"
