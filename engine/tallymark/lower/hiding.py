"""Cells with too little behind them are hidden: what is counted, and the value where it is enough.

A metric that says how many rows it takes speaks of the rows that its number stands on. Of a quotient those are the
divisor's: a rate is as sure as the answers that it is a part of. Of several aggregates the one over the fewest decides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tallymark.catalog import MinCount
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    Filtered,
    History,
    Lifted,
    MetricUse,
    Nested,
    Sequence,
    Shift,
    Windowed,
    parts,
)
from tallymark.kinds import Type
from tallymark.lower.contexts import Contexts
from tallymark.lower.forms import inside
from tallymark.lower.spaces import ROWS, Context
from tallymark.plan import Leaf, Lift, Nest, Operation, Past, Value


def hide(contexts: Contexts, root: Context, node: int, bound: Bound, wanted: MinCount) -> tuple[int, int | None]:
    """The node of a value where enough is counted, else null, and one that is true where a value was hidden.

    `bound` is the formula of the value. None where there is nothing to count.
    """
    space = contexts.space(root)
    if wanted.of is not None and wanted.stands_for is None:
        counts = [contexts.shallow(partial(contexts.lower, wanted.of, root))]
    else:
        counts = standing(contexts, bound, root, wanted)
    if not counts:
        return node, None
    least = counts[0] if len(counts) == 1 else space.put(Operation("least", tuple(counts), Type.INTEGER))
    limit = space.put(Value(wanted.at_least, Type.INTEGER))
    known = space.put(Operation("coalesce", (least, space.put(Value(0, Type.INTEGER))), Type.INTEGER))
    below = space.put(Operation("<", (known, limit), Type.BOOLEAN))
    kind = space.nodes[node].type
    shown = space.put(Operation("if", (below, space.put(Value(None, kind)), node), kind))
    absent = space.put(Operation("is null", (node,), Type.BOOLEAN))
    present = space.put(Operation("not", (absent,), Type.BOOLEAN))
    return shown, space.put(Operation("and", (below, present), Type.BOOLEAN))


def standing(contexts: Contexts, bound: Bound, context: Context, wanted: MinCount) -> list[int]:
    """Nodes of the context's space that count what a formula stands on: rows with a value, or members.

    Around the metric that `wanted` stands for, each of its contexts counts, also those above a division.
    """
    found: dict[int, None] = {}
    seen: set[tuple[Bound, Context]] = set()
    waiting = [(bound, context)]
    while waiting:
        here, around = waiting.pop()
        if (here, around) in seen:
            continue
        seen.add((here, around))
        match here:
            case MetricUse(name=name) if name == wanted.stands_for:
                if wanted.of is not None:
                    found[contexts.shallow(partial(contexts.lower, wanted.of, around))] = None
                else:
                    inner = standing(contexts, contexts.metric(name), around, replace(wanted, stands_for=None))
                    found.update(dict.fromkeys(inner))
            case MetricUse(name=name):
                waiting.append((contexts.metric(name), around))
            case Apply(function="/" | "divide", arguments=(above, below, *_)) if wanted.stands_for is None:
                waiting.append((below if _reads(contexts, below) else above, around))
            case Apply():
                waiting += [(part, around) for part in parts(here)]
            case Shift() | Windowed() | Filtered():
                waiting.append((inside(here), contexts.moved(here, around)))
            case Aggregate():
                found[_rows(contexts, here, around)] = None
            case Sequence():
                found[_entered(contexts, here, around)] = None
            case Nested():
                found.update(dict.fromkeys(_members(contexts, here, around, wanted)))
            case History(statistic=statistic):
                found.update(dict.fromkeys(_before(contexts, here, around, wanted)))
                waiting += [(here.body, around)] if statistic == "anomaly" else []
            case Lifted():
                found.update(dict.fromkeys(_lifted(contexts, here, around, wanted)))
    return list(found)


def _reads(contexts: Contexts, bound: Bound) -> bool:
    """Whether a formula reads rows, near or far."""
    seen: set[str] = set()
    waiting = [bound]
    while waiting:
        match waiting.pop():
            case Aggregate():
                return True
            case MetricUse(name=name) if name not in seen:
                seen.add(name)
                waiting.append(contexts.metric(name))
            case here:
                waiting.extend(parts(here))
    return False


def _rows(contexts: Contexts, bound: Aggregate, context: Context) -> int:
    """Counts the rows that an aggregate takes a value of."""
    space = contexts.space(context)
    leaf = space.nodes[contexts.shallow(partial(contexts.lower, bound, context))]
    assert isinstance(leaf, Leaf)
    function = ROWS if leaf.argument is None else "count"
    return space.put(replace(leaf, function=function, type=Type.INTEGER, extra=(), zero=True))


def _members(contexts: Contexts, bound: Nested, context: Context, wanted: MinCount) -> list[int]:
    """Counts the members that have a value; over the pieces of a grain, what each stands on, added up."""
    space = contexts.space(context)
    nest = space.nodes[contexts.shallow(partial(contexts.lower, bound, context))]
    assert isinstance(nest, Nest)
    counting = replace(nest, type=Type.INTEGER, extra=(), zero=True)
    inner = contexts.inner(bound, context)
    if bound.by_grain:
        below = standing(contexts, bound.body, inner, wanted)
        return [space.put(replace(counting, function="sum", body=node)) for node in below]
    if bound.body.type is Type.BOOLEAN:
        # A condition counts where it is true; whoever was asked has an answer either way.
        one = contexts.space(inner).put(Value(1, Type.INTEGER))
        return [space.put(replace(counting, function="count", body=one))]
    return [space.put(replace(counting, function="count"))]


def _entered(contexts: Contexts, bound: Sequence, context: Context) -> int:
    """Counts the members at the first step of a sequence."""
    space = contexts.space(context)
    nest = space.nodes[contexts.shallow(partial(contexts.lower, bound, context))]
    assert isinstance(nest, Nest)
    one = contexts.spaces[nest.inner].put(Value(1, Type.INTEGER))
    return space.put(replace(nest, body=one, zero=True))


def _before(contexts: Contexts, bound: History, context: Context, wanted: MinCount) -> list[int]:
    """Of each count the fewest in any of the periods before that have a value."""
    inner = contexts.histories.inner(bound, context)
    if inner is None:
        return []
    space, number = contexts.space(inner), contexts.space(inner).number
    body = contexts.shallow(partial(contexts.lower, bound.body, inner))
    absent = space.put(Operation("is null", (body,), Type.BOOLEAN))
    nothing = space.put(Value(None, Type.INTEGER))
    found = standing(contexts, bound.body, inner, wanted)
    counts = [space.put(Operation("if", (absent, nothing, n), Type.INTEGER)) for n in found]
    begun = contexts.histories.begun(bound.body, inner)
    return [contexts.space(context).put(Past(number, "min", n, begun, Type.INTEGER)) for n in counts]


def _lifted(contexts: Contexts, bound: Lifted, context: Context, wanted: MinCount) -> list[int]:
    outer = contexts.outer(bound, context)
    below = standing(contexts, bound.body, outer, wanted)
    if outer is context:
        return below
    number = contexts.space(outer).number
    return [contexts.space(context).put(Lift(number, node, Type.INTEGER)) for node in below]
