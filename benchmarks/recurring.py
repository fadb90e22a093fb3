"""(g) Movements of MRR out of subscription versions: the transforms beside the SQL an analyst would write by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import duckdb
import pyarrow

import tallymark
from benchmarks.race import Race
from tallymark.definitions import Project
from tallymark.read import read_texts

VERSIONS = """
SELECT
  'v' || i AS id, 's' || (i // 10) AS subscription, 'i' || (i // 10) AS item, 'cus_' || (i // 20) AS customer,
  'plan' || (i * 7919 % 5) AS plan,
  CASE WHEN i * 31 % 23 = 0 THEN 'unpaid' WHEN i * 31 % 17 = 0 THEN 'past_due' WHEN i % 10 = 0 THEN 'trialing'
       ELSE 'active' END AS status,
  'EUR' AS currency, (10 + i * 104729 % 500)::DECIMAL(18, 6) AS amount, 1 + i % 5 AS quantity,
  CASE WHEN i // 10 % 4 = 0 THEN 'year' ELSE 'month' END AS "interval", 1 AS interval_count, false AS metered,
  CASE WHEN i % 13 = 0 THEN 10::DECIMAL(18, 6) END AS discount_percent,
  CASE WHEN i % 26 = 0 THEN 'forever' WHEN i % 13 = 0 THEN 'once' END AS discount_duration,
  begun + INTERVAL (i % 10 * 40) DAY AS started_at,
  CASE WHEN i % 10 < 9 OR i // 10 % 3 > 0 THEN begun + INTERVAL ((i % 10 + 1) * 40) DAY END AS ended_at
FROM (SELECT i, TIMESTAMP '2020-01-01' + INTERVAL (i // 10 * 104729 % (365 * 86400)) SECOND AS begun
      FROM range({rows}) AS r(i))
"""
"""Ten versions a subscription, two subscriptions a customer."""

METRICS = """
datasets:
  versions: {source: memory, table: versions, key: id, valid: [started_at, ended_at]}
  subscriptions: {transform: "mrr_subscriptions(versions, trials: exclude)"}
  movements: {transform: mrr_movements(subscriptions)}
metrics:
  moved: sum(movements.amount)
"""

WRITTEN = """
WITH priced AS (
  SELECT customer, started_at, ended_at,
         (amount::DOUBLE * CASE WHEN discount_duration = 'forever' THEN 1 - coalesce(discount_percent, 0) / 100 ELSE 1 END
          / CASE "interval" WHEN 'year' THEN 12 ELSE 1 END)::DECIMAL(18, 6) AS mrr
  FROM versions WHERE status IN ('active', 'past_due')
), steps AS (
  SELECT customer, started_at AS moment, mrr AS step FROM priced
  UNION ALL SELECT customer, ended_at, -mrr FROM priced WHERE ended_at IS NOT NULL
), summed AS (
  SELECT customer, moment, SUM(step) AS step FROM steps GROUP BY customer, moment HAVING SUM(step) <> 0
), ran AS (
  SELECT moment, step, SUM(step) OVER w AS now, LAG(moment) OVER w AS last FROM summed WINDOW w AS (PARTITION BY customer ORDER BY moment)
)
SELECT CASE WHEN now = step THEN CASE WHEN last IS NULL OR moment - last > INTERVAL 365 DAY THEN 'new' ELSE 'reactivation' END
            WHEN now = 0 THEN 'churn' WHEN step > 0 THEN 'expansion' ELSE 'contraction' END AS kind,
       date_trunc('month', moment) AS month, SUM(abs(step)) AS moved
FROM ran WHERE moment >= TIMESTAMP '2020-01-01' AND moment < TIMESTAMP '2022-01-01' GROUP BY ALL ORDER BY month, kind
"""


@cache
def _database(rows: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE versions AS {VERSIONS.format(rows=rows)}")
    return connection


def races(scale: float) -> Iterator[Race]:
    """Ten million versions, 24 months × 5 kinds of movement."""
    size = int(10_000_000 * scale)
    definitions, faults = read_texts([("metrics.yaml", METRICS)], project=Project(folder=""))
    if faults:
        raise tallymark.FaultError(faults)
    table = _database(size).sql("SELECT * FROM versions").to_arrow_table()
    book = tallymark.open(definitions=definitions, tables={"versions": table}, plugins=False)

    def asked() -> pyarrow.Table:
        order = ("time", "kind")
        return book.ask(
            "moved", by="kind", grain="month", start="2020-01-01", end="2021-12-31", order=order, sparse=True
        ).to_arrow()

    yield Race(
        f"{size:,} subscription versions to movements by month",
        {"SQL by hand": lambda: _database(size).sql(WRITTEN).to_arrow_table(), "the transforms": asked},
        rounds=1,
        same=_same,
    )


def _same(left: pyarrow.Table, right: pyarrow.Table) -> bool:
    return [round(float(v), 6) for v in left.column(2).to_pylist()] == [
        round(float(v), 6) for v in right.column(2).to_pylist()
    ]
