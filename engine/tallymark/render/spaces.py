"""Spaces as SQL: branches combined on their keys (nulls included), lifts joined, everything else derived in layers."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.plan import Lift, Nest, Past, Plan
from tallymark.render.building import Building, Written
from tallymark.render.combining import Combined
from tallymark.render.deriving import Derivation


def write_spaces(building: Building, keep: Sequence[int]) -> Written:
    """Writes every space of a plan, each after those it draws on.

    Of the question's own the nodes in `keep` are wanted.
    """
    plan = building.plan
    wanted = _wanted(plan, keep)
    for space in plan.spaces:
        combined = Combined(building, space).write()
        nodes = sorted(wanted[space.number])
        building.written[space.number] = Derivation(building, space, combined, nodes).write()
    return building.written[plan.space.number]


def _wanted(plan: Plan, keep: Sequence[int]) -> dict[int, set[int]]:
    """For each space the nodes that other spaces, or the answer, ask of it."""
    wanted: dict[int, set[int]] = {s.number: set() for s in plan.spaces}
    wanted[plan.space.number] |= set(keep)
    for space in plan.spaces:
        for node in space.nodes:
            if isinstance(node, Nest | Past):
                wanted[node.inner] |= {node.body, *(node.presence or ())}
            elif isinstance(node, Lift):
                wanted[node.outer].add(node.body)
    return wanted
