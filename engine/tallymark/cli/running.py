"""Work that may take a while: a sign of life on a terminal, and Ctrl-C at any moment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 0.5
"""Seconds before a sign of life, and given to a stopped query to end by itself."""

GLANCE = 0.1


def work(label: str, task: Callable[[], T], cancel: Callable[[], None] | None = None) -> T:
    """The task's result. It runs beside this thread, which waits for it or for Ctrl-C, upon which `cancel` is called.

    With an empty label it gives no sign of life: the task has one of its own.
    Raises whatever the task raises, and KeyboardInterrupt when stopped.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["result"] = task()
        except BaseException as error:
            outcome["error"] = error

    thread = Thread(target=run, name=label, daemon=True)
    try:
        thread.start()  # within: Ctrl-C may come as soon as the task runs
        _wait(thread, label)
    except KeyboardInterrupt:
        _stop(thread, cancel)
        raise
    if "error" in outcome:
        raise outcome["error"]
    result: T = outcome["result"]
    return result


def _wait(thread: Thread, label: str) -> None:
    thread.join(PATIENCE)
    if not thread.is_alive():
        return
    with _sign_of_life(label):
        while thread.is_alive():
            thread.join(GLANCE)


def _sign_of_life(label: str) -> Any:
    if not label or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{label}…")


def _stop(thread: Thread, cancel: Callable[[], None] | None) -> None:
    """Stops the task; one that does not listen ends with the process, now."""
    if cancel is not None:
        with suppress(Exception):
            cancel()
    if thread.ident is not None:
        thread.join(PATIENCE)
    if thread.is_alive():
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(130)
