"""What is wrong with a project's rules, as far as it can be told without data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tallymark.catalog import Catalog
from tallymark.check.rules import check_rules, waits_for
from tallymark.definitions import Definitions, RuleDef
from tallymark.engine.parameters import read_value
from tallymark.errors import Fault
from tallymark.plugins import Plugins

UNREAD = frozenset((*(f"R{number:03}" for number in range(1, 14)), "R034"))
"""The codes of what is wrong with a file as such, whatever stands in it."""

_IN_RULE = re.compile(r"rule `(.+)`", re.DOTALL)


def unsound_rules(definitions: Definitions, catalog: Catalog, plugins: Plugins) -> tuple[Fault, ...]:
    """The faults of all rules, those of their parameters' values included."""
    found = list(check_rules(definitions, catalog, plugins.functions))
    for rule in definitions.rules.values():
        found += _values(rule, catalog)
    return tuple(found)


def faults_of_rules(faults: Iterable[Fault]) -> dict[str, list[Fault]]:
    """The errors among a project's faults that are in a rule, by its name, also of rules that could not be read."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        name = _IN_RULE.fullmatch(fault.subject or "")
        if name is not None and fault.severity == "error":
            found.setdefault(name[1], []).append(fault)
    return found


def unread_files(faults: Iterable[Fault]) -> list[Fault]:
    """The errors for which a whole file, or part of it, was left unread: rules may stand there."""
    return [f for f in faults if f.severity == "error" and f.code in UNREAD]


def waiting_rules(definitions: Definitions, catalog: Catalog, plugins: Plugins) -> dict[str, tuple[str, ...]]:
    """The rules that wait for data that the project does not have, each with what it needs."""
    found = {name: waits_for(rule, catalog, plugins.functions) for name, rule in definitions.rules.items()}
    return {name: needs for name, needs in found.items() if needs}


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
