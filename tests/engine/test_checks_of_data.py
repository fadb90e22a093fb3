"""What comes of checks of data: each kind over the rows of a case whose figures are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tallymark

from .books import opened

CASE = Path(__file__).parents[1] / "cases/data_checks"


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """The case, with seven orders up to 20 March 2024."""
    with tallymark.open(CASE) as book:
        yield book


@pytest.fixture(scope="module")
def results(book: tallymark.Book) -> dict[str, tallymark.CheckResult]:
    """What comes of all of its checks."""
    return {r.name: r for r in book.data_checks()}


# name: passed, what decides, and how many of the periods and slices looked at fail and are unknown
FOUND: dict[str, tuple[bool | None, Any, tuple[int, int, int]]] = {
    "fresh": (False, datetime(2024, 1, 17, 10), (3, 2, 0)),
    "stale": (False, datetime(2024, 3, 19), (1, 1, 0)),
    "paid_fresh": (False, datetime(2024, 2, 6, 9), (1, 1, 0)),
    "begun": (True, date(2024, 2, 15), (1, 0, 0)),
    "ended": (False, date(2024, 2, 10), (1, 1, 0)),
    "two_a_month": (True, 2, (1, 0, 0)),
    "steady": (None, 2, (1, 0, 1)),
    "unsteady": (None, 2, (1, 0, 1)),
    "usual": (False, 1, (6, 6, 0)),
    "filled": (False, 2, (1, 1, 0)),
    "filled_but_two": (True, 2, (1, 0, 0)),
    "filled_but_one": (False, 2, (1, 1, 0)),
    "filled_mostly": (True, 2, (1, 0, 0)),
    "filled_nearly": (False, 2, (1, 1, 0)),
    "keys": (False, 1, (1, 1, 0)),
    "pairs": (False, 1, (1, 1, 0)),
    "pairs_since": (True, 0, (1, 0, 0)),
    "partners": (False, 1, (1, 1, 0)),
    "words": (False, 1, (1, 1, 0)),
    "bounds": (False, 2, (1, 1, 0)),
    "ceiling": (False, 1, (1, 1, 0)),
    "mails": (False, 2, (1, 1, 0)),
    "positive": (False, 2, (1, 1, 0)),
    "half_positive": (True, 2, (1, 0, 0)),
    "not_half_positive": (True, 2, (1, 0, 0)),
    "paid_positive": (False, 2, (1, 1, 0)),
    "monthly_large": (False, 1, (1, 1, 0)),
    "billing": (False, Decimal(-3), (2, 1, 0)),
    "billing_tenth": (False, Decimal(-3), (4, 1, 0)),
    "billing_nearly": (False, Decimal(-3), (2, 1, 0)),
    "billing_three": (True, Decimal(-3), (2, 0, 0)),
    "billing_less": (False, Decimal(-3), (2, 1, 0)),
    "basic_billing": (True, Decimal(0), (2, 0, 0)),
    "unknown_mean": (True, 0.0, (2, 0, 0)),
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str, results: dict[str, tallymark.CheckResult]) -> None:
    """Whether it passed, the number that decides, and the cells behind it."""
    found = results[name]
    assert FOUND[name] == (found.passed, found.measured, (found.cells, found.failing, found.unknown))


def test_every_check_has_a_result(results: dict[str, tallymark.CheckResult]) -> None:
    """All checks of the project, in the order they are written; the sum of two quotients is equal but for noise."""
    assert [*FOUND, "thirds"] == list(results)
    assert results["thirds"].passed is True


EXAMPLES: dict[str, list[tuple[dict[str, Any], str | None, dict[str, Any]]]] = {
    "fresh": [
        ({"country": "fr"}, None, {"newest": datetime(2024, 1, 17, 10)}),
        ({"country": "ro"}, None, {"newest": datetime(2024, 2, 20, 9)}),
    ],
    "usual": [
        ({}, "2024-W06", {"count": 1, "before": 1, "usual": 0.25}),
        ({}, "2024-W08", {"count": 1, "before": 1, "usual": 0.25}),
        ({}, "2024-W07", {"count": 0, "before": 2, "usual": 0.5}),
    ],
    "filled": [({"id": "5"}, None, {"rows": 1}), ({"id": "6"}, None, {"rows": 1})],
    "keys": [({"id": "4"}, None, {"rows": 1})],
    "pairs": [({"customer": "a", "status": "paid"}, None, {"rows": 1})],
    "partners": [({"customer": "x"}, None, {"rows": 1})],
    "words": [({"status": "odd"}, None, {"rows": 1})],
    "bounds": [({"amount": Decimal(-5)}, None, {"rows": 1}), ({"amount": Decimal(50)}, None, {"rows": 1})],
    "mails": [
        ({"mail": "broken", "country": None}, None, {"rows": 1}),
        ({"mail": "d@x.org", "country": "FR"}, None, {"rows": 1}),
    ],
    "monthly_large": [({"id": "s1"}, None, {"rows": 1})],
    "billing": [({}, "2024-02", {"left": 30, "right": 33, "difference": -3})],
    "billing_tenth": [({"plan": "pro"}, "2024-02", {"left": 20, "right": 23, "difference": -3})],
    "filled_but_two": [],
    "steady": [],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_worst_examples(name: str, results: dict[str, tallymark.CheckResult]) -> None:
    """At most three: the oldest slices, the periods furthest from what is usual, keys and values, the widest gaps."""
    assert EXAMPLES[name] == [(dict(e.of), e.period, dict(e.values)) for e in results[name].examples]


SAID = {
    "fresh": "the newest row of `orders` is more than 2 days old in 2 of 3 slices: "
    "`country` 'fr' (2024-01-17 10:00) and `country` 'ro' (2024-02-20 09:00)",
    "stale": "the newest row of `orders` is of 2024-03-19, which is more than 47 hours old",
    "filled": "2 of 7 rows of `orders` have no `customer` or `status`, such as `id` '5' and `id` '6'",
    "keys": "1 of 7 rows of `orders` repeats the `id` of another, such as `id` '4'",
    "bounds": "2 of 7 rows of `orders` have `amount` out of bounds, such as `amount` -5 and `amount` 50",
    "billing_tenth": "`mrr` and `billed` are not equal within 10% in 1 of 4 cells: "
    "€20.00 against €23.00, €3.00 apart in 2024-02 `plan` 'pro'",
    "steady": "`steady` is not known: there is nothing to look at",
    "usual": "`orders` has too few or too many rows in 6 of 6 weeks: 1 row in 2024-W06, where 0.25 are usual; "
    "1 row in 2024-W08, where 0.25 are usual; 0 rows in 2024-W07, where 0.50 are usual "
    "(wanted: within 60% of the mean of the 4 weeks before, in each week)",
}


SIDES = {
    "few: {dataset: orders, per: day, rows: {at_least: 2}}": "too few rows in 1 of 2 days: 0 rows in 2024-01-02",
    "many: {dataset: orders, per: day, rows: {at_most: 2}}": "too many rows in 1 of 2 days: 3 rows in 2024-01-03",
    "both: {dataset: orders, per: day, rows: {at_least: 1, at_most: 2}}": "too few or too many rows in 2 of 2 days: ",
    "more: {dataset: orders, per: day, rows: {at_least: 1, change: 100%}, since: 2024-01-03}": "too many rows in 1 of 1 day: ",
}


@pytest.mark.parametrize("check", SIDES)
def test_on_which_side_of_its_limits_a_number_is(check: str) -> None:
    """Rows are too few or too many, where all periods that fail are told and agree; else it is one or the other."""
    days = {1: 1, 2: 0, 3: 3}
    at = [date(2024, 1, day) for day, count in days.items() for _ in range(count)]
    table = pa.table({"id": range(len(at)), "at": at})
    shop = "datasets: {orders: {key: id, time: at, columns: {id: integer, at: date}}}\nchecks:\n  "
    with opened(shop + check, {"orders": table}) as book:
        (found,) = book.data_checks(as_of="2024-01-03")
    assert SIDES[check] in found.message


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str, results: dict[str, tallymark.CheckResult]) -> None:
    """One sentence with what was found, how often, and where."""
    assert SAID[name] == results[name].message


def test_faults(book: tallymark.Book, results: dict[str, tallymark.CheckResult]) -> None:
    """A check that fails is a fault of its severity, one that is unknown a warning, one that passes none; each at the
    check's place.
    """
    told = {f.subject: f for f in book.check(data=True, results=list(results.values())) if f.code.startswith("D6")}
    assert {f"check `{r.name}`" for r in results.values() if not r.passed} == told.keys()
    severities = {name: told[f"check `{name}`"].severity for name in ("fresh", "words", "steady")}
    assert {"fresh": "error", "words": "warning", "steady": "warning"} == severities
    codes = [told[f"check `{n}`"].code for n in ("fresh", "usual", "filled", "keys", "partners", "words", "bounds")]
    assert ["D600", "D601", "D602", "D603", "D604", "D605", "D606"] == codes
    codes = [told[f"check `{n}`"].code for n in ("mails", "positive", "billing", "steady")]
    assert ["D607", "D608", "D609", "D610"] == codes
    place = told["check `fresh`"].place
    assert place is not None
    assert ("fresh", 3) == (place.text.split(":")[0].strip(), place.column)
    assert "`tally explain words_rows --rows 10` shows the rows" == told["check `words`"].help


def test_an_unknown_cell_among_known_ones_is_not_passed(book: tallymark.Book) -> None:
    """March has no invoice, and so no mean: January and February agree, and still nothing is passed."""
    (found,) = book.data_checks("unknown_mean", as_of="2024-03-31")
    assert (None, 3, 1, "1 of 3 cells have no value") == (found.passed, found.cells, found.unknown, found.why)


def test_an_earlier_day(book: tallymark.Book) -> None:
    """As of an earlier day later rows are not known: order 4 stands once, and the newest is of that day."""
    fresh, keys = book.data_checks("stale", "keys", as_of="2024-03-04")
    assert (False, datetime(2024, 2, 20, 9)) == (fresh.passed, fresh.measured)
    assert (True, 0) == (keys.passed, keys.measured)


def test_an_unknown_name(book: tallymark.Book) -> None:
    """A name that no check has is a fault with the nearest one."""
    with pytest.raises(tallymark.FaultError) as caught:
        book.data_checks("fresj")
    assert [("D611", "did you mean `fresh`?")] == [(f.code, f.help) for f in caught.value.faults]


def test_results_as_plain_data(results: dict[str, tallymark.CheckResult]) -> None:
    """What `--format json` gives of a result."""
    told = results["billing"].as_dict()
    example = {"of": {}, "period": "2024-02", "values": {"left": 30, "right": 33, "difference": -3}}
    assert ("billing", "Billing", "equal", None, "failed", "error") == tuple(
        told[k] for k in ("name", "label", "kind", "dataset", "state", "severity")
    )
    assert [example] == told["examples"]
    assert ("equal", 2, 1, 0, None) == tuple(told[k] for k in ("limit", "cells", "failing", "unknown", "why"))


# --- what stands in the way ------------------------------------------------------------------------------------------

SHOP = """
datasets:
  orders: {key: id, time: at, columns: {id: integer, at: date, amount: integer}}
checks:
  late: {dataset: orders, fresh: 2 days}
  sums: {dataset: orders, every: amount > 0}
  by_plan: {dataset: orders, every: amount > 0, by: [plan]}
  wrong: {dataset: orders, every: amunt > 0}
  daily: {dataset: orders, per: day, rows: {at_least: 1}}
"""


def shop(*rows: tuple[int, date, int]) -> tallymark.Book:
    """Orders, of which nothing else is known."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    types = {"id": pa.int64(), "at": pa.date32(), "amount": pa.int64()}
    table = pa.table({n: pa.array(v, t) for (n, t), v in zip(types.items(), columns, strict=True)})
    return opened(SHOP, {"orders": table}, strict=False)


def test_an_empty_table_is_unknown() -> None:
    """Where there is no row nothing is known to be good, or bad."""
    with shop() as book:
        found = {r.name: (r.passed, r.why) for r in book.data_checks()}
    assert (None, "there is nothing to look at") == found["late"]
    assert (None, "there are no rows") == found["sums"] == found["daily"]


def test_one_that_cannot_be_asked_leaves_the_others() -> None:
    """A check of an unknown slice and one with a wrong name are unknown; those beside them are answered."""
    with shop((1, date(2024, 1, 1), 5), (2, date(2024, 1, 2), 0)) as book:
        found = {r.name: r for r in book.data_checks()}
        told = [(f.code, f.subject) for f in book.check(data=True)]
    assert (False, 1) == (found["sums"].passed, found["sums"].measured)
    assert (None, "`orders` does not reach the dimension `plan`") == (found["by_plan"].passed, found["by_plan"].why)
    assert ("T111", "check `by_plan`") in told
    assert (None, "it has faults of its own") == (found["wrong"].passed, found["wrong"].why)
    assert ("T105", "check `wrong`") in told
    assert ("D610", "check `wrong`") not in told


def test_a_check_of_a_pack_waits_for_its_data(tmp_path: Path) -> None:
    """A pack's check of data that the project does not have is no fault, and no result unless it is named."""
    (tmp_path / "tally.yaml").write_text("packs: [support]\n", encoding="utf-8")
    with tallymark.open(tmp_path) as book:
        assert ((), ()) == (book.data_checks(), book.check(data=True))
        (named,) = book.data_checks("tickets_in_order")
    assert (None, "it needs dataset tickets") == (named.passed, named.why)


def test_the_checks_of_the_sample_company(company: tallymark.Book) -> None:
    """The company's data passes what it should, and three checks tell what was put into it or follows from its life."""
    found = {r.name: r for r in company.data_checks()}
    failing = {name: (r.failing, r.cells, r.measured) for name, r in found.items() if r.passed is False}
    assert {"survey_scores_in_scale", "tickets_come_in", "mrr_is_invoiced"} == failing.keys()
    assert (1, 1, 2) == failing["survey_scores_in_scale"]
    assert (3, 12) == failing["mrr_is_invoiced"][:2]
    assert [] == [name for name, r in found.items() if r.passed is None]
    assert (True, 3, "at most 1% of the rows") == (
        found["customers_have_country"].passed,
        found["customers_have_country"].measured,
        found["customers_have_country"].limit,
    )


def test_the_median_may_be_watched_instead(company: tallymark.Book) -> None:
    """The count behind a check has a history like any metric: the week that is twice the mean is within three spreads."""
    asked = ("tickets_come_in", "anomaly(tickets_come_in_count) > 3", "anomaly(tickets_come_in_count)")
    (row,) = company.ask(*asked, grain="week", period="2023-W23").to_dicts()
    _, passed, odd, size = row.values()
    assert (False, False, 2.47) == (passed, odd, round(size, 2))


# --- rules -----------------------------------------------------------------------------------------------------------

RULED = """
datasets:
  orders: {key: id, time: at, columns: {id: integer, at: date, amount: integer}}
checks:
  sums: {dataset: orders, every: amount > 0}
rules:
  bad_sums: {when: not sums, grain: day, since: 2024-01-01, no_data: 1 period}
"""


def test_a_rule_on_a_check() -> None:
    """A day with a row that breaks the check fires, one without is well, one without rows is not known."""
    rows = {
        "id": pa.array([1, 2, 3]),
        "at": pa.array([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 4)]),
        "amount": pa.array([5, 0, 7]),
    }
    with opened(RULED, {"orders": pa.table(rows)}) as book:
        evaluation = book.evaluate("bad_sums", as_of="2024-01-04")
    (points,) = evaluation.instances.values()
    assert ["ok", "firing", "no_data", "ok"] == [p.state.status for p in points]
