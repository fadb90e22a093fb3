"""PostgreSQL's SQL: trees in DuckDB's words rewritten, so that the numbers are the same.

sqlglot writes whatever it does not know as it stands, so nothing is left to it: every node and every function of a
finished statement must be on the list of what is known to mean the same there (`KNOWN`, `FUNCTIONS`), or the statement
is not written (D462). What means something else, or is not there, has a rule in `postgres_rules.py`.

Texts are compared by their characters' numbers, as DuckDB does: `COLLATE "C"` goes with every text column, and a
result keeps it. Floating-point results that are too large are errors there, where DuckDB has infinities.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.render.dialects import regexes
from tallymark.render.dialects.postgres_rules import exact, numeric, rewritten
from tallymark.render.values import SQL_TYPES, case, cast, constant

LONGEST_NAME = 63
"""Bytes of an identifier that PostgreSQL tells apart."""

_ZERO = {
    Type.INTEGER: 0,
    Type.DECIMAL: 0,
    Type.DOUBLE: 0,
    Type.TEXT: "",
    Type.BOOLEAN: False,
    Type.DATE: date(1970, 1, 1),
}


class Postgres:
    """Writes statements for PostgreSQL, 14 or later."""

    name = "postgres"

    def text(self, query: exp.Expr, pretty: bool = False) -> str:
        """A finished statement as text. Raises FaultError (D462) for what is not known to mean the same there."""
        # A tree may hold one node in two places, of which a rule would replace one: a copy does not.
        ready = rewritten(query.copy())
        shown = {name for name in getattr(ready, "named_selects", ()) if _too_long(name)}
        for node in ready.walk():
            if isinstance(node, exp.Identifier) and _too_long(node.name) and node.name not in shown:
                node.set("this", _shortened(node.name))
            _require_known(node)
        return ready.sql("postgres", pretty=pretty, identify=True, copy=False)

    def stored(self, value: exp.Expression, physical: Type, wanted: Type) -> exp.Expression:
        """A column as the type it is read as; a text with DuckDB's order."""
        if wanted not in SQL_TYPES:
            return value
        if physical is Type.DOUBLE and wanted is Type.DECIMAL:
            return exact(cast(value, Type.DOUBLE))
        if physical is Type.DECIMAL:
            # A numeric may be NaN or infinite.
            above = exp.GT(this=value.copy(), expression=numeric("-Infinity"))
            below = exp.LT(this=value.copy(), expression=numeric("Infinity"))
            value = case((exp.And(this=above, expression=below), value))
        return cast(value, wanted)

    def same(self, left: exp.Expression, right: exp.Expression, kind: Type) -> exp.Expression:
        """Two equalities: PostgreSQL has no hash join for IS NOT DISTINCT FROM."""
        zero = constant(_ZERO[kind], kind) if kind in _ZERO else cast(exp.Literal.string("1970-01-01"), kind)
        filled = (exp.Coalesce(this=side.copy(), expressions=[zero.copy()]) for side in (left, right))
        absent = (exp.Paren(this=exp.Is(this=side, expression=exp.Null())) for side in (left, right))
        alike = (exp.EQ(this=one, expression=other) for one, other in (tuple(filled), tuple(absent)))
        return exp.And(this=next(alike), expression=next(alike))

    def pattern(self, text: exp.Expression, pattern: str) -> exp.Expression:
        """The pattern in PostgreSQL's own notation."""
        return exp.RegexpLike(this=text, expression=exp.Literal.string(regexes.translated(pattern)))


# --- what is known ---------------------------------------------------------------------------------------------------

KNOWN: frozenset[type[exp.Expr]] = frozenset({
    exp.Abs, exp.Add, exp.Alias, exp.And, exp.Array, exp.ArrayAgg, exp.Avg, exp.Between, exp.Boolean, exp.Bracket,
    exp.CTE, exp.Case, exp.Cast, exp.Ceil, exp.Coalesce, exp.Collate, exp.Column, exp.Count, exp.DPipe,
    exp.DataType, exp.DataTypeParam, exp.Distinct, exp.Div, exp.EQ, exp.Exp, exp.Extract, exp.Filter, exp.Floor,
    exp.From, exp.GT, exp.GTE, exp.Greatest, exp.Group, exp.Having, exp.Identifier, exp.If, exp.In, exp.Interval,
    exp.Is, exp.Join, exp.LT, exp.LTE, exp.Lag, exp.Lead, exp.Least, exp.Length, exp.Limit,
    exp.Literal, exp.Ln, exp.Lower, exp.Max, exp.Min, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null,
    exp.NullSafeEQ, exp.Nullif, exp.Or, exp.Order, exp.Ordered, exp.Paren, exp.PercentileCont, exp.Pow,
    exp.RegexpLike, exp.Right, exp.Round, exp.RowNumber, exp.Select, exp.Sign, exp.Sqrt, exp.Star, exp.StartsWith,
    exp.StrPosition, exp.Sub, exp.Subquery, exp.Sum, exp.Table, exp.TableAlias, exp.TimestampTrunc, exp.Translate,
    exp.Trim, exp.Trunc, exp.Union, exp.Unnest, exp.Upper, exp.Var, exp.Where, exp.Window, exp.WindowSpec, exp.With,
    exp.WithinGroup,
})  # fmt: skip
"""Nodes that mean in PostgreSQL what they mean in DuckDB, as sqlglot writes them."""

FUNCTIONS = frozenset({
    "AVG", "BOOL_AND", "BOOL_OR", "CARDINALITY", "GENERATE_SERIES", "GREATEST", "LEAD", "LEAST", "LOG10", "MAX", "MIN",
    "MOD", "NULLIF", "OCTET_LENGTH", "PERCENT_RANK", "RANK", "REPLACE", "ROW_NUMBER", "SIGN", "SQRT", "STDDEV_SAMP",
    "SUM", "TIMEZONE", "UNNEST", "VAR_POP", "VAR_SAMP", "WIDTH_BUCKET",
})  # fmt: skip
"""Functions that mean the same too."""


def _too_long(name: str) -> bool:
    return len(name.encode()) > LONGEST_NAME


def _shortened(name: str) -> str:
    """A name of the statement's own that is told apart from every other: no table or column there has a longer one."""
    return f"{name.encode()[:40].decode(errors='ignore')}_{sha256(name.encode()).hexdigest()[:16]}"


def _require_known(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        if node.name.upper() in FUNCTIONS:
            return
        said = f"the function {node.name.upper()}"
    elif type(node) in KNOWN:
        if not isinstance(node, exp.Identifier) or not _too_long(node.name):
            return
        said = f"the name `{node.name}`, which is longer than {LONGEST_NAME} bytes,"
    else:
        said = f"{type(node).__name__}"
    message = f"{said} cannot be written in SQL for PostgreSQL"
    raise FaultError(Fault("D462", message, None, "a function of a plugin needs a template for `postgres`"))
