"""Notifiers for runs that are killed: the built-in ones for files and servers, and one that knows no keys."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallymark.definitions import NotifierDef
from tallymark.engine.notifying import Channel
from tallymark.errors import Fault
from tallymark.notifier import Notification, NotifierKind
from tallymark.secret import Secret
from tallymark_plugins.notifiers import jsonl, webhook
from tests.alerts.pretend import nothing


@dataclass(frozen=True)
class Forgetful:
    """Appends a line to a file, whatever stands there."""

    path: Path
    kind = NotifierKind("forgetful", nothing, "Appends lines.")

    def send(self, notification: Notification) -> tuple[Fault, ...]:
        """Writes it."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(notification.as_dict()) + "\n")
        return ()


def _log(folder: Path, url: str) -> Channel:
    made = jsonl.make({"path": "log.jsonl"}, folder)
    return Channel(NotifierDef("log", "jsonl"), jsonl.KIND, made, None)


def _server(folder: Path, url: str) -> Channel:
    os.environ["HOOK"] = url
    options = {"url": Secret("env:HOOK"), "allow_http": True, "allow_private": True, "timeout": 10, "patience": 0}
    return Channel(NotifierDef("server", "webhook"), webhook.KIND, webhook.KIND.make(options, folder), None)


CHANNELS: Mapping[str, Callable[[Path, str], Any]] = {
    "log": _log,
    "forgetful": lambda folder, url: Forgetful(folder / "forgetful.jsonl"),
    "server": _server,
}


def told_in(folder: Path, notifier: str) -> list[dict[str, Any]]:
    """What a notifier wrote into a file, without when."""
    path = folder / f"{notifier}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [{k: v for k, v in json.loads(line).items() if k != "at"} for line in lines]
