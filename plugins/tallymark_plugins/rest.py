"""The source of kind `rest`: the tables of an API, said in YAML as dlt's declarative REST source takes them.

sources:
helpdesk:
kind: rest
client:
base_url: https://api.example.com/v1/
auth: {type: bearer, token: "env:HELPDESK_TOKEN"}
resources:
- name: tickets
primary_key: id
endpoint:
path: tickets
data_selector: tickets
params: {updated_since: "{incremental.start_value}"}
incremental: {cursor_path: updated_at, initial_value: "2020-01-01T00:00:00Z"}
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from tallymark import SourceKind, hookimpl
from tallymark_plugins.landed import landed_reads, landed_source

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.source import Landing

KIND = "rest"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "client": {
            "type": "object",
            "properties": {
                "base_url": {"type": "string", "description": "what every path is below"},
                "headers": {"type": "object", "description": "sent with each request"},
                "auth": {"description": "bearer, api_key, http_basic or oauth2_client_credentials, as dlt has them"},
                "paginator": {"description": "how one page leads to the next, as dlt has it"},
            },
            "required": ["base_url"],
            "additionalProperties": False,
        },
        "resource_defaults": {"type": "object", "description": "what holds for every resource that says no other"},
        "resources": {
            "type": "array",
            "items": {"type": ["string", "object"]},
            "minItems": 1,
            "description": "the tables, each an endpoint, as dlt has them",
        },
        "hosts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "other hosts that answers may lead to; `.example.com` is every host below it",
        },
        "allow_http": {"type": "boolean", "description": "let requests go without TLS"},
        "allow_private": {"type": "boolean", "description": "let requests go to this machine and private networks"},
    },
    "required": ["client", "resources"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """dlt's REST source of the options. Raises FaultError: L830 bad options, D480 and D481 for secrets."""
    from dlt.common.exceptions import DictValidationException
    from dlt.sources.rest_api import rest_api_source

    from tallymark.errors import FaultError
    from tallymark.landing.http import session
    from tallymark_plugins.landed.options import option_fault

    options = definition.options
    config = _config(options, definition, folder)
    made = session(reach_of(options))
    config["client"]["session"] = made
    auth = config["client"].get("auth")
    if isinstance(auth, dict) and auth.get("type") == "oauth2_client_credentials":
        auth["session"] = made
    try:
        return rest_api_source(cast("Any", config), name=definition.name)
    except (DictValidationException, ValueError, KeyError, TypeError) as error:
        said = " ".join(str(error).split())[:300]
        raise FaultError(option_fault(definition, f"dlt's REST source does not take these options: {said}")) from None


def reach_of(options: Mapping[str, Any]) -> Any:
    """The hosts of the addresses that the options name, and those they allow besides."""
    from tallymark.landing.http import Reach

    client = options["client"]
    named = [client["base_url"]]
    auth = client.get("auth")
    if isinstance(auth, dict) and "access_token_url" in auth:
        named.append(auth["access_token_url"])
    hosts = [(urlsplit(url).hostname or "").lower() for url in named] + [h.lower() for h in options.get("hosts", ())]
    plain, private = options.get("allow_http", False), options.get("allow_private", False)
    return Reach(tuple(dict.fromkeys(hosts)), plain, private)


def _config(options: Mapping[str, Any], definition: SourceDef, folder: Path) -> dict[str, Any]:
    """What dlt's source takes: secrets read, and for each table how its rows are taken over, unless it is said."""
    from tallymark_plugins.landed.options import require_references, revealed

    require_references(options, definition, folder)
    said = {key: deepcopy(options[key]) for key in ("client", "resource_defaults", "resources") if key in options}
    config: dict[str, Any] = revealed(said, definition, folder)
    defaults = config.get("resource_defaults", {})
    resources = [{"name": r, "endpoint": {"path": r}} if isinstance(r, str) else r for r in config["resources"]]
    for resource in resources:
        if "write_disposition" not in resource and "write_disposition" not in defaults:
            resource["write_disposition"] = _disposition(resource, defaults)
    return config | {"resources": resources}


def _disposition(resource: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """A table read whole each time replaces what was there, so that what is gone at the service goes here too."""
    endpoints = [e for e in (resource.get("endpoint"), defaults.get("endpoint")) if isinstance(e, dict)]
    params = [p for e in endpoints for p in (e.get("params") or {}).values() if isinstance(p, dict)]
    if not any("incremental" in e for e in endpoints) and not any(p.get("type") == "incremental" for p in params):
        return "replace"
    return "merge" if resource.get("primary_key") or defaults.get("primary_key") else "append"


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, landed_source, OPTIONS, landed_reads, land),)
