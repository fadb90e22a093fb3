"""The landed tables: their columns, and what of Zendesk's objects goes into each row.

Only what metrics need is landed. What tells of persons (subjects, descriptions, comments, the names and addresses of
end users) is landed only where the project asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tallymark_plugins.zendesk.settings import Settings
from tallymark_plugins.zendesk.values import inner, moment, objects, text, texts, truth, whole

Raw = Mapping[str, Any]
Landed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LandedTable:
    """A table: its columns with their types (dlt's words), the key, and the column by which the newest version wins.

    Rows whose column `deleted` is true are taken out. Without `newest` the table is replaced by every run.
    """

    name: str
    columns: Mapping[str, str]
    newest: str | None = None
    deletes: bool = False


TICKETS = LandedTable(
    "tickets",
    {
        "id": "bigint",
        "external_id": "text",
        "status": "text",
        "type": "text",
        "priority": "text",
        "channel": "text",
        "tags": "text",
        "merged": "bool",
        "subject": "text",
        "description": "text",
        "requester_id": "bigint",
        "submitter_id": "bigint",
        "assignee_id": "bigint",
        "organization_id": "bigint",
        "group_id": "bigint",
        "brand_id": "bigint",
        "ticket_form_id": "bigint",
        "problem_id": "bigint",
        "created_at": "timestamp",
        "updated_at": "timestamp",
        "due_at": "timestamp",
        "generated_timestamp": "bigint",
        "replies": "bigint",
        "reopens": "bigint",
        "assignee_stations": "bigint",
        "group_stations": "bigint",
        "metric_solved_at": "timestamp",
        "metric_assigned_at": "timestamp",
        "reply_seconds": "bigint",
        "reply_minutes": "bigint",
        "reply_minutes_business": "bigint",
        "first_resolution_minutes": "bigint",
        "first_resolution_minutes_business": "bigint",
        "full_resolution_minutes": "bigint",
        "full_resolution_minutes_business": "bigint",
        "requester_wait_minutes": "bigint",
        "requester_wait_minutes_business": "bigint",
        "deleted": "bool",
    },
    newest="generated_timestamp",
    deletes=True,
)
MERGED_TAG = "closed_by_merge"


def ticket_rows(settings: Settings, raw: Raw, metrics: Raw) -> Iterator[Landed]:
    """A ticket with its metrics. One that is deleted, or of a form that is not wanted, is taken out."""
    form, status = whole(raw, "ticket_form_id"), text(raw, "status")
    unwanted = bool(settings.forms) and form not in settings.forms
    tags = texts(raw, "tags")
    row: Landed = {
        "id": whole(raw, "id"),
        "external_id": text(raw, "external_id"),
        "status": status,
        "type": text(raw, "type"),
        "priority": text(raw, "priority"),
        "channel": text(inner(raw, "via"), "channel"),
        "tags": " ".join(tags) or None,
        "merged": MERGED_TAG in tags,
        "subject": text(raw, "subject") if settings.personal else None,
        "description": text(raw, "description") if settings.personal else None,
        "ticket_form_id": form,
        "generated_timestamp": whole(raw, "generated_timestamp"),
        "deleted": status == "deleted" or unwanted,
    }
    for name in (
        "requester_id",
        "submitter_id",
        "assignee_id",
        "organization_id",
        "group_id",
        "brand_id",
        "problem_id",
    ):
        row[name] = whole(raw, name)
    for name in ("created_at", "updated_at", "due_at"):
        row[name] = moment(raw, name)
    if row["generated_timestamp"] is None and row["updated_at"] is not None:
        row["generated_timestamp"] = int(row["updated_at"].timestamp())
    row.update(_metrics(metrics))
    values = {whole(one, "id"): one.get("value") for one in objects(raw, "custom_fields")}
    for name, number in settings.fields.items():
        found = {name: values.get(number)}
        row[name] = " ".join(texts(found, name)) or None if isinstance(found[name], list) else text(found, name)
    yield row


def _metrics(raw: Raw) -> Landed:
    row: Landed = {name: whole(raw, name) for name in ("replies", "reopens", "assignee_stations", "group_stations")}
    row["metric_solved_at"] = moment(raw, "solved_at")
    row["metric_assigned_at"] = moment(raw, "assigned_at")
    row["reply_seconds"] = whole(inner(raw, "reply_time_in_seconds"), "calendar")
    for name, key in (
        ("reply", "reply_time_in_minutes"),
        ("first_resolution", "first_resolution_time_in_minutes"),
        ("full_resolution", "full_resolution_time_in_minutes"),
        ("requester_wait", "requester_wait_time_in_minutes"),
    ):
        minutes = inner(raw, key)
        row[f"{name}_minutes"] = whole(minutes, "calendar")
        row[f"{name}_minutes_business"] = whole(minutes, "business")
    return row


USERS = LandedTable(
    "users",
    {
        "id": "bigint",
        "external_id": "text",
        "role": "text",
        "name": "text",
        "email": "text",
        "organization_id": "bigint",
        "active": "bool",
        "suspended": "bool",
        "time_zone": "text",
        "created_at": "timestamp",
        "updated_at": "timestamp",
        "last_login_at": "timestamp",
    },
    newest="updated_at",
)


def user_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A user. One that is deleted stays, inactive: tickets and comments still refer to it."""
    role = text(raw, "role")
    named = settings.personal or role in ("agent", "admin")
    yield {
        "id": whole(raw, "id"),
        "external_id": text(raw, "external_id"),
        "role": role,
        "name": text(raw, "name") if named else None,
        "email": text(raw, "email") if settings.personal else None,
        "organization_id": whole(raw, "organization_id"),
        "active": truth(raw, "active"),
        "suspended": truth(raw, "suspended"),
        "time_zone": text(raw, "time_zone"),
        **{name: moment(raw, name) for name in ("created_at", "updated_at", "last_login_at")},
    }


ORGANIZATIONS = LandedTable(
    "organizations",
    {
        "id": "bigint",
        "customer": "text",
        "external_id": "text",
        "name": "text",
        "group_id": "bigint",
        "tags": "text",
        "created_at": "timestamp",
        "updated_at": "timestamp",
        "deleted_at": "timestamp",
    },
    newest="updated_at",
)


def organization_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """An organisation with the customer that it stands for. A deleted one stays, for its closed tickets' sake."""
    rule = settings.customer
    own = text(inner(raw, "organization_fields"), rule[6:]) if rule.startswith("field:") else text(raw, rule)
    yield {
        "id": whole(raw, "id"),
        "customer": own or (text(raw, "id") if rule == "external_id" else None),
        "external_id": text(raw, "external_id"),
        "name": text(raw, "name"),
        "group_id": whole(raw, "group_id"),
        "tags": " ".join(texts(raw, "tags")) or None,
        **{name: moment(raw, name) for name in ("created_at", "updated_at", "deleted_at")},
    }


TICKET_EVENTS = LandedTable(
    "ticket_events",
    {
        "id": "text",
        "event_id": "bigint",
        "ticket_id": "bigint",
        "happened_at": "timestamp",
        "type": "text",
        "updater_id": "bigint",
        "author_id": "bigint",
        "public": "bool",
        "comment_id": "bigint",
        "field": "text",
        "value": "text",
        "previous_value": "text",
        "channel": "text",
        "body": "text",
    },
    newest="happened_at",
)
WATCHED = ("status", "priority", "type", "assignee_id", "group_id", "organization_id", "ticket_form_id", "brand_id")
"""The fields whose changes are landed."""


def event_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """What happened to a ticket in one update: a row a comment, a change of a comment's publicity, a field's change."""
    event = whole(raw, "id")
    told: Landed = {
        "event_id": event,
        "ticket_id": whole(raw, "ticket_id"),
        "happened_at": moment(raw, "created_at") or moment(raw, "timestamp"),
        "updater_id": whole(raw, "updater_id"),
    }
    for number, child in enumerate(objects(raw, "child_events")):
        kind = text(child, "event_type") or text(child, "type")
        own = text(child, "id") or f"{event}.{number}"
        if kind in ("Comment", "VoiceComment"):
            if child.get("comment_present") is False:
                continue
            yield told | {"id": own, "type": "comment"} | _comment(settings, child, told["updater_id"])
        elif kind == "CommentPrivacyChange":
            public = {"comment_id": whole(child, "comment_id"), "public": truth(child, "public")}
            yield told | {"id": own, "type": "publicity"} | public
        elif kind in ("Create", "Change"):
            for name, value, before in _changes(child):
                change = {"field": name, "value": value, "previous_value": before}
                yield told | {"id": f"{own}.{name}", "type": kind.lower()} | change


def _comment(settings: Settings, child: Raw, updater: int | None) -> Landed:
    via = child.get("via")
    public = truth(child, "public") if "public" in child else truth(child, "comment_public")
    return {
        "comment_id": whole(child, "id"),
        "author_id": whole(child, "author_id") or updater,
        "public": public,
        "channel": text(via, "channel") if isinstance(via, Mapping) else text(child, "via"),
        "body": text(child, "body") if settings.personal else None,
    }


def _changes(child: Raw) -> Iterator[tuple[str, str | None, str | None]]:
    """The watched fields that a child event tells of: under their names, or as `field_name` and `value`."""
    if child.get("field_name") in WATCHED:
        yield child["field_name"], text(child, "value"), text(child, "previous_value")
        return
    for name in WATCHED:
        if name in child:
            yield name, text(child, name), text(child, "previous_value")


METRIC_EVENTS = LandedTable(
    "ticket_metric_events",
    {
        "id": "bigint",
        "ticket_id": "bigint",
        "metric": "text",
        "instance_id": "bigint",
        "type": "text",
        "time": "timestamp",
        "calendar_minutes": "bigint",
        "business_minutes": "bigint",
        "sla_target": "bigint",
        "sla_business_hours": "bool",
        "deleted": "bool",
    },
    newest="time",
    deletes=True,
)


def metric_event_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A tick of one of a ticket's clocks (reply time, agent work time, requester wait time)."""
    status, sla = inner(raw, "status"), inner(raw, "sla")
    yield {
        "id": whole(raw, "id"),
        "ticket_id": whole(raw, "ticket_id"),
        "metric": text(raw, "metric"),
        "instance_id": whole(raw, "instance_id"),
        "type": text(raw, "type"),
        "time": moment(raw, "time"),
        "calendar_minutes": whole(status, "calendar"),
        "business_minutes": whole(status, "business"),
        "sla_target": whole(sla, "target"),
        "sla_business_hours": truth(sla, "business_hours"),
        "deleted": truth(raw, "deleted") or False,
    }


DELETED_TICKETS = LandedTable(
    "deleted_tickets", {"id": "bigint", "deleted_at": "timestamp", "previous_state": "text", "actor_id": "bigint"}
)


def deleted_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A ticket that was deleted and may still be restored."""
    yield {
        "id": whole(raw, "id"),
        "deleted_at": moment(raw, "deleted_at"),
        "previous_state": text(raw, "previous_state"),
        "actor_id": whole(inner(raw, "actor"), "id"),
    }


NAMED = {"id": "bigint", "name": "text", "active": "bool", "created_at": "timestamp", "updated_at": "timestamp"}
GROUPS = LandedTable("groups", NAMED)
BRANDS = LandedTable("brands", NAMED)
TICKET_FORMS = LandedTable("ticket_forms", NAMED)


def named_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A group, a brand or a form: little more than its name."""
    gone = truth(raw, "deleted") or truth(raw, "is_deleted") or False
    yield {
        "id": whole(raw, "id"),
        "name": text(raw, "name"),
        "active": not gone and raw.get("active") is not False,
        **{name: moment(raw, name) for name in ("created_at", "updated_at")},
    }
