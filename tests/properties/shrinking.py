"""Makes a failing case small enough to read: one metric, the smallest formula in it, the fewest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from naive.world import Question, World
from tallymark.formula import nodes
from tallymark.formula.parse import parse_text
from tallymark.formula.write import write

Fails = Callable[[World, Question], bool]


def shrunk(world: World, question: Question, fails: Fails) -> tuple[World, Question]:
    """A smaller world and question that still fail."""
    for _ in range(12):
        smaller = next((q for q in simpler(question) if fails(world, q)), None)
        if smaller is None:
            break
        question = smaller
    return fewer_rows(world, question, fails), question


def simpler(question: Question) -> Iterator[Question]:
    """The question with one metric, without a filter, dimension or knowledge date, or with a part of its formula."""
    if len(question.metrics) > 1:
        for metric in question.metrics:
            yield replace(question, metrics=(metric,))
        return
    for name in question.by:
        yield replace(question, by=tuple(n for n in question.by if n != name))
    if question.sparse:
        yield replace(question, sparse=False)
    if question.where is not None:
        yield replace(question, where=None)
    if question.as_of is not None:
        yield replace(question, as_of=None)
    for part in parts(parse_text(question.metrics[0])):
        yield replace(question, metrics=(write(part),))


def parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node's parts that may be formulas of their own, and the node without one of its postfixes."""
    if isinstance(node, nodes.Scoped):
        if node.where is not None:
            yield replace(node, where=None)
        if node.where is None and node.on is None and node.at is None:
            yield node.body
        return
    for child in nodes.children(node):
        if isinstance(child, nodes.Scoped) and child.per is not None:
            yield replace(child, per=None) if child.where is not None else child.body
        elif isinstance(child, nodes.Scoped) and isinstance(node, nodes.Call):
            if child.where is not None:
                bare = replace(child, where=None)
                yield replace(node, arguments=(bare, *node.arguments[1:]))
            yield child
        elif not isinstance(child, nodes.Name | nodes.Number | nodes.Duration):
            yield child


def fewer_rows(world: World, question: Question, fails: Fails) -> World:
    """The world without every row that the failure does not need."""
    for name in world.rows.keys() - {"days"}:
        for size in (8, 3, 1):
            at = 0
            while at < len(world.rows[name]):
                rows = world.rows[name]
                smaller = replace(world, rows={**world.rows, name: rows[:at] + rows[at + size :]})
                if fails(smaller, question):
                    world = smaller
                else:
                    at += size
    return world
