"""One book, many threads: the same answers as one after the other, and a way to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.errors import Cancelled

from .books import opened

THREADS = 8
QUESTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("mrr", "nrr"), {"grain": "month", "by": "plan"}),
    (("revenue", "cac"), {"grain": "quarter"}),
    (("active_users", "stickiness"), {"grain": "month"}),
    (("ticket_volume", "fcr", "time_to_resolution_p90"), {"by": "country"}),
    (("nps", "csat"), {"grain": "month", "where": "segment = 'large'"}),
    (("concentration",), {"by": "country"}),
    (("order_revenue", "repeat_rate"), {"grain": "week"}),
    (("avg(mrr per day)",), {"grain": "month"}),
    (("mrr where plan = 'pro'", "previous(mrr, 3)"), {"grain": "month"}),
    (("session_count", "sessions_per_user"), {"by": "segment", "order": "-session_count", "limit": 3}),
    (("count(customers)",), {"by": "channel"}),
    (("cumulative(revenue)",), {"grain": "month"}),
)


def ask(book: tallymark.Book, number: int) -> tuple[Any, ...]:
    """What the question of that number is answered: rows, notes and SQL."""
    metrics, options = QUESTIONS[number]
    answer = book.ask(*metrics, start="2024-01-01", end="2024-12-31", as_of="2025-06-30", **options)
    return answer.to_dicts(), answer.notes, answer.sql


def test_threads_get_what_one_gets(company: tallymark.Book) -> None:
    """Eight threads asking different questions of one book at once get what is got one after the other."""
    alone = [ask(company, n) for n in range(len(QUESTIONS))]
    numbers = [(n * 5) % len(QUESTIONS) for n in range(2 * len(QUESTIONS))]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda n: ask(company, n), numbers))
    assert [n for n, f in zip(numbers, found, strict=True) if f[1:] != alone[n][1:]] == []
    assert [n for n, f in zip(numbers, found, strict=True) if not same(alone[n][0], f[0])] == []


def same(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> bool:
    """Whether two answers have the same rows in the same order; parallel sums of doubles differ in the last digits."""
    return len(left) == len(right) and all(
        a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a) for a, b in zip(left, right, strict=True)
    )


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return bool(pytest.approx(left, rel=1e-9, abs=1e-12) == right)
    return bool(left == right)


def test_threads_may_be_the_first_to_ask() -> None:
    """A book just opened loads each table once, however many threads want it first."""
    table = pa.table({"id": range(1000), "x": range(1000)})
    yaml = "datasets:\n" + "".join(f"  t{i}: {{key: id, columns: {{id: integer, x: integer}}}}\n" for i in range(4))
    with opened(yaml, {f"t{i}": table for i in range(4)}) as book, ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda n: book.ask(f"sum(t{n % 4}.x)", period="2024").to_dicts(), range(16)))
    assert [[{f"sum(t{n % 4}.x)": 499_500}] for n in range(16)] == found


# --- stopping --------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow() -> Iterator[tallymark.Book]:
    """A book whose question takes long: many rows, each its own member of `per`, over many windows."""
    size = 400_000
    table = pa.table(
        {
            "who": pa.array(range(size), pa.int64()),
            "at": pa.array([1_704_067_200_000_000 + i * 60_000_000 for i in range(size)], pa.timestamp("us")),
        }
    )
    yaml = "datasets:\n  hits: {time: at, columns: {who: integer, at: timestamp}}\n"
    with opened(yaml, {"hits": table}) as book:
        yield book


SLOW = "avg(trailing(count(hits), 60 days) per who) + count_distinct(hits.who)"


def test_cancel_stops_what_runs(slow: tallymark.Book) -> None:
    """A running question ends with Cancelled soon after `cancel`, and the book can be asked again."""
    ended: dict[str, Any] = {}

    def run() -> None:
        try:
            ended["answer"] = slow.ask(SLOW, start="2024-01-01", end="2024-12-31", grain="day")
        except Cancelled as error:
            ended["cancelled"] = error
        ended["at"] = time.monotonic()

    slow.ask("count(hits)", period="2024-01")
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.4)
    began = time.monotonic()
    slow.cancel()
    thread.join(timeout=30)
    assert "cancelled" in ended, "it had ended before it was cancelled"
    assert ended["at"] - began < 5
    assert [{"count(hits)": 44_640}] == slow.ask("count(hits)", period="2024-01").to_dicts()


def test_cancel_without_a_question_does_nothing(slow: tallymark.Book) -> None:
    """With nothing running, `cancel` returns at once and the next question is answered."""
    began = time.monotonic()
    slow.cancel()
    assert time.monotonic() - began < 1
    assert [{"count(hits)": 1_440}] == slow.ask("count(hits)", period="2024-01-01").to_dicts()


def test_a_closed_book_says_so() -> None:
    """Asking after `close` is a fault, not a crash."""
    with opened("datasets:\n  t: {columns: {x: integer}}\n", {"t": pa.table({"x": [1]})}) as book:
        assert [{"count(t)": 1}] == book.ask("count(t)", period="2024").to_dicts()
    with pytest.raises(tallymark.FaultError):
        book.ask("count(t)", period="2024")
