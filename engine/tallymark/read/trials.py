"""Tests of metrics: what goes in, what is asked, what must come out.

What is wrong with a test beyond its shape is kept in it: such a test fails, and nothing else of the project suffers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from typing import Any

from tallymark.definitions.trials import Cell, ExpectDef, InputsDef, RowsDef, Series, TrialDef, Word
from tallymark.definitions.words import NOWHERE
from tallymark.errors import Fault
from tallymark.json_keys.trials import OTHERS
from tallymark.place import Place
from tallymark.read.values import Reading, by_language, entries, named, text, texts, truth
from tallymark.yaml_text import Entries, Items, Page, Scalar, Value, resolved

GAP = "_"
"""What stands for no value in a series."""

_WRITTEN = {GAP: None, "true": True, "false": False}
"""What a series may hold beside numbers."""
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LISTS = ("metrics", "by", "order", "compare", "having")
_WORDS = ("sparse", "like_for_like", "share", "rank", "other", "total", "bands", "target")


def trial(key: Scalar, value: Value, reading: Reading) -> TrialDef | None:
    """A test; None, and a fault, when it has no name or is no mapping."""
    if not named(key, "test", reading, bare=False) or not isinstance(value, Entries):
        return None
    making = _Making(f"test `{key.text}`")
    rule = _word(value.get("rule"))
    return TrialDef(
        name=key.text,
        why=by_language(value.get("why"), reading),
        rows={dataset.text: making.rows(said) for dataset, said in entries(value.get("rows"))},
        rows_of=_word(value.get("rows_of")),
        others=_one_of(text(value.get("others")), *OTHERS),
        metrics=making.inputs(value.get("metrics")),
        rule=rule,
        start=_word(value.get("from")),
        ask=dict(making.asked(value.get("ask"))),
        expect=making.expected(value.get("expect"), of_rule=rule is not None),
        within=making.within(value.get("within")),
        some=truth(value.get("some"), False),
        only_nulls=truth(value.get("only_nulls"), False),
        notes=texts(value.get("notes")),
        fault=_word(value.get("fault")),
        faults=tuple(making.faults),
        pack=reading.pack,
        place=key.place(),
        ask_place=(value.key("ask") or key).place(),
    )


def word_of(written: str, place: Place = NOWHERE) -> Word:
    """What a text means that nobody has quoted, as a value of CSV."""
    return Word(written, resolved(Scalar(_NO_PAGE, written, "", 0, 0)), place)


_NO_PAGE = Page.of("", "")


def rows_of_csv(written: str, place: Place) -> tuple[Cell, ...]:
    """The rows of a CSV text, headed by the names of columns. Raises ValueError saying what is wrong with it."""
    try:
        lines = [line for line in csv.reader(StringIO(written.strip("\n")), strict=True) if line]
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if not lines:
        raise ValueError("it has no line with the names of columns")
    heading = [name.strip() for name in lines[0]]
    if len(set(heading)) < len(heading) or "" in heading:
        raise ValueError("its first line names each column once")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(heading):
            raise ValueError(f"line {number} has {len(line)} values, the first one names {len(heading)} columns")
    return tuple(
        {name: word_of(value.strip(), place) for name, value in zip(heading, line, strict=True)} for line in lines[1:]
    )


@dataclass(slots=True)
class _Making:
    """What is said of one test, with what is wrong in it."""

    subject: str
    faults: list[Fault] = field(default_factory=list)

    def _fault(self, code: str, message: str, at: Value, help_: str | None = None) -> None:
        self.faults.append(Fault(code, message, at.place(), help_, self.subject))

    def rows(self, value: Value) -> RowsDef:
        """Rows written out, as CSV, or in a file."""
        if isinstance(value, Entries):
            return RowsDef(file=text(value.get("file")), place=value.place())
        if isinstance(value, Scalar):
            try:
                return RowsDef(rows_of_csv(value.text, value.place()), place=value.place())
            except ValueError as error:
                help_ = "the first line names the columns, each further one is a row"
                self._fault("E112", f"this is no CSV: {error}", value, help_)
                return RowsDef(place=value.place())
        return RowsDef(tuple(self._cells(value)), place=value.place())

    def _cells(self, value: Value) -> Iterator[Cell]:
        for item in value.items if isinstance(value, Items) else ():
            if isinstance(item, Entries):
                yield self._cell(item)

    def _cell(self, value: Entries) -> Cell:
        found = {}
        for key, said in entries(value):
            if isinstance(said, Scalar):
                found[key.text] = Word(said.text, resolved(said), said.place())
            else:
                self._fault("E109", f"`{key.text[:60]}` has several values", said, "write one value")
        return found

    def inputs(self, value: Value | None) -> InputsDef | None:
        """Values of metrics."""
        if isinstance(value, Items):
            return InputsDef(cells=tuple(self._cells(value)), place=value.place())
        if not isinstance(value, Entries):
            return None
        single: dict[str, Word] = {}
        series: dict[str, Series] = {}
        for key, said in entries(value):
            if isinstance(said, Entries):
                of = {instance.text: self._series(one) for instance, one in entries(said)}
                series[key.text] = {name: words for name, words in of.items() if words is not None}
            elif isinstance(said, Scalar) and isinstance(resolved(said), str):
                series[key.text] = {None: self._series(said) or ()}
            elif isinstance(said, Scalar):
                single[key.text] = Word(said.text, resolved(said), said.place())
            else:
                self._fault("E109", f"`{key.text[:60]}` has a list of values", said, "write `'100 101 _ 99'`")
        places = {key.text: key.place() for key, _ in entries(value)}
        return InputsDef(single, series, place=value.place(), places=places)

    def _series(self, value: Value) -> tuple[Word, ...] | None:
        """The values of a series, one a period."""
        found = []
        for part in (text(value) or "").split():
            if part not in _WRITTEN and not _NUMBER.fullmatch(part):
                message = f"`{part[:60]}` is no number, and neither `true` nor `false`"
                bare = "write `4%` as `4`; " if part.endswith("%") else ""
                self._fault("E109", message, value, f"{bare}`{GAP}` stands for no value")
                return None
            found.append(Word(part, _WRITTEN[part] if part in _WRITTEN else _number(part), value.place()))
        if not found:
            self._fault("E109", "a series without values", value, "write `'100 101 _ 99'`")
        return tuple(found) or None

    def asked(self, value: Value | None) -> Iterator[tuple[str, Any]]:
        """What a question takes."""
        for key, said in entries(value):
            if key.text in _LISTS:
                yield key.text, texts(said)
            elif key.text in _WORDS:
                yield key.text, truth(said, False)
            elif key.text == "limit":
                number = resolved(said) if isinstance(said, Scalar) else None
                yield key.text, number if isinstance(number, int) else None
            elif key.text == "parameters":
                yield key.text, {k.text: texts(v) if isinstance(v, Items) else text(v) for k, v in entries(said)}
            else:
                yield key.text, text(said)

    def expected(self, value: Value | None, of_rule: bool) -> ExpectDef | None:
        """Cells; of a rule states and notifications."""
        if isinstance(value, Items):
            return ExpectDef(tuple(self._expected_cell(i) for i in value.items if isinstance(i, Entries)),
                             place=value.place())  # fmt: skip
        if not isinstance(value, Entries):
            return None
        if not of_rule:
            return ExpectDef((self._expected_cell(value),), place=value.place())
        return self._expected_of_rule(value)

    def _expected_cell(self, value: Entries) -> Cell:
        for key, said in entries(value):
            if isinstance(said, Scalar) and said.absent:
                self._fault("E109", f"nothing is expected of `{key.text[:60]}`", key, "write a value, or `null`")
        return self._cell(value)

    def _expected_of_rule(self, value: Entries) -> ExpectDef:
        for key, _ in entries(value):
            if key.text not in ("states", "notifications"):
                help_ = "of a rule, `states` and `notifications` are expected"
                self._fault("E109", f"`{key.text[:60]}` is nothing that a rule gives", key, help_)
        said, told = value.get("states"), value.get("notifications")
        states: dict[str | None, tuple[Word, ...]] = {}
        if isinstance(said, Entries):
            states |= {instance.text: _split(one) for instance, one in entries(said)}
        elif isinstance(said, Scalar):
            states[None] = _split(said)
        cells = tuple(self._cells(told)) if isinstance(told, Items) else None
        return ExpectDef((), states, cells, value.place())

    def within(self, value: Value | None) -> Decimal | None:
        """A tolerance, not below zero."""
        found = resolved(value) if isinstance(value, Scalar) else None
        if value is None or isinstance(found, bool) or not isinstance(found, int | Decimal):
            return None
        if found < 0:
            self._fault("E109", "`within` is below zero", value, "write how far a number may be off, as `0.01`")
        return Decimal(found)


def _split(value: Value) -> tuple[Word, ...]:
    return tuple(Word(part, part, value.place()) for part in (text(value) or "").split())


def _number(written: str) -> int | Decimal:
    return int(written) if written.lstrip("+-").isdigit() else Decimal(written)


def _word(value: Value | None) -> Word | None:
    return Word(value.text, resolved(value), value.place()) if isinstance(value, Scalar) and text(value) else None


def _one_of(found: str | None, *options: str) -> str | None:
    return found if found in options else None


__all__ = ["rows_of_csv", "trial", "word_of"]
