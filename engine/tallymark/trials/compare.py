"""An answer held against the cells that a test expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from math import isclose, isfinite
from typing import Any
from zoneinfo import ZoneInfo

from tallymark.answer import Answer, AnswerColumn
from tallymark.catalog import Catalog
from tallymark.definitions.trials import Cell, TrialDef, Word
from tallymark.errors import Fault, did_you_mean
from tallymark.kinds import Type
from tallymark.show.raw import raw
from tallymark.trials.results import Difference

MOST_WRONG = 1e-9
"""How far a double may be from the expected number, relative to it; whole numbers and decimals are exact."""

NEAR_ZERO = 1e-12
"""How far a double may be from an expected 0."""

PERIOD = "period"

Key = tuple[str | None, ...]


@dataclass
class Compared:
    """One answer, one test. `faults` are mistakes in what the test expects."""

    trial: TrialDef
    answer: Answer
    catalog: Catalog

    def __post_init__(self) -> None:
        self.faults: list[Fault] = []

    @property
    def cells(self) -> tuple[Cell, ...]:
        return self.trial.expect.cells if self.trial.expect is not None else ()

    @cached_property
    def keys(self) -> tuple[AnswerColumn, ...]:
        """The columns that tell cells apart."""
        return tuple(c for c in self.answer.columns if c.keyed)

    @cached_property
    def columns(self) -> Mapping[str, AnswerColumn]:
        """The columns of numbers, bands and targets by each name that cells may give them."""
        found = {c.name: c for c in self.answer.columns if not c.keyed}
        asked = self.answer.query.metrics
        plain = [c for c in self.answer.columns if c.role == "metric"]
        if len(asked) == len(plain):
            found = {**dict(zip(asked, plain, strict=True)), **found}
        return found

    def metrics(self) -> tuple[str, ...]:
        """The metrics of which a value is expected that is not null."""
        named = {c.name: None for cell in self.cells for name, word in cell.items()
                 if word.value is not None and (c := self.columns.get(name)) is not None}  # fmt: skip
        return tuple(name for name in named if name in self.catalog.metrics)

    def differences(self) -> tuple[Difference, ...]:
        """All that differs, in the order of the expected cells; cells nobody expects last."""
        expected = self._expected()
        self._require_assertions()
        if self.faults:
            return ()
        answered = {self._key_of(row): row for row in self.answer.to_dicts()}
        found = [d for key, cell in expected.items() for d in self._cell(key, cell, answered)]
        if not self.trial.some and self.trial.expect is not None:
            found += [self._unexpected(key, row) for key, row in answered.items() if key not in expected]
        return (*found, *self._notes())

    # --- what is expected ------------------------------------------------------------------------------------------

    def _expected(self) -> dict[Key, Cell]:
        found: dict[Key, Cell] = {}
        for cell in self.cells:
            place = next((w.place for w in cell.values()), self.trial.place)
            for name, word in cell.items():
                if name not in self.columns and name not in (c.name for c in self.keys):
                    help_ = did_you_mean(name, [*self.columns, *(c.name for c in self.keys)])
                    self.faults.append(Fault("E109", f"the answer has no column `{name[:60]}`", word.place, help_))
            missing = [c.name for c in self.keys if c.name not in cell]
            if missing:
                message = f"the cell does not say which `{missing[0]}` it is of"
                first = next(iter(self.answer.periods.values()), "2024-01")
                help_ = f"write `[{{period: {first}, …}}, …]`" if missing[0] == PERIOD else None
                help_ = help_ or f"write `{missing[0]}: …`, `null` for none"
                self.faults.append(Fault("E109", message, place, help_))
                continue
            key = tuple(self._word(c, cell[c.name]) for c in self.keys)
            if key in found:
                self.faults.append(Fault("E110", "the same cell is expected twice", place))
            found[key] = cell
        return found

    def _require_assertions(self) -> None:
        """Cells that say nothing of a metric, or nothing but null, assert nothing."""
        words = [w for cell in self.cells for name, w in cell.items() if name in self.columns]
        place = self.trial.expect.place if self.trial.expect is not None else self.trial.place
        if self.cells and not words:
            self.faults.append(Fault("E101", "the test asserts nothing: its cells expect no number", place))
        elif words and all(w.value is None for w in words) and not self.trial.only_nulls:
            help_ = "say `only_nulls: true` if that is meant"
            self.faults.append(Fault("E108", "the test expects nothing but nulls", place, help_))
        elif self.trial.only_nulls and any(w.value is not None for w in words):
            self.faults.append(Fault("E108", "`only_nulls: true`, and a value is expected", place, "leave it out"))

    def _word(self, column: AnswerColumn, word: Word) -> str | None:
        """What is written of a column that tells cells apart, as `_value` writes what is answered."""
        if word.value is None:
            return None
        labels = {label.casefold(): start for start, label in self.answer.periods.items()}
        if column.role == "period" or column.grain:
            start = labels.get(word.text.strip().casefold())
            return _plain(start) if start is not None else self._moment(column, word)
        if column.type.numeric and isinstance(word.value, int | Decimal):
            return _plain(Decimal(word.value))
        if column.type in (Type.TIMESTAMP, Type.INSTANT):
            return self._moment(column, word)
        return word.text.lower() if column.type is Type.BOOLEAN else word.text

    def _moment(self, column: AnswerColumn, word: Word) -> str:
        """A day or time as written, in the form of answers; one without a zone is in the question's."""
        try:
            found = datetime.fromisoformat(word.text.strip())
        except ValueError:
            return word.text.strip()
        if column.type is Type.DATE:
            return found.date().isoformat()
        if column.type is Type.INSTANT:
            zone = ZoneInfo(self.answer.timezone)
            found = found.astimezone(zone) if found.tzinfo is not None else found.replace(tzinfo=zone)
        return str(_plain(found))

    def _key_of(self, row: Mapping[str, Any]) -> Key:
        return tuple(_plain(row[c.name]) for c in self.keys)

    # --- what is answered ------------------------------------------------------------------------------------------

    def _cell(self, key: Key, cell: Cell, answered: Mapping[Key, Mapping[str, Any]]) -> Iterator[Difference]:
        shown = self._shown(key)
        row = answered.get(key)
        place = next((w.place for w in cell.values()), self.trial.place)
        if row is None:
            fault = Fault("E131", f"no cell {_named(shown)} came out", place, _listed_cells(answered))
            yield Difference(shown, "cell", "there", "not there", fault)
            return
        for name, word in cell.items():
            if name in self.columns:
                value = row[self.columns[name].name]
                if not agrees(word, value, self.trial.within):
                    yield self._differs(shown, name, word, value)

    def _differs(self, shown: Mapping[str, str], name: str, word: Word, value: Any) -> Difference:
        expected, actual = "null" if word.value is None else word.text, _shown_value(value)
        at = f" {_named(shown)}" if shown else ""
        message = f"`{name}`{at} is {actual}, expected {expected}"
        return Difference(shown, name, expected, actual, Fault("E130", message, word.place))

    def _unexpected(self, key: Key, row: Mapping[str, Any]) -> Difference:
        shown = self._shown(key)
        values = ", ".join(f"{c.name}: {_shown_value(row[c.name])}" for c in self.columns.values())
        place = self.trial.expect.place if self.trial.expect is not None else self.trial.place
        help_ = "expect it too, or say `some: true` where only some cells are told"
        fault = Fault("E132", f"a cell {_named(shown) or 'came out that'} is not expected: {values}", place, help_)
        return Difference(shown, "cell", "not there", values, fault)

    def _notes(self) -> Iterator[Difference]:
        notes = " · ".join(self.answer.notes)
        for wanted in self.trial.notes:
            if wanted.casefold() not in notes.casefold():
                message = f"no note says `{wanted[:80]}`"
                yield Difference({}, "note", wanted, notes or "none", Fault("E133", message, self.trial.place))

    def _shown(self, key: Key) -> dict[str, str]:
        starts = {_plain(start): label for start, label in self.answer.periods.items()}
        return {
            c.name: "null" if v is None else starts.get(v, v) if c.role == "period" or c.grain else v
            for c, v in zip(self.keys, key, strict=True)
        }


def agrees(word: Word, value: Any, within: Decimal | None) -> bool:
    """Whether a value is the expected one."""
    if word.value is None or value is None:
        return word.value is None and value is None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return word.text.strip().replace(" ", "T").lower() == (_plain(value) or "").replace(" ", "T").lower() if (
            not isinstance(value, str)) else word.text == value  # fmt: skip
    if isinstance(word.value, bool):
        return False
    try:
        wanted = Decimal(word.text)
    except ArithmeticError:
        return False
    if not wanted.is_finite() or not isfinite(value):
        return False
    if within is not None:
        return abs(Decimal(str(value)) - wanted) <= within
    if isinstance(value, float):
        return isclose(float(wanted), value, rel_tol=MOST_WRONG, abs_tol=NEAR_ZERO if wanted == 0 else 0.0)
    return wanted == value


def _plain(value: Any) -> str | None:
    """A value of a dimension as the text by which cells are found."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal | float):
        number = Decimal(str(value))
        return format(number.normalize() + 0, "f")
    if isinstance(value, datetime):
        # An instant has many ways to be written, and one in UTC.
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _shown_value(value: Any) -> str:
    return "null" if value is None else raw(value)


def _named(shown: Mapping[str, str]) -> str:
    return ", ".join(f"{name} `{value}`" for name, value in shown.items())


def _listed_cells(answered: Mapping[Key, Any]) -> str:
    if not answered:
        return "the answer has no cells at all"
    cells = ["(" + ", ".join("null" if v is None else v for v in key) + ")" for key in list(answered)[:5]]
    return f"there are {', '.join(cells)}{', …' if len(answered) > 5 else ''}"
