"""The rows of one test, typed: written out or in files, its own and those of a test it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tallymark.definitions.trials import Cell, RowsDef, TrialDef, Word
from tallymark.errors import Fault, did_you_mean
from tallymark.place import Place
from tallymark.read.files import read_file
from tallymark.read.trials import rows_of_csv
from tallymark.trials.layout import Layout, Shelf
from tallymark.trials.values import value_of

REPEAT = "repeat"
"""In a row: how many rows it stands for; `{n}` in its texts is 1, 2, 3 …"""

MOST_ROWS = 100_000
"""Rows that one dataset of a test may have."""

Row = dict[str, Any]


def with_files(trials: Iterable[TrialDef], folder: Path | None) -> dict[str, TrialDef]:
    """The tests by name, the rows of files in place of their names. A file lies in the project's folder."""
    return {trial.name: _with_files(trial, folder) for trial in trials}


def _with_files(trial: TrialDef, folder: Path | None) -> TrialDef:
    if all(said.file is None for said in trial.rows.values()):
        return trial
    rows, faults = dict(trial.rows), list(trial.faults)
    for dataset, said in trial.rows.items():
        read = _read(said.file, said.place, folder) if said.file is not None else said
        if isinstance(read, Fault):
            faults.append(read.within(f"test `{trial.name}`"))
        else:
            rows[dataset] = read
    return replace(trial, rows=rows, faults=tuple(faults))


def _read(name: str, place: Place, folder: Path | None) -> RowsDef | Fault:
    if folder is None:
        return Fault("E112", "tests of packs have no files", place, "write the rows out")
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        inside = path.is_relative_to(root) and not Path(name).is_absolute()
    except (OSError, ValueError):
        inside, path = False, folder
    if not inside:
        return Fault("E112", f"`{name[:60]}` is not in the project's folder", place, "write it as seen from there")
    read = read_file(path)
    if read.fault is not None:
        said = read.fault.message.replace(path.as_posix(), name)
        return Fault("E112", said, place, "a file of CSV in the project's folder, as `tests/orders.csv`")
    try:
        return RowsDef(rows_of_csv(read.content.decode("utf-8-sig"), place), place=place)
    except (UnicodeDecodeError, ValueError) as error:
        return Fault("E112", f"`{name[:60]}` is no CSV in UTF-8: {error}", place)


@dataclass(slots=True)
class Rows:
    """Puts together the rows of one test, and keeps what is wrong with them."""

    layout: Layout
    trials: Mapping[str, TrialDef]
    zone: str
    faults: list[Fault] = field(default_factory=list)

    def of(self, trial: TrialDef) -> dict[str, list[Row]]:
        """The rows by dataset, with those that `others: keys` adds."""
        found: dict[str, list[Row]] = {}
        for dataset, said in self._said(trial).items():
            shelf = self.layout.shelves.get(self.layout.named(dataset))
            if shelf is None:
                self.faults.append(self.layout.unknown(dataset, None, said.place))
                continue
            name = self.layout.named(dataset)
            if name in found:
                self.faults.append(Fault("E104", f"`{dataset}` and another name give rows of `{name}`", said.place))
            found[name] = self._rows(said, shelf)
        if trial.others == "keys" and not self.faults:
            self._add_keys(found)
        return found

    def _said(self, trial: TrialDef) -> dict[str, RowsDef]:
        """The rows as written, those of the test named by `rows_of` before its own."""
        found: dict[str, RowsDef] = {}
        seen, here = {trial.name}, trial
        chain = [trial]
        while here.rows_of is not None:
            name = here.rows_of.text
            if name in seen or name not in self.trials:
                help_ = None if name in seen else did_you_mean(name, self.trials)
                what = "the tests take their rows from one another" if name in seen else f"unknown test `{name[:60]}`"
                self.faults.append(Fault("E102", what, here.rows_of.place, help_))
                break
            seen.add(name)
            here = self.trials[name]
            chain.append(here)
        for each in reversed(chain):
            found |= each.rows
        return found

    def _rows(self, said: RowsDef, shelf: Shelf) -> list[Row]:
        rows = []
        for row in self._written_out(said.rows, shelf, said.place):
            made = self._row(row, shelf)
            if len(self.faults) > 20:
                break
            rows.append(made)
        return rows

    def _written_out(self, rows: Iterable[Cell], shelf: Shelf, place: Place) -> Iterator[Cell]:
        """The rows, those that stand for several written out."""
        count = 0
        for row in rows:
            times = row.get(REPEAT) if shelf.stored_as(REPEAT) is None or shelf.open else None
            if times is None:
                yield row
                continue
            number = times.value
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST_ROWS - count:
                message = f"`{REPEAT}` is how many rows it stands for, at most {MOST_ROWS:,} in all"
                self.faults.append(Fault("E106", message, times.place))
                continue
            count += number
            plain = {name: word for name, word in row.items() if name != REPEAT}
            for n in range(1, number + 1):
                yield {name: _numbered(word, n) for name, word in plain.items()}

    def _row(self, row: Cell, shelf: Shelf) -> Row:
        made: Row = {}
        for column, word in row.items():
            name = shelf.stored_as(column)
            if name is None:
                self.faults.append(_no_column(column, word, shelf))
                continue
            kind = shelf.types.get(name)
            if kind is None:  # no test gives a value of it
                continue
            try:
                made[name] = value_of(word, kind, self.zone)
            except ValueError as error:
                message = f"{error}, which `{shelf.definition.name}.{column}` takes"
                self.faults.append(Fault("E106", message, word.place))
        return made

    def _add_keys(self, found: dict[str, list[Row]]) -> None:
        """A row with its key alone for each that a given row refers to, in datasets that are not given."""
        given = set(found)
        for name in sorted(given):
            for reference in self.layout.shelves[name].definition.refs.values():
                target = self.layout.shelves.get(self.layout.named(reference.dataset))
                if target is None or target.definition.name in given or target.definition.key is None:
                    continue
                key = target.stored_as(target.definition.key)
                held = self.layout.shelves[name].stored_as(reference.column)
                if key is None or held is None or key not in target.types:
                    continue
                rows = found.setdefault(target.definition.name, [])
                known = {row[key] for row in rows}
                named = dict.fromkeys(row.get(held) for row in found[name])
                rows += [{key: value} for value in named if value is not None and value not in known]


def _numbered(word: Word, n: int) -> Word:
    if not isinstance(word.value, str) or "{n}" not in word.text:
        return word
    text = word.text.replace("{n}", str(n))
    return Word(text, text, word.place)


def _no_column(column: str, word: Word, shelf: Shelf) -> Fault:
    name = shelf.definition.name
    if column in shelf.computed:
        message, help_ = f"`{name}.{column[:60]}` is computed", "give the columns that its formula reads"
        return Fault("E105", message, word.place, help_)
    return Fault("E105", f"`{name}` has no column `{column[:60]}`", word.place, did_you_mean(column, shelf.stored))
