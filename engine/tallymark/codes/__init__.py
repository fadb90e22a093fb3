"""Every fault code and the kind of mistake it stands for: a module for each family, the first letter of its codes.

A code keeps its meaning once released. Plugins of others choose codes of their own families; those of the built-in
ones are here with the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tallymark.codes import (
    data,
    landing,
    names_and_types,
    plugins,
    questions,
    reading,
    rules,
    syntax,
    trials,
    units,
)

FAMILIES = (
    reading.CODES,
    syntax.CODES,
    names_and_types.CODES,
    units.CODES,
    data.CODES,
    landing.CODES,
    questions.CODES,
    plugins.CODES,
    rules.CODES,
    trials.CODES,
)

CODES: Mapping[str, str] = MappingProxyType(dict(sorted(entry for codes in FAMILIES for entry in codes.items())))
"""The meaning of every code, by code."""
