"""Divisions by zero make nulls, and the answer says where: nodes that are true in the cells it happened in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tallymark.kinds import Type
from tallymark.lower.spaces import SpaceDraft
from tallymark.plan import Lift, Nest, Operation, Value, arguments


def zero_denominators(spaces: Sequence[SpaceDraft], space: SpaceDraft, node: int) -> tuple[int | None, int | None]:
    """Two nodes of `space`, None where there is nothing to divide.

    The first is true where a division below `node` had a number over zero, the second where one inside a `per` had, for
    some member.
    """
    own: list[int] = []
    inside: list[int] = []
    for number in _below(space, node):
        here = space.nodes[number]
        if isinstance(here, Operation) and here.function == "/":
            own += [] if _sound(space, here.arguments[1]) else [_test(space, *here.arguments)]
        elif isinstance(here, Nest):
            inside += _of_members(spaces, space, here)
        elif isinstance(here, Lift):
            tests = zero_denominators(spaces, spaces[here.outer], here.body)
            own += [space.put(Lift(here.outer, t, Type.BOOLEAN)) for t in tests if t is not None]
    return _any(space, own), _any(space, inside)


def _below(space: SpaceDraft, node: int) -> list[int]:
    """The node and everything of the same space that it is computed from."""
    seen, waiting = {node: None}, [node]
    while waiting:
        here = space.nodes[waiting.pop()]
        fresh = [a for a in arguments(here) if a not in seen]
        seen.update(dict.fromkeys(fresh))
        waiting.extend(fresh)
    return list(seen)


def _of_members(spaces: Sequence[SpaceDraft], space: SpaceDraft, nest: Nest) -> list[int]:
    tests = zero_denominators(spaces, spaces[nest.inner], nest.body)
    return [
        space.put(replace(nest, function="any", body=test, type=Type.BOOLEAN, extra=(), zero=False))
        for test in tests
        if test is not None
    ]


def _sound(space: SpaceDraft, node: int) -> bool:
    found = space.nodes[node]
    return isinstance(found, Value) and found.value != 0


def _test(space: SpaceDraft, above: int, below: int) -> int:
    zero = space.put(Value(0, Type.INTEGER))
    is_zero = space.put(Operation("=", (below, zero), Type.BOOLEAN))
    absent = space.put(Operation("is null", (above,), Type.BOOLEAN))
    present = space.put(Operation("not", (absent,), Type.BOOLEAN))
    return space.put(Operation("and", (is_zero, present), Type.BOOLEAN))


def _any(space: SpaceDraft, tests: Sequence[int]) -> int | None:
    result = None
    for test in tests:
        result = test if result is None else space.put(Operation("or", (result, test), Type.BOOLEAN))
    return result
