"""What `tally sync` lands from Stripe: a dlt source of which each resource reads one kind of object.

A first sync (or `--full`) lists everything. A later one lists what was made since, and reads again what events say has
changed; events reach back thirty days, so after a longer gap everything is listed again. Each resource keeps in dlt's
state how far it has read, saved with its rows. Times are Stripe's: the `Date` of its answers, not this machine's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError
from tallymark_plugins.stripe_billing import connect, parts, rows, tables
from tallymark_plugins.stripe_billing.book import Book
from tallymark_plugins.stripe_billing.objects import DEFAULT, OBJECTS
from tallymark_plugins.stripe_billing.pages import Pages
from tallymark_plugins.stripe_billing.shapes import ShapeError, Thing, identity, moment, unfinished
from tallymark_plugins.stripe_billing.troubles import NotPermitted, misshapen

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.source import Landing

REACH = timedelta(days=29)
"""How far back events are trusted: Stripe keeps them for 30 days."""

OVERLAP = timedelta(hours=1)
"""What is read twice, so that an event that shows late is not missed. Rows are merged by their key."""

SKEW = timedelta(minutes=5)

PARTS = {"subscriptions": (tables.SNAPSHOTS,), "invoices": (tables.LINES,)}
"""Tables of the parts of objects, read with them."""

Batch = dict[str, list[rows.Row]]
"""Rows by table. An object's row and those of its parts are always in one batch."""

_BATCH = 500


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """A dlt source with a resource for each kind of object that the options name. Nothing is asked yet.

    Raises FaultError for options (D480, D481, L850, L860, L864, P790).
    """
    import dlt

    reading = Reading(definition, folder, landing)
    resources = [each for name in reading.names for each in _resources(f"{name}_read", reading.batches, name)]
    # Views read all tables: those of what is left out are there, and empty.
    left_out = [name for name in OBJECTS if name not in reading.names]
    resources += _resources("left_out", lambda _: iter(()), *left_out)
    return dlt.source(lambda: resources, name="stripe", max_table_nesting=0)()


def _resources(called: str, batches: Callable[[str], Iterator[Batch]], *names: str) -> Iterator[Any]:
    """The resources of some kinds of object and of their parts, all fed by one reading."""
    import dlt

    @dlt.resource(name=called, selected=False)
    def read() -> Iterator[Batch]:
        for name in names:
            yield from batches(name)

    for table in [table for name in names for table in (name, *PARTS.get(name, ()))]:

        @dlt.transformer(data_from=read, name=table, max_table_nesting=0, **tables.hints(table))
        def rows_of(batch: Batch, table: str = table) -> Iterator[Any]:
            if table in batch:
                yield batch[table]

        yield rows_of


@dataclass
class Reading:
    """One sync of one source."""

    definition: SourceDef
    folder: Path
    landing: Landing
    names: tuple[str, ...] = ()
    start: int | None = None
    _client: Any = field(default=None, repr=False)
    _pages: Pages = field(init=False, repr=False)
    _books: dict[bool, Book] = field(default_factory=dict, repr=False)
    _now: datetime | None = None
    _events: bool = True
    """Whether the key may read events."""

    def __post_init__(self) -> None:
        options = self.definition.options
        self.names = tuple(dict.fromkeys(options.get("objects") or DEFAULT))
        self.start = _start(options.get("start"), self.definition)
        self._client = connect.client(self.definition, self.folder)
        self._pages = Pages(self._client, self.definition)

    def batches(self, name: str) -> Iterator[Batch]:
        """The rows of one kind of object and of its parts."""
        import dlt

        state = dlt.current.resource_state(f"{name}_read")
        try:
            yield from self._batches(name, self._since(name, state), state)
        except NotPermitted as error:
            self._warn(error.fault)
        except ShapeError as error:
            raise FaultError(misshapen(error, self.definition)) from None

    def _since(self, name: str, state: dict[str, Any]) -> int | None:
        """The time up to which a kind was read, in seconds; None where everything is to be read."""
        self._same_mode(state)
        read = state.get("read_to")
        now = self.now()
        if "open" in state or read is None or state.get("start") != self.start or not self._events:
            return None
        if now - datetime.fromtimestamp(read, UTC) > REACH:
            self.landing.note(f"{name}: the last sync is over 29 days ago, and Stripe forgets changes: read anew")
            return None
        return int(read)

    def _batches(self, name: str, since: int | None, state: dict[str, Any]) -> Iterator[Batch]:
        # Reading everything can be put away in the midst of it (`Landing.pause`): it goes on below the last one read.
        began, below = state.get("open") or (int(self.now().timestamp()), None)
        book = self._book(whole=since is None)
        held: dict[str, list[rows.Row]] = {}
        for table, row in self._read(name, since, below, book):
            held.setdefault(table, []).append(row)
            # The row of an object comes after those of its parts: a batch never ends within an object.
            if table == name and len(held[name]) >= _BATCH:
                yield held
                held = {}
                last = row["created_at"] and int(row["created_at"].timestamp())
                # Within one second there is no place to go on from.
                if since is None and last is not None and last != below and self.landing.pause():
                    state["open"] = (began, last)
                    return
        yield held
        state.pop("open", None)
        state.update(read_to=began, start=self.start, test=self._test())
        self._tell_unknown(name, book)

    def _read(self, name: str, since: int | None, below: int | None, book: Book) -> Iterator[tuple[str, rows.Row]]:
        if since is None:
            yield from self._everything(name, below, book)
        else:
            yield from self._changed(name, since, book)

    def _everything(self, name: str, below: int | None, book: Book) -> Iterator[tuple[str, rows.Row]]:
        created = {"lte": below} if below is not None else {}
        if OBJECTS[name].dated and self.start is not None:
            created["gte"] = self.start
        for thing in self._pages.all(name, created):
            yield from self._rows(name, thing, book)
        if name == "subscriptions":
            yield from self._states(int((self.now() - REACH).timestamp()), book)

    def _changed(self, name: str, since: int, book: Book) -> Iterator[tuple[str, rows.Row]]:
        floor = since - int(OVERLAP.total_seconds())
        changes = self._changes(name, floor)
        read: set[str] = set()
        for thing in self._pages.all(name, {"gte": floor}):
            read.add(str(identity(thing)))
            yield from self._rows(name, thing, book)
        for key, deletion in changes.items():
            if key in read:
                continue
            found = self._pages.one(name, key)
            if found is not None and not found.get("deleted"):
                yield from self._rows(name, found, book)
            elif deletion is not None:
                # Its row stays, as it last was: what it took part in is still part of past numbers.
                row = rows.row(name, deletion["data"]["object"], book)
                yield name, {**row, "deleted_at": moment(deletion.get("created"))}
        if name == "subscriptions":
            yield from self._states(floor, book)

    def _changes(self, name: str, floor: int) -> dict[str, Thing | None]:
        """The objects that events since `floor` tell of, by id, each with the event of its deletion."""
        kind = OBJECTS[name]
        found: dict[str, Thing | None] = {}
        for event in self._told(floor, *kind.events):
            told = (event.get("data") or {}).get("object") or {}
            key = _subject(told, kind.of)
            if key is None:
                continue
            if kind.dated and self.start is not None and int(told.get("created") or 0) < self.start:
                continue
            deletion = event if told.get("object") == kind.of and _ends(event) else None
            found[key] = found.get(key) or deletion
        return found

    def _told(self, floor: int, *sorts: str) -> Iterator[Thing]:
        """The events of some sorts, the newest of each first; none where the key may not read them."""
        try:
            for sort in sorts if self._events else ():
                yield from self._pages.events(sort, floor)
        except NotPermitted as error:
            self._events = False
            self._warn(error.fault)

    def _rows(self, name: str, thing: Thing, book: Book) -> Iterator[tuple[str, rows.Row]]:
        """The row of an object and of its parts as they are now."""
        book.learn_discounts(thing)
        if name == "subscriptions":
            items = self._pages.items(thing)
            for each in items:
                book.learn_discounts(each)
            seen_at = self.now()
            mark = f"{identity(thing)}@{int(seen_at.timestamp())}"
            for row in parts.snapshot(thing, items, book, seen_at, _LAST, mark):
                yield tables.SNAPSHOTS, row
        if name == "invoices":
            lines = self._pages.lines(thing)
            for each in lines:
                book.learn_discounts(each)
            for row in parts.invoice_lines(thing, lines, book):
                yield tables.LINES, row
        yield name, rows.row(name, thing, book)

    def _states(self, floor: int, book: Book) -> Iterator[tuple[str, rows.Row]]:
        """What events tell of subscriptions as they were: exact in time, and kept for ever here.

        Of a subscription of more than ten items an event tells ten: its state is then that of the sync.
        """
        for place, event in enumerate(self._told(floor, "customer.subscription.*")):
            told = (event.get("data") or {}).get("object") or {}
            at = moment(event.get("created"))
            if told.get("object") == "subscription" and at is not None and not unfinished(told.get("items")):
                mark = str(identity(event))
                for row in parts.snapshot(told, self._pages.items(told), book, at, -place, mark):
                    yield tables.SNAPSHOTS, row

    def now(self) -> datetime:
        """The time of this sync by Stripe's clock. Says so when this machine's is far off (L861)."""
        if self._now is None:
            here = self.landing.now()
            there = self._stripe_time() or here
            self._now = there.replace(microsecond=0)
            if self._test():
                self.landing.note("the key is of test mode: what is landed are test data, not real customers")
            if abs(here - there) > SKEW:
                minutes = round(abs(here - there).total_seconds() / 60)
                side = "ahead of" if here > there else "behind"
                message = f"this machine's clock is {minutes} minutes {side} Stripe's, whose time is used"
                help = "set the clock; encrypted connections may fail by it"
                self._warn(Fault("L861", message, self.definition.place, help, severity="warning"))
        return self._now

    def _stripe_time(self) -> datetime | None:
        """Asks for one event, which also shows whether the key is known and may read events."""
        try:
            self._pages.touch()
        except NotPermitted as error:
            self._events = False
            self._warn(error.fault)
        date = self._pages.date
        try:
            return parsedate_to_datetime(date).astimezone(UTC) if date else None
        except ValueError:
            return None

    def _book(self, whole: bool) -> Book:
        return self._books.setdefault(whole, Book(self._pages, whole, bool(self.definition.options.get("personal"))))

    def _test(self) -> bool:
        return connect.is_test(self.definition, self.folder)

    def _same_mode(self, state: dict[str, Any]) -> None:
        test = self._test()
        if "test" in state and bool(state["test"]) != test and not self.landing.full:
            was, new = ("test", "live") if state["test"] else ("live", "test")
            message = f"the source `{self.definition.name}` holds {was} data, and its key is now one of {new} mode"
            help = (
                f"use a key of {was} mode, name another source for {new} data, or begin anew with `tally sync --full`"
            )
            raise FaultError(Fault("L859", message, self.definition.place, help))

    def _warn(self, fault: Fault) -> None:
        self.landing.note(f"[{fault.code}] {fault.message}; {fault.help}")

    def _tell_unknown(self, name: str, book: Book) -> None:
        if name == "subscriptions" and len(book.currencies) > 1:
            some = ", ".join(sorted(book.currencies))
            help = "say `currency: currency` beside each amount in the project's datasets, and give `rates`"
            self.landing.note(f"subscriptions are billed in several currencies ({some}): {help}")
        if name == "subscriptions" and book.unpriced:
            some = ", ".join(sorted(book.unpriced)[:5])
            self.landing.note(
                f"{len(book.unpriced)} prices whose amount Stripe does not tell, so MRR lacks them: {some}"
            )
        if name in ("subscriptions", "invoices") and book.unknown_discounts:
            count = len(book.unknown_discounts)
            self.landing.note(
                f"{name}: {count} discounts that Stripe no longer describes: their amounts are not taken off"
            )
            book.unknown_discounts.clear()


_LAST = 2**31
"""The order of what is seen at a sync, after all events of the same second."""


def _subject(told: Thing, kind: str) -> str | None:
    """Of which object of a kind an event tells: it itself, or what a discount was given to or taken from."""
    if told.get("object") == "discount" and kind in ("customer", "subscription"):
        return identity(told.get("subscription")) if kind == "subscription" else identity(told.get("customer"))
    return identity(told) if told.get("object") == kind else None


def _ends(event: Thing) -> bool:
    return str(event.get("type")).endswith(".deleted")


def _start(said: object, definition: SourceDef) -> int | None:
    if said is None:
        return None
    try:
        day = datetime.fromisoformat(str(said))
    except ValueError:
        message = f"`start: {said}` is no day"
        raise FaultError(Fault("L864", message, definition.place, "write a day as 2024-01-31")) from None
    return int(day.replace(tzinfo=day.tzinfo or UTC).timestamp())
