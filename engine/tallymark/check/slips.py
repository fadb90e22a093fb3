"""Slips that parse: formulas that mean something else than their author meant, found by their shape alone."""

from __future__ import annotations

from dataclasses import fields
from itertools import zip_longest
from typing import Any

from tallymark.check.report import Report
from tallymark.errors import Fault
from tallymark.formula import nodes as n


def slips(node: n.Node, report: Report) -> list[n.Node]:
    """Notes the precedence slips of published formulas, `a - b / b` and `a / b ?? 0`, and gives where they are."""
    found: list[n.Node] = []
    text = report.written.text
    for here in n.walk(node):
        if not isinstance(here, n.Binary):
            continue
        right = here.right
        if here.operator in ("+", "-") and isinstance(right, n.Binary) and _divides_itself(right, text):
            found.append(here)
            left, below = _said(text, here.left), _said(text, right.right)
            help_ = f"probably `({left} {here.operator} {below}) / {below}`"
            message = "a number divided by itself is 1: division binds tighter"
            report.fault("U309", message, right.span, help_)
        elif here.operator == "/" and isinstance(right, n.Binary) and right.operator == "??" and _bare(right, text):
            found.append(here)
            above, below, value = (_said(text, x) for x in (here.left, right.left, right.right))
            message = f"`??` binds tighter than `/`: this reads {above} / ({below} ?? {value})"
            help_ = f"to replace a null quotient say `({above} / {below}) ?? {value}`"
            report.fault("U310", message, right.span, help_)
    return found


def without_echoes(faults: list[Fault], found: list[n.Node], report: Report) -> list[Fault]:
    """The faults without those of units that only repeat a slip: of the expression the slip stands in."""
    places = {report.place(node.span) for node in found}
    return [f for f in faults if f.code != "U301" or f.place not in places]


def _divides_itself(node: n.Binary, text: str) -> bool:
    if node.operator != "/" or not _bare(node, text):
        return False
    if isinstance(node.left, n.Number):
        return False
    # Parts are compared one by one: a chain of factors may be thousands of levels deep.
    pairs = zip_longest(n.walk(node.left), n.walk(node.right))
    return all(a is not None and b is not None and _same(a, b) for a, b in pairs)


def _same(one: n.Node, other: n.Node) -> bool:
    """Whether two nodes say the same, apart from their parts."""
    return type(one) is type(other) and _own(one) == _own(other)


def _own(node: n.Node) -> list[Any]:
    """What a node says itself: everything but where it stands and its parts, of which only the number counts."""
    values = [getattr(node, f.name) for f in fields(node) if f.name not in ("span", "name_span")]
    return [_counted(v) for v in values if not isinstance(v, n.Node)]


def _counted(value: Any) -> Any:
    parts = isinstance(value, tuple) and not all(isinstance(v, str) for v in value)
    return len(value) if parts else value


def _bare(node: n.Node, text: str) -> bool:
    """Whether the author wrote no parentheses around the node."""
    before, after = text[: node.span[0]].rstrip(), text[node.span[1] :].lstrip()
    return not (before.endswith("(") and after.startswith(")"))


def _said(text: str, node: n.Node) -> str:
    said = " ".join(text[node.span[0] : node.span[1]].split())
    return said if len(said) <= 60 else said[:59] + "…"
