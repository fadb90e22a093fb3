"""Sequences of steps: members followed from one step to the next, and counted where they arrive at the last."""

from __future__ import annotations

from typing import Protocol

from tallymark.formula.bound import Bound, Later, Sequence
from tallymark.kinds import Type
from tallymark.lower.forms import conjuncts
from tallymark.lower.spaces import Context, SpaceDraft
from tallymark.plan import Edge, Follow, Nest, Operation, Parts


class Contexts(Protocol):
    """What formulas are lowered by."""

    def space(self, context: Context) -> SpaceDraft: ...
    def lower(self, bound: Bound, context: Context) -> int: ...
    def member(self, member: Parts, context: Context) -> Context: ...
    def presence(self, bound: Bound, context: Context, filters: frozenset[Bound]) -> tuple[int, ...]: ...
    def column(self, dimension: Parts, dataset: str) -> Bound: ...


class Sequences:
    """Lowers sequences of steps."""

    def __init__(self, contexts: Contexts) -> None:
        self.contexts = contexts

    def lower(self, bound: Sequence, context: Context) -> int:
        """The members that arrive at the last step, counted over a space with their times at each step."""
        inner = self.contexts.member(bound.member, context)
        space = self.contexts.space(inner)
        first = at = self.contexts.lower(bound.entry, inner)
        for step in bound.later:
            at = space.put(self._follow(step, at, bound, inner))
        present = self.contexts.presence(bound.entry, inner, inner.filters)
        body = _arrived(bound, space, first, at, inner)
        return self.contexts.space(context).put(
            Nest(space.number, "count", body, present, context.window, bound.type, bound.member, zero=bound.zero)
        )

    def _follow(self, step: Later, after: int, bound: Sequence, context: Context) -> Follow:
        conditions = frozenset(conjuncts(step.condition)) if step.condition is not None else frozenset[Bound]()
        holder = self.contexts.column(bound.member, step.dataset)
        limit = None if bound.same_window else bound.limit
        return Follow(
            after, step.dataset, step.axis, step.time, holder, bound.member, conditions, step.again, context.window,
            step.time.type, limit,
        )  # fmt: skip


def _arrived(bound: Sequence, space: SpaceDraft, first: int, last: int, context: Context) -> int:
    """Whether a member is at the last step, in time."""
    kind = space.nodes[last].type
    absent = space.put(Operation("is null", (last,), Type.BOOLEAN))
    tests = [space.put(Operation("not", (absent,), Type.BOOLEAN))]
    if bound.limit is not None:
        count, unit = bound.limit
        precise = unit in ("second", "minute", "hour") or count != int(count)
        until = Operation("date_add", (first,), Type.TIMESTAMP if kind is Type.DATE and precise else kind,
                          bound.limit)  # fmt: skip
        tests.append(space.put(Operation("<=", (last, space.put(until)), Type.BOOLEAN)))
    if bound.same_window:
        edge = space.put(Edge(context.window, kind))
        tests.append(space.put(Operation("<", (last, edge), Type.BOOLEAN)))
    result = tests[0]
    for test in tests[1:]:
        result = space.put(Operation("and", (result, test), Type.BOOLEAN))
    return result
