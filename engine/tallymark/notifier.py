"""What tells somebody something: a notification, and who sends it.

Rules send notifications when they begin and cease to hold (`tally rules run`), and `tally notify` sends one on trial.
Which notifiers there are stands under `notifiers:` in `tally.yaml`, each with its kind; plugins give the kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Importance = Literal["info", "warning", "critical"]
IMPORTANCES: tuple[Importance, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Notification:
    """What is told, as plain data. Each notifier shows of it what its channel can show.

    `subject` is one line, `text` plain text of any length. `labels` are short words to sort by (`{"metric": "nrr"}`);
    `fields` are values behind the text: texts, numbers, booleans, null, and lists and mappings of these. Where
    they hold `shown`, a mapping of values as readers see them, people see that alone. `link` leads to more. `key` says
    what is told: a notification that is sent again, as nobody knows whether it arrived, has the key it had, and another
    one has another.
    """

    subject: str
    text: str = ""
    severity: Importance = "info"
    labels: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.subject.strip() or len(self.subject.splitlines()) > 1:
            raise ValueError("the subject of a notification is one line that says something")
        if self.severity not in IMPORTANCES:
            raise ValueError(f"a notification is {', '.join(IMPORTANCES)}, not {self.severity!r}")

    def as_dict(self) -> dict[str, Any]:
        """The notification as plain data."""
        return {
            "subject": self.subject,
            "text": self.text,
            "severity": self.severity,
            "labels": dict(self.labels),
            "link": self.link,
            "fields": dict(self.fields),
            "key": self.key,
        }


class Notifier(Protocol):
    """Somewhere that notifications go to: a channel, an address, a file."""

    def send(self, notification: Notification) -> None:
        """Sends it, and returns once it has been taken. Raises any exception when it has not; may be called again.

        A FaultError of warnings only is for what was taken: a remark to who sent it, such as who else did not get it.
        Sends what it is given as text: nothing in it is markup, a template or a command.
        """
        ...


@dataclass(frozen=True, slots=True)
class NotifierKind:
    """A kind of notifier: its name, what makes one of its options, and the JSON Schema of these.

    `make(options, folder)` gets the options after the schema has been held against them, with defaults filled in and
    secrets as `Secret`; it connects to nothing.

    `repeatable` says that a notification which is sent again under the same key is told once: the channel knows the key
    and drops the second one. What is sent again through any other says that it may have been told before.
    """

    name: str
    make: Callable[[Mapping[str, Any], Path], Notifier]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = False
