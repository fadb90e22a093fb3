"""The built-in kinds keep what every notifier promises; each tells somebody who really listens."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallymark.testing import NotifierConformance
from tallymark_plugins import notifiers
from tallymark_plugins.notifiers.written import NO_WIDTH

from .receiver import Mailbox, Receiver, free_port, mailbox, receiver

SIGNING = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"


class TestStdout(NotifierConformance):
    """Lines on the standard output."""

    plugin = notifiers
    kind = "stdout"

    @pytest.fixture(autouse=True)
    def _capture(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capture = capfd

    def received(self, folder: Path) -> Sequence[str]:
        """Each begins at the beginning of a line."""
        return re.split(r"(?m)^(?=\S)", self.capture.readouterr().out)[1:]


class TestJsonl(NotifierConformance):
    """Lines of JSON in a file."""

    plugin = notifiers
    kind = "jsonl"

    def options(self, folder: Path) -> Mapping[str, Any]:
        """A file in a folder that is to be made."""
        return {"path": "told/all.jsonl"}

    def received(self, folder: Path) -> Sequence[str]:
        """The subject and the text of each line, for readers that take every line end as one."""
        path = folder / "told/all.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [f"{said['subject']}\n{said['text']}" for said in map(json.loads, lines)]

    def broken(self, folder: Path) -> Mapping[str, Any]:
        """A folder in the place of the file."""
        (folder / "taken").mkdir(exist_ok=True)
        return {"path": "taken"}


class TestEmail(NotifierConformance):
    """Mail to a server on this machine."""

    plugin = notifiers
    kind = "email"
    box: ClassVar[Mailbox]

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with mailbox() as type(self).box:
            yield

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The server, without TLS."""
        ways = {"security": "none", "port": self.box.port}
        return {"host": "127.0.0.1", "from": "metrics@example.com", "to": "team@example.com", **ways}

    def received(self, folder: Path) -> Sequence[str]:
        """Subject and plain text of each mail; a mailbox keeps mails of one Message-ID once."""
        kept = {str(mail["Message-ID"]): mail for mail in reversed(self.box.mails)}
        bodies = [(mail, mail.get_body(("plain",))) for mail in reversed(kept.values())]
        return [f"{mail['Subject']}\n{body.get_content()}" for mail, body in bodies if body is not None]

    def broken(self, folder: Path) -> Mapping[str, Any]:
        """A port where no mail server is."""
        return {**self.options(folder), "port": free_port()}


class Posting(NotifierConformance):
    """What posts to a server on this machine."""

    plugin = notifiers
    at: ClassVar[Receiver]
    more: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with receiver() as type(self).at:
            monkeypatch.setenv("TOLD_AT", self.at.url)
            monkeypatch.setenv("NOBODY_AT", f"http://127.0.0.1:{free_port()}/hooks/canary-7d1e")
            monkeypatch.setenv("SIGNING", SIGNING)
            yield

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The server, on this machine and without TLS."""
        return {"url": "env:TOLD_AT", "allow_http": True, "allow_private": True, "patience": 0, **self.more}

    def broken(self, folder: Path) -> Mapping[str, Any]:
        """A port where nobody listens."""
        return {**self.options(folder), "url": "env:NOBODY_AT"}


class TestWebhook(Posting):
    """JSON that is posted."""

    kind = "webhook"
    more: ClassVar[Mapping[str, Any]] = {"signing_secret": "env:SIGNING", "headers": {"X-Key": "env:SIGNING"}}

    def received(self, folder: Path) -> Sequence[str]:
        """Subject and text; who receives knows ids that were there before."""
        kept = {p.headers["webhook-id"]: p.json["data"] for p in self.at.posted}
        return [f"{said['subject']}\n{said['text']}" for said in kept.values()]


class TestSlack(Posting):
    """Messages of a chat."""

    kind = "slack"

    def received(self, folder: Path) -> Sequence[str]:
        """The message as Slack shows it."""
        shown = (f"{p.json['text']}\n{p.json['attachments'][0].get('text', '')}" for p in self.at.posted)
        return [html.unescape(text).replace(NO_WIDTH, "") for text in shown]


class TestMattermost(TestSlack):
    """The same, written for Mattermost."""

    more: ClassVar[Mapping[str, Any]] = {"service": "mattermost"}

    def received(self, folder: Path) -> Sequence[str]:
        """The message as Markdown that says characters by a backslash shows it."""
        return [re.sub(r"\\([^\w\s])", r"\1", text) for text in super().received(folder)]


class TestApprise(Posting):
    """Apprise's own plain kind of address, which posts JSON."""

    kind = "apprise"

    @pytest.fixture(autouse=True)
    def _addresses(self, _server: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLD_AT", self.at.url.replace("http:", "json:"))
        monkeypatch.setenv("NOBODY_AT", f"json://127.0.0.1:{free_port()}/hooks/canary-7d1e")

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The server."""
        return {"url": "env:TOLD_AT"}

    def received(self, folder: Path) -> Sequence[str]:
        """Title and message."""
        return [f"{p.json['title']}\n{p.json['message']}".replace(NO_WIDTH, "") for p in self.at.posted]
