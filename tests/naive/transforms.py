"""Datasets made of others: every transform row by row, as known at one date (reference, Datasets made of others)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tallymark.definitions import ColumnDef, DatasetDef, RefDef, TransformDef
from tallymark.formula import nodes

from . import aggregates, marks, values
from .clock import SECONDS, Clock, Moment
from .rows import Read, Table
from .world import NaiveError, Row, World


@dataclass(frozen=True)
class Made:
    """What a transform gives: rows by column, the roles of the columns, and the references that are carried over."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    key: str | None = None
    time: str | None = None
    valid: tuple[str, str] | None = None
    refs: dict[str, tuple[str, str]] | None = None


@dataclass(frozen=True)
class Input:
    """The rows of one input with all its columns, in no order: those after the knowledge date are not among them."""

    definition: DatasetDef
    time: str | None
    rows: list[dict[str, Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.definition.columns)


def derived(world: World, clock: Clock, as_of: Moment) -> World:
    """The world with every transformed dataset as if it were a table of its own."""
    waiting = [d for d in world.datasets.values() if d.transform is not None]
    while waiting:
        ready = [d for d in waiting if not {_name(i.node) for i in _call(d).inputs} & {w.name for w in waiting}]
        if not ready:
            raise NaiveError("datasets are made of one another in a ring")
        for definition in ready:
            world = _with(world, definition, _made(world, definition, clock, as_of))
        waiting = [d for d in waiting if d not in ready]
    return world


def _call(definition: DatasetDef) -> TransformDef:
    assert definition.transform is not None
    return definition.transform


def _with(world: World, definition: DatasetDef, made: Made) -> World:
    renamed = {c.column: c.name for c in definition.columns.values() if c.column is not None}
    called = {c: renamed.get(c, c) for c in made.columns}
    stored = {called[c]: definition.columns.get(called[c], ColumnDef(called[c])) for c in made.columns}
    computed = {c.name: c for c in definition.columns.values() if c.formula is not None}
    carried = {n: RefDef(n, target, called[column]) for n, (target, column) in (made.refs or {}).items()}
    whole = replace(
        definition,
        transform=None,
        columns={**stored, **computed},
        key=definition.key or (called[made.key] if made.key else None),
        time=definition.time or (called[made.time] if made.time else None),
        valid=definition.valid or (made.valid and (called[made.valid[0]], called[made.valid[1]])),
        refs={**carried, **definition.refs},
    )
    rows = [{called[c]: v for c, v in row.items()} for row in made.rows]
    return replace(world, datasets={**world.datasets, whole.name: whole}, rows={**world.rows, whole.name: rows})


def _made(world: World, definition: DatasetDef, clock: Clock, as_of: Moment) -> Made:
    call = _call(definition)
    table = Table(world, clock, as_of)
    inputs = [_input(table, i.node) for i in call.inputs]
    from .recurring import RECURRING  # it is built on what is here

    return (TRANSFORMS | RECURRING)[call.name](inputs, Arguments(world, call, inputs[0]), clock)


def _name(node: nodes.Node | None) -> str:
    body = node.body if isinstance(node, nodes.Scoped) else node
    return str(body)


def _input(table: Table, node: nodes.Node | None) -> Input:
    definition = table.world.datasets[_name(node)]
    scoped = node if isinstance(node, nodes.Scoped) else None
    time = definition.time or (definition.valid[0] if definition.valid else None)
    if scoped is not None and scoped.on is not None:
        time = str(scoped.on)
    rows = []
    for row in table.world.rows[definition.name]:
        read = Read(table.as_of, before=True)
        whole = {c: table.column(c, definition.name, row, read) for c in definition.columns}
        if time is not None and whole[time] is not None and not table.precedes(whole[time], table.as_of):
            continue
        if scoped is None or scoped.where is None or _holds(table, scoped.where, definition.name, row, whole, time):
            rows.append(whole)
    return Input(definition, time, rows)


def _holds(table: Table, where: nodes.Node, dataset: str, row: Row, whole: Row, time: str | None) -> bool:
    at = whole[time] if time is not None else None
    read = Read(table.as_of, before=True) if at is None else Read(table.clock.moment(at), before=False)
    return table.evaluate(where, dataset, row, read) is True


class Arguments:
    """What is said to a transform."""

    def __init__(self, world: World, call: TransformDef, first: Input) -> None:
        self.world = world
        self.call = call
        self.first = first

    def __contains__(self, name: str) -> bool:
        return name in self.call.arguments

    def columns(self, name: str) -> tuple[str, ...]:
        """Columns of the first input; a reference stands for the one that holds it."""
        found = []
        for said in self.call.arguments[name].values if name in self else ():
            column = str(said.node).removeprefix(f"{self.first.definition.name}.")
            ref = self.first.definition.refs.get(column)
            found.append(ref.column if ref is not None else column)
        return tuple(dict.fromkeys(found))

    def length(self, name: str) -> timedelta | None:
        """A length of time; None for null."""
        node = self.call.arguments[name].values[0].node
        if isinstance(node, nodes.Parameter):
            node = self.world.parameters[node.name]
        if isinstance(node, nodes.Null):
            return None
        assert isinstance(node, nodes.Duration)
        seconds = {**SECONDS, "day": 86_400, "week": 604_800}[node.unit]
        return timedelta(microseconds=int(node.count * seconds * 1_000_000))

    def word(self, name: str, otherwise: str) -> str:
        return str(self.call.arguments[name].values[0].node) if name in self else otherwise


def ordering(row: Row, time: str | None, key: str | None, clock: Clock) -> tuple[Any, ...]:
    """What rows are ordered by: time, then key; nulls first."""
    at = row[time] if time is not None else None
    moment = None if at is None else clock.moment(at)
    stamp = (0,) if moment is None else (1, moment.utc if values.is_instant(at) else moment.wall)
    return stamp, present(row[key] if key is not None else None)


def present(value: Any) -> tuple[Any, ...]:
    """A value as something to order by, null first."""
    return (0,) if value is None else (1, value)


def by_member(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Iterator[tuple[tuple[Any, ...], list[Row]]]:
    """Rows of each member, those without one left out."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        member = tuple(row[c] for c in columns)
        if None not in member:
            found.setdefault(member, []).append(row)
    yield from found.items()


# --- sessionize ------------------------------------------------------------------------------------------------------


def sessionize(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """A new session wherever more than the gap lies between an event and the one before it."""
    (given,) = inputs
    time = given.time
    assert time is not None
    per, gap = said.columns("per"), said.length("gap")
    assert gap is not None
    rows = []
    for member, events in by_member([r for r in given.rows if r[time] is not None], per):
        ordered = sorted(events, key=lambda r: ordering(r, time, given.definition.key, clock))
        session: list[Row] = []
        for event in ordered:
            if session and values.elapsed(session[-1][time], event[time], clock) > gap.total_seconds():
                rows.append(_session(session, member, given, said, clock))
                session = []
            session.append(event)
        rows.append(_session(session, member, given, said, clock))
    named = [f"{end}_{c}" for end in ("first", "last") for c in said.columns(end)]
    refs = {r.name: (r.dataset, r.column) for r in given.definition.refs.values() if r.column in per}
    columns = ("id", *per, "started_at", "ended_at", "seconds", "events", *named)
    return Made(columns, rows, "id", "started_at", refs=refs)


def _session(events: list[Row], member: tuple[Any, ...], given: Input, said: Arguments, clock: Clock) -> dict[str, Any]:
    time = given.time
    assert time is not None
    per = said.columns("per")
    start, end = events[0][time], events[-1][time]
    tail = (said.length("tail") if "tail" in said else None) or timedelta()
    lasted: float | None = values.elapsed(start, end, clock) + tail.total_seconds()
    if len(events) == 1 and "single" in said:
        single = said.length("single")
        lasted = None if single is None else single.total_seconds()
    found = {
        "id": session_key(member, start),
        **dict(zip(per, member, strict=True)),
        "started_at": start,
        "ended_at": end,
        "seconds": lasted,
        "events": len(events),
    }
    for which in ("first", "last"):
        for column in said.columns(which):
            pairs = [(e[column], ordering(e, time, given.definition.key, clock)) for e in events]
            found[f"{which}_{column}"] = aggregates.aggregate(which, pairs)
    return found


def session_key(member: tuple[Any, ...], start: date) -> str:
    """`member@start`; of several members, all but the last have their `~` and `@` escaped."""
    texts = [str(m) for m in member]
    escaped = [t.replace("~", "~~").replace("@", "~a") for t in texts[:-1]]
    return "@".join([*escaped, texts[-1], spelled(start)])


def spelled(time: date) -> str:
    """A time as the database writes it: fractions without zeros at their end, instants in UTC."""
    if not isinstance(time, datetime):
        return time.isoformat()
    text = time.replace(tzinfo=None).isoformat(" ", timespec="microseconds").rstrip("0").rstrip(".")
    text = text if "." in text or len(text) == 19 else time.replace(tzinfo=None).isoformat(" ", timespec="seconds")
    return text + ("+00" if time.tzinfo is not None else "")


# --- union -----------------------------------------------------------------------------------------------------------


def union(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """The rows of all inputs; each has its dataset's name, and its time under one name."""
    origin = said.word("origin", "dataset")
    stock = any(i.time is None or i.definition.time is None for i in inputs)
    times = {i.time for i in inputs}
    time = None if stock else times.pop() if len(times) == 1 else "at"
    columns = dict.fromkeys([*(c for i in inputs for c in i.columns), *([time] if time else []), origin])
    rows = []
    for given in inputs:
        for row in given.rows:
            whole = {c: row.get(c) for c in columns} | {origin: given.definition.name}
            rows.append({**whole, time: row[given.time or ""]} if time else whole)
    valid = inputs[0].definition.valid
    valid = valid if all(i.definition.valid == valid for i in inputs) else None
    refs = {r.name: (r.dataset, r.column) for i in inputs for r in i.definition.refs.values()}
    agreed = {
        name: (target, column)
        for name, (target, column) in refs.items()
        if all(
            name in i.definition.refs and (i.definition.refs[name].dataset, i.definition.refs[name].column)
            == (target, column)
            for i in inputs
            if column in i.columns
        )
    }  # fmt: skip
    return Made(tuple(columns), rows, None, time, valid, agreed)


# --- versions --------------------------------------------------------------------------------------------------------


def versions(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """A version for each change of a member's values, until the next one; at one time the last row counts."""
    (given,) = inputs
    time, key = given.time, given.definition.key
    assert time is not None
    per = said.columns("per")
    held = said.columns("of") or tuple(c for c in given.columns if c not in (*per, time, key))
    rows: list[dict[str, Any]] = []
    for member, found in by_member([r for r in given.rows if r[time] is not None], per):
        ordered = sorted(found, key=lambda r: (*ordering(r, time, key, clock), *(present(r[c]) for c in held)))
        # A row is followed by another of the same time unless it counts.
        alive = [r for r, n in zip(ordered, [*ordered[1:], None], strict=True) if n is None or n[time] != r[time]]
        begun: dict[str, Any] | None = None
        for row in alive:
            if begun is not None and all(begun[c] == row[c] for c in held):
                continue
            if begun is not None:
                begun["valid_to"] = row[time]
            begun = {
                "id": session_key(member, row[time]),
                **dict(zip(per, member, strict=True)),
                "valid_from": row[time],
                "valid_to": None,
                **{c: row[c] for c in held},
            }
            rows.append(begun)
    refs = {r.name: (r.dataset, r.column) for r in given.definition.refs.values() if r.column in (*per, *held)}
    return Made(("id", *per, "valid_from", "valid_to", *held), rows, "id", None, ("valid_from", "valid_to"), refs)


# --- dedupe ----------------------------------------------------------------------------------------------------------


def dedupe(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """The first or last row of each member; rows without one all stay."""
    (given,) = inputs
    time, key = given.time, given.definition.key
    per = said.columns("per")
    rest = sorted(c for c in given.columns if c not in (time, key))
    kept = [r for r in given.rows if any(r[c] is None for c in per)]
    for _, found in by_member(given.rows, per):
        ordered = sorted(found, key=lambda r: (*ordering(r, time, key, clock), *(present(r[c]) for c in rest)))
        kept.append(dict(ordered[0 if said.word("keep", "last") == "first" else -1]))
    own = given.definition
    refs = {r.name: (r.dataset, r.column) for r in own.refs.values()}
    return Made(given.columns, kept, per[0] if len(per) == 1 else None, own.time, own.valid, refs)


# --- a row model ------------------------------------------------------------------------------------------------------


def marked(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """Every row with the columns that a function of some of its others gives; what is no finite number is null."""
    (given,) = inputs
    page, size = said.columns("page"), said.columns("size")
    prefix = said.word("prefix", "")
    names = {n: f"{prefix}_{n}" if prefix else n for n in marks.NAMES}
    rows = []
    for row in given.rows:
        number = row[size[0]] if size else None
        found = marks.mark(row[page[0]], None if number is None else float(number))
        rows.append({**row, **{names[n]: None if v != v else v for n, v in found.items()}})
    own = given.definition
    refs = {r.name: (r.dataset, r.column) for r in own.refs.values()}
    return Made((*given.columns, *names.values()), rows, own.key, own.time, own.valid, refs)


Transforming = Callable[[list[Input], Arguments, Clock], Made]

TRANSFORMS: dict[str, Transforming] = {
    "sessionize": sessionize,
    "union": union,
    "versions": versions,
    "dedupe": dedupe,
    "acme.mark": marked,
}
