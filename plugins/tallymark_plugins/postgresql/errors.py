"""What a PostgreSQL server or its client says, as faults: in own words where a connection is made, as its text may
repeat parts of a password; else the server's first sentence, without SQL.
"""

from __future__ import annotations

import re
from typing import Any

from tallymark.errors import Fault
from tallymark_plugins.postgresql.options import Options

LOST = ("08", "57P01", "57P02", "57P03")
"""States of a connection that is no more, or of a server that goes down."""

TIMED_OUT, CANCELLED = "statement timeout", "57014"

_CONNECTING: tuple[tuple[str, str, str], ...] = (
    ("could not translate host name", "is not known by that name", "correct `host`"),
    ("refused", "refuses connections", "is it running, and is `port` right?"),
    ("timeout", "does not answer", "is it reachable from here, and not behind a firewall?"),
    ("no such file", "has no socket there", "is it running, and is `host` right?"),
    ("password authentication failed", "does not take the password of that user", "correct `user` or `password`"),
    ("no password supplied", "asks for a password", "say `password: env:NAME`"),
    ("no pg_hba.conf entry", "lets this user not in from here", "ask who runs it, or try `sslmode: require`"),
    ("role", "does not know the user", "correct `user`"),
    ("database", "does not have that database", "correct `database`"),
    ("certificate", "cannot be verified by its certificate", "name the right `sslrootcert`, or another `sslmode`"),
    ("ssl", "does not agree on encryption", "set `sslmode`: `require` encrypts, `disable` does not"),
    ("too many", "has no connection left", "lower `connections`, or try again"),
    ("remaining connection slots", "has no connection left", "lower `connections`, or try again"),
    ("starting up", "is starting", "try again in a moment"),
    ("shutting down", "is shutting down", "try again later"),
)


def not_connected(options: Options, error: Exception) -> Fault:
    """Why no connection was made (D466)."""
    said = str(error).lower()
    reason, help_ = "cannot be reached", "correct `host`, `port`, `user` and `database`"
    for sign, sentence, way_out in _CONNECTING:
        if sign in said:
            reason, help_ = sentence, way_out
            break
    if options.url is not None:
        help_ = f"the connection is that of its `url`; {help_.replace('`', '')}"
    message = f"cannot connect the source `{options.name}`: {options.where} {reason}"
    return Fault("D466", message, options.place, help_)


def refused(options: Options, error: Exception) -> Fault:
    """Why a statement failed: D467 what the server refuses, D468 values, D469 time or the connection."""
    state = str(getattr(error, "sqlstate", None) or "")
    said = sentence(error)
    source = f"the source `{options.name}`"
    if lost(error):
        message = f"{source} lost its connection: {options.where} went away while it answered"
        return Fault("D469", message, options.place, "ask again; if it happens again, look at the server's log")
    if state == CANCELLED and TIMED_OUT in str(error):
        message = f"{source} took longer than {options.timeout:g} seconds and was stopped"
        help_ = "ask a shorter range or fewer dimensions, or raise `statement_timeout`"
        return Fault("D469", message, options.place, help_)
    if state == "42501":
        user = f" to `{options.said['user']}`" if "user" in options.said else ""
        return Fault("D467", f"{source} refuses: {said}", options.place, f"grant SELECT on it{user}")
    if state.startswith("22"):
        help_ = "declare the column `double`" if state == "22003" else "look at the values it reads"
        return Fault("D468", f"a value of {source} could not be computed: {said}", None, help_)
    if state in ("42P01", "42703", "3F000"):
        help_ = "was the table changed while the project was open? Open it again"
        return Fault("D467", f"{source} has it no more: {said}", options.place, help_)
    if state.startswith(("53", "54")):
        return Fault("D467", f"{source} lacks the means: {said}", options.place, "ask for fewer cells at once")
    help_ = "please report this with the question you asked"
    return Fault("D467", f"{source} failed: {said}", options.place, help_)


def lost(error: Exception) -> bool:
    """Whether the connection is no more."""
    state = str(getattr(error, "sqlstate", None) or "")
    said = str(error).lower()
    gone = ("server closed the connection", "terminating connection", "connection to server", "no connection to the")
    return state.startswith(LOST) or any(g in said for g in gone)


def sentence(error: Any) -> str:
    """The server's own first sentence."""
    found = re.search(r"ERROR:\s+(.*)", str(error))
    text = found.group(1) if found else str(error).split("\n")[0]
    return " ".join(text.split())[:200].rstrip(".")
