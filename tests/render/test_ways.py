"""However windows overlap, each period has the value it has when asked alone; and the way taken is the one meant."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import tallymark

from ..engine.books import opened

YAML = """
datasets:
  events:
    key: id
    time: at
    columns: {id: integer, at: timestamp, who: text, grp: text, x: integer, d: double, ok: boolean}
  stays:
    key: id
    valid: [came, went]
    columns: {id: integer, who: text, grp: text, came: date, went: date}
"""

DAY = datetime(2024, 1, 1)


def tables(seed: int) -> dict[str, pa.Table]:
    """Some months of events and stays, with nulls, ties and values that come back after a while."""
    draw = Random(seed)
    size = 120
    times = [DAY + timedelta(hours=draw.randrange(24 * 100)) for _ in range(size)]
    came = [DAY.date() + timedelta(days=draw.randrange(100)) for _ in range(size)]
    return {
        "events": pa.table(
            {
                "id": list(range(size)),
                "at": times,
                "who": [draw.choice([None, "a", "b", "c", "d", "e", "f"]) for _ in times],
                "grp": [draw.choice([None, "k", "l"]) for _ in times],
                "x": [draw.choice([None, -3, 0, 1, 2, 5]) for _ in times],
                "d": [draw.choice([None, 0.1, 0.1, 0.7, 1e9]) for _ in times],
                "ok": [draw.choice([None, True, False]) for _ in times],
            }
        ),
        "stays": pa.table(
            {
                "id": list(range(size)),
                "who": [draw.choice([None, "a", "b", "c", "d"]) for _ in came],
                "grp": [draw.choice([None, "k", "l"]) for _ in came],
                "came": came,
                "went": pa.array([c + timedelta(days=draw.randrange(9)) if draw.random() < 0.9 else None for c in came],
                                 pa.date32()),
            }
        ),
    }  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2])
def book(request: pytest.FixtureRequest) -> Any:
    """A book over random rows."""
    with opened(YAML, tables(request.param)) as made:
        yield made


LEAVES = {
    "count_distinct(events.who)": "distinct pairs",
    "count_distinct(events.who where x > 0)": "distinct pairs",
    "count_distinct(events.x)": "distinct pairs",
    "count(events)": "by stretch",
    "sum(events.x)": "by stretch",
    "avg(events.x)": "by stretch",
    "stddev(events.d)": "squares",
    "variance(events.x where ok)": "squares",
    "first(events.x)": "by stretch",
    "last(events.who)": "by stretch",
    "min(events.d)": "by stretch",
    "any(events.ok)": "by stretch",
    "all(events.ok)": "by stretch",
    "median(events.d)": "row by row",
}
"""What is aggregated, and words of the way it goes over windows that overlap."""

WINDOWS = ("trailing({}, 28 days)", "trailing({}, 3 days)", "trailing({}, 36 hours)", "trailing({}, 1 month)",
           "to_date({}, month)", "cumulative({})", "previous(trailing({}, 2 weeks), 1 month)")  # fmt: skip


def cells(book: tallymark.Book, metrics: list[str], **range_: Any) -> dict[tuple[Any, Any], list[Any]]:
    """The values of metrics by group and day."""
    rows = book.ask(*metrics, by="grp", grain="day", **range_).to_dicts()
    return {(r["grp"], r["period"]): [r[m] for m in metrics] for r in rows}


def same(left: list[Any], right: list[Any]) -> bool:
    """Equal, doubles but for the last digits."""
    return all(
        a == pytest.approx(b, rel=1e-9, abs=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("window", WINDOWS)
def test_a_day_among_others_is_the_day_alone(book: tallymark.Book, window: str) -> None:
    """Windows put together over seventy days have the values of each day asked by itself, where nothing overlaps."""
    metrics = [window.format(leaf) for leaf in LEAVES]
    together = cells(book, metrics, start="2024-02-01", end="2024-04-10")
    assert len(together) > 70
    for day in (date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 9)):
        alone = cells(book, metrics, period=day.isoformat())
        for (group, _), expected in alone.items():
            found = together[group, day]
            assert same(expected, found), (
                group,
                day,
                dict(zip(metrics, zip(expected, found, strict=True), strict=True)),
            )


def test_who_stays_by_day_is_who_stays_that_day(book: tallymark.Book) -> None:
    """A distinct count of a stock, slid over seventy days, is that of each day."""
    metrics = ["count_distinct(stays.who)", "opening(count_distinct(stays.who where grp != 'l'))", "count(stays)"]
    together = cells(book, metrics, start="2024-02-01", end="2024-04-10")
    for day in (date(2024, 2, 1), date(2024, 3, 3), date(2024, 4, 10)):
        for (group, _), expected in cells(book, metrics, period=day.isoformat()).items():
            assert expected == together[group, day]


@pytest.mark.parametrize(("leaf", "way"), LEAVES.items())
def test_the_way_is_told(book: tallymark.Book, leaf: str, way: str) -> None:
    """Each aggregate says how its windows are put together: no rows are spread that need not be."""
    for window in ("trailing({}, 28 days)", "cumulative({})"):
        answer = book.ask(window.format(leaf), grain="day", period="2024-02")
        assert [way in told for told in answer.how] == [True], answer.how
    assert ["at once" in told for told in book.ask(leaf, grain="day", period="2024-02").how] == [True]


def test_nothing_exact_is_spread_where_it_can_slide(book: tallymark.Book) -> None:
    """Whole numbers slide; doubles, which would leave a residue, are added up anew in each window."""
    how = book.ask(
        "trailing(sum(events.x), 28 days)", "trailing(sum(events.d), 28 days)", grain="day", period="2024-02"
    ).how
    assert ["sliding" in how[0], "sliding" in how[1]] == [True, False]
    assert "events.d" in how[1]


def test_values_that_are_alike_have_no_deviation() -> None:
    """The variance of a constant is 0 to the last digit, however many parts it is put together from."""
    days = [DAY + timedelta(days=n // 3) for n in range(90)]
    rows = {"id": list(range(90)), "at": days, "who": ["a"] * 90, "grp": ["k"] * 90, "x": [1] * 90, "d": [0.1] * 90,
            "ok": [True] * 90}  # fmt: skip
    with opened(YAML, {"events": pa.table(rows), "stays": tables(1)["stays"]}) as book:
        found = book.ask("trailing(variance(events.d), 7 days)", grain="day", period="2024-01").to_dicts()
    assert {0.0} == {row["trailing(variance(events.d), 7 days)"] for row in found}
