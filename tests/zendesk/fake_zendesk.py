"""A Zendesk account of our own, over HTTP: the endpoints that the source reads, with the service's habits.

    desk = Helpdesk(organizations=[organization(1, "Acme", external_id="c1")], …)
    with FakeZendesk(desk) as fake:
        …  # `fake.url`, `fake.requests`

Its data are plain objects as Zendesk shows them. Incremental exports give what changed since a time or after a cursor,
in pages of `page_size`, never what changed within the last minute; by time they overlap at the seam, and the cursor of
tickets repeats a row when `repeats` is set. `trouble(path, …)` makes the next answers to a path bad ones.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

EMAIL = "admin@example.com"
TOKEN = "canary-9f2c-token"
OAUTH = "canary-77aa-oauth"

Object = dict[str, Any]


def seconds(moment: str) -> int:
    """An ISO time in seconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp())


@dataclass(slots=True)
class Helpdesk:
    """The account's data: objects as Zendesk shows them, tickets with their `metric_set`."""

    tickets: list[Object] = field(default_factory=list)
    users: list[Object] = field(default_factory=list)
    organizations: list[Object] = field(default_factory=list)
    ticket_events: list[Object] = field(default_factory=list)
    ticket_metric_events: list[Object] = field(default_factory=list)
    satisfaction_ratings: list[Object] = field(default_factory=list)
    survey_responses: list[Object] = field(default_factory=list)
    surveys: list[Object] = field(default_factory=list)
    deleted_tickets: list[Object] = field(default_factory=list)
    groups: list[Object] = field(default_factory=list)
    brands: list[Object] = field(default_factory=list)
    ticket_forms: list[Object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A bad answer: a status with headers and a body, or a good answer of which only `cut` bytes come."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    cut: int | None = None


CURSOR_EXPORTS = {"tickets/cursor": "tickets", "users/cursor": "users"}
TIME_EXPORTS = ("organizations", "ticket_events", "ticket_metric_events")
LISTS = {
    "satisfaction_ratings": "satisfaction_ratings",
    "guide/survey_responses": "survey_responses",
    "guide/en-us/surveys": "surveys",
    "deleted_tickets": "deleted_tickets",
    "groups": "groups",
    "brands": "brands",
    "ticket_forms": "ticket_forms",
    "organizations": "organizations",
}


class FakeZendesk:
    """The account at `url` between `start` and `stop`, or in a `with` block."""

    def __init__(self, desk: Helpdesk, *, page_size: int = 1000, now: Callable[[], float] = time.time) -> None:
        self.desk = desk
        self.page_size = page_size
        self.now = now
        self.repeats = False
        self.metrics_beside = False
        """Whether metrics come beside the tickets rather than within each."""
        self.absent: set[str] = set()
        """Lists that the account's plan does not have."""
        self.admin = True
        self.limit: int | None = None
        """How many exports are answered in `window` seconds; all when None."""
        self.window = 60.0
        self.requests: list[str] = []
        self._turns: list[float] = []
        self._troubles: dict[str, list[Trouble]] = defaultdict(list)
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        assert self._server is not None, "started"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def trouble(self, path: str, *troubles: Trouble, times: int = 1) -> None:
        """The next answers to what has `path` in its address are these, each `times` times."""
        for one in troubles:
            self._troubles[path] += [one] * times

    def asked(self, path: str) -> list[str]:
        """The requests for a path, with their parameters, in order."""
        return [one for one in self.requests if urlsplit(one).path.endswith((path, f"{path}.json"))]

    def next_trouble(self, path: str) -> Trouble | None:
        for part, waiting in self._troubles.items():
            if part in path and waiting:
                return waiting.pop(0)
        return None

    def answer(self, path: str, asked: dict[str, str], authorization: str) -> tuple[int, dict[str, str], Object]:
        """The status, the headers and the object with which a request is answered."""
        basic = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if authorization not in (f"Basic {basic}", f"Bearer {OAUTH}"):
            return 401, {}, {"error": "Couldn't authenticate you"}
        place = path.removeprefix("/api/v2/").removesuffix(".json")
        if place.startswith("incremental/"):
            return self._export(place.removeprefix("incremental/"), asked)
        if place not in LISTS or LISTS[place] in self.absent:
            return 404, {}, {"error": "InvalidEndpoint", "description": "Not found"}
        return 200, {}, self._list(LISTS[place], asked)

    def _export(self, place: str, asked: dict[str, str]) -> tuple[int, dict[str, str], Object]:
        if not self.admin:
            return 403, {}, {"error": "Forbidden", "description": "You do not have access to this page"}
        wait = self._turn()
        if wait is not None:
            return 429, {"Retry-After": f"{wait:.2f}"}, {"error": "TooManyRequests"}
        if "cursor" not in asked and int(asked["start_time"]) > self.now() - 60:
            told = "Too recent start_time. Use a start_time older than 60 seconds"
            return 422, {}, {"error": "StartTimeTooRecent", "description": told}
        if place in CURSOR_EXPORTS:
            return 200, {}, self._by_cursor(CURSOR_EXPORTS[place], asked)
        if place == "ticket_metric_events" and "page[size]" in asked:
            return 200, {}, self._list(place, asked)
        return 200, {}, self._by_time(place, asked)

    def _turn(self) -> float | None:
        """Takes a turn; how long to wait when there is none."""
        now = time.monotonic()
        self._turns = [turn for turn in self._turns if turn > now - self.window]
        if self.limit is not None and len(self._turns) >= self.limit:
            return self._turns[0] + self.window - now
        self._turns.append(now)
        return None

    def _known(self, key: str) -> list[tuple[int, Any, Object]]:
        """The objects that an export knows of yet, in its order: time, then id."""
        made = [(_changed(one), one["id"], one) for one in getattr(self.desk, key)]
        return sorted((one for one in made if one[0] <= self.now() - 60), key=lambda one: one[:2])

    def _by_cursor(self, key: str, asked: dict[str, str]) -> Object:
        known = self._known(key)
        if "cursor" in asked:
            stamp, id_ = json.loads(base64.urlsafe_b64decode(asked["cursor"]))
            after = [one for one in known if (one[0], one[1]) > (stamp, id_)]
            if self.repeats:
                after = [one for one in known if (one[0], one[1]) == (stamp, id_)] + after
        else:
            after = [one for one in known if one[0] >= int(asked["start_time"])]
        page = after[: self.page_size]
        last = [page[-1][0], page[-1][1]] if page else None
        cursor = base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else asked.get("cursor")
        answer: Object = {
            key: [dict(one[2]) for one in page],
            "after_cursor": cursor,
            "after_url": f"https://elsewhere.example/api/v2/incremental/{key}/cursor.json?cursor={cursor}",
            "end_of_stream": len(page) == len(after),
        }
        if key == "tickets":
            sets = [one.pop("metric_set") for one in answer[key] if "metric_set" in one]
            if "metric_sets" in asked.get("include", "") and self.metrics_beside:
                answer["metric_sets"] = sets
            elif "metric_sets" in asked.get("include", ""):
                own = {one["ticket_id"]: one for one in sets}
                answer[key] = [
                    one | ({"metric_set": own[one["id"]]} if one["id"] in own else {}) for one in answer[key]
                ]
        return answer

    def _by_time(self, key: str, asked: dict[str, str]) -> Object:
        after = [one for one in self._known(key) if one[0] >= int(asked["start_time"])]
        page = after[: self.page_size]
        answer: Object = {
            key: [one[2] for one in page],
            "count": len(page),
            "end_time": page[-1][0] if page else None,
            "next_page": f"https://elsewhere.example/{key}" if page else None,
        }
        # The export of metric events does not say whether it has ended.
        return answer if key == "ticket_metric_events" else answer | {"end_of_stream": len(page) == len(after)}

    def _list(self, key: str, asked: dict[str, str]) -> Object:
        rows = list(getattr(self.desk, key))
        since = int(asked.get("start_time", 0)) or int(asked.get("filter[created_at_start]", 0)) // 1000
        rows = [one for one in rows if _created(one) >= since]
        if key == "ticket_metric_events":
            rows.sort(key=_changed)
        if key == "ticket_forms":
            return {key: rows, "next_page": None, "count": len(rows)}
        size, first = int(asked.get("page[size]", 100)), int(asked.get("page[after]", 0))
        more = len(rows) > first + size
        after = str(first + size) if more else None
        return {key: rows[first : first + size], "meta": {"has_more": more, "after_cursor": after}}


def _changed(one: Object) -> int:
    """When an object last changed."""
    if "generated_timestamp" in one:
        return int(one["generated_timestamp"])
    return max(seconds(one[key]) for key in ("updated_at", "deleted_at", "time", "created_at") if one.get(key))


def _created(one: Object) -> int:
    moment = one.get("created_at") or one.get("time")
    if moment is None and one.get("answers"):
        moment = one["answers"][0]["created_at"]
    return seconds(moment) if moment else 2**40


def _handler(fake: FakeZendesk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # headers and body in one go, or each answer takes 40 ms
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            fake.requests.append(self.path)
            trouble = fake.next_trouble(parts.path)
            if trouble is None or (trouble.status == 200 and trouble.body is None):
                status, headers, found = fake.answer(parts.path, asked, self.headers.get("Authorization", ""))
                body = json.dumps(found).encode()
            else:
                status, headers = trouble.status, dict(trouble.headers)
                body = (trouble.body or "").encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if trouble is not None and trouble.cut is not None:
                self.wfile.write(body[: trouble.cut])
                self.close_connection = True
            else:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: `fake.requests` tells."""

    return Handler


def stamp(when: datetime) -> str:
    """A moment as Zendesk writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
