"""A stand-in for Stripe over HTTP: plain objects, both shapes, pages, events, permissions, troubles and a clock.

    fake = FakeStripe(now=datetime(2024, 6, 1, tzinfo=UTC))
    fake.add(customer("cus_1"), price("price_1", 10000), subscription("sub_1", "cus_1", [item("si_1", "price_1")]))
    with fake:                       # or fake.start() … fake.stop()
        ... StripeClient(fake.key, base_addresses={"api": fake.url})

Objects are held in the shape since 2025-03-31 with nested things in full; answers fold them to ids unless expanded, and
`shape="old"` rewrites them to the shape before. Lists are newest first, pages of at most 100 as `limit` asks.
"""

from __future__ import annotations

import copy
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Thing = dict[str, Any]

PLURALS = {
    "customer": "customers",
    "product": "products",
    "price": "prices",
    "plan": "plans",
    "coupon": "coupons",
    "promotion_code": "promotion_codes",
    "subscription": "subscriptions",
    "subscription_item": "subscription_items",
    "subscription_schedule": "subscription_schedules",
    "invoice": "invoices",
    "credit_note": "credit_notes",
    "refund": "refunds",
    "charge": "charges",
    "event": "events",
}
RIGHTS = {name: f"rak_{kind}_read" for kind, name in PLURALS.items()}


@dataclass
class Trouble:
    """What to do instead of answering: `times` requests whose path begins with `path`, after `after` of them."""

    path: str
    status: int = 200
    times: int = 1
    after: int = 0
    headers: Thing = field(default_factory=dict)
    body: str | None = None
    slow: float = 0.0
    cut: bool = False
    """Announce the whole answer and send half of it."""


class FakeStripe:
    """The server. `key` is the one it knows; `forbidden` names lists (`invoices`) that the key may not read."""

    def __init__(
        self,
        *,
        key: str = "rk_live_fake",
        shape: str = "new",
        now: datetime | None = None,
        forbidden: Iterable[str] = (),
    ) -> None:
        self.key = key
        self.expired = False
        self.shape = shape
        self.now = now
        self.forbidden = set(forbidden)
        self.objects: dict[str, dict[str, Thing]] = {name: {} for name in PLURALS.values()}
        self.deleted: set[str] = set()
        self.requests: list[str] = []
        """The path and query of each request, in order."""
        self.versions: set[str | None] = set()
        self.accounts: set[str | None] = set()
        """What requests said of the API version, and of the connected account."""
        self.troubles: deque[Trouble] = deque()
        self.before: Callable[[str], None] | None = None
        """Called with the path before each answer: changes what is held while it is read."""
        self._server: ThreadingHTTPServer | None = None
        self._made = 0
        self._lock = threading.RLock()

    # What it holds.

    def add(self, *things: Thing) -> None:
        """Holds objects, or replaces those of the same id, without an event."""
        for thing in things:
            held = copy.deepcopy(thing)
            self.objects[PLURALS[thing["object"]]][thing["id"]] = held

    def change(self, thing: Thing, event: str, at: int, old: bool = False) -> Thing:
        """Holds an object and tells of it: `change(customer, "customer.updated", …)`. Gives the event."""
        self.add(thing)
        return self.tell(thing, event, at, old)

    def tell(self, thing: Thing, event: str, at: int, old: bool = False) -> Thing:
        """Tells of an object by an event, whatever is held."""
        self._made += 1
        told = copy.deepcopy(thing)
        made = {
            "id": f"evt_{self._made:06}", "object": "event", "type": event, "created": at, "livemode": True,
            "api_version": "2024-06-20" if old else "2025-03-31.basil",
            "data": {"object": _folded(_old(told) if old else told, set())},
        }  # fmt: skip
        self.objects["events"][made["id"]] = made
        return made

    def remove(self, thing: Thing, event: str, at: int) -> None:
        """Deletes an object and tells of it."""
        self.change(thing, event, at)
        del self.objects[PLURALS[thing["object"]]][thing["id"]]
        self.deleted.add(thing["id"])

    def trouble(self, path: str, **how: Any) -> None:
        """Arranges for something to go wrong; see `Trouble`."""
        self.troubles.append(Trouble(path, **how))

    # How it runs.

    def start(self) -> FakeStripe:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(fake.now or datetime.now(UTC), usegmt=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> FakeStripe:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # How it answers.

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, asked = urlsplit(handler.path).path, parse_qsl(urlsplit(handler.path).query)
        with self._lock:
            self.requests.append(handler.path)
            self.versions.add(handler.headers.get("Stripe-Version"))
            self.accounts.add(handler.headers.get("Stripe-Account"))
            if self.before is not None:
                self.before(handler.path)
            trouble = self._trouble(path)
            status, body = self._body(handler.headers.get("Authorization", ""), path, asked)
        if trouble is not None:
            sleep(trouble.slow)
            if trouble.status != 200 or trouble.body is not None:
                status = trouble.status
                body = trouble.body if trouble.body is not None else _error("something", status=status)
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in (trouble.headers if trouble else {}).items():
            handler.send_header(name, value)
        if trouble is not None and trouble.cut:
            handler.send_header("Connection", "close")
            handler.close_connection = True
            data = data[: len(data) // 2]
        handler.end_headers()
        handler.wfile.write(data)

    def _trouble(self, path: str) -> Trouble | None:
        for each in self.troubles:
            if path.startswith(each.path) and each.times > 0:
                if each.after > 0:
                    each.after -= 1
                    continue
                each.times -= 1
                return each
        return None

    def _body(self, authorization: str, path: str, asked: list[tuple[str, str]]) -> tuple[int, Any]:
        if authorization != f"Bearer {self.key}":
            return 401, _error(f"Invalid API Key provided: {authorization[7:17]}***{authorization[-4:]}")
        if self.expired:
            return 401, _error(f"Expired API Key provided: {self.key[:8]}***", code="api_key_expired")
        parts = path.removeprefix("/v1/").split("/")
        if parts[0] not in self.objects:
            return 404, _error(f"Unrecognized request URL (GET: {path}).")
        if parts[0] in self.forbidden:
            wanted = RIGHTS[parts[0]]
            return 403, _error(
                f"The provided key 'rk_live_***{self.key[-4:]}' does not have the required permissions for this endpoint. "
                f"Having the '{wanted}' permission would allow this request to continue."
            )
        expand = {value for name, value in asked if name.startswith("expand")}
        too_deep = next((each for each in expand if each.count(".") > 3), None)
        if too_deep:
            return 400, _error(f"You cannot expand more than 4 levels of a property: {too_deep}.")
        if len(parts) == 1:
            return self._list(parts[0], f"/v1/{parts[0]}", self._held(parts[0], dict(asked)), dict(asked), expand)
        held = self.objects[parts[0]].get(parts[1])
        if held is None:
            if parts[1] in self.deleted and parts[0] == "customers":
                return 200, {"id": parts[1], "object": "customer", "deleted": True}
            return 404, _error(f"No such {parts[0][:-1]}: '{parts[1]}'", code="resource_missing", param="id")
        if len(parts) == 3 and parts[2] == "lines":
            return self._list("lines", path, held["lines"]["data"], dict(asked), expand)
        return 200, self._shown(held, expand)

    def _held(self, name: str, asked: dict[str, str]) -> list[Thing]:
        if name == "subscription_items":
            return list(self.objects["subscriptions"][asked["subscription"]]["items"]["data"])
        held = sorted(
            enumerate(self.objects[name].values()), key=lambda each: (each[1]["created"], each[0]), reverse=True
        )
        things = [thing for _, thing in held]
        if name == "subscriptions" and asked.get("status") != "all":
            things = [each for each in things if each["status"] not in ("canceled", "incomplete_expired")]
        wanted = asked.get("type")
        if name == "events" and wanted:
            start = wanted.removesuffix("*")
            things = [each for each in things if each["type"].startswith(start)]
        low, high = int(asked.get("created[gte]", 0)), int(asked.get("created[lte]", 2**40))
        return [each for each in things if low <= each["created"] <= high]

    def _list(
        self, name: str, path: str, things: list[Thing], asked: dict[str, str], expand: set[str]
    ) -> tuple[int, Any]:
        limit, after, first = int(asked.get("limit", 10)), asked.get("starting_after"), 0
        if after is not None:
            ids = [each["id"] for each in things]
            if after not in ids:
                return 400, _error(f"No such object: '{after}'", code="resource_missing", param="starting_after")
            first = ids.index(after) + 1
        inner = {each.removeprefix("data.") for each in expand}
        data = [self._shown(each, inner) for each in things[first : first + limit]]
        return 200, {"object": "list", "url": path, "has_more": first + limit < len(things), "data": data}

    def _shown(self, thing: Thing, expand: set[str]) -> Thing:
        shown = _folded(copy.deepcopy(thing), expand)
        return _old(shown) if self.shape == "old" and thing["object"] != "event" else shown


def _error(message: str, *, code: str | None = None, param: str | None = None, status: int = 0) -> Thing:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return {"error": {"type": kind, "message": message, "code": code, "param": param}}


def _folded(thing: Thing, expand: set[str]) -> Thing:
    """Nested objects as ids, tiers left out, lists cut at ten: as Stripe shows what is not asked to be expanded."""
    kind = thing["object"]
    if kind in ("price", "plan") and "tiers" in thing and "tiers" not in expand:
        del thing["tiers"]
    if kind == "price" and "currency_options" not in expand:
        thing.pop("currency_options", None)
    if kind == "coupon" and "applies_to" not in expand:
        thing.pop("applies_to", None)
    if kind == "customer" and thing.get("discount"):
        _fold_coupon(thing["discount"], "discount.source.coupon" in expand)
    for name, deeper in (("items", "items.data.discounts"), ("lines", "lines.data.discounts")):
        if isinstance(thing.get(name), dict):
            parts = [_folded(each, {"discounts"} if deeper in expand else set()) for each in thing[name]["data"]]
            thing[name] = {"object": "list", "data": parts[:10], "has_more": len(parts) > 10}
    if kind == "subscription_item":
        thing["price"] = _folded(thing["price"], set())
    if kind in ("subscription", "subscription_item", "invoice", "line_item"):
        deep = "discounts.source.coupon" in expand
        whole = deep or "discounts" in expand
        for each in thing.get("discounts", []):
            _fold_coupon(each, deep)
        thing["discounts"] = (
            thing.get("discounts", []) if whole else [each["id"] for each in thing.get("discounts", [])]
        )
    return thing


def _fold_coupon(discount: Thing, whole: bool) -> None:
    coupon = discount["source"]["coupon"]
    if isinstance(coupon, dict):
        coupon = {name: value for name, value in coupon.items() if name != "applies_to"}
        discount["source"]["coupon"] = coupon if whole else coupon["id"]


def _old(thing: Thing) -> Thing:
    """The shape before 2025-03-31."""
    kind = thing["object"]
    for each in [*thing.get("discounts", []), thing.get("discount")]:
        if isinstance(each, dict) and "source" in each:
            each["coupon"] = each.pop("source")["coupon"]
    if kind == "subscription":
        items = thing["items"]["data"]
        for each in items:
            thing["current_period_start"] = each.pop("current_period_start", None)
            thing["current_period_end"] = each.pop("current_period_end", None)
            for discount in each.get("discounts", []):
                if isinstance(discount, dict) and "source" in discount:
                    discount["coupon"] = discount.pop("source")["coupon"]
            each["plan"] = _as_plan(each["price"])
        first = thing["discounts"][0] if thing.get("discounts") else None
        thing["discount"] = first
    if kind == "invoice":
        parent = thing.pop("parent", None) or {}
        thing["subscription"] = (parent.get("subscription_details") or {}).get("subscription")
        thing["paid"] = thing["status"] == "paid"
        thing["tax"] = sum(each["amount"] for each in thing.pop("total_taxes", None) or []) or None
        for line in thing["lines"]["data"]:
            _old_line(line)
    if kind == "line_item":
        _old_line(thing)
    return thing


def _old_line(line: Thing) -> None:
    parent = line.pop("parent", None) or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    line["type"] = "subscription" if parent.get("type") == "subscription_item_details" else "invoiceitem"
    line["subscription"] = details.get("subscription")
    line["subscription_item"] = details.get("subscription_item")
    line["proration"] = details.get("proration", False)
    pricing = line.pop("pricing", None)
    if pricing:
        price = pricing["price_details"]
        line["price"] = {"id": price["price"], "object": "price", "product": price["product"]}
    line["unique_id"] = line["id"]


def _as_plan(price: Thing) -> Thing:
    recurring = price.get("recurring") or {}
    return {
        "id": price["id"], "object": "plan", "currency": price["currency"], "product": price["product"],
        "amount": price.get("unit_amount"), "amount_decimal": price.get("unit_amount_decimal"),
        "billing_scheme": price["billing_scheme"], "tiers_mode": price.get("tiers_mode"),
        "interval": recurring.get("interval"), "interval_count": recurring.get("interval_count"),
        "usage_type": recurring.get("usage_type"), "created": price["created"],
    }  # fmt: skip
