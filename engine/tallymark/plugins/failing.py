"""A plugin may fail in any way it likes: what it raises becomes a fault that names it, and nothing else is harmed."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tallymark.errors import Fault, FaultError, TallymarkError
from tallymark.place import Place
from tallymark.secret import redacted

FAILURES = (Exception, SystemExit)
"""What is caught of a plugin: all but the user's own wish to stop."""
_LONGEST = 400


def told(error: BaseException) -> str:
    """What a plugin raised, on one line: `ValueError: no such table`. Secrets that were revealed are hidden.

    With TALLY_DEBUG in the environment the traceback goes to the standard error.
    """
    if os.environ.get("TALLY_DEBUG"):
        print(redacted("".join(traceback.format_exception(error))), file=sys.stderr)
    said = " ".join(redacted(f"{type(error).__name__}: {error}").split()).removesuffix(":")
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "…"


def failed(name: str, doing: str, error: BaseException) -> Fault:
    """The fault of a plugin that failed while it was loaded: a warning, as nothing may need it."""
    return Fault("P701", f"the plugin `{name}` {doing}", None, told(error), f"plugin `{name}`", "warning")


def _hidden(fault: Fault) -> Fault:
    """The fault with `***` for secrets that were revealed."""
    return replace(fault, message=redacted(fault.message), help=None if fault.help is None else redacted(fault.help))


@contextmanager
def isolated(name: str | None, doing: str, place: Place | None = None) -> Iterator[None]:
    """Turns what the plugin `name` raises while `doing` something into a FaultError (P700).

    Errors of the engine's own family pass: a plugin raises FaultError to tell a user something, in which secrets that
    were revealed are hidden. `name` None is for what no plugin gives, and changes nothing.
    """
    try:
        yield
    except FaultError as error:
        hidden = tuple(_hidden(f) for f in error.faults)
        if hidden == error.faults:
            raise
        raise FaultError(hidden) from None
    except TallymarkError:
        raise
    except FAILURES as error:
        if name is None:
            raise
        message = f"the plugin `{name}` failed {doing}"
        raise FaultError(Fault("P700", message, place, told(error), f"plugin `{name}`")) from None
