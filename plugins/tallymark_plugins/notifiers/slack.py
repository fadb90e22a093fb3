"""The notifier of kind `slack`: a message through an incoming webhook of Slack, Mattermost or Rocket.Chat.

Each of them reads text in its own way. What a notification says is written so that none of it is markup, a link that
shows another address, or a call to people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import NotifierKind
from tallymark_plugins.notifiers import posting
from tallymark_plugins.notifiers.written import details, is_page, one_line, printable, uncalled, unlinked

if TYPE_CHECKING:
    from tallymark import Notification

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": posting.URL | {"description": "the address of the incoming webhook, which is a secret"},
        "service": {
            "enum": ["slack", "mattermost", "rocketchat"],
            "default": "slack",
            "description": "whose webhook it is",
        },
        **posting.OPTIONS,
    },
    "required": ["url"],
    "additionalProperties": False,
}
COLORS = {"info": "#2f6fab", "warning": "#e0a100", "critical": "#b42318"}
_SHORT = 40
"""Characters up to which two fields stand side by side."""
_LONGEST = 3000
"""Characters of a text; Slack cuts messages that are much longer."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:])")
_EMPHASIS = re.compile(r"([*_~`#])")
_WORD = re.compile(r"\s*([a-z_]{2,40})\s*")
"""How Slack says what is wrong: `invalid_token`, `channel_is_archived`."""


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mattermost(text: str) -> str:
    return _slack(_MARKDOWN.sub(r"\\\1", text))


def _rocketchat(text: str) -> str:
    return _EMPHASIS.sub(r"\\\1", unlinked(text))


WRITERS: Mapping[str, Callable[[str], str]] = {"slack": _slack, "mattermost": _mattermost, "rocketchat": _rocketchat}
"""How each service is told a text that is nothing but text."""


class Chat:
    """Posts notifications as messages of a chat."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.write = WRITERS[options["service"]]
        self.post = posting.Post(options["url"], options, _word, after_silence=False)

    def send(self, notification: Notification) -> None:
        """Posts one. Raises FaultError when it was not taken."""
        body = json.dumps(self.message(notification), ensure_ascii=False).encode("utf-8", "replace")
        self.post.send(lambda: posting.Request(body, {}))

    def message(self, notification: Notification) -> dict[str, Any]:
        """The message: the subject, and below it in the colour of the severity everything else."""
        subject = self._text(one_line(notification.subject))
        beside: dict[str, Any] = {
            "color": COLORS[notification.severity],
            "fallback": subject,
            "footer": notification.severity,
            "fields": [
                {"title": self._text(name), "value": self._text(value), "short": len(value) <= _SHORT}
                for name, value in details(notification)
            ],
            "mrkdwn_in": [],
        }
        if notification.text.strip():
            beside["text"] = self._text(printable(notification.text))
        if notification.link is not None:
            shown = one_line(notification.link)
            beside |= {"title": self._text(shown)} | ({"title_link": shown} if is_page(notification.link) else {})
        return {
            "text": subject,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "attachments": [beside],
        }

    def _text(self, text: str) -> str:
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        return uncalled(self.write(cut))


def _word(said: str) -> str:
    """What the service says is wrong, when it is one word; anything longer may repeat what it was sent."""
    found = _WORD.fullmatch(said)
    return found[1] if found else ""


def make(options: Mapping[str, Any], folder: Path) -> Chat:
    """A notifier of its options."""
    return Chat(options)


KIND = NotifierKind("slack", make, "Posts a message to a channel of Slack, Mattermost or Rocket.Chat.", OPTIONS)
