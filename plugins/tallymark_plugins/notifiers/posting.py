"""A request to an address that is a secret: only where it may go, tried again, failures told without the address.

The address is checked as those of sources are (`tallymark.landing.http`): https, no private network unless the options
say so, looked at when the connection is made. Redirects are not followed: what is sent is meant for one receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tallymark import Fault, FaultError
from tallymark.landing.http import PASSING, Reach, session, stays

if TYPE_CHECKING:
    import requests

    from tallymark import Secret

URL: dict[str, Any] = {"type": "string", "secret": True}
OPTIONS: dict[str, Any] = {
    "allow_http": {"type": "boolean", "default": False, "description": "let it go without TLS"},
    "allow_private": {
        "type": "boolean",
        "default": False,
        "description": "let it go to this machine and to private networks",
    },
    "timeout": {
        "type": "number",
        "minimum": 1,
        "maximum": 600,
        "default": 15,
        "description": "how many seconds may pass until the other side answers",
    },
    "patience": {
        "type": "number",
        "minimum": 0,
        "maximum": 3600,
        "default": 60,
        "description": "for how many seconds a failing notification is tried again; then the next run tries",
    },
}
"""The options of every kind that posts."""
FIRST_WAIT = 0.5
"""Seconds before the second try; it doubles with each."""
_LATER = "it is tried again by the next run"
_READ = 200
"""Bytes of an answer that are looked at."""


class _Target(Reach):
    """Where a notification may go. Its faults name no address: it may be the secret."""

    def check(self, url: str) -> None:
        """Raises FaultError: A330 for an address that is none, or not https."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            parts, host = None, None
        if parts is None or not host or parts.scheme not in ("https", "http"):
            raise FaultError(Fault("A330", "`url` leads to no address of the web", None, "it begins with `https://`"))
        if parts.scheme == "http" and not self.plain:
            help_ = "only https keeps it secret; `allow_http: true` allows http all the same"
            raise FaultError(Fault("A330", "`url` leads to an address without TLS", None, help_))

    def check_address(self, host: str, address: str) -> None:
        """Raises FaultError: A331 for an address in a private network."""
        if self.is_private(address):
            help_ = "`allow_private: true` allows addresses of this machine and of private networks"
            raise FaultError(Fault("A331", "`url` leads into a private network", None, help_))


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Post:
    """Posts to one address.

    `told` finds a word in the beginning of an answer that is an error, safe to show. `after_silence` says whether what
    was sent and not answered in time may be sent again at once: the other side may have taken it.
    """

    url: Secret
    options: Mapping[str, Any]
    told: Callable[[str], str] = lambda said: ""
    after_silence: bool = True

    def send(self, build: Callable[[], Request]) -> None:
        """Posts what `build` makes, anew for each try. Raises FaultError when it was not taken."""
        url = self.url.reveal()
        try:
            from requests.exceptions import RequestException
            from tenacity import Retrying, retry_if_exception, stop_before_delay
            from urllib3.exceptions import HTTPError

            from tallymark.landing.guarded import Wait
        except ImportError as error:
            package = (error.name or "requests").partition(".")[0]
            message = f"what posts notifications needs the package `{package}`"
            help_ = "install it with `pip install 'tallymark[notify]'`"
            raise FaultError(Fault("P790", message, None, help_)) from None

        target = _Target((), plain=self.options["allow_http"], private=self.options["allow_private"])
        target.check(url)
        patience = self.options["patience"]
        again = Retrying(
            wait=Wait(multiplier=FIRST_WAIT, max=3600),
            retry=retry_if_exception(self._passes),
            stop=stop_before_delay(patience),
            reraise=True,
        )
        try:
            with session(target, attempts=1, timeout=self.options["timeout"]) as made:
                again(self._once, made, url, build)
        except (RequestException, HTTPError, ValueError) as error:
            raise FaultError(self._fault(error)) from None

    def _once(self, made: requests.Session, url: str, build: Callable[[], Request]) -> None:
        """One try. Raises RequestException for an answer that is not a success, with the answer in it."""
        from requests.exceptions import HTTPError

        request = build()
        headers = {"Content-Type": "application/json", **request.headers}
        with made.post(url, data=request.body, headers=headers, allow_redirects=False, stream=True) as answer:
            if not 200 <= answer.status_code < 300:
                error = HTTPError(self.told(_beginning(answer)))
                error.response = answer
                raise error

    def _passes(self, error: BaseException) -> bool:
        """Whether another try may succeed."""
        from requests.exceptions import ConnectionError, HTTPError, ReadTimeout, Timeout

        if isinstance(error, HTTPError) and error.response is not None:
            return error.response.status_code in PASSING or error.response.status_code >= 500
        if isinstance(error, ReadTimeout):
            return self.after_silence
        return isinstance(error, ConnectionError | Timeout) and not stays(error)

    def _fault(self, error: Any) -> Fault:
        """A request that failed, in words without the address; what libraries say of it has the address in it."""
        from requests.exceptions import InvalidHeader, SSLError, Timeout

        answer = getattr(error, "response", None)
        if answer is not None:
            return _of_answer(answer.status_code, str(error), _asked(answer))
        if isinstance(error, SSLError):
            help_ = "look at the address's host, and at this machine's clock and certificates"
            return Fault("A334", "the certificate at `url` is not accepted", None, help_)
        if isinstance(error, Timeout):
            return Fault("A333", "`url` did not answer in time", None, _LATER)
        if isinstance(error, InvalidHeader):
            return Fault("A339", "a header cannot be sent as it is", None, "look at `headers:`")
        if stays(error):
            return Fault("A332", "there is no host as `url` names it", None, "look at the address, and at the network")
        if isinstance(error, ValueError):
            return Fault("A330", "`url` leads to no address of the web", None, "it begins with `https://`")
        return Fault("A332", "`url` cannot be reached", None, f"look at the address, and at the network; {_LATER}")


def _beginning(answer: requests.Response) -> str:
    """The first words of a refusal; nothing when they cannot be read."""
    from urllib3.exceptions import HTTPError

    if not 400 <= answer.status_code < 500:
        return ""
    try:
        return bytes(answer.raw.read(_READ, decode_content=True)).decode("utf-8", "replace")
    except (HTTPError, OSError):
        return ""


def _asked(answer: requests.Response) -> str:
    from tallymark.landing.guarded import retry_after

    asked = retry_after(answer)
    return "" if asked is None else f", and asks to wait {asked:,.0f} s"


def _of_answer(status: int, word: str, asked: str) -> Fault:
    said = f"{status}: {word}" if word else str(status)
    if 300 <= status < 400:
        help_ = "redirects are not followed: write the address that it leads to"
        return Fault("A337", f"`url` answers with a redirect ({said})", None, help_)
    if status == 429 or status >= 500 or status in PASSING:
        what = "asks to slow down" if status == 429 else "fails"
        return Fault("A336", f"what is at `url` {what} ({said}){asked}", None, _LATER)
    help_ = {
        401: "it does not know who sends: look at the address and at `headers:`",
        403: "it does not let you: look at the address, and whether it was withdrawn",
        404: "there is nothing there: look at the address, and whether it was withdrawn",
        410: "it is there no longer: make a new one",
    }.get(status, "look at the address, and at what it takes")
    return Fault("A335", f"what is at `url` refuses the notification ({said})", None, help_)
