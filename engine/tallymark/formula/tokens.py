"""The words of a formula, the values of its numbers, and what can be wrong with its text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tallymark.formula.nodes import TIME_UNITS
from tallymark.place import Span

MAX_CHARACTERS = 20_000
"""Characters in a formula's text."""

MAX_TOKENS = 5_000
"""Words, numbers, signs and parentheses in a formula. A chain such as `a + b + c` may be as long as this allows."""

MAX_DEPTH = 100
"""Parentheses, calls, `case`s, `not`s and minus signs standing inside one another."""

MAX_DIGITS = 38
"""Digits of a number: as many as a decimal column holds."""

MAX_EXPONENT = 300
"""The largest power of ten a number may reach, up or down: what a double holds with room to spare."""

Kind = Literal["number", "percent", "text", "name", "keyword", "parameter", "sign"]

OPERAND_WORDS = frozenset({"null", "true", "false", "end"})
"""Keywords that end an operand, as a name or a number does."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a formula. A dotted name is one token."""

    kind: Kind
    text: str
    span: Span

    def says(self, *texts: str) -> bool:
        """Whether the token is one of these keywords or signs."""
        return self.kind in ("keyword", "sign") and self.text in texts

    @property
    def ends_operand(self) -> bool:
        """Whether an operator, not a value, is to be expected after the token."""
        if self.kind == "keyword":
            return self.text in OPERAND_WORDS
        return self.kind != "sign" or self.text == ")"


CODES = {
    "S101": "the formula is empty",
    "S102": "the formula is too long",
    "S103": "the formula has too many words",
    "S104": "the formula is nested too deeply",
    "S110": "a character without meaning",
    "S111": "a character or letter that is not plain ASCII",
    "S112": "a name or keyword in capitals",
    "S113": "a text in double or curly quotes",
    "S114": "a text without its closing quote",
    "S115": "a malformed number",
    "S116": "a number out of range",
    "S117": "a dot that joins no names",
    "S118": "a quoted name",
    "S119": "a comment",
    "S120": "a power sign",
    "S121": "`%` as an operator",
    "S122": "`? :`",
    "S123": "`==`",
    "S124": "`<>`",
    "S125": "`&&`",
    "S126": "`||`",
    "S127": "`!`",
    "S128": "another foreign sign",
    "S129": "brackets, braces, templates",
    "S130": "a word that cannot stand there",
    "S131": "the formula or one of its parts ends too early",
    "S132": "a parenthesis that is never closed",
    "S133": "a parenthesis that closes nothing",
    "S134": "nothing between parentheses or commas",
    "S135": "chained comparisons",
    "S136": "a decimal comma",
    "S137": "a postfix out of its place or order",
    "S138": "a postfix twice",
    "S139": "an operator without one of its sides",
    "S140": "a reserved word as a name",
    "S141": "not a unit of time",
    "S142": "a fraction of a month or longer",
    "S143": "`at` without `start` or `end`",
    "S145": "a `case` out of its form",
    "S146": "a word of another language",
    "S147": "two values without an operator between them",
}
"""The codes of syntax faults, each with the kind of mistake it stands for."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A fault that knows its stretch of the formula but not yet its file."""

    code: str
    message: str
    span: Span
    help: str | None = None


def number_value(text: str) -> int | Decimal:
    """The value of a well-formed literal: an int where it was written as a whole number (`1_000`, `1e6`).

    Anything else is a Decimal with no positive exponent, unless it is longer than MAX_DIGITS.
    """
    plain = text.replace("_", "")
    if plain.isdecimal():
        return int(plain)
    value = Decimal(plain)
    if value.adjusted() >= MAX_DIGITS or value.as_tuple().exponent < 0:  # type: ignore[operator]  # finite: an int
        return value
    return int(value) if "." not in plain else Decimal(int(value))


def out_of_range(text: str) -> bool:
    """Whether a well-formed literal has more digits or a larger exponent than a number may have."""
    mantissa, _, exponent = text.lower().replace("_", "").partition("e")
    digits = mantissa.replace(".", "").lstrip("0")
    if len(digits) > MAX_DIGITS or len(mantissa) > 2 * MAX_DIGITS:
        return True
    power = exponent.lstrip("+-").lstrip("0")
    return len(power) > 3 or (power != "" and int(power) > MAX_EXPONENT)


def time_unit(word: str) -> str | None:
    """The singular of a unit of time written in the singular or the plural, None for any other word."""
    singular = word.removesuffix("s")
    return singular if singular in TIME_UNITS and word in (singular, singular + "s") else None


def shown(text: str) -> str:
    """A stretch of the formula for use in a message: on one line, printable, shortened, between backticks."""
    flat = "".join(c if c.isprintable() else " " for c in text)
    return f"`{flat if len(flat) <= 40 else flat[:38] + '…'}`"
