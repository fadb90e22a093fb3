"""The account as a dlt source: a resource a table, each going on where the last run stopped.

What is read already is kept in dlt's state of each resource, which is saved with the rows: `cursor` or `time`, the
position after the last page, and `shape`, what the rows were made with. When the project asks for other rows (another
field, another form), what is landed is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tallymark.definitions import SourceDef
from tallymark.errors import FaultError
from tallymark.source import Landing
from tallymark_plugins.zendesk import survey_tables, tables
from tallymark_plugins.zendesk.client import Client
from tallymark_plugins.zendesk.complaints import complain, misshapen
from tallymark_plugins.zendesk.pace import Pace
from tallymark_plugins.zendesk.pages import Listing, Row, by_cursor, by_list, by_time
from tallymark_plugins.zendesk.settings import Settings, settings_of
from tallymark_plugins.zendesk.tables import Landed, LandedTable
from tallymark_plugins.zendesk.values import MisshapenError, moment, text, whole

State = dict[str, Any]
Rows = Iterator[list[Landed]]
Make = Callable[[Settings, Row], Iterator[Landed]]

TAKEN = frozenset(tables.TICKETS.columns) | {
    *("customer", "organization", "kind", "assignee", "group_name", "brand", "form"),
    *("agent_replies", "customer_replies", "first_reply_at", "solved_at"),
}
"""Columns of tickets, landed or in the view: a field of the account's own has another name."""

DAY = 86_400
OVERLAP = 60
"""How much of an export by time is read again, in seconds: what Zendesk leaves out of its last minute."""
TOO_RECENT = 120
"""Exports do not begin within the last minute; twice that bears clocks that differ a little."""
RATING_DAYS = 35
"""For how many days after it was offered a rating may change: 28 until its ticket is closed, and a week."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the settings, what the caller says of it, and the pace that all exports share."""

    settings: Settings
    landing: Landing
    pace: Pace

    def connect(self) -> Client:
        return Client(self.settings, self.pace, self.landing.say)

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.landing.now().timestamp())


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """The dlt source of an account. Raises FaultError (L870, L881, D480) for bad options; its rows L871–L886."""
    import dlt

    settings = settings_of(definition, folder, TAKEN)
    run = Run(settings, landing, _pace(settings.url, settings.requests_per_minute))
    if settings.start > run.now():
        message = "`start` is a day that is still to come, by this computer's clock"
        raise complain(settings, "L881", message, "write a day that is past, or set the clock right")
    resources = [resource(run, table, read) for table, read in _readers()]
    return dlt.source(lambda: resources, name=definition.name)()


@cache
def _pace(url: str, limit: int) -> Pace:
    """The pace of an account, which counts whoever asks, and however often a run begins again."""
    return Pace(limit)


def resource(run: Run, table: LandedTable, read: Callable[[Run, State], Rows]) -> Any:
    """A table as a dlt resource, there even when it has no rows; emptied when it is skipped."""
    import dlt

    columns: dict[str, Any] = {
        name: {"data_type": kind, "nullable": name != "id"} for name, kind in table.columns.items()
    }
    if table is tables.TICKETS:
        columns |= {name: {"data_type": "text", "nullable": True} for name in run.settings.fields}
    skipped = table.name in run.settings.skip
    if table.newest is not None:
        columns[table.newest]["dedup_sort"] = "desc"
    if table.deletes:
        columns["deleted"]["hard_delete"] = True

    disposition: Literal["replace", "merge"] = "replace" if table.newest is None or skipped else "merge"

    def rows() -> Iterator[Any]:
        kept: State = dlt.current.resource_state()
        shape = _shape(run.settings, table)
        if skipped or kept.get("shape") != shape:
            kept.clear()
        if not skipped:
            kept["shape"] = shape
        yield dlt.mark.materialize_table_schema()
        if not skipped:
            yield from read(run, kept)

    return dlt.resource(
        rows,
        name=table.name,
        primary_key="id",
        write_disposition=disposition,
        columns=columns,
        max_table_nesting=0,
    )


def _shape(settings: Settings, table: LandedTable) -> str:
    """What the rows of a table depend on, beside the account."""
    parts: list[object] = [settings.url, settings.start, settings.personal]
    if table is tables.TICKETS:
        parts += [sorted(settings.fields.items()), sorted(settings.forms)]
    if table is tables.ORGANIZATIONS:
        parts.append(settings.customer)
    return repr(parts)


TICKETS = Listing("/api/v2/incremental/tickets/cursor.json", "tickets", "tickets", {"include": "metric_sets"})
USERS = Listing("/api/v2/incremental/users/cursor.json", "users", "users")
ORGANIZATIONS = Listing("/api/v2/incremental/organizations.json", "organizations", "organisations")
ALL_ORGANIZATIONS = Listing("/api/v2/organizations.json", "organizations", "organisations")
EVENTS = Listing(
    "/api/v2/incremental/ticket_events.json", "ticket_events", "ticket events", {"include": "comment_events"}
)
METRIC_EVENTS = Listing("/api/v2/incremental/ticket_metric_events.json", "ticket_metric_events", "ticket metric events")
RATINGS = Listing("/api/v2/satisfaction_ratings.json", "satisfaction_ratings", "satisfaction ratings")
RESPONSES = Listing("/api/v2/guide/survey_responses", "survey_responses", "survey responses")
SURVEYS = Listing("/api/v2/guide/en-us/surveys", "surveys", "surveys")
DELETED = Listing("/api/v2/deleted_tickets.json", "deleted_tickets", "deleted tickets")
GROUPS = Listing("/api/v2/groups.json", "groups", "groups", {"exclude_deleted": "false"})
BRANDS = Listing("/api/v2/brands.json", "brands", "brands")
FORMS = Listing("/api/v2/ticket_forms.json", "ticket_forms", "ticket forms")


def _readers() -> Iterator[tuple[LandedTable, Callable[[Run, State], Rows]]]:
    yield tables.TICKETS, read_tickets
    yield tables.USERS, read_users
    yield tables.ORGANIZATIONS, _timed(ORGANIZATIONS, tables.organization_rows, all_organizations)
    yield tables.TICKET_EVENTS, _timed(EVENTS, tables.event_rows, None)
    yield tables.METRIC_EVENTS, _timed(METRIC_EVENTS, tables.metric_event_rows, metric_events_at)
    yield survey_tables.RATINGS, _recent(RATINGS, survey_tables.rating_rows, "start_time", 1)
    yield (
        survey_tables.SURVEY_RESPONSES,
        _recent(RESPONSES, survey_tables.response_rows, "filter[created_at_start]", 1000),
    )
    yield survey_tables.SURVEYS, _whole(SURVEYS, survey_tables.survey_rows)
    yield tables.DELETED_TICKETS, _whole(DELETED, tables.deleted_rows)
    yield tables.GROUPS, _whole(GROUPS, tables.named_rows)
    yield tables.BRANDS, _whole(BRANDS, tables.named_rows)
    yield tables.TICKET_FORMS, _whole(FORMS, tables.named_rows)


def read_tickets(run: Run, kept: State) -> Rows:
    """Tickets that changed since the cursor, each with its metrics."""
    with run.connect() as client:
        for page in by_cursor(client, TICKETS, kept.get("cursor"), _start(run, run.settings.start)):
            metrics = _metric_sets(run, page.answer)

            def make(settings: Settings, raw: Row, metrics: Mapping[int | None, Row] = metrics) -> Iterator[Landed]:
                own = raw.get("metric_set")
                found = own if isinstance(own, dict) else metrics.get(whole(raw, "id"), {})
                return tables.ticket_rows(settings, raw, found)

            yield made(run, TICKETS, page.rows, make)
            kept["cursor"] = page.position
            if run.landing.pause():
                return


def _metric_sets(run: Run, answer: Row) -> dict[int | None, Row]:
    """The metrics that came beside the tickets, by ticket; some accounts have them within each ticket instead."""
    listing = Listing("", "metric_sets", "ticket metrics")
    sets = answer.get("metric_sets") or []
    if not isinstance(sets, list) or not all(isinstance(one, dict) for one in sets):
        raise misshapen(run.settings, listing.what, "`metric_sets` is no list of objects")
    return {_keyed(run, listing, one, "ticket_id"): one for one in sets}


def read_users(run: Run, kept: State) -> Rows:
    """Users who changed since the cursor."""
    with run.connect() as client:
        for page in by_cursor(client, USERS, kept.get("cursor"), _start(run, run.settings.start)):
            yield made(run, USERS, page.rows, tables.user_rows)
            kept["cursor"] = page.position
            if run.landing.pause():
                return


def _timed(
    listing: Listing, make: Make, rest: Callable[[Client, int], Iterator[list[Row]]] | None
) -> Callable[[Run, State], Rows]:
    """A reader of an export by time, which goes on a little before the time it came to."""

    def read(run: Run, kept: State) -> Rows:
        since = kept["time"] - OVERLAP if "time" in kept else run.settings.start
        with run.connect() as client:
            for page in by_time(client, listing, _start(run, max(since, 0)), rest):
                yield made(run, listing, page.rows, make)
                kept["time"] = max(page.position, kept.get("time", 0))
                if run.landing.pause():
                    return

    return read


def all_organizations(client: Client, time: int) -> Iterator[list[Row]]:
    """Every organisation there is: more were changed in one second than a page of the export holds."""
    yield from by_list(client, ALL_ORGANIZATIONS)


def metric_events_at(client: Client, time: int) -> Iterator[list[Row]]:
    """The metric events of one second, from the same export in smaller pages with a cursor."""
    listing = Listing(METRIC_EVENTS.path, METRIC_EVENTS.key, METRIC_EVENTS.what, {"start_time": time}, export=True)
    for rows in by_list(client, listing):
        yield rows
        last = moment(rows[-1], "time") if rows else None
        if last is None or last.timestamp() >= time + 1:
            return


def _recent(listing: Listing, make: Make, since: str, unit: int) -> Callable[[Run, State], Rows]:
    """A reader of a list by the time of creation, which reads again what may still have changed."""

    def read(run: Run, kept: State) -> Rows:
        began = run.now()
        start = max(kept["time"] - RATING_DAYS * DAY, 0) if "time" in kept else run.settings.start
        asked = Listing(listing.path, listing.key, listing.what, {since: start * unit} if start else None)
        for rows in _if_there(run, kept, asked):
            yield made(run, listing, rows, make)
        kept["time"] = max(began, kept.get("time", 0))

    return read


def _whole(listing: Listing, make: Make) -> Callable[[Run, State], Rows]:
    """A reader of a short list, read whole every time."""

    def read(run: Run, kept: State) -> Rows:
        for rows in _if_there(run, kept, listing):
            yield made(run, listing, rows, make)

    return read


def _if_there(run: Run, kept: State, listing: Listing) -> Iterator[list[Row]]:
    """The pages of a list that not every plan of Zendesk has; one that was there before must be there again."""
    with run.connect() as client:
        try:
            for rows in by_list(client, listing):
                yield rows
                kept["there"] = True
        except FaultError as error:
            if kept.get("there") or not {fault.code for fault in error.faults} <= {"L872", "L873"}:
                raise
            run.landing.say(f"{run.settings.source}: the account gives no {listing.what}; they stay empty")


def _start(run: Run, since: int) -> int:
    """The time to begin at: not within the last minutes."""
    return min(since, max(run.now() - TOO_RECENT, 0))


def made(run: Run, listing: Listing, rows: list[Row], make: Make) -> list[Landed]:
    """The landed rows of a page. Raises FaultError: L882 for a value of another kind, L883 for a row without id."""
    made: list[Landed] = []
    for raw in rows:
        _keyed(run, listing, raw, "id")
        try:
            made += make(run.settings, raw)
        except MisshapenError as error:
            raise misshapen(
                run.settings, f"{listing.what}, the one with the id {text(raw, 'id')}", str(error)
            ) from None
    return made


def _keyed(run: Run, listing: Listing, raw: Row, key: str) -> int | None:
    """A row's own number, None for an id that is a text. Raises FaultError (L883) when it has none."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        message = f"among the {listing.what} is one without an `{key}`, which cannot be told from the others"
        raise complain(
            run.settings, "L883", message, "run the sync again; if it stays so, leave the object out by `skip:`"
        )
    return value if isinstance(value, int) else None
