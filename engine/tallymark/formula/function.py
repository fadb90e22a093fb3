"""A row of the table of functions: what a function takes and gives, and how units and nulls pass through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tallymark.kinds import Type
from tallymark.units import NAMES


class Kind(StrEnum):
    """What a row is for."""

    OPERATOR = "operator"
    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    CONTEXT = "context"
    SETS = "sets"


FAMILIES = frozenset({"number", "text", "boolean", "time", "any", "same"})
"""What an argument of an expression may be."""

SPECIAL_FAMILIES = frozenset({"duration", "grain", "dimension", "rows", "member", "number or duration"})
"""What an argument may be that is no expression: it has a form of its own."""

GIVES = frozenset({"first", "widest", "exact", *Type})

UNIT_RULES = {
    "none": "any units in, none out",
    "first": "that of the first argument",
    "alike": "all arguments alike, and so is the result; beside a measure only a bare 0",
    "compared": "all arguments alike, a bare number fits beside money; the result has no unit",
    "chosen": "as compared, and the result is alike too",
    "scored": "as compared, and the result is a score",
    "product": "multiplied",
    "quotient": "divided; a third argument is alike to the result",
    "power": "raised to a literal power; else plain numbers",
    "root": "halved, as variance is to the standard deviation",
    "square": "squared",
    "plain": "plain numbers in and out",
    "margin": "plain numbers in, a score out; a ratio of two numbers",
    "rate": "plain numbers in, a ratio out",
    "mean": "every other argument is a value, all alike, and so is the result",
    "weights": "every other argument is a weight, all alike; the result is a ratio",
    "count": "a count",
    "ratio": "a ratio",
    "percent": "a percent",
    "score": "a score",
    "duration": "a duration",
}
"""How units pass through a function, by the word in its row."""


@dataclass(frozen=True, slots=True)
class Take:
    """One argument: what family of type it takes, and whether it may be left out, repeats, or must be a literal.

    Families: number, text, boolean, time, any; `same` is the type of the first argument. An argument that repeats
    stands at least once unless it is optional too. `unit` is the only one that it takes, by its name in YAML; any
    unless said. Raises ValueError for a family or a unit that there is not.
    """

    name: str
    family: str = "number"
    optional: bool = False
    repeats: bool = False
    literal: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES | SPECIAL_FAMILIES:
            raise ValueError(f"`{self.name}` takes a {self.family!r}, which is no family of types")
        if self.unit and (self.family != "number" or self.unit not in NAMES):
            raise ValueError(f"`{self.name}` takes a {self.family} in {self.unit!r}, which is no unit of one")


@dataclass(frozen=True, slots=True)
class Partial:
    """One accumulator of a mergeable aggregate: what is taken of some rows (`SUM(:x * :x)`), and how what was taken of
    several groups of rows becomes one (`SUM(:part)`). Both are aggregates in SQL.
    """

    accumulate: str
    merge: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A plugin's aggregate in one call, as it goes from the checker to where SQL is written.

    `sql` is the template of the whole, by dialect; `argument` its first placeholder, `literals` what stands for the
    others. `double`: it is taken of doubles.
    """

    sql: tuple[tuple[str, str], ...]
    partials: tuple[Partial, ...]
    finish: str
    argument: str
    literals: tuple[tuple[str, int | Decimal | str], ...] = ()
    double: bool = False

    def template(self, dialect: str) -> str:
        """The template for `dialect`; empty when there is none, and the parts are taken."""
        known = dict(self.sql)
        return known.get(dialect) or known.get("*", "")


@dataclass(frozen=True, slots=True)
class Python:
    """What computes a function in Python, many values at once.

    `call(inputs)` is given a `pyarrow.RecordBatch` of the arguments by their names, numbers as doubles, and gives an
    array as long as the batch (Arrow's, or what `pyarrow.array` takes). What it gives for a row may depend on that row
    only. It may be called from any thread. `version` says which state of it this is.
    """

    call: Callable[[Any], Any]
    version: str


PYTHON = "_python_"
"""What the names of functions in Python begin with in the embedded database."""
PYTHON_TAKES = ("number", "text", "boolean")
PYTHON_GIVES = (Type.DOUBLE, Type.INTEGER, Type.TEXT, Type.BOOLEAN)
"""What functions in Python may take and give."""


@dataclass(frozen=True, slots=True)
class Function:
    """A row of the table.

    `gives` is the resulting type: a type's name, or `first` (that of the first argument), `widest` (the widest of all
    numbers), `exact` (as `widest`, but a double once two decimals meet). `unit` is one of UNIT_RULES.
    `nulls`: `pass` (null if any argument is), `skip`, or a word of the help text. Raises ValueError for a row that says
    what it cannot mean.
    """

    name: str
    kind: Kind
    takes: tuple[Take, ...]
    gives: str
    unit: str
    help: str
    example: str
    sql: Mapping[str, str] = field(default_factory=dict)
    nulls: str = "pass"
    empty: str = "null"
    """For aggregates: what no rows give, `zero` or `null`."""
    mergeable: bool = False
    """For aggregates: whether partial results can be combined without going back to the rows."""
    called: str = ""
    """How it is called, where names and commas do not say it."""
    partials: tuple[Partial, ...] = ()
    """For a plugin's mergeable aggregates: its accumulators; the engine knows those of its own."""
    finish: str = ""
    """The result out of the merged accumulators `:p1`, `:p2`…; the first one unless said."""
    python: Python | None = None
    """What computes it instead of SQL. Rows with a null are not given to it where `nulls` is `pass`."""

    def __post_init__(self) -> None:
        if self.gives not in GIVES:
            raise ValueError(f"the function `{self.name}` gives {self.gives!r}, which is no type")
        if self.unit not in UNIT_RULES:
            raise ValueError(f"the function `{self.name}` has the unit {self.unit!r}, which is no rule for units")
        if any(t.repeats for t in self.takes[:-1]):
            raise ValueError(f"only the last argument of `{self.name}` may repeat")
        if self.empty not in ("zero", "null"):
            raise ValueError(f"no rows give zero or null, not {self.empty!r}, in `{self.name}`")
        if self.kind is Kind.AGGREGATE and (not self.takes or self.takes[0].family not in FAMILIES):
            raise ValueError(f"the aggregate `{self.name}` takes no values")
        if self.python is not None:
            self._require_python()
            called = f"{self.stored}({', '.join(f':{t.name}' for t in self.takes)})"
            object.__setattr__(self, "sql", {"duckdb": called, "*": ""})

    def _require_python(self) -> None:
        fits = all(t.family in PYTHON_TAKES and not (t.optional or t.repeats or t.literal) for t in self.takes)
        if self.kind is not Kind.SCALAR or self.sql or not self.takes or not fits or self.gives not in PYTHON_GIVES:
            what = f"takes {', '.join(PYTHON_TAKES)}s, each always, and gives {', '.join(PYTHON_GIVES)}"
            raise ValueError(f"`{self.name}`: a function in Python is a scalar one without SQL that {what}")

    @property
    def stored(self) -> str:
        """What a function in Python is called in the embedded database."""
        return PYTHON + self.name.replace(".", "__")

    @property
    def least(self) -> int:
        """How many arguments a call has at least."""
        return sum(1 for t in self.takes if not t.optional)

    @property
    def most(self) -> int | None:
        """How many arguments a call has at most; None without limit."""
        return None if self.takes and self.takes[-1].repeats else len(self.takes)

    @property
    def signature(self) -> str:
        """`round(x, digits?)`: how the function is called; `…` after an argument that may repeat."""
        if self.called:
            return self.called
        return (
            f"{self.name}({', '.join(t.name + ('…' if t.repeats else '?' if t.optional else '') for t in self.takes)})"
        )

    def template(self, dialect: str, kind: Type) -> tuple[str, str]:
        """The SQL template for results of a type in `dialect`, and the dialect that it is written in.

        `postgres_double` serves doubles on PostgreSQL, `postgres` all else there, `*` every dialect without one of its
        own, in DuckDB's words. An empty one says that the dialect cannot compute it.
        """
        for key in (f"{dialect}_{kind}", dialect):
            if key in self.sql:
                return self.sql[key], dialect
        return self.sql["*"], "duckdb"
