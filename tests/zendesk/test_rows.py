"""Rows made of Zendesk's objects: of the right columns and kinds, whatever the objects hold, or a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.secret import Secret
from tallymark_plugins.zendesk import survey_tables, tables
from tallymark_plugins.zendesk.settings import Settings
from tallymark_plugins.zendesk.values import MisshapenError, moment, text, truth, whole

from .desk import becomes, event, helpdesk, opens, says
from .fake_zendesk import Object

SETTINGS = Settings("helpdesk", "https://example.com", Secret("env:NONE"), personal=True, fields={"severity": 36001})
DESK = helpdesk()


def ticket_rows(given_: Settings, raw: Object) -> Iterator[tables.Landed]:
    """A ticket's rows, with its own metrics."""
    found = raw.get("metric_set")
    return tables.ticket_rows(given_, raw, found if isinstance(found, dict) else {})


MAKERS: list[tuple[tables.LandedTable, Callable[..., Iterator[tables.Landed]], list[Object]]] = [
    (tables.TICKETS, ticket_rows, DESK.tickets),
    (tables.USERS, tables.user_rows, DESK.users),
    (tables.ORGANIZATIONS, tables.organization_rows, DESK.organizations),
    (tables.TICKET_EVENTS, tables.event_rows, DESK.ticket_events),
    (tables.METRIC_EVENTS, tables.metric_event_rows, DESK.ticket_metric_events),
    (tables.DELETED_TICKETS, tables.deleted_rows, DESK.deleted_tickets),
    (tables.GROUPS, tables.named_rows, DESK.groups),
    (survey_tables.RATINGS, survey_tables.rating_rows, DESK.satisfaction_ratings),
    (survey_tables.SURVEY_RESPONSES, survey_tables.response_rows, DESK.survey_responses),
    (survey_tables.SURVEYS, survey_tables.survey_rows, DESK.surveys),
]
KINDS = {"bigint": int, "text": str, "bool": bool, "timestamp": datetime}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-01-01", "7", "\0", "\ud800"])
)
ANYTHING = st.recursive(
    SCALARS, lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s, max_size=3), max_leaves=6
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in an object."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*at, key)
        yield from paths(one, (*at, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The object with something else at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_object_gives_sound_rows_or_is_refused(data: st.DataObject) -> None:
    """An object with anything anywhere gives rows of the table's columns and kinds, or is said to be misshapen."""
    table, make, objects = data.draw(st.sampled_from(MAKERS))
    raw = data.draw(st.sampled_from(objects))
    for _ in range(data.draw(st.integers(0, 2))):
        raw = changed(raw, data.draw(st.sampled_from(list(paths(raw)))), data.draw(ANYTHING))
    columns = table.columns | ({"severity": "text"} if table is tables.TICKETS else {})
    try:
        rows = list(make(SETTINGS, raw))
    except MisshapenError:
        return
    for row in rows:
        assert set() == row.keys() - columns.keys()
        for name, value in row.items():
            assert value is None or isinstance(value, KINDS[columns[name]]), name
            assert not isinstance(value, str) or "\0" not in value.encode("utf-8").decode()
            assert not isinstance(value, int) or -(2**63) <= value < 2**63


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (text, "", None),
        (text, 7, "7"),
        (text, True, "true"),
        (text, "a\0\ud800b", "a?b"),
        (whole, "12", 12),
        (whole, -3.0, -3),
        (whole, "", None),
        (truth, False, False),
        (moment, 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (moment, "2026-01-01T01:00:00+01:00", datetime(2026, 1, 1, tzinfo=UTC)),
        (moment, "2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_values_are_read(read: Callable[[Object, str], Any], value: Any, expected: Any) -> None:
    """A value is what its column wants."""
    assert expected == read({"key": value}, "key")


@pytest.mark.parametrize(
    ("read", "value"),
    [(whole, "1e3"), (whole, True), (whole, float("nan")), (whole, "9" * 30), (truth, "true"), (moment, "0001-01-01T00:00:00+14:00"), (moment, True), (text, {})],
)  # fmt: skip
def test_values_of_another_kind_are_refused(read: Callable[[Object, str], Any], value: Any) -> None:
    """And the key is named."""
    with pytest.raises(MisshapenError, match="`key`"):
        read({"key": value}, "key")


def rows_of(*children: Object) -> list[tuple[Any, ...]]:
    """What the rows of an update tell: type, author, publicity, field, value and what was before."""
    made = tables.event_rows(SETTINGS, event(1, "2026-01-01T00:00:00Z", 5, *children))
    names = ("type", "author_id", "public", "field", "value", "previous_value")
    return [tuple(row.get(name) for name in names) for row in made]


def test_events_come_in_several_shapes() -> None:
    """Comments with and without their text, changes under their names or as field and value; the rest is left out."""
    assert [("comment", 7, False, None, None, None)] == rows_of(says(7, public=False))
    bare = {"event_type": "Comment", "comment_present": True, "comment_public": True}
    assert [("comment", 5, True, None, None, None)] == rows_of(bare)
    assert [] == rows_of(bare | {"comment_present": False})
    assert [
        ("create", None, None, "status", "new", None),
        ("create", None, None, "priority", "normal", None),
    ] == rows_of(opens())
    named = {"event_type": "Change", "field_name": "status", "value": "solved", "previous_value": "open"}
    expected = [("change", None, None, "status", "solved", "open")]
    assert expected == rows_of(becomes("solved", "open")) == rows_of(named)
    assert [] == rows_of({"event_type": "Change", "tags": ["a"]}, {"event_type": "Notification"})


def test_rows_of_one_update_have_keys_of_their_own() -> None:
    """Several fields in one change are several rows."""
    made = list(
        tables.event_rows(SETTINGS, event(1, "2026-01-01T00:00:00Z", 5, opens(), says(5), becomes("open", "new")))
    )
    assert 4 == len(made) == len({row["id"] for row in made})


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"subjects": [{"type": "ticket", "id": "99", "zrn": "zen:ticket:99"}]}, 99),
        ({"subjects": [{"type": "zen:ticket", "id": 99}]}, 99),
        ({"subjects": [{"type": "conversation", "id": "ab"}], "subject_zrns": ["zen:ticket:98"]}, 98),
        ({"subject_zrns": ["zrn:conversation:ab", "zrn:ticket:97"]}, 97),
        ({"subjects": [{"type": "conversation", "id": "ab"}]}, None),
        ({}, None),
    ],
)
def test_a_survey_is_about_a_ticket_or_none(subject: Object, expected: int | None) -> None:
    """The ticket is named in any of the ways that Zendesk has; a conversation is none."""
    (row,) = survey_tables.response_rows(SETTINGS, {"id": "A", "answers": []} | subject)
    assert expected == row["ticket_id"]


def test_the_reason_that_was_chosen_is_told() -> None:
    """By the label of the option, and by its id where there is no label."""
    options = [{"id": "R1", "label": {"type": "static", "value": "Too slow"}}]
    question = {"type": "closed_ended", "options": options}
    chosen = {"type": "closed_ended", "selections": [{"option_id": "R1"}, {"option_id": "R2"}], "question": question}
    (row,) = survey_tables.response_rows(SETTINGS, {"id": "A", "answers": [chosen]})
    assert "Too slow; R2" == row["reason"]
