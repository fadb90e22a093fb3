"""Values as readers see them, each written when somebody looks: most of a long history is never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.answer import AnswerColumn
from tallymark.show.numbers import number
from tallymark.show.sheet import text_of


@dataclass(slots=True, eq=False)
class Shown(Mapping[str, str]):
    """The texts of `known` values, by the same names. `columns` say how each is measured, `locale` the language."""

    known: Mapping[str, Any]
    columns: Mapping[str, AnswerColumn]
    locale: str
    written: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        if name not in self.written:
            self.written[name] = _text(self.known[name], self.columns[name], self.locale)
        return self.written[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def __repr__(self) -> str:
        return repr(dict(self))


def _text(value: Any, column: AnswerColumn, locale: str) -> str:
    for band in column.bands:
        if band.name == value:
            return text_of(band.label)
    if column.type.numeric:
        return number(value, column.unit, column.type, decimals=column.decimals, locale=locale)
    return text_of(value)
