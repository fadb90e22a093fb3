"""The SQL of a plugin's functions: each template parses in its dialect, and speaks of nothing but its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tallymark.formula.function import Function, Kind

ANY = "*"
WRITTEN_IN = "duckdb"
"""The dialect of templates that serve every dialect."""


def wrong_templates(row: Function) -> Iterator[str]:
    """What is wrong with a function's SQL, a sentence each."""
    if row.kind not in (Kind.SCALAR, Kind.AGGREGATE):
        yield f"a plugin gives scalar functions and aggregates, and this is of kind {row.kind.value}"
        return
    if row.python is not None:
        if row.kind is Kind.AGGREGATE:
            yield "an aggregate is computed in SQL, not in Python"
        return
    if not row.sql and not row.partials:
        yield "it has no SQL: give a template for each dialect, or one under `*` for all"
    known = {t.name for t in row.takes} | ({"rest", "any_null"} if row.kind is Kind.SCALAR else set())
    for dialect, text in row.sql.items():
        yield from _wrong(dialect, text, known)
    if row.kind is not Kind.AGGREGATE:
        return
    if set(row.sql) - {ANY, WRITTEN_IN}:
        yield "the SQL of an aggregate stands under `*`: it is put into the words of other databases"
    for part in row.partials:
        yield from _wrong(ANY, part.accumulate, known, single=True)
        yield from _wrong(ANY, part.merge, {"part"}, single=True)
    if row.partials:
        merged = {f"p{n}" for n in range(1, len(row.partials) + 1)}
        yield from _wrong(ANY, row.finish or ":p1", merged | (known - {row.takes[0].name}))
    if row.mergeable != bool(row.partials):
        yield "a mergeable aggregate gives its `partials`, and no other one does"
    if not all(t.literal for t in row.takes[1:]) or any(t.repeats or t.optional for t in row.takes):
        yield "what an aggregate takes beside its values are literals, none of them optional or repeated"


def _wrong(dialect: str, text: str, known: set[str], single: bool = False) -> Iterator[str]:
    from sqlglot import exp

    where = "" if dialect == ANY else f" for {dialect}"
    try:
        tree = _parsed(text, WRITTEN_IN if dialect == ANY else dialect)
    except Exception as error:  # sqlglot has several kinds of them, and an unknown dialect is one more
        yield f"its SQL{where}, `{text}`, does not parse: {str(error).splitlines()[0]}"
        return
    if tree is None:
        yield f"its SQL{where}, `{text}`, is no expression"
        return
    if tree.find(exp.Query) is not None:
        yield f"its SQL{where}, `{text}`, reads tables of its own"
        return
    inner = {name.name for made in tree.find_all(exp.Lambda) for name in made.expressions}
    foreign = sorted({c.name for c in tree.find_all(exp.Column)} - inner)
    if foreign:
        yield f"its SQL{where} speaks of `{foreign[0]}`, which is no argument: write `:{foreign[0]}` for one"
    if single and not isinstance(tree, exp.Func):
        yield f"`{text}` is not one aggregate: an accumulator is, as `SUM(:x * :x)`; the rest goes into `finish`"
    if tree.find(exp.Star) is not None:
        yield f"its SQL{where} counts rows with `*`: count values, as `COUNT(:x)`"
    unknown = sorted({p.name for p in tree.find_all(exp.Placeholder)} - known)
    if unknown:
        yield f"its SQL{where} speaks of `:{unknown[0]}`, which is no argument"


def _parsed(text: str, dialect: str) -> Any:
    """The expression of a template; None when it is something else, such as a statement. Raises errors of sqlglot."""
    import sqlglot
    from sqlglot import exp

    found = sqlglot.parse(text, read=dialect)
    fits = len(found) == 1 and isinstance(found[0], exp.Condition | exp.Interval | exp.Filter | exp.Query)
    return found[0] if fits else None
