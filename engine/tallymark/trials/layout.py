"""Which columns the datasets of a project have in its tests, and of which types: nobody looks at the data for it.

A column is of its declared type, or of the pack's whose dataset it implements; otherwise of the type that holds all
values that tests give it. What no test gives and nobody declares is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tallymark.check.joining import Joined, join_all
from tallymark.check.tables import wanted_type
from tallymark.definitions import DatasetDef, Definitions
from tallymark.definitions.trials import TrialDef, Word
from tallymark.errors import Fault, did_you_mean
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.trials.values import type_of


@dataclass(frozen=True, slots=True)
class Shelf:
    """A dataset whose rows tests may give. `stored` names its columns as tests do, each with its name in the table.

    `open` says that the table may have further columns, `computed` are those that formulas give; `types` are by the
    names in the table.
    """

    definition: DatasetDef
    stored: Mapping[str, str]
    computed: frozenset[str]
    open: bool
    types: Mapping[str, Type] = field(default_factory=dict)

    def stored_as(self, column: str) -> str | None:
        """What the table calls a column; None when it has none of that name."""
        return self.stored.get(column, column if self.open and column not in self.computed else None)


@dataclass(frozen=True, slots=True)
class Layout:
    """The datasets of a project, by the names that formulas know them by. `aliases` are other names of theirs."""

    shelves: Mapping[str, Shelf]
    aliases: Mapping[str, str]
    made: frozenset[str]
    """Datasets that a transform makes."""

    def named(self, dataset: str) -> str:
        """The name of a dataset that may have two."""
        return self.aliases.get(dataset, dataset)

    def unknown(self, name: str, at: Word | None, place: Place | None) -> Fault:
        """Why a dataset cannot be given rows."""
        where = at.place if at is not None else place
        if self.named(name) in self.made:
            help_ = "give rows of the datasets that it is made of"
            return Fault("E104", f"`{name[:60]}` is made by a transform", where, help_)
        help_or = did_you_mean(name, [*self.shelves, *self.aliases])
        return Fault("E104", f"unknown dataset `{name[:60]}`", where, help_or)


def layout_of(definitions: Definitions, trials: Iterable[TrialDef]) -> Layout:
    """The datasets that tests may give, typed by their definitions and by what all the tests give."""
    joined = join_all(definitions, [])
    aliases = {item.alias: name for name, item in joined.items() if item.alias}
    made = frozenset(name for name, item in joined.items() if item.definition.transform is not None)
    shelves = {name: _shelf(item) for name, item in joined.items() if name not in made}
    given: dict[tuple[str, str], list[Word]] = {}
    for trial in trials:
        for dataset, said in trial.rows.items():
            shelf = shelves.get(aliases.get(dataset, dataset))
            for row in said.rows if shelf is not None else ():
                for column, word in row.items():
                    name = shelf.stored_as(column) if shelf is not None else None
                    if name is not None:
                        given.setdefault((aliases.get(dataset, dataset), name), []).append(word)
    return Layout({name: _typed(name, shelf, given) for name, shelf in shelves.items()}, aliases, made)


def _shelf(item: Joined) -> Shelf:
    definition = item.definition
    stored = {c.name: c.column or c.name for c in definition.columns.values() if c.formula is None}
    named = [definition.key, definition.time, *(definition.valid or ()), *(r.column for r in definition.refs.values())]
    named += [c.currency for c in definition.columns.values()]
    computed = frozenset(c.name for c in definition.columns.values() if c.formula is not None)
    read = set(stored.values())
    more = {c: c for c in named if c is not None and c not in definition.columns and c not in read}
    return Shelf(definition, stored | more, computed, open=not stored)


def _typed(name: str, shelf: Shelf, given: Mapping[tuple[str, str], list[Word]]) -> Shelf:
    declared = {
        c.column or c.name: kind
        for c in shelf.definition.columns.values()
        if c.formula is None and (kind := wanted_type(c)) is not None
    }
    shown = {column: kind for (dataset, column), words in given.items()
             if dataset == name and (kind := type_of(words)) is not None}  # fmt: skip
    return Shelf(shelf.definition, shelf.stored, shelf.computed, shelf.open, {**shown, **declared})
