"""What the engine gives back: an answer of rows, or a receipt for one number.

Rows are Arrow, at full precision. What is rounded, labelled or laid out is only ever the text made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from tallymark.behind import Behind
from tallymark.errors import Fault, FaultError
from tallymark.given import help_for
from tallymark.kinds import Type
from tallymark.query import Query
from tallymark.scoresheet import ScoreSheet
from tallymark.show.bands import Band
from tallymark.show.counts import many
from tallymark.show.numbers import Style, number, style_of, unit_sign, written
from tallymark.show.periods import moment, period_label
from tallymark.show.raw import json_document, json_text, raw
from tallymark.show.sheet import Heading, Sheet, text_of
from tallymark.show.standing import Standing
from tallymark.show.tables import html, markdown, notes_text, table
from tallymark.show.tree import GLUE, Branch, tree
from tallymark.units import Unit

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Role = Literal["dimension", "row", "period", "age", "metric", "band", "target"]
"""What a column is. `row` says what a row is: of a `member`, of all `other` members as one, or a `total`. `band` and
`target` are what a metric's numbers are held against.
"""

StepKind = Literal[
    "metric", "aggregate", "operator", "constant", "parameter", "window", "filter", "total", "per", "member"
]

PAGE = 120
"""How wide a receipt is that nobody gave a width."""

LARGE = 1_000
"""From here on amounts of money are shown without cents where a pivot puts many side by side."""

Writer = Callable[["Answer"], str | bytes]
"""Writes an answer in a format. Raises FaultError."""

CUT = "*"
"""Stands after the label of a period that the knowledge date cuts."""


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A column of an answer. `label` is in the reader's language; `decimals` None leaves the display to the unit.

    Of a dimension, `folded` says that members without rows of their own are one row, `grain` that its values are
    periods. In a pivoted answer `of` is the metric that the column is of, `at` the value that it stands for. `judges`
    is the metric that a band or target is of; `bands` are all that the column's values, names of bands, may be.
    """

    name: str
    role: Role
    type: Type
    unit: Unit | None
    label: str
    decimals: int | None = None
    folded: bool = False
    grain: str | None = None
    of: str | None = None
    at: str | None = None
    judges: str | None = None
    bands: tuple[Band, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The column as plain data."""
        unit = str(self.unit) if self.unit is not None else None
        data: dict[str, Any] = {"name": self.name, "role": self.role, "type": self.type.value, "unit": unit}
        data |= {"label": self.label}
        data |= {"metric": self.judges or self.of} if self.judges or self.of else {}
        data |= {"at": self.at} if self.of is not None else {}
        return data | ({"bands": [b.as_dict() for b in self.bands]} if self.bands else {})

    @property
    def keyed(self) -> bool:
        """Whether it tells rows apart; the others say something of each."""
        return self.role in ("dimension", "row", "period", "age")

    @property
    def measured(self) -> bool:
        """Whether its values are numbers that are counted or measured."""
        held = self.role == "metric" or (self.role == "target" and not self.bands)
        return self.role == "age" or (held and (self.type.numeric or self.type is Type.NULL))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Rows: dimensions, the period's start if a grain was asked, metrics; and how they came to be.

    `table` has one column per entry of `columns`, in their order and under their names. `partial` are the labels of the
    periods that `as_of` cuts. `periods` are the labels of the period column's values, of hours by their instant in UTC;
    one that is not there is named by its grain. `locale` is the language of labels and numbers in texts for readers.
    `unknown` are the starts of periods that have not begun at the knowledge date. `blank` are the cells of a pivoted
    answer, by column and row, that the question has no row for; `title` says what such an answer shows.
    """

    columns: tuple[AnswerColumn, ...]
    table: pyarrow.Table
    notes: tuple[str, ...]
    sql: str
    query: Query
    grain: str | None = None
    partial: tuple[str, ...] = ()
    timezone: str = "UTC"
    locale: str = "en"
    periods: Mapping[date | datetime, str] = field(default_factory=dict)
    unknown: frozenset[date | datetime] = frozenset()
    how: tuple[str, ...] = ()
    """How each aggregate was put together over its windows, a sentence each."""
    blank: frozenset[tuple[str, int]] = frozenset()
    title: str = ""
    formats: Mapping[str, Writer] = field(default_factory=dict, repr=False)
    """How `to` writes each format."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __str__(self) -> str:
        return table(self.sheet().page())

    def _repr_html_(self) -> str:
        return html(self.sheet().page())

    @property
    def value(self) -> Any:
        """The number of an answer of one row and one metric. Raises FaultError for any other."""
        metrics = [c.name for c in self.columns if c.role == "metric"]
        if len(self) != 1 or len(metrics) != 1:
            shape = f"{many(len(self), 'row')} and {many(len(metrics), 'metric')}"
            raise FaultError(
                Fault("Q590", f"the answer is not one number: it has {shape}", help="read its rows with `to_dicts()`")
            )
        return self.table.column(metrics[0])[0].as_py()

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table."""
        return self.table

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts by column name; decimals are `Decimal`, periods `date`, hours `datetime` with a zone."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas frame. Raises FaultError when pandas is not installed."""
        _wanted("pandas")
        return self.table.to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars frame. Raises FaultError when polars is not installed."""
        _wanted("polars")
        import polars

        frame = polars.from_arrow(self.table)
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_csv(self) -> str:
        """The rows as CSV (RFC 4180, but lines end in a line feed), headed by column names, at full precision."""
        import csv
        from io import StringIO

        def line(values: Iterable[Any]) -> str:
            # Written with both marks and cut, so that a carriage return inside a text is quoted like a line feed.
            out = StringIO()
            csv.writer(out, lineterminator="\r\n").writerow(values)
            return out.getvalue().removesuffix("\r\n") + "\n"

        rows = ([raw(v) for v in row] for row in self._rows())
        return line(c.name for c in self.columns) + "".join(line(row) for row in rows)

    def to_json(self, *, sql: bool = False) -> str:
        """The answer as JSON: columns, rows, notes; with the SQL if asked. Decimals are exact numbers."""
        data: dict[str, Any] = {
            "columns": [c.as_dict() for c in self.columns],
            "rows": self.to_dicts(),
            "grain": self.grain,
            "timezone": self.timezone,
            "partial": list(self.partial),
            "notes": list(self.notes),
        }
        return json_document(data | ({"sql": self.sql} if sql else {}))

    def to_text(self) -> str:
        """Every row in a table of plain text: labelled, rounded, in the answer's language."""
        return table(self.sheet())

    def to_html(self) -> str:
        """Every row in a table in HTML: labelled, rounded, in the answer's language."""
        return html(self.sheet())

    def to_markdown(self) -> str:
        """The rows as a Markdown table, at full precision, the notes below."""
        headings = tuple(Heading(c.name, number=c.role == "metric" or c.measured) for c in self.columns)
        rows = tuple(tuple(" ".join(raw(v).splitlines()) for v in row) for row in self._rows())
        return markdown(Sheet(headings, rows)) + notes_text(self.notes)

    def to_parquet(self, path: str | Path) -> None:
        """Writes the rows to a Parquet file. Raises FaultError when it cannot be written."""
        import pyarrow.parquet

        try:
            pyarrow.parquet.write_table(self.table, str(path))
        except OSError as error:
            raise FaultError(Fault("D490", f"cannot write {path}: {error.strerror or error}")) from error

    def to(self, name: str) -> str | bytes:
        """The answer in a format by its name: `csv`, `markdown`, a plugin's `acme.html`.

        Raises FaultError for an unknown format (P714), and when a plugin's fails (P700).
        """
        if name not in self.formats:
            raise FaultError(Fault("P714", f"unknown format `{name[:60]}`", help=help_for(name[:60], self.formats)))
        return self.formats[name](self)

    def sheet(self) -> Sheet:
        """The answer as texts for a reader: labelled, rounded, in the answer's language."""
        columns = [c for c in self.columns if c.role != "row"]
        headings = tuple(self._heading(c) for c in columns)
        cells = [self._blanked(c, self._texts(c)) for c in columns]
        notes = self.notes
        if self._cuts():
            notes = (*notes, f"{CUT} partial: cut by the knowledge date")
        keys = sum(1 for c in columns if c.of is None) if any(c.of is not None for c in columns) else 0
        return Sheet(headings, tuple(zip(*cells, strict=True)), notes, text_of(self.title), keys)

    def _heading(self, column: AnswerColumn) -> Heading:
        title = " ".join(text_of(column.label or column.name).split())
        title += CUT if column.at is not None and column.at in self.partial else ""
        alone = column.of is not None and len({c.of for c in self.columns if c.of and c.role == "metric"}) == 1
        sign = unit_sign(column.unit, self.locale) if column.measured and not alone else ""
        return Heading(title, sign, column.measured, {b.label: b.colour for b in column.bands})

    def _texts(self, column: AnswerColumn) -> list[str]:
        values = self.table.column(column.name).to_pylist()
        if column.role == "period":
            labels = [self.period(v) for v in values]
            return [label + CUT if label in self.partial else label for label in labels]
        if column.bands:
            called = {b.name: b.label for b in column.bands}
            return [text_of(called.get(v, v)) for v in values]
        if column.role in ("metric", "target") and column.type.numeric:
            style = self._style(column, values)
            return [written(v, style) for v in values]
        texts = [self.period(v) if column.grain else text_of(v) for v in values]
        return self._kinds(column, texts) if column.role == "dimension" else texts

    def _style(self, column: AnswerColumn, values: list[Any]) -> Style:
        """How the numbers of a column are written; the columns that a pivot makes of one metric are written alike."""
        decimals = column.decimals
        if column.of is not None:
            alike = (c.name for c in self.columns if c.of == column.of)
            values = [v for name in alike for v in self.table.column(name).to_pylist() if v is not None]
            large = column.unit is not None and column.unit.currency is not None and max(map(abs, values), default=0)
            decimals = 0 if large and large >= LARGE else decimals
        return style_of(values, column.unit, column.type, decimals=decimals, locale=self.locale, sign=False)

    def _kinds(self, column: AnswerColumn, texts: list[str]) -> list[str]:
        """The texts of a dimension, rows that are not of a member being named in parentheses."""
        role = next((c.name for c in self.columns if c.role == "row"), None)
        if role is None:
            return texts
        first = column.name == next(c.name for c in self.columns if c.role == "dimension")
        named = {"total": "(total)" if first else "", **({"other": "(other)"} if column.folded else {})}
        return [named.get(kind, text) for kind, text in zip(self.table.column(role).to_pylist(), texts, strict=True)]

    def _blanked(self, column: AnswerColumn, texts: list[str]) -> list[str]:
        return ["" if (column.name, n) in self.blank else t for n, t in enumerate(texts)] if self.blank else texts

    def period(self, start: Any) -> str:
        """What a period that starts then is called."""
        # Two times of one zone are equal when the clock shows the same, even an hour apart: as instants they differ.
        known = start.astimezone(UTC) if isinstance(start, datetime) and start.tzinfo is not None else start
        if known in self.periods:
            return self.periods[known]
        return period_label(start, self.grain) if isinstance(start, date) else text_of(start)

    def _cuts(self) -> bool:
        """Whether any row's period is cut by the knowledge date."""
        if any(c.at is not None and c.at in self.partial for c in self.columns):
            return True
        names = [c.name for c in self.columns if c.role == "period"]
        return any(self.period(v) in self.partial for name in names for v in self.table.column(name).to_pylist())

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(self.table.column(c.name).to_pylist() for c in self.columns), strict=True)


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """The stretch `[start, end)` that a receipt is for, in the project's time zone; None is an unbounded side."""

    label: str
    start: date | datetime | None = None
    end: date | datetime | None = None

    def __str__(self) -> str:
        if self.start is None or self.end is None or " to " in self.label:
            return self.label
        first, last = moment(self.start), moment(self.end)
        if first == str(self.start)[:10] and last == str(self.end)[:10]:
            last = moment(self.end - timedelta(days=1))
        return self.label if first == last == self.label else f"{self.label} ({first} to {last})"

    def as_dict(self) -> dict[str, Any]:
        """The period as plain data."""
        return {"label": self.label, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One part of a formula and the value it had.

    `text` is the stretch of the formula, `kind` what it is, `name` and `label` the metric's if it is one, `rows` how
    many rows an aggregate read, `window` the stretch of time read. Of `per` a member, `rows` counts the members and
    `children` are some of them, the weightiest first; `rest` says what the others have in common, if anything. A part
    that a formula has in several places is the same step in all of them.
    """

    text: str
    kind: StepKind
    value: Any
    type: Type = Type.DOUBLE
    unit: Unit | None = None
    name: str | None = None
    rows: int | None = None
    notes: tuple[str, ...] = ()
    children: tuple[Step, ...] = field(default=(), repr=False)
    label: str | None = None
    window: str | None = None
    per: str | None = None
    rest: str = ""

    def shown(self, locale: str = "en", decimals: int | None = None) -> str:
        """The value as a reader sees it."""
        if self.type.numeric or (isinstance(self.value, int | float | Decimal) and not isinstance(self.value, bool)):
            return number(self.value, self.unit, self.type, decimals=decimals, locale=locale)
        return text_of(self.value)

    def as_dict(self) -> dict[str, Any]:
        """The step and all below it as plain data; decimals and dates as they are.

        A step that is met again is told without what is below it, `above` being true.
        """
        return self._told(set())

    def _told(self, told: set[int]) -> dict[str, Any]:
        again = bool(self.children) and id(self) in told
        told.add(id(self))
        return {
            "text": self.text,
            "kind": self.kind,
            "name": self.name,
            "label": self.label,
            "value": self.value,
            "type": self.type.value,
            "unit": str(self.unit) if self.unit is not None else None,
            "window": self.window,
            "rows": self.rows,
            "per": self.per,
            "rest": self.rest,
            "notes": list(self.notes),
            "above": again,
            "children": [] if again else [c._told(told) for c in self.children],
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """One number and how it came to be: each part of its formula with its value, the SQL, the notes.

    `slice` holds the dimensions that the question sets to a value, `conditions` the texts of its other conditions,
    `parameters` the values of the parameters that the formulas speak of, `as_of` the knowledge date if one was given.
    """

    metric: str
    label: str
    period: AskedPeriod
    slice: Mapping[str, Any]
    value: Any
    step: Step
    sql: str
    notes: tuple[str, ...] = ()
    locale: str = "en"
    decimals: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    as_of: str | None = None
    description: str = ""
    how: tuple[str, ...] = ()
    """How each aggregate was put together over its windows, a sentence each."""
    rows: tuple[Behind, ...] | None = None
    """The rows behind each aggregate, and the members of each `per`, where they were asked for."""
    sheet: ScoreSheet | None = None
    """What a scorecard's score is made of; readers are shown it instead of the step."""
    standing: Standing | None = None
    """The band that the number lies in, and its target."""

    def to_dict(self, *, sql: bool = True) -> dict[str, Any]:
        """The receipt as plain data; decimals and dates as they are."""
        data = {
            "metric": self.metric,
            "label": self.label,
            "period": self.period.as_dict(),
            "slice": dict(self.slice),
            "conditions": list(self.conditions),
            "as_of": self.as_of,
            "parameters": dict(self.parameters),
            "value": self.value,
            "unit": str(self.step.unit) if self.step.unit is not None else None,
            "step": self.step.as_dict(),
            "notes": list(self.notes),
            "how": list(self.how),
        }
        data |= self.standing.as_dict() if self.standing is not None else {}
        data |= {"rows": [b.as_dict() for b in self.rows]} if self.rows is not None else {}
        data |= {"scorecard": self.sheet.as_dict()} if self.sheet is not None else {}
        return data | ({"sql": self.sql} if sql else {})

    def to_json(self, *, sql: bool = True) -> str:
        """The receipt as JSON; decimals are exact numbers."""
        return json_text(self.to_dict(sql=sql)) + "\n"

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int | None = None) -> str:
        """The receipt as a tree, values aligned, in lines of at most `width` characters where values allow it."""
        page = width or PAGE
        steps = _branch(self.step, self, self.period.label, set())
        drawn = tree(steps, page) if self.sheet is None else self.sheet.text(page)
        blocks = [_paragraphs(self._head(), page), drawn, _paragraphs([f"note: {n}" for n in self._notes()], page)]
        told: set[tuple[Any, ...]] = set()
        blocks += [text for behind in self.rows or () for text in behind.lines(page, told)]
        return "\n".join(b for b in blocks if b)

    def _head(self) -> list[str]:
        lines = [text_of(self.label if self.label == self.metric else f"{self.label} ({self.metric})")]
        if self.description:
            lines.append(_line(self.description))
        context = [str(self.period), *(f"{k} = {text_of(v)}" for k, v in self.slice.items())]
        context += map(_line, self.conditions)
        lines.append(" · ".join([*context, f"as of {self.as_of}"] if self.as_of else context))
        if self.parameters:
            lines.append("with " + " · ".join(f"${k} = {_listed(v)}" for k, v in self.parameters.items()))
        return [*lines, *(self.standing.lines if self.standing is not None else ())]

    def _notes(self) -> tuple[str, ...]:
        found = list(self.notes)
        waiting, seen = [self.step] if self.sheet is None else [], set[int]()
        while waiting:
            step = waiting.pop()
            if id(step) not in seen:
                seen.add(id(step))
                found += [f"{step.name or _line(step.text)}: {n}" for n in step.notes]
                waiting += reversed(step.children)
        return tuple(dict.fromkeys(found))


def _branch(step: Step, receipt: Receipt, window: str | None, told: set[int]) -> Branch:
    """The step as a branch. What stands in full further up is not told again; constants say their value themselves.

    `window` is what was read by the step above: only another one is worth a word.
    """
    shown = step.shown(receipt.locale, receipt.decimals if step is receipt.step else None)
    text = _line(step.text if step.name in (None, step.text) else f"{step.name} = {step.text}")
    if step.window is not None and step.window != window:
        text += f" {GLUE}[{step.window.replace(' ', GLUE)}]"
    if step.children and id(step) in told:
        return Branch(text, shown, "as above")
    told.add(id(step))
    parts = [c for c in step.children if c.kind != "constant"]
    below = [_branch(c, receipt, step.window or window, told) for c in parts]
    rows = ""
    if step.rows is not None:
        rows = many(step.rows, step.per or "row")
        left = step.rows - len(below)
        if step.per is not None and below and left > 0:
            below.append(Branch(f"… {left:,} more{f', {step.rest}' if step.rest else ''}"))
    label = step.label if step.label is not None and step is not receipt.step and not _same(step) else ""
    return Branch(text, shown, rows, tuple(below), label)


def _same(step: Step) -> bool:
    """Whether a label says no more than the metric's name."""
    bare = ["".join(c for c in text.casefold() if c.isalnum()) for text in (step.label or "", step.name or "")]
    return bare[0] == bare[1]


def _paragraphs(texts: list[str], page: int) -> str:
    """Texts in lines of at most `page` characters, the second and later lines of each set in."""
    wrapped = (line for text in texts for line in wrap(text, page, subsequent_indent="  ", break_on_hyphens=False))
    return "".join(f"{line}\n" for line in wrapped)


def _line(text: str) -> str:
    return text_of(" ".join(text.split()))


def _listed(value: Any) -> str:
    return ", ".join(map(text_of, value)) if isinstance(value, list | tuple) else text_of(value)


def _wanted(package: str) -> None:
    """Raises FaultError naming the extra when an optional package is not installed."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise FaultError(
            Fault("P790", f"{package} is not installed", help=f"install it with `pip install 'tallymark[{package}]'`")
        )
