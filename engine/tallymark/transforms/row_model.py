"""Row models: Python that computes columns of a dataset from other columns of the same row.

A model is a function of a row's inputs and of nothing else: not of other rows, their number or their order. So what it
gives is computed once for each distinct combination of inputs, kept, and joined to whichever rows a question reads. In
a project it is a transform, `acme.sentiment(answers, text: comment)`, that passes all columns of its input on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions import Texts
from tallymark.kinds import DECLARABLE, Type
from tallymark.transforms.transform import Field
from tallymark.units import NAMES, NUMBER, Unit, named

BATCH = 4_096
"""Rows that a function is given at once, unless its model says otherwise."""

PREFIX = "prefix"
"""The argument that every row model has: what stands before the names of its columns."""


@dataclass(frozen=True, slots=True)
class RowInput:
    """A column that a model reads. A number fits one that is wider; None as `unit` takes any.

    `type` is a type, or its name in YAML. One that is not `required` and not given is null in every row.
    """

    name: str
    type: Type | str
    help: str = ""
    unit: Unit | str | None = None
    required: bool = True

    def __post_init__(self) -> None:
        _type(self.name, self.type)
        self.measured  # noqa: B018  # raises where it is none

    @property
    def kind(self) -> Type:
        """The type, however it was said."""
        return _type(self.name, self.type)

    @property
    def measured(self) -> Unit | None:
        """The unit, however it was said; None takes any."""
        return None if self.unit is None else _unit(self.name, self.unit)


@dataclass(frozen=True, slots=True)
class RowOutput:
    """A column that a model gives; `type` and `unit` may be the names that YAML has for them.

    `absent` makes a note of rows without a value: what is said after `1 row has no …`, such as `: no text`.
    """

    name: str
    type: Type | str
    unit: Unit | str = NUMBER
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    absent: str | None = None

    def __post_init__(self) -> None:
        _type(self.name, self.type)
        self.measured  # noqa: B018  # raises where it is none

    @property
    def kind(self) -> Type:
        """The type, however it was said."""
        return _type(self.name, self.type)

    @property
    def measured(self) -> Unit:
        """The unit, however it was said."""
        return _unit(self.name, self.unit)

    def field(self, name: str, of: tuple[tuple[int, str], ...]) -> Field:
        """The column as a transform gives it, made of columns of the input."""
        return Field(name, self.kind, self.measured, self.label, self.description, of, self.absent)


def _type(name: str, said: str) -> Type:
    try:
        return DECLARABLE[said]
    except KeyError:
        raise ValueError(f"`{name}` is {said!r}, which is no type of a column") from None


def _unit(name: str, said: Unit | str) -> Unit:
    if isinstance(said, Unit):
        return said
    if said == "money" or said not in NAMES:
        help_ = "; money is `units.money('EUR')`" if said == "money" else ""
        raise ValueError(f"`{name}` is measured in {said!r}, which is no unit{help_}")
    return named(said, None, "")


@dataclass(frozen=True, slots=True)
class RowModel:
    """A registered function of rows. Raises ValueError for one that says what it cannot mean.

    `function(inputs)` is called with a `pyarrow.RecordBatch` of the columns that `inputs` names, each of its Arrow type
    and with nulls; it gives the columns that `outputs` names, as a mapping of names to arrays (Arrow's, or what
    `pyarrow.array` takes) or as a batch or table, each as long as the input. What it raises is told to the user, with
    its message. It may be called from any thread, one at a time.

    `version` names what the function computes: results are kept by it, so a new one forgets them.
    """

    name: str
    version: str
    help: str
    example: str
    inputs: tuple[RowInput, ...]
    outputs: tuple[RowOutput, ...]
    function: Callable[[Any], Any]
    batch: int = BATCH

    def __post_init__(self) -> None:
        if not self.inputs or not self.outputs:
            raise ValueError(f"the model `{self.name}` needs inputs and outputs")
        names = [PREFIX, *(i.name for i in self.inputs)]
        if len(set(names)) != len(names) or len({o.name for o in self.outputs}) != len(self.outputs):
            raise ValueError(f"the model `{self.name}` has a column twice, or one that is called `{PREFIX}`")
        if not str(self.version) or self.batch < 1:
            raise ValueError(f"the model `{self.name}` needs a version, and batches of a row or more")
