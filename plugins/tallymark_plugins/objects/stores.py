"""The services of object storage: what lies below a prefix, and copies of it.

Amazon's service, and those that speak as it does, are reached by botocore, which follows no redirects but those to
another region of Amazon's; Google's and Azure's by Arrow, whose clients follow none.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tallymark.errors import Fault, FaultError
from tallymark.place import Place
from tallymark.secret import Secret, secret
from tallymark_plugins.objects.address import Address, require_allowed

_CHUNK = 1 << 20
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its key, its size in bytes, and what changes when its content does (an ETag, or a time)."""

    key: str
    size: int
    version: str


class Store(Protocol):
    """One bucket. Both calls raise FaultError (D474) when the service refuses or is not reached."""

    def listed(self, prefix: str) -> Iterator[Stored]:
        """The objects whose keys begin so, in the order of their keys."""
        ...

    def copy(self, stored: Stored, to: Path) -> None:
        """Writes the object's bytes to a file."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How a source reaches its storage: the options of `storage`, whose secrets are revealed when a client is made."""

    address: Address
    storage: Mapping[str, Any]
    folder: Path
    place: Place
    source: str

    def secret(self, name: str) -> str | None:
        """The secret that an option refers to. Raises FaultError: D480, D481."""
        found: Secret | None = secret(self.storage, name, self.folder, self.place)
        return None if found is None else found.reveal()

    def fault(self, error: BaseException, secrets: list[str | None]) -> Fault:
        """What the service's client says, without secrets."""
        said = " ".join(str(error).split())
        for each in secrets:
            said = said.replace(each, "***") if each else said
        help_line = "credentials are found as the service's own tools find them, or are references in `storage`"
        message = f"{self.address.shown} refuses or is not reached: {said[:240].rstrip('.')}"
        return Fault("D474", message, self.place, help_line, f"source `{self.source}`")


class S3Store:
    """A bucket of S3, or of what speaks as it does."""

    def __init__(self, access: Access) -> None:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session

        self._access = access
        self._errors = (BotoCoreError, ClientError, OSError)
        self._secrets = [access.secret(name) for name in ("access_key", "secret_key", "session_token")]
        storage = access.storage
        config = Config(
            connect_timeout=10,
            read_timeout=_SECONDS,
            retries={"max_attempts": 2},
            signature_version=UNSIGNED if storage.get("anonymous") else None,
            # A service of another maker is seldom found under a name for each bucket.
            s3={"addressing_style": "path"} if storage.get("endpoint") else None,
        )
        with self._told():
            self._client: Any = Session().create_client(
                "s3",
                region_name=storage.get("region"),
                endpoint_url=storage.get("endpoint"),
                aws_access_key_id=self._secrets[0],
                aws_secret_access_key=self._secrets[1],
                aws_session_token=self._secrets[2],
                config=config,
            )

    def listed(self, prefix: str) -> Iterator[Stored]:
        """The objects whose keys begin so; their version is the ETag."""
        with self._told():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._access.address.bucket, Prefix=prefix):
                for each in page.get("Contents", ()):
                    yield Stored(each["Key"], int(each["Size"]), f"{each['ETag']} {each['LastModified']}")

    def copy(self, stored: Stored, to: Path) -> None:
        """Writes the object's bytes to a file; an object that was replaced since it was listed is refused."""
        with self._told(), to.open("wb") as file:
            tag = stored.version.partition(" ")[0]
            found = self._client.get_object(Bucket=self._access.address.bucket, Key=stored.key, IfMatch=tag)
            shutil.copyfileobj(found["Body"], file, _CHUNK)

    @contextmanager
    def _told(self) -> Iterator[None]:
        access = self._access
        try:
            if hasattr(self, "_client"):
                require_allowed(self._client.meta.endpoint_url, access.storage, access.place, access.source)
            yield
        except self._errors as error:
            raise FaultError(access.fault(error, self._secrets)) from None


class ArrowStore:
    """A bucket of a service that Arrow has a client for."""

    def __init__(self, access: Access, system: Callable[[Access], Any]) -> None:
        self._access = access
        if access.storage.get("endpoint"):
            require_allowed(access.storage["endpoint"], access.storage, access.place, access.source)
        with self._told():
            self._system = system(access)

    def listed(self, prefix: str) -> Iterator[Stored]:
        """The objects whose keys begin so; their version is the time of change."""
        from pyarrow import fs

        bucket = self._access.address.bucket
        # Arrow lists folders, and a prefix may end within a name.
        folder = prefix.rpartition("/")[0]
        with self._told():
            chosen = fs.FileSelector(f"{bucket}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
            found = [f for f in self._system.get_file_info(chosen) if f.type == fs.FileType.File]
            for each in sorted(found, key=lambda f: str(f.path)):
                key = each.path.removeprefix(f"{bucket}/")
                if key.startswith(prefix):
                    yield Stored(key, each.size or 0, str(each.mtime_ns))

    def copy(self, stored: Stored, to: Path) -> None:
        """Writes the object's bytes to a file."""
        with (
            self._told(),
            self._system.open_input_stream(f"{self._access.address.bucket}/{stored.key}", compression=None) as read,
            to.open("wb") as file,
        ):
            shutil.copyfileobj(read, file, _CHUNK)

    @contextmanager
    def _told(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (OSError, pa.ArrowException, ValueError) as error:
            keys = [self._access.secret("account_key")]
            raise FaultError(self._access.fault(error, keys)) from None


def _google(access: Access) -> Any:
    from datetime import timedelta

    from pyarrow import fs

    scheme, _, host = str(access.storage.get("endpoint") or "").partition("://")
    where = {"endpoint_override": host, "scheme": scheme} if host else {}
    limit = timedelta(seconds=_SECONDS)
    return fs.GcsFileSystem(anonymous=bool(access.storage.get("anonymous")), retry_time_limit=limit, **where)


def _azure(access: Access) -> Any:
    from pyarrow import fs

    account = access.storage.get("account") or access.address.account
    if not account:
        message = "Azure's storage needs the name of an `account`"
        raise FaultError(Fault("D411", message, access.place, subject=f"source `{access.source}`"))
    scheme, _, host = str(access.storage.get("endpoint") or "").partition("://")
    kinds = ("blob_storage", "dfs_storage")
    where = {f"{k}_{part}": v for k in kinds for part, v in (("authority", host), ("scheme", scheme))} if host else {}
    return fs.AzureFileSystem(account_name=account, account_key=access.secret("account_key"), **where)


def store_of(access: Access) -> Store:
    """The store of an address. Raises FaultError: D473, D474, D480, D481, P790 a package that is not installed."""
    from importlib.util import find_spec

    if access.address.service == "s3":
        if find_spec("botocore") is None:
            help_line = "install it with `pip install 'tallymark[s3]'`"
            subject = f"source `{access.source}`"
            raise FaultError(Fault("P790", "files on S3 need the package `botocore`", access.place, help_line, subject))
        return S3Store(access)
    return ArrowStore(access, _google if access.address.service == "gs" else _azure)
