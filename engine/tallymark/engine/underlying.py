"""The rows behind one number: questions of their own, by the key of each dataset, answered by the same engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tallymark.behind import WEIGHT, Behind
from tallymark.catalog import Catalog, Dataset, Reached
from tallymark.engine.asking import Asked
from tallymark.engine.leaves import Reading, readings, wrapped
from tallymark.engine.members import Render, counts, ordered
from tallymark.engine.naming import names
from tallymark.engine.origins_of_rows import Origins
from tallymark.errors import FaultError
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    ColumnUse,
    Constant,
    DimensionUse,
    Filtered,
    Nested,
    walk,
)  # fmt: skip
from tallymark.kinds import Type
from tallymark.lower import Question, lower
from tallymark.plan import Parts, is_edged
from tallymark.units import COUNT

UNKEYED = 12
"""So many columns of a dataset without a key are told."""

COUNTED = "rows"
"""The column that says how many equal rows there are, where nothing tells them apart."""


def underlying(asked: Asked, catalog: Catalog, render: Render, limit: int) -> tuple[Behind, ...]:
    """For each aggregate of the asked metric the rows that counted, at most `limit`, and for each `per` its members."""
    question = replace(asked.question, min_counts=(), having=(), grain=None, fold=None, age=None)
    digging = _Digging(question, catalog, render, limit)
    bound = question.metrics[0][1]
    return tuple(digging.behind(r) for r in readings(bound, asked.metrics[0].formula, catalog, question.values))


@dataclass(slots=True)
class _Digging:
    question: Question
    catalog: Catalog
    render: Render
    limit: int
    members: dict[Any, tuple[Any, ...]] = field(default_factory=dict)

    def behind(self, reading: Reading) -> Behind:
        """The rows, or the members, or why they cannot be told."""
        try:
            if isinstance(reading.bound, Nested):
                return self._members(reading, reading.bound)
            return self._rows(reading, reading.bound)
        except FaultError as error:
            dataset = reading.bound.dataset if isinstance(reading.bound, Aggregate) else None
            return self._said(reading, dataset, (), (), 0, None, f"cannot be told: {error.faults[0].message}")

    def _said(
        self, reading: Reading, dataset: str | None, columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...],
        total: int, value: Any, note: str = "", made_of: tuple[Behind, ...] = (),
    ) -> Behind:  # fmt: skip
        place = reading.place
        return Behind(reading.text, dataset, columns, rows, total, value, place.metric, place.said, note, made_of)

    # --- members ---------------------------------------------------------------------------------------------------

    def _members(self, reading: Reading, nest: Nested) -> Behind:
        """The members that weigh most, by key and, where they have one, by name."""
        found, total = self._weighty(reading.place.forms, nest)
        keys = [key for key, _ in found]
        called = names(nest.member, keys, nest.body, self.question, self.catalog, self.render)
        member = ".".join(nest.member)
        columns = (member, *(("name",) if called else ()), WEIGHT)
        rows = tuple((key, *((called.get(key),) if called else ()), value) for key, value in found)
        return self._said(reading, None, columns, rows, total, None)

    def _weighty(self, forms: Any, nest: Nested) -> tuple[list[tuple[Any, Any]], int]:
        """At most `limit` members with their values, and how many there are that count."""
        body = wrapped(nest.body, forms)
        metrics, order = ordered(body, nest)
        table, level = self._asked(metrics, (nest.member,), order=order, limit=self.limit + 1)
        keys = table.column(level[0]).to_pylist()
        pairs = [(k, v) for k, v in zip(keys, table.column("m0").to_pylist(), strict=True) if k is not None]
        found = [(k, v) for k, v in pairs if counts(v, nest)][: self.limit]
        if len(pairs) <= self.limit:
            return found, len(found)
        table, _ = self._asked((("members", wrapped(_counting(nest), forms)),), ())
        return found, table.column("m0")[0].as_py()

    def _kept(self, reading: Reading) -> tuple[frozenset[Bound], str]:
        """The condition that a row's member is one of those that are told."""
        place = reading.place
        nest = place.nest
        if nest is None:
            return frozenset(), ""
        key = (place.outside, nest)
        if key not in self.members:
            found, _ = self._weighty(place.outside, nest)
            self.members[key] = tuple(k for k, _ in found)
        keys = self.members[key]
        kind = self._type(reading.bound, nest.member)
        if kind is None:
            return frozenset(), ""
        member = DimensionUse(nest.member, kind)
        said = "only rows of the members above"
        return frozenset({Apply("in", (member, *(Constant(k, kind) for k in keys)), Type.BOOLEAN)}), said

    def _type(self, bound: Bound, member: Parts) -> Type | None:
        if not isinstance(bound, Aggregate) or is_edged(member):
            return None
        found = self.catalog.reach(bound.dataset, member)
        if not isinstance(found, Reached):
            return None
        return self.catalog.home(bound.dataset, found.path).columns[found.column].type

    # --- rows ------------------------------------------------------------------------------------------------------

    def _rows(self, reading: Reading, leaf: Aggregate) -> Behind:
        """The rows of an aggregate: a question by the columns that tell them apart."""
        kept, note = self._kept(reading)
        own = self.catalog.datasets[leaf.dataset]
        origins = Origins(self.catalog, self._asked, self.limit)
        by = tuple(self._columns(reading, leaf, own, origins.wanted(own)))
        body, count = reading.around(leaf), reading.around(_rows_of(leaf))
        metrics: list[tuple[str, Bound]] = [("weight", body), (COUNTED, count)]
        order = [(".".join(p), False) for p in by[:1]]
        if body.type.numeric:
            metrics.append(("size", Apply("abs", (body,), body.type, body.unit)))
            order.insert(0, ("size", True))
        some = Apply(">", (count, Constant(0, Type.INTEGER)), Type.BOOLEAN)
        more = {"having": (some,), "convert": reading.place.convert or self.question.convert}
        table, level = self._asked(tuple(metrics), by, kept, order=tuple(order), limit=self.limit, **more)
        names_ = [".".join(p) for p in by]
        columns = [table.column(c).to_pylist() for c in level]
        weights, repeats = table.column("m0").to_pylist(), table.column("m1").to_pylist()
        repeated = any(n != 1 for n in repeats)
        shown = (*names_, *((COUNTED,) if repeated else ()), WEIGHT)
        values = [*columns, *([repeats] if repeated else []), weights]
        rows = tuple(zip(*values, strict=True))
        total, value = self._together(reading, leaf, kept, more["convert"])
        if reading.place.pieces and leaf.axis.kind == "stock":
            note = "read at the end of the window; each piece of time has rows of its own"
        made_of = origins.of(own, shown, rows) if rows else ()
        return self._said(reading, own.name, shown, rows, total, value, note, made_of)

    def _together(self, reading: Reading, leaf: Aggregate, kept: frozenset[Bound], convert: Any) -> tuple[int, Any]:
        """How many rows there are, and what the aggregate makes of them all."""
        metrics = (("value", reading.around(leaf)), (COUNTED, reading.around(_rows_of(leaf))))
        table, _ = self._asked(metrics, (), kept, convert=convert)
        if not table.num_rows:
            return 0, None
        return table.column("m1")[0].as_py() or 0, table.column("m0")[0].as_py()

    def _columns(self, reading: Reading, leaf: Aggregate, own: Dataset, wanted: Sequence[str]) -> Iterator[Parts]:
        """What tells a row: key, times, member, the columns that the leaf and its conditions read."""
        given: list[Parts] = [(own.key,)] if own.key is not None else []
        given += [(c,) for c in (*wanted, *(r.column for r in own.references.values()))]
        nest = reading.place.nest
        given += [nest.member] if nest is not None and not is_edged(nest.member) else []
        given += [(c,) for c in leaf.axis.columns]
        read = [b for part in (leaf.condition, leaf.argument) if part is not None for b in walk(part)]
        given += [(*b.path, b.column) for b in read if isinstance(b, ColumnUse) and b.at is None]
        conditions = [*self.question.filters, *(f.condition for f in reading.place.forms if isinstance(f, Filtered))]
        named = [b.parts for c in conditions for b in walk(c) if isinstance(b, DimensionUse)]
        given += [p for p in named if not is_edged(p)]
        if own.key is None:
            given += [(c,) for c in list(own.columns)[:UNKEYED]]
        told: set[tuple[Parts, str]] = set()
        for parts in given:
            found = self.catalog.reach(own.name, parts)
            if not isinstance(found, Reached) or (found.path, found.column) in told:
                continue
            column = self.catalog.home(own.name, found.path).columns[found.column]
            if column.faulty or column.type in (Type.OPAQUE, Type.NULL):
                continue
            told.add((found.path, found.column))
            yield parts

    # --- asking ----------------------------------------------------------------------------------------------------

    def _asked(
        self, metrics: tuple[tuple[str, Bound], ...], by: tuple[Parts, ...], kept: frozenset[Bound] = frozenset(),
        **more: Any,
    ) -> tuple[Any, Sequence[str]]:  # fmt: skip
        """The rows of a question, and the columns of its dimensions; of `kept` alone when `only` is said."""
        changed: dict[str, Any] = {"order": (), "limit": None, "sparse": bool(by)} | more
        filters = kept if changed.pop("only", False) else self.question.filters | kept
        question = replace(self.question, metrics=metrics, by=by, filters=filters, **changed)
        lowered = lower(self.catalog, question)
        rendered = self.render(lowered)
        return rendered.site.run(rendered.sql), [k.column for k in lowered.plan.space.level]


def _rows_of(leaf: Aggregate) -> Aggregate:
    """How many rows an aggregate counted: those that meet its condition and have a value."""
    argument = leaf.argument
    if argument is not None and argument.type is Type.BOOLEAN and leaf.function != "count":
        argument = None
    return replace(leaf, function="count", argument=argument, type=Type.INTEGER, unit=COUNT, extra=(), zero=True)


def _counting(nest: Nested) -> Nested:
    """How many members count."""
    body: Bound = nest.body
    if nest.function == "all":
        body = Apply("not", (body,), Type.BOOLEAN)
    elif nest.function == "sum" and body.type is not Type.BOOLEAN:
        body = Apply("!=", (body, Constant(0, Type.INTEGER)), Type.BOOLEAN)
    return replace(nest, function="count", body=body, type=Type.INTEGER, unit=COUNT, extra=(), zero=True)
