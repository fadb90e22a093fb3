"""The notifier of kind `apprise`: any of the services that the library Apprise knows, by its address of one.

    msteams://…   discord://…   tgram://…   ntfy://…   pover://…

Text goes to it as plain text, which it writes so that a service that reads Markdown or HTML shows it as it is.
Source: https://appriseit.com (services, and how their addresses are written).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import Fault, FaultError, NotifierKind
from tallymark_plugins.notifiers.written import one_line, uncalled, unlinked, whole_text

if TYPE_CHECKING:
    from tallymark import Notification, Secret

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": {
            "type": "string",
            "secret": True,
            "description": "Apprise's address of the service, which holds its keys",
        },
        "timeout": {
            "type": "number",
            "minimum": 1,
            "maximum": 600,
            "default": 30,
            "description": "how many seconds the service may take",
        },
    },
    "required": ["url"],
    "additionalProperties": False,
}
_TYPES = {"info": "info", "warning": "warning", "critical": "failure"}
_ERROR = re.compile(r"\berror ?= ?(\d{3})\b")


class Service:
    """Sends notifications through one service of Apprise's."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.url: Secret = options["url"]
        self.timeout = float(options["timeout"])

    def send(self, notification: Notification) -> None:
        """Sends one. Raises FaultError: P790 without Apprise, A340 an address it does not know, A341 and A342."""
        url = self.url.reveal()
        apprise = _apprise()
        # No file is kept between calls, and no redirect is followed with what is told.
        asset = apprise.AppriseAsset(
            app_id="Tallymark",
            app_desc="Tallymark",
            async_mode=False,
            http_redirects=False,
            interpret_emojis=False,
            interpret_escapes=False,
            storage_mode=apprise.PersistentStoreMode.MEMORY,
        )
        service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if not isinstance(service, apprise.NotifyBase):
            help_ = "https://appriseit.com/services lists the services, and how their addresses are written"
            raise FaultError(Fault("A340", "`url` is no address that Apprise knows", self.url.place, help_))
        sender = apprise.Apprise(asset=asset)
        sender.add(service)
        # Some services read Markdown or links in whatever they are sent.
        subject, text = (unlinked(uncalled(t)) for t in (one_line(notification.subject), whole_text(notification)))
        result = sender.notify(
            body=text or subject,
            title=subject if text else "",
            notify_type=_TYPES[notification.severity],
            body_format=apprise.NotifyFormat.TEXT,
            timeout=self.timeout,
        )
        if not result:
            raise FaultError(_fault(str(service.service_name), result, apprise))


def _fault(name: str, result: Any, apprise: Any) -> Fault:
    """Why nothing was sent, as far as it can be said without what Apprise logs: addresses stand in that."""
    later = "it is tried again by the next run"
    if result.status == apprise.AppriseResultStatus.TIMEOUT:
        return Fault("A342", f"{one_line(name)} did not answer in time", None, later)
    logged = " ".join(entry.message for entry in result.logs())
    found = _ERROR.search(logged)
    if found:
        why = f"answers with the error {found[1]}"
    elif "onnection error" in logged or "onnection Error" in logged:
        why = "cannot be reached"
    else:
        why = "did not take the notification"
    help_ = f"look at the address, and at what it says of itself in `apprise -vv`; {later}"
    return Fault("A341", f"{one_line(name)} {why}", None, help_)


def _apprise() -> Any:
    """The library, which is told to log nothing where nobody asked for its log. Raises FaultError (P790)."""
    import logging

    try:
        import apprise
    except ImportError:
        help_ = "install it with `pip install 'tallymark[notify]'`"
        raise FaultError(
            Fault("P790", "notifiers of the kind `apprise` need the package `apprise`", None, help_)
        ) from None
    logger = logging.getLogger("apprise")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return apprise


def make(options: Mapping[str, Any], folder: Path) -> Service:
    """A notifier of its options."""
    return Service(options)


KIND = NotifierKind("apprise", make, "Sends through any service that Apprise knows, a hundred of them.", OPTIONS)
