"""The source of kind `dlt`: any source that is written for dlt, one of your own or a verified one.

    sources:
      crm:
        kind: dlt
        source: "hubspot:hubspot"
        arguments: {api_key: "env:HUBSPOT_KEY"}
        tables: [companies, deals]

`source` is a module and a function in it. A module that is not installed is looked for in the project's folder, where
`dlt init hubspot duckdb` puts it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import SourceKind, hookimpl
from tallymark_plugins.landed import landed_reads, landed_source

if TYPE_CHECKING:
    from tallymark.definitions import SourceDef
    from tallymark.source import Landing

KIND = "dlt"

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "description": "`module:function`, or a module whose source has its name"},
        "arguments": {"type": "object", "description": "what the function is called with"},
        "tables": {
            "type": "array",
            "items": {"type": "string"},
            "description": "its resources to read, if not all",
        },
        "hints": {
            "type": "object",
            "description": "by resource: what dlt is told of it",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "primary_key": {"type": ["string", "array"], "description": "the columns that tell rows apart"},
                    "write_disposition": {"enum": ["merge", "append", "replace"]},
                    "columns": {"type": "object", "description": "by column: its `data_type` and other hints"},
                    "max_table_nesting": {"type": "integer", "minimum": 0, "description": "deeper is kept as JSON"},
                },
                "additionalProperties": False,
            },
        },
    },
    "required": ["source"],
    "additionalProperties": False,
}
"""A JSON Schema of the source's options."""


def land(definition: SourceDef, folder: Path, landing: Landing) -> Any:
    """The dlt source that the function gives. Raises FaultError: L830–L832, D480 and D481 for secrets."""
    from dlt.common.configuration.exceptions import ConfigFieldMissingException
    from dlt.extract import DltSource

    from tallymark.errors import FaultError
    from tallymark_plugins.landed.options import option_fault, require_references, revealed

    options = definition.options
    arguments = options.get("arguments", {})
    require_references(arguments, definition, folder)
    with _reaching(folder):
        function = _function(definition, options["source"])
        try:
            source = function(**revealed(arguments, definition, folder))
        except ConfigFieldMissingException as error:
            named = ", ".join(f"`{field}`" for field in error.fields)
            help_ = "give it under `arguments:`; a secret as `env:NAME` or `file:PATH`"
            raise FaultError(option_fault(definition, f"the source needs {named}", help_, "L832")) from None
        except TypeError as error:
            raise FaultError(option_fault(definition, f"the source cannot be called: {error}", None, "L832")) from None
    resources = source.resources if isinstance(source, DltSource) else {source.name: source}
    _apply(definition, options, resources)
    return source.with_resources(*options["tables"]) if "tables" in options and source is not None else source


@contextmanager
def _reaching(folder: Path) -> Iterator[None]:
    """Lets modules of the project's folder be imported, after those that are installed."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _function(definition: SourceDef, told: str) -> Any:
    """The function that `module:function` names, or that has its module's name. Raises FaultError (L831).

    Only what is marked as a source or resource is called: a project's file must not run just any function there is.
    """
    from dlt.extract import DltResource
    from dlt.extract.decorators import ResourceFactory
    from dlt.extract.reference import SourceFactory

    from tallymark.errors import FaultError
    from tallymark_plugins.landed.options import option_fault

    module, _, name = told.partition(":")
    try:
        found = import_module(module)
    except ImportError as error:
        help_ = f"install it, or put it into the project's folder: `dlt init {module} duckdb` fetches a verified source"
        fault = option_fault(definition, f"the module `{module}` cannot be imported: {error}", help_, "L831")
        raise FaultError(fault) from None
    last = module.rpartition(".")[2]
    for wanted in (name,) if name else (last, f"{last}_source", "source"):
        function = getattr(found, wanted, None)
        if isinstance(function, SourceFactory | ResourceFactory | DltResource):
            return function
    message = f"the module `{module}` has no dlt source `{name or last}`"
    help_ = "write `module:function`, of a function that is marked with `@dlt.source` or `@dlt.resource`"
    raise FaultError(option_fault(definition, message, help_, "L831"))


def _apply(definition: SourceDef, options: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    """Tells dlt what the options say of resources. Raises FaultError (L830) for one that the source does not have."""
    from tallymark.errors import FaultError, did_you_mean
    from tallymark_plugins.landed.options import option_fault

    hints = options.get("hints", {})
    unknown = [name for name in dict.fromkeys([*options.get("tables", ()), *hints]) if name not in resources]
    if unknown:
        raise FaultError(
            option_fault(definition, f"the source has no table `{name}`", did_you_mean(name, resources))
            for name in unknown
        )
    for name, told in hints.items():
        said = dict(told)
        nesting = said.pop("max_table_nesting", None)
        resources[name].apply_hints(**said)
        if nesting is not None:
            resources[name].max_table_nesting = nesting


@hookimpl
def tally_sources() -> tuple[SourceKind, ...]:
    """The one kind of source this plugin gives."""
    return (SourceKind(KIND, landed_source, OPTIONS, landed_reads, land),)
