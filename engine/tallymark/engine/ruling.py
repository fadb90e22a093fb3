"""What is wrong with a project's rules, as far as it can be told without data."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.catalog import Catalog
from tallymark.check.rules import check_rules
from tallymark.definitions import Definitions, RuleDef
from tallymark.engine.parameters import read_value
from tallymark.errors import Fault
from tallymark.plugins import Plugins


def unsound_rules(definitions: Definitions, catalog: Catalog, plugins: Plugins) -> tuple[Fault, ...]:
    """The faults of all rules, those of their parameters' values included."""
    found = list(check_rules(definitions, catalog, plugins.functions))
    for rule in definitions.rules.values():
        found += _values(rule, catalog)
    return tuple(found)


def _values(rule: RuleDef, catalog: Catalog) -> Iterator[Fault]:
    for name, value in rule.parameters.items():
        parameter = catalog.parameters.get(name)
        if parameter is None:
            continue
        try:
            read_value(parameter, value)
        except ValueError as error:
            written = rule.places.get(f"parameters.{name}")
            place = written.place() if written is not None else rule.place
            message = f"the parameter `{name}` takes a {parameter.type}: {error}"
            yield Fault("Q504", message, place, None, f"rule `{rule.name}`")
