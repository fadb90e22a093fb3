"""Pages: every row that an export has is read, whatever the size of pages and however many rows share a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark_plugins.zendesk import landing
from tallymark_plugins.zendesk.client import Client
from tallymark_plugins.zendesk.pace import Pace
from tallymark_plugins.zendesk.pages import by_cursor, by_list, by_time

from .desk import organization, ticket
from .fake_zendesk import FakeZendesk, Helpdesk
from .syncing import connect

HOURS = st.lists(st.integers(0, 6), max_size=12)
"""The hours at which objects last changed."""


@pytest.fixture(scope="module")
def server() -> Iterator[FakeZendesk]:
    """An account that each example fills."""
    with FakeZendesk(Helpdesk()) as fake:
        yield fake


@pytest.fixture(scope="module")
def client(server: FakeZendesk) -> Iterator[Client]:
    """A connection to it."""
    with connect(server) as client:
        yield client


def hour(number: int) -> str:
    """An hour of a day."""
    return f"2026-01-01T{number:02}:00:00Z"


@settings(deadline=None, max_examples=40)
@given(hours=HOURS, size=st.integers(2, 5), repeats=st.booleans())
def test_by_cursor_every_row_is_read(
    server: FakeZendesk, client: Client, hours: list[int], size: int, repeats: bool
) -> None:
    """Each ticket comes, and the position after the last page gives nothing new."""
    server.page_size, server.repeats = size, repeats
    server.desk.tickets = [ticket(n, 1, None, hour(0), hour(at)) for n, at in enumerate(hours)]
    pages = list(by_cursor(client, landing.TICKETS, None, 0))
    assert set(range(len(hours))) == {row["id"] for page in pages for row in page.rows}
    server.repeats = False
    if hours:
        assert [] == [row for page in by_cursor(client, landing.TICKETS, pages[-1].position, 0) for row in page.rows]


@settings(deadline=None, max_examples=40)
@given(hours=HOURS, size=st.integers(1, 5))
def test_by_time_every_row_is_read(server: FakeZendesk, client: Client, hours: list[int], size: int) -> None:
    """Each organisation comes, also of a second that more share than a page holds."""
    server.page_size = size
    server.desk.organizations = [
        organization(n, str(n), created_at=hour(0), updated_at=hour(at)) for n, at in enumerate(hours)
    ]
    rest = landing.all_organizations
    found = {row["id"] for page in by_time(client, landing.ORGANIZATIONS, 0, rest) for row in page.rows}
    assert set(range(len(hours))) == found


@settings(deadline=None, max_examples=40)
@given(count=st.integers(0, 350))
def test_by_list_every_row_is_read(server: FakeZendesk, client: Client, count: int) -> None:
    """Each row of a plain list comes once, in order."""
    server.desk.brands = [{"id": n} for n in range(count)]
    assert list(range(count)) == [row["id"] for rows in by_list(client, landing.BRANDS) for row in rows]


def test_the_pace_waits_rather_than_being_turned_away() -> None:
    """At most so many turns lie in any window; the first need not wait."""
    now, waits = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(3, 60.0, lambda: now[0], sleep)
    turns = []
    for _ in range(8):
        pace.wait()
        turns.append(now[0])
        now[0] += 1
    assert [0, 1, 2, 60, 61, 62, 120, 121] == turns
    assert [57, 57] == waits


def test_the_limit_of_an_account_is_not_reached(tmp_path: Path) -> None:
    """A sync whose pace is the account's own is never told to wait."""
    with FakeZendesk(Helpdesk()) as fake:
        fake.limit, fake.window = 2, 0.4
        pace = Pace(2, 0.45)
        with connect(fake, exports=pace) as client:
            for _ in range(5):
                client.get(landing.USERS.path, {"start_time": 0}, "users", export=True)
        assert 5 == len(fake.requests)
