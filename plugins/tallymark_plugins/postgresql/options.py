"""The options of a PostgreSQL source, and the connection they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tallymark.definitions import SourceDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.place import Place
from tallymark.secret import Secret, secret
from tallymark_plugins.postgres import OPTIONS

TIMEOUT = 300.0
"""Seconds that a statement may take unless told otherwise."""

CONNECTIONS = 4
"""How many statements of one source run at once unless told otherwise; others wait."""

APART = ("host", "port", "database", "user", "password", "sslmode", "sslrootcert", "connect_timeout")
"""Options that a `url` says itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """A source's options, read. Nothing of it shows a secret."""

    name: str
    place: Place
    url: Secret | None
    password: Secret | None
    said: Mapping[str, Any]
    """The options that are no secrets."""

    @property
    def schema(self) -> str:
        """Where tables are that name no schema."""
        return str(self.said.get("schema", "public"))

    @property
    def timeout(self) -> float:
        """Seconds that a statement may take; 0 for no limit."""
        return float(self.said.get("statement_timeout", TIMEOUT))

    @property
    def connections(self) -> int:
        """How many statements run at once."""
        return int(self.said.get("connections", CONNECTIONS))

    @property
    def where(self) -> str:
        """Which server this is, for messages: no more than the file says."""
        if self.url is not None:
            return "the server of its `url`"
        return f"the server `{self.said.get('host', 'localhost')}`"

    def uri(self) -> str:
        """The connection as libpq takes it, secrets revealed. Raises FaultError (D465, D481)."""
        parameters = {"application_name": "tallymark", "connect_timeout": str(self.said.get("connect_timeout", 10))}
        if self.url is not None:
            return self._given(self.url, parameters)
        parameters |= {n: str(self.said[n]) for n in ("sslmode", "sslrootcert", "port", "user") if n in self.said}
        parameters["host"] = str(self.said.get("host", "localhost"))
        if "database" in self.said:
            parameters["dbname"] = str(self.said["database"])
        if self.password is not None:
            parameters["password"] = self.password.reveal()
        return "postgresql://?" + urlencode(parameters, quote_via=quote)

    def _given(self, url: Secret, parameters: Mapping[str, str]) -> str:
        whole = url.reveal()
        try:
            parts = urlsplit(whole)
            said = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in ("postgres", "postgresql"):
            # The text holds a password: it is not repeated.
            message = f"the `url` of the source `{self.name}` is no connection to PostgreSQL"
            help_ = "write `postgresql://user:password@host:5432/database`, signs in the password as `%40` for `@`"
            raise FaultError(Fault("D465", message, self.place, help_))
        return parts._replace(query=urlencode({**parameters, **said}, quote_via=quote)).geturl()


def options_of(definition: SourceDef, folder: Path) -> Options:
    """The options of a source. Raises FaultError: D410 unknown ones, D465 odd ones, D480 bare secrets."""
    subject = f"source `{definition.name}`"
    faults = []
    known = OPTIONS["properties"]
    for name, value in definition.options.items():
        if name not in known:
            help_ = did_you_mean(name, known)
            faults.append(Fault("D410", f"unknown option `{name}`", definition.place, help_, subject))
        elif "secret" not in known[name] and not _fits(value, known[name]):
            # What was meant for a secret may stand at the wrong option.
            message = f"`{name}` of a PostgreSQL source is {known[name]['description']}"
            faults.append(Fault("D465", message, definition.place, _shape(known[name]), subject))
    both = [name for name in APART if "url" in definition.options and name in definition.options]
    if both:
        message = f"`url` says the whole connection, and `{both[0]}` is said beside it"
        faults.append(Fault("D465", message, definition.place, "leave one of the two out", subject))
    if faults:
        raise FaultError(faults)
    url = secret(definition.options, "url", folder, definition.place)
    password = secret(definition.options, "password", folder, definition.place)
    said = {k: v for k, v in definition.options.items() if k not in ("url", "password") and v is not None}
    if "sslrootcert" in said:
        said["sslrootcert"] = str(folder / str(said["sslrootcert"]))
    return Options(definition.name, definition.place, url, password, said)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if value is None:
        return True
    if "enum" in schema:
        return value in schema["enum"]
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": int | float}
    if isinstance(value, bool) or not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, str):
        return value != "" and "\0" not in value
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _shape(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {', '.join(f'`{v}`' for v in schema['enum'])}"
    what = {"string": "a text", "integer": "a whole number", "number": "a number"}[schema["type"]]
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None:
        return f"{what} from {least} to {most}"
    return what if least is None else f"{what}, {least} or more"
