"""Waiting for a database so that Ctrl-C is heard at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

LISTENING = 0.25
"""Seconds after which an interrupt is heard at the latest."""


def interruptible(work: Callable[[], T], stop: Callable[[int | None], None]) -> T:
    """What `work` gives, or raises. Asked in the main thread, it runs in one of its own.

    A database's client may look for Ctrl-C only between its tasks, which may be minutes: Python waits for it instead.
    `stop` must end it on an interrupt, and gets the identity of that thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    doing: Future[T] = Future()
    thread = threading.Thread(target=_do, args=(work, doing), daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(LISTENING)
    except BaseException:
        stop(thread.ident)
        thread.join()
        raise
    return doing.result()


def _do(work: Callable[[], T], doing: Future[T]) -> None:
    try:
        doing.set_result(work())
    except BaseException as error:
        doing.set_exception(error)
