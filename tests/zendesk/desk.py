"""A small help desk whose figures are worked out by hand, and makers of Zendesk's objects.

| ticket | customer | what happens |
|---|---|---|
| 1 | c1 | 5 January 9:00; answered at 10:00, solved at 12:00; rated good |
| 2 | c1 | 10 January 8:00; a private note, two answers, a reply between; solved on the 12th at 8:00, closed; rated bad |
| 3 | 102 | 20 January 10:00; answered, solved, opened again on the 25th, answered, solved on 2 February; never rated |
| 4 | 102 | 3 February 9:00; answered at 9:30, solved at 15:00; 3 of 5 in the newer survey, shown as bad in the older |
| 5 | none | 10 February 10:00; solved by its requester at 12:00; 5 of 5 |
| 6 | c1 | 20 February 9:00; answered, still pending |
| 7 | c1 | deleted as spam |
| 8 | c1 | 25 February 9:00; merged into 6 at 9:10 |
| 9 | 102 | 1 March; deleted a moment ago, which only the list of deleted tickets knows |
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from .fake_zendesk import Helpdesk, Object, seconds

AGENT, ADMIN, ALICE, BRUNO, CARLA = 1, 2, 11, 12, 13


def organization(id_: int, name: str, **more: Any) -> Object:
    """An organisation."""
    stamps = {"created_at": "2025-06-01T00:00:00Z", "updated_at": "2025-06-01T00:00:00Z"}
    return {"id": id_, "name": name, "external_id": None, "organization_fields": {}, "tags": []} | stamps | more


def user(id_: int, name: str, role: str = "end-user", organization: int | None = None, **more: Any) -> Object:
    """A user."""
    stamps = {"created_at": "2025-06-02T00:00:00Z", "updated_at": "2025-06-02T00:00:00Z"}
    known = {"id": id_, "name": name, "role": role, "organization_id": organization, "active": True}
    return known | {"email": f"{name.lower()}@example.com", "suspended": False} | stamps | more


def ticket(id_: int, requester: int, organization: int | None, created: str, changed: str, **more: Any) -> Object:
    """A ticket; `metrics` are those it has."""
    metrics = more.pop("metrics", None)
    made: Object = {
        "id": id_,
        "subject": f"Private subject {id_}",
        "description": f"Private words {id_}",
        "status": "solved",
        "type": "question",
        "priority": "normal",
        "via": {"channel": "email"},
        "tags": [],
        "custom_fields": [],
        "requester_id": requester,
        "submitter_id": requester,
        "assignee_id": AGENT,
        "organization_id": organization,
        "group_id": 501,
        "brand_id": 601,
        "ticket_form_id": 701,
        "created_at": created,
        "updated_at": changed,
        "generated_timestamp": seconds(changed),
    }
    if metrics is not None:
        made["metric_set"] = {"id": 9000 + id_, "ticket_id": id_} | metrics
    return made | more


def metrics(replies: int, reopens: int = 0, reply: int | None = None, solved: str | None = None) -> Object:
    """Zendesk's own figures of a ticket; `reply` is in minutes."""
    return {
        "replies": replies,
        "reopens": reopens,
        "solved_at": solved,
        "reply_time_in_minutes": {"calendar": reply, "business": reply},
    }


_numbers = count(100_000)


def event(ticket_id: int, at: str, who: int, *children: Object) -> Object:
    """An update of a ticket."""
    number = next(_numbers)
    numbered = [{"id": next(_numbers)} | child for child in children]
    known = {"id": number, "ticket_id": ticket_id, "updater_id": who, "event_type": "Audit"}
    return known | {"created_at": at, "timestamp": seconds(at), "child_events": numbered}


def says(who: int, public: bool = True) -> Object:
    """A comment."""
    return {"event_type": "Comment", "type": "Comment", "author_id": who, "public": public, "body": "Private words"}


def opens() -> Object:
    """What makes a ticket."""
    return {"event_type": "Create", "status": "new", "priority": "normal"}


def becomes(status: str, before: str) -> Object:
    """A change of status."""
    return {"event_type": "Change", "status": status, "previous_value": before}


def rating(id_: int, ticket_id: int, who: int, score: str, at: str, comment: str | None = None) -> Object:
    """A rating of the older way."""
    known = {"id": id_, "ticket_id": ticket_id, "requester_id": who, "assignee_id": AGENT, "group_id": 501}
    return known | {"score": score, "comment": comment, "reason": None, "created_at": at, "updated_at": at}


def response(id_: str, ticket_id: int, who: int, stars: int, category: str, at: str, comment: str) -> Object:
    """A survey sent back, of the newer way, on a scale of 5."""
    options = [{"rating": one, "label": {"type": "static", "value": str(one)}} for one in range(1, 6)]
    question = {"type": "rating_scale_numeric", "sub_type": "customer_satisfaction", "options": options}
    stamps = {"created_at": at, "updated_at": at}
    return {
        "id": id_,
        "responder_id": who,
        "subjects": [{"type": "ticket", "id": str(ticket_id), "zrn": f"zen:ticket:{ticket_id}"}],
        "survey": {"id": "S1", "version": 3, "state": "enabled"},
        "expires_at": at,
        "answers": [
            {"type": "rating_scale", "rating": stars, "rating_category": category, "question": question} | stamps,
            {"type": "skipped", "question": {"type": "closed_ended"}} | stamps,
            {"type": "open_ended", "value": comment, "question": {"type": "open_ended"}} | stamps,
        ],
    }


def _tickets() -> list[Object]:
    one = metrics(1, 0, 60, "2026-01-05T12:00:00Z")
    two = metrics(2, 0, 60, "2026-01-12T08:00:00Z")
    three = metrics(2, 1, 60, "2026-02-02T10:00:00Z")
    four = metrics(1, 0, 30, "2026-02-03T15:00:00Z")
    severe = [{"id": 36001, "value": "high"}, {"id": 36002, "value": ["red", "blue"]}]
    merged = {"status": "closed", "tags": ["billing", "closed_by_merge"], "metrics": metrics(0)}
    return [
        ticket(1, ALICE, 101, "2026-01-05T09:00:00Z", "2026-01-06T08:00:00Z", metrics=one, custom_fields=severe),
        ticket(2, ALICE, 101, "2026-01-10T08:00:00Z", "2026-01-16T08:00:00Z", metrics=two, status="closed"),
        ticket(3, BRUNO, 102, "2026-01-20T10:00:00Z", "2026-02-02T10:00:00Z", metrics=three, priority="high"),
        ticket(4, BRUNO, 102, "2026-02-03T09:00:00Z", "2026-02-04T09:00:00Z", metrics=four, type="incident"),
        ticket(5, CARLA, None, "2026-02-10T10:00:00Z", "2026-02-10T12:00:00Z", metrics=metrics(0, 0, None, "2026-02-10T12:00:00Z"), via={"channel": "web"}),
        ticket(6, ALICE, 101, "2026-02-20T09:00:00Z", "2026-02-20T10:00:00Z", metrics=metrics(1, 0, 60), status="pending"),
        ticket(7, ALICE, 101, "2026-02-21T09:00:00Z", "2026-02-21T10:00:00Z", status="deleted", subject="SCRUBBED"),
        ticket(8, ALICE, 101, "2026-02-25T09:00:00Z", "2026-02-25T09:10:00Z", **merged),
        ticket(9, BRUNO, 102, "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", status="open", metrics=metrics(0)),
    ]  # fmt: skip


def _events() -> list[Object]:
    return [
        event(1, "2026-01-05T09:00:00Z", ALICE, opens(), says(ALICE)),
        event(1, "2026-01-05T10:00:00Z", AGENT, says(AGENT), becomes("pending", "new")),
        event(1, "2026-01-05T12:00:00Z", AGENT, becomes("solved", "pending")),
        event(2, "2026-01-10T08:00:00Z", ALICE, opens(), says(ALICE)),
        event(2, "2026-01-10T08:30:00Z", AGENT, says(AGENT, public=False)),
        event(2, "2026-01-10T09:00:00Z", AGENT, says(AGENT), becomes("pending", "new")),
        event(2, "2026-01-10T10:00:00Z", ALICE, says(ALICE), becomes("open", "pending")),
        event(2, "2026-01-10T11:00:00Z", ADMIN, says(ADMIN), becomes("pending", "open")),
        event(2, "2026-01-12T08:00:00Z", AGENT, becomes("solved", "pending")),
        event(2, "2026-01-16T08:00:00Z", -1, becomes("closed", "solved")),
        event(3, "2026-01-20T10:00:00Z", BRUNO, opens(), says(BRUNO)),
        event(3, "2026-01-20T11:00:00Z", AGENT, says(AGENT), becomes("pending", "new")),
        event(3, "2026-01-21T10:00:00Z", AGENT, becomes("solved", "pending")),
        event(3, "2026-01-25T09:00:00Z", BRUNO, says(BRUNO), becomes("open", "solved")),
        event(3, "2026-01-25T12:00:00Z", AGENT, says(AGENT), becomes("pending", "open")),
        event(3, "2026-02-02T10:00:00Z", AGENT, becomes("solved", "pending")),
        event(4, "2026-02-03T09:00:00Z", BRUNO, opens(), says(BRUNO)),
        event(4, "2026-02-03T09:30:00Z", AGENT, says(AGENT), becomes("pending", "new")),
        event(4, "2026-02-03T15:00:00Z", AGENT, becomes("solved", "pending")),
        event(5, "2026-02-10T10:00:00Z", CARLA, opens(), says(CARLA)),
        event(5, "2026-02-10T12:00:00Z", CARLA, becomes("solved", "new")),
        event(6, "2026-02-20T09:00:00Z", ALICE, opens(), says(ALICE)),
        event(6, "2026-02-20T10:00:00Z", AGENT, says(AGENT), becomes("pending", "new")),
        event(8, "2026-02-25T09:00:00Z", ALICE, opens(), says(ALICE)),
        event(8, "2026-02-25T09:10:00Z", AGENT, says(AGENT, public=False), becomes("closed", "new")),
    ]


def helpdesk() -> Helpdesk:
    """The account, new each time."""
    named = {"created_at": "2025-06-01T00:00:00Z", "updated_at": "2025-06-01T00:00:00Z"}
    return Helpdesk(
        tickets=_tickets(),
        users=[
            user(AGENT, "Ana", "agent"),
            user(ADMIN, "Ada", "admin"),
            user(ALICE, "Alice", organization=101),
            user(BRUNO, "Bruno", organization=102),
            user(CARLA, "Carla"),
        ],
        organizations=[organization(101, "Acme", external_id="c1"), organization(102, "Beta")],
        ticket_events=_events(),
        ticket_metric_events=[
            {
                "id": 1,
                "ticket_id": 1,
                "metric": "reply_time",
                "instance_id": 1,
                "type": "activate",
                "time": "2026-01-05T09:00:00Z",
            },
            {
                "id": 2,
                "ticket_id": 1,
                "metric": "reply_time",
                "instance_id": 1,
                "type": "fulfill",
                "time": "2026-01-05T10:00:00Z",
            },
            {
                "id": 3,
                "ticket_id": 1,
                "metric": "reply_time",
                "instance_id": 1,
                "type": "update_status",
                "time": "2026-01-05T10:00:00Z",
                "status": {"calendar": 60, "business": 60},
            },
        ],
        satisfaction_ratings=[
            rating(801, 1, ALICE, "offered", "2026-01-06T07:00:00Z"),
            rating(802, 1, ALICE, "good", "2026-01-06T08:00:00Z", "Quick!"),
            rating(803, 2, ALICE, "good", "2026-01-13T07:00:00Z"),
            rating(804, 2, ALICE, "bad", "2026-01-13T08:00:00Z", "It broke again."),
            rating(805, 3, BRUNO, "offered", "2026-02-03T08:00:00Z"),
            rating(806, 4, BRUNO, "bad", "2026-02-04T09:00:00Z"),
            rating(807, 7, ALICE, "bad", "2026-02-21T09:30:00Z", "On a deleted ticket"),
        ],
        survey_responses=[
            response("01R4", 4, BRUNO, 3, "neutral", "2026-02-04T09:00:00Z", "So so."),
            response("01R5", 5, CARLA, 5, "good", "2026-02-11T09:00:00Z", "Lovely."),
        ],
        surveys=[{"id": "S1", "version": 3, "state": "enabled", "questions": []}],
        deleted_tickets=[
            {
                "id": 9,
                "deleted_at": "2026-03-01T09:00:30Z",
                "previous_state": "open",
                "actor": {"id": AGENT, "name": "Ana"},
            }
        ],
        groups=[{"id": 501, "name": "Support", "deleted": False} | named],
        brands=[{"id": 601, "name": "Main", "active": True} | named],
        ticket_forms=[{"id": 701, "name": "Default", "active": True} | named],
    )


def later(at: str, minutes: int) -> str:
    """A moment some minutes later."""
    return (datetime.fromisoformat(at) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
