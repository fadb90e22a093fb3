"""What every definition is made of: places, texts by language, formulas, units as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tallymark.formula.nodes import Node
from tallymark.place import Place, Written
from tallymark.units import Measure

NOWHERE = Place("<none>")
EMPTY: Mapping[str, Any] = MappingProxyType({})

Texts = Mapping[str, str]
"""A text by language: `{"en": …, "fr": …, "ro": …}`. A plain string in YAML is the text in the project's language."""


def in_language(texts: Texts, language: str) -> str:
    """The text in `language`, else in English, else any, else an empty one."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as written and as parsed. `node` is None when the text did not parse (the fault is reported)."""

    written: Written
    node: Node | None

    @property
    def text(self) -> str:
        return self.written.text


@dataclass(frozen=True, slots=True)
class UnitDef:
    """A unit as written: `percent` is name only; `money: EUR` and `duration: ms` have a detail too.

    A plugin's unit comes with its `measure`, and the `scale` that brings stored values to it.
    """

    name: str
    detail: str | None = None
    place: Place = NOWHERE
    measure: Measure | None = None
    scale: float = 1.0
