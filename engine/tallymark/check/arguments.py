"""The arguments of a transform's call: each of its kind, columns found, lengths of time fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from tallymark.catalog import Catalog
from tallymark.definitions import ArgumentDef, Formula, TransformDef
from tallymark.errors import Fault, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import ParameterUse
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.transforms.transform import Shape, Take, Transform
from tallymark.units import DURATION

LENGTHS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Units of a fixed length, in seconds."""


def bind_arguments(
    definition: TransformDef,
    transform: Transform,
    rows: Shape,
    catalog: Catalog,
    subject: str,
    faults: list[Fault],
) -> Mapping[str, Any] | None:
    """Every argument of the transform, those left out with their defaults. None with faults noted.

    A length of time that a parameter gives is a ParameterUse.
    """
    binder = _Binder(definition, transform, rows, catalog, subject, faults)
    before = len(faults)
    binder.unknown()
    bound = {take.name: binder.value(take) for take in transform.takes}
    parsed = all(f.node is not None for said in definition.arguments.values() for f in said.values)
    return bound if parsed and len(faults) == before else None


@dataclass(slots=True)
class _Binder:
    definition: TransformDef
    transform: Transform
    rows: Shape
    catalog: Catalog
    subject: str
    faults: list[Fault]

    def _fault(self, code: str, message: str, place: Place, help_: str | None) -> None:
        self.faults.append(Fault(code, message, place, help_, self.subject))

    def unknown(self) -> None:
        """Tells of arguments that the transform does not have."""
        known = [t.name for t in self.transform.takes]
        for name, said in self.definition.arguments.items():
            if name not in known:
                message = f"`{self.transform.name}` takes no `{name}:`"
                self._fault("T244", message, said.place, did_you_mean(name, known))

    def value(self, take: Take) -> Any:
        """The value of an argument, or its default."""
        said = self.definition.arguments.get(take.name)
        if said is None:
            if take.required:
                message = f"`{self.transform.name}` needs `{_spelled(take)}`"
                help_ = f"{take.help} For example: `{self.transform.example}`"
                self._fault("T245", message, self.definition.place, help_)
            return take.default
        if any(f.node is None for f in said.values):
            return take.default  # a text that does not parse has been told of
        read: dict[str, Callable[[Take, ArgumentDef], Any]] = {
            "member": self._columns, "columns": self._columns, "duration": self._duration,
            "duration or null": self._duration, "word": self._word, "name": self._name, "words": self._words,
            "number": self._number, "column": self._single,
        }  # fmt: skip
        if take.kind not in ("member", "columns", "words") and (said.listed or len(said.values) != 1):
            self._wrong(take, said, "one value is wanted, not a list")
            return take.default
        return read[take.kind](take, said)

    def _wrong(self, take: Take, said: ArgumentDef, why: str) -> None:
        help_ = f"{take.help} For example: `{self.transform.example}`"
        self._fault("T246", f"`{_spelled(take)}` {why}", said.place, help_)

    # --- columns ---------------------------------------------------------------------------------------------------

    def _columns(self, take: Take, said: ArgumentDef) -> tuple[str, ...]:
        found = [c for f in said.values if (c := self._column(take, said, f)) is not None]
        if not said.values:
            self._wrong(take, said, "names no column")
        return tuple(dict.fromkeys(found))

    def _single(self, take: Take, said: ArgumentDef) -> str | None:
        return self._column(take, said, said.values[0])

    def _column(self, take: Take, said: ArgumentDef, formula: Formula) -> str | None:
        """The column that a name stands for: by its own name, or by that of the reference it holds."""
        if not isinstance(formula.node, n.Name):
            self._wrong(take, said, f"takes columns of `{self.rows.name}`, not `{formula.text}`")
            return None
        parts = formula.node.parts
        head = self.catalog.dataset(parts[0])
        if len(parts) == 2 and head is not None and head.name == self.rows.name:
            parts = parts[1:]
        name = ".".join(parts)
        if name in self.rows.references and (take.kind == "member" or name not in self.rows.fields):
            return self.rows.references[name][1]
        if name in self.rows.fields:
            return name
        known = [*self.rows.fields, *self.rows.references]
        message = f"`{self.rows.name}` has no column `{name}`"
        help_ = did_you_mean(name, known)
        if len(parts) > 1:
            help_ = f"name a column of its own; `{self.rows.name}` may compute one: `{parts[-1]}: {{formula: {name}}}`"
        self._fault("T105", message, formula.written.place(formula.node.span), help_)
        return None

    # --- lengths, words --------------------------------------------------------------------------------------------

    def _duration(self, take: Take, said: ArgumentDef) -> timedelta | ParameterUse | None:
        node = said.values[0].node
        place = said.values[0].written.place()
        if isinstance(node, n.Null) and take.kind == "duration or null":
            return None
        if isinstance(node, n.Parameter):
            return self._parameter(take, said, node.name, place)
        if not isinstance(node, n.Duration):
            form = "30 minutes" if take.kind == "duration" else "30 minutes, or null"
            self._wrong(take, said, f"is a length of time such as {form}, not `{said.values[0].text}`")
            return timedelta()
        length = fixed(node)
        if length is None:
            message = f"`{take.name}: {said.values[0].text}`: a {node.unit} has no fixed length"
            self._fault("T206", message, place, "write it in days or weeks")
        return length or timedelta()

    def _parameter(self, take: Take, said: ArgumentDef, name: str, place: Place) -> ParameterUse:
        found = self.catalog.parameters.get(name)
        if found is None:
            help_ = did_you_mean(name, self.catalog.parameters)
            self._fault("T110", f"unknown parameter `{name}`", place, help_)
        elif found.type != "duration":
            self._wrong(take, said, f"is a length of time, the parameter `{name}` is a {found.type}")
        elif isinstance(found.default, n.Duration) and fixed(found.default) is None:
            message = f"`{take.name}: ${name}`: a {found.default.unit} has no fixed length"
            self._fault("T206", message, place, "give the parameter days or weeks")
        return ParameterUse(name, Type.DOUBLE, DURATION)

    def _word(self, take: Take, said: ArgumentDef) -> str:
        node = said.values[0].node
        word = str(node) if isinstance(node, n.Name) else node.value if isinstance(node, n.Text) else ""
        if word not in take.options:
            listed = " or ".join(f"`{o}`" for o in take.options)
            self._wrong(take, said, f"is {listed}, not `{said.values[0].text}`")
        return word

    def _words(self, take: Take, said: ArgumentDef) -> tuple[str, ...]:
        nodes = [f.node for f in said.values]
        found = [str(x) if isinstance(x, n.Name) else x.value for x in nodes if isinstance(x, n.Name | n.Text)]
        if not nodes or len(found) < len(nodes):
            self._wrong(take, said, "is a text or a list of texts")
        return tuple(dict.fromkeys(found))

    def _number(self, take: Take, said: ArgumentDef) -> Fraction:
        found = _fraction(said.values[0].node)
        if found is None or found <= 0:
            self._wrong(take, said, f"is a number above 0, or a quotient of two, not `{said.values[0].text}`")
        return found or Fraction(1)

    def _name(self, take: Take, said: ArgumentDef) -> str:
        node = said.values[0].node
        if not isinstance(node, n.Name) or len(node.parts) != 1:
            self._wrong(take, said, f"is the name of a new column, not `{said.values[0].text}`")
            return ""
        return str(node)


def fixed(length: n.Duration) -> timedelta | None:
    """The length of time; None for months and longer, which have no fixed one."""
    if length.unit not in LENGTHS:
        return None
    return timedelta(microseconds=int(length.count * LENGTHS[length.unit] * 1_000_000))


def _fraction(node: n.Node | None) -> Fraction | None:
    """The exact value of `30`, `365.25 / 12`; None of anything else, and of a division by 0."""
    if isinstance(node, n.Number):
        return Fraction(node.value) / (100 if node.percent else 1)
    if isinstance(node, n.Binary) and node.operator in ("/", "*"):
        left, right = _fraction(node.left), _fraction(node.right)
        if left is None or right is None or (node.operator == "/" and right == 0):
            return None
        return left / right if node.operator == "/" else left * right
    return None


def _spelled(take: Take) -> str:
    return take.name if take.kind == "member" else f"{take.name}:"
