"""A row of the table of transforms: what it takes, what it gives, and how it becomes SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from tallymark.definitions import Texts
from tallymark.kinds import Type
from tallymark.units import NUMBER, Unit

if TYPE_CHECKING:
    from sqlglot import exp

Arguments = Mapping[str, Any]
"""The arguments of a call by name, those left out with their defaults, by the kind of each (see `KINDS`)."""

KINDS: Mapping[str, str] = {
    "member": "columns of the first input by which its rows belong together: a tuple of names",
    "columns": "columns of the first input: a tuple of names",
    "column": "a column of the first input: its name",
    "duration": "a fixed length of time: a timedelta",
    "duration or null": "a fixed length of time, or None",
    "word": "one of the options",
    "words": "one text or several: a tuple of them",
    "number": "a number above 0, or a quotient of two: a Fraction",
    "name": "the name that a column of the result gets",
}
"""What an argument may be, and what `shape` and `write` are given for it."""


class Misfit(Exception):  # noqa: N818  # said of what a project wrote; the checker makes a fault of it
    """Inputs or arguments that do not go together. `argument` is the one at fault, None for the inputs.

    `code` is that of the fault that is made of it.
    """

    def __init__(self, message: str, help: str, argument: str | None = None, code: str = "T247") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.argument = argument
        self.code = code


@dataclass(frozen=True, slots=True)
class Take:
    """An argument by name: one of KINDS. `default` is what it is when left out; one that is `required` never is."""

    name: str
    kind: str
    help: str
    default: Any = None
    required: bool = False
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"`{self.name}` is {self.kind!r}, which no argument of a transform can be")
        if (self.kind == "word") != bool(self.options):
            raise ValueError(f"`{self.name}`: a word has options, and nothing else has")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an input or of the result. `of` says which it is made of: the number of an input and a column.

    `absent` makes a note of rows without a value: what is said after `1 row has no …`.
    """

    name: str
    type: Type
    unit: Unit = NUMBER
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    of: tuple[tuple[int, str], ...] = ()
    absent: str | None = None

    def carried(self, name: str | None = None) -> Field:
        """The same column of the first input in the result, perhaps under another name."""
        return replace(self, name=name or self.name, of=((0, self.name),))


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of rows: their columns and the roles of these.

    `time` of an input is the column that orders it and by which `as_of` hides rows: the one after `on`, else the
    dataset's own time (`own_time`), else where its validity starts. `references` are the dataset and the column of
    each, by name.
    """

    name: str
    fields: Mapping[str, Field]
    key: str | None = None
    time: str | None = None
    valid: tuple[str, str] | None = None
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    own_time: str | None = None

    @property
    def stock(self) -> bool:
        """Whether rows are read by when they are valid, not by when they happened."""
        return self.valid is not None and self.own_time is None and self.time == self.valid[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The key, if there is one."""
        return () if self.key is None else (self.key,)


@dataclass(frozen=True, slots=True)
class Made:
    """What a transform gives: the shape of its rows, and the columns it reads of each input."""

    shape: Shape
    reads: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an input in SQL: a relation with the columns that `Made.reads` names, each under its own name.

    Rows that the input's condition leaves out, and those after the knowledge date, are not in it.
    """

    relation: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Trace:
    """Which rows of an input a row that was made comes from, as far as columns can tell.

    Those that are the same in each pair of `same` (the column of the result, that of the input) and, if said, have in
    one of the times `at` names the time of the result, or the time that orders them `within` its start and end, the end
    itself only when it is `closed`.
    """

    input: int = 0
    same: tuple[tuple[str, str], ...] = ()
    at: tuple[str, tuple[str, ...]] | None = None
    within: tuple[str, str] | None = None
    closed: bool = True


class Bench(Protocol):
    """Where a transform is written: a statement that steps are put into, and what differs between dialects."""

    @property
    def dialect(self) -> str:
        """The sqlglot name of the dialect that the statement is written in."""
        ...

    def whole(self, query: exp.Select) -> str:
        """A statement of its own, as text: `query`, after copies of the steps that have been put so far."""
        ...

    @property
    def run(self) -> Callable[[str], Any] | None:
        """Runs such a statement and gives its rows, where it spans databases; None where one database runs it."""
        ...

    def put(self, step: str, query: exp.Select | exp.Union) -> str:
        """Adds a common table expression, named after `step`; gives its name."""
        ...

    def seconds(self, later: exp.Expression, earlier: exp.Expression, type: Type) -> exp.Expression:
        """The seconds between two times of a type, with a fraction."""
        ...


@dataclass(frozen=True, slots=True)
class Transform:
    """A row of the table. Raises ValueError for a row that says what it cannot mean.

    `shape(inputs, arguments)` gives the columns of the result and what is read of the inputs; it raises Misfit.
    `write(rows, arguments, bench)` gives a SELECT of exactly these columns, by their names; it must not depend on the
    order of rows, on ties or on anything but the rows. `least`, `most`: how many inputs it takes.
    """

    name: str
    help: str
    example: str
    shape: Callable[[Sequence[Shape], Arguments], Made]
    write: Callable[[Sequence[Rows], Arguments, Bench], exp.Select | exp.Union]
    takes: tuple[Take, ...] = ()
    least: int = 1
    most: int | None = 1
    needs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Arguments whose columns a row must have a value in, columns that are read by their own names, and `time`: what
    one row without does, and what several do, for notes (`belongs to no session`)."""
    whole: bool = True
    """Whether it may read columns of its inputs that no argument names."""
    version: str | None = None
    """Of one that is written in Python: which state of the function it is, for receipts."""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that hold one of a few words: a row with any other counts for nothing, which is noted."""
    trace: Callable[[Arguments], Sequence[Trace]] | None = None
    """Which rows of its inputs a row comes from; None when no column tells."""

    def __post_init__(self) -> None:
        if len({t.name for t in self.takes}) != len(self.takes):
            raise ValueError(f"the transform `{self.name}` takes an argument twice")
        if self.least < 1 or (self.most is not None and self.most < self.least):
            raise ValueError(f"the transform `{self.name}` takes no inputs")

    @property
    def signature(self) -> str:
        """`sessionize(rows, gap:, per, first:?)`: how it is called; `?` after what may be left out."""
        rows = ["rows" + ("…" if self.most is None else "")]
        said = ["per" if t.kind == "member" else f"{t.name}:{'' if t.required else '?'}" for t in self.takes]
        return f"{self.name}({', '.join([*rows, *said])})"

    def take(self, name: str) -> Take | None:
        """The argument of that name."""
        return next((t for t in self.takes if t.name == name), None)
