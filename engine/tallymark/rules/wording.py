"""What is told of a transition: a subject, a text and the values behind them, in the reader's language.

A rule's `message` says what it is to say while the rule fires. Names in braces in it stand for values and nothing else:
no template, no expression, no format; what a value says is never read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tallymark.definitions import EMPTY, RuleDef, Texts, in_language, names_in
from tallymark.notifier import Importance, Notification
from tallymark.rules.moments import instance_fields, plain
from tallymark.rules.states import Evaluation, Instance, Moment, Observation, Transition
from tallymark.show.periods import period_label
from tallymark.show.sheet import text_of

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "firing": "{what}: firing since {since}",
            "ok": "{what}: ended {when}",
            "no_data": "{what}: no data since {since}",
            "values": "{when}: {values}.",
            "none": "Nothing is known of {period}.",
            "new period": "",
            "first run": "Found when this rule was first run.",
            "data changed": "The data has changed: when {period} was looked at before, this was not so.",
            "rule changed": "The rule has changed.",
            "rule removed": "The rule is no longer in the project.",
            "instance gone": "There is no row of it any more.",
            "again": "Possibly told before: the last run was broken off while it was telling this.",
        },
        "fr": {
            "firing": "{what} : en alerte depuis {since}",
            "ok": "{what} : fin d’alerte {when}",
            "no_data": "{what} : pas de données depuis {since}",
            "values": "{when} : {values}.",
            "none": "Aucune valeur connue pour {period}.",
            "new period": "",
            "first run": "Constaté à la première évaluation de cette règle.",
            "data changed": "Les données ont changé : au dernier examen de {period}, ce n’était pas le cas.",
            "rule changed": "La règle a changé.",
            "rule removed": "La règle ne fait plus partie du projet.",
            "instance gone": "Plus aucune ligne de données ne s’y rapporte.",
            "again": "Peut-être déjà signalé : la dernière exécution a été interrompue pendant l’envoi.",
        },
        "ro": {
            "firing": "{what}: în alertă din {since}",
            "ok": "{what}: alertă încheiată {when}",
            "no_data": "{what}: fără date din {since}",
            "values": "{when}: {values}.",
            "none": "Nicio valoare cunoscută pentru {period}.",
            "new period": "",
            "first run": "Constatat la prima evaluare a acestei reguli.",
            "data changed": "Datele s-au schimbat: la ultima verificare a perioadei {period} nu era așa.",
            "rule changed": "Regula s-a schimbat.",
            "rule removed": "Regula nu mai face parte din proiect.",
            "instance gone": "Nu mai există niciun rând de date corespunzător.",
            "again": "Posibil deja anunțat: ultima rulare a fost întreruptă în timpul trimiterii.",
        },
    }
)
"""The engine's own sentences, by language; a language without them gets English."""

WHEN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"": "in {}", "day": "on {}", "hour": "at {}"},
        "fr": {"": "en {}", "week": "en semaine {}", "day": "le {}", "hour": "le {}"},
        "ro": {"": "în {}", "week": "în săptămâna {}", "day": "pe {}", "hour": "la {}"},
    }
)
"""How a period is named in which something happened, by language and grain; the empty one is for all others."""

SINCE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"": "{}"},
        "fr": {"": "{}", "week": "la semaine {}", "day": "le {}", "hour": "le {}"},
        "ro": {"": "{}", "week": "săptămâna {}"},
    }
)
"""The same of one since which something is so."""

BETWEEN = MappingProxyType({"en": ", ", "fr": " ; ", "ro": "; "})
"""What stands between values: not what their decimals are set off by."""


NAMELESS: Mapping[Moment, str] = MappingProxyType({})
"""No period has a name of its own."""

Shown = Callable[[str, Any], str]
"""Writes the value of a dimension."""


@dataclass(frozen=True, slots=True)
class Teller:
    """What is known of a rule when it tells something: enough to tell of it once the project has it no more."""

    name: str
    grain: str
    label: Texts = field(default_factory=dict)
    severity: str = "warning"
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rule: RuleDef) -> Teller:
        """What is known of a rule of the project."""
        return cls(rule.name, rule.grain, dict(rule.label), rule.severity, dict(rule.labels))


def _itself(dimension: str, value: Any) -> str:
    """The value of a dimension that nobody has a name for."""
    return text_of(value)


def notification(
    transition: Transition, evaluation: Evaluation, language: str = "en", called: Mapping[str, str] = EMPTY
) -> Notification:
    """What to tell of a transition of a rule that is evaluated. `called` has readers' names of metrics."""
    rule, labels = evaluation.rule, evaluation.labels
    points = evaluation.instances.get(transition.instance, ())
    seen = next((p.observation for p in points if p.period == transition.period), None)
    told = _told(Teller.of(rule), transition, seen, labels, language, called, evaluation.shown)
    if transition.after == "no_data" and rule.no_data.severity is not None:
        told = replace(told, severity=_importance(rule.no_data.severity))
    message = in_language(rule.message, language) if transition.after == "firing" else ""
    if not message:
        return told
    names = _names(Teller.of(rule), transition, seen, labels, language, evaluation.shown)
    return replace(told, text=_text(filled(message, names), _reason(transition, labels, rule.grain, language)))


def farewell(
    transition: Transition, teller: Teller, language: str = "en", labels: Mapping[Moment, str] = NAMELESS
) -> Notification:
    """What to tell of a rule that the project no longer has. `labels` are the names of periods that are known."""
    return _told(teller, transition, None, labels, language)


def again(told: Notification, language: str = "en") -> Notification:
    """The same notification, saying that it may have been told before."""
    return replace(told, text=_text(told.text, _words(language)["again"]))


def filled(message: str, names: Mapping[str, str]) -> str:
    """The message with values in the place of names in braces; a name that there is not stays as it is written."""
    text, end = "", 0
    for name, (first, last) in names_in(message):
        # The braces stand around the name, perhaps with blanks.
        opened, closed = message.rindex("{", 0, first), message.index("}", last) + 1
        text += message[end:opened] + names.get(name, message[opened:closed])
        end = closed
    return text + message[end:]


def instance_shown(instance: Instance, shown: Shown = _itself) -> str:
    """`plan pro, customer c1 (Ada)`; empty for the one instance of a rule without dimensions."""
    return ", ".join(f"{name} {shown(name, value)}" for name, value in instance)


def moment_shown(moment: Moment, labels: Mapping[Moment, str], grain: str) -> str:
    """The period that starts then, by its name."""
    return labels.get(moment) or period_label(moment, grain)


def _told(
    teller: Teller,
    transition: Transition,
    seen: Observation | None,
    labels: Mapping[Moment, str],
    language: str,
    called: Mapping[str, str] = EMPTY,
    shown: Shown = _itself,
) -> Notification:
    words = _words(language)
    label = in_language(teller.label, language) or teller.name
    what = ", ".join(filter(None, (" ".join(label.split()), instance_shown(transition.instance, shown))))
    period = moment_shown(transition.period, labels, teller.grain)
    since = moment_shown(transition.since, labels, teller.grain)
    tongue = _tongue(language)
    when, begun = _said(WHEN[tongue], teller.grain, period), _said(SINCE[tongue], teller.grain, since)
    return Notification(
        subject=words[transition.after].format(what=what, when=when, since=begun),
        text=_text(_values(seen, period, when, called, tongue), _reason(transition, labels, teller.grain, language)),
        severity="info" if transition.after == "ok" else _importance(teller.severity),
        labels=_labels(teller, transition.instance),
        fields=_fields(transition, seen, period, since, called),
        key=transition.key,
    )


def _values(seen: Observation | None, period: str, when: str, called: Mapping[str, str], tongue: str) -> str:
    """What the period's values are, or that none is known; nothing where nobody looked, or there is nothing to see."""
    if seen is None or (seen.present and not seen.values):
        return ""
    if all(value is None for value in seen.values.values()):
        return WORDS[tongue]["none"].format(period=period)
    values = BETWEEN[tongue].join(f"{called.get(name, name)} {value}" for name, value in seen.shown.items())
    return WORDS[tongue]["values"].format(when=when[0].upper() + when[1:], values=values)


def _said(forms: Mapping[str, str], grain: str, period: str) -> str:
    return forms.get(grain, forms[""]).format(period)


def _reason(transition: Transition, labels: Mapping[Moment, str], grain: str, language: str) -> str:
    period = moment_shown(transition.period, labels, grain)
    return _words(language)[transition.reason].format(period=period)


def _names(
    teller: Teller, transition: Transition, seen: Observation | None, labels: Mapping[Moment, str], language: str,
    shown: Shown,
) -> dict[str, str]:  # fmt: skip
    standing = {
        "rule": teller.name,
        "label": in_language(teller.label, language) or teller.name,
        "severity": teller.severity,
        "period": moment_shown(transition.period, labels, teller.grain),
        "since": moment_shown(transition.since, labels, teller.grain),
    }
    dimensions = {name: shown(name, value) for name, value in transition.instance}
    return {**standing, **dimensions, **(seen.shown if seen is not None else {})}


def _labels(teller: Teller, instance: Instance) -> dict[str, str]:
    dimensions = {name: text_of(value) for name, value in instance}
    return {**dimensions, **teller.labels, "rule": teller.name, "severity": teller.severity}


def _fields(
    transition: Transition, seen: Observation | None, period: str, since: str, called: Mapping[str, str]
) -> dict[str, Any]:
    # What people see of a value is not what a program takes: both are told, and notifiers choose.
    shown = {called.get(name, name): value for name, value in seen.shown.items()} if seen is not None else {}
    return {
        "instance": instance_fields(transition.instance),
        "state": transition.after,
        "before": transition.before,
        "reason": transition.reason,
        "period": period,
        "since": since,
        "values": {name: plain(value) for name, value in seen.values.items()} if seen is not None else {},
        "shown": shown,
    }


def _text(*lines: str) -> str:
    return "\n".join(filter(None, lines))


def _words(language: str) -> Mapping[str, str]:
    return WORDS[_tongue(language)]


def _tongue(language: str) -> str:
    """The language of the sentences for a reader's: `fr` for `fr-CH`."""
    short = language.partition("-")[0].partition("_")[0]
    return short if short in WORDS else "en"


def _importance(severity: str) -> Importance:
    return "critical" if severity == "critical" else "warning" if severity == "warning" else "info"
