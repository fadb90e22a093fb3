"""The built-in kinds of notifiers: standard output, JSON lines, mail, webhooks, chats, and what Apprise reaches.

written.py      what is told, as texts and as plain data, with nothing in it that a terminal or a chat would obey
mailing.py      mails, and the conversation with a mail server
posting.py      a request to an address that is a secret: guarded, tried again, its failures as faults
"""

from __future__ import annotations

from tallymark import NotifierKind, hookimpl
from tallymark_plugins.notifiers import apprise_url, jsonl, mail, slack, stdout, webhook

ROOMS = (stdout, jsonl, mail, webhook, slack, apprise_url)


@hookimpl
def tally_notifiers() -> tuple[NotifierKind, ...]:
    """The kinds of notifiers, each of the module of its name."""
    return tuple(room.KIND for room in ROOMS)
