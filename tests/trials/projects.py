"""A small project for tests of the tester, run with tests given as YAML."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from tallymark import TestRun, run_tests

METRICS = """\
parameters: {least: 10}
datasets:
  customers: {table: customers.csv, key: id, columns: {id: text, country: text}}
  orders:
    table: orders.csv
    key: id
    time: at
    refs: {customer: customers}
    columns:
      id: integer
      customer: text
      plan: text
      amount: {unit: money, column: Amount EUR}
      net: {formula: amount * 0.8, unit: money}
      weight: double
      at: timestamp
      seen: {type: instant}
      gift: boolean
      due: date
  loose: {table: loose.csv, time: day}
  stays: {table: stays.csv, key: id, valid: [from_day, to_day], refs: {customer: customers},
          columns: {id: integer, customer: text, fee: {unit: money}, from_day: date, to_day: date}}
  sittings: {transform: "sessionize(orders, gap: 30 minutes, per customer)"}
metrics:
  revenue: {formula: sum(orders.amount), unit: money, label: {en: Takings, fr: Recettes}}
  net_revenue: {formula: sum(orders.net), unit: money}
  order_count: {formula: count(orders), unit: count}
  average_order: {formula: revenue / order_count, unit: money}
  french: {formula: (revenue where customer.country = 'FR'), unit: money}
  growing: {formula: growth(revenue) * 100, unit: percent}
  sliding: {formula: "trailing(revenue, 3 months)", unit: money}
  per_head: {formula: avg(revenue per customer), unit: money}
  by_month: {formula: avg(revenue per month), unit: money}
  share_of_all: {formula: revenue / total(revenue) * 100, unit: percent}
  longest: max(orders.weight)
  large: {formula: count(orders where amount > $least), unit: count}
  loose_sum: sum(loose.n)
  loose_other: sum(loose.other)
  fees: {formula: sum(stays.fee), unit: money}
  rated: {formula: avg(orders.amount), unit: money, direction: up, target: 5, bands: {low: {below: 8}, high: {from: 8}}}
  hourly: {formula: revenue / 1 hour}
  twice_hourly: {formula: hourly * 2}
rules:
  many_orders:
    when: order_count > 10
    clear: order_count < 5
    grain: month
    for: 2 periods
    no_data: 2 periods
    message: "{order_count} orders in {period}"
    severity: critical
  by_plan: {when: revenue > 100, grain: month, by: [plan], where: customer.country = 'FR'}
  by_country: {when: revenue > 100, grain: month, by: [customer.country]}
  bad_amounts: {when: not amounts, grain: month, no_data: 1 period}
checks:
  amounts: {dataset: orders, every: amount > 0}
"""


def put(folder: Path, tests: str, metrics: str = METRICS) -> None:
    """A project without data, with some tests written as they stand below `tests:`."""
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "tally.yaml").write_text("name: Shop\ncurrency: EUR\ntimezone: Europe/Paris\n", encoding="utf-8")
    (folder / "metrics/shop.yaml").write_text(metrics, encoding="utf-8")
    text = "tests:\n" + indent(tests.strip("\n"), "  ") + "\n"
    (folder / "metrics/tests.yaml").write_text(text, encoding="utf-8")


def run(folder: Path, tests: str, *names: str, metrics: str = METRICS) -> TestRun:
    """The run of some tests of such a project."""
    put(folder, tests, metrics)
    return run_tests(folder, names, plugins=False)
