"""Every trouble with Zendesk is a coded fault that says which object and what to do, and never shows the token."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import SourceDef
from tallymark.errors import Fault, FaultError
from tallymark.source import Landing
from tallymark_plugins import zendesk
from tallymark_plugins.zendesk import landing
from tallymark_plugins.zendesk.pages import by_cursor, by_list, by_time

from .fake_zendesk import OAUTH, TOKEN, FakeZendesk, Helpdesk, Trouble
from .syncing import PLACE, SECRET, Account, connect

TICKETS = "/api/v2/incremental/tickets/cursor.json"


def the_fault(caught: pytest.ExceptionInfo[FaultError]) -> Fault:
    """The one fault, which stands where the source does and shows no token."""
    (fault,) = caught.value.faults
    assert PLACE == fault.place
    assert "source `helpdesk`" == fault.subject
    assert fault.help
    assert TOKEN not in str(caught.value)
    return fault


def ask(fake: FakeZendesk, **options: Any) -> Fault:
    """The fault of asking for tickets."""
    with pytest.raises(FaultError) as caught, connect(fake, **options) as client:
        client.get(TICKETS, {"start_time": 0}, "tickets", export=True)
    return the_fault(caught)


ANSWERS = [
    ("L871", "does not know the e-mail address with the API token (401, at tickets)", Trouble(401, body="{}")),
    ("L872", "does not let this user read tickets (403)", Trouble(403, body="{}")),
    ("L873", "there are no tickets at 127.0.0.1", Trouble(404, body="No help desk at that address")),
    ("L878", "sends elsewhere instead of giving tickets (302)", Trouble(302, (("Location", "http://10.0.0.1/"),))),
    ("L876", "tickets: Zendesk says that its limit is reached (429), beyond the patience of 0 s", Trouble(429, (("Retry-After", "30"),))),
    ("L877", "tickets: Zendesk answers with 503, beyond the patience of 0 s", Trouble(503)),
    ("L879", "tickets: the answer was cut short", Trouble(cut=9)),
    ("L879", "tickets: the answer is no JSON", Trouble(body='{"tickets": [')),
    ("L879", "tickets: the answer is no JSON", Trouble(body="[" * 100_000)),
    ("L879", "tickets: the answer is no JSON", Trouble(body="<html>Down for maintenance</html>")),
    ("L882", "tickets: the answer is no object", Trouble(body="[1, 2]")),
    ("L885", "(400, RecordInvalid: cursor is not valid)", Trouble(400, body='{"error": "RecordInvalid", "description": "cursor is\\n not valid"}')),
    ("L885", "refused the request for tickets (418)", Trouble(418, body="teapot")),
    ("L881", "Zendesk does not take the time from which tickets are asked", Trouble(422, body="Too recent start_time")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "trouble"), ANSWERS)
def test_a_bad_answer_is_told(fake: FakeZendesk, code: str, words: str, trouble: Trouble) -> None:
    """Each bad answer has its code and its words."""
    fake.trouble("tickets", trouble)
    fault = ask(fake)
    assert (code, True) == (fault.code, words in fault.message), fault


@pytest.mark.parametrize(
    "trouble",
    [Trouble(429, (("Retry-After", "0"),)), Trouble(429, (("Retry-After", "Thu, 01 Jan 2026 00:00:00 GMT"),)), Trouble(500), Trouble(cut=9)],
)  # fmt: skip
def test_what_passes_is_waited_for(fake: FakeZendesk, trouble: Trouble) -> None:
    """A trouble that passes within the patience leaves no trace."""
    fake.trouble("tickets", trouble, times=2)
    with connect(fake, patience=30) as client:
        assert 9 == len(client.get(TICKETS, {"start_time": 0}, "tickets", export=True)["tickets"])
    assert 3 == len(fake.requests)


def test_a_wait_that_zendesk_asks_for_is_kept(fake: FakeZendesk) -> None:
    """The wait is the one in Retry-After; one that is longer than the patience is not begun."""
    waits = list[float]()
    fake.trouble("tickets", Trouble(429, (("Retry-After", "17"),)), times=2)
    with connect(fake, patience=100) as client:
        client.sleep = waits.append
        client.get(TICKETS, {"start_time": 0}, "tickets")
    assert [17, 17] == waits
    fake.trouble("tickets", Trouble(429, (("Retry-After", "nan"),)), Trouble(429, (("Retry-After", "170"),)))
    with connect(fake, patience=100) as client:
        client.sleep = waits.append
        with pytest.raises(FaultError) as caught:
            client.get(TICKETS, {"start_time": 0}, "tickets")
    assert ("L876", 3) == (the_fault(caught).code, len(waits))


def test_either_token_opens_the_account(fake: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An OAuth token goes as a bearer's; a wrong one is told apart from a wrong API token."""
    monkeypatch.setenv("ZENDESK_OAUTH", OAUTH)
    own = {"drop": ("email", "api_token"), "oauth_token": "env:ZENDESK_OAUTH"}
    with connect(fake, **own) as client:
        assert client.get(TICKETS, {"start_time": 0}, "tickets")["tickets"]
    monkeypatch.setenv("ZENDESK_OAUTH", f"{OAUTH}x")
    fault = ask(fake, **own)
    assert ("L871", True) == (fault.code, "the OAuth token" in fault.message)
    monkeypatch.setenv(SECRET, f"{TOKEN}x")
    assert "L871" == ask(fake).code


def test_only_an_administrator_may_export(fake: FakeZendesk) -> None:
    """A user without the role is told of the role."""
    fake.admin = False
    fault = ask(fake)
    assert ("L872", True) == (fault.code, "administrators" in (fault.help or ""))


def test_a_host_that_is_not_there_is_told(fake: FakeZendesk) -> None:
    """A name without address, and a closed port."""
    assert "L874" == ask(fake, url="https://no-such-account.invalid").code
    assert "L874" == ask(fake, url="https://no-such-account.invalid", allow_private=False).code
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    fault = ask(fake, url=f"http://127.0.0.1:{port}")
    assert ("L877", True) == (fault.code, "no connection" in fault.message)


def test_a_token_of_several_lines_is_told(fake: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot stand in a header is refused before anything is sent, and not shown."""
    monkeypatch.setenv("ZENDESK_OAUTH", f"{TOKEN}\n{TOKEN}")
    fault = ask(fake, drop=("email", "api_token"), oauth_token="env:ZENDESK_OAUTH")
    assert ("L870", []) == (fault.code, fake.requests)


@contextmanager
def tls_server(context: ssl.SSLContext | None) -> Iterator[int]:
    """The port of a server with a certificate that nobody vouches for, or that speaks no TLS at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    if context is None:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    else:
                        context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_a_connection_that_is_not_safe_is_told(fake: FakeZendesk) -> None:
    """A certificate that nobody vouches for, or TLS that does not come about, is no reason to go on without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Made for this test, for 127.0.0.1, and of use nowhere else.
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with tls_server(context) as port:
        fault = ask(fake, url=f"https://127.0.0.1:{port}")
    assert ("L875", True) == (fault.code, "self-signed certificate" in fault.message)
    with tls_server(None) as port:
        fault = ask(fake, url=f"https://127.0.0.1:{port}")
    assert ("L875", True) == (fault.code, "no agreement on TLS" in fault.message)


def test_a_private_network_is_not_entered(fake: FakeZendesk) -> None:
    """A host in a private network is refused before anything is sent, unless the project allows it."""
    fault = ask(fake, url=fake.url.replace("http:", "https:"), allow_private=False)
    assert ("L818", []) == (fault.code, fake.requests)


SHAPES = [
    ("L882", "no list of objects `tickets`", {}),
    ("L882", "no list of objects `tickets`", {"tickets": {"id": 1}}),
    ("L882", "no list of objects `tickets`", {"tickets": [1]}),
    ("L882", "whether it is the last", {"tickets": [], "after_cursor": "x"}),
    ("L882", "the cursor is no text", {"tickets": [], "after_cursor": 7, "end_of_stream": True}),
    ("L880", "the cursor of the export of tickets does not move on", {"tickets": [], "after_cursor": None, "end_of_stream": False}),
    ("L880", "the cursor of the export of tickets does not move on", {"tickets": [], "after_cursor": "x", "end_of_stream": False}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "answer"), SHAPES)
def test_pages_of_another_shape_are_told(fake: FakeZendesk, code: str, words: str, answer: dict[str, Any]) -> None:
    """A page that is not as documented, or that never ends, is a fault and no endless loop."""
    fake.trouble("tickets", Trouble(body=json.dumps(answer)), times=3)
    with pytest.raises(FaultError) as caught, connect(fake) as client:
        list(by_cursor(client, landing.TICKETS, None, 0))
    fault = the_fault(caught)
    assert (code, True) == (fault.code, words in fault.message), fault


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("L880", '{"organizations": [{"id": 1}], "end_time": 5, "end_of_stream": false}'),
        ("L882", '{"organizations": [{"id": 1}], "end_time": null, "end_of_stream": false}'),
        ("L886", '{"organizations": [{"id": 1}], "end_time": 100, "end_of_stream": false}'),
    ],
)
def test_a_time_that_does_not_move_is_told(fake: FakeZendesk, code: str, answer: str) -> None:
    """A time that goes back, is not said, or stands still where nothing else gives the rest."""
    fake.trouble("organizations", Trouble(body=answer), times=3)
    with pytest.raises(FaultError) as caught, connect(fake) as client:
        list(by_time(client, landing.ORGANIZATIONS, 100))
    assert code == the_fault(caught).code


def test_a_list_that_repeats_is_told(fake: FakeZendesk) -> None:
    """A list whose cursor comes back ends with a fault."""
    body = '{"brands": [], "meta": {"has_more": true, "after_cursor": "same"}}'
    fake.trouble("brands", Trouble(body=body), times=3)
    with pytest.raises(FaultError) as caught, connect(fake) as client:
        list(by_list(client, landing.BRANDS))
    assert "L880" == the_fault(caught).code


ROWS = [
    ("L883", "among the tickets is one without an `id`", {"id": None}),
    ("L883", "among the tickets is one without an `id`", {"id": ""}),
    ("L883", "among the tickets is one without an `id`", {"id": {}}),
    ("L882", "tickets, the one with the id 1: `created_at` is no time", {"created_at": "yesterday"}),
    ("L882", "tickets, the one with the id 1: `created_at` is no time", {"created_at": 1e300}),
    ("L882", "tickets, the one with the id 1: `status` is no text", {"status": ["open"]}),
    ("L882", "tickets, the one with the id 1: `tags` is no list", {"tags": "vip"}),
    ("L882", "tickets, the one with the id 1: `via` is no object", {"via": "mail"}),
    ("L882", "tickets, the one with the id 1: `brand_id` is no whole number", {"brand_id": 2**70}),
    ("L882", "tickets, the one with the id 1: `replies` is no whole number", {"metric_set": {"replies": 1.5}}),
    ("L882", "tickets, the one with the id 1: `custom_fields` has what is no object", {"custom_fields": [1]}),
]


@pytest.mark.parametrize(("code", "words", "broken"), ROWS)
def test_a_row_of_another_shape_is_told(
    fake: FakeZendesk, tmp_path: Path, code: str, words: str, broken: dict[str, Any]
) -> None:
    """The fault names the object, its id and the value; nothing is landed of it."""
    account = Account(fake, tmp_path)
    settings = landing.settings_of(SourceDef("helpdesk", "zendesk", account.options, PLACE), tmp_path)
    run = landing.Run(settings, Landing(), landing.Pace(100))
    raw = fake.desk.tickets[0] | broken
    with pytest.raises(FaultError) as caught:
        landing.made(
            run, landing.TICKETS, [raw], lambda s, r: landing.tables.ticket_rows(s, r, r.get("metric_set", {}))
        )
    fault = the_fault(caught)
    assert (code, True) == (fault.code, words in fault.message), fault


def test_faults_come_through_dlt(fake: FakeZendesk, account: Account) -> None:
    """A fault in the middle of a sync is the one that the caller gets; what was landed before stays."""
    account.sync(("tickets",))
    fake.trouble("tickets", Trouble(403, body="{}"))
    with pytest.raises(FaultError) as caught:
        account.sync(("tickets",))
    assert "L872" == the_fault(caught).code
    assert [(8,)] == account.rows("SELECT count(*) FROM tickets")


OPTIONS = [
    ("is said nowhere", {}, ("url",)),
    ("is said twice", {"subdomain": "acme"}, ()),
    ("`a.b` is no subdomain", {"subdomain": "a.b"}, ("url",)),
    ("`url` is not the bare address", {"url": "https://user:hunter2@acme.zendesk.com"}, ()),
    ("`url` is not the bare address", {"url": "https://acme.zendesk.com/agent"}, ()),
    ("`url` is not the bare address", {"url": "acme.zendesk.com"}, ()),
    ("`url` is no address", {"url": "https://[::1"}, ()),
    ("plain http", {"url": "http://acme.zendesk.com", "allow_private": False}, ()),
    ("no token is given", {}, ("api_token",)),
    ("two tokens are given", {"oauth_token": "env:OTHER"}, ()),
    ("needs the `email`", {}, ("email",)),
    ("`customer: domain` is nothing", {"customer": "domain"}, ()),
    ("`start: soon` is no day", {"start": "soon"}, ()),
    ("`start: 1969-12-31` is no day", {"start": "1969-12-31"}, ()),
    ("cannot be named `Severity Level`", {"fields": {"Severity Level": 1}}, ()),
    ("`status` is a column of tickets already", {"fields": {"status": 1}}, ()),
]


@pytest.mark.parametrize(("words", "options", "drop"), OPTIONS)
def test_options_that_do_not_fit_are_told(
    fake: FakeZendesk, tmp_path: Path, words: str, options: dict[str, Any], drop: tuple[str, ...]
) -> None:
    """Every option that is wrong is told before anything is asked."""
    said = Account(fake, tmp_path, **options).options
    definition = SourceDef("helpdesk", "zendesk", {k: v for k, v in said.items() if k not in drop}, PLACE)
    with pytest.raises(FaultError) as caught:
        zendesk.land(definition, tmp_path, Landing())
    assert "hunter2" not in str(caught.value)
    assert ("L870", True) == (the_fault(caught).code, words in the_fault(caught).message)
    assert [] == fake.requests


def test_all_mistakes_in_options_are_told_at_once(tmp_path: Path) -> None:
    """One look at the faults is enough; a secret written into the file is not repeated."""
    options = {"api_token": TOKEN, "customer": "domain", "start": "soon"}
    with pytest.raises(FaultError) as caught:
        zendesk.land(SourceDef("helpdesk", "zendesk", options, PLACE), tmp_path, Landing())
    assert ["D480", "L870", "L870", "L870", "L870"] == sorted(f.code for f in caught.value.faults)
    assert TOKEN not in str(caught.value)


def test_a_start_that_is_still_to_come_is_told(fake: FakeZendesk, tmp_path: Path) -> None:
    """By this computer's clock."""
    said = Account(fake, tmp_path, start="2999-01-01").options
    with pytest.raises(FaultError) as caught:
        zendesk.land(SourceDef("helpdesk", "zendesk", said, PLACE), tmp_path, Landing())
    assert "L881" == the_fault(caught).code


def test_a_clock_that_runs_ahead_is_told(tmp_path: Path) -> None:
    """A time that Zendesk finds too recent is a fault about clocks, not an endless wait."""
    with (
        FakeZendesk(Helpdesk(), now=lambda: 1_000_000) as fake,
        connect(fake) as client,
        pytest.raises(FaultError) as caught,
    ):
        client.get(TICKETS, {"start_time": 1_000_000}, "tickets", export=True)
    fault = the_fault(caught)
    assert ("L881", True) == (fault.code, "here (UTC)" in fault.message)


def test_the_token_is_in_no_log(fake: FakeZendesk, caplog: pytest.LogCaptureFixture, account: Account) -> None:
    """At the most talkative, nothing that is logged or landed has the token."""
    caplog.set_level(logging.DEBUG)
    account.sync(("tickets",))
    assert TOKEN not in caplog.text
    assert TOKEN.encode() not in account.file.read_bytes()
    assert all(TOKEN not in one for one in fake.requests)
