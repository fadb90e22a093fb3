"""A formula walked in its contexts before the plan is finished: for each part, the nodes that will hold its values.

Only what stands in the question's own space is walked. The body of a `per` has a value for each member, which a
question of its own tells (`members`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from tallymark.answer import StepKind
from tallymark.catalog import Catalog
from tallymark.formula import nodes as n
from tallymark.formula.bound import (
    NOSPAN,
    Aggregate,
    Apply,
    Bound,
    Constant,
    Filtered,
    History,
    Lifted,
    MetricUse,
    Nested,
    Ranked,
    Rated,
    Sequence,
    Shift,
    Windowed,
)
from tallymark.formula.parse import parse_text
from tallymark.kinds import Type
from tallymark.lower.contexts import Contexts
from tallymark.lower.histories import made_of
from tallymark.lower.spaces import ROWS, Context
from tallymark.place import Span
from tallymark.plan import Leaf, Nest, Value
from tallymark.units import NUMBER, Unit, reported

CHAINS = ({"+", "-"}, {"*", "/"}, {"and"}, {"or"}, {"coalesce"})
"""Operators that are read as one flat list: the terms of a sum, the factors of a product."""

PLAIN = frozenset({"local"})
"""Operators that nobody wrote: their argument is shown instead."""

Forms = tuple[Shift | Windowed | Rated, ...]
"""The forms that move the window or choose the rates, outermost first."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a formula in one context, and the nodes of the question's space that hold its values.

    `rows` counts the rows an aggregate reads, `filled` those with a value; under a `per` they count its members.
    `divisors` are the parts that must not be 0.
    """

    bound: Bound
    text: str
    kind: StepKind
    node: int | None
    type: Type
    unit: Unit
    context: Context
    forms: Forms
    name: str | None = None
    rows: int | None = None
    filled: int | None = None
    parts: tuple[Part, ...] = ()
    divisors: tuple[Part, ...] = ()

    def nodes(self) -> Iterator[int]:
        """All nodes here and below, each once."""
        found: dict[int, None] = {}
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if id(part) not in seen:
                seen.add(id(part))
                found.update(dict.fromkeys(n for n in (part.node, part.rows, part.filled) if n is not None))
                waiting.extend(part.parts)
        return iter(found)


class Tracing:
    """Walks formulas. A metric met again in the same context is the same part."""

    def __init__(self, catalog: Catalog, contexts: Contexts) -> None:
        self.catalog = catalog
        self.contexts = contexts
        self._metrics: dict[tuple[str, Context], Part] = {}

    def part(self, bound: Bound, source: str, context: Context, forms: Forms = ()) -> Part:
        """The part that `bound` is; `source` is the whole text of the formula it stands in."""
        match bound:
            case MetricUse():
                return self._metric(bound, context, forms)
            case Constant():
                text = _text(source, bound.span)
                kind: StepKind = "parameter" if "$" in text else "constant"
                return Part(bound, text, kind, None, bound.type, _unit(bound, context), context, forms)
            case Apply(function=function, arguments=(argument,)) if function in PLAIN:
                return self.part(argument, source, context, forms)
            case Apply():
                return self._operation(bound, source, context, forms)
            case Aggregate():
                return self._aggregate(bound, source, context, forms)
            case Nested():
                return self._nest(bound, source, context, forms)
            case Sequence():
                return self._sequence(bound, source, context, forms)
            case Ranked():
                return self._rank(bound, source, context, forms)
            case History():
                return self._history(bound, source, context, forms)
        return self._moved(bound, source, context, forms, _text(source, bound.span))

    # --- metrics ---------------------------------------------------------------------------------------------------

    def _metric(self, use: MetricUse, context: Context, forms: Forms) -> Part:
        place = (use.name, context)
        if place not in self._metrics:
            metric = self.catalog.metrics[use.name]
            body = self.contexts.metric(use.name)
            inner = self.part(body, metric.formula, self.contexts.of_metric(use.name, context), forms)
            if not _whole(body, metric.formula):
                node = self.contexts.shallow(partial(self.contexts.lower, use, context))
                inner = Part(use, "", "metric", node, use.type, _unit(use, context), context, forms, parts=(inner,))
            self._metrics[place] = replace(
                inner, text=metric.formula, kind="metric", name=use.name, type=use.type, unit=_unit(use, context)
            )
        return self._metrics[place]

    # --- operators -------------------------------------------------------------------------------------------------

    def _operation(self, bound: Apply, source: str, context: Context, forms: Forms) -> Part:
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        found: list[Part] = []
        divisors: list[Part] = []
        inner = self.contexts.pricing.beside(bound, context)
        for function, argument in _terms(bound):
            part = self._argument(argument, bound.span, source, inner, forms)
            found.append(part)
            if function == "/":
                divisors.append(part)
        text = _text(source, bound.span) or bound.function
        return Part(
            bound, text, "operator", node, bound.type, _unit(bound, context), context, forms, parts=tuple(found),
            divisors=tuple(divisors),
        )  # fmt: skip

    def _argument(self, bound: Bound, above: Span, source: str, context: Context, forms: Forms) -> Part:
        """An argument of an operator. A form that a shorter one stands for (`growth`) is written out."""
        if isinstance(bound, Shift | Lifted | Rated) and bound.span == above:
            return self._moved(bound, source, context, forms, _written_out(bound, source))
        found = self.part(bound, source, context, forms)
        if isinstance(bound, Aggregate) and bound.span == above and above != NOSPAN:
            # The members a conversion starts from are nowhere written as an aggregate of their own.
            return replace(found, text=_first_step(_text(source, above)))
        return found

    # --- leaves ----------------------------------------------------------------------------------------------------

    def _aggregate(self, bound: Aggregate, source: str, context: Context, forms: Forms) -> Part:
        space = self.contexts.space(context)
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        leaf = space.nodes[node]
        assert isinstance(leaf, Leaf)
        rows = space.put(replace(leaf, function=ROWS, argument=None, type=Type.INTEGER, extra=(), zero=True))
        filled = None
        if bound.argument is not None and bound.function != "count" and bound.argument.type is not Type.BOOLEAN:
            filled = space.put(replace(leaf, function="count", type=Type.INTEGER, extra=(), zero=True))
        text = _text(source, bound.span)
        return Part(
            bound, text, "aggregate", node, bound.type, _unit(bound, context), context, forms, rows=rows, filled=filled
        )

    def _nest(self, bound: Nested, source: str, context: Context, forms: Forms) -> Part:
        space = self.contexts.space(context)
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        nest = space.nodes[node]
        assert isinstance(nest, Nest)
        count = replace(nest, function="count", type=Type.INTEGER, extra=(), zero=True)
        one = self.contexts.space(self.contexts.inner(bound, context)).put(Value(1, Type.INTEGER))
        members = space.put(replace(count, body=one))
        filled = space.put(count) if bound.function != "count" and bound.body.type is not Type.BOOLEAN else None
        text = _text(source, bound.span)
        return Part(
            bound, text, "per", node, bound.type, _unit(bound, context), context, forms, rows=members, filled=filled
        )

    def _sequence(self, bound: Sequence, source: str, context: Context, forms: Forms) -> Part:
        """The members that arrive; `rows` counts those that set out."""
        space = self.contexts.space(context)
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        nest = space.nodes[node]
        assert isinstance(nest, Nest)
        one = self.contexts.spaces[nest.inner].put(Value(1, Type.INTEGER))
        entered = space.put(replace(nest, body=one, zero=True))
        text, unit = _arriving(_text(source, bound.span)), _unit(bound, context)
        return Part(bound, text, "aggregate", node, bound.type, unit, context, forms, rows=entered)

    def _rank(self, bound: Ranked, source: str, context: Context, forms: Forms) -> Part:
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        body = self.part(bound.body, source, context, forms)
        text = _text(source, bound.span)
        return Part(bound, text, "operator", node, bound.type, _unit(bound, context), context, forms, parts=(body,))

    def _history(self, bound: History, source: str, context: Context, forms: Forms) -> Part:
        """A statistic of the periods before: of the value itself, the median, the spread and how many there are."""
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        text, unit = _text(source, bound.span), _unit(bound, context)
        inner = replace(context, currency=None) if bound.statistic == "anomaly" else context
        below = [self.part(bound.body, source, inner, forms)] if bound.statistic == "anomaly" else []
        for other in made_of(bound):
            number = self.contexts.shallow(partial(self.contexts.lower, other, inner))
            said, its_unit = _called(other.statistic, text), _unit(other, inner)
            below.append(Part(other, said, "operator", number, other.type, its_unit, inner, forms))
        return Part(bound, text, "operator", node, bound.type, unit, context, forms, parts=tuple(below))

    # --- forms that change the context -----------------------------------------------------------------------------

    def _moved(self, bound: Bound, source: str, context: Context, forms: Forms, text: str) -> Part:
        assert isinstance(bound, Shift | Windowed | Rated | Filtered | Lifted)
        node = self.contexts.shallow(partial(self.contexts.lower, bound, context))
        if isinstance(bound, Lifted):
            # One cell has no dimensions to lift: the total is the value itself.
            moved = self.contexts.outer(bound, context)
        else:
            moved = self.contexts.moved(bound, context)
        inside = (*forms, bound) if isinstance(bound, Shift | Windowed | Rated) else forms
        body = self.part(bound.body, source, moved, inside)
        if bound.body.span == bound.span and bound.span != NOSPAN and body.text == text:
            return body
        kinds: dict[type, StepKind] = {Filtered: "filter", Lifted: "total"}
        kind = kinds.get(type(bound), "window")
        return Part(bound, text, kind, node, bound.type, _unit(bound, context), moved, inside, parts=(body,))


def _text(source: str, span: Span) -> str:
    return source[span[0] : span[1]]


def _unit(bound: Bound, context: Context) -> Unit:
    unit = NUMBER if bound.unit.free else bound.unit
    return unit if context.currency is None else reported(unit, context.currency)


def _arriving(text: str) -> str:
    """Of `conversion(…)`, or of `converted(…)`, the formula of the members that arrive."""
    return f"converted{text.removeprefix('conversion')}" if text.startswith("conversion") else text


def _first_step(text: str) -> str:
    """Of `conversion(visits, leads, per visitor, …)` the formula of the members that set out."""
    call = parse_text(text)
    assert isinstance(call, n.Call)
    member = next(a for a in call.arguments if isinstance(a, n.PerArgument))
    first = next(a for a in call.arguments if not isinstance(a, n.PerArgument | n.WithinArgument | n.Text))
    return f"converted({_text(text, first.span)}, {_text(text, member.span)})"


def _called(statistic: str, text: str) -> str:
    """Of `anomaly(m, 24, 1, 12)` another statistic of the same history; a count of its values wants no least."""
    call = parse_text(text)
    assert isinstance(call, n.Call)
    arguments = call.arguments[:3] if statistic == "history" else call.arguments
    return f"{statistic}({', '.join(_text(text, a.span) for a in arguments)})"


def _whole(body: Bound, source: str) -> bool:
    """Whether the body is all that the formula says, parentheses apart. A settled condition leaves a part of it."""
    start, end = body.span
    around = source[:start] + source[end:]
    return end > start and not isinstance(body, MetricUse) and not around.strip("() \t\r\n")


def _terms(bound: Apply) -> Iterator[tuple[str, Bound]]:
    """The arguments, each with the operator before it; chains of one kind, and what stands for one call, laid flat."""
    waiting = _operands(bound, "")
    while waiting:
        operator, argument, above, first = waiting.pop()
        if isinstance(argument, Apply) and (_one_call(argument, above) or (first and _one_chain(argument, above))):
            waiting += _operands(argument, operator)
        else:
            yield operator, argument


def _operands(bound: Apply, before: str) -> list[tuple[str, Bound, Apply, bool]]:
    """The arguments from last to first, each with its operator, the one it belongs to and whether it is the first."""
    found = [(before if i == 0 else bound.function, a, bound, i == 0) for i, a in enumerate(bound.arguments)]
    return found[::-1]


def _one_chain(inner: Apply, outer: Apply) -> bool:
    """Whether operators of one kind follow one another. What stands for a call of its own (`share`) is no link."""
    alike = any(inner.function in chain and outer.function in chain for chain in CHAINS)
    return alike and not any(argument.span == inner.span for argument in inner.arguments)


def _one_call(inner: Apply, outer: Apply) -> bool:
    return inner.span == outer.span and outer.span != NOSPAN


def _written_out(bound: Shift | Lifted | Rated, source: str) -> str:
    """`previous(m)` inside `growth(m)`, `total(m)` inside `share(m)`, both rates inside `fx_drift(m)`."""
    inner = _text(source, bound.body.span)
    if isinstance(bound, Rated):
        return f"at_{'opening' if bound.edge == 'start' else 'closing'}_rates({inner})"
    if isinstance(bound, Lifted):
        return f"total({', '.join([inner, *map('.'.join, bound.dimensions or ())])})"
    if bound.step is None:
        return f"previous({inner})" if bound.count == 1 else f"previous({inner}, {bound.count})"
    return f"previous({inner}, {bound.count} {bound.step}{'' if bound.count == 1 else 's'})"
