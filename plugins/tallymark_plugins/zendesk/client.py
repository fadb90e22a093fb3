"""One connection to an account: requests at the allowed pace, tried again while a trouble may pass, else a fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import tenacity
from requests.exceptions import ConnectionError, RequestException, SSLError, Timeout

from tallymark.errors import FaultError
from tallymark.landing.http import Reach, session
from tallymark.secret import Secret
from tallymark_plugins.zendesk.complaints import beyond_patience, complain, misshapen, refused, unreachable, untrusted
from tallymark_plugins.zendesk.pace import Pace
from tallymark_plugins.zendesk.settings import Settings

Params = Mapping[str, str | int]

_LONGEST = 60.0
"""Between two tries of which nobody says when, in seconds."""


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
    _http: requests.Session | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        allow = self.settings.allow_private
        reach = Reach((urlsplit(self.settings.url).hostname or "",), plain=allow, private=allow)
        # Tries are counted here, by the patience of the project and at the pace of the account.
        self._http = session(reach, attempts=1)
        self._http.headers["Accept"] = "application/json"
        self._http.headers["Authorization"] = _authorization(self.settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            self._http.close()

    def get(self, path: str, params: Params, what: str, *, export: bool = False) -> dict[str, Any]:
        """The object at a path. `what` names it in faults; an `export` keeps to their pace.

        Raises FaultError: L871–L873, L878, L885 for a refusal, L874, L875 for no or no safe connection, L876, L877,
        L879 for a trouble that outlasts the patience, L881 for a time too recent, L882 for what is no object.
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
            raise beyond_patience(self.settings, error.code, what, error.reason, self.settings.patience) from None
        if not isinstance(found, dict):
            raise misshapen(self.settings, what, "the answer is no object")
        return found

    def _once(self, path: str, params: Params, what: str, export: bool) -> Any:
        if export:
            self.exports.wait(self.say)
        assert self._http is not None, "a client is used in a `with` block"
        try:
            # A redirect is not followed: the token would go with it.
            response = self._http.get(f"{self.settings.url}{path}", params=dict(params), allow_redirects=False)
        except FaultError as error:
            subject, place = self.settings.subject, self.settings.place
            raise FaultError(replace(f, place=f.place or place).within(subject) for f in error.faults) from None
        except RequestException as error:
            raise self._broken(error, what) from None
        return self._read(response, what)

    def _broken(self, error: RequestException, what: str) -> Exception:
        """What it means that no answer came, or half of one; a certificate and a name without address stay so."""
        if isinstance(error, SSLError):
            return untrusted(self.settings, _told(error))
        if isinstance(error, Timeout):
            return _PassingError("L877", "there was no answer in time")
        if "NameResolution" in repr(error) or "failed to resolve" in str(error).lower():
            return unreachable(self.settings, what, "no host of that name")
        if isinstance(error, ConnectionError):
            return _PassingError("L877", "there was no connection, or it broke off")
        return _PassingError("L879", "the answer was cut short")

    def _read(self, response: requests.Response, what: str) -> Any:
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

    def _about_clocks(self, response: requests.Response, what: str) -> None:
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
            f"Zendesk does not take the time from which {what} are asked{reason}",
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


def _authorization(settings: Settings) -> str:
    """The value of the header. Raises FaultError (L870) for a token that is none."""
    token = settings.token.reveal()
    # A line break in a header is refused with a text that has the header in it.
    if not token.isascii() or not token.isprintable() or " " in token:
        help_ = "a token is one word of letters, digits and signs: look into the variable or file it is read from"
        raise complain(settings, "L870", "the token has a space, a line break or a letter that no token has", help_)
    if settings.email is None:
        return f"Bearer {token}"
    email = settings.email.reveal() if isinstance(settings.email, Secret) else settings.email
    return f"Basic {base64.b64encode(f'{email}/token:{token}'.encode()).decode()}"


def _told(error: SSLError) -> str:
    """What is wrong with a certificate, in OpenSSL's words."""
    text = str(error)
    if "certificate verify failed" in text:
        return text.partition("certificate verify failed")[2].strip(": ").partition(" (_ssl")[0] or "its certificate"
    return "no agreement on TLS"


def _after(response: requests.Response) -> float | None:
    """The wait that an answer asks for, in seconds: a number, or a date. None when it asks for none."""
    said = response.headers.get("Retry-After", "").strip()
    with suppress(ValueError):
        seconds = float(said)
        return min(max(seconds, 0.0), 86_400.0) if isfinite(seconds) else None
    with suppress(ValueError, TypeError):
        return max((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds(), 0.0)
    return None
