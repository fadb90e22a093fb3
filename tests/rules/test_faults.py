"""What is wrong with rules, found when a project is opened: each fault with its code, its place and a way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pyarrow
import pytest

import tallymark
from tallymark.definitions import NotifierDef
from tallymark.engine.ruling import unsound_rules
from tallymark.errors import Fault, FaultError
from tallymark.read import read_texts

PROJECT = """
name: shop
datasets:
  orders:
    time: at
    columns: {at: date, plan: text, amount: {unit: money}, customer_id: text}
    refs: {customer: {dataset: customers, column: customer_id}}
  customers: {key: id, columns: {id: text, country: text}}
  visits: {time: at, columns: {at: date}}
"""
METRICS = """
parameters:
  window: 28 days
metrics:
  revenue: sum(orders.amount)
  average: avg(orders.amount)
  visits: count(visits)
  busy: trailing(revenue, $window) > 100
  worth: {formula: sum(orders.amount), level: customer}
  waiting: count(tickets)
rules:
"""
CANONICAL = {"support": [("support.yaml", "datasets:\n  tickets: {columns: {id: text}}\n")]}
TABLES = {
    "orders": {"at": "date32", "plan": "string", "amount": "float64", "customer_id": "string"},
    "customers": {"id": "string", "country": "string"},
    "visits": {"at": "date32"},
}

WRONG = [
    ("R024", "Late Orders", "`late_orders`", "Late Orders: {when: revenue < 1, grain: month}"),
    ("R024", "end", "`end_rule`", "end: {when: revenue < 1, grain: month}"),
    ("R021", "revenue < 1", None, "a: revenue < 1"),
    ("R023", "a", "`when: nrr < 100%`", "a: {grain: month}"),
    ("R023", "when", "`when: nrr < 100%`", "a: {when: , grain: month}"),
    ("R023", "a", "`grain: month`", "a: {when: revenue < 1}"),
    ("R022", "fortnight", "`month`", "a: {when: revenue < 1, grain: fortnight}"),
    ("R020", "wen", "did you mean `when`?", "a: {when: revenue < 1, grain: month, wen: 1}"),
    ("R022", "bad", "one of `info`, `warning`, `critical`", "a: {when: revenue < 1, grain: month, severity: bad}"),
    ("R022", "never", "one of `skip`, `include`", "a: {when: revenue < 1, grain: month, partial: never}"),
    ("R021", "[b]", None, "a: {when: revenue < 1, grain: month, labels: {team: [b]}}"),
    ("S139", "<", "add the value it applies to", "a: {when: revenue <, grain: month}"),
    ("A100", "soon", "`for: 2 periods`", "a: {when: revenue < 1, grain: month, for: soon}"),
    ("A100", "0", "`for: 2 periods`", "a: {when: revenue < 1, grain: month, for: 0}"),
    ("A100", "99999 months", "1 to 10,000", "a: {when: revenue < 1, grain: month, for: 99999 months}"),
    ("A100", "-1", "`keep_firing: 2 periods`", "a: {when: revenue < 1, grain: month, keep_firing: -1}"),
    ("A100", "0 months", "`no_data: 2 periods`", "a: {when: revenue < 1, grain: month, no_data: 0 months}"),
    ("A101", "2 weeks", "`for: 2 months`", "a: {when: revenue < 1, grain: month, for: 2 weeks}"),
    ("A101", "1 month", "`no_data: 1 week`", "a: {when: revenue < 1, grain: week, no_data: {after: 1 month}}"),
    (
        "R023",
        "{severity: info}",
        "{after: 3 periods}",
        "a: {when: revenue < 1, grain: month, no_data: {severity: info}}",
    ),
    ("A102", "2024-02-30", "2024-12-31", "a: {when: revenue < 1, grain: month, since: 2024-02-30}"),
    ("A103", "{1 + 1}", "braces hold a name", 'a: {when: revenue < 1, grain: month, message: "{1 + 1}"}'),
    ("A103", "{", "braces hold a name", 'a: {when: revenue < 1, grain: month, message: "open { {period}"}'),
    (
        "A106",
        "revenue.__class__",
        "known:",
        'a: {when: revenue < 1, grain: month, message: "{revenue.__class__}"}',
    ),
    ("T103", "revenu", "did you mean `revenue`?", "a: {when: revenu < 1, grain: month}"),
    ("A104", "revenue", "compare it", "a: {when: revenue, grain: month}"),
    ("A104", "revenue", "compare it", "a: {when: revenue < 1, grain: month, clear: revenue}"),
    ("A104", "1 < 2", "name a metric", "a: {when: 1 < 2, grain: month}"),
    ("U301", "visits + revenue", None, "a: {when: visits + revenue < 1, grain: month}"),
    ("A105", "revenue < 1", "leave it out", "a: {when: revenue < 1, grain: month, clear: revenue < 1}"),
    ("A105", "revenue < 0.5", "`>`", "a: {when: revenue < 1, grain: month, clear: revenue < 0.5}"),
    ("A105", "10 < revenue", "`<`", "a: {when: revenue > 5, grain: month, clear: 10 < revenue}"),
    ("T111", "colour", None, "a: {when: revenue < 1, grain: month, by: [plan, colour]}"),
    ("T111", "contry", "`customer.country`", "a: {when: revenue < 1, grain: month, by: contry}"),
    ("T111", "plan", None, "a: {when: revenue / visits < 1, grain: month, by: plan}"),
    ("A111", "plan", "name it once", "a: {when: revenue < 1, grain: month, by: [plan, plan]}"),
    ("Q591", "plan at noon", "`at start` or `at end`", 'a: {when: revenue < 1, grain: month, by: ["plan at noon"]}'),
    ("T111", "colour", None, "a: {when: revenue < 1, grain: month, where: colour = 'red'}"),
    ("T106", "revenue", None, "a: {when: revenue < 1, grain: month, where: revenue > 1}"),
    ("T280", "worth", "`by:`", "a: {when: worth < 1, grain: month, by: plan}"),
    ("A106", "revenu", "did you mean `revenue`?", 'a: {when: revenue < 1, grain: month, message: "{revenu}"}'),
    ("A106", "plan", None, 'a: {when: revenue < 1, grain: month, message: {fr: "{plan} : {revenue}"}}'),
    ("T111", "visits", None, 'a: {when: revenue < 1, grain: month, by: plan, message: "{plan} {visits}"}'),
    ("T280", "worth", "`by:`", 'a: {when: revenue < 1, grain: month, message: "{worth}"}'),
    ("A107", "slak", "did you mean `slack`?", "a: {when: revenue < 1, grain: month, notify: [log, slak]}"),
    ("T110", "windw", "`window`", "a: {when: busy, grain: month, parameters: {windw: 28 days}}"),
    ("Q504", "window", None, "a: {when: busy, grain: month, parameters: {window: soon}}"),
]

SOUND = [
    "a: {when: revenue < 1, grain: month}",
    "a: {when: busy, grain: month, parameters: {window: 7 days}}",
    "a: {when: worth < 1, grain: month, by: customer, message: '{customer} {worth}'}",
    "a: {when: worth < 1, grain: month, where: customer = 'c1'}",
    "a: {when: revenue / visits < 2, grain: day, for: 3 days, no_data: never}",
    "a: {when: revenue < 1, grain: month, by: [customer.country], message: 'In { customer.country }: {revenue} {rule} {since}'}",
    "a: {when: revenue > 10, grain: month, clear: revenue <= 10}",
    "a: {when: growth(revenue) < -5%, grain: month, clear: growth(revenue) > 0%, notify: [slack, log]}",
    "a: {when: revenue > 10, grain: month, clear: average < 5}",
]


@cache
def book() -> tallymark.Book:
    """The project without rules, whose catalog all rules are held against."""
    read, faults = read_texts(_files(""), packs=CANONICAL)
    tables = {name: _empty(columns) for name, columns in TABLES.items()}
    made = tallymark.open(definitions=read, tables=tables, strict=False)
    assert ["metric `waiting`"] == [f.subject for f in (*faults, *made.faults)]
    return made


def found(rules: str) -> tuple[Fault, ...]:
    """The faults of these rules in the project."""
    read, faults = read_texts(_files(rules), packs=CANONICAL)
    told = {name: NotifierDef(name, "stdout") for name in ("slack", "log")}
    return (*faults, *unsound_rules(replace(read, notifiers=told), book().catalog, book().plugins))


def _files(rules: str) -> list[tuple[str, str]]:
    lines = "".join(f"  {line.strip()}\n" for line in rules.split("\n") if line)
    return [("tally.yaml", PROJECT + "packs: [support]\n"), ("metrics/rules.yaml", METRICS + lines)]


def _empty(columns: Mapping[str, str]) -> pyarrow.Table:
    kinds = {"string": pyarrow.string(), "date32": pyarrow.date32(), "float64": pyarrow.float64()}
    return pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()]).empty_table()


@pytest.mark.parametrize(("code", "stretch", "help", "rules"), WRONG, ids=[f"{c} {r[:60]}" for c, _, _, r in WRONG])
def test_a_mistake_is_told_with_its_place(code: str, stretch: str, help: str | None, rules: str) -> None:
    """One mistake is one fault, at the stretch that is wrong, with a way out, in the subject of the rule."""
    (fault,) = found(rules)
    assert code == fault.code, fault
    assert fault.place is not None
    line = fault.place.text
    assert stretch == line[fault.place.column - 1 : fault.place.column - 1 + fault.place.width]
    assert (help or "") in f"{fault.message} {fault.help}"


@pytest.mark.parametrize("rules", SOUND)
def test_what_is_sound_is_not_complained_of(rules: str) -> None:
    """Sound rules are opened without a fault or a warning."""
    assert () == found(rules)


@pytest.mark.parametrize(
    ("when", "clear"), [("revenue > 20", "revenue < 30"), ("revenue < 20", "revenue > 10"), ("revenue < 20", "revenue < 30")]
)  # fmt: skip
def test_a_clear_that_overlaps_is_a_warning(when: str, clear: str) -> None:
    """Limits that overlap are allowed, as `when` goes first, and told."""
    (fault,) = found(f"a: {{when: {when}, grain: month, clear: {clear}}}")
    assert ("A105", "warning") == (fault.code, fault.severity)


def test_a_rule_that_waits_for_data_is_a_warning() -> None:
    """A rule of the project's own over a dataset that the project does not have can be opened, and says what it needs."""
    (fault,) = found("a: {when: waiting > 5, grain: month}")
    assert ("A108", "warning") == (fault.code, fault.severity)
    assert "dataset tickets" in fault.message


def test_rules_belong_in_metric_files() -> None:
    """`rules:` in `tally.yaml` is told where to go."""
    _, (fault,) = read_texts([("tally.yaml", "name: a\nrules:\n  a: {when: nrr < 1, grain: month}\n")])
    assert ("R020", True) == (fault.code, "in a metric file" in (fault.help or ""))


def test_unknown_rules_are_told_with_the_nearest_name() -> None:
    """Evaluating a rule that there is not names the one that was meant."""
    read, _ = read_texts(_files("late: {when: revenue < 1, grain: month}"))
    tables = {name: _empty(columns) for name, columns in TABLES.items()}
    with tallymark.open(definitions=read, tables=tables, strict=False) as opened, pytest.raises(FaultError) as raised:
        opened.evaluate("lat")
    (fault,) = raised.value.faults
    assert ("A109", "did you mean `late`?") == (fault.code, fault.help)


def test_the_faults_of_rules_are_the_books() -> None:
    """Opening a project tells what is wrong with its rules."""
    read, _ = read_texts(_files("late: {when: revenue, grain: month}"))
    tables = {name: _empty(columns) for name, columns in TABLES.items()}
    with pytest.raises(FaultError) as raised:
        tallymark.open(definitions=read, tables=tables)
    assert {"A104"} <= {f.code for f in raised.value.faults}
