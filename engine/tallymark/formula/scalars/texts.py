"""Functions of texts."""

from __future__ import annotations

from tallymark.formula.function import Take
from tallymark.formula.scalars.rows import scalar

S = Take("x", "text")
PART = Take("part", "text")
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's separators of words, which DuckDB trims; PostgreSQL trims what it is told."""
TEXTS = (
    scalar(
        "lower",
        (S,),
        "text",
        "none",
        "In small letters.",
        "count(events where lower(name) = 'login')",
        "LOWER(:x)",
        postgres='TRANSLATE(LOWER(:x COLLATE "C"), :letters, :small)',
    ),
    scalar(
        "upper",
        (S,),
        "text",
        "none",
        "In capitals.",
        "count(customers where upper(country) = 'FR')",
        "UPPER(:x)",
        postgres='TRANSLATE(UPPER(:x COLLATE "C"), :letters, :capitals)',
    ),
    scalar(
        "trim",
        (S,),
        "text",
        "none",
        "Without blanks at both ends.",
        "count_distinct(trim(events.feature))",
        "TRIM(:x)",
        postgres=f"BTRIM(:x, '{BLANKS}')",
    ),
    scalar("length", (S,), "integer", "none", "How many characters.", "max(length(events.name))", "LENGTH(:x)"),
    scalar(
        "contains",
        (S, PART),
        "boolean",
        "none",
        "Whether the part occurs in x.",
        "count(events where contains(name, 'export'))",
        "CONTAINS(:x, :part)",
        postgres="STRPOS(:x, :part) > 0",
    ),
    scalar(
        "starts_with",
        (S, PART),
        "boolean",
        "none",
        "Whether x begins with the part.",
        "count(events where starts_with(name, 'api_'))",
        "STARTS_WITH(:x, :part)",
    ),
    scalar(
        "ends_with",
        (S, PART),
        "boolean",
        "none",
        "Whether x ends with the part.",
        "count(events where ends_with(name, '_failed'))",
        "SUFFIX(:x, :part)",
        postgres="RIGHT(:x, LENGTH(:part)) = :part",
    ),
    scalar(
        "matches",
        (S, Take("pattern", "text", literal=True)),
        "boolean",
        "none",
        "Whether the RE2 pattern is found in x.",
        "count(events where matches(name, '(?i)^pay'))",
        "REGEXP_MATCHES(:x, :pattern)",
    ),
)
