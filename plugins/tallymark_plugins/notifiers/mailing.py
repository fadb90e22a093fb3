"""Mails by SMTP, as plain text and as simple HTML of the same words.

The mail's `Message-ID` is made of the notification's key: what is sent again is the same mail, which mailboxes keep
once. Each mail is a connection of its own; nothing is tried again here, the next run of the rules does that.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses
from html import escape
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError
from tallymark_plugins.notifiers.written import details, identity, is_page, one_line, printable, whole_text

if TYPE_CHECKING:
    from tallymark import Notification, Secret

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?")
_COLORS = {"info": "#2f6fab", "warning": "#b7791f", "critical": "#b42318"}


class Mail:
    """Sends notifications as mails. Raises FaultError for addresses that are none (A320) and unsafe options (A325)."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.host: str = options["host"]
        self.security: str = options["security"]
        self.port: int = options.get("port") or _PORTS[self.security]
        self.user: Secret | None = options.get("user")
        self.password: Secret | None = options.get("password")
        self.timeout = float(options["timeout"])
        self.sender = _address(options["from"])
        to = options["to"]
        self.recipients = tuple(_address(each) for each in ([to] if isinstance(to, str) else to))
        if not _HOST.fullmatch(self.host):
            raise FaultError(Fault("A320", f"`{one_line(self.host)[:60]}` is no name of a mail server"))
        if (self.user is None) != (self.password is None):
            raise FaultError(Fault("A325", "a user without a password, or a password without a user"))
        if self.password is not None and self.security == "none":
            help_ = "say `security: starttls` or `security: tls`, or leave `user` and `password` out"
            raise FaultError(Fault("A325", "without TLS the password would be sent in the open", None, help_))

    def send(self, notification: Notification) -> None:
        """Hands one to the mail server. Raises FaultError: A321 to A324; A326, a warning, when some get it."""
        secrets = None
        if self.user is not None and self.password is not None:
            secrets = self.user.reveal(), self.password.reveal()
        mail = message(notification, self.sender, self.recipients)
        with _told(self.host), self._connected() as server:
            if secrets is not None:
                server.login(*secrets)
            refused = server.send_message(mail)
        if refused:
            names = ", ".join(sorted(refused))
            text = f"the mail server does not take mail for {one_line(names)[:300]}; the others got it"
            raise FaultError(Fault("A326", text, None, "correct `to:`, or leave them out", severity="warning"))

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            yield server
        except BaseException:
            server.close()
            raise
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()  # it has taken the mail: how it says goodbye does not matter


def message(notification: Notification, sender: Address, recipients: Sequence[Address]) -> EmailMessage:
    """The mail. Every header is one line, whatever the notification says."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = tuple(recipients)
    mail["Subject"] = one_line(notification.subject)
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<{identity(notification)}@{_ascii(sender.domain)}>"
    mail["Auto-Submitted"] = "auto-generated"
    if notification.severity == "critical":
        mail["Importance"] = "high"
    subject = one_line(notification.subject)
    mail.set_content(f"{subject}\n\n{whole_text(notification)}".rstrip() + "\n", cte="quoted-printable")
    mail.add_alternative(_html(notification), subtype="html", cte="quoted-printable")
    return mail


def _html(notification: Notification) -> str:
    """The same words as HTML: every one of them escaped, nothing fetched from anywhere."""
    said = "".join(f"<p>{_lines(part)}</p>" for part in printable(notification.text).split("\n\n") if part.strip())
    rows = "".join(
        f'<tr><td style="color:#666;padding-right:1em">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in details(notification)
    )
    table = f"<table>{rows}</table>" if rows else ""
    link = one_line(notification.link or "")
    shown = f'<a href="{escape(link)}">{escape(link)}</a>' if is_page(notification.link) else escape(link)
    color = _COLORS[notification.severity]
    return (
        '<!DOCTYPE html><html><body style="font-family:sans-serif">'
        f'<p style="border-left:4px solid {color};padding-left:.6em;font-weight:bold">'
        f"{escape(one_line(notification.subject))}</p>{said}{table}{f'<p>{shown}</p>' if link else ''}</body></html>\n"
    )


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.strip("\n").split("\n"))


def _address(text: str) -> Address:
    """An address of mail. Raises FaultError (A320)."""
    try:
        ((name, spec),) = getaddresses([text])
        if not text.isprintable() or spec.count("@") != 1 or not spec.partition("@")[2]:
            raise ValueError
        return Address(display_name=name, addr_spec=spec)
    except (ValueError, LookupError, MessageError):
        help_ = "write `name@example.com`, or `Name <name@example.com>`"
        raise FaultError(Fault("A320", f"`{one_line(text)[:60]}` is no address of mail", None, help_)) from None


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "localhost"


@contextmanager
def _told(host: str) -> Iterator[None]:
    """What goes wrong on the way to the mail server, as faults. What it says of a password is not repeated."""
    later = "it is tried again by the next run"
    try:
        yield
    except ssl.SSLError as error:
        said = getattr(error, "verify_message", "") or "no safe connection can be made"
        help_ = "look at the host's name, at `security` and `port`, at this machine's certificates and clock"
        raise FaultError(Fault("A322", f"the mail server {host} cannot be trusted: {said}", None, help_)) from None
    except smtplib.SMTPNotSupportedError as error:
        if "STARTTLS" in str(error):
            help_ = "`security: tls` may be what it wants, mostly on port 465"
            raise FaultError(Fault("A322", f"the mail server {host} knows no STARTTLS", None, help_)) from None
        raise FaultError(Fault("A324", f"the mail server {host} does not do what the mail needs", None, None)) from None
    except smtplib.SMTPAuthenticationError as error:
        help_ = "look at `user` and `password`; some servers want a password made for programs"
        message = f"the mail server {host} does not accept the user and password ({error.smtp_code})"
        raise FaultError(Fault("A323", message, None, help_)) from None
    except smtplib.SMTPRecipientsRefused as error:
        said = next(iter(error.recipients.values()), (0, b""))
        names = one_line(", ".join(sorted(error.recipients)))[:300]
        message = f"the mail server {host} does not take mail for {names}: {_reply(*said)}"
        raise FaultError(Fault("A324", message, None, "look at `to:`")) from None
    except smtplib.SMTPSenderRefused as error:
        message = f"the mail server {host} does not take mail of {one_line(error.sender)[:100]}: "
        help_ = "look at `from:`, and whether the server wants a user and a password"
        raise FaultError(Fault("A324", message + _reply(error.smtp_code, error.smtp_error), None, help_)) from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 0:
            help_ = "look at `host` and `port`"
            raise FaultError(Fault("A321", f"what answers at {host} is no mail server", None, help_)) from None
        message = f"the mail server {host} refuses: {_reply(error.smtp_code, error.smtp_error)}"
        raise FaultError(Fault("A324", message, None, later if 400 <= error.smtp_code < 500 else None)) from None
    except (OSError, smtplib.SMTPException) as error:
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            help_ = f"look at `host`, `port` and `security`; {later}"
            raise FaultError(Fault("A321", f"the mail server {host} did not answer in time", None, help_)) from None
        reason = getattr(error, "strerror", None) or "the connection broke off"
        message = f"the mail server {host} cannot be reached: {reason}"
        raise FaultError(Fault("A321", message, None, f"look at `host` and `port`; {later}")) from None


def _reply(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{one_line(text)[:200]} ({code})"
