"""The metrics that checks of data stand for.

A check called `amounts` is the boolean metric `amounts`: true where the data passes, false where it does not, and null
where nothing is known. Behind it stand numbers: `amounts_rows`, how many rows break it, and `amounts_checked`, how many
were looked at; of a freshness `…_newest`, the time of the newest row; of numbers of rows `…_count`, and where they are
set against those before `…_before`, their sum, and `…_usual`, their mean; of two metrics `…_left`, `…_right` and
`…_difference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tallymark.definitions import CheckDef, DatasetDef, LimitsDef, MetricDef, MinCountDef, Texts, ToleranceDef
from tallymark.definitions.checks import TAG
from tallymark.place import Written
from tallymark.read.pieces import quoted, together
from tallymark.read.values import Reading, parsed_or_fault

PARTS: Mapping[str, Mapping[str, str]] = {
    "rows": {"en": "rows that fail", "fr": "lignes en défaut", "ro": "rânduri cu probleme"},
    "checked": {"en": "rows looked at", "fr": "lignes examinées", "ro": "rânduri verificate"},
    "newest": {"en": "newest row", "fr": "dernière ligne", "ro": "cel mai nou rând"},
    "count": {"en": "rows", "fr": "lignes", "ro": "rânduri"},
    "before": {"en": "rows before", "fr": "lignes précédentes", "ro": "rânduri anterioare"},
    "usual": {"en": "usual number of rows", "fr": "nombre habituel de lignes", "ro": "numărul obișnuit de rânduri"},
    "left": {"en": "first value", "fr": "première valeur", "ro": "prima valoare"},
    "right": {"en": "second value", "fr": "seconde valeur", "ro": "a doua valoare"},
    "difference": {"en": "difference", "fr": "écart", "ro": "diferență"},
}
"""What readers call the numbers behind a check."""

Part = str | Written | tuple[str, Written]
Parts = Sequence[Part]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the datasets of a project and its packs say of themselves, by any name formulas may use."""

    datasets: Mapping[str, DatasetDef]
    canonical: Mapping[str, DatasetDef]

    def _said(self, name: str) -> tuple[DatasetDef, ...]:
        """The definitions that make a dataset: the project's own, before the one that it implements."""
        own = self.datasets.get(name) or next((d for d in self.datasets.values() if d.implements == name), None)
        pack = self.canonical.get(own.implements or name if own is not None else name)
        return tuple(d for d in (own, pack) if d is not None)

    def known(self, name: str) -> bool:
        """Whether there is such a dataset."""
        return bool(self._said(name))

    def time(self, name: str) -> tuple[str | None, bool]:
        """The column that says when a row is, and whether an aggregate must name it: the beginning of what holds."""
        time = next((d.time for d in self._said(name) if d.time is not None), None)
        valid = next((d.valid for d in self._said(name) if d.valid is not None), None)
        return (time, False) if time is not None else (valid[0], True) if valid is not None else (None, False)

    def key(self, name: str) -> str | None:
        """The column that tells its rows apart."""
        return next((d.key for d in self._said(name) if d.key is not None), None)

    def partner(self, name: str, reference: str) -> str | None:
        """The key of the dataset that a reference leads to."""
        found = next((d.refs[reference] for d in self._said(name) if reference in d.refs), None)
        return self.key(found.dataset) if found is not None else None


def metrics_of(check: CheckDef, tables: Tables, reading: Reading) -> tuple[MetricDef, ...]:
    """The metrics that a check stands for, itself first; none, and a fault, when the data has no time that it needs."""
    composed = _Composed(check, tables)
    if check.kind in ("fresh", "rows") and composed.time is None and tables.known(composed.dataset):
        message = f"`{composed.dataset}` names no time, and `{check.kind}` is about when rows are"
        at = check.dataset.place() if check.dataset is not None else check.place
        reading.fault_at("R133", message, at, "name the column that says when: `on: created_at`", composed.subject)
        return ()
    lost = [r for r in check.exists if composed.tables.partner(composed.dataset, r.text) is None]
    if lost and tables.known(composed.dataset):
        message = f"`{lost[0].text[:60]}` is no reference of `{composed.dataset}` to a dataset with a key"
        reading.fault_at("R134", message, lost[0].place(), "name one of its `refs:`", composed.subject)
        return ()
    return tuple(composed.metric(suffix, parts, reading) for suffix, parts in composed.formulas())


class _Composed:
    """The formulas of one check."""

    def __init__(self, check: CheckDef, tables: Tables) -> None:
        self.check, self.tables = check, tables
        self.dataset = check.dataset.text if check.dataset is not None else ""
        self.subject = f"check `{check.name}`"
        found, named = tables.time(self.dataset)
        self.time = check.on.text if check.on is not None else found
        self.axis: Parts = (" on ", check.on) if check.on is not None else (f" on {found}",) if named else ()

    def metric(self, suffix: str, parts: Parts, reading: Reading) -> MetricDef:
        """One of the metrics, hidden and tagged."""
        check = self.check
        said = check.places[":"]
        written = together(check.place, said.lines, *parts)
        name = f"{check.name}_{suffix}" if suffix else check.name
        formula = parsed_or_fault(written, reading, self.subject)
        label = check.label if not suffix else _of_part(check.label, PARTS[suffix])
        return MetricDef(
            name, formula, label=label, description=check.description if not suffix else {},
            tags=(TAG, *check.tags), hidden=True, min_count=MinCountDef(0), pack=check.pack, place=check.place,
        )  # fmt: skip

    def formulas(self) -> Iterator[tuple[str, Parts]]:
        kind = self.check.kind
        if kind == "fresh":
            return self._fresh()
        if kind == "rows":
            return self._counted()
        if kind == "equal":
            return self._equal()
        return self._unique() if kind == "unique" else self._each_row()

    # --- rows ------------------------------------------------------------------------------------------------------

    def _rows(self, *also: Part) -> list[Part]:
        """`dataset [on column] [where …]`, with a further condition."""
        assert self.check.dataset is not None
        return [self.check.dataset, *self.axis, *self._where(*also)]

    def _where(self, *also: Part) -> list[Part]:
        conditions: list[Parts] = [("(", self.check.where.written, ")")] if self.check.where is not None else []
        conditions += [("(", *also, ")")] if also else []
        since = self.check.since
        if since is not None and self.check.kind == "unique" and self.time is not None:
            conditions.append((self._column(self.check.on or self.time), f" >= date('{since}')"))
        joined: list[Part] = []
        for number, condition in enumerate(conditions):
            joined += [" and " if number else " where ", *condition]
        return joined

    def _column(self, name: str | Written) -> str:
        # With its dataset before it a column may be called like a word of formulas, `at` for one.
        return f"{self.dataset}.{name if isinstance(name, str) else name.text}"

    def _named(self, name: str | Written) -> list[Part]:
        """A column of the dataset, at the place where it is named."""
        at = name if isinstance(name, Written) else self.check.places.get(name, name)
        return [f"{self.dataset}.{at}" if isinstance(at, str) else (f"{self.dataset}.", at)]

    def _each_row(self) -> Iterator[tuple[str, Parts]]:
        broken = self._broken()
        name = self.check.name
        yield "", (f"if({name}_checked > 0, ", *_few(name, self.check.tolerance), ")")
        yield "rows", ("count(", *self._rows(*broken), ")")
        yield "checked", ("count(", *self._rows(), ")")

    def _broken(self) -> list[Part]:
        """The condition that a row breaks the check by; null where it is not known."""
        check = self.check
        if check.every is not None:
            return ["not (", check.every.written, ")"]
        each: list[Parts] = [(*self._named(c), " is null") for c in check.not_null]
        each += [self._orphaned(r) for r in check.exists]
        each += [(*self._named(c), f" not in ({', '.join(options)})") for c, options in check.accepted.items()]
        each += [("not (", *self._within(c, limits), ")") for c, limits in check.between.items()]
        each += [("not matches(", *self._named(c), f", {quoted(p)})") for c, p in check.matches.items()]
        return [part for number, one in enumerate(each) for part in (" or " if number else "", *one)]

    def _orphaned(self, reference: Written) -> Parts:
        key = self.tables.partner(self.dataset, reference.text) or "id"
        return ("(", *self._named(reference), " is not null and ", *self._named(reference), f".{key} is null)")

    def _within(self, column: str, limits: LimitsDef) -> Parts:
        low = (*self._named(column), " >= (", limits.low.written, ")") if limits.low is not None else ()
        high = (*self._named(column), " <= (", limits.high.written, ")") if limits.high is not None else ()
        return (*low, " and ", *high) if low and high else (*low, *high)

    def _unique(self) -> Iterator[tuple[str, Parts]]:
        check, name = self.check, self.check.name
        yield "", (f"if({name}_checked > 0, ", *_few(name, check.tolerance), ")")
        yield "rows", ("cumulative(", *self._repeats(), ")")
        yield "checked", ("cumulative(count(", *self._rows(), "))")

    def _repeats(self) -> list[Part]:
        """How many rows stand beside another one with the same values. Where one is null, a row is like no other."""
        columns = self.check.unique
        where = self._where()
        if len(columns) == 1:
            only = [*self._named(columns[0]), *self.axis, *where]
            return ["count(", *only, ") - count_distinct(", *only, ")"]
        found: list[Part] = ["greatest(count(", *self._rows(), ") - 1, 0)"]
        for column in columns:
            found = ["sum(", *found, " per ", *self._named(column), ")"]
        return found

    # --- times -----------------------------------------------------------------------------------------------------

    def _fresh(self) -> Iterator[tuple[str, Parts]]:
        count = ("count(", *self._rows(), ")")
        at = self.check.places.get(":fresh", self.check.fresh or "")
        # Rows up to the window's end: none at all is not known to be late.
        yield "", ("if(cumulative(", *count, ") > 0, trailing(", *count, ", ", at, ") > 0)")
        assert self.time is not None
        newest = self._named(self.check.on or self.time)
        yield "newest", ("cumulative(max(", *newest, *self.axis, *self._where(), "))")

    def _counted(self) -> Iterator[tuple[str, Parts]]:
        rows, name = self.check.rows, self.check.name
        assert rows is not None
        count = ("count(", *self._rows(), ")")
        # Rows before the stretches that are compared: a project's first periods are not known to be too few.
        history = (rows.usual if rows.change is not None else 0) + 1
        limits = [f"{name}_count >= {rows.at_least}"] if rows.at_least is not None else []
        limits += [f"{name}_count <= {rows.at_most}"] if rows.at_most is not None else []
        if rows.change is not None:
            whole, parts = _ratio(rows.change)
            # Against the sum of the periods before, not their mean: in whole numbers the edge is exact.
            limits.append(f"abs({name}_count * {rows.usual} - {name}_before) * {whole} <= {_times(parts)}{name}_before")
        known = ("cumulative(", *count, ") > ", *self._last(count, history))
        yield "", ("if(", *known, f", {' and '.join(limits)})")
        yield "count", self._last(count, 1)
        if rows.change is not None:
            yield "before", (*self._last(count, history), f" - {name}_count")
            yield "usual", (f"{name}_before / {rows.usual}",)

    def _last(self, count: Parts, periods: int) -> Parts:
        """What is counted in the last periods up to the window's end, whole ones whatever the window is."""
        unit = self.check.per or "day"
        return ("trailing(", *count, f", {periods} {unit}{'s' if periods > 1 else ''})")

    # --- two metrics -----------------------------------------------------------------------------------------------

    def _equal(self) -> Iterator[tuple[str, Parts]]:
        name = self.check.name
        where: Parts = (" where ", self.check.where.written) if self.check.where is not None else ()
        left, right = self.check.equal
        yield "", (_near(name, self.check.tolerance),)
        yield "difference", (f"{name}_left - {name}_right",)
        for side, formula in (("left", left), ("right", right)):
            yield side, ("(", formula.written, ")", *where) if where else (formula.written,)


def _few(name: str, tolerance: ToleranceDef | None) -> tuple[str]:
    """Whether few enough rows break a check. Shares are compared in whole numbers, so that the edge is exact."""
    if tolerance is None or not tolerance.percent:
        return (f"{name}_rows <= {int(tolerance.amount) if tolerance is not None else 0}",)
    whole, parts = _ratio(tolerance)
    return (f"{name}_rows * {whole} <= {_times(parts)}{name}_checked",)


NOISE = Decimal("1e-9")
"""What two equal numbers may differ by, relative to the larger: that they were computed in different ways."""


def _near(name: str, tolerance: ToleranceDef | None) -> str:
    """Whether two values are near enough."""
    size = f"greatest(abs({name}_left), abs({name}_right))"
    if tolerance is not None and not tolerance.percent:
        unit = f" {tolerance.unit}" if tolerance.unit is not None else ""
        return f"abs({name}_difference) <= {tolerance.amount:f}{unit}"
    whole, parts = _ratio(tolerance) if tolerance is not None else _fraction(NOISE)
    return f"abs({name}_difference) * {whole} <= {_times(parts)}{size}"


def _times(parts: int) -> str:
    return f"{parts} * " if parts != 1 else ""


def _ratio(percentage: ToleranceDef) -> tuple[int, int]:
    return _fraction(percentage.amount / 100)


def _fraction(share: Decimal) -> tuple[int, int]:
    """A share as two whole numbers: the whole, and its part."""
    part, whole = share.as_integer_ratio()
    # Times 100 reads as a percentage made of a ratio, which units forbid; any other multiple says the same.
    return (whole * 2, part * 2) if whole == 100 or part == 100 else (whole, part)


def _of_part(label: Texts, part: Mapping[str, str]) -> Texts:
    return {language: f"{said}: {part.get(language, part['en'])}" for language, said in label.items()}
