"""What a run of rules needs of a book, without data: rules with series written by hand, and notifiers that remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tallymark.definitions import NotifierDef, Project, RuleDef
from tallymark.engine.running_rules import run_rules
from tallymark.errors import Fault, FaultError
from tallymark.notifier import Notification, NotifierKind
from tallymark.rules.outcome import RuleRun
from tallymark.rules.states import Evaluation


def nothing(*_: Any) -> Any:
    """What makes no notifier: it is there already."""


@dataclass
class Remembers:
    """A notifier that keeps what it is told, or fails with what it is to say."""

    told: list[Notification] = field(default_factory=list)
    fails: str | None = None
    refuses: str | None = None
    """What it takes no notification about."""
    repeatable: bool = False
    breaks: bool = False
    """Whether it takes what it is told, and breaks the run off before it can be noted."""

    @property
    def kind(self) -> NotifierKind:
        """Its kind."""
        return NotifierKind("remembers", nothing, "Remembers.", repeatable=self.repeatable)

    def send(self, notification: Notification) -> tuple[Fault, ...]:
        """Keeps it, or fails."""
        if self.refuses is not None and self.refuses in notification.subject:
            raise FaultError(Fault("A399", "too strange"))
        if self.fails:
            raise FaultError(Fault("A399", self.fails))
        self.told.append(notification)
        if self.breaks:
            raise KeyboardInterrupt
        return ()

    @property
    def lines(self) -> list[str]:
        """The subjects of all it was told."""
        return [each.subject for each in self.told]


@dataclass
class Pretend:
    """A book whose rules have the evaluations that it is given."""

    folder: Path
    evaluations: dict[str, Evaluation | Fault] = field(default_factory=dict)
    channels: dict[str, Remembers] = field(default_factory=dict)
    declared: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Keys of notifiers in `tally.yaml`, beside their kind."""
    faults: tuple[Fault, ...] = ()
    language: str = "en"
    clock: datetime = datetime(2024, 7, 1, 8, tzinfo=UTC)
    definitions: dict[str, RuleDef] = field(default_factory=dict)
    """Rules whose evaluation fails."""

    @property
    def project(self) -> Project:
        """Its settings."""
        return Project(folder=str(self.folder), language=self.language)

    @property
    def rules(self) -> Mapping[str, RuleDef]:
        """Its rules."""
        known = {n: e.rule for n, e in self.evaluations.items() if isinstance(e, Evaluation)}
        return {n: known.get(n) or self.definitions[n] for n in self.evaluations}

    @property
    def metrics(self) -> Mapping[str, Any]:
        """None has a label."""
        return {}

    def waiting_rules(self) -> Mapping[str, tuple[str, ...]]:
        """None waits for data."""
        return {}

    @property
    def notifiers(self) -> Mapping[str, NotifierDef]:
        """Its notifiers as written."""
        return {name: NotifierDef(name, "remembers", **self.declared.get(name, {})) for name in self.channels}

    def notifier(self, name: str) -> Remembers:
        """The notifier of that name."""
        if name not in self.channels:
            raise FaultError(Fault("A300", f"unknown notifier `{name}`"))
        return self.channels[name]

    def evaluate(self, rule: str, *, as_of: Any = None) -> Evaluation:
        """The evaluation it was given."""
        found = self.evaluations[rule]
        if isinstance(found, Fault):
            raise FaultError(found)
        return found

    def run(self, *names: str, **more: Any) -> RuleRun:
        """A run, a minute after the one before."""
        self.clock += timedelta(minutes=1)
        book: Any = self
        now: Callable[[], datetime] = lambda: self.clock  # noqa: E731 - a clock that stands still
        return run_rules(book, names, now=now, **more)
