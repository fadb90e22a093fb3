"""What is wrong in the data itself: repeated and missing keys, references that lead nowhere, rows without a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tallymark.catalog import Catalog, Dataset, Reference
from tallymark.definitions import NOWHERE
from tallymark.engine.calendars import Calendars, plain_calendar
from tallymark.engine.left_out import is_other, known_words
from tallymark.engine.sources import Sources
from tallymark.errors import Fault, FaultError, Severity
from tallymark.formula.bound import Apply, ColumnUse
from tallymark.kinds import Type
from tallymark.lower import default_values, settle_datasets, unsettled
from tallymark.place import Place
from tallymark.render.keys import current_writer
from tallymark.render.tallies import Counted, Overlapping, Repeated, Tallies, Tally, is_null, orphaned
from tallymark.source import Site


@dataclass(frozen=True, slots=True)
class _Check:
    """Something to count in a dataset, and the fault it is when there is any.

    In `one` (of a single row or value) and `many`, `{count}` stands for how many, `{example}` for one of them.
    """

    counted: Counted
    code: str
    one: str
    many: str
    help: str
    severity: Severity = "warning"

    def fault(self, dataset: Dataset, found: int, example: str | None) -> Fault:
        text = self.one if found == 1 else self.many
        message = text.replace("{count}", f"{found:,}", 1).replace("{example}", _shown(example), 1)
        return Fault(self.code, message, _place(dataset), self.help, f"dataset `{dataset.name}`", self.severity)


def check_data(catalog: Catalog, sources: Sources) -> Iterable[Fault]:
    """Every fault of the datasets' keys, times, validities and references. Raises Cancelled.

    Errors: D440 a repeated key that others refer to, and whatever a source says of data it cannot read. Warnings: D440
    another repeated key, D441 a key that is null, D442 a time that is null, D443 a validity that ends before it begins,
    D444 a reference without a partner, D445 one that is null, D446 one that cannot be checked, D447 rows of one key
    that are valid at one time, D448 what a source says of values it read, D449 words
    that a transform does not know.
    """
    values = default_values(catalog)
    # What waits for a question's values cannot be looked at without one.
    made = {name for name in catalog.datasets if not unsettled(catalog, name, values)}
    catalog = settle_datasets(catalog, {**dict.fromkeys(catalog.parameters), **values}, made)
    faults: list[Fault] = []
    readable: dict[str, bool] = {}
    for dataset in catalog.datasets.values():
        if dataset.making is None:
            found = _read(dataset, sources)
            readable[dataset.name] = not any(f.severity == "error" for f in found)
            faults += found
    for name, dataset in catalog.datasets.items():
        if dataset.making is not None:
            readable[name] = name in made and all(readable[d.name] for d in catalog.basis(name))
    for dataset in catalog.datasets.values():
        if readable[dataset.name]:
            own = [r for r in dataset.references.values() if not _carried(dataset, r)]
            checkable = [r for r in own if _obstacle(catalog, dataset, r, readable) is None]
            faults += _unchecked(catalog, dataset, readable)
            faults += _counts(list(_checks(catalog, dataset, checkable)), dataset, catalog, sources)
    return faults + _calendar(catalog, sources)


def _calendar(catalog: Catalog, sources: Sources) -> list[Fault]:
    """What is wrong with the rows of the project's own calendar."""
    try:
        Calendars(catalog, sources, sources.plugins.functions).current()
    except FaultError as error:
        return list(error.faults)
    return []


def _carried(dataset: Dataset, reference: Reference) -> bool:
    """Whether a transform has the reference from its inputs, where it is checked."""
    inputs = dataset.making.inputs if dataset.making is not None else ()
    known = [i.shape.references[reference.name][0] for i in inputs if reference.name in i.shape.references]
    return reference.dataset in known


def _read(dataset: Dataset, sources: Sources) -> list[Fault]:
    """What the source says when it makes the dataset queryable."""
    subject = f"dataset `{dataset.name}`"
    try:
        sources.source(dataset.source).prepare(dataset.table)
        notes = sources.notes(dataset)
    except FaultError as error:
        return [replace(f, place=f.place or _place(dataset)).within(subject) for f in error.faults]
    help_ = "correct the values where they come from"
    return [Fault("D448", note, _place(dataset), help_, subject, "warning") for note in notes]


# --- references that cannot be followed ------------------------------------------------------------------------------


def _unchecked(catalog: Catalog, dataset: Dataset, readable: dict[str, bool]) -> Iterator[Fault]:
    # That a pack's dataset is not there at all is no fault of the data.
    broken = {n: f"`{d}` has faults" for n, d in dataset.unreferenced.items() if d in catalog.broken}
    for reference in dataset.references.values():
        obstacle = _obstacle(catalog, dataset, reference, readable)
        if obstacle is not None:
            broken[reference.name] = obstacle
    for name, why in broken.items():
        message = f"the reference `{name}` of `{dataset.name}` cannot be checked: {why}"
        yield Fault("D446", message, _place(dataset), None, f"dataset `{dataset.name}`", "warning")


def _obstacle(catalog: Catalog, dataset: Dataset, reference: Reference, readable: dict[str, bool]) -> str | None:
    """Why a reference cannot be followed, if it cannot."""
    target = catalog.datasets[reference.dataset]
    if not readable.get(target.name, False):
        return f"`{target.name}` cannot be read"
    if target.key is None or target.key not in target.columns:
        return f"`{target.name}` has no key"
    holder, key = dataset.columns[reference.column].type, target.columns[target.key].type
    if holder.family != key.family or Type.OPAQUE in (holder, key):
        return f"`{reference.column}` is {holder.value} and the key of `{target.name}` is {key.value}"
    return None


# --- what is counted -------------------------------------------------------------------------------------------------


def _checks(catalog: Catalog, dataset: Dataset, references: Sequence[Reference]) -> Iterator[_Check]:
    if dataset.key is not None and _usable(dataset, dataset.key):
        yield from _key(catalog, dataset, dataset.key)
    if dataset.time is not None and _usable(dataset, dataset.time):
        yield _time(dataset, dataset.time)
    if dataset.valid is not None and all(_usable(dataset, c) for c in dataset.valid):
        yield from _validity(dataset, *dataset.valid)
    for reference in references:
        yield from _reference(catalog, dataset, reference)
    yield from _words(catalog, dataset)


def _key(catalog: Catalog, dataset: Dataset, key: str) -> Iterator[_Check]:
    of = f"`{key}`, the key of `{dataset.name}`,"
    yield _Check(
        Tally(dataset.name, is_null(_use(dataset, key))),
        "D441",
        f"1 row of `{dataset.name}` has no `{key}`, its key",
        f"{{count}} rows of `{dataset.name}` have no `{key}`, their key",
        "give each row a key; nothing can refer to a row without one",
    )
    if dataset.valid is not None and all(_usable(dataset, c) for c in dataset.valid):
        yield _overlaps(dataset, key, *dataset.valid, referring=_referring(catalog, dataset))
        return
    referring = _referring(catalog, dataset)
    so = f", and {', '.join(f'`{n}`' for n in referring)} refer to it" if referring else ""
    needed = "a reference needs one row for each key: " if referring else ""
    yield _Check(
        Repeated(dataset.name, key),
        "D440",
        f"{of} repeats: {{example}} stands in several rows{so}",
        f"{of} repeats: {{count}} values stand in several rows, such as {{example}}{so}",
        f"{needed}remove the repeats, or choose another key",
        "error" if referring else "warning",
    )


def _words(catalog: Catalog, dataset: Dataset) -> Iterator[_Check]:
    """Words of a dataset that transforms which read it do not know."""
    makings = [d.making for d in catalog.datasets.values() if d.making is not None]
    read = [(m, rows) for m in makings for rows in m.inputs if rows.dataset == dataset.name]
    known = {c: (words, m.transform.name) for m, rows in read for c, words in known_words(m, rows).items()}
    for column, (words, transform) in known.items():
        yield _Check(
            Tally(dataset.name, is_other(column, words), example=_use(dataset, column)),
            "D449",
            f"1 row of `{dataset.name}` has an unknown `{column}` and counts for nothing: {{example}}",
            f"{{count}} rows of `{dataset.name}` have an unknown `{column}` and count for nothing, such as {{example}}",
            f"`{transform}` knows {', '.join(words)}: compute a column that has these words",
        )


def _referring(catalog: Catalog, dataset: Dataset) -> list[str]:
    """The datasets with a reference to this one."""
    all_ = catalog.datasets.values()
    return sorted({d.name for d in all_ for r in d.references.values() if r.dataset == dataset.name})


def _overlaps(dataset: Dataset, key: str, start: str, end: str, referring: Sequence[str]) -> _Check:
    of = f"`{dataset.name}`"
    so = f", and {', '.join(f'`{n}`' for n in referring)} refer to them" if referring else ""
    needed = "a reference finds one row: " if referring else ""
    return _Check(
        Overlapping(dataset.name, key, start, end, bool(referring)),
        "D447",
        f"rows of {of} with the `{key}` {{example}} are valid at the same time{so}",
        f"rows of {{count}} `{key}` values are valid at the same time in {of}, as those of {{example}} are{so}",
        f"{needed}let each row end, in `{end}`, when the next one begins",
        "error" if referring else "warning",
    )


def _time(dataset: Dataset, time: str) -> _Check:
    return _Check(
        Tally(dataset.name, is_null(_use(dataset, time)), example=_label(dataset)),
        "D442",
        f"1 row of `{dataset.name}` has no `{time}` and is in no period{_such(dataset)}",
        f"{{count}} rows of `{dataset.name}` have no `{time}` and are in no period{_such(dataset, 'such as ')}",
        f"fill `{time}` in, or choose another column as the time",
    )


def _validity(dataset: Dataset, start: str, end: str) -> Iterator[_Check]:
    if start != dataset.time:
        help_ = (
            f"fill `{start}` in: without it a row counts in no period, though what refers to it finds it at any time"
        )
        yield replace(_time(dataset, start), help=help_)
    first, last, such = _use(dataset, start), _use(dataset, end), _such(dataset, "such as ")
    yield _Check(
        Tally(dataset.name, Apply("<", (last, first), Type.BOOLEAN), example=_label(dataset)),
        "D443",
        f"1 row of `{dataset.name}` ends, in `{end}`, before it begins, in `{start}`{_such(dataset)}",
        f"{{count}} rows of `{dataset.name}` end, in `{end}`, before they begin, in `{start}`{such}",
        "such rows are never valid: exchange the two, or correct one",
    )


def _reference(catalog: Catalog, dataset: Dataset, reference: Reference) -> Iterator[_Check]:
    holder = _use(dataset, reference.column)
    of = f"`{dataset.name}`"
    target = reference.dataset
    yield _Check(
        Tally(dataset.name, orphaned(catalog, dataset.name, (reference.name,)), example=holder),
        "D444",
        f"1 row of {of} refers to a `{reference.name}` that `{target}` does not have: {{example}}",
        f"{{count}} rows of {of} refer to a `{reference.name}` that `{target}` does not have, such as {{example}}",
        f"such a row stands under the null value; add what is missing to `{target}`, or correct `{reference.column}`",
    )
    if reference.column == dataset.key:
        return
    yield _Check(
        Tally(dataset.name, is_null(holder), example=_label(dataset)),
        "D445",
        f"1 row of {of} has no `{reference.name}`{_such(dataset)}",
        f"{{count}} rows of {of} have no `{reference.name}`{_such(dataset, 'such as ')}",
        f"a row without one stands under the null value, and belongs to no member of `per {reference.name}`",
    )


# --- counting --------------------------------------------------------------------------------------------------------


def _counts(checks: Sequence[_Check], dataset: Dataset, catalog: Catalog, sources: Sources) -> list[Fault]:
    """The faults of which there are any; where all cannot be counted at once, one by one."""
    if not checks:
        return []
    try:
        site = sources.site_around(catalog, dataset.name)
        tallies = _tallies(site, catalog, sources)
        rows = site.run(tallies.write([c.counted for c in checks])).to_pylist()
    except FaultError as error:
        if len(checks) == 1:
            subject = f"dataset `{dataset.name}`"
            return [replace(f, place=f.place or _place(dataset)).within(subject) for f in error.faults]
        return [f for check in checks for f in _counts([check], dataset, catalog, sources)]
    found = {row["n"]: (row["found"], row["example"]) for row in rows}
    return [check.fault(dataset, *found[n]) for n, check in enumerate(checks) if found[n][0]]


def _tallies(site: Site, catalog: Catalog, sources: Sources) -> Tallies:
    calendar = plain_calendar(catalog.project)
    with suppress(FaultError):
        calendar = Calendars(catalog, sources, sources.plugins.functions).current()
    writer = current_writer(calendar, site.dialect, sources.plugins.functions)
    return Tallies(catalog, site.relation, writer, calendar)


def _usable(dataset: Dataset, column: str) -> bool:
    found = dataset.columns.get(column)
    return found is not None and found.type is not Type.OPAQUE


def _use(dataset: Dataset, column: str) -> ColumnUse:
    return ColumnUse((), column, dataset.columns[column].type)


def _label(dataset: Dataset) -> ColumnUse | None:
    """What one row is shown by: its key."""
    return _use(dataset, dataset.key) if dataset.key is not None and _usable(dataset, dataset.key) else None


def _such(dataset: Dataset, of_many: str = "") -> str:
    return f" ({of_many}`{dataset.key}` {{example}})" if _label(dataset) is not None else ""


def _shown(example: str | None) -> str:
    if example is None:
        return "null"
    text = " ".join(example.split())
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def _place(dataset: Dataset) -> Place | None:
    return dataset.place if dataset.place is not NOWHERE else None
