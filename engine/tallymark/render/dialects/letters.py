"""Capitals and small letters as the embedded database maps them, one character onto one, whatever a server's locale."""

from __future__ import annotations

from functools import cache


@cache
def mapping(function: str) -> tuple[str, str]:
    """The characters beyond ASCII that `lower` or `upper` changes, and what each becomes."""
    import duckdb

    assert function in ("lower", "upper")
    listed = f"""
        SELECT string_agg(c, '' ORDER BY i), string_agg({function}(c), '' ORDER BY i)
        FROM (SELECT i, chr(i) AS c FROM (SELECT unnest(range(128, 1114112))::INTEGER AS i)
              WHERE i NOT BETWEEN 55296 AND 57343)
        WHERE {function}(c) <> c AND length({function}(c)) = 1
    """
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(listed).fetchone()
    assert found is not None
    before, after = found
    assert len(before) == len(after)
    return before, after


@cache
def _folded() -> dict[str, list[str]]:
    """The characters of each simple case folding that has several."""
    found: dict[str, list[str]] = {}
    for number in (n for n in range(0x20000) if not 0xD800 <= n < 0xE000):
        sign = chr(number)
        found.setdefault(_fold(sign), []).append(sign)
    return {folded: signs for folded, signs in found.items() if len(signs) > 1}


def _fold(sign: str) -> str:
    return next((f for f in (sign.casefold(), sign.lower()) if len(f) == 1), sign)


def alike(sign: str) -> list[str]:
    """A character and those that differ from it by case only."""
    return _folded().get(_fold(sign), [sign])
