"""What goes wrong at a service, on the way there or in its answers, as faults: which source and table, what to do."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator

from tallymark.errors import Cancelled, Fault, FaultError
from tallymark.landing.run import Run
from tallymark.landing.store import disk_fault

_FULL = ("no space left", "disk is full", "disk full", "could not write all bytes", "quota exceeded")


def faults_of(error: BaseException, run: Run) -> tuple[Fault, ...]:
    """The faults that an error of a sync amounts to. Raises it again when it is none: a stop, a defect of memory."""
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, KeyboardInterrupt | Cancelled | MemoryError | GeneratorExit | SystemExit):
            raise each
    for each in chain:
        if isinstance(each, FaultError):
            return tuple(f.within(f"source `{run.definition.name}`") for f in each.faults)
    fault = _disk(chain, run) or _type_changed(chain, run) or _http(chain, run) or _connection(chain, run)
    return (fault or _answer(chain, run) or _other(chain, run),)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all it came from, the outermost first."""
    seen: set[int] = set()
    open_: list[BaseException | None] = [error]
    while open_:
        each = open_.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        open_ += [each.__cause__, each.__context__, getattr(each, "reason", None), getattr(each, "exception", None)]
        open_ += [a for a in each.args if isinstance(a, BaseException)]
        open_ = [e for e in open_ if isinstance(e, BaseException)]


def _fault(run: Run, code: str, message: str, help_: str | None) -> Fault:
    return Fault(code, message, run.definition.place, help_, f"source `{run.definition.name}`")


def _where(chain: list[BaseException]) -> str:
    """The table that was being read, for a message: "`tickets`: "."""
    for each in chain:
        name = getattr(each, "pipe_name", None) or getattr(each, "table_name", None)
        if isinstance(name, str) and name:
            return f"`{name}`: "
    return ""


def _disk(chain: list[BaseException], run: Run) -> Fault | None:
    for each in chain:
        if isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT):
            return disk_fault(each, run.definition.name)
    text = " ".join(str(each) for each in chain).lower()
    if any(word in text for word in _FULL):
        return disk_fault(OSError(errno.ENOSPC, ""), run.definition.name)
    return None


def _type_changed(chain: list[BaseException], run: Run) -> Fault | None:
    for each in chain:
        if type(each).__name__ == "DataValidationError":
            table, column = getattr(each, "table_name", "?"), getattr(each, "column_name", None)
            if getattr(each, "schema_entity", "") == "data_type":
                message = f"`{table}`: the column `{column}` no longer holds what it held: its type changed"
                help_ = (
                    "if the service means it, `tally sync --full` reads everything anew; "
                    "if both kinds of value occur, declare the column's type"
                )
                return _fault(run, "L807", message, help_)
            message = f"`{table}`: `{column or table}` is new, and the source does not take what is new"
            return _fault(run, "L807", message, None)
    return None


def _http(chain: list[BaseException], run: Run) -> Fault | None:
    for each in chain:
        status, host = _status(each)
        if status is not None:
            return _status_fault(run, _where(chain), status, host)
    return None


def _status(error: BaseException) -> tuple[int | None, str]:
    """The status of an answer that is an error: of requests, httpx and clients that tell it in their own way."""
    response = getattr(error, "response", None)
    for of in (getattr(response, "status_code", None), getattr(error, "http_status", None)):
        if isinstance(of, int) and of >= 400:
            url = str(getattr(getattr(response, "request", None), "url", "") or getattr(response, "url", ""))
            return of, _host(url)
    return None, ""


def _host(url: str) -> str:
    found = re.match(r"[a-z]+://(?:[^/@]*@)?([^/?#]+)", url)
    return found[1] if found else "the service"


def _status_fault(run: Run, where: str, status: int, host: str) -> Fault:
    host = host or "the service"
    if status == 401:
        help_ = "look whether the key is right and has not expired; it is read where the source's option says"
        return _fault(run, "L810", f"{where}{host} does not accept the key (401)", help_)
    if status == 403:
        help_ = "give the key the right to read this, at the service, or use another key"
        return _fault(run, "L811", f"{where}the key may not read this at {host} (403)", help_)
    if status == 404:
        return _fault(run, "L812", f"{where}{host} has no such thing (404)", "look at the address and the path")
    if status == 429 or status >= 500:
        what = "asks to slow down" if status == 429 else "has an error of its own"
        help_ = "several tries were made; sync again later: what was read is kept"
        return _fault(run, "L816", f"{where}{host} {what} ({status})", help_)
    return _fault(run, "L819", f"{where}{host} refuses the request ({status})", "look at the source's options")


def _connection(chain: list[BaseException], run: Run) -> Fault | None:
    where, host = _where(chain), _named_host(chain)
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    if "SSLError" in names or "SSLCertVerificationError" in names:
        said = next((str(getattr(e, "verify_message", "")) for e in chain if getattr(e, "verify_message", "")), "")
        help_ = "the connection is not safe: look at the host's name, at this machine's clock and certificates"
        return _fault(
            run, "L814", f"{where}the certificate of {host} is not accepted{': ' if said else ''}{said}", help_
        )
    if any(isinstance(e, socket.gaierror) for e in chain) or "NameResolutionError" in names:
        return _fault(
            run, "L813", f"{where}there is no host {host}", "look at the address, and at this machine's network"
        )
    if names & {
        "ChunkedEncodingError",
        "IncompleteRead",
        "ProtocolError",
        "RemoteProtocolError",
        "ContentDecodingError",
    }:
        return _fault(run, "L817", f"{where}the answer of {host} broke off", "sync again: what was read is kept")
    if names & {"ReadTimeout", "ConnectTimeout", "Timeout", "TimeoutException", "TimeoutError"}:
        return _fault(run, "L815", f"{where}{host} did not answer in time", "sync again later: what was read is kept")
    if names & {"ConnectionError", "ConnectError", "NewConnectionError"}:
        return _fault(
            run, "L815", f"{where}{host} cannot be reached", "look at the address, and at this machine's network"
        )
    return None


def _named_host(chain: list[BaseException]) -> str:
    for each in chain:
        url = str(getattr(getattr(each, "request", None), "url", "") or "")
        if url:
            return _host(url)
    return "the service"


def _answer(chain: list[BaseException], run: Run) -> Fault | None:
    if any(type(each).__name__ in ("JSONDecodeError", "UnicodeDecodeError") for each in chain):
        help_ = "is it the right address? An answer that broke off is read again by the next sync"
        return _fault(run, "L817", f"{_where(chain)}the answer is not whole, or not JSON", help_)
    return None


def _other(chain: list[BaseException], run: Run) -> Fault:
    inner = chain[-1]
    for each in chain:
        step = getattr(each, "step", None)
        if step in ("normalize", "load", "sync"):
            said = _said(inner)
            help_ = "the data of the last sync stands"
            return _fault(run, "L822", f"{_where(chain)}what was read does not go into its table: {said}", help_)
    source = next((e for e in chain if not type(e).__module__.startswith("dlt.")), inner)
    message = f"{_where(chain)}the source failed: {type(source).__name__}: {_said(source)}"
    return _fault(run, "L825", message, "the data of the last sync stands; TALLY_DEBUG=1 shows where it failed")


def _said(error: BaseException) -> str:
    """The first words of an error, without addresses: a key may stand in one."""
    text = " ".join(str(error).split())
    return re.sub(r"[a-z]+://\S+", "(an address)", text)[:300].rstrip(".")
