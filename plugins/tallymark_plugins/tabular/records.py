"""The records of a delimited file as a patient reader sees them: for headers, for finding rows, for explaining faults.

DuckDB loads the data, in parallel; this reader walks a file only as far as needed, and knows lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tallymark.errors import Fault, FaultError
from tallymark.place import Place
from tallymark_plugins.tabular.formats import TextFormat
from tallymark_plugins.tabular.opening import open_text
from tallymark_plugins.tabular.staged import Spot

# Python's own limit of 128 KiB a field is less than what ticket systems export.
csv.field_size_limit(1 << 30)

_SAMPLE = 1 << 16
_CANDIDATES = (",", ";", "\t", "|")
_NOTHING = " \t\u00a0\x1a"
"""A line of these alone is no record; the last is DOS's end of file."""


@dataclass(frozen=True, slots=True)
class Head:
    """How a delimited file begins: its delimiter, its columns' names, and the number of lines before its first row."""

    delimiter: str
    names: tuple[str, ...]
    lines: int
    simple: bool
    """Whether the header is one line, so that the rows can be found by skipping lines."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its fields, the line it starts on (from 1) and that line's text."""

    fields: list[str]
    line: int
    text: str


class _Lines:
    """The lines of a text, counted, with the first line of the record being read."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.count = 0
        self.first = ""
        self.fresh = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.count += 1
        if self.fresh:
            self.first, self.fresh = line.rstrip("\r\n"), False
        return line


def head_of(path: Path, form: TextFormat, shown: str) -> Head:
    """How the file begins. Raises FaultError: D415 an empty file, D416 undecodable bytes."""
    with open_text(path, form.encoding, shown) as stream:
        skipped = sum(1 for _ in zip(range(form.skip), stream, strict=False))
        sample = stream.read(_SAMPLE)
    if not sample.strip("\r\n" + _NOTHING):
        after = f" after the first {skipped} lines" if skipped else ""
        message = f"{shown} is empty{after}"
        raise FaultError(Fault("D415", message, Place(shown), help="a file of no rows still has a header"))
    if sample.count("\0") * 4 > len(sample) or "\0" in sample.partition("\n")[0]:
        help_line = "declare `encoding: utf-16-le` or `utf-16-be` in the format, if it is that"
        raise FaultError(Fault("D416", f"{shown} is no {form.encoding} text: it holds NULs", Place(shown), help_line))
    delimiter = form.delimiter or _delimiter(sample, form, path)
    lines = _Lines(io.StringIO(sample, newline=""))
    fields = next((row for row in _reader(lines, delimiter, form, strict=False) if _is_record(row)), [])
    if not form.header:
        return Head(delimiter, tuple(f"column_{i}" for i in range(1, len(fields) + 1)), form.skip, True)
    names = tuple(name.strip().strip("\ufeff").strip() for name in fields)
    simple = not any("\n" in name or "\r" in name for name in fields)
    return Head(delimiter, names, form.skip + lines.count, simple)


def records(path: Path, form: TextFormat, head: Head, shown: str) -> Iterator[Record]:
    """The records after the header, blank lines left out. Raises FaultError: D416 undecodable bytes, D432 quotes that
    do not close or are followed by text.
    """
    with open_text(path, form.encoding, shown) as stream:
        lines = _Lines(stream)
        for _ in zip(range(form.skip), stream, strict=False):
            lines.count += 1
        header_pending = form.header
        rows = _reader(lines, head.delimiter, form, strict=True)
        while True:
            start, lines.fresh = lines.count + 1, True
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise FaultError(_quoting(error, start, lines, shown)) from error
            if not _is_record(fields):
                continue
            if header_pending:
                header_pending = False
                continue
            yield Record(fields, start, lines.first)


def find(path: Path, form: TextFormat, head: Head, shown: str, position: int, index: int, value: str) -> Spot:
    """Where the record at `position` (from 0) stands. Its field `index` must be `value`; if it is not, the two readers
    have counted differently, and only the record's number is told.
    """
    for at, record in enumerate(records(path, form, head, shown)):
        if at == position:
            if index < len(record.fields) and record.fields[index] == value:
                return Spot(shown, position + 1, record.line, record.text, _column(record, index))
            break
    return Spot(shown, position + 1)


def _column(record: Record, index: int) -> int | None:
    """Where in its line a field begins, from 1; None where the line does not tell (quotes doubled, a later line)."""
    at = 0
    for field in record.fields[:index]:
        found = record.text.find(field, at)
        if found < 0:
            return None
        at = found + len(field) + 1
    found = record.text.find(record.fields[index], at)
    return found + 1 if found >= 0 and record.fields[index] else None


def explain(path: Path, form: TextFormat, head: Head, shown: str) -> None:
    """Raises FaultError for what is wrong with the file's rows: D417 the wrong number of fields, or as `records`.

    Returns when nothing is: then only the two readers' tastes differ, as in mixed line ends.
    """
    expected, first, others = len(head.names), None, 0
    for record in records(path, form, head, shown):
        if len(record.fields) != expected:
            first, others = (first, others + 1) if first else (record, others)
    if first is None:
        return
    found = len(first.fields)
    more = f"; {others:,} more rows have the wrong number" if others else ""
    message = f"line {first.line} of {shown} has {_fields(found)}, and the header has {expected}{more}"
    if not form.header:
        message = message.replace("the header", "the first row")
    help_line = f"a field that holds `{_name(head.delimiter)}` must be in quotes" if found > expected else None
    width = max(1, len(first.text)) if len(first.text) <= 200 else 1
    text = first.text if len(first.text) <= 200 else ""
    raise FaultError(Fault("D417", message, Place(shown, first.line, 1, width, text), help_line))


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"


def _name(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _reader(lines: Iterator[str], delimiter: str, form: TextFormat, strict: bool) -> Iterator[list[str]]:
    if form.quote is None:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=delimiter, quotechar=form.quote, strict=strict)


def _is_record(fields: list[str]) -> bool:
    return len(fields) > 1 or (len(fields) == 1 and bool(fields[0].strip(_NOTHING)))


def _quoting(error: csv.Error, start: int, lines: _Lines, shown: str) -> Fault:
    text = lines.first if len(lines.first) <= 200 else ""
    place = Place(shown, start, 1, max(1, len(text)), text)
    if "unexpected end" in str(error):
        return Fault("D432", f"a quote opened in the row on line {start} of {shown} is never closed", place, _QUOTES)
    return Fault("D432", f"text follows a closing quote in the row on line {start} of {shown}", place, _QUOTES)


_QUOTES = "a quote inside quotes is doubled; if quotes mean nothing here, declare `quote: null` in the format"


def _delimiter(sample: str, form: TextFormat, path: Path) -> str:
    """The candidate that cuts most of the first rows into equally many fields, above one; at a tie, into more."""
    whole = sample if len(sample) < _SAMPLE else sample[: sample.rfind("\n") + 1] or sample
    best, best_rank = ",", (0.0, 0)
    if path.name.lower().split(".")[1:2] in (["tsv"], ["tab"]):
        best = "\t"
    for candidate in _CANDIDATES:
        widths = _widths(whole, candidate, form)
        if not widths or widths[0] < 2:
            continue
        rank = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if rank > best_rank:
            best, best_rank = candidate, rank
    return best


def _widths(sample: str, delimiter: str, form: TextFormat) -> list[int]:
    widths = list[int]()
    rows: Any = _reader(iter(io.StringIO(sample, newline="")), delimiter, form, strict=False)
    for row in rows:
        if _is_record(row):
            widths.append(len(row))
        if len(widths) == 100:
            break
    return widths
