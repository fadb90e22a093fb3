"""The notifier of kind `webhook`: a JSON document posted to an address, signed as Standard Webhooks specifies.

    webhook-id         the same whenever the same notification is sent; Idempotency-Key says it too
    webhook-timestamp  when this try was made, in seconds
    webhook-signature  v1, and the HMAC-SHA256 of id, timestamp and body

Source: https://www.standardwebhooks.com, version 1.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError, NotifierKind
from tallymark_plugins.notifiers import posting
from tallymark_plugins.notifiers.written import data, identity

if TYPE_CHECKING:
    from tallymark import Notification, Secret

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": posting.URL | {"description": "the address that it is posted to"},
        "signing_secret": {
            "type": "string",
            "secret": True,
            "description": "what it is signed with: `whsec_` and 24 to 64 random bytes in base64",
        },
        "headers": {
            "type": "object",
            "additionalProperties": {"type": "string", "secret": True},
            "description": "further headers, each a secret, such as `Authorization`",
        },
        **posting.OPTIONS,
    },
    "required": ["url"],
    "additionalProperties": False,
}
TYPE = "tallymark.notification"
"""The type of every event."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN = ("webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key", "content-type", "content-length")


class Webhook:
    """Posts notifications as JSON. Raises FaultError (A339) for headers that cannot be set."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.signing: Secret | None = options.get("signing_secret")
        self.headers: Mapping[str, Secret] = options.get("headers", {})
        self.post = posting.Post(options["url"], options)
        for name in self.headers:
            if not _TOKEN.fullmatch(name) or name.lower() in _OWN:
                raise FaultError(Fault("A339", f"`{ascii(name)[1:61]}` is no header that may be set"))

    def send(self, notification: Notification) -> None:
        """Posts one. Raises FaultError when it was not taken."""
        key = _key(self.signing) if self.signing is not None else None
        more = {name: value.reveal() for name, value in self.headers.items()}
        said = {
            "type": TYPE,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "data": data(notification),
        }
        body = json.dumps(said, ensure_ascii=False, allow_nan=False)
        name = f"msg_{identity(notification)}"

        def build() -> posting.Request:
            now = datetime.now(UTC)
            stamp = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "Idempotency-Key": name}
            signed = {"webhook-signature": _signature(key, name, now, body)} if key is not None else {}
            return posting.Request(body.encode(), {**more, **stamp, **signed})

        self.post.send(build)


def _signature(key: bytes, name: str, at: datetime, body: str) -> str:
    from standardwebhooks.webhooks import Webhook as Standard

    return Standard(key).sign(name, at, body)


def _key(secret: Secret) -> bytes:
    """The bytes that a webhook is signed with. Raises FaultError (A338, P790), never with any of them."""
    try:
        import standardwebhooks  # noqa: F401  # told before anything is sent
    except ImportError:
        help_ = "install it with `pip install 'tallymark[notify]'`"
        raise FaultError(Fault("P790", "signed webhooks need the package `standardwebhooks`", None, help_)) from None
    try:
        key = base64.b64decode(secret.reveal().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        help_ = (
            "make one: `python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\"`"
        )
        message = "`signing_secret` is not `whsec_` and 24 to 64 bytes in base64"
        raise FaultError(Fault("A338", message, secret.place, help_))
    return key


def make(options: Mapping[str, Any], folder: Path) -> Webhook:
    """A notifier of its options."""
    return Webhook(options)


KIND = NotifierKind("webhook", make, "Posts JSON to an address, signed and tried again.", OPTIONS, repeatable=True)
