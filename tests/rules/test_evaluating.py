"""What evaluation adds to the machine: which instances there are, which periods, which values are shown, and where from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow
import pytest

import tallymark
from tallymark.errors import FaultError
from tallymark.read import read_texts
from tallymark.rules.choosing import chosen, condition, spoken
from tallymark.rules.states import Instance

PROJECT = """
name: shop
timezone: Europe/Paris
locale: fr
datasets:
  orders:
    time: at
    columns:
      at: timestamp
      plan: text
      vip: boolean
      day: date
      size: decimal
      amount: {unit: money}
      customer_id: text
    refs: {customer: {dataset: customers, column: customer_id}}
  customers: {key: id, columns: {id: text, country: text, name: text}}
  visits: {time: at, columns: {at: timestamp, plan: text}}
currency: EUR
"""
METRICS = """
metrics:
  revenue: {formula: sum(orders.amount), label: {fr: Chiffre d'affaires}}
  average: avg(orders.amount)
  orders: count(orders)
  visits: count(visits)
  scarce: {formula: avg(orders.amount), min_count: 3}
rules:
"""
SHAPE = pyarrow.schema(
    [
        ("at", pyarrow.timestamp("us")), ("plan", pyarrow.string()), ("vip", pyarrow.bool_()), ("day", pyarrow.date32()),
        ("size", pyarrow.decimal128(6, 2)), ("amount", pyarrow.float64()), ("customer_id", pyarrow.string()),
    ]
)  # fmt: skip


def order(at: str, plan: str | None = "pro", amount: float | None = 10, **more: Any) -> dict[str, Any]:
    """A row of orders."""
    return {"at": datetime.fromisoformat(at), "plan": plan, "amount": amount, **more}


ORDERS = [
    order("2024-01-10", "pro", 100, vip=True, day=date(2024, 1, 10), size=Decimal("1.50"), customer_id="c1"),
    order("2024-02-10", "pro", 40, vip=True, day=date(2024, 1, 10), size=Decimal("1.50"), customer_id="c1"),
    order("2024-02-11", "l'été", 7, vip=False, day=date(2024, 2, 11), size=Decimal("-2"), customer_id="c2"),
    order("2024-03-31 01:30", None, 1000, customer_id="gone"),
    order("2024-03-31 23:30", "pro", 1, vip=True, customer_id="c2"),
]


def opened(rules: str, orders: Sequence[Mapping[str, Any]] = ORDERS, visits: Sequence[str] = ()) -> tallymark.Book:
    """The shop with these rules and rows."""
    lines = "".join(f"  {line.strip()}\n" for line in rules.strip().split("\n"))
    read, faults = read_texts([("tally.yaml", PROJECT), ("metrics/rules.yaml", METRICS + lines)])
    assert [] == [str(f) for f in faults]
    made: dict[str, Any] = {"at": [datetime.fromisoformat(v) for v in visits], "plan": ["pro"] * len(visits)}
    customers = {"id": ["c1", "c2"], "country": ["FR", "RO"], "name": ["Ada", None]}
    tables = {
        "orders": pyarrow.Table.from_pylist(list(orders), schema=SHAPE),
        "customers": pyarrow.table(customers),
        "visits": pyarrow.table(made, schema=pyarrow.schema([("at", pyarrow.timestamp("us")), ("plan", pyarrow.string())])),
    }  # fmt: skip
    return tallymark.open(definitions=read, tables=tables)


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """The shop with a rule of each kind of dimension."""
    rules = "\n".join(
        f"by_{name}: {{when: average > 50, grain: month, by: [{by}], message: '{{orders}}'}}"
        for name, by in {
            "plan": "plan", "vip": "vip", "day": "day", "size": "size", "country": "customer.country", "customer": "customer",
            "two": "plan, customer.country",
        }.items()
    )  # fmt: skip
    with opened(rules) as made:
        yield made


def test_instances_are_the_values_of_dimensions(book: tallymark.Book) -> None:
    """Each combination of values with a row is an instance, no value included, in a fixed order with values of its type."""
    assert [(("plan", "l'été"),), (("plan", "pro"),), (("plan", None),)] == list(book.evaluate("by_plan").instances)
    assert {(("vip", False),), (("vip", True),), (("vip", None),)} == book.evaluate("by_vip").instances.keys()
    days = {(("day", date(2024, 1, 10)),), (("day", date(2024, 2, 11)),), (("day", None),)}
    assert days == book.evaluate("by_day").instances.keys()
    sizes = {(("size", Decimal("1.50")),), (("size", Decimal("-2")),), (("size", None),)}
    assert sizes == book.evaluate("by_size").instances.keys()
    countries = [(("customer.country", "FR"),), (("customer.country", "RO"),), (("customer.country", None),)]
    assert countries == list(book.evaluate("by_country").instances)
    assert ("plan", "customer.country") == tuple(name for name, _ in next(iter(book.evaluate("by_two").instances)))


@pytest.mark.parametrize("name", ["plan", "vip", "day", "size", "country", "customer", "two"])
def test_an_instance_can_be_asked_for(book: tallymark.Book, name: str) -> None:
    """The condition of each instance finds it among the others, and a receipt under it has the number of the rule."""
    found = book.evaluate(f"by_{name}", as_of="2024-03-31")
    for instance, points in found.instances.items():
        where = condition(instance)
        assert (instance,) == chosen(where, found.rule.by, found.instances)
        explained = book.explain_rule(f"by_{name}", at="2024-03", where=where, as_of="2024-03-31")
        (receipt,) = explained.receipts
        assert points[-1].observation.values["average"] == receipt.value
        assert points == explained.series(instance)


def test_values_are_as_asked_and_shown_as_read(book: tallymark.Book) -> None:
    """What a rule compares and its message names is what a question gives, shown with its unit in the language."""
    found = book.evaluate("by_plan", as_of="2024-03-31")
    answer = book.ask("average", "orders", by="plan", grain="month", as_of="2024-03-31").to_dicts()
    asked = {(row["plan"], row["period"]): (row["average"], row["orders"]) for row in answer}
    for instance, points in found.instances.items():
        for point in points:
            values = point.observation.values
            assert asked[dict(instance)["plan"], point.period] == (values["average"], values["orders"])
    january = found.instances[(("plan", "pro"),)][0].observation.shown
    assert {"average": "100,00\u00a0€", "orders": "1"} == january


def test_an_instance_begins_with_its_first_row(book: tallymark.Book) -> None:
    """Before the first row under it there is nothing to say of a value."""
    found = book.evaluate("by_plan", as_of="2024-03-31")
    firsts = {dict(i)["plan"]: found.labels[points[0].period] for i, points in found.instances.items()}
    assert {"pro": "2024-01", "l'été": "2024-02", None: "2024-03"} == firsts


def test_the_message_changes_no_state() -> None:
    """A metric that only the message names brings no instance and no period, whatever rows it has."""
    rules = """
        plain: {when: orders < 1, grain: month, by: [plan]}
        worded: {when: orders < 1, grain: month, by: [plan], message: "{plan}: {visits} in {period}"}
    """
    with opened(rules, visits=["2023-06-01", "2024-02-01", "2024-02-02"]) as book:
        plain, worded = (book.evaluate(name, as_of="2024-04-30") for name in ("plain", "worded"))
    assert plain.meaning == worded.meaning
    assert plain.periods == worded.periods
    states = [{i: [p.state for p in points] for i, points in e.instances.items()} for e in (plain, worded)]
    assert states[0] == states[1]
    (_, february, *_) = worded.instances[(("plan", "pro"),)]
    assert ("2", 2) == (february.observation.shown["visits"], february.observation.values["visits"])
    assert "visits" not in plain.instances[(("plan", "pro"),)][1].observation.values


def test_a_message_names_bands_and_targets() -> None:
    """A metric's band in its word and its target are values of a message, where the metric has them; else a fault."""
    standards = "label: {fr: Ventes}, direction: up, target: {value: 50, grain: month}, bands: {grain: month, good: {from: 30}, bad: {below: 30}}"
    metrics = f"metrics:\n  sold: {{formula: sum(orders.amount), {standards}}}\n  other: count(orders)\nrules:\n"
    rule = "  low: {when: other > 0, grain: month, message: '%s'}\n"
    tables = {"orders": pyarrow.Table.from_pylist(ORDERS[:3], schema=SHAPE)}
    project = PROJECT.partition("  customers:")[0].replace(
        "    refs: {customer: {dataset: customers, column: customer_id}}\n", ""
    )

    def faults_of(message: str) -> tuple[list[str], Any]:
        read, _ = read_texts([("tally.yaml", project), ("metrics/shop.yaml", metrics + rule % message)])
        made = tallymark.open(definitions=read, tables=tables, strict=False)
        return [fault.code for fault in made.faults], made

    codes, book = faults_of("{sold_band} {sold_target}")
    assert [] == codes
    points = book.evaluate("low", as_of="2024-02-29").instances[()]
    assert [("Good", "50,"), ("Good", "50,")] == [
        (p.observation.shown["sold_band"], p.observation.shown["sold_target"][:3]) for p in points
    ]
    assert [{"other", "sold_band", "sold_target"}] * 2 == [set(p.observation.values) for p in points]
    assert ["A106", "A106"] == faults_of("{other_band} {other_target}")[0]


def test_an_hour_that_comes_twice_is_two_periods() -> None:
    """When the clock is put back, the hour is evaluated, named and told as two; neither takes the other's place."""
    rows = [order("2024-10-27 00:30"), order("2024-10-27 01:30")]
    with opened("busy: {when: orders > 0, grain: hour, since: 2024-10-27}", rows) as book:
        found = book.evaluate("busy", as_of="2024-10-27")
    assert 25 == len(found.periods) == len({found.labels[p] for p in found.periods})
    (points,) = found.instances.values()
    assert ["2024-10-27 02:00+02:00", "2024-10-27 02:00+01:00"] == [found.labels[p.period] for p in points[2:4]]
    assert [datetime(2024, 10, 27, hour, tzinfo=UTC) for hour in (0, 1)] == [p.period for p in points[2:4]]
    assert [True, True, False] == [p.state.status == "firing" for p in points[:3]]
    assert 25 == len(points)


def test_hours_are_instants() -> None:
    """Of a rule by the hour the periods are instants, as in an answer; the clock may show one twice."""
    with opened("busy: {when: orders > 0, grain: hour, since: 2024-03-31}") as book:
        found = book.evaluate("busy", as_of="2024-03-31")
    assert datetime(2024, 3, 31, 0, 0, tzinfo=UTC) == found.instances[()][0].period
    assert 23 == len(found.periods), "the day has 23 hours, from midnight in Paris on"
    firing = [found.labels[p.period] for p in found.instances[()] if p.state.status == "firing"]
    assert ["2024-03-31 01:00", "2024-03-31 23:00"] == [label[:16] for label in firing]


def test_parameters_and_formulas_are_the_meaning() -> None:
    """Two rules of other names mean the same when they look at the same; any condition, dimension or filter counts."""
    rules = """
        a: {when: average > 50, grain: month}
        b: {when: average  >  50, grain: month, notify: [], severity: info, label: B}
        c: {when: average > 50, grain: week}
        d: {when: average > 50, grain: month, by: [plan]}
        e: {when: average > 50, grain: month, where: plan = 'pro'}
        f: {when: average > 50, grain: month, clear: average < 40}
        g: {when: average > 50, grain: month, for: 2}
        h: {when: average > 50, grain: month, since: 2024-01-01}
        i: {when: average >= 50, grain: month}
    """
    with opened(rules) as book:
        means = {name: book.evaluate(name, as_of="2024-03-31").meaning for name in book.rules}
    assert means["a"] == means["b"]
    assert 8 == len(set(means.values()))


REST = """
parameters: {least: 50}
datasets:
  lines:
    columns: {id: text, size: integer, great: {formula: size > 10}, order_id: text}
    refs: {order: {dataset: orders, column: order_id}}
  orders:
    key: id
    time: at
    columns:
      id: text
      at: timestamp
      plan: text
      gross: number
      net: {formula: gross * 0.8}
      kind: {formula: upper(plan)}
      bought: {formula: count(lines)}
metrics:
  revenue: sum(orders.net)
  long: avg(orders.bought)
rules:
  high: {when: revenue > $least, grain: month, by: [kind]}
  long: {when: long > 3, grain: month}
"""
CHANGES = [
    ({"high"}, "gross * 0.8", "gross * 0.9"),
    ({"high"}, "upper(plan)", "lower(plan)"),
    ({"high"}, "least: 50", "least: 60"),
    ({"long"}, "count(lines)", "count(lines where great)"),
    (set(), "size > 10", "size > 11"),
    (set(), "size: integer", "size: integer, colour: text"),
    (set(), "metrics:", "# more rows come soon\nmetrics:"),
]
"""Of which rules the meaning is another when one text is replaced by the other."""


def meanings(text: str, project: str = "") -> dict[str, str]:
    """What the rules of a project without data mean."""
    read, faults = read_texts([("tally.yaml", f"name: shop\n{project}"), ("metrics/rules.yaml", text)])
    assert [] == [str(f) for f in faults]
    lines = {"id": ["l"], "size": [1], "order_id": ["o"]}
    orders = {"id": ["o"], "at": [datetime(2024, 1, 5)], "plan": ["pro"], "gross": [1.0], "colour": [""]}
    tables = {"lines": pyarrow.table({**lines, "colour": ["red"]}), "orders": pyarrow.table(orders)}
    with tallymark.open(definitions=read, tables=tables) as book:
        return {name: book.evaluate(name, as_of="2024-01-31").meaning for name in book.rules}


@pytest.mark.parametrize(("changed", "before", "now"), CHANGES)
def test_what_changes_the_numbers_changes_the_meaning(changed: set[str], before: str, now: str) -> None:
    """A computed column that a rule rests on, near or far, and a parameter's default are what it means; others are not."""
    first, second = meanings(REST), meanings(REST.replace(before, now))
    assert changed == {name for name in first if first[name] != second[name]}


@pytest.mark.parametrize("setting", ["timezone: Europe/Paris", "week_start: sunday", "fiscal_year_start: 4"])
def test_the_calendar_is_the_meaning(setting: str) -> None:
    """Settings that put rows into other periods change what rules mean; the project's language does not."""
    assert meanings(REST) == meanings(REST, "language: fr\n")
    assert not set(meanings(REST).values()) & set(meanings(REST, f"{setting}\n").values())


def test_a_hidden_number_is_not_told_by_what_is_made_of_it() -> None:
    """A receipt and the values of a rule keep quiet about a number with too little behind it."""
    with opened("few: {when: scarce ?? 0 > 5, grain: month}") as book:
        explained = book.explain_rule("few", at="2024-01", as_of="2024-03-31")
    assert "100" not in explained.text(120)
    assert "100" not in json.dumps(explained.to_dict(), default=str).replace(explained.evaluation.meaning, "")


# --- which instance, which period ------------------------------------------------------------------------------------

INSTANCES: tuple[Instance, ...] = (
    (("plan", "pro"), ("n", 1)),
    (("plan", "pro"), ("n", None)),
    (("plan", None), ("n", Decimal("1.5"))),
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, (0, 1, 2)),
        ("plan = 'pro'", (0, 1)),
        ("plan = 'pro' and n = 1", (0,)),
        ("n is null", (1,)),
        ("(plan is null) and n = 1.5", (2,)),
    ],
)
def test_a_condition_chooses_instances(where: str | None, expected: tuple[int, ...]) -> None:
    """Values of dimensions joined by `and` choose the instances that have them."""
    assert tuple(INSTANCES[n] for n in expected) == chosen(where, ("plan", "n"), INSTANCES)


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("plan = 'team'", "A113"),
        ("n = true", "A113"),
        ("country = 'FR'", "A112"),
        ("plan != 'pro'", "A112"),
        ("plan = 'pro' or n = 1", "A112"),
        ("plan =", "S139"),
    ],
)
def test_a_condition_that_chooses_nothing_is_a_fault(where: str, code: str) -> None:
    """What names no instance says so, and names those there are."""
    with pytest.raises(FaultError) as raised:
        chosen(where, ("plan", "n"), INSTANCES)
    assert [code] == [f.code for f in raised.value.faults]


def test_instances_are_spoken_of() -> None:
    """An instance reads as its dimensions with their values."""
    assert "plan = pro, n = –" == spoken(INSTANCES[1])
    assert "" == spoken(())


@pytest.mark.parametrize(("at", "words"), [("2024-04", "not over yet"), ("2023-12", "from 2024-01 to 2024-03"), ("soon", "from 2024-01")])  # fmt: skip
def test_a_period_that_was_not_looked_at_is_a_fault(at: str, words: str, book: tallymark.Book) -> None:
    """The fault says what was looked at, or why the period was not."""
    with pytest.raises(FaultError) as raised:
        book.explain_rule("by_plan", at=at, as_of="2024-04-15")
    (fault,) = raised.value.faults
    assert ("A114", True) == (fault.code, words in (fault.help or "")), fault.help


def test_several_instances_are_a_line_each(book: tallymark.Book) -> None:
    """Without a condition a rule by a dimension has a line for each instance, one that fires first, and no receipt."""
    explained = book.explain_rule("by_plan", as_of="2024-03-31")
    assert () == explained.receipts
    lines = explained.text(120).splitlines()
    assert ["–", "l'été", "pro"] == [line.split()[0] for line in lines[lines.index("") + 2 :][:3]]


def test_keys_go_by_their_names(book: tallymark.Book) -> None:
    """A value that is the key of a dataset with a column `name` is shown with the name, others as they are."""
    found = book.evaluate("by_customer", as_of="2024-03-31")
    assert {("customer", "c1"): "Ada"} == found.names
    assert ["c1 (Ada)", "c2", "–"] == [found.shown("customer", value) for value in ("c1", "c2", None)]
    assert {} == book.evaluate("by_plan", as_of="2024-03-31").names
    explained = book.explain_rule("by_customer", where="customer = 'c1'", as_of="2024-03-31")
    assert "customer = c1 (Ada)" in explained.text(120)


def test_the_urgent_stand_first() -> None:
    """Of many instances those that fire come first, then those without data, then pending ones; of the rest some."""
    orders = [order("2024-01-10", f"p{n:02}", 10) for n in range(60)]
    orders += [order("2024-02-10", f"p{n:02}", 100 if n == 57 else 10) for n in range(60) if n != 58]
    orders += [order("2024-01-11", "p59", 1000), order("2024-02-11", "p59", 1000)]
    with opened("high: {when: average > 50, grain: month, by: plan, for: 2, no_data: 1}", orders) as book:
        lines = book.explain_rule("high", as_of="2024-02-29").text(120).splitlines()
    rows = [line.split() for line in lines if line.startswith("p") and line[1:3].isdigit()]
    assert ["p59", "p58", "p57", "p00", "p01"] == [row[0] for row in rows[:5]]
    assert ["firing", "no", "pending", "ok", "ok"] == [row[2] if row[2] != "€" else row[3] for row in rows[:5]]
    assert 40 == len(rows)
    assert "note: 20 more instances: `--format json` has all of them" in lines


def test_an_explanation_is_data_too(book: tallymark.Book) -> None:
    """JSON has the series with values at full precision, and the receipts."""
    explained = book.explain_rule("by_plan", at="2024-02", where="plan = 'pro'", as_of="2024-03-31")
    told = json.loads(explained.to_json())
    (only,) = told["instances"]
    assert {"plan": "pro"} == only["instance"]
    assert [("2024-01", "firing", 100.0), ("2024-02", "ok", 40.0)] == [
        (p["period"], p["status"], p["values"]["average"]) for p in only["series"]
    ]
    assert [40.0] == [receipt["value"] for receipt in told["receipts"]]
