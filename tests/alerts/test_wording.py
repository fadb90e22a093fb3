"""What a notification says: its subject, its text in three languages, and what hostile values do to it: nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tallymark.definitions import RuleDef
from tallymark.definitions.rules import NoDataDef
from tallymark.notifier import Notification
from tallymark.rules.states import Instance
from tallymark.rules.telling import Covered, Kept, due, removed
from tallymark.rules.wording import BETWEEN, SINCE, WHEN, WORDS, Teller, again, farewell, notification
from tests.alerts.written import MONTHS, evaluation, rule

PRO: Instance = (("plan", "pro"),)


def told(series: str, before: str | None = None, language: str = "en", of: RuleDef | None = None) -> Notification:
    """What the last transition of a series says."""
    of = of or rule(label={"en": "Churn too high", "fr": "Attrition trop forte"})
    found = evaluation({PRO: series}, of=of)
    covered = None if before is None else Covered(MONTHS[len(before) - 1], "month", "m")
    kept = {} if before is None else {PRO: Kept("firing" if before.endswith("F") else "ok", MONTHS[0], MONTHS[0], 1)}
    return notification(due(found, kept, covered)[-1], found, language)


def test_what_fires_says_since_when_and_by_how_much() -> None:
    """Firing: the rule, the instance and since when in one line, the values of the period below."""
    found = told("oFF")
    assert "Churn too high, plan pro: firing since 2024-02" == found.subject
    assert "In 2024-03: churn 12.0%.\nFound when this rule was first run." == found.text
    assert "warning" == found.severity
    assert {"plan": "pro", "rule": "churn_high", "severity": "warning"} == dict(found.labels)


def test_what_ends_and_what_has_no_data() -> None:
    """The end is for information, whatever the rule's severity; without data nothing is said of values."""
    ended = told("oFo", "oF")
    assert "Churn too high, plan pro: ended in 2024-03" == ended.subject
    assert "In 2024-03: churn 3.0%." == ended.text
    assert "info" == ended.severity
    unknown = told("oFn", "oF")
    assert "Churn too high, plan pro: no data since 2024-03" == unknown.subject
    assert "Nothing is known of 2024-03." == unknown.text


def test_no_data_has_a_severity_of_its_own_where_the_rule_says_so() -> None:
    """`no_data: {severity: info}` holds for no data, and for nothing else."""
    of = rule(severity="critical", no_data=NoDataDef(1, "info"))
    assert "info" == told("on", of=of).severity
    assert "critical" == told("oF", of=of).severity


def test_a_message_names_values() -> None:
    """Names in braces stand for metrics, dimensions, the period and what else every message may name."""
    message = "{plan}: {churn} in {period}, since {since}; {label} ({rule}, {severity})"
    assert (
        "pro: 12.0% in 2024-03, since 2024-02; churn_high (churn_high, warning)\nFound when this rule was first run."
        == told("oFF", of=rule(message={"en": message})).text
    )


def test_a_message_is_for_firing_only() -> None:
    """What was written for firing is not said of its end."""
    assert "In 2024-03: churn 3.0%." == told("oFo", "oF", of=rule(message={"en": "Too high!"})).text


@pytest.mark.parametrize(
    "written", ["{unknown}", "{}", "{0}", "{plan!r}", "{plan.__class__}", "{churn:>9}", "{{7*7}}", "%s"]
)
def test_a_message_is_no_template(written: str) -> None:
    """What is no plain name of a value stays as it is written."""
    assert written == told("oFF", "ooo", of=rule(message={"en": written})).text.splitlines()[0]


def test_a_value_is_never_read_again() -> None:
    """A value that looks like a name in braces, or breaks lines, is text."""
    hostile: Instance = (("plan", "{churn}\n{period}\x1b[31m"),)
    found = evaluation({hostile: "oF"}, of=rule(message={"en": "plan {plan}"}))
    shown = notification(due(found, {})[0], found)
    assert "plan {churn}\\n{period}\\x1b[31m" == shown.text.splitlines()[0]
    assert "churn_high, plan {churn}\\n{period}\\x1b[31m: firing since 2024-02" == shown.subject


LANGUAGES = {
    "fr": ("Attrition trop forte, plan pro : en alerte depuis 2024-02", "En 2024-03 : churn 12.0%."),
    "ro": ("Churn too high, plan pro: în alertă din 2024-02", "În 2024-03: churn 12.0%."),
    "fr-CH": ("Churn too high, plan pro : en alerte depuis 2024-02", "En 2024-03 : churn 12.0%."),
    "de": ("Churn too high, plan pro: firing since 2024-02", "In 2024-03: churn 12.0%."),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_the_readers(language: str) -> None:
    """French and Romanian readers get their words; a language there is none of gets English."""
    subject, text = LANGUAGES[language]
    found = told("oFF", language=language)
    assert (subject, text) == (found.subject, found.text.splitlines()[0])


GRAINS = {
    ("en", "month"): ("ended in 2024-03", "In 2024-03: churn 3.0%, lost 2."),
    ("en", "week"): ("ended in 2024-W09", "In 2024-W09: churn 3.0%, lost 2."),
    ("en", "day"): ("ended on 2024-03-01", "On 2024-03-01: churn 3.0%, lost 2."),
    ("fr", "month"): ("fin d’alerte en 2024-03", "En 2024-03 : churn 3.0% ; lost 2."),
    ("fr", "week"): ("fin d’alerte en semaine 2024-W09", "En semaine 2024-W09 : churn 3.0% ; lost 2."),
    ("fr", "day"): ("fin d’alerte le 2024-03-01", "Le 2024-03-01 : churn 3.0% ; lost 2."),
    ("ro", "week"): ("alertă încheiată în săptămâna 2024-W09", "În săptămâna 2024-W09: churn 3.0%; lost 2."),
    ("ro", "day"): ("alertă încheiată pe 2024-03-01", "Pe 2024-03-01: churn 3.0%; lost 2."),
}
NAMES = {"month": "2024-03", "week": "2024-W09", "day": "2024-03-01"}


@pytest.mark.parametrize(("language", "grain"), GRAINS)
def test_a_period_is_spoken_of_as_its_grain_is(language: str, grain: str) -> None:
    """Something ends in a month and on a day; in French `en`, `en semaine` and `le`, and decimals keep their comma."""
    found = evaluation("oFo", of=rule(grain=grain))
    *before, last = found.instances[()]
    seen = replace(last.observation, values={"churn": 0.03, "lost": 2}, shown={"churn": "3.0%", "lost": "2"})
    labels = {**found.labels, MONTHS[2]: NAMES[grain]}
    found = replace(found, labels=labels, instances={(): (*before, replace(last, observation=seen))})
    covered = Covered(MONTHS[1], grain, "m")
    (ended,) = due(found, {(): Kept("firing", MONTHS[1], MONTHS[1], 1)}, covered)
    said = notification(ended, found, language)
    subject, text = GRAINS[language, grain]
    assert (True, text) == (said.subject.endswith(subject), said.text)


SINCES = {
    "fr": ("depuis la semaine 2024-W09", "depuis le 2024-03-01"),
    "ro": ("din săptămâna 2024-W09", "din 2024-03-01"),
}


@pytest.mark.parametrize("language", SINCES)
def test_since_when_is_spoken_of_as_its_grain_is(language: str) -> None:
    """French and Romanian say since which week, and since which day."""
    for grain, expected in zip(("week", "day"), SINCES[language], strict=True):
        found = evaluation("ooF", of=rule(grain=grain))
        found = replace(found, labels={**found.labels, MONTHS[2]: NAMES[grain]})
        assert notification(due(found, {})[0], found, language).subject.endswith(expected)


def test_values_that_are_unknown_are_not_listed() -> None:
    """A period in which no value is known says so, and shows no row of dashes."""
    found = evaluation("oFn")
    *before, last = found.instances[()]
    seen = replace(last.observation, values={"churn": None}, shown={"churn": "–"}, present=True)
    found = replace(found, instances={(): (*before, replace(last, observation=seen))})
    kept = {(): Kept("firing", MONTHS[1], MONTHS[1], 1)}
    (unknown,) = due(found, kept, Covered(MONTHS[1], "month", "m"))
    assert "Nothing is known of 2024-03." == notification(unknown, found).text
    assert "Aucune valeur connue pour 2024-03." == notification(unknown, found, "fr").text


def test_every_language_says_everything() -> None:
    """Each language has a sentence for each state and each reason."""
    assert 1 == len({frozenset(words) for words in WORDS.values()})
    assert WORDS.keys() == WHEN.keys() == SINCE.keys() == BETWEEN.keys()


def test_a_rule_that_is_gone_still_says_what_it_was() -> None:
    """The end of a removed rule bears its label, and why it ended."""
    kept = {PRO: Kept("firing", MONTHS[1], MONTHS[1], 1)}
    ended = removed("churn_high", kept, Covered(MONTHS[2], "month", "m"))[0]
    shown = farewell(ended, Teller.of(rule(label={"fr": "Attrition"}, labels={"team": "success"})), "fr")
    assert "Attrition, plan pro : fin d’alerte en 2024-03" == shown.subject
    assert "La règle ne fait plus partie du projet." == shown.text
    assert "success" == shown.labels["team"]


def test_perhaps_told_before() -> None:
    """A notification that may have gone out says so below, and is the same otherwise."""
    once = told("oFF")
    twice = again(once)
    assert twice.text.startswith(once.text + "\nPossibly told before")
    assert once == replace(twice, text=once.text)


def test_the_fields_are_plain_data() -> None:
    """Receivers get the state, the periods, the reason and the values as plain data."""
    import json

    fields: dict[str, Any] = json.loads(json.dumps(told("oFF").as_dict()))["fields"]
    assert {"churn": 0.12} == fields["values"]
    assert {"churn": "12.0%"} == fields["shown"]
    assert ("firing", "ok", "first run") == (fields["state"], fields["before"], fields["reason"])
    assert ({"plan": "pro"}, "2024-03", "2024-02") == (fields["instance"], fields["period"], fields["since"])
