"""A formula as parsed: syntax only, nothing bound.

Every node knows its `span` in the formula's text. Spans do not include surrounding parentheses. Nodes compare by
content and span; use `shape` to compare two formulas apart from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from tallymark.place import Span

TIME_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
"""Units of a duration, singular; the grammar takes the plural too."""

GRAINS = ("hour", "day", "week", "month", "quarter", "year")
"""What a grain may be, finest first."""

RESERVED = frozenset(
    ("and", "or", "not", "in", "is", "null", "true", "false", "between", "case", "when", "then", "else", "end", "where")
) | frozenset(("per", "on", "at", "within"))
"""Names that may not stand bare. After a dot anything goes."""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number. `percent` says it was written `5%`; `value` is then 5, not 0.05."""

    value: int | Decimal
    span: Span
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Null:
    span: Span


@dataclass(frozen=True, slots=True)
class Duration:
    """`28 days`: a count (may be fractional for units up to a week) and a singular unit of TIME_UNITS."""

    count: int | Decimal
    unit: str
    span: Span


MAX_LENGTH = 1_000_000
"""Of whatever unit, more than any window or shift is long."""

WHOLE_UNITS = frozenset(("month", "quarter", "year"))
"""Units that differ in length, and so are never broken into parts."""


def is_length(duration: Duration) -> bool:
    """Whether a duration is one that a window may have: more than nothing, and of months a whole number."""
    whole = duration.count == int(duration.count)
    return 0 < duration.count <= MAX_LENGTH and (whole or duration.unit not in WHOLE_UNITS)


def plain_count(duration: Duration) -> int | Decimal:
    """The count as a whole number where it is one."""
    whole = int(duration.count)
    return whole if whole == duration.count else duration.count


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name`, without the dollar."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A bare or dotted name: `mrr`, `orders.amount`, `orders.customer.country`."""

    parts: tuple[str, ...]
    span: Span

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`; `if(…)` is one too. `name_span` covers the name alone."""

    name: str
    arguments: tuple[Node, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["-", "not"]
    operand: Node
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """An infix operator: `or and = != < <= > >= + - * / ??`."""

    operator: str
    left: Node
    right: Node
    span: Span


@dataclass(frozen=True, slots=True)
class In:
    item: Node
    options: tuple[Node, ...]
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Between:
    """`item [not] between low and high`, both ends included."""

    item: Node
    low: Node
    high: Node
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class IsNull:
    item: Node
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None
    span: Span


@dataclass(frozen=True, slots=True)
class Scoped:
    """An expression with one or more of the postfixes `on column`, `at start|end`, `where condition`, `per member`."""

    body: Node
    span: Span
    on: Name | None = None
    at: Literal["start", "end"] | None = None
    where: Node | None = None
    per: Name | None = None


@dataclass(frozen=True, slots=True)
class PerArgument:
    """The argument `per member` of functions such as `conversion`."""

    member: Name
    span: Span


@dataclass(frozen=True, slots=True)
class WithinArgument:
    """The argument `within 7 days`, or `within $window`, of functions such as `conversion`."""

    duration: Duration | Parameter
    span: Span


Node = (
    Number
    | Text
    | Boolean
    | Null
    | Duration
    | Parameter
    | Name
    | Call
    | Unary
    | Binary
    | In
    | Between
    | IsNull
    | Case
    | Scoped
    | PerArgument
    | WithinArgument
)


def children(node: Node) -> Iterator[Node]:
    """The direct parts of a node that are themselves formulas, in writing order (`on`, `per` names included)."""
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))


def shape(node: Node) -> Any:
    """The node without its spans: equal for formulas that differ only in blanks and parentheses."""

    def strip(value: Any) -> Any:
        if isinstance(value, Node):
            named = [f.name for f in fields(value) if f.name not in ("span", "name_span")]
            return (type(value).__name__, *(strip(getattr(value, n)) for n in named))
        return tuple(strip(v) for v in value) if isinstance(value, tuple) else value

    return strip(node)
