"""The rows that a transform made other rows of, as far as columns can tell (`Trace`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from tallymark.behind import Behind
from tallymark.catalog import Catalog, Dataset, Making
from tallymark.errors import FaultError
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, Constant, DimensionUse
from tallymark.kinds import Type
from tallymark.transforms.transform import Trace
from tallymark.units import COUNT

READ = 50
"""So many rows of an input are looked at for each row that may be told."""

Ask = Callable[..., tuple[Any, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Origins:
    """Finds the rows behind made rows. `ask` answers metrics by dimensions under further conditions."""

    catalog: Catalog
    ask: Ask
    limit: int

    def wanted(self, dataset: Dataset) -> list[str]:
        """The columns of a dataset that tell which rows its own were made of."""
        found: dict[str, None] = {}
        for trace in _traces(dataset.making):
            named = [own for own, _ in trace.same]
            named += [trace.at[0]] if trace.at is not None else []
            named += trace.within or ()
            found.update(dict.fromkeys(c for n in named if (c := _called(dataset, n)) is not None))
        return list(found)

    def of(self, dataset: Dataset, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> tuple[Behind, ...]:
        """Rows of the inputs that `rows` of a made dataset come from, and those that these come from in turn."""
        made = [dict(zip(columns, row, strict=True)) for row in rows]
        found = (self._input(dataset, trace, made) for trace in _traces(dataset.making))
        return tuple(b for b in found if b is not None)

    def _input(self, dataset: Dataset, trace: Trace, made: list[dict[str, Any]]) -> Behind | None:
        making = dataset.making
        assert making is not None
        own = self.catalog.datasets[making.inputs[trace.input].dataset]
        pairs = [(_called(dataset, mine), theirs) for mine, theirs in trace.same]
        pairs = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs in own.columns]
        if not pairs:
            return None
        read = {*self._read(own, making, trace), *self.wanted(own), *(r.column for r in own.references.values())}
        columns = [*([own.key] if own.key else []), *(c for c in own.columns if c in read and c != own.key)]
        columns = [c for c in columns if not own.columns[c].faulty and own.columns[c].type is not Type.OPAQUE]
        try:
            rows = self._rows(own, columns, pairs, made)
        except FaultError:
            return None
        time = making.inputs[trace.input].shape.time or ""
        chosen = [r for r in rows if any(_belongs(r, m, dataset, trace, time) for m in made)]
        if not chosen:
            return None
        shown = tuple(tuple(r[c] for c in columns) for r in chosen[: self.limit])
        deeper = self.of(own, columns, shown)
        return Behind("", own.name, tuple(columns), shown, len(chosen), made_of=deeper, by=making.transform.name)

    def _read(self, own: Dataset, making: Making, trace: Trace) -> Iterator[str]:
        """The columns that the transform read."""
        given = making.inputs[trace.input]
        times = [own.time, *(own.valid or ()), given.shape.time]
        yield from (c for c in (*given.columns, *times) if c is not None and c in own.columns)

    def _rows(
        self, own: Dataset, columns: list[str], pairs: list[tuple[Any, str]], made: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The rows of an input that are the same in what must be the same as one of those made."""
        kept: set[Bound] = set()
        for mine, theirs in pairs:
            kind = own.columns[theirs].type
            keys = dict.fromkeys(m[mine] for m in made if m.get(mine) is not None)
            if not keys:
                return []
            use = DimensionUse((theirs,), kind)
            kept.add(Apply("in", (use, *(Constant(k, kind) for k in keys)), Type.BOOLEAN))
        count = Aggregate("count", own.name, None, None, Axis("timeless"), Type.INTEGER, COUNT, zero=True)
        by = tuple((c,) for c in columns)
        table, level = self.ask(
            (("rows", count),), by, frozenset(kept), order=((columns[0], False),), limit=self.limit * READ, only=True
        )
        values = [table.column(c).to_pylist() for c in level]
        return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _traces(making: Making | None) -> Sequence[Trace]:
    if making is None or making.transform.trace is None:
        return ()
    return making.transform.trace(making.arguments)


def _called(dataset: Dataset, stored: str) -> str | None:
    """What a dataset calls a column that its transform gives."""
    return next((c.name for c in dataset.columns.values() if c.stored == stored), None)


def _belongs(row: Mapping[str, Any], made: Mapping[str, Any], dataset: Dataset, trace: Trace, time: str) -> bool:
    """Whether a row is one that a made row comes from; `time` is the column that orders it."""
    if any(row.get(theirs) != made.get(_called(dataset, mine) or "") for mine, theirs in trace.same):
        return False
    if trace.at is not None:
        now = made.get(_called(dataset, trace.at[0]) or "")
        return now is not None and any(_instant(row.get(t)) == _instant(now) for t in trace.at[1])
    if trace.within is not None:
        start, end = (_instant(made.get(_called(dataset, c) or "")) for c in trace.within)
        then = _instant(row.get(time))
        if then is None or start is None or then < start:
            return False
        return end is None or then < end or (trace.closed and then == end)
    return True


def _instant(value: Any) -> datetime | None:
    """A time as something to compare: a date is its first moment, a time with a zone that of its clock in UTC."""
    if not isinstance(value, date):
        return None
    whole = value if isinstance(value, datetime) else datetime.combine(value, time())
    return whole.astimezone(UTC).replace(tzinfo=None) if whole.tzinfo is not None else whole
