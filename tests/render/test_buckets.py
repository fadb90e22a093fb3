"""Rows find their segment of time: the SQL says what counting the cuts says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.render.buckets import bucket
from tallymark.render.values import column
from tallymark.windows import Calendar

MICROSECOND = timedelta(microseconds=1)
PARIS = Calendar("Europe/Paris")

MONTHS = [datetime(2023 + n // 12, n % 12 + 1, 1) for n in range(30)]
DAYS = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(400)]

CUTS = {
    "none": [],
    "one": MONTHS[:1],
    "two": MONTHS[:2],
    "months": MONTHS,
    "quarters": MONTHS[::3],
    "months with a gap": [*MONTHS[:5], *MONTHS[7:9]],
    "half months": sorted([*MONTHS, *(m.replace(day=15) for m in MONTHS)]),
    "days": DAYS,
    "weeks": DAYS[::7],
    "every other week, then weeks": [*DAYS[:70:14], *DAYS[70:140:7]],
    "days and a moment": sorted([*DAYS[:40], datetime(2024, 1, 20, 6, 30, 1, 5)]),
    "hours": [DAYS[0] + timedelta(hours=n) for n in range(50)],
    "an hour that occurs twice": [DAYS[0], DAYS[1], DAYS[1], DAYS[2], DAYS[3]],
    "off any clock": [DAYS[0] + timedelta(seconds=n * n * n + n / 7) for n in range(40)],
}


def numbers(cuts: Sequence[datetime], times: Sequence[datetime | None], zoned: bool) -> list[int | None]:
    """What the SQL gives for each time."""
    kind = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    sql = bucket(column("t"), cuts, zoned).sql("duckdb")
    found = connection.execute(f"SELECT {sql} FROM (SELECT UNNEST(CAST(? AS {kind}[])) AS t)", [list(times)]).fetchall()
    return [row[0] for row in found]


def around(cuts: Sequence[datetime]) -> list[datetime]:
    """Each cut, the microsecond on either side of it, and times before and after all of them."""
    edges = cuts or [datetime(2024, 1, 1)]
    near = [cut + n * MICROSECOND for cut in edges for n in (-1, 0, 1)]
    return [datetime(1970, 1, 1), *near, max(edges) + timedelta(days=4000)]


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS.keys())
def test_local_times_lie_after_the_cuts_they_have_reached(cuts: list[datetime]) -> None:
    """A local time's number is how many cuts lie at or before it, also a microsecond beside each of them."""
    times = around(cuts)
    assert [bisect_right(cuts, t) for t in times] == numbers(cuts, times, zoned=False)


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS.keys())
def test_instants_lie_after_the_cuts_they_have_reached(cuts: list[datetime]) -> None:
    """An instant's number is how many cuts of a zone with summer time lie at or before it."""
    instants = sorted(PARIS.instant(cut) for cut in cuts)
    times = [t.replace(tzinfo=UTC) for t in around([i.replace(tzinfo=None) for i in instants])]
    assert [bisect_right(instants, t) for t in times] == numbers(instants, times, zoned=True)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_cuts_and_times(data: st.DataObject) -> None:
    """Whatever the cuts are, a time's number is how many of them lie at or before it."""
    moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1))
    whole = moments.map(lambda t: t.replace(hour=0, minute=0, second=0, microsecond=0))
    cuts = sorted(data.draw(st.lists(data.draw(st.sampled_from([moments, whole])), max_size=20)))
    times = [*data.draw(st.lists(moments, max_size=10)), *cuts]
    assert [bisect_right(cuts, t) for t in times] == numbers(cuts, times, zoned=False)


def test_infinite_times_are_before_or_after_everything() -> None:
    """Infinity has reached every cut and minus infinity none, by whichever way the cuts are counted."""
    connection = duckdb.connect()
    for cuts in CUTS.values():
        sql = bucket(column("t"), cuts, False).sql("duckdb")
        query = f"SELECT {sql} FROM (VALUES (TIMESTAMP 'infinity'), (TIMESTAMP '-infinity')) AS v(t)"
        assert [(len(cuts),), (0,)] == connection.execute(query).fetchall()
