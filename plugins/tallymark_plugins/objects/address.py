"""Where in object storage a source lies, and whether the host that serves it may be spoken to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tallymark.errors import Fault, FaultError
from tallymark.place import Place

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

SERVICES = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
"""The schemes that are understood, and the service that each names: Amazon's or one like it, Google's, Azure's."""

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

STORAGE: dict[str, Any] = {
    "type": "object",
    "description": "how object storage is reached, where `path` is a URL",
    "properties": {
        "region": {"type": "string", "description": "the region of an S3 bucket; found out when left out"},
        "endpoint": {"type": "string", "description": "the URL of a service that speaks the same protocol"},
        "private": {"type": "boolean", "description": "whether the endpoint may lie in a private network"},
        "anonymous": {"type": "boolean", "description": "whether to ask without credentials, for public buckets"},
        "access_key": {"type": "string", "secret": True, "description": "S3: a reference, env:NAME or file:PATH"},
        "secret_key": {"type": "string", "secret": True, "description": "S3: a reference"},
        "session_token": {"type": "string", "secret": True, "description": "S3: a reference"},
        "account": {"type": "string", "description": "Azure: the storage account"},
        "account_key": {"type": "string", "secret": True, "description": "Azure: a reference"},
        "fresh_for": {"type": "number", "minimum": 0, "description": "for how many seconds a listing is used again"},
        "megabytes": {"type": "integer", "minimum": 1, "description": "how much one table may be, as it is stored"},
    },
    "additionalProperties": False,
}
"""A JSON Schema of the option `storage` of a source of files."""

_PUBLIC = re.compile(r"(?:[\w.-]+\.)?(?:amazonaws\.com(?:\.cn)?|googleapis\.com|core\.windows\.net)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket (Azure's container) and the part of a key, without slashes around it, below which a source reads."""

    service: str
    bucket: str
    prefix: str
    account: str | None = None

    @property
    def shown(self) -> str:
        """The address in messages."""
        return f"{self.service}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def is_remote(path: object) -> bool:
    """Whether a source's `path` is a URL and no folder."""
    return isinstance(path, str) and SCHEME.match(path) is not None


def address_of(url: str, place: Place, source: str) -> Address:
    """The address a URL names. Raises FaultError: D473 a scheme that is not allowed, D411 no bucket."""
    scheme, _, rest = url.partition("://")
    service = SERVICES.get(scheme.lower())
    subject = f"source `{source}`"
    if service is None:
        help_line = f"the schemes are {', '.join(f'{each}://' for each in SERVICES)}"
        raise FaultError(Fault("D473", f"`{scheme}://` is no scheme that files are read by", place, help_line, subject))
    bucket, _, prefix = rest.partition("/")
    account = None
    if "@" in bucket and service == "az":
        bucket, _, host = bucket.partition("@")
        account = host.partition(".")[0]
    if not re.fullmatch(r"[\w.-]+", bucket) or ".." in prefix.split("/") or "?" in prefix or "#" in prefix:
        message = "`path` names no bucket and folder: write it as s3://bucket/folder"
        raise FaultError(Fault("D411", message, place, subject=subject))
    return Address(service, bucket, prefix.strip("/"), account)


def require_allowed(endpoint: str, storage: Mapping[str, Any], place: Place, source: str) -> None:
    """Raises FaultError (D473) when the endpoint is no web address, or lies in a private network without leave.

    A name is looked up each time a connection is made, as it may come to mean another host.
    """
    # A project without object storage does not wait for what only it needs.
    from urllib.parse import urlsplit

    parts, subject = urlsplit(endpoint), f"source `{source}`"
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        message = "`endpoint` is no address of a service: write it as https://host:port"
        raise FaultError(Fault("D473", message, place, subject=subject))
    if _PUBLIC.fullmatch(parts.hostname) or storage.get("private"):
        return
    for found in _addresses(parts.hostname):
        if not found.is_global:
            message = f"`{parts.hostname}` lies in a private network ({found})"
            help_line = "say `private: true` in the source's `storage` if it is meant"
            raise FaultError(Fault("D473", message, place, help_line, subject))


def _addresses(host: str) -> list[IPv4Address | IPv6Address]:
    import socket
    from ipaddress import ip_address

    try:
        return [ip_address(str(each[4][0]).partition("%")[0]) for each in socket.getaddrinfo(host, None)]
    except OSError:
        # What cannot be looked up here cannot be reached from here either, unless by a proxy, which decides itself.
        return []
