"""A private temporary folder that does not outlive its process, not even one that is killed.

A folder is removed when it is closed, when its owner is forgotten, or when Python ends. What a killed process leaves
is removed by the next one that makes such a folder: an owner holds a lock on a file in its folder, which the system
lets go with the process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from time import time
from typing import IO

try:
    import fcntl
except ImportError:  # Windows has other locks; there, only what is closed or ends in order is removed
    fcntl = None  # type: ignore[assignment]  # looked at before it is used

PREFIX = "tallymark-"
LOCK = "lock"

YOUNGEST = 60.0
"""Seconds during which a folder may be without a lock, because it is just being made."""

_swept: set[str] = set()
"""The folders of temporary files in which this process has looked for remains."""


class Scratch:
    """A temporary folder of its own, `path`."""

    def __init__(self) -> None:
        sweep(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        lock = (self.path / LOCK).open("w")
        _hold(lock)
        self._remove = weakref.finalize(self, _remove, self.path, lock)

    def close(self) -> None:
        """Removes the folder with all in it. May be called again."""
        self._remove()


def sweep(folder: Path) -> None:
    """Removes the folders that killed processes of this user left in `folder`; looks once in a process's life."""
    if fcntl is None or str(folder) in _swept:
        return
    _swept.add(str(folder))
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    """Removes a folder unless somebody holds its lock, or might be about to. Raises OSError."""
    lock = path / LOCK
    found = lock.lstat()
    mine = path.is_dir() and not path.is_symlink() and found.st_uid == os.getuid()
    if not mine or time() - found.st_mtime < YOUNGEST:
        return
    with lock.open("r+") as file:
        _hold(file)
        shutil.rmtree(path, ignore_errors=True)


def _hold(lock: IO[str]) -> None:
    """Locks a file until it is closed. Raises BlockingIOError when another process, or this one, has locked it."""
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove(path: Path, lock: IO[str]) -> None:
    shutil.rmtree(path, ignore_errors=True)
    lock.close()
