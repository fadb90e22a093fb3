"""Chance that falls the same way everywhere.

Only `Random.random` is drawn from, and only `+ - * /` follow, which IEEE 754 fixes to the last bit. Logarithms, sines
and powers differ between C libraries, `sum` of floats between Python versions, the order of sets between runs: nothing
depends on any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

SEED = "brackenfold"


def weighted(*options: tuple[T, int]) -> tuple[T, ...]:
    """Each option as often as its weight: what `pick` takes from it comes as likely as that."""
    return tuple(option for option, weight in options for _ in range(weight))


class Dice:
    """A stream of chance named by its parts: the same name gives the same stream, whatever other streams do."""

    __slots__ = ("roll",)

    def __init__(self, *name: str | int) -> None:
        # A text seed is hashed with SHA-512, so neighbouring names give unrelated streams.
        self.roll = Random(":".join((SEED, *map(str, name)))).random

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.roll() < probability

    def between(self, low: float, high: float) -> float:
        """A number in [low, high), every one as likely."""
        return low + (high - low) * self.roll()

    def bell(self, low: float, high: float) -> float:
        """A number in [low, high), the middle likelier: the mean of three even draws."""
        return low + (high - low) * ((self.roll() + self.roll() + self.roll()) / 3)

    def skewed(self, low: float, high: float) -> float:
        """A number in [low, high), the low end likelier: half of all lie in the first eighth."""
        draw = self.roll()
        return low + (high - low) * (draw * draw * draw)

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[int(self.roll() * len(options))]

    def count(self, mean: float) -> int:
        """How many of something happened, `mean` on average: a binomial draw of twenty tries, or of twice the mean."""
        tries = max(20, 2 * int(mean) + 2)
        probability = mean / tries
        return sum(1 for _ in range(tries) if self.roll() < probability)
