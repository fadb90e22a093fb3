"""Three ways in which Zendesk gives a long list, each as pages with the position after them.

Every way ends for certain: a position that was there before is a fault, whatever the page says. Addresses of next pages
that an answer names are not followed; the next request is made of its cursor or time, so that the token stays with the
host it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from tallymark_plugins.zendesk.client import Client
from tallymark_plugins.zendesk.complaints import complain, misshapen

Row = dict[str, Any]
P = TypeVar("P", str | None, int)

FULL_PAGE = 1000
"""The most rows of a page of an export by time."""
LIST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Where objects are: the path, the key of the list in the answer, what people call them, more parameters."""

    path: str
    key: str
    what: str
    params: Mapping[str, str | int] | None = None
    export: bool = False
    """Whether requests for it count as exports."""

    def asked(self, **more: str | int) -> dict[str, str | int]:
        """The parameters of a request."""
        return {**(self.params or {}), **more}


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """Rows, the whole answer they came in, and where to go on after them."""

    rows: list[Row]
    answer: Row
    position: P


def by_cursor(client: Client, listing: Listing, cursor: str | None, start: int) -> Iterator[Page[str | None]]:
    """An incremental export by cursor, from `cursor`, or from the time `start` where there is none yet.

    Raises FaultError: L880 for a cursor that does not move, L882, and those of `Client.get`.
    """
    seen = {cursor}
    while True:
        asked = listing.asked(start_time=start) if cursor is None else listing.asked(cursor=cursor)
        answer = client.get(listing.path, asked, listing.what, export=True)
        rows, after = rows_of(client, answer, listing), answer.get("after_cursor")
        if after is not None and not isinstance(after, str):
            raise misshapen(client.settings, listing.what, "the cursor is no text")
        yield Page(rows, answer, after or cursor)
        if _ended(client, answer, listing):
            return
        if not after or after in seen:
            _stands_still(client, listing, "the cursor")
        seen.add(after)
        cursor = after


Rest = Callable[[Client, int], Iterator[list[Row]]]
"""All that bears one time, read in some other way."""


def by_time(client: Client, listing: Listing, start: int, rest: Rest | None = None) -> Iterator[Page[int]]:
    """An incremental export by time, from `start`; pages overlap by what bears the time of their seam.

    A full page whose every row bears one time has no next: what else bears that time comes from `rest`, and the export
    goes on a second later. Raises FaultError: L886 without a `rest`, L880 for a time that goes back, L882, and those of
    `Client.get`.
    """
    while True:
        answer = client.get(listing.path, listing.asked(start_time=start), listing.what, export=True)
        rows, end = rows_of(client, answer, listing), answer.get("end_time")
        if end is None and not rows:
            end = start
        if not isinstance(end, int) or isinstance(end, bool):
            raise misshapen(client.settings, listing.what, "a page does not say its `end_time`")
        if end < start and rows:
            _stands_still(client, listing, "the time")
        end = max(end, start)
        yield Page(rows, answer, end)
        # Some exports do not say that they have ended: then a short page that goes no further is the last.
        says = answer.get("end_of_stream") is not None
        if _ended(client, answer, listing) if says else end == start and len(rows) < FULL_PAGE:
            return
        if end == start and rest is not None:
            for more in rest(client, start):
                yield Page(more, {}, start)
            end = start + 1
        elif end == start:
            raise complain(
                client.settings,
                "L886",
                f"more {listing.what} bear the time {start} than Zendesk gives on a page; the rest is out of reach",
                "a change to very many at once does this; leave the object out by `skip:`, or begin later by `start:`",
            )
        start = end


def by_list(client: Client, listing: Listing) -> Iterator[list[Row]]:
    """A plain list, page by page: by cursor where the list has one, else by number.

    Raises FaultError: L880 for a page that repeats, L882, and those of `Client.get`.
    """
    more: dict[str, str | int] = {"page[size]": LIST_PAGE}
    seen: set[str | int] = set()
    while True:
        answer = client.get(listing.path, listing.asked(**more), listing.what, export=listing.export)
        yield rows_of(client, answer, listing)
        meta = answer.get("meta")
        if isinstance(meta, dict):
            position = meta.get("after_cursor") if meta.get("has_more") else None
            more = {"page[size]": LIST_PAGE, "page[after]": position or ""}
        else:
            position = len(seen) + 2 if answer.get("next_page") else None
            more = {"per_page": LIST_PAGE, "page": position or 0}
        if position is None:
            return
        if not isinstance(position, str | int):
            raise misshapen(client.settings, listing.what, "the cursor is no text")
        if position in seen:
            _stands_still(client, listing, "the cursor")
        seen.add(position)


def rows_of(client: Client, answer: Row, listing: Listing) -> list[Row]:
    """The rows of a page. Raises FaultError (L882) where there is no list of objects."""
    rows = answer.get(listing.key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise misshapen(client.settings, listing.what, f"the answer has no list of objects `{listing.key}`")
    return rows


def _ended(client: Client, answer: Row, listing: Listing) -> bool:
    end = answer.get("end_of_stream")
    if not isinstance(end, bool):
        raise misshapen(client.settings, listing.what, "a page does not say whether it is the last, `end_of_stream`")
    return end


def _stands_still(client: Client, listing: Listing, what: str) -> NoReturn:
    raise complain(
        client.settings,
        "L880",
        f"{what} of the export of {listing.what} does not move on, though Zendesk says that more follows",
        "run the sync again; if it stays so, leave the object out with `skip:` and tell Zendesk's support",
    )
