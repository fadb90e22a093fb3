"""Order by dependency; a cycle is shown as the whole ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """`names` in an order where each comes after what it needs; `rings` are the cycles, each as `a, b, …, a`."""

    names: tuple[str, ...]
    rings: tuple[tuple[str, ...], ...]


def in_order(names: Iterable[str], needs: Callable[[str], Iterable[str]]) -> Order:
    """Orders `names` so that each follows what it needs. Names in or behind a ring still appear once, in some order.

    Iterative, so that a chain of a hundred thousand definitions is no problem.
    """
    done: dict[str, None] = {}
    rings: list[tuple[str, ...]] = []
    for root in names:
        if root not in done:
            _visit(root, needs, done, rings)
    return Order(tuple(done), tuple(rings))


def _visit(
    root: str, needs: Callable[[str], Iterable[str]], done: dict[str, None], rings: list[tuple[str, ...]]
) -> None:
    path: list[str] = [root]
    on_path = {root: 0}
    waiting = [iter(tuple(needs(root)))]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
            name = path.pop()
            del on_path[name]
            done[name] = None
        elif child in on_path:
            rings.append((*path[on_path[child] :], child))
        elif child not in done:
            on_path[child] = len(path)
            path.append(child)
            waiting.append(iter(tuple(needs(child))))


def reached(start: str, needs: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Everything `start` needs, near or far, itself left out, in the order found."""
    found: dict[str, None] = {}
    waiting = [start]
    while waiting:
        for child in needs(waiting.pop()):
            if child != start and child not in found:
                found[child] = None
                waiting.append(child)
    return tuple(found)
