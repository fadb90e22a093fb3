"""`sessionize`: the events of a member in the order of time, cut where nothing happens for longer than a gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.keys import member_key
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Misfit, Rows, Shape, Take, Trace, Transform
from tallymark.units import COUNT, DURATION

ID, STARTED, ENDED, SECONDS, EVENTS = "id", "started_at", "ended_at", "seconds", "events"
AS_TAIL = "tail"
"""A session of one event lasts as long as the tail, unless something else is said."""


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """A row a session: its key, its members, when it started and ended, how long it lasted, and what it held."""
    (rows,) = inputs
    if rows.time is None:
        raise Misfit(
            f"`{rows.name}` has no time to order its rows by", f"write `{rows.name} on …`, or give it a `time:`"
        )
    members, time = arguments["per"], rows.fields[rows.time]
    of_members = tuple((0, m) for m in members)
    fields = [Field(ID, Type.TEXT, of=(*of_members, (0, time.name)))]
    fields += [rows.fields[m].carried() for m in members]
    fields += [
        Field(STARTED, time.type, of=((0, time.name),)),
        Field(ENDED, time.type, of=((0, time.name),)),
        Field(SECONDS, Type.DOUBLE, DURATION, of=((0, time.name),)),
        Field(EVENTS, Type.INTEGER, COUNT),
    ]
    fields += [rows.fields[c].carried(f"{end}_{c}") for end in ("first", "last") for c in arguments[end]]
    made: dict[str, Field] = {}
    for each in fields:
        if each.name in made:
            help_ = "give the column another name in its own dataset"
            raise Misfit(f"a session would have two columns `{each.name}`", help_, "per")
        made[each.name] = each
    references = {name: (target, c) for name, (target, c) in rows.references.items() if c in members}
    read = frozenset({time.name, *members, *arguments["first"], *arguments["last"], *rows.keys})
    return Made(Shape("", made, ID, STARTED, references=references), (read,))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """The sessions as a SELECT.

    Of events at one time any may come first: only the first of them can have a gap before it, and a running sum takes
    rows of one time together, so that all of them fall into one session.
    """
    (rows,) = inputs
    assert rows.shape.time is not None
    members = [f"p{n}" for n in range(len(arguments["per"]))]
    ends = [(end, c, f"{end[0]}{n}") for end in ("first", "last") for n, c in enumerate(arguments[end])]
    begun = bench.put("marked", _marked(rows, arguments, members, ends))
    parts = [sql.col(m) for m in members]
    nth = sql.over(exp.Sum(this=sql.col("begins")), parts, [exp.Ordered(this=sql.col("t"))])
    cut = bench.put("cut", sql.select(exp.Star(), sql.named(nth, "nth")).from_(sql.source(begun), copy=False))
    if ends:
        cut = bench.put("ranked", _ranked(cut, members, ends, rows.shape.key is not None))
    return _grouped(cut, rows.shape.fields[rows.shape.time].type, arguments, members, ends, bench)


Ends = list[tuple[str, str, str]]
"""`first` or `last`, the column, and what it is called on the way."""


def _marked(rows: Rows, arguments: Arguments, members: list[str], ends: Ends) -> exp.Select:
    """The rows that can belong to a session, each with 1 where one begins."""
    time: exp.Expression = sql.col(rows.shape.time or "")
    if rows.shape.fields[rows.shape.time or ""].type is Type.DATE:
        time = sql.cast(time, Type.TIMESTAMP)
    own = [sql.col(c) for c in arguments["per"]]
    before = sql.over(exp.Lag(this=time.copy()), [o.copy() for o in own], [exp.Ordered(this=time.copy())])
    within = exp.LTE(this=time.copy(), expression=exp.Add(this=before, expression=sql.interval(arguments["gap"])))
    shown = [sql.named(o, m) for o, m in zip(own, members, strict=True)]
    shown += [sql.named(time, "t"), sql.named(sql.case(within, sql.number(0), sql.number(1)), "begins")]
    shown += [sql.named(sql.col(c), name) for _, c, name in ends]
    if ends and rows.shape.key is not None:
        shown.append(sql.named(sql.col(rows.shape.key), "k"))
    present = sql.both(*(sql.known(sql.col(c)) for c in (*arguments["per"], rows.shape.time or "")))
    return sql.select(*shown).from_(sql.source(rows.relation), copy=False).where(present, copy=False)


def _ranked(cut: str, members: list[str], ends: Ends, keyed: bool) -> exp.Select:
    """The rows with their place in the session for each value that is carried: the 1st has the first, or last, one.

    Rows without the value come behind all; then time, key and value decide.
    """
    parts = [sql.col(m) for m in (*members, "nth")]
    shown: list[exp.Expression] = [exp.Star()]
    for end, _, name in ends:
        absent = sql.case(sql.unknown(sql.col(name)), sql.number(1), sql.number(0))
        by = sql.rising([sql.col(c) for c in ("t", *(("k",) if keyed else ()), name)], falling=end == "last")
        place = sql.over(exp.RowNumber(), [p.copy() for p in parts], [exp.Ordered(this=absent), *by])
        shown.append(sql.named(place, f"at_{name}"))
    return sql.select(*shown).from_(sql.source(cut), copy=False)


def _grouped(cut: str, time: Type, arguments: Arguments, members: list[str], ends: Ends, bench: Bench) -> exp.Select:
    first, last, count = exp.Min(this=sql.col("t")), exp.Max(this=sql.col("t")), exp.Count(this=exp.Star())
    at = sql.cast if time is Type.DATE else lambda value, kind: value
    shown = [sql.named(member_key(members, at(first, time)), ID)]
    shown += [sql.named(sql.col(m), c) for m, c in zip(members, arguments["per"], strict=True)]
    kind = Type.TIMESTAMP if time is Type.DATE else time
    lasted = _credited(bench.seconds(last.copy(), first.copy(), kind), count, arguments)
    shown += [
        sql.named(at(first.copy(), time), STARTED),
        sql.named(at(last, time), ENDED),
        sql.named(lasted, SECONDS),
        sql.named(sql.cast(count.copy(), Type.INTEGER), EVENTS),
    ]
    for end, column, name in ends:
        there = exp.EQ(this=sql.col(f"at_{name}"), expression=sql.number(1))
        shown.append(sql.named(exp.AnyValue(this=sql.case(there, sql.col(name))), f"{end}_{column}"))
    groups = [sql.col(m) for m in (*members, "nth")]
    return sql.select(*shown).from_(sql.source(cut), copy=False).group_by(*groups, copy=False)


def _credited(lasted: exp.Expression, count: exp.Expression, arguments: Arguments) -> exp.Expression:
    """How long a session lasted: from its first event to its last, and what is credited to it beyond that."""
    tail: timedelta = arguments["tail"]
    whole = exp.Add(this=exp.Paren(this=lasted), expression=_double(tail)) if tail else lasted
    single = tail if arguments["single"] == AS_TAIL else arguments["single"]
    if single == tail:
        return whole
    alone = exp.EQ(this=count.copy(), expression=sql.number(1))
    return sql.case(alone, sql.cast(exp.Null(), Type.DOUBLE) if single is None else _double(single), whole)


def _double(length: timedelta) -> exp.Expression:
    return sql.cast(sql.text(repr(length / timedelta(seconds=1))), Type.DOUBLE)


def trace(arguments: Arguments) -> Sequence[Trace]:
    """The rows of the same members, in the time of the row."""
    return (Trace(same=tuple((c, c) for c in arguments["per"]), within=(STARTED, ENDED)),)


SESSIONIZE = Transform(
    "sessionize",
    "Sessions of events: those of one member, in the order of time, cut where the next one comes later than the gap.",
    "sessionize(events, gap: 30 minutes, per user)",
    shape,
    write,
    (
        Take("gap", "duration", "The longest time between two events of one session.", required=True),
        Take("per", "member", "Whose events go together: a column or a reference, or several.", required=True),
        Take("first", "columns", "Columns whose first value a session has, as first_….", ()),
        Take("last", "columns", "Columns whose last value a session has, as last_….", ()),
        Take("tail", "duration", "Time credited to the last event of each session.", timedelta()),
        Take("single", "duration or null", "How long a session of one event lasts; the tail unless said.", AS_TAIL),
    ),
    needs=dict.fromkeys(("per", "time"), ("belongs to no session", "belong to no session")),
    whole=False,
    trace=trace,
)
