"""Where the steps of `check` write down what is wrong, so that one run reports everything."""

from __future__ import annotations

from dataclasses import dataclass, field

from tallymark.errors import Fault
from tallymark.formula.bound import Constant
from tallymark.kinds import Type
from tallymark.place import Place, Span, Written
from tallymark.units import BARE

POISON = Constant(None, Type.OPAQUE, BARE)
"""Stands for an expression that is wrong and already reported; nothing above it complains again."""


class Missing(Exception):  # noqa: N818  # it is no error: the metric waits
    """An expression needs data the project does not have; `needs` say what, `dataset tickets` for example."""

    def __init__(self, *needs: str) -> None:
        super().__init__(*needs)
        self.needs = needs


@dataclass(slots=True)
class Report:
    """The faults found in one formula, placed in its text."""

    written: Written
    subject: str
    faults: list[Fault] = field(default_factory=list)
    needs: dict[str, None] = field(default_factory=dict)
    """What the formula waits for, in the order found."""

    def fault(self, code: str, message: str, span: Span | None, help: str | None = None) -> Constant:
        """Notes an error at `span` and gives POISON to stand for the expression."""
        self.faults.append(Fault(code, message, self.place(span), help, self.subject))
        return POISON

    def warn(self, code: str, message: str, span: Span | None, help: str | None = None) -> None:
        """Notes a warning at `span`."""
        self.faults.append(Fault(code, message, self.place(span), help, self.subject, "warning"))

    @property
    def errors(self) -> list[Fault]:
        """The faults that are no warnings."""
        return [f for f in self.faults if f.severity == "error"]

    def place(self, span: Span | None) -> Place:
        return self.written.place(span)
