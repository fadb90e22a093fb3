"""What a formula stands on in a context: the rows, or members, that `min_count` counts (language, Too few to tell)."""

from __future__ import annotations

from dataclasses import replace

from tallymark.formula import nodes

from . import aggregates, contexts
from .contexts import Context
from .metrics import Evaluator, without_per
from .rows import leaf_of


def standing(evaluator: Evaluator, node: nodes.Node, context: Context) -> list[int]:
    """A count for each aggregate that is read, the divisor's alone of a quotient; the fewest decide."""
    match node:
        case nodes.Name():
            return standing(evaluator, evaluator.metric(node).node, context)
        case nodes.Scoped(body=body, where=where) if where is not None:
            return standing(evaluator, body, context.filtered(where))
        case nodes.Binary(operator="/", left=left, right=right):
            return standing(evaluator, right, context) or standing(evaluator, left, context)
        case nodes.Call(name="divide", arguments=(left, right, *_)):
            return standing(evaluator, right, context) or standing(evaluator, left, context)
        case nodes.Call(name=name) if name in aggregates.NAMES:
            return aggregate(evaluator, node, context)
        case nodes.Call(name=name) if name in contexts.WINDOWS | contexts.SHIFTS | contexts.LIFTS:
            there = standing(evaluator, node.arguments[0], evaluator.enter(node, context))
            return [*there, *(standing(evaluator, node.arguments[0], context) if name == "change" else [])]
    return [count for part in nodes.children(node) for count in standing(evaluator, part, context)]


def aggregate(evaluator: Evaluator, node: nodes.Call, context: Context) -> list[int]:
    """The rows with a value that an aggregate reads; the members with one; over pieces of time, the sum of theirs."""
    argument = node.arguments[0]
    if not isinstance(argument, nodes.Scoped) or argument.per is None:
        leaf = leaf_of(evaluator.world, node)
        window = contexts.window(evaluator.opened(leaf, context), evaluator.clock, evaluator.as_of)
        rows = evaluator.rows(leaf.source, window, context)
        return [evaluator.table.aggregate(replace(leaf, name="count", fraction=None), rows, None)]
    member, name = without_per(argument), str(argument.per)
    if name in nodes.GRAINS:
        pieces = [standing(evaluator, member, context.piece(p)) for p in evaluator.pieces(context, name)]
        return [sum(counts) for counts in zip(*pieces, strict=True)]
    inner = [evaluator.value(member, context.member(name, m), None) for m in evaluator.members(member, name, context)]
    return [sum(v is not None for v in inner)]
