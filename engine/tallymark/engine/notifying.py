"""The notifiers of a project: each made of its kind and its options when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tallymark.definitions import NOWHERE, Definitions, NotifierDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.given import help_for
from tallymark.notifier import Notification, Notifier, NotifierKind
from tallymark.options import Owner, check_options, settled
from tallymark.place import Place
from tallymark.plugins import Plugins, isolated


@dataclass(frozen=True, slots=True)
class Channel:
    """A notifier of a project: as it is written, its kind, and what sends."""

    definition: NotifierDef
    kind: NotifierKind
    notifier: Notifier
    giver: str | None
    """The plugin that gives the kind."""

    def send(self, notification: Notification) -> tuple[Fault, ...]:
        """Sends it, and returns once it has been taken, with what its sender should know: warnings.

        Raises FaultError when it has not: the kind's own, or P700 with what else the plugin raised. Secrets are hidden.
        """
        name, place = self.definition.name, _place(self.definition)
        try:
            with isolated(self.giver, f"to send, as the notifier `{name}`", place):
                self.notifier.send(notification)
        except FaultError as error:
            told = [replace(f.within(f"notifier `{name}`"), place=f.place or place) for f in error.faults]
            if any(f.severity == "error" for f in told):
                raise FaultError(told) from None
            return tuple(told)
        return ()


class Notifiers:
    """Gives each notifier that a project declares. Safe to use from several threads."""

    def __init__(self, definitions: Definitions, plugins: Plugins) -> None:
        self.declared: Mapping[str, NotifierDef] = definitions.notifiers
        self._plugins = plugins
        self._folder = Path(definitions.project.folder)
        self._lock = threading.Lock()
        self._made: dict[str, Channel] = {}
        self._unsound = {name: faults for name, made in self.declared.items() if (faults := self._wrong(made))}

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with how they are written, whether anything uses them or not."""
        return [fault for faults in self._unsound.values() for fault in faults]

    def channel(self, name: str) -> Channel:
        """The notifier of that name; it connects to nothing before it sends.

        Raises FaultError when there is none (A300), its kind is unknown (A301), its options are not sound or its plugin
        fails to make it.
        """
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> Channel:
        definition = self.declared.get(name)
        if definition is None:
            help_ = did_you_mean(name[:60], self.declared) or "declare it under `notifiers:` in tally.yaml"
            raise FaultError(Fault("A300", f"unknown notifier `{name[:60]}`", None, help_))
        if name in self._unsound:
            raise FaultError(self._unsound[name])
        kind = self._plugins.notifiers[definition.kind]
        giver = self._plugins.giver("notifiers", definition.kind)
        options = settled(definition.options, kind.options, self._folder, _owner(definition))
        with isolated(giver, f"to begin, as the notifier `{name}`", _place(definition)):
            made = kind.make(options, self._folder)
            if not callable(getattr(made, "send", None)):
                raise TypeError("what it makes is no notifier: it has no `send`")
        return Channel(definition, kind, made, giver)

    def _wrong(self, definition: NotifierDef) -> tuple[Fault, ...]:
        kind = self._plugins.notifiers.get(definition.kind)
        if kind is None:
            help_ = help_for(definition.kind[:60], self._plugins.notifiers)
            message = f"no plugin gives notifiers of the kind `{definition.kind[:60]}`"
            return (Fault("A301", message, _place(definition), help_, f"notifier `{definition.name}`"),)
        return tuple(check_options(definition.options, kind.options, _owner(definition)))


def _place(definition: NotifierDef) -> Place | None:
    """Where it is written; None for one that a program declares."""
    return definition.place if definition.place != NOWHERE else None


def _owner(definition: NotifierDef) -> Owner:
    return Owner(f"notifier `{definition.name}`", definition.place, definition.places)
