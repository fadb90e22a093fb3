"""Checks of data as written, and the metrics they stand for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tallymark.definitions import MinCountDef
from tallymark.formula.write import write
from tallymark.read import read_texts

DATA = """
datasets:
  orders:
    table: orders.csv
    key: id
    time: at
    refs: {customer: customers}
    columns: {id: text, customer: text, at: timestamp, amount: integer, status: text}
  customers: {table: customers.csv, key: number, columns: {number: text, mail: text}}
  contracts: {table: contracts.csv, valid: [begun, over], columns: {begun: date, over: date}}
"""


def metrics(check: str) -> dict[str, str]:
    """The formulas that the check `c` stands for."""
    definitions, faults = read_texts([("data.yaml", DATA), ("checks.yaml", f"checks:\n  c: {check}\n")])
    assert [] == [str(f) for f in faults]
    assert tuple(definitions.metrics) == definitions.checks["c"].metrics
    return {name: write(m.formula.node) for name, m in definitions.metrics.items() if m.formula.node is not None}


FORMS = [
    (
        "{dataset: orders, fresh: 2 days, where: status = 'open'}",
        {
            "c": "if(cumulative(count(orders where status = 'open')) > 0, "
            "trailing(count(orders where status = 'open'), 2 days) > 0)",
            "c_newest": "cumulative(max(orders.at where status = 'open'))",
        },
    ),
    (
        "{dataset: contracts, fresh: $late}",
        {
            "c": "if(cumulative(count(contracts on begun)) > 0, trailing(count(contracts on begun), $late) > 0)",
            "c_newest": "cumulative(max(contracts.begun on begun))",
        },
    ),
    (
        "{dataset: orders, per: week, rows: {at_least: 1, at_most: 9, change: 12.5%, usual: 3}}",
        {
            "c": "if(cumulative(count(orders)) > trailing(count(orders), 4 weeks), c_count >= 1 and c_count <= 9 "
            "and abs(c_count * 3 - c_before) * 8 <= c_before)",
            "c_count": "trailing(count(orders), 1 week)",
            "c_before": "trailing(count(orders), 4 weeks) - c_count",
            "c_usual": "c_before / 3",
        },
    ),
    (
        "{dataset: orders, not_null: [customer, amount], tolerance: 3}",
        {
            "c": "if(c_checked > 0, c_rows <= 3)",
            "c_rows": "count(orders where orders.customer is null or orders.amount is null)",
            "c_checked": "count(orders)",
        },
    ),
    (
        "{dataset: orders, unique: id}",
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "cumulative(count(orders.id) - count_distinct(orders.id))",
            "c_checked": "cumulative(count(orders))",
        },
    ),
    (
        "{dataset: orders, unique: [customer, status], on: paid_at, since: 2024-01-01}",
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "cumulative(sum(sum(greatest(count(orders on paid_at "
            "where orders.paid_at >= date('2024-01-01')) - 1, 0) per orders.customer) per orders.status))",
            "c_checked": "cumulative(count(orders on paid_at where orders.paid_at >= date('2024-01-01')))",
        },
    ),
    (
        "{dataset: orders, exists: customer, tolerance: 0.5%}",
        {
            "c": "if(c_checked > 0, c_rows * 200 <= c_checked)",
            "c_rows": "count(orders where orders.customer is not null and orders.customer.number is null)",
            "c_checked": "count(orders)",
        },
    ),
    (
        """{dataset: orders, accepted: {status: [open, "1", 2, true, 2024-01-31, it's]}}""",
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "count(orders where orders.status not in ('open', '1', 2, true, date('2024-01-31'), 'it''s'))",
            "c_checked": "count(orders)",
        },
    ),
    (
        "{dataset: orders, between: {amount: [0, $most], at: [null, \"date('2024-01-31')\"]}}",
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "count(orders where not (orders.amount >= 0 and orders.amount <= $most) "
            "or not orders.at <= date('2024-01-31'))",
            "c_checked": "count(orders)",
        },
    ),
    (
        '{dataset: customers, matches: {mail: "\'@"}}',
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "count(customers where not matches(customers.mail, '''@'))",
            "c_checked": "count(customers)",
        },
    ),
    (
        "{dataset: orders, where: status = 'a' or amount = 1, every: amount > 0 or amount is null}",
        {
            "c": "if(c_checked > 0, c_rows <= 0)",
            "c_rows": "count(orders where (status = 'a' or amount = 1) and not (amount > 0 or amount is null))",
            "c_checked": "count(orders where status = 'a' or amount = 1)",
        },
    ),
    (
        "{equal: [mrr, a - b], where: plan = 'pro', tolerance: 1%}",
        {
            "c": "abs(c_difference) * 200 <= 2 * greatest(abs(c_left), abs(c_right))",
            "c_difference": "c_left - c_right",
            "c_left": "mrr where plan = 'pro'",
            "c_right": "a - b where plan = 'pro'",
        },
    ),
    (
        "{equal: [a, b], tolerance: 2 minutes}",
        {
            "c": "abs(c_difference) <= 2 minutes",
            "c_difference": "c_left - c_right",
            "c_left": "a",
            "c_right": "b",
        },
    ),
]


@pytest.mark.parametrize(("check", "formulas"), FORMS, ids=[c for c, _ in FORMS])
def test_a_check_stands_for_metrics(check: str, formulas: dict[str, str]) -> None:
    """A check is a boolean metric of its name, and the numbers behind it."""
    assert formulas == metrics(check)


def test_its_metrics_are_hidden_tagged_and_labelled() -> None:
    """Lists leave them out, a tag finds them, no project-wide `min_count` hides them, and each says what it is."""
    said = "{dataset: orders, every: amount > 0, label: {en: Sums, fr: Montants}, tags: [sales]}"
    found = read_texts([("data.yaml", DATA), ("checks.yaml", f"checks: {{c: {said}}}")])[0].metrics
    assert {(True, ("check", "sales"), MinCountDef(0))} == {(m.hidden, m.tags, m.min_count) for m in found.values()}
    assert {"en": "Sums: rows that fail", "fr": "Montants: lignes en défaut"} == found["c_rows"].label


BAD = [
    ("{dataset: orders}", "R023", "a check of nothing", 10),
    ("{tolerance: 1%}", "R023", "a check of nothing", 10),
    ("{every: a > 0}", "R023", "`every` without a `dataset`", 14),
    ("{dataset: orders, every: a > 0, unique: a}", "R033", "both `unique` and `every`", 31),
    ("{dataset: orders, rows: {at_least: 1}}", "R023", "`rows` without `per`", 31),
    ("{dataset: orders, per: day, rows: {}}", "R023", "`rows` without a limit", 47),
    ("{dataset: orders, per: day, rows: {at_least: 3, at_most: 2}}", "R131", "is more than `at_most: 2`", 47),
    ("{dataset: orders, per: day, rows: {at_least: 3, usual: 2}}", "R033", "`usual` without `change`", 61),
    ("{dataset: orders, per: day, rows: {change: half}}", "R022", "a percentage", 56),
    ("{dataset: orders, per: day, rows: {at_least: -1}}", "R022", "a whole number of at least 0", 58),
    ("{dataset: orders, per: dy, rows: {at_least: 1}}", "R022", "`per` must be a grain", 36),
    ("{dataset: orders, fresh: soon}", "R022", "`soon` is no duration", 38),
    ("{dataset: orders, fresh: 2 days, tolerance: 1}", "R130", "means nothing beside `fresh`", 46),
    ("{dataset: customers, fresh: 2 days}", "R133", "`customers` names no time", 23),
    ("{dataset: customers, exists: mail}", "R134", "`mail` is no reference", 42),
    ("{dataset: orders, unique: id, per: day}", "R130", "`per` means nothing beside `unique`", 43),
    ("{dataset: orders, accepted: {}}", "R023", "`accepted` of no column", 31),
    ("{dataset: orders, accepted: {id: paid}}", "R021", "a list of values", 46),
    ("{dataset: orders, accepted: [id]}", "R021", "a mapping of columns", 41),
    ("{dataset: orders, between: {id: [1]}}", "R022", "two bounds", 45),
    ("{dataset: orders, between: {id: [null, null]}}", "R023", "`id` has no bound", 45),
    ("{dataset: orders, matches: {id: [a]}}", "R021", "must be a text", 45),
    ("{dataset: orders, every: a >}", "S139", "`>` has nothing on its right", 40),
    ("{dataset: orders, every: a > 0, where: a +}", "S139", "`+` has nothing on its right", 54),
    ("{dataset: orders, every: a > 0, tolerance: some}", "R132", "`some` is no tolerance", 56),
    ("{dataset: orders, every: a > 0, tolerance: 1.5}", "R132", "`1.5` is no number of rows", 56),
    ("{dataset: orders, every: a > 0, tolerance: 2 minutes}", "R132", "`2 minutes` is no number of rows", 56),
    ("{dataset: orders, every: a > 0, since: 2024-02-30}", "R044", "no day `2024-02-30`", 52),
    ("{dataset: orders, every: a > 0, since: today}", "R022", "`since` must be a day", 52),
    ("{dataset: orders, every: a > 0, severity: grave}", "R022", "`error` or `warning`", 55),
    ("{dataset: orders, every: a > 0, wher: a}", "R020", "unknown key `wher`", 45),
    ("{dataset: orders where a, every: a > 0}", "R022", "`orders where a` cannot be a name", 23),
    ("{dataset: orders, not_null: [id, a or b]}", "R022", "`a or b` cannot be a name", 46),
    ("{dataset: orders, matches: {(a: b}}", "R022", "`(a` cannot be a name", 41),
    ("{equal: [a]}", "R022", "a list of two formulas", 21),
    ("{equal: [a, b], dataset: orders}", "R130", "`dataset` means nothing beside `equal`", 29),
    ("{equal: [a, b +]}", "S139", "`+` has nothing on its right", 27),
    ("off", "R135", "no pack has a check `c` to drop", 10),
    ("on", "R022", "`c` must be `off`", 13),
]


@pytest.mark.parametrize(("check", "code", "message", "column"), BAD, ids=[c for c, *_ in BAD])
def test_what_is_wrong_is_told_at_its_place(check: str, code: str, message: str, column: int) -> None:
    """Each mistake is one fault, where it is written, and no formula is made of what is half understood."""
    definitions, faults = read_texts([("data.yaml", DATA), ("checks.yaml", f"checks: {{c: {check}}}")])
    assert [(code, 1, column)] == [(f.code, f.place.line, f.place.column) for f in faults if f.place]
    assert message in faults[0].message
    assert [] == [name for name, metric in definitions.metrics.items() if metric.formula.node is None]


def test_a_name_is_a_name_and_its_metrics_are_nobody_elses() -> None:
    """A check is called like a metric, and its metrics may not be defined otherwise too."""
    (fault,) = read_texts([("c.yaml", "checks: {C: {equal: [a, b]}}")])[1]
    assert ("R024", "write `c`") == (fault.code, fault.help)
    (fault,) = read_texts([("c.yaml", "metrics: {c_left: 1}\nchecks: {c: {equal: [a, b]}}")])[1]
    assert ("R025", 2) == (fault.code, fault.place.line if fault.place else 0)


# --- those of packs --------------------------------------------------------------------------------------------------

PACK = """
checks:
  sums: {dataset: orders, every: amount > 0, severity: warning, label: {en: Sums, fr: Montants}}
  same: {equal: [a, b], tolerance: 1%}
"""


def of_pack(said: str) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """The formulas of the checks of a pack and a project together, and the faults with their lines."""
    files = [("tally.yaml", f"packs: [p]\n{DATA}"), ("c.yaml", f"checks: {said}\n")]
    definitions, faults = read_texts(files, packs={"p": [("p.yaml", PACK)]})
    written = {n: write(m.formula.node) for n, m in definitions.metrics.items() if m.formula.node is not None}
    return written, [(f.code, f.place.line if f.place else 0) for f in faults]


def test_a_project_drops_changes_and_replaces_checks_of_packs() -> None:
    """`off` drops a pack's check; other keys change it; a check of its own stands in its place."""
    written, faults = of_pack("{sums: off}")
    assert ([], {"same", "same_left", "same_right", "same_difference"}) == (faults, set(written))
    assert "sums_rows * 50 <= sums_checked" in of_pack("{sums: {tolerance: 2%}}")[0]["sums"]
    assert "abs(same_difference) <= 7" == of_pack("{same: {tolerance: 7}}")[0]["same"]
    replaced = of_pack("{sums: {dataset: customers, not_null: mail}}")[0]
    assert "count(customers where customers.mail is null)" == replaced["sums_rows"]


def test_what_a_project_changes_keeps_the_rest() -> None:
    """Severity and texts that the project does not mention stay the pack's."""
    files = [("tally.yaml", "packs: [p]"), ("c.yaml", "checks: {sums: {tolerance: 2%, label: {en: Amounts}}}")]
    check = read_texts(files, packs={"p": [("p.yaml", PACK)]})[0].checks["sums"]
    assert ("warning", {"en": "Amounts", "fr": "Montants"}, "p") == (check.severity, check.label, check.pack)
    assert check.tolerance is not None
    assert (Decimal(2), True) == (check.tolerance.amount, check.tolerance.percent)


@pytest.mark.parametrize(
    ("said", "code"),
    [("{sums: {tolerance: 2 days}}", "R132"), ("{sums: {tolerance: 0.5}}", "R132"), ("{same: {on: at}}", "R130"),
     ("{sum: off}", "R135"), ("{sums: {dataset: orders}}", "R023")],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_a_fault(said: str, code: str) -> None:
    """What a pack's check cannot take is told, and so is one that no pack has."""
    assert [(code, 1)] == of_pack(said)[1]


def test_a_projects_metric_stands_before_a_packs_check() -> None:
    """As before a pack's metric: the check of that name is not there."""
    files = [("tally.yaml", "packs: [p]"), ("c.yaml", "metrics: {sums: 1}")]
    definitions, faults = read_texts(files, packs={"p": [("p.yaml", PACK)]})
    assert ([], {"same"}) == (faults, set(definitions.checks))
