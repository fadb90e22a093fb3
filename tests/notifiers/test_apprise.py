"""Apprise: what its services are told, and how their failures are."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tallymark import Notification
from tallymark_plugins.notifiers.written import NO_WIDTH

from .receiver import Receiver, Reply, free_port, receiver
from .sending import NRR, channel, fault

CANARY = "canary"


@pytest.fixture
def at() -> Iterator[Receiver]:
    """A server that takes everything until it is told to answer otherwise."""
    with receiver() as made:
        yield made


def address(at: Receiver, more: str = "") -> str:
    """Apprise's address of it."""
    return f"json://user:canary-0c3f@127.0.0.1:{at.port}/canary{more}"


def test_what_a_service_is_told(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Subject, text and how important it is; a notification without a text is its subject."""
    monkeypatch.setenv("SERVICE", address(at))
    to = channel("apprise", url="env:SERVICE")
    to.send(NRR)
    to.send(Notification("Alone"))
    first, second = (p.json for p in at.posted)
    assert (NRR.subject, "It was 96.2% in June.\n\nplan: pro", "failure") == (
        first["title"],
        first["message"],
        first["type"],
    )
    assert ("", "Alone", "info") == (second["title"], second["message"], second["type"])
    assert first["attachments"] == []


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_nothing_in_a_text_acts(at: Receiver, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    """For a service that reads Markdown or HTML its signs are written so that they are seen; nobody is called."""
    monkeypatch.setenv("SERVICE", address(at, f"?format={format_}"))
    channel("apprise", url="env:SERVICE").send(
        Notification("s", "<b>x</b> **y** [z](https://evil.example) @everyone :smile: \\n")
    )
    said = at.posted[0].json["message"].replace(NO_WIDTH, "|")
    expected = {
        "text": "<|b>x<|/b> **y** [z]|(https://evil.example) @|everyone :smile: \\n",
        "markdown": "<|b\\>x<|/b\\> \\*\\*y\\*\\* \\[z\\]|\\(https://evil.example\\) @|everyone :smile: \\\\n",
        "html": "&lt;|b&gt;x&lt;|/b&gt; **y** [z]|(https://evil.example) @|everyone :smile: \\n",
    }[format_]
    assert expected == said.replace("&nbsp;", " ").replace("\\.", ".").replace("\\:", ":").replace("\\/", "/")


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(401, body="canary-0c3f is unknown"), "A341", "JSON answers with the error 401"),
        (Reply(500), "A341", "JSON answers with the error 500"),
        (Reply(302, {"Location": "http://127.0.0.1:1/canary"}), "A341", "JSON answers with the error 302"),
    ],
)
def test_a_service_that_refuses(
    at: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    reply: Reply,
    code: str,
    words: str,
) -> None:
    """The service and the number of the error are told, nothing of the address; Apprise's own log is nobody's output."""
    monkeypatch.setenv("SERVICE", address(at))
    at.replies += [reply]
    found = fault(channel("apprise", url="env:SERVICE"))
    assert (code, 1) == (found.code, len(at.posted))
    assert words in found.message
    assert CANARY not in str(found) + "".join(capfd.readouterr())


def test_silence(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not answer in time is given up."""
    monkeypatch.setenv("SERVICE", address(at))
    at.replies += [Reply(after=2)]
    assert "A342" == fault(channel("apprise", url="env:SERVICE", timeout=1)).code


def test_nobody_there(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A port where nobody listens."""
    monkeypatch.setenv("SERVICE", f"json://canary-0c3f@127.0.0.1:{free_port()}")
    found = fault(channel("apprise", url="env:SERVICE"))
    assert ("A341", "JSON cannot be reached") == (found.code, found.message)
    assert "" == "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "url", ["canary-0c3f", "nowhere://canary-0c3f", "slack://canary", "json://", "https://canary.example/x"]
)
def test_addresses_that_apprise_does_not_know(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """An address of no service, or a broken one, is told where the secret is named, without it."""
    monkeypatch.setenv("SERVICE", url)
    with caplog.at_level(logging.CRITICAL):
        found = fault(channel("apprise", url="env:SERVICE"))
    assert "A340" == found.code
    assert CANARY not in str(found) + "".join(capfd.readouterr())
