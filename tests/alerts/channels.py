"""Notifiers that write to files and to a server, and know their keys or do not."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallymark.notifier import Notification, NotifierKind


@dataclass(frozen=True)
class Lines:
    """Appends a line to a file; with `knows`, unless its key is there."""

    path: Path
    knows: bool

    @property
    def kind(self) -> NotifierKind:
        """Its kind."""
        return NotifierKind("lines", lambda options, folder: self, "Lines.", repeatable=self.knows)

    def send(self, notification: Notification) -> None:
        """Writes it."""
        text = self.path.read_text("utf-8") if self.path.exists() else ""
        if self.knows and any(json.loads(line)["key"] == notification.key for line in text.splitlines()):
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(notification.as_dict()) + "\n")


@dataclass(frozen=True)
class Post:
    """Posts to a server, with the key in a header."""

    url: str

    @property
    def kind(self) -> NotifierKind:
        """Its kind."""
        return NotifierKind("post", lambda options, folder: self, "Posts.", repeatable=True)

    def send(self, notification: Notification) -> None:
        """Posts it."""
        body = json.dumps(notification.as_dict()).encode()
        request = urllib.request.Request(self.url, body, {"Idempotency-Key": notification.key or ""})
        # No proxy of the environment stands between a test and its own server.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10):
            pass


CHANNELS: Mapping[str, Callable[[Path, str], Any]] = {
    "log": lambda folder, url: Lines(folder / "log.jsonl", knows=True),
    "forgetful": lambda folder, url: Lines(folder / "forgetful.jsonl", knows=False),
    "server": lambda folder, url: Post(url),
}


def told_in(folder: Path, notifier: str) -> list[dict[str, Any]]:
    """What a notifier wrote into a file."""
    path = folder / f"{notifier}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
