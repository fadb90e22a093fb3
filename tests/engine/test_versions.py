"""Rows that are valid for a time, referred to by others: what answers say aside, what checks of the data find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.errors import FaultError

from .books import opened

CLUB = """
datasets:
  plans:
    key: member
    valid: [since, until]
    columns: {member: {type: text}, plan: {type: text}, since: {type: date}, until: {type: date}}
  visits:
    key: id
    time: at
    refs: {member: plans}
    columns: {id: {type: integer}, at: {type: timestamp}, member: {type: text}, left_at: {type: timestamp}}
  lockers:
    key: id
    valid: [since, until]
    refs: {member: plans}
    columns: {id: {type: integer}, member: {type: text}, since: {type: date}, until: {type: date}}
metrics:
  visits: count(visits)
  lockers: count(lockers)
"""
TEXT, WHOLE, DAY = pa.string(), pa.int64(), pa.date32()


def day(month: int, number: int) -> date:
    """A day of 2024."""
    return date(2024, month, number)


PLANS = [
    ("a", "basic", None, day(2, 10)),
    ("a", "pro", day(2, 10), None),
    ("b", "basic", day(1, 1), day(1, 20)),
    ("b", "pro", day(2, 5), day(2, 15)),
    ("b", "basic", day(2, 20), day(3, 1)),
]
VISITS = [
    (1, datetime(2024, 2, 9, 23, 59), "a"),
    (2, datetime(2024, 2, 10), "a"),
    (3, datetime(2024, 2, 4, 12), "b"),
    (4, datetime(2024, 2, 15), "b"),
    (5, datetime(2024, 2, 14), "c"),
    (6, datetime(2024, 3, 2), "b"),
]
LOCKERS = [(1, "a", day(1, 1), None), (2, "b", day(1, 5), None), (3, "c", day(1, 5), day(2, 10))]


def table(rows: Sequence[tuple[Any, ...]], **columns: pa.DataType) -> pa.Table:
    """Rows as an Arrow table."""
    values = list(zip(*rows, strict=True)) if rows else [[] for _ in columns]
    return pa.table({n: pa.array(v, t) for (n, t), v in zip(columns.items(), values, strict=True)})


def tables(plans: Sequence[tuple[Any, ...]] = PLANS) -> Mapping[str, pa.Table]:
    """The tables of a club."""
    at = pa.timestamp("us")
    return {
        "plans": table(plans, member=TEXT, plan=TEXT, since=DAY, until=DAY),
        "visits": table([(*v, None) for v in VISITS], id=WHOLE, at=at, member=TEXT, left_at=at),
        "lockers": table(LOCKERS, id=WHOLE, member=TEXT, since=DAY, until=DAY),
    }


@pytest.fixture(scope="module")
def club() -> tallymark.Book:
    """A club whose members change their plans."""
    return opened(CLUB, tables())


GAPS = (
    "3 rows of `visits` refer to a `member` that `plans` does not have at their times: they stand under the null value"
)
NOTES: dict[str, tuple[str, Mapping[str, Any], list[str]]] = {
    "rows of a flow in a gap, and an orphan": ("visits", {"period": "2024-02", "by": "plan"}, [GAPS]),
    "only those of the period": (
        "visits",
        {"period": "2024-03", "by": "plan"},
        [
            "1 row of `visits` refers to a `member` that `plans` does not have at its time: it stands under the null value"
        ],
    ),
    "a row of a stock counts once, however often it is in a gap": (
        "lockers",
        {"start": "2024-01-15", "end": "2024-02-29", "grain": "day", "by": "plan"},
        [
            "2 rows of `lockers` refer to a `member` that `plans` does not have at their times: they stand under the null value"
        ],
    ),
    "a gap between the instants that are read is none": (
        "lockers",
        {"start": "2024-02-01", "end": "2024-02-29", "grain": "month", "by": "plan"},
        [],
    ),
    "a condition that leaves out what has no version": (
        "visits",
        {"period": "2024-02", "where": "plan != 'pro'"},
        ["3 rows of `visits` have no `member.plan`: `member.plan != 'pro'` leaves them out", GAPS],
    ),
    "members without a value": (
        "avg(visits per plan)",
        {"period": "2024-02"},
        ["3 rows of `visits` have no `plan` and belong to no member of `per plan`", GAPS],
    ),
    "no plan at the start is no flaw, a member of nobody's list is": (
        "visits",
        {"period": "2024-02", "by": "plan at start"},
        ["1 row of `visits` refers to a `member` that `plans` does not have: it stands under the null value"],
    ),
    "nothing to say of who is on the list": ("visits", {"period": "2024-03", "by": "plan at start"}, []),
}


@pytest.mark.parametrize("case", NOTES)
def test_notes(club: tallymark.Book, case: str) -> None:
    """An answer tells the rows that find no version at their time, each once, and no others."""
    metric, asked, expected = NOTES[case]
    found = [n for n in club.ask(metric, **asked).notes if "`since`" not in n]
    assert sorted(expected) == sorted(found)


def test_each_instant_counts_a_row_once(club: tallymark.Book) -> None:
    """The plans of each day add up to the rows that are valid at its end."""
    asked: dict[str, Any] = {"start": "2024-01-15", "end": "2024-02-29", "grain": "day"}
    whole = [row["lockers"] for row in club.ask("lockers", **asked).to_dicts()]
    by_day: dict[date, int] = {}
    for row in club.ask("lockers", by="plan", **asked).to_dicts():
        by_day[row["period"]] = by_day.get(row["period"], 0) + row["lockers"]
    assert whole == list(by_day.values())
    assert {3, 2} == set(whole)


def test_a_receipt_reads_the_same_edges(club: tallymark.Book) -> None:
    """The value that is explained is the one that is answered, also for the pieces of a grain."""
    where = "(plan at start) = 'basic'"
    for metric in ("visits", "sum(visits per day)", "previous(visits) + visits"):
        receipt = club.explain(metric, period="2024-02", where=where)
        assert club.ask(metric, period="2024-02", where=where).to_dicts()[0][metric] == receipt.value == 2


def test_lineage_names_the_validity() -> None:
    """What a metric rests on includes the columns that decide which version is found."""
    book = opened(CLUB + "  of_pros: count(visits where plan = 'pro')\n", tables())
    up = [n.name for n in book.lineage("of_pros").up() if n.kind == "column" and n.name.startswith("plans.")]
    assert ["plans.member", "plans.plan", "plans.since", "plans.until"] == sorted(up)


OVERLAP = [*PLANS, ("b", "gold", day(2, 14), day(2, 21))]
SINCE_EVER = [*PLANS, ("b", "gold", None, day(1, 2))]
DATA: dict[str, tuple[Sequence[tuple[Any, ...]], list[tuple[str, str]]]] = {
    "gaps and touching edges": (PLANS, []),
    "one that ends as it begins": ([*PLANS, ("b", "x", day(2, 6), day(2, 6))], []),
    "two at one time": (OVERLAP, [("D447", "error")]),
    "one since ever beside another": (SINCE_EVER, [("D447", "error")]),
    "one that ends before it begins": ([*PLANS, ("b", "x", day(2, 8), day(2, 6))], [("D443", "warning")]),
}


@pytest.mark.parametrize("case", DATA)
def test_check_of_the_data(case: str) -> None:
    """Versions of one key may have gaps, and may not overlap once others refer to them."""
    plans, expected = DATA[case]
    found = opened(CLUB, tables(plans)).check(data=True)
    assert expected == [(f.code, f.severity) for f in found if f.code in ("D440", "D447", "D443")]


def test_orphans_of_versions_are_those_of_no_version() -> None:
    """The check of references looks for a key among all versions, and not for one at a time."""
    faults = opened(CLUB, tables()).check(data=True)
    assert ["`lockers` refers to a `member` that `plans` does not have: 'c'",
            "`visits` refers to a `member` that `plans` does not have: 'c'"] == sorted(
        f.message.removeprefix("1 row of ") for f in faults if f.code == "D444"
    )  # fmt: skip


@pytest.mark.parametrize("by", ["plan", "plan at start"])
def test_versions_at_one_time_are_a_fault(by: str) -> None:
    """A question that follows a reference to overlapping versions is not answered; another one is."""
    book = opened(CLUB, tables(OVERLAP))
    with pytest.raises(FaultError) as caught:
        book.ask("visits", period="2024-02", by=by)
    assert ["D447"] == [f.code for f in caught.value.faults]
    assert "'b'" in caught.value.faults[0].message
    assert [{"visits": 5}] == book.ask("visits", period="2024-02").to_dicts()
