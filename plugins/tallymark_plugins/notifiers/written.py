"""What a notification says, as texts and as plain data.

Nothing of it is obeyed by what shows it: characters that steer a terminal or turn the direction of writing are written
out, and what calls people in a chat (`@channel`) or makes a link is parted by a space of no width.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tallymark import Notification

NO_WIDTH = "\u200b"
_KEPT = "\u00a0\u202f\n"
_LINKS = re.compile(r"(?<=\])(?=\()|(?<=<)(?=\S)|(?<=\|)(?=\|)")
_DIGEST = re.compile(r"[0-9a-f]{32,}")
_CALLS = re.compile(r"(?<!\w)@(?=\w)|@(?=(?:everyone|channel|here|all)\b)", re.IGNORECASE)


def printable(text: str) -> str:
    """The text with every character but letters, signs, spaces and line ends written out."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ")
    if lines.isprintable():
        return lines
    return "".join(c if c.isprintable() or c in _KEPT else c.encode("unicode_escape").decode() for c in lines)


def one_line(text: str) -> str:
    """The printable text on one line."""
    return " ".join(part.strip() for part in printable(text).split("\n") if part.strip())


def uncalled(text: str) -> str:
    """The text in which no `@name` calls anybody: a space of no width parts the sign from the name."""
    return _CALLS.sub(f"@{NO_WIDTH}", text)


def unlinked(text: str) -> str:
    """The text in which no `[words](address)` or `<address|words>` is a link, and nothing in `<>` or `||` acts."""
    return _LINKS.sub(NO_WIDTH, text)


def details(notification: Notification) -> Iterator[tuple[str, str]]:
    """What stands behind the text, for people: labels and fields, a name and a value on one line each, each name once.

    A mapping among the fields is told as what it holds. What the severity says already, and digests, are left out; and
    of fields that have `shown`, which is values as readers see them, all others: the text says what they say.
    """
    fields = notification.fields
    seen = fields.get("shown")
    fields = seen if isinstance(seen, Mapping) else fields
    told: dict[str, Any] = {"severity": None} if notification.labels.get("severity") == notification.severity else {}
    for name, value in (*notification.labels.items(), *fields.items()):
        for each, item in value.items() if isinstance(value, Mapping) else ((name, value),):
            if str(each) not in told and not (isinstance(item, str) and _DIGEST.fullmatch(item)):
                told[str(each)] = item
                yield one_line(str(each)), one_line(shown(item))


def shown(value: Any) -> str:
    """A value of a field, as a reader sees it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "–"
    return (
        json.dumps(plain(value), ensure_ascii=False) if isinstance(value, bool | Mapping | list | tuple) else str(value)
    )


def whole_text(notification: Notification) -> str:
    """Text, details and link, each line printable; the subject is not in it."""
    lines = [printable(notification.text).strip("\n")] if notification.text.strip() else []
    told = [f"{name}: {value}" for name, value in details(notification)]
    lines += [*([""] if lines and told else []), *told]
    lines += ["", one_line(notification.link)] if notification.link else []
    return "\n".join(lines).strip("\n")


def is_page(link: str | None) -> bool:
    """Whether a link leads to a page of the web, and may be made one to click."""
    return link is not None and re.fullmatch(r"https?://[^\s<>\"'|]+", link) is not None


def data(notification: Notification) -> dict[str, Any]:
    """The notification as data that JSON can say."""
    made: dict[str, Any] = plain(notification.as_dict())
    return made


def plain(value: Any) -> Any:
    """A value as JSON can say it: numbers that are none become null, days and moments texts, decimals numbers."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, str):
        # Half a character of UTF-16 cannot be written anywhere.
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Decimal):
        return plain(int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def identity(notification: Notification) -> str:
    """What is the same whenever the same notification is sent, and safe in a header; new each time without a key."""
    if notification.key is None:
        return uuid.uuid4().hex
    return hashlib.sha256(notification.key.encode("utf-8", "replace")).hexdigest()[:32]
