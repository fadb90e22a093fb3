"""How many of something, in words."""

from __future__ import annotations


def many(count: int, what: str) -> str:
    """`1 row`, `3,000 rows`, `2 countries`, `5 statuses`."""
    if count == 1:
        return f"1 {what}"
    if what.endswith("y") and what[-2:-1] not in "aeiou":
        return f"{count:,} {what[:-1]}ies"
    return f"{count:,} {what}{'es' if what.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
