"""Two or more ways to do the same thing, run in turn, best of several rounds: only their ratios are told."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

Contender = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Race:
    """Ways to do the same thing, by what each is called; the first is the one the others are measured against.

    `same` says whether two results agree, where they have to.
    """

    title: str
    contenders: Mapping[str, Contender]
    rounds: int = 5
    same: Callable[[Any, Any], bool] | None = None


class DisagreeingError(Exception):
    """Two contenders gave different numbers, so that their times mean nothing."""


def run(race: Race) -> dict[str, float]:
    """The best time of each contender in seconds, after one round to warm up. Raises DisagreeingError."""
    results = {name: contender() for name, contender in race.contenders.items()}
    if race.same is not None:
        (first, expected), *others = results.items()
        for name, actual in others:
            if not race.same(expected, actual):
                raise DisagreeingError(f"{race.title}: {first!r} and {name!r} give different numbers")
    del results
    best = dict.fromkeys(race.contenders, float("inf"))
    for _ in range(race.rounds):
        for name, contender in race.contenders.items():
            gc.collect()
            start = perf_counter()
            contender()
            best[name] = min(best[name], perf_counter() - start)
    return best


def told(race: Race, best: Mapping[str, float]) -> str:
    """The ratios as lines of text, the first contender being 1."""
    against = next(iter(best.values()))
    width = max(len(name) for name in best)
    lines = [f"{race.title} (best of {race.rounds})"]
    lines += [f"  {name:<{width}}  {taken / against:8.2f}   {taken * 1000:10.1f} ms" for name, taken in best.items()]
    return "\n".join(lines)
