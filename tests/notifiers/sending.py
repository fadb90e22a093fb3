"""Notifiers of the built-in kinds, made as an engine makes them of what `tally.yaml` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tallymark import FaultError, Notification
from tallymark.definitions import Definitions, NotifierDef, Project
from tallymark.engine.notifying import Channel, Notifiers
from tallymark.errors import Fault
from tallymark.plugins import load

PLUGINS = load(False)
NRR = Notification("NRR of pro fell below 100%", "It was 96.2% in June.", "critical", {"plan": "pro"}, key="nrr pro 6")


def channel(kind: str, folder: Path | str = "", **options: Any) -> Channel:
    """A notifier of a project that declares it so. Raises FaultError for options that are not sound."""
    definition = NotifierDef("team", kind, options)
    definitions = Definitions(Project(folder=str(folder)), notifiers={"team": definition})
    return Notifiers(definitions, PLUGINS).channel("team")


def fault(to: Channel, told: Notification = NRR) -> Fault:
    """The fault with which a notification is not taken."""
    try:
        to.send(told)
    except FaultError as error:
        (found,) = error.faults
        return found
    raise AssertionError("the notification was taken")
