"""Mails: what stands in them, how they reach a server, and what is told when they do not."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from tallymark import FaultError, Notification
from tallymark.engine.notifying import Channel

from .receiver import CERTIFICATE, Mailbox, free_port, mailbox
from .sending import NRR, channel, fault

PASSWORD = "canary-5b1c-password"
ADDRESSES = {"from": "Metrics <metrics@example.com>", "to": ["ann@example.com", "bob@example.com"]}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_USER", "metrics-canary")
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    # The name that a client greets with is looked up, which may take long where nobody knows it.
    monkeypatch.setattr(socket, "getfqdn", lambda name="": "client.example.com")


def to(box: Mailbox, **options: Any) -> Channel:
    """A notifier that sends to the server."""
    return channel("email", host="127.0.0.1", port=box.port, **{"security": "none"} | ADDRESSES | options)


def part(mail: EmailMessage, kind: str) -> str:
    """The text of a mail, plain or HTML."""
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """The words of a page, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.links = "", set[str](), list[str]()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        """Keeps the words."""
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps the element's name, and where it leads."""
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


# --- what stands in a mail -------------------------------------------------------------------------------------------


def test_what_a_mail_says() -> None:
    """The same words as plain text and as HTML, one mail to all, and an identity made of the key."""
    told = Notification(
        "NRR de pro: 96 %",
        "Sous 100 %.\n\nDepuis mai.",
        "critical",
        {"plan": "pro"},
        "https://example.com/nrr",
        {"nrr": 0.96},
        "nrr pro 6",
    )
    with mailbox() as box:
        to(box).send(told)
        to(box).send(told)
    first, again = box.mails
    assert [["ann@example.com", "bob@example.com"]] * 2 == box.to
    assert "Metrics <metrics@example.com>" == first["From"]
    assert ("NRR de pro: 96 %", "high", "auto-generated") == (
        first["Subject"],
        first["Importance"],
        first["Auto-Submitted"],
    )
    assert (
        "NRR de pro: 96 %\n\nSous 100 %.\n\nDepuis mai.\n\nplan: pro\nnrr: 0.96\n\nhttps://example.com/nrr\n"
        == part(first, "plain")
    )
    page = Page(part(first, "html"))
    assert [True] * 4 == [words in page.words for words in ("NRR de pro: 96 %", "Sous 100 %.", "plan", "0.96")]
    assert ["https://example.com/nrr"] == page.links
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", first["Message-ID"])
    assert first["Message-ID"] == again["Message-ID"]


def test_mails_without_a_key_are_different_ones() -> None:
    """Nothing says that they are the same; nor are two with different keys."""
    with mailbox() as box:
        for key in (None, None, "a", "b"):
            to(box).send(Notification("s", key=key))
    assert 4 == len({mail["Message-ID"] for mail in box.mails})


HOSTILE = [
    "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>",
    "</td></table></body><a href='https://evil.example'>bank</a>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#60;b&#62;",
    "=?utf-8?q?forged?= \u202egnp.exe \x1b[31m \ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_mail_is_markup(text: str) -> None:
    """Whatever stands in subject, text, labels, fields or link is read as it is, and leads nowhere."""
    with mailbox() as box:
        to(box).send(Notification(text, f"{text}\n{text}", "info", {text: text}, text, {text: text}))
    (mail,) = box.mails
    page = Page(part(mail, "html"))
    assert page.tags <= {"html", "body", "p", "br", "table", "tr", "td"}
    assert [] == page.links
    readable = text.isprintable()
    assert [readable] * 3 == [text in said for said in (page.words, part(mail, "plain"), str(mail["Subject"]))]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_header_is_forged(end: str) -> None:
    """A line end in any value makes no header and no recipient; a subject with one is none."""
    forged = f"x{end}Bcc: eve@example.com{end}{end}forged"
    with mailbox() as box:
        to(box).send(Notification("s", forged, labels={forged: forged}, link=f"https://{forged}", key=forged))
        with pytest.raises(ValueError, match="one line"):
            Notification(forged)
    (mail,) = box.mails
    assert (None, [["ann@example.com", "bob@example.com"]]) == (mail["Bcc"], box.to)
    names = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert names == set(mail.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"}


@pytest.mark.parametrize(
    "options",
    [
        {"to": "ann"},
        {"to": ["ann@example.com", "bob@"]},
        {"to": "ann@example.com\r\nBcc: eve@example.com"},
        {"to": "ann@example.com, bob@example.com"},
        {"from": "Metrics"},
        {"from": "<>"},
        {"from": "a b@example.com@x"},
        {"host": "mail server"},
        {"host": "-oProxyCommand"},
    ],
)
def test_addresses_that_are_none(options: dict[str, Any]) -> None:
    """An address that mail cannot have, or more than one in the place of one, is refused before anything is sent."""
    with pytest.raises(FaultError, match="A320"):
        channel("email", **{"host": "mail.example.com"} | ADDRESSES | options)


# --- the way to the server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_signing_in_over_tls(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a certificate that is trusted the user signs in and the mail is taken; with another nothing is said."""
    signing = {"user": "env:MAIL_USER", "password": "env:MAIL_PASSWORD", "security": way}
    with mailbox(**{way: True}, users={"metrics-canary": PASSWORD}) as box:
        unsafe = fault(to(box, **signing))
        assert ("A322", [], []) == (unsafe.code, box.signed_in, box.mails)
        assert "self-signed certificate" in unsafe.message
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        to(box, **signing).send(NRR)
        assert ([("metrics-canary", PASSWORD)], 1) == (box.signed_in, len(box.mails))
        monkeypatch.setenv("MAIL_PASSWORD", "canary-wrong-one")
        wrong = fault(to(box, **signing))
        assert ("A323", 1) == (wrong.code, len(box.mails))
        assert "canary" not in str(wrong)


def test_a_server_that_wants_a_user() -> None:
    """Without one the server's own words are told."""
    with mailbox(users={}) as box:
        found = fault(to(box))
    assert ("A324", True) == (found.code, "530" in found.message)
    assert found.help is not None
    assert "a user and a password" in found.help


def test_a_password_is_never_sent_in_the_open() -> None:
    """Options that would do so are refused, and so is half a sign-in; a server without STARTTLS is told nothing."""
    both = {"user": "env:MAIL_USER", "password": "env:MAIL_PASSWORD"}
    for options in ({"security": "none", **both}, {"user": "env:MAIL_USER"}, {"password": "env:MAIL_PASSWORD"}):
        with pytest.raises(FaultError, match="A325"):
            channel("email", host="127.0.0.1", **ADDRESSES | options)
    with mailbox(users={"metrics-canary": PASSWORD}) as box:
        found = fault(to(box, security="starttls", **both))
        assert ("A322", []) == (found.code, box.signed_in)


def test_recipients_that_are_refused() -> None:
    """All of them: the mail is not sent. Some of them: the others get it, and who sends is told; it is not sent again."""
    with mailbox(refused=("ann@example.com", "bob@example.com")) as box:
        none = fault(to(box))
        assert ("A324", []) == (none.code, box.mails)
        assert "ann@example.com, bob@example.com: no such user (550)" in none.message
    with mailbox(refused=("bob@example.com",)) as box:
        (remark,) = to(box).send(NRR)
        assert ("A326", "warning", [["ann@example.com"]]) == (remark.code, remark.severity, box.to)
        assert "bob@example.com" in remark.message


@pytest.mark.parametrize(
    ("reply", "code"),
    [("554 looks like spam", "A324"), ("451 come back later", "A324"), ("421 going down", "A324")],
)
def test_a_mail_that_is_refused(reply: str, code: str) -> None:
    """What the server says is told, with its number."""
    with mailbox(reply=reply) as box:
        found = fault(to(box))
    assert (code, []) == (found.code, box.mails)
    assert f"({reply[:3]})" in found.message


@contextmanager
def talker(said: bytes, *, hang: bool) -> Iterator[int]:
    """A server that says something to whoever comes, and then nothing, or hangs up. Gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            kept.append(connection)
            connection.sendall(said)
            if not hang:
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        for connection in kept:
            connection.close()


@pytest.mark.parametrize(
    ("said", "hang", "security", "words"),
    [
        (b"", True, "none", "did not answer in time"),
        (b"", False, "none", "cannot be reached"),
        (b"220 hello\r\n", False, "none", "cannot be reached"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False, "none", "is no mail server"),
        (b"220 hello\r\n", False, "tls", "cannot be trusted"),
        (b"554 not for you\r\n", True, "none", "not for you (554)"),
    ],
)
def test_servers_that_are_none(said: bytes, hang: bool, security: str, words: str) -> None:
    """One that is silent, hangs up, speaks something else or refuses is a fault, in time."""
    with talker(said, hang=hang) as port:
        found = fault(channel("email", host="127.0.0.1", port=port, security=security, timeout=1, **ADDRESSES))
    assert words in found.message


def test_nobody_there() -> None:
    """A port where nobody listens, and a host that there is not."""
    for options in ({"host": "127.0.0.1", "port": free_port()}, {"host": "mail.invalid"}):
        found = fault(channel("email", security="none", **ADDRESSES | options))
        assert ("A321", True) == (found.code, "cannot be reached" in found.message)
