"""Formula text → tokens, and every mistake that can be seen without the grammar.

The grammar has a lexer of its own, but it stops at the first character it cannot place. This pass goes through the
whole text, so that one run reports all foreign operators and odd characters, and it holds the caps before any work
grows with the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tallymark.errors import nearest
from tallymark.formula.foreign import WORDS, character, sign, word
from tallymark.formula.nodes import RESERVED, TIME_UNITS
from tallymark.formula.tokens import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_EXPONENT,
    MAX_TOKENS,
    Mistake,
    Token,
    out_of_range,
    shown,
    time_unit,
)
from tallymark.place import Span

MAX_MISTAKES = 10
"""Mistakes reported for one formula: after these, more would only hide them."""

_PIECE = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<number>[0-9](?:[eE][+-](?=[0-9])|[\w.])*%?)
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<parameter>\$[^\W\d]\w*)
    | (?P<text>'[^']*'(?:'[^']*')*)
    | (?P<quoted>"(?:[^"]*")?|`(?:[^`]*`)?|[‘’‚‛“”„‟«»‹›](?:[^‘’‚‛“”„‟«»‹›]*[‘’‚‛“”„‟«»‹›])?)
    | (?P<foreign>===?|!==|<>|&&|\|\||\*\*|=>|=<|::|:=|/\*|//|\{\{|\}\}|\$\{|->)
    | (?P<sign>\?\?|!=|<=|>=|[-+*/=<>(),])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
_FRACTIONAL_UNITS = frozenset({"second", "minute", "hour", "day", "week"})


@dataclass(slots=True)
class Scan:
    """What a text holds: its tokens, blanks left out, and its mistakes. With mistakes the tokens may be incomplete."""

    tokens: list[Token] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def scan(text: str) -> Scan:
    """The tokens and mistakes of `text`. Reading stops at a cap or after MAX_MISTAKES mistakes."""
    found = Scan()
    if len(text) > MAX_CHARACTERS:
        message = f"the formula is {len(text):,} characters long; the limit is {MAX_CHARACTERS:,}"
        found.mistakes.append(Mistake("S102", message, (0, 1), "split it into several metrics"))
        return found
    depth = _Depth()
    broken = False
    for item in _pieces(text):
        if isinstance(item, Mistake):
            found.mistakes.append(item)
            broken = True
            if len(found.mistakes) >= MAX_MISTAKES:
                break
            continue
        before = found.tokens[-1] if found.tokens else None
        found.tokens.append(item)
        depth.take(item, before)
        # What stands on both sides of a mistake does not stand side by side.
        found.mistakes += _between(None if broken else before, item)
        broken = False
        if len(found.tokens) > MAX_TOKENS or depth.total > MAX_DEPTH:
            found.mistakes.append(_cap(found, item))
            break
    if not found.tokens and not found.mistakes:
        found.mistakes.append(
            Mistake("S101", "the formula is empty", (0, 0), "write an expression such as `sum(orders.amount)`")
        )
    return found


def _cap(found: Scan, at: Token) -> Mistake:
    if len(found.tokens) > MAX_TOKENS:
        message = f"the formula has more than {MAX_TOKENS:,} words and signs"
        return Mistake("S103", message, at.span, "split it into several metrics")
    message = f"the formula is nested more than {MAX_DEPTH} deep"
    return Mistake("S104", message, at.span, "give the inner part a name: make it a metric of its own")


@dataclass(slots=True)
class _Depth:
    """How many parentheses, `case`s, `not`s and minus signs stand around the next operand."""

    total: int = 0
    nots: int = 0
    minuses: int = 0
    around: list[tuple[int, int]] = field(default_factory=list)

    def take(self, token: Token, before: Token | None) -> None:
        if token.kind not in ("sign", "keyword"):
            return
        after_operand = before is not None and before.ends_operand
        if token.says("(", "case"):
            self.around.append((self.nots, self.minuses))
            self._set(0, 0, 1 + self.nots + self.minuses)
        elif token.says(")", "end") and self.around and not (before is not None and before.says("at")):
            nots, minuses = self.around.pop()
            self._set(nots, minuses, -1 - nots - minuses)
        elif token.says("not") and not after_operand:
            self._set(self.nots + 1, self.minuses)
        elif token.says("-") and not after_operand:
            self._set(self.nots, self.minuses + 1)
        elif token.kind == "sign" and not token.says(",") and not token.says("??"):
            self._set(self.nots, 0)
        elif not token.says("??", *("null", "true", "false")):
            self._set(0, 0)

    def _set(self, nots: int, minuses: int, opened: int = 0) -> None:
        self.total += nots - self.nots + minuses - self.minuses + opened
        self.nots, self.minuses = nots, minuses


def _pieces(text: str) -> Iterator[Token | Mistake]:
    """The tokens and mistakes of the text in order; an unclosed quote ends them."""
    ternary = False
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        assert piece is not None  # the last alternative takes any character
        kind, found, span = piece.lastgroup, piece.group(), piece.span()
        position = span[1]
        if kind == "blank":
            continue
        if kind == "number":
            yield _number(found, span)
        elif kind == "name":
            yield _name(found, span)
        elif kind == "parameter":
            yield _parameter(found, span)
        elif kind == "text":
            yield _text(found, span)
        elif kind == "sign":
            yield Token("sign", found, span)
        elif kind == "other" and found == "'":
            message, way_out = (
                "the text that begins here has no closing quote",
                "close it with `'`; write `''` for a quote",
            )
            yield Mistake("S114", message, (span[0], len(text)), way_out)
            return
        elif kind == "other" and found == ":" and ternary:
            ternary = False  # already said at the `?`
        else:
            ternary = ternary or found == "?"
            while kind == "other" and text[position : position + 1] == found:
                position += 1
            yield _odd(text, (span[0], position))


def _odd(text: str, span: Span) -> Mistake:
    """The mistake in a stretch that is no token: an operator of another language, a quote, a character."""
    found = text[slice(*span)]
    return sign(found, span, text[span[1] : span[1] + 1]) or character(found, span)


def _number(found: str, span: Span) -> Token | Mistake:
    digits = found.removesuffix("%")
    if not _NUMBER.fullmatch(digits):
        return Mistake("S115", f"{shown(found)} is not a number", span, _number_help(digits))
    if out_of_range(digits):
        limits = f"a number has at most {MAX_DIGITS} digits and an exponent of at most {MAX_EXPONENT}"
        return Mistake("S116", f"the number {shown(found)} is out of range", span, limits)
    return Token("percent" if found.endswith("%") else "number", found, span)


def _number_help(found: str) -> str:
    split = re.fullmatch(r"([0-9][0-9_.]*)([^\W\d_]\w*)", found)
    if split and time_unit(split[2]):
        return f"put a blank between the number and its unit: `{split[1]} {split[2]}`"
    if found.endswith(".") and _NUMBER.fullmatch(found[:-1]):
        return f"write `{found[:-1]}` or `{found}0`"
    if found.count(".") > 1:
        return "a number has one decimal point; thousands may be grouped with `_`, as in `1_000_000`"
    if split:
        return "a name begins with a letter; between a number and a name stands an operator such as `*`"
    return "numbers are written `1_000`, `0.5`, `1e6` or `5%`"


def _name(found: str, span: Span) -> Token | Mistake:
    if not _NAME.fullmatch(found):
        return word(found, span)
    first, dot, _ = found.partition(".")
    if first in RESERVED:
        if dot:
            return Mistake(
                "S140", f"`{first}` is reserved and cannot begin a name", span, "only after a dot may it stand"
            )
        return Token("keyword", found, span)
    return Token("name", found, span)


def _parameter(found: str, span: Span) -> Token | Mistake:
    if _NAME.fullmatch(found[1:]):
        return Token("parameter", found, span)
    return word(found, span)


def _text(found: str, span: Span) -> Token | Mistake:
    for offset, char in enumerate(found):
        # Surrogates cannot be sent to a database, and control characters are never meant.
        if (char < " " and char not in "\t\n\r") or char == "\x7f" or "\ud800" <= char <= "\udfff":
            at = span[0] + offset
            return Mistake("S110", f"a text cannot hold the character U+{ord(char):04X}", (at, at + 1), "delete it")
    return Token("text", found, span)


def _between(before: Token | None, token: Token) -> Iterator[Mistake]:
    """What is wrong with a number followed by a word, which can only be a duration."""
    if before is None or before.kind != "number" or token.kind != "name":
        return
    unit = time_unit(token.text)
    if unit is None:
        if token.text not in WORDS:  # `7 mod 3` is no duration: the grammar stops at the 3 and says what to write
            yield _not_a_unit(before, token)
    elif unit not in _FRACTIONAL_UNITS and not before.text.replace("_", "").isdecimal():
        message = f"a duration in {unit}s is a whole number of {unit}s"
        yield Mistake("S142", message, (before.span[0], token.span[1]), "fractions go with units up to a week")


def _not_a_unit(number: Token, name: Token) -> Mistake:
    close = nearest(name.text, TIME_UNITS)
    if close is not None and close[0] == name.text[0]:
        way_out = f"did you mean `{close if number.text == '1' else close + 's'}`?"
    else:
        way_out = f"units are {', '.join(TIME_UNITS)}; to multiply, write `{number.text} * {name.text}`"
    return Mistake("S141", f"{shown(name.text)} is not a unit of time", name.span, way_out)
