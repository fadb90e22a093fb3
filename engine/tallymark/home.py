"""The folder in a project's own that Tallymark writes to, and how it writes there: alone, and for good."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = ".tally"


def make_home(folder: Path) -> Path:
    """The home in the project's `folder`, made when it is not there, and kept out of version control.

    Raises OSError.
    """
    home = folder / HOME
    home.mkdir(parents=True, exist_ok=True)
    ignored = home / ".gitignore"
    if not ignored.exists():
        ignored.write_text("# What `tally` keeps: landed data, what rules told, working files.\n*\n", encoding="utf-8")
    return home


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Holds a lock file, alone among all processes; it is let go with its process, however that ends.

    Raises BlockingIOError when another holds it, and OSError when the file cannot be made.
    """
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BlockingIOError(errno.EAGAIN, "held by another", str(lock)) from error
        yield
    finally:
        os.close(handle)


def is_held(lock: Path) -> bool:
    """Whether somebody holds the lock file now."""
    try:
        handle = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def synced(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_full(error: OSError) -> bool:
    """Whether there was no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
