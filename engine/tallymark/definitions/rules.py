"""Rules over metrics, and the notifiers they tell, as written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tallymark.definitions.settings import OptionPath, OptionPlace
from tallymark.definitions.words import EMPTY, NOWHERE, Formula, Texts
from tallymark.place import Place, Span, Written

STANDING = ("rule", "label", "severity", "period", "since")
"""What every message may name in braces, beside the rule's dimensions and metrics."""

_NAMED = re.compile(r"\{ *([A-Za-z_][A-Za-z0-9_.]*(?: at (?:start|end))?) *\}")


@dataclass(frozen=True, slots=True)
class NoDataDef:
    """How many periods in a row may be unknown before somebody is told: `no_data: 3 periods`, or `no_data: never`.

    In a mapping: `{after: 3 periods, severity: info}`. `after` None tells nobody, ever: the rule's own way unless said.
    """

    after: int | None = None
    severity: str | None = None
    """Of what is told of unknown periods; the rule's own unless said."""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class RuleDef:
    """A condition over metrics that is looked at each period, and whom to tell when it begins and ends to hold.

    `when` and `clear` are formulas that give true or false. `by` are dimensions: each combination of their values is an
    instance with a state of its own. `where` narrows what is looked at, as in a question.
    """

    name: str
    when: Formula
    grain: str
    clear: Formula | None = None
    """When firing ends; None is: as soon as `when` does not hold."""
    by: tuple[str, ...] = ()
    where: Formula | None = None
    lasting: int = 1
    """In YAML `for`: how many periods in a row `when` must hold before it fires."""
    keep_firing: int = 0
    """For how many further periods it goes on firing after it could have ended."""
    no_data: NoDataDef = field(default_factory=NoDataDef)
    partial: str = "skip"
    """`skip` or `include` periods that the knowledge date cuts."""
    since: date | None = None
    """Nothing before this day is looked at; None is from the first period with data on."""
    severity: str = "warning"
    """`info`, `warning` or `critical`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Short words to sort and route by: `{team: success}`."""
    message: Texts = field(default_factory=dict)
    """What is told, by language; `{nrr}`, `{plan}`, `{period}` in it stand for values."""
    notify: tuple[str, ...] = ()
    """Names of notifiers."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    """Values of parameters, in place of their defaults."""
    pack: str | None = None
    place: Place = NOWHERE
    places: Mapping[str, Written] = field(default_factory=lambda: EMPTY, compare=False, repr=False)
    """Where its lists' items and its messages are written: `by.0`, `notify.1`, `message.en`, `parameters.window`."""

    def tells(self, notifiers: Mapping[str, NotifierDef]) -> tuple[str, ...]:
        """The names of whom it tells, of a project's notifiers: those it names, or those told by default."""
        return self.notify or tuple(name for name, notifier in notifiers.items() if notifier.default)


def names_in(message: str) -> Iterator[tuple[str, Span]]:
    """The names in the braces of a message, each with its stretch of the text."""
    for found in _NAMED.finditer(message):
        yield found[1], found.span(1)


@dataclass(frozen=True, slots=True)
class NotifierDef:
    """Somewhere to send notifications: a kind (`slack`, `email`, a plugin's) and that kind's options."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE
    places: Mapping[OptionPath, OptionPlace] = field(default_factory=dict, compare=False, repr=False)
    """Where each option is written."""
    default: bool = False
    """Whether it is told what rules tell that name no notifier."""
    language: str | None = None
    """Of what it is told; the project's unless said."""
