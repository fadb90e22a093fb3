"""SQL of one database: what differs between dialects, each in a module of its own.

Statements are built as trees in the words of the embedded database. `DuckDB` writes them as they are; every other
dialect rewrites them, and lets only what it knows through.
"""

from __future__ import annotations

from tallymark.errors import Fault, FaultError
from tallymark.render.dialects.dialect import Dialect
from tallymark.render.dialects.duck import DuckDB

__all__ = ["Dialect", "dialect_of"]


def dialect_of(name: str | Dialect) -> Dialect:
    """The dialect of that sqlglot name. Raises FaultError (D461) for one that questions cannot be written in."""
    if not isinstance(name, str):
        return name
    if name == "duckdb":
        return DuckDB()
    if name == "postgres":
        from tallymark.render.dialects.postgres import Postgres

        return Postgres()
    message = f"no question can be written in the dialect `{name}`"
    raise FaultError(Fault("D461", message, None, "the dialects are `duckdb` and `postgres`"))
