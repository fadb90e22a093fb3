"""The landed tables of what customers say: ratings of the older way, survey responses of the newer, and the surveys.

Their words are landed always: they were written to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tallymark_plugins.zendesk.settings import Settings
from tallymark_plugins.zendesk.tables import Landed, LandedTable, Raw
from tallymark_plugins.zendesk.values import inner, moment, objects, several, text, whole

RATINGS = LandedTable(
    "satisfaction_ratings",
    {
        "id": "bigint",
        "ticket_id": "bigint",
        "requester_id": "bigint",
        "assignee_id": "bigint",
        "group_id": "bigint",
        "score": "text",
        "reason": "text",
        "comment": "text",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    newest="updated_at",
)


def rating_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A rating in the older way: offered, or good or bad with a word to it."""
    yield {
        **{name: whole(raw, name) for name in ("id", "ticket_id", "requester_id", "assignee_id", "group_id")},
        **{name: text(raw, name) for name in ("score", "reason", "comment")},
        **{name: moment(raw, name) for name in ("created_at", "updated_at")},
    }


SURVEY_RESPONSES = LandedTable(
    "survey_responses",
    {
        "id": "text",
        "ticket_id": "bigint",
        "responder_id": "bigint",
        "survey_id": "text",
        "survey_version": "bigint",
        "rating": "bigint",
        "scale": "bigint",
        "category": "text",
        "reason": "text",
        "comment": "text",
        "answered_at": "timestamp",
        "updated_at": "timestamp",
        "expires_at": "timestamp",
    },
    newest="updated_at",
)


def response_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A survey sent back in the newer way: the rating of satisfaction, the reason chosen, the words written."""
    answers = objects(raw, "answers")
    survey = inner(raw, "survey")
    row: Landed = {
        "id": text(raw, "id"),
        "ticket_id": _ticket_of(raw),
        "responder_id": whole(raw, "responder_id"),
        "survey_id": text(survey, "id") or text(raw, "survey_id"),
        "survey_version": whole(survey, "version") or whole(raw, "survey_version"),
        "expires_at": moment(raw, "expires_at"),
        "updated_at": _latest(moment(one, "updated_at") for one in answers),
    }
    for answer in answers:
        question, kind = inner(answer, "question"), text(answer, "type")
        if kind == "rating_scale" and text(question, "sub_type") in (None, "customer_satisfaction"):
            row["rating"] = whole(answer, "rating")
            row["category"] = text(answer, "rating_category")
            row["scale"] = scale_of(question)
            row["answered_at"] = moment(answer, "created_at") or moment(answer, "updated_at")
        elif kind == "closed_ended":
            row["reason"] = _chosen(answer, question) or row.get("reason")
        elif kind == "open_ended":
            row["comment"] = text(answer, "value") or row.get("comment")
    yield row


def _ticket_of(raw: Raw) -> int | None:
    """The ticket that a survey is about: `{type: ticket, id: 99}`, or the name `zen:ticket:99`."""
    for subject in objects(raw, "subjects"):
        if str(subject.get("type", "")).rpartition(":")[2] == "ticket":
            return whole(subject, "id")
    for name in several(raw, "subject_zrns"):
        kind, _, number = str(name).rpartition(":")
        if kind.endswith(":ticket") and number.isdecimal():
            return whole({"ticket": number}, "ticket")
    return None


def scale_of(question: Raw) -> int | None:
    """The best rating that a question offers; None where it does not say."""
    ratings = [whole(option, "rating") for option in objects(question, "options")]
    return max((rating for rating in ratings if rating is not None), default=None)


def _chosen(answer: Raw, question: Raw) -> str | None:
    """The labels of the options that were chosen; the id of one without a label."""
    labels = {text(option, "id"): _words(option) for option in objects(question, "options")}
    told = []
    for one in several(answer, "selections"):
        selection = one if isinstance(one, Mapping) else {"id": one}
        option = text(selection, "option_id") or text(selection, "id")
        told.append(_words(selection) or labels.get(option) or option)
    return "; ".join(words for words in told if words) or None


def _words(option: Raw) -> str | None:
    """The label of an option: a text, or an object that holds one in its `value`."""
    label = option.get("label")
    if isinstance(label, Mapping):
        return text(label, "value") or text(label, "key")
    return text(option, "label")


def _latest(moments: Iterator[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


SURVEYS = LandedTable("surveys", {"id": "text", "version": "bigint", "state": "text", "scale": "bigint"})


def survey_rows(settings: Settings, raw: Raw) -> Iterator[Landed]:
    """A survey of the newer way, with the scale on which it asks for satisfaction."""
    scales = [scale_of(q) for q in objects(raw, "questions") if text(q, "sub_type") == "customer_satisfaction"]
    yield {
        "id": text(raw, "id"),
        "version": whole(raw, "version"),
        "state": text(raw, "state"),
        "scale": next((one for one in scales if one), None),
    }
