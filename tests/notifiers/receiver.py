"""Those who are told, as servers of our own on this machine: one that takes posts, one that takes mail."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

CERTIFICATE = Path(__file__).parents[1] / "zendesk/self_signed.pem"
"""Made for tests, for 127.0.0.1, and of use nowhere else."""


def server_context() -> ssl.SSLContext:
    """TLS with the certificate of tests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as it arrived; the names of headers in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What was posted."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, headers and body, after so many seconds."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "ok"
    after: float = 0


@dataclass(slots=True)
class Receiver:
    """What arrived, and the answers to come; when these run out everything is taken."""

    port: int = 0
    scheme: str = "http"
    posted: list[Posted] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    @property
    def url(self) -> str:
        """An address with a secret in it."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks/canary-7d1e"


@contextmanager
def receiver(*replies: Reply, tls: bool = False) -> Iterator[Receiver]:
    """A server that takes posts."""
    made = Receiver(scheme="https" if tls else "http", replies=list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keeps the request and gives the next answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.posted.append(Posted(self.path, headers, body))
            reply = made.replies.pop(0) if made.replies else Reply()
            time.sleep(reply.after)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())

        do_GET = do_POST  # noqa: N815 - as the server names it

        def log_message(self, *said: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Says nothing: some who are tested hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = server_context().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    made.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server's mailbox, and who may sign in."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refused: tuple[str, ...] = ()
    """Recipients that it has no mailbox for."""
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    users: Mapping[str, str] = field(default_factory=dict)
    reply: str = "250 Message accepted for delivery"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes a recipient, or does not."""
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes a mail."""
        if self.reply.startswith("250"):
            made = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(made, EmailMessage)
            self.mails.append(made)
            self.to.append(envelope.rcpt_tos)
        return self.reply

    def sign_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Whether the user and password are known."""
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        self.signed_in.append((user, password))
        return AuthResult(success=self.users.get(user) == password, handled=False)


@contextmanager
def mailbox(
    *, starttls: bool = False, tls: bool = False, users: Mapping[str, str] | None = None, **more: Any
) -> Iterator[Mailbox]:
    """A mail server; with `users` it takes mail only from those."""
    made = Mailbox(port=free_port(), users=users or {}, **more)
    signing = {"authenticator": made.sign_in, "auth_required": True} if users is not None else {}
    controller = Controller(
        made,
        hostname="127.0.0.1",
        port=made.port,
        ssl_context=server_context() if tls else None,
        tls_context=server_context() if starttls else None,
        auth_require_tls=starttls,
        **signing,
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
