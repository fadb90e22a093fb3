"""Whether the key of a dataset repeats, as SQL."""

from __future__ import annotations

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.render.values import column, compare, integer


def repeated_key(catalog: Catalog, dataset: str, relation: tuple[str, ...]) -> str:
    """A SELECT of one key that stands in several rows, and in how many; no row when the keys are unique."""
    own = catalog.datasets[dataset]
    assert own.key is not None
    stored = own.columns[own.key].stored
    assert stored is not None
    key = column(stored)
    table = exp.Table(this=exp.to_identifier(relation[-1], quoted=True))
    if len(relation) > 1:
        table.set("db", exp.to_identifier(relation[-2], quoted=True))
    if len(relation) > 2:
        table.set("catalog", exp.to_identifier(relation[-3], quoted=True))
    count = exp.Count(this=exp.Star())
    known = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
    query = exp.select(key, count).from_(table).where(known).group_by(key.copy())
    return query.having(compare(exp.GT, count.copy(), integer(1))).limit(1).sql("duckdb")
