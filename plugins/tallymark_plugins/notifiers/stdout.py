"""The notifier of kind `stdout`: lines for people, in the terminal or the log of who runs the rules.

[critical] NRR of pro fell below 100%
    It was 96.2% in June 2024.

    plan: pro
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError, NotifierKind
from tallymark_plugins.notifiers.written import one_line, whole_text

if TYPE_CHECKING:
    from tallymark import Notification

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "stream": {
            "enum": ["stdout", "stderr"],
            "default": "stdout",
            "description": "where the lines go: the standard output, or the standard error",
        },
    },
    "additionalProperties": False,
}


class Lines:
    """Writes notifications as lines. What belongs to one is indented, so that no text in it can pass for another."""

    def __init__(self, stream: str) -> None:
        self.stream = stream

    def send(self, notification: Notification) -> None:
        """Writes one. Raises FaultError (A312) when nobody takes it."""
        head = f"[{notification.severity}] {one_line(notification.subject)}"
        body = (f"    {line}".rstrip() for line in whole_text(notification).split("\n"))
        text = "\n".join([head, *body]).rstrip() + "\n"
        # Looked up now: the stream may be another one than when the notifier was made.
        stream = sys.stderr if self.stream == "stderr" else sys.stdout
        try:
            known = stream.encoding or "utf-8"
            stream.write(text.encode(known, "backslashreplace").decode(known))
            stream.flush()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is closed"
            raise FaultError(Fault("A312", f"the standard output takes no notification: {reason}")) from None


def make(options: Mapping[str, Any], folder: Path) -> Lines:
    """A notifier of its options."""
    return Lines(options["stream"])


KIND = NotifierKind("stdout", make, "Writes lines for people to the standard output.", OPTIONS)
