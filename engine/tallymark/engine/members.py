"""The members of a `per` that weigh most, or its pieces of time: a question of its own, answered by the same engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tallymark.catalog import Catalog
from tallymark.engine.naming import names
from tallymark.engine.tracing import Part
from tallymark.errors import FaultError
from tallymark.formula.bound import Apply, Bound, DimensionUse, Nested, walk
from tallymark.kinds import Type
from tallymark.lower import Lowered, Question, lower
from tallymark.plan import is_edged
from tallymark.render import Rendered
from tallymark.windows import cut, resolve

SHOWN = 5
"""How many members a receipt names."""

ALL_PIECES = 12
"""Pieces of time are all told, in their order, up to this many."""

Render = Callable[..., Rendered]


@dataclass(frozen=True, slots=True)
class Members:
    """Some members with the body's values, the weightiest first, and what all others have in common, if anything."""

    values: tuple[tuple[str, Any], ...]
    rest: str = ""


def members(part: Part, count: int, question: Question, catalog: Catalog, render: Render) -> Members | None:
    """The members with the most weight in `part`, a `per` with `count` of them. None when they cannot be told apart."""
    nest = part.bound
    assert isinstance(nest, Nested)
    try:
        asked = _pieces(nest, part, count, question) if nest.by_grain else _by_member(nest, part, question)
        if asked is None:
            return None
        lowered = lower(catalog, asked)
        rendered = render(lowered)
        table = rendered.site.run(rendered.sql)
    except FaultError:
        # The number itself has been answered; naming its members is a courtesy.
        return None
    keys = _keys(lowered, asked, table)
    known = [row for row in zip(keys, table.column("m0").to_pylist(), strict=True) if row[0] is not None]
    if nest.by_grain and count <= ALL_PIECES:
        return Members(tuple(known))
    weighty = [row for row in known if counts(row[1], nest)][:SHOWN]
    keys = [key for key, _ in weighty]
    called = names(nest.member, keys, nest.body, question, catalog, render) if asked.by else {}
    told = tuple((_told(key, called), value) for key, value in weighty)
    over = known[len(weighty) :]
    return Members(told, _rest(nest) if over and not counts(over[0][1], nest) else "")


def _keys(lowered: Lowered, asked: Question, table: Any) -> list[Any]:
    """The members, or the labels of the pieces of time, in the order of the rows."""
    if asked.by:
        keys: list[Any] = table.column(lowered.plan.space.level[0].column).to_pylist()
        return keys
    return [asked.periods[i].label for i in table.column("i").to_pylist()]


def _told(key: Any, called: dict[Any, str]) -> str:
    return f"{key} ({called[key]})" if key in called else str(key)


def _rest(nest: Nested) -> str:
    """What is true of the members that come after the last one that counts."""
    if nest.function == "all":
        return "for which it holds"
    if nest.body.type is Type.BOOLEAN:
        return "for which it does not hold"
    return "which add nothing" if nest.function == "sum" else "without a value"


def counts(value: Any, nest: Nested) -> bool:
    """Whether a value moves the aggregate: not null, and in a sum not 0, in a count of a condition not false."""
    if value is None:
        return False
    if nest.function == "all":
        return value is False
    if isinstance(value, bool):
        return value
    return nest.function != "sum" or value != 0


def _by_member(nest: Nested, part: Part, question: Question) -> Question:
    """The body by the member, over the rows and the window that the `per` has it in."""
    body: Bound = nest.body
    for form in reversed(part.forms):
        body = replace(form, body=body, type=body.type, unit=body.unit)
    metrics, order = ordered(body, nest)
    return replace(
        question, metrics=metrics, min_counts=(), by=(nest.member,), filters=part.context.filters, sparse=True,
        order=order, limit=SHOWN + 2, currency=part.context.currency, convert=part.context.convert,
    )  # fmt: skip


def _pieces(nest: Nested, part: Part, count: int, question: Question) -> Question | None:
    """The body over each piece of the window that the `per` cuts up."""
    edged = (b for f in part.context.filters for b in walk(f) if isinstance(b, DimensionUse))
    if any(is_edged(b.parts) for b in edged):
        # A question by pieces has no asked period around them.
        return None
    window = resolve(part.context.window, question.periods[0], question.grain, question.calendar, question.as_of)
    if window.void or window.start is None or window.start >= window.end or part.context.rates is not None:
        return None
    grain, calendar = nest.member[0], question.calendar
    periods = cut(part.context.window, window, question.periods[0], question.grain, grain, calendar)
    metrics, order = ordered(nest.body, nest)
    whole = count <= ALL_PIECES
    return replace(
        question, metrics=metrics, min_counts=(), by=(), periods=periods, grain=grain, filters=part.context.filters,
        sparse=False, order=(("time", False),) if whole else order, limit=None if whole else SHOWN + 1,
        currency=part.context.currency, convert=part.context.convert,
    )  # fmt: skip


def ordered(body: Bound, nest: Nested) -> tuple[tuple[tuple[str, Bound], ...], tuple[tuple[str, bool], ...]]:
    """The body, and what puts the weightiest members first."""
    metrics: tuple[tuple[str, Bound], ...] = (("value", body),)
    if nest.function in ("min", "all"):
        return metrics, (("value", False),)
    if nest.function == "max" or not body.type.numeric:
        return metrics, (("value", True),)
    kind = body.type if body.type is not Type.NULL else Type.DOUBLE
    return (*metrics, ("size", Apply("abs", (body,), kind, body.unit))), (("size", True),)
