"""A project's definitions on rows that tests give: a book that can read nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tallymark.definitions import DatasetDef, Definitions, SourceDef
from tallymark.definitions.trials import TrialDef
from tallymark.engine.book import Book
from tallymark.given import Given
from tallymark.plugins import Plugins
from tallymark.trials.layout import Layout, layout_of
from tallymark.trials.tables import KIND, Tables


@dataclass(frozen=True, slots=True)
class Stage:
    """A book, the tables it reads, and the datasets that they may be of."""

    book: Book
    tables: Tables
    layout: Layout


def staged(definitions: Definitions, plugins: Plugins, trials: Iterable[TrialDef]) -> Stage:
    """The book of some definitions in which every dataset, those of packs that nobody implements included, has the rows
    of a test. No source of the project is in it, and no folder.
    """
    moved = _moved(definitions)
    layout = layout_of(moved, trials)
    tables = Tables({name: shelf.types for name, shelf in layout.shelves.items()})
    kinds = Given({**plugins.sources, KIND: tables.kind()}, plugins.sources.lacking)
    return Stage(Book(moved, replace(plugins, sources=kinds), {}, ()), tables, layout)


def _moved(definitions: Definitions) -> Definitions:
    datasets = {name: _on_tables(d) for name, d in definitions.datasets.items()}
    taken = {d.implements for d in datasets.values()} | datasets.keys()
    for name in definitions.canonical:
        if name not in taken:
            datasets[name] = DatasetDef(name, source=KIND, table=name, implements=name)
    project = replace(definitions.project, folder="", as_of=None)
    rules = {name: replace(rule, notify=()) for name, rule in definitions.rules.items()}
    return replace(
        definitions, project=project, datasets=datasets, sources={KIND: SourceDef(KIND, KIND)}, rules=rules,
        notifiers={},
    )  # fmt: skip


def _on_tables(dataset: DatasetDef) -> DatasetDef:
    if dataset.transform is not None:
        return dataset
    columns = {name: replace(c, format={}) for name, c in dataset.columns.items()}
    return replace(dataset, source=KIND, table=dataset.name, columns=columns, format={})
