"""Facts to measure on: the same on every machine and in every run, made by DuckDB from the rows' numbers alone."""

from __future__ import annotations

from functools import cache

import duckdb
import pyarrow

import tallymark
from tallymark.definitions import Project
from tallymark.read import read_texts

FIRST, LAST = "2021-01-01", "2023-12-31"
"""The days of the first and the last row."""

GROUPS = 40

PURCHASES = """
SELECT
  i AS id,
  'c' || (i * 2654435761 // 65536 % 100000) AS customer,
  'g' || (i * 2246822519 // 65536 % {groups}) AS grp,
  TIMESTAMP '2021-01-01' + INTERVAL (i * 3266489917 // 65536 % (1095 * 86400)) SECOND AS moment,
  (i * 668265263 // 65536 % 100000 / 100.0)::DECIMAL(18, 6) AS amount,
  i * 374761393 // 65536 % 5 AS items
FROM range({rows}) AS r(i)
"""
"""Every column is scattered by a prime of its own."""

METRICS = """
datasets:
  purchases:
    source: memory
    table: purchases
    key: id
    time: moment
    columns:
      id: {type: integer}
      customer: {type: text}
      grp: {type: text}
      moment: {type: timestamp}
      amount: {type: decimal}
      items: {type: integer}
metrics:
  revenue: {formula: sum(purchases.amount)}
  purchases: {formula: count(purchases)}
  items: {formula: sum(purchases.items)}
  average: {formula: avg(purchases.amount)}
  largest: {formula: max(purchases.amount)}
  smallest: {formula: min(purchases.amount)}
  big: {formula: count(purchases where amount > 900)}
  revenue_of_big: {formula: sum(purchases.amount where amount > 900)}
  empty: {formula: count(purchases where items = 0)}
  revenue_of_many: {formula: sum(purchases.amount where items >= 3)}
  revenue_28_days: {formula: 'trailing(revenue, 28 days)'}
  buyers: {formula: count_distinct(purchases.customer)}
  buyers_28_days: {formula: 'trailing(buyers, 28 days)'}
  buyers_so_far: {formula: cumulative(buyers)}
  spread_28_days: {formula: 'trailing(stddev(purchases.amount), 28 days)'}
  revenue_so_far: {formula: cumulative(revenue)}
  lifetime_value: {formula: avg(cumulative(revenue) per customer)}
"""

TEN = (
    "revenue", "purchases", "items", "average", "largest", "smallest", "big", "revenue_of_big", "empty",
    "revenue_of_many",
)  # fmt: skip


@cache
def database(rows: int) -> duckdb.DuckDBPyConnection:
    """A database of its own with the table `purchases`, for SQL written by hand."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE purchases AS {PURCHASES.format(rows=rows, groups=GROUPS)}")
    return connection


@cache
def book(rows: int) -> tallymark.Book:
    """A book over the same table."""
    definitions, faults = read_texts([("metrics.yaml", METRICS)], project=Project(folder=""))
    if faults:
        raise tallymark.FaultError(faults)
    table = answer(rows, "SELECT * FROM purchases")
    return tallymark.open(definitions=definitions, tables={"purchases": table}, plugins=False)


def answer(rows: int, sql: str) -> pyarrow.Table:
    """What SQL written by hand gives."""
    return database(rows).sql(sql).to_arrow_table()
