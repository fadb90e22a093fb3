"""What is landed is what the account has, whatever the pages look like and however often it is read."""

from __future__ import annotations

from typing import Any

import pytest

from tallymark.errors import FaultError
from tallymark.source import Landing

from .desk import ALICE, event, metrics, organization, rating, response, says, seconds, ticket
from .fake_zendesk import FakeZendesk
from .syncing import Account

EVERYTHING = ("tickets", "users", "organizations", "ticket_events", "ticket_metric_events")


def sorted_ids(account: Account, table: str) -> list[Any]:
    """The keys of a landed table."""
    return [row[0] for row in account.rows(f"SELECT id FROM {table} ORDER BY id")]


def test_a_second_sync_goes_on_where_the_first_stopped(fake: FakeZendesk, account: Account) -> None:
    """Cursors are taken up, times too with a minute's overlap, and nothing is there twice."""
    account.sync(EVERYTHING)
    before = {
        table: account.rows(f"SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM {table} ORDER BY id")
        for table in EVERYTHING
    }
    fake.requests.clear()
    account.sync(EVERYTHING)
    assert before == {
        table: account.rows(f"SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM {table} ORDER BY id")
        for table in EVERYTHING
    }
    assert all("cursor=" in one and "start_time" not in one for one in fake.asked("cursor"))
    assert 2 == len(fake.asked("cursor"))
    last = max(seconds(one["created_at"]) for one in fake.desk.ticket_events)
    assert f"start_time={last - 60}" in fake.asked("ticket_events")[0]


def test_what_changed_replaces_what_was(fake: FakeZendesk, account: Account) -> None:
    """A ticket that changed is landed anew, one that was deleted is gone, one that was restored is back."""
    account.sync(("tickets",))
    stamps = {"updated_at": "2026-03-05T00:00:00Z", "generated_timestamp": seconds("2026-03-05T00:00:00Z")}
    fake.desk.tickets[0] |= stamps | {"status": "open"}
    fake.desk.tickets[1] |= stamps | {"status": "deleted", "subject": "SCRUBBED"}
    fake.desk.tickets[6] |= stamps | {"status": "open"}
    account.sync(("tickets",))
    found = account.rows("SELECT id, status FROM tickets WHERE id IN (1, 2, 7) ORDER BY id")
    assert [(1, "open"), (7, "open")] == found


def test_more_organisations_in_a_second_than_a_page_holds_are_all_landed(fake: FakeZendesk, account: Account) -> None:
    """Where time cannot move on, organisations come from their list, and the export goes on after that second."""
    many = [organization(number, f"O{number}", updated_at="2026-01-01T00:00:00Z") for number in range(1000, 2500)]
    fake.desk.organizations += [*many, organization(3000, "Late", updated_at="2026-02-01T00:00:00Z")]
    account.sync(("organizations",))
    assert [101, 102, *range(1000, 2500), 3000] == sorted_ids(account, "organizations")
    assert 1 == len([one for one in fake.asked("organizations") if one.endswith("page%5Bsize%5D=100")])


def test_more_metric_events_in_a_second_than_a_page_holds_are_all_landed(fake: FakeZendesk, account: Account) -> None:
    """They come in smaller pages with a cursor, and the export goes on after that second."""
    known = {"ticket_id": 1, "metric": "reply_time", "instance_id": 2, "type": "pause"}
    many = [known | {"id": number, "time": "2026-02-01T00:00:00Z"} for number in range(1000, 2100)]
    fake.desk.ticket_metric_events += [*many, known | {"id": 3000, "time": "2026-02-03T00:00:00Z"}]
    account.sync(("ticket_metric_events",))
    assert [1, 2, 3, *range(1000, 2100), 3000] == sorted_ids(account, "ticket_metric_events")


def test_more_ticket_events_in_a_second_than_a_page_holds_are_a_fault(fake: FakeZendesk, account: Account) -> None:
    """What cannot be reached is said, not left out."""
    fake.desk.ticket_events += [event(1, "2026-02-01T00:00:00Z", ALICE, says(ALICE)) for _ in range(1001)]
    with pytest.raises(FaultError) as caught:
        account.sync(("ticket_events",))
    (fault,) = caught.value.faults
    assert ("L886", str(seconds("2026-02-01T00:00:00Z"))) == (fault.code, fault.message.split("time ")[1][:10])


def test_the_last_minute_comes_with_the_next_sync(fake: FakeZendesk, account: Account) -> None:
    """What changed within a minute is not exported yet, and is not missed afterwards."""
    moment = seconds("2026-03-05T00:00:30Z")
    fake.now = lambda: moment
    fake.desk.tickets.append(ticket(20, ALICE, 101, "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"))
    fake.desk.ticket_events.append(event(20, "2026-03-05T00:00:00Z", ALICE, says(ALICE)))
    account.sync(("tickets", "ticket_events"))
    assert 20 not in sorted_ids(account, "tickets")
    fake.now = lambda: moment + 60
    account.sync(("tickets", "ticket_events"))
    assert 20 in sorted_ids(account, "tickets")
    assert [(1,)] == account.rows("SELECT count(*) FROM ticket_events WHERE ticket_id = 20")


def test_metrics_may_come_beside_the_tickets(fake: FakeZendesk, account: Account) -> None:
    """Ticket metrics are the same, within each ticket or beside all."""
    fake.metrics_beside = True
    account.sync(("tickets",))
    found = account.rows("SELECT id, replies, reopens, reply_minutes FROM tickets WHERE id IN (1, 3) ORDER BY id")
    assert [(1, 1, 0, 60), (3, 2, 1, 60)] == found


def test_a_rating_that_changes_later_is_read_again(fake: FakeZendesk, account: Account) -> None:
    """Ratings and surveys are read again from before the last sync, for their answers come late."""
    moment = seconds("2026-02-05T00:00:00Z")
    fake.now = lambda: moment
    account.sync(("satisfaction_ratings", "survey_responses"))
    fake.desk.satisfaction_ratings[4] |= {"score": "good", "updated_at": "2026-02-06T00:00:00Z"}
    fake.desk.survey_responses[0] = response("01R4", 4, 12, 4, "good", "2026-02-04T09:00:00Z", "Better.")
    fake.desk.satisfaction_ratings.append(rating(900, 6, ALICE, "good", "2026-02-06T00:00:00Z"))
    fake.now = lambda: moment + 3 * 86_400
    account.sync(("satisfaction_ratings", "survey_responses"))
    assert [("good",)] == account.rows("SELECT score FROM satisfaction_ratings WHERE id = 805")
    assert [("good",)] == account.rows("SELECT score FROM satisfaction_ratings WHERE id = 900")
    assert [(4, "Better.")] == account.rows("SELECT rating, comment FROM survey_responses WHERE id = '01R4'")


def test_persons_are_landed_only_when_asked_for(landed: Account, account: Account) -> None:
    """Subjects, descriptions, comments, names and addresses of end users stay out; of agents, the names come."""
    whole = " ".join(str(landed.rows(f"FROM {table}")) for table in EVERYTHING)
    assert "Private" not in whole
    assert "Alice" not in whole
    assert "@example.com" not in whole
    assert "Ana" in whole
    account.sync(("tickets", "users", "ticket_events"), personal=True)
    assert [("Private subject 1", "Private words 1")] == account.rows(
        "SELECT subject, description FROM tickets WHERE id = 1"
    )
    assert [("Alice", "alice@example.com")] == account.rows("SELECT name, email FROM users WHERE id = 11")
    assert 0 < len(account.rows("FROM ticket_events WHERE body = 'Private words'"))


def test_fields_of_the_account_are_columns(landed: Account) -> None:
    """A ticket field named in the options is a column of the tickets and of their view; several values are one text."""
    asked = "SELECT severity, colours FROM {} WHERE id = 1"
    assert (
        [("high", "red blue")] == landed.rows(asked.format("tickets")) == landed.rows(asked.format("support_tickets"))
    )


def test_other_options_read_anew(fake: FakeZendesk, account: Account) -> None:
    """A form that is no longer wanted takes its tickets out; a new field fills itself for tickets long landed."""
    fake.desk.tickets[2]["ticket_form_id"] = 702
    account.sync(("tickets",))
    account.sync(("tickets",), forms=[701], fields={"severity": 36001})
    assert [1, 2, 4, 5, 6, 8, 9] == sorted_ids(account, "tickets")
    assert [("high",)] == account.rows("SELECT severity FROM tickets WHERE id = 1")
    account.sync(("tickets",), forms=[701], fields={"severity": 36001})
    assert "start_time" not in fake.requests[-1]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("external_id", ["c1", "102"]),
        ("id", ["101", "102"]),
        ("name", ["Acme", "Beta"]),
        ("field:crm_id", ["77", None]),
    ],
)
def test_what_names_a_customer_is_said(fake: FakeZendesk, account: Account, rule: str, expected: list[Any]) -> None:
    """The customer of an organisation is what `customer:` names; an external id that is not there is its id."""
    fake.desk.organizations[0]["organization_fields"] = {"crm_id": 77}
    account.sync(("organizations",), customer=rule)
    assert expected == [row[0] for row in account.rows("SELECT customer FROM organizations ORDER BY id")]


def test_skipped_objects_are_empty(fake: FakeZendesk, account: Account) -> None:
    """What is skipped is not asked for, its tables are empty, and the views stand without it."""
    skip = ["ticket_events", "survey_responses", "surveys", "deleted_tickets", "groups"]
    account.sync(("ticket_events", "groups"))
    fake.requests.clear()
    account.sync(skip=skip)
    account.look()
    assert [] == [one for name in skip for one in fake.asked(name)]
    assert [(0,)] == account.rows("SELECT count(*) FROM ticket_events")
    asked = "SELECT agent_replies, customer_replies, reopens, solved_at IS NULL FROM support_tickets WHERE id = 3"
    assert [(2, None, 1, False)] == account.rows(asked)
    assert ["802", "804", "806"] == sorted_ids(account, "csat_responses")


def test_what_a_plan_does_not_have_stays_empty(fake: FakeZendesk, account: Account) -> None:
    """An object that the account never had is said and empty; one that it had before and refuses now is a fault."""
    fake.absent = {"survey_responses"}
    account.sync(("survey_responses", "satisfaction_ratings"))
    assert ["helpdesk: the account gives no survey responses; they stay empty"] == account.said
    assert [] == sorted_ids(account, "survey_responses")
    fake.absent = {"satisfaction_ratings"}
    with pytest.raises(FaultError) as caught:
        account.sync(("satisfaction_ratings",))
    assert ["L873"] == [fault.code for fault in caught.value.faults]


def test_a_sync_that_rests_after_every_page_misses_nothing(fake: FakeZendesk, account: Account) -> None:
    """A run that is told to pause goes on from its state, and comes to the same end."""
    fake.page_size = 3
    fake.desk.organizations += [
        organization(n, f"O{n}", updated_at=f"2026-01-{n - 100:02}T00:00:00Z") for n in (103, 104)
    ]
    for _ in range(4):
        account.sync(("tickets", "organizations"), landing=Landing(pause=lambda: True))
    assert [1, 2, 3, 4, 5, 6, 8, 9] == sorted_ids(account, "tickets")
    assert [101, 102, 103, 104] == sorted_ids(account, "organizations")


def test_what_zendesk_counts_and_what_events_tell_are_compared(fake: FakeZendesk, account: Account) -> None:
    """Where they differ, `differences` has a row; by a minute they may."""
    fake.desk.tickets[3]["metric_set"] = metrics(4, 0, 31, "2026-02-03T15:00:00Z") | {"ticket_id": 4}
    account.sync()
    account.look()
    assert [("4", "agent replies", 4, 1)] == account.rows("SELECT ticket, measure, zendesk, events FROM differences")


def test_events_stand_in_where_zendesk_has_no_figure(fake: FakeZendesk, account: Account) -> None:
    """Without ticket metrics, replies, reopens and times come from the events: of agents' comments the public ones.

    The last word on whether a comment is public counts.
    """
    for one in fake.desk.tickets:
        one.pop("metric_set", None)
    comment = fake.desk.ticket_events[1]["child_events"][0]["id"]
    hidden = {"event_type": "CommentPrivacyChange", "comment_id": comment, "public": False}
    fake.desk.ticket_events.append(event(1, "2026-01-05T11:00:00Z", 1, hidden))
    account.sync()
    account.look()
    columns = "agent_replies, customer_replies, reopens, epoch(first_reply_at), epoch(solved_at)"
    assert [
        (0, 0, 0, None, seconds("2026-01-05T12:00:00Z")),
        (2, 1, 0, seconds("2026-01-10T09:00:00Z"), seconds("2026-01-12T08:00:00Z")),
        (2, 1, 1, seconds("2026-01-20T11:00:00Z"), seconds("2026-02-02T10:00:00Z")),
    ] == account.rows(f"SELECT {columns} FROM support_tickets WHERE id IN (1, 2, 3) ORDER BY id")


def test_a_rating_has_the_scale_it_was_given_on(fake: FakeZendesk, account: Account) -> None:
    """The scale is that of the question, else of the survey, else good is 2 of 2; a conversation's is the person's."""
    plain, bare, talk = (response(f"01R{n}", 5, 13, 3, "good", "2026-02-12T09:00:00Z", "") for n in (6, 7, 8))
    plain["answers"][0]["question"].pop("options")
    bare["answers"][0]["question"].pop("options")
    bare["survey"]["id"] = "S2"
    talk |= {"subjects": [{"type": "conversation", "id": "ab"}], "responder_id": 11}
    options = [{"rating": n} for n in (1, 2, 3)]
    fake.desk.surveys[0]["questions"] = [{"sub_type": "customer_satisfaction", "options": options}]
    fake.desk.survey_responses = [plain, bare, talk]
    account.sync()
    account.look()
    asked = "SELECT id, customer, score, scale, ticket FROM csat_responses WHERE id LIKE '01R%' ORDER BY id"
    expected = [("01R6", None, 3, 3, "5"), ("01R7", None, 2, 2, "5"), ("01R8", "c1", 3, 5, None)]
    assert expected == account.rows(asked)
