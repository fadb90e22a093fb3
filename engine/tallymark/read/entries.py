"""Datasets and metrics, each from its entry in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallymark.definitions import EMPTY, ColumnDef, DatasetDef, MetricDef, MinCountDef, RefDef
from tallymark.kinds import DECLARABLE
from tallymark.read.bands import bands
from tallymark.read.targets import grain, target
from tallymark.read.transforms import transform
from tallymark.read.values import (
    Reading,
    by_language,
    conversion,
    entries,
    formula,
    lists_by_language,
    named,
    one_of,
    text,
    texts,
    truth,
    unit,
    whole,
    word,
)
from tallymark.yaml_text import Entries, Items, Scalar, Value

MAX_DECIMALS = 12
MOST_COUNTED = 10**12


def metric(key: Scalar, value: Value, reading: Reading) -> MetricDef | None:
    """A metric: its formula alone, or a mapping. None, and a fault, when it has no formula or no usable name."""
    subject = f"metric `{key.text[:60]}`"
    usable = named(key, "metric", reading, bare=True)
    said = value if isinstance(value, Entries) else None
    found = said.get("formula") if said else value
    if said is not None and (found is None or (isinstance(found, Scalar) and found.absent and found.style != "*")):
        reading.fault("R023", "no formula", key, "write `formula: …`", subject)
        found = None
    parsed = formula(found, reading, subject)
    if parsed is None:
        return None
    made = MetricDef(key.text, parsed, pack=reading.pack, place=key.place())
    if said is not None:
        made = described(made, said, reading, subject)
    return made if usable else None


def described(made: MetricDef, said: Entries, reading: Reading, subject: str) -> MetricDef:
    """The metric of that name, formula and pack, with all that the entry says of it."""
    return MetricDef(
        name=made.name,
        formula=made.formula,
        unit=unit(said.get("unit"), reading, subject),
        convert=conversion(said.get("convert"), reading, subject),
        missing=one_of(word(said.get("missing")), "zero", "null"),
        min_count=_min_count(said.get("min_count"), reading, subject),
        level=text(said.get("level")),
        label=by_language(said.get("label"), reading),
        description=by_language(said.get("description"), reading),
        aliases=lists_by_language(said.get("aliases"), reading),
        direction=one_of(text(said.get("direction")), "up", "down"),
        target=target(said.get("target"), reading, subject),
        bands=bands(said.get("bands"), reading, subject),
        bands_grain=grain(said.get("bands")),
        decimals=whole(said.get("decimals"), 0, MAX_DECIMALS),
        tags=texts(said.get("tags")),
        hidden=truth(said.get("hidden"), False),
        pack=made.pack,
        place=made.place,
        level_place=level.place() if (level := said.get("level")) is not None else made.place,
    )


def _min_count(value: Value | None, reading: Reading, subject: str) -> MinCountDef | None:
    """Below how many rows cells are hidden, or of what they count."""
    if not isinstance(value, Entries):
        rows = whole(value, 0, MOST_COUNTED)
        return None if value is None or rows is None else MinCountDef(rows, None, value.place())
    for missing in ("of", "at_least"):
        if value.key(missing) is None:
            example = "{of: count(orders), at_least: 30}"
            reading.fault("R023", f"`min_count` without `{missing}`", value, f"write `min_count: {example}`", subject)
    at_least = whole(value.get("at_least"), 0, MOST_COUNTED)
    counted = formula(value.get("of"), reading, subject)
    return None if at_least is None or counted is None else MinCountDef(at_least, counted, value.place())


def dataset(key: Scalar, value: Value, reading: Reading) -> DatasetDef | None:
    """A dataset; None, and a fault, when it has no usable name."""
    subject = f"dataset `{key.text[:60]}`"
    usable = named(key, "dataset", reading, bare=True)
    said = value if isinstance(value, Entries) else Entries(key.page, (), value.start, value.end)
    source, table = text(said.get("source")), text(said.get("table"))
    if source is not None and table is None:
        at = said.key("source") or key
        reading.fault("R033", "a `source` without a `table`", at, f"write `table:`, the table in `{source}`", subject)
    made_of = transform(said.get("transform"), reading, subject)
    for other in ("table", "format") if made_of is not None else ():
        if said.get(other) is not None:
            help_ = "a dataset is read from a table or made by a transform; keep one"
            reading.fault("R033", f"both `transform` and `{other}`", said.key(other) or key, help_, subject)
    made = DatasetDef(
        name=key.text,
        source=None if made_of is not None else source or ("files" if table else None),
        table=None if made_of is not None else table,
        transform=made_of,
        implements=text(said.get("implements")),
        key=text(said.get("key")),
        time=text(said.get("time")),
        valid=_pair(said.get("valid")),
        refs=_refs(said.get("refs"), reading, subject),
        columns=_columns(said.get("columns"), reading, subject),
        format=format_of(said.get("format")),
        label=by_language(said.get("label"), reading),
        description=by_language(said.get("description"), reading),
        pack=reading.pack,
        place=key.place(),
        table_place=(said.get("table") or key).place(),
        source_place=(said.get("source") or key).place(),
    )
    return made if usable else None


def _pair(value: Value | None) -> tuple[str, str] | None:
    found = texts(value) if isinstance(value, Items) else ()
    return (found[0], found[1]) if len(found) == 2 else None


def _refs(value: Value | None, reading: Reading, owner: str) -> Mapping[str, RefDef]:
    found = {}
    for key, said in entries(value):
        referred = text(said.get("dataset") if isinstance(said, Entries) else said)
        column = text(said.get("column")) if isinstance(said, Entries) else None
        if referred is None and not (isinstance(said, Scalar) and said.style == "*"):
            message = f"the reference `{key.text[:60]}` names no dataset"
            reading.fault("R023", message, key, "write `dataset: …`", owner)
        if named(key, "reference", reading, bare=False) and referred is not None:
            found[key.text] = RefDef(key.text, referred, column or key.text, key.place())
    return found or EMPTY


def _columns(value: Value | None, reading: Reading, owner: str) -> Mapping[str, ColumnDef]:
    made = ((key.text, _column(key, said, reading, owner)) for key, said in entries(value) if not reading.full)
    return {name: column for name, column in made if column is not None} or EMPTY


def _column(key: Scalar, value: Value, reading: Reading, owner: str) -> ColumnDef | None:
    subject = f"column `{key.text[:60]}` of {owner}"
    usable = named(key, "column", reading, bare=False)
    said = value if isinstance(value, Entries) else None
    if said is None:
        return ColumnDef(key.text, one_of(text(value), *DECLARABLE), place=key.place()) if usable else None
    computed = said.get("formula")
    parsed = formula(computed, reading, subject) if computed is not None else None
    if parsed is not None and said.key("column") is not None:
        at = said.key("column") or key
        reading.fault("R033", "both `formula` and `column`", at, "a column is read or computed; keep one", subject)
    made = ColumnDef(
        name=key.text,
        type=one_of(text(said.get("type")), *DECLARABLE),
        unit=unit(said.get("unit"), reading, subject),
        currency=text(said.get("currency")),
        column=text(said.get("column")),
        formula=parsed,
        required=truth(said.get("required"), True),
        label=by_language(said.get("label"), reading),
        description=by_language(said.get("description"), reading),
        format=format_of(said.get("format")),
        place=key.place(),
    )
    return made if usable else None


def format_of(value: Value | None) -> Mapping[str, Any]:
    """How texts are written: words by key, and the list `nulls`."""
    found: dict[str, Any] = {}
    for key, said in entries(value):
        if key.text == "nulls":
            # An empty plain scalar is a text here too: `nulls: [, -]` and `nulls: ""` both mean the empty one.
            items = said.items if isinstance(said, Items) else (said,)
            found[key.text] = tuple(item.text for item in items if isinstance(item, Scalar) and item.style != "*")
        elif word(said) is not None:
            found[key.text] = word(said)
    return found or EMPTY
