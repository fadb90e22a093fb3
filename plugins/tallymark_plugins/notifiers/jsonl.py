"""The notifier of kind `jsonl`: a JSON object a line, at the end of a file in the project's folder.

A line is whole or not there: it is on the disk before a notification counts as sent, and what a kill left of one is cut
off before the next is written. A key that is in the file is not written again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tallymark import Fault, FaultError, NotifierKind
from tallymark_plugins.notifiers.written import data

if TYPE_CHECKING:
    from tallymark import Notification

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {
            "type": "string",
            "minLength": 1,
            "description": "the file, as seen from the project's folder; folders on the way are made",
            "examples": ["notifications.jsonl"],
        },
    },
    "required": ["path"],
    "additionalProperties": False,
}
_HEAD = b'{"at": "'
"""How every line begins."""
_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}
"""What some readers take for the end of a line."""


class JsonLines:
    """Writes notifications to the end of a file. Safe to use from several threads and processes at a time."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder, self.path = folder, path
        self._keys: set[str] = set()
        self._read: tuple[int, int] | None = None
        """Which file the keys are of, and up to which byte."""

    def send(self, notification: Notification) -> None:
        """Writes one, unless its key is there. Raises FaultError: A310 a path that leads out of the project, A311."""
        file = self._inside()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = not file.exists()
            with file.open("a+b") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX)
                self._write(opened, notification)
            if fresh:
                _settle(file.parent)
        except OSError as error:
            message = f"`{self.path[:100]}` cannot be written: {error.strerror or type(error).__name__}"
            help_ = "look at the file, its folder and the space on the disk"
            raise FaultError(Fault("A311", message, None, help_)) from None

    def _inside(self) -> Path:
        file = (self.folder / self.path).resolve()
        if not file.is_relative_to(self.folder.resolve()) or file == self.folder.resolve():
            message = f"`{self.path[:100]}` is no file in the project's folder"
            raise FaultError(Fault("A310", message, None, "write it as seen from there: `path: notifications.jsonl`"))
        return file

    def _write(self, opened: BinaryIO, notification: Notification) -> None:
        """Writes a line at the end of the locked file, after what stands there is made whole."""
        end, start = self._catch_up(opened)
        said = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **data(notification)}
        if said["key"] in self._keys:
            return
        line = json.dumps(said, ensure_ascii=False, allow_nan=False).translate(_ENDS).encode() + b"\n"
        if end != os.fstat(opened.fileno()).st_size:
            opened.truncate(end)
        opened.write(start + line)
        opened.flush()
        os.fsync(opened.fileno())

    def _catch_up(self, opened: BinaryIO) -> tuple[int, bytes]:
        """Learns the keys of lines that are new; where the last whole line ends, and what must go before the next."""
        found = os.fstat(opened.fileno())
        if self._read is None or self._read[0] != found.st_ino or self._read[1] > found.st_size:
            self._keys, self._read = set(), (found.st_ino, 0)
        opened.seek(self._read[1])
        end = self._read[1]
        for line in opened:
            whole = line.endswith(b"\n")
            key = _key(line)
            if not whole and key is None and (line.startswith(_HEAD) or _HEAD.startswith(line)):
                return end, b""  # what a kill left of a line
            end += len(line)
            self._keys |= {key} if key is not None else set()
            if not whole:
                return end, b"\n"  # somebody else's last line, or ours without its end
            self._read = (found.st_ino, end)
        return end, b""


def _key(line: bytes) -> str | None:
    """The key in a line; None for a line that is no whole notification, or has none."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    key = said.get("key") if isinstance(said, dict) else None
    return key if isinstance(key, str) else None


def _settle(folder: Path) -> None:
    """Has the disk keep that there is a new file in the folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make(options: Mapping[str, Any], folder: Path) -> JsonLines:
    """A notifier of its options."""
    return JsonLines(folder, options["path"])


KIND = NotifierKind("jsonl", make, "Appends a JSON object a line to a file.", OPTIONS, repeatable=True)
