"""Codes of the family S, the language of formulas: what cannot be parsed, or is too large once it is."""

from __future__ import annotations

from tallymark.formula.tokens import CODES as TOKENS

CODES = {
    **TOKENS,
    "S105": "a formula too deep or too large once it is written out",
    "S106": "functions inside one another whose cost doubles with each",
}
