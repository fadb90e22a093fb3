"""The notifier of kind `email`: a mail by SMTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import NotifierKind

if TYPE_CHECKING:
    from tallymark import Notifier

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "host": {"type": "string", "minLength": 1, "description": "the mail server", "examples": ["smtp.example.com"]},
        "port": {
            "type": "integer",
            "minimum": 1,
            "maximum": 65535,
            "description": "its port; without it 587 with `starttls`, 465 with `tls`, 25 with `none`",
        },
        "security": {
            "enum": ["starttls", "tls", "none"],
            "default": "starttls",
            "description": "how the connection is made safe; a password is never sent over one that is not",
        },
        "user": {"type": "string", "secret": True, "description": "who signs in, where the server asks for it"},
        "password": {"type": "string", "secret": True, "description": "the password"},
        "from": {
            "type": "string",
            "description": "whose mail it is: an address, or a name with one",
            "examples": ["Metrics <metrics@example.com>"],
        },
        "to": {
            "title": "an address, or a list of them",
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 1,
            "description": "who gets it",
            "examples": [["team@example.com"]],
        },
        "timeout": {
            "type": "number",
            "minimum": 1,
            "maximum": 600,
            "default": 30,
            "description": "how many seconds the server may take for each step",
        },
    },
    "required": ["host", "from", "to"],
    "additionalProperties": False,
}


def make(options: Mapping[str, Any], folder: Path) -> Notifier:
    """A notifier of its options. Raises FaultError for those that do not fit (A320, A325)."""
    from tallymark_plugins.notifiers.mailing import Mail

    return Mail(options)


KIND = NotifierKind("email", make, "Sends a mail by SMTP.", OPTIONS, repeatable=True)
