"""Formula text → nodes, or the faults in it.

The grammar is `grammar.lark`. Nodes are built while the parser reduces, from the innermost out and without recursion,
so that neither depth nor length of a formula can exhaust Python's stack.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from threading import Lock
from typing import Any, Literal, NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedInput, lexer, v_args
from lark.exceptions import UnexpectedToken

from tallymark.errors import Fault, FaultError
from tallymark.formula import nodes
from tallymark.formula.nodes import Node
from tallymark.formula.scan import Scan, scan
from tallymark.formula.tokens import MAX_CHARACTERS, Mistake, number_value, shown, time_unit
from tallymark.formula.unexpected import Stop, unexpected
from tallymark.place import Span, Written

_POSTFIX_ORDER = ("on", "at", "where", "per")
_SHOWN = 200
"""Characters a caret covers at most."""


def parse(written: Written) -> Node:
    """The formula that `written` holds. Raises FaultError with S1xx faults, placed in `written`."""
    found = scan(written.text)
    mistakes: Iterable[Mistake] = found.mistakes
    if not mistakes:
        try:
            return cast(Node, _parser().parse(written.text))
        except _BuildError as error:
            mistakes = (error.mistake,)
        except UnexpectedInput as error:
            mistakes = unexpected(_stop(error, written, found))
    raise FaultError([_fault(mistake, written) for mistake in mistakes])


def parse_text(text: str) -> Node:
    """The formula in `text`, which stands nowhere in particular. Raises FaultError."""
    return parse(Written(text))


def _fault(mistake: Mistake, written: Written) -> Fault:
    start, end = mistake.span
    place = written.place((start, min(end, start + _SHOWN)))
    if len(place.text) > MAX_CHARACTERS:
        place = replace(place, text="")  # a caret under a line of megabytes shows nothing
    return Fault(mistake.code, mistake.message, place, mistake.help)


_LOADING = Lock()


def _parser() -> Lark:
    """The parser, built on first use. It keeps no state between formulas, so threads may share it."""
    with _LOADING:
        return load_grammar()


@functools.cache
def load_grammar(strict: bool = False) -> Lark:
    """The parser for `grammar.lark`. `strict` refuses a grammar with conflicts or colliding terminals: for tests."""
    text = (files("tallymark.formula") / "grammar.lark").read_text(encoding="utf-8")
    # Where `interegular` is installed, lark looks for collisions also when not strict, which takes six times as long as
    # all the rest and could only say again what the strict test says.
    compares = lexer.has_interegular
    lexer.has_interegular = strict and compares
    try:
        return Lark(text, parser="lalr", lexer="contextual", transformer=_Builder(), strict=strict)
    finally:
        lexer.has_interegular = compares


def _stop(error: UnexpectedInput, written: Written, found: Scan) -> Stop:
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    position = error.pos_in_stream
    starts = [token.span[0] for token in found.tokens]
    index = len(starts) if at_end or position is None else bisect_left(starts, position)
    # The failed parser has already folded up what stands before the token, in the hope that it fits. One that has read
    # only so far still knows everything that could follow.
    so_far = written.text[: starts[index]] if index < len(starts) else written.text
    interactive: Any = _parser().parse_interactive(so_far)
    interactive.exhaust_lexer()
    return Stop(found.tokens, index, interactive.accepts())


class _BuildError(Exception):
    """The grammar allows it, the language does not."""

    def __init__(self, code: str, message: str, span: Span, way_out: str) -> None:
        self.mistake = Mistake(code, message, span, way_out)
        super().__init__(message)


class _Part(NamedTuple):
    """A node and how far it reaches with its parentheses, which its own span leaves out."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Postfix:
    kind: Literal["on", "at", "where", "per"]
    value: Any
    span: Span
    """Of the keyword alone."""
    end: int


def _span(token: Token) -> Span:
    return cast(Span, (token.start_pos, token.end_pos))


def _part(node: Node) -> _Part:
    return _Part(node, *node.span)


def _name(token: Token) -> nodes.Name:
    return nodes.Name(tuple(token.value.split(".")), _span(token))


def _duration(number: Token, unit: Token) -> nodes.Duration:
    singular = time_unit(unit.value)
    if singular is None:
        units = ", ".join(f"{u}s" for u in nodes.TIME_UNITS)
        raise _BuildError("S141", f"{shown(unit.value)} is not a unit of time", _span(unit), f"units are {units}")
    return nodes.Duration(number_value(number.value), singular, (_span(number)[0], _span(unit)[1]))


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """One method per rule of the grammar, named as there, given the rule's parts in writing order."""

    def start(self, formula: _Part) -> Node:
        return formula.node

    def number(self, token: Token) -> _Part:
        return _part(nodes.Number(number_value(token.value), _span(token)))

    def percent(self, token: Token) -> _Part:
        return _part(nodes.Number(number_value(token.value[:-1]), _span(token), percent=True))

    def duration(self, number: Token, unit: Token) -> _Part:
        return _part(_duration(number, unit))

    def text(self, token: Token) -> _Part:
        return _part(nodes.Text(token.value[1:-1].replace("''", "'"), _span(token)))

    def true(self, token: Token) -> _Part:
        return _part(nodes.Boolean(True, _span(token)))

    def false(self, token: Token) -> _Part:
        return _part(nodes.Boolean(False, _span(token)))

    def null(self, token: Token) -> _Part:
        return _part(nodes.Null(_span(token)))

    def parameter(self, token: Token) -> _Part:
        return _part(nodes.Parameter(token.value[1:], _span(token)))

    def name(self, token: Token) -> _Part:
        return _part(_name(token))

    def call(self, name: Token, opening: Token, arguments: tuple[_Part, ...] | None, closing: Token) -> _Part:
        parts = tuple(a.node for a in arguments or ())
        return _part(nodes.Call(name.value, parts, (_span(name)[0], _span(closing)[1]), _span(name)))

    def arguments(self, *items: _Part | Token) -> tuple[_Part, ...]:
        return tuple(item for item in items if isinstance(item, _Part))

    options = arguments

    def per_argument(self, keyword: Token, member: Token) -> _Part:
        return _part(nodes.PerArgument(_name(member), (_span(keyword)[0], _span(member)[1])))

    def within_argument(self, keyword: Token, number: Token, unit: Token) -> _Part:
        return _part(nodes.WithinArgument(_duration(number, unit), (_span(keyword)[0], _span(unit)[1])))

    def within_parameter(self, keyword: Token, name: Token) -> _Part:
        span = (_span(keyword)[0], _span(name)[1])
        return _part(nodes.WithinArgument(nodes.Parameter(name.value[1:], _span(name)), span))

    def parenthesised(self, opening: Token, inside: _Part, closing: Token) -> _Part:
        return _Part(inside.node, _span(opening)[0], _span(closing)[1])

    def unary(self, operator: Token, operand: _Part) -> _Part:
        return _part(nodes.Unary(operator.value, operand.node, (_span(operator)[0], operand.end)))

    def binary(self, left: _Part, operator: Token, right: _Part) -> _Part:
        return _part(nodes.Binary(operator.value, left.node, right.node, (left.start, right.end)))

    def is_in(self, item: _Part, word: Token, opening: Token, options: tuple[_Part, ...], closing: Token) -> _Part:
        return self._in(item, options, closing, negated=False)

    def is_not_in(self, item: _Part, *rest: Any) -> _Part:
        *_, options, closing = rest
        return self._in(item, options, closing, negated=True)

    def is_in_list(self, item: _Part, word: Token, parameter: Token) -> _Part:
        return self._in(item, (self.parameter(parameter),), parameter, negated=False)

    def is_not_in_list(self, item: _Part, negation: Token, word: Token, parameter: Token) -> _Part:
        return self._in(item, (self.parameter(parameter),), parameter, negated=True)

    def _in(self, item: _Part, options: tuple[_Part, ...], closing: Token, *, negated: bool) -> _Part:
        span = (item.start, _span(closing)[1])
        return _part(nodes.In(item.node, tuple(o.node for o in options), negated, span))

    def between(self, item: _Part, word: Token, low: _Part, conjunction: Token, high: _Part) -> _Part:
        return _part(nodes.Between(item.node, low.node, high.node, False, (item.start, high.end)))

    def not_between(self, item: _Part, word: Token, *rest: Any) -> _Part:
        _, low, _, high = rest
        return _part(nodes.Between(item.node, low.node, high.node, True, (item.start, high.end)))

    def is_null(self, item: _Part, *words: Token) -> _Part:
        return _part(nodes.IsNull(item.node, False, (item.start, _span(words[-1])[1])))

    def is_not_null(self, item: _Part, *words: Token) -> _Part:
        return _part(nodes.IsNull(item.node, True, (item.start, _span(words[-1])[1])))

    def branch(self, when: Token, condition: _Part, then: Token, value: _Part) -> tuple[Node, Node]:
        return (condition.node, value.node)

    def case(self, case: Token, *rest: Any) -> _Part:
        *branches, _, otherwise, end = rest
        last = otherwise.node if otherwise is not None else None
        return _part(nodes.Case(tuple(branches), last, (_span(case)[0], _span(end)[1])))

    def on(self, keyword: Token, column: Token) -> _Postfix:
        return _Postfix("on", _name(column), _span(keyword), _span(column)[1])

    def at(self, keyword: Token, edge: Token) -> _Postfix:
        if edge.value not in ("start", "end"):
            way_out = "write `at start` or `at end`"
            raise _BuildError("S143", f"{shown(edge.value)} is no edge of a window", _span(edge), way_out)
        return _Postfix("at", edge.value, _span(keyword), _span(edge)[1])

    def where(self, keyword: Token, condition: _Part) -> _Postfix:
        return _Postfix("where", condition.node, _span(keyword), condition.end)

    def per(self, keyword: Token, member: Token) -> _Postfix:
        return _Postfix("per", _name(member), _span(keyword), _span(member)[1])

    def scoped(self, body: _Part, *postfixes: _Postfix) -> _Part:
        if not postfixes:
            return body
        postfixes = _with_edges(postfixes)
        _in_order(postfixes)
        values = {postfix.kind: postfix.value for postfix in postfixes}
        return _part(nodes.Scoped(body.node, (body.start, postfixes[-1].end), **values))


def _with_edges(postfixes: tuple[_Postfix, ...]) -> tuple[_Postfix, ...]:
    """The postfixes, an `at` behind `per plan` put to its member: `per plan at start`."""
    found: list[_Postfix] = []
    for postfix in postfixes:
        if postfix.kind == "at" and found and found[-1].kind == "per":
            member: nodes.Name = found[-1].value
            parts = (*member.parts[:-1], f"{member.parts[-1]} at {postfix.value}")
            name = nodes.Name(parts, (member.span[0], postfix.end))
            found[-1] = _Postfix("per", name, found[-1].span, postfix.end)
        else:
            found.append(postfix)
    return tuple(found)


def _in_order(postfixes: tuple[_Postfix, ...]) -> None:
    last = -1
    for postfix in postfixes:
        rank = _POSTFIX_ORDER.index(postfix.kind)
        if any(other.kind == postfix.kind for other in postfixes if other.span < postfix.span):
            way_out = "join two conditions with `and`" if postfix.kind == "where" else "keep one of them, or nest"
            raise _BuildError("S138", f"`{postfix.kind}` stands here twice", postfix.span, way_out)
        if rank < last:
            previous = _POSTFIX_ORDER[last]
            way_out = "the order is `on`, `at`, `where`, `per`; to apply one to the result of another, use parentheses"
            raise _BuildError("S137", f"`{postfix.kind}` stands before `{previous}`", postfix.span, way_out)
        last = rank
