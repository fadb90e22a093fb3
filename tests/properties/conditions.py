"""Random conditions over dimensions, and the dimensions that may be members."""

from __future__ import annotations

from random import Random

from .scope import REACH

TESTS: dict[str, tuple[str, ...]] = {
    "customer": ("customer = 'a'", "customer in ('a', 'b')", "customer != 'c'", "customer is not null"),
    "customer.country": ("customer.country = 'fr'", "customer.country not in ('ro')", "customer.country is null"),
    "country": ("country = 'fr'", "country in ('fr', 'us')", "country != 'ro'", "country is null"),
    "rank": ("rank >= 1", "rank between 1 and 2", "rank < 2", "mod(rank, 2) = 0"),
    "cohort": ("cohort is not null", "cohort >= date('2024-01-01')"),
    "kind": (
        "kind = 'new'",
        "kind != 'old'",
        "upper(kind) = 'ÉTÉ'",
        "kind = $kind",
        "length(kind) > 0",
        "kind is null",
    ),
    "large": ("large", "not large", "large is null"),
    "level": ("level = 'low'", "level is null"),
    "version.level": ("version.level != 'low'",),
    "plan": ("plan = 'pro'", "plan in ('basic', 'Pro')", "lower(plan) = 'pro'", "plan < 'basic'"),
    "first_kind": ("first_kind = 'new'", "first_kind != 'old'", "first_kind is null"),
    "seats": ("seats > 1", "seats = 0 or seats = 3"),
}

MEMBERS = (
    "customer",
    "customer",
    "customer",
    "country",
    "customer.country",
    "cohort",
    "kind",
    "plan",
    "rank",
    "first_kind",
)


class Conditions:
    """Draws conditions that every one of some datasets can decide."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def dimension(self, datasets: frozenset[str]) -> tuple[str, frozenset[str]]:
        """A condition over dimensions, and those it speaks of."""
        names = [name for name in TESTS if datasets <= REACH[name]] or ["customer"]
        name = self.random.choice(names)
        text = self.random.choice(TESTS[name])
        if self.random.random() > 0.25:
            return text, frozenset((name,))
        other = self.random.choice(names)
        operator = self.random.choice(("and", "or", "and not", "or not"))
        return f"({text}) {operator} ({self.random.choice(TESTS[other])})", frozenset((name, other))

    def members(self, datasets: frozenset[str]) -> list[str]:
        """Dimensions that at least one of the datasets reaches, the likelier ones more than once."""
        return [name for name in MEMBERS if datasets & REACH[name]]

    def reach(self, name: str) -> frozenset[str]:
        """The datasets that reach a dimension."""
        return REACH[name]
