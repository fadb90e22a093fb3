"""Reading Parquet files where they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from glob import escape
from itertools import accumulate
from pathlib import Path

import duckdb
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.place import Place
from tallymark.source import TableColumn
from tallymark_plugins.tabular.physical import type_of
from tallymark_plugins.tabular.sqltree import Tree, call, column, script, text
from tallymark_plugins.tabular.staged import Spot, Staged


def stage(cursor: duckdb.DuckDBPyConnection, paths: Sequence[Path], name: Callable[[Path], str]) -> Staged:
    """The files as one relation, columns matched by name and null where a file lacks one.

    Raises FaultError (D427) for a file that is not Parquet, or files whose columns have types that do not agree.
    """
    listed = exp.array(*(text(escape(str(path))) for path in paths))
    relation = exp.Table(this=_call("read_parquet", listed))
    columns = described(cursor, relation, ", ".join(name(path) for path in paths[:3]))

    def spot(position: int, value: str, of: str) -> Spot:
        asked = exp.select(column("num_rows")).from_(exp.Table(this=call("parquet_file_metadata", listed)))
        ends = list(accumulate(row[0] for row in cursor.execute(script(asked)).fetchall()))
        at = min(bisect_right(ends, position), len(paths) - 1)
        return Spot(name(paths[at]), position - (ends[at - 1] if at else 0) + 1)

    return Staged(relation, columns, {each.name: column(each.name) for each in columns}, spot)


def described(cursor: duckdb.DuckDBPyConnection, relation: Tree, shown: str) -> tuple[TableColumn, ...]:
    """The columns of a relation, as DuckDB calls them. Raises FaultError (D427) when it cannot be read."""
    asked = exp.Describe(this=exp.select("*").from_(relation.copy()))
    try:
        rows = cursor.execute(script(asked)).fetchall()
    except (duckdb.InvalidInputException, duckdb.SerializationException, duckdb.BinderException) as error:
        reason = " ".join(str(error).split("\n")[0].split(": ", 1)[-1].split())[:200]
        raise FaultError(Fault("D427", f"cannot read {shown}: {reason}", Place(shown))) from error
    return tuple(TableColumn(row[0], type_of(row[1]), row[1]) for row in rows)


def _call(function: str, listed: Tree) -> Tree:
    settings = {"union_by_name": exp.true(), "hive_partitioning": exp.false()}
    options = [exp.EQ(this=exp.column(key), expression=value) for key, value in settings.items()]
    return exp.Anonymous(this=function, expressions=[listed.copy(), *options])
