"""Lists of Stripe's, page by page to their end, though they change while they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError
from tallymark_plugins.stripe_billing.objects import OBJECTS, Kind
from tallymark_plugins.stripe_billing.shapes import ShapeError, Thing, identity, listed, unfinished
from tallymark_plugins.stripe_billing.troubles import misshapen, trouble

if TYPE_CHECKING:
    from stripe import StripeClient

    from tallymark.definitions import SourceDef

PAGE = 100
"""Objects a page: the most that Stripe gives."""

_RESTARTS = 20


class Pages:
    """Reads lists and single objects as plain dictionaries. Every error of the SDK becomes a fault.

    Raises FaultError, or NotPermitted for a kind of object that the key may not read.
    """

    def __init__(self, client: StripeClient, definition: SourceDef) -> None:
        self._client = client
        self._definition = definition
        self.date: str | None = None
        """The `Date` of the last page, as Stripe's clock says it."""
        self._unexpanded: set[str] = set()

    def all(self, name: str, created: Mapping[str, int] | None = None) -> Iterator[Thing]:
        """Every object of a kind, each once, newest first; with `created`, those made within it (`gte`, `lte`)."""
        kind = OBJECTS[name]
        asked: dict[str, Any] = dict(kind.everything)
        if created:
            asked["created"] = dict(created)
        return self._walk(name, getattr(self._client.v1, kind.service), asked, kind.expand, prefix="data.")

    def events(self, sort: str, since: int) -> Iterator[Thing]:
        """The events of a sort (`invoice.*`) made at or after `since` (seconds since 1970), newest first."""
        return self._walk("events", self._client.v1.events, {"type": sort, "created": {"gte": since}})

    def touch(self) -> None:
        """Asks for one event: the least that shows whether Stripe answers, and what time it has."""
        import stripe

        try:
            self._dated(self._client.v1.events.list({"limit": 1}))
        except stripe.StripeError as error:
            self.date = (error.headers or {}).get("Date") or self.date
            raise trouble(error, self._definition, "events") from None

    def one(self, name: str, key: str) -> Thing | None:
        """One object as it is now; None where there is no such object (any more)."""
        import stripe

        kind = OBJECTS[name]
        service = getattr(self._client.v1, kind.service)
        try:
            return _plain(self._expanding(name, lambda params: service.retrieve(key, params), {}, kind.expand, ""))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise trouble(error, self._definition, name) from None
        except stripe.StripeError as error:
            raise trouble(error, self._definition, name) from None

    def items(self, subscription: Thing) -> list[Thing]:
        """All items of a subscription: the ten that come with it, or the pages of them when there are more."""
        held = subscription.get("items")
        if not unfinished(held):
            return list(listed(held))
        asked = {"subscription": identity(subscription)}
        expand = ("discounts",)
        return list(self._walk("subscriptions", self._client.v1.subscription_items, asked, expand, prefix="data."))

    def lines(self, invoice: Thing) -> list[Thing]:
        """All lines of an invoice: those that come with it, or the pages of them when there are more."""
        held = invoice.get("lines")
        if not unfinished(held):
            return list(listed(held))
        service = _Lines(self._client, str(identity(invoice)))
        return list(self._walk("invoices", service, {}, ("discounts",), prefix="data."))

    def _walk(
        self, name: str, service: Any, asked: dict[str, Any], expand: tuple[str, ...] = (), prefix: str = ""
    ) -> Iterator[Thing]:
        import stripe

        seen: set[str] = set()
        for _ in range(_RESTARTS):
            try:
                yield from self._once(name, service, asked, expand, prefix, seen)
                return
            except stripe.InvalidRequestError as error:
                # The object that the page began after is gone. What is left is read from the top: what was seen is
                # known by its id.
                if error.param not in ("starting_after", "ending_before") or not seen:
                    raise trouble(error, self._definition, name) from None
            except stripe.StripeError as error:
                raise trouble(error, self._definition, name) from None
        message = f"the source `{self._definition.name}`: the list of {name} goes on changing while it is read"
        raise FaultError(Fault("L865", message, self._definition.place, "sync again; what is landed stays"))

    def _once(
        self, name: str, service: Any, asked: dict[str, Any], expand: tuple[str, ...], prefix: str, seen: set[str]
    ) -> Iterator[Thing]:
        page = self._expanding(name, service.list, {**asked, "limit": PAGE}, expand, prefix)
        while True:
            self._dated(page)
            if not isinstance(getattr(page, "data", None), list):
                raise FaultError(
                    misshapen(ShapeError(f"the list of {name}", None, "`data` is missing"), self._definition)
                )
            for found in page.data:
                thing = _plain(found)
                key = identity(thing)
                if key is None:
                    raise FaultError(
                        misshapen(ShapeError(f"one of the {name}", None, "`id` is missing"), self._definition)
                    )
                if key not in seen:
                    seen.add(key)
                    yield thing
            if not getattr(page, "has_more", False) or not page.data:
                return
            page = page.next_page()

    def _expanding(self, name: str, ask: Any, asked: dict[str, Any], expand: tuple[str, ...], prefix: str) -> Any:
        """Asks with `expand`, and without where the server cannot expand that: ids then stand for objects."""
        import stripe

        if not expand or name in self._unexpanded:
            return ask(asked)
        try:
            return ask({**asked, "expand": [prefix + each for each in expand]})
        except stripe.InvalidRequestError as error:
            if error.http_status != 400 or "expand" not in str(error):
                raise
            self._unexpanded.add(name)
            return ask(asked)

    def _dated(self, page: Any) -> None:
        response = getattr(page, "last_response", None)
        headers = getattr(response, "headers", None) or {}
        self.date = headers.get("Date") or self.date


class _Lines:
    """The lines of one invoice, listed as other objects are."""

    def __init__(self, client: StripeClient, invoice: str) -> None:
        self._service = client.v1.invoices.line_items
        self._invoice = invoice

    def list(self, params: Any) -> Any:
        return self._service.list(self._invoice, params)


def _plain(found: Any) -> Thing:
    return found.to_dict() if hasattr(found, "to_dict") else found  # type: ignore[no-any-return]  # the client tells no types


__all__ = ["PAGE", "Kind", "Pages"]
