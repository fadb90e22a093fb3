"""Webhooks and chats: what is posted, how it is signed, when it is tried again, and where it never goes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tallymark import FaultError, Notification
from tallymark.engine.notifying import Channel
from tallymark_plugins.notifiers import posting
from tallymark_plugins.notifiers.written import NO_WIDTH

from .receiver import CERTIFICATE, Receiver, Reply, free_port, receiver
from .sending import NRR, channel, fault

KEY = b"canary-canary-canary-canary"
SIGNING = f"whsec_{base64.b64encode(KEY).decode()}"
CANARY = "canary"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "FIRST_WAIT", 0.01)
    monkeypatch.setenv("SIGNING", SIGNING)


@pytest.fixture
def at() -> Iterator[Receiver]:
    """A server that takes everything until it is told to answer otherwise."""
    with receiver() as made:
        yield made


def to(at: Receiver, monkeypatch: pytest.MonkeyPatch, kind: str = "webhook", **options: Any) -> Channel:
    """A notifier that posts there."""
    monkeypatch.setenv("TOLD_AT", at.url)
    return channel(kind, url="env:TOLD_AT", **{"allow_http": True, "allow_private": True, "patience": 5} | options)


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_as_standard_webhooks_says(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is the HMAC-SHA256 of id, timestamp and body; the library of the standard accepts it, once whole."""
    to(at, monkeypatch, signing_secret="env:SIGNING").send(NRR)
    (posted,) = at.posted
    name, stamp = posted.headers["webhook-id"], posted.headers["webhook-timestamp"]
    signed = hmac.new(KEY, f"{name}.{stamp}.".encode() + posted.body, hashlib.sha256).digest()
    assert f"v1,{base64.b64encode(signed).decode()}" == posted.headers["webhook-signature"]
    Webhook(SIGNING).verify(posted.body, dict(posted.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SIGNING).verify(posted.body.replace(b"96.2", b"99.9"), dict(posted.headers))


def test_what_a_webhook_says(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of the notification as JSON, under an id made of its key; without a key each has an id of its own."""
    hook = to(at, monkeypatch, headers={"X-Team": "env:SIGNING"})
    fields = {"a": Decimal("1.50"), "b": float("nan"), "c": date(2024, 6, 1), "d": [True, None], "é": "\ud800"}
    hook.send(Notification("s", "t", "warning", {"plan": "pro"}, "https://example.com", fields, "k"))
    hook.send(Notification("s", key="k"))
    hook.send(Notification("s"))
    hook.send(Notification("s"))
    first, again, *without = at.posted
    assert ("tallymark.notification", "application/json") == (first.json["type"], first.headers["content-type"])
    assert {
        "subject": "s",
        "text": "t",
        "severity": "warning",
        "labels": {"plan": "pro"},
        "link": "https://example.com",
        "fields": {"a": 1.5, "b": None, "c": "2024-06-01", "d": [True, None], "é": "?"},
        "key": "k",
    } == first.json["data"]
    digest = hashlib.sha256(b"k").hexdigest()[:32]
    assert [f"msg_{digest}"] * 2 == [p.headers["webhook-id"] for p in (first, again)]
    assert first.headers["idempotency-key"] == first.headers["webhook-id"]
    assert 3 == len({p.headers["webhook-id"] for p in (first, *without)})
    assert SIGNING == first.headers["x-team"]
    assert "webhook-signature" not in first.headers


@pytest.mark.parametrize("secret", ["hunter2-canary", "whsec_Y2FuYXJ5", "whsec_" + "A" * 120, "whsec_Y2FuY§§§XJ5"])
def test_a_signing_secret_that_is_none(at: Receiver, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """What is no base64, too short or too long signs nothing: a receiver would hold it for something else."""
    monkeypatch.setenv("SIGNING", secret)
    found = fault(to(at, monkeypatch, signing_secret="env:SIGNING"))
    assert ("A338", []) == (found.code, at.posted)
    assert secret not in str(found)


@pytest.mark.parametrize("name", ["webhook-id", "Idempotency-Key", "a b", "X:y", "é", "x\r\ny"])
def test_headers_that_are_not_to_be_set(at: Receiver, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Those of the signature, and what is no header's name, are refused before anything is sent."""
    with pytest.raises(FaultError, match="A339"):
        to(at, monkeypatch, headers={name: "env:SIGNING"})


def test_a_header_is_one_line(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret with a line end in it begins no further header."""
    monkeypatch.setenv("TWO_LINES", "canary\r\nX-Forged: yes")
    found = fault(to(at, monkeypatch, headers={"X-Key": "env:TWO_LINES"}))
    assert ("A339", []) == (found.code, at.posted)
    assert CANARY not in str(found)


# --- tried again, or not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["webhook", "slack"])
@pytest.mark.parametrize("status", [408, 429, 500, 501, 503])
def test_what_may_pass_is_tried_again(at: Receiver, monkeypatch: pytest.MonkeyPatch, kind: str, status: int) -> None:
    """A receiver that is busy or broken for a moment gets the same notification once more, and it is told."""
    at.replies += [Reply(status), Reply(status)]
    assert () == to(at, monkeypatch, kind).send(NRR)
    assert 3 == len(at.posted)
    ids = {p.headers.get("webhook-id") for p in at.posted}
    assert 1 == len(ids)


def test_every_try_is_signed_anew(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the wait that was asked for, and not before, with the time of that try."""
    at.replies += [Reply(429, {"Retry-After": "1"})]
    to(at, monkeypatch, signing_secret="env:SIGNING").send(NRR)
    first, second = at.posted
    assert 1 <= int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"])
    for posted in at.posted:
        Webhook(SIGNING).verify(posted.body, dict(posted.headers))


@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_wait_longer_than_patience_is_left_to_the_next_run(
    at: Receiver, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """It is not waited for, nor is it asked again before."""
    at.replies += [Reply(429, {"Retry-After": asked})]
    found = fault(to(at, monkeypatch))
    assert ("A336", 1) == (found.code, len(at.posted))
    assert "asks to slow down (429), and asks to wait" in found.message


def test_patience_ends(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes on failing is given up, and what it answers is told without what it says."""
    at.replies += [Reply(503, body="canary in the answer")] * 20
    found = fault(to(at, monkeypatch, patience=0.1))
    assert ("A336", True) == (found.code, 2 <= len(at.posted) <= 6)
    assert "(503)" in found.message
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("kind", "reply", "code", "words"),
    [
        ("webhook", Reply(400), "A335", "(400)"),
        ("webhook", Reply(401), "A335", "(401)"),
        ("webhook", Reply(404, body="canary"), "A335", "(404)"),
        ("webhook", Reply(410), "A335", "(410)"),
        ("slack", Reply(403, body="invalid_token"), "A335", "(403: invalid_token)"),
        ("slack", Reply(410, body="channel_is_archived"), "A335", "(410: channel_is_archived)"),
        ("slack", Reply(404, body="no hook T0/B0/canary"), "A335", "(404)"),
        ("slack", Reply(404, body="<b>canary</b>" * 1000), "A335", "(404)"),
        ("slack", Reply(400, {"Content-Encoding": "gzip"}, "canary"), "A335", "(400)"),
        ("webhook", Reply(302, {"Location": "https://127.0.0.1/canary"}), "A337", "redirect (302)"),
        ("webhook", Reply(307, {"Location": "http://169.254.169.254/latest"}), "A337", "redirect (307)"),
        ("slack", Reply(301, {"Location": "/elsewhere"}), "A337", "redirect (301)"),
    ],
)
def test_what_stays_is_told_at_once(
    at: Receiver, monkeypatch: pytest.MonkeyPatch, kind: str, reply: Reply, code: str, words: str
) -> None:
    """A refusal and a redirect are faults after one request: nothing goes where an answer points."""
    at.replies += [reply]
    found = fault(to(at, monkeypatch, kind))
    assert (code, 1) == (found.code, len(at.posted))
    assert words in found.message
    assert CANARY not in str(found)


@pytest.mark.parametrize(("kind", "times"), [("webhook", 2), ("slack", 1)])
def test_silence(at: Receiver, monkeypatch: pytest.MonkeyPatch, kind: str, times: int) -> None:
    """No answer in time: a webhook is sent again under its id; a chat, which knows none, is left to the next run."""
    at.replies += [Reply(after=1.2), Reply(after=1.2)]
    hook = to(at, monkeypatch, kind, timeout=1, patience=1.5)
    assert "A333" == fault(hook).code
    assert times == len(at.posted)


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_a_private_network_is_not_entered(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to this machine or a private network, by whichever name, unless the options say so."""
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "10.0.0.1", "169.254.169.254"):
        monkeypatch.setenv("HOST", f"https://{host}:{at.port}/canary")
        found = fault(channel("webhook", url="env:HOST", patience=0))
        assert ("A331", host) == (found.code, host)
        assert CANARY not in str(found)
        assert host not in str(found)
    assert [] == at.posted


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/canary",
        "canary",
        "ftp://canary",
        "https://",
        "https://[canary",
        "//canary/x",
        "https://x:canary/",
        "https://.canary/",
        f"https://canary{'a' * 64}.example/",
    ],
)
def test_addresses_that_are_none(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What is no address of the web, or has no TLS, is told without repeating it."""
    monkeypatch.setenv("HOST", url)
    found = fault(channel("slack", url="env:HOST", patience=0))
    assert "A330" == found.code
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("package", "kind", "options"),
    [
        ("requests", "slack", {}),
        ("tenacity", "webhook", {}),
        ("standardwebhooks", "webhook", {"signing_secret": "env:SIGNING"}),
        ("apprise", "apprise", None),
    ],
)
def test_a_package_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, package: str, kind: str, options: dict[str, str] | None
) -> None:
    """Who has not installed what a kind needs is told how."""
    monkeypatch.setenv("HOST", "https://example.com/canary")
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    found = fault(channel(kind, url="env:HOST", **({} if options is None else {"patience": 0} | options)))
    assert ("P790", True) == (found.code, f"`{package}`" in found.message)
    assert "install it with `pip install 'tallymark[notify]'`" == found.help


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens, and a host that there is not, are faults without the address."""
    monkeypatch.setenv("HOST", f"http://127.0.0.1:{free_port()}/canary")
    refused = fault(channel("webhook", url="env:HOST", patience=0, allow_http=True, allow_private=True))
    assert ("A332", "`url` cannot be reached") == (refused.code, refused.message)
    monkeypatch.setenv("HOST", "https://canary.invalid/")
    unknown = fault(channel("webhook", url="env:HOST", patience=5))
    assert ("A332", "there is no host as `url` names it") == (unknown.code, unknown.message)


def test_a_certificate_that_nobody_vouches_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent over a connection that is not safe; with the certificate among those trusted, it is."""
    with receiver(tls=True) as at:
        found = fault(to(at, monkeypatch))
        assert ("A334", []) == (found.code, at.posted)
        assert CANARY not in str(found)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        to(at, monkeypatch, allow_http=False).send(NRR)
        assert 1 == len(at.posted)


# --- chats -----------------------------------------------------------------------------------------------------------


def test_what_slack_is_told(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subject, and beside the colour of the severity: text, link, labels and fields."""
    told = Notification(
        "NRR fell",
        "From 104% to 96%.",
        "critical",
        {"plan": "pro"},
        "https://example.com/nrr",
        {"nrr": 0.96, "was": None},
    )
    to(at, monkeypatch, "slack").send(told)
    said = at.posted[0].json
    (beside,) = said["attachments"]
    assert ("NRR fell", False, False) == (said["text"], said["mrkdwn"], said["unfurl_links"])
    assert ("#b42318", "From 104% to 96%.", "critical") == (beside["color"], beside["text"], beside["footer"])
    assert "https://example.com/nrr" == beside["title_link"]
    assert [("plan", "pro"), ("nrr", "0.96"), ("was", "–")] == [(f["title"], f["value"]) for f in beside["fields"]]


ACTS = [
    "<!channel> <!here|x> <@U123> <#C1>",
    "<https://evil.example|https://bank.example>",
    "@channel @here @all @everyone x@everyone @bob",
    "[bank](https://evil.example) ![x](https://evil.example/x.png)",
    "*bold* _it_ ~st~ `code` ```\ncode\n``` # head",
    "&lt;!channel&gt; \\*x\\*",
]


@pytest.mark.parametrize("text", ACTS)
@pytest.mark.parametrize("service", ["slack", "mattermost", "rocketchat"])
def test_nothing_in_a_text_acts(at: Receiver, monkeypatch: pytest.MonkeyPatch, service: str, text: str) -> None:
    """No value of a label or a text calls people, or is a link or markup; who reads it sees what it says."""
    line = text.replace("\n", " ")
    to(at, monkeypatch, "slack", service=service).send(
        Notification(line, text, labels={line: line}, fields={"f": text})
    )
    said = at.posted[0].json
    (beside,) = said["attachments"]
    assert (False, []) == (said["mrkdwn"], beside["mrkdwn_in"])
    parts = [
        said["text"],
        beside["text"],
        beside["fallback"],
        *(f[k] for f in beside["fields"] for k in ("title", "value")),
    ]
    for part in parts:
        calls = [name for name in ("channel", "here", "all", "everyone", "bob", "U123") if f"@{name}" in part]
        assert [] == calls
        if service == "rocketchat":
            assert [] == [link for link in ("](", "<h", "<!") if link in part]
        else:
            assert [] == [sign for sign in "<>" if sign in part]
        if service == "mattermost":
            assert [] == [sign for sign in "*_~`#[]" if sign in part.replace(f"\\{sign}", "")]
        seen = part.replace(NO_WIDTH, "")
        seen = seen if service == "slack" else seen.replace("\\\\", "\0")
        for sign in "" if service == "slack" else "*_~`#[](){}+-.!|:":
            seen = seen.replace(f"\\{sign}", sign)
        seen = seen.replace("\0", "\\") if service == "mattermost" else seen.replace("\0", "\\\\")
        seen = seen if service == "rocketchat" else html.unescape(seen)
        assert service == "rocketchat" or line in seen.replace("\n", " ") or seen == "f"


def test_a_link_that_is_no_page_is_none_to_click(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script, or two addresses in one, are shown and lead nowhere."""
    for link in ("javascript:alert(1)", "https://a.example|https://b.example", "https://a.example\nhttps://b.example"):
        to(at, monkeypatch, "slack").send(Notification("s", link=link))
    assert [False] * 3 == ["title_link" in p.json["attachments"][0] for p in at.posted]


def test_long_texts_are_cut(at: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text longer than a chat shows ends in a sign that there is more."""
    to(at, monkeypatch, "slack").send(Notification("s", "x" * 10_000))
    said = json.loads(at.posted[0].body)["attachments"][0]["text"]
    assert ("x" * 3000 + "…") == said
