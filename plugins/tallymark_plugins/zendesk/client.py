"""One connection to an account: requests at the allowed pace, tried again while a trouble may pass, else a fault."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import tenacity

from tallymark.secret import Secret
from tallymark_plugins.zendesk.complaints import beyond_patience, complain, misshapen, refused, unreachable, untrusted
from tallymark_plugins.zendesk.pace import Pace
from tallymark_plugins.zendesk.settings import Settings

Params = Mapping[str, str | int]

TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_LONGEST = 60.0


class _PassingError(Exception):
    """A trouble that may pass: a limit, a failing server, a broken answer. `after` is how long to wait, in seconds."""

    def __init__(self, code: str, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.after = code, reason, after


@dataclass(slots=True)
class Client:
    """Asks one account; used in a `with` block. `exports` is the pace of the incremental exports."""

    settings: Settings
    exports: Pace
    say: Callable[[str], None] = lambda words: None
    sleep: Callable[[float], None] | None = None
    _http: httpx.Client | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        _allow(self.settings)
        self._http = httpx.Client(
            base_url=self.settings.url,
            auth=_credentials(self.settings),
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "tallymark"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            self._http.close()

    def get(self, path: str, params: Params, what: str, *, export: bool = False) -> dict[str, Any]:
        """The object at a path. `what` names it in faults; an `export` keeps to their pace.

        Raises FaultError: L871–L873, L878, L885 for a refusal, L874, L875 for no or no safe connection, L876, L877, L879
        for a trouble that outlasts the patience, L882 for what is no object.
        """
        options: dict[str, Any] = {"sleep": self.sleep} if self.sleep is not None else {}
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            wait=self._pause,
            stop=tenacity.stop_before_delay(self.settings.patience),
            reraise=True,
            **options,
        )
        try:
            found = tries(self._once, path, params, what, export)
        except _PassingError as error:
            raise beyond_patience(
                self.settings, error.code, what, error.reason, self.settings.patience
            ) from None
        if not isinstance(found, dict):
            raise misshapen(self.settings, what, "the answer is no object")
        return found

    def _once(self, path: str, params: Params, what: str, export: bool) -> Any:
        if export:
            self.exports.wait(self.say)
        assert self._http is not None, "a client is used in a `with` block"
        try:
            response = self._http.get(path, params=dict(params))
        except httpx.TimeoutException:
            raise _PassingError("L877", "there was no answer in time") from None
        except httpx.ConnectError as error:
            raise self._unconnected(error, what) from None
        except httpx.HTTPError:
            # The answer broke off in the middle, or the connection was closed.
            raise _PassingError("L879", "the answer was cut short") from None
        return self._read(response, what)

    def _unconnected(self, error: httpx.ConnectError, what: str) -> Exception:
        """A certificate that is not right and a host without address stay so; a connection refused may pass."""
        causes = list[BaseException]()
        cause: BaseException | None = error
        while cause is not None and cause not in causes:
            causes.append(cause)
            cause = cause.__cause__ or cause.__context__
        for one in causes:
            if isinstance(one, ssl.SSLError):
                return untrusted(self.settings, getattr(one, "verify_message", "") or "no agreement on TLS")
            if isinstance(one, socket.gaierror):
                return unreachable(self.settings, what, "no host of that name")
        return _PassingError("L877", "no connection")

    def _read(self, response: httpx.Response, what: str) -> Any:
        status = response.status_code
        if status == 429:
            raise _PassingError("L876", "Zendesk says that its limit is reached (429)", _after(response))
        if status == 408 or status >= 500:
            raise _PassingError("L877", f"Zendesk answers with {status}", _after(response))
        if status != 200:
            self._about_clocks(response, what)
            raise refused(self.settings, what, status, response.text)
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise _PassingError("L879", "the answer is no JSON, or was cut short") from None

    def _about_clocks(self, response: httpx.Response, what: str) -> None:
        """A time that Zendesk finds too recent is ours running ahead of its own."""
        if response.status_code not in (400, 422) or "start_time" not in response.text:
            return
        reason = ""
        with suppress(KeyError, ValueError, TypeError):
            theirs = parsedate_to_datetime(response.headers["Date"])
            reason = f": it is {theirs:%Y-%m-%d %H:%M:%S} there, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} here (UTC)"
        raise complain(
            self.settings,
            "L881",
            f"Zendesk does not take the time from which {what} is asked{reason}",
            "`start` must lie in the past, and this computer's clock must be right",
        )

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        after = error.after if isinstance(error, _PassingError) else None
        if after is None:
            return float(tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST)(state))
        if after >= 1:
            self.say(f"waiting {after:.0f} s, as Zendesk asks")
        return after


def _credentials(settings: Settings) -> httpx.Auth:
    token = settings.token.reveal()
    if settings.email is None:
        return _Bearer(token)
    email = settings.email.reveal() if isinstance(settings.email, Secret) else settings.email
    return httpx.BasicAuth(f"{email}/token", token)


class _Bearer(httpx.Auth):
    """An OAuth token in the header that it belongs in."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _after(response: httpx.Response) -> float | None:
    """The wait that an answer asks for, in seconds: a number, or a date. None when it asks for none."""
    said = response.headers.get("Retry-After", "").strip()
    with suppress(ValueError):
        seconds = float(said)
        return min(max(seconds, 0.0), 86_400.0) if isfinite(seconds) else None
    with suppress(ValueError, TypeError):
        return max((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds(), 0.0)
    return None


def _allow(settings: Settings) -> None:
    """The host must lie in the public internet, unless the project allows others. Raises FaultError (L874, L884)."""
    if settings.allow_private:
        return
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise unreachable(settings, "its data", "no host of that name") from None
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global:
            raise complain(
                settings,
                "L884",
                f"{host} lies in a private network",
                "Zendesk does not; for a server of your own, write `allow_private: true`",
            )
