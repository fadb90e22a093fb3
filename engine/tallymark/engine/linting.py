"""The checks of plugins, run over a catalog: a team's own rules of how a project is written."""

from __future__ import annotations

from tallymark.catalog import Catalog
from tallymark.errors import Fault, FaultError
from tallymark.hookspecs import Check
from tallymark.plugins import Plugins, isolated


def lint(catalog: Catalog, plugins: Plugins) -> tuple[Fault, ...]:
    """What the checks find. One that fails is a fault of its plugin, and keeps no other from running."""
    found: list[Fault] = []
    for name, check in plugins.checks.items():
        giver = plugins.giver("checks", name) or ""
        try:
            with isolated(giver, f"in its check `{name}`"):
                found += [_owned(f, giver, name) for f in _run(check, catalog)]
        except FaultError as error:
            found += error.faults
    return tuple(found)


def _run(check: Check, catalog: Catalog) -> list[Fault]:
    found = list(check.run(catalog))
    other = next((f for f in found if not isinstance(f, Fault)), None)
    if other is not None:
        raise TypeError(f"a check gives faults, not {type(other).__name__}")
    return found


def _owned(fault: Fault, plugin: str, check: str) -> Fault:
    """The fault, if its code is the plugin's own; else one that says it is not."""
    if fault.code.startswith(f"{plugin}.") and len(fault.code) > len(plugin) + 1:
        return fault
    message = f"the check `{check}` gives a fault with the code `{fault.code[:60]}`: {fault.message}"
    help_ = f"the codes of a plugin begin with its name: `{plugin}.…`"
    return Fault("P717", message, fault.place, help_, fault.subject, fault.severity)
